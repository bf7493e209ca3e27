"""Groups: rows that belong together go to one part together, whoever draws which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from solvent.config import REQUIRED
from solvent.data import Table
from solvent.data.canonical import columns_named
from solvent.errors import InputError
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

__all__ = ["group_split", "group_split3", "groups_of", "partition"]

_MOST = 10_000


@step
def group_split(
    table: Table, *, by: Columns = REQUIRED, test: Share = 0.2, seed: Seed = REQUIRED, target: str | None = None
) -> Split:
    """Draw groups at random (customers, patients, devices): all rows of one are learnt from, or all are tested on.

    A group is what the columns ``by`` have the same values in. As many groups are drawn as come nearest to the share
    of rows that ``test`` asks for, and at least one; what came of it is recorded, with the seed. Raises
    :class:`InputError` for rows whose group is unknown, and where there are fewer groups than parts.
    """
    check_shares("group_split", test=test)
    frame, groups = _grouped(table, by, target, "group_split")
    train, _, tested = parts_of(frame, _drawn(groups, {TEST: test}, seed, "group_split"), "group_split")
    parts = Split(train, tested)
    record(parts, "group_split", "group_split", target, seed=seed, **_told(groups, by))
    return parts


@step
def group_split3(
    table: Table, *, by: Columns = REQUIRED, valid: Share = 0.2, test: Share = 0.2, seed: Seed = REQUIRED,
    target: str | None = None,
) -> Split3:  # fmt: skip
    """As :func:`group_split`, with a third part of rows to choose by (``valid``)."""
    check_shares("group_split3", valid=valid, test=test)
    frame, groups = _grouped(table, by, target, "group_split3")
    marks = _drawn(groups, {TEST: test, VALID: valid}, seed, "group_split3")
    parts = Split3(*parts_of(frame, marks, "group_split3"))
    record(parts, "group_split3", "group_split3", target, seed=seed, **_told(groups, by))
    return parts


@step
def partition(table: Table, *, by: str = REQUIRED) -> dict[str, Table]:
    """One table for each value of a column, by the value as text: one model for each shop, say (``train.map(…)``).

    Every row is in one of them, in the order of the table. Raises :class:`InputError` for rows without a value, and for
    more than 10,000 values.
    """
    import polars as pl

    frame, groups = _grouped(table, by, None, "partition")
    count = int(groups.max()) + 1 if len(groups) else 0
    if count > _MOST:
        raise InputError(
            f"partition: {by!r} has {count:,} values, and {_MOST:,} tables are the most. Group them in a step before"
        )
    named = frame.with_columns(pl.Series("\0group", groups))
    found: dict[str, Any] = {}
    for part in named.partition_by("\0group", maintain_order=True):
        value = part.get_column(by).alias("v").cast(pl.String)[0]
        if value in found:
            raise InputError(
                f"partition: {by!r} has two values that are {value!r} as text. Make them one in a step before"
            )
        found[value] = part.drop("\0group")
    return found


def groups_of(frame: pl.DataFrame, by: Columns, what: str) -> np.ndarray[Any, Any]:
    """The number of each row's group, counted by first appearance. Raises :class:`InputError` where one is unknown."""
    names = columns_of(by, what)
    asked = frame.select(columns_named(names))
    for name, column in zip(names, asked.get_columns(), strict=True):
        values = column.alias("v")
        unknown = values.null_count() + (int(values.is_nan().sum()) if values.dtype.is_float() else 0)
        if unknown:
            raise InputError(
                f"{what}: {name!r} is unknown in {unknown} of {len(values)} rows, so nobody can say which group they "
                f"belong to. Leave them out in a step before, or give each one of its own."
            )
    return numbered(asked)


def _grouped(table: Table, by: Columns, target: str | None, what: str) -> tuple[pl.DataFrame, np.ndarray[Any, Any]]:
    frame = frame_with(table, [*columns_of(by, what), target], what)
    return frame, groups_of(frame, by, what)


def _drawn(groups: np.ndarray[Any, Any], shares: dict[int, float], seed: int, what: str) -> np.ndarray[Any, Any]:
    """A mark for each row, the same for all of a group."""
    import numpy as np

    sizes = np.bincount(groups) if len(groups) else np.zeros(0, int)
    if len(sizes) <= len(shares):
        raise InputError(f"{what}: there are {len(sizes)} groups for {len(shares) + 1} parts, and none is divided")
    order = np.random.default_rng(seed).permutation(len(sizes))
    chosen = np.full(len(sizes), TRAIN, np.int8)
    begin, left = 0, len(shares)
    for mark, share in shares.items():
        sums = np.cumsum(sizes[order[begin:]])
        left -= 1
        most = len(sums) - 1 - left  # one group for each part that is still to come, and one to learn from
        count = min(int(np.argmin(np.abs(sums - len(groups) * share))) + 1, most)
        chosen[order[begin : begin + count]] = mark
        begin += count
    marks: np.ndarray[Any, Any] = chosen[groups]
    return marks


def _told(groups: np.ndarray[Any, Any], by: Columns) -> dict[str, Any]:
    import numpy as np

    sizes = np.bincount(groups)
    return {"by": ", ".join(columns_of(by, "by")), "groups": len(sizes), "largest_group_rows": int(sizes.max())}
