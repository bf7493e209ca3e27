"""Lineage as one graph of step runs: what led to an artifact, and what it led to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from solvent.archive.catalog import lineage as catalog_lineage
from solvent.archive.catalog import query
from solvent.displays import Displayed
from solvent.engine.datasets.resolving import find_dataset_version, is_dataset, names_dataset
from solvent.engine.references import artifact_of, find_step
from solvent.errors import NotFound

if TYPE_CHECKING:
    from solvent.engine.home import Home

__all__ = ["Lineage", "Link", "Place", "trace"]


@dataclass(frozen=True, slots=True)
class Place:
    """One step run in a lineage."""

    id: int
    run: str
    name: str
    step: str
    kind: str
    status: str


@dataclass(frozen=True, slots=True)
class Link:
    """An artifact that went from one step run into a parameter of another."""

    producer: int | None
    consumer: int
    parameter: str
    digest: str


@dataclass(frozen=True, slots=True)
class Lineage(Displayed):
    """Where one asked from, every step run that was reached, and the artifacts between them."""

    start: int
    direction: Literal["up", "down"]
    places: dict[int, Place]
    links: tuple[Link, ...]


def trace(project: Home, reference: str, direction: Literal["up", "down"] = "up") -> Lineage:
    """Everything that led to a step run or artifact (``up``), or that it led to (``down``), also through datasets."""
    start, only = _start(project, reference)
    links: dict[Link, None] = {}
    reached: set[int] = set()
    waiting = [start]
    while waiting:  # from run to run, where one reads a dataset that another published
        found, crossings = _within(project, waiting.pop(), direction, reached, only)
        only = None
        links.update(dict.fromkeys(found))
        waiting.extend(one for one in crossings if one not in reached)
    places: dict[int, Place] = {}
    for number in sorted(reached):
        row = query.step_by_id(project.catalog, number)
        run = query.run_by_id(project.catalog, row.run).name
        name = f"{row.path}[{row.item}]" if row.item else row.path
        places[number] = Place(number, run, name, row.step, row.kind, row.status)
    return Lineage(start, direction, places, tuple(links))


def _within(
    project: Home, start: int, direction: Literal["up", "down"], reached: set[int], only: str | None
) -> tuple[list[Link], list[int]]:
    """The links of one run from ``start`` on, and those to other runs; gives where to go on in these.

    Downwards ``only`` is the digest of the one output of ``start`` that was asked for.
    """
    up = direction == "up"
    edges = (catalog_lineage.upstream if up else catalog_lineage.downstream)(project.catalog, start)
    if only is not None and not up:
        edges = _below(edges, start, only)
    links = [
        Link(one.producer, one.consumer, f"{one.name}[{one.place}]" if one.place else one.name, one.digest)
        for one in edges
    ]
    numbers = {start} | {one.consumer for one in edges} | {one.producer for one in edges if one.producer is not None}
    further = []
    for number in sorted(numbers - reached):
        for one in (catalog_lineage.published_from if up else catalog_lineage.read_by)(project.catalog, number):
            if only is not None and not up and number == start and one.digest != only:
                continue
            links.append(Link(one.producer, one.consumer, f"{one.dataset}@v{one.version}", one.digest))
            further.append(one.producer if up else one.consumer)
    reached |= numbers
    return links, further


def _below(edges: list[catalog_lineage.Edge], start: int, digest: str) -> list[catalog_lineage.Edge]:
    """The edges that one output of ``start`` led to."""
    left = [one for one in edges if one.producer != start or one.digest == digest]
    below, size = {start}, 0
    while len(below) != size:
        size = len(below)
        below |= {one.consumer for one in left if one.producer in below}
    return [one for one in left if one.producer in below]


def _start(project: Home, reference: str) -> tuple[int, str | None]:
    """The step run that a reference means, and the digest of the output that it names, if it names one."""
    if reference.startswith("#"):
        made = catalog_lineage.producers(project.catalog, artifact_of(project, reference))
        if not made:
            raise NotFound(f"no step run made {reference}; it was handed in from outside")
        return made[0], artifact_of(project, reference)
    if names_dataset(reference) or (is_dataset(project, reference) and "/" not in reference):
        row = find_dataset_version(project, reference)
        if row.run is None:
            raise NotFound(
                f"{row.label} was published by {row.user} from outside of runs; 'solvent data consumers "
                f"{row.label}' lists who reads it"
            )
        reference = f"{row.run}/{row.step}"
    _, step, output = find_step(project, reference)
    return step.id, artifact_of(project, reference) if output is not None else None
