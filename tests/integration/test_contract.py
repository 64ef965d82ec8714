"""test_contract.py: tend check against a contract: what is violated, and how it is told."""
import csv
import datetime
import json
import os
import stat

import pytest
from tend_program import run, write_text

CONTRACT = """\
model: m
data: {time: date}
contract:
  rows: {min: 10}
  columns:
    id: {type: text, nulls: 0%, unique: true, like: 'ORD-%'}
    amount: {type: number, min: 0, max: 1000}
    code: {values: [SFO, LAX, JFK]}
    note: {nulls: 2%}
  references:
    - {columns: code, data: codes.csv}
  rules:
    - {name: bounded, expr: amount < 950, max_failures: 10%}
    - {name: mean, avg: amount, min: 400, max: 600}
"""


def rows(count=1000):
    """Orders that keep the contract; the n-th differs from its neighbours in a known way."""
    start = datetime.datetime(2001, 4, 9)
    return [{"id": f"ORD-{i:05d}", "date": (start + datetime.timedelta(hours=i)).isoformat(), "amount": i * 7919 % 1000,
             "code": ("SFO", "LAX", "JFK")[i % 3], "note": "" if i % 100 == 0 else "n"} for i in range(count)]


def write(path, data):
    """Writes rows as CSV."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(data[0]))
        writer.writeheader()
        writer.writerows(data)


@pytest.fixture(name="folder")
def folder_with_contract(tmp_path):
    """A folder with tend.yaml, codes.csv and good.csv."""
    write_text(tmp_path / "tend.yaml", CONTRACT)
    write_text(tmp_path / "codes.csv", "code,city\nSFO,San Francisco\nLAX,Los Angeles\nJFK,New York\n")
    write(tmp_path / "good.csv", rows())
    return tmp_path


def violations(folder, *words):
    """The violations of one run as a mapping of (kind, what) to the violation; the exit code must fit."""
    done = run("check", *words, "--json", cwd=folder)
    document = done.json()
    found = {(v["kind"], v.get("column") or v.get("rule")): v for v in document["contract"]["violations"]}
    assert done.code == (1 if found else 0), done.err
    return found


def test_data_that_keep_the_contract_pass(folder):
    done = run("check", "good.csv", cwd=folder)
    assert (done.code, done.err) == (0, "")
    assert done.out == "ok: good.csv (1,000 rows) keeps the contract of tend.yaml: 14 conditions held\n"
    document = run("check", "good.csv", "--json", cwd=folder).json()
    assert (document["schema"], document["verdict"], document["reference"]) == ("tend.check/1", "ok", None)
    assert document["current"] == {"data": "good.csv", "profile": False, "rows": 1000}


def test_each_violation_is_told_with_its_rows(folder):
    data = rows()
    data[77]["amount"] = -5
    data[99]["code"] = "sfo"
    data[500]["id"] = data[17]["id"]
    for i in range(300, 340):
        data[i]["note"] = ""
    write(folder / "bad.csv", data)
    found = violations(folder, "bad.csv")
    assert set(found) == {("range", "amount"), ("values", "code"), ("reference", "code"), ("unique", "id"),
                          ("nulls", "note")}
    assert found["range", "amount"]["examples"] == [{"row": 78, "value": "-5"}]
    assert found["unique", "id"]["examples"] == [{"row": 501, "earlier_row": 18, "value": "ORD-00017"}]
    nulls = found["nulls", "note"]
    assert (nulls["rows"], nulls["asked"], nulls["share"], nulls["share_max"]) == (49, 1000, 0.049, 0.02)
    assert found["values", "code"]["since"] == found["values", "code"]["until"] == "2001-04-13T03:00:00Z"
    assert found["range", "amount"]["words"] == "1 of 1,000 values (0.1%) is not 0 to 1,000; none may"
    text = run("check", "bad.csv", cwd=folder).out
    assert "unique         id: 1 of 1,000 rows (0.1%) repeats an earlier row; none may\n" in text
    assert "row 501 repeats row 18: ORD-00017" in text


def test_with_a_reference_the_current_rows_must_keep_the_contract_too(folder):
    data = rows()
    data[77]["amount"] = -5
    write(folder / "bad.csv", data)
    done = run("check", "good.csv", "bad.csv", "--json", cwd=folder)
    document = done.json()
    assert (done.code, document["verdict"]) == (1, "violation")
    assert [v["kind"] for v in document["contract"]["violations"]] == ["range"]
    assert [c["drifted"] for c in document["columns"]] == [False] * 5
    assert run("check", "bad.csv", "good.csv", cwd=folder).code == 0
    assert "contract of tend.yaml: 1 of 14 conditions violated" in run("check", "good.csv", "bad.csv", cwd=folder).out


def test_a_profile_has_no_rows_to_judge_and_that_is_said(folder):
    assert run("profile", "good.csv", "-o", "p.parquet", cwd=folder).code == 0
    done = run("check", "p.parquet", "p.parquet", cwd=folder)
    assert (done.code, done.err) == (
        0, "tend: p.parquet is a profile: the contract of tend.yaml is not checked, it needs rows\n")
    done = run("check", "p.parquet", cwd=folder)
    assert done.code == 2 and "p.parquet: is a profile, not data" in done.err


def test_a_missing_column_and_another_type_are_violations(folder):
    data = rows()
    for i, row in enumerate(data):
        row["amount"] = "twelve" if i == 41 else row["amount"]
        del row["note"]
    write(folder / "bad.csv", data)
    found = violations(folder, "bad.csv")
    assert set(found) == {("missing_column", "note"), ("type", "amount"), ("rule", "bounded"), ("aggregate", "mean")}
    wrong = found["type", "amount"]
    assert (wrong["wanted"], wrong["found"], wrong["rows"]) == ("number", "text", 1)
    assert wrong["examples"] == [{"row": 42, "value": "twelve"}]
    assert "text" in found["rule", "bounded"]["why"]


def test_a_contract_can_stand_in_a_file_of_its_own(folder):
    os.mkdir(folder / "rules")
    write_text(folder / "rules" / "c.yaml", CONTRACT.replace("model: m\n", ""))
    os.rename(folder / "codes.csv", folder / "rules" / "codes.csv")
    os.remove(folder / "tend.yaml")
    done = run("check", "good.csv", "--contract", "rules/c.yaml", cwd=folder)
    assert (done.code, done.err) == (0, "")
    done = run("check", "good.csv", cwd=folder)
    assert done.code == 2
    assert done.err == ("tend: there is no tend.yaml with a contract to check good.csv against; 'tend init DATA' writes"
                        " one, --contract names one, and 'tend check REF CUR' compares two data sets\n")
    write_text(folder / "empty.yaml", "model: m\n")
    done = run("check", "good.csv", "--contract", "empty.yaml", cwd=folder)
    assert done.code == 2 and done.err.startswith("tend: empty.yaml: has no contract; ")


@pytest.mark.parametrize("contract, message", [
    ("columns: {a: {mim: 0}}", "unknown key 'mim' in contract.columns.a (did you mean 'min'?)"),
    ("columns: {a: {min: 5, max: 1}}", "column 'a' has its min above its max"),
    ("columns: {a: {type: text, min: 5}}", "'min' is for a number, and column 'a' is a text"),
    ("columns: {a: {nulls: 150%}}", "'nulls' must be a share such as 0.1% or 0.001, not '150%'"),
    ("columns: {a: {values: [x, x]}}", "'values' has 'x' twice"),
    ("columns: {a: {values: []}}", "'values' must have 1 to 65536 entries, not 0"),
    ("columns: {a: {other: 1%}}", "'other' in contract.columns.a has no list of 'values' beside it"),
    ("columns: {a: {min: 1, min: 2}}", "key 'min' is there twice in contract.columns.a"),
    ("columns: {a: {}, a: {}}", "column 'a' is named twice"),
    ("rules: [{name: r, expr: 1 +}]", "contract.rules"),
    ("rules: [{name: r, expr: a > 0, min: 1}]", "rule 'r' has an expr, which is true or false of each row"),
    ("rules: [{name: r, avg: a}]", "rule 'r' has no bound: add min or max"),
    ("rules: [{name: r, avg: a, max: 1, sum: b}]", "a rule has one of expr, avg, sum, count and value, not two"),
    ("rules: [{expr: a > 0}]", "a rule needs a name and one of expr"),
    ("keys: [[]]", "'contract.keys' must name 1 to 8 columns, not 0"),
    ("references: [{columns: [a, b], data: x.csv, to: c}]",
     "an entry of contract.references has 2 columns and 1 in 'to'"),
    ("dependencies: [{column: a}]", "an entry of contract.dependencies must be such as {column: city, on: airport}"),
    ("extra_columns: never", "'contract.extra_columns' must be allowed or forbidden, not 'never'"),
    ("rows: {min: 5, max: 1}", "'contract.rows' has min 5 above max 1"),
])
def test_a_fault_in_a_contract_is_pointed_at(tmp_path, contract, message):
    write_text(tmp_path / "tend.yaml", f"model: m\ncontract:\n  {contract}\n")
    done = run("config", cwd=tmp_path)
    assert done.code == 2
    assert done.err.startswith("tend: tend.yaml:3:") and message in done.err, done.err


def test_a_reference_that_cannot_be_read_is_an_error(folder):
    os.remove(folder / "codes.csv")
    done = run("check", "good.csv", cwd=folder)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("tend: tend.yaml: contract.references: no such file: 'codes.csv'")
    write_text(folder / "codes.csv", "code\n1\n2\n")
    done = run("check", "good.csv", cwd=folder)
    assert done.code == 2 and "they can never be the same" in done.err


def test_the_page_tells_the_violations_and_is_private(folder):
    data = rows()
    data[77]["amount"] = -5
    write(folder / "bad.csv", data)
    assert run("check", "bad.csv", "--html", "r.html", cwd=folder).code == 1
    page = (folder / "r.html").read_text(encoding="utf-8")
    assert "1 of 1,000 values (0.1%) is not 0 to 1,000; none may" in page and "13 conditions held" in page
    assert stat.S_IMODE(os.stat(folder / "r.html").st_mode) == 0o600


def test_the_canonical_form_holds_the_contract(folder):
    read = json.loads(run("config", "--json", cwd=folder).out)["config"]
    assert read["contract.rows"] == {"min": 10}
    assert read["contract.columns"]["note"]["nulls"] == 0.02
    assert read["contract.rules"][1] == {"name": "mean", "avg": "amount", "min": 400, "max": 600}


# ---- what tend init guesses ------------------------------------------------------------------------------------------

def orders(count=4000):
    """Rows with an id, two ordered numbers, a dependency, a short list, a pattern and some nulls."""
    cities = {"SFO": "San Francisco", "LAX": "Los Angeles", "JFK": "New York", "OAK": "Oakland"}
    start = datetime.datetime(2001, 4, 9)
    out = []
    for i in range(count):
        airport = list(cities)[i * 7919 % 4]
        net = i * 104729 % 5000 / 10
        out.append({"order_id": f"ORD-{i:06d}", "date": (start + datetime.timedelta(minutes=i)).isoformat(),
                    "net": net, "gross": round(net * (1 + i * 31 % 20 / 100), 2), "items": 1 + i * 17 % 9,
                    "airport": airport, "city": cities[airport], "mail": f"u{i * 13 % 977}@example.org",
                    "note": "" if i % 50 == 0 else "gift"})
    return out


def test_init_guesses_a_contract_that_its_own_data_keep(tmp_path):
    write(tmp_path / "orders.csv", orders())
    done = run("init", "orders.csv", cwd=tmp_path)
    assert done.code == 0 and "the contract in tend.yaml says what new data must be like" in done.out
    read = json.loads(run("config", "--json", cwd=tmp_path).out)["config"]
    columns = read["contract.columns"]
    assert columns["order_id"]["unique"] and columns["order_id"]["like"] == "ORD-______"
    assert (columns["net"]["min"], columns["net"]["max"]) == (0, 750)
    assert (columns["items"]["min"], columns["items"]["max"], columns["items"]["whole"]) == (1, 9, True)
    assert columns["airport"]["values"] == ["JFK", "LAX", "OAK", "SFO"]
    assert columns["mail"]["like"] == "%@%"
    assert (columns["note"]["nulls"], columns["net"]["nulls"]) == (0.05, 0)
    assert {"column": "city", "on": ["airport"]} in read["contract.dependencies"]
    assert [rule["expr"] for rule in read["contract.rules"]] == ["\"net\" <= \"gross\""]
    assert stat.S_IMODE(os.stat(tmp_path / "tend.yaml").st_mode) == 0o600
    assert "# seen: 0 to 499." in (tmp_path / "tend.yaml").read_text(encoding="utf-8")
    assert run("check", "orders.csv", cwd=tmp_path).code == 0


def test_a_guessed_contract_catches_what_is_done_to_the_data(tmp_path):
    write(tmp_path / "orders.csv", orders())
    assert run("init", "orders.csv", cwd=tmp_path).code == 0
    data = orders()
    for i, row in enumerate(data):
        if i % 10 == 0:
            row["net"], row["gross"] = row["gross"] + 1, row["net"]
        if i % 100 == 1:
            row["city"] = "Nowhere"
            row["airport"] = row["airport"].lower()
        if i % 100 == 2:
            row["order_id"] = "ORD-000000"
        if i % 100 == 3:
            row["date"] = "1970-01-01"
        if i % 100 == 4:
            row["items"] = 1.5
    write(tmp_path / "bad.csv", data)
    found = violations(tmp_path, "bad.csv")
    assert {("rule", "net_at_most_gross"), ("values", "airport"), ("unique", "order_id"), ("range", "date"),
            ("not_whole", "items"), ("values", "city")} <= set(found)


def test_two_columns_are_a_key_where_no_single_one_is(tmp_path):
    data = [{"store": f"s{i % 40}", "day": (datetime.date(2001, 1, 1) + datetime.timedelta(days=i // 40)).isoformat(),
             "sales": i * 7919 % 1000 / 10} for i in range(4000)]
    write(tmp_path / "sales.csv", data)
    assert run("init", "sales.csv", cwd=tmp_path).code == 0
    read = json.loads(run("config", "--json", cwd=tmp_path).out)["config"]
    assert [key["columns"] for key in read["contract.keys"]] == [["store", "day"]]
    write(tmp_path / "twice.csv", data + data[:1])
    assert ("unique", "store, day") in violations(tmp_path, "twice.csv")
