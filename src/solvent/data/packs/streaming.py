"""Streams carried out once: into memory if they fit their share of it, else block by block into packs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from solvent.data.blocks.borders import MOST
from solvent.data.blocks.columns import open_columns
from solvent.data.blocks.identity import Block, cut_blocks
from solvent.data.canonical import Rows, protect, type_of
from solvent.data.frames.incoming import Stream
from solvent.data.packs.manifest import Bytes, Manifest
from solvent.data.packs.memory import free_memory
from solvent.data.packs.sharing import Layout
from solvent.data.packs.writing import Writing

if TYPE_CHECKING:
    import polars as pl

__all__ = ["carry_out"]

_SHARE = 4
_BUFFER = 128_000_000


def carry_out(stream: Stream, sink: Bytes, most: int | None = None) -> Rows | Manifest:
    """Go through a stream once: rows in memory up to ``most`` bytes (a quarter of what is free), else a manifest."""
    import polars as pl

    limit = free_memory() // _SHARE if most is None else most
    pieces: list[pl.DataFrame] = []
    weight = _Weight()
    for piece in stream.pieces:
        pieces.append(piece)
        weight.add(piece)
        if weight.over(limit):
            return _spill(stream, pieces, sink)
    if not stream.schema:
        return Rows(pl.DataFrame(height=sum(piece.height for piece in pieces)))
    if not pieces:
        return Rows(pl.DataFrame(schema=dict(stream.schema)))
    return Rows(protect(pl.concat(pieces, rechunk=False)))


def _spill(stream: Stream, pieces: list[pl.DataFrame], sink: Bytes) -> Manifest:
    """Write blocks as soon as their borders are sure; never more than a few blocks are in memory."""
    import polars as pl

    def every() -> Iterator[pl.DataFrame]:
        pieces.reverse()
        while pieces:
            yield pieces.pop()
        yield from stream.pieces

    names, types = list(stream.schema), [type_of(one) for one in stream.schema.values()]
    layout = Layout.beside(names, types, sink)
    writer = Writing(layout, sink)
    blocks: list[Block] = []
    try:
        held: list[pl.DataFrame] = []
        rows, weight = 0, _Weight()
        for piece in every():
            held.append(piece)
            rows += piece.height
            weight.add(piece)
            if rows >= 4 * MOST or (rows > MOST and weight.over(_BUFFER)):
                held = [_write(pl.concat(held), types, blocks, writer, final=False)]
                rows, weight = held[0].height, _Weight()
                weight.add(held[0])
        _write(pl.concat(held), types, blocks, writer, final=True)
        writer.close()
    except BaseException:
        writer.abandon()
        raise
    return Manifest(names, types, {}, blocks, layout.packs, layout.places)


def _write(
    frame: pl.DataFrame, types: list[object], blocks: list[Block], writer: Writing, *, final: bool
) -> pl.DataFrame:
    """Write the blocks that are sure, and give the rows that are left."""
    table = frame.rechunk().to_arrow()
    made = cut_blocks(open_columns(table, types), frame.height, final=final)
    writer.add(table, made)
    blocks.extend(made)
    return frame.slice(sum(block.rows for block in made))


class _Weight:
    """How heavy pieces are together: measured only when what is quickly known of them is more than a limit."""

    def __init__(self) -> None:
        self._sure = 0
        self._most = 0
        self._unmeasured: list[pl.DataFrame] = []

    def add(self, piece: pl.DataFrame) -> None:
        """One piece more."""
        self._unmeasured.append(piece)
        self._most += int(piece.estimated_size())

    def over(self, limit: int) -> bool:
        """Whether the pieces have more bytes than that."""
        if self._sure + self._most <= limit:
            return False
        self._sure += sum(_size(one) for one in self._unmeasured)
        self._unmeasured, self._most = [], 0
        return self._sure > limit


def _size(frame: pl.DataFrame) -> int:
    """Bytes of the rows themselves: a slice of a text column shares its buffer with the others."""
    import polars as pl

    columns = frame.get_columns()
    texts = [one for one in columns if one.dtype in (pl.String, pl.Binary)]
    rest = sum(one.estimated_size() for one in columns if one.dtype not in (pl.String, pl.Binary))
    return int(rest) + (16 * frame.height * len(texts) + _letters(texts) if texts else 0)


def _letters(columns: list[pl.Series]) -> int:
    """The bytes of all texts, in one query: a method of a series is one of its own."""
    import polars as pl

    named = pl.DataFrame([column.alias(str(place)) for place, column in enumerate(columns)])
    binary, text = pl.selectors.binary(), pl.selectors.string()
    return int(sum(named.select(text.str.len_bytes().sum(), binary.bin.size().sum()).row(0)))
