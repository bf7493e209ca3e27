"""One column in two tables, versions or splits, on one scale: from their profiles alone."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solvent.data.pictures.specs import (
    PALETTE,
    axis,
    count_all,
    edges_of,
    frame_spec,
    is_counted,
    is_whole,
    missing_of,
    rounded,
    say,
    share,
    shorten,
    show_value,
    tell_apart,
)  # fmt: skip
from solvent.errors import NotFound, did_you_mean

if TYPE_CHECKING:
    from solvent.data.profile import Profile

__all__ = ["draw_comparison"]

_BINS = 30
_BARS = 20
_FEW = 12
_SPREAD = 1000
_WORDS = ("text", "category", "bool")


@dataclass(frozen=True, slots=True)
class _Side:
    title: str
    column: Mapping[str, Any]
    rows: int

    @property
    def kind(self) -> str:
        return str(self.column.get("kind"))

    @property
    def top(self) -> list[Any]:
        return list(self.column.get("top") or ())

    @property
    def counted(self) -> int:
        """How many rows the counts of its top values are of."""
        looked = (self.column.get("sampled") or {}).get("top")
        return max(int(looked or self.rows - missing_of(self.column)), 1)

    @property
    def complete(self) -> bool:
        """Whether every value is known with its count."""
        return is_counted(self.column)


def draw_comparison(
    one: Profile, other: Profile, column: str, *, names: tuple[str, str] = ("before", "after")
) -> dict[str, Any]:
    """A column's distribution in two profiles, as shares of the rows that have a value.

    Numbers, times and durations are drawn over common bins: from the grid of quantiles where the profiles hold one,
    else from their histograms, as if values were spread evenly within a bin. Texts, categories, booleans and numbers
    of few values are compared value by value; a value that only one of the profiles counts is left open in the
    other, unless that one has counted all its values. Raises :class:`NotFound` where a profile lacks the column.
    """
    titles = tell_apart([shorten(name, 24) for name in names])
    sides = [
        _Side(title, _column(profile, column, title), profile.rows)
        for title, profile in zip(titles, (one, other), strict=True)
    ]
    notes = [f"{side.title}: {side.rows:,} rows, {share(missing_of(side.column), side.rows)} missing" for side in sides]
    kinds = {side.kind for side in sides if side.kind != "null"}
    title = f"{shorten(column)}: {titles[0]} and {titles[1]}"
    if len(kinds) > 1 and not kinds <= set(_WORDS):
        notes.extend(f"{side.title} is {shorten(side.column['type'])}" for side in sides)
        return say(title, "two types have no common scale", notes=notes)
    if kinds <= set(_WORDS) or all(side.complete and len(side.top) <= _FEW for side in sides):
        rows = _values(sides)
        if rows:
            return frame_spec(title, rows, _bars(titles), notes=notes)
    rows, beyond = _bins(sides)
    if rows:
        body = _steps(titles, kinds.pop(), clock=sides[0].column["type"] == "time")
        return frame_spec(title, rows, body, notes=[*notes, beyond])
    return say(title, "no figures to compare", notes=notes)


def _column(profile: Profile, name: str, side: str) -> Mapping[str, Any]:
    try:
        return profile.column(name)
    except KeyError:
        known = [str(one["name"]) for one in profile.columns]
        raise NotFound(f"{side} has no column {name!r}.{did_you_mean(name, known)}") from None


def _values(sides: Sequence[_Side]) -> list[dict[str, Any]]:
    """The most frequent values of both with their shares; null where one of them did not count the value."""
    shown = {_key(value): value for side in sides for value, _ in side.top}
    shares = [{_key(value): count / side.counted for value, count in side.top} for side in sides]
    order = sorted(shown, key=lambda key: (-max(side.get(key, 0.0) for side in shares), key))[:_BARS]
    if sides[0].kind not in _WORDS:
        place = axis(sides[0].column)
        order.sort(key=lambda key: place(shown[key]) or 0.0)
    labels = tell_apart([shorten(show_value(shown[key])) or "(empty)" for key in order])
    rows = []
    for key, label in zip(order, labels, strict=True):
        for side, found in zip(sides, shares, strict=True):
            value = found.get(key, 0.0 if side.complete else None)
            rows.append({"value": label, "side": side.title, "share": None if value is None else round(value, 6)})
    return rows


def _key(value: Any) -> str:
    """One key for equal values: 1 and 1.0 of two versions are one value; true, and the text "1", are others."""
    return f"number {value:g}" if type(value) in (int, float) and abs(value) < 1e15 else f"{value}"


def _bins(sides: Sequence[_Side]) -> tuple[list[dict[str, Any]], str]:
    """The shares of both over common bins, and what lies beyond them."""
    ranges = [found for side in sides if (found := edges_of(side.column)) is not None]
    if not ranges:
        return [], ""
    low, high = min(one[0] for one in ranges), max(one[1] for one in ranges)
    edges = _edges(low, high, all(is_whole(side.column) for side in sides))
    rows, outside = [], []
    for side in sides:
        below = _cumulated(side.column, edges)
        if below is None:
            continue
        for at in range(len(edges) - 1):
            part = max(0.0, below[at + 1] - below[at])
            rows.append({"from": edges[at], "to": edges[at + 1], "side": side.title, "share": round(part, 6)})
        beyond = 1 - (below[-1] - below[0])
        if beyond > 5e-4:
            outside.append(f"{side.title} {share(beyond, 1)}")
    return rows, f"beyond the edges: {', '.join(outside)}" if outside else ""


def _edges(low: float, high: float, whole: bool) -> list[float]:
    """Edges of bins of equal width; those of whole numbers stand between these, and each bin holds equally many."""
    if whole and high - low < 1e15:
        first, last = math.ceil(low), math.floor(high)
        wide = max(1, math.ceil((last - first + 1) / _BINS))
        count = math.ceil((last - first + 1) / wide)
        return [rounded(first - 0.5 + wide * at) for at in range(count + 1)]
    step = high / _BINS - low / _BINS
    return [rounded(low + step * at) for at in range(_BINS)] + [rounded(high)]


def _cumulated(column: Mapping[str, Any], edges: Sequence[float]) -> list[float] | None:
    """The share of values below each edge; at the last edge, below or equal to it.

    Where every value is counted it is exact; else on lines between the quantiles of the grid, or the edges of bins.
    """
    known = count_all(column)
    if known is not None:
        values, whole = [value for value, _ in known], sum(count for _, count in known)
        sums = [0.0, *itertools.accumulate(count / whole for _, count in known)]
        inner = [sums[bisect.bisect_left(values, edge)] for edge in edges[:-1]]
        return [*inner, sums[bisect.bisect_right(values, edges[-1])]]
    place = axis(column)
    found = edges_of(column)
    grid = [one for value in column.get("grid") or () if (one := place(value)) is not None]
    few = found is not None and is_whole(column) and found[1] - found[0] <= 2 * len(found[2])  # then bins know more
    if len(grid) == len(column.get("grid") or ()) > 1 and not few:
        ranks = [at / (len(grid) - 1) for at in range(len(grid))]
        return [_between(grid, ranks, edge, last=edge == edges[-1]) for edge in edges]
    if found is None:
        return None
    low, high, counts = found
    bins = column["histogram"]
    beyond = [int(bins.get("below") or 0), int(bins.get("above") or 0)]
    whole = sum(counts) + sum(beyond)
    knots = [low + (high / len(counts) - low / len(counts)) * at for at in range(len(counts))] + [high]
    parts = [float(count) for count in counts]
    if is_whole(column) and 1 <= high - low <= _SPREAD:
        knots, parts = _by_number(low, high, counts)
    sums = [float(beyond[0]), *(beyond[0] + part for part in itertools.accumulate(parts))]
    least, most = place(column.get("min")), place(column.get("max"))
    if beyond[0] and least is not None and least < low:
        knots, sums = [least, *knots], [0, *sums]
    if beyond[1] and most is not None and most > high:
        knots, sums = [*knots, most], [*sums, whole]
    return [_between(knots, [one / whole for one in sums], edge, last=edge == edges[-1]) for edge in edges]


def _by_number(low: float, high: float, counts: Sequence[int]) -> tuple[list[float], list[float]]:
    """Bins of whole numbers as a bin around each number: those of one bin share its count."""
    numbers = range(math.ceil(low), math.floor(high) + 1)
    width = (high - low) / len(counts)
    places = [min(int((one - low) / width), len(counts) - 1) for one in numbers]
    each = [counts[place] / places.count(place) for place in places]
    return [numbers[0] - 0.5, *(one + 0.5 for one in numbers)], each


def _between(knots: Sequence[float], shares: Sequence[float], edge: float, *, last: bool) -> float:
    """The share of what lies below an edge, on a line from knot to knot; equal knots are a step."""
    tolerance = abs(edge) * 1e-9
    at = (bisect.bisect_right if last else bisect.bisect_left)(knots, edge + tolerance if last else edge - tolerance)
    if at == 0:
        return shares[0] if knots and edge >= knots[0] - tolerance else 0.0
    if at == len(knots):
        return 1.0 if edge > knots[-1] + tolerance else shares[-1]
    left, right = knots[at - 1], knots[at]
    part = 1.0 if right <= left else min(1.0, max(0.0, (edge - left) / (right - left)))
    return shares[at - 1] + (shares[at] - shares[at - 1]) * part


def _colour(titles: list[str]) -> dict[str, Any]:
    scale = {"domain": titles, "range": [PALETTE[0], PALETTE[2]]}
    return {"field": "side", "type": "nominal", "title": None, "scale": scale}


def _bars(titles: list[str]) -> dict[str, Any]:
    return {
        "width": 360,
        "height": {"step": 10},
        "mark": {"type": "bar"},
        "encoding": {
            "y": {"field": "value", "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 220}},
            "yOffset": {"field": "side", "type": "nominal", "sort": titles},
            "x": {"field": "share", "type": "quantitative", "title": "share", "axis": {"format": ".0%"}},
            "color": _colour(titles),
            "tooltip": [{"field": one} for one in ("value", "side", "share")],
        },
    }


def _steps(titles: list[str], kind: str, *, clock: bool) -> dict[str, Any]:
    place: dict[str, Any] = {
        "field": "from",
        "type": "quantitative",
        "title": None,
        "scale": {"zero": False, "nice": False},
    }
    if kind == "time":
        place |= {"type": "temporal", "scale": {"type": "utc"}}
        if clock:
            place["axis"] = {"format": "%H:%M"}
    elif kind == "duration":
        place["title"] = "seconds"
    share_of = {"field": "share", "type": "quantitative", "title": "share", "axis": {"format": ".1%"}}
    return {
        "width": 360,
        "height": 180,
        "mark": {"type": "rect", "opacity": 0.5},
        "encoding": {
            "x": place,
            "x2": {"field": "to"},
            "y": share_of,
            "y2": {"datum": 0},
            "color": _colour(titles),
            "tooltip": [{"field": one} for one in ("from", "to", "side", "share")],
        },
    }
