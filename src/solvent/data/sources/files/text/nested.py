"""Nested values of JSON: the plain values in them, and what no type can hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import EXACT_IN_FLOATS

if TYPE_CHECKING:
    import polars as pl

__all__ = ["is_void", "leaves", "whole_beyond"]


def leaves(column: pl.Series) -> Iterator[pl.Series]:
    """The plain values that lie in a column, however deep, as columns of their own."""
    import polars as pl

    if isinstance(column.dtype, pl.Struct):
        for name in column.dtype.to_schema():
            yield from leaves(column.struct.field(name))
    elif isinstance(column.dtype, pl.List):
        yield from leaves(column.list.explode())
    else:
        yield column


def is_void(dtype: Any) -> bool:
    """Whether an object without any key lies in a type."""
    import polars as pl

    if isinstance(dtype, pl.Struct):
        return not dtype.fields or any(is_void(field.dtype) for field in dtype.fields)
    return isinstance(dtype, pl.List) and is_void(dtype.inner)


def whole_beyond(value: Any) -> bool:
    """Whether a whole number that floats do not have lies in a value."""
    if isinstance(value, dict):
        return any(map(whole_beyond, value.values()))
    if isinstance(value, list):
        return any(map(whole_beyond, value))
    return type(value) is int and abs(value) > EXACT_IN_FLOATS
