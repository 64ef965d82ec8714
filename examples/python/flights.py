#!/usr/bin/env python3
"""flights.py: what changed between two months of flights, and what a month's decisions were worth, in a few lines.

    python3 flights.py flights-3m.parquet [report.html]

Needs the package tend (pip install ./python) and DuckDB, which reads the file a column at a time and hands it over as a
stream, so that the rows are never in memory at once.
"""
import sys

import duckdb
import tend


def month(path, number):
    """A relation: the query runs again for each pass."""
    return duckdb.sql(f"SELECT * FROM '{path}' WHERE month(date) = {number}")


def main(path, report=None):
    january, june = month(path, 1), month(path, 6)

    reference = tend.profile(january)
    print(reference)
    print(f"half of the flights are at most {reference.quantile('delay', 0.5):.0f} minutes late")

    check = tend.check(reference, june, names=("January", "June"))
    print(check)
    if report:
        with open(report, "w", encoding="utf-8") as file:
            file.write(check.to_html())

    # A seat on a flight that turns out late costs 10, one that is on time earns 2; flights without a delay are unknown.
    value = tend.value(june, "case when late then -10 else 2 end", late="delay > 15")
    print(f"June was worth {value.mean:+.3f} a flight over {value.values:,} flights")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(*sys.argv[1:])
