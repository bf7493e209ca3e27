"""Taking: which nodes of a plan take an output of another one, and how."""

from __future__ import annotations

import typing
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from solvent.data.family import asked_kind
from solvent.errors import InputError
from solvent.graph.annotation import element_of

if TYPE_CHECKING:
    from solvent.engine.planning.inputs import Input

__all__ = ["check_reference", "refers", "takers", "takes_none"]


def refers(tree: Any, paths: set[str]) -> bool:
    """Whether wiring leads to one of these nodes."""
    kind, body = next(iter(tree.items()))
    if kind == "ref":
        return body[0] in paths
    if kind == "const":
        return False
    return any(refers(part, paths) for part in (body.values() if kind == "dict" else body))


def takers(nodes: Iterable[Any], path: str) -> tuple[list[str | None], list[str]]:
    """The kinds of frame that planned nodes take another one's table as, and the paths of those that work by block."""
    kinds: list[str | None] = []
    by_block: list[str] = []
    for one in nodes:
        for spec in one.node.step.signature.data:
            if spec.name in one.wired and refers(one.wired[spec.name], {path}):
                kinds.append(asked_kind(spec.annotation))
                if one.node.options.rowwise or one.node.options.combine is not None:
                    by_block.append(one.node.path)
    return kinds, by_block


def check_reference(made: Input, nodes: Iterable[Any]) -> None:
    """Raise :class:`InputError` where an input says ``keep: reference`` that cannot be kept so."""
    if getattr(made.source, "keep", None) != "reference":
        return
    if getattr(made.source, "root", None) is None:
        raise InputError("keep: reference is for files on this machine; of what lies elsewhere the rows are kept")
    _, by_block = takers(nodes, made.node.path)
    if by_block:
        raise InputError(
            f"keep: reference: {by_block[0]!r} works by block (rowwise, combine), which a reference does not have. "
            f"Say keep: rows"
        )


def takes_none(tree: Any, skipped: set[str], wanted: Any) -> bool:
    """Whether data that holds results of skipped nodes can be handed over with None in their places."""
    if _allows_none(wanted) or not refers(tree, skipped):
        return True
    kind, body = next(iter(tree.items()))
    if kind in ("list", "tuple", "dict"):
        parts = body.values() if kind == "dict" else body
        return all(takes_none(part, skipped, element_of(wanted)) for part in parts)
    return False


def _allows_none(annotation: Any) -> bool:
    if annotation is Any or annotation is object or annotation is None or annotation is type(None):
        return True
    return type(None) in typing.get_args(annotation)
