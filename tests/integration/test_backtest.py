"""test_backtest.py: tend backtest on a small history: the same bytes twice, the books, and what goes wrong."""
import csv
import datetime
import hashlib
import json
import os
import random

import pytest

from tend_program import run as tend

YAML = """model: shops
data:
  id: id
  time: at
  features: {shop: category, size: number}
  score: p
  decision: p > 0.25
label: {column: bought, known_after: 1d}
value:
  unit: EUR
  per_row: case when decision and bought then 3 when decision then -1 else 0 end
segments: [size > 20]
guardrails: [{name: alert_rate, avg: decision, max: 0.9}]
retrain: {trainer: xgboost, when: gain, cost: 50}
promote: {by: trial, fall_back_at: 3 costs}
"""
ARGS = ["--train", "14", "--accept", "14"]
DAYS, ROWS, CHANGE = 56, 150, 36


def make_rows(seed=3):
    """A history whose shops trade their chances on one day; shops and sizes stay as they are."""
    rng = random.Random(seed)
    shops = ["ash", "birch", "cedar", "elm", "fir", "larch", "oak", "pine"]
    start = datetime.datetime(2020, 1, 1)
    rows = []
    for day in range(DAYS):
        mood = rng.gauss(0, 0.03)
        for row in range(ROWS):
            shop = rng.randrange(8)
            chance = 0.05 + 0.08 * (7 - shop if day >= CHANGE else shop) + mood
            when = start + datetime.timedelta(days=day, minutes=9 * row)
            rows.append([day * ROWS + row, when.strftime("%Y-%m-%d %H:%M:%S"), shops[shop],
                         round(rng.lognormvariate(3, 0.8), 2), int(rng.random() < chance)])
    return rows


def write_csv(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "at", "shop", "size", "bought"])
        writer.writerows(rows)


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """One run, with its books and its page."""
    folder = tmp_path_factory.mktemp("backtest")
    write_csv(folder / "history.csv", make_rows())
    (folder / "tend.yaml").write_text(YAML)
    done = tend("backtest", "history.csv", *ARGS, "--json", "--state", "state.db", "--html", "page.html", cwd=folder)
    assert done.code in (0, 1), done.err
    return folder, done


def test_the_report_has_what_the_design_promises(played):
    _, done = played
    report = json.loads(done.out)
    assert report["schema"] == "tend.backtest/1"
    assert {"windows", "alarms", "incidents", "versions", "policies", "ledger"} <= report.keys()
    assert len(report["windows"]) == DAYS - 28
    rows = report["rows"]
    assert rows["received"] == DAYS * ROWS == rows["used"] + rows["duplicates"] + rows["rejected"] + rows["quarantined"]
    names = [policy["name"] for policy in report["policies"]]
    assert names[:4] == ["configured", "never", "every 7 windows", "every 28 windows"]
    for policy in report["policies"]:
        assert policy["net"] == pytest.approx(policy["value"] - policy["cost"])
    assert all(entry["text"] for entry in report["ledger"])


def test_a_changed_world_is_worth_retraining_for(played):
    report = json.loads(played[1].out)
    policies = {policy["name"]: policy for policy in report["policies"]}
    assert policies["configured"]["retrains"] >= 1
    assert policies["configured"]["net"] > policies["never"]["net"]


def test_the_value_of_never_is_what_the_rows_say(played):
    """The realised value of each window is the value expression summed by hand over the champion's decisions."""
    report = json.loads(played[1].out)
    never = next(policy for policy in report["policies"] if policy["name"].startswith("no model"))
    rows = [row for row in make_rows() if row[1] >= "2020-01-29"]
    by_hand = sum(3 if row[4] else -1 for row in rows)
    assert never["rows"] == len(rows)
    assert never["value"] == (by_hand if never["name"].endswith("always act") else 0)


def test_the_same_bytes_twice_and_with_the_rows_of_a_day_in_another_order(played):
    folder, done = played
    again = tend("backtest", "history.csv", *ARGS, "--json", cwd=folder)
    assert again.out == done.out
    rows = make_rows()
    random.Random(1).shuffle(rows)
    write_csv(folder / "shuffled.csv", rows)
    shuffled = tend("backtest", "shuffled.csv", *ARGS, "--json", cwd=folder)
    assert shuffled.out == done.out


def test_the_books_are_kept_and_can_be_checked(played):
    folder, done = played
    report = json.loads(done.out)
    ledger = json.loads(tend("ledger", "--state", "state.db", "--json", cwd=folder).out)
    assert len(ledger["ledger"]) == len(report["ledger"])
    assert tend("ledger", "--verify", "--state", "state.db", cwd=folder).code == 0
    versions = json.loads(tend("versions", "--state", "state.db", "--json", cwd=folder).out)
    assert [v["version"] for v in versions["versions"]] == [v["version"] for v in report["versions"]]


def test_the_page_stands_alone(played):
    page = (played[0] / "page.html").read_text()
    assert "<svg" in page and "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org", "") and "https://" not in page


def test_duplicates_and_rows_from_the_future_are_counted_not_believed(played):
    folder, _ = played
    rows = make_rows()
    rows += rows[:40] + [[999999, "2031-01-01 00:00:00", "oak", 1.0, 1]] + [[999998, "", "oak", 1.0, 1]]
    write_csv(folder / "odd.csv", rows)
    done = tend("backtest", "odd.csv", *ARGS, "--json", cwd=folder)
    assert done.code in (0, 1), done.err
    counts = json.loads(done.out)["rows"]
    assert counts["received"] == len(rows)
    assert (counts["duplicates"], counts["quarantined"], counts["rejected"]) == (40, 1, 1)
    assert counts["without_id"] == 0


def test_rows_without_an_id_are_counted(played):
    folder, _ = played
    rows = [["" if i % 100 == 0 else row[0], *row[1:]] for i, row in enumerate(make_rows())]
    write_csv(folder / "nameless.csv", rows)
    done = tend("backtest", "nameless.csv", *ARGS, "--json", cwd=folder)
    assert done.code in (0, 1), done.err
    counts = json.loads(done.out)["rows"]
    assert (counts["without_id"], counts["used"]) == (DAYS * ROWS // 100, DAYS * ROWS)


def test_a_number_of_an_incident_that_is_too_large_is_no_incident(played):
    done = tend("why", "99999999999999999999", "--state", "state.db", cwd=played[0])
    assert done.code == 2
    assert "'99999999999999999999' is not the number of an incident" in done.err


def test_a_row_of_the_far_future_closes_nothing(played):
    folder, _ = played
    rows = make_rows() + [[999999, "2031-01-01 00:00:00", "oak", 1.0, 1]]
    write_csv(folder / "future.csv", rows)
    done = tend("backtest", "future.csv", *ARGS, "--json", cwd=folder)
    counts = json.loads(done.out)["rows"]
    assert len(json.loads(done.out)["windows"]) == DAYS - 28
    assert counts["used"] == DAYS * ROWS


def test_outcomes_of_their_own_are_joined_by_id(played):
    """The same history with its outcomes in another file, in another order, gives the same report."""
    folder, done = played
    rows = make_rows()
    with open(folder / "predictions.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["id", "at", "shop", "size"], *(row[:4] for row in rows)])
    outcomes = [[row[0], row[4]] for row in rows] + [[10 ** 7, 1]]
    random.Random(2).shuffle(outcomes)
    with open(folder / "outcomes.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["id", "bought"], *outcomes])
    joined = tend("backtest", "predictions.csv", "--outcomes", "outcomes.csv", *ARGS, "--json", cwd=folder)
    assert joined.code == done.code, joined.err
    assert joined.out == done.out
    assert "1 outcomes belong to no row of 'predictions.csv'" in joined.err


def test_a_row_whose_outcome_never_came_is_not_judged(played):
    folder, _ = played
    with open(folder / "few.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["id", "bought"], *([row[0], row[4]] for row in make_rows() if row[0] % 10)])
    done = tend("backtest", "predictions.csv", "--outcomes", "few.csv", *ARGS, "--json", cwd=folder)
    assert done.code in (0, 1), done.err
    counts = json.loads(done.out)["rows"]
    assert (counts["used"], counts["without_outcome"]) == (DAYS * ROWS, DAYS * ROWS // 10)
    wrong = tend("backtest", "predictions.csv", "--outcomes", "none.csv", *ARGS, cwd=folder)
    assert wrong.code == 2 and "no such file: 'none.csv'" in wrong.err


def test_a_failed_run_leaves_nothing_behind(played):
    folder, _ = played
    done = tend("backtest", "history.csv", "--train", "50", "--accept", "50", "--json", "--state", "none.db",
                "--html", "none.html", cwd=folder)
    assert done.code == 2
    assert "the history is too short: 56 windows" in done.err
    assert done.out == ""
    assert not os.path.exists(folder / "none.db") and not os.path.exists(folder / "none.html")


@pytest.mark.parametrize("old,new,message", [
    ("column: bought", "column: bougth", "label.column: the data has no column 'bougth' (did you mean 'bought'?)"),
    ("{shop: category", "{shop: number", "data.features: 'shop' is text in the data: it must be a category"),
    ("per_row: case when decision", "per_row: case when desicion", "desicion"),
])
def test_a_wrong_configuration_says_what_and_where(played, old, new, message):
    folder, _ = played
    name = hashlib.sha256(new.encode()).hexdigest()[:8] + ".yaml"
    (folder / name).write_text(YAML.replace(old, new))
    done = tend("backtest", "history.csv", "-c", name, *ARGS, cwd=folder)
    assert done.code == 2
    assert message in done.err
    assert "Traceback" not in done.err and len(done.err.splitlines()) <= 3


def test_versions_say_what_they_were_made_of(played):
    folder, _ = played
    versions = json.loads(tend("versions", "--state", "state.db", "--json", cwd=folder).out)["versions"]
    assert all(len(v["data_hash"]) == 64 and len(v["config_hash"]) == 64 and v["seed"] == 1 for v in versions)
    assert not versions[0]["parent"] and versions[1]["parent"] == "v1"


def test_rows_that_say_nothing_about_money_are_told(played):
    folder, _ = played
    (folder / "fails.yaml").write_text(YAML.replace("then 3 when", "then 3 / (size - size) when"))
    done = tend("backtest", "history.csv", *ARGS, "--config", "fails.yaml", "--policy", "never", cwd=folder)
    report = json.loads(tend("backtest", "history.csv", *ARGS, "--config", "fails.yaml", "--policy", "never", "--json",
                             cwd=folder).out)
    failed = report["rows"]["value_failed"]
    assert failed > 0
    assert f"Left out: {failed:,} rows whose value failed; of {DAYS * ROWS:,} rows." in done.out


def test_a_retraining_without_a_cost_is_refused_in_the_owners_words(played):
    folder, _ = played
    (folder / "free.yaml").write_text(YAML.replace("cost: 50", "cost: 0"))
    done = tend("backtest", "history.csv", "--config", "free.yaml", cwd=folder)
    assert (done.code, done.err) == (
        2, "tend: free.yaml: 'retrain.cost' is 0: say what one retraining costs, in EUR\n")


def test_a_range_without_rows_and_a_configuration_beside_the_data(played):
    folder, _ = played
    done = tend("backtest", "history.csv", "--since", "2031-01-01", cwd=folder)
    assert (done.code, done.err) == (2, "tend: no row of 'history.csv' is between --since and --until\n")
    (folder / "below").mkdir()
    done = tend("backtest", "../history.csv", "--train", "500", cwd=folder / "below")
    assert done.code == 2 and "the history is too short" in done.err
