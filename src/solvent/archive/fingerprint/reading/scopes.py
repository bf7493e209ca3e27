"""Scopes: which names of a piece of code are its own, and which reach out to something else."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["READ", "STORE", "WRITE", "Imported", "Path", "Scope", "Shape"]

READ, WRITE, STORE = 0, 1, 2


class Imported(NamedTuple):
    """What an import statement inside a function names: ``from {'.' * level}{module} import {name}``."""

    module: str
    name: str | None
    level: int
    whole: bool
    """Whether the name stands for the module itself, and not for its outermost package (``import a.b as c``)."""


class Path(NamedTuple):
    """A name that reaches out of the code, with the attributes that are read of it: ``helpers.clean``.

    ``mode`` is READ, or WRITE where the value is only added to (``CALLS.append(x)`` as a statement), or STORE
    where an item of it is only set.
    """

    root: str | Imported
    attributes: tuple[str, ...]
    mode: int = READ


class Shape(NamedTuple):
    """A piece of code in normal form: its tree with every outward name taken out, and those names in order."""

    text: str
    paths: tuple[Path, ...]
    places: tuple[int, ...]
    """For each gap in the tree, which of the paths stands in it."""
    lines: tuple[int, ...]
    """For each path, the line of its first use."""
    counts: tuple[int, ...]
    """For each path, the fewest arguments that it is called with, or -1 where it is not called."""
    docs: tuple[str, ...]
    reads_docs: bool

    def form(self) -> tuple[str, tuple[Path, ...], tuple[int, ...]]:
        """What of it is the code itself, wherever it stands."""
        return self.text, self.paths, self.places


class Scope:
    """The names of a function, a class, or a comprehension.

    ``outer`` are those declared ``global``, ``inherited`` those declared ``nonlocal``; ``used`` are the imported
    ones that are read somewhere.
    """

    __slots__ = ("bound", "imports", "inherited", "kind", "outer", "parent", "used")

    def __init__(self, kind: str, parent: Scope | None = None) -> None:
        self.kind = kind
        self.parent = parent
        self.bound: set[str] = set()
        self.outer: set[str] = set()
        self.inherited: set[str] = set()
        self.imports: dict[str, list[Imported]] = {}
        self.used: set[str] = set()

    def bind(self, name: str) -> None:
        """A name is assigned here."""
        if name not in self.outer and name not in self.inherited:
            self.bound.add(name)

    def home(self) -> Scope:
        """Where an assignment expression binds: the nearest scope that is no comprehension."""
        scope = self
        while scope.kind == "comprehension" and scope.parent is not None:
            scope = scope.parent
        return scope

    def owner(self, name: str) -> Scope | None:
        """The scope within this code that owns a name, or None where the name reaches out."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.outer:
                return None
            if name in scope.bound and (scope.kind != "class" or scope is self):
                return scope
            scope = scope.parent
        return None
