"""Checking a table against a contract: one pass over its rows, and what came of each demand."""

from __future__ import annotations

from solvent.data.contract.checks.judging import check
from solvent.data.contract.checks.parting import Parted, part
from solvent.data.contract.checks.verdict import Checked, Finding

__all__ = ["Checked", "Finding", "Parted", "check", "part"]
