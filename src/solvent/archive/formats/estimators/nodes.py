"""The shape of skops' schema: which parts of a node are nodes again, and where each stands in the estimator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from solvent.errors import Corrupted

__all__ = ["MUTABLE", "THREADS", "Node", "attributes", "children", "full_name", "mapped", "spot"]

Node = dict[str, Any]

_SHAPES: dict[str, tuple[tuple[str, str], ...]] = {
    "BytearrayNode": (),
    "BytesNode": (),
    "DTypeNode": (("node", "content"),),
    "DefaultDictNode": (("map", "content"),),
    "DictNode": (("node", "key_types"), ("map", "content")),
    "FunctionNode": (),
    "JsonNode": (),
    "ListNode": (("list", "content"),),
    "LossNode": (("map", "__reduce__"), ("node", "content")),
    "MaskedArrayNode": (("map", "content"),),
    "NdArrayNode": (("list", "content"), ("node", "shape")),
    "ObjectNode": (("node", "content"),),
    "PartialNode": (("map", "content"),),
    "RandomGeneratorNode": (("map", "content"),),
    "RandomStateNode": (("node", "content"),),
    "SetNode": (("list", "content"),),
    "SliceNode": (),
    "SparseMatrixNode": (),
    "TreeNode": (("map", "__reduce__"), ("node", "content")),
    "TupleNode": (("list", "content"),),
    "TypeNode": (),
}

MUTABLE = frozenset(
    {
        "BytearrayNode", "DefaultDictNode", "DictNode", "ListNode", "LossNode", "MaskedArrayNode", "NdArrayNode",
        "ObjectNode", "RandomGeneratorNode", "RandomStateNode", "SetNode", "SparseMatrixNode", "TreeNode",
    }
)  # fmt: skip
"""Nodes of which it matters whether two places hold the same object."""

THREADS = frozenset({"_n_threads", "n_threads"})
"""Attributes that hold how many threads this machine offers: they are filled in anew where the estimator is read."""


def full_name(node: Node) -> str:
    """The class (or function) that a node names."""
    return f"{node['__module__']}.{node['__class__']}"


def children(node: Node) -> Iterator[tuple[str, Node]]:
    """The nodes inside a node, each with how one gets there (``.coef_``, ``[2]``)."""
    loader = node.get("__loader__")
    if loader not in _SHAPES:
        raise Corrupted(f"the record of an estimator holds a {str(loader)[:40]!r}, which is not known here")
    for kind, key in _SHAPES[str(loader)]:
        part = node.get(key)
        if part is None:
            continue
        if kind == "node":
            yield "", part
        elif kind == "list":
            yield from ((f"[{at}]", one) for at, one in enumerate(part))
        else:
            yield from ((f".{name}" if name.isidentifier() else f"[{name!r:.40}]", one) for name, one in part.items())


def mapped(node: Node, change: Callable[[Node], Node]) -> Node:
    """A node with every node inside it changed."""
    made = dict(node)
    for kind, key in _SHAPES[node["__loader__"]]:
        part = node.get(key)
        if part is None:
            continue
        if kind == "node":
            made[key] = change(part)
        elif kind == "list":
            made[key] = [change(one) for one in part]
        else:
            made[key] = {name: change(one) for name, one in part.items()}
    return made


def attributes(node: Node) -> dict[str, Node]:
    """The attributes of an object's node, by name."""
    content = node.get("content")
    if isinstance(content, dict) and content.get("__loader__") == "DictNode":
        found: dict[str, Node] = content["content"]
        return found
    return {}


def spot(root: Node, path: tuple[str, ...]) -> str:
    """A place in an estimator as a person writes it: ``Pipeline.steps[1][1].func``."""
    return str(root["__class__"]) + "".join(path)
