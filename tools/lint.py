#!/usr/bin/env python3
"""lint.py: checks the rules of the house that no compiler checks: who may include whom, names, sizes, banned functions.

    lint.py [--root DIR] [FILE...]

Each finding is one line, `file:line: rule: message`. Each rule counts as one case: the last line is
`N passed, N failed`, and the exit code is 1 where a rule failed. tests/integration/test_lint.py makes each rule fail
once. CONTRIBUTING.md says why the rules are there.
"""
import argparse
import collections
import os
import re
import subprocess
import sys

# ---- who may include whom ------------------------------------------------------------------------------------------

BELOW_REPORT = ("base", "sketch", "stat", "expr", "profile", "judge")
LIBTEND = BELOW_REPORT + ("report",)
BELOW_ENGINE = BELOW_REPORT + ("port", "json")

# folder of src: the folders whose headers its files may include, besides its own and the public ones (tend/...)
MAY_INCLUDE = {
    "base": (),
    "sketch": ("base",),
    "stat": ("base",),
    "expr": ("base",),
    "profile": ("base", "sketch", "stat", "expr"),
    "judge": ("base", "sketch", "stat", "expr", "profile"),
    "report": BELOW_REPORT,
    "capi": LIBTEND,
    "port": BELOW_REPORT,
    "json": BELOW_REPORT + ("port",),
    "engine": BELOW_ENGINE,
    "lake": BELOW_ENGINE,
    "state": BELOW_ENGINE,
    "model": BELOW_ENGINE,
    "train": BELOW_ENGINE,
    "wal": BELOW_ENGINE,
    "cli": LIBTEND + ("port", "json", "engine", "lake", "state", "model", "train", "wal"),
}

# a library's header: the only places where it may be included
LIBRARY_HEADERS = (
    (re.compile(r"^duckdb\b"), re.compile(r"^(src/lake/|tests/|bench/)"), "src/lake"),
    (re.compile(r"^sqlite3\b"), re.compile(r"^(src/state/|tests/|bench/)"), "src/state"),
    (re.compile(r"^simdjson\b"), re.compile(r"^src/json/[^/]*\.cpp$"), "the C++ shim of src/json"),
    (re.compile(r"^(c?yaml)\b"), re.compile(r"^(src/cli/|tests/)"), "src/cli"),
    (re.compile(r"^xgboost\b"), re.compile(r"$^"), "nowhere: its functions are declared by hand in src/train"),
    (re.compile(r"^dlfcn\.h"), re.compile(r"^(src/train/|tests/|bench/)"), "src/train"),
    (re.compile(r"^pthread\.h|^threads\.h"),
     re.compile(r"^(?!src/(base|sketch|stat|expr|profile|judge|report|capi|port)/)"),
     "floors 5 and above: libtend has no threads"),
)

# ---- what may not be called ----------------------------------------------------------------------------------------

HEAP = {
    "malloc": "tend__mem_new", "calloc": "tend__mem_new", "realloc": "tend__mem_resize", "free": "tend__mem_free",
    "reallocarray": "tend__mem_resize", "strdup": "tend__mem_text", "strndup": "tend__mem_text",
    "asprintf": "tend__buf_printf", "vasprintf": "tend__buf_printf", "aligned_alloc": "tend__mem_new",
    "posix_memalign": "tend__mem_new",
}
BANNED = {
    "strcpy": "memcpy with a checked length, or tend__buf_text", "strcat": "tend__buf_text",
    "strncpy": "memcpy with a checked length", "strncat": "tend__buf_add", "stpcpy": "memcpy with a checked length",
    "sprintf": "snprintf or tend__buf_printf", "vsprintf": "vsnprintf", "gets": "fgets",
    "strtok": "a loop over memchr", "rand": "tend__rng_next with a seed that is a parameter",
    "srand": "tend__rng_init", "random": "tend__rng_next", "drand48": "tend__rng_uniform",
    "time": "a time that is a parameter (clock_gettime at the program's edge)", "localtime": "tend__civil_from_us",
    "gmtime": "tend__civil_from_us", "localtime_r": "tend__civil_from_us", "mktime": "tend__civil_to_us",
    "atoi": "strtol with its end pointer checked", "atol": "strtol with its end pointer checked",
    "atof": "strtod with its end pointer checked", "setjmp": "return codes", "longjmp": "return codes",
    "alloca": "tend__mem_new, or an array of fixed size", "system": "posix_spawn with an argument vector",
    "mktemp": "mkstemp", "tmpnam": "mkstemp",
}

# ---- sizes ---------------------------------------------------------------------------------------------------------

FUNCTION_LINES_MAX = 70
PARAMETERS_MAX = 6
FILE_LINES_MAX = 1000
C_COLUMNS_MAX = 100
SCRIPT_COLUMNS_MAX = 120

RULES = ("include-floor", "include-library", "include-path", "own-header-first", "port-headers-only", "header-guard",
         "spdx", "file-comment", "banned-function", "function-length", "function-parameters", "file-length",
         "line-length", "unfinished", "typedef-tag", "unique-name", "goto-out", "fast-math", "float-statistics",
         "whitespace", "workplace")

C_FILE = re.compile(r"\.(c|h|cpp)$")
TOKEN = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
BANNED_CALL = re.compile(r"(?<![\w.>])(%s)\s*\(" % "|".join(sorted(set(HEAP) | set(BANNED))))
# A function type may return a struct or an enum: there a parenthesis comes first.
TYPEDEF_TAG = re.compile(r"\btypedef\s+(?:const\s+)?(?:struct|enum|union)\b[^;{(]*[;{]")
MARKER = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|X{3})\b")
# An absolute path of one machine, and the host of a package registry: neither is anybody's business but its owner's.
PLACE = re.compile(r"(?<![\w.}$*)/-])/(?:work|root|tmp/venv|home/\w+)(?:/|\b)(?!\s*\*)")
HOST = re.compile(r"(?<![\w.])(?:registry\.|files\.python|(?:deb|archive|security)\.(?:debian|ubuntu)\.|pypi\.)[\w.]+"
                  r"|--(?:index-url|registry|trusted-host)\b|\b(?:index-url|_authToken)\s*=")
URL_IN_TOOL = re.compile(r"https?://(?!127\.0\.0\.1|localhost|\[::1\])")


class Findings:
    """What was found, by rule."""

    def __init__(self):
        self.lines = []
        self.by_rule = collections.Counter()

    def add(self, path, line, rule, message):
        """One finding."""
        assert rule in RULES, rule
        self.lines.append((path, line, rule, message))
        self.by_rule[rule] += 1


def without_comments_and_text(text):
    """The C text with comments and the inside of literals blanked; every line keeps its place and length."""

    def blank(match):
        token = match.group(0)
        if token[0] == "/":
            return re.sub(r"[^\n]", " ", token)
        return token[0] + re.sub(r"[^\n]", " ", token[1:-1]) + token[-1]

    return TOKEN.sub(blank, text)


def without_preprocessor(code):
    """The code with preprocessor lines, and the lines that continue them, blanked."""
    out, is_continued = [], False
    for line in code.split("\n"):
        is_directive = is_continued or line.lstrip().startswith("#")
        is_continued = is_directive and line.rstrip().endswith("\\")
        out.append("" if is_directive else line)
    return "\n".join(out)


def parameter_count(header, open_at):
    """The number of parameters of the list that opens at header[open_at]."""
    depth, commas, at = 0, 0, open_at
    while at < len(header):
        depth += (header[at] == "(") - (header[at] == ")")
        if depth == 0:
            break
        commas += header[at] == "," and depth == 1
        at += 1
    inside = header[open_at + 1:at].strip()
    return 0 if inside in ("", "void") else commas + 1


def functions(code):
    """Yields (name, parameters, first line, brace line, last line, body) of each function defined at file level."""
    depth, header_start, body_at, transparent = 0, 0, 0, 0
    header = ""
    for match in re.finditer(r"[{};]", code):
        at, mark = match.start(), match.group(0)
        if mark == "{":
            if depth == 0:
                header = code[header_start:at]
                if re.search(r"(extern\s*\"\s*\"|namespace\b[^;(){}]*)\s*$", header):
                    transparent += 1
                    header_start = at + 1
                    continue
                body_at = at
            depth += 1
        elif mark == "}":
            if depth == 0:
                transparent -= 1
                header_start = at + 1
                continue
            depth -= 1
            if depth == 0:
                name = re.search(r"(?<!\w)(?!__attribute__|TEND_[A-Z_]+\b|alignas\b)([A-Za-z_]\w*)\s*\(", header)
                if name and not re.search(r"=[^=]", header) and re.search(r"\)[\s\w(),]*$", header):
                    starts = (header_start + len(header) - len(header.lstrip()), body_at, at)
                    first, brace, last = (code.count("\n", 0, start) + 1 for start in starts)
                    yield name.group(1), parameter_count(header, name.end() - 1), first, brace, last, code[body_at:at]
                header_start = at + 1
        elif depth == 0:
            header_start = at + 1


def check_includes(path, lines, found):
    """Floors, libraries, the form of the path, and the own header first."""
    parts = path.split("/")
    folder = parts[1] if parts[0] == "src" and len(parts) == 3 else None
    first = None
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quote, name = match.groups()
        first = first or (number, name)
        for header, allowed, where in LIBRARY_HEADERS:
            if header.search(name) and not allowed.search(path):
                found.add(path, number, "include-library", f"{name} may be included only in {where}")
        if quote == "<":
            continue
        target = name.split("/")[0]
        if path.startswith("include/") and target != "tend":
            found.add(path, number, "include-floor", f"a public header may not include {name}")
        if folder is None:
            continue
        if "/" not in name or ".." in name or target not in MAY_INCLUDE and target != "tend":
            found.add(path, number, "include-path", f'write "folder/file.h", not "{name}"')
        elif target not in ("tend", folder) + MAY_INCLUDE.get(folder, ()):
            found.add(path, number, "include-floor", f"{folder} may not include {target} ({name})")
    return first


def check_own_header(path, first, headers, found):
    """A .c file with a header of its name includes that first, so that each header is seen to stand alone."""
    if not path.startswith("src/") or path.endswith(".h"):
        return
    stem = os.path.splitext(path)[0]
    own = [h for h in (stem + ".h", "include/tend/" + os.path.basename(stem) + ".h") if h in headers]
    wanted = [re.sub(r"^(src|include)/", "", h) for h in own]
    if wanted and (first is None or first[1] not in wanted):
        found.add(path, first[0] if first else 1, "own-header-first", f'the first include must be "{wanted[0]}"')


def check_guard(path, lines, found):
    """#ifndef TEND_<FOLDER>_<FILE>_H, #define of the same, and no pragma."""
    parts = path.split("/")
    stem = re.sub(r"\W", "_", os.path.splitext(parts[-1])[0]).upper()
    if parts[0] == "src":
        guard = f"TEND_{parts[1].upper()}_{stem}_H"
    elif parts[0] == "include":
        guard = f"TEND_{stem}_H"
    else:
        guard = f"TEND_{'TEST' if parts[0] == 'tests' else parts[0].upper()}_{stem}_H"
    directives = [(n, line.split()) for n, line in enumerate(lines, 1) if line.startswith("#")][:2]
    if [d for _, d in directives] != [["#ifndef", guard], ["#define", guard]]:
        found.add(path, directives[0][0] if directives else 1, "header-guard", f"the guard must be {guard}")


def check_head(path, lines, found):
    """The SPDX line, then a comment whose first word is the file's name."""
    name = os.path.basename(path)
    if C_FILE.search(path):
        if not lines or lines[0] != "/* SPDX-License-Identifier: Apache-2.0 */":
            found.add(path, 1, "spdx", "the first line must be /* SPDX-License-Identifier: Apache-2.0 */")
        at = next((n for n, line in enumerate(lines) if "SPDX" not in line), 0)
        if not re.match(r"/\*\s*(?:\* )?%s: \S" % re.escape(name), " ".join(lines[at:at + 3])):
            found.add(path, at + 1, "file-comment", f"here must begin a comment with '{name}: ' and its purpose")
        return
    head = "\n".join(lines[:3])
    if not re.search(r"^(?:\"\"\"|# )%s: \S" % re.escape(name), head, re.M):
        found.add(path, 1, "file-comment", f"the file must begin with '{name}: ' and its purpose")


def check_calls(path, code_lines, found):
    """Functions that have a better one in the house."""
    is_product = path.startswith("src/")
    for number, line in enumerate(code_lines, 1):
        for match in BANNED_CALL.finditer(line):
            name = match.group(1)
            if name in HEAP and (not is_product or path == "src/base/mem.c"):
                continue
            found.add(path, number, "banned-function", f"{name}(): use {(HEAP | BANNED)[name]}")


def check_functions(path, code, found):
    """Length, parameters, and goto only forward to out."""
    for name, parameters, first, brace, last, body in functions(code):
        if last - brace > FUNCTION_LINES_MAX:
            found.add(path, first, "function-length",
                      f"{name} has {last - brace} lines, more than {FUNCTION_LINES_MAX}")
        if parameters > PARAMETERS_MAX:
            found.add(path, first, "function-parameters",
                      f"{name} has {parameters} parameters, more than {PARAMETERS_MAX}: give it an options struct")
        label = re.search(r"^\s*out:", body, re.M)
        for match in re.finditer(r"\bgoto\s+(\w+)", body):
            if match.group(1) != "out" or not label or label.start() < match.start():
                found.add(path, brace + body.count("\n", 0, match.start()), "goto-out",
                          "goto may go only forward, only to out:")


def check_c(path, text, headers, found):
    """All rules of one C or C++ file."""
    lines = text.split("\n")
    code = without_comments_and_text(text)
    code_lines = code.split("\n")
    check_own_header(path, check_includes(path, lines, found), headers, found)
    if path.startswith("src/port/") and not path.endswith(".h"):
        found.add(path, 1, "port-headers-only", "src/port holds headers only")
    if path.endswith(".h"):
        check_guard(path, lines, found)
    check_calls(path, code_lines, found)
    check_functions(path, without_preprocessor(code), found)
    for match in TYPEDEF_TAG.finditer(code):
        found.add(path, code.count("\n", 0, match.start()) + 1, "typedef-tag",
                  "no typedef of a struct, enum or union: write the tag")
    is_statistics = re.match(r"src/(sketch|stat|judge)/", path)
    for number, line in enumerate(code_lines, 1):
        if is_statistics and re.search(r"\bfloat\b(?!\.h)", line):
            found.add(path, number, "float-statistics", "statistics are computed in double")


def check_lines(path, lines, found):
    """What holds for every text file."""
    is_c = bool(C_FILE.search(path))
    is_code = is_c or is_script(path, lines) or os.path.basename(path) in ("meson.build", "Makefile")
    is_tool = re.match(r"(tools|\.ci|bench)/|(.*/)?(Makefile|meson\.build)$", path) and not path.endswith(".md")
    columns_max = C_COLUMNS_MAX if is_c else SCRIPT_COLUMNS_MAX
    for number, line in enumerate(lines, 1):
        if is_code and len(line) > columns_max:
            found.add(path, number, "line-length", f"{len(line)} columns, more than {columns_max}")
        if is_code and (line != line.rstrip() or is_c and "\t" in line):
            found.add(path, number, "whitespace", "a tab, or a blank at the end of the line")
        if MARKER.search(line):
            found.add(path, number, "unfinished", "finish it, or write the limit down in docs/")
        if PLACE.search(line) or HOST.search(line) or is_tool and URL_IN_TOOL.search(line):
            found.add(path, number, "workplace", "names a path or a host of one machine")
        if is_code and "-ffast" + "-math" in line:
            found.add(path, number, "fast-math", "the same inputs must give the same bits on every build")
    if is_code and len(lines) > FILE_LINES_MAX + 1:
        found.add(path, len(lines), "file-length", f"{len(lines) - 1} lines, more than {FILE_LINES_MAX}")
    if is_code and lines[-1:] != [""]:
        found.add(path, len(lines), "whitespace", "no newline at the end of the file")


def is_script(path, lines):
    """A Python or shell file."""
    return path.endswith((".py", ".sh")) or bool(lines) and lines[0].startswith("#!")


def listed_files(root):
    """The files of the repository: what git knows or would take, or all files where git does not know the folder."""
    if os.path.exists(os.path.join(root, ".git")):
        listed = subprocess.run(["git", "-C", root, "ls-files", "-z", "-co", "--exclude-standard"], check=True,
                                stdout=subprocess.PIPE).stdout.decode()
        return sorted(name for name in set(listed.split("\0")) if name)
    names = []
    for folder, _, files in os.walk(root):
        names += [os.path.relpath(os.path.join(folder, name), root) for name in files]
    return sorted(names)


def lint(root, chosen):
    """Checks the files and returns what was found."""
    found = Findings()
    paths = [p for p in listed_files(root) if os.path.isfile(os.path.join(root, p))]
    headers = {p for p in paths if p.endswith(".h")}
    seen = {}
    for path in paths:
        base = os.path.basename(path)
        if path.startswith("src/") and C_FILE.search(path) and seen.setdefault(base, path) != path:
            found.add(path, 1, "unique-name", f"{seen[base]} has the same name")
        if chosen and path not in chosen or path.startswith("tests/fuzz/corpus/"):
            continue
        with open(os.path.join(root, path), "rb") as file:
            raw = file.read()
        if b"\0" in raw[:4096] or len(raw) > 400_000 and not C_FILE.search(path):
            continue
        text = raw.decode("utf-8", "replace")
        lines = text.split("\n")
        if path.endswith(".csv"):
            lines = lines[:20]
        check_lines(path, lines, found)
        if C_FILE.search(path):
            check_c(path, text, headers, found)
        if C_FILE.search(path) or is_script(path, lines):
            check_head(path, lines, found)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", default=os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    parser.add_argument("files", nargs="*", help="only these, as paths from the root")
    args = parser.parse_args()
    found = lint(args.root, set(args.files))
    for path, line, rule, message in found.lines:
        print(f"{path}:{line}: {rule}: {message}")
    failed = len(found.by_rule)
    print(f"{len(RULES) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
