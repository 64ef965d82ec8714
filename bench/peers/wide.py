"""wide.py: writes the two wide tables that checks are timed on: 1,000,000 rows, 100 numbers and 10 categories each.

    wide.py REFERENCE CURRENT [ROWS]

60 numbers are normal, 20 log-normal rounded to cents, 20 whole numbers; the categories have 2 to 1,000 levels with Zipf
shares, and one row in fifty of every tenth column is null. In the current table five numbers have moved by a quarter
of their standard deviation and one category has changed its shares. Seeds are fixed.
"""
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

LEVELS = (2, 3, 5, 10, 20, 50, 100, 200, 500, 1000)


def number(rng, i, rows, moved):
    """The i-th number."""
    shift = 0.25 if moved and i % 20 == 0 else 0.0
    if i < 60:
        return rng.normal(100 + i, 10, rows) + 10 * shift
    if i < 80:
        return np.round(np.exp(rng.normal(3, 1, rows) + shift), 2)
    return rng.poisson(5 + i - 80, rows).astype(np.int64)


def category(rng, levels, rows, moved):
    """A text column of that many levels."""
    weights = 1 / np.arange(1, levels + 1) ** (0.8 if moved and levels == 20 else 1.0)
    codes = rng.choice(levels, rows, p=weights / weights.sum())
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)),
                                          [f"level {k:04}" for k in range(levels)]).cast(pa.string())


def table(seed, rows, moved):
    """One side."""
    rng = np.random.default_rng(seed)
    columns = {}
    for i in range(100):
        values = number(rng, i, rows, moved)
        columns[f"n{i:03}"] = pa.array(values, mask=rng.random(rows) < 0.02 if i % 10 == 9 else None)
    for levels in LEVELS:
        columns[f"c{levels}"] = category(rng, levels, rows, moved)
    return pa.table(columns)


def main():
    rows = int(sys.argv[3]) if len(sys.argv) > 3 else 1_000_000
    for seed, path in ((1, sys.argv[1]), (2, sys.argv[2])):
        pq.write_table(table(seed, rows, seed == 2), path)  # as pandas and PyArrow write by default


if __name__ == "__main__":
    main()
