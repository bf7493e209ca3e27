"""How things look in a terminal: plain tables, safe text, short numbers, errors with a way out."""

from __future__ import annotations

import json
import sys
import time
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from solvent.errors import ArchiveError, MissingExtra, SettingsError, SolventError, UsageError, WorkError

__all__ = ["ago", "complain", "duration", "number", "safe", "show_json", "show_table", "size", "write"]


def write(text: str = "") -> None:
    """Print a line."""
    print(text)


def safe(text: object) -> str:
    """Text from outside without control characters, so that it cannot move the cursor or change the terminal."""
    return "".join(
        one if one in "\n\t" or unicodedata.category(one) not in ("Cc", "Cf", "Cs") else f"\\x{ord(one):02x}"
        for one in str(text)
    )


def show_json(value: Any) -> None:
    """Print JSON; NaN and infinity become null."""
    print(json.dumps(_plain(value), indent=2, ensure_ascii=False, default=str))


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value - value != 0:
        return None
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def show_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table with aligned columns; numbers to the right."""
    texts = [[safe(cell).replace("\n", " ") for cell in row] for row in rows]
    widths = [max([len(title), *(len(row[place]) for row in texts)]) for place, title in enumerate(head)]
    right = [
        bool(texts) and all(row[place][:1].isdigit() or not row[place] for row in texts) for place in range(len(head))
    ]
    for row in [[title.upper() for title in head], *texts]:
        cells = (
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        )
        print("  ".join(cells).rstrip())


def duration(seconds: float | None) -> str:
    """Seconds as a person reads them."""
    if seconds is None:
        return ""
    if seconds < 0.001:
        return "0 ms"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def ago(moment: float) -> str:
    """A moment, seen from now."""
    past = time.time() - moment
    return f"{duration(past)} ago" if past < 86_400 else time.strftime("%Y-%m-%d %H:%M", time.localtime(moment))


def number(value: int | float | None) -> str:
    """A number with thousands separated."""
    return "" if value is None else f"{value:,}"


def size(count: float | None) -> str:
    """A number of bytes."""
    if count is None:
        return ""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return ""


def complain(error: SolventError) -> int:
    """Print an error, without Solvent's own frames; gives the exit code."""
    run = getattr(error, "run", None)
    shown = next((step.error for step in run.steps if step.status == "failed" and step.error), None) if run else None
    if shown is not None and shown["where"]:
        print(safe(shown["traceback"]).rstrip(), file=sys.stderr)
    print(f"solvent: {safe(error)}", file=sys.stderr)
    if run is not None:
        print(f"Look closer: solvent show {run.id}; run again to go on where it stopped.", file=sys.stderr)
    if isinstance(error, WorkError):
        return 1
    return (
        2 if isinstance(error, (UsageError, SettingsError, MissingExtra)) or not isinstance(error, ArchiveError) else 1
    )
