"""Casting columns to the types that are asked for, without loss: a value that does not fit is named, never bent."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import EXACT_IN_FLOATS

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Misfit", "cast_column", "cast_frame", "exact_up_to"]

_ISO = r"^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?$"
_ZONE = r"(?:Z|:\d\d[+-]\d\d:?\d\d|\.\d+[+-]\d\d:?\d\d)$"
_DIGITS = {"ms": 3, "us": 6, "ns": 9}
_YES = ("true", "t", "yes", "y", "1")
_NO = ("false", "f", "no", "n", "0")


@dataclass
class Misfit(Exception):
    """A value that the type cannot hold: its row (from 0) in the piece, and why."""

    row: int
    column: str
    value: Any
    wanted: Any
    hint: str = ""

    def __str__(self) -> str:
        shown = repr(self.value.to_list() if hasattr(self.value, "to_list") else self.value)
        shown = shown if len(shown) <= 60 else shown[:57] + "…"
        return f"column {self.column!r}: {shown} is no {self.wanted}{self.hint}"


def cast_frame(
    frame: pl.DataFrame, wanted: Mapping[str, Any], formats: Mapping[str, str], exact: Collection[str] = ()
) -> pl.DataFrame:
    """The columns of ``wanted``, in this order and with these types; those of ``exact`` without rounding any fraction.

    Raises :class:`Misfit`.
    """
    import polars as pl

    have = set(frame.columns)
    # A dict, since a list of series would give a nameless column a name.
    made = {
        name: cast_column(frame.get_column(name), dtype, formats.get(name), rounding=name not in exact)
        if name in have
        else pl.Series(name, [None], dtype=dtype).new_from_index(0, frame.height)
        for name, dtype in wanted.items()
    }
    return pl.DataFrame(made)


def cast_column(column: pl.Series, dtype: Any, written: str | None = None, rounding: bool = True) -> pl.Series:
    """A column as another type. ``written`` is how its texts write a date or time. Raises :class:`Misfit`.

    A fraction may become one of fewer places, unless ``rounding`` is false.
    """
    import polars as pl

    if column.dtype == dtype:
        return column
    if column.dtype == pl.Null:
        return column.cast(dtype)
    # Methods of a series go by its name, and one such as ``^a.*$`` would be taken for a pattern.
    name, column, hint = column.name, column.alias("v"), ""
    if column.dtype == pl.String:
        made = _from_text(column, dtype, written)
        if isinstance(dtype, (pl.Date, pl.Datetime, pl.Time)) and written is None:
            hint = f". If it is written in another way, say how: formats: {{{name}: '%d.%m.%Y'}}"
    else:
        made = _converted(column, dtype, rounding)
    lost = made.is_null() & column.is_not_null()
    if lost.any():
        row = int(lost.arg_max() or 0)
        raise Misfit(row, name, column[row], dtype, hint)
    return made.alias(name)


def _from_text(column: pl.Series, dtype: Any, written: str | None) -> pl.Series:
    """The texts as this type; null where one is not of it."""
    import polars as pl

    if isinstance(dtype, pl.Boolean):
        word = column.str.to_lowercase()
        known = word.is_in(_YES + _NO)
        return word.is_in(_YES).set(~known.fill_null(False), None)
    if isinstance(dtype, pl.Date):
        return column.str.to_date(written or "%Y-%m-%d", strict=False)
    if isinstance(dtype, pl.Time):
        return column.str.to_time(written, strict=False)
    if isinstance(dtype, pl.Datetime):
        return _times(column, dtype, written)
    if isinstance(dtype, pl.Duration):
        return column.cast(pl.Int64, strict=False).cast(dtype)
    if isinstance(dtype, pl.Binary):
        return column.cast(dtype)
    if isinstance(dtype, pl.Decimal):
        finer = column.str.contains(rf"\.[0-9]{{{dtype.scale or 0}}}[0-9]*[1-9]")
        return column.cast(dtype, strict=False).set(finer.fill_null(False), None)
    made = column.cast(dtype, strict=False)
    return made.set(_bent(column, made), None) if made.dtype.is_float() else made


def exact_up_to(dtype: Any) -> int:
    """The whole number up to which every one has a place of its own in a type of fractions."""
    import polars as pl

    return 2**24 if isinstance(dtype, pl.Float32) else EXACT_IN_FLOATS


def _bent(column: pl.Series, made: pl.Series) -> pl.Series:
    """Where a fraction is not the number that its text says: too large for the type, or whole and between two."""
    import polars as pl

    large = (made.abs() >= exact_up_to(made.dtype)).fill_null(False)
    if not large.any():
        return large
    endless = made.is_infinite().fill_null(False) & column.str.contains(r"[0-9]").fill_null(False)
    texts = column.set(~(large & column.str.contains(r"^[+-]?[0-9]+$").fill_null(False)), None)
    whole = made.set(texts.is_null() | made.is_infinite(), None).cast(pl.Int128, strict=False)
    return endless | (texts.is_not_null() & whole.ne_missing(texts.cast(pl.Int128, strict=False)))


def _times(column: pl.Series, dtype: Any, written: str | None) -> pl.Series:
    """Texts as times: those that say a zone as instants, others in the zone of the type."""
    import polars as pl

    unit, zone = dtype.time_unit, dtype.time_zone
    if written is not None:
        zoned = "%z" in written or "%:z" in written or "%#z" in written
        made = column.str.to_datetime(written, time_unit=unit, time_zone="UTC" if zoned else None, strict=False)
        if zoned:
            return made.dt.convert_time_zone(zone) if zone else _nothing(made, dtype)
        return made.dt.replace_time_zone(zone, ambiguous="null", non_existent="null") if zone else made
    none = pl.Series(column.name, [None], dtype=pl.String).new_from_index(0, len(column))
    finer = column.str.contains(rf"\.[0-9]{{{_DIGITS[unit]}}}[0-9]*[1-9]").fill_null(False)
    column = column.zip_with(column.str.contains(_ISO).fill_null(False) & ~finer, none)
    says = column.str.contains(_ZONE).fill_null(False)
    made = column.zip_with(~says, none).str.to_datetime(time_unit=unit, time_zone=None, strict=False)
    if zone is None:
        return made
    made = made.dt.replace_time_zone(zone, ambiguous="null", non_existent="null")
    if says.any():
        instants = column.zip_with(says, none).str.to_datetime(time_unit=unit, time_zone="UTC", strict=False)
        made = instants.dt.convert_time_zone(zone).zip_with(says, made)
    return made


def _nothing(column: pl.Series, dtype: Any) -> pl.Series:
    import polars as pl

    return pl.Series(column.name, [None], dtype=dtype).new_from_index(0, len(column))


def _converted(column: pl.Series, dtype: Any, rounding: bool) -> pl.Series:
    """The values as this type; null where one changes by that."""
    import polars as pl

    have = column.dtype
    if isinstance(dtype, pl.String):
        return _as_text(column)
    if isinstance(have, pl.Struct) and isinstance(dtype, pl.Struct):
        return _struct(column, dtype, rounding)
    if isinstance(have, (pl.List, pl.Array)) and isinstance(dtype, pl.List):
        return _list(column, dtype, rounding)
    if isinstance(dtype, pl.Datetime) and isinstance(have, (pl.Date, pl.Datetime)):
        moments = column.cast(pl.Datetime("us")) if isinstance(have, pl.Date) else column
        return _retimed(moments, dtype)
    if not _related(have, dtype):
        return _nothing(column, dtype)
    try:
        made = column.cast(dtype, strict=False)
        if isinstance(dtype, (pl.Float64, pl.Float32)) and have.is_float() and rounding:
            # a narrower fraction is asked for, and not one beyond its end
            return made.set((made.is_infinite() & ~column.is_infinite()).fill_null(False), None)
        back = made.cast(have, strict=False)
    except pl.exceptions.PolarsError:
        return _nothing(column, dtype)
    return made.set((back != column).fill_null(False) & column.is_not_null(), None)


def _related(have: Any, dtype: Any) -> bool:
    """Whether values of one type may be some of another: a moment is no number, although it is kept as one."""
    import polars as pl

    if have.is_temporal():
        day = isinstance(dtype, pl.Date) and isinstance(have, pl.Datetime) and have.time_zone is None
        return day or type(have) is type(dtype)
    if isinstance(dtype, pl.Duration):
        return bool(have.is_integer())  # so many of its unit, as in text
    return not dtype.is_temporal() and isinstance(have, pl.Boolean) == isinstance(dtype, pl.Boolean)


def _retimed(column: pl.Series, dtype: Any) -> pl.Series:
    import polars as pl

    have = column.dtype
    assert isinstance(have, pl.Datetime)
    if (have.time_zone is None) != (dtype.time_zone is None):
        if have.time_zone is not None:
            return _nothing(column, dtype)
        column = column.dt.replace_time_zone(dtype.time_zone, ambiguous="null", non_existent="null")
    elif dtype.time_zone is not None:
        column = column.dt.convert_time_zone(dtype.time_zone)
    made = column.cast(dtype, strict=False)  # null for what lies beyond the end of finer units
    back = made.cast(column.dtype, strict=False)
    return made.set((back != column).fill_null(False), None)


def _as_text(column: pl.Series) -> pl.Series:
    """Numbers, times and truth values as text; nested values as JSON; bytes only if they are text."""
    import polars as pl

    if column.dtype.is_nested():
        texts = pl.DataFrame({"v": column}).select(pl.struct("v").struct.json_encode()).to_series()
        bare = texts.str.slice(len('{"v":')).str.head(-1)
        return bare.set(column.is_null(), None).alias(column.name)
    return column.cast(pl.String, strict=False)


def _list(column: pl.Series, dtype: Any, rounding: bool) -> pl.Series:
    """Lists whose elements are cast as columns are. Raises :class:`Misfit` with the row of the list."""
    import numpy as np
    import polars as pl
    import pyarrow as pa

    if isinstance(column.dtype, pl.Array):
        column = column.cast(pl.List(column.dtype.inner))
    sizes = column.list.len().fill_null(0).to_numpy()
    ends = np.concatenate(([0], np.cumsum(sizes))).astype("int64")
    inner = column.explode(empty_as_null=False, keep_nulls=False)
    try:
        made = cast_column(inner.alias(column.name), dtype.inner, rounding=rounding)
    except Misfit as error:
        raise replace(error, row=int(np.searchsorted(ends, error.row, side="right")) - 1) from None
    values = made.rename("v").to_frame().to_arrow().column(0).combine_chunks()
    missing = pa.array(column.is_null().to_numpy()) if column.null_count() else None
    lists = pa.LargeListArray.from_arrays(pa.array(ends, pa.int64()), values, mask=missing)
    found = pl.from_arrow(pa.table({"v": lists})).to_series()  # type: ignore[union-attr]
    return found.cast(dtype) if found.dtype != dtype else found


def _struct(column: pl.Series, dtype: Any, rounding: bool) -> pl.Series:
    import polars as pl

    frame = column.struct.unnest()
    wanted = {one.name: one.dtype for one in dtype.fields}
    exact = () if rounding else tuple(wanted)
    made = cast_frame(frame, wanted, {}, exact).select(pl.struct(pl.all()).alias(column.name)).to_series()
    return made.set(column.is_null(), None) if column.null_count() else made
