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
from scipy.spatial import distance


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


def log_normal_tail_integral(k, mean, squares, degrees, g):
    """The Bayes factor as the double integral it is, without the closed form: over the effect delta (half normal of
    variance g) and the log of the spread sigma (flat), of the likelihood ratio's two parts."""
    def log_marginal(delta):
        # integral over u = ln sigma of sigma^-N exp(-(SS - 2 sigma delta k D + k sigma^2 delta^2) / (2 sigma^2))
        def exponent(u):
            sigma = math.exp(u)
            return -degrees * u - squares / (2 * sigma * sigma) + delta * k * mean / sigma - 0.5 * k * delta * delta

        # the mode in v = 1 / sigma solves SS v^2 - delta k D v - N = 0
        b = delta * k * mean
        v = (b + math.sqrt(b * b + 4 * squares * degrees)) / (2 * squares)
        mode = -math.log(v)
        top = exponent(mode)
        width = 40.0 / math.sqrt(degrees)
        value, _ = integrate.quad(lambda u: math.exp(exponent(u) - top), mode - width, mode + width,
                                  points=[mode], epsabs=0, epsrel=1e-12, limit=400)
        return top + math.log(value)

    base = log_marginal(0.0)
    peak = max(0.0, mean) / math.sqrt(squares / degrees)
    # where the integrand over delta is largest, roughly, to keep it within the doubles
    grid = numpy.linspace(0, max(10 * math.sqrt(g), 3 * peak + 10), 801)
    logs = [log_marginal(d) - base - d * d / (2 * g) for d in grid]
    top = max(logs)
    mode = grid[logs.index(top)]
    step = grid[1] - grid[0]
    value, _ = integrate.quad(
        lambda d: math.exp(log_marginal(d) - base - d * d / (2 * g) - top), 0, float(grid[-1]),
        points=sorted({float(mode), float(max(mode - 5 * step, 0)), float(mode + 5 * step)}),
        epsabs=0, epsrel=1e-10, limit=400)
    return top + math.log(value) + math.log(2 / math.sqrt(2 * math.pi * g))


def write_evidence(path):
    rng = numpy.random.default_rng(20261125)
    harm = [0.25, 1, 4, 16]
    proof = harm + [64]
    cases = [(2, 1.0, 2.5, 2), (2, 0.0, 1.0, 2), (2, -1.0, 2.5, 2), (5, 0.4, 6.0, 5), (5, 0.4, 60.0, 60),
             (13, 0.2, 13.0, 13), (13, 0.9, 80.0, 69), (30, 0.5, 40.0, 90), (90, 0.3, 100.0, 90),
             (90, -0.2, 100.0, 146), (26, 0.6, 30.0, 33), (1, 1.5, 9.0, 8), (3, 2.0, 12.5, 3)]
    for _ in range(12):
        k = int(rng.integers(2, 40))
        y = rng.normal(rng.choice([0, 0.3, 1.0]), 1.0, k)
        extra = int(rng.integers(0, 60))
        squares = float((y * y).sum() + (rng.normal(0, 1, extra) ** 2).sum())
        cases.append((k, float(y.mean()), squares, k + extra))
    with open(path, "w", encoding="ascii", newline="\n") as file:
        head(file, "k, D, SS, N, E over the harm grid, E over the certificate grid; "
                   "by scipy.integrate.quad over delta and ln sigma, generator default_rng(20261125)")
        for k, mean, squares, degrees in cases:
            logs = [log_normal_tail_integral(k, mean, squares, degrees, g) for g in proof]
            four = sum(math.exp(v) for v in logs[:4]) / 4
            five = sum(math.exp(v) for v in logs) / 5
            file.write(f"{k},{mean!r},{squares!r},{degrees},{four!r},{five!r}\n")


def write_two_sample(path):
    rng = numpy.random.default_rng(20261125)
    with open(path, "w", encoding="ascii", newline="\n") as file:
        head(file, "cells, positions (or none), ref, cur (each by spaces), "
                   "ks, w1, w1 / sd, js, hellinger, l_inf, psi, chi2, chi2 p; "
                   "scipy.stats ks_2samp, wasserstein_distance, chi2_contingency(correction=False), "
                   "scipy.spatial.distance.jensenshannon(base=2); generator default_rng(20261125)")
        for case in range(24):
            k = int(rng.integers(2, 25))
            ordered = case % 3 != 2
            p = rng.dirichlet(numpy.full(k, 3.0))
            q = p if case % 2 == 0 else rng.dirichlet(p * 60 + 0.5)
            m, n = int(rng.integers(200, 20000)), int(rng.integers(200, 5000))
            r, c = rng.multinomial(m, p), rng.multinomial(n, q)
            x = numpy.cumsum(rng.uniform(0.1, 3.0, k))
            ps, qs = r / m, c / n
            ks = w1 = w1n = float("nan")
            if ordered:
                ks = float(stats.ks_2samp(numpy.repeat(x, r), numpy.repeat(x, c), method="asymp").statistic)
                w1 = float(stats.wasserstein_distance(x, x, r, c))
                w1n = w1 / float(numpy.std(numpy.repeat(x, r)))
            js = float(distance.jensenshannon(ps, qs, base=2))
            hellinger = float(math.sqrt(max(0.0, 1 - numpy.sqrt(ps * qs).sum())))
            l_inf = float(abs(ps - qs).max())
            pf, qf = numpy.maximum(r, 0.5) / m, numpy.maximum(c, 0.5) / n
            psi = float(((qf - pf) * numpy.log(qf / pf))[(r + c) > 0].sum())
            table = numpy.array([r, c])[:, (r + c) > 0]
            chi = stats.chi2_contingency(table, correction=False)
            small = bool((chi.expected_freq < 2).any())
            fields = [k, " ".join(repr(float(v)) for v in x) if ordered else "none",
                      " ".join(str(v) for v in r), " ".join(str(v) for v in c)]
            fields += [repr(float(v)) for v in (ks, w1, w1n, js, hellinger, l_inf, psi)]
            fields += ["nan" if small else repr(float(chi.statistic)), "nan" if small else repr(float(chi.pvalue))]
            file.write(",".join(str(f) for f in fields) + "\n")


if __name__ == "__main__":
    folder = sys.argv[1]
    write_special(folder + "/special.csv")
    write_evidence(folder + "/evidence.csv")
    write_two_sample(folder + "/two_sample.csv")
