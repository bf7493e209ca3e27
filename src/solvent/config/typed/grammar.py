"""What the text of a scalar means: numbers, truth, dates and durations as a person writes them.

Every rule takes text and gives a value, or ``MISSED`` if the text does not say such a thing.
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from solvent.config.leaf import Text

__all__ = [
    "MISSED",
    "core",
    "core_tree",
    "read_bool",
    "read_date",
    "read_datetime",
    "read_duration",
    "read_float",
    "read_int",
    "read_null",
    "read_time",
]


class _Missed:
    """The text says something else."""

    def __bool__(self) -> bool:
        return False


MISSED: Final = _Missed()

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
# patterns as text: they are compiled when a file first needs them, never by an import
_DIGITS = r"[0-9]+(?:_[0-9]+)*"
_INT = rf"(?a)[-+]?{_DIGITS}"
_BASED = r"(?a)[-+]?(0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+)"
_WHOLE = rf"(?a)([-+]?{_DIGITS})[eE]\+?([0-9]{{1,3}})"
_FLOAT = rf"(?a)[-+]?(?:{_DIGITS}\.?(?:{_DIGITS})?|\.{_DIGITS})(?:[eE][-+]?[0-9]+)?"
_INF = r"([-+]?)\.(inf|Inf|INF)"
_NAN = frozenset({".nan", ".NaN", ".NAN"})
_CORE_INT = r"(?a)[-+]?[0-9]+"
_CORE_BASED = r"(?a)0o[0-7]+|0x[0-9a-fA-F]+"
_CORE_FLOAT = r"(?a)[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
_DATE = r"(?a)[0-9]{4}-[0-9]{2}-[0-9]{2}"
_DATETIME = (
    r"(?a)[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)? ?"
    r"([zZ]|[-+][0-9]{2}:?[0-9]{2})?"
)
_TIME = r"(?a)[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?([zZ]|[-+][0-9]{2}:?[0-9]{2})?"
_CLOCK = r"(?a)([-+]?)([0-9]+):([0-5][0-9]):([0-5][0-9](?:\.[0-9]{1,6})?)"
_PART = r"(?a)([0-9]+(?:\.[0-9]+)?)\s*([a-zA-Zµ]+)\s*,?\s*(?:and\s+)?"
_ISO = r"(?a)([-+]?)P(?:([0-9.]+)W)?(?:([0-9.]+)D)?(?:T(?:([0-9.]+)H)?(?:([0-9.]+)M)?(?:([0-9.]+)S)?)?"
_UNITS = {
    "microseconds": ("us", "µs", "microsecond", "microseconds"),
    "milliseconds": ("ms", "msec", "millisecond", "milliseconds"),
    "seconds": ("s", "sec", "secs", "second", "seconds"),
    "minutes": ("m", "min", "mins", "minute", "minutes"),
    "hours": ("h", "hr", "hrs", "hour", "hours"),
    "days": ("d", "day", "days"),
    "weeks": ("w", "wk", "week", "weeks"),
}
_UNIT_OF = {spelling: unit for unit, spellings in _UNITS.items() for spelling in spellings}


def read_null(text: str) -> Any:
    """``null``, ``~`` or nothing at all."""
    return None if text in _NULLS else MISSED


def read_bool(text: str, *, only_core: bool = False) -> Any:
    """``true``, ``yes``, ``on`` and their opposites, in any of the three cases; the core knows true and false only."""
    word = text.lower()
    if text not in (word, word.capitalize(), word.upper()) or (only_core and word not in ("true", "false")):
        return MISSED
    return _WORDS.get(word, MISSED)


def read_int(text: str) -> Any:
    """``12``, ``-3``, ``1_000``, ``0x1f``, ``0o17``, ``0b11``, and ``1e6``, which is whole. ``010`` is ten."""
    try:
        if re.fullmatch(_INT, text):
            return int(text)
        if re.fullmatch(_BASED, text):
            return int(text, 0)
    except ValueError:  # beyond Python's limit of digits, or a misplaced underscore
        return MISSED
    whole = re.fullmatch(_WHOLE, text)
    if whole and len(whole[1]) + int(whole[2]) <= 310:
        return int(whole[1]) * 10 ** int(whole[2])
    return MISSED


def read_float(text: str) -> Any:
    """Any whole or decimal number, ``1e-3``, ``.5``, ``.inf`` and ``.nan``. What overflows is not a number."""
    if re.fullmatch(_FLOAT, text):
        value = float(text)
        return MISSED if math.isinf(value) else value
    if text in _NAN:
        return math.nan
    endless = re.fullmatch(_INF, text)
    if endless:
        return -math.inf if endless[1] == "-" else math.inf
    whole = read_int(text)
    try:
        return MISSED if whole is MISSED else float(whole)
    except OverflowError:
        return MISSED


def core(text: str) -> Any:
    """What YAML 1.2's core schema takes a plain scalar for: null, a boolean, a number, else the text itself."""
    if text in _NULLS:
        return None
    first = text[0]
    if first in "tTfF":
        found = read_bool(text, only_core=True)
        return str(text) if found is MISSED else found
    if first not in "0123456789-+.":
        return str(text)
    try:
        if re.fullmatch(_CORE_INT, text):
            return int(text)
        if re.fullmatch(_CORE_BASED, text):
            return int(text, 0)
    except ValueError:
        return str(text)
    if re.fullmatch(_CORE_FLOAT, text) or text in _NAN or re.fullmatch(_INF, text):
        found = read_float(text)
        return str(text) if found is MISSED else found
    return str(text)


def core_tree(value: Any) -> Any:
    """A tree of the settings with every scalar read by the core schema: what a setting typed ``Any`` is given."""
    if isinstance(value, Text):
        return str(value) if value.quoted else core(value)
    if type(value) is dict:
        return {core_tree(name): core_tree(item) for name, item in value.items()}
    if type(value) is list:
        return [core_tree(item) for item in value]
    return value


def read_date(text: str) -> Any:
    """``2013-09-01``."""
    try:
        return date.fromisoformat(text) if re.fullmatch(_DATE, text) else MISSED
    except ValueError:
        return MISSED


def read_datetime(text: str) -> Any:
    """``2013-09-01T12:00``, with seconds and a zone if one likes; a date alone is its midnight."""
    try:
        if re.fullmatch(_DATE, text):
            return datetime.fromisoformat(text)
        if not re.fullmatch(_DATETIME, text):
            return MISSED
        return datetime.fromisoformat(text.replace(" ", "T", 1).replace(" ", ""))
    except ValueError:
        return MISSED


def read_time(text: str) -> Any:
    """``12:30``, ``12:30:05.25``."""
    try:
        return time.fromisoformat(text) if re.fullmatch(_TIME, text) else MISSED
    except ValueError:
        return MISSED


def read_duration(text: str) -> Any:
    """``90s``, ``1 day``, ``1 day 2 hours``, ``2h30m``, ``1:30:00`` or ISO 8601's ``P1DT2H``."""
    try:
        return _duration(text.strip())
    except (OverflowError, ValueError):
        return MISSED


def _duration(text: str) -> Any:
    iso = re.fullmatch(_ISO, text)
    if iso and any(iso.groups()[1:]) and not text.endswith("T"):
        weeks, days, hours, minutes, seconds = (float(part or 0) for part in iso.groups()[1:])
        span = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
        return -span if iso[1] == "-" else span
    clock = re.fullmatch(_CLOCK, text)
    if clock:
        span = timedelta(hours=int(clock[2]), minutes=int(clock[3]), seconds=float(clock[4]))
        return -span if clock[1] == "-" else span
    sign, rest = (-1, text[1:].lstrip()) if text.startswith("-") else (1, text)
    total, place, seen = timedelta(), 0, set[str]()
    while place < len(rest):
        part = re.compile(_PART).match(rest, place)
        unit = _UNIT_OF.get(part[2] if len(part[2]) == 1 else part[2].lower()) if part else None
        if part is None or unit is None or unit in seen:
            return MISSED
        seen.add(unit)
        total += timedelta(**{unit: float(part[1])})
        place = part.end()
    return sign * total if seen else MISSED
