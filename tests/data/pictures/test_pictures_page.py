"""The page of a profile: one file, the same bytes, in which no name or value can be more than text."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from solvent.data.pictures import draw_column, draw_comparison, find_remarks, render_html
from solvent.data.profile import Profile, profile

TAGS = {
    "html", "head", "meta", "title", "style", "body", "a", "header", "h1", "h2", "h3", "bdi", "dl", "dt", "dd", "main",
    "section", "ul", "li", "p", "label", "input", "span", "div", "table", "caption", "thead", "tbody", "tr", "th", "td",
    "svg", "path", "figure", "figcaption", "i", "script",
}  # fmt: skip
VOID = {"meta", "input", "br", "link", "img"}


class Reader(HTMLParser):
    """Reads a page: its tags with their attributes, its texts by tag, and whether tags close as they open."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.tags, self.texts, self.open = [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        """One more tag."""
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        """A tag that closes itself, as in SVG."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        """It has to be the last that was opened."""
        assert self.open.pop() == tag

    def handle_data(self, data):
        """Text within the tags that are open."""
        self.texts.append((self.open[-1] if self.open else "", data))

    def within(self, tag):
        """The texts that stand directly in such a tag."""
        return [text for one, text in self.texts if one == tag]


@pytest.fixture(scope="module")
def page(table):
    """The page of the table of every kind."""
    return render_html(
        profile(table), title="</title><script>x</script>", found={"file": "a.csv", "rows": [1, {"b": None}]}
    )


def test_names_and_values_are_text(page, table):
    """Hostile names, values and titles are shown as they are, and no tag or handler comes of them."""
    read = Reader(page)
    assert read.open == []
    tags = [tag for tag, _ in read.tags]
    assert tags.count("script") == 1 and "img" not in tags and "b" not in tags and "iframe" not in tags
    assert not [name for _, attributes in read.tags for name in attributes if name.startswith("on") or name == "style"]
    shown = read.within("bdi")
    assert "<script>alert(1)</script>" in shown and "<img src=x onerror=alert(1)>" in shown
    assert "a\\u202eb\\x0ac" in shown and "␣spaced␣" in shown and "</title><script>x</script>" in shown
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", page)
    assert len([one for one in read.tags if one[0] == "tr" and "data-i" in one[1]]) == table.width


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=30), st.lists(st.text(max_size=20), min_size=1, max_size=4))
def test_no_text_breaks_out(check, name, words):
    """Whatever a name and values are, the page has the same tags as with plain ones, and each picture stays valid."""
    found = profile(pl.DataFrame({name: [*words, words[0]]}))
    read = Reader(render_html(found, title=name, found={name: words}))
    assert read.open == [] and {tag for tag, _ in read.tags} <= TAGS
    assert not [one for _, attributes in read.tags for one in attributes if one.startswith("on") or one == "style"]
    check(draw_column(found.columns[0], rows=found.rows))
    check(draw_comparison(found, found, name))


def test_nothing_is_loaded_and_nothing_else_may_run(page):
    """The policy allows no source but the page's own style and script, by their digests; no address stands in it."""
    read = Reader(page)
    policy = next(one["content"] for tag, one in read.tags if one.get("http-equiv") == "Content-Security-Policy")
    for tag, name in (("style", "style-src"), ("script", "script-src")):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{name} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy
    assert not [one for _, one in read.tags if "src" in one]
    assert all(one["href"].startswith("#") for _, one in read.tags if "href" in one)
    assert "http" not in re.sub("http-equiv", "", page)


def test_the_page_is_the_same_each_time(page, table):
    """The same profile gives the same bytes, and a profile that was kept as JSON the same page."""
    found = profile(table)
    again = Profile.from_json(found.to_json())
    assert render_html(found, title="x") == render_html(again, title="x")


def test_it_can_be_read_aloud_and_walked_by_keyboard(page):
    """Tables have captions and their heads a scope, pictures say what they show, links lead somewhere."""
    read = Reader(page)
    tags = [tag for tag, _ in read.tags]
    assert ("html", {"lang": "en"}) in read.tags
    assert tags.count("caption") == tags.count("table") > 3
    assert all(one.get("scope") in ("col", "row") for tag, one in read.tags if tag == "th")
    assert all(one.get("aria-label") or one.get("aria-hidden") for tag, one in read.tags if tag == "svg")
    names = [one["id"] for _, one in read.tags if "id" in one]
    assert len(names) == len(set(names))
    assert {one["href"][1:] for _, one in read.tags if "href" in one} <= set(names)


def test_what_was_found_is_shown(page):
    """Facts about the files stand on the page, nested ones too, a table where several have the same; empty ones not."""
    assert "a.csv" in Reader(page).within("dd")
    found = {
        "files": [
            {"file": "<b>.csv", "folders": {}, "guessed": ["header", "quote"]},
            {"file": "y.csv", "bom": True},
        ],
        "nested": {"deep_er": {"list": [{"a": {"b": [1]}}]}},
        "nothing": None,
        "changes": [],
    }
    read = Reader(render_html(profile(pl.DataFrame({"a": [1]})), title="x", found=found))
    assert {"<b>.csv", "y.csv", "header, quote", "yes"} <= set(read.within("td"))
    assert "deep er" in read.within("dt") and not {"nothing", "changes"} & set(read.within("dt"))
    assert "folders" not in read.within("th") and "bom" in read.within("th") and read.open == []
    assert "What was found" not in render_html(profile(pl.DataFrame({"a": [1]})), title="x")


@pytest.mark.parametrize("rows", [0, 1])
def test_empty_tables_have_a_page(table, rows):
    """No rows, one row and no columns are pages as well."""
    assert Reader(render_html(profile(table.head(rows)), title="x")).open == []
    assert Reader(render_html(Profile(0, ()), title="")).open == []


@pytest.mark.slow
def test_five_thousand_columns_have_a_page_of_bounded_size():
    """All stand in the overview, the first thousand have a section, and the page says so."""
    one = profile(pl.DataFrame({"a": [at / 7 for at in range(500)]})).columns[0]
    page = render_html(Profile(500, tuple({**one, "name": f"c{at}"} for at in range(5000))), title="wide")
    read = Reader(page)
    assert len([1 for tag, one in read.tags if tag == "section" and one.get("class") == "c"]) == 1000
    assert len([1 for _, one in read.tags if "data-i" in one]) == 5000
    assert "The first 1,000 of 5,000 columns stand here" in page and len(page) < 12_000_000


def remarks(frame):
    """What is worth a look, as (column, sort)."""
    found = profile(frame)
    return {(None if one.place is None else frame.columns[one.place], one.sort) for one in find_remarks(found)}


def test_what_is_worth_a_look_is_found():
    """Each fault that was put into a column is found in that column, and none in the good ones."""
    count = 400
    frame = pl.DataFrame(
        {
            "good": [at % 37 for at in range(count)],
            "word": [("a", "b", "c")[at % 3] for at in range(count)],
            "constant": [1] * count,
            "none": [None] * count,
            "mostly": [None if at % 3 else at for at in range(count)],
            "key": [f"k{at}" for at in range(count)],
            "tail": [at % 10 for at in range(count - 1)] + [10**6],
            "stand": [-999 if at % 20 == 0 else at % 50 for at in range(count)],
            "half": [None if at % 4 == 0 else -999.0 if at % 2 else 3.5 for at in range(count)],
            "nines": [9999 if at % 3 == 0 else at % 20 for at in range(count)],
            "day": ["1900-01-01" if at % 9 == 0 else f"2013-02-{at % 28 + 1:02}" for at in range(count)],
            "gone": ["N/A" if at % 9 == 0 else "yes" for at in range(count)],
            "space": [" yes" if at % 2 else "no" for at in range(count)],
            "spelling": ["Yes" if at % 2 else "yes" for at in range(count)],
            "digits": [str(at % 90) for at in range(count)],
            "money": [f"${at % 40:,}.00" for at in range(count)],
            "nan": [float("inf") if at % 5 == 0 else at / 3 for at in range(count)],
            "Good": [at % 37 for at in range(count)],
            " end": [at % 7 for at in range(count)],
        }
    ).with_columns(pl.col("day").str.to_date().alias("date"))
    found = remarks(frame)
    expected = {
        (None, "name"), ("constant", "constant"), ("none", "null"), ("mostly", "null"), ("key", "cardinality"),
        ("tail", "skew"), ("stand", "stand-in"), ("date", "stand-in"), ("gone", "stand-in"), ("space", "space"),
        ("half", "stand-in"), ("nines", "stand-in"), ("spelling", "spelling"), ("digits", "type"),
        ("money", "type"), ("day", "type"), ("nan", "infinite"),
        (" end", "name"),
    }  # fmt: skip
    assert expected <= found
    assert not {one for one in found if one[0] in ("good", "word", "Good")}


def test_ordinary_numbers_do_not_stand_for_missing_ones():
    """99 among 0 to 99, -1 among negative numbers and among -1, 0 and 1 are no remark."""
    frame = pl.DataFrame(
        {"a": [at % 100 for at in range(1200)], "b": [-(at % 9) for at in range(1200)], "c": [0, -1, 1] * 400}
    )
    assert {one for one in remarks(frame) if one[1] == "stand-in"} == set()
    assert remarks(pl.DataFrame({"a": pl.Series([], dtype=pl.Int64)})) == {(None, "empty")}
