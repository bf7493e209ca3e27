"""Figures of matplotlib, Vega-Lite (Altair) and Plotly, kept as pictures that anything can show."""

from __future__ import annotations

import io
import json
import math
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from solvent import digest
from solvent.archive.formats.base import Written
from solvent.errors import Corrupted, NoFormat

if TYPE_CHECKING:
    from solvent.archive.formats.base import Sink, Source

__all__ = ["Picture", "PictureFormat"]

Kind = Literal["svg", "png", "vega-lite", "plotly"]
_KINDS = ("svg", "png", "vega-lite", "plotly")
_LARGEST_SVG = 8_000_000


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure that was drawn: its kind, its bytes, and (beside an SVG) a PNG for where SVG cannot be shown.

    A figure of a plotting library that goes through the archive comes back as a Picture. Make one with
    :meth:`of_spec` to return a Vega-Lite specification as a picture rather than as a dict.
    """

    kind: Kind
    data: bytes
    png: bytes | None = None

    @classmethod
    def of_spec(cls, spec: dict[str, Any], kind: Kind = "vega-lite") -> Picture:
        """The picture of a Vega-Lite (or Plotly) specification; NaN and infinity in its data become null."""
        text = json.dumps(_finite(spec), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return cls(kind, text.encode())

    @property
    def spec(self) -> dict[str, Any]:
        """The specification of a Vega-Lite or Plotly picture, as a new dict."""
        if self.kind not in ("vega-lite", "plotly"):
            raise TypeError(f"a picture of kind {self.kind!r} has no specification, only bytes")
        made: dict[str, Any] = json.loads(self.data)
        return made

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """How a notebook shows it."""
        if self.kind == "svg":
            return {"image/svg+xml": self.data.decode()}
        if self.kind == "png":
            return {"image/png": self.data}
        mime = "application/vnd.vegalite.v6+json" if self.kind == "vega-lite" else "application/vnd.plotly.v1+json"
        return {mime: self.spec}


class PictureFormat:
    """Figures, drawn when the step ends: canonical SVG and a PNG for matplotlib, JSON for Altair and Plotly."""

    name = "picture.1"

    def accepts(self, value: Any) -> bool:
        """Whether the value is a picture, or a figure of a library that is imported already."""
        return type(value) is Picture or _library(value) is not None

    def write(self, value: Any, sink: Sink) -> Written:
        """Draw the figure; consumers get the frozen picture."""
        picture = value if type(value) is Picture else _draw(value)
        if picture.kind not in _KINDS:
            raise NoFormat(f"a Picture is of the kind {', '.join(_KINDS)}, not {picture.kind!r}")
        identity = [picture.kind, digest.of_bytes("picture.1", picture.data)]

        def finish(target: Sink) -> Any:
            png = None if picture.png is None else target.blob(picture.png)
            return {"kind": picture.kind, "data": target.blob(picture.data), "png": png}

        size = len(picture.data) + len(picture.png or b"")
        facts = {"kind": picture.kind, "bytes": len(picture.data)}
        return Written(identity, None, finish, lambda _: picture, size, facts)

    def read(self, body: Any, source: Source, wanted: Any) -> Picture:
        """The picture; it does not become a figure of its library again."""
        if body["kind"] not in _KINDS:
            raise Corrupted(f"the record names the kind of picture {body['kind']!r:.40}, which is not known")
        png = None if body["png"] is None else source.blob(body["png"])
        return Picture(body["kind"], source.blob(body["data"]), png)


def _library(value: Any) -> str | None:
    """The plotting library that a figure is of, told by what is imported already; or that it says its own spec."""
    names = [f"{kind.__module__}.{kind.__qualname__}" for kind in type(value).__mro__]
    if "matplotlib.figure.FigureBase" in names and "matplotlib.figure.Figure" in names:
        return "matplotlib"
    if "plotly.basedatatypes.BaseFigure" in names:
        return "plotly"
    if any(name.startswith("altair.") and name.endswith(".TopLevelMixin") for name in names):
        return "altair"
    if callable(getattr(type(value), "to_vega_lite", None)):
        return "vega-lite"
    return None


def _draw(value: Any) -> Picture:
    library = _library(value)
    if library == "matplotlib":
        return _draw_matplotlib(value)
    if library == "altair":
        return Picture.of_spec(_renumber(value.to_dict()))
    if library == "vega-lite":
        return Picture.of_spec(value.to_vega_lite())
    return Picture.of_spec(json.loads(value.to_json()), "plotly")


def _draw_matplotlib(figure: Any) -> Picture:
    """SVG without date and with ids from a fixed salt; a huge one (millions of points) as PNG alone."""
    import matplotlib

    svg, png = io.BytesIO(), io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "solvent"}):
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
        figure.savefig(png, format="png", metadata={"Software": None})
    if svg.tell() > _LARGEST_SVG:
        return Picture("png", png.getvalue())
    return Picture("svg", svg.getvalue(), png.getvalue())


_MADE_UP = re.compile(r"(view|param|selector|name)_([0-9a-f]{16}(_\d+)?|\d+)")


def _renumber(spec: dict[str, Any]) -> dict[str, Any]:
    """Altair makes up names as it goes, from counters or hashes; here they are counted through the picture."""
    names: dict[str, str] = {}

    def find(value: Any) -> None:
        for key, one in (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        ):
            if key == "name" and isinstance(one, str) and (made := _MADE_UP.fullmatch(one)):
                names.setdefault(one, f"{made[1]}_{len(names) + 1}")
            elif key not in ("values", "datasets"):
                find(one)

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: one if key in ("values", "datasets") else walk(one) for key, one in value.items()}
        if isinstance(value, list):
            return [walk(one) for one in value]
        return spelled.sub(lambda found: names[found[0]], value) if isinstance(value, str) else value

    find(spec)
    if not names:
        return spec
    longest = sorted(names, key=len, reverse=True)
    spelled = re.compile(r"(?<![\w.'\"])(" + "|".join(map(re.escape, longest)) + r")(?!\w)")
    made: dict[str, Any] = walk(spec)
    return made


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _finite(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    module = sys.modules.get("numpy")
    if module is not None and isinstance(value, (module.generic, module.ndarray)):
        return _finite(value.tolist())
    return value
