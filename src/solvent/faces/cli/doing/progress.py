"""What one sees of a run: a live tree on a terminal, plain lines elsewhere, nothing with ``--quiet``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from solvent.engine.events import Event, Observer, RunEnded, RunStarted, StepEnded
from solvent.faces.cli.output import duration, number, safe, write

__all__ = ["ending", "facts_of", "observe"]


@contextmanager
def observe(quiet: bool) -> Iterator[Observer]:
    """The observer that fits where the output goes."""
    if quiet:
        yield _Silence()
    elif sys.stdout.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb":
        from solvent.faces.cli.doing.live import LiveTree

        with LiveTree() as tree:
            yield tree
    else:
        yield _lines


class _Silence:
    """Says nothing, and lets nothing through that steps write: it is kept with them, for ``solvent log``."""

    draws = True

    def __call__(self, event: Event) -> None:
        """Take no notice."""


def _lines(event: Event) -> None:
    if isinstance(event, RunStarted):
        write(f"{event.run}: {len(event.paths)} steps")
    elif isinstance(event, StepEnded):
        write(_line(event))
        for note in event.notes:
            write(f"            {safe(note)}")
    elif isinstance(event, RunEnded):
        write(ending(event))
    sys.stdout.flush()


def _line(event: StepEnded) -> str:
    name = f"{event.path}[{event.item}]" if event.item else event.path
    facts = "   ".join(fact for fact in facts_of(event) if fact)
    return f"  {event.status:9s} {safe(name):32s} {facts}".rstrip()


def facts_of(event: StepEnded) -> tuple[str, str, str, str]:
    """Rows, time, memory and error of a step that has ended, as texts."""
    worked = event.status not in ("reused", "skipped", "blocked")
    return (
        f"{number(event.rows)} rows" if event.rows is not None else "",
        duration(event.seconds) if worked else "",
        f"{event.peak_mb:.0f} MB" if event.peak_mb is not None else "",
        safe(event.error or "").partition("\n")[0],
    )


def ending(event: RunEnded) -> str:
    """The line that a run ends with."""
    run = event.run
    word = "all reused" if event.status == "succeeded" and _all_reused(run) else event.status
    return f"{run.id}: {word} in {duration(event.seconds)}"


def _all_reused(run: Any) -> bool:
    """Whether no step had work to do; looking at a file again is none."""
    return bool(run.reused) or all(step.status == "reused" for step in run.steps if step.kind != "input")
