"""test_sketches.py: the sketches of libtend and those of Apache DataSketches and Datadog read, answer for and unite
each other; the program puts them into profiles that Python reads."""
import collections
import math
import os
import random
import re
import subprocess
import sys

import pytest

np = pytest.importorskip("numpy")
ds = pytest.importorskip("datasketches")
duckdb = pytest.importorskip("duckdb")

# pylint: disable=wrong-import-position
import sketch_bridge as bridge  # noqa: E402
from sketch_bridge import DDSKETCH, FREQUENT, HLL, KLL, Sketch  # noqa: E402
from tend_program import ROOT, run  # noqa: E402

pytestmark = pytest.mark.skipif(bridge.LIB is None, reason="this build has no shared library (sanitizers)")

SIZES = [0, 1, 2, 100, 199, 200, 201, 1024, 1025, 5000, 100000, 3000000]
TYPES = {0: ds.tgt_hll_type.HLL_4, 1: ds.tgt_hll_type.HLL_6, 2: ds.tgt_hll_type.HLL_8}


def values(n, seed=0):
    return np.random.default_rng(seed).normal(size=n)


# ---- KLL ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("n", SIZES)
def test_datasketches_reads_our_kll(n):
    x = values(n)
    ours = Sketch(KLL, 200, 1).add(x)
    theirs = ds.kll_doubles_sketch.deserialize(ours.write())
    assert theirs.n == n and theirs.k == 200 and theirs.is_empty() == (n == 0)
    if n == 0:
        return
    assert theirs.get_min_value() == x.min() and theirs.get_max_value() == x.max()
    assert sum(weight for _, weight in theirs) == n  # its own walk through the items
    again = Sketch(KLL, bytes_read=ours.write())
    for p in (0.0, 0.01, 0.25, 0.5, 0.9, 0.999, 1.0):
        assert theirs.get_quantile(p, True) == again.ask(5, p)
        assert theirs.get_quantile(p) == again.ask(8, p)
        assert theirs.get_rank(p - 0.5) == again.ask(3, p - 0.5)
        assert theirs.get_rank(p - 0.5, True) == again.ask(4, p - 0.5)
    error = theirs.normalized_rank_error(False)
    assert error == pytest.approx(2.296 / 200**0.9723)
    for p in np.linspace(0, 1, 101):
        assert np.mean(x <= theirs.get_quantile(p, True)) == pytest.approx(p, abs=error + 1 / n)


@pytest.mark.parametrize("n", SIZES)
def test_we_read_their_kll(n):
    theirs = ds.kll_doubles_sketch(200)
    theirs.update(values(n))
    ours = Sketch(KLL, bytes_read=theirs.serialize())
    assert ours.ask(0) == n
    if n > 0:
        assert ours.ask(1) == theirs.get_min_value() and ours.ask(2) == theirs.get_max_value()
        for p in np.linspace(0, 1, 33):
            assert ours.ask(8, p) == theirs.get_quantile(p)
            assert ours.ask(4, p - 0.5) == theirs.get_rank(p - 0.5, True)


def test_kll_merges_across_the_implementations():
    parts = [values(n, seed) for seed, n in enumerate([50, 900, 5000, 700000, 1, 12345])]
    everything = np.concatenate(parts)
    ours, theirs = Sketch(KLL, 200, 2), ds.kll_doubles_sketch(200)
    for i, part in enumerate(parts):
        if i % 2 == 0:  # made there, merged here; made here, merged there
            made = ds.kll_doubles_sketch(200)
            made.update(part)
            ours.merge(Sketch(KLL, bytes_read=made.serialize()))
            theirs.merge(made)
        else:
            made = Sketch(KLL, 200, i).add(part)
            ours.merge(made)
            theirs.merge(ds.kll_doubles_sketch.deserialize(made.write()))
    assert ours.ask(0) == theirs.n == len(everything)
    error = theirs.normalized_rank_error(False)
    for p in np.linspace(0.01, 0.99, 50):
        assert np.mean(everything <= ours.ask(5, p)) == pytest.approx(p, abs=error)
        assert np.mean(everything <= theirs.get_quantile(p, True)) == pytest.approx(p, abs=error)


# ---- HyperLogLog --------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("n", [0, 1, 7, 8, 384, 385, 5000, 100000])
def test_hll_is_the_same_in_both(kind, n):
    theirs = ds.hll_sketch(12, TYPES[kind])
    for i in range(n):
        theirs.update(i)
    in_order = Sketch(HLL, 12, kind, 1).add_ints(np.arange(n))
    unordered = Sketch(HLL, 12, kind, 0).add_ints(np.random.default_rng(1).permutation(n))
    assert in_order.ask(0) == pytest.approx(theirs.get_estimate(), rel=1e-9)
    for raw in (theirs.serialize_compact(), theirs.serialize_updatable()):
        assert Sketch(HLL, bytes_read=raw).ask(0) == pytest.approx(theirs.get_estimate(), rel=1e-9)
    if n > 384:  # the same registers: all bytes but those of the estimate, whose last bits depend on the order of sums
        ours = bytearray(in_order.write())
        ours[8:16] = theirs.serialize_compact()[8:16]
        assert bytes(ours) == theirs.serialize_compact()
    read = ds.hll_sketch.deserialize(unordered.write())
    assert read.get_estimate() == pytest.approx(n, rel=4 * 1.04 / 64)
    # Of registers alone there are two estimators; 0.5 % is a third of the standard error that both have.
    assert read.get_estimate() == pytest.approx(unordered.ask(0), rel=0.005)
    assert read.get_lower_bound(2) == pytest.approx(unordered.ask(1, 2), rel=0.01)
    assert read.get_upper_bound(2) == pytest.approx(unordered.ask(2, 2), rel=0.01)


def test_hll_hashes_numbers_and_texts_as_datasketches_does():
    rng = random.Random(3)
    numbers = [rng.gauss(0, 1e6) for _ in range(300)] + [0.0, -0.0, 1e-310, math.inf, -math.inf, math.nan]
    texts = ["x" * n for n in range(1, 70)] + ["Zürich", "日本", "😀", "a,b\n"]
    theirs = ds.hll_sketch(14, TYPES[2])
    ours = Sketch(HLL, 14, 2, 1)
    for number in numbers:
        theirs.update(float(number))
    ours.add(numbers)
    for text in texts:
        theirs.update(text)
    ours.add_texts(texts)
    coupons = [{raw[i:i + 4] for i in range(12, len(raw), 4)} for raw in (theirs.serialize_compact(), ours.write())]
    assert coupons[0] == coupons[1]


def test_hll_unites_across_the_implementations():
    union = ds.hll_union(12)
    ours = Sketch(HLL, 12, 0, 0)
    for begin, end in ((0, 300), (200, 60000), (50000, 90000), (89990, 90010)):
        made = Sketch(HLL, 12, 2, 0).add_ints(np.arange(begin, end))
        union.update(ds.hll_sketch.deserialize(made.write()))
        their_part = ds.hll_sketch(12, TYPES[0])
        for i in range(begin, end):
            their_part.update(i)
        ours.merge(Sketch(HLL, bytes_read=their_part.serialize_compact()))
    assert union.get_estimate() == pytest.approx(ours.ask(0), rel=0.005)
    assert ours.ask(0) == pytest.approx(90010, rel=3 * 1.04 / 64)


# ---- frequent items -----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("n", [0, 1, 500, 40000])
def test_frequent_items_read_each_other_and_merge(n):
    rng = np.random.default_rng(n)
    texts = [f"Kunde №{v}" for v in (rng.pareto(0.6, size=n) * 3).astype(np.int64) % 100000]
    truth = collections.Counter(texts)
    ours = Sketch(FREQUENT, 8).add_texts(texts)
    theirs = ds.frequent_strings_sketch(8)
    for text in texts:
        theirs.update(text)
    read = ds.frequent_strings_sketch.deserialize(ours.write())
    got = Sketch(FREQUENT, bytes_read=theirs.serialize())
    merged = ds.frequent_strings_sketch.deserialize(ours.write())
    merged.merge(theirs)
    ours_merged = Sketch(FREQUENT, 8).merge(ours).merge(got)
    assert read.total_weight == got.ask(0) == n and merged.total_weight == ours_merged.ask(0) == 2 * n
    for text, count in truth.items():
        assert read.get_lower_bound(text) <= count <= read.get_upper_bound(text)
        assert (read.get_lower_bound(text), read.get_upper_bound(text)) == ours.weight(text)
        assert (theirs.get_lower_bound(text), theirs.get_upper_bound(text)) == got.weight(text)
        assert merged.get_lower_bound(text) <= 2 * count <= merged.get_upper_bound(text)
        low, high = ours_merged.weight(text)
        assert low <= 2 * count <= high
    assert ours.ask(1) <= read.epsilon * n
    no_misses = read.get_frequent_items(ds.frequent_items_error_type.NO_FALSE_NEGATIVES)
    assert {row[0] for row in no_misses} >= {text for text, count in truth.items() if count > ours.ask(1)}


# ---- DDSketch -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("kind", ["none", "one", "money"])
def test_ddsketch_reads_and_is_read_by_datadogs(kind):
    ddsketch = pytest.importorskip("ddsketch")
    mapping = pytest.importorskip("ddsketch.mapping")
    proto = pytest.importorskip("ddsketch.pb.proto")
    messages = pytest.importorskip("ddsketch.pb.ddsketch_pb2")
    store = pytest.importorskip("ddsketch.store")
    rng = np.random.default_rng(8)
    x = {"none": np.zeros(0), "one": np.array([42.5]),
         "money": np.concatenate([np.zeros(50), rng.choice([-1, 1], 3000) * np.exp(rng.normal(size=3000) * 3)])}[kind]
    ours = Sketch(DDSKETCH, 0.02).add(x)
    theirs = proto.DDSketchProto.from_proto(messages.DDSketch.FromString(ours.write()))
    cubic = ddsketch.ddsketch.BaseDDSketch(
        mapping=mapping.CubicallyInterpolatedMapping(0.02), store=store.DenseStore(), negative_store=store.DenseStore(),
        zero_count=0)
    plain = ddsketch.DDSketch(0.02)
    for value in x:
        cubic.add(float(value))
        plain.add(float(value))
    for made in (cubic, plain):
        read = Sketch(DDSKETCH, bytes_read=proto.DDSketchProto.to_proto(made).SerializeToString())
        assert read.ask(0) == len(x)
        for p in np.linspace(0, 1, 101) if len(x) else ():
            assert read.ask(5, p) == pytest.approx(made.get_quantile_value(p), rel=1e-9)
    ordered = np.sort(x)
    for p in np.linspace(0, 1, 101) if len(x) else ():
        truth = ordered[int(p * (len(x) - 1))]
        assert ours.ask(5, p) == pytest.approx(truth, rel=0.02 + 1e-9, abs=0)
        for other in (cubic, theirs):
            assert other.get_quantile_value(p) == pytest.approx(ours.ask(5, p), rel=1e-9)


# ---- damage -------------------------------------------------------------------------------------------------------

def test_what_another_kind_wrote_is_refused_with_a_reason():
    made = {KLL: Sketch(KLL, 200).add(values(10)).write(), HLL: Sketch(HLL, 12).add(values(10)).write(),
            FREQUENT: Sketch(FREQUENT, 10).add_text("a").write(),
            DDSKETCH: Sketch(DDSKETCH, 0.01).add(values(10)).write()}
    for kind in made:
        for other, raw in made.items():
            if kind != other:
                with pytest.raises(ValueError, match="not a "):
                    Sketch(kind, bytes_read=raw)


# ---- the program --------------------------------------------------------------------------------------------------

def write_csv(path, rows):
    path.write_text("amount,customer,day\n" + "".join(f"{a},{c},{d}\n" for a, c, d in rows), encoding="utf-8")


def some_rows(n, seed):
    rng = random.Random(seed)
    return [("" if rng.random() < 0.05 else round(rng.lognormvariate(3, 1), 2),
             f"customer {int(rng.paretovariate(0.8))}", f"2026-01-{1 + i * 28 // n:02}") for i in range(n)]


def read_lines(path):
    """The Python lines of docs/profile-format.md, run where `path` is the profile: what they print."""
    page = open(os.path.join(ROOT, "docs", "profile-format.md"), encoding="utf-8").read()
    code = re.search(r"```python\n(import datasketches.*?)```", page, re.S).group(1)
    assert "january.profile.parquet" in code
    done = subprocess.run([sys.executable, "-c", code.replace("january.profile.parquet", str(path))], check=False,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def blobs(path, columns="kll, hll, frequent_items"):
    return {row[0]: row[1:] for row in duckdb.sql(f"SELECT name, {columns} FROM '{path}'").fetchall()}


def test_profile_keeps_sketches_that_python_reads(tmp_path):
    rows = some_rows(4000, 1)
    write_csv(tmp_path / "data.csv", rows)
    done = run("profile", "data.csv", "--sketches", "-o", "p.parquet", "--json", cwd=tmp_path)
    assert done.code == 0, done.err
    amounts = np.array([a for a, _, _ in rows if a != ""])
    customers = collections.Counter(c for _, c, _ in rows)
    got = blobs(tmp_path / "p.parquet")
    kll = ds.kll_doubles_sketch.deserialize(got["amount"][0])
    assert kll.n == len(amounts) and kll.get_max_value() == amounts.max()
    assert np.mean(amounts <= kll.get_quantile(0.5, True)) == pytest.approx(0.5, abs=kll.normalized_rank_error(False))
    hll = ds.hll_sketch.deserialize(got["customer"][1])
    assert hll.get_estimate() == pytest.approx(len(customers), rel=4 * 1.04 / 64)
    frequent = ds.frequent_strings_sketch.deserialize(got["customer"][2])
    for text, count in customers.items():
        assert frequent.get_lower_bound(text) <= count <= frequent.get_upper_bound(text)
    column = {c["name"]: c["profile"]["sketches"] for c in done.json()["columns"]}
    assert column["amount"]["quantiles"]["p50"] == kll.get_quantile(0.5, True)
    assert column["amount"]["quantiles"]["rank_error"] == pytest.approx(kll.normalized_rank_error(False))
    tail = np.sort(amounts)[int(0.999 * (len(amounts) - 1))]
    assert column["amount"]["tails"]["p999"] == pytest.approx(tail, rel=0.0101)
    read = Sketch(DDSKETCH, bytes_read=blobs(tmp_path / "p.parquet", "ddsketch")["amount"][0])
    assert read.ask(0) == len(amounts) and read.ask(5, 0.999) == column["amount"]["tails"]["p999"]
    low, high = column["customer"]["distinct"]["low"], column["customer"]["distinct"]["high"]
    assert low <= len(customers) <= high
    top = column["customer"]["frequent"]["texts"][0]
    assert top["low"] <= customers[top["text"]] <= top["high"]
    text = run("show", "p.parquet", cwd=tmp_path).out
    assert "from sketches" in text and "customer 1 " in text
    printed = read_lines(tmp_path / "p.parquet")
    assert "amount" in printed and "customer 1" in printed


def test_without_the_option_only_columns_outside_of_the_plan_have_sketches(tmp_path):
    (tmp_path / "a.csv").write_text("amount\n" + "".join(f"{i}.5\n" for i in range(50)), encoding="utf-8")
    write_csv(tmp_path / "b.csv", some_rows(500, 2))
    assert run("profile", "a.csv", "-o", "a.parquet", cwd=tmp_path).code == 0
    done = run("profile", "b.csv", "--plan", "a.parquet", "-o", "b.parquet", "--json", cwd=tmp_path)
    assert done.code == 0, done.err
    got = blobs(tmp_path / "b.parquet")
    assert got["amount"] == (None, None, None) and blobs(tmp_path / "a.parquet")["amount"] == (None, None, None)
    assert got["customer"][1] is not None and got["customer"][2] is not None and got["day"][1] is not None
    new = {c["name"]: c for c in done.json()["new_columns"]}
    assert new["customer"]["sketches"]["frequent"]["count"] == 500
    assert "from sketches" in run("show", "b.parquet", cwd=tmp_path).out
    assert "from sketches" not in run("show", "a.parquet", cwd=tmp_path).out


def test_merge_adds_sketches_and_drops_what_would_be_of_a_part(tmp_path):
    parts = [some_rows(n, n) for n in (3000, 2000)]
    write_csv(tmp_path / "0.csv", parts[0])
    write_csv(tmp_path / "1.csv", parts[1])
    assert run("profile", "0.csv", "--sketches", "-o", "0.parquet", cwd=tmp_path).code == 0
    for flags, name in ((["--sketches"], "1.parquet"), ([], "bare.parquet")):
        done = run("profile", "1.csv", "--plan", "0.parquet", *flags, "-o", name, cwd=tmp_path)
        assert done.code == 0, done.err
    assert run("merge", "0.parquet", "1.parquet", "-o", "sum.parquet", cwd=tmp_path).code == 0
    assert run("merge", "0.parquet", "bare.parquet", "-o", "part.parquet", cwd=tmp_path).code == 0
    truth = {c for rows in parts for _, c, _ in rows}
    got = blobs(tmp_path / "sum.parquet")
    assert ds.hll_sketch.deserialize(got["customer"][1]).get_estimate() == pytest.approx(len(truth), rel=4 * 1.04 / 64)
    assert ds.frequent_strings_sketch.deserialize(got["customer"][2]).total_weight == 5000
    assert ds.kll_doubles_sketch.deserialize(got["amount"][0]).n == sum(a != "" for rows in parts for a, _, _ in rows)
    assert blobs(tmp_path / "part.parquet")["customer"] == (None, None, None)


def test_a_store_keeps_sketches_of_its_windows_where_asked(tmp_path):
    write_csv(tmp_path / "data.csv", some_rows(2000, 3))
    done = run("profile", "data.csv", "--every", "7d", "--time", "day", "--sketches", "-o", "store/", cwd=tmp_path)
    assert done.code == 0, done.err
    merged = run("merge", "store@2026-01", "-o", "month.parquet", cwd=tmp_path)
    assert merged.code == 0, merged.err
    assert ds.frequent_strings_sketch.deserialize(blobs(tmp_path / "month.parquet")["customer"][2]).total_weight > 1500


def test_a_damaged_sketch_is_refused_by_name(tmp_path):
    write_csv(tmp_path / "data.csv", some_rows(500, 4))
    assert run("profile", "data.csv", "--sketches", "-o", "p.parquet", cwd=tmp_path).code == 0
    duckdb.sql(f"""COPY (SELECT * REPLACE (NULL::BIGINT AS "check",
                   CASE WHEN name = 'customer' THEN hll[:-2] ELSE hll END AS hll)
                   FROM '{tmp_path / "p.parquet"}') TO '{tmp_path / "bad.parquet"}' (FORMAT parquet)""")
    done = run("show", "bad.parquet", cwd=tmp_path)
    assert done.code == 2
    assert "customer" in done.err and "HyperLogLog" in done.err
