"""Joining as of a moment: to each row what was known of its entity then, and nothing that came later."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import Rows, column_named, columns_named, conform, visible_columns
from solvent.data.family import kind_of
from solvent.data.frames.incoming import take
from solvent.data.frames.outgoing import give
from solvent.data.likening import Form, as_nanoseconds, common_form, key_form, zones_of
from solvent.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import polars as pl

__all__ = ["asof"]


def asof(
    left: Any, right: Any, *, on: str | tuple[str, str], by: str | Sequence[str] = (), known_at: str | None = None,
    tolerance: Any = None, suffix: str = "_right", allow_equal: bool = True,
) -> Any:  # fmt: skip
    """Add to each row of ``left`` the latest row of ``right`` that was known at its time: a point-in-time join.

    ``on`` is the column of time (of both, or of left and right); ``by`` the columns that name the entity. ``known_at``
    is a column of ``right``: when a row became known. A row counts from then on, however early its own time is: so a
    correction that came late is not used for what was before it came. Of the rows that count, the latest by time is
    taken, of these the one that was known last, of these the last one. ``tolerance`` (a ``timedelta``, or a number
    where times are numbers) is how much older than the row of ``left`` that one may be: where it is older, nothing
    fits. ``allow_equal`` says whether a row counts at its very moment.

    Every row of ``left`` stays, once, in its order; where nothing was known, the columns of ``right`` are null, as
    they are where a key or the time is null, or the time is NaN. The result is a frame of the kind that ``left`` is; of
    a ``LazyFrame`` nothing is carried out yet, and its query is carried out once only. Raises :class:`InputError` for
    columns that are not there, or that cannot be compared.
    """
    import polars as pl

    kind = kind_of(type(left))
    if kind is None or kind_of(type(right)) is None:
        raise InputError("asof joins two tables; one of them is none")
    ours, extra = _open(left)
    theirs, beside = _open(right)
    if beside:
        theirs = theirs.select(columns_named(visible_columns(theirs.columns, beside)))
    here, there = (on, on) if isinstance(on, str) else on
    keys = (by,) if isinstance(by, str) else tuple(by)
    plan = _plan(ours.collect_schema(), theirs.collect_schema(), _Names(here, there, known_at, keys, suffix))
    plan = replace(plan, limit=_limit(tolerance, plan.kind), allow_equal=allow_equal)
    if isinstance(ours, pl.LazyFrame):
        return _join(ours, theirs.lazy(), plan)
    made = _join(ours.lazy(), theirs, plan).collect() if isinstance(theirs, pl.LazyFrame) else _pick(ours, theirs, plan)
    return made if kind == "polars.DataFrame" else give(Rows(made, extra), type(left))


@dataclass(frozen=True, slots=True)
class _Names:
    """The columns that a join goes by."""

    here: str
    there: str
    known_at: str | None
    keys: tuple[str, ...]
    suffix: str


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a join goes by, in the form in which it is compared; ``mark`` begins no column's name."""

    names: _Names
    mark: str
    kind: Any
    time: pl.Expr
    right: Sequence[pl.Expr]
    """The right's time, and when it was known."""
    ours: Sequence[pl.Expr]
    theirs: Sequence[pl.Expr]
    called: Mapping[str, str]
    """Columns of the right by their names in the result."""
    limit: Any = None
    allow_equal: bool = True


def _join(ours: pl.LazyFrame, theirs: pl.LazyFrame, plan: _Plan) -> pl.LazyFrame:
    """The rows of ``ours``, each with the columns of the row of ``theirs`` that it gets.

    A row of the right counts from the later of its time and of when it was known. Gone through in that order, only a
    row that is better than all before it of its entity is ever the best one: the others are left out, and of those that
    stay, the last one that counts is the best one, which an ordinary backward join finds. Each frame is used once,
    since a query that is carried out twice may give its rows in another order.
    """
    import polars as pl

    place, time, event, known, rank = (plan.mark + one for one in ("place", "time", "event", "known", "rank"))
    keys = [f"{plan.mark}key{number}" for number in range(len(plan.ours))]
    moments = [event, known][: len(plan.right)]
    right = theirs.select(
        *(one.alias(name) for one, name in zip([*plan.theirs, *plan.right], [*keys, *moments], strict=True)),
        *(column_named(name).alias(called) for called, name in plan.called.items()),
    ).drop_nulls([*keys, *moments])
    if len(moments) == 1:
        right = right.with_columns(pl.col(event).alias(time)).sort(time, maintain_order=True)
    else:
        best = pl.col(rank).cum_max()
        right = (
            right.sort(event, known, maintain_order=True)
            .with_row_index(rank)
            .with_columns(pl.max_horizontal(event, known).alias(time))
            .sort(time, maintain_order=True)
            .filter(pl.col(rank) == (best.over(keys) if keys else best))
        )
    left = ours.with_row_index(place).with_columns(
        plan.time.alias(time), *(one.alias(name) for one, name in zip(plan.ours, keys, strict=True))
    )
    joined = (
        left.sort(time, maintain_order=True)
        .join_asof(
            right, on=time, by=keys or None, allow_exact_matches=plan.allow_equal, check_sortedness=False
        ).sort(place)
    )  # fmt: skip
    values = columns_named(plan.called)
    if plan.limit is not None:
        age = [_countable(one, joined.collect_schema()[one]) for one in (time, event)]
        fits = age[0] - age[1] <= plan.limit
        values = [pl.when(fits).then(one) for one in values]
    return joined.select(*columns_named(ours.collect_schema().names()), *values)


def _pick(ours: pl.DataFrame, theirs: pl.DataFrame, plan: _Plan) -> pl.DataFrame:
    """The same of frames in memory: only keys and times are sorted; the right's rows are picked by their numbers."""
    import polars as pl

    names, row = plan.names, f"{plan.mark}row"
    asked = ours.select(columns_named(dict.fromkeys([names.here, *names.keys])))
    known = [] if names.known_at is None else [names.known_at]
    held = theirs.select(columns_named(dict.fromkeys([names.there, *known, *names.keys]))).with_row_index(row)
    number = _join(asked.lazy(), held.lazy(), replace(plan, called={row: row})).select(row).collect().to_series()
    picked = theirs.select(column_named(name).alias(called) for called, name in plan.called.items())
    if not picked.height:
        return ours.with_columns(pl.Series(name, [None], dtype).new_from_index(0, ours.height)
                                 for name, dtype in picked.schema.items())  # fmt: skip
    return ours.with_columns(picked.select(pl.all().gather(number)).get_columns()) if picked.width else ours


def _open(table: Any) -> tuple[Any, Mapping[str, Any]]:
    """The table as a Polars frame, lazy where it is a ``LazyFrame``, and what pandas knows besides."""
    import polars as pl

    if isinstance(table, (pl.LazyFrame, pl.DataFrame)):
        return table, {}
    taken = take(table)
    if isinstance(taken, Rows):
        return taken.frame, taken.extra
    return conform(pl.concat([pl.DataFrame(schema=taken.schema), *taken.pieces])), {}


def _plan(schema: Mapping[str, Any], other: Mapping[str, Any], names: _Names) -> _Plan:
    _check(schema, [names.here, *names.keys], "left")
    known = [] if names.known_at is None else [names.known_at]
    _check(other, [names.there, *known, *names.keys], "right")
    right = [names.there, *known]
    times = [schema[names.here], *(other[name] for name in right)]
    form = _form(times, f"the times {' and '.join(repr(name) for name in dict.fromkeys([names.here, *right]))}")
    kind = next((one for one in times if str(one) != "Null"), times[0])
    if not (kind.is_temporal() or kind.is_numeric() or str(kind) == "Null"):
        raise InputError(f"asof: {names.here!r} is {kind}; a time is a date, a moment, a duration or a number")
    ours, theirs = [], []
    for key in names.keys:
        same = _form([schema[key], other[key]], f"the keys {key!r}", key_form)
        if schema[key].is_nested():
            raise InputError(f"asof: the key {key!r} is {schema[key]}; a key is a number, a text, a date or a moment")
        ours.append(same(key, schema[key]))
        theirs.append(same(key, other[key]))
    mark = "\0"
    while any(name.startswith(mark) for name in (*schema, *other)):
        mark += "\0"
    called: dict[str, str] = {}
    for name in other:
        if name in names.keys or name == names.there == names.here:
            continue
        wanted = f"{name}{names.suffix}" if name in schema else name
        if wanted in schema or wanted in called:
            raise InputError(f"asof: two columns of the result would be called {wanted!r}; choose another suffix")
        called[wanted] = name
    return _Plan(
        names, mark, kind, _without_nan(form, names.here, times[0]),
        [_without_nan(form, name, dtype) for name, dtype in zip(right, times[1:], strict=True)], ours, theirs, called,
    )  # fmt: skip


def _without_nan(form: Form, name: str, dtype: Any) -> pl.Expr:
    return form(name, dtype).fill_nan(None) if dtype.is_float() else form(name, dtype)


def _limit(tolerance: Any, kind: Any) -> Any:
    """How much older a row may be, as the difference of two times is compared with it."""
    if tolerance is None:
        return None
    span = isinstance(tolerance, datetime.timedelta)
    if span != kind.is_temporal() or not (span or isinstance(tolerance, (int, float))):
        wanted = "a timedelta, as times are dates, moments or durations" if kind.is_temporal() else "a number"
        raise InputError(f"asof: tolerance={tolerance!r}: expected {wanted}")
    if tolerance < (datetime.timedelta(0) if span else 0):
        raise InputError(f"asof: tolerance={tolerance!r} is less than nothing; rows of the future are never joined")
    return tolerance // datetime.timedelta(microseconds=1) * 1000 if span else tolerance


def _countable(name: str, dtype: Any) -> pl.Expr:
    """A time as a number whose differences do not overflow: nanoseconds, or the number that it is."""
    import polars as pl

    if dtype.is_temporal():
        return as_nanoseconds(name, dtype)
    return pl.col(name).cast(pl.Int128) if dtype.is_integer() else pl.col(name)


def _check(schema: Mapping[str, Any], names: Sequence[str], side: str) -> None:
    for name in names:
        if name not in schema:
            raise InputError(f"asof: the {side} table has no column {name!r}.{did_you_mean(name, list(schema))}")


def _form(types: Sequence[Any], what: str, form: Callable[[Sequence[Any]], Form | None] = common_form) -> Form:
    found = form(types)
    if found is not None:
        return found
    told = " and ".join(str(one) for one in dict.fromkeys(types))
    if len(zones_of(types)) > 1:
        raise InputError(
            f"asof: {what} are of different time zones ({told}); convert one, as in "
            f'dt.convert_time_zone("UTC"), or say the zone with dt.replace_time_zone'
        )
    if all(one.is_numeric() for one in types):
        raise InputError(f"asof: {what} cannot be compared without loss: {told}; cast one of them")
    raise InputError(f"asof: {what} cannot be compared: {told}; cast one of them")
