#!/usr/bin/env python3
"""multivariate.py: what no single column shows: tend check beside a scikit-learn domain classifier and NannyML.

    .deps/peers/nannyml/bin/python bench/multivariate.py build/src/tend [ROUNDS]

Two samples of 1,000 rows of 12 numbers with one common factor. Two of the numbers have a correlation of .5, which the
current side keeps (nothing), loses (pairing) or turns round (rotation): every column stays distributed as it was.
Counted is how often each tool calls it at .01 (NannyML has no level: its alert). The scikit-learn classifier learns on
half of the rows and is judged by the rank sum of its scores on the other half, as tend's is. Its CPU seconds are of
fitting and scoring alone, tend's of the whole program, NannyML's of fit and calculate. Deterministic but for the clock.
"""
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"

import numpy  # noqa: E402
import pandas  # noqa: E402
from nannyml import DataReconstructionDriftCalculator  # noqa: E402
from scipy import stats  # noqa: E402
from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: E402

ROWS, NUMBERS, LEVEL = 1000, 12, 0.01
CORRELATION = {"nothing": 0.5, "pairing": 0.0, "rotation": -0.5}


def draw(rng, rho):
    """One table."""
    x = numpy.sqrt(0.5) * rng.normal(size=(ROWS, 1)) + numpy.sqrt(0.5) * rng.normal(size=(ROWS, NUMBERS))
    x[:, 0] = rng.normal(size=ROWS)
    x[:, 1] = rho * x[:, 0] + numpy.sqrt(1 - rho * rho) * rng.normal(size=ROWS)
    return pandas.DataFrame(x, columns=[f"x{i}" for i in range(NUMBERS)])


def by_tend(tend, folder, ref, cur):
    """The p-values of tend's two tests."""
    paths = []
    for name, table in (("ref", ref), ("cur", cur)):
        paths.append(os.path.join(folder, f"{name}.parquet"))
        table.to_parquet(paths[-1])
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    text = subprocess.run([tend, "check", *paths, "--json"], check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = json.loads(text)["multivariate"]
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return found["domain_classifier"]["p_value"], found["pca"]["p_value"], seconds


def by_sklearn(ref, cur, seed):
    """The p-value of a classifier on held-out rows."""
    start = time.process_time()
    half = ROWS // 2
    learn = pandas.concat([ref[:half], cur[:half]])
    labels = numpy.r_[numpy.zeros(half), numpy.ones(half)]
    model = HistGradientBoostingClassifier(random_state=seed).fit(learn, labels)
    scores = [model.predict_proba(part[half:])[:, 1] for part in (ref, cur)]
    test = stats.mannwhitneyu(scores[1], scores[0], alternative="greater", method="asymptotic", use_continuity=False)
    return test.pvalue, time.process_time() - start


def by_nannyml(ref, cur):
    """Whether it alerts for the current rows as one chunk. Ten chunks of a reference of ten times as many rows."""
    start = time.process_time()
    calculator = DataReconstructionDriftCalculator(column_names=list(ref.columns), chunk_size=ROWS)
    calculator.fit(ref)
    result = calculator.calculate(cur).filter(period="analysis").to_df()
    return bool(result[("reconstruction_error", "alert")].iloc[0]), time.process_time() - start


def main():
    """Prints the table."""
    tend = sys.argv[1]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    print(f"{rounds} rounds; found of them: tend classifier, tend pca, scikit-learn, NannyML; CPU seconds a round")
    with tempfile.TemporaryDirectory() as folder:
        for change, rho in CORRELATION.items():
            rng = numpy.random.default_rng(20261125)
            found, seconds = numpy.zeros(4, int), numpy.zeros(3)
            for i in range(rounds):
                ref, cur = draw(rng, CORRELATION["nothing"]), draw(rng, rho)
                history = pandas.concat([draw(rng, CORRELATION["nothing"]) for _ in range(10)], ignore_index=True)
                domain, pca, cpu = by_tend(tend, folder, ref, cur)
                p, cpu_sklearn = by_sklearn(ref, cur, i)
                alert, cpu_nannyml = by_nannyml(history, cur)
                found += [domain < LEVEL, pca < LEVEL, p < LEVEL, alert]
                seconds += [cpu, cpu_sklearn, cpu_nannyml]
            cells = [f"{n:4d}" for n in found] + [f"{s / rounds:8.3f}" for s in seconds]
            print(f"{change:9}", *cells, flush=True)


if __name__ == "__main__":
    main()
