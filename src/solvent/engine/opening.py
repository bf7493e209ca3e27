"""Opening a project, and loading what a reference means."""

from __future__ import annotations

import os
from typing import Any

from solvent.engine.project import Project, find_project
from solvent.errors import UsageError

__all__ = ["MODEL_LOADER", "load", "open"]

MODEL_LOADER = "solvent.delivery.registry:load_model"
"""Named cold: the engine lies below delivery, and imports this only for a reference that says ``model:``."""


def open(path: str | os.PathLike[str] | Project | None = None) -> Project:
    """The project at ``path``, or the nearest one upward from here.

    As a context manager it switches recording and reuse on for steps called outside of pipelines, and ends
    that exploration with the block.
    """
    return find_project(path)


def load(reference: str, as_: Any = None) -> Any:
    """The value behind a reference, in the nearest project.

    ``RUN/STEP[ITEM].OUTPUT`` (the run may be left out), ``#DIGEST``, or ``model:NAME@ALIAS`` for a predictor.
    """
    kind, colon, rest = reference.partition(":")
    project = find_project()
    if colon and kind == "model":
        from solvent.engine.references import load_reference

        return load_reference(MODEL_LOADER)(project, rest)
    if colon and kind == "data":
        raise UsageError(f"{reference!r}: named datasets are not there yet; load the step that made the table")
    return project.load(reference, as_)
