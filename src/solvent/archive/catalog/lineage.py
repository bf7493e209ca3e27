"""What led to what: recursive queries over step runs and the artifacts that passed between them."""

from __future__ import annotations

from dataclasses import dataclass

from solvent.archive.catalog.connection import Catalog

__all__ = ["Edge", "consumers", "downstream", "producers", "upstream"]


@dataclass(frozen=True, slots=True)
class Edge:
    """An artifact went from one step run into a parameter of another; ``depth`` counts from where one asked."""

    producer: int | None
    consumer: int
    name: str
    place: str
    digest: str
    depth: int


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


def producers(catalog: Catalog, artifact: str) -> list[int]:
    """The step runs that made an artifact (not those that reused it), the first one first."""
    rows = catalog.read(
        "SELECT o.step_run FROM outputs o JOIN step_runs s ON s.id = o.step_run "
        "WHERE o.digest = ? AND s.status = 'ran' ORDER BY s.id",
        (artifact,),
    )
    return [row[0] for row in rows]


def consumers(catalog: Catalog, artifact: str) -> list[int]:
    """The step runs that an artifact went into, the first one first."""
    rows = catalog.read("SELECT DISTINCT step_run FROM inputs WHERE digest = ? ORDER BY step_run", (artifact,))
    return [row[0] for row in rows]
