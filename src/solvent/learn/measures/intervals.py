"""Intervals by the bootstrap: rows, or whole blocks of time, are drawn again and again from those that were tested."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from solvent.learn.measures.metrics import Array, Measures

__all__ = ["Difference", "Figure", "compare_draws", "draw_figures", "measure_once", "summarise"]

_CELLS = 200_000  # weights held at a time: what fits a processor's cache


@dataclass(frozen=True)
class Figure:
    """A figure of merit and its 95 % interval; None where it is not defined (one class only in the test rows)."""

    value: float | None
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        if self.value is None:
            return "undefined"
        return f"{self.value:.4f}" + ("" if self.low is None else f" [{self.low:.4f}, {self.high:.4f}]")


@dataclass(frozen=True)
class Difference(Figure):
    """How much better one predictor is than another on the same rows, positive being better, whatever the figure.

    ``p`` is the chance of a difference at least as far from none, two-sided, by the same draws (the achieved
    significance level of Efron and Tibshirani 1993, chapter 15); None without draws.
    """

    p: float | None = None


def compare_draws(value: float, drawn: Array) -> Difference:
    """A paired difference with its interval and the chance of one as large by accident."""
    summed = summarise(value, drawn)
    known = drawn[np.isfinite(drawn)]
    if summed.low is None or not len(known):
        return Difference(summed.value)
    beyond = min(int((known <= 0).sum()), int((known >= 0).sum()))
    return Difference(summed.value, summed.low, summed.high, min(1.0, 2 * (beyond + 1) / (len(known) + 1)))


def measure_once(measures: Measures) -> dict[str, float]:
    """Each figure on the rows as they are; NaN where it is not defined."""
    return {name: float(value[0]) for name, value in measures.figures(np.ones((1, measures.rows))).items()}


def draw_figures(measures: Measures, draws: int, seed: int, blocks: Array | None = None) -> dict[str, Array]:
    """Each figure for ``draws`` bootstrap samples of the rows; all figures see the same samples.

    ``blocks`` numbers the block of each row from 0: blocks are then drawn whole, since rows of one block are not
    independent (Künsch 1989).
    """
    found: dict[str, list[Array]] = {}
    for weights in _weights(measures.rows, draws, np.random.default_rng(seed), blocks):
        for name, values in measures.figures(weights).items():
            found.setdefault(name, []).append(values)
    return {name: np.concatenate(parts) for name, parts in found.items()}


def _weights(rows: int, draws: int, random: np.random.Generator, blocks: Array | None) -> Iterator[Array]:
    units = rows if blocks is None else int(blocks.max()) + 1
    at_once = max(1, _CELLS // max(1, rows))
    for start in range(0, draws, at_once):
        count = min(at_once, draws - start)
        drawn = random.integers(0, units, size=(count, units))
        drawn += np.arange(count)[:, None] * units
        weights = np.bincount(drawn.ravel(), minlength=count * units).reshape(count, units).astype(np.float64)
        yield weights if blocks is None else weights[:, blocks]


def summarise(value: float, drawn: Array) -> Figure:
    """A figure with the 2.5 % and 97.5 % quantiles of its draws; without an interval where many are undefined."""
    if not np.isfinite(value):
        return Figure(None)
    known = drawn[np.isfinite(drawn)]
    if not len(drawn) or len(known) < 0.95 * len(drawn):
        return Figure(float(value))
    low, high = np.quantile(known, [0.025, 0.975])
    return Figure(float(value), float(low), float(high))
