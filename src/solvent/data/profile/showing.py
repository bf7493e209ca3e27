"""A column's state as the record of a profile holds it: plain JSON, times as text."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import dtype_of
from solvent.data.profile.numbers import Numbers
from solvent.data.profile.record import clip, finite, rounded
from solvent.data.profile.words import Sizes, Words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvent.data.profile.sketches import Counts, Ranks

    Values = NDArray[Any]

__all__ = ["QUANTILES", "kind_of_type", "show_column"]

QUANTILES = (1, 5, 25, 50, 75, 95, 99)
"""Which percentiles a record names; its ``grid`` holds all of them."""
_BINS = 20
_TOP = 100
_FEW = 20
_EPOCH = datetime.datetime(1970, 1, 1)
_TICKS = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_KINDS = {"text": "text", "bool": "bool", "null": "null", "binary": "binary", "enum": "category", "list": "list",
          "array": "list", "struct": "struct", "duration": "duration", "date": "time", "time": "time",
          "datetime": "time"}  # fmt: skip

Show = Callable[[Any], Any]


def kind_of_type(logical: Any) -> str:
    """What a column of a logical type is shown as: ``number, text, category, bool, time, …``"""
    return _KINDS.get(logical if isinstance(logical, str) else logical[0], "number")


def show_column(name: str, logical: Any, nulls: int, body: Numbers | Words | Sizes | None) -> dict[str, Any]:
    """The record of a column of this logical type, of what is known of its values."""
    kind = kind_of_type(logical)
    found: dict[str, Any] = {"name": name, "type": _show_type(logical), "kind": kind, "nulls": nulls}
    if kind == "struct":
        found["fields"] = [field for field, _ in logical[1]]
    elif isinstance(body, Numbers):
        found.update(_show_numbers(body, logical, kind))
    elif isinstance(body, Words):
        found.update(_show_words(body))
    elif isinstance(body, Sizes) and body.count:
        found["lengths"] = _show_sizes(body)
    return found


def _show_type(logical: Any) -> str:
    if isinstance(logical, str):
        return logical
    kind, *rest = logical
    if kind == "enum":
        return f"enum of {len(rest[0])}"
    if kind in ("list", "array", "struct"):
        return clip(str(dtype_of(logical)))
    words = ", ".join(str(one) for one in rest if one is not None)
    return f"{kind}({words})" if kind == "decimal" else f"{kind}[{words}]"


def _show_numbers(body: Numbers, logical: Any, kind: str) -> dict[str, Any]:
    show, spread = _scale(logical, kind)
    found: dict[str, Any] = {}
    nans, above, below = body.odd
    if body.tally.values.dtype.kind == "f":
        found["nans"] = nans
    if above or below or nans:
        found["infinite"] = above + below
        ends = (["-inf"] if below else []) + [show(one) for one in (body.low, body.high) if body.count]
        ends += ["inf"] if above else []
        found["min"], found["max"] = (ends[0], ends[-1]) if ends else (None, None)
    if body.moments is None:
        return found if any(body.odd) else {**found, "distinct": 0, "distinct_exact": True}
    if "min" not in found:
        found["min"], found["max"] = body.ends or (show(body.low), show(body.high))
    base, offset = body.moments.base, body.moments.offset
    if kind == "time":
        found["mean"] = show(int(base) + math.floor(offset + 0.5))  # not round: that would ask which number is even
    else:
        found["mean"] = rounded((base + offset) / spread)
    std = rounded(body.moments.spread() / spread)
    ranks = body.ranked()
    grid = [show(one) for one in ranks.at(range(101), 100).tolist()]
    grid[0], grid[-1] = show(body.low), show(body.high)
    distinct, counted = body.count_distinct()
    found.update(std=std, quantiles={str(one / 100): grid[one] for one in QUANTILES}, grid=grid)
    found.update(distinct=distinct, distinct_exact=counted)
    if distinct < 0.99 * body.count:
        found.update(_show_top(body.tally, show))
    found["histogram"] = _histogram(ranks, body, show)
    return found


def _show_top(tally: Counts, show: Show) -> dict[str, Any]:
    """The most frequent values with their counts, of equals the smaller first; only those that surely are such."""
    values = tally.values.tolist() if tally.texts is None else tally.texts.tolist()
    sure = [(value, count) for value, count in zip(values, tally.counts.tolist(), strict=True) if count > tally.missed]
    sure.sort(key=lambda pair: (-pair[1], pair[0]))
    found: dict[str, Any] = {"top": [[show(value), count] for value, count in sure[:_TOP]]} if sure else {}
    if found:
        found["top_exact"] = tally.complete
        if not tally.complete:
            found["top_missed"] = tally.missed
    return found


def _show_words(body: Words) -> dict[str, Any]:
    if not body.count:
        return {"distinct": 0, "distinct_exact": True}
    distinct, counted = body.count_distinct()
    found: dict[str, Any] = {
        "min": clip(body.low), "max": clip(body.high), "distinct": distinct, "distinct_exact": counted,
    }  # fmt: skip
    top = _show_top(body.tally, str)
    if top and (distinct < _FEW or top["top"][0][1] > 1):
        found.update(top)
    if body.sizes is not None:
        found.update(empty=body.empty, lengths=_show_sizes(body.sizes))
    return found


def _show_sizes(sizes: Sizes) -> dict[str, Any]:
    return {"min": sizes.low, "max": sizes.high, "mean": rounded(sizes.total / sizes.count)}


def _histogram(ranks: Ranks, body: Numbers, show: Show) -> dict[str, Any]:
    """Twenty bins of equal width; between the first and last percentile where a few values lie far out."""
    import numpy as np

    low, high = body.low, body.high
    near_low, near_high = (one.item() for one in ranks.at((1, 99), 100))
    if near_low < near_high and float(high) - float(low) > 3 * (float(near_high) - float(near_low)):
        low, high = near_low, near_high
    if low == high:
        return {"low": show(low), "high": show(high), "counts": [body.count], "below": 0, "above": 0}
    part = np.arange(1, _BINS) / _BINS
    inner = float(low) * (1 - part) + float(high) * part  # their difference might be no float
    code = ranks.values.dtype
    first = int(ranks.below(np.array([low], code))[0]) if low != body.low else 0
    last = int(ranks.below(np.array([high], code), with_them=True)[0]) if high != body.high else body.count
    places = np.clip(ranks.below(inner), first, last)
    counts = np.diff(np.concatenate(([first], places, [last])))
    return {
        "low": show(low), "high": show(high), "counts": counts.tolist(), "below": first, "above": body.count - last,
    }  # fmt: skip


def _scale(logical: Any, kind: str) -> tuple[Show, float]:
    """How a value is shown, and how many of its units a mean or spread is counted in make one."""
    if kind == "duration":
        ticks = _TICKS[logical[1]]
        return (lambda value: value / ticks), float(ticks)
    if kind != "time":
        return _plain, 1.0
    if logical == "date":
        return _day, 1 / 86_400
    if logical == "time":
        return (lambda value: _moment(int(value), _TICKS["ns"]).partition("T")[2]), 1e9
    ticks, zone = _TICKS[logical[1]], "Z" if logical[2] else ""
    return (lambda value: _moment(int(value), ticks) + zone), float(ticks)


def _plain(value: Any) -> Any:
    return finite(value) if isinstance(value, float) else value


def _day(days: int) -> str:
    try:
        return (_EPOCH.date() + datetime.timedelta(days=int(days))).isoformat()
    except OverflowError:
        return f"{days} days from 1970"


def _moment(ticks: int, per_second: int) -> str:
    seconds, part = divmod(ticks, per_second)
    try:
        text = (_EPOCH + datetime.timedelta(seconds=seconds)).isoformat()
    except OverflowError:
        return f"{seconds} s from 1970"
    digits = len(str(per_second)) - 1
    return text + (f".{part:0{digits}d}" if part else "")
