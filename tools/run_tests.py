"""run_tests.py: runs every test program of a build and counts their cases.

    run_tests.py BUILD [--pytest DIR] [--only TEXT] [--jobs N]

A C test program prints TAP (cmocka with CMOCKA_MESSAGE_OUTPUT=TAP); a Python test runs under pytest, which writes
JUnit XML. A program that dies, or runs past its time, counts as one more failed case. The last line is
`N passed, N failed`; before it stand the skipped cases with their reasons. Exit code 1 where anything failed.
"""
import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET

TAP_LINE = re.compile(r"^(ok|not ok)\s+\d+\s*(?:-\s*)?(.*)$")


class Outcome:
    """What one program's cases came to."""

    def __init__(self, name):
        self.name = name
        self.passed = 0
        self.failed = []
        self.skipped = []
        self.output = ""
        self.seconds = 0.0


def run_program(test):
    """Runs one TAP program."""
    outcome = Outcome(test["name"])
    env = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP", **{k: v for k, v in test.get("env", {}).items()})
    start = time.monotonic()
    try:
        done = subprocess.run(test["cmd"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=env, timeout=test.get("timeout", 900), check=False, cwd=test.get("workdir") or None)
        text, code = done.stdout.decode("utf-8", "replace"), done.returncode
    except subprocess.TimeoutExpired as late:
        text, code = (late.stdout or b"").decode("utf-8", "replace") + "\ntimed out\n", -1
    outcome.seconds = time.monotonic() - start
    outcome.output = text
    for line in text.splitlines():
        match = TAP_LINE.match(line)
        if not match:
            continue
        if "# SKIP" in line:
            outcome.skipped.append(match.group(2))
        elif match.group(1) == "ok":
            outcome.passed += 1
        else:
            outcome.failed.append(match.group(2))
    if code != 0 and not outcome.failed:
        outcome.failed.append(f"ended with code {code}")
    if code == 0 and outcome.passed == 0 and not outcome.skipped and not outcome.failed:
        outcome.failed.append("ran no case")
    return outcome


def python_with_pytest():
    """The tests' own environment, else this interpreter or the system's; None where none has pytest."""
    own = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".deps", "py", "bin", "python")
    for python in (own, sys.executable, "/usr/bin/python3"):
        if os.path.exists(python) and subprocess.run([python, "-c", "import pytest"], check=False,
                                                     stderr=subprocess.DEVNULL).returncode == 0:
            return python
    return None


def run_pytest(folder, build, only):
    """Runs the Python tests of a folder against the program of the build."""
    outcome = Outcome(f"pytest {folder}")
    start = time.monotonic()
    python = python_with_pytest()
    if python is None:
        outcome.failed.append("there is no pytest: tools/setup test installs it")
        return outcome
    with tempfile.TemporaryDirectory() as work:
        report = os.path.join(work, "report.xml")
        cmd = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", folder]
        if only:
            cmd += ["-k", only]
        done = subprocess.run(cmd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=dict(os.environ, TEND_BUILD=os.path.abspath(build), PYTHONDONTWRITEBYTECODE="1"),
                              check=False)
        outcome.output = done.stdout.decode("utf-8", "replace")
        if not os.path.exists(report):
            outcome.failed.append("pytest did not run")
            return outcome
        for case in ET.parse(report).getroot().iter("testcase"):
            name = f"{case.get('classname')}.{case.get('name')}"
            if case.find("failure") is not None or case.find("error") is not None:
                outcome.failed.append(name)
            elif case.find("skipped") is not None:
                outcome.skipped.append(f"{name}: {case.find('skipped').get('message')}")
            else:
                outcome.passed += 1
    outcome.seconds = time.monotonic() - start
    return outcome


def report(outcome):
    """One line a program, and its output where something failed."""
    failed = len(outcome.failed)
    print(f"{'FAIL' if failed else 'ok  '} {outcome.name}: {outcome.passed} passed"
          + (f", {failed} failed" if failed else "")
          + (f", {len(outcome.skipped)} skipped" if outcome.skipped else "") + f" ({outcome.seconds:.1f} s)",
          flush=True)
    if failed:
        print("\n".join("    " + line for line in outcome.output.splitlines()[-60:]), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build")
    parser.add_argument("--pytest", action="append", default=[])
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    listed = json.loads(subprocess.run(["meson", "introspect", "--tests", args.build], check=True,
                                       stdout=subprocess.PIPE).stdout)
    locales = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".deps", "locale")
    if os.path.isdir(locales):
        os.environ.setdefault("LOCPATH", locales)
    tests = [test for test in listed if args.only in test["name"]]
    outcomes = []
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for outcome in pool.map(run_program, tests):
            report(outcome)
            outcomes.append(outcome)
    for folder in args.pytest:
        outcome = run_pytest(folder, args.build, args.only)
        report(outcome)
        outcomes.append(outcome)
    skipped = [(o.name, s) for o in outcomes for s in o.skipped]
    for name, reason in skipped:
        print(f"skipped: {name}: {reason}")
    for outcome in outcomes:
        for name in outcome.failed:
            print(f"failed: {outcome.name}: {name}")
    passed, failed = sum(o.passed for o in outcomes), sum(len(o.failed) for o in outcomes)
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
