"""What one sees of a run: a live tree on a terminal, plain lines elsewhere, nothing with ``--quiet``."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from solvent.engine.events import Event, LogLine, Observer, RunEnded, RunStarted, StepEnded, StepStarted, silent
from solvent.faces.cli.output import duration, number, safe, write

__all__ = ["observe"]

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


@contextmanager
def observe(quiet: bool) -> Iterator[Observer]:
    """The observer that fits where the output goes."""
    if quiet:
        yield silent
    elif sys.stdout.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb":
        live = _Live()
        with live:
            yield live
    else:
        yield _lines


def _lines(event: Event) -> None:
    if isinstance(event, RunStarted):
        write(f"{event.run}: {len(event.paths)} steps")
    elif isinstance(event, StepEnded):
        write(_line(event))
        for note in event.notes:
            write(f"           {safe(note)}")
    elif isinstance(event, RunEnded):
        write(_ending(event))
    sys.stdout.flush()


def _line(event: StepEnded) -> str:
    name = f"{event.path}[{event.item}]" if event.item else event.path
    facts = [
        f"{number(event.rows)} rows" if event.rows is not None else "",
        duration(event.seconds) if event.status not in ("reused", "skipped", "blocked") else "",
        f"{event.peak_mb:.0f} MB" if event.peak_mb is not None else "",
        safe(event.error or ""),
    ]
    return f"  {event.status:9s} {safe(name):32s} {'   '.join(fact for fact in facts if fact)}".rstrip()


def _ending(event: RunEnded) -> str:
    run = event.run
    word = "all reused" if event.status == "succeeded" and (run.reused or _all_reused(run)) else event.status
    return f"{run.id}: {word} in {duration(event.seconds)}"


def _all_reused(run: Any) -> bool:
    return all(step.status == "reused" for step in run.steps)


class _Live:
    """A table of steps that is drawn anew as they go on; what steps write scrolls by above it."""

    draws = True

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(highlight=False, markup=False)
        self._rows: dict[str, tuple[str, StepEnded | None, float]] = {}
        self._live = Live(console=self._console, refresh_per_second=12, get_renderable=self._draw)
        self._title = ""
        self._end = ""

    def __enter__(self) -> None:
        self._live.__enter__()

    def __exit__(self, *error: Any) -> None:
        self._live.__exit__(*error)
        if self._end:
            self._console.print(self._end)

    def __call__(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self._title = event.run
            self._rows = dict.fromkeys(event.paths, ("waiting", None, 0.0))
        elif isinstance(event, StepStarted):
            self._rows[_key(event)] = ("running", None, time.monotonic())
        elif isinstance(event, StepEnded):
            self._rows[_key(event)] = (event.status, event, 0.0)
            for note in event.notes:
                self._console.print(f"{event.path}: {safe(note)}", style="yellow")
        elif isinstance(event, LogLine):
            self._console.print(safe(event.text), end="")
        else:
            self._end = _ending(event)

    def _draw(self) -> Any:
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        for path, (status, event, begun) in self._rows.items():
            mark, style = _MARKS.get(status, ("?", ""))
            depth = path.count("/")
            seconds = time.monotonic() - begun if status == "running" else (event.seconds if event else 0.0)
            table.add_row(
                Text(mark, style=style),
                Text("  " * depth + safe(path.rpartition("/")[2] if depth else path), style=style),
                Text(status, style=style),
                Text(f"{number(event.rows)} rows" if event and event.rows is not None else "", justify="right"),
                Text(duration(seconds) if status not in ("waiting", "reused", "skipped") else "", justify="right"),
                Text(f"{event.peak_mb:.0f} MB" if event and event.peak_mb else "", justify="right"),
                Text(safe(event.error) if event and event.error else "", style="red"),
            )
        return table


def _key(event: StepStarted | StepEnded) -> str:
    return f"{event.path}/[{event.item}]" if event.item else event.path
