"""test_cli_data.py: init, check, value, profile, merge and show on made-up flights, end to end."""
import hashlib
import json
import math
import os
import re
import statistics

import pytest
from tend_program import CONFIG, flights, run, write_csv, write_text


NO_ID = ["date", "distance", "origin", "p_late", "late"]


def digest(path):
    """SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def columns_of(document):
    """The columns of a document by name."""
    return {column["name"]: column for column in document["columns"]}


# ---- init -----------------------------------------------------------------------------------------------------------

def test_init_guesses_and_what_it_writes_works(tmp_path):
    rows = flights(3000)
    for i, row in enumerate(rows):
        row["constant"] = "x"
        row["note"] = f"text {i}"
    write_csv(tmp_path / "delays.csv", rows)
    done = run("init", "delays.csv", "--json", cwd=tmp_path)
    assert done.code == 0, done.err
    roles = {column["name"]: column["role"] for column in done.json()["columns"]}
    assert roles == {"id": "id", "date": "time", "distance": "number", "origin": "category", "p_late": "score",
                     "late": "label", "constant": "left out", "note": "left out"}
    config = run("config", "--json", cwd=tmp_path).json()["config"]
    assert config["model"] == "delays"
    assert config["data.features"] == {"distance": "number", "origin": "category"}
    assert run("value", "delays.csv", cwd=tmp_path).code == 0
    same = run("check", "reference.profile.parquet", "delays.csv", "-q", cwd=tmp_path)
    assert same.code == 0, same.out


def test_init_never_overwrites_without_force(tmp_path):
    write_csv(tmp_path / "a.csv", flights(100))
    write_text(tmp_path / "tend.yaml", "mine\n")
    done = run("init", "a.csv", cwd=tmp_path)
    assert (done.code, done.err) == (2, "tend: tend.yaml: is there already; --force overwrites it\n")
    assert (tmp_path / "tend.yaml").read_text() == "mine\n"
    assert sorted(os.listdir(tmp_path)) == ["a.csv", "tend.yaml"]
    assert run("init", "a.csv", "--force", cwd=tmp_path).code == 0
    assert "model: a" in (tmp_path / "tend.yaml").read_text()


def test_init_takes_the_graded_score_and_lets_no_other_be_a_feature(tmp_path):
    rows = [dict(row, prediction=int(float(row["p_late"]) > 0.2)) for row in flights(500)]
    order = ["id", "date", "distance", "origin", "prediction", "p_late", "late"]
    write_csv(tmp_path / "ref.csv", [{key: row[key] for key in order} for row in rows])
    columns = run("init", "ref.csv", "--json", cwd=tmp_path).json()["columns"]
    roles = {column["name"]: (column["role"], column["why"]) for column in columns}
    assert roles["p_late"][0] == "score"
    assert roles["prediction"] == ("left out", "is a second score")
    assert roles["late"][0] == "label"


def test_value_without_a_score_says_what_needs_none(tmp_path):
    rows = [{key: row[key] for key in ("id", "date", "distance", "origin", "late")} for row in flights(500)]
    write_csv(tmp_path / "ref.csv", rows)
    assert run("init", "ref.csv", cwd=tmp_path).code == 0
    done = run("value", "ref.csv", cwd=tmp_path)
    assert (done.code, done.err) == (
        2, "tend: data.score: no column 'score' in ref.csv; value needs what a model said, only tend backtest trains "
           "its own\n")


def test_init_takes_awkward_names(tmp_path):
    rows = [{"my id": i, "say \"when\"": f"2001-01-0{1 + i % 9}", "is_late: y/n": i % 2, "größe": i * 1.5,
             "true": i % 7} for i in range(500)]
    write_csv(tmp_path / "odd.csv", rows)
    done = run("init", "odd.csv", "--label", "is_late: y/n", cwd=tmp_path)
    assert done.code == 0, done.err
    config = run("config", "--json", cwd=tmp_path).json()["config"]
    assert config["label.column"] == "is_late: y/n"
    assert config["data.time"] == "say \"when\""
    assert set(config["data.features"]) == {"my id", "größe", "true"}


@pytest.mark.parametrize("args, message", [
    (["--label", "lat"], "--label: no column 'lat' (did you mean 'late'?)"),
    (["--label", "origin"], "--label: column 'origin' is a text; a label is 0/1, true/false or a number"),
    (["--time", "distance"], "column 'distance' of 'a.csv' is a number, not a time"),
])
def test_init_says_what_a_column_cannot_be(args, message, tmp_path):
    write_csv(tmp_path / "a.csv", flights(300))
    done = run("init", "a.csv", *args, cwd=tmp_path)
    assert (done.code, done.err) == (2, f"tend: {message}\n")
    assert not os.path.exists(tmp_path / "tend.yaml")


# ---- profile, merge, show -------------------------------------------------------------------------------------------

def test_a_profile_agrees_with_plain_arithmetic(tmp_path):
    rows = flights(5000)
    write_csv(tmp_path / "a.csv", rows)
    done = run("profile", "a.csv", "-o", "p.parquet", "--json", cwd=tmp_path)
    assert done.code == 0, done.err
    distances = [float(row["distance"]) for row in rows]
    column = columns_of(done.json())["distance"]["profile"]
    assert column["count"] == 5000 and column["nulls"] == 0
    assert math.isclose(column["mean"], statistics.fmean(distances), rel_tol=1e-12)
    assert math.isclose(column["sd"], statistics.stdev(distances), rel_tol=1e-9)
    assert (column["min"], column["max"]) == (min(distances), max(distances))
    cells = columns_of(done.json())["distance"]["cells"]
    assert sum(cell["count"] for cell in cells) == 5000
    for cell in cells:
        low = -math.inf if cell["above"] is None else cell["above"]
        high = math.inf if cell["to"] is None else cell["to"]
        if low < high:
            assert cell["count"] == sum(low < d <= high for d in distances) or any(
                other["above"] == other["to"] for other in cells)
    middle = statistics.median(distances)
    inside = [cell for cell in cells if (cell["above"] or 0) <= middle <= (cell["to"] or math.inf)]
    width = max((cell["to"] or 1e9) - (cell["above"] or 0) for cell in inside)
    assert abs(column["quantiles"]["p50"] - middle) <= width


def test_merging_in_any_order_and_grouping_gives_the_same_bytes(tmp_path):
    rows = flights(3000)
    write_csv(tmp_path / "all.csv", rows)
    run("profile", "all.csv", "-o", "all.parquet", cwd=tmp_path)
    for i in range(3):
        write_csv(tmp_path / f"{i}.csv", rows[i * 1000:(i + 1) * 1000])
        assert run("profile", f"{i}.csv", "--plan", "all.parquet", "-o", f"{i}.parquet", cwd=tmp_path).code == 0
    run("merge", "0.parquet", "1.parquet", "2.parquet", "-o", "abc.parquet", cwd=tmp_path)
    run("merge", "2.parquet", "0.parquet", "-o", "ca.parquet", cwd=tmp_path)
    done = run("merge", "1.parquet", "ca.parquet", "-o", "bca.parquet", cwd=tmp_path)
    assert done.code == 0, done.err
    shown = [run("show", name, "--json", cwd=tmp_path).out for name in ("abc.parquet", "bca.parquet", "all.parquet")]
    assert shown[0] == shown[1] == shown[2]
    assert digest(tmp_path / "abc.parquet") == digest(tmp_path / "bca.parquet")


def test_merging_profiles_of_two_plans_is_refused(tmp_path):
    write_csv(tmp_path / "a.csv", flights(500))
    write_csv(tmp_path / "b.csv", flights(500, seed=5))
    for name in ("a", "b"):
        run("profile", f"{name}.csv", "-o", f"{name}.parquet", cwd=tmp_path)
    done = run("merge", "a.parquet", "b.parquet", "-o", "c.parquet", cwd=tmp_path)
    assert done.code == 2
    assert done.err.startswith("tend: b.parquet: was not made with the plan of a.parquet; make it with --plan: ")
    assert not os.path.exists(tmp_path / "c.parquet")


def test_data_where_a_profile_is_wanted_is_told_apart(tmp_path):
    write_csv(tmp_path / "a.csv", flights(100))
    done = run("show", "a.csv", cwd=tmp_path)
    assert (done.code, done.err) == (2, "tend: a.csv: is data, not a profile; 'tend profile a.csv -o FILE' makes one\n")


# ---- check ----------------------------------------------------------------------------------------------------------

def test_the_same_rows_are_ok_and_the_bytes_repeat(tmp_path):
    write_csv(tmp_path / "ref.csv", flights(3000), NO_ID)
    write_csv(tmp_path / "cur.csv", flights(1000, seed=2, start="2001-03-01"), NO_ID)
    first = run("check", "ref.csv", "cur.csv", "--json", cwd=tmp_path)
    assert first.code == 0, first.out
    document = first.json()
    assert document["verdict"] == "ok"
    assert document["breaks"] == []
    assert document["reference"]["rows"] == 3000 and document["current"]["rows"] == 1000
    assert run("check", "ref.csv", "cur.csv", "--json", cwd=tmp_path).out == first.out


def test_the_document_has_what_the_page_says(tmp_path):
    write_csv(tmp_path / "ref.csv", flights(3000))
    write_csv(tmp_path / "cur.csv", flights(1000, seed=2, start="2001-03-01", scale=1.609344))
    write_text(tmp_path / "tend.yaml", CONFIG)
    done = run("check", "ref.csv", "cur.csv", "--json", "--html", "out.html", cwd=tmp_path)
    document = done.json()
    assert done.code == 1
    assert document["schema"] == "tend.check/1" and document["verdict"] == "break"
    column = columns_of(document)["distance"]
    assert {"name", "kind", "drifted", "p_value", "q_value", "psi", "ks", "w1", "w1_normalised", "js", "hellinger",
            "l_inf", "chi2", "reference", "current"} <= set(column)
    assert set(column["reference"]["quantiles"]) == {"p01", "p05", "p25", "p50", "p75", "p95", "p99"}
    assert column["drifted"] and not columns_of(document)["origin"]["drifted"]
    assert "id" not in columns_of(document)
    found = document["breaks"][0]
    assert found["kind"] == "unit_change" and found["columns"] == ["distance"]
    assert math.isclose(found["detail"]["factor"], 1.609344, rel_tol=0.02)
    assert found["since"] == "2001-03-01T00:00:00Z"
    value = document["value"]
    assert value["unit"] == "EUR"
    assert value["realised"]["rows"] == 1000
    assert value["estimated"]["status"] in ("ok", "uninformative", "demoted")
    assert value["estimated"]["low"] < value["estimated"]["per_row"] < value["estimated"]["high"]
    page = (tmp_path / "out.html").read_text()
    assert "unit_change" in page and "<svg" in page and " src=" not in page and "http" not in page


@pytest.mark.parametrize("change, kind, column", [
    ({"scale": 1.609344}, "unit_change", "distance"),
    ({"rename": {"SFO": "SFO2"}}, "category_rename", "origin"),
    ({"null_share": 0.3}, "null_spike", "distance"),
])
def test_a_break_is_named(change, kind, column, tmp_path):
    write_csv(tmp_path / "ref.csv", flights(4000), NO_ID)
    write_csv(tmp_path / "cur.csv", flights(2000, seed=2, start="2001-03-01", **change), NO_ID)
    done = run("check", "ref.csv", "cur.csv", "--json", cwd=tmp_path)
    assert done.code == 1
    assert [(b["kind"], b["columns"]) for b in done.json()["breaks"]] == [(kind, [column])]


def test_missing_rows_are_found_against_the_history(tmp_path):
    write_csv(tmp_path / "ref.csv", flights(6000))
    one_day = flights(205, seed=2, start="2001-03-01")
    write_csv(tmp_path / "whole.csv", one_day)
    write_csv(tmp_path / "half.csv", one_day[::4])
    write_text(tmp_path / "tend.yaml", CONFIG)
    whole = run("check", "ref.csv", "whole.csv", "--json", cwd=tmp_path).json()
    assert whole["history_windows"] > 10
    assert "missing_rows" not in [b["kind"] for b in whole["breaks"]]
    half = run("check", "ref.csv", "half.csv", "--json", cwd=tmp_path).json()
    assert "missing_rows" in [b["kind"] for b in half["breaks"]]


def test_profiles_stand_for_their_data(tmp_path):
    write_csv(tmp_path / "ref.csv", flights(3000))
    write_csv(tmp_path / "cur.csv", flights(1000, seed=2, start="2001-03-01", scale=1.609344))
    run("profile", "ref.csv", "-o", "ref.parquet", cwd=tmp_path)
    run("profile", "cur.csv", "--plan", "ref.parquet", "-o", "cur.parquet", cwd=tmp_path)
    documents = [run("check", a, b, "--json", cwd=tmp_path).json()
                 for a, b in (("ref.csv", "cur.csv"), ("ref.parquet", "cur.csv"), ("ref.parquet", "cur.parquet"))]
    assert documents[0]["columns"] == documents[1]["columns"] == documents[2]["columns"]
    assert documents[0]["breaks"] == documents[1]["breaks"]


def test_standard_input_is_data(tmp_path):
    write_csv(tmp_path / "ref.csv", flights(2000))
    write_csv(tmp_path / "cur.csv", flights(1000, seed=2, scale=1.609344))
    write_text(tmp_path / "tend.yaml", CONFIG)
    text = (tmp_path / "cur.csv").read_bytes()
    piped = run("check", "ref.csv", "-", "--json", cwd=tmp_path, stdin=text).json()
    named = run("check", "ref.csv", "cur.csv", "--json", cwd=tmp_path).json()
    assert piped["columns"] == named["columns"] and piped["value"] == named["value"]
    assert piped["current"]["data"] == "standard input"
    both = run("check", "-", "-", cwd=tmp_path, stdin=text)
    assert (both.code, both.err) == (2, "tend: standard input can be REF or CUR, not both\n")


# ---- value ----------------------------------------------------------------------------------------------------------

def expected_value(row):
    """The configuration's expression, by hand."""
    decision = float(row["p_late"]) > 0.2
    if decision:
        return 30 if row["late"] else -10
    return -10 if row["late"] else 0


def test_value_agrees_with_plain_arithmetic(tmp_path):
    rows = flights(4000)
    write_csv(tmp_path / "a.csv", rows)
    write_text(tmp_path / "tend.yaml", CONFIG)
    done = run("value", "a.csv", "--json", cwd=tmp_path)
    assert done.code == 0, done.err
    document = done.json()
    total = sum(map(expected_value, rows))
    assert document["total"] == total and document["rows"] == document["valued"] == 4000
    assert math.isclose(document["per_row"], total / 4000, rel_tol=1e-12)
    assert document["low"] < document["per_row"] < document["high"]
    segments = {segment["name"]: segment for segment in document["segments"]}
    far = [row for row in rows if float(row["distance"]) > 1000]
    assert segments["distance > 1000"]["rows"] == len(far)
    assert segments["distance > 1000"]["total"] == sum(map(expected_value, far))
    origins = [s for name, s in segments.items() if name.startswith("origin = ")]
    assert sum(s["rows"] for s in origins) == 4000 and sum(s["total"] for s in origins) == total
    for example in document["examples"]:
        assert example["value"] == expected_value(rows[example["row"] - 1])


def test_another_expression_is_compared(tmp_path):
    rows = flights(2000)
    write_csv(tmp_path / "a.csv", rows)
    write_text(tmp_path / "tend.yaml", CONFIG)
    tried = "case when decision and late then 25 else 0 end"
    document = run("value", "a.csv", "--try", tried, "--json", cwd=tmp_path).json()
    other = [25 if float(r["p_late"]) > 0.2 and r["late"] else 0 for r in rows]
    assert document["try"]["total"] == sum(other)
    assert document["try"]["changed_rows"] == sum(a != expected_value(r) for a, r in zip(other, rows))
    done = run("value", "a.csv", "--try", "decision + 1", cwd=tmp_path)
    assert done.code == 2
    assert done.err.startswith("tend: --try, character ")


def test_outcomes_are_joined_by_id(tmp_path):
    rows = flights(1000)
    write_csv(tmp_path / "p.csv", rows, ["id", "date", "distance", "origin", "p_late"])
    outcomes = [{"id": r["id"], "late": r["late"]} for r in rows[:800]]
    outcomes += [{"id": 10, "late": 1 - rows[10]["late"]}, {"id": 99999, "late": 1}]
    write_csv(tmp_path / "o.csv", outcomes)
    write_text(tmp_path / "tend.yaml", CONFIG)
    document = run("value", "p.csv", "--outcomes", "o.csv", "--json", cwd=tmp_path).json()
    revised = [dict(r, late=1 - r["late"]) if r["id"] == 10 else r for r in rows[:800]]
    assert document["valued"] == 800 and document["outcome_unknown"] == 200
    assert document["total"] == sum(map(expected_value, revised))
    assert document["outcomes"] == {"rows": 802, "revised": 1, "without_id": 0, "without_prediction": 1}


def test_an_outcome_that_never_came_may_mean_something(tmp_path):
    rows = flights(500)
    for row in rows[::2]:
        row["late"] = ""
    write_csv(tmp_path / "a.csv", rows)
    write_text(tmp_path / "tend.yaml", CONFIG.replace("known_after: 1d", "known_after: 1d\n  absent_means: 0"))
    document = run("value", "a.csv", "--json", cwd=tmp_path).json()
    assert document["valued"] == 500
    assert document["total"] == sum(expected_value(dict(r, late=r["late"] or 0)) for r in rows)


# ---- the books ------------------------------------------------------------------------------------------------------

def test_commands_that_need_a_state_say_how_to_get_one(tmp_path):
    for command in ("ledger", "versions", "why"):
        done = run(command, cwd=tmp_path)
        assert done.code == 2
        assert done.err == ("tend: tend-data/state.db: no such file; 'tend backtest DATA' and 'tend demo' make one, "
                            "and --state FILE names it\n")
    write_text(tmp_path / "x.db", "this is no database, however long it may be\n" * 50)
    done = run("ledger", "--state", "x.db", cwd=tmp_path)
    assert done.code == 2
    assert "x.db" in done.err


def test_every_json_document_names_its_schema(tmp_path):
    write_csv(tmp_path / "a.csv", flights(300))
    write_text(tmp_path / "tend.yaml", CONFIG)
    for words in (["check", "a.csv", "a.csv"], ["value", "a.csv"], ["profile", "a.csv", "-o", "p.parquet"],
                  ["show", "p.parquet"], ["merge", "p.parquet", "-o", "q.parquet"], ["config"],
                  ["init", "a.csv", "-o", "new.yaml"]):
        done = run(*words, "--json", cwd=tmp_path)
        assert done.code == 0, done.err
        assert json.loads(done.out)["schema"] == f"tend.{words[0]}/1"
        assert not re.search(r"\bnan\b|\binf\b", done.out.replace("\"nan\"", "").replace("infinite", ""))
