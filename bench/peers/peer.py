"""peer.py: what a user of another tool would run where a user of tend runs `tend check` or `tend profile`.

    peer.py TOOL check REFERENCE CURRENT
    peer.py TOOL profile DATA

TOOL is evidently, nannyml, tfdv, whylogs, scipy, or tend (the Python package). Runs under the Python that has it; the
tool's defaults are used, kinds of columns are told where a tool would guess, and columns of time are left out where it
cannot take them. Prints how many columns it says have drifted (or how many it has profiled), and the processor seconds
of the call itself, after imports and after the files are in memory. bench/run times the whole process too.
"""
import json
import os
import sys
import time
import warnings

warnings.filterwarnings("ignore")
os.environ.update(NML_DISABLE_USAGE_LOGGING="1", TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1",
                  WHYLOGS_NO_ANALYTICS="True")


def read(path):
    """A data frame."""
    import pandas as pd
    return pd.read_parquet(path)


def kinds(frame):
    """Names of the numbers, the texts and the times."""
    import pandas as pd
    numbers = [c for c in frame.columns if pd.api.types.is_numeric_dtype(frame[c])]
    times = [c for c in frame.columns if pd.api.types.is_datetime64_any_dtype(frame[c])]
    return numbers, [c for c in frame.columns if c not in numbers and c not in times], times


def evidently(frames):
    """The drift preset."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset
    numbers, texts, times = kinds(frames[0])
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=texts, datetime_columns=times)

    def call():
        sides = [Dataset.from_pandas(frame, data_definition=definition) for frame in frames]
        result = Report([DataDriftPreset()]).run(sides[1], sides[0])
        return next(metric["value"]["count"] for metric in result.dict()["metrics"]
                    if isinstance(metric["value"], dict))

    return call


def nannyml(frames):
    """The univariate drift calculator: its default methods, chunks and thresholds; a column has drifted where a chunk
    alerts."""
    import nannyml as nml
    numbers, texts, _ = kinds(frames[0])

    def call():
        calculator = nml.UnivariateDriftCalculator(column_names=numbers + texts, treat_as_categorical=texts)
        table = calculator.fit(frames[0]).calculate(frames[1]).filter(period="analysis").to_df()
        return sum(bool(table[c].xs("alert", axis=1, level=-1).to_numpy().any()) for c in numbers + texts)

    return call


def tfdv(frames):
    """Statistics of both, a schema with its drift comparators set to .1, and validation."""
    import tensorflow_data_validation as data_validation
    numbers, texts, times = kinds(frames[0])

    def call():
        before, after = (data_validation.generate_statistics_from_dataframe(frame.drop(columns=times))
                         for frame in frames)
        schema = data_validation.infer_schema(before)
        for name in texts:
            data_validation.get_feature(schema, name).drift_comparator.infinity_norm.threshold = 0.1
        for name in numbers:
            data_validation.get_feature(schema, name).drift_comparator.jensen_shannon_divergence.threshold = 0.1
        found = data_validation.validate_statistics(after, schema, previous_statistics=before)
        return sum(any(m.value > m.threshold for m in info.drift_measurements) for info in found.drift_skew_info)

    return call


def whylogs(frames):
    """Profiles of both and their drift scores."""
    import whylogs as why
    from whylogs.viz.drift.column_drift_algorithms import calculate_drift_scores

    def call():
        before, after = (why.log(frame).view() for frame in frames)
        scores = calculate_drift_scores(target_view=after, reference_view=before, with_thresholds=True)
        return sum(score is not None and score["drift_category"] == "DRIFT" for score in scores.values())

    return call


def scipy(frames):
    """A Kolmogorov-Smirnov test for each number, a chi-squared test for each text, at .05 after Bonferroni."""
    import pandas as pd
    from scipy import stats
    numbers, texts, _ = kinds(frames[0])

    def call():
        p_values = [stats.ks_2samp(*(frame[c].dropna() for frame in frames)).pvalue for c in numbers]
        for c in texts:
            counts = pd.concat([frame[c].value_counts() for frame in frames], axis=1).fillna(0)
            p_values.append(stats.chi2_contingency(counts.T).pvalue)
        return int(sum(p < 0.05 / len(p_values) for p in p_values))

    return call


def tend(frames):
    """The Python package, on the same data frames."""
    import tend as package
    return lambda: sum(column["drifted"] for column in package.check(*frames).to_dict()["columns"])


def profile(tool, frame):
    """A profile of one file, where the tool has such a thing."""
    if tool == "whylogs":
        import whylogs as why
        return lambda: len(why.log(frame).view().get_columns())
    if tool == "tfdv":
        import tensorflow_data_validation as data_validation
        frame = frame.drop(columns=kinds(frame)[2])
        return lambda: len(data_validation.generate_statistics_from_dataframe(frame).datasets[0].features)
    if tool == "tend":
        import tend as package
        return lambda: len(package.profile(frame).to_dict()["columns"])
    raise SystemExit(f"{tool} has no profiles")


def main():
    tool, job, *paths = sys.argv[1:]
    frames = [read(path) for path in paths]
    if job == "profile":
        call = profile(tool, frames[0])
    else:
        call = {"evidently": evidently, "nannyml": nannyml, "tfdv": tfdv, "whylogs": whylogs, "scipy": scipy,
                "tend": tend}[tool](frames)
    start = time.process_time()
    count = call()
    print(json.dumps({"columns": int(count), "call_s": time.process_time() - start}))


if __name__ == "__main__":
    main()
