"""Contracts: what a dataset must satisfy, inferred from a version, reviewed as YAML, checked on every later one."""

from __future__ import annotations

from solvent.data.contract.checks import Checked, Finding, Parted, check, part
from solvent.data.contract.comparing import Change, compare
from solvent.data.contract.inference import infer
from solvent.data.contract.parts import CONTRACT, Column, Demand, Rule
from solvent.data.contract.passing import Passed, check_table
from solvent.data.contract.record import Contract
from solvent.data.contract.schemas import bare_annotation, check_schema, schema_of
from solvent.data.contract.texts import read_texts

__all__ = [
    "CONTRACT",
    "Change",
    "Checked",
    "Column",
    "Contract",
    "Demand",
    "Finding",
    "Parted",
    "Passed",
    "Rule",
    "bare_annotation",
    "check",
    "check_schema",
    "check_table",
    "compare",
    "infer",
    "part",
    "read_texts",
    "schema_of",
]
