"""A column over time: how many rows each period has, and what the column was in it."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import column_named
from solvent.data.pictures.sampling import find_columns, lazily
from solvent.data.pictures.specs import PALETTE, frame_spec, number, rounded, say, shorten, tell_apart
from solvent.errors import DataError, UsageError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["draw_over_time"]

_MOST = 150
_MOST_PARTS = 50
_PARTS = 5
# No column is called so: these stand beside the columns of a table.
_PERIOD, _VALUE = "\0period", "\0value"
_PERIODS = (
    ("1s", 1), ("10s", 10), ("1m", 60), ("10m", 600), ("1h", 3600), ("6h", 21_600), ("1d", 86_400), ("1w", 604_800),
    ("1mo", 2_629_746), ("1q", 7_889_238), ("1y", 31_556_952), ("10y", 315_569_520), ("100y", 3_155_695_200),
)  # fmt: skip
_SECONDS = dict(_PERIODS)


def draw_over_time(frame: Any, time: str, column: str | None = None, *, every: str | None = None) -> dict[str, Any]:
    """Rows by period of ``time``, and beneath it the mean of a column of numbers or the shares of its values.

    Durations count in seconds. ``frame`` is any frame; a LazyFrame is aggregated without holding its rows. ``every``
    is a period (``1h, 1d, 1w, 1mo, 1q, 1y``, …); by default the shortest that gives at most 150 of them (50 for
    shares). A column with a zone is cut by that zone's calendar. Raises :class:`NotFound` for a column that is not
    there, :class:`DataError` where ``time`` holds no dates or moments.
    """
    import polars as pl

    if every is not None and every not in _SECONDS:
        raise UsageError(f"every: there is no period {every!r}. There are: {', '.join(_SECONDS)}")
    lazy = lazily(frame)
    schema = find_columns(lazy, [time] if column is None else [time, column])
    dtype = schema[time]
    if not isinstance(dtype, pl.Datetime) and dtype != pl.Date:
        raise DataError(
            f"column {time!r} is {dtype}, no date or moment. Say so where it is read: types: {{{time}: datetime}}"
        )
    kind = None if column is None else schema[column]
    shares = kind is not None and not kind.is_numeric() and not _is_duration(kind)
    # By the clock of its zone: there every hour and day exists, also where the clock was put forward.
    moments = column_named(time).cast(pl.Datetime("us", getattr(dtype, "time_zone", None))).dt.replace_time_zone(None)
    facts = lazy.select(
        low=moments.min(), high=moments.max(), rows=pl.len(), known=column_named(time).is_not_null().sum()
    ).collect(engine="streaming")
    low, high, rows, known = facts.row(0)
    if not known:
        return say(f"Over time: {shorten(time)}", "no row has a time")
    period = every or _period(low, high, _MOST_PARTS if shares else _MOST)
    cut = lazy.filter(column_named(time).is_not_null()).with_columns(_truncated(moments, period).alias(_PERIOD))
    counts = _rows(cut.group_by(_PERIOD).agg(pl.len()))
    notes = [f"{known:,} rows in periods of {period}"]
    if rows > known:
        notes.append(f"{rows - known:,} rows without a time are left out")
    if getattr(dtype, "time_zone", None):
        notes.append(f"by the calendar of {dtype.time_zone}")
    parts = [_line([{"when": when, "rows": count} for when, count in counts], "rows", "rows")]
    if column is not None:
        cut = cut.with_columns(_seen(column, kind).alias(_VALUE))
        parts.append(_shares(cut, column) if shares else _means(cut, column))
    title = f"Over time: {shorten(time if column is None else column)}"
    made = frame_spec(title, [], {"vconcat": parts}, notes=notes)
    made.pop("data")
    return made


def _is_duration(dtype: Any) -> bool:
    return type(dtype).__name__ == "Duration"


def _seen(column: str, dtype: Any) -> pl.Expr:
    """The column as numbers to average, or as texts to count; of what is neither, whether there is a value."""
    import polars as pl

    if dtype.is_numeric():
        return column_named(column).cast(pl.Float64)
    if _is_duration(dtype):
        return column_named(column).dt.total_microseconds() / 1e6
    if type(dtype).__name__ in ("String", "Categorical", "Enum", "Boolean"):
        return column_named(column).cast(pl.String)
    return pl.when(column_named(column).is_not_null()).then(pl.lit("(a value)"))


def _period(low: datetime.datetime, high: datetime.datetime, most: int) -> str:
    seconds = (high - low).total_seconds()
    return next((name for name, length in _PERIODS if seconds / length <= most - 2), _PERIODS[-1][0])


def _truncated(moments: pl.Expr, period: str) -> pl.Expr:
    return moments.dt.truncate(period).dt.epoch("ms")


def _rows(grouped: pl.LazyFrame) -> list[tuple[Any, ...]]:
    """Period and figures, in order. Raises :class:`UsageError` for more periods than a picture can hold."""
    found = grouped.sort(_PERIOD).collect(engine="streaming")
    if found.height > 2 * _MOST:
        raise UsageError(f"every: that makes {found.height:,} periods. Choose a longer one, or none")
    return found.rows()


def _x() -> dict[str, Any]:
    return {"field": "when", "type": "temporal", "title": None, "scale": {"type": "utc"}}


def _line(rows: list[dict[str, Any]], field: str, title: str) -> dict[str, Any]:
    return {
        "data": {"values": rows},
        "width": 480,
        "height": 100,
        "mark": {"type": "area", "color": PALETTE[5], "line": {"color": PALETTE[0]}, "point": len(rows) < 3},
        "encoding": {"x": _x(), "y": {"field": field, "type": "quantitative", "title": title}},
    }


def _means(cut: pl.LazyFrame, column: str) -> dict[str, Any]:
    """The mean with the middle half of the values as a band; periods without a value are gaps."""
    import polars as pl

    value = pl.col(_VALUE)
    value = pl.when(value.is_finite()).then(value)
    figures = [value.mean().alias("m"), value.quantile(0.25).alias("l"), value.quantile(0.75).alias("h")]
    rows = [
        dict(zip(("when", "mean", "low", "high"), (when, *map(_short, rest)), strict=True))
        for when, *rest in _rows(cut.group_by(_PERIOD).agg(figures))
    ]
    y = {"type": "quantitative", "title": shorten(column), "scale": {"zero": False}}
    tips = [{"field": name, "type": "quantitative"} for name in ("mean", "low", "high")]
    return {
        "data": {"values": rows},
        "title": {"text": "mean, and the middle half of the values", "fontSize": 11},
        "width": 480,
        "height": 140,
        "encoding": {"x": _x()},
        "layer": [
            {
                "mark": {"type": "area", "color": PALETTE[0], "opacity": 0.25},
                "encoding": {"y": {"field": "low", **y}, "y2": {"field": "high"}},
            },
            {
                "mark": {"type": "line", "color": PALETTE[0], "point": len(rows) < 60},
                "encoding": {"y": {"field": "mean", **y}, "tooltip": tips},
            },
        ],
    }


def _short(value: Any) -> float | None:
    found = number(value)
    return None if found is None else rounded(found)


def _shares(cut: pl.LazyFrame, column: str) -> dict[str, Any]:
    """The shares of the five most frequent values, of all others, and of missing ones."""
    import polars as pl

    text = pl.col(_VALUE)
    best = (
        cut.select(text.alias("value"))
        .drop_nulls()
        .group_by("value")
        .len()
        .sort("len", "value", descending=[True, False])
    )
    values = best.head(_PARTS).collect(engine="streaming").get_column("value").to_list()
    counted = [(text == one).sum().alias(f"v{at}") for at, one in enumerate(values)]
    found = _rows(cut.group_by(_PERIOD).agg(*counted, text.is_null().sum().alias("gone"), pl.len().alias("all")))
    labels = tell_apart([*(shorten(one, 24) for one in values), "(others)", "(missing)"])
    rows = []
    for when, *parts, gone, whole in found:
        counts = [*parts, whole - gone - sum(parts), gone]
        for place, (label, count) in enumerate(zip(labels, counts, strict=True)):
            rows.append({"when": when, "value": label, "place": place, "share": round(count / whole, 4)})
    return {
        "data": {"values": rows},
        "title": {"text": f"shares of {shorten(column)}", "fontSize": 11},
        "width": 480,
        "height": 140,
        "mark": {"type": "bar" if len(found) < 3 else "area"},
        "encoding": {
            "x": _x(),
            "y": {
                "field": "share", "type": "quantitative", "title": None, "axis": {"format": ".0%"}, "stack": "zero",
            },
            "color": {
                "field": "value", "type": "nominal", "title": None,
                "scale": {"domain": labels, "range": [*PALETTE[: len(values)], PALETTE[7], "#cccccc"]},
            },
            "order": {"field": "place", "type": "quantitative"},
        },
    }  # fmt: skip
