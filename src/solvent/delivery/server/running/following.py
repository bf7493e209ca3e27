"""Following: when an alias moves, the version that it means then is opened, proved, and put in its place."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from solvent.archive.catalog import models
from solvent.delivery.registry import find_model
from solvent.errors import NotFound

if TYPE_CHECKING:
    from solvent.delivery.server.lines.served import Served
    from solvent.engine.home import Home

__all__ = ["Follower", "Place"]

_AGAIN = 2.0, 60.0
"""Seconds after which a version that could not be opened is tried once more, the first time, and at most.

Each time it is twice as long: its bytes may be away for a moment, and what is broken must not cost much.
"""


@dataclass(frozen=True)
class Place:
    """What is followed: an alias of a model, and the place in the roster that its version has."""

    model: str
    alias: str
    name: str = "seat"
    share: float = 1.0


@dataclass(frozen=True)
class Told:
    """What the follower has to do with the server: open a version, put it, take a place away, and tell of events."""

    open: Callable[[models.VersionRow], Served]
    put: Callable[[Served, Place], None]
    take_away: Callable[[Place], None]
    event: Callable[[str, str], None]


class Follower:
    """A thread that looks at the aliases again and again. A version that does not prove itself gets no request."""

    def __init__(self, project: Home, told: Told, seconds: float) -> None:
        self._project = project
        self._told = told
        self._seconds = seconds
        self._stop = threading.Event()
        self._now: dict[Place, str | None] = {}
        self._bad: dict[str, tuple[float, float]] = {}  # until when each bundle is left alone, and for how long
        self._lost = False
        self._thread = threading.Thread(target=self._run, name="solvent-follower", daemon=True)

    def start(self, now: dict[Place, str | None]) -> None:
        """Begin, with the bundle that has each place now."""
        self._now = dict(now)
        self._thread.start()

    def stop(self) -> None:
        """End, at the latest when the version that is being opened is open."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.wait(self._seconds):
            for place in self._now:
                if self._stop.is_set():
                    return
                self._look(place)

    def _look(self, place: Place) -> None:
        """See where an alias points; what serves keeps serving whatever goes wrong."""
        try:
            row = find_model(self._project, f"{place.model}@{place.alias}")
        except NotFound:
            if place.name != "seat" and self._now[place] is not None:
                self._now[place] = None
                self._told.take_away(place)
            return
        except Exception as error:
            if not self._lost:
                self._lost = True
                self._told.event("catalog_lost", f"{type(error).__name__}: {error}; {place.model} goes on as it is")
            return
        if self._lost:
            self._lost = False
            self._told.event("catalog_found", "the catalog can be read again")
        if row.bundle == self._now[place] or time.monotonic() < self._bad.get(row.bundle, (0.0, 0.0))[0]:
            return
        try:
            served = self._told.open(row)
        except Exception as error:  # whatever a foreign bundle does wrong: what serves goes on serving
            wait = min(2 * self._bad[row.bundle][1], _AGAIN[1]) if row.bundle in self._bad else _AGAIN[0]
            self._bad[row.bundle] = time.monotonic() + wait, wait
            self._told.event("version_refused", f"{place.model} v{row.version} does not serve: {error}")
            return
        if self._stop.is_set():
            return
        self._bad.pop(row.bundle, None)
        self._now[place] = row.bundle
        self._told.put(served, place)
        self._told.event("swapped", f"{place.model}@{place.alias} is v{row.version} now ({place.name})")
