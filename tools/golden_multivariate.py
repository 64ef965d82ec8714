#!/usr/bin/env python3
"""golden_multivariate.py: writes the golden values of the tests of many columns at once. Not run at test time.

    .deps/py/bin/python tools/golden_multivariate.py tests/golden

Files: weighted_chi2.csv, tails of sums of weighted chi-squared by Imhof's integral (1961, Biometrika 48, equation 3.2)
where the tail is above 1e-8, and by closed forms beyond; rank_sum.csv, rank sums of SciPy.
Every file starts with lines of provenance (#). Values are printed with repr.
"""
import math
import sys

import numpy
import scipy
from scipy import integrate, stats

SEED = 20261125


def head(file, what):
    file.write(f"# {what}\n")
    file.write(f"# made by tools/golden_multivariate.py with scipy {scipy.__version__}, numpy {numpy.__version__}\n")


def imhof(weights, x):
    """P(sum w Z^2 > x), absolute error about 1e-12: the integral over periods of its sine, summed."""
    weights = numpy.asarray(weights, float)

    def integrand(u):
        theta = 0.5 * numpy.sum(numpy.arctan(weights * u)) - 0.5 * x * u
        log_rho = 0.25 * numpy.sum(numpy.log1p((weights * u) ** 2))
        return math.sin(theta) / u * math.exp(-log_rho) if u > 0 else 0.5 * (numpy.sum(weights) - x)

    total, at, step = 0.0, 0.0, 2 * math.pi / x
    for _ in range(4000):
        part = integrate.quad(integrand, at, at + step, epsabs=1e-14, epsrel=1e-13, limit=200)[0]
        total += part
        at += step
        if math.exp(-0.25 * numpy.sum(numpy.log1p((weights * at) ** 2))) / at < 1e-15:
            break
    return 0.5 + total / math.pi


def write_weighted_chi2(path):
    """Equal weights have a closed form and go far out; others are integrated."""
    rng = numpy.random.default_rng(SEED)
    rows = []
    for df in [1, 2, 5, 40, 250]:
        for p in [0.9, 0.5, 0.1, 1e-2, 1e-4, 1e-8, 1e-12]:
            x = float(stats.chi2.isf(p, df))
            rows.append(([0.3] * df, 0.3 * x, float(stats.chi2.sf(x, df))))
    for weights in [[1.0, 0.5, 0.25, 0.125], [4.0] + [0.05] * 30, list(rng.exponential(size=25)),
                    [1 / (k + 1) ** 2 for k in range(60)], list(rng.gamma(0.2, size=120))]:
        mean, sd = sum(weights), math.sqrt(2 * sum(w * w for w in weights))
        for z in [-1, -0.5, 0, 0.5, 1, 2, 3, 4, 6]:
            x = mean + z * sd
            if x > 0.05 * mean:
                value = imhof(weights, x)
                if value > 1e-8:
                    rows.append(([float(w) for w in weights], float(x), float(value)))
    with open(path, "w", encoding="utf-8") as file:
        head(file, "weights (by spaces), x, P(sum of weights x chi-squared of one degree > x)")
        for weights, x, value in rows:
            file.write(f"{' '.join(map(repr, weights))},{x!r},{value!r}\n")


def write_rank_sum(path):
    """Continuous, rounded and heavily tied numbers, with and without a difference."""
    rng = numpy.random.default_rng(SEED)
    with open(path, "w", encoding="utf-8") as file:
        head(file, "first group, second group (by spaces), auc, p greater, p two-sided; "
                   "scipy.stats.mannwhitneyu(second, first, use_continuity=False, method='asymptotic')")
        for i in range(24):
            n0, n1 = int(rng.integers(5, 120)), int(rng.integers(5, 120))
            digits = (6, 1, 0)[i % 3]
            a = numpy.round(rng.normal(size=n0), digits) + 0.0
            b = numpy.round(rng.normal(size=n1) + 0.3 * (i % 4), digits) + 0.0
            greater = stats.mannwhitneyu(b, a, use_continuity=False, alternative="greater", method="asymptotic")
            either = stats.mannwhitneyu(b, a, use_continuity=False, method="asymptotic")
            file.write(f"{' '.join(repr(float(v)) for v in a)},{' '.join(repr(float(v)) for v in b)},"
                       f"{float(greater.statistic) / (n0 * n1)!r},{float(greater.pvalue)!r},{float(either.pvalue)!r}\n")


def main():
    """Writes all files."""
    folder = sys.argv[1]
    write_rank_sum(f"{folder}/rank_sum.csv")
    write_weighted_chi2(f"{folder}/weighted_chi2.csv")


if __name__ == "__main__":
    main()
