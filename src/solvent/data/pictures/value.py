"""A picture as a value: a notebook shows it, a file keeps it, and a step can return or log it."""

from __future__ import annotations

import base64
import html
import importlib.util
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solvent.data.pictures.rendering import render_png, render_svg
from solvent.data.pictures.specs import plain
from solvent.errors import UsageError

__all__ = ["Picture"]

_MIME = "application/vnd.vegalite.v6+json"


@dataclass(frozen=True, slots=True, repr=False)
class Picture:
    """A Vega-Lite specification that shows itself in a notebook, and saves as SVG, PNG, HTML or JSON."""

    spec: Mapping[str, Any]

    def to_vega_lite(self) -> dict[str, Any]:
        """The specification, as a new dict: by this method a step's result and ``sv.log`` know it as a picture."""
        made: dict[str, Any] = json.loads(self._text())
        return made

    def save(self, path: str | Path) -> Path:
        """Write the picture; the suffix says how: ``.svg``, ``.png``, ``.html`` or ``.json``. Gives the path.

        Raises :class:`UsageError` for another suffix, and :class:`MissingExtra` where drawing needs vl-convert and it
        is not there (``.json`` needs nothing).
        """
        target = Path(path)
        make = _SAVED.get(target.suffix.lower())
        if make is None:
            raise UsageError(f"{target.name}: a picture is saved as {', '.join(_SAVED)}, by the suffix of the file")
        target.write_bytes(make(self))
        return target

    def _text(self) -> str:
        return json.dumps(self.spec, sort_keys=True, ensure_ascii=False, allow_nan=False)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """How a notebook shows it: the specification, a drawing where there is vl-convert, and a line of text."""
        shown: dict[str, Any] = {_MIME: self.to_vega_lite(), "text/plain": repr(self)}
        if importlib.util.find_spec("vl_convert") is not None:
            shown["image/svg+xml"] = render_svg(self.spec)
        return shown

    def __repr__(self) -> str:
        return f"Picture({_title(self.spec)!r})"


def _title(spec: Mapping[str, Any]) -> str:
    title = spec.get("title", "")
    return plain(title.get("text", "") if isinstance(title, Mapping) else title)


def _page(picture: Picture) -> bytes:
    """A page with the drawing as an image: what is in it can run nothing and load nothing."""
    data = base64.b64encode(render_svg(picture.spec).encode()).decode()
    title = html.escape(_title(picture.spec)) or "Picture"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:">\n'
        f"<title>{title}</title></head>\n"
        f'<body><img alt="{title}" src="data:image/svg+xml;base64,{data}"></body></html>\n'
    ).encode()


_SAVED: dict[str, Callable[[Picture], bytes]] = {
    ".svg": lambda one: render_svg(one.spec).encode(),
    ".png": lambda one: render_png(one.spec),
    ".html": _page,
    ".json": lambda one: (one._text() + "\n").encode(),
}
