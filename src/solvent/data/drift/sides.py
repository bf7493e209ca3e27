"""One side of a comparison, column by column: from rows, or from a profile alone."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from solvent.data.canonical import Rows, columns_named, conform
from solvent.data.drift.measures.curves import Curve, curve_of_knots, curve_of_values
from solvent.data.family import is_table, kind_of
from solvent.data.frames.incoming import take
from solvent.data.profile import Profile
from solvent.errors import InputError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Column", "FromProfile", "FromRows", "Side", "sample_rows"]

_CELLS = 25_000_000
"""Values of a sample, over all columns, so that a wide table does not fill the memory."""
_LEAST_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Column:
    """What is known of a column of one side.

    ``count`` values are neither missing nor infinite, of ``rows``. ``counts`` are those of values as text, and all
    there are where ``complete``; no count that is left out is above ``ceiling``, none is too low by more than
    ``missed``. ``seen`` is how many rows the
    counts are of, and ``ends`` the first and last of a column of text in the order of its letters.
    """

    name: str
    type: str
    kind: str
    rows: int
    missing: int
    count: int
    infinite: int = 0
    empty: int | None = None
    distinct: float = 0
    curve: Curve | None = None
    std: float | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    complete: bool = True
    ceiling: int = 0
    missed: int = 0
    seen: int = 0
    lengths: Curve | None = None
    length: Mapping[str, Any] = field(default_factory=dict)
    ends: tuple[str, str] | None = None


class Side(Protocol):
    """One side: its rows, how many were looked at, the columns to compare, some that it has, and each of them."""

    rows: int
    looked_at: int
    names: tuple[str, ...]
    known: tuple[str, ...]

    def column(self, name: str) -> Column:
        """What is known of a column."""


def sample_rows(table: Any, columns: tuple[str, ...] | None, most: int, seed: int) -> tuple[pl.DataFrame, int]:
    """The rows of a table, or as many drawn from it as allowed, in their order; and how many there are.

    Of a Polars frame that has any of the named columns, these only.

    Memory is bounded: at most ``most`` rows, and of wide tables fewer. The same rows of the same table each time,
    in whatever pieces it comes.
    """
    import numpy as np

    if not is_table(table):
        raise InputError(f"drift compares tables or profiles, not {type(table).__name__}")
    if columns is not None and kind_of(type(table)) in ("polars.DataFrame", "polars.LazyFrame"):
        chosen = [one for one in table.collect_schema().names() if one in set(columns)]
        table = table.select(columns_named(chosen)) if chosen else table
    pieces, empty = _pieces(table)
    most = max(1, min(most, max(_LEAST_ROWS, _CELLS // max(1, empty.width))))
    dice, rows = np.random.default_rng(seed), 0
    kept: list[pl.DataFrame] = [empty]
    drawn: list[Any] = [np.empty(0)]
    for piece in pieces:
        rows += piece.height
        kept.append(piece)
        drawn.append(dice.random(piece.height))
        if sum(len(one) for one in drawn) > 2 * most:
            kept, drawn = _thin(kept, drawn, most)
    kept, _ = _thin(kept, drawn, most)
    return kept[0], rows


def _pieces(table: Any) -> tuple[Iterator[pl.DataFrame], pl.DataFrame]:
    import polars as pl

    if kind_of(type(table)) == "polars.DataFrame":
        frame = conform(table)
        return iter([frame]), frame.clear()
    taken = take(table)
    if isinstance(taken, Rows):
        return iter([taken.frame]), taken.frame.clear()
    return taken.pieces, pl.DataFrame(schema=dict(taken.schema))


def _thin(kept: list[pl.DataFrame], drawn: list[Any], most: int) -> tuple[list[pl.DataFrame], list[Any]]:
    """The rows that drew the smallest numbers."""
    import numpy as np
    import polars as pl

    frame, numbers = pl.concat(kept), np.concatenate(drawn)
    if len(numbers) <= most:
        return [frame], [numbers]
    chosen = np.sort(np.argpartition(numbers, most - 1)[:most])
    return [frame[chosen]], [numbers[chosen]]


class FromRows:
    """A side that has its rows, or a sample of them."""

    def __init__(self, frame: pl.DataFrame, rows: int, columns: tuple[str, ...] | None = None) -> None:
        self._frame = frame
        self.rows = rows
        self.looked_at = frame.height
        self.known = tuple(frame.columns)
        self.names = tuple(one for one in self.known if columns is None or one in columns)
        self._types: dict[pl.DataType, str] = {}

    def column(self, name: str) -> Column:
        """Count and sort one column."""
        import polars as pl

        series = self._frame.get_column(name).alias("v")
        kind = _kind(series.dtype)
        present = series.drop_nulls()
        facts: dict[str, Any] = {
            "name": name, "type": self._type(series.dtype), "kind": kind, "rows": series.len(),
            "missing": series.null_count(), "count": present.len(), "seen": present.len(),
        }  # fmt: skip
        if kind in ("number", "time", "duration"):
            _measure(present, facts)
        elif kind in ("text", "category", "bool"):
            counted = present.cast(pl.String).rename("value").value_counts(name="count")
            facts["counts"] = dict(zip(counted["value"].to_list(), counted["count"].to_list(), strict=True))
            facts["distinct"] = counted.height
            if kind == "text" and present.len():
                facts["ends"] = (min(facts["counts"]), max(facts["counts"]))
                facts["empty"] = int(facts["counts"].get("", 0))
                _measure_lengths(present.str.len_chars(), facts)
        elif kind == "list" and present.len():
            fixed = isinstance(present.dtype, pl.Array)
            _measure_lengths(present.arr.len() if fixed else present.list.len(), facts)
        elif kind == "binary" and present.len():
            _measure_lengths(present.bin.size(), facts)
        return Column(**facts)

    def _type(self, dtype: pl.DataType) -> str:
        if dtype not in self._types:
            self._types[dtype] = _shown(dtype)
        return self._types[dtype]


def _measure(present: pl.Series, facts: dict[str, Any]) -> None:
    """Numbers as they are, times and durations in seconds."""
    import numpy as np

    values = (present.to_physical() if present.dtype.is_temporal() else present).cast(float).to_numpy()
    values = values * _seconds(present.dtype)
    finite = np.isfinite(values)
    nans = int(np.isnan(values).sum())
    facts["infinite"] = len(values) - int(finite.sum()) - nans
    facts["missing"] += nans
    values = values[finite]
    facts["count"] = facts["seen"] = len(values)
    if len(values):
        facts["curve"] = curve_of_values(values)
        facts["distinct"] = len(facts["curve"].places)
        with np.errstate(over="ignore", invalid="ignore"):
            facts["std"] = float(values.std(ddof=1)) if len(values) > 1 else 0.0


def _measure_lengths(lengths: pl.Series, facts: dict[str, Any]) -> None:
    values = lengths.to_numpy().astype(float)
    facts["lengths"] = curve_of_values(values)
    facts["length"] = {"min": int(values.min()), "max": int(values.max()), "mean": float(values.mean())}


def _seconds(dtype: pl.DataType) -> float:
    """How many seconds one step of a type is; 1 for numbers."""
    import polars as pl

    if dtype == pl.Date:
        return 86_400.0
    if dtype == pl.Time:
        return 1e-9
    unit = getattr(dtype, "time_unit", None)
    return {"ms": 1e-3, "us": 1e-6, "ns": 1e-9}[unit] if unit else 1.0


def _kind(dtype: Any) -> str:
    import polars as pl

    if dtype.is_numeric():
        return "number"
    if dtype == pl.Duration:
        return "duration"
    if dtype.is_temporal():
        return "time"
    if isinstance(dtype, (pl.List, pl.Array)):
        return "list"
    names = {"String": "text", "Enum": "category", "Boolean": "bool"}
    return names.get(type(dtype).__name__, type(dtype).__name__.lower())


def _shown(dtype: Any) -> str:
    """The type as a profile shows it, so that a frame and a profile of it have the same types."""
    import polars as pl

    from solvent.data.profile import profile

    return str(profile(pl.DataFrame({"x": pl.Series([], dtype=dtype)})).columns[0]["type"])


class FromProfile:
    """A side of which there is a profile only."""

    def __init__(self, profile: Profile, columns: tuple[str, ...] | None = None) -> None:
        kept = [one for one in profile.columns if columns is None or one["name"] in columns]
        self._columns = {one["name"]: one for one in kept}
        self.rows = self.looked_at = profile.rows
        self.names = tuple(self._columns)
        self.known = tuple(one["name"] for one in profile.columns)

    def column(self, name: str) -> Column:
        """Read what the profile says of one column."""
        body = self._columns[name]
        infinite = int(body.get("infinite", 0))
        missing = int(body["nulls"]) + int(body.get("nans", 0))
        count = self.rows - missing - infinite
        kind = body["kind"]
        facts: dict[str, Any] = {
            "name": name, "type": body["type"], "kind": kind, "rows": self.rows, "missing": missing,
            "infinite": infinite, "count": count, "distinct": body.get("distinct") or 0,
            "empty": body.get("empty"), "length": body.get("lengths") or {}, "seen": count,
        }  # fmt: skip
        looked = body.get("sampled") or {}
        if kind in ("number", "time", "duration") and count > 0:
            facts["curve"] = _curve(body, kind, count)
            std = body.get("std")
            facts["std"] = float(std) if isinstance(std, (int, float)) else None
        elif kind in ("text", "category", "bool"):
            top = body.get("top") or []
            if kind == "text" and count > 0:
                facts["ends"] = (str(body.get("min")), str(body.get("max")))
            facts["seen"] = int(looked.get("top", count))
            facts["counts"], facts["missed"] = _summed(top), int(body.get("top_missed") or 0)
            facts["complete"] = sum(facts["counts"].values()) >= count and not facts["missed"]
            least = min(facts["counts"].values(), default=1) + facts["missed"]
            facts["ceiling"] = 0 if facts["complete"] else least
        return Column(**facts)


def _summed(top: Iterable[Sequence[Any]]) -> dict[str, int]:
    """Values as text with their counts; long texts that were cut to the same one are one."""
    counts: dict[str, int] = {}
    for value, times in top:
        counts[str(value)] = counts.get(str(value), 0) + int(times)
    return counts


def _curve(body: Mapping[str, Any], kind: str, count: int) -> Curve | None:
    """The curve of a column of a profile: exact where its most frequent values are all that it has."""
    import numpy as np

    top = body.get("top") or []
    if top and sum(times for _, times in top) == count:
        values = np.array([_number(value, kind) for value, _ in top], dtype=np.float64)
        if np.isfinite(values).all():
            return curve_of_values(values, np.array([times for _, times in top]))
    known = body.get("grid")
    if known:
        values = np.array([_number(one, kind) for one in known], dtype=np.float64)
        ranks = np.linspace(0.0, 1.0, len(values))
    elif body.get("quantiles"):
        pairs = [(float(rank), _number(one, kind)) for rank, one in body["quantiles"].items()]
        ends = [(0.0, _number(body.get("min"), kind)), (1.0, _number(body.get("max"), kind))]
        pairs = sorted([*pairs, *(one for one in ends if np.isfinite(one[1]))])
        ranks, values = np.array([one for one, _ in pairs]), np.array([one for _, one in pairs])
    else:
        return None
    sound = np.isfinite(values)
    if not sound.any():
        return None
    values, ranks = np.maximum.accumulate(values[sound]), ranks[sound]
    ranks = np.concatenate(([0.0], ranks[1:-1], [1.0])) if len(ranks) > 1 else ranks
    return curve_of_knots(values, ranks, count)


def _number(value: Any, kind: str) -> float:
    """A figure of a profile as a number: times as seconds, what cannot be read as NaN."""
    if isinstance(value, (int, float)):
        return float(value)
    text = str(value)
    try:
        if kind != "time":
            return float(text)
        if " from 1970" in text:
            size, unit = text.split()[:2]
            return float(size) * (86_400.0 if unit == "days" else 1.0)
        if "-" not in text:
            one = datetime.time.fromisoformat(text)
            return one.hour * 3600 + one.minute * 60 + one.second + one.microsecond / 1e6
        moment = datetime.datetime.fromisoformat(text)
        zone = moment.tzinfo or datetime.UTC
        return (moment.replace(tzinfo=zone) - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)).total_seconds()
    except (ValueError, OverflowError):
        return float("nan")
