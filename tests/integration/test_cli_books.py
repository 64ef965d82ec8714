"""test_cli_books.py: ledger, versions and why over the state that a small backtest leaves."""
import os
import shutil
import sqlite3

import pytest
from tend_program import CONFIG, ROOT, flights, run, write_csv, write_text


@pytest.fixture(name="books", scope="module")
def books_of_a_backtest(tmp_path_factory):
    """A folder with tend-data/state.db of a history in which kilometres came for four days."""
    if not os.path.exists(os.path.join(ROOT, ".deps", "lib", "libxgboost.so")):
        pytest.skip("XGBoost is not installed")
    folder = tmp_path_factory.mktemp("books")
    rows = flights(8000, minutes=15)
    for row in rows[7000:7400]:
        row["distance"] = f"{float(row['distance']) * 1.609344:.1f}"
    write_csv(folder / "h.csv", rows, ["id", "date", "distance", "origin", "late"])
    write_text(folder / "tend.yaml", CONFIG + "retrain: {cost: 200}\n")
    os.mkdir(folder / "tend-data")
    done = run("backtest", "h.csv", "--state", "tend-data/state.db", "--json", cwd=folder)
    assert done.code in (0, 1), done.err
    assert done.json()["schema"] == "tend.backtest/1"
    segments = {segment["segment"]: segment["rows"] for segment in done.json()["segments"]}
    assert "origin = 'SFO'" in segments or len(segments) == 7  # six top values of a text segment, and a condition
    assert "distance > 1000" in segments
    return folder


def test_the_ledger_lists_every_decision_and_holds(books):
    document = run("ledger", "--json", cwd=books).json()
    kinds = [entry["kind"] for entry in document["ledger"]]
    assert "break_opened" in kinds
    assert [entry["seq"] for entry in document["ledger"]] == list(range(1, len(kinds) + 1))
    for before, after in zip(document["ledger"], document["ledger"][1:]):
        assert after["prev_hash"] == before["hash"]
    text = run("ledger", cwd=books)
    assert text.code == 0 and "break_opened" in text.out
    verified = run("ledger", "--verify", "--json", cwd=books)
    assert verified.code == 0
    assert verified.json()["verified"] and verified.json()["hash"] == document["ledger"][-1]["hash"]
    assert run("ledger", "--model", "other", "--json", cwd=books).json()["ledger"] == []


@pytest.mark.parametrize("change", [
    "UPDATE ledger SET value_low = value_low + 1 WHERE seq = 2",
    "UPDATE ledger SET kind = 'nothing' WHERE seq = 2",
    "DELETE FROM ledger WHERE seq = 2",
])
def test_a_changed_entry_is_found(change, books, tmp_path):
    shutil.copytree(books / "tend-data", tmp_path / "tend-data")
    with sqlite3.connect(tmp_path / "tend-data" / "state.db") as db:
        for trigger in [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]:
            db.execute(f"DROP TRIGGER {trigger}")
        db.execute(change)
    db.close()
    done = run("ledger", "--verify", cwd=tmp_path)
    assert done.code == 1
    assert "is not as it was written" in done.out
    document = run("ledger", "--verify", "--json", cwd=tmp_path).json()
    assert not document["verified"] and document["bad_seq"] in (2, 3)


def test_versions_have_their_lineage(books):
    versions = run("versions", "--json", cwd=books).json()["versions"]
    assert versions and versions[0]["model"] == "delays"
    assert len(versions[0]["artefact_hash"]) == 64
    assert versions[0]["rows"] > 0 and versions[0]["from"] < versions[0]["to"] <= versions[0]["trained"]
    assert versions[0]["version"] in run("versions", cwd=books).out


def test_why_explains_the_break(books):
    listed = run("why", "--json", cwd=books).json()["incidents"]
    assert listed[0]["kind"] == "break"
    text = run("why", "1", cwd=books)
    assert text.code == 0
    assert "unit_change" in text.out and "distance" in text.out
    assert run("why", "i1", cwd=books).out == text.out
    assert run("why", "1", "--json", cwd=books).json()["incident"] == listed[0]["incident"]
    missing = run("why", "99", cwd=books)
    assert (missing.code, missing.err) == (2, "tend: no incident 99 in the run 'backtest'; 'tend why' lists them\n")
    word = run("why", "x", cwd=books)
    assert (word.code, word.err) == (2, "tend: 'x' is not the number of an incident; 'tend why' lists them\n")
