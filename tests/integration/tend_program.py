"""tend_program.py: runs the tend program of a build, in a pipe and in a pseudo-terminal, and writes data for it."""
import csv
import datetime
import errno
import fcntl
import json
import os
import pty
import random
import re
import select
import struct
import subprocess
import termios

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("TEND_BUILD", os.path.join(ROOT, "build")))
TEND = os.path.join(BUILD, "src", "tend")
SECONDS_MAX = 120

CONFIG = """\
model: delays
data:
  id: id
  time: date
  features: {distance: number, origin: category}
  score: p_late
  decision: p_late > 0.2
label:
  column: late
  known_after: 1d
value:
  unit: EUR
  per_row: case when decision and late then 30 when decision then -10 when late then -10 else 0 end
segments: [origin, distance > 1000]
"""


class Done:
    """What a run of the program came to."""

    def __init__(self, code, out, err):
        self.code = code
        self.out = out
        self.err = err

    def json(self):
        """The one document on standard output."""
        return json.loads(self.out)


def environment(extra=None):
    """The test's environment without what would change the program's output."""
    env = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "TERM")}
    env.update({"LC_ALL": "C.UTF-8", "TERM": "xterm"})
    env.update(extra or {})
    return env


def run(*args, cwd, stdin=None, env=None):
    """Runs tend in a pipe; `stdin` is bytes."""
    done = subprocess.run([TEND, *map(str, args)], cwd=cwd, input=stdin if stdin is not None else b"",
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=SECONDS_MAX, check=False,
                          env=environment(env))
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def run_in_terminal(*args, cwd, env=None, width=120):
    """Runs tend in a pseudo-terminal of `width` columns; both streams come as one text."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(cwd)
        os.execve(TEND, [TEND, *map(str, args)], environment(env))
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    pieces = []
    while True:
        ready, _, _ = select.select([fd], [], [], SECONDS_MAX)
        if not ready:
            break
        try:
            piece = os.read(fd, 65536)
        except OSError as end:
            if end.errno != errno.EIO:
                raise
            break
        if not piece:
            break
        pieces.append(piece)
    _, status = os.waitpid(pid, 0)
    os.close(fd)
    return Done(os.waitstatus_to_exitcode(status), b"".join(pieces).decode(), "")


def plain(text):
    """Text without the escape sequences of colours and of the progress line."""
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]|\r", "", text)


def flights(count, seed=1, start="2001-01-01", minutes=7, scale=1.0, rename=None, null_share=0.0, first_id=0):
    """Rows of made-up flights: dicts with id, date, distance, origin, p_late, late."""
    draw = random.Random(seed)
    time = datetime.datetime.fromisoformat(start)
    rows = []
    for i in range(count):
        chance = draw.random() * 0.6
        late = int(draw.random() < chance)
        origin = draw.choice(["ATL", "ORD", "DFW", "SFO", "JFK", "LAX", "DEN", "SEA"])
        distance = draw.lognormvariate(6.5, 0.6) * scale
        rows.append({
            "id": first_id + i,
            "date": time.isoformat(sep=" "),
            "distance": "" if draw.random() < null_share else f"{distance:.1f}",
            "origin": rename.get(origin, origin) if rename else origin,
            "p_late": f"{chance:.3f}",
            "late": late,
        })
        time += datetime.timedelta(minutes=minutes)
    return rows


def write_csv(path, rows, columns=None):
    """Writes dicts as a CSV file with a header."""
    columns = columns or list(rows[0])
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_text(path, text):
    """Writes a small file."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path
