"""Folds: the same table split several times, each row tested on once, for evaluations that are mapped and gathered."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Interval

from solvent.config import REQUIRED
from solvent.data import Table
from solvent.engine.context import log
from solvent.errors import InputError
from solvent.graph.steps import step
from solvent.learn.splits.drawing import kinds_of
from solvent.learn.splits.groups import groups_of
from solvent.learn.splits.parts import Columns, Seed, Split, columns_of, frame_with
from solvent.learn.splits.times import moments_of
from solvent.learn.tables.rows import frame_of

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

__all__ = ["group_folds", "random_folds", "stratified_folds", "time_folds"]

Count = Annotated[int, Interval(ge=2, le=100)]


@step
def random_folds(table: Table, *, folds: Count = 5, seed: Seed = REQUIRED) -> list[Split]:
    """Cut the table at random in folds of about as many rows: each is tested on once, the others learnt from."""
    import numpy as np

    frame = frame_of(table)
    numbers = np.arange(frame.height) % folds
    return _splits(frame, np.random.default_rng(seed).permutation(numbers), folds, "random_folds", seed=seed)


@step
def stratified_folds(
    table: Table, *, by: Columns = REQUIRED, folds: Count = 5, seed: Seed = REQUIRED, bands: int | None = None
) -> list[Split]:
    """As :func:`random_folds`, with as many rows of each kind in every fold as can be (see ``stratified_split``)."""
    import numpy as np

    frame = frame_with(table, columns_of(by, "stratified_folds"), "stratified_folds")
    kinds = kinds_of(frame, by, bands, "stratified_folds")
    order = np.random.default_rng(seed).permutation(frame.height)
    order = order[np.argsort(kinds[order], kind="stable")]
    numbers = np.empty(frame.height, int)
    numbers[order] = np.arange(frame.height) % folds  # kind after kind, dealt round
    return _splits(frame, numbers, folds, "stratified_folds", seed=seed, kinds=int(kinds.max(initial=-1)) + 1)


@step
def group_folds(table: Table, *, by: Columns = REQUIRED, folds: Count = 5, seed: Seed = REQUIRED) -> list[Split]:
    """Folds that divide no group: the largest groups first, each goes to the fold that has the fewest rows by then.

    The seed decides among groups of one size. Raises :class:`InputError` for fewer groups than folds.
    """
    import numpy as np

    frame = frame_with(table, columns_of(by, "group_folds"), "group_folds")
    groups = groups_of(frame, by, "group_folds")
    sizes = np.bincount(groups) if len(groups) else np.zeros(0, int)
    if len(sizes) < folds:
        raise InputError(f"group_folds: there are {len(sizes)} groups for {folds} folds, and none is divided")
    order = np.random.default_rng(seed).permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    rows, chosen = np.zeros(folds, int), np.empty(len(sizes), int)
    for group in order:
        chosen[group] = fold = int(np.argmin(rows))
        rows[fold] += sizes[group]
    return _splits(frame, chosen[groups], folds, "group_folds", seed=seed, groups=len(sizes))


@step
def time_folds(
    table: Table,
    *,
    column: str = REQUIRED,
    folds: Count = 5,
    gap: dt.timedelta = dt.timedelta(0),
    window: int | None = None,
) -> list[Split]:
    """Learn from what was before, be tested on what came next, again and again: one fold more than are tested on.

    The times are cut in ``folds`` + 1 stretches of about as many rows; each but the first is tested on once, after
    learning from all that lie before it, or from the ``window`` last of them. Rows of one moment stay together, and
    ``gap`` leaves out what lies so shortly before a border. Raises :class:`InputError` for fewer times than stretches.
    """

    frame = frame_with(table, [column], "time_folds")
    times = moments_of(frame.get_column(column), "time_folds").alias("t")
    if window is not None and (isinstance(window, bool) or window < 1):
        raise InputError(f"time_folds: window is how many stretches are learnt from, 1 at least, not {window!r}")
    borders = _borders(times, folds)
    if len(borders) < folds:
        raise InputError(
            f"time_folds: {column!r} has {times.n_unique()} different times, too few or too uneven for {folds} "
            f"folds. Take fewer"
        )
    ends = [*borders[1:], None]
    parts = []
    for at, (start, end) in enumerate(zip(borders, ends, strict=True)):
        tested = times >= start if end is None else (times >= start) & (times < end)
        learnt = times < (start - gap if gap else start)
        if window is not None and at >= window:
            learnt &= times >= borders[at - window]
        parts.append(Split(frame.filter(learnt), frame.filter(tested)))
    _check(parts, "time_folds")
    log(borders=", ".join(one.isoformat() for one in borders), **_rows(parts))
    return parts


def _borders(times: pl.Series, folds: int) -> list[Any]:
    """Where the stretches begin, the first one left out; fewer where moments with many rows leave no room."""
    counted = times.value_counts(name="rows").sort("t")
    ends = counted.get_column("rows").cum_sum()
    found: list[Any] = []
    for number in range(1, folds + 1):
        place = int((ends <= len(times) * number / (folds + 1)).sum())
        moment = counted.get_column("t")[min(max(place, 1), len(counted) - 1)]
        if not found or moment > found[-1]:
            found.append(moment)
    return found


def _splits(frame: pl.DataFrame, numbers: np.ndarray[Any, Any], folds: int, what: str, **figures: Any) -> list[Split]:
    import polars as pl

    fold = pl.Series("fold", numbers)
    parts = [Split(frame.filter(fold != number), frame.filter(fold == number)) for number in range(folds)]
    _check(parts, what)
    log(**figures, **_rows(parts))
    return parts


def _check(parts: list[Split], what: str) -> None:
    for number, part in enumerate(parts, 1):
        for name, rows in part._asdict().items():
            if not rows.height:
                raise InputError(f"{what}: the part {name!r} of fold {number} would have no rows; take fewer folds")


def _rows(parts: list[Split]) -> dict[str, Any]:
    return {f"rows_{name}": ", ".join(str(getattr(one, name).height) for one in parts) for name in ("train", "test")}
