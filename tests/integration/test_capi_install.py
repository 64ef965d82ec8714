"""test_capi_install.py: libtend as it is installed: headers, libraries, pkg-config, and programs built with it."""
import os
import shutil
import subprocess

import pytest
from tend_program import BUILD, ROOT

EXAMPLES = os.path.join(ROOT, "examples", "c")


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """What `meson install` puts below the prefix, only the parts of libtend; nothing is built for it."""
    for tool in ("pkg-config", "cc", "c++"):
        if shutil.which(tool) is None:
            pytest.skip(f"there is no {tool}")
    symbols = subprocess.run(["nm", "-D", os.path.join(BUILD, "packaging", "libtend.so")], check=True,
                             stdout=subprocess.PIPE, text=True).stdout
    if "__asan_" in symbols:
        pytest.skip("the build is sanitized: its library runs only in sanitized programs")
    target = tmp_path_factory.mktemp("install")
    subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", str(target), "--tags",
                    "devel,runtime", "--quiet"], check=True, stdout=subprocess.DEVNULL)
    found = [folder for folder, _, files in os.walk(target) if "tend.pc" in files]
    assert len(found) == 1
    return target, found[0]


def flags(prefix, *args):
    """What pkg-config says of tend below the folder."""
    target, folder = prefix
    env = dict(os.environ, PKG_CONFIG_PATH=folder, PKG_CONFIG_SYSROOT_DIR=str(target))
    return subprocess.run(["pkg-config", *args, "tend"], env=env, check=True, stdout=subprocess.PIPE,
                          text=True).stdout.split()


@pytest.mark.parametrize("name", ["check", "value"])
@pytest.mark.parametrize("compiler", [["cc", "-std=c99"], ["c++", "-std=c++11", "-x", "c++", "-fpermissive", "-w"]],
                         ids=["C99", "C++11"])
def test_the_examples_build_and_run_with_what_is_installed(prefix, tmp_path, name, compiler):
    library = os.path.dirname(prefix[1])
    subprocess.run([*compiler, os.path.join(EXAMPLES, f"{name}.c"), "-o", str(tmp_path / name),
                    *flags(prefix, "--cflags", "--libs")], check=True)
    done = subprocess.run([str(tmp_path / name)], env={"LD_LIBRARY_PATH": library}, check=True, stdout=subprocess.PIPE,
                          text=True)
    with open(os.path.join(EXAMPLES, f"{name}.out"), encoding="utf-8") as file:
        assert done.stdout == file.read()


def test_a_program_links_the_static_library(prefix, tmp_path):
    library = os.path.dirname(prefix[1])
    subprocess.run(["cc", os.path.join(EXAMPLES, "value.c"), "-o", str(tmp_path / "value"), *flags(prefix, "--cflags"),
                    os.path.join(library, "libtend.a"), "-lm"], check=True)
    needed = subprocess.run(["ldd", str(tmp_path / "value")], check=True, stdout=subprocess.PIPE, text=True).stdout
    assert "libtend" not in needed
    subprocess.run([str(tmp_path / "value")], check=True, stdout=subprocess.DEVNULL)


def test_the_shared_library_carries_its_version_and_needs_only_libm(prefix):
    library = os.path.join(os.path.dirname(prefix[1]), "libtend.so")
    version = flags(prefix, "--modversion")[0]
    shown = subprocess.run(["readelf", "-d", library], check=True, stdout=subprocess.PIPE, text=True).stdout
    assert f"soname: [libtend.so.{'.'.join(version.split('.')[:2])}]" in shown
    needed = {line.split("[")[1].rstrip("]") for line in shown.splitlines() if "(NEEDED)" in line}
    assert needed <= {"libm.so.6", "libc.so.6"}


def test_every_public_header_is_installed(prefix):
    folder = os.path.join(flags(prefix, "--variable=includedir")[0], "tend")
    assert set(os.listdir(folder)) == set(os.listdir(os.path.join(ROOT, "include", "tend")))
