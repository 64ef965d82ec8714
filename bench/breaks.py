#!/usr/bin/env python3
"""breaks.py: how often `tend check` names a break that is there, and one that is not, on real data.

    .deps/py/bin/python bench/breaks.py [--half tune|report|again] [--cases N] [--sets NAME,...] [--kinds KIND,...]

Broken comparisons: a window of real rows is compared with a reference of the same data after one break was put into
it: a random column, strength, share of the rows and start, from a seed. Unbroken comparisons: random splits of the same
rows, and later windows against earlier ones as they are. What real windows show by themselves is listed by name, and is
not held against the comparison that puts a break into the same window.

The windows and seeds of `--half tune` are those that rules may be tuned on; `report` uses the others, never looked at
meanwhile, and `again` the windows of `report` with other seeds. docs/methods/breaks.md says what counts as found and
shows the tables.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TEND = os.environ.get("TEND", os.path.join(ROOT, "build", "src", "tend"))
DEPS = os.environ.get("TEND_DEPS", os.path.join(ROOT, ".deps"))
SHARED = os.environ.get("TEND_DATA", os.path.join(os.path.dirname(ROOT), "shared", "data"))
KINDS = ("unit_change sign_flip null_spike join_failure default_fill category_rename category_case category_merge "
         "hour_shift stuck duplicate_rows clipping rounding column_swap missing_rows label_break new_column "
         "missing_column type_change").split()
UNITS = ((1.609344, 0), (1 / 1.609344, 0), (0.3048, 0), (1 / 0.3048, 0), (2.54, 0), (2.2046226218487757, 0), (10, 0),
         (0.1, 0), (100, 0), (0.01, 0), (1000, 0), (0.001, 0), (60, 0), (1 / 60, 0), (3600, 0), (3.6, 0))
PARTIAL_UNITS = ((10, 0), (0.1, 0), (100, 0), (0.01, 0), (1000, 0), (0.001, 0), (60, 0), (1 / 60, 0))
SEEDS = {"tune": 1, "report": 2, "again": 5}
SHARES = (0.2, 0.5, 1.0)
STARTS = (0.0, 0.4, 0.7)


# ---- data sets: columns by name as NumPy arrays, in order of time ----

class Data:
    """A table in order of time, and what is known of it."""

    def __init__(self, name, table, ref_rows, cur_rows, **known):
        self.name = name
        self.columns = {c: table[c].to_numpy(zero_copy_only=False) for c in table.column_names}
        self.rows = table.num_rows
        self.ref_rows = ref_rows
        self.cur_rows = cur_rows
        self.known = known

    def take(self, idx):
        """Some rows."""
        return {c: v[idx] for c, v in self.columns.items()}


def decoded(table):
    """Dictionaries as plain strings."""
    columns = [c.cast(pa.string()) if pa.types.is_dictionary(c.type) or pa.types.is_large_string(c.type) else c
               for c in table.columns]
    return pa.table(columns, names=table.column_names)


def load_flights():
    """Six months of US flights with the hour of departure; an on-time label."""
    table = pq.read_table(os.path.join(DEPS, "data", "flights-3m.parquet")).sort_by("date")
    table = table.take(np.arange(0, table.num_rows, 6))  # a day is 2,700 rows: windows are of several days
    table = table.append_column("hour", pc.hour(table["date"]))
    table = table.append_column("late", pc.cast(pc.greater(table["delay"], 15), pa.int64()))
    return Data("flights", decoded(table), 60000, 20000, time="date", hour="hour", label="late", score="delay")


def load_employment():
    """US census of Massachusetts, 2015 to 2018, with a model's probability and the outcome."""
    ref = decoded(pq.read_table(os.path.join(SHARED, "employment_MA_reference.parquet")))
    cur = decoded(pq.read_table(os.path.join(SHARED, "employment_MA_analysis.parquet")))
    target = pq.read_table(os.path.join(SHARED, "employment_MA_analysis_target.parquet"))
    cur = cur.join(target, "id").sort_by("id")
    table = pa.concat_tables([ref, cur.select(ref.column_names)]).drop_columns(["prediction"])
    # Nothing is known of the order within a year but that the file is sorted by households and homes.
    order = np.lexsort((np.random.default_rng(5).random(table.num_rows), table["year"].to_numpy()))
    table = table.take(order).drop_columns(["year"])
    return Data("employment", table, 20000, 5000, id="id", label="employed", score="predicted_probability")


def load_electricity():
    """New South Wales' electricity market, half hours, with the hour of the day."""
    table = pq.read_table(os.path.join(SHARED, "electricity.parquet"))
    hour = pc.cast(pc.floor(pc.divide(pc.round(pc.multiply(table["period"], 47)), 2)), pa.int64())
    table = table.drop_columns(["date"]).append_column("hour", hour)
    return Data("electricity", decoded(table), 12000, 3000, parts=("hour", "day", "period"), label="class")


def load_bank():
    """Telephone marketing of a Portuguese bank, 2008 to 2010."""
    table = pq.read_table(os.path.join(SHARED, "bank_marketing.parquet"))
    return Data("bank", decoded(table), 12000, 3000, id="row", label="y")


LOADERS = {"flights": load_flights, "employment": load_employment, "electricity": load_electricity, "bank": load_bank}


def write(columns, path):
    """A table as Parquet."""
    arrays = [pa.array(v, from_pandas=True) for v in columns.values()]
    none = {n: pa.bool_() if n == "y" else pa.string() for n in columns}
    arrays = [pa.array([None] * len(a), none[n]) if pa.types.is_null(a.type) else a for n, a in zip(columns, arrays)]
    pq.write_table(pa.table(arrays, names=list(columns)), path, compression="none")


# ---- breaks ----

class NotHere(Exception):
    """This data has no column for a break of this kind."""


def is_number(v):
    """Whether the array is of numbers."""
    return v.dtype.kind in "if"


def is_text(v):
    """Whether the array is of texts."""
    return v.dtype.kind in "OU" and any(isinstance(x, str) for x in v[:100])


def features(data, cols, test):
    """The names of columns that are features and fit."""
    special = [data.known.get(k) for k in ("id", "label", "score", "time")]
    special += data.known.get("parts", ())
    return [c for c, v in cols.items() if c not in special and test(v)]


def pick(rng, names):
    """One of them, at random."""
    if len(names) == 0:
        raise NotHere
    return names[rng.integers(len(names))]


def calendar(v):
    """Months and weekdays, whose coming and going is left alone without a history."""
    names = "jan feb mar apr may jun jul aug sep oct nov dec mon tue wed thu fri sat sun".split()
    return {str(x)[:3].lower() for x in v[:2000]} <= set(names)


def spread_out(v):
    """A number of many values, not mostly zero."""
    return (is_number(v) and len(np.unique(v[:5000])) >= 12 and np.nanmean(v == 0) < 0.5 and
            mode_share(v) < 0.5)


def mode_share(v):
    """Share of the most frequent value."""
    return np.unique(v, return_counts=True)[1].max() / len(v)


def as_object(v):
    """A copy that can hold None."""
    return v.astype(object)


def with_nulls(v, mask):
    """Nulls where the mask is."""
    out = v.astype(float) if is_number(v) else as_object(v)
    out = out.copy()
    out[mask] = np.nan if is_number(v) else None
    return out


def rows_hit(rng, n, share, start):
    """A mask: a random share of the rows from the start on."""
    mask = rng.random(n) < share
    mask[:int(start * n)] = False
    return mask


def shares_of(v):
    """Categories, the most frequent first, with their shares."""
    names, counts = np.unique(v.astype(str), return_counts=True)
    order = np.argsort(-counts)
    return names[order], counts[order] / len(v)


class Case:
    """One break: what was put in, and what counts as its name."""

    def __init__(self, kind, columns, share, start, words, also=()):
        self.kind = kind
        self.columns = columns
        self.share = share
        self.start = start
        self.words = words
        self.names = {kind, *also}


def put_unit(data, cols, ref, rng):
    share, start = rng.choice(SHARES), rng.choice(STARTS)
    c = pick(rng, features(data, cols, spread_out))
    factor, offset = UNITS[rng.integers(len(UNITS))] if share == 1 else PARTIAL_UNITS[rng.integers(len(PARTIAL_UNITS))]
    mask = rows_hit(rng, len(cols[c]), share, start)
    v = cols[c].astype(float)
    cols[c] = np.where(mask, v * factor + offset, v)
    return Case("unit_change", [c], share, start, f"x {factor:.4g}")


def put_sign(data, cols, ref, rng):
    start = rng.choice(STARTS)
    c = pick(rng, features(data, cols, lambda v: spread_out(v) and np.mean(v > 0) > 0.9))
    mask = rows_hit(rng, len(cols[c]), 1, start)
    cols[c] = np.where(mask, -cols[c].astype(float), cols[c])
    return Case("sign_flip", [c], 1, start, "")


def put_nulls(data, cols, ref, rng):
    share, start = rng.choice(SHARES), rng.choice(STARTS)
    c = pick(rng, features(data, cols, lambda v: True))
    cols[c] = with_nulls(cols[c], rows_hit(rng, len(cols[c]), share, start))
    return Case("null_spike", [c], share, start, "")


def put_join(data, cols, ref, rng):
    share, start = rng.choice(SHARES), rng.choice(STARTS)
    names = features(data, cols, lambda v: True)
    names = [c for c in names if c != data.known.get("hour")]
    if len(names) < 3:
        raise NotHere
    some = sorted(rng.choice(names, size=rng.integers(2, min(5, len(names))), replace=False))
    mask = rows_hit(rng, len(cols[some[0]]), share, start)
    for c in some:
        cols[c] = with_nulls(cols[c], mask)
    return Case("join_failure", some, share, start, "")


def put_fill(data, cols, ref, rng):
    share, start = rng.choice(SHARES[:2]), rng.choice(STARTS)
    c = pick(rng, features(data, cols, lambda v: spread_out(v) or (is_text(v) and len(np.unique(v[:5000])) >= 4)))
    mask = rows_hit(rng, len(cols[c]), share, start)
    if is_text(cols[c]):
        value = ("UNKNOWN", "", "N/A")[rng.integers(3)]
        out = as_object(cols[c])
    else:
        value = (-1, 0, -999, 999999, float(np.nanmean(cols[c])))[rng.integers(5)]
        out = cols[c].astype(float)
    out = out.copy()
    out[mask] = value
    cols[c] = out
    return Case("default_fill", [c], share, start, repr(value))


def put_rename(data, cols, ref, rng):
    start = rng.choice(STARTS)
    c = pick(rng, features(data, cols, lambda v: is_text(v) and (shares_of(v)[1] > 0.04).sum() >= 3))
    names, shares = shares_of(ref[c])
    out = as_object(cols[c]).copy()
    mask = rows_hit(rng, len(out), 1, start)
    if rng.random() < 0.5:
        name = names[rng.integers((shares > 0.04).sum())]
        out[mask & (out == name)] = "X" + name + "-new"
        share = float(np.mean(ref[c] == name))
    else:
        code = {n: f"c{(i * 37) % 1009}" for i, n in enumerate(sorted(set(out)))}
        out[mask] = [code[x] for x in out[mask]]
        share = 1.0
    cols[c] = out
    return Case("category_rename", [c], share, start, "one" if share < 1 else "all")


def put_case(data, cols, ref, rng):
    start = rng.choice(STARTS)
    c = pick(rng, features(data, cols, lambda v: is_text(v) and any(x.lower() != x.upper() for x in set(v[:2000]))))
    out = as_object(cols[c]).copy()
    mask = rows_hit(rng, len(out), 1, start)
    change = (str.swapcase, lambda x: " " + x, lambda x: x.replace(" ", "_").swapcase())[rng.integers(3)]
    out[mask] = [change(x) for x in out[mask]]
    cols[c] = out
    return Case("category_case", [c], 1, start, "")


def put_merge(data, cols, ref, rng):
    start = rng.choice(STARTS)
    c = pick(rng, features(data, cols, lambda v: is_text(v) and not calendar(v)
                           and (shares_of(v)[1] > 0.05).sum() >= 3))
    names, shares = shares_of(ref[c])
    some = rng.choice((shares > 0.05).sum(), size=2, replace=False)
    out = as_object(cols[c]).copy()
    out[rows_hit(rng, len(out), 1, start) & (out == names[some[0]])] = names[some[1]]
    cols[c] = out
    return Case("category_merge", [c], float(shares[some[0]]), start, f"{names[some[0]]} to {names[some[1]]}")


def put_hours(data, cols, ref, rng):
    start = rng.choice(STARTS)
    names = [data.known[k] for k in ("hour",) if k in data.known]
    c = pick(rng, names)
    shift = int(rng.choice([-8, -6, -5, -3, -2, 2, 3, 5, 6, 9]))
    mask = rows_hit(rng, len(cols[c]), 1, start)
    cols[c] = np.where(mask, (cols[c] + shift) % 24, cols[c])
    return Case("hour_shift", [c], 1, start, f"{shift:+d} h")


def put_stuck(data, cols, ref, rng):
    start = rng.choice(STARTS)
    c = pick(rng, features(data, cols, lambda v: spread_out(v) and mode_share(v) < 0.1 and len(np.unique(v)) > 60))
    v = cols[c].astype(float)
    mask = rows_hit(rng, len(v), 1, start)
    cols[c] = np.where(mask, v[int(start * len(v))], v)
    return Case("stuck", [c], 1, start, "")


def put_duplicates(data, cols, ref, rng):
    share, start = rng.choice((0.1, 0.3, 1.0)), rng.choice(STARTS)
    n = len(next(iter(cols.values())))
    mask = rows_hit(rng, n, share, start)
    idx = np.repeat(np.arange(n), np.where(mask, 2, 1))
    if rng.random() < 0.5 and "time" not in data.known:
        idx = np.concatenate([np.arange(n), np.flatnonzero(mask)])
    for c in cols:
        cols[c] = cols[c][idx]
    return Case("duplicate_rows", [], share, start, "")


def put_clip(data, cols, ref, rng):
    start = rng.choice(STARTS)
    c = pick(rng, features(data, cols, lambda v: spread_out(v) and len(np.unique(v[:5000])) >= 30))
    top = rng.random() < 0.5
    limit = np.quantile(ref[c], rng.uniform(0.85, 0.95) if top else rng.uniform(0.05, 0.15))
    far = (np.max(ref[c]) - limit if top else limit - np.min(ref[c])) > 0.3 * np.std(ref[c])
    if not far:
        raise NotHere
    v = cols[c].astype(float)
    mask = rows_hit(rng, len(v), 1, start)
    cols[c] = np.where(mask, np.minimum(v, limit) if top else np.maximum(v, limit), v)
    return Case("clipping", [c], float(np.mean(ref[c] > limit if top else ref[c] < limit)), start,
                f"{'max' if top else 'min'} {limit:.4g}")


def put_rounding(data, cols, ref, rng):
    share, start = rng.choice((0.5, 1.0)), rng.choice(STARTS)
    c = pick(rng, features(data, cols, lambda v: spread_out(v) and len(np.unique(v[:5000])) >= 40))
    sd = np.nanstd(ref[c])
    step = 10.0 ** np.floor(np.log10(sd)) * rng.choice([1, 0.1, 0.5])
    v = cols[c].astype(float)
    if np.mean(np.abs(v / step - np.round(v / step)) < 1e-6) > 0.5:
        raise NotHere
    mask = rows_hit(rng, len(v), share, start)
    cols[c] = np.where(mask, np.round(np.round(v / step) * step, 9), v)
    return Case("rounding", [c], share, start, f"to {step:g}")


def put_swap(data, cols, ref, rng):
    start = rng.choice(STARTS)
    numbers = features(data, cols, lambda v: spread_out(v) and mode_share(v) < 0.3)
    texts = features(data, cols, lambda v: is_text(v) and mode_share(v) < 0.7)
    pairs = [(a, b) for group in (numbers, texts) for a in group for b in group if a < b and differ(ref, a, b)]
    if len(pairs) == 0:
        raise NotHere
    a, b = pairs[rng.integers(len(pairs))]
    mask = rows_hit(rng, len(cols[a]), 1, start)
    x, y = cols[a], cols[b]
    if is_number(x):
        x, y = x.astype(float), y.astype(float)
    else:
        x, y = as_object(x), as_object(y)
    cols[a], cols[b] = np.where(mask, y, x), np.where(mask, x, y)
    return Case("column_swap", [a, b], 1, start, "")


def differ(ref, a, b):
    """Whether two columns can be told apart: by a quarter of all rows."""
    if is_number(ref[a]):
        grid = np.quantile(np.concatenate([ref[a].astype(float), ref[b].astype(float)]), np.linspace(0.02, 0.98, 25))
        f = [np.searchsorted(np.sort(ref[c].astype(float)), grid) / len(ref[c]) for c in (a, b)]
        return np.max(np.abs(f[0] - f[1])) > 0.25
    shares = [dict(zip(*shares_of(ref[c]))) for c in (a, b)]
    return sum(abs(shares[0].get(k, 0) - shares[1].get(k, 0)) for k in set(shares[0]) | set(shares[1])) / 2 > 0.25


def put_missing(data, cols, ref, rng):
    start = rng.choice(STARTS)
    c = pick(rng, features(data, cols, lambda v: is_text(v) and not calendar(v) and
                           len([s for s in shares_of(v)[1] if 0.04 < s < 0.4]) >= 1
                           and (shares_of(v)[1] > 0.02).sum() >= 4))
    names, shares = shares_of(ref[c])
    name = names[pick(rng, np.flatnonzero((shares > 0.04) & (shares < 0.4)))]
    keep = ~(rows_hit(rng, len(cols[c]), 1, start) & (cols[c] == name))
    for k in cols:
        cols[k] = cols[k][keep]
    return Case("missing_rows", [c], float(np.mean(ref[c] == name)), start, str(name))


def put_label(data, cols, ref, rng):
    start = rng.choice(STARTS)
    c = data.known["label"]
    v = cols[c]
    mask = rows_hit(rng, len(v), 1, start)
    ways = ["stop", "constant"] + (["inverted"] if "score" in data.known else [])
    way = pick(rng, ways)
    if way == "stop":
        cols[c] = with_nulls(v, mask)
    elif way == "constant":
        cols[c] = np.where(mask, v[0], v)
    else:
        cols[c] = np.where(mask, 1 - v, v)
    return Case("label_break", [c], 1, start, way)


def put_new(data, cols, ref, rng):
    cols["brand_new"] = rng.normal(size=len(next(iter(cols.values()))))
    return Case("new_column", ["brand_new"], 1, 0, "")


def put_gone(data, cols, ref, rng):
    c = pick(rng, features(data, cols, lambda v: True))
    del cols[c]
    return Case("missing_column", [c], 1, 0, "")


def put_type(data, cols, ref, rng):
    c = pick(rng, features(data, cols, is_number))
    cols[c] = np.array([f"{x:g} EUR" for x in cols[c]], dtype=object)
    return Case("type_change", [c], 1, 0, "")


PUTS = dict(zip(KINDS, (put_unit, put_sign, put_nulls, put_join, put_fill, put_rename, put_case, put_merge, put_hours,
                        put_stuck, put_duplicates, put_clip, put_rounding, put_swap, put_missing, put_label, put_new,
                        put_gone, put_type)))


# ---- comparisons ----

def pair_split(data, rng):
    """Reference and current rows at random from one block of time, each in order."""
    block = min(data.rows, 3 * (data.ref_rows + data.cur_rows))
    first = rng.integers(data.rows - block + 1)
    some = first + rng.choice(block, size=data.ref_rows + data.cur_rows, replace=False)
    return data.take(np.sort(some[:data.ref_rows])), data.take(np.sort(some[data.ref_rows:]))


def pair_time(data, at):
    """A later window against the rows before it."""
    first = data.ref_rows + at * data.cur_rows
    return (data.take(slice(first - data.ref_rows, first)), data.take(slice(first, first + data.cur_rows)))


def windows_of(data, half):
    """Later windows: the even ones are for tuning, the odd ones for the report."""
    count = (data.rows - data.ref_rows) // data.cur_rows
    every = max(1, count // 60)
    return [i for i in range(0, count, every) if i // every % 2 == (0 if half == "tune" else 1)]


class Job:
    """One comparison, written and run in a worker."""

    def __init__(self, data, pair, what, case):
        self.data = data
        self.ref, self.cur = pair
        self.what = what
        self.case = case
        self.found = None
        self.seconds = 0.0


def config_of(data):
    """A tend.yaml that names what is known: id, time, score and label."""
    lines = ["model: m", "data:"]
    for key in ("id", "time", "score"):
        if key in data.known:
            lines.append(f"  {key}: '{data.known[key]}'")
    if len(lines) == 2:
        lines.pop()
    if "label" in data.known:
        lines += ["label:", f"  column: '{data.known['label']}'"]
    return "\n".join(lines) + "\n"


def run(job):
    """Writes both sides and asks tend."""
    with tempfile.TemporaryDirectory() as folder:
        ref, cur, config = (os.path.join(folder, x) for x in ("ref.parquet", "cur.parquet", "c.yaml"))
        write(job.ref, ref)
        write(job.cur, cur)
        with open(config, "w", encoding="utf-8") as out:
            out.write(config_of(job.data))
        done = subprocess.run([TEND, "check", ref, cur, "--json", "--config", config], capture_output=True, check=False)
        if done.returncode not in (0, 1):
            sys.exit(done.stderr.decode())
        doc = json.loads(done.stdout)
    job.found = doc["breaks"]
    job.cur_rows = len(next(iter(job.cur.values())))
    job.times = job.cur.get(job.data.known.get("time"))
    job.ref = job.cur = None
    return job


def name_of(b):
    """A break of the report as one name: its kind and columns."""
    return b["kind"], tuple(sorted(b["columns"]))


def is_right(case, b):
    """Whether a break of the report is the one that was put in."""
    if b["kind"] not in case.names:
        return False
    return not case.columns or set(b["columns"]) == set(case.columns)


def unbroken_jobs(data, half, count):
    """Random splits and later windows as they are."""
    for i in range(count):
        rng = np.random.default_rng([SEEDS[half], i, 77])
        yield Job(data, pair_split(data, rng), "split", None)
    for at in windows_of(data, half):
        yield Job(data, pair_time(data, at), f"window {at}", None)


def broken_jobs(data, half, kinds, cases):
    """Cases of each kind: half of them in random splits, half in later windows."""
    windows = windows_of(data, half)
    for k, kind in enumerate(KINDS):
        made = tried = 0
        while kind in kinds and made < cases and tried < 20 * cases:
            tried += 1
            rng = np.random.default_rng([SEEDS[half] + 2, k, tried])
            at = windows[rng.integers(len(windows))] if made % 2 else None
            ref, cur = pair_split(data, rng) if at is None else pair_time(data, at)
            try:
                case = PUTS[kind](data, cur, ref, rng)
            except NotHere:
                continue
            made += 1
            yield Job(data, (ref, cur), "split" if at is None else f"window {at}", case)


def since_error(j, b):
    """How far the reported start is from the true one, as a share of the current rows."""
    row = b["since_row"] or 1
    if j.times is not None and b["since"] is not None:
        row = 1 + np.searchsorted(j.times, np.datetime64(b["since"].rstrip("Z")))
    return abs((row - 1) / j.cur_rows - j.case.start)


def share_text(a, b):
    """A share with its counts."""
    return f"{a / b:6.3f} ({a}/{b})" if b else "     - "


def report_unbroken(name, jobs, listing):
    """False breaks of one data set; what real windows show, by name."""
    for what in ("split", "window"):
        some = [j for j in jobs if j.what.startswith(what)]
        bad = [j for j in some if j.found]
        print(f"  {name:12} {what + 's':8} {len(some):4} comparisons, {len(bad):3} with a break, "
              f"{sum(len({name_of(b) for b in j.found}) for j in some):3} breaks")
        if what == "window" or listing:
            names = collections.Counter((b["kind"], ",".join(b["columns"]), b["detail"].get("from", ""),
                                         b["detail"].get("to", "")) for j in bad for b in j.found)
            for (kind, columns, old, new), n in names.most_common(12):
                print(f"      {n:3} x {kind} of {columns or 'rows'}: {old} -> {new}")


def report_broken(jobs, natural, listing):
    """Precision and recall of each kind."""
    table = collections.OrderedDict()
    for j in jobs:
        known = natural.get((j.data.name, j.what), set())
        right = [b for b in j.found if is_right(j.case, b)]
        wrong = {name_of(b) for b in j.found if not is_right(j.case, b)} - known
        row = table.setdefault(j.case.kind, [0, 0, 0, 0, []])
        row[0] += 1
        row[1] += bool(right)
        row[2] += len({name_of(b) for b in right})
        row[3] += len(wrong)
        if right:
            row[4].append(min(since_error(j, b) for b in right))
        if listing and (not right or wrong):
            print(f"    {j.data.name} {j.what} {j.case.kind} {j.case.columns} {j.case.words} share {j.case.share:g} "
                  f"start {j.case.start:g}: {'found' if right else 'MISSED'}"
                  + "".join(f"; {b['kind']} {b['columns']} {b['detail']} {b['share']:.2f}" for b in j.found
                            if not is_right(j.case, b)))
    total = [sum(r[i] for r in table.values()) for i in range(4)]
    total.append([e for r in table.values() for e in r[4]])
    print(f"  {'kind':18}{'cases':>6}{'recall':>18}{'precision':>18}{'start off by':>14}")
    for kind, r in [*table.items(), ("all", total)]:
        off = f"{np.median(r[4]):7.3f}{np.quantile(r[4], 0.9):7.3f}" if r[4] else ""
        print(f"  {kind:18}{r[0]:6}{share_text(r[1], r[0]):>18}{share_text(r[2], r[2] + r[3]):>18}{off:>14}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--half", default="tune", choices=tuple(SEEDS))
    parser.add_argument("--cases", type=int, default=8)
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--sets", default=",".join(LOADERS))
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()
    natural, broken = {}, []
    print("unbroken comparisons:")
    for name in args.sets.split(","):
        data = LOADERS[name]()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            plain = list(pool.map(run, unbroken_jobs(data, args.half, args.splits)))
            report_unbroken(name, plain, args.list)
            for j in plain:
                if j.what != "split":
                    natural[(name, j.what)] = {name_of(b) for b in j.found}
            broken += pool.map(run, broken_jobs(data, args.half, args.kinds.split(","), args.cases))
        sys.stdout.flush()
    print("broken comparisons:")
    report_broken(broken, natural, args.list)


if __name__ == "__main__":
    main()
