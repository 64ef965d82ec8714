"""test_results.py: profiles, checks and values: what they say, how they are kept, and that they equal the program's."""
import datetime
import json
import math
import os
import pickle
import random
import subprocess
import sys
import threading
import time

import conftest
import duckdb
import numpy
import pandas
import polars
import pyarrow
import pyarrow.compute
import pyarrow.parquet
import pytest
import tend

MONTH = "date >= TIMESTAMP '2001-{0:02}-01' AND date < TIMESTAMP '2001-{1:02}-01'"


def numbers(count, scale=1.0, shift=0.0):
    """The same numbers every time, spread over 0 .. 1000."""
    return [(i * 7919 % 1000 + i % 7 / 7) * scale + shift for i in range(count)]


# ---- profiles --------------------------------------------------------------------------------------------------------


def test_a_profile_knows_counts_moments_and_quantiles():
    values = numpy.array(numbers(5000))
    profile = tend.profile({"x": values, "t": ["a", "b"] * 2500})
    column = profile["x"]
    assert column["mean"] == pytest.approx(values.mean(), rel=1e-15)
    assert column["sd"] == pytest.approx(values.std(ddof=1), rel=1e-14)
    assert (column["min"], column["max"]) == (values.min(), values.max())
    width = 1000 / 32 * 2  # a bin holds about a thirty-second of the values
    assert profile.quantile("x", 0.5) == pytest.approx(numpy.quantile(values, 0.5), abs=width)
    assert math.isnan(profile.quantile("t", 0.5))
    with pytest.raises(KeyError):
        profile.quantile("nope", 0.5)
    with pytest.raises(KeyError):
        profile["nope"]
    with pytest.raises(TypeError):
        hash(profile)


def test_parts_by_one_reference_add_up_to_the_whole():
    values = numbers(3000)
    whole = tend.profile({"x": values})
    parts = [tend.profile({"x": values[i::3]}, like=whole) for i in range(3)]
    assert parts[0].merge(parts[1], parts[2]) == whole
    assert parts[2] + parts[0] + parts[1] == whole
    with pytest.raises(tend.DataTypeError, match="'x'"):
        whole.merge(tend.profile({"x": [1, 2, 3]}))
    with pytest.raises(TypeError, match="not with a dict"):
        whole.merge({})
    with pytest.raises(TypeError, match="like="):
        tend.profile({"x": [1]}, like={})


def test_a_profile_is_pickled():
    profile = tend.profile({"x": numbers(100)})
    assert pickle.loads(pickle.dumps(profile)) == profile


@pytest.mark.parametrize("name", ["p.parquet", "p.tend"])
def test_a_profile_is_written_and_read(tmp_path, name):
    profile = tend.profile({"x": numbers(100), "t": ["a", None] * 50})
    path = tmp_path / name
    profile.write(path)
    assert tend.read_profile(path) == profile
    assert tend.read_profile(path.read_bytes()) == profile
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("missing", [("pyarrow",), ("pyarrow", "polars"), ("pyarrow", "duckdb")])
def test_parquet_is_read_and_written_by_whatever_is_there(tmp_path, monkeypatch, missing):
    profile = tend.profile({"x": numbers(100), "t": ["a", None] * 50})
    path = tmp_path / "p.parquet"
    with monkeypatch.context() as patch:
        for name in missing:
            patch.setitem(__import__("sys").modules, name, None)
            patch.setitem(__import__("sys").modules, f"{name}.parquet", None)
        profile.write(path)
        assert tend.read_profile(path) == profile
        assert tend.read_profile(path.read_bytes()) == profile
    assert tend.read_profile(path) == profile


def test_without_a_parquet_library_the_error_says_which(tmp_path, plain):
    path = tmp_path / "p.parquet"
    with pytest.raises(ImportError, match="pyarrow, duckdb or polars"):
        tend.profile({"x": [1]}).write(path)
    path.write_bytes(b"PAR1 and so on")
    with pytest.raises(ImportError, match="pyarrow, duckdb or polars"):
        tend.read_profile(path)
    assert os.listdir(tmp_path) == ["p.parquet"]


def test_damaged_profiles_are_refused(tmp_path):
    data = tend.profile({"x": numbers(100)}).to_bytes()
    with pytest.raises(tend.Error, match="damaged") as refused:
        tend.read_profile(data[:-1])
    assert refused.value.code == "ECORRUPT"
    path = tmp_path / "p.tend"
    path.write_bytes(data[:40] + b"x" + data[41:])
    with pytest.raises(tend.Error, match="p.tend: .*damaged"):
        tend.read_profile(path)
    pyarrow.parquet.write_table(pyarrow.table({"x": [1]}), tmp_path / "other.parquet")
    with pytest.raises(tend.Error, match="other.parquet"):
        tend.read_profile(tmp_path / "other.parquet")
    with pytest.raises(FileNotFoundError):
        tend.read_profile(tmp_path / "nope")


def test_a_profile_is_a_table_for_everybody_who_reads_arrow():
    profile = tend.profile({"x": numbers(100), "t": ["a", None] * 50})
    table = pyarrow.table(profile)
    assert table["name"].to_pylist() == ["x", "t"]
    assert table["null_count"].to_pylist() == [0, 50]
    assert pyarrow.table(profile) == table
    assert polars.DataFrame(profile)["name"].to_list() == ["x", "t"]
    connection = duckdb.connect()
    connection.register("p", profile)
    assert connection.sql("SELECT name FROM p WHERE null_count > 0").fetchall() == [("t",)]
    frame = profile.to_pandas()
    assert list(frame.index) == ["x", "t"] and frame.loc["t", "nulls"] == 50 and "p50" in frame


# ---- checks ----------------------------------------------------------------------------------------------------------


def test_a_check_finds_drift_and_breaks_and_nothing_where_nothing_is():
    reference = pandas.DataFrame({"x": numbers(4000), "y": numbers(4000), "t": ["a", "b"] * 2000})
    assert tend.check(reference, reference).ok
    moved = reference.assign(x=numbers(4000, 0.5, 300))
    check = tend.check(reference, moved, names=("may", "june"))
    assert check.verdict in ("drift", "break") and check.drifted == ["x"] and not check.ok
    document = check.to_dict()
    assert document["schema"] == "tend.check/1" and document["current"]["data"] == "june"
    frame = check.to_pandas()
    assert frame.loc["x", "drifted"] and not frame.loc["y", "drifted"] and frame.loc["x", "reference_nulls"] == 0
    assert "x" in str(check) and "1 of 3 columns drifted" in repr(check)
    document["columns"].clear()
    assert check.columns, "the caller's changes are the caller's"


def test_profiles_are_checked_as_tables_are():
    reference, current = {"x": numbers(4000)}, {"x": numbers(1000, 0.7)}
    by_rows = tend.check(reference, current)
    by_profiles = tend.check(by_rows.reference, tend.profile(current, like=by_rows.reference))
    assert by_profiles.columns == by_rows.columns
    assert tend.check(by_rows.reference, current).columns == by_rows.columns
    with pytest.raises(tend.DataTypeError, match="plan"):
        tend.check(tend.profile(reference), tend.profile(current))


def test_options_are_taken_and_checked():
    start = datetime.datetime(2001, 1, 1)
    reference = {"x": numbers(4000), "id": list(range(4000)),
                 "at": [start + datetime.timedelta(minutes=10 * i) for i in range(4000)]}
    current = {"x": numbers(500, 1.2), "id": [7] * 500,
               "at": [start + datetime.timedelta(days=30, minutes=10 * i) for i in range(500)]}
    check = tend.check(reference, current, time="at", id="id", window="3d", now=start + datetime.timedelta(days=31))
    document = check.to_dict()
    assert document["current"]["duplicates"] == 499
    assert document["current"]["future"] == 500 - 145  # six rows an hour until now itself
    assert document["history_windows"] > 3
    assert [column["name"] for column in document["columns"]] == ["x", "at"]
    assert tend.check(reference, current, columns=["x"], tolerance=0.001).drifted == ["x"]
    assert tend.check(reference, current, columns=["x"], tolerance=0.5).drifted == []
    assert not tend.check(reference, current, columns=["x"], min_rows=501).columns[0]["judged"]
    for wrong in ({"fdr": 0}, {"fdr": 2}, {"tolerance": -1}, {"bins": -1}, {"min_rows": "x"}, {"window": "soon"},
                  {"window": "d"}, {"bins": 99999}):
        with pytest.raises(tend.Error):
            tend.check(reference, current, **wrong)


def test_pages_are_whole_and_stay_in_their_frame_in_a_notebook():
    check = tend.check({"<b>": numbers(500)}, {"<b>": numbers(500, 2)})
    assert check.to_html().rstrip().endswith("</html>") and "<b>" not in check.to_html().replace("&lt;b&gt;", "")
    for shown in (check._repr_html_(), check.reference._repr_html_()):
        assert shown.startswith('<iframe srcdoc="') and shown.count('"') == 6
    assert tend.profile({"x": [1]}).to_html().rstrip().endswith("</html>")


# ---- values ----------------------------------------------------------------------------------------------------------


def test_values_row_by_row_and_in_sum():
    frame = pandas.DataFrame({"p": [0.9, 0.1, 0.7, 0.2], "late": [True, False, None, True],
                              "cost": [3.0, 0.0, 4.0, 0.0]})
    expr = "case when warned and late then 30 when warned then -cost when late then 1 / cost else 0 end"
    value = tend.value(frame, expr, warned="p > 0.5")
    assert (value.rows, value.values, value.nulls, value.failed) == (4, 3, 0, 1)
    assert value.failures == {"division by zero": 1}
    assert (value.sum, value.mean, value.min, value.max) == (26, 26 / 3, -4, 30)
    assert value.to_pandas()["value"].tolist()[:3] == [30, 0, -4]
    assert value.to_pandas()["failure"].tolist()[3] == "division by zero"
    numpy.testing.assert_array_equal(value.to_numpy(), [30, 0, -4, numpy.nan])
    assert pyarrow.table(value)["value"].to_pylist() == [30, 0, -4, None]
    assert polars.DataFrame(value)["failure"].null_count() == 3
    assert value.to_dict()["failures"] == {"division by zero": 1}
    assert "30" in value.to_html() and "division by zero" in value._repr_html_()


def test_values_of_every_type():
    data = {"x": [1, None, 3], "t": ["a", "bb", None], "at": [datetime.datetime(2001, 1, 1), None, None]}
    assert tend.value(data, "x > 2").to_numpy().tolist()[::2] == [0, 1]
    assert tend.value(data, "x > 2").sum == 1
    assert pyarrow.table(tend.value(data, "upper(t)"))["value"].to_pylist() == ["A", "BB", None]
    assert pyarrow.table(tend.value(data, "at"))["value"].to_pylist()[0].year == 2001
    assert math.isnan(tend.value(data, "t").sum) and tend.value(data, "t").to_dict()["sum"] is None
    with pytest.raises(tend.Error, match="a text"):
        tend.value(data, "t").to_numpy()
    assert tend.value(data, "NULL").nulls == 3


def test_a_value_without_pyarrow_is_the_same(plain):
    value = tend.value({"a": [1.0, 0.0, 4.0]}, "1 / a")
    frame = value.to_pandas()
    assert frame["value"].tolist()[::2] == [1, 0.25] and math.isnan(frame["value"][1])
    assert frame["failure"][1] == "division by zero" and frame["failure"].isna().tolist() == [True, False, True]


def test_values_outlive_their_result():
    table = pyarrow.table(tend.value({"a": [1.0, 2.0]}, "a * 2"))
    array = tend.value({"a": numpy.arange(10000.0)}, "a").to_numpy()
    assert table["value"].to_pylist() == [2, 4] and array.sum() == 49995000


@pytest.mark.parametrize("expr, column, words", [
    ("x +", 4, "expression"), ("nope * 2", 1, "nope"), ("x + 'a'", 0, "text"), ("", 0, "expression")])
def test_faults_of_expressions_say_where(expr, column, words):
    with pytest.raises(tend.Error, match=words) as refused:
        tend.value({"x": [1]}, expr)
    assert refused.value.code in ("ESYNTAX", "ENOTFOUND", "ETYPE")
    assert column in (0, refused.value.column)
    with pytest.raises(TypeError):
        tend.value({"x": [1]}, 5)
    with pytest.raises(tend.Error, match="^d: "):
        tend.value({"x": [1]}, "d", d="x +")


# ---- threads ---------------------------------------------------------------------------------------------------------


def test_the_interpreter_goes_on_while_tend_computes():
    """Another thread counts while a large profile is made: with the lock held it could not at all."""
    values = {f"x{i}": numpy.arange(400000.0) * 1.7 % 1000 for i in range(8)}
    counted, done = 0, threading.Event()
    work = threading.Thread(target=lambda: (tend.profile(values), done.set()))
    work.start()
    while not done.is_set():
        counted += 1
        time.sleep(0.0005)
    work.join()
    assert counted > 5


def test_threads_share_tables_and_profiles():
    table = pyarrow.table({"x": numbers(20000)})
    expected = tend.profile(table)
    results = [None] * 4

    def work(i):
        results[i] = tend.profile(table, like=expected)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(result == expected for result in results)


# ---- the program -----------------------------------------------------------------------------------------------------


def comparable(document):
    """A check without what names its inputs, and without what only the program's configuration adds."""
    for side in ("reference", "current"):
        document[side] = {"rows": document[side]["rows"]}
    document.pop("config_hash", None)
    return document


def test_a_check_equals_the_programs(program, flights, tmp_path):
    """January against June: to the last digit, from DuckDB, PyArrow, Polars and pandas, and from profiles."""
    connection = duckdb.connect()
    for name, first in (("jan", 1), ("jun", 6)):
        connection.execute(f"COPY (SELECT * FROM '{flights}' WHERE {MONTH.format(first, first + 1)}) "
                           f"TO '{tmp_path}/{name}.parquet' (FORMAT parquet)")

    def checked(reference):
        done = subprocess.run([program, "check", reference, "jun.parquet", "--json"], cwd=tmp_path,
                              stdout=subprocess.PIPE, check=False)
        assert done.returncode in (0, 1)
        return comparable(json.loads(done.stdout))

    expected = checked("jan.parquet")
    paths = [str(tmp_path / f"{name}.parquet") for name in ("jan", "jun")]
    tables = [pyarrow.parquet.read_table(path) for path in paths]
    sources = {
        "pyarrow": tables,
        "duckdb": [connection.from_parquet(path) for path in paths],
        "polars": [polars.read_parquet(path) for path in paths],
        "pandas": [table.to_pandas() for table in tables],
    }
    for name, (reference, current) in sources.items():
        assert comparable(tend.check(reference, current).to_dict()) == expected, name
    subprocess.run([program, "profile", "jan.parquet", "-o", "jan.profile.parquet"], cwd=tmp_path, check=True,
                   stdout=subprocess.DEVNULL)
    kept = tend.read_profile(tmp_path / "jan.profile.parquet")
    assert kept.to_dict()["columns"] == tend.profile(tables[0]).to_dict()["columns"]
    assert comparable(tend.check(kept, tables[1]).to_dict()) == checked("jan.profile.parquet")


def test_the_program_reads_profiles_that_python_wrote(program, tmp_path):
    profile = tend.profile({"x": numbers(1000), "t": ["a", None] * 500})
    profile.write(tmp_path / "p.parquet")
    done = subprocess.run([program, "show", "p.parquet", "--json"], cwd=tmp_path, stdout=subprocess.PIPE, check=True)
    shown = json.loads(done.stdout)
    assert shown["columns"] == profile.to_dict()["columns"]


def test_the_example_runs(flights, tmp_path):
    page = tmp_path / "report.html"
    script = os.path.join(conftest.ROOT, "examples", "python", "flights.py")
    done = subprocess.run([sys.executable, script, flights, str(page)],
                          env=dict(os.environ, PYTHONPATH=conftest.SITE), stdout=subprocess.PIPE, text=True, check=True)
    assert "<tend.Profile of 508,239 rows" in done.stdout and "June was worth" in done.stdout
    assert page.read_text(encoding="utf-8").rstrip().endswith("</html>")


def test_a_label_that_was_inverted_is_named_where_label_and_score_are():
    chance = random.Random(3)

    def rows(count, is_inverted):
        scores = [chance.random() for _ in range(count)]
        labels = [float((chance.random() < score) != is_inverted) for score in scores]
        return {"score": scores, "late": labels}

    reference, current = rows(4000, False), rows(2000, True)
    found = tend.check(reference, current, label="late", score="score").breaks
    assert [(one["kind"], one["columns"]) for one in found] == [("label_break", ["late"])]
    assert tend.check(reference, current).breaks == []


def test_whole_numbers_of_64_bits_are_kept_and_read():
    """Beyond 2^53 a number is counted whole, between two doubles."""
    values = numpy.array([2**53 + 1, 2**60 + 1, 2**60 - 1, 2**62 + 7, -(2**61) - 1], dtype="int64")
    for data in (values, values[:1], values[3:], values.astype("uint64")[:4]):
        profile = tend.profile({"x": data})
        assert tend.read_profile(profile.to_bytes()) == profile
        assert tend.profile({"x": data}, like=profile) == profile
