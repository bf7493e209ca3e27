"""Python files with ``# %%`` between their cells, as editors and jupytext write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from solvent.errors import InputError
from solvent.notebook.reading.cells import Cell, Notebook

__all__ = ["read_percent", "repairable", "written_percent"]

_MARK = re.compile(r"^#\s*%%+(?!%)\s*(?P<rest>.*)$")
_TEXT = re.compile(r"\[(markdown|md|raw)\]")
_HEADER = re.compile(r"\A((?:#!.*\n|#.*coding.*\n)*)# ---\n(?:#.*\n)*?# ---\n")


@dataclass(frozen=True)
class _Block:
    """A cell as it stands in the file: its mark (empty for what is above the first), its lines, and the first one."""

    mark: str
    lines: tuple[str, ...]
    first: int

    @property
    def kind(self) -> Literal["code", "markdown", "raw", "blank"]:
        """``code``, ``markdown``, ``raw``, or ``blank`` for code without any."""
        said = _TEXT.search(self.mark)
        if said is not None:
            return "raw" if said[1] == "raw" else "markdown"
        return "code" if any(one.strip() for one in self.lines) else "blank"

    @property
    def source(self) -> str:
        """What it says, without the signs that keep text and commands from being Python."""
        body = list(self.lines)
        while body and not body[-1].strip():
            body.pop()
        if self.kind == "code":
            return "\n".join(re.sub(r"^# ?(?=[%!]\S)", "", one) for one in body)  # how jupytext hides commands
        return "\n".join(re.sub(r"^# ?", "", one) for one in body).strip('"\n')


def _blocks(path: Path, text: str) -> tuple[list[str], list[_Block]]:
    """The lines of the header, and the cells; raises :class:`InputError` for a file without any."""
    lines = text.split("\n")
    head = _HEADER.match(text)
    first = text[: head.end()].count("\n") if head else 0
    marks = [place for place, line in enumerate(lines) if place >= first and _MARK.match(line)]
    if not marks:
        raise InputError(f"{path}: a Python file without '# %%' has no cells. Put '# %%' between them")
    found: list[_Block] = []
    if any(one.strip() for one in lines[first : marks[0]]):
        found.append(_Block("", tuple(lines[first : marks[0]]), first + 1))
    else:
        first = marks[0]
    for start, end in zip(marks, [*marks[1:], len(lines)], strict=True):
        found.append(_Block(lines[start], tuple(lines[start + 1 : end]), start + 2))
    return lines[:first], found


def read_percent(path: Path, text: str) -> Notebook:
    """The cells between the marks; raises :class:`InputError` for a file without any."""
    cells: list[Cell] = []
    number = 1
    for one in _blocks(path, text)[1]:
        if one.kind != "blank":
            cells.append(Cell(number, one.kind, one.source, line=one.first))
            number += one.kind == "code"
    return Notebook(path, "percent", tuple(cells))


def repairable(path: Path, text: str) -> dict[str, Any]:
    """The file as a mapping like that of an ``.ipynb``, which can be repaired and written again."""
    head, blocks = _blocks(path, text)
    cells: list[dict[str, Any]] = [
        {"cell_type": one.kind, "metadata": {"block": one}, "source": one.source, "outputs": [],
         "execution_count": None}
        for one in blocks
    ]  # fmt: skip
    return {"nbformat": 4, "nbformat_minor": 4, "metadata": {"head": head}, "cells": cells}


def written_percent(held: dict[str, Any]) -> str:
    """The file of what :func:`repairable` gave: cells that nobody changed stand as they stood."""
    lines: list[str] = [*held["metadata"]["head"]]
    for place, cell in enumerate(held["cells"]):
        block: _Block | None = cell["metadata"].get("block")
        mark = block.mark if block is not None else ""
        if mark or place:
            lines.append(mark or "# %%")
        source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
        if block is not None and source == block.source:
            lines += block.lines
            continue
        plain = block is not None and any(re.match(r"[%!]\S", one) for one in block.lines)
        lines += source.split("\n") if plain else [re.sub(r"^(?=[%!]\S)", "# ", one) for one in source.split("\n")]
        lines += block.lines[len(block.source.split("\n")) :] if block is not None else ("",)
    return "\n".join(lines)
