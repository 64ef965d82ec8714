#!/usr/bin/env python3
"""golden_stat.py: writes the golden values of src/stat from SciPy. Not run at test time.

    python3 tools/golden_stat.py tests/golden

Every file starts with lines of provenance (#). Values are printed with repr, so that they read back to the same double.
"""
import math
import sys

import numpy
import scipy
from scipy import integrate, special, stats


def head(file, what):
    file.write(f"# {what}\n")
    file.write(f"# made by tools/golden_stat.py with scipy {scipy.__version__}, numpy {numpy.__version__}\n")


def write_special(path):
    rows = []

    def add(name, a, b, c, value):
        if math.isfinite(value) and (value == 0 or abs(value) > 1e-290):
            rows.append((name, float(a), float(b), float(c), float(value)))

    for z in [-37.0, -20.0, -8.0, -3.0, -1.0, -0.1, 0.0, 0.5, 1.0, 1.96, 4.0, 8.0, 20.0, 37.0]:
        add("normal_cdf", z, 0, 0, special.ndtr(z))
        add("normal_sf", z, 0, 0, stats.norm.sf(z))
    probabilities = [1e-250, 1e-100, 1e-20, 1e-8, 1e-3, 0.025, 0.1, 0.3, 0.5, 0.6, 0.9, 0.975, 0.999, 1 - 1e-8]
    for p in probabilities:
        add("normal_quantile", p, 0, 0, special.ndtri(p))
    for a in [0.01, 0.25, 0.5, 1.0, 1.5, 3.0, 4.5, 10.0, 16.0, 50.5, 200.0, 1000.0, 1e4, 1e5, 1e6]:
        # SciPy stops its series at 2000 terms, which shows at a = 1e6, r = .99: left out.
        for r in [1e-3, 0.1, 0.5, 0.9, 0.99, 1.0, 1.01, 1.1, 1.5, 2.0, 5.0, 20.0]:
            if a == 1e6 and r == 0.99:
                continue
            add("gamma_p", a, a * r, 0, special.gammainc(a, a * r))
            add("gamma_q", a, a * r, 0, special.gammaincc(a, a * r))
    for df in [0.5, 1, 2, 3, 7, 31, 199, 1000, 12345]:
        for z in [-5.0, -2.0, 0.0, 1.0, 3.0, 6.0, 12.0]:
            x = df + z * math.sqrt(2 * df)
            if x > 0:
                add("chi2_sf", x, df, 0, special.chdtrc(df, x))
        for p in [1e-10, 0.001, 0.05, 0.5, 0.9, 0.99, 0.9999, 1 - 1e-9]:
            add("chi2_quantile", p, df, 0, stats.chi2.ppf(p, df))
    for a, b in [(0.5, 0.5), (1, 1), (2, 3), (0.1, 5), (5, 0.1), (10, 20), (100, 3), (300, 400), (1e4, 0.5),
                 (5000, 2e4), (1e5, 1e5)]:
        m = a / (a + b)
        s = math.sqrt(m * (1 - m) / (a + b + 1))
        for x in [m - 6 * s, m - 2 * s, m, m + s, m + 4 * s, 1e-4, 0.25, 0.75, 0.9999]:
            if 0 < x < 1:
                add("beta_cdf", x, a, b, special.betainc(a, b, x))
    for df in [0.5, 1, 2, 3, 4, 7, 9, 15, 30, 33, 64, 119, 500, 1e4, 1e6]:
        for t in [-300.0, -30.0, -6.0, -2.0, -0.5, 0.0, 1e-3, 0.7, 1.5, 4.0, 10.0]:
            add("student_cdf", t, df, 0, special.stdtr(df, t))
        for p in [1e-12, 1e-5, 0.01, 0.05, 0.3, 0.5, 0.55, 0.9, 0.975, 0.9999]:
            add("student_quantile", p, df, 0, special.stdtrit(df, p))
    for n, p in [(1, 0.5), (10, 0.1), (50, 0.02), (100, 0.5), (1000, 0.3), (100000, 0.001), (1000000, 0.4)]:
        mean, sd = n * p, math.sqrt(n * p * (1 - p))
        for z in [-8, -3, -1, 0, 1, 3, 8]:
            k = round(mean + z * sd)
            if 0 <= k <= n:
                add("binomial_at_least", k, n, p, stats.binom.sf(k - 1, n, p))
                add("binomial_at_most", k, n, p, stats.binom.cdf(k, n, p))
    for x in [0.05, 0.2, 0.4, 0.6, 0.8, 1.0, 1.17, 1.19, 1.36, 1.63, 2.0, 3.0, 5.0]:
        add("kolmogorov_sf", x, 0, 0, special.kolmogorov(x))
    with open(path, "w", encoding="ascii", newline="\n") as file:
        head(file, "name, three arguments (0 where unused), value")
        for name, a, b, c, value in rows:
            file.write(f"{name},{a!r},{b!r},{c!r},{value!r}\n")


if __name__ == "__main__":
    folder = sys.argv[1]
    write_special(folder + "/special.csv")
