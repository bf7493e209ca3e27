"""Deprecating and tagging: words that are said about versions, which themselves never change."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from solvent.archive.catalog import datasets
from solvent.archive.catalog.readers import list_consumers
from solvent.engine.datasets.publishing import actor
from solvent.engine.datasets.resolving import find_dataset_version, read_reference
from solvent.errors import NotFound, UsageError

if TYPE_CHECKING:
    from solvent.archive.catalog.readers import Consumer
    from solvent.engine.home import Home

__all__ = ["deprecate", "tag", "untag"]


def tag(project: Home, reference: str, name: str) -> int | None:
    """Point a tag at a version; gives the number of the version that it pointed at before, if it did."""
    datasets.check_tag(name)
    row = find_dataset_version(project, reference)
    with project.catalog.write() as tx:
        return datasets.move_tag(tx, row.dataset, name, row.version, actor(project))


def untag(project: Home, dataset: str, name: str) -> int | None:
    """Take a tag away; gives the number of the version that it pointed at. Raises :class:`NotFound` without one."""
    row = find_dataset_version(project, dataset)
    with project.catalog.write() as tx:
        return datasets.move_tag(tx, row.dataset, name, None, actor(project))


def deprecate(
    project: Home, reference: str, reason: str | None, *, instead: str | None = None, after: str | None = None
) -> list[Consumer]:
    """Tell readers to go elsewhere, and give those who are known; None as the reason takes it back.

    ``NAME`` means all versions, also later ones; ``NAME@v3`` one. ``instead`` is the reference to read in its place;
    after the day ``after`` (``2030-01-31``, UTC) reading is an error. Raises :class:`NotFound` for what is not there.
    """
    version = None
    row = find_dataset_version(project, reference)
    if "@" in reference:
        if not read_reference(reference).pinned:
            raise UsageError(f"{reference!r} is not one version: write {row.label}, or {row.dataset} for all of them")
        version = row.version
    by = actor(project)
    if reason is None:
        with project.catalog.write() as tx:
            datasets.revive(tx, row.dataset, version, by)
        return []
    if not reason.strip():
        raise UsageError("say why: a deprecation needs a reason that its readers understand")
    if instead is not None:
        instead = _replacement(project, instead, row.dataset, version)
    made = datasets.Deprecation(row.dataset, version, reason, instead, _end(after), by.at, by.user)
    with project.catalog.write() as tx:
        datasets.deprecate(tx, made, by)
    return list_consumers(project.catalog, row.dataset, version)


def _replacement(project: Home, reference: str, dataset: str, version: int | None) -> str:
    asked = read_reference(reference)
    try:
        other = find_dataset_version(project, asked)
    except NotFound as error:
        raise NotFound(f"the replacement: {error}") from None
    if other.dataset == dataset and version in (None, other.version):
        raise UsageError(f"{dataset} cannot be replaced by itself: name another dataset, or another version")
    return reference.removeprefix("data:")


def _end(day: str | None) -> float | None:
    """The end of a day, in UTC: what follows it is after."""
    if day is None:
        return None
    try:
        found = datetime.datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=datetime.UTC)
    except ValueError:
        raise UsageError(f"expected a day as in 2030-01-31, got {day!r}") from None
    return (found + datetime.timedelta(days=1)).timestamp()
