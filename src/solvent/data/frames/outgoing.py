"""Frames going out: canonical rows as the kind of frame that somebody asks for, the same however they were kept."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import EXACT_IN_FLOATS, Rows, columns_named, visible_columns
from solvent.data.family import KINDS, asked_kind
from solvent.errors import InputError, MissingExtra

if TYPE_CHECKING:
    import polars as pl

__all__ = ["give", "import_duckdb", "wanted_kind"]


def wanted_kind(wanted: Any) -> str:
    """The kind of frame that ``wanted`` asks for. Raises :class:`InputError` if it asks for something else."""
    kind = asked_kind(wanted)
    if kind is None:
        name = getattr(wanted, "__qualname__", None) or str(wanted)
        raise InputError(f"a table cannot be read as {name}; ask for one of {', '.join(KINDS)}")
    return kind


def give(rows: Rows, wanted: Any) -> Any:
    """The frame that ``wanted`` (an annotation) asks for; nothing that its owner does to it changes ``rows``."""
    kind = wanted_kind(wanted)
    if kind == "pandas.DataFrame":
        return _pandas(rows)
    frame = rows.frame.clone()
    if rows.extra:
        frame = frame.select(columns_named(visible_columns(frame.columns, rows.extra)))
    if kind == "polars.DataFrame":
        return frame
    if kind == "polars.LazyFrame":
        return frame.lazy()
    table = frame.to_arrow()
    if kind == "pyarrow.Table":
        return table
    if kind == "pyarrow.RecordBatch":
        return table.combine_chunks().to_batches()[0] if frame.height else _empty_batch(table)
    if kind == "pyarrow.RecordBatchReader":
        return table.to_reader()
    if kind == "pyarrow.dataset.Dataset":
        import pyarrow.dataset as ds

        return ds.dataset(table)
    return import_duckdb().from_arrow(table)


def import_duckdb() -> Any:
    """The package ``duckdb``. Raises :class:`MissingExtra` where it is not installed."""
    try:
        import duckdb
    except ImportError:
        raise MissingExtra("a DuckDB relation needs duckdb: pip install 'solvent[duckdb]'") from None
    return duckdb


def _empty_batch(table: Any) -> Any:
    import pyarrow as pa

    return pa.RecordBatch.from_arrays([pa.array([], type=one.type) for one in table.schema], schema=table.schema)


def _pandas(rows: Rows) -> Any:
    """As ``pandas.read_parquet`` would give it: NumPy columns, missing integers as floats where that is exact."""
    try:
        import pandas as pd
    except ImportError:
        raise MissingExtra("a pandas frame needs pandas: pip install 'solvent[pandas]'") from None

    frame, extra = rows.frame, rows.extra
    made = frame.to_arrow().to_pandas(ignore_metadata=True) if frame.width else pd.DataFrame(index=range(frame.height))
    for name in _beyond_floats(frame):
        made[name] = pd.array(frame.get_column(name).to_list(), dtype=str(frame.schema[name]))
    for name in extra.get("unordered", ()):
        made[name] = made[name].cat.as_unordered()
    for name, one in extra.get("categories", {}).items():
        made[name] = pd.Categorical(made[name], categories=one["values"], ordered=one["ordered"])
    levels = [one["column"] for one in extra.get("index", ())]
    if levels:
        made = made.set_index(levels)
    made.attrs = copy.deepcopy(dict(extra.get("attrs", {})))
    if "index" in extra:
        made.index.names = [one["name"] for one in extra["index"]]
    return made


def _beyond_floats(frame: pl.DataFrame) -> list[str]:
    """Integer columns with nulls whose values a float cannot hold exactly: these keep pandas' nullable integers."""
    found = []
    for name, dtype in frame.schema.items():
        if dtype.is_integer() and frame.get_column(name).null_count():
            column = frame.get_column(name)
            least: Any = column.min()
            most: Any = column.max()
            if most is not None and (int(most) > EXACT_IN_FLOATS or int(least) < -EXACT_IN_FLOATS):
                found.append(name)
    return found
