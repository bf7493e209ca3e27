"""What led to what: recursive queries over step runs and the artifacts that passed between them."""

from __future__ import annotations

from dataclasses import dataclass

from solvent.archive.catalog.connection import Catalog

__all__ = [
    "Crossing", "Edge", "consumers", "downstream", "made_in", "producers", "published_from", "read_by", "upstream",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Edge:
    """An artifact went from one step run into a parameter of another; ``depth`` counts from where one asked."""

    producer: int | None
    consumer: int
    name: str
    place: str
    digest: str
    depth: int


@dataclass(frozen=True, slots=True)
class Crossing:
    """A version of a dataset through which a step run's result came into another run, as the input ``consumer``."""

    producer: int
    consumer: int
    dataset: str
    version: int
    digest: str


# The output tells a reader of this archive from one of another that has a run of the same name.
_CROSSING = """
SELECT DISTINCT p.id, c.id, v.dataset, v.version, v.artifact FROM dataset_versions v
JOIN runs m ON m.name = v.run JOIN step_runs p ON p.run = coalesce(m.same_as, m.id) AND p.path = v.step
JOIN dataset_reads d ON d.dataset = v.dataset AND d.version = v.version
JOIN runs n ON n.name = d.run JOIN step_runs c ON c.run = coalesce(n.same_as, n.id) AND c.path = d.step
JOIN outputs o ON o.step_run = c.id AND o.digest = v.artifact
WHERE c.kind = 'input' AND
"""

_UP = """
WITH RECURSIVE above (id, depth) AS (
    SELECT ?, 0
    UNION
    SELECT i.producer, above.depth + 1 FROM above JOIN inputs i ON i.step_run = above.id
    WHERE i.producer IS NOT NULL AND above.depth < ?
)
SELECT i.producer, i.step_run, i.name, i.place, i.digest, min(above.depth) + 1 FROM above
JOIN inputs i ON i.step_run = above.id
GROUP BY i.producer, i.step_run, i.name, i.place, i.digest ORDER BY 6, i.step_run, i.name, i.place
"""

_DOWN = """
WITH RECURSIVE below (id, depth) AS (
    SELECT ?, 0
    UNION
    SELECT i.step_run, below.depth + 1 FROM below JOIN inputs i ON i.producer = below.id WHERE below.depth < ?
)
SELECT i.producer, i.step_run, i.name, i.place, i.digest, min(below.depth) + 1 FROM below
JOIN inputs i ON i.producer = below.id
GROUP BY i.producer, i.step_run, i.name, i.place, i.digest ORDER BY 6, i.step_run, i.name, i.place
"""


def upstream(catalog: Catalog, step_run: int, depth: int = 1000) -> list[Edge]:
    """Everything that led to a step run, the nearest first."""
    return [Edge(*row) for row in catalog.read(_UP, (step_run, depth))]


def downstream(catalog: Catalog, step_run: int, depth: int = 1000) -> list[Edge]:
    """Everything that a step run led to within its run, the nearest first."""
    return [Edge(*row) for row in catalog.read(_DOWN, (step_run, depth))]


def published_from(catalog: Catalog, step_run: int) -> list[Crossing]:
    """Where the dataset came from that an input of a run read; empty for any other step run."""
    return [Crossing(*row) for row in catalog.read(f"{_CROSSING} c.id = ?", (step_run,))]


def read_by(catalog: Catalog, step_run: int) -> list[Crossing]:
    """The inputs of other runs that read what a step run made, as a dataset."""
    return [Crossing(*row) for row in catalog.read(f"{_CROSSING} p.id = ? ORDER BY c.id", (step_run,))]


def producers(catalog: Catalog, artifact: str) -> list[int]:
    """The step runs that made an artifact (not those that reused it), the first one first."""
    rows = catalog.read(
        "SELECT o.step_run FROM outputs o JOIN step_runs s ON s.id = o.step_run "
        "WHERE o.digest = ? AND s.status = 'ran' ORDER BY s.id",
        (artifact,),
    )
    return [row[0] for row in rows]


def made_in(catalog: Catalog, run: str, artifact: str) -> list[int]:
    """The step runs of one run that gave an artifact, also those that reused it."""
    rows = catalog.read(
        "SELECT o.step_run FROM outputs o JOIN step_runs s ON s.id = o.step_run JOIN runs r ON r.id = s.run "
        "WHERE r.name = ? AND o.digest = ? ORDER BY s.id",
        (run, artifact),
    )
    return [row[0] for row in rows]


def consumers(catalog: Catalog, artifact: str) -> list[int]:
    """The step runs that an artifact went into, the first one first."""
    rows = catalog.read("SELECT DISTINCT step_run FROM inputs WHERE digest = ? ORDER BY step_run", (artifact,))
    return [row[0] for row in rows]
