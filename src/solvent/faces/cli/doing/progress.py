"""What one sees of a run: a live tree on a terminal, plain lines elsewhere, nothing with ``--quiet``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from solvent.engine.events import Event, Observer, RunEnded, RunStarted, StepEnded
from solvent.faces.cli.doing.telling import ending, facts_of
from solvent.faces.cli.output import safe, write

__all__ = ["observe"]


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
