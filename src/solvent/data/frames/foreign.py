"""Arrow and Parquet files that Polars cannot read, for their types or as they are streams: pyarrow reads them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import columns_named
from solvent.data.frames.incoming import Stream, readable, take
from solvent.errors import DataError, InputError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Foreign", "open_foreign"]

_BATCH = 65_536


@dataclass(frozen=True, slots=True)
class Foreign:
    """A file as pyarrow sees it: the names of its columns, and whether Polars reads it by itself."""

    schema: Any
    native: bool
    reader: Callable[[], Any]

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return list(self.schema.names)

    def frame(self, label: str) -> tuple[pl.LazyFrame, int]:
        """The rows as a lazy frame, batch by batch, and how many there are. Raises :class:`InputError`."""
        import polars as pl
        from polars.io.plugins import register_io_source

        def pieces() -> Iterator[pl.DataFrame]:
            with _told(label), self.reader() as opened:
                stream = take(opened)
                assert isinstance(stream, Stream)
                yield from stream.pieces

        def batches(
            columns: list[str] | None, predicate: pl.Expr | None, limit: int | None, size: int | None
        ) -> Iterator[pl.DataFrame]:
            left = limit
            for piece in pieces():
                found = piece if left is None else piece.head(left)
                left = None if left is None else left - found.height
                found = found if predicate is None else found.filter(predicate)
                if columns == []:  # only how many rows there are
                    yield pl.DataFrame(height=found.height)
                else:
                    yield found if columns is None else found.select(columns_named(columns))
                if left == 0:
                    return

        with _told(label), self.reader() as opened:
            for field in self.schema:
                readable(field.name, field.type)
            stream = take(opened)
            assert isinstance(stream, Stream)
            rows = sum(piece.height for piece in stream.pieces)
        return register_io_source(batches, schema=dict(stream.schema), is_pure=True), rows


def open_foreign(path: Path, kind: str) -> Foreign | None:
    """A file of Arrow or Parquet by pyarrow; None where it is none, which Polars then says in its own words."""
    import pyarrow as pa
    import pyarrow.ipc
    import pyarrow.parquet as pq

    try:
        if kind == "parquet":
            schema = pq.read_schema(path)
            return Foreign(schema, _native(schema) and _native(_noted(schema, path)), lambda: _parquet_reader(path))
        with pa.memory_map(str(path)) as mapped:
            try:
                schema, native = pa.ipc.open_file(mapped).schema, True
            except pa.ArrowInvalid:
                mapped.seek(0)
                schema, native = pa.ipc.open_stream(mapped).schema, False
        return Foreign(schema, native and _native(schema), lambda: _ipc_reader(path, native))
    except (pa.ArrowException, OSError, ValueError):
        return None


@contextmanager
def _told(label: str) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except DataError as error:
        raise InputError(f"{label}: {error}") from None
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{label} cannot be read as arrow: {error}") from error


@contextmanager
def _parquet_reader(path: Path) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        yield pa.RecordBatchReader.from_batches(file.schema_arrow, file.iter_batches(_BATCH))


@contextmanager
def _ipc_reader(path: Path, whole: bool) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.ipc

    with pa.memory_map(str(path)) as mapped:
        if whole:
            file = pa.ipc.open_file(mapped)
            batches = (file.get_batch(number) for number in range(file.num_record_batches))
            yield pa.RecordBatchReader.from_batches(file.schema, batches)
        else:
            yield pa.ipc.open_stream(mapped)


def _noted(schema: Any, path: Path) -> Any:
    """The schema that a writer noted in a Parquet file, which Polars heeds: it may have views where there are lists."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    note = (pq.read_metadata(path).metadata or {}).get(b"ARROW:schema")
    return schema if note is None else pa.ipc.read_schema(pa.py_buffer(base64.b64decode(note)))


def _native(schema: Any) -> bool:
    return all(_known(field.type) for field in schema)


def _known(kind: Any) -> bool:
    """Whether Polars has an Arrow type, and all types inside of it; of others it panics."""
    import pyarrow as pa

    known = pa.types
    strange = (
        known.is_run_end_encoded(kind) or known.is_list_view(kind) or known.is_large_list_view(kind)
        or known.is_interval(kind) or known.is_union(kind) or known.is_decimal256(kind)
        or str(kind).startswith(("decimal32", "decimal64"))
    )  # fmt: skip
    if strange:
        return False
    if known.is_dictionary(kind):
        return _known(kind.value_type)
    return all(_known(kind.field(place).type) for place in range(kind.num_fields))
