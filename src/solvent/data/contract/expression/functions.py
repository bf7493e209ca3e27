"""The functions that a rule may call: each works on the values of one row, and none reads anything else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

__all__ = ["FUNCTIONS", "Function"]


@dataclass(frozen=True, slots=True)
class Function:
    """How many values a function takes (``most`` None: any number), and the expression that it stands for.

    ``raw`` functions see NaN; all others see it as missing. ``bits`` is how many a result takes that is a whole number,
    whatever it is made of; ``alike`` functions give a whole number for whole numbers.
    """

    least: int
    most: int | None
    make: Callable[..., pl.Expr]
    raw: bool = False
    bits: int | None = None
    alike: bool = False


def _polars() -> Any:
    import polars

    return polars


def _date(x: pl.Expr) -> pl.Expr:
    """The day of a date, a time, or a text that begins with one as ISO 8601 writes it."""
    day = x.cast(_polars().String, strict=False).str.extract(r"^(\d{4}-\d{2}-\d{2})(?:$|[T ])")
    return day.str.to_date("%Y-%m-%d", strict=False)


def _one(
    make: Callable[[pl.Expr], pl.Expr], *, raw: bool = False, bits: int | None = None, alike: bool = False
) -> Function:
    return Function(1, 1, make, raw, bits, alike)


def _two(make: Callable[[pl.Expr, pl.Expr], pl.Expr]) -> Function:
    return Function(2, 2, make)


FUNCTIONS: dict[str, Function] = {
    "abs": _one(lambda x: x.abs(), alike=True),
    "ceil": _one(lambda x: x.ceil(), alike=True),
    "floor": _one(lambda x: x.floor(), alike=True),
    "sqrt": _one(lambda x: x.sqrt()),
    "round": Function(1, 1, lambda x: x.round(0), alike=True),
    "is_nan": _one(lambda x: x.is_nan(), raw=True),
    "is_finite": _one(lambda x: x.is_finite(), raw=True),
    "coalesce": Function(1, None, lambda *all: _polars().coalesce(*all), alike=True),
    "least": Function(2, None, lambda *all: _polars().min_horizontal(*all), alike=True),
    "greatest": Function(2, None, lambda *all: _polars().max_horizontal(*all), alike=True),
    "if": Function(3, 3, lambda test, yes, no: _polars().when(test).then(yes).otherwise(no), alike=True),
    "length": _one(lambda x: x.str.len_chars(), bits=33),
    "lower": _one(lambda x: x.str.to_lowercase()),
    "upper": _one(lambda x: x.str.to_uppercase()),
    "trim": _one(lambda x: x.str.strip_chars()),
    "starts_with": _two(lambda x, part: x.str.starts_with(part)),
    "ends_with": _two(lambda x, part: x.str.ends_with(part)),
    "contains": _two(lambda x, part: x.str.contains(part, literal=True)),
    "number": _one(lambda x: x.cast(_polars().Float64, strict=False)),
    "text": _one(lambda x: x.cast(_polars().String, strict=False)),
    "date": _one(lambda x: _date(x)),
    "year": _one(lambda x: x.dt.year(), bits=33),
    "month": _one(lambda x: x.dt.month(), bits=8),
    "day": _one(lambda x: x.dt.day(), bits=8),
    "weekday": _one(lambda x: x.dt.weekday(), bits=8),
    "hour": _one(lambda x: x.dt.hour(), bits=8),
    "minute": _one(lambda x: x.dt.minute(), bits=8),
    "second": _one(lambda x: x.dt.second(), bits=8),
    "count": _one(lambda x: x.list.len(), bits=33),
}
"""Each function by its name; ``now()`` besides, which is the moment that the check is given."""
