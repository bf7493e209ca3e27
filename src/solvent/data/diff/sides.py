"""Sides: the two tables of a comparison, gone through piece by piece; of stored ones only what is asked for is read."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.data.blocks.identity import Block
from solvent.data.canonical import Rows, canonical_schema, columns_named, conform, dtype_of, visible_columns
from solvent.data.diff.piling import spool
from solvent.data.family import kind_of
from solvent.data.frames.incoming import take
from solvent.data.packs.manifest import Manifest, Opened, Pack
from solvent.data.packs.reading import lazy_kind, read_packs
from solvent.errors import InputError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["ROW", "FrameSide", "Side", "StoredSide", "open_side"]

ROW = "\0number of the row"
_PIECE = 131_072


@dataclass(frozen=True, slots=True)
class Side:
    """A stored table, of which only what is needed is read."""

    manifest: Manifest
    source: Opened


class FrameSide:
    """A table in memory, or one that a query gives."""

    def __init__(self, frame: pl.LazyFrame | pl.DataFrame, rows: Rows | None = None) -> None:
        self._frame = frame
        self._whole = rows
        self.extra: Mapping[str, Any] = {} if rows is None else rows.extra
        self.schema: Mapping[str, Any] = canonical_schema(frame.collect_schema())

    def hidden(self) -> pl.DataFrame | None:
        """The columns that hold a nameless pandas index; None if there are none."""
        if self._whole is None:
            return None
        names = [name for name in self._whole.frame.columns if name not in self.schema]
        return self._whole.frame.select(columns_named(names)) if names else None

    def rows(self) -> int:
        """How many rows there are."""
        import polars as pl

        return int(self._frame.lazy().select(pl.len()).collect().item())

    def pieces(self, names: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The rows of these columns, numbered, piece by piece."""
        start = 0
        for piece in self._plain(names):
            yield _numbered(conform(piece), start)
            start += piece.height

    def empty(self, names: Sequence[str]) -> pl.DataFrame:
        """No rows of these columns."""
        return _empty(self.schema, names)

    def _plain(self, names: Sequence[str]) -> Iterator[pl.DataFrame]:
        import polars as pl

        if isinstance(self._frame, pl.DataFrame):
            yield from self._frame.select(columns_named(names)).iter_slices(_PIECE)
        else:
            yield from self._frame.select(columns_named(names)).collect_batches(maintain_order=True, lazy=True)

    def fetch(self, numbers: Sequence[int], names: Sequence[str]) -> pl.DataFrame:
        """The rows with these numbers, ascending, numbered."""
        import polars as pl

        found = (
            self._frame.lazy()
            .select(columns_named(names))
            .with_row_index(ROW)
            .filter(pl.col(ROW).is_in(list(numbers)))
            .collect()
        )
        return conform(found).select(pl.exclude(ROW), pl.col(ROW).cast(pl.Int64))


class StoredSide:
    """A stored table, or of it the blocks that the other one does not have."""

    def __init__(self, side: Side) -> None:
        self.manifest, self._source = side.manifest, side.source
        shown = visible_columns(side.manifest.names, side.manifest.extra)
        self.extra: Mapping[str, Any] = side.manifest.extra
        types = dict(zip(side.manifest.names, side.manifest.types, strict=True))
        self.schema: Mapping[str, Any] = {name: dtype_of(types[name]) for name in shown}
        self._places = {name: place for place, name in enumerate(side.manifest.names)}
        self.starts = [0, *accumulate(block.rows for block in side.manifest.blocks)]
        self.own: Sequence[int] = range(len(side.manifest.blocks))

    def rows(self) -> int:
        """How many rows there are."""
        return self.starts[-1]

    def hidden(self) -> pl.DataFrame | None:
        """The columns that hold a nameless pandas index; None if there are none."""
        names = [name for name in self.manifest.names if name not in self.schema]
        if not names:
            return None
        whole = range(len(self.manifest.blocks))
        frame = read_packs(_narrow(self.manifest, whole, names), self._source, lazy_kind())
        found: pl.DataFrame = frame.select(columns_named(names)).collect()
        return found

    def blocks(self, names: Sequence[str]) -> list[tuple[Any, ...]]:
        """What tells the blocks apart by these columns."""
        places = [self._places[name] for name in names]
        return [(one.rows, *(one.columns[place] for place in places)) for one in self.manifest.blocks]

    def empty(self, names: Sequence[str]) -> pl.DataFrame:
        """No rows of these columns."""
        return _empty(self.schema, names)

    def pieces(self, names: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The rows of its own blocks, of these columns, numbered as in the table, piece by piece."""
        yield from self._read(self.own, names)

    def fetch(self, numbers: Sequence[int], names: Sequence[str]) -> pl.DataFrame:
        """The rows with these numbers, ascending, numbered."""
        import polars as pl

        blocks = sorted({bisect.bisect_right(self.starts, number) - 1 for number in numbers})
        found = [piece.filter(pl.col(ROW).is_in(list(numbers))) for piece in self._read(blocks, names)]
        return pl.concat([self.empty(names), *found])

    def _read(self, blocks: Sequence[int], names: Sequence[str]) -> Iterator[pl.DataFrame]:
        import numpy as np
        import polars as pl

        if not blocks:
            return
        found = read_packs(_narrow(self.manifest, blocks, names), self._source, lazy_kind())
        numbers = np.concatenate([np.arange(self.starts[one], self.starts[one + 1]) for one in blocks])
        start = 0
        for piece in found.select(columns_named(names)).collect_batches(maintain_order=True, lazy=True):
            yield piece.with_columns(pl.Series(ROW, numbers[start : start + piece.height]))
            start += piece.height


def _narrow(table: Manifest, blocks: Sequence[int], names: Sequence[str]) -> Manifest:
    """A table of some blocks and columns of another, and of the files only those that hold these."""
    where = {name: place for place, name in enumerate(table.names)}
    files: dict[int, int] = {}
    made, places = [], []
    for one in blocks:
        block, place = table.blocks[one], table.places[one]
        if len(place) > 1:
            owner = {name: part for part in place for name in _held(table.packs[part[0]], names)}
            needed = set(owner.values())
            place = tuple(part for part in place if part in needed)
        made.append(Block(block.rows, tuple(block.columns[where[name]] for name in names)))
        places.append(tuple((files.setdefault(pack, len(files)), group) for pack, group in place))
    kinds = [table.types[where[name]] for name in names]
    return Manifest(list(names), kinds, {}, made, [table.packs[one] for one in files], places)


def _held(pack: Pack, names: Sequence[str]) -> Sequence[str]:
    """The columns of the table that a file holds."""
    return names if pack.columns is None else [name for name in names if name in pack.columns]


def open_side(value: Any, folder: Path) -> FrameSide | StoredSide:
    """A table as a side. Raises :class:`InputError` for what is none. What can be read once only is put down first."""
    import polars as pl

    if isinstance(value, Side):
        return StoredSide(value)
    if kind_of(type(value)) is None:
        raise InputError(f"{type(value).__qualname__} is no table, and cannot be compared with one")
    if isinstance(value, (pl.LazyFrame, pl.DataFrame)):
        return FrameSide(value)
    taken = take(value)
    if isinstance(taken, Rows):
        return FrameSide(taken.frame.select(columns_named(visible_columns(taken.frame.columns, taken.extra))), taken)
    return FrameSide(spool(taken.pieces, pl.DataFrame(schema=taken.schema), folder))


def _empty(schema: Mapping[str, Any], names: Sequence[str]) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(schema={**{name: schema[name] for name in names}, ROW: pl.Int64()})


def _numbered(rows: pl.DataFrame, start: int) -> pl.DataFrame:
    import polars as pl

    return rows.with_columns(pl.int_range(start, start + rows.height, dtype=pl.Int64, eager=True).alias(ROW))
