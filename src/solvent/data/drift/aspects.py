"""The ways in which a column can differ, each with its effect, its p-value and its figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from solvent.data.drift.measures.curves import Curve, cut, kolmogorov, quantile, shares, wasserstein
from solvent.data.drift.measures.shares import Cells, compare_cells, kolmogorov_p, proportions_p
from solvent.data.drift.record import Aspect, DriftOptions
from solvent.data.drift.sides import Column
from solvent.data.drift.words import count_together, named

__all__ = ["Found", "compare_lengths", "compare_missing", "compare_numbers", "compare_words"]

_BINS = 10
_PER_BIN = 10
_PICTURE = 20


@dataclass(slots=True)
class Found:
    """What comparing the two sides of a column brings, bit by bit."""

    alpha: float
    options: DriftOptions
    aspects: list[Aspect] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    picture: dict[str, Any] = field(default_factory=dict)


def compare_missing(before: Column, after: Column, found: Found) -> None:
    """The shares of missing, infinite and empty values."""
    parts: tuple[tuple[str, Callable[[Column], int | None]], ...] = (
        ("missing", lambda one: one.missing),
        ("infinite", lambda one: one.infinite),
        ("empty", lambda one: one.empty),
    )
    for name, read in parts:
        first, later = read(before), read(after)
        if first is None or later is None or (name != "missing" and first + later == 0):
            continue
        p, q = first / before.rows, later / after.rows
        found.figures.update({f"{name}_before": p, f"{name}_after": q})
        if first + later:
            effect = abs(q - p) / found.options.missing
            chance = proportions_p((first, before.rows), (later, after.rows))
            found.aspects.append(Aspect(name, effect, chance, f"{name} {p:.1%} → {q:.1%}"))


def compare_numbers(before: Column, after: Column, found: Found) -> None:
    """Numbers, times in seconds, durations in seconds: their distributions."""
    if before.curve is None or after.curve is None:
        return
    _compare_curves("values", before.curve, after.curve, found)
    distance, figures = found.figures["wasserstein"], found.figures
    spread = quantile(before.curve, 0.75) - quantile(before.curve, 0.25)
    if before.std:
        figures["wasserstein_std"] = distance / before.std
    if spread > 0:
        figures["wasserstein_iqr"] = distance / spread
    figures["median_before"], figures["median_after"] = quantile(before.curve, 0.5), quantile(after.curve, 0.5)
    found.picture = _drawn(before.curve, after.curve)


def _compare_curves(name: str, before: Curve, after: Curve, found: Found) -> None:
    """Kolmogorov–Smirnov over the curves, and the figures of cells over bins of the reference; p by Bonferroni."""
    lead = "" if name == "values" else f"{name}_"
    least = min(before.count, after.count)
    places, sides = cut(before, max(2, min(_BINS, least // _PER_BIN)))
    counts = [shares(one, places, sides) * one.count for one in (before, after)]
    cells = compare_cells(counts[0], counts[1], found.alpha)
    distance, gap = kolmogorov(before, after), before.gap + after.gap
    # What the curves do not tell exactly is taken off before chance is judged.
    p = kolmogorov_p(max(0.0, distance - gap), before.count, after.count)
    found.figures.update({
        **_figures(cells, lead), f"{lead}ks": distance, f"{lead}ks_p": p,
        f"{lead}wasserstein": wasserstein(before, after),
    })  # fmt: skip
    if gap:
        found.figures[f"{lead}resolution"] = gap
    effect = max(cells.corrected / found.options.psi, distance / found.options.distance)
    told = f"{_told(cells)}, KS {distance:.2g}"
    # A profile's bins are as exact as its ranks: beyond its resolution only the curves tell.
    chance = min(1.0, 2 * min(p, cells.p)) if gap <= 0 else p
    found.aspects.append(Aspect(name, effect, chance, told if name == "values" else f"{name}: {told}"))


def _figures(cells: Cells, lead: str) -> dict[str, Any]:
    return {
        f"{lead}psi": cells.psi, f"{lead}psi_chance": cells.chance, f"{lead}psi_corrected": cells.corrected,
        f"{lead}psi_line": cells.line, f"{lead}jensen_shannon": cells.jensen_shannon,
        f"{lead}chi_square": cells.chi_square, f"{lead}chi_square_p": cells.p, f"{lead}cells": cells.cells,
    }  # fmt: skip


def _told(cells: Cells) -> str:
    return f"PSI {cells.psi:.2g} ({cells.chance:.1g} by chance)"


def compare_words(before: Column, after: Column, found: Found) -> None:
    """Categories, text and booleans: how often each value occurs, and which are new or gone."""
    if not before.seen or not after.seen or not (before.counts or after.counts):
        return
    counted = count_together(before, after)
    if len(counted.before) < 2 and counted.rest:
        found.notes.append("its frequent values are too few to compare")
    cells = compare_cells(counted.before, counted.after, found.alpha)
    found.figures.update({
        **_figures(cells, ""), "cramers_v": cells.cramers_v, "total_variation": cells.total_variation,
    })  # fmt: skip
    effect = max(cells.corrected / found.options.psi, cells.total_variation / found.options.distance)
    told = f"{_told(cells)}, total variation {cells.total_variation:.2g}"
    found.aspects.append(Aspect("values", effect, cells.p, told))
    _find_new(before, after, found)
    labels = [*counted.values[:_PICTURE]]
    found.picture = {
        "labels": labels,
        "before": [float(one) / before.seen for one in counted.before[: len(labels)]],
        "after": [float(one) / after.seen for one in counted.after[: len(labels)]],
    }


def _find_new(before: Column, after: Column, found: Found) -> None:
    """Categories that one side alone has, as far as it is known.

    A draw from the same population is a category not seen before as often as the reference's rows were alone in
    theirs (Good 1953, *The population frequencies of species*): that share is expected of no change.
    """
    if before.complete:
        fresh = {value: times for value, times in after.counts.items() if value not in before.counts}
        alone = sum(times == 1 for times in before.counts.values())
        if fresh:
            many, share = sum(fresh.values()), sum(fresh.values()) / after.seen
            expected = alone / before.seen
            found.figures["new"], found.figures["new_share"] = named(fresh, after.seen), share
            p = proportions_p((alone, before.seen), (many, after.seen)) if share > expected else 1.0
            shown = ", ".join(repr(value) for value, _ in found.figures["new"][:3]) + (" …" if len(fresh) > 3 else "")
            effect = max(0.0, share - expected) / found.options.unseen
            found.aspects.append(Aspect("unseen", effect, p, f"new: {shown} with {share:.1%} of the rows"))
    if after.complete:
        gone = {value: times for value, times in before.counts.items() if value not in after.counts}
        if gone:
            found.figures["vanished"] = named(gone, before.seen)
            found.figures["vanished_share"] = sum(gone.values()) / before.seen


def compare_lengths(before: Column, after: Column, found: Found) -> None:
    """Lengths of text, lists and bytes: their distribution where there are rows, else least, mean and greatest."""
    for side, one in (("before", before), ("after", after)):
        if one.length:
            found.figures[f"lengths_{side}"] = {name: one.length.get(name) for name in ("min", "mean", "max")}
    if before.lengths is not None and after.lengths is not None:
        _compare_curves("lengths", before.lengths, after.lengths, found)
        if not found.picture:
            found.picture = _drawn(before.lengths, after.lengths)


def _drawn(before: Curve, after: Curve) -> dict[str, Any]:
    """Shares of both sides in bins of equal width, between the outermost percentiles of either."""
    import numpy as np

    low = min(quantile(before, 0.01), quantile(after, 0.01))
    high = max(quantile(before, 0.99), quantile(after, 0.99))
    with np.errstate(over="ignore", invalid="ignore"):
        width = high / _PICTURE - low / _PICTURE
        inner = low + width * np.arange(1, _PICTURE)
    inner = inner if width > 0 and np.isfinite(inner).all() else np.array([low])
    sides = np.ones(len(inner), dtype=bool)
    return {
        "low": low, "high": high,
        "before": shares(before, inner, sides).tolist(), "after": shares(after, inner, sides).tolist(),
    }  # fmt: skip
