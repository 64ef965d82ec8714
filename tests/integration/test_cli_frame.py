"""test_cli_frame.py: the command line itself: words, help, streams, exit codes, man page, completion."""
import os
import re
import shutil
import subprocess

import pytest
from tend_program import CONFIG, TEND, environment, flights, plain, run, run_in_terminal, write_csv, write_text

COMMANDS = ["init", "check", "value", "profile", "merge", "show", "backtest", "why", "ledger", "versions", "demo",
            "config", "completion", "man"]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_an_example(command, tmp_path):
    done = run(command, "--help", cwd=tmp_path)
    assert done.code == 0
    assert done.out.startswith(f"usage: tend {command}")
    assert "options:" in done.out and "examples:" in done.out
    assert f"tend {command}" in done.out.split("examples:")[1]
    assert max(map(len, done.out.splitlines())) <= 120
    assert done.err == ""
    assert run("help", command, cwd=tmp_path).out == done.out


def test_the_program_lists_every_command(tmp_path):
    done = run("--help", cwd=tmp_path)
    assert done.code == 0
    for command in COMMANDS:
        assert re.search(rf"^  {command} ", done.out, re.M)


def test_no_command_is_a_usage_error_that_shows_help(tmp_path):
    done = run(cwd=tmp_path)
    assert done.code == 2
    assert "usage: tend COMMAND" in done.out


def test_the_version_is_one_line(tmp_path):
    done = run("--version", cwd=tmp_path)
    assert done.code == 0
    assert re.fullmatch(r"tend \d+\.\d+\.\d+\n", done.out)


@pytest.mark.parametrize("words, message", [
    (["chek", "a", "b"], "unknown command 'chek' (did you mean 'check'?); 'tend --help' lists them all"),
    (["frobnicate"], "unknown command 'frobnicate'; 'tend --help' lists them all"),
    (["check", "--jsno", "a", "b"], "tend check has no option '--jsno' (did you mean '--json'?); 'tend check --help' "
                                    "lists them"),
    (["check", "-x", "a", "b"], "tend check has no option '-x'; 'tend check --help' lists them"),
    (["check"], "tend check needs [REF] CUR; try 'tend check --help'"),
    (["check", "a", "b", "c"], "tend check takes [REF] CUR and nothing more, but 'c' follows"),
    (["ledger", "x"], "tend ledger takes no 'x'; try 'tend ledger --help'"),
    (["check", "a", "b", "--fdr"], "--fdr needs a value: --fdr SHARE"),
    (["check", "a", "b", "--fdr", "x"], "--fdr x: not a number"),
    (["check", "a", "b", "--fdr=2"], "--fdr 2: must be between 1e-06 and 0.5"),
    (["check", "a", "b", "--bins", "2.5"], "--bins 2.5: not a whole number"),
    (["check", "a", "b", "--json=yes"], "--json takes no value"),
    (["check", "a", "b", "--memory", "much"], "--memory much: not a size; write 500MB or 2GB"),
    (["check", "a", "b", "--html", "x", "--html", "y"], "--html is given twice"),
    (["--json", "check"], "'--json' stands before a command; write 'tend COMMAND --json', and 'tend --help' for the "
                          "commands"),
    (["completion", "tcsh"], "no completion for 'tcsh'; there is bash, zsh and fish"),
    (["merge", "p", "q"], "tend merge needs --output FILE: where to write the profile"),
])
def test_a_wrong_word_says_what_would_be_right(words, message, tmp_path):
    done = run(*words, cwd=tmp_path)
    assert done.code == 2
    assert done.err == f"tend: {message}\n"
    assert done.out == ""


def test_options_may_stand_anywhere_and_dashes_end_them(tmp_path):
    write_csv(tmp_path / "--json.csv", flights(200))
    write_csv(tmp_path / "ref.csv", flights(200))
    done = run("check", "--json", "ref.csv", "--", "--json.csv", cwd=tmp_path)
    assert done.code == 0, done.err
    assert done.json()["schema"] == "tend.check/1"


# ---- streams --------------------------------------------------------------------------------------------------------

@pytest.fixture(name="two")
def two_files(tmp_path):
    """A reference and current rows that broke."""
    write_csv(tmp_path / "ref.csv", flights(3000))
    write_csv(tmp_path / "cur.csv", flights(1000, seed=2, start="2001-03-01", scale=1.609344))
    return tmp_path


def test_a_pipe_has_no_colours_and_no_progress(two):
    done = run("check", "ref.csv", "cur.csv", cwd=two)
    assert done.code == 1
    assert "\x1b" not in done.out
    assert done.err == ""
    assert "unit_change" in done.out


def test_a_terminal_has_colours(two):
    done = run_in_terminal("check", "ref.csv", "cur.csv", cwd=two)
    assert done.code == 1
    assert "\x1b[1;31mbreak\x1b[0m" in done.out
    assert "unit_change" in plain(done.out)


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_without_colours_gets_none(two, env):
    done = run_in_terminal("check", "-q", "ref.csv", "cur.csv", cwd=two, env=env)
    assert done.code == 1
    assert "\x1b[1;31m" not in done.out and "\x1b[2m" not in done.out


def test_progress_is_on_a_terminal_only_and_quiet_stops_it(tmp_path):
    write_csv(tmp_path / "big.csv", flights(120000, minutes=1))
    done = run_in_terminal("profile", "big.csv", "-o", "p.parquet", cwd=tmp_path)
    assert done.code == 0
    assert "reading big.csv: " in done.out and "\r\x1b[K" in done.out
    assert "reading big.csv" not in run_in_terminal("profile", "-q", "big.csv", "-o", "p.parquet", cwd=tmp_path).out
    assert run("profile", "big.csv", "-o", "p.parquet", cwd=tmp_path).err == ""


def test_a_terminal_that_is_no_utf8_gets_ascii(two):
    done = run_in_terminal("check", "ref.csv", "cur.csv", cwd=two, env={"LC_ALL": "C"})
    assert all(ord(letter) < 128 for letter in plain(done.out))


def test_a_reader_that_goes_away_is_no_error(two):
    child = subprocess.Popen([TEND, "check", "ref.csv", "cur.csv", "--json"], cwd=two, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, env=environment())
    child.stdout.close()
    err = child.stderr.read()
    child.stderr.close()
    assert child.wait(timeout=60) == 1  # the verdict stands
    assert err == b""


def test_a_full_disk_is_an_error(two):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([TEND, "man"], cwd=two, stdout=full, stderr=subprocess.PIPE, check=False,
                              env=environment())
    assert done.returncode == 2
    assert done.stderr == b"tend: standard output: No space left on device\n"


def test_errors_go_to_standard_error_only(two):
    done = run("check", "ref.csv", "nope.csv", "--json", cwd=two)
    assert done.code == 2
    assert done.out == ""
    assert done.err.startswith("tend: ") and done.err.count("\n") == 1


# ---- man page and completion ----------------------------------------------------------------------------------------

def test_the_manual_page_has_no_mistake(tmp_path):
    page = run("man", cwd=tmp_path)
    assert page.code == 0
    for command in COMMANDS:
        assert f".SS \"tend {command}" in page.out
    if shutil.which("mandoc") is None:
        pytest.skip("mandoc is not installed")
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning"], input=page.out.encode(), stdout=subprocess.PIPE,
                          check=False)
    faults = [line for line in done.stdout.decode().splitlines() if "missing date" not in line]
    assert faults == []


def complete(line, tmp_path):
    """What bash offers for the last word of the line."""
    script = run("completion", "bash", cwd=tmp_path).out
    words = line.split(" ")
    code = (f"{script}\nCOMP_WORDS=({' '.join(repr(w) for w in words)})\nCOMP_CWORD={len(words) - 1}\n_tend\n"
            "printf '%s\\n' \"${COMPREPLY[@]}\"\n")
    done = subprocess.run(["bash", "-c", code], stdout=subprocess.PIPE, check=True)
    return done.stdout.decode().split()


def test_bash_completes_commands_options_and_words(tmp_path):
    assert complete("tend ch", tmp_path) == ["check"]
    assert complete("tend check --j", tmp_path) == ["--json"]
    assert complete("tend completion z", tmp_path) == ["zsh"]
    assert set(COMMANDS) <= set(complete("tend ", tmp_path))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_of_its_shell(shell, tmp_path):
    done = run("completion", shell, cwd=tmp_path)
    assert done.code == 0
    for command in COMMANDS:
        assert command in done.out
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    subprocess.run([shell, "-n"], input=done.out.encode(), check=True)


def test_every_option_is_documented(tmp_path):
    """docs/cli.md names each command and each of its options."""
    docs = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "docs", "cli.md")
    with open(docs, encoding="utf-8") as file:
        text = file.read()
    for command in COMMANDS:
        section = re.search(rf"^## tend {command}\b(.*?)(?=^## |\Z)", text, re.M | re.S)
        assert section, f"docs/cli.md has no section on tend {command}"
        for option in re.findall(r"--([a-z]+)", run(command, "--help", cwd=tmp_path).out.split("examples:")[0]):
            if option != "help":
                assert f"--{option}" in section.group(1), f"tend {command} --{option} is not in docs/cli.md"


def test_a_configuration_beside_the_data_is_found(tmp_path):
    (tmp_path / "data").mkdir()
    write_csv(tmp_path / "data" / "ev.csv", flights(300))
    write_text(tmp_path / "data" / "tend.yaml", CONFIG)
    done = run("value", "data/ev.csv", "--json", cwd=tmp_path)
    assert done.code == 0, done.err
    assert done.json()["unit"] == "EUR"
