"""test_store.py: stores of profiles: filled, added to, merged, chosen from, shown and damaged."""
import datetime
import fcntl
import filecmp
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import time

import pytest
from tend_program import ROOT, TEND, environment, flights, plain, run, run_in_terminal, write_csv

NO_ID = ["date", "distance", "origin", "p_late", "late"]
FLIGHTS = os.path.join(ROOT, ".deps", "data", "flights-3m.parquet")
DAY = 206  # rows of flights() in a day, at seven minutes each


def write_days(folder, count=10, missing=(4,), seed=1, **changes):
    """Daily CSV files of made-up flights, and all of their rows in one file; returns the rows."""
    os.makedirs(folder, exist_ok=True)
    rows = []
    for i in range(count):
        if i in missing:
            continue
        day = (datetime.date(2001, 1, 1) + datetime.timedelta(days=i)).isoformat()
        part = flights(200, seed=seed * 1000 + i, start=day, **(changes.get(f"day{i}", {})))
        write_csv(folder / f"{day}.csv", part, NO_ID)
        rows += part
    return rows


@pytest.fixture(name="store")
def fixture_store(tmp_path):
    """A store of nine days by origin and by distance, and a CSV of all its rows."""
    rows = write_days(tmp_path / "days")
    write_csv(tmp_path / "all.csv", rows, NO_ID)
    done = run("profile", "days/*.csv", "--every", "1d", "--segment", "origin", "--segment", "distance > 1000",
               "-o", "history/", cwd=tmp_path)
    assert done.code == 0, done.err
    return tmp_path


def same_folders(a, b):
    """Whether two folders hold the same files, byte for byte."""
    pair = filecmp.dircmp(a, b)
    if pair.left_only or pair.right_only or pair.funny_files:
        return False
    _, wrong, errors = filecmp.cmpfiles(a, b, pair.common_files, shallow=False)
    return not wrong and not errors and all(same_folders(os.path.join(a, d), os.path.join(b, d))
                                            for d in pair.common_dirs)


def duckdb_connection():
    """DuckDB, to ask the store as anybody would."""
    return pytest.importorskip("duckdb").connect()


# ---- filling --------------------------------------------------------------------------------------------------------

def test_a_folder_of_days_becomes_a_window_each(store):
    names = sorted(os.listdir(store / "history" / "windows"))
    assert names == [f"2001-01-{day:02d}.1d.parquet" for day in (1, 2, 3, 4, 6, 7, 8, 9, 10)]
    done = run("profile", "days/*.csv", "--every", "1d", "--json", "-o", "again/", cwd=store).json()
    assert (done["schema"], done["rows"], done["store"]["windows"]) == ("tend.profile/1", 1800, 9)
    assert done["store"]["missing"] == 1 and done["store"]["is_new"] is True
    again = run("profile", "days/*.csv", "--every", "1d", "-o", "text/", cwd=store)
    assert "1 windows in between have no row" in again.out


def test_counts_are_those_of_duckdb(store):
    db = duckdb_connection()
    os.chdir(store)
    ours = db.execute("SELECT window_start::DATE::VARCHAR, segment, row_count, list_sum(count), round(mean, 9), "
                      "null_count FROM 'history/windows/*.parquet' WHERE name = 'distance' AND segment LIKE 'origin=%' "
                      "AND segment_value IS NOT NULL AND row_count > 0 ORDER BY 1, 2").fetchall()
    theirs = db.execute("SELECT date::DATE::VARCHAR, 'origin=' || origin, count(*), count(distance), "
                        "round(avg(distance), 9), count(*) - count(distance) FROM 'all.csv' GROUP BY 1, 2 ORDER BY 1, 2"
                        ).fetchall()
    assert len(theirs) > 50 and ours == theirs
    ours = db.execute("SELECT sum(row_count)::BIGINT FROM 'history/windows/*.parquet' WHERE name = 'late' "
                      "AND segment = 'distance > 1000'").fetchall()
    assert ours == db.execute("SELECT count(*) FROM 'all.csv' WHERE distance > 1000").fetchall()


def test_merged_days_are_the_months_profile_byte_for_byte(store):
    assert run("merge", "history", "-o", "merged.parquet", cwd=store).code == 0
    done = run("profile", "all.csv", "--plan", "history", "--time", "date", "--since", "2001-01-01", "--until",
               "2001-01-11", "-o", "whole.parquet", cwd=store)
    assert done.code == 0, done.err
    assert (store / "merged.parquet").read_bytes() == (store / "whole.parquet").read_bytes()
    # And of days that were profiled one by one, which know no window.
    parts = []
    for name in sorted(os.listdir(store / "days")):
        parts.append(f"{name}.profile.parquet")
        assert run("profile", f"days/{name}", "--plan", "history", "-o", parts[-1], cwd=store).code == 0
    assert run("merge", *parts, "-o", "parts.parquet", cwd=store).code == 0
    assert run("profile", "all.csv", "--plan", "history", "-o", "plain.parquet", cwd=store).code == 0
    assert (store / "parts.parquet").read_bytes() == (store / "plain.parquet").read_bytes()


def test_the_order_of_rows_does_not_matter(store):
    rows = write_days(store / "other")
    random.Random(3).shuffle(rows)
    write_csv(store / "shuffled.csv", rows, NO_ID)
    done = run("profile", "shuffled.csv", "--every", "1d", "--segment", "origin", "--segment", "distance > 1000",
               "-o", "shuffled/", cwd=store)
    assert done.code == 0, done.err
    assert same_folders(store / "history", store / "shuffled")


def test_days_are_added_and_replaced_under_the_stores_plan(store):
    shutil.copytree(store / "history", store / "copy")
    write_days(store / "more", count=12, missing=range(9), seed=2)
    done = run("profile", "more/*.csv", "-o", "history", cwd=store)
    assert done.code == 0, done.err
    assert "1 of them were there before and are replaced" in done.out
    names = sorted(os.listdir(store / "history" / "windows"))
    assert names[-1] == "2001-01-12.1d.parquet" and len(names) == 11
    for name in names[:8]:
        assert (store / "copy" / "windows" / name).read_bytes() == (store / "history" / "windows" / name).read_bytes()
    changed = "2001-01-10.1d.parquet"
    assert (store / "copy" / "windows" / changed).read_bytes() != (store / "history" / "windows" / changed).read_bytes()
    # The same day again gives the same bytes.
    before = (store / "history" / "windows" / changed).read_bytes()
    assert run("profile", "more/2001-01-10.csv", "-o", "history/", "--every", "1d", "--segment", "origin", "--segment",
               "distance > 1000", cwd=store).code == 0
    assert (store / "history" / "windows" / changed).read_bytes() == before


@pytest.mark.parametrize("more, words", [
    (["--every", "12h"], "its windows are of 1d"),
    (["--segment", "late"], "has other segments"),
    (["--bins", "8"], "its plan is fixed"),
    (["--plan", "other.parquet"], "was not made with the plan of other.parquet: the plans differ: column 'distance'"),
])
def test_what_is_fixed_in_a_store_cannot_be_asked_otherwise(store, more, words):
    write_csv(store / "b.csv", flights(500, seed=9), NO_ID)
    assert run("profile", "b.csv", "-o", "other.parquet", cwd=store).code == 0
    done = run("profile", "days/2001-01-01.csv", "-o", "history", *more, cwd=store)
    assert done.code == 2 and words in done.err, done.err


def test_hours_and_text_times_and_two_time_columns(tmp_path):
    rows = flights(300, minutes=11)
    for row in rows:
        row["seen"] = row["date"]
    write_csv(tmp_path / "a.csv", rows, NO_ID + ["seen"])
    done = run("profile", "a.csv", "--every", "6h", "-o", "s/", cwd=tmp_path)
    assert done.code == 2 and "several columns hold times; say which" in done.err
    assert run("profile", "a.csv", "--every", "6h", "--time", "date", "-o", "s/", cwd=tmp_path).code == 0
    assert "2001-01-01T060000.6h.parquet" in os.listdir(tmp_path / "s" / "windows")
    choice = "s@2001-01-01T06..2001-01-01T17"
    assert run("show", choice, cwd=tmp_path).out.startswith(f"{choice}: 2 windows of 6h")
    # The store remembers which column it was.
    assert run("profile", "a.csv", "-o", "s", cwd=tmp_path).code == 0


def test_rows_without_a_time_are_told(tmp_path):
    rows = flights(300)
    for row in rows[10:17]:
        row["date"] = ""
    write_csv(tmp_path / "a.csv", rows, NO_ID)
    done = run("profile", "a.csv", "--every", "1d", "-o", "s/", cwd=tmp_path)
    assert "7 rows have no time and are in no window" in done.out


def test_segments_need_a_store_and_sense(tmp_path):
    write_csv(tmp_path / "a.csv", flights(100), NO_ID)
    cases = {
        ("--segment", "origin", "-o", "x.parquet"): "--segment needs a store",
        ("--segment", "origim == 1", "-o", "x/"): "segment 'origim == 1'",
        ("--segment", "distance + 1", "-o", "x/"): "segment 'distance + 1'",
        ("--segment", "date", "-o", "x/"): "a column of times has no values to go by",
        ("--every", "soon", "-o", "x/"): "--every soon: not a span of time",
    }
    for words, message in cases.items():
        done = run("profile", "a.csv", *words, cwd=tmp_path)
        assert done.code == 2 and message in done.err, (words, done.err)
        assert sorted(os.listdir(tmp_path)) == ["a.csv"]


def test_values_beyond_the_most_frequent_are_the_rest(tmp_path):
    write_csv(tmp_path / "a.csv", flights(800), NO_ID)
    done = run("profile", "a.csv", "--every", "1d", "--segment", "origin", "--segment-values", "3", "-o", "s/",
               cwd=tmp_path)
    assert done.code == 0, done.err
    db = duckdb_connection()
    os.chdir(tmp_path)
    rows = dict(db.execute("SELECT segment, sum(row_count)::BIGINT FROM 's/windows/*.parquet' WHERE name = 'late' "
                           "AND segment IS NOT NULL GROUP BY 1").fetchall())
    truth = db.execute("SELECT origin, count(*) FROM 'a.csv' GROUP BY 1 ORDER BY 2 DESC, 1").fetchall()
    assert rows == {f"origin={name}": count for name, count in truth[:3]} | {
        "origin=other": sum(count for _, count in truth[3:])}


# ---- merging and choosing -------------------------------------------------------------------------------------------

def test_weeks_from_days_are_weeks_from_rows(store):
    done = run("merge", "history", "--every", "7d", "-o", "weeks/", cwd=store)
    assert done.code == 0, done.err
    assert run("profile", "all.csv", "--every", "7d", "--plan", "history", "-o", "direct/", cwd=store).code == 0
    assert same_folders(store / "weeks", store / "direct")
    done = run("merge", "weeks", "--every", "3d", "-o", "bad/", cwd=store)
    assert done.code == 2 and "lies across the end of a window of 3d" in done.err


def test_shards_of_the_same_days_add_up(store):
    rows = write_days(store / "shards")
    write_csv(store / "even.csv", rows[::2], NO_ID)
    write_csv(store / "odd.csv", rows[1::2], NO_ID)
    for name in ("even", "odd"):
        assert run("profile", f"{name}.csv", "--every", "1d", "--plan", "history", "-o", f"{name}/",
                   cwd=store).code == 0
    assert run("merge", "even", "odd", "-o", "both/", cwd=store).code == 0
    assert same_folders(store / "both", store / "history")


def test_what_does_not_add_up_is_named(store):
    write_csv(store / "b.csv", flights(900, seed=9), NO_ID)
    assert run("profile", "b.csv", "-o", "b.parquet", cwd=store).code == 0
    assert run("profile", "b.csv", "--every", "1d", "-o", "b/", cwd=store).code == 0
    cases = {
        ("history", "b.parquet", "-o", "x.parquet"):
            "b.parquet: was not made with the plan of history; make it with --plan: the plans differ: "
            "column 'distance' counts",
        ("history", "b", "-o", "x/"): "b: was not made with the plan of history",
        ("history@@origin=LAX", "history@@origin=JFK", "-o", "x.parquet"): "they do not add up",
        ("history", "-o", "history/"): "name another place",
        ("b.parquet", "-o", "x/"): "is no store of profiles",
        ("history@2001-03", "-o", "x.parquet"): "no window lies within '2001-03'",
        ("history@yesterday", "-o", "x.parquet"): "not windows of history",
        ("history@@origin=LAZ", "-o", "x.parquet"): "did you mean 'origin=LAX'",
    }
    for words, message in cases.items():
        done = run("merge", *words, cwd=store)
        assert done.code == 2 and message in done.err, (words, done.err)


@pytest.mark.parametrize("choice, days", [
    ("", 9), ("@2001-01-03", 1), ("@2001-01", 9), ("@2001", 9), ("@2001-01-03..2001-01-06", 3), ("@2001-01-08..", 3),
    ("@..2001-01-02", 2), ("@last", 1), ("@last3", 3), ("@last99", 9), ("@@origin=LAX", 9), ("@last2@origin=LAX", 2),
    ("@2001-01-03T00:00:00Z..2001-01-04", 2),
])
def test_windows_are_chosen(store, choice, days):
    done = run("show", f"history{choice}", "--json", cwd=store)
    assert done.code == 0, done.err
    windows = done.json()["windows"]
    assert sum(not window["missing"] for window in windows) == days
    if "@@" not in choice and "@last2" not in choice:
        assert sum(window["rows"] for window in windows) == 200 * days


def test_a_changed_day_is_found_against_the_days_before(tmp_path):
    write_days(tmp_path / "days", day9={"scale": 1.6})
    assert run("profile", "days/*.csv", "--every", "1d", "--segment", "origin", "-o", "h/", cwd=tmp_path).code == 0
    assert run("check", "h@..2001-01-08", "h@2001-01-09", cwd=tmp_path).code == 0
    done = run("check", "h@..2001-01-09", "h@last", "--json", cwd=tmp_path)
    assert done.code == 1
    drifted = {column["name"] for column in done.json()["columns"] if column["drifted"]}
    assert drifted == {"distance"}
    assert run("check", "h@reference", "h@last", cwd=tmp_path).code == 1
    assert run("check", "h@..2001-01-09", "days/2001-01-10.csv", cwd=tmp_path).code == 1
    done = run("check", "h@2001-01-01@origin=LAY", "h", cwd=tmp_path)
    assert done.code == 2 and "did you mean" in done.err


def test_the_windows_of_the_reference_say_how_many_rows_are_natural(tmp_path):
    write_days(tmp_path / "days", count=11, missing=())
    write_csv(tmp_path / "days" / "2001-01-11.csv", flights(60, seed=5, start="2001-01-11"), NO_ID)
    assert run("profile", "days/*.csv", "--every", "1d", "-o", "h/", cwd=tmp_path).code == 0
    done = run("check", "h@..2001-01-10", "h@last", "--json", cwd=tmp_path)
    assert done.code == 1
    assert [found["kind"] for found in done.json()["breaks"]] == ["missing_rows"]
    assert run("check", "h@..2001-01-08", "h@2001-01-09..2001-01-10", cwd=tmp_path).code == 0
    # Two windows are too few to say what is natural.
    assert not run("check", "h@2001-01-09..2001-01-10", "h@last", "--json", cwd=tmp_path).json()["breaks"]


# ---- showing --------------------------------------------------------------------------------------------------------

def test_a_store_is_shown_over_time(store):
    done = run("show", "history", cwd=store)
    assert done.code == 0, done.err
    assert "9 windows of 1d, from 2001-01-01 to before 2001-01-11; 1 is missing: 2001-01-05" in done.out
    assert "1,800 rows; distances are from a reference of 1,800 rows" in done.out
    line = next(line for line in done.out.splitlines() if line.startswith("distance"))
    assert re.search(r"[▁-█]{4} [▁-█]{5}", line), line  # the gap is where the day is missing
    detail = run("show", "history", "--column", "distance", cwd=store)
    assert re.search(r"^2001-01-05 +missing", detail.out, re.M)
    assert len(re.findall(r"^2001-01-\d\d +200 ", detail.out, re.M)) == 9
    done = run("show", "history", "--column", "distanze", cwd=store)
    assert done.code == 2 and "did you mean 'distance'?" in done.err


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("more", [[], ["--column", "distance"], ["--column", "origin", "--segment", "origin=LAX"]])
def test_terminals_of_any_width_without_colours(store, width, more):
    done = run_in_terminal("show", "history", *more, cwd=store, env={"NO_COLOR": "1"}, width=width)
    assert done.code == 0 and "\x1b" not in done.out
    table = [line for line in done.out.replace("\r", "").splitlines() if re.search("[▁-█]", line)]
    assert table
    if width >= 60:
        assert max(map(len, table)) <= width, max(table, key=len)


def test_an_ascii_terminal_gets_ascii(store):
    done = run_in_terminal("show", "history", cwd=store, env={"NO_COLOR": "1", "LC_ALL": "C"})
    assert done.code == 0 and done.out.isascii()
    coloured = run_in_terminal("show", "history", cwd=store)
    assert "\x1b[" in coloured.out and "distance" in plain(coloured.out)


def test_the_document_has_a_value_a_window(store):
    document = run("show", "history", "--segment", "origin=LAX", "--json", cwd=store).json()
    assert document["schema"] == "tend.show/1" and document["segment"] == "origin=LAX"
    assert len(document["windows"]) == 10 and document["windows"][4]["missing"] is True
    columns = {column["name"]: column for column in document["columns"]}
    for measure in ("rows", "null_share", "mean", "sd", "p05", "p25", "p50", "p75", "p95", "distance", "q_value",
                    "drifted"):
        values = columns["distance"][measure]
        assert len(values) == 10 and values[4] is None, measure
        assert measure in ("distance", "q_value", "drifted") or None not in values[:4] + values[5:], measure
    shares = columns["origin"]["categories"]
    assert shares[-1]["category"] is None
    assert [category["shares"][0] for category in shares if category["category"] == "LAX"] == [1]
    assert sum(columns["late"]["rows"][i] or 0 for i in range(10)) == document["windows"][0]["rows"] + sum(
        window["rows"] for window in document["windows"][1:])


def test_the_page_draws_what_was_asked(store):
    assert run("show", "history", "--html", "all.html", cwd=store).code == 0
    page = (store / "all.html").read_text(encoding="utf-8")
    for words in ("quantiles", "median, and 25 % to 75 %", "shares of categories", "missing: no row of this window",
                  "distance from the reference", "1 is missing: 2001-01-05"):
        assert words in page, words
    assert "<script" not in page and "http" not in page.replace("http://www.w3.org", "")
    assert run("show", "history", "--column", "late", "--html", "one.html", cwd=store).code == 0
    assert (store / "one.html").stat().st_size < (store / "all.html").stat().st_size
    done = run("show", "history@reference", "--html", "x.html", cwd=store)
    assert done.code == 2 and "--html is for stores" in done.err


# ---- the format -----------------------------------------------------------------------------------------------------

def documented_queries():
    """The SQL of docs/profile-format.md, one statement each."""
    with open(os.path.join(ROOT, "docs", "profile-format.md"), encoding="utf-8") as file:
        blocks = re.findall(r"^```sql\n(.*?)^```", file.read(), re.M | re.S)
    return [query.strip() for block in blocks for query in block.split(";\n") if query.strip()]


def test_the_documented_queries_run(tmp_path):
    db = duckdb_connection()
    for name, seed, scale in (("january", 1, 1.0), ("june", 2, 1.5)):
        rows = flights(1500, seed=seed, scale=scale, null_share=0.02)
        for row in rows:
            row["delay"] = row["distance"]
        write_csv(tmp_path / f"{name}.csv", rows, NO_ID + ["delay"])
    assert run("profile", "january.csv", "-o", "january.profile.parquet", cwd=tmp_path).code == 0
    for name in ("june", "day-1"):
        assert run("profile", "june.csv", "--plan", "january.profile.parquet", "-o", f"{name}.profile.parquet",
                   cwd=tmp_path).code == 0
    assert run("profile", "january.csv", "--every", "1d", "--segment", "origin", "-o", "history/",
               cwd=tmp_path).code == 0
    shutil.move(tmp_path / "history" / "windows" / "2001-01-06.1d.parquet", tmp_path / "kept.parquet")
    os.chdir(tmp_path)
    answers = [db.execute(query).fetchall() for query in documented_queries()]
    assert len(answers) == 10 and all(answers)
    psi = dict(answers[3])
    assert psi["delay"] > 0.1 > psi["origin"]
    document = run("show", "history", "--column", "delay", "--json", cwd=tmp_path).json()
    medians = [value for value in document["columns"][0]["p50"] if value is not None]
    assert [median for _, median in answers[8]] == pytest.approx(medians, rel=1e-9)
    assert [str(day)[:10] for (day,) in answers[9]] == ["2001-01-06"]


def test_other_tools_read_a_window(store):
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(store / "history" / "windows" / "2001-01-03.1d.parquet")
    assert table.num_rows == len(NO_ID) * 11
    polars = pytest.importorskip("polars")
    frame = polars.read_parquet(store / "history" / "windows" / "2001-01-03.1d.parquet")
    late = frame.filter((polars.col("name") == "late") & polars.col("segment").is_null())
    assert late["row_count"].to_list() == [200]


# ---- bad input ------------------------------------------------------------------------------------------------------

STRANGE = ["a.b", 'quote"s', "it's", "new\nline", "größe", "日付", "semi;colon", "sp ace", "@at", "=eq", "\t"]


def test_strange_names_work_everywhere(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    draw = random.Random(2)
    columns = {name: [draw.gauss(0, 1) for _ in range(600)] for name in STRANGE}
    columns["when"] = [datetime.datetime(2001, 1, 1 + i // 200, 5) for i in range(600)]
    columns["größe"] = [draw.choice(["L'Aquila", 'a "b"', "x\ny", "東京", "@", "a=b"]) for _ in range(600)]
    parquet.write_table(pyarrow.table(columns), tmp_path / "a.parquet")
    done = run("profile", "a.parquet", "--every", "1d", "--segment", "größe", "--segment", '"a.b" > 0', "--segment",
               '"new\nline" < 0 and "quote""s" > -9', "-o", "s/", cwd=tmp_path)
    assert done.code == 0, done.err
    for name in STRANGE:
        done = run("show", "s", "--column", name, "--json", cwd=tmp_path)
        assert done.code == 0, done.err
        assert done.json()["columns"][0]["name"] == name
        assert run("show", "s", "--column", name, "--html", "x.html", cwd=tmp_path).code == 0
    for segment in ("größe=L'Aquila", 'größe=a "b"', "größe=x\ny", "größe=東京", "größe=@", "größe=a=b",
                    '"a.b" > 0', '"new\nline" < 0 and "quote""s" > -9', "größe=other"):
        done = run("show", f"s@@{segment}", "--json", cwd=tmp_path)
        assert done.code == 0, done.err
        assert done.json()["segment"] == segment
        assert run("merge", f"s@2001-01@{segment}", "-o", "x.parquet", cwd=tmp_path).code == 0
        assert run("show", "s", "--segment", segment, cwd=tmp_path).code == 0
    text = run("show", "s", cwd=tmp_path)
    assert len(text.out.splitlines()) == 6 + len(STRANGE) + 1 and "\t" not in text.out
    assert run("merge", "s", "-o", "m.parquet", cwd=tmp_path).code == 0
    assert run("check", "m.parquet", "s@last", "--html", "c.html", cwd=tmp_path).code == 0
    assert run("merge", "s", "--every", "2d", "-o", "w/", cwd=tmp_path).code == 0


def test_a_million_different_categories_stay_bounded(tmp_path):
    with open(tmp_path / "a.csv", "w", encoding="utf-8") as file:
        file.write("date,id,x\n")
        for i in range(1000000):
            file.write(f"2001-01-{1 + i // 500000:02d},name-{i * 2654435761 % 2**32:010d},{i % 7}\n")
    process = subprocess.Popen([TEND, "profile", "a.csv", "--every", "1d", "--segment", "id", "-o", "s/"], cwd=tmp_path,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    _, status, usage = os.wait4(process.pid, 0)
    process.communicate()
    assert os.waitstatus_to_exitcode(status) == 0
    assert usage.ru_maxrss < 700 * 1024, usage.ru_maxrss
    windows = tmp_path / "s" / "windows"
    assert sum(os.path.getsize(windows / name) for name in os.listdir(windows)) < 200000
    document = run("show", "s@reference", "--json", cwd=tmp_path).json()
    columns = {column["name"]: column for column in document["columns"]}
    assert columns["id"]["cells"] == [{"category": None, "count": 1000000}]  # none is frequent: all are the rest


def damage_cases(path, seed, count):
    """Copies of a file's bytes, each with bits flipped or its end cut off."""
    whole = path.read_bytes()
    draw = random.Random(seed)
    for i in range(count):
        data = bytearray(whole)
        if i % 4 == 0:
            yield data[:draw.randrange(len(data))]
            continue
        for _ in range(draw.choice([1, 1, 8])):
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        yield data


@pytest.mark.parametrize("name", ["windows/2001-01-03.1d.parquet", "plan.parquet"])
def test_damaged_files_are_errors_or_read_as_they_were(store, name):
    good = run("show", "history", "--json", cwd=store).out
    path = store / "history" / name
    whole = path.read_bytes()
    refused = 0
    for data in damage_cases(path, 5, 40):
        path.write_bytes(data)
        done = run("show", "history", "--json", cwd=store)
        assert done.code in (0, 2), (done.code, done.err)
        if done.code == 2:
            assert re.match(r"tend: .*\n\Z", done.err, re.S) and done.err.count("\n") == 1, done.err
            refused += 1
        else:
            assert done.out == good  # the bit did not matter, or was seen through
        path.write_bytes(whole)
    assert refused >= 20


def test_damaged_single_profiles_are_errors_or_read_as_they_were(store):
    assert run("merge", "history", "-o", "one.parquet", cwd=store).code == 0
    good = run("show", "one.parquet", "--json", cwd=store).out
    path = store / "one.parquet"
    for data in damage_cases(path, 7, 40):
        path.write_bytes(data)
        done = run("show", "one.parquet", "--json", cwd=store)
        assert done.code == 2 or (done.code == 0 and done.out == good), (done.code, done.err)


def test_profiles_of_other_versions(store):
    db = duckdb_connection()
    os.chdir(store)
    assert run("merge", "history", "-o", "one.parquet", cwd=store).code == 0
    db.execute("COPY (SELECT * REPLACE (3::BIGINT AS format) FROM 'one.parquet') TO 'newer.parquet' (FORMAT parquet)")
    done = run("show", "newer.parquet", cwd=store)
    assert done.code == 2 and "has the format 3, and this release reads 1 to 2" in done.err
    golden = os.path.join(ROOT, "tests", "golden", "profile-format-1.parquet")
    assert run("show", golden, cwd=store).out.startswith("2,000 rows, 4 columns\n")
    db.execute("COPY (SELECT * REPLACE (min - 1 AS min) FROM 'one.parquet') TO 'edited.parquet' (FORMAT parquet)")
    done = run("show", "edited.parquet", cwd=store)
    assert done.code == 2 and "its check does not fit" in done.err
    for path in ("history/plan.parquet", "history/windows/2001-01-03.1d.parquet"):
        done = run("show", path, cwd=store)
        assert done.code == 2 and "name the store" in done.err


def test_what_is_no_store(store):
    (store / "history" / "windows" / "notes.txt").write_text("x")
    done = run("show", "history", cwd=store)
    assert done.code == 2 and "notes.txt: is no window of a store" in done.err
    (store / "history" / "windows" / "notes.txt").unlink()
    shutil.copy(store / "history" / "windows" / "2001-01-03.1d.parquet",
                store / "history" / "windows" / "2001-01-05.1d.parquet")
    done = run("show", "history", cwd=store)
    assert done.code == 2 and "does not hold the window that its name says" in done.err
    done = run("profile", "days/*.csv", "--every", "1d", "-o", "days/", cwd=store)
    assert done.code == 2 and "is there and is no store of profiles" in done.err
    done = run("profile", "history", "-o", "x.parquet", cwd=store)
    assert done.code == 2 and "is a profile, not data" in done.err


# ---- one at a time, and stopped -------------------------------------------------------------------------------------

def test_one_process_fills_a_store_at_a_time(store):
    lock = os.open(store / "history", os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    done = run("profile", "days/2001-01-03.csv", "-o", "history", cwd=store)
    os.close(lock)
    assert done.code == 2 and "another process fills this store" in done.err
    assert run("profile", "days/2001-01-03.csv", "-o", "history", cwd=store).code == 0


def test_a_run_that_is_killed_leaves_whole_windows(store):
    before = {name: (store / "history" / "windows" / name).read_bytes()
              for name in os.listdir(store / "history" / "windows")}
    for delay in (0.02, 0.06, 0.1, 0.15, 0.2, 0.3):
        process = subprocess.Popen([TEND, "profile", "all.csv", "-o", "history", "-q"], cwd=store,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment())
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        now = {name: (store / "history" / "windows" / name).read_bytes()
               for name in os.listdir(store / "history" / "windows")}
        assert now == before  # the rows are the same, so each window is what it was, whole
        assert run("show", "history", cwd=store).code == 0
    assert run("profile", "all.csv", "-o", "history", cwd=store).code == 0
    assert not (store / "history" / ".staging").exists()


def test_memory_does_not_grow_with_the_windows(tmp_path):
    peaks = []
    for count in (3000, 60000):
        write_csv(tmp_path / f"{count}.csv", flights(count, minutes=3), NO_ID)
        words = ["profile", f"{count}.csv", "--every", "1d", "--segment", "origin", "-o", f"s{count}/", "-q"]
        subprocess.run([TEND, *words], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL, env=environment())
        peaks.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    assert peaks[1] < peaks[0] + 150 * 1024, peaks


# ---- real flights ---------------------------------------------------------------------------------------------------

@pytest.mark.skipif(not os.path.exists(FLIGHTS),
                    reason="there is no .deps/data/flights-3m.parquet (tools/setup fetches it)")
def test_real_flights_by_day_and_origin(tmp_path):
    db = duckdb_connection()
    os.makedirs(tmp_path / "days")
    for day in (1, 2, 3, 5, 6):
        db.execute(f"COPY (SELECT * FROM '{FLIGHTS}' WHERE date::DATE = DATE '2001-01-{day:02d}') "
                   f"TO '{tmp_path}/days/{day:02d}.parquet' (FORMAT parquet)")
    done = run("profile", "days", "--every", "1d", "--segment", "origin", "-o", "h/", "--json", cwd=tmp_path)
    assert done.code == 0, done.err
    assert done.json()["store"]["missing"] == 1 and done.json()["store"]["segments"] == 21
    assert run("merge", "h", "-o", "merged.parquet", cwd=tmp_path).code == 0
    assert run("profile", "days", "--plan", "h", "--since", "2001-01-01", "--until", "2001-01-07", "-o",
               "whole.parquet", cwd=tmp_path).code == 0
    assert (tmp_path / "merged.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    ours = db.execute(f"SELECT segment_value, sum(row_count)::BIGINT FROM '{tmp_path}/h/windows/*.parquet' "
                      "WHERE name = 'delay' AND segment_value IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1").fetchall()
    theirs = db.execute(f"SELECT origin, count(*) FROM '{tmp_path}/days/*.parquet' GROUP BY 1 ORDER BY 2 DESC, 1 "
                        "LIMIT 20").fetchall()
    assert ours == theirs
