"""Splicing: a table made of rows of a stored one and of new rows; only what lies at the seams is read and cut anew."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from solvent.data.blocks.borders import LEAST, MOST, cut
from solvent.data.blocks.columns import open_columns
from solvent.data.blocks.identity import Block
from solvent.data.canonical import conform, type_of
from solvent.data.packs.manifest import Bytes, Manifest, Opened
from solvent.data.packs.reading import Ranges
from solvent.data.packs.sharing import Layout
from solvent.data.packs.writing import Writing
from solvent.errors import DataError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Kept", "Splice", "splice"]


@dataclass(frozen=True, slots=True)
class Kept:
    """Consecutive rows of the stored table: from ``start`` up to ``stop``."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Splice:
    """A table as pieces in row order: ``Kept`` rows of a stored one, and new rows of the same columns.

    New rows are a lazy frame, or frames one after the other, which are gone through once.

    The result is, block by block, what writing all rows afresh would give.
    """

    stored: Manifest
    source: Opened
    pieces: Sequence[Kept | pl.LazyFrame | Iterator[pl.DataFrame]]


def splice(value: Splice, sink: Bytes) -> Manifest:
    """Write a spliced table: whole blocks of kept rows are referred to, the others are read, cut and written.

    Raises :class:`DataError` where new rows have other columns or types than the stored table.
    """
    stored = value.stored
    layout = Layout(stored.names, stored.types, [stored, *map(Manifest.from_json, sink.near("table.1"))])
    work = _Work(value, Writing(layout, sink))
    try:
        work.carry_out()
        work.writing.close()
    except BaseException:
        work.writing.abandon()
        raise
    return Manifest(stored.names, stored.types, {}, work.blocks, layout.packs, layout.places)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows in memory that belong to no block yet; ``start`` is where they stand in the stored table, if they do."""

    frame: pl.DataFrame
    start: int | None

    @property
    def stop(self) -> int:
        return (self.start or 0) + self.frame.height


class _Work:
    """What is still to come: rows in memory first, then the tape of what was not read yet."""

    def __init__(self, value: Splice, writing: Writing) -> None:
        self.writing = writing
        self.blocks: list[Block] = []
        self._stored = value.stored
        self._types = list(value.stored.types)
        self._stored_rows = Ranges(value.stored, value.source)
        self._held: deque[_Rows] = deque()
        self._tape: deque[Kept | Iterator[pl.DataFrame]] = deque()
        for piece in value.pieces:
            if isinstance(piece, Kept):
                self._append(piece)
            elif isinstance(piece, Iterator):
                self._tape.append(piece)
            else:
                self._tape.append(iter(piece.collect_batches(maintain_order=True, lazy=True)))
        self._starts: dict[int, int] = {}
        place = 0
        for number, block in enumerate(value.stored.blocks):
            self._starts[place] = number
            place += block.rows
        self._height = place

    def _append(self, piece: Kept) -> None:
        """Kept rows as one with those before, if these go on: the files that they come from do not matter here."""
        before = self._tape[-1] if self._tape else None
        if isinstance(before, Kept) and before.stop == piece.start:
            self._tape[-1] = Kept(before.start, piece.stop)
        elif piece.start < piece.stop:
            self._tape.append(piece)

    def carry_out(self) -> None:
        """Block after block: one that is kept where it can be, else as many as the rows in memory surely make."""
        more = True
        while self._held or self._tape:
            if not self._keep():
                more = self._read()
                self._cut(final=not more)

    def _keep(self) -> bool:
        """Take over a stored block, if the next row begins one that ends in the new table where it did in the old."""
        start, stop, last = self._ahead()
        number = self._starts.get(start)
        if number is None or start + self._stored.blocks[number].rows > stop:
            return False
        block = self._stored.blocks[number]
        # A border that the first column makes depends on no row behind it; any other one on the whole window.
        if start + MOST > stop and not (last and stop == self._height) and not self._decided(start, block.rows):
            return False
        if missing := self.writing.keep(block):
            self.writing.write(self._load(start, block.rows).to_arrow(), block, missing)
        self.blocks.append(block)
        self._go_past(block.rows)
        return True

    def _ahead(self) -> tuple[int, int, bool]:
        """Where the next rows stand in the stored table, up to where without a break, and whether nothing follows."""
        start = stop = -1
        for one in itertools.chain(self._held, self._tape):
            if not isinstance(one, (_Rows, Kept)) or one.start is None or (start >= 0 and one.start != stop):
                return start, stop, False
            start, stop = (one.start if start < 0 else start), one.stop
        return start, stop, True

    def _decided(self, start: int, rows: int) -> bool:
        frame = self._load(start, rows, self._stored.names[:1])
        columns = open_columns(frame.to_arrow(), self._types[:1])
        return next(cut(columns, rows, final=False), None) == rows

    def _load(self, start: int, rows: int, names: Sequence[str] | None = None) -> pl.DataFrame:
        """Rows of the stored table."""
        return self._stored_rows.take(start, rows, names).rechunk()

    def _read(self) -> bool:
        """Bring the next rows into memory, enough of them to be worth a look; whether there may be more."""
        rows = 0
        while self._tape and rows < LEAST:
            rows += self._read_kept() if isinstance(self._tape[0], Kept) else self._read_new(self._tape[0])
        return bool(self._tape)

    def _read_kept(self) -> int:
        """Bring in rows of the stored table, up to the end of a block; how many."""
        one = self._tape.popleft()
        assert isinstance(one, Kept)
        number = self._starts.get(one.start)
        rows = min(MOST // 4 if number is None else self._stored.blocks[number].rows, one.stop - one.start)
        self._held.append(_Rows(self._load(one.start, rows), one.start))
        if one.start + rows < one.stop:
            self._tape.appendleft(Kept(one.start + rows, one.stop))
        return rows

    def _read_new(self, piece: Iterator[pl.DataFrame]) -> int:
        """Bring in new rows; how many."""
        import polars as pl

        batches: list[pl.DataFrame] = []
        rows = 0
        for batch in piece:
            batches.append(self._conformed(batch))
            rows += batch.height
            if rows >= MOST:
                break
        else:
            self._tape.popleft()
        if rows:
            self._held.append(_Rows(pl.concat(batches), None))
        return rows

    def _conformed(self, batch: pl.DataFrame) -> pl.DataFrame:
        frame = conform(batch)
        if frame.columns != list(self._stored.names) or [type_of(one) for one in frame.dtypes] != self._types:
            raise DataError("new rows have other columns or types than the stored table that they belong to")
        return frame

    def _cut(self, *, final: bool) -> None:
        """Write the blocks that the rows in memory surely make, up to where a stored one begins."""
        import polars as pl

        if not self._held:
            return
        table = pl.concat([one.frame for one in self._held], rechunk=True).to_arrow()
        done = 0
        for end in cut(columns := open_columns(table, self._types), table.num_rows, final=final):
            if done and self._ahead()[0] in self._starts:
                return
            block = Block(end - done, tuple(one.digest(done, end) for one in columns))
            if missing := self.writing.keep(block):
                self.writing.write(table.slice(done, block.rows), block, missing)
            self.blocks.append(block)
            self._go_past(block.rows)
            done = end

    def _go_past(self, rows: int) -> None:
        while rows and self._held:
            one = self._held.popleft()
            if one.frame.height > rows:
                place = None if one.start is None else one.start + rows
                self._held.appendleft(_Rows(one.frame.slice(rows), place))
            rows -= min(rows, one.frame.height)
        while rows:
            kept = self._tape.popleft()
            assert isinstance(kept, Kept)
            size = kept.stop - kept.start
            if size > rows:
                self._tape.appendleft(Kept(kept.start + rows, kept.stop))
            rows -= min(rows, size)
