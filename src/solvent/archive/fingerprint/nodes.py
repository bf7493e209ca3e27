"""Nodes: the definitions and values that a closure consists of, each with what it reaches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from solvent.archive.fingerprint.lookup import Lookup, Namespace
from solvent.archive.fingerprint.reading.scopes import Shape
from solvent.archive.fingerprint.record import Definition, Hidden

__all__ = ["Node", "Opaque", "Reaching", "Watched"]


class Opaque(Exception):
    """A value that cannot be identified by what it holds.

    If it is ``final``, the expression that it was assigned does not identify it either.
    """

    def __init__(self, reason: str, final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.final = final


class Watched(NamedTuple):
    """A value that was read for a fingerprint, and how to read it again."""

    label: str
    where: tuple[str, int] | str
    value: Any
    node: Node
    again: Callable[[], Any]


class Node:
    """One definition or value. A leaf reaches nothing; the others are numbered by their first use.

    ``name`` is that of what is the user's own, ``dotted`` the public name of what is not. ``by_identity`` says that
    it is the very object that counts when looking for changes: code, and what was assigned once. ``packages`` are
    the installed files that it comes from: folder of installation, path within. ``expand`` fills the node in when
    a closure first meets it, so that no chain is too long and no circle a problem.
    """

    __slots__ = (
        "by_identity", "definition", "docs", "dotted", "expand", "hidden", "leaf", "name", "packages", "payload",
        "reads_docs", "reasons", "refs", "values", "watched",
    )  # fmt: skip

    def __init__(
        self, payload: bytes = b"", refs: Sequence[tuple[Node, tuple[str, ...]]] = (), leaf: bool = False
    ) -> None:
        self.payload = payload
        self.refs = list(refs)
        self.leaf = leaf
        self.name = self.dotted = ""
        self.by_identity = self.reads_docs = False
        self.expand: Callable[[Node], None] | None = None
        self.reasons: list[str] = []
        self.hidden: list[Hidden] = []
        self.packages: set[tuple[str, str]] = set()
        self.docs: tuple[str, ...] = ()
        self.definition: Definition | None = None
        self.values: list[tuple[str, str]] = []
        self.watched: list[Watched] = []

    @classmethod
    def own(cls, name: str, expand: Callable[[Node], None] | None = None) -> Node:
        """The node of code of the user's own."""
        node = cls()
        node.name = name
        node.by_identity = True
        node.expand = expand
        return node

    def same(self, other: Node) -> bool:
        """Whether two nodes of values stand for the same content."""
        if self.payload != other.payload or len(self.refs) != len(other.refs):
            return False
        return all(
            one is two or (one.leaf and two.leaf and one.payload == two.payload)
            for (one, _), (two, _) in zip(self.refs, other.refs, strict=True)
        )


class Reaching(Protocol):
    """What expands functions, classes and modules needs of the walk as a whole."""

    lookup: Lookup

    def code(self, value: Any) -> Node | list[Any] | None:
        """The node of a function, class or module; the parts of a wrapper of code; None for other values."""

    def value(self, value: Any) -> Node:
        """The node of a value by what it holds. Raises :class:`Opaque`."""

    def connect(self, node: Node, shape: Shape, space: Namespace, tag: str) -> None:
        """Add a piece of code to a node: its normal form, and the nodes of all that it names."""

    def add(self, node: Node, value: Any, tag: str, spare: Callable[[], None] | None = None) -> None:
        """Add a value that belongs to a node, or what ``spare`` adds in its place."""

    def owns(self, module: str | None) -> bool:
        """Whether a module's code counts by what it says."""
