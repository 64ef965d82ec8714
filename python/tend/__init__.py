# __init__.py: the functions of the package.
"""tend: profiles, drift, data breaks and the value of rows, of any DataFrame and without a copy.

    profile(df)          the mergeable summary of a table
    check(ref, cur)      two tables compared: which columns drifted, and what broke
    value(df, expr)      what each row is worth, by an expression
    read_profile(path)   a profile that was kept

A table is a pandas, Polars or PyArrow one, a DuckDB relation, anything with ``__arrow_c_stream__`` or
``__arrow_c_array__``, or a dict of numpy arrays or lists. The C library runs without the interpreter's lock.
"""
from __future__ import annotations

from . import _frames, _tend
from ._results import Check, Profile, Value, read_profile
from ._tend import DataTypeError, Error

__all__ = ["Check", "DataTypeError", "Error", "Profile", "Value", "check", "profile", "read_profile", "value"]
__version__ = _tend.version


def profile(data, *, columns=None, like=None, bins=0, categories=0):
    """Profiles a table.

    ``columns`` takes only these; the others may be of any type, nested ones too. ``like`` is a profile whose cut points
    and categories are used, so that both can be merged and checked. Without it the table makes its own: ``bins`` of
    numbers (0: 32) and ``categories`` of texts (0: 256).

    >>> import tend
    >>> tend.profile({"price": [9.5, 12.0, 7.25], "shop": ["a", "b", "a"]})
    <tend.Profile of 3 rows, 2 columns>
    """
    rows = _frames.rows_of(data, names_of(columns))
    if like is None:
        return Profile(_tend.profile_from_rows(rows, count_of("bins", bins), count_of("categories", categories)))
    if not isinstance(like, Profile):
        raise TypeError(f"like= is a {type(like).__name__}: want a Profile")
    return Profile(_tend.profile_like(like._handle, rows))


def check(reference, current, *, columns=None, fdr=0.05, tolerance=None, min_rows=0, bins=0, time=None, id=None,
          label=None, score=None, window=None, now=None, names=("reference", "current")):
    """Compares two tables, or profiles, or one of each.

    A column drifts where the difference is sure (a false discovery rate below ``fdr`` over the columns) and large (an
    effect above ``tolerance``; where it is None, 0.1 for the normalised W1 of numbers and times of day and 0.05 for the
    Jensen-Shannon distance of texts and bools). A side with fewer than ``min_rows`` values (0: 30) gets no verdict.

    ``time`` names the column of event time and ``window`` the length of the windows ("1d", or a timedelta) that the
    reference is cut into to learn how much it varies by itself; rows later than ``now`` (a datetime) are counted.
    ``id`` names the column that identifies rows: it is not profiled, and its repeats are counted. ``label`` is the
    outcome and ``score`` what the model said of it: with them breaks of the label are found. ``names`` are for messages
    and pages.

    Tables are read more than once. A stream that can be read once is collected in memory first.

    >>> import tend
    >>> same = {"x": [i * 7919 % 1000 for i in range(5000)]}
    >>> tend.check(same, same).verdict
    'ok'
    """
    from_columns = names_of(columns)
    sides = [side._handle if isinstance(side, Profile) else _frames.rows_of(side, from_columns)
             for side in (reference, current)]
    if not 0 < fdr < 1:
        raise Error(f"fdr is {fdr}: want a number between 0 and 1")
    if tolerance is not None and not tolerance > 0:
        raise Error(f"tolerance is {tolerance}: want a number above 0")
    return Check(_tend.check_new(sides[0], sides[1], (str(names[0]), str(names[1])), fdr,
                                 (tolerance or 0.0, tolerance or 0.0), count_of("min_rows", min_rows),
                                 count_of("bins", bins), (time, id, label, score), span_of(window),
                                 0 if now is None else _frames.microseconds(now)))


def value(data, expr, *, columns=None, **names):
    """What each row of a table is worth by an expression of docs/expressions.md.

    Further arguments name expressions that ``expr`` may use like columns.

    >>> import tend
    >>> frame = {"p": [0.9, 0.1, 0.4], "late": [True, False, True]}
    >>> v = tend.value(frame, "case when warned and late then 30 when warned or late then -10 else 0 end",
    ...                warned="p > 0.5")
    >>> v.sum
    20.0
    """
    rows = _frames.rows_of(data, names_of(columns))
    if not isinstance(expr, str):
        raise TypeError(f"the expression is a {type(expr).__name__}: want text")
    return Value(_tend.value_new(rows, expr, tuple(names.items()), True), expr)


def names_of(columns):
    """A list of names, or None."""
    if columns is None:
        return None
    if isinstance(columns, str):
        raise TypeError("columns= is one text: want a list of names")
    return [str(name) for name in columns]


def count_of(name, number):
    """A count that C can take."""
    if not isinstance(number, int) or number < 0:
        raise Error(f"{name} is {number!r}: want a whole number of 0 or more")
    return number


def span_of(window):
    """A span of time in microseconds: a timedelta, or text as "12h"."""
    if window is None:
        return 0
    if hasattr(window, "total_seconds"):
        return round(window.total_seconds() * 1000000)
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
    text = str(window)
    if text[:-1].isascii() and text[:-1].isdigit() and text[-1] in units:
        return int(text[:-1]) * units[text[-1]] * 1000000
    raise Error(f"window is {window!r}: want a timedelta, or text as '1d', '12h' or '30m'")
