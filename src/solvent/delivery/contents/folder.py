"""A bundle's files in a folder: read without following links, written without leaving the folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from solvent.errors import Corrupted

__all__ = ["check_names", "read_folder", "write_folder"]

_FILES = 100_000
_BYTES = 16 * 1024**3


def check_names(names: Mapping[str, object]) -> None:
    """Raise :class:`Corrupted` for a name that could lead out of the folder that the files are written to."""
    for name in names:
        parts = name.split("/")
        if any(one in ("", ".", "..") or not one.isprintable() or "\\" in one or ":" in one for one in parts):
            raise Corrupted(
                f"the bundle names a file {name!r:.100}, which is no name inside of a folder; nothing was read"
            )


def read_folder(folder: Path) -> dict[str, bytes]:
    """The files of a folder by their names in it; raises :class:`Corrupted` for links and what else is no file."""
    made: dict[str, bytes] = {}
    size = 0
    for path in _walk(folder):
        size += path.lstat().st_size
        if len(made) >= _FILES or size > _BYTES:
            raise Corrupted(f"{folder} holds more than any bundle does; it was not read")
        made[path.relative_to(folder).as_posix()] = path.read_bytes()
    return made


def write_folder(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files by their names below a folder, which is made where it is not there."""
    check_names(files)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        path = folder.joinpath(*name.split("/"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _walk(folder: Path) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda one: one.name)
    except OSError as error:
        raise Corrupted(f"there is no bundle in {folder}: {error.strerror}") from None
    for entry in entries:
        if entry.is_symlink():
            raise Corrupted(f"{entry.path} is a link, and a bundle has none; nothing was loaded")
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path))
        elif entry.is_file(follow_symlinks=False):
            yield Path(entry.path)
        else:
            raise Corrupted(f"{entry.path} is neither file nor folder; nothing was loaded")
