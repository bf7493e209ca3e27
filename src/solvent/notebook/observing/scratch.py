"""A scratch copy of a notebook's folder, in which it can write what it likes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from solvent.errors import InputError

__all__ = ["copy_folder"]


def copy_folder(folder: Path, to: Path, most: int = 2_000_000_000) -> Path:
    """A copy of the notebook's folder to run in; raises :class:`InputError` for one of more than 2 GB."""
    total = 0
    for root, folders, names in os.walk(folder):
        folders[:] = [one for one in folders if one not in (".git", ".venv", "node_modules", "__pycache__", ".solvent")]
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
