"""The area under the ROC curve of two groups of scores, how sure it is, and what each column adds to it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[Any]

__all__ = ["area", "chance_variance", "delong_variance", "losses"]

_ROWS = 2_000


def area(low: Values, high: Values) -> float:
    """The probability that a score of ``high`` is above one of ``low``, a tie counting half; between 0 and 1."""
    import numpy as np

    ordered = np.sort(low)
    below = np.searchsorted(ordered, high, "left") + np.searchsorted(ordered, high, "right")
    return float(below.sum()) / (2 * len(low) * len(high))


def delong_variance(low: Values, high: Values) -> float:
    """The variance of :func:`area` (DeLong, DeLong and Clarke-Pearson 1988)."""
    import numpy as np

    def placed(values: Values, among: Values) -> Values:
        ordered = np.sort(among)
        both = np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")
        found: Values = both / (2 * len(among))
        return found

    return float(placed(high, low).var(ddof=1) / len(high) + placed(low, high).var(ddof=1) / len(low))


def chance_variance(n: int, m: int) -> float:
    """The variance of :func:`area` where both groups are of one distribution (Mann and Whitney 1947)."""
    return (n + m + 1) / (12 * n * m)


def losses(model: Any, table: Values, side: Values, seed: int) -> Values:
    """How much area is lost for each column when its values are shuffled, on at most 2,000 rows (Breiman 2001)."""
    import numpy as np

    dice = np.random.default_rng(seed)
    rows = np.sort(dice.permutation(len(table))[:_ROWS])
    table, later = table[rows].copy(), side[rows] == 1
    if later.all() or not later.any():
        return np.zeros(table.shape[1])

    def scored() -> float:
        scores = model.predict_proba(table)[:, 1]
        return area(scores[~later], scores[later])

    whole, found = scored(), np.zeros(table.shape[1])
    order = dice.permutation(len(table))
    for column in range(table.shape[1]):
        held = table[:, column].copy()
        table[:, column] = held[order]
        found[column] = whole - scored()
        table[:, column] = held
    return found if math.isfinite(whole) else np.zeros(table.shape[1])
