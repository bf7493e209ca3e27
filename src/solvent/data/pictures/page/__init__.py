"""The pages of a profile and of a comparison, and what in a profile is worth a look."""

from __future__ import annotations

from solvent.data.pictures.page.comparing import render_comparison
from solvent.data.pictures.page.noticing import SORTS, Remark, find_remarks
from solvent.data.pictures.page.writing import render_html

__all__ = ["SORTS", "Remark", "find_remarks", "render_comparison", "render_html"]
