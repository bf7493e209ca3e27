"""Digests of bytes, files and structures: BLAKE3 throughout, and every digest names its kind.

A digest is 64 hexadecimal characters. Two things of different kinds never share one, because the kind
is hashed first; a change of an encoding is a change of its kind (``"key.1"`` becomes ``"key.2"``).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from blake3 import blake3

__all__ = ["Digest", "encode", "of_bytes", "of_file", "of_structure"]

Digest = str

_NAN = struct.pack(">d", math.nan)


def of_bytes(kind: str, data: bytes | bytearray | memoryview) -> Digest:
    """The digest of raw bytes of one kind. Large buffers are hashed on all of this process's cores."""
    hasher = blake3(_head(kind), max_threads=blake3.AUTO) if len(data) > 4_000_000 else blake3(_head(kind))
    hasher.update(data)
    return hasher.hexdigest()


def of_file(kind: str, path: Path) -> Digest:
    """The digest of a file's content: equal to :func:`of_bytes` of the same bytes."""
    hasher = blake3(_head(kind), max_threads=blake3.AUTO)
    hasher.update_mmap(path)
    return hasher.hexdigest()


def of_structure(kind: str, value: Any) -> Digest:
    """The digest of a structure of plain values: None, bool, int, float, str, bytes, lists, sets, dicts.

    Lists and tuples are one; dicts and sets do not depend on their order; every NaN is one NaN, and -0.0
    is not 0.0. Anything else raises ``TypeError``: whoever hashes says what of a value counts.
    """
    return blake3(_head(kind) + encode(value)).hexdigest()


def encode(value: Any) -> bytes:
    """The canonical, self-delimiting bytes of a structure, as :func:`of_structure` hashes them."""
    out: list[bytes] = []
    _encode(value, out.append)
    return b"".join(out)


def _head(kind: str) -> bytes:
    return kind.encode() + b"\0"


def _encode(value: Any, put: Callable[[bytes], None]) -> None:
    kind = type(value)
    if kind is str:
        data = value.encode("utf-8", "surrogatepass")
        put(b"s%d:" % len(data))
        put(data)
    elif value is None:
        put(b"n")
    elif kind is bool:
        put(b"t" if value else b"f")
    elif kind is int:
        put(b"i%d;" % value)
    elif kind is float:
        put(b"d")
        put(_NAN if value != value else struct.pack(">d", value))
    elif kind is bytes:
        put(b"b%d:" % len(value))
        put(value)
    elif isinstance(value, (list, tuple)):
        put(b"l%d:" % len(value))
        for item in value:
            _encode(item, put)
    elif isinstance(value, dict):
        put(b"m%d:" % len(value))
        for name, item in sorted((encode(name), encode(item)) for name, item in value.items()):
            put(name)
            put(item)
    elif isinstance(value, (set, frozenset)):
        put(b"e%d:" % len(value))
        for item in sorted(encode(item) for item in value):
            put(item)
    else:
        raise TypeError(f"a structure to be hashed holds plain values only, not {kind.__qualname__}")
