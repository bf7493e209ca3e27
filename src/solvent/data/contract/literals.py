"""Types by their names, and the values of a contract as values of a column's type."""

from __future__ import annotations

import datetime
import decimal
import math
import re
from typing import TYPE_CHECKING, Any

from solvent.config import validate
from solvent.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "FAMILIES",
    "check_pattern",
    "constant",
    "dtype_of_name",
    "fits",
    "literal",
    "name_of",
    "settle_name",
    "whole",
]

FAMILIES = ("integer", "number", "enum", "list", "struct", "null", "datetime", "duration", "decimal")
"""Names that stand for many types; of ``datetime``: any unit, without a zone."""
_DIGITS = {"Int8": 3, "UInt8": 3, "Int16": 5, "UInt16": 5, "Int32": 10, "UInt32": 10, "Int64": 19, "UInt64": 20}


def settle_name(text: str) -> str:
    """The one spelling of a type's name (``int`` is ``int64``). Raises ``ValueError`` for what is no type."""
    from solvent.data.sources.files.options import dtype_named

    word = text.strip()
    if word.lower() in FAMILIES:
        return word.lower()
    if word.lower() == "float16":
        return "float16"
    try:
        return name_of(dtype_named(word, "type"))
    except InputError as error:
        hint = did_you_mean(word, FAMILIES)
        raise ValueError(f"{text!r} is not a type.{hint}" if hint else str(error).removeprefix("type: ")) from None


def name_of(dtype: Any) -> str:
    """The name of a Polars type, as a contract writes it; nested types and enums go by their family."""
    import polars as pl

    if isinstance(dtype, pl.Datetime):
        return f"datetime[{dtype.time_unit}{f', {dtype.time_zone}' if dtype.time_zone else ''}]"
    if isinstance(dtype, pl.Duration):
        return f"duration[{dtype.time_unit}]"
    if isinstance(dtype, pl.Decimal):
        return f"decimal({dtype.precision},{dtype.scale})"
    if isinstance(dtype, (pl.List, pl.Array)):
        return "list"
    names = {"Boolean": "bool", "String": "text", "Categorical": "text"}
    return names.get(type(dtype).__name__, type(dtype).__name__.lower())


def dtype_of_name(name: str) -> pl.DataType | None:
    """The type that a settled name stands for, or None for a family."""
    import polars as pl

    from solvent.data.sources.files.options import dtype_named

    if name == "float16":
        return pl.Float16()
    return None if name in FAMILIES else dtype_named(name, "type")


def fits(dtype: Any, name: str) -> bool:
    """Whether a column of this type can be read as the named one with nothing lost.

    Smaller integers and floats fit larger ones, integers fit ``float64``, enums fit ``text``, a coarser unit of time
    fits a finer one, and a column without any value fits every type.
    """
    import polars as pl

    if isinstance(dtype, pl.Null):
        return True
    if name in FAMILIES:
        families = {
            "integer": dtype.is_integer(), "number": dtype.is_numeric(), "enum": isinstance(dtype, pl.Enum),
            "list": isinstance(dtype, (pl.List, pl.Array)), "struct": isinstance(dtype, pl.Struct), "null": False,
            "datetime": isinstance(dtype, pl.Datetime) and dtype.time_zone is None,
            "duration": isinstance(dtype, pl.Duration), "decimal": isinstance(dtype, pl.Decimal),
        }  # fmt: skip
        return bool(families[name])
    wanted: Any = dtype_of_name(name)
    if dtype == wanted:
        return True
    if isinstance(wanted, pl.String):
        return isinstance(dtype, (pl.Enum, pl.Categorical))
    if isinstance(wanted, pl.Datetime) and isinstance(dtype, pl.Datetime):
        return dtype.time_zone == wanted.time_zone and _coarser(dtype.time_unit, wanted.time_unit)
    if isinstance(wanted, pl.Duration) and isinstance(dtype, pl.Duration):
        return _coarser(dtype.time_unit, wanted.time_unit)
    return _number_fits(dtype, wanted)


def _coarser(own: str, wanted: str) -> bool:
    return ("ms", "us", "ns").index(own) <= ("ms", "us", "ns").index(wanted)


def _number_fits(dtype: Any, wanted: Any) -> bool:
    import polars as pl

    if isinstance(wanted, pl.Decimal):
        room = (wanted.precision or 38) - wanted.scale
        if isinstance(dtype, pl.Decimal):
            return dtype.scale <= wanted.scale and (dtype.precision or 38) - dtype.scale <= room
        return _DIGITS.get(type(dtype).__name__, 99) <= room
    if wanted.is_integer() and dtype.is_integer():
        own, other = _bits(dtype), _bits(wanted)
        if dtype.is_signed_integer() != wanted.is_signed_integer():
            return not dtype.is_signed_integer() and own < other
        return own <= other
    if wanted.is_float():
        if dtype.is_float():
            return _bits(dtype) <= _bits(wanted)
        return bool(dtype.is_integer()) and (_bits(wanted) == 64 or _bits(dtype) * 2 <= _bits(wanted))
    return False


def _bits(dtype: Any) -> int:
    return int(re.sub(r"\D", "", type(dtype).__name__))


def literal(value: Any, dtype: Any) -> Any:
    """A bound of a contract as a Python value that compares with a column of this type.

    Times are ISO text (of a column with a zone: UTC, where none is said), durations seconds or text such as
    ``2 days``. Raises ``ValueError`` where the value is nothing of that type.
    """
    import polars as pl

    if isinstance(dtype, pl.Datetime):
        made = _read(value, datetime.datetime)
        if dtype.time_zone is None and made.tzinfo is not None:
            raise ValueError(f"{value!r} has a time zone, and the column has none")
        return made.replace(tzinfo=made.tzinfo or datetime.UTC) if dtype.time_zone else made
    if isinstance(dtype, pl.Date):
        return _read(value, datetime.date)
    if isinstance(dtype, pl.Time):
        return _read(value, datetime.time)
    if isinstance(dtype, pl.Duration):
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return datetime.timedelta(seconds=value) if number else _read(value, datetime.timedelta)
    if dtype.is_numeric():
        return _number(value, dtype)
    if isinstance(dtype, pl.Boolean) and isinstance(value, bool):
        return value
    if isinstance(dtype, (pl.String, pl.Enum, pl.Categorical)) and isinstance(value, str):
        return value
    raise ValueError(f"{value!r} is not {name_of(dtype)}")


def _number(value: Any, dtype: Any) -> Any:
    import polars as pl

    if isinstance(dtype, pl.Decimal) and isinstance(value, str):
        try:
            return decimal.Decimal(value)
        except decimal.InvalidOperation:
            raise ValueError(f"{value!r} is not {name_of(dtype)}") from None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a number")
    return decimal.Decimal(repr(value)) if isinstance(dtype, pl.Decimal) else value


def _read(value: Any, kind: type) -> Any:
    if isinstance(value, str):
        try:
            return validate(value, kind, from_file=True)
        except ValueError:
            pass
    names = {"datetime": "date and time", "timedelta": "duration"}
    raise ValueError(f"{value!r} is not a {names.get(kind.__name__, kind.__name__)}")


def constant(value: Any, dtype: Any) -> pl.Expr:
    """A value of :func:`literal` as an expression that compares with a column of this type."""
    import polars as pl

    if isinstance(dtype, pl.Datetime) and dtype.time_zone:
        return pl.lit(value.astimezone(datetime.UTC)).dt.convert_time_zone(dtype.time_zone)
    return pl.lit(value)


def check_pattern(pattern: str) -> None:
    """Raise ``ValueError`` for what is no regular expression, or one too large."""
    import polars as pl

    try:
        pl.Series([""]).str.contains(whole(pattern))
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{pattern!r} is no regular expression: {_reason(str(error))}") from None


def _reason(message: str) -> str:
    lines = message.split("\n\n")[0].splitlines()
    return next((line.removeprefix("error: ") for line in lines if line.startswith("error: ")), lines[0])


def whole(pattern: str) -> str:
    """The pattern for a whole text, not for a part of it."""
    return rf"\A(?:{pattern})\z"


def check_values(found: list[Any], kind: str, value: Any) -> bool:
    """Whether every text is among the allowed ones (``values``), or matches the pattern (``pattern``)."""
    import polars as pl

    if kind == "values":
        return set(found) <= set(value)
    return bool(pl.Series(found, dtype=pl.String).str.contains(whole(value)).all())
