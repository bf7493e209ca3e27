"""The project behind a question, which must have something to tell: asking makes no archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from solvent.engine.project import Project

__all__ = ["find_kept"]


def find_kept(path: str | None) -> Project:
    """The project at a path, or the nearest one; raises :class:`NotFound` where nothing was ever recorded."""
    from solvent.engine.project import find_project
    from solvent.errors import NotFound

    project = find_project(path)
    if not project.begun:
        raise NotFound(f"nothing ran in {project.root} yet. Begin with: solvent run FILE")
    return project
