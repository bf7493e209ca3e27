"""Where an artifact came from: the step runs that led to it, and the tables that its rows were made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from solvent.archive.catalog import lineage, query

if TYPE_CHECKING:
    from solvent.archive.catalog.connection import Catalog

__all__ = ["Graph", "Line", "is_table"]

_FITTED_FORMATS = frozenset({"skops.1", "lightgbm.1", "xgboost.1", "onnx.1", "safetensors.1"})
_FITTED_CLASSES = frozenset({"Fitted", "Predictor"})
_TAKERS = {"features": "solvent.learn.transforms:transform", "parts": "solvent.learn.assembly:assemble"}
_CONTAINERS = frozenset({"json.1", "namedtuple.1"})


@dataclass(frozen=True)
class Line:
    """The artifacts that rows were made of, one after the other, and the step runs that made these."""

    artifacts: frozenset[str]
    makers: frozenset[int]


@dataclass
class Graph:
    """Step runs with what went into them and what came out, as far as they led to the artifacts that were asked for."""

    catalog: Catalog
    run: str
    inputs: dict[int, list[lineage.Edge]] = field(default_factory=dict)
    _outputs: dict[int, tuple[str, ...]] = field(default_factory=dict)
    _taken: set[str] | None = None

    def makers(self, artifact: str) -> list[int]:
        """The step runs that gave an artifact: those of this run, else of the last run that made it."""
        here = lineage.made_in(self.catalog, self.run, artifact)
        return here or lineage.producers(self.catalog, artifact)[-1:]

    def above(self, artifact: str) -> frozenset[int]:
        """Every step run that led to an artifact, also in other runs whose results were read."""
        self._taken = None
        waiting, reached = self.makers(artifact), set[int]()
        while waiting:
            start = waiting.pop()
            if start in reached:
                continue
            edges = lineage.upstream(self.catalog, start)
            runs = {start, *(one.producer for one in edges if one.producer is not None)}
            for one in edges:
                known = self.inputs.setdefault(one.consumer, [])
                if one not in known:
                    known.append(one)
            for number in runs - reached:
                waiting += self._elsewhere(number)
            reached |= runs
        return frozenset(reached)

    def _elsewhere(self, number: int) -> list[int]:
        """The step runs of other runs whose results an input of a run read."""
        if self.works(number):
            return []
        found = [one.producer for one in lineage.published_from(self.catalog, number)]
        for artifact in self.outputs(number):
            made = lineage.producers(self.catalog, artifact)
            found += [one for one in made if self.works(one)][-1:]
        edges = [
            lineage.Edge(one, number, "read", "", artifact, 1) for one in found for artifact in self.outputs(number)
        ]
        self.inputs.setdefault(number, []).extend(edges)
        return found

    def works(self, number: int) -> bool:
        """Whether a step run did something; an input of a run only reads."""
        return query.step_by_id(self.catalog, number).kind != "input"

    def line(self, artifact: str) -> Line:
        """The tables (and what holds them) that the rows of an artifact come from, not through what was fitted."""
        artifacts, makers = {artifact}, set(self.makers(artifact))
        waiting = list(makers)
        while waiting:
            for edge in self.inputs.get(waiting.pop(), ()):
                if edge.name.startswith("when:") or self.is_fitted(edge.digest):
                    continue
                artifacts.add(edge.digest)
                if edge.producer is not None and edge.producer not in makers:
                    makers.add(edge.producer)
                    waiting.append(edge.producer)
        return Line(frozenset(artifacts), frozenset(makers))

    def outputs(self, number: int) -> tuple[str, ...]:
        """The artifacts that a step run gave."""
        if number not in self._outputs:
            self._outputs[number] = tuple(query.step_outputs(self.catalog, number).values())
        return self._outputs[number]

    def fits(self, number: int) -> bool:
        """Whether a step run gave something fitted, as far as it is known by its class or by who was given it."""
        return any(self.is_fitted(one) for one in self.outputs(number))

    def is_fitted(self, artifact: str) -> bool:
        """Whether an artifact is a transform, model or predictor, or was handed to a step as one."""
        if _is_fitted(self.catalog, artifact):
            return True
        if is_table(self.catalog, artifact):
            return False
        if self._taken is None:
            edges = [one for known in self.inputs.values() for one in known if one.name in _TAKERS]
            self._taken = {one.digest for one in edges if self.name(one.consumer)[1] == _TAKERS[one.name]}
        return artifact in self._taken

    def hands_on(self, number: int, table: str, among: Iterable[str]) -> bool:
        """Whether a step run gave one of these artifacts as rows of a table: one with half of its columns at least."""
        given = set(self.outputs(number)) & set(among)
        columns = _columns(self.catalog, table) or 0
        return any(
            _holds_tables(self.catalog, one) or 2 * (_columns(self.catalog, one) or -1) >= columns for one in given
        )

    def name(self, number: int) -> tuple[str, str]:
        """A step run as messages name it, and the function that it carried out."""
        row = query.step_by_id(self.catalog, number)
        return (f"{row.path}[{row.item}]" if row.item else row.path), row.step


def _format(catalog: Catalog, artifact: str) -> str:
    return query.format_of(catalog, artifact) or ""


def _holds_tables(catalog: Catalog, artifact: str) -> bool:
    """Whether an artifact is a list, dict or named tuple with tables in it."""
    row = query.artifact_row(catalog, artifact)
    return row is not None and row[1] in _CONTAINERS and (row[2] is None or '"table.' in row[2])


def is_table(catalog: Catalog, artifact: str) -> bool:
    """Whether an artifact is a table."""
    return _format(catalog, artifact).startswith("table.")


def _columns(catalog: Catalog, artifact: str) -> int | None:
    """How many columns a table has; None for what is none."""
    row = query.artifact_row(catalog, artifact) if is_table(catalog, artifact) else None
    return None if row is None else row[5].get("columns")


def _is_fitted(catalog: Catalog, artifact: str) -> bool:
    """Whether the class of an artifact says that it was fitted."""
    kind = _format(catalog, artifact)
    if kind in _FITTED_FORMATS:
        return True
    row = query.artifact_row(catalog, artifact) if kind == "dataclass.1" else None
    return row is not None and row[5].get("class") in _FITTED_CLASSES
