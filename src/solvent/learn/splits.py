"""Splits: a table becomes a part to learn from and a part to be tested on, and how is recorded."""

from __future__ import annotations

import datetime as dt
import warnings
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from annotated_types import Ge, Interval

from solvent.config import REQUIRED
from solvent.data import Table
from solvent.engine.context import log
from solvent.errors import InputError, SettingsError
from solvent.graph.steps import step
from solvent.learn.tables.rows import check_columns, frame_of

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Split", "Split3", "random_split", "time_split"]

Share = Annotated[float, Interval(gt=0, lt=1)]
Seed = Annotated[int, Ge(0)]
Window = dict[Literal["from", "to"], dt.datetime | dt.date]


class Split(NamedTuple):
    """Rows to learn from and rows to be tested on."""

    train: Table
    test: Table


class Split3(NamedTuple):
    """Rows to learn from, rows to choose by, and rows to be tested on."""

    train: Table
    valid: Table
    test: Table


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
    frame = frame_of(table)
    check_columns(frame, [column, target], "time_split")
    times = _times(frame.get_column(column))
    start, end = _borders(times, test)
    after = times >= start
    inside = after if end is None else after & (times < end)
    before = times < start - gap if gap else ~after
    parts = Split(frame.filter(before), frame.filter(inside))
    span = f"{times.min()!s} to {times.max()!s}"
    _refuse_empty(parts, f"time_split: {column!r} goes from {span}, and the border is {start}")
    figures: dict[str, Any] = {"border": start.isoformat(), "times": span}
    if end is not None:
        figures |= {"end": end.isoformat(), "rows_after_end": int((after & ~inside).sum())}
    if gap:
        figures["rows_in_gap"] = frame.height - int(before.sum()) - int(after.sum())
    log(**figures, **_counts(parts, target))
    return parts


def _times(values: pl.Series) -> pl.Series:
    """The moments that a column holds; ISO text is read, text with an offset becomes UTC."""
    import polars as pl

    name = values.name
    if values.null_count():
        raise InputError(
            f"time_split: {name!r} is unknown in {values.null_count()} of {len(values)} rows, and no side of the "
            f"border is right for them. Leave them out in a step before, where one can see it."
        )
    if isinstance(values.dtype, (pl.Categorical, pl.Enum)):
        values = values.cast(pl.String)
    if values.dtype == pl.String and len(values):
        try:
            values = values.str.to_datetime(strict=True)
        except pl.exceptions.PolarsError:
            raise InputError(
                f"time_split: {name!r} holds text that is no ISO time, such as {values[0]!r}. Make times of it in a "
                f"step before."
            ) from None
    if not isinstance(values.dtype, (pl.Datetime, pl.Date)):
        raise InputError(f"time_split: {name!r} holds {values.dtype}, not dates, times or ISO text")
    if values.n_unique() < 2:
        raise InputError(f"time_split: {name!r} has no two different times, so there is no before and after")
    return values


def _borders(times: pl.Series, test: float | Window) -> tuple[Any, Any]:
    if isinstance(test, dict):
        unknown = set(test) - {"from", "to"}
        if unknown or "from" not in test:
            raise SettingsError("time_split: test is a share such as 0.2, or {from: 2013-09-01}, with or without to:")
        start = _border(test["from"], times)
        end = _border(test["to"], times) if "to" in test else None
        if end is not None and end <= start:
            raise SettingsError(f"time_split: the test part would end ({end}) before it begins ({start})")
        return start, end
    _check_share(test, "time_split")
    ordered = times.sort()
    start = ordered[len(ordered) - max(1, round(len(ordered) * test))]
    return (start if start > ordered[0] else ordered.filter(ordered > start)[0]), None


def _border(value: dt.date | dt.datetime | str, times: pl.Series) -> Any:
    """A border as the column has its times."""
    import zoneinfo

    import polars as pl

    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            raise SettingsError(f"time_split: {value!r} is no ISO date or time") from None
    zone = getattr(times.dtype, "time_zone", None)
    moment = value if isinstance(value, dt.datetime) else dt.datetime(value.year, value.month, value.day)
    if times.dtype == pl.Date:
        if moment != dt.datetime(moment.year, moment.month, moment.day):
            raise SettingsError(f"time_split: {times.name!r} holds dates, so the border {value} must be a date too")
        return moment.date()
    if zone is None and moment.tzinfo is not None:
        raise SettingsError(
            f"time_split: {times.name!r} has no time zone, so the border {value} cannot be placed. Write it without "
            f"a zone, or give the column its zone in a step before."
        )
    if zone is None:
        return moment
    here = zoneinfo.ZoneInfo(zone)
    return moment.astimezone(here) if moment.tzinfo else moment.replace(tzinfo=here)


@step
def random_split(table: Table, *, test: Share = 0.2, seed: Seed = REQUIRED, target: str | None = None) -> Split:
    """Draw the rows to be tested on at random; both parts keep the order of the table.

    Right only where rows are independent of one another and of time: rows that occur on both sides are counted,
    recorded and warned of. Counts, seed and, with ``target``, its balance are recorded.
    """
    import numpy as np
    import polars as pl

    _check_share(test, "random_split")
    frame = frame_of(table)
    check_columns(frame, [target], "random_split")
    drawn = np.zeros(frame.height, dtype=bool)
    drawn[np.random.default_rng(seed).permutation(frame.height)[: round(frame.height * test)]] = True
    chosen = pl.Series(drawn)
    parts = Split(frame.filter(~chosen), frame.filter(chosen))
    _refuse_empty(parts, f"random_split: the table has {frame.height} rows, and test is {test}")
    twice = _overlap(parts)
    log(seed=seed, rows_on_both_sides=twice, **_counts(parts, target))
    if twice:
        warnings.warn(
            f"random_split: {twice} of {parts.test.height} test rows are also among the training rows. Drop "
            f"duplicates before, or split by group or by time.",
            stacklevel=2,
        )
    return parts


def _check_share(share: Any, what: str) -> None:
    if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 < share < 1:
        raise SettingsError(f"{what}: test is a share between 0 and 1, such as 0.2, not {share!r}")


def _refuse_empty(parts: Split, situation: str) -> None:
    for name, part in parts._asdict().items():
        if part.height == 0:
            raise InputError(f"{situation}: the part {name!r} would have no rows")


def _overlap(parts: Split) -> int:
    """How many test rows are, value by value, also training rows."""
    if not parts.test.width:
        return 0
    return int(parts.test.hash_rows().is_in(parts.train.hash_rows().unique().implode()).sum())


def _counts(parts: Split, target: str | None) -> dict[str, Any]:
    """Rows of each part and, with a target, its mean (a number) or the share of each value (up to twenty)."""
    import polars as pl

    figures: dict[str, Any] = {}
    for name, part in parts._asdict().items():
        figures[f"rows_{name}"] = part.height
        if target is None:
            continue
        values = part.get_column(target)
        if values.dtype == pl.Boolean or values.dtype.is_numeric():
            figures[f"{target}_mean_{name}"] = values.cast(pl.Float64).mean()
        elif values.n_unique() <= 20:
            shares = values.cast(pl.String).value_counts(normalize=True, name="share", sort=True)
            figures[f"{target}_shares_{name}"] = ", ".join(f"{one} {share:.4f}" for one, share in shares.iter_rows())
    return {key: value for key, value in figures.items() if value is not None}
