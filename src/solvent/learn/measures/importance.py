"""Permutation importance: how much worse a predictor gets when one column's values are handed out anew at random."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Importance", "measure_importance"]

_REPEATS = 5


@dataclass(frozen=True)
class Importance:
    """By how much the mean loss of a row (log loss, or squared error) grows without what a column says.

    ``loss`` is the mean over five shufflings, ``low`` and ``high`` the least and the largest of them.
    """

    column: str
    loss: float
    low: float
    high: float


def measure_importance(
    frame: pl.DataFrame, columns: list[str], loss: Callable[[pl.DataFrame], float], seed: int
) -> list[Importance]:
    """The importance of each column (Breiman 2001, Fisher and others 2019), the largest first.

    ``loss`` gives the mean loss of rows. All shuffled copies of a column are asked at once.
    """
    import polars as pl

    before = loss(frame)
    found = []
    for place, column in enumerate(columns):
        random = np.random.default_rng([seed, place])
        values = frame.get_column(column)
        if values.n_unique() < 2:
            found.append(Importance(column, 0.0, 0.0, 0.0))
            continue
        grown = []
        for _ in range(_REPEATS):
            order = pl.Series(random.permutation(frame.height))
            grown.append(loss(frame.with_columns(values.gather(order))) - before)
        found.append(Importance(column, float(np.mean(grown)), float(min(grown)), float(max(grown))))
    return sorted(found, key=lambda one: (-one.loss, one.column))
