"""Times as text: which forms are read. Each text is read by itself, so what stands beside it changes nothing.

A date is ``2013-09-01``; a time of the day ``10:30``, ``10:30:00`` or ``10:30:00.25``. A moment is a date, or a date
and a time of the day with ``T`` or a blank between them. Behind that stands its zone, if it has one: ``Z``, ``+02:00``,
``+0200`` or ``+02``. This is RFC 3339 and what is usual beside it. Of a second's digits, nine at most, six count.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

from solvent.errors import InputError, Problem

if TYPE_CHECKING:
    import polars as pl

__all__ = ["EXAMPLES", "bears_zone", "moments_in", "read_date", "read_moment", "read_time"]

EXAMPLES = {"date": "2013-09-01", "time": "10:30:00", "datetime": "2013-09-01T10:00:00"}
"""How each kind is written."""

_DATE = r"\d{4}-\d\d-\d\d"
_TIME = r"(?:[01]\d|2[0-3]):\d\d(?::\d\d(?:\.\d{1,9})?)?"
_ZONE = r"[Zz]|[+-]\d\d(?::?\d\d)?"
_IS_DATE, _IS_TIME = re.compile(_DATE, re.ASCII), re.compile(_TIME, re.ASCII)
_IS_MOMENT = re.compile(rf"{_DATE}(?:[Tt ]{_TIME}({_ZONE})?)?", re.ASCII)
_FIRST = 20  # how many faulty values are named before the rest is only counted


def read_date(text: str) -> dt.date:
    """A date; raises ``ValueError`` for text that is none."""
    if _IS_DATE.fullmatch(text) is None:
        raise _not("date")
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise _not("date") from None


def read_time(text: str) -> dt.time:
    """A time of the day; raises ``ValueError`` for text that is none."""
    if _IS_TIME.fullmatch(text) is None:
        raise _not("time")
    try:
        return dt.time.fromisoformat(text)
    except ValueError:
        raise _not("time") from None


def read_moment(text: str, zoned: bool) -> dt.datetime:
    """A moment: of a column whose times bear a zone in UTC, else as it stands, without a zone.

    Raises ``ValueError`` for text that is none, and for one that has a zone where the column has none, or none where
    it has.
    """
    found = _IS_MOMENT.fullmatch(text)
    if found is None:
        raise _not("datetime")
    if zoned and found[1] is None:
        raise ValueError("expected a time with its zone, such as 2013-09-01T10:00:00Z")
    if not zoned and found[1] is not None:
        raise ValueError("expected a time without a zone, as training saw it")
    try:
        made = dt.datetime.fromisoformat(text.upper())
        return made.astimezone(dt.UTC) if zoned else made
    except (ValueError, OverflowError):
        raise _not("datetime") from None


def _not(kind: str) -> ValueError:
    return ValueError(f"expected {kind} as ISO text such as {EXAMPLES[kind]}")


def bears_zone(texts: pl.Series) -> bool | None:
    """Whether the times of a column as text bear a zone: all of them do, or none; None if it holds anything else."""
    import polars as pl

    if texts.dtype != pl.String or not texts.head(100).str.contains("^[0-9]{4}-[0-9]{2}-[0-9]{2}").all():
        return None
    found = None
    for text in texts.unique().to_list():
        match = _IS_MOMENT.fullmatch(text)
        if match is None or (found is not None and found != (match[1] is not None)):
            return None
        found = match[1] is not None
        try:
            read_moment(text, found)
        except ValueError:
            return None
    return found


def moments_in(texts: pl.Series, zoned: bool) -> pl.Series:
    """The moments of a column of text (in UTC if ``zoned``), null where it is; raises :class:`InputError` by row."""
    import polars as pl

    known: dict[str | None, dt.datetime | None] = {None: None}
    problems: list[Problem] = []
    found: list[dt.datetime | None] = []
    for place, text in enumerate(texts.to_list()):
        if text not in known:
            try:
                known[text] = read_moment(text, zoned).replace(tzinfo=None)
            except ValueError as error:
                problems.append(Problem(f"row {place}, {texts.name}", str(error)))
                if len(problems) >= _FIRST:
                    break
                continue
        found.append(known[text])
    if problems:
        shown = "\n".join(f"  {problem}" for problem in problems)
        raise InputError(f"the rows do not fit what the predictor asks for:\n{shown}", problems)
    return pl.Series(texts.name, found, pl.Datetime("us"))
