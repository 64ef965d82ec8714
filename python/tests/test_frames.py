"""test_frames.py: every kind of table gives the profile of the same rows, and what is no table is refused by name."""
import array
import datetime
import decimal
import sys

import duckdb
import numpy
import pandas
import polars
import pyarrow
import pytest
import tend

ROWS = 3001
LONG = "a category with a name that is longer than twelve bytes, ö and 漢字"
START = datetime.datetime(2001, 1, 1)


def columns():
    """Numbers with nulls, integers, bools, texts, times: lists."""
    return {
        "x": [None if i % 7 == 0 else (i * 7919 % 1000) / 8 for i in range(ROWS)],
        "n": [i * 31 % 50 for i in range(ROWS)],
        "b": [i % 3 == 0 for i in range(ROWS)],
        "t": [None if i % 11 == 0 else ("a", "b", LONG, "")[i * i % 4] for i in range(ROWS)],
        "at": [None if i % 13 == 0 else START + datetime.timedelta(minutes=17 * i) for i in range(ROWS)],
    }


def arrow():
    return pyarrow.table(columns())


def with_views():
    table = arrow()
    return table.set_column(3, "t", table["t"].cast(pyarrow.string_view()))


def chunked():
    table = arrow()
    return pyarrow.concat_tables([table[:1], table[1:1], table[1:1500], table[1500:]])


def pandas_numpy():
    """Object columns and NaN, as pandas had them for years."""
    data = columns()
    frame = pandas.DataFrame({"x": numpy.array(data["x"], dtype="float64"), "n": data["n"], "b": data["b"]})
    frame["t"] = pandas.Series(data["t"], dtype=object)
    frame["at"] = pandas.to_datetime(pandas.Series(data["at"]))
    return frame


def pandas_filtered():
    """An index that is no range, and columns that are slices of one array."""
    frame = pandas_numpy()
    return pandas.concat([frame, frame])[:ROWS].set_index(numpy.arange(ROWS)[::-1])


def numpy_dict():
    data = columns()
    return {"x": numpy.ma.masked_invalid(numpy.array(data["x"], dtype="float64")),
            "n": numpy.array(data["n"], dtype="int16"), "b": numpy.array(data["b"]),
            "t": numpy.array(data["t"], dtype=object),
            "at": numpy.array(data["at"], dtype="datetime64[us]")}


MAKERS = {
    "lists": columns,
    "pyarrow table": arrow,
    "pyarrow batch": lambda: arrow().combine_chunks().to_batches()[0],
    "pyarrow reader": lambda: arrow().to_reader(500),
    "string views": with_views,
    "large strings": lambda: arrow().cast(pyarrow.schema([*list(arrow().schema)[:3], ("t", pyarrow.large_string()),
                                                          list(arrow().schema)[4]])),
    "chunks": chunked,
    "slices": lambda: pyarrow.concat_tables([arrow()[:5], arrow()])[5:],
    "dictionary": lambda: arrow().set_column(3, "t", arrow()["t"].dictionary_encode()),
    "zones": lambda: arrow().set_column(4, "at", arrow()["at"].cast(pyarrow.timestamp("ns", "Europe/Berlin"))),
    "polars": lambda: polars.DataFrame(columns()),
    "polars lazy": lambda: polars.DataFrame(columns()).lazy(),
    "polars categorical": lambda: polars.DataFrame(columns()).with_columns(polars.col("t").cast(polars.Categorical)),
    "pandas": lambda: pandas.DataFrame(columns()),
    "pandas numpy": pandas_numpy,
    "pandas filtered": pandas_filtered,
    "pandas categorical": lambda: pandas_numpy().astype({"t": "category"}),
    "pandas arrow": lambda: arrow().to_pandas(types_mapper=pandas.ArrowDtype),
    "pandas nullable": lambda: pandas_numpy().convert_dtypes(),
    "numpy": numpy_dict,
}


@pytest.fixture(scope="module")
def expected():
    return tend.profile(arrow())


@pytest.mark.parametrize("name", MAKERS)
def test_the_same_rows_give_the_same_profile(name, expected):
    assert tend.profile(MAKERS[name]()) == expected


@pytest.mark.parametrize("name", ["pandas numpy", "pandas filtered", "pandas categorical", "pandas nullable", "pandas"])
def test_pandas_without_pyarrow_gives_the_same_profile(name, expected, monkeypatch):
    data = MAKERS[name]()
    for module in ("pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, module, None)
    assert tend.profile(data) == expected


def test_a_duckdb_relation_is_read_once_for_each_pass(expected):
    connection = duckdb.connect()
    connection.register("frame", arrow())
    relation = connection.sql("SELECT * FROM frame")
    assert tend.profile(relation) == expected
    assert tend.check(relation, arrow()).verdict == "ok"
    large = connection.sql("SELECT i AS x FROM range(300000) r(i)")  # more values than one pass keeps
    assert tend.profile(large).rows == 300000
    with pytest.raises(duckdb.Error, match="nope"):
        tend.profile(connection.sql("SELECT * FROM frame").filter("nope > 1"))


def test_a_stream_that_can_be_read_once_is_collected(expected):
    assert tend.check(arrow().to_reader(700), arrow().to_reader(100)).reference == expected
    taken = arrow().to_reader(700)
    taken.read_all()
    with pytest.raises(tend.Error, match="no rows"):
        tend.profile(taken)


def test_decimals_are_numbers():
    exact = [decimal.Decimal(i * 7919 % 100000) / 100 for i in range(2000)]
    floats = tend.profile({"x": [float(value) for value in exact]})
    for kind in (pyarrow.decimal128(20, 2), pyarrow.decimal256(50, 2), pyarrow.decimal64(12, 2),
                 pyarrow.decimal32(8, 2)):
        assert tend.profile(pyarrow.table({"x": pyarrow.array(exact, kind)})) == floats
    assert tend.profile(polars.DataFrame({"x": exact})) == floats
    assert tend.profile(pandas.DataFrame({"x": pandas.Series(exact, dtype=object)})) == floats
    assert tend.profile({"x": exact}) == floats


def test_every_number_type_of_numpy_is_read_as_its_values():
    values = [0, 1, 5, 100, 7, 7]
    expected = tend.profile({"x": values})
    for kind in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "g", ">i4", ">f8"):
        assert tend.profile({"x": numpy.array(values, dtype=kind)}) == expected, kind
    assert tend.profile({"x": numpy.array([[value, 0] for value in values])[:, 0]}) == expected  # strided
    assert tend.profile({"x": array.array("d", values)}) == expected
    assert tend.profile({"x": array.array("q", values)}) == expected


def test_rows_of_matrices_are_vectors():
    matrix = numpy.arange(1200.0).reshape(400, 3) % 17
    expected = tend.profile(pyarrow.table({"v": pyarrow.FixedSizeListArray.from_arrays(matrix.ravel(), 3)}))
    assert expected["v"]["kind"] == "vector"
    for data in (matrix, matrix.T.copy().T):
        assert tend.profile({"v": data}) == expected
    assert tend.profile(polars.DataFrame({"v": polars.Series(matrix.tolist(), dtype=polars.Array(polars.Float64, 3))})
                        ) == expected
    small = pyarrow.FixedSizeListArray.from_arrays(matrix.astype("float32").ravel(), 3)
    assert tend.profile({"v": matrix.astype("float32")}) == tend.profile(pyarrow.table({"v": small}))


def test_times_of_every_unit_are_the_same_times():
    stamps = numpy.array(["2001-01-01T10", "2001-06-01T11", "NaT"], dtype="datetime64[h]")
    expected = tend.profile({"at": [datetime.datetime(2001, 1, 1, 10), datetime.datetime(2001, 6, 1, 11), None]})
    for unit in ("h", "m", "s", "ms", "us", "ns"):
        assert tend.profile({"at": stamps.astype(f"datetime64[{unit}]")}) == expected
    zoned = pandas.Series(stamps.astype("datetime64[ns]")).dt.tz_localize("UTC").dt.tz_convert("America/New_York")
    assert tend.profile(pandas.DataFrame({"at": zoned})) == expected
    days = [datetime.date(2001, 1, 1), None, datetime.date(1969, 12, 31)]
    assert tend.profile({"d": days}) == tend.profile(pyarrow.table({"d": days}))


def test_times_with_zones_without_pyarrow(plain):
    stamps = pandas.Series(pandas.to_datetime(["2001-01-01T10:00", None])).dt.tz_localize("UTC")
    expected = tend.profile({"at": [datetime.datetime(2001, 1, 1, 10), None]})
    assert tend.profile(pandas.DataFrame({"at": stamps.dt.tz_convert("Asia/Tokyo")})) == expected


def test_nan_is_null_in_pandas_and_a_value_in_numpy():
    assert tend.profile(pandas.DataFrame({"x": [1.0, float("nan")]}))["x"]["nulls"] == 1
    column = tend.profile({"x": numpy.array([1.0, numpy.nan])})["x"]
    assert (column["nulls"], column["nan"]) == (0, 1)


def test_float32_of_pandas_without_pyarrow(plain):
    frame = pandas.DataFrame({"x": numpy.array([1, numpy.nan, 3], dtype="float32")})
    assert tend.profile(frame)["x"]["nulls"] == 1


@pytest.mark.parametrize("name", ["a.b", 'say "x"', "two\nlines", "naïve 漢字 🙂", " ", "", "x" * 5000, "';--", "%s"])
def test_columns_of_any_name(name):
    data = {name: [1.0, 2.0, 2.0], "other": ["a", "b", "b"]}
    for table in (data, pyarrow.table(data), polars.DataFrame(data), pandas.DataFrame(data)):
        profile = tend.profile(table)
        assert profile.columns == [name, "other"]
        assert tend.read_profile(profile.to_bytes()) == profile
        assert tend.check(table, table).columns[0]["name"] == name


def test_a_name_with_a_zero_byte_is_refused():
    with pytest.raises(tend.Error, match="zero byte"):
        tend.profile({"a\0b": [1]})


def test_names_that_are_no_texts_become_texts():
    assert tend.profile(pandas.DataFrame({7: [1, 2], (1, "a"): [3, 4]})).columns == ["7", "(1, 'a')"]
    assert tend.profile({7: [1, 2]}).columns == ["7"]


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(tend.Error, match="'x'"):
        tend.profile(pandas.DataFrame([[1, 2]], columns=["x", "x"]))


NESTED = {
    "list": pyarrow.array([["a"], None]),
    "struct": pyarrow.array([{"a": 1}, None]),
    "binary": pyarrow.array([b"x", None]),
    "duration": pyarrow.array([datetime.timedelta(1), None]),
    "time of day": pyarrow.array([datetime.time(1), None]),
    "map": pyarrow.array([[("k", 1)], None], pyarrow.map_(pyarrow.string(), pyarrow.int64())),
}


@pytest.mark.parametrize("kind", NESTED)
def test_other_types_are_refused_by_name_and_can_be_left_out(kind):
    table = pyarrow.table({"x": [1.0, 2.0], "tags": NESTED[kind]})
    with pytest.raises(tend.DataTypeError, match=f"'tags' is .*{kind}") as refused:
        tend.profile(table)
    assert isinstance(refused.value, TypeError) and refused.value.code == "ETYPE"
    assert tend.profile(table, columns=["x"]) == tend.profile({"x": [1.0, 2.0]})


def test_columns_are_selected_in_the_order_asked_for():
    table = {"a": [1, 2], "b": ["x", "y"], "c": [True, False]}
    for data in (table, pyarrow.table(table), pandas.DataFrame(table), polars.DataFrame(table)):
        assert tend.profile(data, columns=["c", "a"]).columns == ["c", "a"]
        with pytest.raises(tend.Error, match="no column 'nope'"):
            tend.profile(data, columns=["a", "nope"])
    with pytest.raises(TypeError, match="list of names"):
        tend.profile(table, columns="a")


@pytest.mark.parametrize("data, words", [
    ("data.parquet", "read the file first"),
    (b"data", "is no table"),
    (7, "a int is no table"),
    ([1, 2], "a list is no table"),
    ({"x": [1, 2], "y": [1]}, "'y' has 1 rows"),
    ({"x": [1, "a"]}, "column 'x': row 0"),
    ({"x": [object()]}, "'x' holds object"),
    ({"x": [1, datetime.date(2001, 1, 1)]}, "'x' holds date and int"),
    ({"x": numpy.zeros((2, 2), dtype="int64")}, "'x' has 2 dimensions"),
    ({"x": numpy.zeros((2, 2, 2))}, "'x' has 3 dimensions"),
    ({"x": numpy.zeros((2, 0))}, "'x'"),
    ({"x": numpy.zeros(2, dtype="complex128")}, "'x' has the numpy type complex128"),
    ({"x": numpy.zeros(2, dtype="timedelta64[s]")}, "'x' has the numpy type timedelta64"),
    ({"x": 5}, "'x' is a int"),
    ({}, "no columns"),
    (pandas.DataFrame({"x": [1, "a"]}, dtype=object), "'x'"),
    (pandas.DataFrame(), "no columns|0 columns"),
    (polars.DataFrame(), "0 columns"),
    (pandas.DataFrame({"x": []}), "no rows"),
    ({"x": []}, "no rows"),
], ids=repr)
def test_what_is_no_table_is_refused(data, words):
    with pytest.raises((tend.Error, TypeError), match=words):
        tend.profile(data)


def test_data_stay_alive_as_long_as_they_are_read():
    """The memory of arrays that nobody else holds is kept until the rows are freed, and no longer."""
    values = numpy.arange(1000.0)
    before = sys.getrefcount(values)
    rows = tend._frames.rows_of({"x": values})
    assert sys.getrefcount(values) > before
    del rows
    assert sys.getrefcount(values) == before


def test_numbers_are_not_copied():
    """A column of float64 is read where it lies."""
    values = numpy.arange(1000.0)
    column = tend._frames.array_column("x", values, nan_is_null=False)
    assert column[2] == (None, values.__array_interface__["data"][0])


def test_an_opener_that_raises_raises_through():
    class Broken:
        calls = 0

        def __arrow_c_stream__(self, requested_schema=None):
            Broken.calls += 1
            if Broken.calls > 1:
                raise KeyError("gone")
            return pyarrow.table({"x": [1, 2]}).__arrow_c_stream__()

    rows = tend._tend.rows_from_opener(Broken().__arrow_c_stream__)
    with pytest.raises(KeyError, match="gone"):
        tend._tend.profile_from_rows(rows, 0, 0)
