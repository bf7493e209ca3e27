"""Names and values as pieces of a page: escaped, kept apart from the text around them, with what is unseen shown."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from solvent.data.pictures.page.bars import draw_bars
from solvent.data.pictures.specs import edges_of, ends_of, plain, show_value

__all__ = ["count_bars", "name_cell", "value_cell", "words"]

_LONGEST = 400


def words(text: object) -> str:
    """Any text as text, never as markup."""
    return html.escape(plain(text))


def name_cell(column: Mapping[str, Any]) -> str:
    """A column's name; one that is empty is said to be."""
    shown = show_value(str(column["name"]))
    cut = shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"
    return f"<bdi>{html.escape(cut)}</bdi>" if cut else "<i>(no name)</i>"


def value_cell(value: Any) -> str:
    """A value of a record; nothing for none."""
    if value is None:
        return ""
    shown = show_value(value)
    cut = shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"
    return f"<bdi>{html.escape(cut)}</bdi>" if cut else "<i>(empty)</i>"


def count_bars(column: Mapping[str, Any], *, width: int = 120, height: int = 24) -> str:
    """The histogram of a column, or its most frequent values, as a small picture with its description."""
    found = edges_of(column)
    if found is not None:
        low, high = map(show_value, ends_of(column)[:2])
        at = max(range(len(found[2])), key=found[2].__getitem__)
        label = f"Histogram from {low} to {high}, {len(found[2])} bins, highest in bin {at + 1}"
        return draw_bars(found[2], label, width=width, height=height)
    top = (column.get("top") or [])[:20]
    if not top:
        return ""
    label = f"Counts of the {len(top)} most frequent values, from {top[0][1]:,} to {top[-1][1]:,}"
    return draw_bars([count for _, count in top], label, width=width, height=height)
