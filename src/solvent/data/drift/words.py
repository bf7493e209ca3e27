"""Categories and text: which values are counted as cells, which are new, and which columns are identifiers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solvent.data.drift.sides import Column

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[Any]

__all__ = ["CELLS", "Counted", "count_together", "is_code", "is_identifier", "named"]

CELLS = 100
"""How many values are cells of their own, at most."""
_SAFE = 3.0
_ALIKE = 2
_NEARLY = 0.95
_ENOUGH = 50


@dataclass(frozen=True, slots=True)
class Counted:
    """Counts of both sides over the same cells; the last cell is all other values, where ``rest``."""

    values: tuple[str, ...]
    before: Values
    after: Values
    rest: bool


def is_identifier(column: Column) -> bool:
    """Whether nearly every value occurs once, so that new values say nothing."""
    return column.count >= _ENOUGH and column.distinct >= _NEARLY * column.count


def is_code(column: Column) -> bool:
    """Whether all values are about as long as each other, as codes are and prose is not."""
    least, most = (column.length or {}).get("min"), (column.length or {}).get("max")
    return least is not None and most is not None and most - least <= _ALIKE


def count_together(before: Column, after: Column) -> Counted:
    """The counts of the most frequent values of both sides together; neither side may be without any.

    Cells are chosen by what both sides together hold, since values that are frequent on one side by chance would be
    rarer on the other. Of a profile the less frequent values are unknown: a value is a cell only if it is so frequent
    that both profiles would know it; where one does not although it should, it is given as many as it may have.
    """
    import numpy as np

    n, m = before.seen, after.seen
    found: list[tuple[float, str, float, float]] = []
    for value in before.counts.keys() | after.counts.keys():
        first = float(before.counts.get(value, 0))
        later = _count(after, value, first * m / n)
        first = _count(before, value, later * n / m)
        share = (first + later) / (n + m)
        if _surely_known(before, share * n) and _surely_known(after, share * m):
            found.append((-(first + later), value, first, later))
    found = sorted(found)[:CELLS]
    counts = np.array([[first, later] for _, _, first, later in found], dtype=np.float64).reshape(-1, 2)
    rest = np.maximum(np.array([n, m], dtype=np.float64) - counts.sum(axis=0), 0.0)
    more = bool(rest.sum() >= 1)
    if more:
        counts = np.vstack([counts, rest])
    return Counted(tuple(value for _, value, _, _ in found), counts[:, 0], counts[:, 1], more)


def _count(column: Column, value: str, likely: float) -> float:
    """How often a value occurs; as near to no change as may be, where a side does not know it exactly."""
    known = column.counts.get(value)
    if known is None:
        return 0.0 if column.complete else min(float(column.ceiling), likely)
    return min(max(float(known), likely), float(known + column.missed))


def _surely_known(column: Column, expected: float) -> bool:
    """Whether a value that is expected so often would be among those that a profile names, chance allowed for."""
    return column.complete or expected - _SAFE * expected**0.5 > column.ceiling


def named(counts: dict[str, int], total: int, most: int = 10) -> list[list[Any]]:
    """The most frequent of some values with their share."""
    best = sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:most]
    return [[value, times / total] for value, times in best]
