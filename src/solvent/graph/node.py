"""A node is one use of a step in a pipeline; a graph is its nodes in an order in which they can be done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from solvent.graph.promise import Promise, node_of, promises_in

if TYPE_CHECKING:
    from solvent.config import Bound
    from solvent.graph.steps import Options, Step

__all__ = ["Graph", "Node"]


@dataclass(slots=True, eq=False)
class Node:
    """One use of a step.

    ``data`` maps parameters to promises, plain values, or lists and dicts of them; ``settings`` are validated,
    or promises. ``guards`` are the flags of every ``sv.when`` around it. A ``map`` node applies its step (or,
    for a pipeline, ``template``) to each item of its first data parameter.
    """

    path: str
    kind: Literal["input", "step", "map"]
    step: Step[Any, Any]
    data: dict[str, Any]
    settings: dict[str, Bound]
    options: Options
    where: str
    guards: tuple[Promise, ...] = ()
    template: Graph | None = None
    outputs: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    def promises(self) -> Iterator[Promise]:
        """Every promise that has to be kept before this node can be done."""
        yield from promises_in(self.data)
        yield from self.guards
        for bound in self.settings.values():
            yield from promises_in(bound.value)

    def needs(self) -> set[str]:
        """The paths of the nodes that this one needs."""
        found = {node_of(promise)[0] for promise in self.promises()}
        if self.template is not None:
            found |= self.template.outside()
        return found


@dataclass(slots=True, eq=False)
class Graph:
    """Nodes by path, in an order in which they can be done, and what the pipeline returns of them."""

    name: str
    nodes: dict[str, Node] = field(default_factory=dict)
    result: Any = None
    annotation: Any = Any

    def outside(self) -> set[str]:
        """The paths that this graph's nodes and result need, but that are not its own."""
        found: set[str] = set()
        for node in self.nodes.values():
            found |= node.needs()
        found |= {node_of(promise)[0] for promise in promises_in(self.result)}
        return {path for path in found - set(self.nodes) if not path.startswith("\0")}
