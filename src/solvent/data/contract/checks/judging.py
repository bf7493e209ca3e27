"""Checking: the contract is laid out over the table's columns, the rows pass once, each slot says what came of it."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from solvent.data.contract.checks.opening import Opened, open_table
from solvent.data.contract.checks.planning import Plan
from solvent.data.contract.checks.slots import Settled
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
        if piece.height:
            counts = _counts(piece, plan)
            for place, slot in enumerate(plan.slots):
                if slot.columns:
                    slot.add(piece, start, counts.get(str(place)) or 0, most, plan.keys)
        start += piece.height
    return start


def _counts(piece: pl.DataFrame, plan: Plan) -> dict[str, int]:
    """How many rows of a piece break each demand; what cannot be computed over these values is settled as such."""
    import polars as pl

    asked: dict[str, pl.Expr] = {}
    for place, slot in enumerate(plan.slots):
        found = slot.expression()
        if found is not None:
            asked[str(place)] = found.sum()
    if not asked:
        return {}
    try:
        return piece.select(**asked).row(0, named=True)
    except pl.exceptions.PolarsError:
        counts: dict[str, int] = {}
        for name, one in asked.items():
            try:
                counts[name] = piece.select(one).item()
            except pl.exceptions.PolarsError as error:
                slot = plan.slots[int(name)]
                why = f"it cannot be computed: {str(error).splitlines()[0]}"
                plan.slots[int(name)] = Settled(slot.said.violated(why))
        return counts
