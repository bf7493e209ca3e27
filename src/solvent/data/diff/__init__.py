"""The difference of two tables: their columns, their rows by key or as they are, and figures of each column."""

from __future__ import annotations

from solvent.data.diff.comparing import diff
from solvent.data.diff.record import Diff
from solvent.data.diff.rendering import render_text
from solvent.data.diff.schemas import compare_figures
from solvent.data.diff.sides import Side

__all__ = ["Diff", "Side", "compare_figures", "diff", "render_text"]
