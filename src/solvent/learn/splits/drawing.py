"""Drawing: rows go to parts at random, as a whole or so that each part has as much of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from solvent.config import REQUIRED
from solvent.data import Table
from solvent.data.canonical import column_named, columns_named
from solvent.errors import InputError, SettingsError
from solvent.graph.steps import step
from solvent.learn.splits.parts import (
    TEST,
    TRAIN,
    VALID,
    Columns,
    Seed,
    Share,
    Split,
    Split3,
    check_shares,
    columns_of,
    frame_with,
    numbered,
    parts_of,
    record,
)  # fmt: skip

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

__all__ = [
    "deal", "kinds_of", "random_split", "random_split3", "stratified_split", "stratified_split3",
]  # fmt: skip


@step
def random_split(table: Table, *, test: Share = 0.2, seed: Seed = REQUIRED, target: str | None = None) -> Split:
    """Draw the rows to be tested on at random; both parts keep the order of the table.

    Right only where rows are independent of one another and of time: rows that occur on both sides are counted,
    recorded and warned of. Counts, seed and, with ``target``, its balance are recorded.
    """
    check_shares("random_split", test=test)
    frame = frame_with(table, [target], "random_split")
    train, _, tested = parts_of(frame, _drawn(frame.height, 0, test, seed), _sizes("random_split", frame, test=test))
    parts = Split(train, tested)
    record(parts, "random_split", "random_split", target, seed=seed)
    return parts


@step
def random_split3(
    table: Table, *, valid: Share = 0.2, test: Share = 0.2, seed: Seed = REQUIRED, target: str | None = None
) -> Split3:
    """As :func:`random_split`, with a third part of rows to choose by (``valid``)."""
    check_shares("random_split3", valid=valid, test=test)
    frame = frame_with(table, [target], "random_split3")
    situation = _sizes("random_split3", frame, valid=valid, test=test)
    parts = Split3(*parts_of(frame, _drawn(frame.height, valid, test, seed), situation))
    record(parts, "random_split3", situation, target, seed=seed)
    return parts


@step
def stratified_split(
    table: Table, *, by: Columns = REQUIRED, test: Share = 0.2, seed: Seed = REQUIRED, bands: int | None = None,
    target: str | None = None,
) -> Split:  # fmt: skip
    """Draw the rows to be tested on at random, as large a share of each kind of rows as of all.

    A kind is what the columns ``by`` have the same values in (null is one); a column of numbers is cut in ``bands`` of
    about as many rows each first. Of each kind that has two rows at least one is learnt from and one is tested on; one
    that has a single row is learnt from, which is recorded. Raises :class:`InputError` where most kinds are a single
    row each.
    """
    check_shares("stratified_split", test=test)
    frame = frame_with(table, [*columns_of(by, "stratified_split"), target], "stratified_split")
    kinds = kinds_of(frame, by, bands, "stratified_split")
    marks = deal(kinds, {TEST: test}, seed)
    train, _, tested = parts_of(frame, marks, _sizes("stratified_split", frame, test=test))
    parts = Split(train, tested)
    record(parts, "stratified_split", "stratified_split", target, seed=seed, **_told(kinds, by))
    return parts


@step
def stratified_split3(
    table: Table, *, by: Columns = REQUIRED, valid: Share = 0.2, test: Share = 0.2, seed: Seed = REQUIRED,
    bands: int | None = None, target: str | None = None,
) -> Split3:  # fmt: skip
    """As :func:`stratified_split`, with a third part of rows to choose by (``valid``)."""
    check_shares("stratified_split3", valid=valid, test=test)
    frame = frame_with(table, [*columns_of(by, "stratified_split3"), target], "stratified_split3")
    kinds = kinds_of(frame, by, bands, "stratified_split3")
    situation = _sizes("stratified_split3", frame, valid=valid, test=test)
    parts = Split3(*parts_of(frame, deal(kinds, {TEST: test, VALID: valid}, seed), situation))
    record(parts, "stratified_split3", situation, target, seed=seed, **_told(kinds, by))
    return parts


def kinds_of(frame: pl.DataFrame, by: Columns, bands: int | None, what: str) -> np.ndarray[Any, Any]:
    """The number of each row's kind, counted by first appearance.

    Raises :class:`InputError` where more than half of the rows are the only one of their kind.
    """
    import numpy as np

    names = columns_of(by, what)
    asked = frame.select(columns_named(names))
    if bands is not None:
        if isinstance(bands, bool) or bands < 2:
            raise SettingsError(f"{what}: bands are how many a column of numbers is cut in, 2 at least, not {bands!r}")
        asked = asked.with_columns(
            (column_named(name).rank("min") - 1) * bands // column_named(name).count()
            for name in names
            if asked[name].dtype.is_numeric()
        )
    kinds = numbered(asked)
    counts = np.bincount(kinds)
    if len(counts) > 2 and (counts == 1).sum() * 2 > frame.height:
        raise InputError(
            f"{what}: {', '.join(map(repr, names))} makes {len(counts)} kinds of {frame.height} rows, most of them "
            f"with one row. Name a column of few values, or cut one of numbers in bands: bands: 10"
        )
    return kinds


def deal(kinds: np.ndarray[Any, Any], shares: dict[int, float], seed: int) -> np.ndarray[Any, Any]:
    """A mark for each row: of each kind about these shares, all together as many rows as the shares of all.

    Of a kind with more rows than parts each part has at least one; of one with fewer, the first parts go without.
    """
    import numpy as np

    marks = np.full(len(kinds), TRAIN, np.int8)
    order = np.random.default_rng(seed).permutation(len(kinds))
    order = order[np.argsort(kinds[order], kind="stable")]  # shuffled within each kind
    counts = np.bincount(kinds) if len(kinds) else np.zeros(0, int)
    free = counts - 1  # one row of each kind is learnt from
    begin = np.concatenate(([0], np.cumsum(counts)[:-1])) if len(counts) else counts
    for mark, share in shares.items():
        wanted = counts * share
        given = np.minimum(np.floor(wanted).astype(int), free)
        given = np.where((given == 0) & (free > 0), 1, given)
        short = round(len(kinds) * share) - int(given.sum())
        if short > 0:  # those of which most was cut off get one more
            rest = np.where(given < free, wanted - given, -np.inf)
            most = np.argsort(-rest, kind="stable")[:short]
            given[most[np.isfinite(rest[most])]] += 1
        for start, count in zip(begin, given, strict=True):
            marks[order[start : start + count]] = mark
        begin, free = begin + given, free - given
    return marks


def _drawn(rows: int, valid: float, test: float, seed: int) -> np.ndarray[Any, Any]:
    import numpy as np

    marks = np.full(rows, TRAIN, np.int8)
    order = np.random.default_rng(seed).permutation(rows)
    tested = round(rows * test)
    marks[order[:tested]] = TEST
    marks[order[tested : tested + round(rows * valid)]] = VALID
    return marks


def _sizes(what: str, frame: pl.DataFrame, **shares: float) -> str:
    told = " and ".join(f"{name} is {share}" for name, share in shares.items())
    return f"{what}: the table has {frame.height} rows, and {told}"


def _told(kinds: np.ndarray[Any, Any], by: Columns) -> dict[str, Any]:
    import numpy as np

    counts = np.bincount(kinds)
    return {"by": ", ".join(columns_of(by, "by")), "kinds": len(counts), "kinds_of_one_row": int((counts == 1).sum())}
