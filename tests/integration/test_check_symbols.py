"""test_check_symbols.py: tools/check_symbols.sh sees foreign and undeclared names, forbidden calls and globals."""
import os
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FINE = "const char *tend_code_text(int code)\n{\n    return code ? \"a\" : \"b\";\n}\n"
TABLE = "static const char *const words[] = {\"a\", \"b\"};\n" \
        "const char *tend__word(int i)\n{\n    return words[i];\n}\n"


def check(folder, text):
    """Runs the check on an archive made of this C text: exit code, and the lines that name a failed case."""
    with open(folder / "part.c", "w", encoding="utf-8") as file:
        file.write(text)
    subprocess.run(["cc", "-O1", "-fPIC", "-c", "part.c", "-o", "part.o"], cwd=folder, check=True)
    subprocess.run(["ar", "crs", "libtend.a", "part.o"], cwd=folder, check=True)
    return run(folder)


def run(folder):
    """Runs the check on the archive in the folder."""
    done = subprocess.run([os.path.join(ROOT, "tools", "check_symbols.sh"), str(folder)], stdout=subprocess.PIPE,
                          text=True, check=False)
    return done.returncode, done.stdout


def test_an_archive_that_keeps_the_rules_passes(tmp_path):
    assert check(tmp_path, FINE + TABLE)[0] == 0


@pytest.mark.parametrize("text, words", [
    ("int load_u64(void)\n{\n    return 0;\n}\n", "begins with tend_:\n    load_u64"),
    ("int tend_secret(void)\n{\n    return 0;\n}\n", "include/tend:\n    tend_secret"),
    ("#include <stdio.h>\nvoid tend__a(void)\n{\n    puts(\"x\");\n    fopen(\"x\", \"r\");\n}\n", "    fopen in "),
    ("#include <time.h>\nlong tend__a(void)\n{\n    return time(0);\n}\n", "    time in "),
    ("#include <stdlib.h>\nvoid *tend__a(void)\n{\n    return malloc(1);\n}\n", "    malloc in "),
    ("#include <stdlib.h>\nvoid *tend__a(void)\n{\n    return getenv(\"x\");\n}\n", "    getenv in "),
    ("#include <unistd.h>\nlong tend__a(void)\n{\n    return write(1, \"x\", 1);\n}\n", "    write in "),
    ("#include <pthread.h>\nint tend__a(pthread_mutex_t *m)\n{\n    return pthread_mutex_lock(m);\n}\n",
     "    pthread_mutex_lock"),
    ("#include <stdlib.h>\nvoid tend__a(void)\n{\n    abort();\n}\n", "U abort"),
    ("int tend__a(void);\nint tend__a(void)\n{\n    static int calls;\n    return ++calls;\n}\n", "calls"),
    ("int tend__a = 3;\n", "tend__a"),
], ids=["a name without the prefix", "a public name without a declaration", "a file", "a clock", "the heap",
        "the environment", "a write", "a thread", "an abort outside the assertion", "a static variable",
        "a global variable"])
def test_a_broken_rule_is_named(tmp_path, text, words):
    code, output = check(tmp_path, FINE + text)
    assert code == 1
    assert words in output
    assert output.endswith("3 passed, 1 failed\n")


def test_a_missing_archive_fails(tmp_path):
    code, output = run(tmp_path)
    assert code == 1
    assert output.endswith("0 passed, 1 failed\n")
