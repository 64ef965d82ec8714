"""_results.py: what tend finds out, as objects: Profile, Check and Value."""
from __future__ import annotations

import os

from . import _tend
from ._tend import Error

MAGIC = b"TENDTBL\0"
PARQUET_MAGIC = b"PAR1"


def parse(text):
    """A JSON document as Python objects."""
    import json

    return json.loads(text)


def framed(page, height=640):
    """A page inside a notebook's page: its style touches nothing else."""
    inner = page.replace("&", "&amp;").replace('"', "&quot;")
    return f'<iframe srcdoc="{inner}" style="width:100%;height:{height}px;border:0" title="tend"></iframe>'


def import_pandas(what):
    """pandas, or an error that says what wanted it."""
    try:
        import pandas
    except ImportError as error:
        raise ImportError(f"{what} needs pandas, which is not installed") from error
    return pandas


class Profile:
    """The mergeable summary of a set of rows: exact counts at the cut points, atoms and categories of a reference.

    Made by :func:`tend.profile` and :func:`tend.read_profile`. Profiles of one reference add up exactly, whatever the
    division of the rows and their order. They can be pickled, and compared with ``==``.

    >>> import tend
    >>> p = tend.profile({"delay": [3.0, 5.0, None, 8.0], "origin": ["SFO", "LAX", "SFO", "SFO"]})
    >>> p.rows
    4
    >>> p.columns
    ['delay', 'origin']
    >>> p["delay"]["mean"], p["delay"]["nulls"]
    (5.333333333333333, 1)
    """

    __slots__ = ("_handle",)

    def __init__(self, handle):
        self._handle = handle

    @property
    def rows(self):
        """How many rows were profiled."""
        return _tend.profile_rows(self._handle)

    @property
    def columns(self):
        """The names of the columns."""
        return _tend.profile_names(self._handle)

    def __getitem__(self, name):
        """What is known of one column: name, kind, counts, moments, quantiles and cells."""
        for column in self.to_dict()["columns"]:
            if column["name"] == name:
                return {"name": name, "kind": column["kind"], **column["profile"], "cells": column["cells"]}
        raise KeyError(name)

    def quantile(self, name, p):
        """The ``p``-quantile of a number, within the width of the bin that it falls into; NaN for other columns.

        >>> import tend
        >>> tend.profile({"x": [1, 2, 3, 4, 5]}).quantile("x", 0.5)
        3.0
        """
        return _tend.profile_quantile(self._handle, name, p)

    def merge(self, *others):
        """The profile of all rows together. The others must be made with ``like=`` this one, or its own reference.

        >>> import tend
        >>> monday = tend.profile({"x": [1, 2, 3]})
        >>> tuesday = tend.profile({"x": [4, 5]}, like=monday)
        >>> monday.merge(tuesday).rows
        5
        """
        total = self._handle
        for other in others:
            if not isinstance(other, Profile):
                raise TypeError(f"a profile merges with profiles, not with a {type(other).__name__}")
            total = _tend.profile_merged(total, other._handle)
        return Profile(total)

    def __add__(self, other):
        return self.merge(other) if isinstance(other, Profile) else NotImplemented

    def to_bytes(self):
        """The profile as bytes with a checksum; equal profiles give equal bytes.

        >>> import tend
        >>> p = tend.profile({"x": [1, 2, 3]})
        >>> tend.read_profile(p.to_bytes()) == p
        True
        """
        return _tend.profile_to_bytes(self._handle)

    @classmethod
    def from_bytes(cls, data):
        """The profile of what :meth:`to_bytes` gave."""
        return cls(_tend.profile_from_bytes(bytes(data)))

    def write(self, path):
        """Writes a file that :func:`tend.read_profile` reads: Parquet where the name ends with ``.parquet``, which the
        program ``tend`` and DuckDB read too, else the bytes of :meth:`to_bytes`. Parquet needs pyarrow, DuckDB or
        Polars. The file appears whole or not at all.
        """
        path = os.fspath(path)
        partial = f"{path}.{os.getpid()}.part"
        try:
            if path.endswith(".parquet"):
                write_parquet(self, partial)
            else:
                with open(partial, "wb") as file:
                    file.write(self.to_bytes())
            os.replace(partial, path)
        finally:
            if os.path.exists(partial):
                os.unlink(partial)

    def to_dict(self):
        """The document of ``tend profile --json`` as Python objects."""
        return parse(_tend.profile_json(self._handle))

    def to_html(self):
        """One self-contained page."""
        return _tend.profile_html(self._handle)

    def _repr_html_(self):
        return framed(self.to_html(), 420)

    def to_pandas(self):
        """A DataFrame, a row for each column: counts, moments and quantiles."""
        pandas = import_pandas("to_pandas()")
        rows = []
        for column in self.to_dict()["columns"]:
            row = {"name": column["name"], "kind": column["kind"]}
            row.update({key: value for key, value in column["profile"].items() if not isinstance(value, (dict, list))})
            row.update(column["profile"].get("quantiles") or {})
            rows.append(row)
        return pandas.DataFrame(rows).set_index("name")

    def __arrow_c_stream__(self, requested_schema=None):
        """The table of docs/profile-format.md, for pyarrow, Polars, DuckDB and all that read Arrow."""
        return _tend.stream_of(*_tend.profile_to_arrow(self._handle))

    def __eq__(self, other):
        return self.to_bytes() == other.to_bytes() if isinstance(other, Profile) else NotImplemented

    __hash__ = None

    def __reduce__(self):
        return (Profile.from_bytes, (self.to_bytes(),))

    def __repr__(self):
        return f"<tend.Profile of {self.rows:,} rows, {len(self.columns)} columns>"


class Check:
    """Two sets of rows compared: which columns drifted, and what broke. Made by :func:`tend.check`.

    >>> import tend
    >>> miles = [float(i * 7919 % 500) for i in range(2000)]
    >>> check = tend.check({"distance": miles}, {"distance": [1.609344 * x for x in miles]})
    >>> check.verdict, check.drifted
    ('break', ['distance'])
    >>> check.breaks[0]["kind"], check.breaks[0]["columns"], check.breaks[0]["detail"]["factor"]
    ('unit_change', ['distance'], 1.609344)
    """

    __slots__ = ("_handle", "_document")

    def __init__(self, handle):
        self._handle = handle
        self._document = None

    def _parsed(self):
        if self._document is None:
            self._document = parse(_tend.check_json(self._handle))
        return self._document

    @property
    def verdict(self):
        """``"ok"``, ``"drift"`` (some column drifted) or ``"break"`` (some data break was found)."""
        return self._parsed()["verdict"]

    @property
    def ok(self):
        """Whether nothing was found."""
        return self.verdict == "ok"

    @property
    def drifted(self):
        """The names of the columns that drifted."""
        return [column["name"] for column in self._parsed()["columns"] if column["drifted"]]

    @property
    def breaks(self):
        """The data breaks, strongest first, as docs/check-json.md has them."""
        return self.to_dict()["breaks"]

    @property
    def columns(self):
        """What was found of each column, as docs/check-json.md has it."""
        return self.to_dict()["columns"]

    @property
    def reference(self):
        """The profile of the reference."""
        return Profile(_tend.check_profile(self._handle, True))

    @property
    def current(self):
        """The profile of the current rows, at the places of the reference."""
        return Profile(_tend.check_profile(self._handle, False))

    def to_dict(self):
        """The document of ``tend check --json`` as Python objects of the caller's own."""
        return parse(_tend.check_json(self._handle))

    def to_text(self, width=100):
        """What ``tend check`` prints."""
        return _tend.check_text(self._handle, width)

    def to_html(self):
        """One self-contained page: to be sent, opened, or shown in a notebook."""
        return _tend.check_html(self._handle)

    def _repr_html_(self):
        return framed(self.to_html())

    def to_pandas(self):
        """A DataFrame, a row for each column: verdict and distances, and what each side holds."""
        pandas = import_pandas("to_pandas()")
        rows = []
        for column in self._parsed()["columns"]:
            row = {key: value for key, value in column.items() if not isinstance(value, (dict, list))}
            for side in ("reference", "current"):
                row.update({f"{side}_{key}": value for key, value in column[side].items()
                            if not isinstance(value, (dict, list))})
            rows.append(row)
        return pandas.DataFrame(rows).set_index("name")

    def __str__(self):
        return self.to_text()

    def __repr__(self):
        document = self._parsed()
        return (f"<tend.Check: {self.verdict}, {len(self.drifted)} of {len(document['columns'])} columns drifted, "
                f"{len(document['breaks'])} breaks>")


class Value:
    """What each row is worth by an expression, and in sum. Made by :func:`tend.value`.

    >>> import tend
    >>> v = tend.value({"late": [True, False, False, None]}, "case when late then -10 else 2 end")
    >>> v.sum, v.rows
    (-4.0, 4)
    >>> v = tend.value({"a": [1.0, 0.0]}, "1 / a")
    >>> v.sum, v.failures
    (1.0, {'division by zero': 1})
    """

    __slots__ = ("_sums", "_table", "expression")

    def __init__(self, handle, expression):
        self._sums = _tend.value_sums(handle)
        self._table = _tend.value_to_arrow(handle)
        self.expression = expression

    @property
    def type(self):
        """``"number"``, ``"bool"``, ``"text"``, ``"time"`` or ``"null"``: the expression's."""
        return self._sums["type"]

    @property
    def rows(self):
        """All rows."""
        return self._sums["rows"]

    @property
    def values(self):
        """How many rows have a value."""
        return self._sums["values"]

    @property
    def nulls(self):
        """How many rows are NULL."""
        return self._sums["nulls"]

    @property
    def failed(self):
        """How many rows failed."""
        return self._sums["failed"]

    @property
    def failures(self):
        """How many rows failed for which reason."""
        return dict(self._sums["failures"])

    @property
    def sum(self):
        """The exact sum, rounded once: it does not depend on the order of the rows. NaN where there is none."""
        return self._sums["sum"]

    @property
    def mean(self):
        """Of the rows that have a value."""
        return self._sums["mean"]

    @property
    def min(self):
        """The least value."""
        return self._sums["min"]

    @property
    def max(self):
        """The greatest value."""
        return self._sums["max"]

    def to_dict(self):
        """The sums; a number that does not exist is None.

        >>> import tend
        >>> tend.value({"x": [1, 2]}, "x * 2").to_dict()["sum"]
        6.0
        """
        out = {"schema": "tend.python.value/1", "expression": self.expression}
        for key, value in self._sums.items():
            out[key] = dict(value) if isinstance(value, dict) else None if value != value else value
        return out

    def to_numpy(self):
        """The values of a number or bool as float64, NaN where a row has none."""
        import numpy

        if self.type not in ("number", "bool", "null"):
            raise Error(f"the expression gives a {self.type}; to_pandas() or Arrow have it")
        length, offset, valid, values, _ = _tend.array_buffers(self._table[1])[0]
        if self.type == "bool":
            out = bits_at(numpy, values, length, self).astype("float64")
        else:
            out = numpy.array(numpy.asarray(Memory(values, length, "<f8", self)))
        if valid:
            out[~bits_at(numpy, valid, length, self)] = numpy.nan
        return out

    def to_pandas(self):
        """A DataFrame with ``value`` and ``failure`` (the reason, or missing), a row for each row."""
        pandas = import_pandas("to_pandas()")
        try:
            import pyarrow
        except ImportError:
            failures = failure_texts(_tend.array_buffers(self._table[1])[1])
            return pandas.DataFrame({"value": self.to_numpy(), "failure": failures})
        return pyarrow.table(self).to_pandas()

    def to_html(self):
        """A small table of the sums."""
        import html

        rows = [("expression", f"<code>{html.escape(self.expression)}</code>"), ("rows", f"{self.rows:,}"),
                ("with a value", f"{self.values:,}"), ("null", f"{self.nulls:,}")]
        rows += [(f"failed: {html.escape(reason)}", f"{count:,}") for reason, count in self.failures.items()]
        numbers = (("sum", self.sum), ("mean", self.mean), ("min", self.min), ("max", self.max))
        rows += [(name, f"{number:,.6g}") for name, number in numbers if number == number]
        cells = "".join(f"<tr><th style='text-align:left'>{name}</th><td>{text}</td></tr>" for name, text in rows)
        return f"<table>{cells}</table>"

    def _repr_html_(self):
        return self.to_html()

    def __arrow_c_stream__(self, requested_schema=None):
        """Two columns, ``value`` and ``failure``, a row for each row."""
        return _tend.table_stream(self._table)

    def __repr__(self):
        return f"<tend.Value: {self.rows:,} rows, sum {self.sum:,.6g}, {self.failed:,} failed>"


# ---- memory for numpy ------------------------------------------------------------------------------------------------


class Memory:
    """Memory that numpy sees through its array interface; ``keep`` owns it."""

    def __init__(self, address, length, kind, keep):
        self.keep = keep
        self.__array_interface__ = {"version": 3, "shape": (length,), "typestr": kind, "data": (address or 1, True)}


def bits_at(numpy, address, length, keep):
    """A bitmap as bools."""
    packed = numpy.asarray(Memory(address, (length + 7) // 8, "|u1", keep))
    return numpy.unpackbits(packed, count=length, bitorder="little").astype(bool)


def failure_texts(buffers):
    """The second column of a value's table as a list of str and None."""
    import ctypes

    length, _, valid, offsets, texts = buffers
    out = [None] * length
    if length == 0:
        return out
    ends = (ctypes.c_int32 * (length + 1)).from_address(offsets)
    bits = (ctypes.c_uint8 * ((length + 7) // 8)).from_address(valid)
    for i in range(length):
        if bits[i // 8] >> (i % 8) & 1:
            out[i] = ctypes.string_at(texts + ends[i], ends[i + 1] - ends[i]).decode()
    return out


# ---- files -----------------------------------------------------------------------------------------------------------


def read_profile(source):
    """Reads a profile: a path, or bytes.

    Files of :meth:`Profile.write` and Parquet files of ``tend profile``. Parquet needs pyarrow, DuckDB or Polars, the
    first of them that is installed.

    >>> import tend
    >>> tend.read_profile(tend.profile({"x": [1, 2, 3]}).to_bytes()).rows
    3
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        data = bytes(source)
        if data[:4] == PARQUET_MAGIC:
            return Profile(_tend.profile_from_stream(parquet_stream_of_bytes(data)))
        return Profile.from_bytes(data)
    path = os.fspath(source)
    with open(path, "rb") as file:
        head = file.read(len(MAGIC))
        if head[:4] != PARQUET_MAGIC:
            try:
                return Profile.from_bytes(head + file.read())
            except Error as error:
                error.args = (f"{path}: {error}",)
                raise
    try:
        return Profile(_tend.profile_from_stream(parquet_stream(path)))
    except Error as error:
        error.args = (f"{path}: {error}",)
        raise


def no_parquet(what):
    """Nobody here knows Parquet."""
    return ImportError(f"{what} needs pyarrow, duckdb or polars, and none of them is installed; "
                       "Profile.to_bytes() and from_bytes() need nothing")


def parquet_stream(path):
    """A Parquet file as a stream of one array."""
    try:
        import pyarrow.parquet
    except ImportError:
        pass
    else:
        return one_part(pyarrow.parquet.ParquetFile(path).read())
    try:
        import duckdb
    except ImportError:
        pass
    else:
        connection = duckdb.connect()
        return connection.from_parquet(path).__arrow_c_stream__()
    try:
        import polars
    except ImportError as error:
        raise no_parquet("a Parquet file") from error
    return polars.read_parquet(path).rechunk().__arrow_c_stream__()


def parquet_stream_of_bytes(data):
    """The same of bytes: through a file where the library at hand wants one."""
    try:
        import io

        import pyarrow.parquet
    except ImportError:
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "profile.parquet")
            with open(path, "wb") as file:
                file.write(data)
            return parquet_stream(path)
    return one_part(pyarrow.parquet.ParquetFile(io.BytesIO(data)).read())


def one_part(table):
    """The stream of a PyArrow table whose columns are in one piece each."""
    return table.combine_chunks().__arrow_c_stream__()


def write_parquet(profile, path):
    """Through the first library that is installed."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        pass
    else:
        pyarrow.parquet.write_table(pyarrow.table(profile), path, compression="zstd")
        return
    try:
        import duckdb
    except ImportError:
        pass
    else:
        connection = duckdb.connect()
        connection.register("profile_table", profile)
        quoted = path.replace("'", "''")
        connection.execute(f"COPY profile_table TO '{quoted}' (FORMAT parquet, COMPRESSION zstd)")
        return
    try:
        import polars
    except ImportError as error:
        raise no_parquet("writing Parquet") from error
    polars.DataFrame(profile).write_parquet(path)
