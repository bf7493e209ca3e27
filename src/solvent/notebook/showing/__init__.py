"""Showing: runs, tables, models and reports as pages that a notebook shows, and as plain text."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from solvent.notebook.showing.page import box, clean, words

__all__ = ["bundle"]

_PAGES = {
    "Run": "runs:show_run",
    "StepRun": "runs:show_step",
    "Why": "runs:show_why",
    "Lineage": "runs:show_lineage",
    "Listed": "lists:show_list",
    "Shown": "tables:show_table",
    "Profile": "tables:show_profile",
    "Diff": "tables:show_diff",
    "Drift": "tables:show_drift",
    "Predictor": "learning:show_predictor",
    "Report": "learning:show_report",
}


def bundle(value: Any) -> dict[str, str]:
    """A value as text and as HTML. What cannot be shown any more (its archive is gone) is shown as its ``repr``."""
    name = next((one.__name__ for one in type(value).__mro__ if one.__name__ in _PAGES), "")
    try:
        module, _, function = _PAGES[name].partition(":")
        text, html = getattr(import_module(f"solvent.notebook.showing.{module}"), function)(value)
    except Exception as error:
        text = f"{value!r} ({type(error).__name__}: {error})"
        html = box("", f"<p>{words(text)}</p>")
    text = "\n".join(clean(line) for line in text.split("\n"))
    return {"text/plain": text, "text/html": html}
