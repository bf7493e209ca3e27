"""What assemble is given in a pipeline, as the graph knows it: steps with their settings, rows, what is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solvent.data import is_table_type
from solvent.errors import PlanError
from solvent.graph.promise import Promise, node_of, promises_in
from solvent.graph.steps import Step
from solvent.learn.carried.functions import RowFunction, is_function, settle
from solvent.learn.carried.lookups import Lookup

if TYPE_CHECKING:
    from solvent.graph.node import Node

__all__ = ["LeftOut", "given"]


@dataclass(frozen=True)
class LeftOut:
    """Row-wise work that rows went through before a fit, and that no part of the predictor does."""

    steps: tuple[str, ...]


def given(data: Mapping[str, Any], nodes: Mapping[str, Node], path: str) -> dict[str, Any]:
    """The data of ``assemble`` at ``path``, where steps among its parts have become what goes along.

    Rows come first if the first part needs some to say what a request has to bring, :class:`LeftOut` last if there
    is anything.
    """
    scope = path[: len(path) - len(path.rpartition("/")[2])]
    parts = list(data["parts"])
    made = [_settled(one, nodes, scope) if is_function(one) else one for one in parts]
    rows = _rows(parts[0], nodes, scope) if parts else None
    left = tuple(_left_out(made, nodes)) if nodes else ()
    return {**data, "parts": (*(() if rows is None else (rows,)), *made, *((LeftOut(left),) if left else ()))}


def _settled(part: Any, nodes: Mapping[str, Node], scope: str) -> RowFunction:
    node = _node_of_step(part, nodes, scope)
    if node is None:
        return settle(part)
    for name, bound in node.settings.items():
        if next(promises_in(bound.value), None) is not None:
            raise PlanError(
                f"assemble: the setting {name!r} of {node.path!r} is what another step made, so it was learnt, and "
                f"does not go along. Make a transform of it: a class with fit and transform"
            )
    return settle(part, {name: one.value for name, one in node.settings.items()})


def _node_of_step(part: Any, nodes: Mapping[str, Node], scope: str) -> Node | None:
    """The node of a step: the one of its name in this pipeline, or the only one there is."""
    if not isinstance(part, Step):
        return None
    here = nodes.get(scope + (part.label or part.name))
    if here is not None and here.step.raw is part.raw:
        return here
    found = [one for one in nodes.values() if one.step.raw is part.raw]
    if len({repr({name: one.value for name, one in node.settings.items()}) for node in found}) > 1:
        names = ", ".join(repr(one.path) for one in found)
        raise PlanError(
            f"assemble: {part.name!r} is done as {names}, with different settings. Say which goes along: "
            f'{part.name}.named("{found[0].name}")'
        )
    return found[0] if found else None


def _rows(first: Any, nodes: Mapping[str, Node], scope: str) -> Any:
    """The rows that the first part was given in this pipeline, where it does not know them itself."""
    node = _node_of_step(first, nodes, scope)
    if node is not None:
        return next(iter(node.data.values()), None)
    if type(first) is Promise and _kind(first, nodes) is Lookup:
        for one in nodes.values():
            taken = one.data.get("features")
            if type(taken) is Promise and node_of(taken)[:2] == node_of(first)[:2]:
                return one.data.get("rows")
    return None


def _left_out(parts: list[Any], nodes: Mapping[str, Node]) -> Iterator[str]:
    """The row-wise steps and transforms on the way from the inputs to what was fitted, less the parts."""
    carried = {type(one).function for one in parts if isinstance(one, RowFunction)}
    promised = [one for one in parts if type(one) is Promise and not is_table_type(node_of(one)[2])]
    waiting = [node_of(one)[0] for one in promised]
    taken = {node_of(one)[:2] for one in promised}
    seen: set[str] = set()
    while waiting:
        path = waiting.pop()
        node = nodes.get(path)
        if node is None or path in seen:
            continue
        seen.add(path)
        if _kind_of_node(node) is Lookup:
            continue  # its table goes along as it was made
        if node.options.rowwise and node.step.raw not in carried:
            yield path
        applied = node.data.get("features") if "features" in node.data else None
        if type(applied) is Promise and "rows" in node.data and node_of(applied)[:2] not in taken:
            yield path
        waiting += [node_of(one)[0] for one in promises_in(node.data)]


def _kind(promise: Promise, nodes: Mapping[str, Node]) -> Any:
    node = nodes.get(node_of(promise)[0])
    return None if node is None else _kind_of_node(node)


def _kind_of_node(node: Node) -> Any:
    return node.step.signature.outputs.annotation
