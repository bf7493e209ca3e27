"""Reading notebooks: ``.ipynb`` of any version, Python files with ``# %%``, and Marimo's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from solvent.errors import InputError, MissingExtra, NotFound
from solvent.notebook.reading.cells import Cell, Notebook
from solvent.notebook.reading.marimo import is_marimo, read_marimo
from solvent.notebook.reading.percent import read_percent

__all__ = ["read_notebook"]

LARGEST = 200 * 1024 * 1024
_PYTHONS = ("python", "ipython", "")


def read_notebook(path: Path) -> Notebook:
    """The notebook in a file.

    Raises :class:`NotFound` where there is none, :class:`InputError` for a file that is no notebook, or one in
    another language than Python.
    """
    if not path.is_file():
        raise NotFound(f"{path}: there is no such notebook")
    size = path.stat().st_size
    if size > LARGEST:
        raise InputError(f"{path}: {size / 1e6:.0f} MB are more than a notebook can have here ({LARGEST / 1e6:.0f} MB)")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: this is no text in UTF-8 (byte {error.start}), so it is no notebook") from None
    if path.suffix == ".py":
        return read_marimo(path, text) if is_marimo(text) else read_percent(path, text)
    if path.suffix != ".ipynb":
        raise InputError(f"{path}: notebooks are .ipynb files, or .py files with '# %%' or of Marimo")
    return _read_ipynb(path, text)


def _read_ipynb(path: Path, text: str) -> Notebook:
    try:
        import nbformat
    except ImportError:
        raise MissingExtra("reading .ipynb files needs nbformat: pip install 'solvent[notebook]'") from None
    try:
        held = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
    except Exception as error:  # not JSON, not a notebook, a version to come: nbformat has no common class for these
        said = " ".join(str(error).split())[:200]
        raise InputError(f"{path}: this is no notebook that can be read ({type(error).__name__}: {said})") from None
    metadata = held.get("metadata", {})
    info = _mapping(metadata.get("language_info"))
    kernel = _mapping(metadata.get("kernelspec"))
    language = str(info.get("name") or kernel.get("language") or "").lower()
    if language not in _PYTHONS and not re.fullmatch(r"i?python[0-9.]*", language):
        raise InputError(f"{path}: its language is {language!r}; only notebooks in Python can be checked or converted")
    cells: list[Cell] = []
    number = 1
    for one in held.get("cells", ()):
        kind = one.get("cell_type")
        source = one.get("source", "")
        source = source if isinstance(source, str) else "".join(map(str, source))
        if kind == "code":
            count = one.get("execution_count")
            outputs = [dict(output) for output in one.get("outputs", ())]
            tags = tuple(map(str, _mapping(one.get("metadata")).get("tags", ())))
            cells.append(Cell(number, "code", source, count if isinstance(count, int) else None, outputs, 1, tags))
            number += 1
        elif kind in ("markdown", "heading"):
            cells.append(Cell(number, "markdown", source))
        else:
            cells.append(Cell(number, "raw", source))
    version = info.get("version")
    name = kernel.get("name")
    return Notebook(path, "ipynb", tuple(cells), str(name) if name else None, str(version) if version else None)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
