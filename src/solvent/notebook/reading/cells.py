"""A notebook as it was saved: cells in order, with their counts and outputs, whatever file they came in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

__all__ = ["Cell", "Form", "Notebook"]

Form = Literal["ipynb", "percent", "marimo"]


@dataclass(frozen=True)
class Cell:
    """One cell.

    ``number`` counts code cells from 1, as people do; text between them has the number of the code cell that it
    stands before. ``line`` is where the source begins in a file of code, 1 in an ``.ipynb``. ``count`` is the
    execution count that was saved.
    """

    number: int
    kind: Literal["code", "markdown", "raw"]
    source: str
    count: int | None = None
    outputs: Sequence[Mapping[str, Any]] = ()
    line: int = 1
    tags: tuple[str, ...] = ()

    @property
    def is_code(self) -> bool:
        """Whether the cell holds code."""
        return self.kind == "code"


@dataclass(frozen=True)
class Notebook:
    """Cells in the order of the file, and what the file says of the kernel that ran them.

    ``python`` is the version of the kernel that saved it, such as ``3.9.7``; ``kernel`` the name of its kernel.
    """

    path: Path
    form: Form
    cells: tuple[Cell, ...]
    kernel: str | None = None
    python: str | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def code(self) -> tuple[Cell, ...]:
        """The code cells."""
        return tuple(cell for cell in self.cells if cell.is_code)
