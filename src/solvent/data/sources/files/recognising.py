"""Recognising a file: format, packing, encoding, delimiter, header; by what is said, its suffix, or how it begins."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from solvent.data.sources.files.options import FORMATS, Options
from solvent.data.sources.files.text.decoding import UNREADABLE, boms, compression_of, opened
from solvent.errors import InputError

__all__ = ["SUFFIXES", "Look", "format_of", "holds_rows", "recognise", "recognise_text", "said_format"]

SUFFIXES = {
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json",
    ".geojson": "json", ".parquet": "parquet", ".pq": "parquet", ".arrow": "arrow", ".feather": "arrow",
    ".ipc": "arrow", ".arrows": "arrow", ".xlsx": "excel", ".xls": "excel", ".xlsm": "excel", ".xlsb": "excel",
    ".ods": "excel",
}  # fmt: skip
_PACKED = (".gz", ".zst", ".bz2", ".xz")
_MAGIC = ((b"PAR1", "parquet"), (b"ARROW1", "arrow"), (b"PK\x03\x04", "excel"), (b"\xd0\xcf\x11\xe0", "excel"))
_LOOK = 65_536
_WIDE = 4_000_000
_NUMBER = re.compile(r"^\s*-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$")


@dataclass(frozen=True, slots=True)
class Look:
    """What a file is. ``guessed`` names the options that nobody said and the format does not say either."""

    format: str
    compression: str | None = None
    encoding: str | None = None
    bom: bool = False
    delimiter: str | None = None
    names: tuple[str, ...] = ()
    header: str | None = None
    header_absent: bool = False
    returns: bool = False
    """Whether lines end with a carriage return alone."""
    guessed: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """What there is to say, as plain JSON."""
        found: dict[str, Any] = {"format": self.format, "compression": self.compression}
        if self.encoding is not None:
            found |= {"encoding": self.encoding, "bom": self.bom}
        if self.delimiter is not None:
            found |= {"delimiter": self.delimiter, "header": self.header, "header_looks_absent": self.header_absent}
        return {**found, "guessed": list(self.guessed)}


def recognise(path: Path, label: str, options: Options) -> Look:
    """What a file is. Raises :class:`InputError` if nothing tells, or its header names a column twice."""
    kind = format_of(path, options, label)
    guessed = () if said_format(path, label, options) else ("format",)
    if kind not in ("csv", "tsv", "json", "jsonl"):
        return Look(kind, guessed=guessed)
    look = Look(kind, compression_of(path), guessed=guessed)
    return recognise_text(_head(path, label), path, label, options, look)


def recognise_text(head: bytes, path: Path, label: str, options: Options, look: Look) -> Look:
    """What a text file of a known format is, by how it begins. Raises as :func:`recognise` does."""
    _check_text(head, look.format, label)
    marked = boms(head)
    encoding = marked if marked and options.encoding == "utf-8" else options.encoding
    guessed = look.guessed if encoding == options.encoding else (*look.guessed, "encoding")
    look = replace(look, encoding=encoding, bom=marked is not None, guessed=guessed)
    return look if look.format in ("json", "jsonl") else _layout(path, label, options, look, head)


def format_of(path: Path, options: Options, label: str = "") -> str:
    """One of ``FORMATS``. Raises :class:`InputError` if neither suffix nor content tells."""
    if said := said_format(path, label, options):
        return said
    head = _head(path, label or path.name)
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    encoding = boms(head)
    text = (head.decode(encoding, "replace").encode() if encoding else head).lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(b"{"):
        return "jsonl"
    if text.startswith(b"["):
        return "json"
    if not text or b"\0" in text:
        raise InputError(
            f"{label or path.name}: neither its suffix nor its content tells what it is. Say format: one of "
            f"{', '.join(FORMATS)}"
        )
    return "csv"


def said_format(path: Path, label: str, options: Options) -> str | None:
    """The format that the options or a suffix say, if they do."""
    return options.format or _by_suffix(label) or _by_suffix(path.name)


def _check_text(head: bytes, kind: str, label: str) -> None:
    """Raise :class:`InputError` for what calls itself text and is a file of another kind, or a page of a website."""
    for magic, other in _MAGIC:
        if head.startswith(magic):
            raise InputError(f"{label} is no {kind}: by its content it is {other}. Rename it, or say format: {other}")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:14].lower().startswith((b"<!doctype html", b"<html")):
        raise InputError(
            f"{label} is no {kind}: it holds a web page, such as a server sends in the place of a file that is not "
            f"there or needs a login. Fetch it again"
        )


def holds_rows(label: str) -> bool:
    """Whether a file's suffix says that it holds rows."""
    return any(part in SUFFIXES for part in _suffixes(label))


def _suffixes(name: str) -> list[str]:
    """What a name ends in, as pathlib says it, in small letters."""
    last = name.rpartition("/")[2].lstrip(".")
    return [] if last.endswith(".") else [f".{one.lower()}" for one in last.split(".")[1:]]


def _by_suffix(name: str) -> str | None:
    suffixes = _suffixes(name)
    while suffixes and suffixes[-1] in _PACKED:
        suffixes.pop()
    return SUFFIXES.get(suffixes[-1]) if suffixes else None


def _layout(path: Path, label: str, options: Options, look: Look, head: bytes) -> Look:
    """The delimiter and header of a text file."""
    if look.encoding == "utf-8" and head.count(0) * 4 > len(head):
        order = "le" if head[:2].endswith(b"\0") else "be"
        raise InputError(f"{label}: the text is full of zero bytes. Say which encoding it has, as in utf-16-{order}")
    text = _text(head, look.encoding)
    returns = "\r" in text and "\n" not in text
    guessed = list(look.guessed)
    delimiter = options.delimiter or ("\t" if look.format == "tsv" else None)
    if delimiter is None:
        delimiter = _delimiter(text, options)
        guessed.append("delimiter")
    fields = _first_row(text, options, delimiter, whole=len(head) < _LOOK)
    if fields is None and len(head) >= _LOOK:
        text = _text(_head(path, label, _WIDE), look.encoding)
        fields = _first_row(text, options, delimiter, whole=True)
    if fields is None:
        raise InputError(f"{label} is empty: not even a header is there")
    if options.trim:
        fields = [one.strip(" \t") for one in fields]
    names, header = fields, "first line"
    if isinstance(options.header, list):
        if len(options.header) != len(fields):
            raise InputError(
                f"{label}: header names {len(options.header)} columns, and the first line has {len(fields)}"
            )
        names, header = options.header, "given"
    elif not options.header:
        names, header = [f"column_{place}" for place in range(1, len(fields) + 1)], "none"
    else:
        guessed.append("header")
    _check_names(names, label, options)
    absent = header == "first line" and any(_NUMBER.match(name) for name in fields)
    return Look(
        look.format, look.compression, look.encoding, look.bom, delimiter, tuple(names), header, absent, returns,
        tuple(guessed),
    )  # fmt: skip


def _text(head: bytes, encoding: str | None) -> str:
    return head.decode(encoding or "utf-8", "replace").removeprefix("\ufeff")


def _delimiter(text: str, options: Options) -> str:
    """The one of ``, ; tab |`` that the first line has most of, outside of quotes."""
    lines = text.splitlines()[options.skip :]
    comment = options.comment
    line = next((one for one in lines if one.strip() and not (comment and one.startswith(comment))), "")
    plain, quoted = [], False
    for sign in line:
        quoted ^= sign == options.quote
        if not quoted:
            plain.append(sign)
    counts = [(plain.count(sign), -place, sign) for place, sign in enumerate(",;\t|")]
    return max(counts)[2]


def _first_row(text: str, options: Options, delimiter: str, whole: bool) -> list[str] | None:
    """The fields of the first row; None if there is none, or it does not end in this text."""
    lines = io.StringIO(text, newline="")
    for _ in range(options.skip):
        lines.readline()
    if options.quote:
        rows = csv.reader(lines, delimiter=delimiter, quotechar=options.quote)
    else:
        rows = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    comment = options.comment
    before = csv.field_size_limit(1 << 30)
    try:
        for row in rows:
            if row and not (comment and row[0].startswith(comment)):
                return row if whole or lines.tell() < len(text) else None
    except csv.Error:
        return None
    finally:
        csv.field_size_limit(before)
    return None


def _check_names(names: list[str], label: str, options: Options) -> None:
    if len(set(names)) == len(names):
        return
    double = sorted({name for name in names if names.count(name) > 1})
    shown = ", ".join(repr(name) if name else "'' (unnamed)" for name in double[:10])
    raise InputError(
        f"{label}: its header names more than one column {shown}. Name them yourself: header: [a, b, …] with "
        f"skip: {options.skip + 1}"
    )


def _head(path: Path, label: str, size: int = _LOOK) -> bytes:
    try:
        with opened(path) as file:
            return bytes(file.read(size))
    except UNREADABLE as error:
        raise InputError(f"{label} cannot be read: {error or type(error).__name__}. Is it whole?") from error
