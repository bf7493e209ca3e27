"""Python values as JSON trees that lose nothing: every array starts with a tag, and order is kept.

A tree is None, a bool, an int of 64 bits, a finite float, a text without lone surrogates, or ``[tag, …]``.
What has a format of its own stands in it as ``["@", …]``: its digest while the tree is hashed, its document
once the tree is stored. Large text and bytes are treated alike (``["T", …]``, ``["B", …]``).
"""

from __future__ import annotations

import base64
import json
import math
import threading
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from solvent import digest
from solvent.archive.formats.base import Written
from solvent.archive.formats.refusal import within
from solvent.errors import NoFormat

if TYPE_CHECKING:
    from solvent.archive.formats.base import Sink

__all__ = ["ENCODED", "FACTORIES", "LARGE", "Encoder", "entering", "leaving"]

LARGE = 32 * 1024
_DEEPEST = 150
_INT = 2**63
FACTORIES = {kind.__name__: kind for kind in (list, dict, set, int, float, str, bool, tuple)}

_text = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False).encode


class _Open(threading.local):
    """The containers that are being written in this thread, outermost first."""

    def __init__(self) -> None:
        self.ids: set[int] = set()


_open = _Open()


def entering(value: Any) -> None:
    """A container's content is about to be written. Refuses one that holds itself, or is nested too deeply."""
    if id(value) in _open.ids:
        raise NoFormat(
            f"a {type(value).__name__} that contains itself cannot be kept. Replace the reference by a name."
        )
    if len(_open.ids) >= _DEEPEST:
        raise NoFormat(f"values nested more than {_DEEPEST} deep cannot be kept. Return a flat table of them.")
    _open.ids.add(id(value))


def leaving(value: Any) -> None:
    """The counterpart of :func:`entering`."""
    _open.ids.discard(id(value))


class Encoder:
    """Encodes one value; remembers what of it is large, has a format of its own, or may still change."""

    __slots__ = ("_late", "_sink", "_slots", "frozen", "size")

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._slots: list[tuple[list[Any], Callable[[Sink], Any]]] = []
        self._late = False
        self.frozen = True
        self.size = 0

    def encode(self, value: Any) -> Any:
        """The tree of a value, with digests where other formats come in."""
        handler = ENCODED.get(type(value))
        return self._inner(value) if handler is None else handler(self, value)

    def identity(self, tree: Any) -> Any:
        """What of a tree goes into a digest: itself if it is a scalar, else the hash of its text."""
        if type(tree) is not list:
            return tree
        text = _text(tree).encode()
        self.size += len(text)
        return [digest.of_bytes("tree.1", text)]

    def written(self, identity: Any, body: Any, *, keep: Any = None, facts: Any = None) -> Written:
        """The ``Written`` of a body that holds this encoder's trees, at once if nothing large is in it."""
        facts = facts or {}
        if self._late:

            def finish(sink: Sink) -> Any:
                self._fill(sink)
                return body

            return Written(identity, None, finish, keep, self.size, facts)
        self._fill(self._sink)
        return Written(identity, body, None, keep, self.size, facts)

    def _fill(self, sink: Sink) -> None:
        for node, make in self._slots:
            node[1] = make(sink)

    def _inner(self, value: Any) -> Any:
        """A value that has a format of its own."""
        written = self._sink.write(value)
        node = ["@", self._sink.digest(value, written)]
        self._slots.append((node, lambda sink: sink.document(value, written)))
        self._late |= written.finish is not None
        self.size += written.size
        self.frozen = False
        return node

    def _blob(self, tag: str, data: bytes) -> Any:
        node = [tag, digest.of_bytes("bytes.1", data)]
        self._slots.append((node, lambda sink: sink.blob(data)))
        self._late = True
        self.size += len(data)
        return node

    def _items(self, tag: str, head: Iterable[Any], values: Iterable[Any], owner: Any) -> list[Any]:
        node = [tag, *head]
        entering(owner)
        at = 0
        try:
            for at, value in enumerate(values):  # noqa: B007 the error below says it
                handler = ENCODED.get(type(value))
                node.append(self._inner(value) if handler is None else handler(self, value))
        except NoFormat:
            with within(f"in item {at} of a {type(owner).__name__}"):
                raise
        finally:
            leaving(owner)
        return node

    def _pairs(self, tag: str, head: Iterable[Any], owner: Any) -> list[Any]:
        self.frozen = False
        node = [tag, *head]
        entering(owner)
        key: Any = None
        try:
            for key, value in list(owner.items()):
                node.append(self.encode(key))
                node.append(self.encode(value))
        except NoFormat:
            with within(f"in the value of {key!r:.60} in a {type(owner).__name__}"):
                raise
        finally:
            leaving(owner)
        return node


def _same(_: Encoder, value: Any) -> Any:
    return value


def _int(_: Encoder, value: int) -> Any:
    return value if -_INT <= value < _INT else ["i", hex(value)]


def _float(_: Encoder, value: float) -> Any:
    return value if math.isfinite(value) else ["f", "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"]


def _str(encoder: Encoder, value: str) -> Any:
    if value.isascii() and len(value) < LARGE:
        return value
    try:
        data = value.encode()
    except UnicodeEncodeError:  # lone surrogates; JSON would join two of them to one character
        data = value.encode("utf-8", "surrogatepass")
        return encoder._blob("T", data) if len(data) >= LARGE else ["x", data.hex()]
    return encoder._blob("T", data) if len(data) >= LARGE else value


def _bytes(encoder: Encoder, value: bytes) -> Any:
    return encoder._blob("B", value) if len(value) >= LARGE else ["b", base64.b64encode(value).decode()]


def _bytearray(encoder: Encoder, value: bytearray) -> Any:
    encoder.frozen = False
    return ["ba", _bytes(encoder, bytes(value))]


def _list(encoder: Encoder, value: list[Any]) -> Any:
    encoder.frozen = False
    held = list(value)  # a thread of the producer may still append
    return ["l", *held] if _plain_numbers(held) else encoder._items("l", (), held, value)


def _tuple(encoder: Encoder, value: tuple[Any, ...]) -> Any:
    return ["t", *value] if _plain_numbers(value) else encoder._items("t", (), value, value)


def _plain_numbers(values: Any) -> bool:
    """Whether every element is its own encoding, seen at the speed of C (for long lists of numbers)."""
    kinds = set(map(type, values))
    if kinds == {float}:
        return all(map(math.isfinite, values))
    return kinds == {int} and min(values) >= -_INT and max(values) < _INT


def _deque(encoder: Encoder, value: deque[Any]) -> Any:
    encoder.frozen = False
    return encoder._items("q", (value.maxlen,), list(value), value)


def _set(encoder: Encoder, value: Any) -> Any:
    mutable = type(value) is set
    encoder.frozen &= not mutable
    node = encoder._items("s" if mutable else "fs", (), list(value), value)
    node[1:] = sorted(node[1:], key=_text)
    return node


def _dict(encoder: Encoder, value: dict[Any, Any]) -> Any:
    return encoder._pairs("d", (), value)


def _defaultdict(encoder: Encoder, value: defaultdict[Any, Any]) -> Any:
    factory = value.default_factory
    name = None if factory is None else getattr(factory, "__name__", "")
    if name is not None and FACTORIES.get(name) is not factory:
        raise NoFormat(
            f"a defaultdict whose default_factory is {factory!r:.60} cannot be kept: its default is code. Return "
            "dict(...) of it."
        )
    return encoder._pairs("dd", (name,), value)


def _range(encoder: Encoder, value: range) -> Any:
    return ["r", _int(encoder, value.start), _int(encoder, value.stop), _int(encoder, value.step)]


def _complex(encoder: Encoder, value: complex) -> Any:
    return ["c", _float(encoder, value.real), _float(encoder, value.imag)]


def _fraction(encoder: Encoder, value: Fraction) -> Any:
    return ["v", _int(encoder, value.numerator), _int(encoder, value.denominator)]


def _decimal(_: Encoder, value: Decimal) -> Any:
    sign, digits, exponent = value.as_tuple()
    return ["n", sign, "".join(map(str, digits)), exponent]


def _zone(_: Encoder, value: tzinfo | None) -> Any:
    if value is None:
        return None
    if type(value) is ZoneInfo and value.key:
        return ["z", value.key]
    if type(value) is timezone:
        arguments: tuple[Any, ...] = value.__getinitargs__()  # type: ignore[attr-defined]
        offset = arguments[0]
        return ["zo", offset.days, offset.seconds, offset.microseconds, *arguments[1:]]
    raise NoFormat(
        f'the time zone {value!r:.60} has no key to keep. Use zoneinfo.ZoneInfo("Area/City") or datetime.timezone.'
    )


def _datetime(encoder: Encoder, value: datetime) -> Any:
    return ["dt", value.replace(tzinfo=None).isoformat(), value.fold, _zone(encoder, value.tzinfo)]


def _time(encoder: Encoder, value: time) -> Any:
    return ["h", value.replace(tzinfo=None).isoformat(), value.fold, _zone(encoder, value.tzinfo)]


ENCODED: dict[type, Callable[[Encoder, Any], Any]] = {
    type(None): _same,
    bool: _same,
    int: _int,
    float: _float,
    str: _str,
    bytes: _bytes,
    bytearray: _bytearray,
    list: _list,
    tuple: _tuple,
    dict: _dict,
    OrderedDict: lambda encoder, value: encoder._pairs("od", (), value),
    Counter: lambda encoder, value: encoder._pairs("co", (), value),
    defaultdict: _defaultdict,
    deque: _deque,
    set: _set,
    frozenset: _set,
    range: _range,
    complex: _complex,
    Fraction: _fraction,
    Decimal: _decimal,
    UUID: lambda _, value: ["u", value.hex],
    date: lambda _, value: ["D", value.isoformat()],
    datetime: _datetime,
    time: _time,
    timedelta: lambda _, value: ["td", value.days, value.seconds, value.microseconds],
    timezone: _zone,
    ZoneInfo: _zone,
}
