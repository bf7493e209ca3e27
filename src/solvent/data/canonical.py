"""The canonical form of a table: a Polars frame of canonical types over memory that nobody else can write to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from solvent.errors import DataError

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "EXACT_IN_FLOATS", "Rows", "canonical_schema", "check_names", "column_named", "columns_named", "conform",
    "dtype_of", "protect", "type_of", "visible_columns",
]  # fmt: skip

EXACT_IN_FLOATS = 2**53
"""The whole number up to which a fraction of 64 bits has a place of its own for every one."""

_SIMPLE = {
    "Boolean": "bool", "Int8": "int8", "Int16": "int16", "Int32": "int32", "Int64": "int64", "UInt8": "uint8",
    "UInt16": "uint16", "UInt32": "uint32", "UInt64": "uint64", "Float16": "float16", "Float32": "float32",
    "Float64": "float64", "String": "text", "Binary": "binary", "Date": "date", "Time": "time", "Null": "null",
}  # fmt: skip
_NAMES = {name: polars for polars, name in _SIMPLE.items()}


@dataclass(frozen=True, slots=True)
class Rows:
    """A table in canonical form. ``extra`` is what pandas knows besides: index, attrs, categories (plain JSON)."""

    frame: pl.DataFrame
    extra: Mapping[str, Any] = field(default_factory=dict)


def type_of(dtype: Any) -> Any:
    """The logical type of a canonical Polars type, as plain JSON: ``"int64"``, ``["list", "text"]``, …"""
    import polars as pl

    name = _SIMPLE.get(type(dtype).__name__)
    if name is not None:
        return name
    if isinstance(dtype, pl.Datetime):
        return ["datetime", dtype.time_unit, dtype.time_zone]
    if isinstance(dtype, pl.Duration):
        return ["duration", dtype.time_unit]
    if isinstance(dtype, pl.Decimal):
        return ["decimal", dtype.precision, dtype.scale]
    if isinstance(dtype, pl.Enum):
        return ["enum", dtype.categories.to_list()]
    if isinstance(dtype, pl.List):
        return ["list", type_of(dtype.inner)]
    if isinstance(dtype, pl.Array):
        return ["array", type_of(dtype.inner), dtype.size]
    if isinstance(dtype, pl.Struct):
        return ["struct", [[one.name, type_of(one.dtype)] for one in dtype.fields]]
    raise TypeError(f"{dtype} is not a canonical type")


def dtype_of(logical: Any) -> pl.DataType:
    """The Polars type of a logical type: the inverse of :func:`type_of`."""
    import polars as pl

    if isinstance(logical, str):
        return getattr(pl, _NAMES[logical])()  # type: ignore[no-any-return]
    kind, *rest = logical
    if kind == "datetime":
        return pl.Datetime(rest[0], rest[1])
    if kind == "duration":
        return pl.Duration(rest[0])
    if kind == "decimal":
        return pl.Decimal(rest[0], rest[1])
    if kind == "enum":
        return pl.Enum(rest[0])
    if kind == "list":
        return pl.List(dtype_of(rest[0]))
    if kind == "array":
        return pl.Array(dtype_of(rest[0]), rest[1])
    if kind == "struct":
        return pl.Struct([pl.Field(name, dtype_of(inner)) for name, inner in rest[0]])
    raise ValueError(f"unknown logical type {kind!r}")


def canonical_schema(schema: Mapping[str, Any]) -> dict[str, pl.DataType]:
    """The canonical types of these columns. Raises :class:`DataError` for a type that no table can keep.

    Dictionary encoding is dropped (a categorical is text), 128-bit integers become decimals of 38 digits, maps
    become lists of their pairs.
    """
    return {name: _canonical(dtype, name) for name, dtype in schema.items()}


def _canonical(dtype: Any, column: str) -> pl.DataType:
    import polars as pl

    if type(dtype).__name__ in _SIMPLE or isinstance(dtype, (pl.Datetime, pl.Duration, pl.Decimal, pl.Enum)):
        return dtype  # type: ignore[no-any-return]
    if isinstance(dtype, pl.Categorical):
        return pl.String()
    if type(dtype).__name__ in ("Int128", "UInt128"):
        return pl.Decimal(38, 0)
    if isinstance(dtype, pl.List):
        return pl.List(_canonical(dtype.inner, column))
    if isinstance(dtype, pl.Array):
        return pl.Array(_canonical(dtype.inner, column), dtype.size)
    if isinstance(dtype, pl.Struct):
        if not dtype.fields:
            raise DataError(f"column {column!r} holds structs without any field, which no table can keep; drop it")
        return pl.Struct([pl.Field(one.name, _canonical(one.dtype, column)) for one in dtype.fields])
    if type(dtype).__name__ == "Map":
        pair = [pl.Field("key", _canonical(dtype.key, column)), pl.Field("value", _canonical(dtype.value, column))]
        return pl.List(pl.Struct(pair))
    if type(dtype).__name__ == "Object":
        raise DataError(
            f"column {column!r} holds Python objects, which no table can keep. Turn them into text, numbers, lists or "
            f"structs first, or return them beside the table"
        )
    raise DataError(f"column {column!r} has the type {dtype}, which no table can keep; cast it first")


def conform(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with canonical types; itself, where it has them. Raises :class:`DataError` where values do not fit."""
    import polars as pl

    schema = frame.schema  # asked for once: it is made anew each time, which of 5,000 columns would take a minute
    changed = {name: dtype for name, dtype in canonical_schema(schema).items() if schema[name] != dtype}
    for name, dtype in changed.items():
        try:
            frame = frame.with_columns(frame.get_column(name).cast(dtype))
        except pl.exceptions.PolarsError as error:
            raise DataError(f"column {name!r} ({schema[name]}) cannot be kept as {dtype}: {error}") from error
    return frame


def protect(frame: pl.DataFrame) -> pl.DataFrame:
    """A copy of the frame in memory of its own: a Polars series over a NumPy array shares the array's memory."""
    import polars as pl

    half = frame.height // 2
    if half == 0:
        return pl.concat([frame, frame], rechunk=True).head(frame.height).rechunk() if frame.width else frame
    # Two pieces, since a column in one piece would be taken over as it is.
    return pl.concat([frame.slice(0, half), frame.slice(half)], rechunk=True)


def check_names(names: Iterable[Any], where: str) -> None:
    """Raise :class:`DataError` for column names that are not text, or that stand twice."""
    seen: dict[Any, int] = {}
    for name in names:
        if not isinstance(name, str):
            raise DataError(
                f"{where} has a column whose name is not text: {name!r} ({type(name).__name__}). Name the columns, as "
                f"in frame.columns = frame.columns.map(str)"
            )
        seen[name] = seen.get(name, 0) + 1
    double = [name for name, count in seen.items() if count > 1]
    if double:
        shown = ", ".join(repr(name) for name in double[:10])
        raise DataError(f"{where} has more than one column called {shown}. Rename or drop the copies")


def column_named(name: str) -> pl.Expr:
    """The column of just this name: Polars takes a name such as ``^a.*$`` for a pattern."""
    import polars as pl
    import polars.selectors as cs

    pattern = name == "*" or (name.startswith("^") and name.endswith("$"))
    return cs.by_name(name).as_expr() if pattern else pl.col(name)


def columns_named(names: Iterable[str]) -> list[pl.Expr]:
    """The columns of just these names."""
    return [column_named(name) for name in names]


def visible_columns(columns: Iterable[str], extra: Mapping[str, Any]) -> list[str]:
    """The columns that every frame shows: all but those that hold a nameless pandas index."""
    hidden = {one["column"] for one in extra.get("index", ()) if one["hidden"]}
    return [name for name in columns if name not in hidden]
