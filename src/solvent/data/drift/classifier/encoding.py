"""Two tables as one matrix for a classifier, without the columns that would tell rows apart by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solvent.data.drift.moving import moves_on
from solvent.data.drift.sides import FromRows
from solvent.data.drift.words import is_identifier

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    Values = NDArray[Any]

__all__ = ["Matrix", "encode"]

_MOST = 200


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows of both tables, missing as NaN; which columns are categories; and what was left out, with the reason."""

    names: tuple[str, ...]
    values: Values
    categories: tuple[bool, ...]
    left_out: tuple[tuple[str, str], ...]


def encode(before: pl.DataFrame, after: pl.DataFrame, features: tuple[str, ...] | None) -> Matrix:
    """Both tables as one matrix, the rows of ``before`` first; of ``features`` times and identifiers are kept too."""
    import numpy as np

    names: list[str] = []
    made: list[Values] = []
    categories: list[bool] = []
    left_out: list[tuple[str, str]] = []
    first, second = FromRows(before, before.height, features), FromRows(after, after.height, features)
    for name in first.names:
        if name not in second.names:
            left_out.append((name, "only before"))
            continue
        reason = _unfit(first, second, name, features is not None)
        if reason:
            left_out.append((name, reason))
            continue
        words = first.column(name).kind in ("text", "category")
        pair = before.get_column(name).alias("v"), after.get_column(name).alias("v")
        made.append(_codes(*pair) if words else _numbers(*pair))
        names.append(name)
        categories.append(words)
    left_out += [(name, "only after") for name in second.names if name not in first.names]
    table = np.column_stack(made) if made else np.empty((before.height + after.height, 0))
    return Matrix(tuple(names), table, tuple(categories), tuple(left_out))


def _unfit(first: FromRows, second: FromRows, name: str, asked: bool) -> str | None:
    """Why a column is no feature."""
    one, other = first.column(name), second.column(name)
    if one.kind != other.kind and {one.kind, other.kind} != {"text", "category"}:
        return f"its type changed: {one.type} → {other.type}"
    if one.kind not in ("number", "bool", "time", "duration", "text", "category"):
        return f"it is of kind {one.kind}"
    if asked:
        return None
    if one.kind == "time":
        return "a time"
    if one.kind in ("text", "category") and (is_identifier(one) or is_identifier(other)):
        return "an identifier"
    return moves_on(one, other) or moves_on(other, one)


def _numbers(before: pl.Series, after: pl.Series) -> Values:
    import numpy as np
    import polars as pl

    parts = []
    for series in (before, after):
        plain = series.to_physical() if series.dtype.is_temporal() else series
        parts.append(plain.cast(pl.Float64).to_numpy().astype(np.float64))
    return np.concatenate(parts)


def _codes(before: pl.Series, after: pl.Series) -> Values:
    """The most frequent values of both as codes, all others as one code more, missing as NaN."""
    import numpy as np
    import polars as pl

    both = pl.concat([before.cast(pl.String), after.cast(pl.String)]).rename("value")
    counted = both.drop_nulls().value_counts(name="count").sort(["count", "value"], descending=[True, False])
    best = counted["value"].head(_MOST).to_list()
    code = both.replace_strict(best, list(range(len(best))), default=len(best), return_dtype=pl.Float64)
    return np.where(both.is_null().to_numpy(), np.nan, code.to_numpy())
