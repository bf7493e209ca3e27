"""Specifications drawn as SVG and PNG by vl-convert: no browser, no network, the same bytes each time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from solvent.errors import DataError, MissingExtra

__all__ = ["render_png", "render_svg"]


def render_svg(spec: Mapping[str, Any]) -> str:
    """The picture of a Vega-Lite specification as SVG.

    Raises :class:`MissingExtra` without vl-convert, and :class:`DataError` for a specification that cannot be drawn,
    or that asks for data at an address.
    """
    return str(_draw("vegalite_to_svg", spec))


def render_png(spec: Mapping[str, Any], *, scale: float = 2.0) -> bytes:
    """The same as PNG; ``scale`` is pixels for each unit of the specification."""
    return bytes(_draw("vegalite_to_png", spec, scale=scale))


def _draw(way: str, spec: Mapping[str, Any], **options: Any) -> Any:
    try:
        import vl_convert
    except ImportError:
        raise MissingExtra("drawing needs vl-convert-python: pip install 'solvent[pictures]'") from None
    try:
        return getattr(vl_convert, way)(dict(spec), allowed_base_urls=[], **options)
    except ValueError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        said = next((line for line in lines if "Error:" in line), lines[0] if lines else "no reason given")
        raise DataError(f"the picture cannot be drawn: {said:.200}") from error
