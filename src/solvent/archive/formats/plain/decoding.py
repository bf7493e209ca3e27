"""JSON trees back to the Python values that they were made of."""

from __future__ import annotations

import base64
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from solvent.archive.formats.asking import element
from solvent.archive.formats.plain.encoding import FACTORIES
from solvent.errors import ArchiveError, Corrupted, SolventError

if TYPE_CHECKING:
    from solvent.archive.formats.base import Source

__all__ = ["decode"]


def decode(tree: Any, source: Source, wanted: Any = Any) -> Any:
    """The value of a tree. Raises :class:`Corrupted` for a tree that no value makes."""
    if type(tree) is not list:
        if type(tree) is dict:
            raise _strange(tree)
        return tree
    try:
        return _DECODED[tree[0]](tree, source, wanted)
    except SolventError:
        raise
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise _strange(tree) from error


def _strange(tree: Any) -> Corrupted:
    return Corrupted(f"the record holds {str(tree)[:60]!r}, which is not how plain data is written")


def _items(tree: list[Any], source: Source, wanted: Any, start: int = 1) -> list[Any]:
    rest = tree[start:]
    if not any(type(one) is list or type(one) is dict for one in rest):
        return rest
    return [decode(one, source, element(wanted, place)) for place, one in enumerate(rest)]


def _pairs(tree: list[Any], source: Source, wanted: Any, start: int = 1) -> list[tuple[Any, Any]]:
    keys = [decode(one, source, element(wanted)) for one in tree[start::2]]
    values = tree[start + 1 :: 2]
    return [
        (key, decode(one, source, element(wanted, key if isinstance(key, str) else "")))
        for key, one in zip(keys, values, strict=True)
    ]


def _bytes(tree: list[Any], source: Source) -> bytes:
    return source.blob(tree[1]) if tree[0] == "B" else base64.b64decode(tree[1], validate=True)


def _defaultdict(tree: list[Any], source: Source, wanted: Any) -> Any:
    return defaultdict(None if tree[1] is None else FACTORIES[tree[1]], _pairs(tree, source, wanted, 2))


def _deque(tree: list[Any], source: Source, wanted: Any) -> Any:
    return deque(_items(tree, source, wanted, 2), tree[1])


def _counter(tree: list[Any], source: Source, wanted: Any) -> Any:
    made: Counter[Any] = Counter()
    made.update(dict(_pairs(tree, source, wanted)))
    return made


def _fraction(tree: list[Any], source: Source, _: Any) -> Any:
    return Fraction(decode(tree[1], source), decode(tree[2], source))


def _zone(tree: Any) -> Any:
    if tree is None:
        return None
    if tree[0] == "zo":
        return timezone(timedelta(*tree[1:4]), *tree[4:5])
    try:
        return ZoneInfo(tree[1])
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ArchiveError(
            f"the time zone {tree[1]!r} is not known on this machine. Install its time zone data: pip install tzdata."
        ) from error


def _datetime(tree: list[Any], _: Source, __: Any) -> Any:
    return datetime.fromisoformat(tree[1]).replace(fold=tree[2], tzinfo=_zone(tree[3]))


def _time(tree: list[Any], _: Source, __: Any) -> Any:
    return time.fromisoformat(tree[1]).replace(fold=tree[2], tzinfo=_zone(tree[3]))


def _decimal(tree: list[Any], _: Source, __: Any) -> Any:
    return Decimal((tree[1], tuple(map(int, tree[2])), tree[3]))


_DECODED: dict[str, Callable[[list[Any], Source, Any], Any]] = {
    "@": lambda tree, source, wanted: source.read(tree[1], wanted),
    "i": lambda tree, *_: int(tree[1], 16),
    "f": lambda tree, *_: float(tree[1]),
    "x": lambda tree, *_: bytes.fromhex(tree[1]).decode("utf-8", "surrogatepass"),
    "T": lambda tree, source, _: source.blob(tree[1]).decode("utf-8", "surrogatepass"),
    "b": lambda tree, source, _: _bytes(tree, source),
    "B": lambda tree, source, _: _bytes(tree, source),
    "ba": lambda tree, source, _: bytearray(_bytes(tree[1], source)),
    "l": _items,
    "t": lambda tree, source, wanted: tuple(_items(tree, source, wanted)),
    "q": _deque,
    "s": lambda tree, source, wanted: set(_items(tree, source, wanted)),
    "fs": lambda tree, source, wanted: frozenset(_items(tree, source, wanted)),
    "d": lambda tree, source, wanted: dict(_pairs(tree, source, wanted)),
    "od": lambda tree, source, wanted: OrderedDict(_pairs(tree, source, wanted)),
    "co": _counter,
    "dd": _defaultdict,
    "r": lambda tree, source, _: range(*(decode(one, source) for one in tree[1:4])),
    "c": lambda tree, source, _: complex(decode(tree[1], source), decode(tree[2], source)),
    "v": _fraction,
    "n": _decimal,
    "u": lambda tree, *_: UUID(hex=tree[1]),
    "D": lambda tree, *_: date.fromisoformat(tree[1]),
    "dt": _datetime,
    "h": _time,
    "td": lambda tree, *_: timedelta(*tree[1:4]),
    "z": lambda tree, *_: _zone(tree),
    "zo": lambda tree, *_: _zone(tree),
}
