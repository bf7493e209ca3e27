"""Reading packs: every kind of frame from the same files, lazy ones with their predicates pushed down to them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent import digest
from solvent.data.canonical import Rows, columns_named, dtype_of, visible_columns
from solvent.data.frames.outgoing import give, import_duckdb, wanted_kind
from solvent.data.packs.manifest import Manifest, Opened
from solvent.data.packs.mixing import fragments, scan_mixed
from solvent.errors import Corrupted

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Ranges", "lazy_kind", "read_packs", "rows_of"]


_LAID: dict[str, Path] = {}
"""Spare files that tables were put together in, by what they were put together of; they live as long as the process."""
_LAYING = threading.Lock()


def lazy_kind() -> type[pl.LazyFrame]:
    """The annotation that asks for a lazy frame, for who may not import Polars."""
    import polars as pl

    return pl.LazyFrame


def read_packs(manifest: Manifest, source: Opened, wanted: Any) -> Any:
    """The table as ``wanted`` asks for it."""
    kind = wanted_kind(wanted)
    if not manifest.packs:
        return give(Rows(_collect(None, manifest), manifest.extra), wanted)
    paths = [source.path(pack.blob) for pack in manifest.packs]
    frame = _scan(paths, manifest) if manifest.fresh else scan_mixed(manifest, paths)
    visible = visible_columns(manifest.names, manifest.extra)
    if kind == "polars.LazyFrame":
        return frame if len(visible) == len(manifest.names) else frame.select(columns_named(visible))
    if kind == "duckdb.DuckDBPyRelation" and manifest.fresh:
        return _relation(import_duckdb().read_parquet([str(path) for path in paths]), visible)
    if kind in ("pyarrow.dataset.Dataset", "pyarrow.RecordBatchReader", "duckdb.DuckDBPyRelation"):
        found = _dataset(manifest, paths, frame, source)
        if kind == "duckdb.DuckDBPyRelation":
            return _relation(import_duckdb().from_arrow(found), visible)
        if len(visible) == len(manifest.names):
            return found if kind == "pyarrow.dataset.Dataset" else found.scanner().to_reader()
    return give(Rows(_collect(frame, manifest), manifest.extra), wanted)


def rows_of(frame: pl.LazyFrame) -> Callable[[int, int, Sequence[str]], pl.DataFrame]:
    """What takes rows by number of a frame in memory, as :meth:`Ranges.take` does of a stored table."""

    def take(start: int, rows: int, names: Sequence[str]) -> pl.DataFrame:
        found: pl.DataFrame = frame.slice(start, rows).select(columns_named(names)).collect()
        return found

    return take


class Ranges:
    """Rows of a stored table by their numbers: of its files only what holds them is read."""

    def __init__(self, manifest: Manifest, source: Opened) -> None:
        self._manifest = manifest
        self._paths = [source.path(pack.blob) for pack in manifest.packs]

    def take(self, start: int, rows: int, names: Sequence[str] | None = None) -> pl.DataFrame:
        """So many rows from ``start`` on, of all columns or of these."""
        manifest = self._manifest
        if not self._paths:
            frame = _collect(None, manifest).lazy().slice(start, rows)
        elif manifest.fresh:
            frame = _scan(self._paths, manifest).slice(start, rows)
        else:
            frame = scan_mixed(manifest, self._paths, start, start + rows)
        found: pl.DataFrame = frame.select(columns_named(names if names is not None else manifest.names)).collect()
        return found


def _dataset(manifest: Manifest, paths: list[Any], frame: pl.LazyFrame, source: Opened) -> Any:
    """The table as an Arrow dataset; one whose columns lie in several files is put together in a spare file first."""
    import pyarrow.dataset as ds

    if manifest.fresh:
        return ds.dataset([str(path) for path in paths], format="parquet")
    found = fragments(manifest, paths)
    if found is None:
        key = digest.of_bytes("laid.1", json.dumps(manifest.to_json(), default=list).encode("utf-8", "surrogatepass"))
        with _LAYING:
            if key not in _LAID or not _LAID[key].exists():
                path = source.scratch() / "table.parquet"
                frame.sink_parquet(path)
                _LAID[key] = path
        found = ds.dataset(str(_LAID[key]), format="parquet")
    return found


def _collect(frame: pl.LazyFrame | None, manifest: Manifest) -> pl.DataFrame:
    import polars as pl

    if not manifest.names:
        return pl.DataFrame(height=manifest.rows)
    if frame is None:
        return pl.DataFrame(schema=_schema(manifest))
    found = frame.collect()
    if found.height != manifest.rows:
        raise Corrupted(f"a stored table has {found.height} rows where its manifest says {manifest.rows}")
    return found


def _scan(paths: list[Any], manifest: Manifest) -> pl.LazyFrame:
    import polars as pl

    frame = pl.scan_parquet(paths, glob=False, hive_partitioning=False)
    found, wanted = frame.collect_schema(), _schema(manifest)
    changed = {name: dtype for name, dtype in wanted.items() if found[name] != dtype}
    return frame.cast(changed) if changed else frame  # type: ignore[arg-type]


def _schema(manifest: Manifest) -> dict[str, pl.DataType]:
    return {name: dtype_of(kind) for name, kind in zip(manifest.names, manifest.types, strict=True)}


def _relation(relation: Any, visible: list[str]) -> Any:
    return relation.select(*(import_duckdb().ColumnExpression(name) for name in visible))
