"""Which nodes a part of a graph needs, and which depend on it."""

from __future__ import annotations

from collections.abc import Iterable

from solvent.errors import NotFound, did_you_mean
from solvent.graph.node import Graph

__all__ = ["above", "below", "find"]


def find(graph: Graph, name: str) -> str:
    """The path of the one node that is called ``name`` (a path, or the end of one). Raises :class:`NotFound`."""
    if name in graph.nodes:
        return name
    ends = [path for path in graph.nodes if path.endswith("/" + name)]
    if len(ends) == 1:
        return ends[0]
    if ends:
        raise NotFound(f"{name!r} is more than one step of {graph.name!r}: {', '.join(ends)}. Write its whole path.")
    inside = [path for path in graph.nodes if path.startswith(name + "/")]
    if inside:
        return inside[-1]  # a nested pipeline ends with its last node
    raise NotFound(
        f"{graph.name!r} has no step {name!r}.{did_you_mean(name, graph.nodes)} Its steps: {', '.join(graph.nodes)}."
    )


def above(graph: Graph, paths: Iterable[str]) -> set[str]:
    """The nodes that must be done for these to be done, with themselves."""
    found: set[str] = set()
    todo = list(paths)
    while todo:
        path = todo.pop()
        if path not in found:
            found.add(path)
            todo.extend(graph.nodes[path].needs())
    return found


def below(graph: Graph, paths: Iterable[str]) -> set[str]:
    """The nodes that depend on these, with themselves."""
    found = set(paths)
    for path, node in graph.nodes.items():
        if not found.isdisjoint(node.needs()):
            found.add(path)
    return found
