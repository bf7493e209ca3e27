"""The higher layer wins: mappings are merged key by key, everything else is replaced and remembered.

Three rules besides: an empty value (``train:`` and nothing after it) takes away all that lower layers said
there; a block whose ``use:`` names something else drops the ``with:`` and ``steps:`` that belonged to the old
one, its settings and options stay; an input that names another kind of source replaces the old one whole.
"""

from __future__ import annotations

from typing import Any

from solvent.config.leaf import Branch, Leaf, Node, Origin, plain

__all__ = ["SOURCES", "merge"]

SOURCES = frozenset({"files", "database", "dataset", "model", "output", "value", "url", "use"})
Path = tuple[Any, ...]


def merge(low: Branch, high: Branch) -> Branch:
    """``high`` over ``low``, both whole trees of settings."""
    merged = _merge(low, high, ())
    assert isinstance(merged, Branch)
    return merged


def _merge(low: Node, high: Node, path: Path) -> Node:
    if isinstance(low, Leaf) or isinstance(high, Leaf):
        return _over(low, high)
    if _is_input(path) and _names_another_source(low, high):
        return _over(low, high)
    children = dict(low.children)
    if _is_block(path) and _names_another_use(low, high):
        children.pop("with", None)
        children.pop("steps", None)
    for name, child in high.children.items():
        below = children.get(name)
        children[name] = child if below is None else _merge(below, child, (*path, name))
    return Branch(children, high.origin, (*high.beat, *low.beat))


def _over(low: Node, high: Node) -> Node:
    beat: tuple[tuple[Any, Origin], ...] = (*high.beat, (plain(low), low.origin), *low.beat)
    if isinstance(high, Leaf):
        return Leaf(high.value, high.origin, beat, high.places)
    return Branch(high.children, high.origin, beat)


def _is_input(path: Path) -> bool:
    return len(path) == 2 and path[0] == "inputs"


def _is_block(path: Path) -> bool:
    return len(path) > 0 and len(path) % 2 == 0 and all(word == "steps" for word in path[::2])


def _names_another_source(low: Branch, high: Branch) -> bool:
    mine = SOURCES & high.children.keys()
    return bool(mine) and mine != SOURCES & low.children.keys()


def _names_another_use(low: Branch, high: Branch) -> bool:
    old, new = low.children.get("use"), high.children.get("use")
    return old is not None and new is not None and plain(old) != plain(new)
