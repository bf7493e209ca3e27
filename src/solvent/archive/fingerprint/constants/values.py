"""Constants by value: plain data, containers, enums, dates, paths, arrays, and objects taken apart as pickle would."""

from __future__ import annotations

import copyreg
import os
import struct
import sys
from collections.abc import Callable, Sequence
from enum import Enum
from pathlib import PurePath
from types import MappingProxyType
from typing import Any

from solvent.archive.fingerprint.constants.arrays import parts_of
from solvent.archive.fingerprint.nodes import Node, Opaque

__all__ = ["FIXED", "PLAIN", "encode_value", "shown"]

FIXED = frozenset({type(None), bool, int, float, complex, str, bytes, type(...), type(NotImplemented), range})
"""Types whose values never change."""
PLAIN = FIXED | {list, tuple, dict, set, frozenset, bytearray}

_DEEP = 100
_MANY = 1_000_000

_BY_KIND = frozenset({
    "logging.Logger", "logging.LoggerAdapter", "logging.Handler", "_thread.lock", "_thread.RLock", "threading._RLock",
    "threading.Event", "threading.Condition", "threading.Semaphore", "threading.Barrier", "_thread._local",
    "_threading_local.local", "_contextvars.ContextVar", "multiprocessing.synchronize.SemLock", "asyncio.locks.Lock",
    "asyncio.locks.Event", "asyncio.locks.Semaphore", "concurrent.futures._base.Executor", "loguru._logger.Logger",
    "structlog._config.BoundLoggerLazyProxy", "rich.console.Console", "rich.progress.Progress", "tqdm.std.tqdm",
    "weakref.WeakKeyDictionary", "weakref.WeakValueDictionary", "_weakrefset.WeakSet", "warnings.catch_warnings",
})  # fmt: skip
"""What never decides a result: only that there is one counts."""

_UNSEEN = {
    "sqlite3.Connection": "an open connection", "sqlite3.Cursor": "an open cursor",
    "apsw.Connection": "an open connection",
    "duckdb": "an open DuckDB connection or relation", "_duckdb": "an open DuckDB connection or relation",
    "psycopg.Connection": "an open connection", "socket.socket": "an open socket", "_socket.socket": "an open socket",
    "builtins.generator": "a generator", "builtins.coroutine": "a coroutine", "mmap.mmap": "a mapped file",
    "_io._IOBase": "an open file", "tempfile._TemporaryFileWrapper": "an open file",
}  # fmt: skip
_STATEFUL = frozenset({
    "random.Random", "_random.Random", "numpy.random._generator.Generator", "numpy.random.mtrand.RandomState",
    "numpy.random.bit_generator.BitGenerator", "torch.Generator", "torch._C.Generator",
})  # fmt: skip


def encode_value(value: Any, code: Callable[[Any], Node | list[Any] | None], folders: Sequence[str] = ()) -> Node:
    """The node of a value. ``code`` gives the nodes of functions, classes and modules that lie in it.

    Paths within ``folders`` count relative to them, so that a project may lie anywhere. Raises :class:`Opaque`.
    """
    kind = type(value)
    if kind in FIXED:
        return Node(_fixed(value, kind), leaf=True)
    encoder = _Encoder(code, folders)
    encoder.put(value, ())
    payload = b"".join(encoder.out)
    return Node(payload, encoder.refs, leaf=not encoder.refs)


def shown(value: Any, node: Node) -> str:
    """A short text of a value, which differs where the value differs."""
    from solvent import digest

    if type(value) in FIXED and len(text := repr(value)) <= 80:
        return text
    try:
        text = repr(value) if type(value) in PLAIN else type(value).__name__
        if isinstance(value, (set, frozenset)):  # whose own order differs from process to process
            text = f"{{{', '.join(sorted(map(repr, value)))}}}"
    except Exception:  # a repr of the user's own
        text = type(value).__name__
    mark = digest.of_bytes("value.1", node.payload)[:12]
    if len(text) <= 80 and type(value) in PLAIN:
        return text
    return f"{text[:60]}… #{mark}"


class _Encoder:
    """Writes one value; the nodes that it reaches are kept in order."""

    def __init__(self, code: Callable[[Any], Node | list[Any] | None], folders: Sequence[str]) -> None:
        self.code = code
        self.folders = folders
        self.out: list[bytes] = []
        self.refs: list[tuple[Node, tuple[str, ...]]] = []
        self.count = 0

    def put(self, value: Any, above: tuple[int, ...]) -> None:
        """Write a value that lies within the containers ``above``."""
        kind = type(value)
        if kind in FIXED:
            self.out.append(_fixed(value, kind))
            return
        self.count += 1
        if self.count > _MANY:
            raise Opaque(f"it holds more than {_MANY:,} values; hand it in as data")
        if id(value) in above:
            self.out.append(b"^%d;" % (len(above) - above.index(id(value))))
            return
        if len(above) > _DEEP:
            raise Opaque(f"it is nested more than {_DEEP} deep")
        inner = (*above, id(value))
        if kind in PLAIN:
            self._container(value, kind, inner)
            return
        node = value if kind is Node else self.code(value)
        if isinstance(node, Node):
            self.out.append(b"@")
            self.refs.append((node, ()))
            return
        if node is not None:
            self._container(node, list, inner)
            return
        self._object(value, kind, inner)

    def _container(self, value: Any, kind: type, above: tuple[int, ...]) -> None:
        self.out.append(b"%s%d[" % (kind.__name__.encode(), len(value)))
        if kind is bytearray:
            self.out.append(bytes(value))
        elif kind is dict:
            for name, item in value.items():
                self.put(name, above)
                self.put(item, above)
        elif kind in (set, frozenset):
            self._unordered(value, above)
        else:
            for item in value:
                self.put(item, above)

    def _unordered(self, items: Any, above: tuple[int, ...]) -> None:
        """Members of a set, in an order of their own."""
        written = []
        for item in items:
            one = _Encoder(self.code, self.folders)
            one.put(item, above)
            order = [ref.payload if ref.leaf else ref.name.encode() for ref, _ in one.refs]
            written.append((b"".join(one.out), order, one.refs))
        for data, _, refs in sorted(written, key=lambda one: one[:2]):
            self.out.append(data)
            self.refs += refs

    def _object(self, value: Any, kind: type, above: tuple[int, ...]) -> None:
        names = [f"{one.__module__}.{one.__qualname__}" for one in kind.__mro__]
        if (stream := _stream(value)) is not None:
            self._mark("stream", stream)
            return
        self._refuse(kind, names)
        if not _BY_KIND.isdisjoint(names):
            self._mark("kind", next(name for name in names if name in _BY_KIND))
        elif isinstance(value, PurePath):
            self._mark("path", self._relative(str(value)))
        elif isinstance(value, Enum):
            self._mark("enum", [kind, value.name, value.value], above)
        elif kind is MappingProxyType:
            self._mark("mapping", dict(value), above)
        elif kind.__module__.startswith("solvent.config") and hasattr(value, "to_reference"):
            self._mark("secret", value.to_reference())
        elif (parts := self._arrays(value)) is not None:
            self._mark("data", [kind, *parts], above)
        else:
            self._reduced(value, kind, above)

    def _refuse(self, kind: type, names: list[str]) -> None:
        """Raise for what a look at the object does not identify."""
        for name in (*names, kind.__module__.partition(".")[0]):
            if name in _UNSEEN:
                raise Opaque(f"it is {_UNSEEN[name]}, which gives what it gives unseen; open it inside the step", True)
            if name in _STATEFUL:
                raise Opaque("it is a random generator, which keeps a state of its own")

    def _arrays(self, value: Any) -> list[Any] | None:
        try:
            return parts_of(value)
        except Opaque:
            raise
        except Exception as error:  # whatever a library raises for what it cannot give
            raise Opaque(f"it cannot be read ({type(error).__name__}: {error})") from None

    def _reduced(self, value: Any, kind: type, above: tuple[int, ...]) -> None:
        """An object taken apart into its class, its arguments and its state."""
        reducer = copyreg.dispatch_table.get(kind)
        try:
            parts = reducer(value) if reducer is not None else value.__reduce_ex__(2)
        except Exception as error:  # the user's own, or a refusal
            raise Opaque(f"it cannot be taken apart ({type(error).__name__}: {error})") from None
        if isinstance(parts, str):
            self._mark("named", [kind, parts], above)
            return
        function, args, state, items, pairs = (*parts, None, None, None)[:5]
        self._mark("object", [function, list(args)], above)
        self._state(state, above)
        self.put(None if items is None else list(items), above)
        self.put(None if pairs is None else list(pairs), above)

    def _state(self, state: Any, above: tuple[int, ...]) -> None:
        """Attributes by name: in which order they were set does not count."""
        if type(state) is dict and all(type(name) is str for name in state):
            self.out.append(b"state%d[" % len(state))
            for name in sorted(state):
                self.put(name, above)
                self.put(state[name], above)
        else:
            self.put(state, above)

    def _mark(self, kind: str, content: Any, above: tuple[int, ...] = ()) -> None:
        self.out.append(f"<{kind}>".encode())
        self.put(content, above)

    def _relative(self, path: str) -> str:
        for folder in self.folders:
            if path + os.sep == folder:
                return "<code>"
            if path.startswith(folder):
                return "<code>/" + path[len(folder) :]
        return path


def _stream(value: Any) -> str | None:
    """Standard output and error: that something is written there decides no result."""
    for name in ("stdout", "stderr"):
        if value is getattr(sys, name) or value is getattr(sys, f"__{name}__"):
            return name
    return None


def _fixed(value: Any, kind: type) -> bytes:
    if kind is str:
        data = value.encode("utf-8", "surrogatepass")
        return b"s%d:%s" % (len(data), data)
    if kind is bytes:
        return b"b%d:%s" % (len(value), value)
    if kind is float:
        return b"d" + struct.pack(">d", value)
    if kind is complex:
        return b"c" + struct.pack(">dd", value.real, value.imag)
    return f"{kind.__name__[0]}{value!r};".encode()
