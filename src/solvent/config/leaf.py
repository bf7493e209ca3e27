"""A value of the settings that knows where it stands and what it beat."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["BROKEN", "Branch", "Leaf", "Node", "Origin", "Text", "fold", "is_broken", "is_null", "plain"]


class Text(str):
    """A scalar of a file as it was written, kept as text until the setting's annotation says what it means."""

    __slots__ = ("quoted",)
    quoted: bool

    def __new__(cls, text: str, quoted: bool = False) -> Text:
        """Text, and whether it stood in quotes."""
        made = super().__new__(cls, text)
        made.quoted = quoted
        return made


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from: a file and its line, or a word such as ``code``, ``--set`` or ``signature``."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """One value, where it stands, and the chain of what it overrode (nearest first).

    ``value`` is a plain tree of dicts, lists and scalars; scalars of a YAML file are :class:`Text`. ``places``
    holds the origins of what lies inside, by its path of keys and positions.
    """

    value: Any
    origin: Origin
    beat: tuple[tuple[Any, Origin], ...] = ()
    places: Mapping[tuple[Hashable, ...], Origin] = field(default_factory=dict)

    def at(self, path: tuple[Hashable, ...]) -> Origin:
        """The origin of the innermost known place on the way to ``path``."""
        for length in range(len(path), 0, -1):
            found = self.places.get(path[:length])
            if found is not None:
                return found
        return self.origin


class _Broken:
    """What stands for a value whose references lead nowhere: that was told, and nothing else is to be told of it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "(broken)"


BROKEN = _Broken()


def is_broken(value: Any) -> bool:
    """Whether a value, or something inside of it, is one whose fault was told already."""
    if type(value) is dict:
        return any(is_broken(part) for part in value.values())
    if type(value) in (list, tuple):
        return any(is_broken(part) for part in value)
    return value is BROKEN


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """A mapping of the settings: merged key by key, where a leaf is replaced as a whole."""

    children: Mapping[Any, Node]
    origin: Origin
    beat: tuple[tuple[Any, Origin], ...] = ()


Node = Branch | Leaf
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


def is_null(node: Node) -> bool:
    """Whether a node says nothing: ``null``, ``~``, or a key with no value after it."""
    if isinstance(node, Branch):
        return False
    value = node.value
    return value is None or (isinstance(value, Text) and not value.quoted and value in _NULLS)


def plain(node: Node) -> Any:
    """The bare tree of a node, without origins."""
    if isinstance(node, Leaf):
        return node.value
    return {name: plain(child) for name, child in node.children.items()}


def fold(node: Node) -> Leaf:
    """A node as one leaf: a mapping keeps the origins of what lies inside, and of what that overrode."""
    if isinstance(node, Leaf):
        return node
    value: dict[Any, Any] = {}
    places: dict[tuple[Hashable, ...], Origin] = {}
    beat = list(node.beat)
    for name, child in node.children.items():
        inner = fold(child)
        value[name] = inner.value
        places[(name,)] = inner.origin
        places.update({(name, *path): origin for path, origin in inner.places.items()})
        beat.extend(({str(name): beaten}, origin) for beaten, origin in inner.beat)
    return Leaf(value, node.origin, tuple(beat), places)
