"""What one column showed in the versions that were seen, and the demands that this suggests."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from solvent.data.contract.checks.deciding import all_values
from solvent.data.contract.inference.bounds import at_most, outward, round_up, spread, told_time
from solvent.data.contract.inference.shapes import shape_of
from solvent.data.contract.literals import dtype_of_name, fits, settle_name
from solvent.data.contract.parts import Column, Demand

__all__ = ["Seen", "Suggested", "suggest"]

_DOMAIN = 50
_NAMED = r"(?i:(?:^|[_\W])(?:id|key|uuid|guid|code|nr|number))$|[a-z](?:Id|ID|Key|Code)$"
_DISTINCT_ERROR = 0.05
_CHANCE = 0.01


@dataclass(frozen=True, slots=True)
class Seen:
    """A column in every version that had it: its figures, the rows of each, and how comments name them."""

    name: str
    figures: Sequence[Mapping[str, Any]]
    rows: Sequence[int]
    versions: int
    label: str
    texts: Sequence[tuple[str, int]] = ()
    verifiable: bool = False

    @property
    def present(self) -> list[int]:
        """How many values are not null, by version."""
        return [rows - one["nulls"] for rows, one in zip(self.rows, self.figures, strict=True)]

    def all(self, name: str) -> list[Any] | None:
        """A figure of every version that had values, or None where one lacks it."""
        found = [one.get(name) for one, present in zip(self.figures, self.present, strict=True) if present]
        return None if not found or any(one is None for one in found) else found


@dataclass(slots=True)
class Suggested:
    """The demands on a column with what was seen beside each; ``unique`` is sure, likely (to be verified) or not."""

    seen: Seen
    demands: dict[str, Demand] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    unique: str = "no"

    def say(self, kind: str, value: Any, note: str, **more: Any) -> None:
        """Add a demand."""
        self.demands[kind] = Demand(kind, value, **more)
        self.notes[kind] = note

    @property
    def column(self) -> Column:
        """The demands in order."""
        from solvent.data.contract.parts import COLUMN_DEMANDS

        return Column(self.seen.name, tuple(self.demands[one] for one in COLUMN_DEMANDS if one in self.demands))

    @property
    def is_key(self) -> bool:
        """Whether the column can name a row: no nulls, each value once."""
        return self.unique != "no" and not any(one["nulls"] for one in self.seen.figures)

    @property
    def named_as_key(self) -> bool:
        """Whether the column is named as one that names rows."""
        return re.search(_NAMED, self.seen.name) is not None


def suggest(seen: Seen, slack: float) -> Suggested:
    """The demands that the figures of a column suggest."""
    made = Suggested(seen)
    everywhere = len(seen.figures) == seen.versions
    made.demands["required"] = Demand("required", everywhere)
    if not everywhere:
        made.notes["required"] = f"in {len(seen.figures)} of {seen.versions} versions"
    kind = seen.figures[-1]["kind"]
    typed = _type(made)
    _nulls(made)
    if not any(seen.present) or typed is None:
        return made
    made.unique = _unique(seen, kind)
    if kind in ("number", "duration"):
        _numbers(made, slack, whole="int" in typed)
    elif kind == "time":
        _times(made, slack, typed)
    elif kind in ("text", "category"):
        _texts(made, slack)
    elif kind in ("list", "binary"):
        _lengths(made, slack)
    if made.unique != "no":
        made.say("unique", True, f"as many values as rows in {seen.label}")
    return made


def _type(made: Suggested) -> str | None:
    """The type that every version fits, or None and a note that tells them."""
    names = []
    for one in made.seen.figures:
        if one["kind"] in ("list", "struct"):
            names.append(one["kind"])
        elif one["kind"] == "category":
            names.append("text")
        elif one["kind"] != "null":
            names.append(settle_name(one["type"]))
    known = list(dict.fromkeys(names))
    for name in known:
        dtypes = [dtype_of_name(other) for other in known]
        if all(
            other == name or (dtype is not None and fits(dtype, name))
            for other, dtype in zip(known, dtypes, strict=True)
        ):
            made.demands["type"] = Demand("type", name)
            return str(name)
    if known:
        made.notes[""] = f"its type changed: {', then '.join(known)}"
    return None


def _nulls(made: Suggested) -> None:
    seen = made.seen
    counts, rows = [one["nulls"] for one in seen.figures], sum(seen.rows)
    if not rows:
        return
    if not any(counts):
        bound = round_up(at_most(0, rows))
        note = f"none in {rows:,} rows: at most 3 in {rows:,} with 95 % confidence"
    else:
        shares = [count / one if one else 0.0 for count, one in zip(counts, seen.rows, strict=True)]
        worst = max(range(len(shares)), key=shares.__getitem__)
        above = spread(shares, shares, 0.0)[1]
        bound = round_up(min(1.0, max(at_most(counts[worst], seen.rows[worst]), shares[worst] + above)))
        if len(shares) == 1:  # nothing is known of how it varies from version to version
            bound = max(bound, round_up(min(1.0, 2 * shares[0])))
        note = f"{sum(counts):,} in {rows:,} rows ({max(shares):.3%} at most)"
    if bound < 1:
        made.say("nulls", bound, note)


def _unique(seen: Seen, kind: str) -> str:
    distinct = seen.all("distinct")
    if distinct is None or kind not in ("number", "text", "time") or min(seen.present) < 2:
        return "no"
    if kind == "number" and "int" not in seen.figures[-1]["type"]:
        return "no"
    exact = all(one.get("distinct_exact") for one in seen.figures)
    near = all(
        abs(found - present) <= _DISTINCT_ERROR * present for found, present in zip(distinct, seen.present, strict=True)
    )
    equal = all(found == present for found, present in zip(distinct, seen.present, strict=True))
    if (exact and not equal) or (not exact and not (near and seen.verifiable)):
        return "no"
    if re.search(_NAMED, seen.name) is None and not _beyond_chance(seen, kind):
        return "no"
    return "sure" if exact else "likely"


def _beyond_chance(seen: Seen, kind: str) -> bool:
    """Whether values drawn at random from the range would hardly be distinct (the birthday problem)."""
    count = max(seen.present)
    if kind == "text":
        lengths = seen.figures[-1].get("lengths") or {}
        return count >= 100 and (lengths.get("mean") or 99) <= 40
    lows, highs = seen.all("min"), seen.all("max")
    if lows is None or highs is None:
        return False
    if kind == "time":
        low, high = told_time(min(lows)), told_time(max(highs))
        if low is None or high is None:
            return False
        span = (high - low).total_seconds() / (86_400 if seen.figures[-1]["type"] == "date" else 1) + 1
    else:
        span = float(max(highs)) - float(min(lows)) + 1
    return math.exp(-min(700.0, count * (count - 1) / (2 * span))) < _CHANCE


def _numbers(made: Suggested, slack: float, *, whole: bool) -> None:
    seen = made.seen
    lows, highs = seen.all("min"), seen.all("max")
    if seen.figures[-1]["type"].startswith("float") and not any(
        one.get("nans") or one.get("infinite") for one in seen.figures
    ):
        made.say("finite", True, f"no other seen in {seen.label}")
    if lows is None or highs is None:
        return
    try:
        low_seen, high_seen = ([int(one) if whole else float(one) for one in found] for found in (lows, highs))
    except (ValueError, OverflowError):
        return
    if not all(math.isfinite(one) for one in (*low_seen, *high_seen)):
        return
    below, above = spread(low_seen, high_seen, slack)
    note = f"seen {min(low_seen)} … {max(high_seen)} in {seen.label}"
    low = outward(min(low_seen), below, up=False, whole=whole)
    high = outward(max(high_seen), above, up=True, whole=whole)
    if not whole and min(low_seen) >= 0 and max(high_seen) <= 1 and high is not None:
        high = min(high, 1.0)
    if low is not None:
        made.say("min", low, note)
    if high is not None and not (made.unique != "no" and whole):  # numbers that name rows go on growing
        made.say("max", high, note)


def _times(made: Suggested, slack: float, typed: str) -> None:
    """A lower bound: later versions hold later times."""
    lows, highs = made.seen.all("min"), made.seen.all("max")
    if lows is None or highs is None or typed == "time":
        return
    found = [told_time(one) for one in (*lows, *highs)]
    if any(one is None for one in found):
        return
    times = [one for one in found if one is not None]
    low, high = min(times), max(times)
    try:
        bound = low - (high - low) * slack
    except OverflowError:
        return
    zone = "Z" if str(lows[0]).endswith("Z") else ""
    day = bound.date().isoformat()
    note = f"seen {low} … {high} in {made.seen.label}"
    made.say("min", day if typed == "date" else f"{day}T00:00:00{zone}", note)


def _texts(made: Suggested, slack: float) -> None:
    seen = made.seen
    domains = [all_values(one, present) for one, present in zip(seen.figures, seen.present, strict=True) if present]
    if all(one is not None for one in domains):
        values = list(dict.fromkeys(value for one in domains if one for value in one))
        if len(values) <= _DOMAIN and sum(seen.present) >= 10 * len(values):
            _domain(made, values)
            return
    pattern = shape_of(seen.texts)
    if pattern is not None:
        whole = seen.verifiable
        note = (
            f"seen in {seen.label}"
            if whole
            else f"the shape of the {len(seen.texts)} most frequent values of {seen.label}"
        )
        made.say("pattern", pattern, note, severity="fail" if whole else "warn")
    _lengths(made, slack)


def _domain(made: Suggested, values: list[str]) -> None:
    """The values seen. Unseen ones make up about the share of rows whose value occurred once (Good 1953)."""
    seen = made.seen
    counts: dict[str, int] = {}
    for one in seen.figures:
        for value, count in one.get("top", ()):
            counts[value] = counts.get(value, 0) + count
    singles = sum(count == 1 for count in counts.values())
    others = min(0.5, round_up(singles / sum(seen.present))) if singles else 0.0
    shown = ", ".join(f"{value!r} {counts[value]:,}" for value in values[:3])
    more = f" and {len(values) - 3} more" if len(values) > 3 else ""
    note = f"seen {shown}{more} in {seen.label}"
    made.say("values", sorted(values), note, others=others)


def _lengths(made: Suggested, slack: float) -> None:
    lengths = made.seen.all("lengths")
    if lengths is None or any(one.get("max") is None for one in lengths):
        return
    low, high = min(one["min"] for one in lengths), max(one["max"] for one in lengths)
    above = spread([one["min"] for one in lengths], [one["max"] for one in lengths], slack)[1]
    span = {"max": math.ceil(high + above)}
    if low:
        span = {"min": 1, **span}
    if high == low:
        span = {"min": low, "max": high}
    made.say("length", span, f"seen {low} … {high} in {made.seen.label}")


def newest(seen: Seen) -> list[datetime.datetime] | None:
    """The newest time of every version, where the column holds dates or times."""
    if seen.figures[-1]["kind"] != "time" or len(seen.figures) < seen.versions:
        return None
    found = [told_time(one) for one in seen.all("max") or ()]
    times = [one for one in found if one is not None]
    return times if times and len(times) == len(found) == seen.versions else None
