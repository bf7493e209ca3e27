"""The page in a real browser: it sorts, filters, loads nothing, breaks no policy, and reads well without script."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import json
import os
import select
import shutil
import signal
import subprocess

import polars as pl
import pytest

from solvent.data.pictures import render_comparison, render_html
from solvent.data.profile import profile

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine (Debian: apt install chromium)"),
]


class Browser:
    """A headless browser, spoken to over two pipes by its own protocol."""

    def __init__(self, folder):
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        high = [fcntl.fcntl(one, fcntl.F_DUPFD, 20) for one in (theirs_in, theirs_out)]

        def place():  # the browser reads from 3 and writes to 4
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            [
                CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                "--remote-debugging-pipe", f"--user-data-dir={folder}", "about:blank",
            ],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=place,
            close_fds=False, start_new_session=True,
        )  # fmt: skip
        for one in (theirs_in, theirs_out, *high):
            os.close(one)
        self.out, self.inward = os.fdopen(ours_out, "wb"), os.fdopen(ours_in, "rb")
        self.numbers, self.events, self.rest, self.session = itertools.count(1), [], b"", None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for room in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{room}.enable")

    def ask(self, method, **params):
        """One command and its answer; events that come before it are kept."""
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        self.out.write(json.dumps(message).encode() + b"\0")
        self.out.flush()
        while True:
            found = self.receive()
            if found.get("id") == number:
                assert "error" not in found, found
                return found["result"]
            self.events.append(found)

    def receive(self):
        """The next message."""
        while b"\0" not in self.rest:
            assert select.select([self.inward], [], [], 60)[0], "the browser says nothing any more"
            piece = os.read(self.inward.fileno(), 65536)
            assert piece, "the browser ended"
            self.rest += piece
        text, _, self.rest = self.rest.partition(b"\0")
        return json.loads(text)

    def visit(self, path):
        """Open a file and wait until it is loaded."""
        self.events.clear()
        self.ask("Page.navigate", url=path.as_uri())
        while not any(one.get("method") == "Page.loadEventFired" for one in self.events):
            self.events.append(self.receive())

    def run(self, script):
        """The value of an expression on the page."""
        return self.ask("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def close(self):
        """End the browser and all that it started: by its own command, else by force."""
        self.out.write(json.dumps({"id": next(self.numbers), "method": "Browser.close"}).encode() + b"\0")
        self.out.flush()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.out.close()
        self.inward.close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A browser for the tests of this file."""
    made = Browser(tmp_path_factory.mktemp("browser"))
    yield made
    made.close()


@pytest.fixture
def page(browser, table, tmp_path):
    """The page of the table of every kind, opened."""
    file = tmp_path / "page.html"
    file.write_text(render_html(profile(table), title="table", found={"file": "a.csv"}), encoding="utf-8")
    browser.visit(file)
    return browser


def names(page):
    """The columns that the overview shows, in order."""
    return page.run(
        "[...document.querySelectorAll('#columns tbody tr')].filter(r => !r.hidden).map(r => r.cells[0].innerText)"
    )


def test_it_loads_itself_alone_and_breaks_no_policy(page):
    """The only request is the page; there is no error, no violation, and nothing hostile ran or became a tag."""
    asked = [one["params"]["request"]["url"] for one in page.events if one.get("method") == "Network.requestWillBeSent"]
    assert len(asked) == 1 and asked[0].endswith("/page.html")
    said = [one for one in page.events if one.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown")]
    assert said == []
    assert page.run("document.querySelectorAll('img, iframe, script:not(:last-of-type), b').length") == 0
    assert page.run("document.scripts.length") == 1
    page.run("document.body.insertAdjacentHTML('beforeend', '<img src=https://example.com/x.png onerror=alert(1)>')")
    assert page.run("document.images[0].complete && document.images[0].naturalWidth") in (0, False)


def test_it_sorts_by_click(page, table):
    """A click on a head sorts by it, a second click the other way; a reader is told which."""
    assert names(page)[:2] == table.columns[:2]
    head = "document.querySelectorAll('#columns thead th')[2]"
    page.run(f"{head}.querySelector('button').click()")
    assert page.run(f"{head}.getAttribute('aria-sort')") == "ascending"
    page.run(f"{head}.querySelector('button').click()")
    assert page.run(f"{head}.getAttribute('aria-sort')") == "descending"
    assert names(page)[0] == "nothing"
    assert page.run("document.querySelectorAll('#columns th[aria-sort]').length") == 1
    page.run("document.querySelectorAll('#columns thead th')[0].querySelector('button').click()")
    shown = names(page)
    assert shown[0] != "number" and sorted(shown) == sorted(names(page))


def test_it_filters_by_name_and_type(page):
    """Typing leaves the columns whose name or type holds the words, in the overview and below; markup is text."""

    def find(word):
        page.run(f"find.value = {json.dumps(word)}; find.dispatchEvent(new Event('input'))")
        return names(page)

    assert find("duration") == ["length"]
    assert page.run("[...document.querySelectorAll('section.c')].filter(one => !one.hidden).length") == 1
    assert page.run("document.getElementById('found').innerText").startswith("1 of ")
    assert find("<SCRIPT>") == ["<script>alert(1)</script>"]
    assert find("no such column") == []
    assert len(find("")) > 20


def test_it_reads_without_script_in_the_dark_and_on_paper(page):
    """With no script all rows are there and no control pretends; dark colours are other ones; print hides controls."""
    light = page.run("getComputedStyle(document.body).backgroundColor")
    page.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    assert page.run("getComputedStyle(document.body).backgroundColor") != light
    page.ask("Emulation.setEmulatedMedia", media="print", features=[])
    assert page.run("getComputedStyle(document.querySelector('.find')).display") == "none"
    assert page.ask("Page.printToPDF")["data"]
    page.ask("Emulation.setEmulatedMedia", media="", features=[])
    page.ask("Emulation.setScriptExecutionDisabled", value=True)
    page.ask("Page.reload")
    while not any(one.get("method") == "Page.loadEventFired" for one in page.events[-3:]):
        page.events.append(page.receive())
    page.ask("Emulation.setScriptExecutionDisabled", value=False)
    assert len(names(page)) > 20
    assert page.run("document.querySelectorAll('button').length") == 0
    assert page.run("document.querySelector('.find').hidden") is True


def test_a_reader_finds_names_and_roles(page):
    """The tree that screen readers see has the tables, their heads, and a name for every picture."""
    nodes = page.ask("Accessibility.getFullAXTree")["nodes"]
    roles = [one["role"]["value"] for one in nodes if "role" in one and not one.get("ignored")]
    assert roles.count("table") > 3 and "columnheader" in roles and "rowheader" in roles and "searchbox" in roles
    pictures = [one for one in nodes if one.get("role", {}).get("value") in ("image", "img") and not one.get("ignored")]
    assert pictures and all(one["name"]["value"] for one in pictures)


def test_five_thousand_columns_open(browser, tmp_path):
    """A page of 5,000 columns opens, filters and sorts."""
    one = profile(pl.DataFrame({"a": [at / 7 for at in range(500)]})).columns[0]
    wide = profile(pl.DataFrame({"a": [1]}))
    made = type(wide)(500, tuple({**one, "name": f"c{at}"} for at in range(5000)))
    file = tmp_path / "wide.html"
    file.write_text(render_html(made, title="wide"), encoding="utf-8")
    browser.visit(file)
    assert len(names(browser)) == 5000
    browser.run("find.value = 'c4999'; find.dispatchEvent(new Event('input'))")
    assert names(browser) == ["c4999"]


def test_the_page_of_a_comparison_shows_its_pictures_and_loads_nothing_else(browser, table, tmp_path):
    """Every image is drawn from the page itself, nothing runs, and no policy is broken."""
    one, other = profile(table), profile(table.head(table.height // 2))
    names = [str(column["name"]) for column in one.columns]
    text = render_comparison(one, other, names=("a", "<b>b</b>"), found="text & <i>more</i>", columns=names, told={})
    (tmp_path / "both.html").write_text(text, encoding="utf-8")
    browser.visit(tmp_path / "both.html")
    said = [one for one in browser.events if one.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown")]
    asked = [
        one["params"]["request"]["url"] for one in browser.events if one.get("method") == "Network.requestWillBeSent"
    ]
    assert said == [] and [one for one in asked if not one.startswith("data:")] == [asked[0]]
    assert browser.run("document.images.length") == len(names)
    assert browser.run("[...document.images].every(one => one.complete && one.naturalWidth > 50)") is True
    assert browser.run("document.scripts.length + document.querySelectorAll('main i, h1 b').length") == 0
