"""calibration.py: which columns a tool says have drifted, over the pairs that splits.py wrote.

    calibration.py run TOOL DIR OUT.jsonl [--seconds S] [--tend PROGRAM]    under the Python that has TOOL
    calibration.py table OUT.jsonl...

TOOL is evidently, nannyml, tfdv, whylogs, scipy, or tend (the program), each with its defaults; peer.py says which
calls those are. scipy is a Kolmogorov-Smirnov test for each number and a chi-squared test for each text at .05; it is
shown again, scipy-bh, with Benjamini and Hochberg's correction over the columns of a table, which is what tend does;
and tend is shown again, tend-p, by its p-values at .05 without that. One process runs all pairs, in turns over data
sets, sizes and shifts, and stops after S seconds.

`table` prints the share of columns that are flagged and the share of comparisons with a flag where nothing drifts, and
how often the one column that has moved is found.
"""
import argparse
import collections
import json
import os
import subprocess
import sys
import time
import warnings

warnings.filterwarnings("ignore")
os.environ.update(NML_DISABLE_USAGE_LOGGING="1", TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1",
                  WHYLOGS_NO_ANALYTICS="True")
ALPHA = 0.05


def kinds(frame):
    """Names of the numbers and of the texts."""
    import pandas as pd
    numbers = [c for c in frame.columns if pd.api.types.is_numeric_dtype(frame[c])]
    return numbers, [c for c in frame.columns if c not in numbers]


def evidently(before, after):
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset
    numbers, texts = kinds(before)
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=texts)
    sides = [Dataset.from_pandas(frame, data_definition=definition) for frame in (before, after)]
    result = Report([DataDriftPreset()]).run(sides[1], sides[0])
    flags = []
    for metric in result.dict()["metrics"]:
        config = metric["config"]
        if config["type"].endswith("ValueDrift"):
            is_p = "p_value" in config["method"]
            value, line = float(metric["value"]), config["threshold"]
            if value < line if is_p else value >= line:
                flags.append(config["column"])
    return flags


def nannyml(before, after):
    import nannyml as nml
    numbers, texts = kinds(before)
    calculator = nml.UnivariateDriftCalculator(column_names=numbers + texts, treat_as_categorical=texts)
    table = calculator.fit(before).calculate(after).filter(period="analysis").to_df()
    return [c for c in numbers + texts if table[c].xs("alert", axis=1, level=-1).to_numpy().any()]


def tfdv(before, after):
    import tensorflow_data_validation as data_validation
    numbers, texts = kinds(before)
    a, b = (data_validation.generate_statistics_from_dataframe(frame) for frame in (before, after))
    schema = data_validation.infer_schema(a)
    for name in texts:
        data_validation.get_feature(schema, name).drift_comparator.infinity_norm.threshold = 0.1
    for name in numbers:
        data_validation.get_feature(schema, name).drift_comparator.jensen_shannon_divergence.threshold = 0.1
    found = data_validation.validate_statistics(b, schema, previous_statistics=a)
    return [info.path.step[0] for info in found.drift_skew_info
            if any(m.value > m.threshold for m in info.drift_measurements)]


def whylogs(before, after):
    import whylogs as why
    from whylogs.viz.drift.column_drift_algorithms import calculate_drift_scores
    a, b = (why.log(frame).view() for frame in (before, after))
    scores = calculate_drift_scores(target_view=b, reference_view=a, with_thresholds=True)
    return [name for name, score in scores.items() if score is not None and score["drift_category"] == "DRIFT"]


def scipy_p_values(before, after):
    import pandas as pd
    from scipy import stats
    numbers, texts = kinds(before)
    p_values = {c: stats.ks_2samp(before[c], after[c]).pvalue for c in numbers}
    for c in texts:
        counts = pd.concat([frame[c].value_counts() for frame in (before, after)], axis=1).fillna(0)
        p_values[c] = stats.chi2_contingency(counts.T, correction=False).pvalue if len(counts) > 1 else 1.0
    return p_values


def scipy(before, after):
    """Each test at .05, and all of a table with Benjamini and Hochberg's correction."""
    from scipy import stats
    p_values = scipy_p_values(before, after)
    q_values = stats.false_discovery_control(list(p_values.values()))
    return {"scipy": [name for name, p in p_values.items() if p < ALPHA],
            "scipy-bh": [name for name, q in zip(p_values, q_values) if q < ALPHA]}


TOOLS = {"evidently": evidently, "nannyml": nannyml, "tfdv": tfdv, "whylogs": whylogs, "scipy": scipy}


def tend(program, paths):
    """By the program: the columns that have drifted, and beside them those with a p-value below .05."""
    done = subprocess.run([program, "check", *paths, "--json"], stdout=subprocess.PIPE, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"{program} check {' '.join(paths)}: code {done.returncode}")
    columns = json.loads(done.stdout)["columns"]
    return {"tend": [c["name"] for c in columns if c["drifted"]],
            "tend-p": [c["name"] for c in columns if c["p_value"] < ALPHA]}


def run(args):
    import pandas as pd
    with open(os.path.join(args.dir, "splits.json"), encoding="utf-8") as file:
        jobs = json.load(file)
    start = time.monotonic()
    with open(args.out, "w", encoding="utf-8") as out:
        for job in jobs:
            if time.monotonic() - start > args.seconds:
                break
            if args.tool == "tend":
                flags = tend(args.tend, job["paths"])
            else:
                flags = TOOLS[args.tool](*(pd.read_parquet(path) for path in job["paths"]))
            line = {key: job[key] for key in ("data", "n", "shift", "column", "is_number")}
            if job["column"] is None:
                import pyarrow.parquet as parquet
                line["columns"] = len(parquet.read_schema(job["paths"][0]).names)
            for tool, names in flags.items() if isinstance(flags, dict) else [(args.tool, flags)]:
                out.write(json.dumps({"tool": tool, **line, "flags": names}) + "\n")
            out.flush()


def table(args):
    lines = []
    for path in args.outs:
        with open(path, encoding="utf-8") as file:
            lines += [json.loads(line) for line in file]
    tools = list(dict.fromkeys(line["tool"] for line in lines))
    sizes = sorted({line["n"] for line in lines})
    print("No drift: columns flagged, and comparisons with a column flagged, per cent; comparisons run")
    print("| tool | " + " | ".join(f"n = {n:,}" for n in sizes) + " | runs |\n|---|" + "---|" * (len(sizes) + 1))
    for tool in tools:
        cells, count = [], 0
        for n in sizes:
            some = [line for line in lines if line["tool"] == tool and line["n"] == n and line["shift"] == 0]
            columns = sum(line["columns"] for line in some)
            count += len(some)
            cells.append(f"{100 * sum(len(line['flags']) for line in some) / columns:.1f} / "
                         f"{100 * sum(bool(line['flags']) for line in some) / len(some):.0f}" if some else "-")
        print(f"| {tool} | " + " | ".join(cells) + f" | {count} |")
    for is_number, what in ((True, "a number"), (False, "a category")):
        found = collections.defaultdict(list)
        for line in lines:
            if line["shift"] > 0 and line["is_number"] == is_number:
                found[line["tool"], line["shift"], line["n"]].append(line["column"] in line["flags"])
        shifts = sorted({key[1] for key in found})
        print(f"\nOne column of the table has moved, {what}: found, per cent")
        print("| tool | " + " | ".join(f"{d:g} sd, n = {n:,}" for d in shifts for n in sizes) + " |\n|---|" +
              "---|" * (len(shifts) * len(sizes)))
        for tool in tools:
            cells = [found[tool, d, n] for d in shifts for n in sizes]
            print(f"| {tool} | " + " | ".join(f"{100 * sum(c) / len(c):.0f}" if c else "-" for c in cells) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    sub = parser.add_subparsers(dest="job", required=True)
    one = sub.add_parser("run")
    one.add_argument("tool", choices=[*TOOLS, "tend"])
    one.add_argument("dir")
    one.add_argument("out")
    one.add_argument("--seconds", type=float, default=1800)
    one.add_argument("--tend", default="build/src/tend")
    two = sub.add_parser("table")
    two.add_argument("outs", nargs="+")
    args = parser.parse_args()
    {"run": run, "table": table}[args.job](args)


if __name__ == "__main__":
    main()
