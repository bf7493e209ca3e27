"""Checking: the contract is laid out over the table's columns, the rows pass once, each slot says what came of it."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from solvent.data.contract.checks.opening import Opened, open_table
from solvent.data.contract.checks.planning import Plan
from solvent.data.contract.checks.verdict import Checked
from solvent.data.contract.record import Contract
from solvent.data.profile.record import Profile

if TYPE_CHECKING:
    import polars as pl

__all__ = ["check"]


def check(
    table: Any,
    contract: Contract,
    *,
    now: datetime.datetime | None = None,
    sample: int = 10,
    profile: Profile | None = None,
) -> Checked:
    """Check a table, in any frame, against a contract.

    The rows are gone through once, in pieces, in memory that does not grow with their number (a second time where a
    value that must occur once does not). ``now`` is the moment that freshness and ``now()`` are measured against
    (without a zone: UTC); without it these are skipped. ``sample`` rows at most are named for each violation.
    ``profile`` is the table's own, where it is known: what that shows to hold is not looked for among the rows.
    """
    with open_table(table) as opened:
        plan = Plan(contract, opened, now, profile)
        names = plan.columns
        rows = _pass(opened, plan, names, sample) if names else _count(opened, profile)
        return Checked(rows, tuple(slot.finish(rows, opened, sample, plan.keys) for slot in plan.slots))


def _count(opened: Opened, profile: Profile | None) -> int:
    return profile.rows if profile is not None else opened.rows()


def _pass(opened: Opened, plan: Plan, names: list[str], most: int) -> int:
    start = 0
    for piece in opened.pieces(names):
        asked: dict[str, pl.Expr] = {}
        for place, slot in enumerate(plan.slots):
            found = slot.expression()
            if found is not None:
                asked[str(place)] = found.sum()
        counts = piece.select(**asked).row(0, named=True) if asked and piece.height else {}
        for place, slot in enumerate(plan.slots):
            if slot.columns and piece.height:
                slot.add(piece, start, int(counts.get(str(place)) or 0), most, plan.keys)
        start += piece.height
    return start
