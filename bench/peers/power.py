"""power.py: how often a shift of one column is seen at the level .05, by tend and by each two-sample test in SciPy.

    power.py DIR [--tend PROGRAM] [--count N] [--sizes 300,1000,5000]

For each kind of shift N independent pairs of samples are drawn (seed 11) and written as N columns of two Parquet files,
which one `tend check --json` compares: its `p_value` is the test of that column alone. SciPy tests the same pairs.
Shifts shrink with the root of n, so that they are as hard to see at every size. An asterisk marks the best of SciPy.
"""
import argparse
import json
import os
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
from scipy import stats

warnings.filterwarnings("ignore")
LEVEL = 0.05


def mixture(rng, size, share, other, base):
    """`base`, a share of it replaced by `other`."""
    return np.where(rng.random(size) < share, other, base)


def minutes(rng, size):
    """Minutes late on a lattice of 5, two fifths 0."""
    return np.where(rng.random(size) < 0.4, 0, np.round(rng.exponential(20, size) / 5) * 5)


def categories(rng, size, shares):
    """Texts."""
    return np.array([f"c{i}" for i in range(len(shares))])[rng.choice(len(shares), size, p=shares)]


ZIPF = (1 / np.arange(1, 51)) / (1 / np.arange(1, 51)).sum()


def moved_shares(d):
    """The shares of 50 categories, d of them gone from the first to the others of the first ten."""
    shares = ZIPF.copy()
    shares[0] -= d
    shares[1:10] += d / 9
    return shares


def alternating(d):
    """Twenty equal categories, every other one d of itself more, the rest less."""
    return (1 + d * (-1.0) ** np.arange(20)) / 20


# name: (reference, current at strength s), s = sqrt(1000 / n)
NUMBERS = {
    "no drift, normal": (lambda r, z: r.standard_normal(z), lambda r, z, s: r.standard_normal(z)),
    "no drift, minutes late": (minutes, lambda r, z, s: minutes(r, z)),
    "location, normal + .1 sd": (lambda r, z: r.standard_normal(z), lambda r, z, s: r.standard_normal(z) + 0.1 * s),
    "location, Laplace + .1 sd": (lambda r, z: r.laplace(size=z), lambda r, z, s: r.laplace(size=z) + 0.141 * s),
    "location, exponential + .05 sd": (lambda r, z: r.exponential(size=z),
                                       lambda r, z, s: r.exponential(size=z) + 0.05 * s),
    "factor 1.1, lognormal": (lambda r, z: r.lognormal(0, 0.75, z), lambda r, z, s: r.lognormal(0.095 * s, 0.75, z)),
    "scale 1.1, normal": (lambda r, z: r.standard_normal(z), lambda r, z, s: r.standard_normal(z) * (1 + 0.1 * s)),
    "tails, a third of t(4)": (lambda r, z: r.standard_normal(z),
                               lambda r, z, s: mixture(r, z, 0.35 * s, r.standard_t(4, z) / 1.414,
                                                       r.standard_normal(z))),
    "tails, 3 % four times as wide": (lambda r, z: r.standard_normal(z),
                                      lambda r, z, s: mixture(r, z, 0.03 * s, 4 * r.standard_normal(z),
                                                              r.standard_normal(z))),
    "an atom of 4 % at the median": (lambda r, z: r.standard_normal(z),
                                     lambda r, z, s: mixture(r, z, 0.04 * s, 0.0, r.standard_normal(z))),
    "lattice, Poisson 3 to 3.2": (lambda r, z: r.poisson(3, z).astype(float),
                                  lambda r, z, s: r.poisson(3 + 0.2 * s, z).astype(float)),
    "lattice, 12 % of minutes late + 5": (minutes, lambda r, z, s: minutes(r, z) + 5 * (r.random(z) < 0.12 * s)),
}
TEXTS = {
    "no drift, 50 categories": (lambda r, z: categories(r, z, ZIPF), lambda r, z, s: categories(r, z, ZIPF)),
    "50 categories, the first loses 5 %": (lambda r, z: categories(r, z, ZIPF),
                                           lambda r, z, s: categories(r, z, moved_shares(0.05 * s))),
    "20 categories, all by 20 %": (lambda r, z: categories(r, z, np.full(20, 0.05)),
                                   lambda r, z, s: categories(r, z, alternating(0.2 * s))),
}


def number_tests(a, b):
    """The p-values of SciPy's tests of two samples of numbers."""
    values = np.unique(np.concatenate([a, b]))
    p = {
        "KS": stats.ks_2samp(a, b, method="auto" if len(a) <= 1000 else "asymp").pvalue,
        "AD": stats.anderson_ksamp([a, b]).pvalue,
        "MWU": stats.mannwhitneyu(a, b).pvalue,
        "CvM": stats.cramervonmises_2samp(a, b, method="asymptotic").pvalue,
        "ES": stats.epps_singleton_2samp(a, b).pvalue,
    }
    if len(values) <= 40:
        counts = [[(side == value).sum() for value in values] for side in (a, b)]
        p["chi2"] = stats.chi2_contingency(counts, correction=False).pvalue
    return p


def text_tests(a, b):
    """The chi-squared test of the table of counts."""
    counts = pd.concat([pd.Series(side).value_counts() for side in (a, b)], axis=1).fillna(0)
    return {"chi2": stats.chi2_contingency(counts.T, correction=False).pvalue}


def ours(args, pairs):
    """The p-values of `tend check`, a column a pair."""
    paths = [os.path.join(args.dir, f"power-{side}.parquet") for side in ("a", "b")]
    for side, path in enumerate(paths):
        pd.DataFrame({f"c{i}": pair[side] for i, pair in enumerate(pairs)}).to_parquet(path, index=False)
    done = subprocess.run([args.tend, "check", *paths, "--json"], stdout=subprocess.PIPE, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"{args.tend} check: code {done.returncode}")
    return [column["p_value"] for column in json.loads(done.stdout)["columns"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dir")
    parser.add_argument("--tend", default="build/src/tend")
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--sizes", default="300,1000,5000")
    args = parser.parse_args()
    names = ("KS", "AD", "MWU", "CvM", "ES", "chi2")
    print(f"| shift ({args.count} pairs each, level .05) | n | tend | " + " | ".join(names) + " |\n|---|---|" +
          "---|" * (len(names) + 1))
    for n in map(int, args.sizes.split(",")):
        rng = np.random.default_rng([11, n])
        strength = np.sqrt(1000 / n)
        for kinds, test in ((NUMBERS, number_tests), (TEXTS, text_tests)):
            for name, (before, after) in kinds.items():
                pairs = [(before(rng, n), after(rng, n, strength)) for _ in range(args.count)]
                seen = {"tend": np.mean(np.array(ours(args, pairs)) < LEVEL)}
                tests = pd.DataFrame([test(*pair) for pair in pairs])
                seen.update((tests < LEVEL).mean())
                best = max(value for key, value in seen.items() if key != "tend")
                cells = [f"{seen[key]:.3f}{'*' if seen[key] == best else ''}" if key in seen else "" for key in names]
                print(f"| {name} | {n:,} | {seen['tend']:.3f} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
