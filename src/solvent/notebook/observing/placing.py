"""Where a notebook is run: in its own folder, or in one above it, as the paths in its code tell."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from solvent.notebook.flow.program import Program

__all__ = ["Place", "paths_outside", "place_of"]

_TOPS = (".git", "pyproject.toml", "setup.py", "setup.cfg", "environment.yml", ".hg")
_HIGHEST = 5


@dataclass(frozen=True)
class Place:
    """The folder that is copied, and the one in it, relative to it, in which the notebook is run."""

    folder: Path
    inside: Path


def place_of(path: Path, program: Program) -> Place:
    """The place for the notebook at ``path``.

    It is run in its own folder, unless files that it names are found only from a folder above it, up to the top of the
    repository. What is copied is no more than the folder with all the files that it names.
    """
    own = path.resolve().parent
    named = _paths(program)
    counts = [(sum(_there(one, name) for name in named), one) for one in _above(own)]
    _, run = max(counts, key=lambda pair: (pair[0], len(pair[1].parts)))
    folder = run
    for name in named:
        if _there(run, name) and not Path(name).is_absolute():
            target = (run / name).resolve()
            while folder not in (target, *target.parents):
                folder = folder.parent
    return Place(folder, run.relative_to(folder))


def paths_outside(program: Program) -> list[str]:
    """The texts in the code that are paths out of the notebook's folder."""
    texts = {
        node.value for one in program.statements for node in ast.walk(one.node)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }  # fmt: skip
    return sorted(one for one in texts if one.startswith("..") and len(one) < 500 and "\0" not in one)


def _above(own: Path) -> list[Path]:
    """The notebook's folder and those above it to the top of its repository; itself alone where there is no top."""
    found = [own]
    for one in (own, *own.parents)[:_HIGHEST]:
        if one not in found:
            found.append(one)
        if any((one / name).exists() for name in _TOPS):
            return found
    return found[:1]


def _paths(program: Program) -> set[str]:
    """The texts in the code that may be paths."""
    found: set[str] = set()
    for one in program.statements:
        for node in ast.walk(one.node):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value
                if 2 < len(text) < 300 and text.isprintable() and ("." in text or "/" in text) and "://" not in text:
                    found.add(text)
    return found - {"..", "...", "../"}


def _there(folder: Path, name: str) -> bool:
    try:
        return (folder / name).exists()
    except (OSError, ValueError):
        return False
