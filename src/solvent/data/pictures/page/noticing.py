"""What in a profile is worth a look: columns that say nothing, values that stand for none, names that are alike."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solvent.data.pictures.specs import missing_of, number, plain, share, shorten, show_value

if TYPE_CHECKING:
    from solvent.data.profile import Profile

__all__ = ["SORTS", "Remark", "find_remarks"]

SORTS = {
    "empty": "no rows",
    "name": "names that are odd",
    "null": "mostly or wholly missing",
    "nan": "both null and NaN",
    "infinite": "infinite values",
    "constant": "nearly always one value",
    "cardinality": "very many different values",
    "skew": "skewed, or with a long tail",
    "stand-in": "values that may stand for missing ones",
    "space": "space before or after values",
    "spelling": "one thing in several spellings",
    "type": "numbers, dates or amounts kept as text",
}
"""Every sort of remark, and what it is about."""

_OFTEN = 0.001
_SHAPED = 5
_NINES = {float(sign * int("9" * count)) for count in range(2, 11) for sign in (1, -1)}
_EDGES = {-1.0, float(2**31 - 1), float(-(2**31)), float(2**63 - 1), float(-(2**63)), 1e10, -1e10}
_DAYS = ("0001-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1970-01-01", "2099-12-31", "9999-12-31")
_GONE = frozenset(
    ("", "?", "-", "--", ".", "n/a", "na", "nan", "nil", "none", "null", "(null)", "#n/a", "#na", "undefined",
     "unknown", "missing", "empty", "inf", "-inf")
)  # fmt: skip
_NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d*)?([eE][+-]?\d+)?|[+-]?\.\d+")
_MONEY = re.compile(r"[+-]?[$€£¥]\s?[\d.,]+|[\d.,]+\s?(%|[$€£¥])")
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?|\d{1,2}[./]\d{1,2}[./]\d{2,4}")


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing worth a look: in which column (by its place; None for the table), of which sort, and what it is."""

    place: int | None
    sort: str
    text: str


def find_remarks(profile: Profile) -> list[Remark]:
    """What in this profile is worth a look, the table's first, then column by column. None of it need be wrong."""
    found = list(_names(profile))
    if not profile.rows:
        found.insert(0, Remark(None, "empty", "the table has no rows"))
        return found
    for place, column in enumerate(profile.columns):
        for sort, text in _column(column, profile.rows):
            found.append(Remark(place, sort, text))
    return found


def _names(profile: Profile) -> Iterator[Remark]:
    """Names that are empty, that end in space, or that differ from another by case or space alone."""
    seen: dict[str, list[str]] = {}
    for place, column in enumerate(profile.columns):
        name = str(column["name"])
        folded = re.sub(r"[\s_]+", "_", name.strip().casefold())
        seen.setdefault(folded, []).append(name)
        if not name.strip():
            yield Remark(place, "name", "the column has no name")
        elif name != name.strip():
            yield Remark(place, "name", "its name begins or ends with space")
        elif plain(name) != name:
            yield Remark(place, "name", "its name has signs that are not seen")
    for names in seen.values():
        if len(names) > 1:
            shown = ", ".join(repr(shorten(one, 24)) for one in names[:4])
            more = f" and {len(names) - 4} more" if len(names) > 4 else ""
            yield Remark(None, "name", f"columns whose names are nearly the same: {shown}{more}")


def _column(column: Mapping[str, Any], rows: int) -> Iterator[tuple[str, str]]:
    missing = missing_of(column)
    if missing >= rows:
        yield "null", "has no value in any row"
        return
    if missing >= rows / 2:
        yield "null", f"{share(missing, rows)} missing"
    if column.get("nulls") and column.get("nans"):
        yield "nan", f"has both null ({column['nulls']:,}) and NaN ({column['nans']:,})"
    if column.get("infinite"):
        yield "infinite", f"{column['infinite']:,} infinite"
    present = rows - missing
    top = [(value, count) for value, count in column.get("top") or ()]
    counted = (column.get("sampled") or {}).get("top") or present
    if column.get("distinct") == 1:
        value = shorten(show_value(top[0][0] if top else column.get("min")))
        yield "constant", f"is {value or 'empty'} in every row" + (" that has a value" if missing else "")
        return
    if top and top[0][1] / counted >= 0.99:
        yield "constant", f"{shorten(show_value(top[0][0]))} in {share(top[0][1], counted)} of the rows with a value"
    yield from _cardinality(column, present)
    yield from _shape(column)
    yield from _stand_ins(column, top, counted)
    yield from _texts(column, top, counted)


def _cardinality(column: Mapping[str, Any], present: int) -> Iterator[tuple[str, str]]:
    distinct = column.get("distinct")
    if column.get("kind") not in ("text", "category") or distinct is None or present < 50:
        return
    if distinct >= 0.95 * present:
        every = "every" if distinct == present and column.get("distinct_exact") else "nearly every"
        yield "cardinality", f"{every} row has a value of its own: a key, or free text"
    elif distinct > 1000:
        about = "" if column.get("distinct_exact", True) else "about "
        yield "cardinality", f"{about}{distinct:,} different values"


def _shape(column: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A long tail: the extreme lies more than ten times as far from the median as the 1st or 99th percentile."""
    marks = column.get("quantiles") or {}
    if column.get("kind") not in ("number", "duration") or (column.get("distinct") or 0) < _SHAPED:
        return
    low, middle, high = (number(marks.get(one)) for one in ("0.01", "0.5", "0.99"))
    least, most = number(column.get("min")), number(column.get("max"))
    if low is None or middle is None or high is None or least is None or most is None:
        return
    if high > middle and most - middle > 10 * (high - middle):
        yield "skew", f"a long tail upwards: 99 % are at most {show_value(marks['0.99'])}, one is {show_value(most)}"
    if low < middle and middle - least > 10 * (middle - low):
        yield (
            "skew",
            f"a long tail downwards: 99 % are at least {show_value(marks['0.01'])}, one is {show_value(least)}",
        )
    mean, spread = number(column.get("mean")), number(column.get("std"))
    if mean is not None and spread and abs(mean - middle) > 0.6 * spread:
        yield "skew", f"skewed: the mean is {show_value(mean)}, the median {show_value(middle)}"


def _stand_ins(column: Mapping[str, Any], top: list[tuple[Any, int]], counted: int) -> Iterator[tuple[str, str]]:
    """Frequent values that often stand for a missing one: -999, 9999-12-31, "N/A"."""
    for value, count in top:
        if count < max(3, _OFTEN * counted) or not _stands_in(column, value):
            continue
        shown = repr(value) if value == "" else shorten(show_value(value))
        yield "stand-in", f"{shown} {count:,} times ({share(count, counted)}): it may stand for a missing value"
    known = [value for value, _ in top]
    marks = column.get("quantiles") or {}
    for end, mark in (("min", "0.01"), ("max", "0.99")):  # frequent, though not among the most frequent
        value = column.get(end)
        if value is not None and value == marks.get(mark) and value not in known and _stands_in(column, value):
            yield "stand-in", f"{shorten(show_value(value))} in 1 % of rows or more: it may stand for a missing value"


def _stands_in(column: Mapping[str, Any], value: Any) -> bool:
    kind = column.get("kind")
    if kind == "time":
        return isinstance(value, str) and value[:10] in _DAYS
    if kind in ("text", "category"):
        text = str(value).strip().casefold()
        return text in _GONE or (number(text) in _NINES and abs(number(text) or 0) > 900)
    found = number(value) if kind in ("number", "duration") else None
    if found is None or (found not in _NINES and found not in _EDGES):
        return False
    # Such a number is odd only at the edge of the column, and away from what the rest of it holds.
    low, middle, high = (number((column.get("quantiles") or {}).get(one)) for one in ("0.05", "0.5", "0.95"))
    least, most = number(column.get("min")), number(column.get("max"))
    if low is None or middle is None or high is None or most is None or least == most:
        return False
    if found == least:
        return high > found and (found != -1.0 or (high >= 0 and most > 1))
    return found == most and found > middle and found - middle > 4 * (middle - low)


def _texts(column: Mapping[str, Any], top: list[tuple[Any, int]], counted: int) -> Iterator[tuple[str, str]]:
    """Space at the ends, spellings of one thing, and numbers or dates that are kept as text."""
    if column.get("kind") not in ("text", "category"):
        return
    texts = [(str(value), count) for value, count in top]
    spaced = sum(count for value, count in texts if value.strip() and value != value.strip())
    if spaced:
        yield "space", f"space before or after the value in at least {spaced:,} rows"
    spelled: dict[str, list[str]] = {}
    for value, _ in texts:
        spelled.setdefault(value.strip().casefold(), []).append(value)
    for alike in spelled.values():
        if len(alike) > 1:
            yield (
                "spelling",
                "one thing in several spellings: " + ", ".join(repr(shorten(one, 20)) for one in alike[:4]),
            )
            break
    if column.get("kind") == "text":
        yield from _readable(column, texts)


def _readable(column: Mapping[str, Any], texts: list[tuple[str, int]]) -> Iterator[tuple[str, str]]:
    known = texts or [(str(column[end]), 1) for end in ("min", "max") if column.get(end)]
    real = [(value.strip(), count) for value, count in known if value.strip().casefold() not in _GONE]
    whole = sum(count for _, count in real)
    for pattern, what in ((_NUMBER, "numbers"), (_DATE, "dates or moments"), (_MONEY, "amounts or percentages")):
        if whole and sum(count for value, count in real if pattern.fullmatch(value)) >= 0.95 * whole:
            yield "type", f"{what} kept as text, such as {shorten(real[0][0], 24)!r}"
            return
