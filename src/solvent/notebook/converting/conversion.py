"""What became of a notebook: its project, what was left out, and the proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from solvent.notebook.converting.grouping import StepDraft
from solvent.notebook.converting.keeping import LeftOut, Sorted
from solvent.notebook.converting.proving import Proof
from solvent.notebook.converting.writing.project import Project
from solvent.notebook.converting.writing.views import View
from solvent.notebook.observing.watching import Watched
from solvent.notebook.reading.cells import Notebook

__all__ = ["Conversion"]


@dataclass(frozen=True)
class Conversion:
    """What became of a notebook: the project, how it ran, and the proof; ``reason`` says why there is none."""

    notebook: Notebook
    watched: Watched
    project: Project | None = None
    sorted: Sorted | None = None
    drafts: Sequence[StepDraft] = ()
    proof: Proof | None = None
    reason: str = ""
    left_out: Sequence[LeftOut] = ()
    views: Sequence[View] = ()
