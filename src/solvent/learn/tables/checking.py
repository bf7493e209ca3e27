"""Checking a table against its contract, as a step: what is kept, what is set aside, and the verdict."""

from __future__ import annotations

from typing import Any, Literal

from solvent.data import Table
from solvent.data.contract import Passed
from solvent.graph.steps import step

__all__ = ["Passed", "check_table"]


@step
def check_table(
    table: Table, *, contract: str | dict[str, Any], on_fail: Literal["raise", "report"] = "raise"
) -> Passed:
    """Check a table against a contract: the path of a YAML file, or what such a file says.

    Rows that break a demand of the severity ``quarantine`` are set aside with the reason. A demand of the severity
    ``fail`` that is broken fails the step, unless ``on_fail`` is ``report``. Demands that depend on the clock
    (freshness) are reported as skipped: ``solvent data check`` judges them.
    """
    from solvent.data.contract import check_table as check

    return check(table, contract=contract, on_fail=on_fail)
