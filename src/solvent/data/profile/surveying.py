"""Surveying a table: run of rows by run of rows, its columns side by side, so that few rows are in memory at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import islice, repeat
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import Rows, conform, type_of
from solvent.data.family import kind_of
from solvent.data.frames.incoming import take
from solvent.data.profile.numbers import survey_numbers
from solvent.data.profile.packing import hash_words
from solvent.data.profile.record import Profile
from solvent.data.profile.showing import kind_of_type
from solvent.data.profile.sketches import EXACT, Distinct
from solvent.data.profile.states import ColumnState, TableState, merge
from solvent.data.profile.words import survey_categories, survey_flags, survey_sizes, survey_words

if TYPE_CHECKING:
    import polars as pl

__all__ = ["profile", "survey", "survey_all"]

_RUN = 131_072
_CELLS = 1 << 25
_ALONE = 1 << 18
_HASHES = 1 << 23
_FANOUT = 4
_DIGITS = 15


def profile(table: Any) -> Profile:
    """The statistics of a table, in whatever frame it comes; one that is not in memory is gone through once.

    The same rows have the same profile, whichever frame they come in.
    """
    schema, pieces = _open(table)
    width = max(1, len(schema))
    rows = max(1, min(_RUN, _CELLS // width))
    runs = _runs(pieces, rows)
    levels: list[list[TableState]] = []
    # Of few rows, distinct values are counted whatever it takes; of many, only as far as they are few.
    for some, hashes in ((islice(runs, _FANOUT - 1), _HASHES), (runs, _HASHES // 4)):
        for state in survey_all(some, distinct=max(EXACT, min(hashes // 8, hashes // width))):
            _add(levels, state)
    states = [state for level in levels for state in level]
    return (merge(states) if states else survey(_empty(schema))).profile()


def survey(frame: pl.DataFrame, *, distinct: int = EXACT) -> TableState:
    """The state of all columns of some rows, which are looked at as one run: a few blocks, say 25,000 to 250,000 rows.

    Of each column up to ``distinct`` hashes of values are kept, so that distinct values are counted, not estimated.
    """
    if frame.height * frame.width > _ALONE:
        (state,) = survey_all([frame], distinct=distinct)
        return state
    return TableState(frame.height, tuple(frame.columns), tuple(map(_survey, frame.get_columns(), repeat(distinct))))


def _keep_memory() -> None:
    """Have the C library keep what arrays of a run give back, instead of asking the system anew for each of them.

    glibc does so up to the size of the largest piece that was ever freed, up to 32 MB: one is freed here, untouched.
    Elsewhere this does nothing. It halves the time: fresh memory costs more than what is done in it.
    """
    import numpy as np

    np.empty((32 << 20) - 8_192, np.uint8)


def _open(table: Any) -> tuple[Mapping[str, Any], Iterable[pl.DataFrame]]:
    """The columns of a table with their types, and its rows in pieces."""
    kind = kind_of(type(table))
    if kind == "polars.DataFrame":
        return table.schema, [table]
    if kind == "polars.LazyFrame":
        return table.collect_schema(), table.collect_batches(maintain_order=True, lazy=True)
    taken = take(table)
    return (taken.frame.schema, [taken.frame]) if isinstance(taken, Rows) else (taken.schema, taken.pieces)


def _empty(schema: Mapping[str, Any]) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(schema=dict(schema))


def _runs(pieces: Iterable[pl.DataFrame], rows: int) -> Iterator[pl.DataFrame]:
    """The same rows in runs of one size, whatever the sizes of the pieces; the last run may be shorter."""
    import polars as pl

    held: list[pl.DataFrame] = []
    count = 0
    for piece in pieces:
        start = 0
        while piece.height - start >= rows - count:
            stop = start + rows - count
            held.append(piece.slice(start, stop - start))
            yield pl.concat(held, rechunk=False) if len(held) > 1 else held[0]
            held, count, start = [], 0, stop
        if start < piece.height:
            held.append(piece.slice(start))
            count += piece.height - start
    if held:
        yield pl.concat(held, rechunk=False)


def survey_all(runs: Iterable[pl.DataFrame], *, distinct: int = EXACT) -> Iterator[TableState]:
    """The state of each run of rows, as :func:`survey` makes it, in order.

    While one run is looked at by as many threads as Polars uses, the next one is taken: two are in memory.
    """
    import polars as pl

    _keep_memory()
    with ThreadPoolExecutor(pl.thread_pool_size(), "solvent-profile") as pool:
        waiting: tuple[pl.DataFrame, list[Future[ColumnState]]] | None = None
        for run in runs:
            begun = [pool.submit(_survey, column, distinct) for column in run.get_columns()]
            if waiting is not None:
                yield _finish(*waiting)
            waiting = (run, begun)
        if waiting is not None:
            yield _finish(*waiting)


def _finish(run: pl.DataFrame, begun: list[Future[ColumnState]]) -> TableState:
    return TableState(run.height, tuple(run.columns), tuple(one.result() for one in begun))


def _add(levels: list[list[TableState]], state: TableState) -> None:
    """Put a state with the others, and merge four of a level into one of the next: few are held, of any number."""
    for level in levels:
        level.append(state)
        if len(level) < _FANOUT:
            return
        state = merge(level)
        level.clear()
    levels.append([state])


def _survey(column: pl.Series, limit: int) -> ColumnState:
    """The state of one column."""
    # Methods of a series go by its name, and one such as ``^a.*$`` would be taken for a pattern.
    column = conform(column.to_frame()).to_series().rechunk().alias("v")
    logical = type_of(column.dtype)
    nulls = column.null_count()
    return ColumnState(logical, len(column), nulls, _figures(column.drop_nulls() if nulls else column, logical, limit))


def _figures(column: pl.Series, logical: Any, limit: int) -> Any:
    """The figures of a column without nulls."""
    kind = kind_of_type(logical)
    if kind in ("number", "time", "duration"):
        return _numbers(column, logical, limit)
    if kind == "text":
        return survey_words(column, limit)
    if kind == "category":
        return survey_categories(column, limit)
    if kind == "bool":
        return survey_flags(column, limit)
    if kind == "list":
        return survey_sizes(column.arr.len() if logical[0] == "array" else column.list.len())
    return survey_sizes(column.bin.size()) if kind == "binary" else None


def _numbers(column: pl.Series, logical: Any, limit: int) -> Any:
    import polars as pl

    if logical[0] != "decimal":
        return survey_numbers(column.to_physical().to_numpy(), limit)
    found = survey_numbers(column.cast(pl.Float64).to_numpy(), limit)
    if not found.count:
        return found
    found = replace(found, ends=(str(column.min()), str(column.max())))
    if logical[1] is not None and logical[1] <= _DIGITS:
        return found
    # A float may stand for several decimals of so many digits: these are told apart by their text.
    hashes = hash_words(column.unique().cast(pl.String)).copy()
    hashes.sort()
    return replace(found, ranks=found.ranked(), distinct=Distinct.of(hashes, limit))
