"""test_cli_config.py: tend.yaml: every fault has its place, and the hash is of the meaning."""
import os
import re

import pytest
from tend_program import CONFIG, ROOT, flights, run, write_csv, write_text


def config(tmp_path, text, *args):
    """Runs tend config on the text."""
    write_text(tmp_path / "tend.yaml", text)
    return run("config", *args, cwd=tmp_path)


@pytest.mark.parametrize("text, message", [
    ("model: m\nlable: {}\n", "2:1: unknown key 'lable' (did you mean 'label'?)"),
    ("model: m\nlabel:\n  colum: x\n", "3:3: unknown key 'colum' in label (did you mean 'column'?)"),
    ("model: m\nper_row: 1\n", "2:1: unknown key 'per_row' (did you mean 'value.per_row'?)"),
    ("model: m\nxyzzy: 1\n", "2:1: unknown key 'xyzzy'"),
    ("data: {id: x}\n", "1:1: 'model' is missing: name the model, such as model: delays"),
    ("model: m\nmodel: n\n", "2:1: key 'model' is there twice; it stands in line 1 already"),
    ("model: [a]\n", "1:8: 'model' must be a single value, not a list"),
    ("model: m\ndata: x\n", "2:7: 'data' must be a mapping of keys, not a word"),
    ("model: m\nlabel: {known_after: soon}\n", "2:22: 'label.known_after' must be a span of time such as 1d, 12h, 30m, "
                                               "90s or 50ms, not 'soon'"),
    ("model: m\nretrain: {cost: -1}\n", "2:17: 'retrain.cost' must be between 0 and 1e+15, not -1"),
    ("model: m\nretrain: {cost: cheap}\n", "2:17: 'retrain.cost' must be a number, not 'cheap'"),
    ("model: m\nretrain: {when: dayly}\n", "2:17: 'retrain.when' must be gain, never, or {every: 28d}, not 'dayly'"),
    ("model: m\nretrain: {when: {evry: 2d}}\n", "2:17: 'retrain.when' must be gain, never, or {every: 28d}"),
    ("model: m\npromote: {by: trail}\n", "2:15: 'promote.by' must be trial, proof or ask, not 'trail' (did you mean "
                                         "'trial'?)"),
    ("model: m\npromote: {fall_back_at: 3 beers}\n", "2:25: 'promote.fall_back_at' must be such as 3 costs, or an "
                                                     "amount above 0, not '3 beers'"),
    ("model: m\nalarms: {false_alarms: few}\n",
     "2:24: 'alarms.false_alarms' must be such as 1 per year, 2 per month or 1 per week, not 'few'"),
    ("model: m\nlabel: {affected_by_decision: maybe}\n",
     "2:31: 'label.affected_by_decision' must be true or false, not 'maybe'"),
    ("model: m\ndata: {features: {x: numeric}}\n", "2:22: feature 'x' must be number or category, not 'numeric'"),
    ("model: m\ndata: {features: [x]}\n", "2:18: 'data.features' must be a mapping such as {distance: number, origin: "
                                          "category}, not a list"),
    ("model: m\ndata: {features: {x: number, x: number}}\n", "2:30: feature 'x' is named twice"),
    ("model: m\nguardrails: [{name: g, avg: d}]\n", "2:14: guardrail 'g' has no bound: add min or max"),
    ("model: m\nguardrails: [{name: g, avg: d, max: 1, min: 2}]\n", "2:14: guardrail 'g' has min 2 above max 1"),
    ("model: m\nguardrails: [{nam: g}]\n", "2:15: unknown key 'nam' in a guardrail (did you mean 'name'?)"),
    ("model: m\nguardrails: [{name: g, avg: d, sum: d, max: 1}]\n", "2:32: a guardrail has one of avg, sum, count and "
                                                                    "value, not two"),
    ("model: m\nnotify: [{webook: x}]\n", "2:11: unknown key 'webook' in notify (did you mean 'webhook'?)"),
    ("model: m\nwindows: {every: 2d, season: 7d}\n", "2:30: 'windows.season' must be a multiple of 'windows.every'"),
    ("model: m\ndata: {decision: p_late >}\n", "2:26: data.decision: expected a value, but the expression ends here"),
    ("model: m\nsegments: [origin, nosuch(x)]\n", "2:20: segments: unknown function 'nosuch'"),
    ("model: m\nguardrails: [{name: g, avg: d and, max: 1}]\n",
     "2:34: guardrails: expected a value, but the expression ends here"),
    ("model: m\nwindows: {every: }\n", "2:18: 'windows.every' has no value; give span or leave the key out"),
    ("model: m\n  data: x\n", "2:7: not YAML: mapping values are not allowed in this context"),
    ("model: 'm\n", "2:1: not YAML: found unexpected end of stream"),
    ("model: m\n---\nmodel: n\n", "3:1: a second document; keep one in a file"),
    ("- model\n", "1:1: must be a mapping of keys such as model: delays, not a list"),
    ("model: \"a\\0b\"\n", "1:8: 'model' holds a zero byte"),
    ("", "1:1: the file is empty; 'tend init DATA' writes one"),
])
def test_a_fault_has_its_place(text, message, tmp_path):
    done = config(tmp_path, text)
    assert done.code == 2
    assert done.err == f"tend: tend.yaml:{message}\n"
    assert done.out == ""


@pytest.mark.parametrize("old, new, message", [
    ("p_late > 0.2", "p_lat > 0.2", "7:13: data.decision: unknown column 'p_lat' (did you mean 'p_late'?)"),
    ("decision and late then 30", "decision and lte then 30",
     "13:35: value.per_row: unknown column 'lte' (did you mean 'late'?)"),
    ("distance > 1000", "distnace > 1000", "14:20: segments: segment 'distnace > 1000': unknown column 'distnace' (did "
                                           "you mean 'distance'?)"),
])
def test_a_fault_inside_an_expression_has_its_place(old, new, message, tmp_path):
    write_csv(tmp_path / "ev.csv", flights(100))
    write_text(tmp_path / "tend.yaml", CONFIG.replace(old, new))
    done = run("value", "ev.csv", cwd=tmp_path)
    assert done.code == 2
    assert done.err == f"tend: tend.yaml:{message}\n"


def test_the_hash_is_of_the_meaning(tmp_path):
    first = config(tmp_path, CONFIG, "--json").json()["hash"]
    same = "# a remark\n" + CONFIG.replace("known_after: 1d", "known_after: 24h").replace("unit: EUR", "unit: \"EUR\"")
    assert config(tmp_path, same, "--json").json()["hash"] == first
    assert config(tmp_path, CONFIG.replace("0.2", "0.3"), "--json").json()["hash"] != first
    with_default = CONFIG + "alarms: {false_alarms: 1 per year}\n"
    assert config(tmp_path, with_default, "--json").json()["hash"] == first


def test_the_sample_of_every_key_is_read(tmp_path):
    text = CONFIG + """\
guardrails: [{name: alert_rate, avg: decision, max: 0.5}, {name: top, value: max(distance), max: 9000}]
windows: {every: 1d, season: 7d}
alarms:  {false_alarms: 2 per month, floor: -0.5}
retrain: {trainer: xgboost, when: {every: 28d}, cost: 2000}
promote: {by: proof, fall_back_at: 500, confidence: 0.9}
serve:   {listen: "127.0.0.1:8080", upstream: null, timeout: 50ms, fallback: 0.1}
notify:  [{alertmanager: "http://127.0.0.1:9093"}, {webhook: "https://example.org/hook"}]
"""
    read = config(tmp_path, text, "--json").json()["config"]
    assert read["alarms.false_alarms"] == 24
    assert read["alarms.floor"] == -0.5
    assert read["retrain.when"] == {"every_seconds": 28 * 86400}
    assert read["promote.by"] == "proof"
    assert read["promote.fall_back_at"] == {"money": 500}
    assert read["serve.timeout"] == 0.05
    assert read["guardrails"][0] == {"name": "alert_rate", "avg": "decision", "min": None, "max": 0.5}
    assert read["data.features"] == {"distance": "number", "origin": "category"}


def test_a_missing_file_is_named(tmp_path):
    done = run("config", "-c", "nope.yaml", cwd=tmp_path)
    assert (done.code, done.err) == (
        2, "tend: nope.yaml: no such file; 'tend init DATA' writes one, or name one with --config\n")
    done = run("config", "-c", ".", cwd=tmp_path)
    assert (done.code, done.err) == (2, "tend: .: is a directory, not a file\n")


def test_every_key_is_documented(tmp_path):
    keys = re.findall(r"^  ([a-z_.]+): ", run("config", "--help", cwd=tmp_path).out.split("keys:", 1)[1], re.M)
    assert len(keys) > 25
    with open(os.path.join(ROOT, "docs", "config.md"), encoding="utf-8") as file:
        text = file.read()
    for key in keys:
        assert f"`{key}`" in text, f"docs/config.md does not explain {key}"
