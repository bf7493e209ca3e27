"""A notebook as one program: the statements of all code cells in order, with text, names and what they did."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from solvent.notebook.flow.statements import BUILTINS, Flow, flow_of
from solvent.notebook.observing.kernel import Event
from solvent.notebook.reading.cells import Cell, Notebook
from solvent.notebook.reading.commands import Command, Plain, make_plain

__all__ = ["Program", "Statement", "Unit", "read_program"]

_THROWN = frozenset({"_", "__", "___"})  # what is bound to these is thrown away


@dataclass(frozen=True)
class Statement:
    """One statement at the top of a cell.

    ``text`` is its source with the comments above it; ``first`` and ``last`` are its lines in the cell. ``event`` is
    what it did when it was run; None if it was not.
    """

    place: int
    cell: int
    index: int
    node: ast.stmt
    text: str
    first: int
    last: int
    flow: Flow
    event: Event | None = None

    @property
    def label(self) -> str:
        """Cell and line, as people find it."""
        return f"cell {self.cell}, line {self.first}"

    @property
    def bound(self) -> frozenset[str]:
        """The names that it binds: as it was seen, else by its syntax."""
        if self.event is None:
            return self.flow.makes - _THROWN
        # A name bound to the very same object again (x = x) is not seen, and syntax knows of it. One that a loop binds
        # may get an object that lies where its last one lay: that is no change of an object.
        again = frozenset(self.event.altered) & (self.flow.makes - self.flow.alters)
        return (frozenset(self.event.bound) | (self.flow.makes - self.flow.maybe) | again) - _THROWN

    @property
    def altered(self) -> frozenset[str]:
        """The names whose object it changed in place."""
        if self.event is None:
            return self.flow.alters - self.flow.makes
        return frozenset(self.event.altered) - self.bound


@dataclass(frozen=True)
class Unit:
    """A code cell with its statements; ``fault`` is the error (text, line) that keeps it from being Python."""

    cell: Cell
    plain: Plain
    statements: tuple[Statement, ...]

    @property
    def fault(self) -> tuple[str, int] | None:
        """Why the cell is no Python, if it is none."""
        return self.plain.error

    @property
    def commands(self) -> Sequence[Command]:
        """Its magics and shell lines."""
        return self.plain.commands


@dataclass(frozen=True)
class Program:
    """All code cells of a notebook, in the order of the file."""

    notebook: Notebook
    units: tuple[Unit, ...]
    reads: Mapping[int, frozenset[str]] = field(default_factory=dict)
    """For each statement, by its place, the names that it reads, those of the functions that it calls included."""

    @property
    def statements(self) -> list[Statement]:
        """Every statement, in order."""
        return [one for unit in self.units for one in unit.statements]

    def watched(self, events: Iterable[Event]) -> Program:
        """The program with what was seen of each statement."""
        known = {(one.cell, one.statement): one for one in events}
        units = tuple(
            replace(
                unit,
                statements=tuple(replace(one, event=known.get((one.cell, one.index))) for one in unit.statements),
            )
            for unit in self.units
        )
        return Program(self.notebook, units, _reads([one for unit in units for one in unit.statements]))


def read_program(notebook: Notebook) -> Program:
    """The program of a notebook; a cell that is no Python has no statements, and says why."""
    units: list[Unit] = []
    place = 0
    for cell in notebook.code:
        plain = make_plain(cell.source)
        statements: list[Statement] = []
        if plain.error is None:
            for index, (node, text) in enumerate(_split(plain.source)):
                last = node.end_lineno or node.lineno
                statements.append(
                    Statement(place, cell.number, index, node, text, _first_line(node), last, flow_of(node))
                )
                place += 1
        units.append(Unit(cell, plain, tuple(statements)))
    return Program(notebook, tuple(units), _reads([one for unit in units for one in unit.statements]))


def _split(source: str) -> Iterable[tuple[ast.stmt, str]]:
    """The statements of a cell with their text: comments above a statement are its own, those behind it too."""
    tree = ast.parse(source)
    lines = source.split("\n")
    before = 0
    for place, node in enumerate(tree.body):
        start, end = _first_line(node) - 1, node.end_lineno or node.lineno
        shared = (place and (tree.body[place - 1].end_lineno or 0) > start) or (
            place + 1 < len(tree.body) and _first_line(tree.body[place + 1]) == end
        )
        if shared:  # several statements on one line
            yield node, ast.get_source_segment(source, node) or ast.unparse(node)
        else:
            above = lines[before:start]
            while above and not above[0].strip():
                above.pop(0)
            yield node, "\n".join([*above, *lines[start:end]]).rstrip().rstrip(";")
        before = end


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(one.lineno for one in decorators)])


def _named_in_text(node: ast.stmt) -> set[str]:
    """Words in texts that are code: of ``eval`` and ``exec``, and of a table's ``query`` and ``eval``."""
    found: set[str] = set()
    for one in ast.walk(node):
        if isinstance(one, ast.Call) and one.args:
            name = one.func.attr if isinstance(one.func, ast.Attribute) else getattr(one.func, "id", "")
            text = one.args[0].value if isinstance(one.args[0], ast.Constant) else None
            if isinstance(text, str) and name in ("eval", "exec", "query"):
                pattern = r"@(\w+)" if isinstance(one.func, ast.Attribute) else r"(?<![\w.])([^\W\d]\w*)"
                found |= set(re.findall(pattern, text))
    return found


def _reads(statements: Sequence[Statement]) -> dict[int, frozenset[str]]:
    """What each statement reads: also what functions of the notebook read that it, or they, call."""
    deferred: dict[str, frozenset[str]] = {}
    found: dict[int, frozenset[str]] = {}
    known: set[str] = set()
    own: set[str] = set()  # names of Python's that the notebook has bound itself
    for one in statements:
        reads = set(one.flow.reads) | (_named_in_text(one.node) & known)
        known |= one.bound
        waiting = list(reads)
        seen: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            more = deferred.get(name, frozenset()) - reads
            reads |= more
            waiting += more
        found[one.place] = frozenset(reads - (BUILTINS - own)) | (frozenset(reads) & one.flow.makes)
        own |= one.bound & BUILTINS
        for name in one.bound:
            deferred.pop(name, None)
        if one.flow.deferred:
            for name in one.flow.makes:
                deferred[name] = one.flow.deferred
    return found
