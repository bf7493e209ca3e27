"""A recording environment: ``os.environ`` tells which of its variables are asked for, and stays what it is."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

from solvent.engine.watch.seeing import MARK, observed

__all__ = ["record_environment"]

_Plain: Any = type(os.environ)


class _Last(threading.local):
    """Where this thread last listed the names: a copy asks for each variable from the same place."""

    place: tuple[int, int] = (0, -1)


_LAST = _Last()


class _Recording(_Plain):  # type: ignore[misc]
    """The same mapping with the same data and methods; whoever observes is told what is asked of it."""

    def __getitem__(self, key: Any) -> Any:
        if observed() is not None:
            _note(key, sys._getframe(1))
        return _Plain.__getitem__(self, key)

    def __iter__(self) -> Iterator[Any]:
        if observed() is not None:
            _note(None, sys._getframe(1))
        return iter(_Plain.__iter__(self))

    def __setitem__(self, key: Any, value: Any) -> None:
        _Plain.__setitem__(self, key, value)
        _set(key)

    def __delitem__(self, key: Any) -> None:
        _Plain.__delitem__(self, key)
        _set(key)


def record_environment(on: bool) -> None:
    """Let ``os.environ`` record, or let it be as it was; somebody else's environment is left alone."""
    before, after = (_Plain, _Recording) if on else (_Recording, _Plain)
    environments: list[Any] = [os.environ, getattr(os, "environb", None)]
    for environment in environments:
        if type(environment) is before:
            environment.__class__ = after


def _note(key: Any, frame: FrameType) -> None:
    """Tell that one variable is read, or with no key that all are listed."""
    outer: FrameType | None = frame
    while outer is not None and "_collections_abc" in outer.f_code.co_filename:
        outer = outer.f_back
    place = (id(outer), -1 if outer is None else outer.f_lasti)
    seen = observed()
    if seen is None:
        return
    MARK.depth += 1
    try:
        if key is None:
            _LAST.place = place
            seen.environment(frame)
        elif place != _LAST.place and isinstance(key, (str, bytes)):
            seen.variable(os.fsdecode(key), frame)
    finally:
        MARK.depth -= 1


def _set(key: Any) -> None:
    seen = observed()
    if seen is not None and isinstance(key, (str, bytes)):
        seen.sets(os.fsdecode(key))
