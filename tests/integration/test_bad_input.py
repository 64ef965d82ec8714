"""test_bad_input.py: what cannot be used is refused in one sentence, and nothing is lost or half-written.

Each test pins the message, the exit code, and what is in the folder afterwards.
"""
import os

import pytest
from tend_program import CONFIG, flights, run, write_csv, write_text

COLUMNS = ["date", "distance", "origin", "p_late", "late"]


@pytest.fixture(name="folder")
def folder_with_reference(tmp_path):
    """A folder with ref.csv, p.parquet (its profile) and tend.yaml."""
    write_csv(tmp_path / "ref.csv", flights(3000))
    write_text(tmp_path / "tend.yaml", CONFIG)
    assert run("profile", "ref.csv", "-o", "p.parquet", cwd=tmp_path).code == 0
    return tmp_path


def refused(folder, *words, stdin=None):
    """Runs what must be refused: exit code 2, one line on standard error, nothing else; returns the line's text."""
    before = {name: os.path.getmtime(folder / name) for name in os.listdir(folder)}
    done = run(*words, cwd=folder, stdin=stdin)
    assert done.code == 2, (done.out, done.err)
    assert done.out == ""
    assert done.err.startswith("tend: ") and done.err.endswith("\n") and done.err.count("\n") == 1
    assert {name: os.path.getmtime(folder / name) for name in os.listdir(folder)} == before
    return done.err[len("tend: "):-1]


# ---- files that cannot be read ---------------------------------------------------------------------------------------

def make_bad_files(folder):
    """Files that are not what they should be."""
    whole = (folder / "p.parquet").read_bytes()
    write_text(folder / "empty.csv", "")
    write_text(folder / "empty.parquet", "")
    write_text(folder / "header.csv", ",".join(COLUMNS) + "\n")
    os.mkdir(folder / "nothing")
    (folder / "cut.parquet").write_bytes(whole[:len(whole) // 2])
    (folder / "text.parquet").write_bytes((folder / "ref.csv").read_bytes())
    (folder / "parquet.csv").write_bytes(whole)
    write_text(folder / "bad.json", "{\"a\": 1\n")
    write_text(folder / "ragged.csv", "a,b\n1,2\n3\n4,5,6\n")


@pytest.mark.parametrize("name, message", [
    ("nope.csv", "no such file: 'nope.csv'"),
    ("ref.cvs", "no such file: 'ref.cvs' (did you mean 'ref.csv'?)"),
    ("empty.csv", "'empty.csv' is empty (0 bytes)"),
    ("empty.parquet", "'empty.parquet' is empty (0 bytes)"),
    ("header.csv", "header.csv: no rows; there is nothing to work on"),
    ("nothing", "the folder 'nothing' has no data files (.parquet, .csv, .tsv, .json, .jsonl, also .gz)"),
    ("x*.csv", "no file matches 'x*.csv'"),
    ("text.parquet", "'text.parquet' is not a Parquet file as its name says: its bytes look like text (CSV?)"),
    ("parquet.csv", "'parquet.csv' is not a CSV file as its name says: its bytes look like Parquet"),
    ("bad.json", "'bad.json' value 1 is not JSON: unexpected end of data"),
    ("ragged.csv", "'ragged.csv' line 3 has 1 value where the header names 2 columns"),
])
def test_a_file_that_cannot_be_read_is_refused_by_every_command(name, message, folder):
    make_bad_files(folder)
    os.remove(folder / "tend.yaml")
    for words in (["profile", name, "-o", "out.parquet"], ["check", "ref.csv", name, "--html", "out.html"],
                  ["check", name, "ref.csv"], ["init", name]):
        assert refused(folder, *words) == message
    write_text(folder / "tend.yaml", "model: m\nvalue: {per_row: 1}\n")
    assert refused(folder, "value", name) == message


def test_a_truncated_parquet_file_is_refused(folder):
    make_bad_files(folder)
    size = os.path.getsize(folder / "cut.parquet")
    message = (f"'cut.parquet' is not a whole Parquet file: it ends after {size} bytes without a footer; it may be "
               "truncated")
    for words in (["check", "cut.parquet", "ref.csv"], ["check", "ref.csv", "cut.parquet"], ["show", "cut.parquet"],
                  ["merge", "p.parquet", "cut.parquet", "-o", "out.parquet"], ["value", "cut.parquet"],
                  ["profile", "ref.csv", "--plan", "cut.parquet", "-o", "out.parquet"]):
        assert refused(folder, *words) == message


def test_empty_standard_input_is_refused(folder):
    assert refused(folder, "check", "ref.csv", "-", stdin=b"") == "'standard input' is empty (0 bytes)"


def test_an_output_that_cannot_be_written_leaves_nothing(folder):
    message = refused(folder, "check", "ref.csv", "ref.csv", "--html", "no/such/folder/out.html")
    assert message == "no/such/folder/out.html: cannot be written: No such file or directory"
    assert "no/such/folder/out.parquet" in refused(folder, "profile", "ref.csv", "-o", "no/such/folder/out.parquet")
    os.mkdir(folder / "taken")
    assert "taken" in refused(folder, "profile", "ref.csv", "-o", "taken")


def test_an_older_profile_survives_a_failed_write(folder):
    make_bad_files(folder)
    before = (folder / "p.parquet").read_bytes()
    refused(folder, "profile", "ragged.csv", "-o", "p.parquet")
    refused(folder, "merge", "p.parquet", "ref.csv", "-o", "p.parquet")
    assert (folder / "p.parquet").read_bytes() == before


# ---- rows that are odd ----------------------------------------------------------------------------------------------

def check(folder, rows, columns=None):
    """tend check of the reference against the rows: the run and its document."""
    write_csv(folder / "cur.csv", rows, columns)
    done = run("check", "ref.csv", "cur.csv", "--json", cwd=folder)
    assert done.code in (0, 1), done.err
    return done, done.json()


def column_of(document, name):
    """One column of a document."""
    return next(column for column in document["columns"] if column["name"] == name)


def test_a_column_of_only_nulls_is_a_break_and_every_row_is_counted(folder):
    rows = [dict(row, distance="") for row in flights(1000, seed=2)]
    done, document = check(folder, rows)
    assert done.code == 1
    assert [(b["kind"], b["columns"], b["share"]) for b in document["breaks"]] == [("null_spike", ["distance"], 1)]
    current = column_of(document, "distance")["current"]
    assert (current["count"], current["nulls"], current["mean"]) == (1000, 1000, None)


def test_a_reference_of_only_nulls_judges_nothing(folder):
    write_csv(folder / "ref.csv", [dict(row, distance="") for row in flights(1000)])
    done, document = check(folder, flights(1000, seed=2))
    assert done.code in (0, 1)
    assert not column_of(document, "distance")["judged"]


def test_nan_and_infinities_are_counted_apart(folder):
    rows = flights(1000, seed=2)
    for i, row in enumerate(rows):
        row["distance"] = {0: "nan", 1: "inf", 2: "-inf"}.get(i % 10, row["distance"])
    done, document = check(folder, rows)
    assert done.code == 1
    current = column_of(document, "distance")["current"]
    assert (current["count"], current["nulls"], current["nan"], current["infinite"]) == (1000, 0, 100, 200)
    assert 0 < current["mean"] < 5000 and current["max"] < 1e6
    assert document["breaks"][0]["kind"] == "null_spike"


def test_a_column_that_is_missing_and_one_that_is_new_are_breaks(folder):
    done, document = check(folder, flights(1000, seed=2), ["id", "date", "origin", "p_late", "late"])
    assert done.code == 1
    assert [(b["kind"], b["columns"]) for b in document["breaks"]] == [("missing_column", ["distance"])]
    done, document = check(folder, [dict(row, extra=1) for row in flights(1000, seed=2)])
    assert done.code == 1
    assert [(b["kind"], b["columns"]) for b in document["breaks"]] == [("new_column", ["extra"])]


def test_a_type_that_changed_is_a_break(folder):
    rows = [dict(row, distance=f"{row['distance']} miles") for row in flights(1000, seed=2)]
    done, document = check(folder, rows)
    assert done.code == 1
    found = document["breaks"][0]
    assert (found["kind"], found["columns"]) == ("type_change", ["distance"])
    assert (found["detail"]["from"], found["detail"]["to"]) == ("number", "text")
    assert column_of(document, "distance")["current"]["type_changed"] == 1000


def test_duplicate_ids_count_once_and_are_told(folder):
    rows = flights(1000, seed=2)
    done, document = check(folder, rows + rows[:300])
    assert document["current"]["duplicates"] == 300
    text = run("check", "ref.csv", "cur.csv", cwd=folder).out
    assert "300 with an id that came before" in text
    value = run("value", "cur.csv", "--json", cwd=folder).json()
    assert (value["rows"], value["valued"], value["duplicates"]) == (1300, 1000, 300)
    write_csv(folder / "once.csv", rows)
    assert value["total"] == run("value", "once.csv", "--json", cwd=folder).json()["total"]
    assert done.code in (0, 1)


def test_outcomes_without_predictions_are_counted_and_change_nothing(folder):
    rows = flights(500, seed=2)
    write_csv(folder / "p.csv", rows, ["id", "date", "distance", "origin", "p_late"])
    write_csv(folder / "o.csv", rows, ["id", "late"])
    write_csv(folder / "more.csv", rows + [{"id": 90000 + i, "late": 1} for i in range(40)], ["id", "late"])
    plain = run("value", "p.csv", "--outcomes", "o.csv", "--json", cwd=folder).json()
    more = run("value", "p.csv", "--outcomes", "more.csv", "--json", cwd=folder).json()
    assert plain["outcomes"]["without_prediction"] == 0
    assert more["outcomes"]["without_prediction"] == 40
    assert more["total"] == plain["total"] and more["valued"] == 500


def test_outcomes_that_cannot_be_joined_are_refused(folder):
    write_csv(folder / "p.csv", flights(100), ["id", "date", "distance", "origin", "p_late"])
    write_text(folder / "o.csv", "idd,late\n1,0\n")
    assert refused(folder, "value", "p.csv", "--outcomes", "o.csv") == (
        "data.id: no column 'id' in o.csv (did you mean 'idd'?)")
    write_text(folder / "o.csv", "id,late\nx1,0\n")
    assert refused(folder, "value", "p.csv", "--outcomes", "o.csv") == (
        "data.id: column 'id' is a number in p.csv and a text in the outcomes")
    write_text(folder / "o.csv", "id,late\n1,maybe\n")
    assert refused(folder, "value", "p.csv", "--outcomes", "o.csv") == (
        "label.column: column 'late' in o.csv is a text; a label is 0/1, true/false or a number")
    assert refused(folder, "value", "p.csv") == (
        "label.column (outcomes elsewhere? --outcomes): no column 'late' in p.csv (did you mean 'date'?)")


def test_the_order_of_rows_changes_no_value(folder):
    rows = flights(1000, seed=2)
    write_csv(folder / "a.csv", rows)
    write_csv(folder / "b.csv", rows[500:] + rows[:500][::-1])
    first = run("value", "a.csv", "--examples", "0", "--json", cwd=folder).out
    assert run("value", "b.csv", "--examples", "0", "--json", cwd=folder).out == first
    document = run("check", "ref.csv", "b.csv", "--json", cwd=folder).json()
    assert document["current"]["out_of_order"] == 500
    other = run("check", "ref.csv", "a.csv", "--json", cwd=folder).json()
    assert document["columns"] == other["columns"] and document["value"] == other["value"]


def test_times_in_the_future_are_told(folder):
    rows = flights(1000, seed=2)
    for row in rows[::10]:
        row["date"] = "2099" + row["date"][4:]
    _, document = check(folder, rows)
    assert document["current"]["future"] == 100
    value = run("value", "cur.csv", "--json", cwd=folder).json()
    assert value["future"] == 100 and value["valued"] == 1000


def test_a_time_that_is_none_is_refused(folder):
    write_csv(folder / "cur.csv", [dict(row, date="yesterday") for row in flights(100)])
    said = "'cur.csv' row 1: 'yesterday' in column 'date' is not a time"
    assert refused(folder, "value", "cur.csv") == said
    write_text(folder / "tend.yaml", CONFIG.replace("time: date", "time: dat"))
    assert "did you mean 'date'?" in refused(folder, "value", "ref.csv")


# ---- expressions and configuration ----------------------------------------------------------------------------------

def test_a_value_that_divides_by_zero_fails_its_row_only(folder):
    rows = flights(500, seed=2)
    for row in rows[:40]:
        row["distance"] = "0"
    write_csv(folder / "cur.csv", rows)
    write_text(folder / "tend.yaml", CONFIG.replace("per_row: case when decision and late then 30",
                                                    "per_row: case when decision and late then 3000 / distance"))
    done = run("value", "cur.csv", "--json", cwd=folder)
    assert done.code == 0
    document = done.json()
    failed = sum(1 for row in rows[:40] if float(row["p_late"]) > 0.2 and row["late"])
    assert failed > 0
    assert document["failed"] == {"division by zero": failed}
    assert document["valued"] == 500 - failed
    assert "division by zero" in run("value", "cur.csv", cwd=folder).out


def test_a_value_that_always_fails_is_no_answer(folder):
    done = run("value", "ref.csv", "--try", "1 / 0", "--json", cwd=folder)
    assert done.code == 0
    assert done.json()["try"]["failed"] == {"division by zero": 3000}
    write_text(folder / "tend.yaml", CONFIG[:CONFIG.index("  per_row")] + "  per_row: 1 / (distance - distance)\n")
    done = run("value", "ref.csv", cwd=folder)
    assert done.code == 1
    assert done.err == "tend: ref.csv: no row has a value: 3000 failed, 0 without a known outcome\n"


@pytest.mark.parametrize("old, new, message", [
    ("label:", "lable:", "tend.yaml:8:1: unknown key 'lable' (did you mean 'label'?)"),
    ("score: p_late", "scor: p_late", "tend.yaml:6:3: unknown key 'scor' in data (did you mean 'score'?)"),
    ("known_after: 1d", "known_after: 1x", "tend.yaml:10:16: 'label.known_after' must be a span of time such as 1d, "
                                           "12h, 30m, 90s or 50ms, not '1x'"),
])
def test_a_typo_in_the_configuration_stops_every_command_that_reads_it(old, new, message, folder):
    write_text(folder / "tend.yaml", CONFIG.replace(old, new))
    for words in (["value", "ref.csv"], ["check", "ref.csv", "ref.csv"], ["config"],
                  ["profile", "ref.csv", "-o", "out.parquet"]):
        assert refused(folder, *words) == message


def test_value_without_a_configuration_says_how_to_get_one(folder):
    os.remove(folder / "tend.yaml")
    assert refused(folder, "value", "ref.csv") == (
        "tend.yaml: no such file; 'tend init ref.csv' writes one, or name one with --config")


def test_a_configuration_that_does_not_fit_leaves_value_out_of_check(folder):
    write_text(folder / "tend.yaml", CONFIG.replace("score: p_late", "score: p_lte"))
    done = run("check", "ref.csv", "ref.csv", "--json", cwd=folder)
    assert done.code == 0
    assert done.json()["value"] is None
    assert done.json()["value_note"] == "data.score: no column 'p_lte' in ref.csv (did you mean 'p_late'?)"


# ---- places that results go to ---------------------------------------------------------------------------------------

def test_a_result_never_takes_the_place_of_a_pipe_or_of_a_link(folder):
    os.mkfifo(folder / "pipe")
    assert refused(folder, "profile", "ref.csv", "-o", "pipe") == (
        "cannot write 'pipe': it is a device or a pipe, not a file")
    write_text(folder / "page.html", "old")
    os.symlink("page.html", folder / "latest.html")
    os.symlink("gone.html", folder / "loose.html")
    assert run("check", "ref.csv", "ref.csv", "--html", "latest.html", cwd=folder).code == 0
    assert os.path.islink(folder / "latest.html")
    assert (folder / "page.html").read_text().startswith("<!")
    done = run("check", "ref.csv", "ref.csv", "--html", "loose.html", cwd=folder)
    assert (done.code, done.err) == (2, "tend: cannot write 'loose.html': it is a link that leads nowhere\n")
    assert run("check", "ref.csv", "ref.csv", "--html", "/dev/null", cwd=folder).code == 0
    assert not os.path.isfile("/dev/null")


def test_where_a_result_cannot_go_is_said_before_the_work(folder):
    gone = "gone/x: cannot be written: No such file or directory"
    assert refused(folder, "check", "nope.csv", "nope.csv", "--html", "gone/x") == gone
    assert refused(folder, "profile", "nope.csv", "-o", "gone/x") == gone
    assert refused(folder, "backtest", "nope.csv", "--html", "gone/x") == gone
    assert refused(folder, "backtest", "nope.csv", "--state", "gone/x") == gone
    assert refused(folder, "backtest", "nope.csv", "--state", "ref.csv") == (
        "'ref.csv' is not a state file of tend, or is damaged")


def test_the_demo_takes_only_flights_and_overwrites_only_a_demo(folder):
    assert refused(folder, "demo", "ref.csv", "--keep", "new") == "'ref.csv' has no column 'delay'"
    assert not os.path.exists(folder / "new")
    flight = {"date": "2001-01-01", "delay": 1, "distance": 1, "origin": "A", "destination": "B"}
    write_csv(folder / "few.csv", [flight])
    assert refused(folder, "demo", "few.csv", "--keep", ".") == (
        "./tend.yaml: is there and was not made by the demo, which would overwrite it; name another folder with --keep")


# ---- what is no data -------------------------------------------------------------------------------------------------

def test_a_profile_is_not_taken_for_data(folder):
    for words in (["profile", "p.parquet", "-o", "q.parquet"], ["init", "p.parquet", "-o", "q.yaml"]):
        assert refused(folder, *words) == (
            "p.parquet: is a profile, not data; 'tend show p.parquet' prints it, tend merge adds profiles up")


def test_rows_whose_value_is_no_number_or_that_came_before_are_in_no_sum(folder):
    rows = flights(1000, seed=4, start="2001-03-01")
    for row in rows[:30]:
        row["distance"] = "nan" if row["id"] % 2 else "inf"
    write_csv(folder / "cur.csv", rows + rows[900:])
    write_text(folder / "tend.yaml", CONFIG[:CONFIG.index("  per_row")] + "  per_row: distance\n")
    document = run("value", "cur.csv", "--json", cwd=folder).json()
    assert document["valued"] == 970
    assert document["duplicates"] == 100
    assert document["failed"] == {"number out of range": 15, "undefined result": 15}
    assert document["total"] == pytest.approx(sum(float(row["distance"]) for row in rows[30:]))
    check = run("check", "ref.csv", "cur.csv", "--json", cwd=folder).json()
    assert check["value"]["realised"]["rows"] == 970
    assert check["value"]["realised"]["per_row"] == pytest.approx(document["per_row"])
    assert ", and it fails on 30" in run("check", "ref.csv", "cur.csv", cwd=folder).out


def test_an_estimate_of_what_came_before_is_refused_in_words(folder):
    done = run("check", "ref.csv", "ref.csv", cwd=folder)
    assert "not estimated: ref.csv begins before ref.csv ends" in done.out


@pytest.mark.parametrize("line, message", [
    ("windows: {every: 1d, season: 36h}", "15:30: 'windows.season' must be a multiple of 'windows.every'"),
    ("retrain: {trainer: lightgbm}", "15:20: 'retrain.trainer' must be xgboost, not 'lightgbm'; "
                                     "use retrain.command for another"),
])
def test_keys_that_do_not_fit_together_are_pointed_at(line, message, folder):
    write_text(folder / "tend.yaml", CONFIG + line + "\n")
    assert refused(folder, "config") == "tend.yaml:" + message
