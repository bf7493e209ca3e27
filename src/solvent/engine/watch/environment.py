"""A recording environment: ``os.environ`` tells which of its variables are asked for, and stays what it is."""

from __future__ import annotations

import os
import sys
from collections.abc import ItemsView, KeysView, ValuesView
from types import FrameType
from typing import Any

from solvent.engine.watch.seeing import MARK, observed

__all__ = ["record_environment"]

_Plain: Any = type(os.environ)


class _Recording(_Plain):  # type: ignore[misc]
    """The environment as it is; asking for one variable, or for all, is noted."""

    def __getitem__(self, key: Any) -> Any:
        _note(key, sys._getframe(1))
        return _Plain.__getitem__(self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        _set(key)
        _Plain.__setitem__(self, key, value)

    def __delitem__(self, key: Any) -> None:
        _set(key)
        _Plain.__delitem__(self, key)

    def copy(self) -> dict[Any, Any]:
        return _whole(self, sys._getframe(1))

    def keys(self) -> KeysView[Any]:
        return _whole(self, sys._getframe(1)).keys()

    def items(self) -> ItemsView[Any, Any]:
        return _whole(self, sys._getframe(1)).items()

    def values(self) -> ValuesView[Any]:
        return _whole(self, sys._getframe(1)).values()


def record_environment(on: bool) -> None:
    """Let ``os.environ`` record, or let it be as it was; somebody else's environment is left alone."""
    environment: Any = os.environ
    if on and type(environment) is _Plain:
        environment.__class__ = _Recording
    elif not on and type(environment) is _Recording:
        environment.__class__ = _Plain


def _note(key: Any, frame: FrameType) -> None:
    seen = observed()
    if seen is not None and isinstance(key, str):
        MARK.depth += 1
        try:
            seen.variable(key, frame)
        finally:
            MARK.depth -= 1


def _set(key: Any) -> None:
    seen = observed()
    if seen is not None and isinstance(key, str):
        seen.sets(key)


def _whole(environment: Any, frame: FrameType) -> dict[Any, Any]:
    seen = observed()
    if seen is not None:
        MARK.depth += 1
        try:
            seen.environment(frame)
        finally:
            MARK.depth -= 1
    return {name: _Plain.__getitem__(environment, name) for name in list(_Plain.__iter__(environment))}
