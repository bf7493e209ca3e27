"""The picture of one column: a histogram, bars of its values, or the lengths of what it holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from solvent.data.pictures.specs import (
    PALETTE,
    axis,
    edges_of,
    ends_of,
    frame_spec,
    is_counted,
    missing_of,
    number,
    rounded,
    say,
    share,
    shorten,
    show_value,
    tell_apart,
)  # fmt: skip

__all__ = ["draw_column"]

_BARS = 20
_FEW = 12


def draw_column(column: Mapping[str, Any], *, rows: int | None = None) -> dict[str, Any]:
    """A column's record, as a profile holds it, as a Vega-Lite specification.

    Numbers, times and durations become a histogram with its median; those with at most twelve values, texts,
    categories and booleans become bars of their most frequent values; lists and binary values, and texts that never
    repeat, become their range of lengths. ``rows`` is the table's number of rows, for the share of missing values.
    """
    notes = _notes(column, rows)
    title = f"{shorten(column['name'])} ({shorten(column['type'], 30)})"
    if _few(column) or column.get("kind") in ("text", "category", "bool"):
        if column.get("top"):
            return _bars(column, title, notes, rows)
    elif edges_of(column) is not None:
        return _histogram(column, title, notes)
    if (column.get("lengths") or {}).get("max") is not None:
        return _lengths(column, title, notes)
    return say(title, "nothing to draw", notes=notes)


def _few(column: Mapping[str, Any]) -> bool:
    """Whether every value of the column is known with its count, and there are but a few."""
    return is_counted(column) and len(column["top"]) <= _FEW


def _notes(column: Mapping[str, Any], rows: int | None) -> list[str]:
    missing = missing_of(column)
    notes = []
    if missing and rows:
        notes.append(f"{missing:,} of {rows:,} rows have no value ({share(missing, rows)})")
    elif missing:
        notes.append(f"{missing:,} rows have no value")
    away = ends_of(column)[2] if column.get("histogram") else []
    if away and not _few(column):
        notes.append(f"beyond the edges: {', '.join(away)}")
    looked = column.get("sampled") or {}
    if looked:
        notes.append(f"from {max(looked.values()):,} rows, evenly spaced")
    return notes


def _histogram(column: Mapping[str, Any], title: str, notes: list[str]) -> dict[str, Any]:
    low, high, counts = edges_of(column) or (0.0, 1.0, [])
    step = high / len(counts) - low / len(counts)
    edges = [rounded(low + step * at) for at in range(len(counts))] + [rounded(high)]
    rows = [{"from": edges[at], "to": edges[at + 1], "rows": count} for at, count in enumerate(counts)]
    place: dict[str, Any] = {
        "field": "from",
        "type": "quantitative",
        "title": None,
        "scale": {"zero": False, "nice": False},
    }
    if column.get("kind") == "time":
        place = {"field": "from", "type": "temporal", "title": None, "scale": {"type": "utc"}}
        if column["type"] == "time":
            place["axis"] = {"format": "%H:%M"}
    elif column.get("kind") == "duration":
        place["title"] = "seconds"
    bars = {
        "mark": {"type": "rect", "color": PALETTE[0], "stroke": "white", "strokeWidth": 0.5},
        "encoding": {
            "x": place,
            "x2": {"field": "to"},
            "y": {"field": "rows", "type": "quantitative", "title": "rows"},
            "y2": {"datum": 0},
            "tooltip": [{"field": name, "type": kind} for name, kind in _tips(place["type"])],
        },
    }
    layers: list[dict[str, Any]] = [bars]
    middle = axis(column)((column.get("quantiles") or {}).get("0.5"))
    if middle is not None and low < middle < high:
        layers.append(
            {
                "data": {"values": [{"median": rounded(middle)}]},
                "mark": {"type": "rule", "color": PALETTE[2], "strokeWidth": 2},
                "encoding": {"x": {"field": "median", "type": place["type"]}},
            }
        )
        notes = [*notes, f"median {show_value(column['quantiles']['0.5'])} (line)"]
    return frame_spec(title, rows, {"width": 360, "height": 160, "layer": layers}, notes=notes)


def _tips(kind: str) -> tuple[tuple[str, str], ...]:
    return (("from", kind), ("to", kind), ("rows", "quantitative"))


def _bars(column: Mapping[str, Any], title: str, notes: list[str], whole: int | None) -> dict[str, Any]:
    """Bars of the most frequent values; a few values of an order of their own stand in that order."""
    top = [(value, count) for value, count in column["top"]]
    place = axis(column)
    if _few(column) and column.get("kind") not in ("text", "category", "bool"):
        top.sort(key=lambda one: place(one[0]) if place(one[0]) is not None else float("-inf"))
    labels = tell_apart([shorten(show_value(value)) or "(empty)" for value, _ in top[:_BARS]])
    rows = [
        {"value": label, "rows": count, "rest": False} for label, (_, count) in zip(labels, top[:_BARS], strict=True)
    ]
    looked = (column.get("sampled") or {}).get("top")
    present = looked or (None if whole is None else whole - missing_of(column))
    others = 0 if present is None else present - sum(row["rows"] for row in rows)
    if column.get("top_missed"):
        notes = [*notes, f"counts are right to {column['top_missed']:,} rows"]
    if present and others > 0:
        distinct = column.get("distinct")
        left = "others" if distinct is None else f"the other {max(distinct - len(rows), 1):,}"
        notes = [*notes, f"{left}: {others:,} rows ({share(others, present)})"]
        if others <= 2 * max(row["rows"] for row in rows):  # more would make all else too small to see
            rows.append({"value": f"({left})", "rows": others, "rest": True})
    body = {
        "width": 360,
        "height": {"step": 18},
        "mark": {"type": "bar"},
        "encoding": {
            "y": {"field": "value", "type": "nominal", "title": None, "sort": None, "axis": {"labelLimit": 220}},
            "x": {"field": "rows", "type": "quantitative", "title": "rows"},
            "color": {"condition": {"test": "datum.rest", "value": PALETTE[7]}, "value": PALETTE[0]},
            "tooltip": [{"field": "value", "type": "nominal"}, {"field": "rows", "type": "quantitative"}],
        },
    }
    return frame_spec(title, rows, body, notes=notes)


def _lengths(column: Mapping[str, Any], title: str, notes: list[str]) -> dict[str, Any]:
    """The range of lengths as a line, with the mean as a mark on it."""
    found = column["lengths"]
    row = {"least": found["min"], "most": found["max"], "mean": number(found.get("mean"))}
    unit = {"text": "signs", "binary": "bytes"}.get(column.get("kind", ""), "items")
    place = {"field": "least", "type": "quantitative", "title": f"length in {unit}", "scale": {"zero": True}}
    tips = [{"field": name, "type": "quantitative"} for name in row]
    layers = [
        {
            "mark": {"type": "bar", "color": PALETTE[5], "height": 12},
            "encoding": {"x": place, "x2": {"field": "most"}, "tooltip": tips},
        },
        {
            "mark": {"type": "tick", "color": PALETTE[2], "thickness": 3, "size": 24},
            "encoding": {"x": {"field": "mean", "type": "quantitative"}},
        },
    ]
    notes = [*notes, f"from {row['least']:,} to {row['most']:,} {unit}; the mark is the mean"]
    return frame_spec(title, [row], {"width": 360, "height": 40, "layer": layers}, notes=notes)
