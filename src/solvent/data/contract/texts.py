"""Text that stands for numbers, dates and times: what the column would be, and which values are nothing of the kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from solvent.data.canonical import column_named
from solvent.data.contract.literals import dtype_of_name
from solvent.data.contract.record import Contract

if TYPE_CHECKING:
    import polars as pl

__all__ = ["read_texts", "reading", "unread"]

_MOMENTS = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M")
_FAMILIES = {"number": "float64", "integer": "int64", "datetime": "datetime[us]"}


def read_texts(frame: pl.LazyFrame, contract: Contract) -> pl.LazyFrame:
    """A table of a file that has no types of its own, such as CSV, with the types that the contract says.

    A column of text becomes the wanted type if every value of it can be read as such; others stay text, so that the
    check names the values that cannot. The text columns in question are gone through once.
    """

    wanted: dict[str, pl.Expr] = {}
    odd: dict[str, pl.Expr] = {}
    for name, dtype in frame.collect_schema().items():
        column = contract.column(name)
        demand = column.demand("type") if column else None
        made = reading(name, demand.value, dtype) if demand else None
        if made is not None:
            wanted[name] = made
            odd[name] = (column_named(name).is_not_null() & made.is_null()).any()
    if not wanted:
        return frame
    found = frame.select(**odd).collect(engine="streaming").row(0, named=True)
    return frame.with_columns(**{name: made for name, made in wanted.items() if not found[name]})


def unread(name: str, wanted: str, dtype: Any) -> pl.Expr | None:
    """Which rows hold text that cannot be read as the type that the contract wants; None where that is no question."""

    made = reading(name, wanted, dtype)
    return None if made is None else column_named(name).is_not_null() & made.is_null()


def reading(name: str, wanted: str, dtype: Any) -> pl.Expr | None:
    """A column of text read as the named type, null where a value is nothing of the kind; None for other columns."""
    import polars as pl

    target = dtype_of_name(_FAMILIES.get(wanted, wanted))
    if target is None or not isinstance(dtype, pl.String):
        return None
    column = column_named(name)
    if isinstance(target, pl.Boolean):
        word = column.str.to_lowercase()
        return pl.when(word == "true").then(True).when(word == "false").then(False)
    if isinstance(target, pl.Date):
        return column.str.to_date("%Y-%m-%d", strict=False)
    if isinstance(target, pl.Datetime):
        return _moments(column, target)
    return column.cast(target, strict=False) if target.is_numeric() else None


def _moments(column: pl.Expr, target: pl.Datetime) -> pl.Expr:
    import polars as pl

    days = column.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime(target.time_unit))
    plain = [column.str.to_datetime(one, time_unit=target.time_unit, strict=False) for one in _MOMENTS]
    if target.time_zone is None:
        return pl.coalesce(*plain, days)
    zoned = column.str.replace("[zZ]$", "+00:00")
    read = [zoned.str.to_datetime(f"{one}%z", time_unit=target.time_unit, strict=False) for one in _MOMENTS]
    return pl.coalesce(*read, *(one.dt.replace_time_zone("UTC") for one in plain)).dt.convert_time_zone(
        target.time_zone
    )
