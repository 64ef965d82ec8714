"""conftest.py: builds the package into the build's own folder and imports it from there.

TEND_BUILD names the build (default: build); the package goes to BUILD/python/site, compiled in BUILD/python/meson, so
that a second run compiles only what changed. Nothing is installed elsewhere and nothing is fetched.
"""
import os
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("TEND_BUILD", os.path.join(ROOT, "build")))
SITE = os.path.join(BUILD, "python", "site")
FLIGHTS = os.path.join(ROOT, ".deps", "data", "flights-3m.parquet")


def build_package():
    """pip install ./python, into SITE."""
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")])
    os.makedirs(os.path.dirname(SITE), exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-build-isolation",
         "--no-deps", "--no-index", "--upgrade", "--target", SITE,
         f"--config-settings=build-dir={os.path.join(BUILD, 'python', 'meson')}", os.path.join(ROOT, "python")],
        env=dict(os.environ, PATH=path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        pytest.exit(f"the package does not build:\n{done.stdout}", returncode=2)


build_package()
sys.path.insert(0, SITE)


@pytest.fixture(scope="session")
def program():
    """The program tend of the build."""
    path = os.path.join(BUILD, "src", "tend")
    if not os.path.exists(path):
        pytest.skip(f"there is no program {path}")
    return path


@pytest.fixture(scope="session")
def flights():
    """Three million flights in a Parquet file."""
    if not os.path.exists(FLIGHTS):
        pytest.skip(f"there is no {FLIGHTS}: tools/setup fetches it")
    return FLIGHTS


@pytest.fixture
def plain(monkeypatch):
    """As where PyArrow, DuckDB and Polars are not installed."""
    for name in ("pyarrow", "pyarrow.parquet", "duckdb", "polars"):
        monkeypatch.setitem(sys.modules, name, None)
