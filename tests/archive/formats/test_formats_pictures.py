"""Figures are drawn canonically, and come back as frozen pictures."""

from __future__ import annotations

import json
import math
from typing import Any, ClassVar

import numpy as np
import pytest
from format_suite import Case, FormatSuite, Memory

from solvent.archive.formats import Picture
from solvent.archive.formats.pictures import PictureFormat
from solvent.errors import Corrupted

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")


def figure() -> Any:
    """A matplotlib figure with clip paths, markers, hatches and text, which all get ids."""
    from matplotlib.figure import Figure

    made = Figure()
    axes = made.subplots(1, 2)
    axes[0].plot([0, 1], [1, 0], marker="o", label="line")
    axes[0].legend()
    axes[1].bar(["a", "ä"], [1, 2], hatch="//")
    axes[1].imshow(np.eye(3))
    return made


def spoil(value: Any) -> None:
    """Draw over a figure."""
    value.axes[0].plot([0, 1], [0, 1])


def drawn(value: Any) -> Picture:
    """What a figure comes back as."""
    from solvent.archive.formats import pictures

    return pictures._draw(value)


def chart() -> Any:
    """An Altair chart whose views and parameters have made-up names."""
    altair = pytest.importorskip("altair")
    rows = altair.Data(values=[{"a": 1, "b": 2}])
    brush = altair.selection_interval()
    points = (
        altair.Chart(rows)
        .mark_point()
        .encode(x="a:Q", color=altair.condition(brush, altair.value("red"), altair.value("blue")))
    )
    return points.add_params(brush) | altair.Chart(rows).mark_line().encode(x="a:Q").transform_filter(brush)


def plot() -> Any:
    """A Plotly figure."""
    objects = pytest.importorskip("plotly.graph_objects")
    return objects.Figure(objects.Scatter(x=[1, 2], y=[3, math.nan]))


class TestPictures(FormatSuite):
    """The contract, over figures and pictures."""

    cases: ClassVar = {
        "matplotlib": Case(figure, back=drawn),
        "altair": Case(chart, back=drawn),
        "plotly": Case(plot, back=drawn),
        "spec": Case(lambda: Picture.of_spec({"mark": "bar", "data": {"values": [1, math.nan]}})),
        "png": Case(lambda: Picture("png", b"\x89PNG")),
    }


def test_a_figure_that_changes_later_reaches_nobody(memory: Memory) -> None:
    """The picture is drawn before write returns."""
    value = figure()
    kept, written = memory.formats.write(value, memory)
    spoil(value)
    assert written.finish is not None and written.keep is not None
    back = memory.read({"format": kept.name, "digest": "", "body": written.finish(memory)})
    assert back == drawn(figure()) == written.keep(Any)


def test_an_svg_has_no_date_and_a_png_beside_it(memory: Memory) -> None:
    """Browsers get SVG, terminals and notebooks get PNG."""
    back = memory.again(figure())
    assert back.kind == "svg" and b"<dc:date>" not in back.data and back.png.startswith(b"\x89PNG")
    assert set(back._repr_mimebundle_()) == {"image/svg+xml"}


def test_a_specification_is_json_without_nan(memory: Memory) -> None:
    """NaN, infinity and NumPy's numbers become what JSON has; the order of keys does not count."""
    one = Picture.of_spec({"b": np.float64(1.5), "a": [math.inf, np.arange(2)]})
    assert one == Picture.of_spec({"a": [None, [0, 1]], "b": 1.5})
    assert one.spec == json.loads(one.data) == {"a": [None, [0, 1]], "b": 1.5}
    with pytest.raises(TypeError, match="no specification"):
        assert Picture("png", b"").spec


def test_made_up_names_are_counted_through_the_picture() -> None:
    """Older releases of Altair count names through the process; fields that look alike are left alone."""
    from solvent.archive.formats.pictures import _renumber

    def spec(first: int) -> dict[str, Any]:
        return {
            "params": [{"name": f"param_{first}", "views": [f"view_{first + 1}"]}],
            "hconcat": [{"name": f"view_{first + 1}", "encoding": {"x": {"field": "param_1"}}}],
            "transform": [
                {"filter": f"datum.param_{first} > 1 && param_{first}.x"},
                {"filter": {"param": f"param_{first}"}},
            ],
            "data": {"values": [{"name": f"param_{first}"}]},
        }

    one, other = _renumber(spec(17)), _renumber(spec(30))
    assert one["params"] == other["params"] and one["hconcat"] == other["hconcat"]
    assert one["transform"][0]["filter"] == "datum.param_17 > 1 && param_1.x"
    assert one["data"]["values"] == [{"name": "param_17"}]


def test_a_huge_drawing_is_kept_as_png_alone(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Millions of points make no SVG that anybody could open."""
    from solvent.archive.formats import pictures

    monkeypatch.setattr(pictures, "_LARGEST_SVG", 1000)
    assert memory.again(figure()).kind == "png"


def test_an_unknown_kind_of_picture_is_refused(memory: Memory) -> None:
    """A record cannot bring in a kind that a page would show as something else."""
    document = memory.put(Picture("png", b"x"))
    document["body"]["kind"] = "text/html"
    with pytest.raises(Corrupted, match="kind of picture"):
        memory.read(document)


def test_no_plotting_library_is_imported_to_find_out() -> None:
    """Whether a value is a figure is told by its class's name."""
    assert not PictureFormat().accepts(object()) and not PictureFormat().accepts({"$schema": "https://vega.github.io"})


def test_what_tells_its_own_specification_is_a_picture() -> None:
    """An object of a class with to_vega_lite is kept as the picture that it tells."""

    class Curve:
        def to_vega_lite(self) -> dict[str, Any]:
            return {"mark": "line", "data": {"values": [{"a": math.nan}]}}

    assert PictureFormat().accepts(Curve())
    assert drawn(Curve()).spec == {"mark": "line", "data": {"values": [{"a": None}]}}
    assert not PictureFormat().accepts(Curve)
