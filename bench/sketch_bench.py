#!/usr/bin/env python3
"""sketch_bench.py: the sketches of libtend beside PyPI's datasketches, in one process, turn about.

    .deps/py/bin/python bench/sketch_bench.py [BUILD]

Million values a second of processor time, the median of 5 turns, and their ratio. Both get the same NumPy array through
one call where datasketches has such a call (KLL); else datasketches is called once a value, which measures Python too,
and tend is called once for all: those ratios are for who sits in Python, not for the sketches.
"""
import os
import statistics
import sys
import time

import datasketches as ds
import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
os.environ["TEND_BUILD"] = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build")
sys.path.insert(0, os.path.join(ROOT, "tests", "integration"))
import sketch_bridge as bridge  # noqa: E402

TURNS = 5


def seconds(work):
    start = time.process_time()
    work()
    return time.process_time() - start


def row(name, n, ours, theirs=None):
    times = ([], [])
    for _ in range(TURNS):
        times[0].append(seconds(ours))
        if theirs is not None:
            times[1].append(seconds(theirs))
    mine = n / statistics.median(times[0]) / 1e6
    if theirs is None:
        print(f"{name:48} {mine:9.1f}")
    else:
        other = n / statistics.median(times[1]) / 1e6
        print(f"{name:48} {mine:9.1f} {other:12.1f} {mine / other:7.1f}x")


def main():
    rng = np.random.default_rng(1)
    n = 1 << 22
    print(f"{'million values a second':48} {'tend':>9} {'datasketches':>12} {'ratio':>8}")
    normal = rng.normal(size=n)
    sets = [("normal", normal), ("whole numbers", np.round(normal * 40)),
            ("money", np.round(np.exp(normal * 2 + 3), 2)), ("times", 1e15 + np.floor(rng.random(n) * 864e8))]
    for name, x in sets:
        for size in (10_000, 100_000, n):
            part = x[:size]
            repeats = max(1, 1_000_000 // size)

            def ours(part=part, repeats=repeats):
                for i in range(repeats):
                    bridge.Sketch(bridge.KLL, 200, i).add(part)

            def theirs(part=part, repeats=repeats):
                for _ in range(repeats):
                    ds.kll_doubles_sketch(200).update(part)
            row(f"KLL k 200, {size:,} {name}", size * repeats, ours, theirs)
    row("KLL k 200, every value, 4,194,304 normal", n, lambda: bridge.Sketch(bridge.KLL, 200, 1, 1).add(normal))
    few = normal[:200_000]

    def their_hll():
        sketch = ds.hll_sketch(12, ds.tgt_hll_type.HLL_8)
        for value in few.tolist():
            sketch.update(value)
    row("HyperLogLog lg_k 12, doubles", n, lambda: bridge.Sketch(bridge.HLL, 12, 0, 0).add(normal))
    row("  200,000, datasketches once a value from Python", len(few),
        lambda: bridge.Sketch(bridge.HLL, 12, 0, 0).add(few), their_hll)
    row("DDSketch alpha 1 %, money", n, lambda: bridge.Sketch(bridge.DDSKETCH, 0.01).add(sets[2][1]))
    texts = [f"item-{v}" for v in rng.zipf(1.2, size=200_000) % 100_000]
    raw = [text.encode() for text in texts]
    offsets = np.cumsum([0] + [len(r) for r in raw]).astype(np.int64)
    joined = b"".join(raw)

    def our_frequent():
        sketch = bridge.Sketch(bridge.FREQUENT, 10)
        bridge.LIB.bridge_add_texts(sketch.handle, joined, offsets.ctypes.data, len(raw))

    def their_frequent():
        sketch = ds.frequent_strings_sketch(10)
        for text in texts:
            sketch.update(text)
    row("frequent items lg_max 10, Zipf, once a value there", len(texts), our_frequent, their_frequent)


if __name__ == "__main__":
    main()
