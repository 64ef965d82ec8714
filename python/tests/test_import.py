"""test_import.py: what the package is by itself: its import, its files, its stubs, its docstrings."""
import ast
import doctest
import glob
import inspect
import os
import subprocess
import sys
import tarfile

import conftest
import pytest
import tend
import tend._results

PACKAGE = os.path.dirname(tend.__file__)
CHILD = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": conftest.SITE}


def run(code):
    """The output of a fresh interpreter."""
    return subprocess.run([sys.executable, "-c", code], env=CHILD, stdout=subprocess.PIPE, text=True, check=True).stdout


def test_the_import_loads_nothing_but_the_package():
    loaded = run("import sys; old = set(sys.modules); import tend; print(*sorted(set(sys.modules) - old))").split()
    assert set(loaded) == {"__future__", "tend", "tend._frames", "tend._results", "tend._tend"}


def test_lists_are_profiled_checked_and_valued_without_any_other_package():
    code = ("import sys; import tend; r = {'x': list(range(500)), 't': ['a', 'b'] * 250}; "
            "assert tend.check(r, r).verdict == 'ok'; assert tend.value(r, 'x').sum == 124750; "
            "assert tend.read_profile(tend.profile(r).to_bytes()).rows == 500; "
            "print([m for m in ('numpy', 'pandas', 'pyarrow', 'polars', 'duckdb') if m in sys.modules])")
    assert run(code).strip() == "[]"


def test_the_version_is_the_projects():
    with open(os.path.join(conftest.ROOT, "meson.build"), encoding="utf-8") as file:
        assert f"version: '{tend.__version__}'" in file.read()


def test_the_wheel_has_stubs_and_one_stable_library():
    assert {os.path.basename(path) for path in glob.glob(os.path.join(PACKAGE, "*")) if "__pycache__" not in path} == {
        "__init__.py", "__init__.pyi", "_frames.py", "_results.py", "_results.pyi", "_tend.abi3.so", "_tend.pyi",
        "py.typed"}
    wheel = glob.glob(os.path.join(conftest.SITE, "tend-*.dist-info", "WHEEL"))
    with open(wheel[0], encoding="utf-8") as file:
        assert "-abi3-linux" in file.read()


def test_the_library_exports_only_its_entry():
    done = subprocess.run(["nm", "-D", "--defined-only", os.path.join(PACKAGE, "_tend.abi3.so")],
                          stdout=subprocess.PIPE, text=True, check=True)
    names = {line.split()[-1] for line in done.stdout.splitlines()}
    assert {name for name in names if not name.startswith("tend_")} == {"PyInit__tend"}


@pytest.mark.parametrize("module", [tend, tend._results], ids=["tend", "results"])
def test_the_examples_of_the_docstrings_hold(module):
    result = doctest.testmod(module)
    assert result.attempted > 0 and result.failed == 0


def stub_signatures(path):
    """{name: [parameters]} of the functions and, as Class.name, the methods of a stub."""
    with open(path, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    found = {}
    for node in tree.body:
        members = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        for member in members:
            if isinstance(member, ast.FunctionDef):
                every = member.args
                names = [a.arg for a in every.posonlyargs + every.args] + [a.arg for a in every.kwonlyargs]
                names += [a.arg for a in (every.vararg, every.kwarg) if a is not None]
                found[prefix + member.name] = sorted(names)
    return found


@pytest.mark.parametrize("module", [tend, tend._results], ids=["tend", "results"])
def test_the_stubs_say_what_is_there(module):
    """Every public function and method has its stub, with the parameters that it has, and no stub is of nothing."""
    stub = stub_signatures(os.path.splitext(module.__file__)[0] + ".pyi")
    there = {}
    for name, item in vars(module).items():
        if getattr(item, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(item) and name in getattr(module, "__all__", [name]):
            there[name] = sorted(inspect.signature(item).parameters)
        elif inspect.isclass(item):
            for key, member in vars(item).items():
                member = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
                if inspect.isfunction(member):
                    there[f"{name}.{key}"] = sorted(inspect.signature(member).parameters)
    wanted = {name for name in stub if "." not in name or name.split(".")[0] in ("Profile", "Check", "Value")}
    assert wanted, "the stub is empty"
    for name in wanted:
        assert there.get(name) == stub[name], name
    public = {name for name in there if not name.split(".")[-1].startswith("_") and name.split(".")[0] in
              ("Profile", "Check", "Value", "profile", "check", "value", "read_profile")}
    assert public <= set(stub)


def test_the_extensions_stub_names_every_function():
    stub = set(stub_signatures(os.path.join(PACKAGE, "_tend.pyi")))
    assert stub == {name for name, item in vars(tend._tend).items() if callable(item) and not inspect.isclass(item)}


@pytest.mark.skipif(not os.path.exists(os.path.join(conftest.ROOT, ".git")), reason="no Git checkout: no distribution")
def test_a_source_distribution_has_all_that_it_is_built_of(tmp_path):
    """Made from the commit; configured from its own files alone."""
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")])
    env = dict(os.environ, PATH=path)
    code = ("import os, sys, mesonpy; os.chdir(sys.argv[1]); print(mesonpy.build_sdist(sys.argv[2]))")
    done = subprocess.run([sys.executable, "-c", code, os.path.join(conftest.ROOT, "python"), str(tmp_path)], env=env,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    archive = tmp_path / done.stdout.split()[-1]
    with tarfile.open(archive) as tar:
        names = tar.getnames()
        tar.extractall(tmp_path / "unpacked")
    folder = tmp_path / "unpacked" / names[0].split("/")[0]
    assert f"{folder.name}/subprojects/tend/src/capi/capi_rows.c" in names
    assert not [name for name in names if "/tests/fuzz/" in name or name.endswith(".so")]
    done = subprocess.run(["meson", "setup", str(tmp_path / "configured"), str(folder)], env=env,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
