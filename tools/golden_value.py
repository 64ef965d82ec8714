#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""golden_value.py: writes tests/golden/value_estimate_{rows,expected}.csv.

An independent implementation of docs/methods/estimated-value.md in numpy, straight from the formulas and without the
bookkeeping of src/judge: every quantity is recomputed from all rows at each window. Run: python3 tools/golden_value.py
"""
import sys
from pathlib import Path

import numpy as np

SEED, R, T, D, BINS, N = 20011, 11, 40, 3, 25, 60
ROOT = Path(__file__).resolve().parent.parent
half = lambda d, hl: 2.0 ** (-np.abs(np.asarray(d, dtype=float)) / hl)


def rows():
    """Windows -R..T-1 with a level that wanders and a base rate that jumps at T/2. Window 7 has no production rows."""
    rng = np.random.default_rng(SEED)
    level, data = 0.0, {}
    for u in range(-R, T):
        if u == 7:
            continue
        level = 0.7 * level + rng.normal(0, 0.25)
        n = int(N + rng.integers(-10, 11))
        z = rng.normal(0, 1.2, n)
        score = np.round(1 / (1 + np.exp(-z)), 2)
        shift = 0.8 if u >= T // 2 else 0.0
        p = 1 / (1 + np.exp(-(0.9 * z + level + shift)))
        label = (rng.uniform(size=n) < p).astype(int)
        amount = np.round(np.exp(rng.normal(2, 0.5, n)), 2)
        decide = score > 0.4
        v1, v0 = np.where(decide, amount, -amount), np.where(decide, -4.0, 0.0)
        data[u] = (score, np.round(v1 - v0, 2), v0, label)
    return data


def pav(y, w):
    """Least-squares isotonic fit by the min-max formula: max over i of min over j of mean(i..j)."""
    cy, cw = np.r_[0, np.cumsum(y * w)], np.r_[0, np.cumsum(w)]
    k = len(y)
    out = np.empty(k)
    for b in range(k):
        out[b] = max(min((cy[j + 1] - cy[i]) / (cw[j + 1] - cw[i]) for j in range(b, k)) for i in range(b + 1))
    return out


class Estimator:
    def __init__(self, data, ref, delay, bins):
        self.data, self.ref, self.D = data, ref, delay
        s = np.sort(np.concatenate([data[u][0] for u in ref]))
        ranks = -(-np.arange(1, bins) * len(s) // bins)
        cuts = np.unique(s[ranks - 1])
        self.cuts = cuts[cuts < s[-1]]
        self.B = len(self.cuts) + 1
        self.h = {}

    def bin(self, score):
        return np.searchsorted(self.cuts, score, side="left")

    def realised(self, u):
        _, delta, v0, label = self.data[u]
        return float(np.mean(v0 + delta * label))

    def curve(self, t, known):
        n, n1 = np.zeros(self.B), np.zeros(self.B)
        for u in known:
            b, w = self.bin(self.data[u][0]), half(t - u, 28)
            n += w * np.bincount(b, minlength=self.B)
            n1 += w * np.bincount(b, weights=self.data[u][3], minlength=self.B)
        filled = np.flatnonzero(n > 0)
        fit = pav(n1[filled] / n[filled], n[filled])
        eps = min(0.5, 0.5 / n.sum())
        return np.interp(np.arange(self.B), filled, np.clip(fit, eps, 1 - eps))

    def base(self, t, known):
        score, delta, v0, _ = self.data[t]
        c = self.curve(t, known)[self.bin(score)]
        n = len(score)
        return float(np.mean(v0 + c * delta)), float(np.sum(c * (1 - c) * delta**2) / n**2)

    def level(self, t, known):
        known = [u for u in known if u in self.h]
        w = np.array([half(t - u, 3) for u in known])
        r = np.array([self.realised(u) - self.h[u]["V0"] for u in known])
        m = float((w * r).sum() / (1 + w.sum()))
        phi = 0.0
        if len(known) >= 5:
            w = np.array([half(t - u, 60) for u in known])
            mm = np.array([self.h[u]["m"] for u in known])
            smm = (w * mm * mm).sum()
            if smm > 0:
                phi = float(np.clip((w * r * mm).sum() / (smm * (1 + 10 / w.sum())), 0, 1))
        return m, phi

    def recent(self, t, known):
        w = np.array([half(t - u, 7) for u in known])
        return float((w * [self.realised(u) for u in known]).sum() / w.sum()) if len(known) else float("nan")

    def interval(self, t, known, key, noise, kappa):
        known = [u for u in known if u in self.h]
        e = np.array([self.realised(u) - self.h[u][key] for u in known])
        noises = np.array([self.h[u]["N"] for u in known])
        w = np.array([half(t - u, 30) for u in known])
        tau2 = max(0.0, float((w * (e * e - noises)).sum() / w.sum()))
        s = np.abs(e) / np.sqrt(noises + tau2)
        order = np.argsort(s)
        reach = np.cumsum(w[order])
        at = np.searchsorted(reach, 0.9 * (w.sum() + 1), side="left")
        q = float(s[order][min(at, len(s) - 1)])
        return q * np.sqrt(noise + kappa * tau2), tau2, q, float(w.sum())

    def go_live(self):
        r = len(self.ref)
        self.g = g = max(1, min(self.D, r // 4))
        for u in self.ref:
            self.h[u] = {}
        done = {}
        self.h = done
        for i, u in enumerate(self.ref):
            far = [v for v in self.ref if abs(u - v) >= g]
            v0, noise = self.base(u, far)
            m, phi = self.level(u, [v for v in self.ref if v <= u - g])
            block = [self.realised(v) for j, v in enumerate(self.ref) if j * 5 // r != i * 5 // r]
            done[u] = dict(V0=v0, m=m, V=v0 + phi * m, N=noise, ref=float(np.mean(block)), rec=self.recent(u, far))

    def publish(self, t, matured):
        known = self.ref + matured
        v0, noise = self.base(t, known)
        m, phi = self.level(t, known)
        kappa = 1 + (min(3, self.D / self.g) - 1) * max(0, 1 - len(matured) / 20)
        v = v0 + phi * m
        hw, tau2, q, weight = self.interval(t, known, "V", noise, kappa)
        naive = min(self.interval(t, known, k, noise, kappa)[0] for k in ("ref", "rec"))
        self.h[t] = dict(V0=v0, m=m, V=v, N=noise, rec=self.recent(t, known),
                         ref=float(np.mean([self.realised(u) for u in self.ref])))
        state = "uninformative" if not hw < 0.9 * naive or weight < 9 else "ok"
        return dict(per_row=v, low=v - hw, high=v + hw, base=v0, level=m, gain=phi, noise=noise, extra=tau2,
                    quantile=q, kappa=kappa, naive=naive, weight=weight, state=state)


def main():
    data = rows()
    ref = [u for u in data if u < 0]
    est = Estimator(data, ref, D, BINS)
    est.go_live()
    where = ROOT / "tests" / "golden"
    head = f"# tools/golden_value.py, numpy {np.__version__}, Python {sys.version.split()[0]}, seed {SEED}"
    with open(where / "value_estimate_rows.csv", "w") as f:
        f.write(f"{head}; window, score, delta, v0, label\n")
        for u, (s, d, v, y) in data.items():
            f.writelines(f"{u},{a:.2f},{b:.2f},{c:.0f},{e}\n" for a, b, c, e in zip(s, d, v, y))
    keys = None
    with open(where / "value_estimate_expected.csv", "w") as f:
        f.write(f"{head}; delay {D}, bins {BINS}\n")
        for t in [u for u in data if u >= 0]:
            got = est.publish(t, [u for u in data if 0 <= u <= t - D])
            if keys is None:
                keys = list(got)
                f.write("# window,realised," + ",".join(keys) + "\n")
            f.write(f"{t},{est.realised(t)!r}," + ",".join(x if isinstance(x, str) else repr(float(x))
                                                           for x in got.values()) + "\n")


if __name__ == "__main__":
    main()
