"""Joining as of a moment: to each row what was known of its entity then, and nothing that came later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import Rows, column_named, columns_named, conform
from solvent.data.family import kind_of
from solvent.data.frames.incoming import take
from solvent.data.frames.outgoing import give
from solvent.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import polars as pl

__all__ = ["asof"]

_LEFT, _EVENT, _KNOWN, _PLACE, _TIME = "\0left", "\0event", "\0known", "\0place", "\0time"


def asof(
    left: Any, right: Any, *, on: str | tuple[str, str], by: str | Sequence[str] = (), known_at: str | None = None,
    suffix: str = "_right", allow_equal: bool = True,
) -> Any:  # fmt: skip
    """Add to each row of ``left`` the latest row of ``right`` that was known at its time: a point-in-time join.

    ``on`` is the column of time (of both, or of left and right); ``by`` the columns that name the entity. ``known_at``
    is a column of ``right``: when a row became known. A row counts from then on, however early its own time is: so a
    correction that came late is not used for what was before it came. Of the rows that count, the latest by time is
    taken, of these the one that was known last, of these the last one. ``allow_equal`` says whether a row counts at its
    very moment.

    Every row of ``left`` stays, once, in its order; where nothing was known, the columns of ``right`` are null, as
    they are where a key or the time is null. The result is a frame of the kind that ``left`` is; of a ``LazyFrame``
    nothing is carried out yet. Raises :class:`InputError` for columns that are not there, or that cannot be compared.
    """
    kind = kind_of(type(left))
    if kind is None or kind_of(type(right)) is None:
        raise InputError("asof joins two tables; one of them is none")
    ours, theirs = _lazy(left), _lazy(right)
    here, there = (on, on) if isinstance(on, str) else on
    keys = [by] if isinstance(by, str) else list(by)
    _check(ours, [here, *keys], "left")
    _check(theirs, [there, *keys, *([known_at] if known_at else [])], "right")
    _check_times(ours.collect_schema(), theirs.collect_schema(), (here, there, known_at, keys))
    made = _join(ours, theirs, (here, there, known_at, keys, suffix), allow_equal)
    return made if kind == "polars.LazyFrame" else give(Rows(made.collect()), type(left))


def _join(
    ours: pl.LazyFrame, theirs: pl.LazyFrame, names: tuple[str, str, str | None, list[str], str], allow_equal: bool
) -> pl.LazyFrame:
    """The rows of ``ours``, each with the best row of ``theirs``.

    Both are put into one order of time, by when rows count. Going through it, the best row so far of each entity is
    the greatest by time, moment of being known, and place: a running maximum, so no pair of rows is ever made.
    """
    import polars as pl

    here, there, known_at, keys, suffix = names
    schema, other = ours.collect_schema(), theirs.collect_schema()
    time = _common(schema[here], other[there])
    taken = [name for name in other.names() if name not in keys and not (name == there == here)]
    called = {name: name if name not in schema else f"{name}{suffix}" for name in taken}
    left = ours.with_row_index(_LEFT)
    event = column_named(there).cast(time)
    counts = event if known_at is None else pl.max_horizontal(event, column_named(known_at).cast(time))
    usable = [column_named(name).is_not_null() for name in [*keys, there, *([known_at] if known_at else [])]]
    known = event if known_at is None else column_named(known_at).cast(time)
    right = (
        theirs.with_row_index(_PLACE)
        .filter(pl.all_horizontal(usable))
        .with_columns(counts.alias(_TIME), event.alias(_EVENT), known.alias(_KNOWN))
    )
    group = [_KEY.format(number) for number in range(len(keys))]
    entity = [
        column_named(name).cast(_common(schema[name], other[name])).alias(one)
        for name, one in zip(keys, group, strict=True)
    ]
    # Rank the rows of the right by how good they are: the greatest rank that counts is the best row.
    ranked = (
        right.sort(_EVENT, _KNOWN, _PLACE)
        .with_row_index(_RANK)
        .select(*entity, _TIME, pl.col(_RANK).cast(pl.Int64), pl.lit(None, pl.UInt32).alias(_LEFT))
    )
    asked = left.select(
        *entity, column_named(here).cast(time).alias(_TIME), pl.lit(None, pl.Int64).alias(_RANK),
        pl.col(_LEFT).cast(pl.UInt32),
    )  # fmt: skip
    asked = asked.filter(pl.all_horizontal(pl.col([*group, _TIME]).is_not_null()))
    first, second = (ranked, asked) if allow_equal else (asked, ranked)
    tape = pl.concat([first, second]).sort(_TIME, maintain_order=True)
    best = pl.col(_RANK).cum_max().forward_fill()
    tape = tape.with_columns((best.over(group) if group else best).alias(_RANK))
    found = tape.filter(pl.col(_LEFT).is_not_null() & pl.col(_RANK).is_not_null()).select(_LEFT, _RANK)
    values = (
        right.sort(_EVENT, _KNOWN, _PLACE)
        .with_row_index(_RANK)
        .select(pl.col(_RANK).cast(pl.Int64), *(column_named(name).alias(called[name]) for name in taken))
    )
    matched = found.join(values, on=_RANK, how="left", maintain_order="left").drop(_RANK)
    return (
        left.with_columns(pl.col(_LEFT).cast(pl.UInt32))
        .join(matched, on=_LEFT, how="left", maintain_order="left")
        .select(columns_named([*schema.names(), *called.values()]))
    )


_KEY = "\0key{}"
_RANK = "\0rank"


def _lazy(table: Any) -> pl.LazyFrame:
    import polars as pl

    if isinstance(table, pl.LazyFrame):
        return table
    if isinstance(table, pl.DataFrame):
        return table.lazy()
    taken = take(table)
    frame = taken.frame if isinstance(taken, Rows) else conform(pl.concat(list(taken.pieces)))
    return frame.lazy()


def _check(frame: pl.LazyFrame, names: Sequence[str], side: str) -> None:
    there = frame.collect_schema().names()
    for name in names:
        if name not in there:
            raise InputError(f"asof: the {side} table has no column {name!r}.{did_you_mean(name, there)}")


def _check_times(left: Any, right: Any, names: tuple[str, str, str | None, list[str]]) -> None:
    here, there, known_at, keys = names
    for one, other, what in [
        (left[here], right[there], f"the times {here!r} and {there!r}"),
        *([(left[here], right[known_at], f"the times {here!r} and {known_at!r}")] if known_at else []),
        *((left[key], right[key], f"the keys {key!r}") for key in keys),
    ]:
        if getattr(one, "time_zone", None) != getattr(other, "time_zone", None):
            raise InputError(
                f"asof: {what} are of different time zones ({one} and {other}); convert one, as in "
                f'dt.convert_time_zone("UTC"), or say the zone with dt.replace_time_zone'
            )
        _common(one, other, what)
    kind = left[here]
    if not (kind.is_temporal() or kind.is_numeric()):
        raise InputError(f"asof: {here!r} is {kind}; a time is a date, a moment, a duration or a number")


def _common(one: Any, other: Any, what: str = "columns") -> Any:
    """The type that values of both have without loss."""
    import polars as pl

    if one == other:
        return one
    try:
        found = pl.concat([pl.Series("x", [], dtype=one).to_frame(), pl.Series("x", [], dtype=other).to_frame()],
                          how="vertical_relaxed").schema["x"]  # fmt: skip
    except pl.exceptions.PolarsError:
        found = pl.String()
    textual = isinstance(found, pl.String) and not (isinstance(one, pl.String) and isinstance(other, pl.String))
    lossy = isinstance(found, pl.Float64) and any(isinstance(kind, (pl.Int64, pl.UInt64)) for kind in (one, other))
    if textual and not isinstance(one, (pl.Enum, pl.Categorical)) and not isinstance(other, (pl.Enum, pl.Categorical)):
        raise InputError(f"asof: {what} cannot be compared: {one} and {other}; cast one of them")
    if lossy:
        raise InputError(f"asof: {what} cannot be compared without loss: {one} and {other}; cast one of them")
    return found
