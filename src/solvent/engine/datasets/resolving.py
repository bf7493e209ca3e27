"""Resolving: ``flights``, ``flights@v3``, ``data:flights@prod`` to a version, and what was said against reading it."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from solvent.archive.catalog import datasets
from solvent.errors import Corrupted, InputError, NotFound, UsageError

if TYPE_CHECKING:
    from solvent.archive.catalog.datasets import DatasetVersion
    from solvent.engine.home import Home

__all__ = [
    "Asked",
    "check_there",
    "find_dataset_version",
    "gone",
    "is_dataset",
    "names_dataset",
    "read_reference",
    "warning_of",
]

_PREFIX = "data:"
_SHAPE = re.compile(r"(?P<name>[^@/#:\[\]]+)(?:@(?P<version>[^@/#:\[\]]+))?$")


@dataclass(frozen=True, slots=True)
class Asked:
    """A reference to a dataset. ``version`` is ``v3``, a tag or ``latest``; a pinned one always means the same."""

    name: str
    version: str = datasets.LATEST

    @property
    def pinned(self) -> bool:
        """Whether it names a version by its number, which never changes."""
        return self.version[:1] == "v" and self.version[1:].isdecimal()

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


def names_dataset(reference: str) -> bool:
    """Whether a reference can mean nothing but a dataset: ``data:…``, or a name and a version."""
    if reference.startswith(_PREFIX):
        return True
    return "@" in reference and _SHAPE.fullmatch(reference) is not None


def read_reference(reference: str) -> Asked:
    """A reference, taken apart. Raises :class:`UsageError` for what is none."""
    text = reference.removeprefix(_PREFIX).strip()
    found = _SHAPE.fullmatch(text)
    if found is None:
        raise UsageError(f"{reference!r} names no dataset. Write NAME, NAME@v3, NAME@TAG or NAME@latest.")
    return Asked(found["name"], found["version"] or datasets.LATEST)


def is_dataset(project: Home, name: str) -> bool:
    """Whether a dataset of this name was published here."""
    return project.begun and datasets.has_dataset(project.catalog, name)


def find_dataset_version(project: Home, reference: str | Asked) -> DatasetVersion:
    """The version that a reference means now. Raises :class:`NotFound` with what is there instead."""
    asked = read_reference(reference) if isinstance(reference, str) else reference
    if not project.begun:
        raise NotFound(f"there is no dataset {asked.name!r}: nothing was ever recorded in {project.root}")
    return datasets.find_version(project.catalog, asked.name, asked.version)


def check_there(project: Home, version: DatasetVersion) -> None:
    """Raise :class:`Corrupted` if the rows of a version are not all there, naming the run that can make them again."""
    if not project.archive.complete(version.artifact):
        raise gone(project, version)


def gone(project: Home, version: DatasetVersion) -> Corrupted:
    """The error for a version whose rows are damaged or gone: which run made them, and how to have them again."""
    if version.run is None:
        way = f"It was published from outside of runs, by {version.user}: publish the same rows again."
    else:
        made = version.run if version.step is None else f"{version.run}/{version.step}"
        way = f"{made} made them: run that pipeline again as 'solvent show {version.run}' tells, and they are back."
    return Corrupted(f"the rows of {version.label} (#{version.artifact[:12]}) are not all there any more. {way}")


def warning_of(project: Home, version: DatasetVersion, *, allow: bool = False) -> str | None:
    """What a reader of a deprecated version is to be told; None where nothing was said against it.

    Raises :class:`InputError` where its time is over, unless ``allow`` is true.
    """
    found = datasets.find_deprecation(project.catalog, version.dataset, version.version)
    if found is None:
        return None
    what = version.label if found.version is not None else f"the dataset {version.dataset!r}"
    instead = f" Use {found.instead}." if found.instead else ""
    if found.after is None:
        return f"{what} is deprecated: {found.reason}.{instead}"
    day = time.strftime("%Y-%m-%d", time.gmtime(found.after - 1))
    if time.time() >= found.after:
        text = f"{what} is deprecated, and was to be read until {day} only: {found.reason}.{instead}"
        if allow:
            return text
        raise InputError(f"{text} To read it all the same: --allow, allow_deprecated=True, or allow_deprecated: true.")
    return f"{what} is deprecated, and can be read until {day}: {found.reason}.{instead}"
