"""Decoding: the bytes of a file, unpacked and as UTF-8, in chunks of bounded size."""

from __future__ import annotations

import codecs
import gzip
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from solvent.errors import InputError

__all__ = ["UNREADABLE", "boms", "compression_of", "opened", "packing_of", "read_chunks"]

_CHUNK = 8 * 1024 * 1024
_MAGIC = ((b"\x1f\x8b", "gz"), (b"\x28\xb5\x2f\xfd", "zst"), (b"BZh", "bz2"), (b"\xfd7zXZ\x00", "xz"))
_UTF8 = frozenset({"utf-8", "ascii"})
UNREADABLE = (OSError, EOFError, zlib.error, lzma.LZMAError)
"""What the readers of packed files raise for one that is cut off or damaged."""


def compression_of(path: Path) -> str | None:
    """How a file is packed (``gz``, ``zst``, ``bz2``, ``xz``), by its first bytes; None if it is not."""
    with path.open("rb") as file:
        return packing_of(file.read(6))


def packing_of(head: bytes) -> str | None:
    """How a file that begins so is packed; None if it is not."""
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)


def opened(path: Path) -> IO[bytes] | Any:
    """The file's bytes, unpacked where its first bytes say that it is packed."""
    kind = compression_of(path)
    if kind == "gz":
        return gzip.open(path, "rb")
    if kind == "zst":
        import pyarrow as pa

        return pa.CompressedInputStream(pa.OSFile(str(path), "rb"), "zstd")
    if kind == "bz2":
        import bz2

        return bz2.open(path, "rb")
    if kind == "xz":
        return lzma.open(path, "rb")
    return path.open("rb")


def boms(head: bytes) -> str | None:
    """The encoding that a byte order mark at the start says, if one is there."""
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8"
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return None


def read_chunks(path: Path, label: str, encoding: str, size: int = _CHUNK) -> Iterator[bytes]:
    """The text of a file as UTF-8 without its byte order mark, in chunks of about ``size`` bytes.

    UTF-8 itself is handed on as it is, and checked by whoever parses it. Raises :class:`InputError` for a packed
    file that is damaged, and for text in another encoding that is not in it.
    """
    plain = codecs.lookup(encoding).name.removesuffix("-sig") in _UTF8
    with _failing(label), opened(path) as file:
        first = bytes(file.read(size))
        if plain:
            yield first.removeprefix(codecs.BOM_UTF8)
            while chunk := bytes(file.read(size)):
                yield chunk
            return
        decoder, line = codecs.getincrementaldecoder(encoding)(), 1
        chunk, start = first, True
        while True:
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                line += error.object[: error.start].decode(encoding, "replace").count("\n")
                raise InputError(f"{label} line {line}: {error.reason}: it is not {encoding}, as it is said") from error
            line += text.count("\n")
            yield (text.removeprefix("\ufeff") if start else text).encode()
            if not chunk:
                return
            chunk, start = bytes(file.read(size)), False


@contextmanager
def _failing(label: str) -> Iterator[None]:
    try:
        yield
    except UNREADABLE as error:
        raise InputError(f"{label} cannot be read: {error or type(error).__name__}. Is it whole?") from error
