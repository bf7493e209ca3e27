"""Fitting what a database gave to the types that were settled: a value that does not fit is named, never bent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from solvent.data.sources.database.dialects.session import Column
from solvent.data.sources.files.casting import Misfit, cast_column
from solvent.errors import InputError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["fit"]

_FIRST_DAY = -2_440_588  # 4713 BC: databases know no earlier day, so what lies before it is infinity, or overflowed
_LAST_DAY = 2**31 - 1
_LAST = 2**63 - 1


def fit(frame: pl.DataFrame, columns: Sequence[Column], where: str, start: int) -> pl.DataFrame:
    """The frame with these columns' types. ``start`` rows came before it. Raises :class:`InputError`."""
    import polars as pl

    made = {}
    for one in columns:
        column = frame.get_column(one.name)
        try:
            _check_times(column, one)
            made[one.name] = _cast(column, one.dtype)
        except Misfit as error:
            raise InputError(f"{where}: row {start + error.row + 1}, {error}") from error
        except pl.exceptions.PolarsError as error:
            raise InputError(f"{where}: column {one.name!r} cannot be kept as {one.dtype}: {error}") from error
    return pl.DataFrame(made)


def _cast(column: pl.Series, dtype: Any) -> pl.Series:
    import polars as pl

    if column.dtype == dtype or column.dtype == pl.Null:
        return column.cast(dtype)
    if isinstance(dtype, pl.Boolean) and column.dtype.is_integer():
        odd = ~column.is_in([0, 1]) & column.is_not_null()
        if odd.any():
            row = int(odd.arg_max() or 0)
            raise Misfit(row, column.name, column[row], dtype)
        return column.cast(dtype)
    return cast_column(column, dtype)


def _check_times(column: pl.Series, one: Column) -> None:
    """Raise :class:`Misfit` for infinity, which databases know as a date, and which no table keeps."""
    import polars as pl

    inner: Any = column.dtype
    while isinstance(inner, (pl.List, pl.Array)):
        inner = inner.inner
    if isinstance(inner, pl.Date):
        first, last = _FIRST_DAY, _LAST_DAY
    elif isinstance(inner, pl.Datetime):
        scale = {"ms": 86_400_000, "us": 86_400_000_000}.get(inner.time_unit)
        first, last = (_FIRST_DAY * scale, _LAST) if scale else (-_LAST + 1, _LAST)
    else:
        return
    flat = pl.DataFrame({"row": range(len(column)), "v": column})
    while isinstance(flat.schema["v"], (pl.List, pl.Array)):
        flat = flat.explode("v")
    number = flat.get_column("v").to_physical()
    odd = (number < first) | (number >= last)
    if odd.any():
        row = int(flat.get_column("row")[int(odd.arg_max() or 0)])
        raise Misfit(
            row, one.name, "infinity", one.dtype,
            f" (or it lies beyond what a table keeps). Leave it out in a query (nullif({one.name}, 'infinity')), or "
            f"read it as text: types: {{{one.name}: text}}",
        )  # fmt: skip
