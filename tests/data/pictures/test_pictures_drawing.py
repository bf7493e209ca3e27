"""Specifications become SVG and PNG without a browser or a network, the same each time; a picture is a value."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import polars as pl
import pytest

import solvent as sv
from solvent import errors
from solvent.data.pictures import Picture, draw_column, draw_correlation, draw_table, render_png, render_svg
from solvent.data.profile import profile

pytest.importorskip("vl_convert")


@pytest.fixture(scope="module")
def spec():
    """The picture of a column with a hostile name."""
    frame = pl.DataFrame({"<script>alert(1)</script>\u202e": [*range(50), None]})
    return draw_column(profile(frame).columns[0], rows=51)


def test_svg_is_well_formed_and_its_text_is_text(spec):
    """The drawing parses as XML, holds no script, and shows the name as it is."""
    tree = ElementTree.fromstring(render_svg(spec))
    assert not [one for one in tree.iter() if one.tag.endswith(("script", "foreignObject"))]
    assert "<script>alert(1)</script>\\u202e (int64)" in ["".join(one.itertext()) for one in tree.iter()]


@pytest.mark.slow
def test_another_process_draws_the_same(spec, tmp_path):
    """SVG and PNG have the same bytes in this process, again, and in a new one."""
    file = tmp_path / "spec.json"
    file.write_text(json.dumps(spec))
    script = (
        "import hashlib, json, sys; from solvent.data.pictures import render_png, render_svg;"
        "spec = json.load(open(sys.argv[1]));"
        "print(hashlib.sha256(render_svg(spec).encode() + render_png(spec)).hexdigest())"
    )
    done = [
        subprocess.run([sys.executable, "-c", script, str(file)], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert done[0] == done[1]
    assert render_svg(spec) == render_svg(spec) and render_png(spec) == render_png(spec)


@pytest.mark.slow
def test_every_picture_of_a_table_can_be_drawn(table):
    """All kinds of columns, the whole table and its relations become drawings."""
    found = profile(table)
    for one in (*(draw_column(column) for column in found.columns), draw_table(found), draw_correlation(table)):
        assert render_svg(one).startswith("<svg")


def test_nothing_is_fetched(spec):
    """A specification that asks for data at an address is refused, and one that is none is one short error."""
    with pytest.raises(errors.DataError, match="not allowed") as raised:
        render_svg({**spec, "data": {"url": "https://example.com/rows.json"}})
    assert "\n" not in str(raised.value)
    with pytest.raises(errors.DataError, match="cannot be drawn"):
        render_png({"mark": "no such mark"})


def test_a_missing_package_is_named(spec, monkeypatch, tmp_path):
    """Without vl-convert drawing says what to install, and a picture is still saved as JSON and shown as one."""
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(errors.MissingExtra, match=r"solvent\[pictures\]"):
        Picture(spec).save(tmp_path / "a.svg")
    assert json.loads(Picture(spec).save(tmp_path / "a.json").read_text()) == spec
    assert list(tmp_path.iterdir()) == [tmp_path / "a.json"]


def test_a_notebook_gets_spec_drawing_and_words(spec):
    """The bundle holds the specification, an SVG and a line of text."""
    shown = Picture(spec)._repr_mimebundle_()
    assert shown["application/vnd.vegalite.v6+json"] == spec
    assert shown["image/svg+xml"].startswith("<svg")
    assert shown["text/plain"] == "Picture('<script>alert(1)</script>\\\\u202e (int64)')"


def test_a_picture_is_saved_by_its_suffix(spec, tmp_path):
    """SVG, PNG, HTML and JSON; another suffix is an error that names them."""
    picture = Picture(spec)
    assert picture.save(tmp_path / "a.svg").read_bytes().startswith(b"<svg")
    assert picture.save(tmp_path / "a.PNG").read_bytes().startswith(b"\x89PNG")
    page = picture.save(str(tmp_path / "a.html")).read_text()
    assert "<script" not in page and "default-src 'none'" in page and "data:image/svg+xml;base64," in page
    assert Picture(json.loads(picture.save(tmp_path / "a.json").read_text())) == picture
    with pytest.raises(errors.UsageError, match=r"a\.gif.*\.svg, \.png, \.html, \.json"):
        picture.save(tmp_path / "a.gif")


@sv.step
def look(rows: pl.DataFrame) -> Picture:
    """Draw and log a column."""
    found = profile(rows)
    sv.log(curve=Picture(draw_column(found.column("a"))))
    return Picture(draw_column(found.column("a"), rows=found.rows))


@sv.step
def count(picture: Picture) -> int:
    """Use the picture downstream."""
    return len(picture.spec["data"]["values"])


@sv.pipeline
def looking(rows: pl.DataFrame) -> tuple[Picture, int]:
    """Look, then count."""
    picture = look(rows)
    return picture, count(picture)


def test_a_step_returns_and_logs_a_picture(tmp_path):
    """The archive keeps both as pictures, which the next step and a notebook can use."""
    frame = pl.DataFrame({"a": [3.5, 1.0, None]})
    run = sv.run(looking, inputs={"rows": frame}, project=tmp_path)
    kept = run["look"].value()
    assert kept.kind == "vega-lite" and kept.spec == draw_column(profile(frame).column("a"), rows=3)
    assert "application/vnd.vegalite.v6+json" in kept._repr_mimebundle_()
    assert Picture(kept.spec).save(tmp_path / "a.svg").exists()
    assert run["count"].value() == len(kept.spec["data"]["values"])
    assert set(run["look"].logged) == {"curve"}
