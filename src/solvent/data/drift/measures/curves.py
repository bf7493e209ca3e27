"""Distributions of numbers as curves: exact steps from rows, straight lines between known points from a profile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[Any]

__all__ = ["Curve", "curve_of_knots", "curve_of_values", "cut", "kolmogorov", "quantile", "shares", "wasserstein"]


@dataclass(frozen=True, slots=True)
class Curve:
    """A cumulative distribution: at each place (ascending, distinct) its value just before, and with the place.

    Between two places it is a straight line. ``count`` is how many values it stands for, ``gap`` how far it may be
    from the true curve anywhere (0 where it was made of all values).
    """

    places: Values
    left: Values
    right: Values
    count: int
    gap: float = 0.0


def curve_of_values(values: Values, counts: Values | None = None) -> Curve:
    """The exact curve of finite values, each counted once, or as often as ``counts`` says."""
    import numpy as np

    if counts is None:
        places, counts = np.unique(values, return_counts=True)
    else:
        places, where = np.unique(values, return_inverse=True)
        counts = np.bincount(where, weights=counts).astype(np.int64)
    total = np.cumsum(counts)
    last = total[-1]
    return Curve(places, (total - counts) / last, total / last, int(last))


def curve_of_knots(values: Values, ranks: Values, count: int) -> Curve:
    """The curve through values at known ranks, both ascending from rank 0 to 1; equal values make a step."""
    import numpy as np

    places, first = np.unique(values, return_index=True)
    last = np.append(first[1:], len(values)) - 1
    left, right = ranks[first].astype(np.float64), ranks[last].astype(np.float64)
    left[0] = 0.0
    if len(places) == 1:
        right[0] = 1.0
    gap = float(np.diff(ranks).max()) if len(places) > 1 else 0.0
    return Curve(places, left, right, count, gap)


def _at(curve: Curve, places: Values, before: bool) -> Values:
    """The curve at places: with them, or just before them."""
    import numpy as np

    where = np.searchsorted(curve.places, places, "left" if before else "right")
    # Between knot where-1 and knot where; beyond both ends the curve is 0 and 1.
    low, high = np.clip(where - 1, 0, None), np.clip(where, None, len(curve.places) - 1)
    start = np.where(where == 0, 0.0, curve.right[low])
    stop = np.where(where == len(curve.places), 1.0, curve.left[high])
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        part = (places - curve.places[low]) / (curve.places[high] - curve.places[low])
    part = np.where(np.isfinite(part) & (where > 0), np.clip(part, 0.0, 1.0), 0.0)
    found: Values = np.where(where == 0, 0.0, start + (stop - start) * part)
    return np.where(where == len(curve.places), 1.0, found)


def quantile(curve: Curve, rank: float) -> float:
    """The least value whose share of values at or below it is ``rank`` or more."""
    place, _ = _inverse(curve, rank)
    return place


def _inverse(curve: Curve, rank: float) -> tuple[float, float]:
    """The place of a rank, and how large a step the curve makes there."""
    import numpy as np

    knot = min(int(np.searchsorted(curve.right, rank - 1e-12, "left")), len(curve.places) - 1)
    left, right = float(curve.left[knot]), float(curve.right[knot])
    if rank >= left or knot == 0:
        return float(curve.places[knot]), right - left
    before, low, high = float(curve.right[knot - 1]), float(curve.places[knot - 1]), float(curve.places[knot])
    return low + (high - low) * (rank - before) / (left - before), 0.0


def cut(reference: Curve, bins: int) -> tuple[Values, Values]:
    """The borders of bins that hold about the same share of the reference: places, and whether just before them.

    A value that fills half a bin or more by itself is a bin of its own, so that a move away from it shows on
    whichever side.
    """
    import numpy as np

    borders: set[tuple[float, bool]] = set()
    for one in range(1, bins):
        place, step = _inverse(reference, one / bins)
        borders.add((place, False))
        if step >= 0.5 / bins:
            borders.add((place, True))
    ordered = sorted(borders, key=lambda border: (border[0], not border[1]))
    return np.array([place for place, _ in ordered]), np.array([before for _, before in ordered], dtype=bool)


def shares(curve: Curve, places: Values, before: Values) -> Values:
    """The share of values in each bin between borders; one bin more than there are borders. Sums to 1."""
    import numpy as np

    sums = np.where(before, _at(curve, places, True), _at(curve, places, False))
    return np.diff(np.concatenate(([0.0], sums, [1.0])))


def kolmogorov(first: Curve, second: Curve) -> float:
    """The greatest distance between two curves (Kolmogorov–Smirnov); between 0 and 1."""
    import numpy as np

    places = np.union1d(first.places, second.places)
    with_place = np.abs(_at(first, places, False) - _at(second, places, False))
    just_before = np.abs(_at(first, places, True) - _at(second, places, True))
    return float(max(with_place.max(), just_before.max()))


def wasserstein(first: Curve, second: Curve) -> float:
    """The area between two curves (Wasserstein-1, earth mover's distance), in the unit of the values."""
    import numpy as np

    places = np.union1d(first.places, second.places)
    start = (_at(first, places, False) - _at(second, places, False))[:-1]
    stop = (_at(first, places, True) - _at(second, places, True))[1:]
    size = np.abs(start) + np.abs(stop)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        crossing = (start * start + stop * stop) / (2 * size)
        height = np.where(start * stop >= 0, size / 2, crossing)
        # An area over a width of nothing is nothing, also where the two differ without bound.
        return float(np.sum(np.where(size > 0, height * np.diff(places), 0.0)))
