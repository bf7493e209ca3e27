"""What all pictures have in common: the frame of a specification, bounded data, harmless names, moments on an axis."""

from __future__ import annotations

import datetime
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

__all__ = [
    "MOST", "PALETTE", "SCHEMA", "axis", "count_all", "edges_of", "ends_of", "frame_spec", "is_counted", "is_whole",
    "missing_of", "moment", "number", "plain", "rounded", "say", "share", "shorten", "show_value", "tell_apart",
]  # fmt: skip

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
MOST = 300
"""So many rows of data a picture holds at most, unless it says otherwise."""
PALETTE = ("#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#9c6b4e", "#97bbf5", "#a463f2", "#9498a0")
"""Colours that can be told apart on white and on black, and by people who see fewer of them."""
_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_CLOCK = re.compile(r"(\d{1,2}):(\d\d):(\d\d(?:\.\d+)?)")
_EPOCH = datetime.datetime(1970, 1, 1)


def plain(text: object) -> str:
    """Text from outside with its control and direction signs written out, so that it can move nothing around it."""
    return "".join(one if unicodedata.category(one) not in _HIDDEN else _escaped(one) for one in str(text))


def _escaped(one: str) -> str:
    code = ord(one)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def shorten(text: object, most: int = 40) -> str:
    """The same, short enough for a title or an axis."""
    shown = plain(text)
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def tell_apart(labels: Sequence[str]) -> list[str]:
    """Labels of which no two are the same: a label that was there already gets its number behind it."""
    made: dict[str, None] = {}
    for label in labels:
        one, count = label, 1
        while one in made:
            count += 1
            one = f"{label} ({count})"
        made[one] = None
    return list(made)


def show_value(value: Any) -> str:
    """A value of a record as a person reads it; spaces at its ends are made visible."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}" if abs(value) < 10**21 else f"{value:.6e}" if abs(value) < 10**300 else "a huge number"
    if isinstance(value, float):
        return f"{value:,.6g}" if 1e-4 <= abs(value) < 1e7 or not value else f"{value:.6g}"
    text = str(value)
    inner = text.strip(" ")
    ahead = len(text) - len(text.lstrip(" "))
    return plain("␣" * ahead + inner + "␣" * (len(text) - len(inner) - ahead))


def number(value: Any) -> float | None:
    """A value of a record as a finite float, or None."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        made = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return made if math.isfinite(made) else None


def rounded(value: float) -> float:
    """A coordinate to nine digits: more cannot be seen, and would differ between machines."""
    return float(f"{value:.9g}")


def moment(text: Any) -> float | None:
    """A date or moment in ISO form as milliseconds since 1970, a time of day as those since midnight; else None.

    Moments without a zone are taken as UTC, and pictures show all in UTC, so that a picture is the same everywhere.
    """
    if not isinstance(text, str):
        return None
    clock = _CLOCK.fullmatch(text)
    if clock:
        return rounded((int(clock[1]) * 3600 + int(clock[2]) * 60 + float(clock[3])) * 1000)
    cut = re.sub(r"(\.\d{6})\d+", r"\1", text)  # Python knows microseconds, a record may have nanoseconds
    try:
        made = datetime.datetime.fromisoformat(cut)
    except ValueError:
        return None
    if made.tzinfo is not None:
        made = made.astimezone(datetime.UTC).replace(tzinfo=None)
    return (made - _EPOCH) / datetime.timedelta(milliseconds=1)


def axis(column: Mapping[str, Any]) -> Any:
    """What turns this column's values into places on an axis: :func:`moment` for times, else :func:`number`."""
    return moment if column.get("kind") == "time" else number


def is_whole(column: Mapping[str, Any]) -> bool:
    """Whether the column holds whole numbers by its type."""
    return str(column.get("type")).startswith(("int", "uint"))


def is_counted(column: Mapping[str, Any]) -> bool:
    """Whether the column's ``top`` holds every value that occurs, each with its true count."""
    top = column.get("top") or ()
    true = column.get("top_exact", not column.get("sampled"))  # records before version 2 say it by `sampled`
    return bool(top and true and column.get("distinct_exact")) and column.get("distinct") == len(top)


def count_all(column: Mapping[str, Any]) -> list[tuple[float, int]] | None:
    """Every value of a column as a place on an axis, with its count, in order; None where not all are known."""
    top = column.get("top") or ()
    if not is_counted(column):
        return None
    place = axis(column)
    known = [(found, int(count)) for value, count in top if (found := place(value)) is not None]
    return sorted(known) if len(known) == len(top) else None


def edges_of(column: Mapping[str, Any]) -> tuple[float, float, list[int]] | None:
    """Lower edge, upper edge and counts in bins of equal width; None where the column has none that can be drawn.

    Whole numbers of which every value is counted have a bin for each, so that bins hold equally many of them.
    """
    found = column.get("histogram")
    if not found or not found.get("counts"):
        return None
    known = count_all(column) if is_whole(column) else None
    if known is not None and 0 < known[-1][0] - known[0][0] < MOST // 2:
        by = dict(known)
        least, most = int(known[0][0]), int(known[-1][0])
        return least - 0.5, most + 0.5, [by.get(float(one), 0) for one in range(least, most + 1)]
    place = axis(column)
    low, high = place(found["low"]), place(found["high"])
    if low is None or high is None:
        return None
    counts = list(found["counts"])
    while len(counts) > MOST // 2:  # pairs of neighbours become one
        if len(counts) % 2:
            high += (high - low) / len(counts)
            counts.append(0)
        counts = [counts[at] + counts[at + 1] for at in range(0, len(counts), 2)]
    if low == high:
        half = abs(low) * 1e-6 or 0.5
        return low - half, high + half, [sum(counts)]
    return low, high, counts


def ends_of(column: Mapping[str, Any]) -> tuple[Any, Any, list[str]]:
    """The least and greatest value that the bins of :func:`edges_of` show, and in words what lies beyond them."""
    found = column["histogram"]
    if is_whole(column) and count_all(column) is not None:
        return column.get("min"), column.get("max"), []
    beyond = [f"{found[side]:,} {word}" for side, word in (("below", "lower"), ("above", "higher")) if found.get(side)]
    return found["low"], found["high"], beyond


def missing_of(column: Mapping[str, Any]) -> int:
    """How many rows have no value: null, or not a number."""
    return int(column.get("nulls") or 0) + int(column.get("nans") or 0)


def share(part: float, whole: float) -> str:
    """A part as per cent; what is there at all is never shown as nothing, and not quite all never as all."""
    if not whole:
        return "0 %"
    found = part / whole
    if 0 < found < 0.0005:
        return "< 0.1 %"
    if 0.9995 <= found < 1:
        return "> 99.9 %"
    return f"{found:.1%}".replace(".0%", "%").replace("%", " %")


def frame_spec(
    title: str, rows: Iterable[Mapping[str, Any]], body: Mapping[str, Any], *, notes: Sequence[str] = ()
) -> dict[str, Any]:
    """A whole specification: its title with notes beneath it, the rows of data in it, and what is drawn."""
    text: dict[str, Any] = {"text": title, "anchor": "start"}
    shown = [one for one in notes if one]
    if shown:
        text |= {"subtitle": shown, "subtitleColor": "#666"}
    return {"$schema": SCHEMA, "title": text, "data": {"values": [dict(one) for one in rows]}, **body}


def say(title: str, text: str, *, notes: Sequence[str] = ()) -> dict[str, Any]:
    """A picture that says in words why there is nothing to draw."""
    body = {
        "width": 360,
        "height": 40,
        "mark": {"type": "text", "color": "#666"},
        "encoding": {"text": {"field": "said", "type": "nominal"}},
    }
    return frame_spec(title, [{"said": text}], body, notes=notes)
