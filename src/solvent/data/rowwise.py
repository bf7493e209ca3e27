"""Row-wise work: a function is carried out block by block, and only for blocks that it has not seen."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from solvent import digest
from solvent.data.blocks.identity import Block
from solvent.data.canonical import Rows, columns_named, conform, dtype_of, visible_columns
from solvent.data.family import is_table
from solvent.data.frames.incoming import Stream, take
from solvent.data.frames.outgoing import give
from solvent.data.packs.manifest import Manifest, Opened
from solvent.data.packs.reading import Ranges
from solvent.data.packs.splicing import Kept, Splice
from solvent.data.sources.files.casting import Misfit, cast_column
from solvent.errors import DataError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Done", "RowMap", "block_ids", "mappable", "no_rows", "read_blocks"]

_AT_ONCE = 1_000_000
"""So many rows at least are read of the input at a time."""


@dataclass(frozen=True, slots=True)
class Done:
    """What row-wise work made earlier: for each block its id and the rows that came of it, and the table of it all."""

    blocks: tuple[tuple[str, int], ...]
    made: Manifest

    def to_json(self) -> list[list[Any]]:
        """The blocks as plain JSON; the table is an artifact of its own."""
        return [list(one) for one in self.blocks]


@dataclass(slots=True)
class RowMap:
    """One function over one stored table. ``function`` takes a frame, as ``wanted`` asks, and gives one.

    ``seed`` is told a block's id before the function sees it. The promise that rows are independent is checked: on
    the first block of the first time, and of every later time on one of the new blocks, whole and cut in two.
    """

    table: Manifest
    source: Opened
    function: Callable[[Any], Any]
    wanted: Any
    seed: Callable[[str], None] = lambda _: None
    done: Done | None = None
    made: list[tuple[str, int]] = field(default_factory=list)
    """After the result was gone through: the id of each block, and the rows that came of it."""
    _types: dict[str, Any] | None = None
    _check: int = -1

    def result(self) -> Splice | Stream:
        """The table that the function makes of all rows: kept where it did so before, new where it did not."""

        ids = block_ids(self.table)
        if self.done is not None and self._known().keys().isdisjoint(ids):
            self.done = None  # other rows, or other columns: what was made then says nothing of what is made now
        if self.done is None:
            frames = self._frames(0, ids, 0)
            first = next(frames, None)
            if first is None:
                first = self._one(no_rows(self.table), "")
            return Stream(first.schema, _before(first, frames))
        stored = self.done.made
        self._types = dict(_schema(stored))
        known = self._known()
        new = [place for place, one in enumerate(ids) if one not in known]
        self._check = random.Random("".join(ids)).choice(new) if new else -1
        return Splice(stored, self.source, list(self._pieces(ids, known)))

    def _known(self) -> dict[str, tuple[int, int]]:
        assert self.done is not None
        known, start = {}, 0
        for name, rows in self.done.blocks:
            known[name] = (start, start + rows)
            start += rows
        return known

    def _pieces(self, ids: list[str], known: Mapping[str, tuple[int, int]]) -> Iterator[Kept | Iterator[pl.DataFrame]]:
        place = row = 0
        while place < len(ids):
            if ids[place] in known:
                start, stop = known[ids[place]]
                yield self._keep(ids[place], start, stop)
                row += self.table.blocks[place].rows
                place += 1
                continue
            last = place
            while last < len(ids) and ids[last] not in known:
                last += 1
            self.made.extend((name, -1) for name in ids[place:last])
            yield self._frames(place, ids[place:last], row)
            row += sum(one.rows for one in self.table.blocks[place:last])
            place = last

    def _keep(self, name: str, start: int, stop: int) -> Kept:
        self.made.append((name, stop - start))
        return Kept(start, stop)

    def _frames(self, first: int, ids: list[str], row: int) -> Iterator[pl.DataFrame]:
        """What the function makes of consecutive blocks, one frame for each."""
        if self.done is None:
            self.made.extend((name, -1) for name in ids)
        for place, part in read_blocks(self.table, self.source, range(first, first + len(ids))):
            name = ids[place - first]
            made = self._one(part, name)
            if self._types is None:
                self._types = dict(made.schema)
            if self._check in (-1, place) and part.height > 1:
                self._prove(part, made, name, row)
                self._check = -2
            self.made[place] = (name, made.height)
            row += part.height
            yield made

    def _one(self, part: pl.DataFrame, name: str) -> pl.DataFrame:
        self.seed(name)
        value = self.function(give(Rows(part), self.wanted))
        if not is_table(value):
            raise DataError(f"a row-wise step returned {type(value).__qualname__} for a block; it must return a table")
        return self._fitted(_visible(value))

    def _fitted(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with the columns and types of the blocks before it. Raises :class:`DataError` where they differ."""
        if self._types is None or dict(frame.schema) == self._types:
            return frame
        if frame.columns != list(self._types):
            raise DataError(
                f"a row-wise step gave the columns {', '.join(frame.columns)} for one block, and "
                f"{', '.join(self._types)} for another; every block must give the same"
            )
        for column, wanted in self._types.items():
            if frame.schema[column] != wanted:
                try:
                    frame = frame.with_columns(cast_column(frame.get_column(column), wanted, rounding=False))
                except Misfit as error:
                    raise DataError(
                        f"column {column!r} of a row-wise step is {frame.schema[column]} for one block, and {wanted} "
                        f"for another: {error}. Cast it in the step"
                    ) from error
        return frame

    def _prove(self, part: pl.DataFrame, made: pl.DataFrame, name: str, row: int) -> None:
        """Carry the block out once more, cut in two: the rows must be the same."""
        import polars as pl

        at = random.Random(name).randrange(1, part.height)
        halves = [self._one(piece, name) for piece in (part.slice(0, at), part.slice(at))]
        again = pl.concat(halves)
        if again.equals(made):
            return
        where = f"rows {row} to {row + part.height - 1} of its input, whole and cut after row {row + at - 1}"
        if again.height != made.height:
            raise DataError(
                f"the step says rowwise=True, and its rows are not independent: {where}, give {made.height} and "
                f"{again.height} rows. Leave rowwise out, or let each row depend on itself alone"
            )
        for column in made.columns:
            differs = made[column].ne_missing(again[column])
            if differs.any():
                first = int(differs.arg_max() or 0)
                both = f"{made[column][first]!r} and {again[column][first]!r}"
                raise DataError(
                    f"the step says rowwise=True, and its rows are not independent: {where}, differ in column "
                    f"{column!r}, first in row {first} of what comes out ({both}). "
                    f"Leave rowwise out, or let each row depend on itself alone (a mean, a rank, a category code or "
                    f"a random draw over the rows at hand does not)"
                )


def read_blocks(table: Manifest, source: Opened, places: Iterable[int]) -> Iterator[tuple[int, pl.DataFrame]]:
    """Some blocks of a stored table, in order; where they follow one another, many are read at a time."""
    starts = [0, *accumulate(block.rows for block in table.blocks)]
    rows = Ranges(table, source)
    wanted = deque(sorted(places))
    while wanted:
        run = [wanted.popleft()]
        while wanted and wanted[0] == run[-1] + 1 and starts[run[-1] + 1] - starts[run[0]] < _AT_ONCE:
            run.append(wanted.popleft())
        begin = starts[run[0]]
        held = rows.take(begin, starts[run[-1] + 1] - begin)
        for place in run:
            yield place, held.slice(starts[place] - begin, table.blocks[place].rows)


def mappable(table: Manifest) -> bool:
    """Whether a stored table can be worked on by block: one with a pandas index is worked on whole."""
    return not table.extra and bool(table.names)


def block_ids(table: Manifest) -> list[str]:
    """What tells the blocks of a table apart: names and types of the columns, and the rows."""
    schema = digest.of_structure(
        "schema.1", [[name, kind] for name, kind in zip(table.names, table.types, strict=True)]
    )
    return [_id(schema, block) for block in table.blocks]


def _id(schema: str, block: Block) -> str:
    return digest.of_structure("block.1", [schema, block.rows, *block.columns])[:32]


def no_rows(table: Manifest) -> pl.DataFrame:
    """A frame with a stored table's columns and none of its rows."""
    import polars as pl

    return pl.DataFrame(schema=_schema(table))


def _schema(table: Manifest) -> dict[str, Any]:
    return {name: dtype_of(kind) for name, kind in zip(table.names, table.types, strict=True)}


def _before(first: pl.DataFrame, rest: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    yield first
    yield from rest


def _visible(value: Any) -> pl.DataFrame:
    """A frame in canonical form, without an index that nobody named (the rows of a block have no numbers)."""
    import polars as pl

    taken = take(value)
    if isinstance(taken, Rows):
        named = [one["column"] for one in taken.extra.get("index", ()) if not one["hidden"]]
        if named:
            raise DataError(
                f"a row-wise step gave a frame with the index {', '.join(named)}; make it a column: reset_index()"
            )
        return taken.frame.select(columns_named(visible_columns(taken.frame.columns, taken.extra)))
    pieces = list(taken.pieces)
    return conform(pl.concat(pieces)) if pieces else pl.DataFrame(schema=dict(taken.schema))
