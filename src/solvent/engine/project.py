"""A project, as users open it: ask it for runs, artifacts and lineage; enter it to record eager calls."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from solvent.archive.catalog import query
from solvent.config import ProjectFile, load_project_file
from solvent.engine.home import Home
from solvent.engine.references import artifact_of, find_run
from solvent.engine.views.run import Run
from solvent.errors import NotFound

if TYPE_CHECKING:
    from solvent.archive.catalog.datasets import DatasetRow
    from solvent.archive.keeping import Artifact
    from solvent.engine.datasets.publishing import Published
    from solvent.engine.upkeep import Checked
    from solvent.engine.views.finding import Found
    from solvent.engine.views.lineage import Lineage
    from solvent.engine.views.why import Why

__all__ = ["Project", "find_project"]

_OPEN: dict[Path, Project] = {}


class Project(Home):
    """What ``sv.open`` gives: ask it for runs and artifacts. As a context manager it records eager calls.

    ``with sv.open():`` switches recording and reuse on for steps that are called outside of pipelines, and
    ends with the block.
    """

    def runs(self, pipeline: str | None = None, limit: int = 50) -> list[Run[Any]]:
        """The newest runs first, as they are known now: dead ones are told from living ones."""
        self.settle()
        return [Run(self, row) for row in query.list_runs(self.catalog, pipeline=pipeline, limit=limit)]

    def run(self, name: str = "last") -> Run[Any]:
        """A run by its id, the last of a pipeline by the pipeline's name, or the ``last`` of all."""
        return find_run(self, name)

    def artifact(self, reference: str) -> Artifact:
        """The artifact behind a reference: ``RUN/STEP.OUTPUT`` or ``#DIGEST``."""
        return self.archive.find(artifact_of(self, reference))

    def load(self, reference: str, as_: Any = None, *, allow_deprecated: bool = False) -> Any:
        """The value behind a reference, as declared or as ``as_`` asks for it.

        That a dataset is read is recorded. One that is deprecated gives a ``FutureWarning``, and :class:`InputError`
        when its time is over, unless that is allowed.
        """
        from solvent.engine.datasets.resolving import is_dataset, names_dataset

        wanted = as_ if as_ is not None else Any
        digest = "" if names_dataset(reference) else artifact_of(self, reference)  # raises for what is not clear
        if not digest or is_dataset(self, reference):
            from solvent.engine.datasets.reading import load_dataset

            return load_dataset(self, reference, wanted, allow=allow_deprecated)
        return self.archive.get(digest, wanted)

    def publish(self, thing: Any, name: str, **said: Any) -> Published:
        """Make a table the next version of a dataset: a frame, or a reference such as ``last/join`` or ``#DIGEST``.

        ``description``, ``owner``, ``keys`` (the columns that tell rows apart) and ``contract`` (a file) are said of
        the dataset; ``tag`` is pointed at the version, and ``message`` is kept with it. The table of the latest
        version makes no new one: its ``new`` is false then. Raises :class:`UsageError` for a value that is no table,
        :class:`Rejected` for rows that break the contract, the one that is given now or was given before.
        """
        from solvent.engine.datasets.publishing import publish, said_of

        return publish(self, thing, name, said_of(said))

    def datasets(self) -> list[DatasetRow]:
        """The datasets of the archive, by name."""
        from solvent.archive.catalog.datasets import list_datasets

        return list_datasets(self.catalog) if self.begun else []

    def lineage(self, reference: str, direction: Literal["up", "down"] = "up") -> Lineage:
        """What led to a step run or an artifact, or what it led to."""
        from solvent.engine.views.lineage import trace

        return trace(self, reference, direction)

    def why(self, reference: str) -> Why:
        """Whether a step run was a hit or a miss, and what made it so."""
        from solvent.engine.views.why import explain_step

        return explain_step(self, reference)

    def find(self, text: str, limit: int = 20) -> list[Found]:
        """Results by a text: in the name of a step, cell, variable or column, or in code; the newest first."""
        from solvent.engine.views.finding import search

        return search(self, text, limit)

    def verify(self, *, deep: bool = False) -> Checked:
        """Whether everything that the catalog promises is there; ``deep`` finds every flipped bit."""
        from solvent.engine.upkeep import verify

        return verify(self, deep=deep)

    def close(self) -> None:
        """Close the catalog; a closed project opens itself again when it is asked."""
        super().close()
        _OPEN.pop(self.root, None)

    def __enter__(self) -> Project:
        from solvent.engine.exploring import begin

        begin(self)
        return self

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        from solvent.engine.exploring import end

        end(self, failed=kind is not None)


def find_project(path: str | os.PathLike[str] | Project | None = None) -> Project:
    """The project at ``path``, or without one, the nearest upward from here (``SOLVENT_PROJECT`` goes first)."""
    if isinstance(path, Project):
        return path
    chosen = path if path is not None else os.environ.get("SOLVENT_PROJECT") or None
    if chosen is not None:
        folder = Path(chosen).expanduser().resolve()
        if folder.is_file():
            folder = folder.parent
        if not folder.is_dir():
            raise NotFound(f"there is no folder {folder}, so no project can be opened in it")
        file = load_project_file(folder)
        if file.root != folder:  # a folder that was named is the root, whatever lies above it
            file = ProjectFile(folder, code=(folder, folder / "src"))
    else:
        file = load_project_file(Path.cwd())
    return _OPEN.setdefault(file.root, Project(file))
