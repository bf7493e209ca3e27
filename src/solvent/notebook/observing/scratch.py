"""A scratch copy of a notebook's folder, in which it can write what it likes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from solvent.errors import InputError

__all__ = ["copy_around", "tail_of"]

_LEFT = (".git", ".venv", "node_modules", "__pycache__", ".solvent")
_MODULES = 5_000


def _copy_folder(folder: Path, to: Path, most: int = 2_000_000_000) -> Path:
    """A copy of the notebook's folder to run in; raises :class:`InputError` for one of more than 2 GB."""
    total = 0
    for root, folders, names in os.walk(folder):
        folders[:] = [one for one in folders if one not in _LEFT]
        for name in names:
            source = Path(root) / name
            if source.is_symlink() and not source.exists():
                continue
            total += source.stat().st_size
            if total > most:
                raise InputError(
                    f"{folder}: this folder has more than {most / 1e9:g} GB, too much to copy. Put the notebook with "
                    f"the files that it reads into a folder of their own"
                )
            target = to / source.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    to.mkdir(parents=True, exist_ok=True)
    return to


def tail_of(folder: Path) -> Path:
    """The last four parts of a folder's path, which its copy keeps, so that ``../..`` leads to copies too."""
    return Path(*folder.resolve().parts[1:][-4:])


def copy_around(folder: Path, to: Path, paths: Iterable[str]) -> Path:
    """A copy of the folder, at the end of its own path under ``to``, with what lies at these paths beside or above it.

    Of a folder above itself only the modules are taken, those in packages too. What leads out of ``to`` is left.
    """
    copy = _copy_folder(folder, to / tail_of(folder))
    for path in paths:
        source, target = (folder / path).resolve(), Path(os.path.normpath(copy / path))
        if not target.is_relative_to(to) or target.is_relative_to(copy):
            continue
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
        elif source.is_dir() and folder.resolve().is_relative_to(source):
            _copy_modules(source, target)
        elif source.is_dir():
            _copy_folder(source, target)
    return copy


def _copy_modules(source: Path, target: Path) -> None:
    """The modules of a folder and of the packages in it; not those of environments, and so many at most."""
    count = 0
    for root, folders, names in os.walk(source):
        folders[:] = [one for one in folders if one not in _LEFT and not (Path(root) / one / "pyvenv.cfg").exists()]
        for name in names:
            made = target / Path(root).relative_to(source) / name
            if name.endswith(".py") and count < _MODULES and not made.exists():
                count += 1
                made.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(Path(root) / name, made)
