"""Frames coming in: each becomes canonical rows at once, or a stream of frames that is carried out once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import Rows, canonical_schema, check_names, conform, protect
from solvent.data.family import kind_of
from solvent.errors import DataError, NoFormat

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Stream", "readable", "take"]

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
    empty = conform(_frame(reader.schema.empty_table()))

    def pieces() -> Iterator[pl.DataFrame]:
        for batch in reader:
            piece = conform(_frame(pa.Table.from_batches([batch])))
            if piece.schema != empty.schema:
                piece = piece.cast(empty.schema)
            yield protect(piece)  # batches may lie in memory that the producer reuses

    return Stream(dict(empty.schema), pieces())


def _arrow(table: Any) -> Rows:
    check_names(table.column_names, "the Arrow table")
    return Rows(protect(conform(_frame(table))))


def _frame(table: Any) -> pl.DataFrame:
    """A Polars frame of an Arrow table with distinct column names."""
    import polars as pl

    if not table.num_columns:
        return pl.DataFrame(height=table.num_rows)
    columns = {}
    for field, chunked in zip(table.schema, table.columns, strict=True):
        columns[field.name] = _series(field.name, _plain(field.name, chunked), field.metadata)
    return pl.DataFrame(columns)


def _series(name: str, chunked: Any, metadata: Any) -> pl.Series:
    import polars as pl
    import pyarrow as pa

    kind = chunked.type
    if pa.types.is_dictionary(kind) and pa.types.is_large_string(kind.value_type) and kind.ordered:
        unified = chunked.unify_dictionaries()
        listed = unified.chunk(0).dictionary.to_pylist() if unified.num_chunks else _listed(metadata)
        made = pl.from_arrow(unified.cast(kind.value_type))
        return made.cast(pl.Enum(listed)).alias(name)  # type: ignore[union-attr]
    made = pl.from_arrow(pa.table({name: chunked}))
    return made.to_series()  # type: ignore[union-attr]


def _listed(metadata: Any) -> list[str]:
    """The members of an enum whose column has no chunk, as Polars notes them beside the column."""
    text = ((metadata or {}).get(b"_PL_ENUM_VALUES2") or b"").decode()
    listed = []
    while text:
        size, _, text = text.partition(";")
        raw = text.encode()
        listed.append(raw[: int(size)].decode())
        text = raw[int(size) :].decode()
    return listed


def _plain(name: str, chunked: Any) -> Any:
    """The column with an Arrow type that Polars can read. Raises :class:`DataError` where there is none."""
    import pyarrow as pa

    wanted = readable(name, chunked.type)
    if wanted == chunked.type:
        return chunked
    try:
        if pa.types.is_run_end_encoded(chunked.type):
            import pyarrow.compute as pc

            chunked = pc.call_function("run_end_decode", [chunked])
        if pa.types.is_list_view(chunked.type) or pa.types.is_large_list_view(chunked.type):
            # pyarrow's own cast gives lists with invalid offsets where a view is null.
            return pa.chunked_array([pa.array(chunk.to_pylist(), wanted) for chunk in chunked.chunks], wanted)
        return chunked.cast(wanted)
    except pa.ArrowException as error:
        raise DataError(f"column {name!r} ({chunked.type}) cannot be kept as {wanted}: {error}") from error


def readable(name: str, kind: Any, *, inside: bool = False) -> Any:
    """The Arrow type that Polars reads a column of this type as. Raises :class:`DataError` where there is none."""
    import pyarrow as pa

    known = pa.types
    if known.is_date64(kind):
        return pa.date32()
    if known.is_run_end_encoded(kind):
        return readable(name, kind.value_type)
    if known.is_dictionary(kind):
        values = readable(name, kind.value_type)
        text = known.is_string(values) or known.is_large_string(values) or known.is_string_view(values)
        if inside and text:
            return kind  # inside of lists Polars finds an enum by a note of its own, which a cast would lose
        return pa.dictionary(pa.int32(), pa.large_string(), True) if text and kind.ordered else values
    if known.is_struct(kind):
        return pa.struct([one.with_type(readable(name, one.type, inside=True)) for one in kind])
    if not inside and (known.is_list_view(kind) or known.is_large_list_view(kind)):
        return pa.large_list(readable(name, kind.value_type, inside=True))
    if known.is_list(kind) or known.is_large_list(kind):
        inner = readable(name, kind.value_type, inside=True)
        return kind if inner == kind.value_type and known.is_large_list(kind) else pa.large_list(inner)
    if isinstance(kind, pa.BaseExtensionType):
        return readable(name, kind.storage_type)
    if known.is_decimal256(kind):
        if kind.precision <= 38:
            return pa.decimal128(kind.precision, kind.scale)
        raise DataError(
            f"column {name!r} holds decimals of {kind.precision} digits; a table keeps at most 38. Cast it to "
            f"decimal128, or to text"
        )
    views = known.is_list_view(kind) or known.is_large_list_view(kind)
    if known.is_interval(kind) or known.is_union(kind) or views:
        raise DataError(f"column {name!r} has the Arrow type {kind}, which no table can keep; cast it first")
    return kind
