"""The columns that a predictor asks for: their types, whether they may be missing, and how a request becomes rows."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from solvent.errors import DataError, InputError, Problem, did_you_mean
from solvent.learn.tables.moments import EXAMPLES, read_date, read_moment, read_time
from solvent.learn.tables.rows import frame_from

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "Column",
    "Prepared",
    "column_from",
    "compare_names",
    "describe_columns",
    "fit_frame",
    "plain_value",
    "read_records",
    "read_values",
    "told_once",
    "unseen",
    "value_of",
]

_FIRST = 20  # how many faulty values, or odd names, are told of before the rest is only counted
_KINDS = 1_000  # how many texts of a column may be kinds of something
_COMPARED = 200  # how many names too many are looked at for one that was meant


@dataclass(frozen=True)
class Column:
    """One column of a request.

    ``kind`` is ``bool``, ``int``, ``float``, ``text``, ``date``, ``time`` (of the day), ``datetime`` or
    ``datetime UTC`` (or another zone). ``low`` and ``high`` are what training saw; ``values`` the most frequent
    texts, and ``known`` all of them where they are kinds of something: at most 1,000, each seen twice on average.
    ``example`` is a value that JSON can carry.
    """

    name: str
    kind: str
    nullable: bool
    example: bool | int | float | str | None = None
    low: int | float | str | None = None
    high: int | float | str | None = None
    values: tuple[str, ...] = ()
    known: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prepared:
    """Rows that fit the columns, and what was noticed while making them fit."""

    frame: pl.DataFrame
    warnings: tuple[str, ...] = ()


def describe_columns(frame: pl.DataFrame) -> tuple[Column, ...]:
    """What a request must look like to be like these rows."""
    return tuple(_describe(frame.get_column(name)) for name in frame.columns)


def _describe(values: pl.Series) -> Column:
    kind = _kind(values.dtype)
    if kind is None:
        raise DataError(
            f"the column {values.name!r} is of type {values.dtype}, which a request cannot carry. Make numbers, text "
            f"or times of it in a step before, or name it under drop: [{values.name}]"
        )
    known = values.drop_nulls()
    if kind == "float":
        known = known.filter(known.is_finite())
    nullable = len(known) < len(values)
    if known.is_empty():
        return Column(values.name, kind, True)
    low = high = None
    top: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    if kind == "text":
        counts = known.cast(_text()).value_counts(sort=False).sort(["count", values.name], descending=[True, False])
        top = tuple(str(one)[:100] for one in counts.get_column(values.name).head(20))
        example: Any = top[0]
        if len(counts) <= _KINDS and 2 * len(counts) <= len(known):
            every = sorted(counts.get_column(values.name).to_list())
            kinds = tuple(every) if all(len(one) <= 100 for one in every) else ()
    else:
        example = plain_value(known.sort()[len(known) // 2])
        if kind != "bool":
            low, high = plain_value(known.min()), plain_value(known.max())
    return Column(values.name, kind, nullable, example, low, high, top, kinds)


def _text() -> Any:
    import polars as pl

    return pl.String


def _kind(dtype: pl.DataType) -> str | None:
    import polars as pl

    if dtype == pl.Boolean:
        return "bool"
    if dtype.is_integer():
        return "int"
    if dtype.is_float() or dtype.is_decimal():
        return "float"
    if isinstance(dtype, pl.Datetime):
        return f"datetime {dtype.time_zone}" if dtype.time_zone else "datetime"
    if dtype in (pl.Date, pl.Time):
        return "date" if dtype == pl.Date else "time"
    if dtype == pl.Null:
        return "float"
    return "text" if dtype == pl.String or isinstance(dtype, (pl.Categorical, pl.Enum)) else None


def _dtype(kind: str) -> Any:
    import polars as pl

    if kind.startswith("datetime"):
        return pl.Datetime("us", kind[9:] or None)
    plain = {"bool": pl.Boolean, "int": pl.Int64, "float": pl.Float64, "text": pl.String, "date": pl.Date}
    return plain.get(kind, pl.Time)


def plain_value(value: Any) -> Any:
    """A value that JSON can carry; what is not finite becomes null."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, (dt.date, dt.time, dt.datetime)):
        return value.isoformat()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    number = float(value)
    return number if math.isfinite(number) else None


def fit_frame(frame: pl.DataFrame, columns: Sequence[Column]) -> Prepared:
    """A frame with exactly these columns in this order and type; raises :class:`InputError` for what cannot fit.

    A value that is missing where training saw none is a warning here, since the transform may well cope; a
    request with one is refused (:func:`read_records`).
    """
    import polars as pl

    warnings = list(compare_names(frame.columns, columns))
    made: list[pl.Series] = []
    problems: list[Problem] = []
    for column in columns:
        if column.name not in frame.columns:
            made.append(pl.Series(column.name, [None] * frame.height, _dtype(column.kind)))
            continue
        values = frame.get_column(column.name)
        try:
            made.append(_cast(values, column))
            if not column.nullable and made[-1].null_count():
                warnings.append(f"{column.name}: {made[-1].null_count()} are missing, and training saw none missing")
            if column.known:
                warnings += unseen(made[-1].unique().to_list(), column)
        except InputError as error:  # text that is no time, by row
            problems += error.problems
        except (ValueError, pl.exceptions.PolarsError) as error:
            found = _kind(values.dtype) or str(values.dtype)
            reason = str(error) if type(error) is ValueError else f"expected {column.kind}, got {found}"
            problems.append(Problem(column.name, reason))
    _raise(problems)
    return Prepared(frame_from(made), tuple(warnings))


def _cast(values: pl.Series, column: Column) -> pl.Series:
    import polars as pl

    found, wanted = _kind(values.dtype), column.kind
    if values.dtype == pl.Null:
        made = values.cast(_dtype(wanted))
    elif found == wanted:
        made = values.cast(pl.String) if wanted == "text" else values.cast(_dtype(wanted), strict=True)
    elif (found, wanted) == ("int", "float"):
        made = values.cast(pl.Float64)
    elif (found, wanted) == ("float", "int"):
        made = values.fill_nan(None).cast(pl.Int64, strict=True)
        if not (made.cast(pl.Float64) == values.fill_nan(None)).all():
            raise ValueError("expected whole numbers, got fractions")
    elif found == "text" and wanted.startswith(("date", "time")):
        texts = {column.name: values.cast(pl.String).to_list()}
        made = read_values(texts, len(values), [replace(column, nullable=True)]).frame.to_series()
    elif found == "datetime" and wanted == "date":  # pandas has no dates
        made = values.dt.date()
        if not (made.cast(pl.Datetime("us")) == values).all():
            raise ValueError("expected dates, got times of the day with them")
    elif (found, wanted) == ("date", "datetime"):
        made = values.cast(_dtype(wanted))
    elif found is not None and found.startswith("datetime ") and wanted.startswith("datetime "):
        made = values.dt.convert_time_zone(wanted[9:]).cast(_dtype(wanted))
    else:
        raise ValueError(f"expected {wanted}, got {found or values.dtype}")
    if wanted == "float":
        made = made.fill_nan(None)
    return made


def read_records(records: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> Prepared:
    """Rows as they come in a request: values as JSON has them, times as ISO text.

    Raises :class:`InputError` whose ``problems`` name each row, column and reason.
    """
    problems: list[Problem] = []
    warnings: list[str] = []
    for place, record in enumerate(records):
        if not isinstance(record, Mapping):
            problems.append(Problem(f"row {place}", f"expected an object with named values, got {_json_kind(record)}"))
        elif place == 0 or not isinstance(records[place - 1], Mapping) or record.keys() != records[place - 1].keys():
            try:
                warnings += compare_names(list(record), columns)
            except InputError as error:
                problems += [Problem(f"row {place}, {one.where}", one.what) for one in error.problems]
        if len(problems) > _FIRST:
            break
    _raise(problems)
    values = {column.name: [record.get(column.name) for record in records] for column in columns}
    made = read_values(values, len(records), columns)
    return Prepared(made.frame, told_once([*warnings, *made.warnings]))


def read_values(values: Mapping[str, Sequence[Any]], rows: int, columns: Sequence[Column]) -> Prepared:
    """Columns of values as they come in a request, each with ``rows`` of them; raises as :func:`read_records`."""
    import polars as pl

    warnings = compare_names(list(values), columns)
    problems: list[Problem] = []
    made: list[pl.Series] = []
    for column in columns:
        given = values.get(column.name, [None] * rows)
        fit: list[Any] = []
        for place, value in enumerate(given):
            try:
                fit.append(value_of(value, column))
            except ValueError as error:
                problems.append(Problem(f"row {place}, {column.name}", str(error)))
                if len(problems) > _FIRST:
                    _raise(problems)
        if not problems:
            made.append(pl.Series(column.name, fit, _dtype(column.kind)))
    _raise(problems)
    odd = [said for column in columns for said in unseen(values.get(column.name, ()), column)]
    return Prepared(frame_from(made), (*warnings, *odd))


def column_from(told: Mapping[str, Any]) -> Column:
    """A column as a record has it, whose lists are tuples here."""
    fields: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in told.items()}
    return Column(**fields)


def unseen(texts: Iterable[str | None], column: Column) -> list[str]:
    """Warnings about kinds that training never saw, the first five of them; none where texts are no kinds."""
    if not column.known:
        return []
    new = sorted({one for one in texts if one is not None}.difference(column.known))
    said = [f"{column.name}: {one[:100]!r} was not seen in training" for one in new[:5]]
    return [*said, *([f"{column.name}: {len(new) - 5} more were not seen in training"] if len(new) > 5 else [])]


def compare_names(names: Sequence[str], columns: Sequence[Column]) -> tuple[str, ...]:
    """Warnings about columns too many or too few; raises :class:`InputError` where a needed one is missing."""
    known, given = {column.name for column in columns}, set(names)
    extra = [name for name in names if name not in known]
    absent = [column for column in columns if column.name not in given]
    needed = [column.name for column in absent if not column.nullable]
    if needed:
        meant = [name for name in extra[:_COMPARED] if len(name) <= 200]
        hints = [did_you_mean(name, meant).replace("Did you mean", "Is it") for name in needed[:_FIRST]]
        hints += [""] * (len(needed) - len(hints))
        _raise([Problem(name, f"this column is missing.{hint}") for name, hint in zip(needed, hints, strict=True)])
    said = [f"{name[:200]} is not used" for name in extra[:_FIRST]]
    if len(extra) > _FIRST:
        said.append(f"{len(extra) - _FIRST} more columns are not used")
    return tuple(said + [f"{column.name} is missing, taken as null" for column in absent])


def told_once(warnings: Sequence[str]) -> tuple[str, ...]:
    """Each warning once, the first hundred of many."""
    once = list(dict.fromkeys(warnings))
    return tuple(once if len(once) <= 100 else [*once[:100], f"and {len(once) - 100} more warnings"])


def _raise(problems: Sequence[Problem]) -> None:
    if not problems:
        return
    shown = "\n".join(f"  {problem}" for problem in problems[:_FIRST])
    more = f"\n  and {len(problems) - _FIRST} more" if len(problems) > _FIRST else ""
    raise InputError(f"the rows do not fit what the predictor asks for:\n{shown}{more}", problems[:_FIRST])


def _json_kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "a boolean", int: "a whole number"}
    names[float] = "a number"
    return "null" if value is None else names.get(type(value), type(value).__name__)


def value_of(value: Any, column: Column) -> Any:
    """One value as the column has it; raises ``ValueError`` that says what was expected."""
    kind = column.kind
    if isinstance(value, float) and math.isnan(value):
        value = None
    if value is None:
        if column.nullable:
            return None
        raise ValueError(f"expected {kind}, got null, and training saw none missing")
    if kind == "float" and type(value) in (int, float):
        if math.isinf(value) if type(value) is float else abs(value) > 2**1000:
            raise ValueError("expected a finite number")
        return float(value)
    if kind == "int" and (type(value) is int or (type(value) is float and value.is_integer())):
        if not -(2**63) <= value < 2**63:
            raise ValueError("expected a whole number of at most 64 bits")
        return int(value)
    if (kind == "bool" and type(value) is bool) or (kind == "text" and type(value) is str):
        return value
    if kind.startswith(("date", "time")):
        return _moment(value, kind)
    raise ValueError(f"expected {kind}, got {_json_kind(value)}")


def _moment(value: Any, kind: str) -> Any:
    """A date, a time of the day or a moment, from text or from Python's own classes."""
    if isinstance(value, str):
        if kind in _READ:
            return _READ[kind](value)
        return read_moment(value, zoned=kind != "datetime")
    wanted: Any = {"date": dt.date, "time": dt.time}.get(kind, dt.datetime)
    if type(value) is not wanted:
        example = EXAMPLES.get(kind, EXAMPLES["datetime"])
        raise ValueError(f"expected {kind} as ISO text such as {example}, got {_json_kind(value)}")
    if not isinstance(value, dt.datetime):
        return value
    if (value.tzinfo is None) != (kind == "datetime"):
        raise ValueError(f"expected a time {'with its zone' if value.tzinfo is None else 'without a zone'}")
    try:
        return value if value.tzinfo is None else value.astimezone(dt.UTC)
    except OverflowError:
        raise ValueError("expected a time between the years 1 and 9999 in UTC") from None


_READ: Mapping[str, Any] = {"date": read_date, "time": read_time}
