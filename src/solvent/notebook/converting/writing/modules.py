"""What a module of the project takes from the notebook: imports, functions, classes, and constants that these read."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from solvent.notebook.converting.keeping import Sorted
from solvent.notebook.converting.writing.declaring import declared
from solvent.notebook.flow.program import Program, Statement
from solvent.notebook.reading.code import annotated

__all__ = ["Library", "make_library", "names_in"]


def names_in(text: str) -> set[str]:
    """Every name that stands in a piece of code."""
    return {one.id for one in ast.walk(ast.parse(text)) if isinstance(one, ast.Name)}


@dataclass
class Library:
    """Where each name of the notebook's code comes from.

    ``imports`` maps names to the line that imports them, ``shared`` functions and classes to their sources (they go to
    a module of their own), ``local`` those that read the notebook's variables, and are written into the steps that
    call them.
    """

    imports: dict[str, str] = field(default_factory=dict)
    shared: dict[str, Statement] = field(default_factory=dict)
    local: dict[str, list[Statement]] = field(default_factory=dict)
    constants: dict[str, Statement] = field(default_factory=dict)

    def lines_for(self, names: Iterable[str]) -> list[str]:
        """The import lines that bind these names."""
        return sorted({self.imports[name] for name in names if name in self.imports})

    def locals_for(self, names: set[str], before: int) -> list[Statement]:
        """The definitions that have to stand in a step that reads these names, as they were before a statement."""
        found: dict[str, Statement] = {}
        waiting = sorted(names)
        while waiting:
            name = waiting.pop()
            makers = [one for one in self.local.get(name, ()) if one.place < before]
            if makers and name not in found:
                found[name] = makers[-1]
                waiting += sorted(makers[-1].flow.deferred | makers[-1].flow.reads)
        return sorted(found.values(), key=lambda one: one.place)

    def module(self, head: str) -> str | None:
        """The module of shared functions and classes; None if there are none."""
        if not self.shared:
            return None
        parts = [declared(annotated(one.text)) for one in sorted(self.shared.values(), key=lambda one: one.place)]
        used = set().union(*(names_in(one) for one in parts))
        constants = [one.text for name, one in self.constants.items() if name in used]
        lines = ["from __future__ import annotations", "", "from typing import Any", *self.lines_for(used)]
        return (
            f'"""{head}"""\n\n'
            + "\n".join(lines)
            + "\n\n"
            + "\n".join(constants)
            + "\n\n\n"
            + "\n\n\n".join(parts)
            + "\n"
        )


def make_library(program: Program, sorted_: Sorted) -> Library:
    """Sort the code of a notebook by where it goes."""
    library = Library(constants=dict(sorted_.constants))
    for one in sorted_.imports:
        library.imports.update(_lines(one))
    makers: dict[str, int] = {}
    for one in program.statements:
        for name in one.bound | one.flow.makes:
            makers[name] = makers.get(name, 0) + 1
    defined = {name: one for one in sorted_.definitions for name in one.flow.makes}
    shared = {name for name in defined if makers.get(name, 0) == 1}
    known = set(library.imports) | set(library.constants) | set(dir(builtins))
    while True:  # a function that calls one that reads variables has to stand beside it
        less = {name for name in shared if _outside(defined[name]) <= known | shared}
        if less == shared:
            break
        shared = less
    library.shared = {name: defined[name] for name in shared}
    for one in sorted_.definitions:
        for name in one.flow.makes:
            if name not in shared:
                library.local.setdefault(name, []).append(one)
    return library


def _outside(one: Statement) -> set[str]:
    return set(one.flow.deferred | one.flow.reads) - one.flow.makes


def _lines(one: Statement) -> Mapping[str, str]:
    """One import line for each name that an import statement binds."""
    node = one.node
    found: dict[str, str] = {}
    if isinstance(node, ast.Import):
        for alias in node.names:
            bound = alias.asname or alias.name.partition(".")[0]
            found[bound] = f"import {alias.name}" + (f" as {alias.asname}" if alias.asname else "")
    elif isinstance(node, ast.ImportFrom) and node.module != "__future__":
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            if alias.name == "*":
                for name in one.event.bound if one.event else ():
                    found[name] = f"from {module} import {name}"
            else:
                bound = alias.asname or alias.name
                found[bound] = f"from {module} import {alias.name}" + (f" as {alias.asname}" if alias.asname else "")
    return found
