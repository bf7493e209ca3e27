"""Contracts: what a dataset must satisfy, inferred from a version, reviewed as YAML, checked on every later one."""

from __future__ import annotations

from solvent.data.contract.checks import Checked, Finding, Parted, check, part
from solvent.data.contract.parts import CONTRACT, Column, Demand, Rule
from solvent.data.contract.record import Contract

__all__ = ["CONTRACT", "Checked", "Column", "Contract", "Demand", "Finding", "Parted", "Rule", "check", "part"]
