"""evidently_check.py: the drift report of Evidently on two Parquet files, as bench/run compares it with `tend check`.

    evidently_check.py REFERENCE CURRENT

The kinds of the columns are told, so that no time goes into guessing them and no text model is fitted to airport
codes. Only the drift preset runs: `tend check` also counts, summarises and looks for breaks. Prints how many columns
drifted.
"""
import sys
import warnings

warnings.filterwarnings("ignore")

import pandas as pd  # noqa: E402
from evidently import DataDefinition, Dataset, Report  # noqa: E402
from evidently.presets import DataDriftPreset  # noqa: E402


def main():
    frames = [pd.read_parquet(path) for path in sys.argv[1:3]]
    definition = DataDefinition(numerical_columns=["delay", "distance"], categorical_columns=["origin", "destination"],
                                datetime_columns=["date"])
    reference, current = (Dataset.from_pandas(frame, data_definition=definition) for frame in frames)
    result = Report([DataDriftPreset()]).run(current, reference)
    print([metric["value"] for metric in result.dict()["metrics"]][0])


if __name__ == "__main__":
    main()
