"""Python files with ``# %%`` between their cells, as editors and jupytext write them."""

from __future__ import annotations

import re
from pathlib import Path

from solvent.errors import InputError
from solvent.notebook.reading.cells import Cell, Notebook

__all__ = ["read_percent"]

_MARK = re.compile(r"^#\s*%%+(?!%)\s*(?P<rest>.*)$")
_TEXT = re.compile(r"\[(markdown|md|raw)\]")
_HEADER = re.compile(r"\A((?:#!.*\n|#.*coding.*\n)*)# ---\n(?:#.*\n)*?# ---\n")


def read_percent(path: Path, text: str) -> Notebook:
    """The cells between the marks; raises :class:`InputError` for a file without any."""
    lines = text.split("\n")
    head = _HEADER.match(text)
    first = text[: head.end()].count("\n") if head else 0
    marks = [place for place, line in enumerate(lines) if place >= first and _MARK.match(line)]
    if not marks:
        raise InputError(f"{path}: a Python file without '# %%' has no cells. Put '# %%' between them")
    cells: list[Cell] = []
    number = 1
    starts = ([first - 1] if any(one.strip() for one in lines[first : marks[0]]) else []) + marks
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        rest = _MARK.match(lines[start]) if start >= first else None
        body = lines[start + 1 : end]
        while body and not body[-1].strip():
            body.pop()
        kind = _TEXT.search(rest["rest"]) if rest else None
        if kind is not None:
            said = "\n".join(re.sub(r"^# ?", "", one) for one in body).strip('"\n')
            cells.append(Cell(number, "raw" if kind[1] == "raw" else "markdown", said, line=start + 2))
        elif any(one.strip() for one in body):
            source = "\n".join(re.sub(r"^# ?(?=[%!]\S)", "", one) for one in body)  # how jupytext hides commands
            cells.append(Cell(number, "code", source, line=start + 2))
            number += 1
    return Notebook(path, "percent", tuple(cells))
