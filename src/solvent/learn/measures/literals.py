"""Literals: what can be said of one column of a row, such that it is of one value, lies in a range, or is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from solvent.learn.measures.metrics import Array

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Literal", "literals_of"]

_FEW = 10
_SHARES = (0.25, 0.5, 0.75)


@dataclass(frozen=True, eq=False)
class Literal:
    """``column`` is ``value`` (as text), or lies from ``low`` to below ``high``, or is missing (none of these)."""

    column: str
    name: str
    value: str | None = None
    low: Any = None
    high: Any = None

    def marks(self, frame: pl.DataFrame) -> Array:
        """Of which rows it is true."""
        import polars as pl

        values = _plain(frame.get_column(self.column))
        if self.value is not None:
            return (values.cast(pl.String) == self.value).fill_null(False).to_numpy()
        if self.low is None and self.high is None:
            return values.is_null().to_numpy()
        inside = values.is_not_null()
        if self.low is not None:
            inside &= (values >= self.low).fill_null(False)
        if self.high is not None:
            inside &= (values < self.high).fill_null(False)
        return inside.to_numpy()


def literals_of(values: pl.Series, most: int) -> Iterator[Literal]:
    """What can be said of a column: ``most`` frequent values, or quarters of the range of many numbers or times."""
    import polars as pl

    name = values.name
    if values.dtype.is_nested() or values.dtype in (pl.Object, pl.Binary):
        return
    values = _plain(values)
    if values.null_count():
        yield Literal(name, f"{name} missing")
    known = values.drop_nulls()
    if (known.dtype.is_numeric() or known.dtype.is_temporal()) and known.n_unique() > _FEW:
        yield from _ranges(known, name)
        return
    counts = known.cast(pl.String).alias("v").value_counts(name="rows").sort(["rows", "v"], descending=[True, False])
    for value in counts.get_column("v").head(most):
        yield Literal(name, f"{name} = {value[:60]}", value=value)


def _plain(values: pl.Series) -> pl.Series:
    """The values, what is no number as missing."""
    import polars as pl

    if values.dtype.is_decimal():
        return values.cast(pl.Float64)
    if not values.dtype.is_float():
        return values
    return values.set(~values.is_finite().fill_null(False), None)


def _ranges(known: pl.Series, name: str) -> Iterator[Literal]:
    ordered = known.sort()
    edges = list(dict.fromkeys(ordered[int(share * len(ordered))] for share in _SHARES))
    for low, high in zip([None, *edges], [*edges, None], strict=True):
        if low is None:
            said = f"{name} < {_short(high)}"
        else:
            said = f"{name} >= {_short(low)}" if high is None else f"{_short(low)} <= {name} < {_short(high)}"
        if high is None or low is not None or bool((known < high).any()):
            yield Literal(name, said, low=low, high=high)


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, (int, float, np.number)) else str(value)
