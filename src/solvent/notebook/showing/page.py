"""Pieces of pages: everything from outside is escaped, the style stands in the elements, nothing is loaded or run."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

from solvent.data.pictures.page.words import words
from solvent.data.pictures.specs import plain

__all__ = ["ago", "box", "clean", "clip", "columns", "details", "facts", "grid", "seconds", "words", "written"]

_CELL = "text-align:left;padding:2px 10px 2px 0;vertical-align:top"
_LONGEST = 120


def box(title: str, body: str) -> str:
    """The frame around a page."""
    head = (
        f'<div style="font-weight:600;margin-bottom:4px;overflow-wrap:anywhere">{words(title)}</div>' if title else ""
    )
    return (
        '<div style="font-family:system-ui,sans-serif;font-size:13px;line-height:1.45;border-left:3px solid #4269d0;'
        f'padding:4px 12px;margin:4px 0;overflow-x:auto">{head}{body}</div>'
    )


def grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are HTML already; the words of the head are escaped."""
    top = "".join(f'<th scope="col" style="{_CELL};border-bottom:1px solid">{words(one)}</th>' for one in head)
    body = "".join("<tr>" + "".join(f'<td style="{_CELL}">{cell}</td>' for cell in row) + "</tr>" for row in rows)
    return f'<table style="border-collapse:collapse"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'


def facts(pairs: Iterable[tuple[str, object]]) -> str:
    """Names and texts, one below the other; both are escaped."""
    rows = "".join(
        f'<tr><td style="{_CELL};opacity:.7">{words(name)}</td>'
        f'<td style="{_CELL};overflow-wrap:anywhere;white-space:pre-wrap">{words(clip(text))}</td></tr>'
        for name, text in pairs
    )
    return f'<table style="border-collapse:collapse"><tbody>{rows}</tbody></table>'


def details(summary: str, text: str) -> str:
    """Long text that opens when it is asked for."""
    return f"<details><summary>{words(clip(summary))}</summary>{written(text)}</details>"


def written(text: str) -> str:
    """Text of several lines, as it stands."""
    lines = "\n".join(words(line) for line in text.split("\n"))
    return f'<pre style="margin:4px 0;overflow-x:auto">{lines}</pre>'


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows of text as columns of equal width."""
    if not rows:
        return ""
    cells = [[clean(clip(cell)) for cell in row] for row in rows]
    widths = [max(len(row[at]) for row in cells) for at in range(len(cells[0]))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells)


def clean(text: object) -> str:
    """Text for a terminal: on one line, and without signs that steer it."""
    return "".join(sign if sign.isprintable() else "·" for sign in plain(text))


def clip(text: object) -> str:
    """Text that is not too long for a cell."""
    shown = str(text)
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"


def ago(moment: float) -> str:
    """When something was, as one says it."""
    past = time.time() - moment
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if past >= size:
            count = int(past // size)
            return f"{count} {name}{'s' if count > 1 else ''} ago"
    return "just now"


def seconds(took: Any) -> str:
    """How long something took."""
    if took is None:
        return ""
    return f"{took * 1000:.0f} ms" if took < 1 else f"{took:.1f} s" if took < 120 else f"{took / 60:.1f} min"
