"""The rows that break a demand, as a Polars expression that is true for them and never null."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import EXACT_IN_FLOATS, column_named
from solvent.data.contract.literals import constant, fits, literal, name_of, whole
from solvent.data.contract.parts import Demand

if TYPE_CHECKING:
    import polars as pl

__all__ = ["breaking", "say", "type_fault", "unlike"]


def breaking(name: str, demand: Demand, dtype: Any) -> pl.Expr:
    """Which rows of a column of this type break the demand. Nulls break none but ``nulls``, NaN none but ``finite``.

    Raises ``ValueError`` where the demand makes no sense for the type.
    """
    import polars as pl

    if isinstance(dtype, pl.Null) and demand.kind != "nulls":
        return pl.lit(False)
    return _MADE[demand.kind](column_named(name), demand.value, dtype).fill_null(False)


def unlike(name: str, wanted: str, dtype: Any) -> pl.Expr | None:
    """Which rows of a pandas frame's column are nothing of the wanted type, though pandas can write that no other way.

    Floats are, that must stand for integers with some missing; so are times that must stand for dates.
    """
    import polars as pl

    column = column_named(name)
    integer = wanted == "integer" or ("int" in wanted and wanted[-1].isdigit())
    if integer and dtype == pl.Float64:
        return (~column.is_finite() | (column != column.round(0)) | (column.abs() > EXACT_IN_FLOATS)).fill_null(False)
    if wanted == "date" and isinstance(dtype, pl.Datetime) and dtype.time_zone is None:
        return (column != column.dt.truncate("1d")).fill_null(False)
    return None


def say(demand: Demand) -> str:
    """The demand in words."""
    others = f", but for {_share(demand.others)} of the rows" if demand.others else ""
    return _WORDS[demand.kind](demand.value) + others


def _span(value: Any) -> str:
    low, high = value.get("min"), value.get("max")
    if low is not None and high is not None:
        return f"{low:,} to {high:,}"
    return f"at least {low:,}" if low is not None else f"at most {high:,}"


_WORDS: dict[str, Callable[[Any], str]] = {
    "type": lambda value: f"is {value}",
    "required": lambda value: "is there",
    "nulls": lambda value: f"at most {_share(value)} nulls" if value else "no nulls",
    "finite": lambda value: "no NaN and no infinity",
    "min": lambda value: f"at least {value}",
    "max": lambda value: f"at most {value}",
    "length": lambda value: f"length {_span(value)}",
    "values": lambda value: f"one of {_few(value)}",
    "pattern": lambda value: f"matches {value}",
    "unique": lambda value: "each value occurs once",
    "sorted": lambda value: str(value),
    "rows": lambda value: f"{_span(value)} rows",
    "key": lambda value: f"{', '.join(value)} name a row",
    "together": lambda value: f"{', '.join(value)} occur once",
    "freshness": lambda value: f"the newest {value['column']} is within {value['within']}",
}


def _share(share: float) -> str:
    return f"{share:.4%}".rstrip("%").rstrip("0").rstrip(".") + " %" if share >= 1e-6 else f"{share:.2g}"


def _few(values: list[Any]) -> str:
    shown = ", ".join(repr(one) for one in values[:6])
    return f"{shown} and {len(values) - 6} more" if len(values) > 6 else shown


def _nulls(column: pl.Expr, value: Any, dtype: Any) -> pl.Expr:
    return column.is_null()


def _finite(column: pl.Expr, value: Any, dtype: Any) -> pl.Expr:
    import polars as pl

    return ~column.is_finite() if dtype.is_float() else pl.lit(False)


def _numbers(column: pl.Expr, dtype: Any) -> pl.Expr:
    """The column with NaN as null: it is neither small nor large, nor another value."""
    return column.fill_nan(None) if dtype.is_float() else column


def _min(column: pl.Expr, value: Any, dtype: Any) -> pl.Expr:
    return _numbers(_ordered(column, dtype), dtype) < constant(literal(value, dtype), dtype)


def _max(column: pl.Expr, value: Any, dtype: Any) -> pl.Expr:
    return _numbers(_ordered(column, dtype), dtype) > constant(literal(value, dtype), dtype)


def _ordered(column: pl.Expr, dtype: Any) -> pl.Expr:
    import polars as pl

    if not (dtype.is_numeric() or dtype.is_temporal()) or isinstance(dtype, pl.Boolean):
        raise ValueError(f"a column of the type {name_of(dtype)} has no least and greatest value")
    return column


def _length(column: pl.Expr, value: Any, dtype: Any) -> pl.Expr:
    import polars as pl

    if isinstance(dtype, (pl.String, pl.Enum, pl.Categorical)):
        length = column.cast(pl.String).str.len_chars()
    elif isinstance(dtype, pl.List):
        length = column.list.len()
    elif isinstance(dtype, pl.Array):
        length = pl.when(column.is_not_null()).then(pl.lit(dtype.size))
    elif isinstance(dtype, pl.Binary):
        length = column.bin.size()
    else:
        raise ValueError(f"a column of the type {name_of(dtype)} has no length")
    broken = pl.lit(False)
    if "min" in value:
        broken = broken | (length < value["min"])
    return broken | (length > value["max"]) if "max" in value else broken


def _values(column: pl.Expr, value: Any, dtype: Any) -> pl.Expr:
    import polars as pl

    if isinstance(dtype, (pl.Enum, pl.Categorical)):
        column, dtype = column.cast(pl.String), pl.String()
    made = [literal(one, dtype) for one in value]
    if dtype.is_integer():
        low, high = _limits(dtype)
        made = [one for one in made if low <= one <= high and one == int(one)]
        made = [int(one) for one in made]
    if isinstance(dtype, pl.Datetime) and dtype.time_zone:
        allowed = pl.Series(made, dtype=pl.Datetime(dtype.time_unit, "UTC")).dt.convert_time_zone(dtype.time_zone)
    else:
        allowed = pl.Series(made, dtype=dtype)
    return ~_numbers(column, dtype).is_in(allowed.implode())


def _limits(dtype: Any) -> tuple[int, int]:
    bits = int("".join(sign for sign in type(dtype).__name__ if sign.isdigit()))
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if dtype.is_signed_integer() else (0, 2**bits - 1)


def _pattern(column: pl.Expr, value: Any, dtype: Any) -> pl.Expr:
    import polars as pl

    if not isinstance(dtype, (pl.String, pl.Enum, pl.Categorical)):
        raise ValueError(f"a pattern is of text, and the column is {name_of(dtype)}")
    return ~column.cast(pl.String).str.contains(whole(value))


_MADE: dict[str, Callable[[pl.Expr, Any, Any], pl.Expr]] = {
    "nulls": _nulls, "finite": _finite, "min": _min, "max": _max, "length": _length, "values": _values,
    "pattern": _pattern,
}  # fmt: skip


def type_fault(dtype: Any, wanted: str) -> str:
    """What is wrong with a column's type, or nothing."""
    return "" if fits(dtype, wanted) else f"the column is {name_of(dtype)}"
