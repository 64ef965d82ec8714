#!/usr/bin/env python3
"""golden_sketch.py: writes the golden bytes of src/sketch from Apache DataSketches. Not run at test time.

    .deps/py/bin/python tools/golden_sketch.py tests/golden tests/fuzz/corpus

sketches.csv has a line for each sketch: what it is, what DataSketches answers about it, and its bytes in hexadecimal.
The same bytes are where the fuzz targets kll, hll and frequent begin. HyperLogLog and frequent items are the same on
each run; DataSketches draws the coin of KLL anew, so those lines change, and nothing that is tested with them does.
"""
import importlib.metadata
import os
import random
import sys

import datasketches as ds

VERSION = importlib.metadata.version("datasketches")
SEED = 20261125


def kll_rows():
    """k, n, values: count, smallest, largest, median, rank below 0.25 and rank up to 0.75."""
    rng = random.Random(SEED)
    for name, k, n in [("empty", 200, 0), ("one", 200, 1), ("two", 200, 2), ("small", 200, 100), ("full", 8, 9),
                       ("levels", 20, 500), ("many", 20, 20000)]:
        sketch = ds.kll_doubles_sketch(k)
        for _ in range(n):
            sketch.update(rng.random())
        yield name, sketch, k
    merged = ds.kll_doubles_sketch(20)
    for k in (10, 30):
        part = ds.kll_doubles_sketch(k)
        for _ in range(3000):
            part.update(rng.gauss(0.5, 0.2))
        merged.merge(part)
    yield "merged", merged, 20
    ties = ds.kll_doubles_sketch(16)
    for _ in range(4000):
        ties.update(float(rng.randrange(3)))
    ties.update(float("inf"))
    ties.update(float("-inf"))
    yield "ties", ties, 16


def write_kll(file, corpus):
    for name, sketch, k in kll_rows():
        raw = sketch.serialize()
        answers = [sketch.n]
        if sketch.n > 0:
            answers += [sketch.get_min_value(), sketch.get_max_value(), sketch.get_quantile(0.5),
                        sketch.get_rank(0.25), sketch.get_rank(0.75, True)]
        else:
            answers += [0.0] * 5
        file.write(",".join(["kll", name, str(k)] + [repr(a) for a in answers] + [raw.hex()]) + "\n")
        put_corpus(corpus, "kll", name, raw)


TYPES = [ds.tgt_hll_type.HLL_4, ds.tgt_hll_type.HLL_6, ds.tgt_hll_type.HLL_8]


def write_hll(file, corpus):
    """lg_k, type: estimate, lower and upper bound of 2 standard errors; compact or updatable; n of the ints 0 .. n - 1.

    A united sketch is not in order: n is -1.
    """
    for bits, kind in zip((4, 6, 8), TYPES):
        for lg_k, n in [(12, 0), (12, 1), (12, 7), (12, 8), (11, 100), (4, 7), (4, 8), (8, 25), (9, 1000),
                        (10, 100000)]:
            sketch = ds.hll_sketch(lg_k, kind)
            for i in range(n):
                sketch.update(i)
            write_one_hll(file, corpus, f"{bits}_{lg_k}_{n}", sketch, lg_k, bits, n)
        union = ds.hll_union(9)
        for begin in (0, 5000):
            part = ds.hll_sketch(10, kind)
            for i in range(begin, begin + 9000):
                part.update(i)
            union.update(part)
        write_one_hll(file, corpus, f"{bits}_union", union.get_result(kind), 9, bits, -1)


def write_one_hll(file, corpus, name, sketch, lg_k, bits, n):
    forms = [("compact", sketch.serialize_compact())]
    if lg_k < 10:
        forms.append(("updatable", sketch.serialize_updatable()))
    for form, raw in forms:
        answers = [sketch.get_estimate(), sketch.get_lower_bound(2), sketch.get_upper_bound(2)]
        file.write(",".join(["hll", form, str(lg_k), str(bits), str(n)] + [repr(a) for a in answers] + [raw.hex()])
                   + "\n")
        put_corpus(corpus, "hll", f"{name}_{form}", raw)


def write_frequent(file, corpus):
    """lg_max: total weight, error, counters; estimate and lower bound of 'item-0'."""
    rng = random.Random(SEED)
    for name, lg_max, n in [("empty", 10, 0), ("one", 10, 1), ("few", 10, 40), ("purged", 5, 3000)]:
        sketch = ds.frequent_strings_sketch(lg_max)
        for _ in range(n):
            sketch.update(f"item-{int(rng.paretovariate(0.7)) - 1}")
        if name == "few":
            sketch.update("", 3)
            sketch.update("ein Ärger, länger als acht Zeichen", 1000000)
        error = sketch.get_upper_bound("nothing")
        answers = [sketch.total_weight, error, sketch.num_active_items, sketch.get_upper_bound("item-0"),
                   sketch.get_lower_bound("item-0")]
        raw = sketch.serialize()
        file.write(",".join(["frequent", name, str(lg_max)] + [repr(a) for a in answers] + [raw.hex()]) + "\n")
        put_corpus(corpus, "frequent", name, raw)


def put_corpus(corpus, target, name, raw):
    folder = os.path.join(corpus, target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(raw)


def main():
    golden, corpus = sys.argv[1], sys.argv[2]
    with open(os.path.join(golden, "sketches.csv"), "w", encoding="utf-8") as file:
        file.write("# sketches of Apache DataSketches: kind, name, parameters, answers, bytes\n")
        file.write(f"# made by tools/golden_sketch.py with datasketches {VERSION}, seed {SEED}\n")
        write_kll(file, corpus)
        write_hll(file, corpus)
        write_frequent(file, corpus)


if __name__ == "__main__":
    main()
