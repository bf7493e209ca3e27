"""Observing a step: from here to there, everything that this process reads of the world is its doing."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from solvent.engine.watch.environment import record_environment
from solvent.engine.watch.guards import guard_all, restore_all, watch_imports
from solvent.engine.watch.hook import install_hook
from solvent.engine.watch.seeing import MARK, STATE, Seen, observed

__all__ = ["observing", "restore"]


class observing:  # noqa: N801 - it is used as a verb
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
        _hook_apsw()
        self._before = STATE.seen
        record_environment(True)
        STATE.seen = self.seen
        return self.seen

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        STATE.seen = self._before
        if self._before is None:
            record_environment(False)
        self.seen.settle()


def restore() -> None:
    """Leave every library as it was: for tests, and for who ends using Solvent in a process that goes on."""
    restore_all()
    record_environment(False)
    apsw = sys.modules.get("apsw")
    if apsw is not None and _opened in apsw.connection_hooks:
        apsw.connection_hooks.remove(_opened)


def _hook_apsw() -> None:
    """apsw tells of each new connection itself."""
    apsw = sys.modules.get("apsw")
    if apsw is not None and _opened not in apsw.connection_hooks:
        apsw.connection_hooks.append(_opened)


def _opened(connection: Any) -> None:
    seen = observed()
    if seen is not None and connection.filename:
        MARK.depth += 1
        try:
            seen.file(connection.filename, sys._getframe(1))
        finally:
            MARK.depth -= 1
