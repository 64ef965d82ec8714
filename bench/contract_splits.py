#!/usr/bin/env python3
"""contract_splits.py: how often a contract that `tend init` guessed from one half of data is broken by the other half.

    .deps/py/bin/python bench/contract_splits.py [SPLITS]

Both halves are random rows of the same data set, so every violation is a false one. Real data: flights of January
2001 in .deps/data, and what lies in ../shared/data; what is absent is left out.
"""
import json
import os
import subprocess
import sys
import tempfile

import pandas

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TEND = os.path.join(os.environ.get("TEND_BUILD", os.path.join(ROOT, "build")), "src", "tend")
SHARED = os.path.join(ROOT, "..", "shared", "data")
DATA = {"flights": os.path.join(ROOT, ".deps", "data", "flights-3m.parquet"),
        "bank_marketing": os.path.join(SHARED, "bank_marketing.parquet"),
        "electricity": os.path.join(SHARED, "electricity.parquet"),
        "employment": os.path.join(SHARED, "employment_MA_reference.parquet")}
ROW_COUNTS = (300, 1000, 5000)


def judge(rows, count):
    """The contract of the first half, checked on the second: conditions and violations."""
    with tempfile.TemporaryDirectory() as folder:
        rows[:count].to_parquet(os.path.join(folder, "a.parquet"), index=False)
        rows[count:].to_parquet(os.path.join(folder, "b.parquet"), index=False)
        subprocess.run([TEND, "init", "a.parquet", "--quiet"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        done = subprocess.run([TEND, "check", "b.parquet", "--json"], cwd=folder, stdout=subprocess.PIPE, check=False)
        contract = json.loads(done.stdout)["contract"]
        return contract["conditions"], contract["violations"]


def main():
    splits = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    print("data set         rows  splits  with a violation  conditions  violated  share")
    for name, path in DATA.items():
        if not os.path.exists(path):
            print(f"{name:15s}  is not here")
            continue
        frame = pandas.read_parquet(path)
        if name == "flights":
            frame = frame[frame.date < "2001-02-01"]
        for count in ROW_COUNTS:
            judged = [judge(frame.sample(2 * count, random_state=seed), count) for seed in range(splits)]
            conditions = sum(c for c, _ in judged)
            violated = sum(len(v) for _, v in judged)
            print(f"{name:15s} {count:5d} {splits:7d} {sum(bool(v) for _, v in judged):17d} {conditions:11d} "
                  f"{violated:9d}  {violated / conditions:.2%}", flush=True)


if __name__ == "__main__":
    main()
