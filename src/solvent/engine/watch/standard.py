"""The standard input while a step is observed: whoever reads it is told, and it stays what it is."""

from __future__ import annotations

import sys
from typing import Any

from solvent.engine.watch.seeing import MARK, observed

__all__ = ["watch_input"]

_READING = frozenset({"read", "readline", "readlines", "buffer", "fileno", "detach", "readable", "peek"})


class _Watched:
    """A stream that tells when it is read; whatever else is asked of it, the stream behind it answers."""

    def __init__(self, behind: Any) -> None:
        self._behind = behind

    def __getattr__(self, name: str) -> Any:
        if name in _READING:
            _tell()
        return getattr(self._behind, name)

    def __iter__(self) -> Any:
        _tell()
        return iter(self._behind)

    def __next__(self) -> Any:
        _tell()
        return next(self._behind)


def _tell() -> None:
    seen = observed()
    if seen is not None:
        MARK.depth += 1
        try:
            seen.other("pipe", "the standard input", sys._getframe(2))
        finally:
            MARK.depth -= 1


def watch_input(on: bool) -> None:
    """Let ``sys.stdin`` tell, or let it be as it was; one that somebody else put there meanwhile is left alone."""
    if on and sys.stdin is not None and not isinstance(sys.stdin, _Watched):
        sys.stdin = _Watched(sys.stdin)
    elif not on and isinstance(sys.stdin, _Watched):
        sys.stdin = sys.stdin._behind
