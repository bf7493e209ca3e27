"""Reading datasets: as values, and as inputs of pipelines; every read is recorded where the dataset lives."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.archive.catalog import query
from solvent.archive.catalog.readers import note_read
from solvent.archive.copying import copy_artifact
from solvent.config import ProjectFile, load_project_file, validate
from solvent.engine import watch
from solvent.engine.context import current
from solvent.engine.datasets.publishing import actor
from solvent.engine.datasets.resolving import check_there, find_dataset_version, gone, read_reference, warning_of
from solvent.engine.home import Home
from solvent.engine.watch.seeing import observed
from solvent.errors import Corrupted, InputError, NotFound, Unwritable, did_you_mean

if TYPE_CHECKING:
    from solvent.archive.catalog.datasets import Actor, DatasetVersion

__all__ = ["DatasetSource", "load_dataset", "open_dataset"]

_WORDS = {"dataset": str, "project": str, "allow_deprecated": bool}
_OURS = str(Path(__file__).parents[2]) + os.sep
_TOLD: set[tuple[str, str]] = set()
_OTHERS: dict[Path, Home] = {}


def load_dataset(project: Home, reference: str, wanted: Any = Any, *, allow: bool = False) -> Any:
    """The rows of a version, as ``wanted`` asks for them; that they were read is recorded.

    Inside a running step, a reference that is not pinned makes the step's result one that cannot be reused.
    """
    asked = read_reference(reference)
    inside = current()
    if inside is not None and not asked.pinned:
        seen = observed()
        if seen is not None:
            seen.other("dataset", str(asked), sys._getframe())
    with watch.exempt():
        version = find_dataset_version(project, asked)
        tell_once(project, warning_of(project, version, allow=allow))
        check_there(project, version)
        pipeline = ""
        if inside is not None:
            found = query.find_run(project.catalog, inside.run)
            pipeline = found.pipeline if found is not None else ""
        try:
            value = project.archive.get(version.artifact, wanted)
        except Corrupted as error:
            raise gone(project, version) from error
        _record(project, version, str(asked), actor(project), pipeline)
    return value


def tell_once(project: Home, text: str | None) -> None:
    """Warn of a deprecated dataset, once in a process for each thing there is to say."""
    if text is not None and (str(project.root), text) not in _TOLD:
        _TOLD.add((str(project.root), text))
        level, frame = 1, sys._getframe()
        while frame.f_back is not None and frame.f_code.co_filename.startswith(_OURS):  # it is the caller's line
            level, frame = level + 1, frame.f_back
        warnings.warn(text, FutureWarning, stacklevel=level)


class DatasetSource:
    """The input ``{dataset: flights@v3}``: a version of this archive, or of another project's on this machine."""

    def __init__(self, project: Home, reference: str, other: Home | None = None, allow: bool = False) -> None:
        self._project = project
        self._owner = other or project
        self._asked = read_reference(reference)
        self._row = find_dataset_version(self._owner, self._asked)
        self.warning = warning_of(self._owner, self._row, allow=allow)
        if not project.archive.complete(self._row.artifact):  # one that was read before needs its owner no more
            check_there(self._owner, self._row)

    @property
    def artifact(self) -> str:
        """The digest of the table, which is known without reading it."""
        return self._row.artifact

    def describe(self) -> dict[str, Any]:
        """Which version, and what was asked for."""
        told = {
            "kind": "dataset",
            "reference": str(self._asked),
            "dataset": self._row.dataset,
            "version": self._row.version,
            "pinned": self._asked.pinned,
            "digest": self._row.artifact,
        }
        return told if self._owner is self._project else {**told, "project": str(self._owner.root)}

    def version(self) -> str | None:
        """The digest of the table."""
        return self._row.artifact

    def fetch(self) -> str:
        """Have the table in this project's archive, so that it is there when somebody wants to reproduce the run.

        Of another project's archive only the bytes that are not here yet are copied. Raises :class:`Corrupted` where
        rows are gone.
        """
        if self._owner is not self._project:
            try:
                copy_artifact(self._row.artifact, self._owner.archive, self._project.archive)
            except (Corrupted, NotFound) as error:
                raise gone(self._owner, self._row) from error
        check_there(self._project, self._row)
        return self._row.artifact

    def read(self, wanted: Any) -> Any:
        """The rows, as the parameter asks for them."""
        return self._project.archive.get(self.fetch(), wanted)

    def note(self, run: str, name: str, pipeline: str) -> None:
        """Record in the catalog of the dataset's own project that a run reads it; warn of a deprecated one."""
        by = actor(self._project, run, f"inputs/{name}")
        _record(self._owner, self._row, str(self._asked), by, pipeline)
        tell_once(self._owner, self.warning)


def open_dataset(project: Home, spec: Mapping[str, Any]) -> DatasetSource:
    """The source that ``{dataset: NAME@VERSION, project: PATH, allow_deprecated: true}`` names."""
    said: dict[str, Any] = {}
    for name, value in spec.items():
        if name not in _WORDS:
            hint = did_you_mean(str(name), _WORDS)
            raise InputError(f"{{dataset: …}} takes {', '.join(list(_WORDS)[1:])}, and {name!r} was given.{hint}")
        try:
            said[str(name)] = validate(value, _WORDS[str(name)], from_file=True)
        except ValueError as error:
            raise InputError(f"{name}: {error}") from None
    other = open_other(project, str(said["project"])) if "project" in said else None
    return DatasetSource(project, str(said["dataset"]), other, said.get("allow_deprecated", False))


def open_other(project: Home, place: str) -> Home | None:
    """Another project on this machine; None where it has the same catalog. Raises :class:`NotFound` if it has none."""
    folder = (project.root / Path(place).expanduser()).resolve()
    if not folder.is_dir():
        raise NotFound(f"project: there is no folder {folder}")
    file = load_project_file(folder)
    if file.root != folder:
        file = ProjectFile(folder)
    other = _OTHERS.setdefault(folder, Home(file))
    if other.file != file:  # its file was changed since
        other = _OTHERS[folder] = Home(file)
    if not other.begun:
        raise NotFound(f"project: nothing was ever recorded in {folder}, so it has no datasets")
    if other.catalog.path.resolve() == project.catalog.path.resolve():
        return None
    return other


def _record(owner: Home, version: DatasetVersion, asked: str, by: Actor, pipeline: str) -> None:
    try:
        with owner.catalog.write() as tx:
            note_read(tx, (version.dataset, version.version), asked, by, pipeline)
    except Unwritable:
        unknown = (
            f"{version.label}: the archive of {owner.root} cannot be written, so its owners do not know this reader"
        )
        tell_once(owner, unknown)
