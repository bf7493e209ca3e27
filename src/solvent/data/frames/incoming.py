"""Frames coming in: each becomes canonical rows at once, or a stream of frames that is carried out once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import Rows, canonical_schema, check_names, conform, protect
from solvent.data.family import kind_of
from solvent.data.frames.arrow_in import frame_of
from solvent.errors import NoFormat

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Stream", "take"]

_BATCH = 65_536


@dataclass(frozen=True, slots=True)
class Stream:
    """A table that is still to be carried out, piece by piece, in memory of its own."""

    schema: Mapping[str, pl.DataType]
    pieces: Iterator[pl.DataFrame]


def take(value: Any) -> Rows | Stream:
    """The canonical form of a frame. Raises :class:`DataError` for what no table can keep, naming the column.

    A frame in memory is copied, since its producer may still write to it; a lazy one (``LazyFrame``,
    ``RecordBatchReader``, ``Dataset``, DuckDB relation) is a stream that can be gone through once.
    """
    kind = kind_of(type(value))
    if kind == "polars.DataFrame":
        return Rows(protect(conform(value)))
    if kind == "polars.LazyFrame":
        return _lazy(value)
    if kind == "pandas.DataFrame":
        from solvent.data.frames.pandas_in import take_pandas

        return take_pandas(value)
    if kind == "pyarrow.RecordBatch":
        import pyarrow as pa

        return _arrow(pa.Table.from_batches([value]))
    if kind == "pyarrow.Table":
        return _arrow(value)
    if kind == "pyarrow.RecordBatchReader":
        return _reader(value)
    if kind == "pyarrow.dataset.Dataset":
        return _reader(value.scanner(batch_size=_BATCH).to_reader())
    if kind == "duckdb.DuckDBPyRelation":
        check_names(value.columns, "the relation")
        return _reader(value.to_arrow_reader(_BATCH))
    raise NoFormat(f"{type(value).__module__}.{type(value).__qualname__} is not a table")


def _lazy(frame: pl.LazyFrame) -> Stream:
    schema = canonical_schema(frame.collect_schema())

    def pieces() -> Iterator[pl.DataFrame]:
        for piece in frame.collect_batches(maintain_order=True, lazy=True):
            yield conform(piece)

    return Stream(schema, pieces())


def _reader(reader: Any) -> Stream:
    import pyarrow as pa

    check_names(reader.schema.names, "the Arrow stream")
    empty = conform(frame_of(reader.schema.empty_table()))

    def pieces() -> Iterator[pl.DataFrame]:
        for batch in reader:
            piece = conform(frame_of(pa.Table.from_batches([batch])))
            if piece.schema != empty.schema:
                piece = piece.cast(empty.schema)
            yield protect(piece)  # batches may lie in memory that the producer reuses

    return Stream(dict(empty.schema), pieces())


def _arrow(table: Any) -> Rows:
    check_names(table.column_names, "the Arrow table")
    return Rows(protect(conform(frame_of(table))))
