"""Times: learn from what was before, be tested on what came after."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Literal

from solvent.config import REQUIRED
from solvent.data import Table
from solvent.errors import InputError, SettingsError
from solvent.graph.steps import step
from solvent.learn.splits.parts import (
    NEITHER,
    TEST,
    TRAIN,
    VALID,
    Share,
    Split,
    Split3,
    check_shares,
    frame_with,
    parts_of,
    record,
)  # fmt: skip
from solvent.learn.tables.moments import bears_zone, moments_in

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Window", "border_after", "moments_of", "time_split", "time_split3"]

Window = dict[Literal["from", "to"], dt.datetime | dt.date]


@step
def time_split(
    table: Table,
    *,
    column: str = REQUIRED,
    test: Share | Window = REQUIRED,
    gap: dt.timedelta = dt.timedelta(0),
    target: str | None = None,
) -> Split:
    """Learn from what was before, be tested on what came after.

    ``test`` is the share of rows that comes last, or ``{from: …}``, ``{from: …, to: …}``: the test part begins at
    ``from`` and ends before ``to``; what lies beyond is in neither part. All rows of one moment stay together.
    ``gap`` leaves out what lies so shortly before the border. The column holds dates, times, or ISO text; where
    it has a time zone, a border without one is read in that zone. Rows whose time is unknown are refused: no
    side is right for them. The border, all counts and, with ``target``, its balance are recorded.

    Raises :class:`InputError` for a column without two different times, and where a part would be empty.
    """
    _refuse_gap(gap, "time_split")
    frame, times = _timed(table, column, target, "time_split")
    start, end = _borders(times, test, "time_split")
    after = times >= start
    inside = after if end is None else after & (times < end)
    before = times < start - gap if gap else ~after
    span = f"{times.min()!s} to {times.max()!s}"
    marks = _marks([(before, TRAIN), (inside, TEST)])
    situation = f"time_split: {column!r} goes from {span}, and the border is {start}"
    train, _, tested = parts_of(frame, marks, situation)
    figures: dict[str, Any] = {"border": start.isoformat(), "times": span}
    if end is not None:
        figures |= {"end": end.isoformat(), "rows_after_end": int((after & ~inside).sum())}
    if gap:
        figures["rows_in_gap"] = frame.height - int(before.sum()) - int(after.sum())
    parts = Split(train, tested)
    record(parts, "time_split", situation, target, **figures)
    return parts


@step
def time_split3(
    table: Table,
    *,
    column: str = REQUIRED,
    valid: Share | Window = REQUIRED,
    test: Share | Window = REQUIRED,
    gap: dt.timedelta = dt.timedelta(0),
    target: str | None = None,
) -> Split3:
    """As :func:`time_split`, with a part to choose by between what is learnt from and what is tested on.

    ``valid`` is a share of all rows, or a window, which ends where the test part begins if it says no ``to``. The
    ``gap`` lies before each of the two. Raises :class:`SettingsError` for a ``valid`` that ends after the border.
    """
    _refuse_gap(gap, "time_split3")
    frame, times = _timed(table, column, target, "time_split3")
    start, end = _borders(times, test, "time_split3")
    early = times.filter(times < start)
    span = f"{times.min()!s} to {times.max()!s}"
    if early.n_unique() < 2:
        raise InputError(
            f"time_split3: {column!r} goes from {span}, and before {start} there are no two different times"
        )
    if isinstance(valid, dict):
        first, last = _borders(times, valid, "time_split3", "valid")
        if first >= start or (last is not None and last > start):
            raise SettingsError(f"time_split3: valid would not be over ({last or first}) when test begins ({start})")
        last = last or start
    else:
        check_shares("time_split3", valid=valid)
        first, last = border_after(early, len(times) * valid), start
    after, over = times >= start, times >= (last - gap if gap else last)
    tested = after if end is None else after & (times < end)
    chosen = (times >= first) & ~over & (times < (start - gap if gap else start))
    before = times < (first - gap if gap else first)
    situation = f"time_split3: {column!r} goes from {span}, and the borders are {first} and {start}"
    marks = _marks([(before, TRAIN), (chosen, VALID), (tested, TEST)])
    parts = Split3(*parts_of(frame, marks, situation))
    figures = {"valid_border": first.isoformat(), "border": start.isoformat(), "times": span}
    record(parts, "time_split3", situation, target, **figures, rows_left_out=int((marks == NEITHER).sum()))
    return parts


def _refuse_gap(gap: dt.timedelta, what: str) -> None:
    if gap < dt.timedelta(0):
        raise SettingsError(
            f"{what}: gap is how long before the border rows are left out, and not below 0 (it is {gap})"
        )


def _timed(table: Table, column: str, target: str | None, what: str) -> tuple[pl.DataFrame, pl.Series]:
    frame = frame_with(table, [column, target], what)
    return frame, moments_of(frame.get_column(column), what)


def _marks(said: list[tuple[pl.Series, int]]) -> pl.Series:
    import polars as pl

    marks = pl.Series([NEITHER], dtype=pl.Int8).new_from_index(0, len(said[0][0]))
    for where, mark in said:
        marks = marks.set(where, mark)
    return marks


def moments_of(values: pl.Series, what: str) -> pl.Series:
    """The moments that a column holds; ISO text is read, text with an offset becomes UTC.

    Raises :class:`InputError` for unknown ones, what is no time, and a column without two different ones.
    """
    import polars as pl

    name = values.name
    if values.null_count():
        raise InputError(
            f"{what}: {name!r} is unknown in {values.null_count()} of {len(values)} rows, and no side of the "
            f"border is right for them. Leave them out in a step before, where one can see it."
        )
    if isinstance(values.dtype, (pl.Categorical, pl.Enum)):
        values = values.cast(pl.String)
    if values.dtype == pl.String and len(values):
        zoned = bears_zone(values)
        if zoned is None:
            raise InputError(
                f"{what}: {name!r} holds text that is no ISO time, or has a zone in some rows only, such as "
                f"{values[0]!r}. Make times of it in a step before."
            )
        values = moments_in(values, zoned)
        values = values.dt.replace_time_zone("UTC") if zoned else values
    if not isinstance(values.dtype, (pl.Datetime, pl.Date)):
        raise InputError(f"{what}: {name!r} holds {values.dtype}, not dates, times or ISO text")
    if values.n_unique() < 2:
        raise InputError(f"{what}: {name!r} has no two different times, so there is no before and after")
    return values


def _borders(times: pl.Series, test: float | Window, what: str, part: str = "test") -> tuple[Any, Any]:
    if isinstance(test, dict):
        unknown = set(test) - {"from", "to"}
        if unknown or "from" not in test:
            raise SettingsError(f"{what}: {part} is a share such as 0.2, or {{from: 2013-09-01}}, with or without to:")
        start = _border(test["from"], times, what)
        end = _border(test["to"], times, what) if "to" in test else None
        if end is not None and end <= start:
            raise SettingsError(f"{what}: the {part} part would end ({end}) before it begins ({start})")
        return start, end
    check_shares(what, **{part: test})
    return border_after(times, len(times) * test), None


def border_after(times: pl.Series, rows: float) -> Any:
    """The moment from which on about so many rows lie, and before which at least one does."""
    ordered = times.sort()
    start = ordered[len(ordered) - min(len(ordered), max(1, round(rows)))]
    return start if start > ordered[0] else ordered.filter(ordered > start)[0]


def _border(value: dt.date | dt.datetime | str, times: pl.Series, what: str) -> Any:
    """A border as the column has its times."""
    import zoneinfo

    import polars as pl

    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            raise SettingsError(f"{what}: {value!r} is no ISO date or time") from None
    zone = getattr(times.dtype, "time_zone", None)
    moment = value if isinstance(value, dt.datetime) else dt.datetime(value.year, value.month, value.day)
    if times.dtype == pl.Date:
        if moment != dt.datetime(moment.year, moment.month, moment.day):
            raise SettingsError(f"{what}: {times.name!r} holds dates, so the border {value} must be a date too")
        return moment.date()
    if zone is None and moment.tzinfo is not None:
        raise SettingsError(
            f"{what}: {times.name!r} has no time zone, so the border {value} cannot be placed. Write it without "
            f"a zone, or give the column its zone in a step before."
        )
    if zone is None:
        return moment
    here = zoneinfo.ZoneInfo(zone)
    return moment.astimezone(here) if moment.tzinfo else moment.replace(tzinfo=here)
