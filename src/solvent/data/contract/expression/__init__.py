"""The language of rules: conditions over the columns of one row, that can read nothing else."""

from __future__ import annotations

from solvent.data.contract.expression.building import build
from solvent.data.contract.expression.functions import FUNCTIONS
from solvent.data.contract.expression.parsing import Node, asks_for_now, names_in, parse

__all__ = ["FUNCTIONS", "Node", "asks_for_now", "build", "names_in", "parse"]
