"""Rows in whatever frame they come become one Polars frame, and columns are asked for by name with good errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from solvent.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import polars as pl

    from solvent.learn.tables.matrix import Matrix

__all__ = ["as_given", "check_columns", "features_of", "frame_from", "frame_of", "kind_of", "target_of"]


def frame_from(columns: Iterable[pl.Series]) -> pl.DataFrame:
    """Columns as a frame, by their names; a list of them would give a nameless one another name."""
    import polars as pl

    return pl.DataFrame({one.name: one for one in columns})


def kind_of(rows: Any) -> str:
    """The family that rows come in: polars, lazy, pandas, arrow, duckdb, record, records or other."""
    module = (type(rows).__module__ or "").partition(".")[0].lstrip("_")
    if module == "polars":
        return "lazy" if type(rows).__name__ == "LazyFrame" else "polars"
    if module in ("pandas", "pyarrow", "duckdb"):
        return "arrow" if module == "pyarrow" else module
    if isinstance(rows, Mapping):
        return "record"
    return "records" if isinstance(rows, (list, tuple)) else "other"


def frame_of(rows: Any) -> pl.DataFrame:
    """The rows as a Polars frame; raises :class:`InputError` for what is no table."""
    import polars as pl

    kind = kind_of(rows)
    if kind == "polars" and isinstance(rows, pl.DataFrame):
        return rows
    if kind == "lazy":
        return rows.collect()  # type: ignore[no-any-return]
    if kind == "pandas" and hasattr(rows, "columns"):
        return pl.from_pandas(rows)
    if kind == "arrow":
        made = pl.from_arrow(rows.read_all() if hasattr(rows, "read_all") else _table(rows))
        if isinstance(made, pl.DataFrame):
            return made
    if kind == "duckdb":
        return rows.pl()  # type: ignore[no-any-return]
    name = f"{type(rows).__module__}.{type(rows).__qualname__}"
    raise InputError(f"rows come as a table (Polars, pandas, Arrow or DuckDB), not as {name}")


def _table(rows: Any) -> Any:
    return rows.to_table() if hasattr(rows, "to_table") else rows


def as_given(frame: pl.DataFrame, kind: str) -> Any:
    """A frame in the family that the question came in."""
    if kind == "lazy":
        return frame.lazy()
    if kind == "pandas":
        return frame.to_pandas()
    if kind == "arrow":
        return frame.to_arrow()
    if kind == "record":
        return frame.row(0, named=True)
    return frame.to_dicts() if kind == "records" else frame


def check_columns(frame: pl.DataFrame | Matrix, asked: Iterable[str | None], what: str) -> None:
    """Raise :class:`InputError` if a column that was asked for by name is not there."""
    known = set(frame.columns)
    missing = [name for name in asked if name is not None and name not in known]
    if missing:
        hints = "".join(did_you_mean(name, frame.columns) for name in missing[:1])
        names = ", ".join(repr(name) for name in missing)
        raise InputError(f"{what}: the table has no column {names}.{hints} It has: {', '.join(frame.columns)}")


def features_of(frame: pl.DataFrame, left_out: Iterable[str | None], what: str) -> pl.DataFrame:
    """The columns to learn from: all but target, weight and what is dropped.

    Raises :class:`InputError` if one of these is not there, or none is left.
    """
    named = {name for name in left_out if name is not None}
    check_columns(frame, sorted(named), what)
    given = frame.drop(named)
    if not given.width:
        raise InputError(f"{what}: no column is left beside target, weight and drop. There were: {frame.columns}")
    return given


def target_of(frame: pl.DataFrame, target: str, what: str) -> pl.Series:
    """The target's values, which are all known and not all the same; raises :class:`InputError` otherwise."""
    check_columns(frame, [target], what)
    values = frame.get_column(target)
    if values.is_empty():
        raise InputError(f"{what}: the table has no rows")
    unknown = values.null_count()
    if values.dtype.is_float():
        unknown += int(values.is_nan().sum() or 0)
    if unknown:
        raise InputError(
            f"{what}: the target {target!r} is unknown in {unknown} of {len(values)} rows. Leave these rows out in a "
            f"step before, where one can see it."
        )
    return values


def names_of(columns: Sequence[str]) -> str:
    """Names in a sentence, the first ten of many."""
    shown = ", ".join(repr(name) for name in columns[:10])
    return shown if len(columns) <= 10 else f"{shown} and {len(columns) - 10} more"
