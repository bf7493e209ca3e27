"""Columns that move on by design: times of growing or rolling data, and running numbers."""

from __future__ import annotations

import datetime
import re

from solvent.data.drift.measures.curves import Curve, quantile, shares
from solvent.data.drift.sides import Column

__all__ = ["moves_on"]

_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?(Z|[+-]\d\d:?\d\d)?$")
_ENOUGH = 20
_LIKE = 0.1
_FAR = 100.0


def moves_on(before: Column, after: Column) -> str | None:
    """Why a column is held to move on, in words; None where it does not.

    A time moves on if the later side begins where the earlier one ends, if it is the earlier side and what came
    since, or if it is a window of the same width that slid. A whole number does if all its values differ and it
    counts on, or if it is dense, as running numbers are. Text moves on if it holds ISO times, and all are later.
    """
    if before.ends and after.ends:
        return _told_times(before.ends, after.ends)
    first, later = before.curve, after.curve
    if first is None or later is None:
        return None
    if before.kind == "time" and before.type != "time":
        how = _after(first, later, float("inf")) or _grown(first, later) or _slid(first, later)
        span = f"{_shown(first.places[0])} … {_shown(first.places[-1])} → {_shown(later.places[0])} … " + (
            _shown(later.places[-1])
        )
        return f"moves on ({how}): {span}" if how else None
    if all(_is_running(one) for one in (before, after)):
        how = _after(first, later, _FAR) or _grown(first, later)
        if how:
            return f"a running number that moves on ({how})"
        if all(float(one.places[-1] - one.places[0]) <= 2 * one.count for one in (first, later)):
            return "a running number: every value occurs once, none is left out for long"
    return None


def _told_times(first: tuple[str, str], later: tuple[str, str]) -> str | None:
    """Text that holds times, all of the later side after those of the earlier one."""
    if later[0] < first[1] or later[1] == first[1] or not all(_TIME.match(one) for one in (*first, *later)):
        return None
    return f"times as text that move on: {first[0]} … {first[1]} → {later[0]} … {later[1]}"


def _is_running(column: Column) -> bool:
    """Whether a column holds whole numbers that all differ."""
    whole = column.type.startswith(("int", "uint"))
    return whole and column.count >= _ENOUGH and column.distinct >= 0.99 * column.count


def _after(first: Curve, later: Curve, far: float) -> str | None:
    """The later side begins about where the earlier one ends, at most ``far`` times its width away."""
    gap = float(later.places[0] - first.places[-1])
    if later.places[-1] <= first.places[-1] or quantile(later, 0.01) < quantile(first, 0.99):
        return None
    near = far == float("inf") or gap <= far * float(first.places[-1] - first.places[0])
    return "later values follow the earlier ones" if near else None


def _grown(first: Curve, later: Curve) -> str | None:
    """The earlier side is the beginning of the later one."""
    import numpy as np

    if later.places[-1] <= first.places[-1] or later.count <= first.count:
        return None
    inside = 1 - float(shares(later, first.places[-1:], np.array([False]))[-1])
    if not 0 < inside < 1 or abs(inside - first.count / later.count) > _LIKE / 2:
        return None
    ones = np.zeros(len(first.places), dtype=bool)
    sums = np.cumsum(shares(later, first.places, ones)[:-1]) / inside
    return "earlier values and more" if float(np.abs(sums - first.right).max()) <= _LIKE / 2 + later.gap else None


def _slid(first: Curve, later: Curve) -> str | None:
    """Both sides are equally wide, and all of the later one lies later by the same step."""
    width, other = float(first.places[-1] - first.places[0]), float(later.places[-1] - later.places[0])
    start, stop = float(later.places[0] - first.places[0]), float(later.places[-1] - first.places[-1])
    if width <= 0 or min(start, stop) < 0.01 * width:
        return None
    return "a window that slid" if abs(other - width) <= _LIKE * width and abs(start - stop) <= _LIKE * width else None


def _shown(seconds: float) -> str:
    try:
        moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=float(seconds))
    except OverflowError:
        return f"{seconds:.0f} s from 1970"
    return moment.date().isoformat() if not moment.time() else moment.isoformat(sep=" ", timespec="seconds")
