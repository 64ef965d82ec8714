"""test_odd_data.py: mixed types, dates in several formats, a million categories: bounded, and said in words."""
import json
import os
import subprocess

from tend_program import TEND, environment, run, write_text


def contract(columns):
    """A tend.yaml that asks this of columns."""
    return f"model: m\ncontract:\n  columns: {columns}\n"


def violations(folder, *words):
    """The violations of a check as a mapping of (kind, column)."""
    done = run("check", *words, "--json", cwd=folder)
    assert done.code in (0, 1), done.err
    return {(v["kind"], v["column"]): v for v in done.json()["contract"]["violations"]}


def run_measured(*words, cwd):
    """Runs tend and returns its exit code, its output and the most memory it had, in MiB."""
    with open(cwd / "out", "wb") as out, open(cwd / "err", "wb") as err:
        process = subprocess.Popen([TEND, *words], cwd=cwd, stdout=out, stderr=err, env=environment())
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, (cwd / "out").read_text(encoding="utf-8"), usage.ru_maxrss / 1024


# ---- mixed types in JSON ---------------------------------------------------------------------------------------------

def write_mixed(path, count=200):
    """JSON lines whose `n` is mostly a number, with a few texts and nulls."""
    with open(path, "w", encoding="utf-8") as file:
        for i in range(count):
            n = "many" if i % 50 == 7 else None if i % 50 == 8 else i
            file.write(json.dumps({"id": f"r{i}", "n": n, "ok": i % 2 == 0}) + "\n")


def test_mixed_types_in_json_are_read_as_text_and_a_contract_counts_them(tmp_path):
    write_mixed(tmp_path / "mixed.jsonl")
    done = run("init", "mixed.jsonl", cwd=tmp_path)
    assert done.code == 0, done.err
    read = run("config", "--json", cwd=tmp_path).json()["config"]["contract.columns"]
    assert (read["n"]["type"], read["ok"]["type"]) == ("text", "bool")
    write_text(tmp_path / "tend.yaml", contract("{n: {type: number, nulls: 5%}, ok: {type: bool}}"))
    found = violations(tmp_path, "mixed.jsonl")
    assert set(found) == {("type", "n")}
    wrong = found["type", "n"]
    assert (wrong["rows"], wrong["asked"], wrong["found"], wrong["wanted"]) == (4, 196, "text", "number")
    assert wrong["examples"][0] == {"row": 8, "value": "many"}
    assert wrong["words"] == "is text, not number: 4 of 196 values (2.0%) do not read as one"


def test_a_json_column_that_became_text_is_a_type_change(tmp_path):
    write_mixed(tmp_path / "mixed.jsonl")
    with open(tmp_path / "good.jsonl", "w", encoding="utf-8") as file:
        for i in range(200):
            file.write(json.dumps({"id": f"r{i}", "n": i, "ok": True}) + "\n")
    document = run("check", "good.jsonl", "mixed.jsonl", "--json", cwd=tmp_path).json()
    assert document["verdict"] == "break"
    assert ("type_change", ["n"]) in [(b["kind"], b["columns"]) for b in document["breaks"]]


# ---- dates in several formats ----------------------------------------------------------------------------------------

def write_dates(path):
    """A hundred rows whose dates come in four spellings, half of them in one that tend reads."""
    spellings = ["2001-04-09", "2001-04-09 12:30", "09.04.2001", "Apr 9, 2001"]
    with open(path, "w", encoding="utf-8") as file:
        file.write("day;x\n")
        file.writelines(f"{spellings[i % 4]};{i}\n" for i in range(100))


def test_dates_in_several_formats_are_text_and_the_odd_ones_are_counted(tmp_path):
    write_dates(tmp_path / "dates.csv")
    assert run("init", "dates.csv", cwd=tmp_path).code == 0
    read = run("config", "--json", cwd=tmp_path).json()["config"]["contract.columns"]
    assert read["day"]["type"] == "text"
    write_text(tmp_path / "tend.yaml", contract("{day: {type: time}}"))
    wrong = violations(tmp_path, "dates.csv")["type", "day"]
    assert (wrong["rows"], wrong["asked"]) == (50, 100)
    assert [e["value"] for e in wrong["examples"][:2]] == ["09.04.2001", "Apr 9, 2001"]


def test_a_time_column_that_cannot_be_read_is_a_violation_alone_and_an_error_in_a_comparison(tmp_path):
    write_dates(tmp_path / "dates.csv")
    asked = contract("{day: {type: time}}").replace("model: m", "model: m\ndata: {time: day}")
    write_text(tmp_path / "tend.yaml", asked)
    assert set(violations(tmp_path, "dates.csv")) == {("type", "day")}
    done = run("check", "dates.csv", "dates.csv", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert "09.04.2001" in done.err and "time" in done.err


# ---- a million categories --------------------------------------------------------------------------------------------

def write_million(path, first=0):
    """A million rows, each with a text of its own, a short code and a number."""
    with open(path, "w", encoding="utf-8") as file:
        file.write("user,code,x\n")
        for start in range(first, first + 1000000, 10000):
            file.write("".join(f"user-{i:07d},{'abcdefghij'[i % 10]},{i % 977}\n" for i in range(start, start + 10000)))


def test_a_million_categories_stay_bounded_and_are_said_to_be_many(tmp_path):
    write_million(tmp_path / "a.csv")
    write_million(tmp_path / "b.csv", first=1000000)
    code, out, most = run_measured("init", "a.csv", "--threads", "1", cwd=tmp_path)
    assert code == 0 and most < 700, most
    assert "user" in out and "different in most rows" in out
    text = (tmp_path / "tend.yaml").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("    user:"))
    assert "like: \"user-_______\"" in line and "values:" not in line
    assert "# seen: too many different values to list; every value differs" in line
    assert len(text) < 10000
    code, out, most = run_measured("check", "b.csv", "--threads", "1", cwd=tmp_path)
    assert (code, most < 700) == (0, True), (out, most)
    code, out, most = run_measured("check", "a.csv", "b.csv", "--threads", "1", cwd=tmp_path)
    assert code == 0 and most < 1000, (out, most)


def test_a_million_keys_are_unique_or_not_exactly(tmp_path):
    write_million(tmp_path / "a.csv")
    with open(tmp_path / "a.csv", "a", encoding="utf-8") as file:
        file.write("user-0999999,j,1\n")
    write_text(tmp_path / "tend.yaml", contract("{user: {unique: true}, x: {distinct: 977}}"))
    found = violations(tmp_path, "a.csv")
    assert set(found) == {("unique", "user")}
    wrong = found["unique", "user"]
    assert (wrong["rows"], wrong["estimated"]) == (1, False)
    assert wrong["examples"] == [{"row": 1000001, "earlier_row": 1000000, "value": "user-0999999"}]
