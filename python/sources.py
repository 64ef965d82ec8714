#!/usr/bin/env python3
"""sources.py: where the Python package finds tend's C sources, for meson.build.

    sources.py version    prints the version of the project; in a checkout links the sources as subprojects/tend, which
                          must be there before Meson looks for subprojects
    sources.py dist       copies what a source distribution needs of them into it
"""
import os
import re
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
LINK = os.path.join(HERE, "subprojects", "tend")
ROOT = os.path.dirname(HERE)
# What libtend is made of; the rest of the repository is the program's.
FOLDERS = ("include", "packaging", "src/base", "src/sketch", "src/stat", "src/expr", "src/profile", "src/judge",
           "src/report", "src/capi")
FILES = ("LICENSE", "meson.build", "meson_options.txt", "src/meson.build")


def sources():
    """The folder with tend's own meson.build."""
    return LINK if os.path.exists(os.path.join(LINK, "meson.build")) else ROOT


def version():
    """What tend's meson.build says."""
    with open(os.path.join(sources(), "meson.build"), encoding="utf-8") as file:
        return re.search(r"version: '([^']+)'", file.read()).group(1)


def link():
    """subprojects/tend: a link to the checkout, or what is there already."""
    if os.path.exists(os.path.join(LINK, "meson.build")):
        return
    os.makedirs(os.path.dirname(LINK), exist_ok=True)
    if os.path.islink(LINK):
        os.unlink(LINK)
    os.symlink(os.path.join("..", ".."), LINK)


def dist():
    """Copies the sources to the place of the link."""
    target = os.path.join(os.environ["MESON_PROJECT_DIST_ROOT"], "subprojects", "tend")
    if os.path.islink(target):
        os.unlink(target)
    for name in FOLDERS:
        shutil.copytree(os.path.join(sources(), name), os.path.join(target, name), dirs_exist_ok=True)
    for name in FILES:
        os.makedirs(os.path.dirname(os.path.join(target, name)), exist_ok=True)
        shutil.copy2(os.path.join(sources(), name), os.path.join(target, name))


if __name__ == "__main__":
    command = sys.argv[1]
    if command == "version":
        link()
        print(version())
    elif command == "dist":
        dist()
    else:
        sys.exit(f"sources.py: unknown command {command}")
