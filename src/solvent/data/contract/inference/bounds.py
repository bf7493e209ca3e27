"""Bounds a little beyond what was seen, by how far it moved from version to version."""

from __future__ import annotations

import datetime
import itertools
import math
from collections.abc import Sequence

__all__ = ["at_most", "outward", "round_up", "spread", "told_time"]

_Z = 1.959964  # the normal quantile of a two-sided confidence of 95 %


def at_most(count: int, rows: int) -> float:
    """The share that is not exceeded with 95 % confidence where ``count`` of ``rows`` were seen.

    None seen: the rule of three (Hanley and Lippman-Hand 1983); else the upper end of Wilson's interval (1927).
    """
    if not rows:
        return 1.0
    if not count:
        return min(1.0, 3 / rows)
    share, z2 = count / rows, _Z**2
    middle = share + z2 / (2 * rows)
    reach = _Z * math.sqrt(share * (1 - share) / rows + z2 / (4 * rows**2))
    return min(1.0, (middle + reach) / (1 + z2 / rows))


def round_up(share: float, digits: int = 2) -> float:
    """A share rounded up to a few digits, at most 1."""
    if share <= 0:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(share)) - digits + 1)
    return min(1.0, float(f"{math.ceil(share / step - 1e-9) * step:.{digits}g}"))


def spread(lows: Sequence[float], highs: Sequence[float], slack: float) -> tuple[float, float]:
    """How far below the least and above the greatest a bound lies.

    From one version ``slack`` of the range seen; from more of them a share that shrinks with their number, or the
    largest step from one version to the next, whichever is more.
    """
    low, high = min(lows), max(highs)
    usual = slack * ((high - low) or abs(high)) / len(lows)
    return max(usual, _step(lows)), max(usual, _step(highs))


def _step(values: Sequence[float]) -> float:
    return max((abs(after - before) for before, after in itertools.pairwise(values)), default=0.0)


def outward(value: float, margin: float, *, up: bool, whole: bool) -> float | None:
    """The bound ``margin`` beyond a value, rounded away from it; never beyond zero from a value on the other side.

    None where that is no finite number.
    """
    beyond = value + margin if up else value - margin
    if not math.isfinite(beyond):
        return None
    if (up and value <= 0 < beyond) or (not up and beyond < 0 <= value):
        beyond = 0.0
    if whole:  # a margin of less than one is none: flags and small codes stay what they are
        return math.floor(beyond) if up else math.ceil(beyond)
    if not margin or not beyond:
        return beyond
    step = 10.0 ** (math.floor(math.log10(margin)) - 1)
    rounded = (math.ceil(beyond / step) if up else math.floor(beyond / step)) * step
    return float(f"{rounded:.12g}") if math.isfinite(rounded) else None


def told_time(text: str) -> datetime.datetime | None:
    """A time as profiles write it, to the microsecond; None for one beyond the calendar, or a time of day."""
    head, dot, part = text.removesuffix("Z").partition(".")
    try:
        return datetime.datetime.fromisoformat(head + (f".{part[:6]}" if dot else ""))
    except ValueError:
        return None
