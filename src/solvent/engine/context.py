"""What the running step can ask and note: its context, and ``log`` for figures that belong to its result."""

from __future__ import annotations

import numbers
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.archive.catalog.records import Figure
from solvent.config.secret import masked
from solvent.errors import UsageError

if TYPE_CHECKING:
    from solvent.archive.keeping import Pending
    from solvent.engine.home import Home

__all__ = ["Context", "context", "current", "entered", "log"]


@dataclass(slots=True, eq=False)
class Context:
    """The step that is running: for logging and files. Reading it makes nothing part of the key.

    ``warnings`` are lines that are shown beneath the step while the run goes on, and are kept with it.
    """

    project: Home
    run: str
    name: str
    item: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    kept: list[Pending] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    _folder: Path | None = None

    @property
    def folder(self) -> Path:
        """A scratch folder, removed when the step ends."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="solvent-"))
        return self._folder

    def note(self, figures: Mapping[str, Any], step: int) -> None:
        """Add figures: numbers, text, or anything that has a format (a picture, a table)."""
        for name, value in figures.items():
            place = len(self.figures)
            if isinstance(value, str):
                figure = Figure(name, step, place, "text", None, masked(value))
            elif isinstance(value, numbers.Real) or _is_numpy_scalar(value):
                number = float(value)
                finite = number - number == 0
                figure = Figure(
                    name, step, place, "number", number if finite else None, None if finite else str(number)
                )
            else:
                pending = self.project.archive.prepare(value)
                self.kept.append(pending)
                figure = Figure(name, step, place, "artifact", None, pending.digest)
            self.figures.append(figure)

    def clean(self) -> None:
        """Remove the scratch folder."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


class entered:
    """The context in force while a step runs (threads that the step starts see it too)."""

    __slots__ = ("_before", "_context")

    def __init__(self, made: Context | None) -> None:
        self._context = made

    def __enter__(self) -> Context | None:
        global _running
        self._before, _running = _running, self._context
        return self._context

    def __exit__(self, *_: object) -> None:
        global _running
        _running = self._before


def _is_numpy_scalar(value: Any) -> bool:
    return type(value).__module__ == "numpy" and getattr(value, "ndim", 1) == 0


_running: Context | None = None


def current() -> Context | None:
    """The running step's context, or None outside of all steps."""
    return _running


def context() -> Context:
    """The running step's context: ``run``, ``name``, ``item``, and ``folder`` for scratch files.

    Raises :class:`UsageError` outside of a running step.
    """
    if _running is None:
        raise UsageError("sv.context() is there while a step runs; outside of one there is nothing to ask")
    return _running


def log(*, step: int = 0, **figures: Any) -> None:
    """Add figures to the running step: ``sv.log(loss=0.3, curve=figure, note="…", step=epoch)``.

    They belong to its result, so a step that is reused shows them again. Outside of all steps it does nothing.
    """
    if _running is not None:
        _running.note(figures, step)
