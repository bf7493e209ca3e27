"""Marimo's notebooks: Python modules whose cells are functions under ``@app.cell``."""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import Path

from solvent.errors import InputError
from solvent.notebook.reading.cells import Cell, Notebook

__all__ = ["is_marimo", "read_marimo"]

_IMPORT = re.compile(r"^import marimo\b", re.MULTILINE)
_APP = re.compile(r"^app = marimo\.App\(", re.MULTILINE)


def is_marimo(text: str) -> bool:
    """Whether a Python file is a notebook of Marimo."""
    return bool(_IMPORT.search(text) and _APP.search(text))


def read_marimo(path: Path, text: str) -> Notebook:
    """The bodies of the cells, without what they return to each other; text cells (``mo.md``) as text.

    Marimo runs cells in the order of what they need, and a name has one cell that makes it; they are put into such
    an order here.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise InputError(f"{path}:{error.lineno}: {error.msg}, so its cells cannot be read") from None
    lines = text.split("\n")
    found: list[tuple[set[str], set[str], Cell]] = []
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and _is_cell(node.decorator_list):
            body = node.body[:-1] if isinstance(node.body[-1], ast.Return) else node.body
            made = {one.id for one in ast.walk(node.body[-1]) if isinstance(one, ast.Name)} if len(body) < len(
                node.body
            ) else set()  # fmt: skip
            if body:
                found.append(({one.arg for one in node.args.args}, made, _cell(body, lines)))
        elif isinstance(node, ast.With) and _is_setup(node):
            found.insert(0, (set(), {"\0setup"}, _cell(node.body, lines)))
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)) and _is_cell(
            node.decorator_list, ("function", "class_definition")
        ):
            start = node.lineno
            source = "\n".join(lines[start - 1 : node.end_lineno])
            found.append((set(), {node.name}, Cell(0, "code", source, line=start)))
    if not found:
        raise InputError(f"{path}: this notebook of Marimo has no cells")
    cells: list[Cell] = []
    number = 1
    for cell in _in_order(found):
        cells.append(Cell(number, cell.kind, cell.source, line=cell.line))
        number += cell.is_code
    return Notebook(path, "marimo", tuple(cells))


def _is_cell(decorators: list[ast.expr], names: tuple[str, ...] = ("cell",)) -> bool:
    for one in decorators:
        called = one.func if isinstance(one, ast.Call) else one
        if isinstance(called, ast.Attribute) and called.attr in names and isinstance(called.value, ast.Name):
            return called.value.id == "app"
    return False


def _is_setup(node: ast.With) -> bool:
    return any(ast.unparse(one.context_expr).startswith("app.setup") for one in node.items)


def _cell(body: list[ast.stmt], lines: list[str]) -> Cell:
    first, last = body[0], body[-1]
    source = textwrap.dedent("\n".join(lines[first.lineno - 1 : last.end_lineno]))
    if len(body) == 1 and isinstance(first, ast.Expr) and isinstance(first.value, ast.Call):
        called, given = ast.unparse(first.value.func), first.value.args
        if called == "mo.md" and given and isinstance(given[0], ast.Constant) and isinstance(given[0].value, str):
            return Cell(0, "markdown", textwrap.dedent(given[0].value).strip(), line=first.lineno)
    return Cell(0, "code", source, line=first.lineno)


def _in_order(found: list[tuple[set[str], set[str], Cell]]) -> list[Cell]:
    """Each cell after those that make what it takes, else in the order of the file."""
    makers = {name: place for place, (_, made, _) in enumerate(found) for name in made}
    ordered: list[int] = []
    open_: set[int] = set()

    def visit(place: int) -> None:
        if place in ordered or place in open_:
            return
        open_.add(place)
        for name in sorted(found[place][0]):
            if name in makers:
                visit(makers[name])
        ordered.append(place)

    for place in range(len(found)):
        visit(place)
    return [found[place][2] for place in ordered]
