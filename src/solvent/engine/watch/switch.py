"""Observing a step: from here to there, everything that this process reads of the world is its doing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from solvent.engine.watch.environment import record_environment
from solvent.engine.watch.guards import guard_all, restore_all, watch_imports
from solvent.engine.watch.hook import install_hook
from solvent.engine.watch.seeing import STATE, Seen
from solvent.engine.watch.standard import watch_input

__all__ = ["observing", "restore"]


class observing:
    """``with observing(allowed, ignored) as seen``: what is read within is seen, by whatever thread.

    ``allowed`` are the names that the step may read (``"host"``, ``"host:example.org"``, ``"env:NAME"``, ``"glob"``,
    ``"data/*.csv"``), ``ignored`` the folders of which nothing counts. Observing within observing belongs to the
    inner one alone.
    """

    def __init__(self, allowed: Sequence[str] = (), ignored: Sequence[Path] = ()) -> None:
        self.seen = Seen(allowed, ignored)
        self._before: Seen | None = None

    def __enter__(self) -> Seen:
        install_hook()
        watch_imports()
        guard_all()
        self._before = STATE.seen
        record_environment(True)
        watch_input(True)
        STATE.seen = self.seen
        return self.seen

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        STATE.seen = self._before
        if self._before is None:
            record_environment(False)
            watch_input(False)
        self.seen.settle()


def restore() -> None:
    """Leave every library as it was: for tests, and for who ends using Solvent in a process that goes on."""
    restore_all()
    record_environment(False)
    watch_input(False)
