"""A project: a root folder, its archive, and the code that counts as the user's own."""

from __future__ import annotations

import os
import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from solvent.config import ProjectFile, Secret, load_project_file
from solvent.engine.record.host import here
from solvent.errors import NotFound, SettingsError

if TYPE_CHECKING:
    from solvent.archive.catalog.connection import Catalog
    from solvent.archive.fingerprint import Code
    from solvent.archive.formats import Formats
    from solvent.archive.keeping import Archive, Artifact
    from solvent.engine.upkeep import Checked
    from solvent.engine.views.lineage import Lineage
    from solvent.engine.views.run import Run
    from solvent.engine.views.why import Why

__all__ = ["Project", "find_project"]

_OPEN: dict[Path, Project] = {}


class Project:
    """What ``sv.open`` gives: ask it for runs and artifacts. As a context manager it records eager calls.

    ``with sv.open():`` switches recording and reuse on for steps that are called outside of pipelines, and
    ends with the block.
    """

    def __init__(self, file: ProjectFile) -> None:
        self.file = file
        self.root = file.root

    @cached_property
    def folder(self) -> Path:
        """Where the archive lies, if the project's file says nothing else."""
        return self.file.archive

    @cached_property
    def catalog(self) -> Catalog:
        """The metadata database; made at first use."""
        from solvent.archive.catalog.connection import Catalog

        return Catalog(self._place(self.file.catalog, "catalog") or self.folder / "catalog.db")

    @cached_property
    def archive(self) -> Archive:
        """Store, catalog and formats together."""
        from solvent.archive.keeping import Archive
        from solvent.archive.store.local import LocalStore

        store = LocalStore(self._place(self.file.store, "store") or self.folder / "store")
        return Archive(store, self.catalog, self.formats, self.behaviour, here().boot)

    @cached_property
    def formats(self) -> Formats:
        """Every format that this project knows: tables, the built-in ones, and its own."""
        from solvent.archive.formats import BUILTIN, Formats
        from solvent.data import TableFormat
        from solvent.engine.references import load_reference

        own = [load_reference(name)() for name in self.file.formats]
        return Formats([*own, TableFormat(), *BUILTIN])

    @cached_property
    def code(self) -> Code:
        """What counts as the user's own code."""
        from solvent.archive.fingerprint import Code

        return Code(folders=tuple(self.code_folders))

    @cached_property
    def code_folders(self) -> list[Path]:
        """The folders of the user's own code, as they stand in the project's file (default: root and ``src``)."""
        return [folder.resolve() for folder in self.file.code if folder.is_dir()]

    def put_on_path(self) -> None:
        """Make the user's own code importable."""
        for folder in reversed(self.code_folders):
            if str(folder) not in sys.path:
                sys.path.insert(0, str(folder))

    def behaviour(self, kind: type) -> str:
        """The fingerprint of a class."""
        from solvent.archive.fingerprint import behaviour

        return behaviour(kind, code=self.code)

    def runs(self, pipeline: str | None = None, limit: int = 50) -> list[Run[Any]]:
        """The newest runs first, as they are known now: dead ones are told from living ones."""
        from solvent.archive.catalog import query
        from solvent.engine.views.run import Run

        self.settle()
        return [Run(self, row) for row in query.list_runs(self.catalog, pipeline=pipeline, limit=limit)]

    def run(self, name: str = "last") -> Run[Any]:
        """A run by its id, the last of a pipeline by the pipeline's name, or the ``last`` of all."""
        from solvent.archive.catalog import query
        from solvent.engine.views.run import Run

        self.settle()
        row = query.find_run(self.catalog, name)
        if row is None:
            known = [one.name for one in query.list_runs(self.catalog, limit=20)]
            from solvent.errors import did_you_mean

            hint = did_you_mean(name, known) or (f" The last is {known[0]}." if known else " Nothing ran here yet.")
            raise NotFound(f"there is no run {name!r} in {self.root}.{hint}")
        return Run(self, row)

    def artifact(self, reference: str) -> Artifact:
        """The artifact behind a reference: ``RUN/STEP.OUTPUT`` or ``#DIGEST``."""
        from solvent.engine.references import artifact_of

        return self.archive.find(artifact_of(self, reference))

    def load(self, reference: str, as_: Any = None) -> Any:
        """The value behind a reference, as declared or as ``as_`` asks for it."""
        from solvent.engine.references import artifact_of

        return self.archive.get(artifact_of(self, reference), as_ if as_ is not None else Any)

    def lineage(self, reference: str, direction: Literal["up", "down"] = "up") -> Lineage:
        """What led to a step run or an artifact, or what it led to."""
        from solvent.engine.views.lineage import trace

        return trace(self, reference, direction)

    def why(self, reference: str) -> Why:
        """Whether a step run was a hit or a miss, and what made it so."""
        from solvent.engine.views.why import explain_step

        return explain_step(self, reference)

    def verify(self, *, deep: bool = False) -> Checked:
        """Whether everything that the catalog promises is there; ``deep`` finds every flipped bit."""
        from solvent.engine.upkeep import verify

        return verify(self, deep=deep)

    def settle(self) -> None:
        """Find the runs whose process died, and record that they crashed."""
        import time

        from solvent.archive.catalog import query, write
        from solvent.engine.record.host import alive

        dead = [
            one.id
            for one in query.running(self.catalog)
            if not alive(one.host, one.pid, one.pid_started, one.boot, one.heartbeat)
        ]
        if dead:
            with self.catalog.write() as tx:
                write.mark_crashed(tx, dead, time.time())
            self.archive.store.sweep()

    def close(self) -> None:
        """Close the catalog; a closed project opens itself again when it is asked."""
        if "catalog" in self.__dict__:
            self.catalog.close()
        _OPEN.pop(self.root, None)

    def __enter__(self) -> Project:
        from solvent.engine.exploring import begin

        begin(self)
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        from solvent.engine.exploring import end

        end(self, failed=kind is not None)

    def __repr__(self) -> str:
        return f"<project {self.root}>"

    def _place(self, place: Any, what: str) -> Path | None:
        if place is None:
            return None
        text = place.reveal() if isinstance(place, Secret) else str(place)
        if "://" in text:
            raise SettingsError(
                f"{self.file.file}: archive.{what}: {place} is not a folder; this version of Solvent keeps archives in "
                f"local folders only"
            )
        return self.root / text


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
