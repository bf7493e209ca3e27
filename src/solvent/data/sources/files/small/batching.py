"""Batching small CSV files: the rows of files that are laid out alike, as one text that is read at once."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from solvent.data.sources.files.options import Options
from solvent.data.sources.files.recognising import Look, recognise_text, said_format
from solvent.data.sources.files.text.decoding import boms, packing_of
from solvent.data.sources.files.text.elements import Elements, cut_lines
from solvent.data.sources.files.text.splitting import Piece
from solvent.errors import InputError

__all__ = ["FEWEST", "SMALL", "Batch", "Body", "Reader", "in_batches"]

T = TypeVar("T")

FEWEST = 16
"""Of fewer files each is read by itself, which tells and costs the same."""
SMALL = 256 * 1024
"""Bytes of a file up to which reading it costs less than a query over its rows does."""
_MOST = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Body:
    """The rows of one file as UTF-8 text, each ended; of CSV each with as many fields as the header has, unquoted.

    ``like`` is what has to be the same for another file's rows to be read with these.
    """

    look: Look
    data: bytes
    rows: int
    like: Any = None

    @property
    def piece(self) -> Piece:
        """The rows as a piece of their file."""
        return Piece(self.data, 2 if self.look.header == "first line" else 1, self.rows)


@dataclass(slots=True)
class Batch(Generic[T]):
    """Files that are laid out alike, and their rows one after the other."""

    files: list[T] = field(default_factory=list)
    bodies: list[Body] = field(default_factory=list)
    size: int = 0

    @property
    def piece(self) -> Piece:
        """All rows as one piece; lines in it are those of no file."""
        return Piece(b"".join(one.data for one in self.bodies), 1, sum(one.rows for one in self.bodies))

    @property
    def full(self) -> bool:
        """Whether it is as large as it should become."""
        return self.size >= _MOST

    def takes(self, body: Body) -> bool:
        """Whether a file's rows can be read with those that are here."""
        return body.look == self.bodies[0].look and body.like == self.bodies[0].like

    def add(self, file: T, body: Body) -> None:
        """Take one more file in."""
        self.files.append(file)
        self.bodies.append(body)
        self.size += len(body.data) + 64


class Reader:
    """Reads small files whole. What it says of one is what a look through it would find, or it says nothing."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._looks: dict[tuple[str, bytes], Look] = {}
        odd = options.comment or options.skip or options.trim or options.ragged != "fail"
        self._kinds = {"json", "jsonl"} | (set() if odd else {"csv", "tsv"})

    def body(self, path: Path, label: str) -> Body | None:
        """The rows of a file; None for one that has to be looked at by itself: in it, or in its layout, is more."""
        kind = said_format(path, label, self._options)
        if kind not in self._kinds or self._options.encoding != "utf-8":
            return None
        try:
            if path.stat().st_size > SMALL:
                return None
            data = path.read_bytes()
        except OSError:
            return None
        if b"\0" in data or boms(data) or packing_of(data):
            return None
        return self._csv(data, kind, path, label) if kind in ("csv", "tsv") else self._json(data, kind, path, label)

    def _csv(self, data: bytes, kind: str, path: Path, label: str) -> Body | None:
        quote = self._options.quote.encode()
        if quote and quote in data:
            return None
        data = data if data.endswith(b"\n") else data + b"\n"
        returns = data.count(b"\r")
        if returns and not returns == data.count(b"\r\n") == data.count(b"\n"):
            return None
        first, _, rest = data.partition(b"\n")
        look = self._look(kind, first, data, path, label) if first.strip() else None
        if look is None:
            return None
        body = rest if look.header == "first line" else data
        if body.startswith((b"\n", b"\r", codecs.BOM_UTF8)) or (b"\n\r\n" if returns else b"\n\n") in body:
            return None
        rows = body.count(b"\n")
        # A reader refuses a row with too many fields: with as many in all as there should be, no row has too few.
        if body.count((look.delimiter or ",").encode()) != rows * (len(look.names) - 1):
            return None
        return Body(look, body, rows)

    def _json(self, data: bytes, kind: str, path: Path, label: str) -> Body | None:
        """The rows as lines; ``like`` is where in the file they are."""
        try:
            look = recognise_text(data, path, label, self._options, Look(kind))
            if kind == "jsonl":
                pieces, place = list(cut_lines([data])), None
            else:
                elements = Elements(label, self._options.rows.split(".") if self._options.rows else None)
                pieces = list(elements.cut([data]))
                place = tuple(elements.path or ())
        except InputError:
            return None
        lines = b"".join(one.data if one.data.endswith(b"\n") else one.data + b"\n" for one in pieces)
        return Body(look, lines, sum(1 for line in lines.splitlines() if line.strip()), place)

    def _look(self, kind: str, first: bytes, data: bytes, path: Path, label: str) -> Look | None:
        """The layout, which hangs on the first line alone: it is looked at once for all files that begin with it."""
        found = self._looks.get((kind, first))
        if found is None:
            try:
                found = recognise_text(data, path, label, self._options, Look(kind))
            except InputError:
                return None
            self._looks[kind, first] = found
        return found


def in_batches(files: Iterable[T], body: Callable[[T], Body | None]) -> Iterator[Batch[T] | T]:
    """The files in their order: those in a row that are laid out alike as batches, the others as they are."""
    batch: Batch[T] = Batch()
    for one in files:
        found = body(one)
        if batch.files and (found is None or batch.full or not batch.takes(found)):
            yield batch
            batch = Batch()
        if found is None:
            yield one
        else:
            batch.add(one, found)
    if batch.files:
        yield batch
