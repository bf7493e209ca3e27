"""A profile as a text table, with a small picture of each column's distribution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from solvent.data.profile.record import Profile

__all__ = ["render_text", "sparkline"]

_BARS = "▁▂▃▄▅▆▇█"
_WIDTH = 22
_HEAD = ("column", "type", "nulls", "distinct", "min", "mean or most frequent", "max", "")


def render_text(profile: Profile) -> str:
    """The profile as lines of text: one for each column."""
    rows = [_HEAD, *(_line(one, profile.rows) for one in profile.columns)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(_HEAD) - 1)]
    lines = [f"{profile.rows:,} rows × {len(profile.columns)} columns", ""]
    for row in rows:
        cells = [_pad(cell, width, at) for at, (cell, width) in enumerate(zip(row, widths, strict=False))]
        lines.append("  ".join([*cells, row[-1]]).rstrip())
    notes = [_note(one) for one in profile.columns if one.get("sampled")]
    return "\n".join([*lines, *([""] if notes else []), *notes])


def sparkline(counts: Sequence[int]) -> str:
    """Counts as a row of bars; what is there at all shows."""
    most = max(counts, default=0)
    if not most:
        return ""
    return "".join(" " if not one else _BARS[min(7, one * 8 // (most + 1))] for one in counts)


def _line(column: Mapping[str, Any], rows: int) -> tuple[str, ...]:
    missing = column["nulls"] + column.get("nans", 0)
    share = f"{missing / rows:.1%}" if missing and rows else "0" if rows else ""
    distinct = column.get("distinct")
    about = "" if column.get("distinct_exact", True) else "~"
    middle = _cell(column["mean"]) if "mean" in column else _best(column)
    picture = sparkline(column["histogram"]["counts"]) if "histogram" in column else ""
    if not picture and "top" in column:
        picture = sparkline([count for _, count in column["top"]])
    return (
        _cell(column["name"]),
        _cell(column["type"]),
        share,
        "" if distinct is None else f"{about}{distinct:,}",
        _cell(column.get("min")),
        middle,
        _cell(column.get("max")),
        picture,
    )


def _best(column: Mapping[str, Any]) -> str:
    if column.get("top"):
        value, count = column["top"][0]
        return f"{_cell(value)} ({count:,}×)"
    lengths = column.get("lengths")
    return f"length {lengths['min']} to {lengths['max']}" if lengths and lengths["min"] is not None else ""


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = f"{value:.6g}" if isinstance(value, float) else f"{value:,}" if type(value) is int else str(value)
    text = "".join(sign if sign.isprintable() else "·" for sign in text)
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


def _pad(cell: str, width: int, at: int) -> str:
    return cell.ljust(width) if at in (0, 1, 5) else cell.rjust(width)


def _note(column: Mapping[str, Any]) -> str:
    looked = ", ".join(f"{name} from {count:,} rows" for name, count in column["sampled"].items())
    return f"{column['name']}: {looked}, evenly spaced"
