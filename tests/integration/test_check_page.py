"""test_check_page.py: the page of tend check: what matters first, in sentences; any name; a thousand columns."""
import csv
import html.parser
import os
import random
import stat
import subprocess

import pytest
from tend_program import run, write_text

NAMES = ["a.b", "quo\"te", "it's", "two\nlines", "наименование", "価格", "<script>alert(1)</script>", "a,b", "& co",
         "x y"]
VOID = {"meta", "input"}


class Page(html.parser.HTMLParser):
    """What a page holds: its cards in order, its list of sentences, its texts; tags must be closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open = []
        self.cards = []
        self.items = []
        self.scripts = 0
        self.fetched = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag == "article":
            self.cards.append({"name": "", "badge": "", "words": "", "svg": 0})
        if tag == "svg" and "article" in self.open:
            self.cards[-1]["svg"] += 1
        if tag == "li" and "section" in self.open:
            self.items.append("")
        self.scripts += tag == "script"
        self.fetched += [values[k] for k in ("src", "href") if k in values]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_data(self, data):
        if "section" in self.open and "li" in self.open:
            self.items[-1] += data
        if "article" in self.open:
            for tag, key in (("h3", "name"), ("span", "badge"), ("p", "words")):
                if self.open[-1] == tag and not (key == "badge" and self.cards[-1]["badge"]):
                    self.cards[-1][key] += data


def write(path, columns):
    """Columns of equal length as CSV."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(list(columns))
        writer.writerows(zip(*columns.values()))


def page_of(folder, *words):
    """Runs a check with --html and reads the page."""
    done = run("check", *words, "--html", "r.html", cwd=folder)
    assert done.code in (0, 1), done.err
    return done, Page((folder / "r.html").read_text(encoding="utf-8"))


@pytest.fixture(name="two")
def two_data_sets(tmp_path):
    """ref.csv and cur.csv: a unit change, a large and a small drift, other shares, and one column that is the same."""
    rng = random.Random(1)
    count = 3000

    def side(later):
        return {"same": [rng.gauss(0, 1) for _ in range(count)],
                "small": [rng.gauss(0.3 * later, 1) for _ in range(count)],
                "large": [rng.gauss(743 + 148 * later, 100) for _ in range(count)],
                "length": [round(rng.lognormvariate(6, 0.5) * (1.609344 if later else 1), 3) for _ in range(count)],
                "port": [rng.choices(["SFO", "LAX", "JFK"], (1, 1, 1) if not later else (3, 1, 1))[0]
                         for _ in range(count)]}
    write(tmp_path / "ref.csv", side(0))
    write(tmp_path / "cur.csv", side(1))
    return tmp_path


def test_what_matters_comes_first_and_is_told_in_sentences(two):
    _, page = page_of(two, "ref.csv", "cur.csv")
    assert page.items[0].startswith("Upstream data broke. length: values are 1.609 times what they were")
    assert any(item.startswith("Columns drifted. ") and "large moved up by 1." in item for item in page.items)
    cards = [(card["name"], card["badge"]) for card in page.cards]
    assert cards[0] == ("length", "broken") and cards[-1] == ("same", "same")
    assert [card[1] for card in cards[1:-1]] == ["drifted"] * 3
    assert [card[0] for card in cards].index("large") < [card[0] for card in cards].index("small")
    words = {card["name"]: card["words"] for card in page.cards}
    assert words["large"].startswith("Values moved up by 1.") and "q <1e-12" in words["large"]
    assert "Mean 89" in words["large"] and "was 74" in words["large"]
    assert "SFO 6" in words["port"] and "was 3" in words["port"]
    assert words["same"].startswith("No drift. ")
    assert all(card["svg"] >= 1 for card in page.cards)


def test_the_page_is_private_fetches_nothing_and_says_what_to_do(two):
    page_of(two, "ref.csv", "cur.csv")
    text = (two / "r.html").read_text(encoding="utf-8")
    page = Page(text)
    assert stat.S_IMODE(os.stat(two / "r.html").st_mode) == 0o600
    assert page.fetched == [] and "http" not in text and page.scripts == 1
    assert "Ask the source when its unit changed." in text
    assert "prefers-color-scheme:dark" in text and "aria-label" in text


def test_names_of_any_kind_come_through_init_check_and_page(tmp_path):
    rng = random.Random(2)
    data = {name: [rng.gauss(0, 1) for _ in range(300)] for name in NAMES}
    write(tmp_path / "a.csv", data)
    write(tmp_path / "b.csv", {name: [x + 5 for x in values] for name, values in data.items()})
    done = run("init", "a.csv", cwd=tmp_path)
    assert done.code == 0, done.err
    assert "\ntwo" not in done.out and "lines" in done.out
    read = run("config", "--json", cwd=tmp_path).json()["config"]
    assert list(read["contract.columns"]) == NAMES
    assert list(read["data.features"]) == NAMES
    assert run("check", "a.csv", cwd=tmp_path).code == 0
    done, page = page_of(tmp_path, "a.csv", "b.csv")
    assert done.code == 1
    assert sorted(card["name"] for card in page.cards) == sorted(NAMES)
    assert page.scripts == 1
    found = run("check", "b.csv", "--json", cwd=tmp_path).json()["contract"]["violations"]
    assert sorted(v["column"] for v in found) == sorted(NAMES)
    text = run("check", "b.csv", cwd=tmp_path).out
    assert "two?lines: " in text and "наименование: " in text


def test_a_thousand_columns_stay_one_light_page(tmp_path):
    rng = random.Random(3)
    for name in ("a.csv", "b.csv"):
        write(tmp_path / name, {f"c{i:04d}": [round(rng.gauss(0, 1), 2) for _ in range(60)] for i in range(1000)})
    _, page = page_of(tmp_path, "a.csv", "b.csv")
    assert len(page.cards) == 1000
    assert os.path.getsize(tmp_path / "r.html") < 3_000_000
    assert "content-visibility:auto" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_a_browser_shows_the_page_without_an_error(two):
    chromium = next((path for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if os.path.exists(path)), None)
    if chromium is None:
        pytest.skip("there is no Chromium")
    page_of(two, "ref.csv", "cur.csv")
    write_text(two / "probe.html", (two / "r.html").read_text(encoding="utf-8").replace(
        "</body>", "<script>var i=document.querySelector('.find input');i.value='lar';"
        "i.dispatchEvent(new Event('input'));document.documentElement.dataset.shown="
        "document.querySelectorAll('#columns>.col:not([hidden])').length</script></body>"))
    done = subprocess.run([chromium, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
                           f"--user-data-dir={two}/profile", f"file://{two}/probe.html"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False)
    assert b'data-shown="1"' in done.stdout, done.stderr[-500:]
    assert b"1 of 5 columns" in done.stdout
