"""The live tree of a run: each step with its fate, rows, time and memory, drawn anew while it goes on."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

from solvent.engine.events import Event, LogLine, RunStarted, StepEnded, StepStarted
from solvent.engine.watch import exempt
from solvent.faces.cli.doing.telling import ending, facts_of
from solvent.faces.cli.output import duration, safe

__all__ = ["LiveTree", "Unfinished"]

_MARKS = {
    "ran": ("✓", "green"),
    "reused": ("=", "cyan"),
    "failed": ("✗", "red"),
    "rejected": ("✗", "yellow"),
    "blocked": ("·", "dim"),
    "skipped": ("·", "dim"),
    "cancelled": ("!", "yellow"),
    "running": ("…", "bold"),
    "waiting": (" ", "dim"),
}
_PAUSE = 0.1


@dataclass(slots=True)
class _Row:
    """One step of the tree. Items of a mapped one are counted, and only those that failed listed: there may be many."""

    status: str = "waiting"
    event: StepEnded | None = None
    begun: float = 0.0
    items: set[str] = field(default_factory=set)
    item: str = ""
    failed: dict[str, StepEnded] = field(default_factory=dict)


@dataclass(slots=True)
class Unfinished:
    """Text that a step wrote without ending the line; each stream has its own."""

    parts: dict[str, str] = field(default_factory=dict)

    def add(self, stream: str, text: str) -> list[str]:
        """Take text; gives the lines that it completes. A carriage return writes over what is before it."""
        *lines, rest = (self.parts.get(stream, "") + text).split("\n")
        self.parts[stream] = rest.rpartition("\r")[2] if "\r" in rest.rstrip("\r") else rest
        return [line.rstrip("\r").rpartition("\r")[2] for line in lines]

    def rest(self) -> list[str]:
        """What is left when the step has ended."""
        lines = [text.strip("\r") for text in self.parts.values() if text.strip("\r")]
        self.parts.clear()
        return lines


class LiveTree:
    """An observer that draws. What steps write scrolls by above the tree.

    Drawing reads the terminal's size and variables; none of that is the running step's, so it is exempt from the
    watch over what steps read.
    """

    draws = True

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(highlight=False, markup=False, emoji=False)
        self._rows: dict[str, _Row] = {}
        self._text = Unfinished()
        self._end = ""
        self._live = Live(console=self._console, auto_refresh=False, get_renderable=self._draw)
        self._over = threading.Event()
        self._clock = threading.Thread(target=self._tick, name="solvent-live", daemon=True)

    def __enter__(self) -> LiveTree:
        with exempt():
            self._live.start()
        self._clock.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._clock.join()
        with exempt():
            for row in self._rows.values():
                if row.status in ("running", "waiting") and not self._end:
                    row.status = "cancelled" if row.status == "running" else "waiting"
            self._live.stop()
            if self._end:
                self._console.print(self._end)

    def __call__(self, event: Event) -> None:
        """Take note of what happened; the clock draws it."""
        with exempt():
            self._take(event)

    def _take(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self._console.print(f"{event.run}: {len(event.paths)} steps")
            self._rows = {path: _Row() for path in event.paths}
        elif isinstance(event, StepStarted):
            row = self._row(event.path)
            row.status, row.item = "running", event.item
            row.begun = row.begun or time.monotonic()
        elif isinstance(event, StepEnded):
            self._ended(event)
        elif isinstance(event, LogLine):
            for line in self._text.add(event.stream, event.text):
                self._console.print(safe(line))
        else:
            self._end = ending(event)
            if event.run is not None and event.run.reused:
                self._rows = {path: _Row("reused") for path in self._rows}

    def _ended(self, event: StepEnded) -> None:
        for line in self._text.rest():
            self._console.print(safe(line))
        row = self._row(event.path)
        name = f"{event.path}[{event.item}]" if event.item else event.path
        if event.item:
            row.items.add(event.item)
            row.item = ""
            if event.status in ("failed", "rejected", "cancelled"):
                row.failed[f"[{event.item}]"] = event
        else:
            row.status, row.event = event.status, event
        for note in event.notes:
            self._console.print(f"{safe(name)}: {safe(note)}", style="yellow")

    def _row(self, path: str) -> _Row:
        """The row of a path; what a mapped pipeline does for an item belongs to the row of the map."""
        owner = path
        while owner and owner not in self._rows:
            owner = owner.rpartition("/")[0]
        return self._rows[owner] if owner else self._rows.setdefault(path, _Row())

    def _tick(self) -> None:
        with exempt():
            while not self._over.wait(_PAUSE):
                self._live.refresh()

    def _draw(self) -> Any:
        from rich.cells import cell_len
        from rich.text import Text

        lines = [_cells(depth, name, row) for depth, name, row in self._window()]
        widths = [max((cell_len(line[place]) for line, _ in lines), default=0) for place in range(5)]
        drawn = Text(no_wrap=True, overflow="ellipsis", end="")
        for cells, style in lines:
            for place, (cell, width) in enumerate(zip(cells, widths, strict=False)):
                pad = " " * (width - cell_len(cell))
                drawn.append(pad + cell if place in (2, 3, 4) else cell + pad, "" if place > 1 else style)
                drawn.append("  ")
            drawn.append(cells[5], "red" if style in ("red", "yellow") else "dim")
            drawn.append("\n")
        drawn.right_crop(1)
        return drawn

    def _window(self) -> list[tuple[int, str, _Row]]:
        """The lines that fit on the terminal: while it goes on, those around the step that is running."""
        lines, room = self._tree(), self._console.height - 2
        if len(lines) <= room or self._over.is_set():
            return lines
        busy = (place for place, (_, _, row) in enumerate(lines) if row.status in ("running", "waiting"))
        start = max(0, min(next(busy, len(lines)) - room // 2, len(lines) - room))
        return lines[start : start + room]

    def _tree(self) -> list[tuple[int, str, _Row]]:
        """Depth, name and row of each step, under a line for each pipeline that holds some."""
        lines: list[tuple[int, str, _Row]] = []
        above: list[str] = []
        for path, row in self._rows.items():
            *folders, name = path.split("/")
            for depth, folder in enumerate(folders):
                if above[: depth + 1] != folders[: depth + 1] and "/".join(folders[: depth + 1]) not in self._rows:
                    lines.append((depth, folder, _Row("")))
                    above = folders[: depth + 1]
            above = folders
            lines.append((len(folders), name, row))
            lines.extend((len(folders) + 1, item, _Row(one.status, one)) for item, one in row.failed.items())
        return lines


def _cells(depth: int, name: str, row: _Row) -> tuple[list[str], str]:
    """The cells of a line (name, status, rows, time, memory, remark) and its colour."""
    mark, style = _MARKS.get(row.status, (" ", "bold"))
    rows, seconds, memory, remark = facts_of(row.event) if row.event is not None else ("", "", "", "")
    if row.status == "running":
        seconds, remark = duration(time.monotonic() - row.begun), safe(row.item)
    if row.items:
        rows = f"{len(row.items)} items"
    return [f"{'  ' * depth}{mark} {safe(name)}", row.status, rows, seconds, memory, remark], style
