"""peer.py: what a user of another tool would run where a user of tend runs `tend check` or `tend profile`.

    peer.py TOOL check REFERENCE CURRENT
    peer.py TOOL profile DATA

TOOL is evidently, nannyml, tfdv, whylogs, scipy, or tend (the Python package). Runs under the Python that has it; the
tool's defaults are used, kinds of columns are told where a tool would guess, and columns of time are left out where it
cannot take them. Prints how many columns it says have drifted. bench/run times the process.
"""
import os
import sys
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


def evidently(reference, current):
    """The drift preset."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset
    frames = read(reference), read(current)
    numbers, texts, times = kinds(frames[0])
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=texts, datetime_columns=times)
    sides = [Dataset.from_pandas(frame, data_definition=definition) for frame in frames]
    result = Report([DataDriftPreset()]).run(sides[1], sides[0])
    return next(metric["value"]["count"] for metric in result.dict()["metrics"] if isinstance(metric["value"], dict))


def nannyml(reference, current):
    """The univariate drift calculator: its default methods, chunks and thresholds; a column has drifted where a chunk
    alerts."""
    import nannyml as nml
    frames = read(reference), read(current)
    numbers, texts, _ = kinds(frames[0])
    calculator = nml.UnivariateDriftCalculator(column_names=numbers + texts, treat_as_categorical=texts)
    table = calculator.fit(frames[0]).calculate(frames[1]).filter(period="analysis").to_df()
    return sum(bool(table[c].xs("alert", axis=1, level=-1).to_numpy().any()) for c in numbers + texts)


def tfdv(reference, current):
    """Statistics of both, a schema with its drift comparators set, and validation."""
    import tensorflow_data_validation as data_validation
    frames = read(reference), read(current)
    numbers, texts, times = kinds(frames[0])
    before, after = (data_validation.generate_statistics_from_dataframe(frame.drop(columns=times)) for frame in frames)
    schema = data_validation.infer_schema(before)
    for name in texts:
        data_validation.get_feature(schema, name).drift_comparator.infinity_norm.threshold = 0.1
    for name in numbers:
        data_validation.get_feature(schema, name).drift_comparator.jensen_shannon_divergence.threshold = 0.1
    found = data_validation.validate_statistics(after, schema, previous_statistics=before)
    return len(found.drift_skew_info) and sum(
        any(m.value > m.threshold for m in info.drift_measurements) for info in found.drift_skew_info)


def whylogs(reference, current):
    """Profiles of both and their drift scores."""
    import whylogs as why
    from whylogs.viz.drift.column_drift_algorithms import calculate_drift_scores
    before, after = (why.log(read(path)).view() for path in (reference, current))
    scores = calculate_drift_scores(target_view=after, reference_view=before, with_thresholds=True)
    return sum(score is not None and score["drift_category"] == "DRIFT" for score in scores.values())


def scipy(reference, current):
    """A Kolmogorov-Smirnov test for each number, a chi-squared test for each text, at .05 after Bonferroni."""
    import pandas as pd
    from scipy import stats
    frames = read(reference), read(current)
    numbers, texts, _ = kinds(frames[0])
    p_values = [stats.ks_2samp(*(frame[c].dropna() for frame in frames)).pvalue for c in numbers]
    for c in texts:
        counts = pd.concat([frame[c].value_counts() for frame in frames], axis=1).fillna(0)
        p_values.append(stats.chi2_contingency(counts.T).pvalue)
    return sum(p < 0.05 / len(p_values) for p in p_values)


def tend(reference, current):
    """The Python package, on tables of PyArrow."""
    import pyarrow.parquet as pq
    import tend as package
    return package.check(pq.read_table(reference), pq.read_table(current)).drifted_count


def profile(tool, path):
    """A profile of one file, where the tool has such a thing."""
    if tool == "whylogs":
        import whylogs as why
        return len(why.log(read(path)).view().get_columns())
    if tool == "tfdv":
        import tensorflow_data_validation as data_validation
        frame = read(path)
        return len(data_validation.generate_statistics_from_dataframe(frame.drop(columns=kinds(frame)[2])).datasets)
    if tool == "tend":
        import pyarrow.parquet as pq
        import tend as package
        return len(package.profile(pq.read_table(path)).columns)
    raise SystemExit(f"{tool} has no profiles")


def main():
    tool, job, *paths = sys.argv[1:]
    if job == "profile":
        print(profile(tool, *paths))
    else:
        print({"evidently": evidently, "nannyml": nannyml, "tfdv": tfdv, "whylogs": whylogs, "scipy": scipy,
               "tend": tend}[tool](*paths))


if __name__ == "__main__":
    main()
