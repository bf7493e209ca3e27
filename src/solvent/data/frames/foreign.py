"""Arrow and Parquet files that Polars cannot read, for their types or as they are streams: pyarrow reads them."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import columns_named
from solvent.data.frames.arrow_in import has_times, has_zone, readable
from solvent.data.frames.incoming import Stream, take
from solvent.data.frames.scanning import scan_pieces
from solvent.errors import DataError, InputError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Foreign", "open_foreign"]

_BATCH = 65_536
_TIME = re.compile(r"Time\(.*timeUnit=(\w+)\)")
_DAY = {"milliseconds": 86_400_000, "microseconds": 86_400_000_000, "nanoseconds": 86_400_000_000_000}


@dataclass(frozen=True, slots=True)
class Foreign:
    """A file as pyarrow sees it: its schema, and whether Polars reads it by itself; how many rows it says it has."""

    schema: Any
    native: bool
    reader: Callable[[], AbstractContextManager[Any]]
    said: int | None = None

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return list(self.schema.names)

    def frame(self, label: str) -> pl.LazyFrame:
        """The rows as a lazy frame, batch by batch. Raises :class:`InputError` for a type that no table has."""
        for field in self.schema:
            with _told(label):
                readable(field.name, field.type)

        def pieces(columns: list[str] | None) -> Iterator[pl.DataFrame]:
            with self._stream(label) as stream:
                for piece in stream.pieces:
                    yield piece if columns is None else piece.select(columns_named(columns))

        with self._stream(label) as stream:
            return scan_pieces(stream.schema, pieces)

    def rows(self, label: str) -> int:
        """How many rows there are; each is looked at. Raises :class:`InputError` for one that no table can keep."""
        with self._stream(label) as stream:
            return sum(piece.height for piece in stream.pieces)

    @contextmanager
    def _stream(self, label: str) -> Iterator[Stream]:
        with _told(label), self.reader() as opened:
            stream = take(opened)
            assert isinstance(stream, Stream)
            yield stream


def open_foreign(path: Path, kind: str) -> Foreign | None:
    """A file of Arrow or Parquet by pyarrow; None where it is none, which Polars then says in its own words."""
    import pyarrow as pa
    import pyarrow.ipc
    import pyarrow.parquet as pq

    try:
        if kind == "parquet":
            found = pq.read_metadata(path)
            schema = found.schema.to_arrow_schema()
            native = _native(schema) and _native(_noted(found, schema)) and _within_days(found, schema)
            return Foreign(schema, native, lambda: _parquet_reader(path), found.num_rows)
        with pa.memory_map(str(path)) as mapped:
            try:
                schema, whole = pa.ipc.open_file(mapped).schema, True
            except pa.ArrowInvalid:
                mapped.seek(0)
                schema, whole = pa.ipc.open_stream(mapped).schema, False
        native = whole and _native(schema) and not any(has_times(field.type) for field in schema)
        return Foreign(schema, native, lambda: _ipc_reader(path, whole))
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


def _noted(found: Any, schema: Any) -> Any:
    """The schema that a writer noted in a Parquet file, which Polars heeds: it may have views where there are lists."""
    import pyarrow as pa

    note = (found.metadata or {}).get(b"ARROW:schema")
    return schema if note is None else pa.ipc.read_schema(pa.py_buffer(base64.b64decode(note)))


def _native(schema: Any) -> bool:
    return all(_known(field.type) for field in schema)


def _within_days(found: Any, schema: Any) -> bool:
    """Whether the statistics of a Parquet file show that all its times of day are some: Polars makes others null."""
    if not any(has_times(field.type) for field in schema):
        return True
    for number in range(found.num_row_groups):
        group = found.row_group(number)
        for place in range(group.num_columns):
            unit = _TIME.match(str(found.schema.column(place).logical_type))
            if unit is None:
                continue
            ends = group.column(place).statistics
            if ends is None or not ends.has_min_max or not 0 <= ends.min_raw <= ends.max_raw < _DAY[unit[1]]:
                return False
    return True


def _known(kind: Any) -> bool:
    """Whether Polars has an Arrow type, and all types inside of it; of others it panics."""
    import pyarrow as pa

    known = pa.types
    strange = (
        known.is_run_end_encoded(kind) or known.is_list_view(kind) or known.is_large_list_view(kind)
        or known.is_interval(kind) or known.is_union(kind) or known.is_decimal256(kind)
        or str(kind).startswith(("decimal32", "decimal64")) or (known.is_timestamp(kind) and not has_zone(kind.tz))
    )  # fmt: skip
    if strange:
        return False
    if known.is_dictionary(kind):
        return _known(kind.value_type)
    return all(_known(kind.field(place).type) for place in range(kind.num_fields))
