"""What an observer of a run is told, as it happens: faces draw from these, the engine never prints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Event", "LogLine", "Observer", "RunEnded", "RunStarted", "StepEnded", "StepStarted", "silent"]


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run begins. ``paths`` are the steps that it may do, in order."""

    run: str
    pipeline: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step begins to work (a reused one never does)."""

    path: str
    item: str


@dataclass(frozen=True, slots=True)
class StepEnded:
    """A step has ended: ran, reused, failed, blocked, skipped, rejected or cancelled."""

    path: str
    item: str
    status: str
    seconds: float = 0.0
    peak_mb: float | None = None
    rows: int | None = None
    error: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LogLine:
    """A step wrote something. ``stream`` is stdout, stderr, logging or warnings."""

    path: str
    item: str
    stream: str
    text: str


@dataclass(frozen=True, slots=True)
class RunEnded:
    """A run has ended. ``run`` is its record, ``published`` are the new versions of datasets: ``flights@v3``."""

    status: str
    seconds: float
    run: Any = None
    published: tuple[str, ...] = ()


Event = RunStarted | StepStarted | StepEnded | LogLine | RunEnded
Observer = Callable[[Event], None]


def silent(event: Event) -> None:
    """The observer that does nothing."""
