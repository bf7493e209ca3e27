"""Surveying a table: column by column, so that no more than one column is in memory beside it."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import Rows, conform, type_of
from solvent.data.family import kind_of
from solvent.data.frames.incoming import take
from solvent.data.profile.numbers import survey_numbers
from solvent.data.profile.record import Profile, clip, rounded
from solvent.data.profile.words import survey_lengths, survey_words

if TYPE_CHECKING:
    import polars as pl

__all__ = ["profile"]

_EPOCH = datetime.datetime(1970, 1, 1)
_TICKS = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def profile(table: Any) -> Profile:
    """The statistics of a table, in whatever frame it comes; a ``LazyFrame`` is read one column at a time."""
    import polars as pl

    kind = kind_of(type(table))
    if kind == "polars.LazyFrame":
        names = table.collect_schema().names()
        rows = int(table.select(pl.len()).collect().item())
        return Profile(rows, tuple(_column(table.select(pl.col(name)).collect().to_series()) for name in names))
    if kind == "polars.DataFrame":
        frame = table
    else:
        taken = take(table)
        frame = taken.frame if isinstance(taken, Rows) else _gathered(taken)
    return Profile(frame.height, tuple(_column(frame.get_column(name)) for name in frame.columns))


def _gathered(stream: Any) -> pl.DataFrame:
    import polars as pl

    pieces = list(stream.pieces)
    return pl.concat(pieces) if pieces else pl.DataFrame(schema=stream.schema)


def _column(column: pl.Series) -> dict[str, Any]:
    column = conform(column.to_frame()).to_series().rechunk()
    kind = _kind(column.dtype)
    found: dict[str, Any] = {
        "name": column.name, "type": _shown_type(column.dtype), "kind": kind, "nulls": column.null_count(),
    }  # fmt: skip
    present = column.drop_nulls()
    if len(present) and kind != "null":
        found.update(_SURVEYS[kind](present))
    elif kind not in ("null", "list", "struct", "binary"):
        found.update(distinct=0, distinct_exact=True)
    return found


def _kind(dtype: Any) -> str:
    import polars as pl

    if dtype.is_numeric():
        return "number"
    if dtype == pl.Duration:
        return "duration"
    if dtype.is_temporal():
        return "time"
    if isinstance(dtype, pl.Array):
        return "list"
    names = {"String": "text", "Enum": "category", "Boolean": "bool", "Null": "null", "Binary": "binary"}
    return names.get(type(dtype).__name__, type(dtype).__name__.lower())


def _shown_type(dtype: Any) -> str:
    logical = type_of(dtype)
    if isinstance(logical, str):
        return logical
    kind, *rest = logical
    if kind == "enum":
        return f"enum of {len(rest[0])}"
    if kind in ("list", "array", "struct"):
        return clip(str(dtype))
    words = ", ".join(str(one) for one in rest if one is not None)
    return f"{kind}({words})" if kind == "decimal" else f"{kind}[{words}]"


def _number(column: pl.Series) -> dict[str, Any]:
    import polars as pl

    if isinstance(column.dtype, pl.Decimal):
        found = survey_numbers(column.cast(pl.Float64))
        return {**found, "min": str(column.min()), "max": str(column.max())}
    return survey_numbers(column)


def _time(column: pl.Series) -> dict[str, Any]:
    """Times as ISO text; their standard deviation in seconds."""
    import polars as pl

    dtype = column.dtype
    ticks = _TICKS[dtype.time_unit] if isinstance(dtype, pl.Datetime) else _TICKS["ns"]
    zone = "Z" if isinstance(dtype, pl.Datetime) and dtype.time_zone else ""

    def show(value: Any) -> str:
        if dtype == pl.Date:
            return _day(int(value))
        return _moment(int(value), ticks).partition("T")[2] if dtype == pl.Time else _moment(int(value), ticks) + zone

    found = survey_numbers(column.to_physical(), show)
    if isinstance(found.get("std"), float):
        found["std"] = rounded(found["std"] * 86_400 if dtype == pl.Date else found["std"] / ticks)
    return found


def _duration(column: pl.Series) -> dict[str, Any]:
    """Durations in seconds."""
    unit = column.dtype.time_unit  # type: ignore[attr-defined]
    return survey_numbers(column.to_physical() / _TICKS[unit])


def _day(days: int) -> str:
    try:
        return (_EPOCH.date() + datetime.timedelta(days=days)).isoformat()
    except OverflowError:
        return f"{days} days from 1970"


def _moment(ticks: int, per_second: int) -> str:
    seconds, part = divmod(ticks, per_second)
    try:
        text = (_EPOCH + datetime.timedelta(seconds=seconds)).isoformat()
    except OverflowError:
        return f"{seconds} s from 1970"
    digits = len(str(per_second)) - 1
    return text + (f".{part:0{digits}d}" if part else "")


def _list(column: pl.Series) -> dict[str, Any]:
    import polars as pl

    lengths = column.arr.len() if isinstance(column.dtype, pl.Array) else column.list.len()
    return {"lengths": survey_lengths(lengths)}


def _binary(column: pl.Series) -> dict[str, Any]:
    return {"lengths": survey_lengths(column.bin.size())}


def _struct(column: pl.Series) -> dict[str, Any]:
    return {"fields": [one.name for one in column.dtype.fields]}  # type: ignore[attr-defined]


_SURVEYS: dict[str, Callable[[pl.Series], dict[str, Any]]] = {
    "number": _number,
    "time": _time,
    "duration": _duration,
    "text": survey_words,
    "category": survey_words,
    "bool": survey_words,
    "list": _list,
    "binary": _binary,
    "struct": _struct,
}
