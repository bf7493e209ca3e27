"""Pictures of data: Vega-Lite specifications with their data in them, their drawings, and the page of a profile."""

from __future__ import annotations

from solvent.data.pictures.columns import draw_column
from solvent.data.pictures.comparing import draw_comparison
from solvent.data.pictures.page import SORTS, Remark, find_remarks, render_comparison, render_html
from solvent.data.pictures.relating import draw_correlation
from solvent.data.pictures.rendering import render_png, render_svg
from solvent.data.pictures.tables import draw_missing, draw_table
from solvent.data.pictures.timing import draw_over_time
from solvent.data.pictures.value import Picture

__all__ = [
    "SORTS", "Picture", "Remark", "draw_column", "draw_comparison", "draw_correlation", "draw_missing",
    "draw_over_time", "draw_table", "find_remarks", "render_comparison", "render_html",
    "render_png", "render_svg",
]  # fmt: skip
