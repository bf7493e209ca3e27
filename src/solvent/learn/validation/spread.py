"""The mean over folds and how sure it is: folds share rows to learn from, so they are no independent samples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from solvent.learn.measures.intervals import Difference, Figure

__all__ = ["Spread", "spread_over", "t_chance", "t_quantile"]


@dataclass(frozen=True)
class Spread:
    """A figure over the folds where it is defined: mean, standard deviation, and the corrected standard error.

    ``deviation`` and ``error`` are None for fewer than two folds.
    """

    mean: float | None
    deviation: float | None
    error: float | None
    folds: int

    def figure(self) -> Figure:
        """The mean with its 95 % interval."""
        if self.mean is None or self.error is None:
            return Figure(self.mean)
        half = t_quantile(0.95, self.folds - 1) * self.error
        return Figure(self.mean, self.mean - half, self.mean + half)

    def difference(self) -> Difference:
        """The mean of a paired difference with its 95 % interval, and the chance of one as large by accident."""
        made = self.figure()
        p = None
        if self.mean is not None and self.error:
            p = 1 - t_chance(abs(self.mean) / self.error, self.folds - 1)
        return Difference(made.value, made.low, made.high, p)


def spread_over(values: Sequence[float | None], ratio: float) -> Spread:
    """The mean of a figure over folds with the corrected error of Nadeau and Bengio (2003).

    ``ratio`` is how many rows are tested on for each that is learnt from. The variance of the mean is taken as
    ``(1/k + ratio) · s²`` where independent folds would have ``s²/k``: folds learn from mostly the same rows, and what
    they share does not average out. Without a value in at least two folds there is no interval.
    """
    known = [one for one in values if one is not None and math.isfinite(one)]
    if not known:
        return Spread(None, None, None, 0)
    count = len(known)
    mean = math.fsum(known) / count
    if count < 2:
        return Spread(mean, None, None, count)
    variance = math.fsum((one - mean) ** 2 for one in known) / (count - 1)
    return Spread(mean, math.sqrt(variance), math.sqrt((1 / count + ratio) * variance), count)


def t_chance(t: float, freedom: int) -> float:
    """The chance that Student's t, of whole degrees of freedom, is no farther than ``t`` from 0.

    Abramowitz and Stegun 1964, 26.7.3 and 26.7.4.
    """
    angle = math.atan2(t, math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    term = cosine if odd else 1.0
    total = term if freedom > 1 else 0.0
    for place in range(2 + odd, freedom, 2):
        term *= cosine**2 * (place - 1) / place
        total += term
    return (angle + sine * total) * 2 / math.pi if odd else sine * total


def t_quantile(chance: float, freedom: int) -> float:
    """How far from 0 Student's t is at most with this chance."""
    low, high = 0.0, 1.0
    while t_chance(high, freedom) < chance:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if t_chance(middle, freedom) < chance else (low, middle)
    return (low + high) / 2
