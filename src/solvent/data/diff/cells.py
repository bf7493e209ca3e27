"""Cells: in which form values of two columns are compared, also where their types are not the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import column_named
from solvent.data.likening import as_nanoseconds, common_form

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Likeness", "liken", "show_cell"]

_NUMBER = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$"


@dataclass(frozen=True, slots=True)
class Likeness:
    """One column of both sides: the exact form in which it is compared, and as floats where it is that."""

    name: str
    before: pl.Expr
    after: pl.Expr
    floats: tuple[pl.Expr, pl.Expr] | None = None


def liken(name: str, before: Any, after: Any) -> Likeness | None:
    """How a column of these Polars types is compared; None where nothing is a value of both.

    As in the identity of tables: all NaN are one NaN and are not null, and minus zero is not zero, so floats are
    compared by their bits. Moments are compared as such, whatever their zones: that the type changed is told anyway. Of
    numbers beside texts, and of whole numbers beside floats that could not hold them, the shortest texts are compared.
    """
    import polars as pl

    form = common_form([before, after])
    if form is None and all(getattr(one, "time_zone", None) is not None for one in (before, after)):
        form = as_nanoseconds
    if form is None:
        texts = [_text(name, dtype, before.is_numeric() or after.is_numeric()) for dtype in (before, after)]
        return None if texts[0] is None or texts[1] is None else Likeness(name, texts[0], texts[1])
    ours, theirs = form(name, before), form(name, after)
    made = before if before == after else pl.DataFrame(schema={name: before}).select(ours.alias("x")).schema["x"]
    if not made.is_float():
        return Likeness(name, ours, theirs)
    return Likeness(name, _bits(ours, made), _bits(theirs, made), (ours, theirs))


def _bits(values: pl.Expr, dtype: Any) -> pl.Expr:
    import polars as pl

    bits = {"Float16": pl.UInt16, "Float32": pl.UInt32, "Float64": pl.UInt64}[type(dtype).__name__]
    return values.fill_nan(pl.lit(float("nan"), dtype)).reinterpret(dtype=bits)


def _text(name: str, dtype: Any, numbers: bool) -> pl.Expr | None:
    """The shortest text of a value: ``1`` of 1.0, and of the text ``1.0`` where the other side holds numbers."""
    import polars as pl

    column = column_named(name)
    if dtype.is_nested() or isinstance(dtype, (pl.Binary, pl.Object)):
        return None
    if dtype.is_float():
        return _shortest(column.cast(pl.Float64))
    text = column.cast(pl.String)
    if dtype.is_decimal():
        return text.str.replace(r"(\.[0-9]*?)0+$", "$1").str.replace(r"\.$", "")
    if numbers and isinstance(dtype, (pl.String, pl.Enum)):
        number = text.str.contains(_NUMBER) & text.str.contains(".", literal=True)
        return pl.when(number).then(_shortest(text.cast(pl.Float64, strict=False))).otherwise(text)
    return text


def _shortest(values: pl.Expr) -> pl.Expr:
    import polars as pl

    whole = (values == values.round(0)) & (values.abs() < 2.0**63)
    return (
        pl.when(whole).then(values.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(values.cast(pl.String))
    )  # fmt: skip


def show_cell(value: Any) -> Any:
    """A value as a record can hold it: plain JSON, and not long."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if isinstance(value, Mapping):
        value = dict(value)
    if hasattr(value, "to_list"):  # what a cell of a list column is
        value = value.to_list()
    text = str(value)
    return text if len(text) <= 80 else text[:79] + "…"
