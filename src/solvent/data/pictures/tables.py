"""Pictures of a whole table: what is missing, and every column as a small multiple."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from solvent.data.pictures.columns import draw_column
from solvent.data.pictures.sampling import draw_sample
from solvent.data.pictures.specs import PALETTE, frame_spec, missing_of, share, shorten, tell_apart

if TYPE_CHECKING:
    from solvent.data.profile import Profile

__all__ = ["draw_missing", "draw_table"]

_COLUMNS = 60
_TOGETHER = 20
_SMALL = 40
_ROWS = 50_000


def draw_missing(profile: Profile, frame: Any = None, *, seed: int = 0) -> dict[str, Any]:
    """The share of missing values by column, most first, at most sixty columns.

    With a ``frame`` (any frame of the same table) beside it how often two columns are missing in the same rows: rows
    where both are, as a share of those where either is; at most 20 columns, from at most 50,000 rows drawn with
    ``seed``. What was looked at stands under ``usermeta``.
    """
    gaps = [(missing_of(one), at, one["name"]) for at, one in enumerate(profile.columns) if missing_of(one)]
    gaps.sort(key=lambda one: (-one[0], one[1]))
    shown = gaps[:_COLUMNS]
    notes = [f"{len(gaps):,} of {len(profile.columns):,} columns have missing values, of {profile.rows:,} rows"]
    if len(gaps) > len(shown):
        notes.append(f"the {len(shown)} with most are shown")
    labels = tell_apart([shorten(name) for *_, name in shown])
    rows = [
        {"column": label, "missing": count, "share": round(count / profile.rows, 6), "said": share(count, profile.rows)}
        for label, (count, *_) in zip(labels, shown, strict=True)
    ]
    bars = {
        "width": 300,
        "height": {"step": 16},
        "mark": {"type": "bar", "color": PALETTE[2]},
        "encoding": {
            "y": {"field": "column", "type": "nominal", "sort": None, "title": None},
            "x": {
                "field": "share",
                "type": "quantitative",
                "title": "missing",
                "axis": {"format": ".0%"},
                "scale": {"domainMin": 0, "nice": True},
            },
            "tooltip": [{"field": one} for one in ("column", "missing", "said")],
        },
    }
    names = [name for *_, name in shown[:_TOGETHER]]
    if frame is None or len(names) < 2:
        return frame_spec("Missing values", rows, bars, notes=notes)
    cells, looked = _together(frame, names, labels, seed)
    body = {"hconcat": [bars, _heat(cells, f"missing together, {looked:,} rows")]}
    made = frame_spec("Missing values", rows, body, notes=notes)
    return {**made, "usermeta": {"solvent": {"rows": profile.rows, "sampled": looked, "seed": seed}}}


def _together(frame: Any, names: list[str], labels: list[str], seed: int) -> tuple[list[dict[str, Any]], int]:
    """For each pair of columns how many of the rows where one of them is missing lack both."""
    sample = draw_sample(frame, names, _ROWS, seed).frame
    columns = {name: sample.get_column(name).alias("v") for name in names}
    gone = {
        name: one.is_null() | one.fill_null(0).is_nan() if one.dtype.is_float() else one.is_null()
        for name, one in columns.items()
    }
    cells = []
    for at, one in enumerate(names):
        for to, other in enumerate(names[:at]):
            both = int((gone[one] & gone[other]).sum())
            either = int((gone[one] | gone[other]).sum())
            value = round(both / either, 4) if either else 0.0
            cells.append({"x": labels[to], "y": labels[at], "value": value, "rows": both})
    return cells, sample.height


def _heat(cells: list[dict[str, Any]], title: str) -> dict[str, Any]:
    place = {"type": "nominal", "sort": None, "title": None}
    return {
        "title": {"text": title, "fontSize": 11},
        "data": {"values": cells},
        "width": {"step": 18},
        "height": {"step": 18},
        "mark": "rect",
        "encoding": {
            "x": {"field": "x", **place},
            "y": {"field": "y", **place},
            "color": {"field": "value", "type": "quantitative", "scale": {"scheme": "oranges", "domain": [0, 1]}},
            "tooltip": [{"field": one} for one in ("x", "y", "value", "rows")],
        },
    }


def draw_table(profile: Profile, *, across: int = 3) -> dict[str, Any]:
    """Every column's picture, small, ``across`` beside one another; of wide tables the first forty columns."""
    shown = profile.columns[:_SMALL]
    notes = [f"{profile.rows:,} rows × {len(profile.columns):,} columns"]
    if len(profile.columns) > len(shown):
        notes.append(f"the first {len(shown)} columns are shown")
    small = [_small(draw_column(_fewer(one), rows=profile.rows)) for one in shown]
    body = {"columns": across, "concat": small or [_small(draw_column({"name": "no columns", "type": ""}))]}
    made = frame_spec("Columns", [], body, notes=notes)
    return {name: value for name, value in made.items() if name != "data"}


def _fewer(column: Mapping[str, Any]) -> Mapping[str, Any]:
    """The record with eight of its top values: a small picture has no room for more."""
    top = column.get("top") or []
    if len(top) <= 8:
        return column
    return {**column, "top": top[:8]}


def _small(spec: dict[str, Any]) -> dict[str, Any]:
    made = {name: value for name, value in spec.items() if name != "$schema"}
    made["title"] = {**made["title"], "fontSize": 11, "subtitleFontSize": 9}
    height = made["height"] if isinstance(made["height"], dict) else min(made["height"], 100)
    return {**made, "width": 200, "height": {"step": 12} if isinstance(height, dict) else height}
