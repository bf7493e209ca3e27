"""Pages: what a command found, as one HTML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from solvent.errors import UsageError

if TYPE_CHECKING:
    from solvent.data.profile import Profile

__all__ = ["write_comparison", "write_page"]


def write_page(path: str, text: str) -> None:
    """Write a page. Raises :class:`UsageError` where that cannot be."""
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--html: {path}: {error.strerror}") from error


def write_comparison(
    path: str, sides: Mapping[str, Profile], found: str, columns: Sequence[str], told: Mapping[str, str]
) -> None:
    """Write the page of a comparison: the two sides by their names, what was found, and the columns to be drawn."""
    from solvent.data.pictures import render_comparison

    (first, before), (second, after) = sides.items()
    write_page(path, render_comparison(before, after, names=(first, second), found=found, columns=columns, told=told))
