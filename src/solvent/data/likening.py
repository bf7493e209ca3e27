"""Likening: the form in which values of different types can be compared without losing anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import EXACT_IN_FLOATS, column_named

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Form", "as_nanoseconds", "common_form", "key_form", "zones_of"]

Form = Callable[[str, Any], "pl.Expr"]
"""What makes of a column, by its name and type, the form in which it can be compared."""

_NANOSECONDS = {"ns": 1, "us": 1_000, "ms": 1_000_000}
_DAY = 86_400_000_000_000
_EXACT_IN_FLOATS = ("Int8", "Int16", "Int32", "UInt8", "UInt16", "UInt32")
_DIGITS = {"Int8": 3, "UInt8": 3, "Int16": 5, "UInt16": 5, "Int32": 10, "UInt32": 10, "Int64": 19, "UInt64": 20}


def common_form(types: Sequence[Any]) -> Form | None:
    """The form that columns of all these types can take, so that equal and less mean what they say; None if none.

    Moments and durations of several units become nanoseconds as 128-bit integers, since Polars' own common unit is the
    coarser one, which puts what came a little later at the same time; so do dates beside moments, as their first
    moment. Whole numbers beside floats are compared where each of them is a float; moments of different zones never.
    """
    import polars as pl

    kinds = [one for one in types if not isinstance(one, pl.Null)]
    if not kinds:
        return _cast(pl.Int64())
    if all(one == kinds[0] for one in kinds):
        return _cast(kinds[0]) if len(kinds) < len(types) else _as_it_is
    if all(isinstance(one, (pl.String, pl.Categorical, pl.Enum)) for one in kinds):
        return _cast(pl.String())
    if all(isinstance(one, (pl.Date, pl.Datetime)) for one in kinds):
        return as_nanoseconds if len(zones_of(kinds)) == 1 else None
    if all(isinstance(one, pl.Duration) for one in kinds):
        return as_nanoseconds
    return _numbers(kinds) if all(one.is_numeric() for one in kinds) else None


def key_form(types: Sequence[Any]) -> Form | None:
    """The form in which columns of these types are equal where their values are; None if none.

    Besides those of :func:`common_form` there is one for whole numbers beside floats, as pandas makes them of whole
    numbers with a null among them: a float that is whole is that number, and any other is equal to none, so null. So is
    one from 2^53 on, which may have been its neighbour.
    """
    import polars as pl

    found = common_form(types)
    kinds = [one for one in types if not isinstance(one, pl.Null)]
    if found is None and all((one.is_integer() and str(one) != "UInt128") or one.is_float() for one in kinds):
        return _whole
    return found


def _whole(name: str, dtype: Any) -> pl.Expr:
    import polars as pl

    column = column_named(name)
    if not dtype.is_float():
        return column.cast(pl.Int128)
    whole = (column == column.floor()) & (column.abs() < EXACT_IN_FLOATS)
    return pl.when(whole).then(column).cast(pl.Int128, strict=False)


def zones_of(types: Sequence[Any]) -> set[str | None]:
    """The time zones of these types: None stands for times without one."""
    import polars as pl

    return {getattr(one, "time_zone", None) for one in types if isinstance(one, (pl.Date, pl.Datetime))}


def _numbers(kinds: Sequence[Any]) -> Form | None:
    import polars as pl

    if all(one.is_integer() for one in kinds):
        return None if any(type(one).__name__ == "UInt128" for one in kinds) else _cast(pl.Int128())
    if any(one.is_float() for one in kinds):
        exact = all(one.is_float() or type(one).__name__ in _EXACT_IN_FLOATS for one in kinds)
        return _cast(pl.Float64()) if exact else None
    scale = max(one.scale for one in kinds if one.is_decimal())
    before = max(
        one.precision - one.scale if one.is_decimal() else _DIGITS.get(type(one).__name__, 39) for one in kinds
    )
    return _cast(pl.Decimal(scale + before, scale)) if scale + before <= 38 else None


def _as_it_is(name: str, _dtype: Any) -> pl.Expr:
    return column_named(name)


def _cast(wanted: Any) -> Form:
    return lambda name, dtype: column_named(name) if dtype == wanted else column_named(name).cast(wanted)


def as_nanoseconds(name: str, dtype: Any) -> pl.Expr:
    """Dates (as their first moment), moments, times of day and durations as nanoseconds, without ever overflowing."""
    import polars as pl

    column = column_named(name)
    if isinstance(dtype, pl.Null):
        return column.cast(pl.Int128)
    unit = _DAY if isinstance(dtype, pl.Date) else _NANOSECONDS[getattr(dtype, "time_unit", "ns")]
    return column.to_physical().cast(pl.Int128) * pl.lit(unit, pl.Int128)
