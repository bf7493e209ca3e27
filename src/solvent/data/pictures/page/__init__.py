"""The page of a profile, and what in a profile is worth a look."""

from __future__ import annotations

from solvent.data.pictures.page.noticing import SORTS, Remark, find_remarks
from solvent.data.pictures.page.writing import render_html

__all__ = ["SORTS", "Remark", "find_remarks", "render_html"]
