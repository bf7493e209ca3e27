"""A list of runs or findings: rows under a head, times and durations as one says them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from solvent.displays import Displayed
from solvent.notebook.showing.page import ago, box, columns, grid, seconds, words

__all__ = ["Listed", "show_list"]

_SAID = {"started": ago, "when": ago, "took": seconds}


@dataclass(frozen=True, slots=True, repr=False)
class Listed(Displayed):
    """Rows with the names of their columns; ``none`` is what is said where there is no row."""

    head: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    none: str

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.rows)

    def __repr__(self) -> str:
        return show_list(self)[0]


def show_list(value: Listed) -> tuple[str, str]:
    """The list as text and as HTML."""
    if not value.rows:
        return value.none, box("", f"<p>{words(value.none)}</p>")
    rows = [tuple(_SAID.get(name, str)(one) for name, one in zip(value.head, row, strict=True)) for row in value.rows]
    page = grid(value.head, [tuple(words(cell) for cell in row) for row in rows])
    return columns([value.head, *rows]), box("", page)
