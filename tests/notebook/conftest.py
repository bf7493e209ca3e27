"""Notebooks that the tests write themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Writer = Callable[..., Path]


@pytest.fixture(scope="session")
def written(tmp_path_factory) -> Writer:
    """A function that writes a notebook of these cells into a folder of its own, with files beside it.

    A cell is its source, or a mapping of what nbformat's code cells have. Cells are counted in order unless they say.
    """
    import nbformat

    def write(*cells: str | dict[str, Any], files: dict[str, str] | None = None, **metadata: Any) -> Path:
        folder = tmp_path_factory.mktemp("notebook")
        made = nbformat.v4.new_notebook(metadata=metadata)
        for number, cell in enumerate(cells, 1):
            told = {"source": cell} if isinstance(cell, str) else dict(cell)
            told["outputs"] = [nbformat.from_dict(one) for one in told.get("outputs", ())]
            made.cells.append(nbformat.v4.new_code_cell(**{"execution_count": number, **told}))
        path = folder / "made.ipynb"
        nbformat.write(made, path)
        for name, text in (files or {}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        return path

    return write
