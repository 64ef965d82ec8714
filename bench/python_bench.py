#!/usr/bin/env python3
"""python_bench.py: the Python package: its import, and profiles and checks of flights from several kinds of table.

    python_bench.py [FLIGHTS]      with the package on PYTHONPATH (`make test` leaves it in build/python/site)

Imports are timed in fresh interpreters, whose own start is taken off; the rest by processor time (user and system
of all threads) and the clock, the median of several. The program's figures are in `bench/run check`.
"""
import os
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
REPEATS = 7


def interpreter_seconds(code):
    """Of a fresh interpreter, from start to end."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


def measure(name, rows, work):
    """The median of REPEATS runs of `work`."""
    clock, processor = [], []
    for _ in range(REPEATS):
        begin = time.perf_counter(), time.process_time()
        work()
        clock.append(time.perf_counter() - begin[0])
        processor.append(time.process_time() - begin[1])
    seconds = statistics.median(processor)
    print(f"{name:44} {seconds * 1000:8.1f} ms CPU {statistics.median(clock) * 1000:8.1f} ms "
          f"{rows / seconds / 1e6:6.1f} M rows/s")


def measure_import():
    """`import tend`, less an empty interpreter."""
    pairs = [(interpreter_seconds("pass"), interpreter_seconds("import tend")) for _ in range(15)]
    print(f"import tend: {statistics.median(b - a for a, b in pairs) * 1000:.1f} ms")


def measure_flights(path):
    """January against June."""
    import duckdb
    import tend

    months = {number: duckdb.sql(f"SELECT * FROM '{path}' WHERE month(date) = {number}") for number in (1, 6)}
    tables = {number: relation.to_arrow_table() for number, relation in months.items()}
    frames = {number: table.to_pandas() for number, table in tables.items()}
    rows = {number: len(table) for number, table in tables.items()}
    reference = tend.profile(tables[1])
    measure("profile of PyArrow", rows[1], lambda: tend.profile(tables[1]))
    measure("profile of pandas", rows[1], lambda: tend.profile(frames[1]))
    measure("profile of a DuckDB relation", rows[1], lambda: tend.profile(months[1]))
    measure("profile like another, PyArrow", rows[6], lambda: tend.profile(tables[6], like=reference))
    measure("check of PyArrow", rows[1] + rows[6], lambda: tend.check(tables[1], tables[6]))
    measure("check of pandas", rows[1] + rows[6], lambda: tend.check(frames[1], frames[6]))
    measure("check of a profile against PyArrow", rows[6], lambda: tend.check(reference, tables[6]))
    measure("value, one expression", rows[6], lambda: tend.value(tables[6], "case when delay > 15 then -10 else 2 end"))


if __name__ == "__main__":
    measure_import()
    measure_flights(sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, ".deps", "data", "flights-3m.parquet"))
