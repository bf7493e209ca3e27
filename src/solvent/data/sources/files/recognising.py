"""Recognising a file: by its suffix, else by how it begins; a text file's delimiter by its first line."""

from __future__ import annotations

import codecs
import gzip
import zlib
from pathlib import Path
from typing import IO, Any

from solvent.data.sources.files.options import FORMATS, Options
from solvent.errors import InputError

__all__ = ["SUFFIXES", "delimiter_of", "format_of", "holds_rows", "opened"]

SUFFIXES = {
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json",
    ".parquet": "parquet", ".pq": "parquet", ".arrow": "arrow", ".feather": "arrow", ".ipc": "arrow",
    ".xlsx": "excel", ".xls": "excel", ".xlsm": "excel", ".xlsb": "excel", ".ods": "excel",
}  # fmt: skip
_PACKED = (".gz", ".zst")
_MAGIC = ((b"PAR1", "parquet"), (b"ARROW1", "arrow"), (b"PK\x03\x04", "excel"), (b"\xd0\xcf\x11\xe0", "excel"))
_LOOK = 65_536


def format_of(path: Path, options: Options) -> str:
    """One of ``FORMATS``. Raises :class:`InputError` if neither suffix nor content tells."""
    if options.format is not None:
        return options.format
    suffixes = [one.lower() for one in path.suffixes]
    while suffixes and suffixes[-1] in _PACKED:
        suffixes.pop()
    if suffixes and suffixes[-1] in SUFFIXES:
        return SUFFIXES[suffixes[-1]]
    head = _head(path)
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if text.startswith(b"{"):
        return "jsonl"
    if text.startswith(b"["):
        return "json"
    if not text or b"\0" in text:
        raise InputError(
            f"{path.name}: neither its suffix nor its content tells what it is. Say format: one of {', '.join(FORMATS)}"
        )
    return "csv"


def holds_rows(label: str) -> bool:
    """Whether a file's suffix says that it holds rows."""
    return any(part.lower() in SUFFIXES for part in Path(label).suffixes)


def delimiter_of(path: Path, options: Options) -> str:
    """The delimiter of a CSV file: the one of ``, ; tab |`` that its first line has most of, outside of quotes."""
    if options.delimiter is not None:
        return options.delimiter
    lines = _head(path).decode(options.encoding, "replace").splitlines()[options.skip :]
    line = next((one for one in lines if one.strip()), "")
    plain, quoted = [], False
    for sign in line:
        quoted ^= sign == options.quote
        if not quoted:
            plain.append(sign)
    counts = [(plain.count(sign), -place, sign) for place, sign in enumerate(",;\t|")]
    return max(counts)[2]


def opened(path: Path) -> IO[bytes] | Any:
    """The file's bytes, unpacked where its first bytes say that it is packed."""
    with path.open("rb") as file:
        magic = file.read(4)
    if magic[:2] == b"\x1f\x8b":
        return gzip.open(path, "rb")
    if magic == b"\x28\xb5\x2f\xfd":
        import pyarrow as pa

        return pa.CompressedInputStream(pa.OSFile(str(path), "rb"), "zstd")
    return path.open("rb")


def _head(path: Path) -> bytes:
    try:
        with opened(path) as file:
            return bytes(file.read(_LOOK))
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path.name} cannot be read: {error}") from error
