"""test_check_breaks.py: tend check on made-up rows with one break put in: named, with its start and its share of the
rows; and silence where nothing is broken. The measured form of it on real data is bench/breaks.py."""
import csv
import datetime
import json
import os
import random

import pytest
from tend_program import ROOT, run

ROWS, REF_ROWS = 6000, 12000
COLUMNS = ["id", "at", "amount", "weight", "age", "shop", "channel", "score", "bought"]
YAML = "model: shops\ndata: {id: id, time: at, score: score}\nlabel: {column: bought}\n"
SHOPS = ["Ash", "Birch", "Cedar", "Elm", "Fir", "Larch", "Oak", "Pine"]


def make_rows(count, seed, first_day=0):
    """Rows in order of time, a minute apart."""
    rng = random.Random(seed)
    start = datetime.datetime(2024, 1, 1) + datetime.timedelta(days=first_day)
    rows = []
    for i in range(count):
        score = rng.random()
        rows.append({
            "id": first_day * 100000 + i, "at": (start + datetime.timedelta(minutes=i)).isoformat(sep=" "),
            "amount": round(rng.lognormvariate(3, 0.8), 2), "weight": round(rng.gauss(70, 12), 1),
            "age": rng.randint(18, 90), "shop": rng.choices(SHOPS, range(1, 9))[0],
            "channel": rng.choice(["web", "phone", "mail"]), "score": round(score, 6),
            "bought": int(rng.random() < 0.1 + 0.4 * score)})
    return rows


def write(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the reference and what is known of it."""
    path = tmp_path_factory.mktemp("breaks")
    write(path / "ref.csv", make_rows(REF_ROWS, 1))
    (path / "tend.yaml").write_text(YAML, encoding="utf-8")
    return path


def breaks_of(folder, rows):
    """What tend check finds in the rows."""
    write(folder / "cur.csv", rows)
    done = run("check", "ref.csv", "cur.csv", "--json", cwd=folder)
    assert done.code in (0, 1), done.err
    return done.json()["breaks"]


def set_from(start, **values):
    """Puts values, or what functions of the row give, into all rows from a start on."""
    def put(rows):
        for row in rows[int(start * len(rows)):]:
            row.update({name: value(row) if callable(value) else value for name, value in values.items()})
        return rows
    return put


def lose(rows):
    rng = random.Random(9)
    for row in rows[2400:]:
        if rng.random() < 0.3:
            row["amount"] = row["channel"] = ""
    return rows


def repeat(rows):
    again = [dict(row, id=row["id"] + 50000) for row in rows[3000:4500]]
    return sorted(rows + again, key=lambda row: row["at"])


def renamed(row, old, new):
    return new if row["shop"] == old else row["shop"]


def without_oak(rows):
    return [row for i, row in enumerate(rows) if i < 3000 or row["shop"] != "Oak"]


# what is done to the rows; then the kind, the columns, the start and the share of the rows that must be named
CASES = {
    "kilograms to pounds": (set_from(0.5, weight=lambda r: round(r["weight"] * 2.20462, 2)),
                            "unit_change", ["weight"], 0.5, 0.5),
    "nulls": (set_from(0.6, age=""), "null_spike", ["age"], 0.6, 0.4),
    "a join that fails": (lose, "join_failure", ["amount", "channel"], 0.4, 0.18),
    "a default": (set_from(0, shop=lambda r: "unknown" if r["id"] % 3 == 0 else r["shop"]),
                  "default_fill", ["shop"], 0, 0.33),
    "another name": (set_from(0.5, shop=lambda r: renamed(r, "Pine", "Pine Street")),
                     "category_rename", ["shop"], 0.5, 0.11),
    "another case": (set_from(0.3, shop=lambda r: r["shop"].upper()), "category_case", ["shop"], 0.3, None),
    "it stands still": (set_from(0.5, weight=66.6), "stuck", ["weight"], 0.5, 0.5),
    "twice": (repeat, "duplicate_rows", [], 0.4, 0.2),
    "cut off": (set_from(0.25, amount=lambda r: min(r["amount"], 50)), "clipping", ["amount"], 0.25, 0.1),
    "rounded": (set_from(0.5, amount=lambda r: round(r["amount"])), "rounding", ["amount"], 0.5, 0.5),
    "swapped": (set_from(0.5, weight=lambda r: r["age"], age=lambda r: r["weight"]),
                "column_swap", ["age", "weight"], 0.5, None),
    "a shop is missing": (without_oak, "missing_rows", ["shop"], 0.5, 0.1),
    "labels stop": (set_from(0.7, bought=""), "label_break", ["bought"], 0.7, 0.3),
    "labels are constant": (set_from(0.5, bought=0), "label_break", ["bought"], 0.5, 0.5),
    "labels are turned over": (set_from(0, bought=lambda r: 1 - r["bought"]), "label_break", ["bought"], 0, 1),
}


@pytest.mark.parametrize("name", CASES)
def test_a_break_is_named_with_its_start_and_share(folder, name):
    change, kind, columns, start, share = CASES[name]
    rows = change(make_rows(ROWS, 2, 20))
    found = breaks_of(folder, rows)
    assert {b["kind"] for b in found} == {kind}, found
    assert all(sorted(b["columns"]) == columns for b in found)
    since = min(b["since_row"] for b in found)
    assert abs((since - 1) / len(rows) - start) < 0.13
    assert found[0]["since"] is not None
    if share is not None:
        assert abs(sum(b["share"] for b in found) - share) < 0.1


def test_later_rows_as_they_are_show_no_break(folder):
    for seed in range(3, 11):
        assert breaks_of(folder, make_rows(ROWS, seed, 20)) == []


def test_rows_in_another_order_show_the_same_break_at_the_same_time(folder):
    rows = CASES["kilograms to pounds"][0](make_rows(ROWS, 2, 20))
    ordered = breaks_of(folder, rows)
    random.Random(4).shuffle(rows)
    shuffled = breaks_of(folder, rows)
    for b in ordered + shuffled:
        del b["since_row"]
    assert json.dumps(ordered) == json.dumps(shuffled)


def test_ids_that_repeat_are_rows_delivered_twice(folder):
    rows = make_rows(ROWS, 5, 20)
    found = breaks_of(folder, rows + [dict(row, weight=row["weight"] + 1) for row in rows[:600]])
    assert [b["kind"] for b in found] == ["duplicate_rows"]
    assert abs(found[0]["share"] - 600 / 6600) < 0.001


def test_outcomes_that_may_still_come_are_no_break(folder):
    rows = set_from(0.5, bought="")(make_rows(ROWS, 6, 20))
    (folder / "pending.yaml").write_text(YAML.replace("bought}", "bought, known_after: 3d}"), encoding="utf-8")
    write(folder / "cur.csv", rows)
    done = run("check", "ref.csv", "cur.csv", "--json", "--config", "pending.yaml", cwd=folder)
    assert done.json()["breaks"] == []


# ---- undo and replay ------------------------------------------------------------------------------------------------

MODEL = os.path.join(ROOT, "tests", "golden", "forest", "xgboost-3.2.0-logistic.json")
REPLAY = """model: m
data: {features: {x0: number, x1: number, x2: number, x3: number}, score: p, decision: p > 0.7}
"""


def write_numbers(path, seed, factor):
    """Four numbers a row, the first in another unit."""
    rng = random.Random(seed)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["x0", "x1", "x2", "x3"])
        for _ in range(4000):
            size = factor * rng.lognormvariate(-2, 0.7)
            writer.writerow([size, rng.randint(0, 3), rng.randint(0, 3), rng.gauss(0, 1)])


def test_undone_breaks_are_replayed_through_a_model(tmp_path):
    (tmp_path / "tend.yaml").write_text(REPLAY, encoding="utf-8")
    write_numbers(tmp_path / "ref.csv", 1, 1)
    write_numbers(tmp_path / "same.csv", 2, 1)
    write_numbers(tmp_path / "cur.csv", 2, 1000)
    whole = run("check", "ref.csv", "same.csv", "--json", "--replay", MODEL, cwd=tmp_path).json()
    assert whole["replay"]["columns_undone"] == 0 and whole["replay"]["score_change"] == 0
    broken = run("check", "ref.csv", "cur.csv", "--json", "--replay", MODEL, cwd=tmp_path).json()
    assert [b["undo"] for b in broken["breaks"]] == ["(x - 0) / 1000"]
    assert broken["replay"]["columns_undone"] == 1 and broken["replay"]["rows"] > 1000
    assert broken["replay"]["score_change"] > 0.01 and broken["replay"]["decisions_changed"] > 0
    text = run("check", "ref.csv", "cur.csv", "--replay", MODEL, cwd=tmp_path).out
    assert "of the decisions change" in text


def test_a_model_that_does_not_fit_is_refused(tmp_path):
    write_numbers(tmp_path / "ref.csv", 1, 1)
    done = run("check", "ref.csv", "ref.csv", "--replay", MODEL, cwd=tmp_path)
    assert done.code == 2 and "data.features" in done.err
    (tmp_path / "tend.yaml").write_text(REPLAY.replace(", x3: number", ""), encoding="utf-8")
    done = run("check", "ref.csv", "ref.csv", "--replay", MODEL, cwd=tmp_path)
    assert done.code == 2 and "the model reads 4 features, and data.features names 3" in done.err
