"""Pages of results: self-contained, escaped, and with a form in plain text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import polars as pl
import pytest

import solvent as sv
from solvent.data.diff import diff
from solvent.data.drift import drift
from solvent.data.profile import profile

EVIL = "<script>alert('x')</script>\"&'\u202e\x1b[31m"


class Checked(HTMLParser):
    """Takes a page apart: balanced, no script, nothing that is loaded or runs."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        assert tag not in ("script", "iframe", "link", "object", "embed", "img", "base", "meta", "form"), tag
        for name, value in attrs:
            assert not name.startswith("on") and name not in ("src", "href", "srcset"), name
            assert "url(" not in (value or "") and "javascript:" not in (value or "")
        if tag not in ("br", "path"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag != "path":
            assert self.open.pop() == tag


def check_page(value):
    """The page of a value keeps the rules; gives its text and its HTML."""
    found = value._repr_mimebundle_()
    assert set(found) == {"text/plain", "text/html"}
    page, text = found["text/html"], found["text/plain"]
    parser = Checked()
    parser.feed(page)
    assert parser.open == []
    assert "\x1b" not in page + text and "\u202e" not in page + text
    assert value._repr_html_() == page
    assert not text.startswith(f"{value!r} (")  # what a page that could not be made says of itself
    return text, page


@sv.step
def clean(rows: pl.DataFrame, *, note: str = EVIL) -> pl.DataFrame:
    """Rows as they are."""
    sv.log(size=1.5, note=note)
    return rows


@sv.step
def fail(rows: pl.DataFrame) -> pl.DataFrame:
    """Raise."""
    raise ValueError(EVIL)


@sv.pipeline
def flow(rows: pl.DataFrame) -> pl.DataFrame:
    """One step."""
    return clean(rows)


@sv.pipeline
def failing(rows: pl.DataFrame) -> pl.DataFrame:
    """Two steps, of which one fails."""
    return fail(clean(rows))


def rows(shift: int = 0):
    """A table with a hostile name and hostile values."""
    return pl.DataFrame({EVIL: [EVIL, "b"] * 200, "n": [float(i + shift) for i in range(400)]})


def test_runs_and_steps(tmp_path):
    """A run, a step, a failed one, why, and lineage: what they hold is text, never markup."""
    run = sv.run(flow, inputs={"rows": rows()}, project=tmp_path)
    text, page = check_page(run)
    assert "clean" in text and "size=1.5" in page
    assert "def clean" in check_page(run["clean"])[1]
    bad = sv.run(failing, inputs={"rows": rows()}, project=tmp_path, check=False)
    assert "ValueError" in check_page(bad)[0]
    assert "traceback" in check_page(bad["fail"])[1]
    project = sv.open(tmp_path)
    check_page(project.why("fail"))
    assert "rows" in check_page(project.lineage(f"{run.id}/clean"))[0]


def test_tables_with_profile(tmp_path):
    """A table shows its profile and first rows; a profile, a difference and drift show themselves."""
    from solvent.notebook.showing.tables import Shown

    project = sv.open(tmp_path)
    made = project.archive.put(rows())
    text, page = check_page(Shown.of(project, "a/b.<i>", made.digest, rows()))
    assert "400 rows × 2 columns" in text and "<svg" in page and "&lt;i&gt;" in page
    check_page(profile(rows()))
    check_page(profile(pl.DataFrame({f"c{i}": [i] for i in range(200)})))
    check_page(profile(pl.DataFrame()))
    check_page(diff(rows(), rows(3)))
    assert "drifted" in check_page(drift(rows(), rows(1000)))[1]


def test_models_and_reports():
    """A predictor shows its parts and columns, a report its figures beside the baseline's."""
    pytest.importorskip("sklearn")
    from sklearn.tree import DecisionTreeClassifier

    from solvent import learn

    frame = pl.DataFrame(
        {"<b>x": [float(i % 7) for i in range(200)], "y": [EVIL if i % 7 > 3 else "no" for i in range(200)]}
    )
    model = learn.train(frame, use=DecisionTreeClassifier, target="y", seed=1)
    predictor = learn.assemble(model)
    assert "DecisionTreeClassifier" in check_page(predictor)[0]
    report = learn.evaluate(predictor, frame, target="y", seed=1, draws=50)
    text, page = check_page(report)
    assert "log_loss" in text and "confusion" in page


def test_lists():
    """Rows of a list, and what is said where there is none."""
    from solvent.notebook.showing.lists import Listed

    assert "&lt;script" in check_page(Listed(("run", "started"), [(EVIL, 0.0)], "none"))[1]
    assert check_page(Listed(("run",), [], f"nothing {EVIL}"))[0].startswith("nothing")


def test_what_cannot_be_shown_any_more_is_named(tmp_path):
    """A run whose archive went away is shown as what it is called, without an error."""
    run = sv.run(flow, inputs={"rows": rows()}, project=tmp_path)
    run._project.close()
    (tmp_path / ".solvent").rename(tmp_path / "gone")
    (tmp_path / ".solvent").write_text("")
    found = run._repr_mimebundle_()
    assert re.search(r"run flow-1", found["text/plain"]) and "flow-1" in found["text/html"]
