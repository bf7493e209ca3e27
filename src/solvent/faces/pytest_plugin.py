"""For pytest: a fixture ``project`` with an archive of its own, and no test that records into yours by accident."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from solvent.engine.project import Project

__all__ = ["project"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project in a temporary folder: ``sv.run(pipeline, config=…)`` without ``project=`` uses it too.

    Recording of eager calls is off, so that calling a step is calling its function.
    """
    from solvent.engine.project import find_project
    from solvent.graph.steps import RECORDERS

    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.setenv("SOLVENT_PROJECT", str(folder))
    before = RECORDERS[:]
    RECORDERS.clear()  # the list itself stays: whoever is imported meanwhile takes hold of it
    made = find_project(folder)
    yield made
    RECORDERS[:] = before
    made.close()
