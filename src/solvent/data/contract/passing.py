"""A table let through: checked, parted, and refused where it breaks what it must not; the body of a step."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from solvent.data.contract.checks import check, part
from solvent.data.contract.record import Contract
from solvent.errors import DataError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Passed", "check_table"]


class Passed(NamedTuple):
    """The rows that are kept, those set aside with the reason, and the verdict as plain JSON."""

    kept: pl.LazyFrame
    quarantined: pl.LazyFrame
    report: dict[str, Any]


def check_table(
    table: Any,
    *,
    contract: Contract | Path | str | Mapping[str, Any],
    now: datetime.datetime | None = None,
    on_fail: Literal["raise", "report"] = "raise",
) -> Passed:
    """Check a table against a contract (a file, or what one says), and set aside the rows that it quarantines.

    Raises :class:`DataError` with every violation where it is broken by something of the severity ``fail``, unless
    ``on_fail`` is ``report``; :class:`SettingsError` where the contract itself is wrong.
    """
    if isinstance(contract, Mapping):
        agreed = Contract.from_json(contract)
    else:
        agreed = contract if isinstance(contract, Contract) else Contract.load(contract)
    checked = check(table, agreed, now=now)
    if not checked.ok and on_fail == "raise":
        raise DataError(f"the table breaks its contract:\n{checked.render_text()}")
    kept, quarantined = part(table, agreed, checked, now=now)
    return Passed(kept, quarantined, checked.to_json())
