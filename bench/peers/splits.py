"""splits.py: writes pairs of samples of one data set, without drift and with a known shift of one column.

    splits.py DIR --flights FLIGHTS.parquet [--data DIR_OF_SHARED_DATA] [--count N] [--seed S]

Without drift: rows of a data set in random order, the first n are the reference, the next n are current. With a shift
of d the column whose turn it is moves by d standard deviations, on its own lattice:
  numbers of many values    + d sd
  numbers of few values     rows go up to the next value that the column has, so many (chosen at random) that the mean
                            moves by d sd
  texts and bools           rows go from the commonest category to the second, so many that the share of the commonest
                            falls by d of its own standard deviation sqrt(p (1 - p))
Columns that are ids, and columns of one value, are left out. Writes DIR/splits.json, a list of comparisons, and a pair
of Parquet files for each. The same seed gives the same files.
"""
import argparse
import json
import os

import numpy as np
import pandas as pd

SIZES = (300, 1000, 5000)
SHIFTS = (0.1, 0.25)
FEW_VALUES = 2000  # a number of at most so many distinct values has a lattice


def load(flights, data):
    """The data sets, as {name: frame}."""
    frames = {}
    if os.path.exists(flights):
        frames["flights"] = pd.read_parquet(flights).drop(columns="date")
    bank = os.path.join(data, "bank_marketing.parquet")
    if os.path.exists(bank):
        frames["bank"] = pd.read_parquet(bank).drop(columns="row")
    census = os.path.join(data, "employment_MA_reference.parquet")
    if os.path.exists(census):
        frame = pd.read_parquet(census).drop(columns=["id", "year"])
        for name in frame.columns:
            if isinstance(frame[name].dtype, pd.CategoricalDtype):
                frame[name] = frame[name].astype(str)
        frames["census"] = frame
    for frame in frames.values():
        for name in frame.columns:
            if frame[name].dtype == bool:
                frame[name] = frame[name].map({True: "yes", False: "no"})
            elif not pd.api.types.is_numeric_dtype(frame[name]):
                frame[name] = frame[name].astype(object)
    return frames


class Shift:
    """How one column of a data set moves."""

    def __init__(self, values):
        self.is_number = pd.api.types.is_numeric_dtype(values)
        if self.is_number:
            self.sd = values.std()
            self.lattice = np.unique(values)
            self.has_lattice = len(self.lattice) <= FEW_VALUES
        else:
            self.common = values.value_counts().index[:2]
            self.share = (values == self.common[0]).mean()

    def apply(self, values, d, rng):
        """The values, moved by d."""
        if not self.is_number:
            moved = (values == self.common[0]) & (rng.random(len(values)) < d * np.sqrt((1 - self.share) / self.share))
            return values.where(~moved, self.common[1])
        if not self.has_lattice:
            return values + d * self.sd
        left = d * self.sd
        values = values.to_numpy().copy()
        for _ in range(64):  # each turn: to the next value, in as many rows as are needed
            at = np.minimum(np.searchsorted(self.lattice, values) + 1, len(self.lattice) - 1)
            step = self.lattice[at] - values
            share = min(1.0, left / step.mean()) if step.mean() > 0 else 0.0
            go = rng.random(len(values)) < share
            values = np.where(go, self.lattice[at], values)
            left -= share * step.mean()
            if left <= 1e-9 * self.sd:
                break
        return values


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("dir")
    parser.add_argument("--flights", required=True)
    parser.add_argument("--data", default=os.path.join("..", "shared", "data"))
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20)
    args = parser.parse_args()
    os.makedirs(args.dir, exist_ok=True)
    jobs = []
    for data, frame in load(args.flights, args.data).items():
        shifts = {name: Shift(frame[name]) for name in frame.columns}
        for n in SIZES:
            for d in (0.0, *SHIFTS):
                for i in range(args.count):
                    rng = np.random.default_rng([args.seed, len(data), n, int(1000 * d), i])
                    rows = frame.iloc[rng.choice(len(frame), 2 * n, replace=False)]
                    reference, current = rows.iloc[:n], rows.iloc[n:].copy()
                    column = frame.columns[i % frame.shape[1]] if d > 0 else None
                    if column is not None:
                        current[column] = shifts[column].apply(current[column], d, rng)
                    paths = [os.path.join(args.dir, f"{data}-{n}-{d:g}-{i}-{side}.parquet") for side in ("a", "b")]
                    reference.to_parquet(paths[0], index=False)
                    current.to_parquet(paths[1], index=False)
                    jobs.append({"data": data, "n": n, "shift": d, "turn": i, "column": column,
                                 "is_number": bool(column and shifts[column].is_number), "paths": paths})
    jobs.sort(key=lambda job: (job["turn"], job["data"], job["n"], job["shift"]))
    with open(os.path.join(args.dir, "splits.json"), "w", encoding="utf-8") as out:
        json.dump(jobs, out)


if __name__ == "__main__":
    main()
