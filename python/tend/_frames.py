"""_frames.py: whatever holds columns, as rows that libtend can read; without a copy where the layouts agree.

Nothing of pandas, numpy, Polars, PyArrow or DuckDB is imported here unless the data at hand came from it.
"""
from __future__ import annotations

import sys

from . import _tend
from ._tend import DataTypeError, Error


def is_of(data, module):
    """Whether an object's class, or one of its bases, was made by this top-level module."""
    return any(base.__module__.split(".")[0] == module for base in type(data).__mro__)


def rows_of(data, columns=None):
    """A capsule of rows."""
    rows = read(data, columns)
    if columns is not None:
        _tend.rows_select(rows, tuple(columns))
    return rows


def read(data, columns):
    """The rows with all columns, or at least those named."""
    if isinstance(data, (str, bytes)) or hasattr(data, "__fspath__"):
        raise DataTypeError(f"{data!r:.80} is no table: read the file first, or give it to the program: tend check")
    if is_of(data, "pandas"):
        return from_pandas(data, columns)
    if is_of(data, "polars") and hasattr(data, "collect") and not hasattr(data, "__arrow_c_stream__"):
        data = data.collect()
    if is_of(data, "polars") and hasattr(data, "to_frame") and not hasattr(data, "columns"):
        data = data.to_frame()
    if (is_of(data, "duckdb") or is_of(data, "_duckdb")) and hasattr(data, "__arrow_c_stream__"):
        # A relation is a query: it is run again for each pass, so that its rows need not be in memory at once.
        return _tend.rows_from_opener(data.__arrow_c_stream__)
    if hasattr(data, "__arrow_c_stream__"):
        return _tend.rows_from_stream(data.__arrow_c_stream__())
    if hasattr(data, "__arrow_c_array__"):
        return _tend.rows_from_array(*data.__arrow_c_array__())
    if hasattr(data, "keys") and hasattr(data, "__getitem__"):
        return from_mapping(data, columns)
    raise DataTypeError(f"a {type(data).__name__} is no table: want a DataFrame, a table with __arrow_c_stream__, or a "
                        "dict of columns")


def need_columns(columns, names):
    """An error that names the first column that is wanted and not there."""
    for name in columns or ():
        if name not in names:
            raise Error(f"there is no column '{name}' among the {len(names)} of the table")


# ---- pandas ----------------------------------------------------------------------------------------------------------


def from_pandas(data, columns):
    """Through PyArrow where it is there, since it knows every type of pandas; else column by column."""
    if hasattr(data, "to_frame") and not hasattr(data, "columns"):
        data = data.to_frame()
    if not hasattr(data, "columns") or not hasattr(data, "iloc"):
        raise DataTypeError(f"a pandas {type(data).__name__} is no table")
    names = [str(name) for name in data.columns]
    need_columns(columns, names)
    wanted = range(len(names)) if columns is None else [i for i, name in enumerate(names) if name in set(columns)]
    names = [names[i] for i in wanted]
    try:
        import pyarrow
    except ImportError:
        return from_columns([(name, pandas_column(name, data.iloc[:, i])) for name, i in zip(names, wanted)],
                            len(data))
    arrays = []
    for name, i in zip(names, wanted):
        try:
            arrays.append(pyarrow.array(data.iloc[:, i], from_pandas=True))
        except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, pyarrow.ArrowNotImplementedError) as error:
            raise DataTypeError(f"column '{name}': {error}") from error
    if any(isinstance(array, pyarrow.ChunkedArray) for array in arrays) or not arrays:
        table = pyarrow.table(arrays, names=names)
        return _tend.rows_from_stream(table.__arrow_c_stream__())
    return _tend.rows_from_array(*pyarrow.RecordBatch.from_arrays(arrays, names=names).__arrow_c_array__())


def pandas_column(name, series):
    """A column without PyArrow: what numpy has as it is, the rest by what pandas turns it into."""
    import numpy

    kind = type(series.dtype).__name__
    if kind == "CategoricalDtype":
        codes = numpy_array(series.cat.codes.to_numpy())
        known = series.cat.categories
        if known.dtype.kind not in "OUTbiuf" and type(known.dtype).__name__ != "StringDtype":
            raise DataTypeError(f"column '{name}': categories of {known.dtype} are not taken")
        return coded_column(name, codes, pandas_column(name, known.to_series()))
    if kind == "DatetimeTZDtype":
        series = series.dt.tz_convert("UTC").dt.tz_localize(None)
    elif kind == "StringDtype":
        return list_column(name, series.tolist())
    elif kind == "BooleanDtype":
        return list_column(name, [None if value not in (True, False) else bool(value) for value in series.tolist()])
    elif not isinstance(series.dtype, numpy.dtype):
        if series.dtype.kind not in "iufb":
            raise DataTypeError(f"column '{name}' of {series.dtype} needs pyarrow, which is not installed")
        return array_column(name, series.to_numpy(dtype="float64", na_value=float("nan")), nan_is_null=True)
    return array_column(name, series.to_numpy(), nan_is_null=True)


# ---- columns by address ----------------------------------------------------------------------------------------------

# numpy's kind and size: Arrow's format
NUMPY_FORMATS = {"i1": "c", "u1": "C", "i2": "s", "u2": "S", "i4": "i", "u4": "I", "i8": "l", "u8": "L", "f2": "e",
                 "f4": "f", "f8": "g"}
TIME_FORMATS = {"s": "tss:", "ms": "tsm:", "us": "tsu:", "ns": "tsn:"}


def from_mapping(data, columns):
    """A dict of numpy arrays, lists, or whatever numpy can make an array of."""
    pairs = []
    length = None
    need_columns(columns, [str(name) for name in data.keys()])
    for name in data.keys():
        if columns is not None and str(name) not in columns:
            continue
        values = data[name]
        if not isinstance(name, str):
            name = str(name)
        column = any_column(name, values)
        if length is not None and column[1] != length:
            raise Error(f"column '{name}' has {column[1]} rows, the columns before it {length}")
        length = column[1]
        pairs.append((name, column))
    return from_columns(pairs, length or 0)


def from_columns(pairs, length):
    """Rows of (name, (format, length, buffers, keep, dictionary))."""
    if not pairs:
        raise Error("the table has no columns")
    for name, _ in pairs:
        if "\0" in name:
            raise Error(f"column {name!r} has a zero byte in its name")
    return _tend.rows_from_columns(tuple((name, *column) for name, column in pairs), length)


def any_column(name, values):
    """A numpy array as it is; a list or tuple by its values; anything else through numpy."""
    if isinstance(values, (list, tuple)):
        return list_column(name, list(values))
    if is_of(values, "pandas"):
        return pandas_column(name, values)
    if hasattr(values, "__array_interface__"):
        return array_column(name, values, nan_is_null=False)
    if hasattr(values, "to_numpy"):
        return array_column(name, values.to_numpy(), nan_is_null=False)
    if hasattr(values, "buffer_info") and hasattr(values, "typecode"):
        return buffer_column(values)
    if hasattr(values, "__iter__"):
        return list_column(name, list(values))
    raise DataTypeError(f"column '{name}' is a {type(values).__name__}: want an array or a list")


def numpy_array(array):
    """One-dimensional and contiguous, native byte order; a copy only where it is not."""
    numpy = sys.modules["numpy"]
    if type(array) is not numpy.ndarray:
        array = numpy.asarray(array)
    if array.dtype.byteorder == ">" and sys.byteorder == "little":
        array = array.astype(array.dtype.newbyteorder("="))
    return numpy.ascontiguousarray(array)


def address_of(array):
    """Where a contiguous numpy array begins."""
    return array.__array_interface__["data"][0] if array.size else 0


def array_column(name, array, nan_is_null):
    """A numpy array; NaN is a value of its own unless it stands for null, as in pandas. NaT is null."""
    if "numpy" not in sys.modules:
        import numpy  # noqa: F401  (something else that has numpy's interface)
    if hasattr(array, "mask") and hasattr(array, "filled"):
        return masked_column(name, array)
    array = numpy_array(array)
    if array.ndim == 2 and array.dtype.kind == "f":
        return vector_column(name, array)
    if array.ndim != 1:
        raise DataTypeError(f"column '{name}' has {array.ndim} dimensions: want one value, or one vector, a row")
    kind, count = array.dtype.kind, len(array)
    if kind in "OUT":
        return list_column(name, array.tolist())
    address = address_of(array)
    if kind == "b":
        return ("b", count, (None, _tend.bits_from_bools(address, count, False)), array, None)
    if kind == "M":
        unit, step = sys.modules["numpy"].datetime_data(array.dtype)
        if unit not in TIME_FORMATS or step != 1:
            array = numpy_array(array.astype("datetime64[us]" if unit not in ("ps", "fs", "as") else "datetime64[ns]"))
            unit = sys.modules["numpy"].datetime_data(array.dtype)[0]
        address = address_of(array)
        return (TIME_FORMATS[unit], count, (_tend.bits_from_numbers("M", 8, address, count), address), array, None)
    if kind == "f" and array.dtype.itemsize > 8:
        array = numpy_array(array.astype("float64"))
        address = address_of(array)
    form = NUMPY_FORMATS.get(f"{kind}{array.dtype.itemsize}")
    if form is None:
        raise DataTypeError(f"column '{name}' has the numpy type {array.dtype}, which is not taken")
    bits = None
    if kind == "f" and nan_is_null and array.dtype.itemsize in (4, 8):
        bits = _tend.bits_from_numbers("f", array.dtype.itemsize, address, count)
    return (form, count, (bits, address), array, None)


def vector_column(name, array):
    """A matrix of floats: a vector a row."""
    if array.dtype.itemsize not in (4, 8):
        array = numpy_array(array.astype("float32" if array.dtype.itemsize < 4 else "float64"))
    count, dim = array.shape
    items = (NUMPY_FORMATS[f"f{array.dtype.itemsize}"], count * dim, (None, address_of(array)), array)
    return (f"+w:{dim}", count, (None,), array, items)


def masked_column(name, array):
    """A numpy.ma array: what is masked is null."""
    numpy = sys.modules["numpy"]
    column = array_column(name, numpy.asarray(array.data), nan_is_null=False)
    mask = numpy_array(numpy.ma.getmaskarray(array))
    if column[0] == "U" or column[2][0] is not None:
        raise DataTypeError(f"column '{name}' is masked and has missing values besides")
    bits = _tend.bits_from_bools(address_of(mask), len(mask), True)
    return (column[0], column[1], (bits, *column[2][1:]), (column[3], mask), None)


def coded_column(name, codes, known):
    """A dictionary: codes (negative is null) into known values."""
    address, size = address_of(codes), codes.dtype.itemsize
    form = NUMPY_FORMATS[f"{codes.dtype.kind}{size}"]
    bits = _tend.bits_from_numbers("c", size, address, len(codes))
    return (form, len(codes), (bits, address), codes, (known[0], known[1], known[2], known[3]))


def buffer_column(values):
    """An array.array of the standard library."""
    address, count = values.buffer_info()
    kind = {"b": "i", "h": "i", "i": "i", "l": "i", "q": "i", "f": "f", "d": "f"}.get(values.typecode, "u")
    return (NUMPY_FORMATS[f"{kind}{values.itemsize}"], count, (None, address if count else 0), values, None)


def list_column(name, values):
    """A list of numbers, bools, texts or times, with None for null."""
    import array
    import datetime

    kinds = {type(value) for value in values if value is not None}
    missing = {kind for kind in kinds if kind.__name__ in ("NAType", "NaTType")}
    if missing:  # of pandas
        values = [None if type(value) in missing else value for value in values]
        kinds -= missing
    if any(issubclass(kind, str) for kind in kinds):
        try:
            buffers = _tend.texts_from_list(values)
        except TypeError as error:
            raise DataTypeError(f"column '{name}': {error}") from error
        return ("U", len(values), (buffers[0] or None, *buffers[1:]), None, None)
    if not kinds:
        return ("n", len(values), (), None, None)
    there = bytes(value is not None for value in values)
    if kinds <= {bool}:
        bits = bytes(bool(value) for value in values)
        form, held = "b", array.array("B", bits)
        data = _tend.bits_from_bools(held.buffer_info()[0], len(values), False)
    elif all(issubclass(kind, (int, float)) for kind in kinds):
        form, data = "g", array.array("d", [float("nan") if value is None else value for value in values])
    elif all(issubclass(kind, datetime.date) for kind in kinds):
        form, data = "tsu:", array.array("q", [0 if value is None else microseconds(value) for value in values])
    elif all(hasattr(kind, "__float__") for kind in kinds):
        form, data = "g", array.array("d", [float("nan") if value is None else float(value) for value in values])
    else:
        named = " and ".join(sorted(kind.__name__ for kind in kinds)[:3])
        raise DataTypeError(f"column '{name}' holds {named}: want numbers, bools, texts or times")
    bits = None
    if not all(there):
        held = array.array("B", there)
        bits = _tend.bits_from_bools(held.buffer_info()[0], len(values), False)
    address = data if isinstance(data, bytes) else data.buffer_info()[0]
    return (form, len(values), (bits, address), data, None)


def microseconds(value):
    """Since 1970 UTC, of a date or a datetime; one without a zone is in UTC."""
    import datetime

    if not isinstance(value, datetime.datetime):
        value = datetime.datetime(value.year, value.month, value.day)
    if value.tzinfo is None:
        value = value.replace(tzinfo=datetime.timezone.utc)
    passed = value - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return (passed.days * 86400 + passed.seconds) * 1000000 + passed.microseconds
