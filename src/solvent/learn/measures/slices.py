"""Slices: parts of the rows by what their columns say, given by name, or found where the model is worst.

Slices are found on one half of the rows and confirmed on the other, so that the search for the worst does not find
what is bad by chance only; the tests on the second half are corrected for their number (Benjamini and Hochberg 1995).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from solvent.learn.measures.intervals import Figure
from solvent.learn.measures.literals import Literal, literals_of
from solvent.learn.measures.metrics import Array

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Part", "Slice", "find_worst", "parts_by"]

_VALUES = 20
_TESTED = 50
_SHOWN = 10
_ROWS = 50_000


@dataclass(frozen=True)
class Slice:
    """A part of the rows: ``name`` says which, ``found`` whether it was looked for and not asked for.

    ``gap`` is how much larger the mean loss of a row is inside than outside (log loss, or squared error), and
    ``p`` the chance of such a gap if there were none, corrected for all that were tested; None for those asked for.
    """

    name: str
    rows: int
    figures: dict[str, Figure] = field(default_factory=dict)
    found: bool = False
    gap: float | None = None
    p: float | None = None


@dataclass(frozen=True)
class Part:
    """Some of the rows, before anything is measured: by name, as one mark for each row."""

    name: str
    inside: Array
    gap: float | None = None
    p: float | None = None


def parts_by(frame: pl.DataFrame, columns: Sequence[str]) -> list[Part]:
    """The parts of the rows by one column, or by several together: each value, or each quarter of a number's range.

    Of text the twenty most frequent values; missing ones are a part of their own.
    """
    made = [Part("", np.ones(frame.height, dtype=bool))]
    for column in columns:
        more = [(one.name, one.marks(frame)) for one in literals_of(frame.get_column(column), _VALUES)]
        made = [Part(_and(one.name, name), one.inside & inside) for one in made for name, inside in more]
    return [one for one in made if one.inside.any()]


def _and(one: str, other: str) -> str:
    return f"{one}, {other}" if one else other


def find_worst(frame: pl.DataFrame, loss: Array, seed: int) -> list[Part]:
    """The parts of the rows, by one column or two, in which the loss is larger than elsewhere; the worst first.

    Each has at least 1 % of the rows and at least 100. Half of the rows (at random, by the seed) proposes fifty, the
    other half confirms them: a one-sided Welch test each, at most 5 % false ones among those given. A part by two
    columns is given only if its gap is larger by a third than that of each of its columns alone.
    """
    random = np.random.default_rng(seed)
    chosen = random.permutation(frame.height)[:_ROWS]
    if len(chosen) < 400:
        return []
    half = len(chosen) // 2
    first, second = (_Half(frame[np.sort(part)], loss[np.sort(part)]) for part in (chosen[:half], chosen[half:]))
    names, marks = first.literals()
    proposed = first.propose(names, marks)
    tested = [(one, *second.test(_all(second.frame, one))) for one in proposed]
    kept = _confirmed([(one, gap, p) for one, gap, p in tested if gap is not None])
    return [
        Part(", ".join(literal.name for literal in what), _all(frame, what), round(gap, 6), p)
        for what, gap, p in kept[:_SHOWN]
    ]


class _Half:
    """One half of the rows, with the loss of each."""

    def __init__(self, frame: pl.DataFrame, loss: Array) -> None:
        self.frame, self.loss = frame, loss
        self.least = max(50, math.ceil(0.01 * len(loss)))

    def literals(self) -> tuple[list[Literal], Array]:
        """What can be said of the rows, and of which of them it is true, as columns of a matrix."""
        names: list[Literal] = []
        marks: list[Array] = []
        for column in self.frame.columns:
            for one in literals_of(self.frame.get_column(column), 10):
                inside = one.marks(self.frame)
                if self.least <= inside.sum() <= len(inside) - self.least:
                    names.append(one)
                    marks.append(inside)
        return names, np.column_stack(marks) if marks else np.empty((len(self.loss), 0), dtype=bool)

    def propose(self, names: list[Literal], marks: Array) -> list[tuple[Literal, ...]]:
        """The parts by one column or two whose loss stands out most, by Welch's statistic."""
        weights = marks.astype(np.float64)
        counts = weights.T @ weights
        sums = weights.T @ (weights * self.loss[:, None])
        squares = weights.T @ (weights * (self.loss**2)[:, None])
        score = _welch(counts, sums, squares, (len(self.loss), self.loss.sum(), (self.loss**2).sum()))
        score[(counts < self.least) | (counts > len(self.loss) - self.least)] = -np.inf
        same = np.array([[one.column == other.column for other in names] for one in names], dtype=bool).reshape(
            counts.shape
        )
        score[same & ~np.eye(len(names), dtype=bool)] = -np.inf
        score[np.tril_indices(len(names), -1)] = -np.inf
        order = np.argsort(-score, axis=None, kind="stable")[:_TESTED]
        places = [divmod(int(one), len(names)) for one in order if score.ravel()[one] > 0] if names else []
        return [(names[a],) if a == b else (names[a], names[b]) for a, b in places]

    def test(self, inside: Array) -> tuple[float | None, float]:
        """The gap of the mean loss, and the chance of as large a one by accident."""
        count = int(inside.sum())
        if count < self.least or count > len(inside) - self.least:
            return None, 1.0
        one, other = self.loss[inside], self.loss[~inside]
        spread = one.var(ddof=1) / len(one) + other.var(ddof=1) / len(other)
        gap = float(one.mean() - other.mean())
        if spread <= 0:
            return gap, 0.0 if gap > 0 else 1.0
        return gap, 0.5 * math.erfc(gap / math.sqrt(spread) / math.sqrt(2))


def _all(frame: pl.DataFrame, literals: Sequence[Literal]) -> Array:
    """The rows for which all of these are true."""
    inside: Array = np.logical_and.reduce([one.marks(frame) for one in literals])
    return inside


def _welch(counts: Array, sums: Array, squares: Array, total: tuple[int, float, float]) -> Array:
    """Welch's statistic of each part against the rest, from counts and sums."""
    rest, all_sums, all_squares = total[0] - counts, total[1] - sums, total[2] - squares
    with np.errstate(divide="ignore", invalid="ignore"):
        inner, outer = sums / counts, all_sums / rest
        spread = (squares / counts - inner**2) / counts + (all_squares / rest - outer**2) / rest
        found = (inner - outer) / np.sqrt(np.maximum(spread, 1e-300))
    return np.where(np.isfinite(found), found, -np.inf)


_Tested = tuple[tuple[Literal, ...], float, float]


def _confirmed(tested: list[_Tested]) -> list[_Tested]:
    """Those that hold at 5 % after the correction, largest gap first, without parts that say nothing more."""
    tested.sort(key=lambda one: one[2])
    last, corrected = 1.0, []
    for place in range(len(tested), 0, -1):
        last = min(last, tested[place - 1][2] * len(tested) / place)
        corrected.append((tested[place - 1][0], tested[place - 1][1], last))
    alone = {one[0]: gap for one, gap, _ in tested if len(one) == 1}
    kept = [one for one in corrected if one[2] <= 0.05 and one[1] > 0]
    kept = [
        (what, gap, p)
        for what, gap, p in kept
        if len(what) == 1 or all(gap > 1.33 * alone.get(literal, -math.inf) for literal in what)
    ]
    return sorted(kept, key=lambda one: -one[1])
