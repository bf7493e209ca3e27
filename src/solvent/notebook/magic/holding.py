"""Holding a value still: a copy that costs little, so that it can be written while the notebook goes on altering it."""

from __future__ import annotations

import datetime
import decimal
import re
import sys
import time
import types
import uuid
from collections.abc import Callable
from typing import Any

from solvent.notebook.magic.sight import plain_kind
from solvent.notebook.observing.inside.stamps import OPAQUE, glance

__all__ = ["ATOMS", "Clock", "Held", "hold", "secret_by_name"]

ATOMS = (
    bool, int, float, complex, str, bytes, type(None), datetime.datetime, datetime.date, datetime.time,
    datetime.timedelta, decimal.Decimal, uuid.UUID,
)  # fmt: skip
_SECRET = re.compile(r"(?i)(?:^|_)(?:pass(?:word|wd|phrase)?|secret|token|api_?key|credential)s?(?:$|_)")
_LARGEST = 512_000_000
"""Bytes of one value that are kept: more is the business of a step."""
_SPEED = 2_000_000
"""Bytes that are copied in a millisecond, at the least."""
_ITEMS = 5_000


class Clock:
    """The time that one cell may cost: whoever works asks whether any is left."""

    def __init__(self, budget: float) -> None:
        self._end = time.perf_counter() + budget

    @property
    def left(self) -> float:
        """Seconds that are left; none, or fewer than none, when they are used up."""
        return self._end - time.perf_counter()


class Held:
    """One value of a name: its stamp, and its digest as soon as it is known. ``why`` says why it will not be."""

    __slots__ = ("digest", "kind", "live", "made_by", "name", "size", "stamp", "value", "why")

    def __init__(self, name: str, stamp: str, kind: str) -> None:
        self.name = name
        self.stamp = stamp
        self.kind = kind
        self.value: Any = None
        self.size = 0
        self.live = False
        self.why: str | None = None
        self.digest: str | None = None
        self.made_by: int | None = None

    def give_up(self, why: str) -> None:
        """It is not compared, for this reason; the value is let go of."""
        self.why, self.value, self.size = why, None, 0

    def twin(self, name: str) -> Held:
        """The same value under another name."""
        other = Held(name, self.stamp, self.kind)
        other.value, other.live, other.size, other.why = self.value, self.live, 0, self.why
        return other

    def unaltered(self) -> bool:
        """Whether an object that could not be copied is still what it was when it was held."""
        return not self.live or glance(self.value) == self.stamp


def hold(name: str, value: Any, clock: Clock) -> Held:
    """Hold a value. What is too large for the time left, or has no state that could be kept, is not compared."""
    kind = plain_kind(value)
    if clock.left <= 0 and type(value) not in ATOMS:
        held = Held(name, OPAQUE, kind)
        held.give_up("the time for this cell was used up")
        return held
    if secret_by_name(name, value):
        held = Held(name, OPAQUE, kind)
        held.give_up("its name says that it is a secret")
        return held
    held = Held(name, glance(value), kind)
    try:
        _take(held, value, clock)
    except (_TooMuch, RecursionError):
        held.give_up("it holds more than can be copied in the time for a cell")
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # an object whose very copy raises, or exits
        held.give_up(f"it could not be copied ({type(error).__name__})")
    return held


def secret_by_name(name: str, value: Any) -> bool:
    """Whether a value is text whose name says that nobody else is to read it."""
    return type(value) in (str, bytes) and _SECRET.search(name) is not None


def _take(held: Held, value: Any, clock: Clock) -> None:
    if held.stamp == OPAQUE and not _drawn(value):
        held.give_up(_OPAQUE.get(type(value), f"{held.kind} cannot be looked into"))
    elif isinstance(value, ATOMS) and type(value) in ATOMS:
        held.value = value
    elif (copy := _copier(value)) is not None:
        size = held.size = _size(value)
        if size > _LARGEST:
            held.give_up(f"it is larger than {_LARGEST // 1_000_000} MB")
        elif (copy is _deep or (copy is _shared and not _pandas_shares())) and size > clock.left * 1000 * _SPEED:
            held.give_up(f"its {size // 1_000_000} MB cannot be copied in the time for this cell")
        else:
            held.value = copy(value)
    elif type(value) in (list, tuple, dict, set, frozenset):
        try:
            held.value = _plain(value, [_ITEMS], clock)
        except _Uncopied:
            held.value, held.live = value, True
    else:
        held.value, held.live = value, True


_OPAQUE = {
    types.GeneratorType: "a generator is used up by looking",
    types.CoroutineType: "a coroutine is used up by looking",
}


def _drawn(value: Any) -> bool:
    """Whether a value is a figure, which is drawn when it is kept."""
    return any(one.__module__.startswith("matplotlib.figure") for one in type(value).__mro__)


def _size(value: Any) -> int:
    for ask in ("nbytes", "estimated_size"):
        found = getattr(value, ask, None)
        if found is not None:
            return int(found() if callable(found) else found)
    usage = value.memory_usage(index=True)
    return int(usage if not hasattr(usage, "sum") else usage.sum())


def _deep(value: Any) -> Any:
    return value.copy()


def _copier(value: Any) -> Callable[[Any], Any] | None:
    """How values of the common libraries are copied, without copying their bytes where they allow that."""
    for library, names, copy in _COPIES:
        for name in names:
            kind = getattr(sys.modules.get(library), name, None)  # another thread may be importing it just now
            if kind is not None and issubclass(type(value), kind):
                return copy
    return None


def _shared(value: Any) -> Any:
    """A copy that shares its bytes until one of both is altered, which pandas does from version 3 on."""
    return value.copy(deep=False) if _pandas_shares() else value.copy()


def _pandas_shares() -> bool:
    return int(sys.modules["pandas"].__version__.partition(".")[0]) >= 3


_COPIES: tuple[tuple[str, tuple[str, ...], Callable[[Any], Any]], ...] = (
    ("polars", ("DataFrame", "Series"), lambda one: one.clone()),
    ("pandas", ("DataFrame", "Series"), _shared),
    ("numpy", ("ndarray",), _deep),
    ("pyarrow", ("Table", "RecordBatch"), lambda one: one),
)


def _plain(value: Any, room: list[int], clock: Clock) -> Any:
    """A copy of containers of plain values; of anything else in them, a held copy where there is one."""
    room[0] -= 1
    if room[0] < 0:
        raise _TooMuch
    kind = type(value)
    if kind in ATOMS:
        return value
    if kind is dict:
        return {_plain(key, room, clock): _plain(item, room, clock) for key, item in value.items()}
    if kind in (list, tuple, set, frozenset):
        return kind(_plain(item, room, clock) for item in value)
    copy = _copier(value)
    if copy is None:
        raise _Uncopied
    if _size(value) > clock.left * 1000 * _SPEED:
        raise _TooMuch
    return copy(value)


class _TooMuch(Exception):
    """There is more in a container than is copied while the notebook waits."""


class _Uncopied(Exception):
    """There is something in a container that is not copied."""
