"""Reading packs: every kind of frame from the same files, lazy ones with their predicates pushed down to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from solvent.data.canonical import Rows, dtype_of, visible_columns
from solvent.data.frames.outgoing import give, import_duckdb, wanted_kind
from solvent.data.packs.manifest import Manifest, Opened
from solvent.errors import Corrupted

if TYPE_CHECKING:
    import polars as pl

__all__ = ["read_packs"]


def read_packs(manifest: Manifest, source: Opened, wanted: Any) -> Any:
    """The table as ``wanted`` asks for it."""
    kind = wanted_kind(wanted)
    paths = [source.path(pack.blob) for pack in manifest.packs]
    visible = visible_columns(manifest.names, manifest.extra)
    if paths and kind == "polars.LazyFrame":
        frame = _scan(paths, manifest)
        return frame if len(visible) == len(manifest.names) else frame.select(visible)
    if paths and kind == "duckdb.DuckDBPyRelation":
        return _relation(paths, visible)
    if (
        paths
        and kind in ("pyarrow.dataset.Dataset", "pyarrow.RecordBatchReader")
        and len(visible) == len(manifest.names)
    ):
        import pyarrow.dataset as ds

        found = ds.dataset([str(path) for path in paths], format="parquet")
        return found if kind == "pyarrow.dataset.Dataset" else found.scanner().to_reader()
    return give(Rows(_collect(paths, manifest), manifest.extra), wanted)


def _collect(paths: list[Any], manifest: Manifest) -> pl.DataFrame:
    import polars as pl

    if not manifest.names:
        return pl.DataFrame(height=manifest.rows)
    if not paths:
        return pl.DataFrame(schema=_schema(manifest))
    frame = _scan(paths, manifest).collect()
    if frame.height != manifest.rows:
        raise Corrupted(f"a stored table has {frame.height} rows where its manifest says {manifest.rows}")
    return frame


def _scan(paths: list[Any], manifest: Manifest) -> pl.LazyFrame:
    import polars as pl

    frame = pl.scan_parquet(paths, glob=False, hive_partitioning=False)
    found, wanted = frame.collect_schema(), _schema(manifest)
    changed = {name: dtype for name, dtype in wanted.items() if found[name] != dtype}
    return frame.cast(changed) if changed else frame  # type: ignore[arg-type]


def _schema(manifest: Manifest) -> dict[str, pl.DataType]:
    return {name: dtype_of(kind) for name, kind in zip(manifest.names, manifest.types, strict=True)}


def _relation(paths: list[Any], visible: list[str]) -> Any:
    duckdb = import_duckdb()
    relation = duckdb.read_parquet([str(path) for path in paths])
    return relation.select(*(duckdb.ColumnExpression(name) for name in visible))
