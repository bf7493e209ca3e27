"""Setting rows aside: a table in two lazy parts, the rows to keep and those that are quarantined, with reasons."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from solvent.data.canonical import column_named
from solvent.data.contract.checks.opening import Opened, open_table
from solvent.data.contract.checks.planning import Plan
from solvent.data.contract.checks.slots import Once
from solvent.data.contract.checks.verdict import Checked
from solvent.data.contract.record import Contract

if TYPE_CHECKING:
    import polars as pl

__all__ = ["REASONS", "Parted", "part"]

REASONS = "quarantined_because"


class Parted(NamedTuple):
    """The rows to keep, and those set aside, whose last column names the demands that each breaks."""

    kept: pl.LazyFrame
    quarantined: pl.LazyFrame


def part(table: Any, contract: Contract, checked: Checked, *, now: datetime.datetime | None = None) -> Parted:
    """The table without the rows that break a demand of the severity ``quarantine``, and these rows.

    Only demands that ``checked`` found violated set rows aside: what lies within an allowed share stays. Of rows that
    occur twice the first stays. A stream that can be gone through once is read into memory.
    """
    import polars as pl

    paths = {one.path for one in checked.quarantined}
    with open_table(table) as opened:
        frame = opened.frame if opened.whole is not None or _stays(table) else opened.frame.collect().lazy()
        name = REASONS
        while name in opened.schema:
            name += "_"
        broken = _broken(opened, contract, paths, now)
        if not broken:
            nothing = frame.with_columns(pl.lit(None, dtype=pl.String).alias(name)).filter(pl.lit(False))
            return Parted(frame, nothing)
        reasons = [pl.when(one).then(pl.lit(path)) for path, one in broken.items()]
        marked = frame.with_columns(pl.concat_str(reasons, separator="; ", ignore_nulls=True).alias(name))
        return Parted(marked.filter(column_named(name) == "").drop(name), marked.filter(column_named(name) != ""))


def _broken(opened: Opened, contract: Contract, paths: set[str], now: datetime.datetime | None) -> dict[str, pl.Expr]:
    import polars as pl

    found: dict[str, pl.Expr] = {}
    for slot in Plan(contract, opened, now, None).slots:
        if slot.said.path not in paths:
            continue
        broken = slot.expression()
        if isinstance(slot, Once):
            whole = pl.all_horizontal(column_named(one).is_not_null() for one in slot.columns)
            again = ~pl.struct(slot.columns).is_first_distinct() & whole
            broken = again if broken is None else broken | again
        if broken is not None:
            found[slot.said.path] = broken
    return found


def _stays(table: Any) -> bool:
    import polars as pl

    return isinstance(table, pl.LazyFrame)
