"""test_lint.py: each rule of tools/lint.py is seen to fail on a bad snippet, and to pass on a good one."""
import importlib.util
import os
import re
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LINT = os.path.join(ROOT, "tools", "lint.py")
SPEC = importlib.util.spec_from_file_location("tend_lint", LINT)
RULES = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(RULES)
SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"


def source(name, body, includes=""):
    """A C file that breaks no rule by itself."""
    return f"{SPDX}/* {name}: an example. */\n{includes}\n{body}\n"


def header(name, guard, body="int tend__x(void);"):
    """A header that breaks no rule by itself."""
    return f"{SPDX}/* {name}: an example. */\n#ifndef {guard}\n#define {guard}\n\n{body}\n\n#endif\n"


def write_tree(folder, files):
    """Writes the files below the folder."""
    for path, text in files.items():
        full = os.path.join(folder, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)


def lint(folder, files):
    """The findings in a tree of these files as (path, line, rule)."""
    write_tree(folder, files)
    return [(path, line, rule) for path, line, rule, _ in RULES.lint(str(folder), set()).lines]


def run_lint(folder, files):
    """Runs the program on such a tree: exit code and output."""
    write_tree(folder, files)
    done = subprocess.run([sys.executable, LINT, "--root", str(folder)], stdout=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stdout


def long_function(body_lines, parameters="void"):
    """A function whose body has this many lines, brace to brace."""
    return f"int tend__long({parameters})\n{{\n" + "    x++;\n" * (body_lines - 1) + "}"


BAD = [
    # (what, rule, path of the finding, line, files)
    ("statistics may not include expressions", "include-floor", "src/stat/a.c", 3,
     {"src/stat/a.c": source("a.c", "", '#include "expr/expr.h"')}),
    ("base may include nothing above", "include-floor", "src/base/a.h", 6,
     {"src/base/a.h": header("a.h", "TEND_BASE_A_H", '#include "sketch/s.h"')}),
    ("the lake may not include the state", "include-floor", "src/lake/a.c", 3,
     {"src/lake/a.c": source("a.c", "", '#include "state/ledger.h"')}),
    ("nobody below the program includes the engine", "include-floor", "src/model/a.c", 3,
     {"src/model/a.c": source("a.c", "", '#include "engine/engine.h"')}),
    ("libtend may not read JSON", "include-floor", "src/judge/a.c", 3,
     {"src/judge/a.c": source("a.c", "", '#include "json/json_read.h"')}),
    ("a public header includes public headers", "include-floor", "include/tend/a.h", 6,
     {"include/tend/a.h": header("a.h", "TEND_A_H", '#include "base/fail.h"')}),
    ("DuckDB stays in the lake", "include-library", "src/engine/a.c", 3,
     {"src/engine/a.c": source("a.c", "", "#include <duckdb.h>")}),
    ("SQLite stays in the state", "include-library", "src/cli/a.c", 3,
     {"src/cli/a.c": source("a.c", "", "#include <sqlite3.h>")}),
    ("simdjson stays in its shim", "include-library", "src/json/a.c", 3,
     {"src/json/a.c": source("a.c", "", "#include <simdjson.h>")}),
    ("YAML stays in the program", "include-library", "src/engine/a.c", 3,
     {"src/engine/a.c": source("a.c", "", "#include <cyaml/cyaml.h>")}),
    ("XGBoost has no header here", "include-library", "src/train/a.c", 3,
     {"src/train/a.c": source("a.c", "", "#include <xgboost/c_api.h>")}),
    ("only training loads a library", "include-library", "src/cli/a.c", 3,
     {"src/cli/a.c": source("a.c", "", "#include <dlfcn.h>")}),
    ("libtend has no threads", "include-library", "src/sketch/a.c", 3,
     {"src/sketch/a.c": source("a.c", "", "#include <pthread.h>")}),
    ("an include names its folder", "include-path", "src/base/a.c", 3,
     {"src/base/a.c": source("a.c", "", '#include "fail.h"')}),
    ("the own header comes first", "own-header-first", "src/base/a.c", 3,
     {"src/base/a.c": source("a.c", "", '#include <math.h>\n#include "base/a.h"'),
      "src/base/a.h": header("a.h", "TEND_BASE_A_H")}),
    ("port holds headers only", "port-headers-only", "src/port/a.c", 1,
     {"src/port/a.c": source("a.c", "int tend__x;")}),
    ("a guard names folder and file", "header-guard", "src/base/a.h", 3,
     {"src/base/a.h": header("a.h", "TEND_A_H")}),
    ("a header has a guard", "header-guard", "src/base/a.h", 1,
     {"src/base/a.h": SPDX + "/* a.h: an example. */\nint tend__x(void);\n"}),
    ("the licence is named", "spdx", "src/base/a.c", 1, {"src/base/a.c": "/* a.c: an example. */\nint tend__x;\n"}),
    ("a file says its name and purpose", "file-comment", "src/base/a.c", 2,
     {"src/base/a.c": SPDX + "/* Helpers. */\nint tend__x;\n"}),
    ("a file says its own name", "file-comment", "src/base/a.c", 2,
     {"src/base/a.c": SPDX + "/* b.c: an example. */\nint tend__x;\n"}),
    ("a tool says its name too", "file-comment", "tools/a.py", 1, {"tools/a.py": "import os\n"}),
    ("a body has at most 70 lines", "function-length", "src/base/a.c", 4,
     {"src/base/a.c": source("a.c", long_function(71))}),
    ("seven parameters are too many", "function-parameters", "src/base/a.c", 4,
     {"src/base/a.c": source("a.c", long_function(2, "int a, int b, int c, int d, int e, int f, int g"))}),
    ("a file has at most 1000 lines", "file-length", "src/base/a.c", 1004,
     {"src/base/a.c": source("a.c", "int tend__x;\n" * 999)}),
    ("C has 100 columns", "line-length", "src/base/a.c", 4,
     {"src/base/a.c": source("a.c", "int tend__" + "x" * 91 + ";")}),
    ("Python has 120 columns", "line-length", "tools/a.py", 2,
     {"tools/a.py": '"""a.py: an example."""\nX = "' + "x" * 115 + '"\n'}),
    ("nothing is left for later", "unfinished", "src/base/a.c", 4, {"src/base/a.c": source("a.c", "/* TO" + "DO */")}),
    ("nothing is left for later in a document", "unfinished", "docs/a.md", 1, {"docs/a.md": "FIX" + "ME\n"}),
    ("a struct is named by its tag", "typedef-tag", "src/base/a.c", 4,
     {"src/base/a.c": source("a.c", "typedef struct tend__x tend__y;")}),
    ("an enum is named by its tag", "typedef-tag", "src/base/a.c", 4,
     {"src/base/a.c": source("a.c", "typedef enum { TEND_A } tend__y;")}),
    ("a file's name is unique", "unique-name", "src/stat/a.c", 1,
     {"src/base/a.c": source("a.c", "int tend__x;"), "src/stat/a.c": source("a.c", "int tend__y;")}),
    ("goto names out", "goto-out", "src/base/a.c", 6,
     {"src/base/a.c": source("a.c", "int tend__x(void)\n{\n    goto done;\ndone:\n    return 0;\n}")}),
    ("goto goes forward", "goto-out", "src/base/a.c", 8,
     {"src/base/a.c": source("a.c", "int tend__x(void)\n{\nout:\n    tend__y();\n    goto out;\n}")}),
    ("no fast mathematics", "fast-math", "src/base/meson.build", 1,
     {"src/base/meson.build": "x = ['-ffast" + "-math']\n"}),
    ("statistics are in double", "float-statistics", "src/stat/a.c", 4,
     {"src/stat/a.c": source("a.c", "float tend__x;")}),
    ("no tab in C", "whitespace", "src/base/a.c", 4, {"src/base/a.c": source("a.c", "\tint tend__x;")}),
    ("no blank at the end", "whitespace", "src/base/a.c", 4, {"src/base/a.c": source("a.c", "int tend__x; ")}),
    ("a file ends with a newline", "whitespace", "src/base/a.c", 4,
     {"src/base/a.c": source("a.c", "int tend__x;").rstrip("\n")}),
    ("no path of one machine", "workplace", "docs/a.md", 1, {"docs/a.md": "See `/" + "work/main`.\n"}),
    ("no home folder", "workplace", "tools/a.py", 2, {"tools/a.py": '"""a.py: an example."""\nX = "/' + 'root/x"\n'}),
    ("no registry's host", "workplace", "tools/a.py", 2,
     {"tools/a.py": '"""a.py: an example."""\n# from registry.' + 'example.org\n'}),
    ("no address in a tool", "workplace", "tools/a.sh", 2,
     {"tools/a.sh": "#!/bin/sh\n# a.sh: reads http" + "://example.org\n"}),
]


@pytest.mark.parametrize("rule, path, line, files", [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_a_bad_snippet_is_found(tmp_path, rule, path, line, files):
    assert lint(tmp_path, files) == [(path, line, rule)]


def test_a_finding_is_printed_with_its_place_and_fails_the_run(tmp_path):
    code, output = run_lint(tmp_path, {"src/base/a.c": source("a.c", "float tend__x = atof(NULL);\n\tint tend__y;")})
    assert code == 1
    assert output == ("src/base/a.c:5: whitespace: a tab, or a blank at the end of the line\n"
                      "src/base/a.c:4: banned-function: atof(): use strtod with its end pointer checked\n"
                      f"{len(RULES.RULES) - 2} passed, 2 failed\n")


BANNED = ("malloc calloc realloc free strdup strndup asprintf strcpy strcat strncpy strncat sprintf vsprintf gets "
          "strtok rand srand time localtime gmtime mktime atoi atol atof setjmp longjmp alloca system").split()


@pytest.mark.parametrize("name", BANNED)
def test_a_banned_function_is_found_with_its_replacement(tmp_path, name):
    text = source("a.c", f"int tend__x(void)\n{{\n    return {name}(0);\n}}")
    assert lint(tmp_path, {"src/base/a.c": text}) == [("src/base/a.c", 6, "banned-function")]


def test_every_rule_has_a_snippet_that_it_finds():
    assert set(RULES.RULES) == {case[1] for case in BAD} | {"banned-function"}


GOOD = {
    "src/stat/d.c": source("d.c", "/* In float, no. */\ndouble tend__d;", "#include <float.h>"),
    "src/base/a.c": source("a.c", long_function(70, "int a, int b, int c, int d, int e, void (*f)(int, int)"),
                           '#include "base/a.h"\n#include "tend/error.h"\n\n#include <float.h>'),
    "src/base/a.h": header("a.h", "TEND_BASE_A_H", "typedef enum tend_code tend__x_fn(int a);"),
    "src/base/mem.c": source("mem.c", "void tend__mem_free(void *ptr)\n{\n    free(ptr);\n}"),
    "src/judge/b.c": source("b.c", "/* malloc() in a comment, and \"free(x)\" in a text. */\n"
                            "const char *tend__text(struct tend__b *b)\n{\n    b->free(b);\n    tend__time(b);\n"
                            "    return \"strcpy(a, b)\";\n}", '#include "profile/profile.h"\n#include "stat/chi2.h"'),
    "src/cli/main.c": source("main.c", "int main(void)\n{\n    int code = 0;\n    goto out;\nout:\n    return code;\n}",
                             '#include "engine/engine.h"\n#include "lake/lake.h"\n\n#include <cyaml/cyaml.h>'),
    "src/lake/read.c": source("read.c", "int tend__x;", '#include "port/store.h"\n\n#include <duckdb.h>'),
    "src/json/shim.cpp": source("shim.cpp", 'extern "C" {\nint tend__shim(void)\n{\n    return 0;\n}\n}',
                                "#include <simdjson.h>"),
    "include/tend/c.h": header("c.h", "TEND_C_H", '#include "tend/error.h"'),
    "tests/unit/x_test.c": source("x_test.c",
                                  "static char *x(void)\n{\n    return malloc(3);\n}", "#include <duckdb.h>"),
    "tests/harness/unit.h": header("unit.h", "TEND_TEST_UNIT_H"),
    "tools/a.sh": "#!/bin/sh\n# a.sh: an example.\nmktemp -d /tmp/a.XXXXXX\nls \"$work/root\" \"$x/work\"\n",
    "docs/a.md": "A paper: https://example.org/paper, and x/root/y.\n",
}


def test_a_good_tree_has_no_finding(tmp_path):
    assert run_lint(tmp_path, GOOD) == (0, f"{len(RULES.RULES)} passed, 0 failed\n")
