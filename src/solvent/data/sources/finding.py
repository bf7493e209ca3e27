"""Finding files: one, many, a glob or a folder, in the order of their path bytes, and the version that they are."""

from __future__ import annotations

import glob
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from solvent import digest
from solvent.errors import InputError, did_you_mean

__all__ = ["find_files", "stamp"]

_RACY = 2.0


def find_files(patterns: Sequence[str], root: Path) -> list[Path]:
    """The files that these patterns name. Raises :class:`InputError` for a pattern that names none."""
    found: dict[Path, None] = {}
    for pattern in patterns:
        matches = dict.fromkeys(_matches(pattern, root))
        if not matches:
            raise InputError(_nothing(pattern, root))
        found.update(matches)
    return sorted(found, key=lambda path: os.fsencode(_relative(path, root)))


def stamp(paths: Sequence[Path], root: Path, now: float | None = None) -> str | None:
    """A token of the files' names, sizes, times and inodes; None while one of them is too fresh to be sure.

    A file that is written twice within the clock's tick keeps its stamp, so one that changed less than two seconds
    ago is not trusted (as git does it). Raises :class:`InputError` for a file that is gone.
    """
    now = time.time() if now is None else now
    seen = []
    for path in paths:
        try:
            one = os.stat(path)
        except OSError as error:
            raise InputError(f"{_relative(path, root)}: {error.strerror}") from error
        if now - max(one.st_mtime, one.st_ctime) < _RACY:
            return None
        seen.append([_relative(path, root), one.st_size, one.st_mtime_ns, one.st_ctime_ns, one.st_ino])
    return digest.of_structure("files.1", seen)


def _relative(path: Path, root: Path) -> str:
    return Path(os.path.relpath(path, root)).as_posix()


def _matches(pattern: str, root: Path) -> Iterator[Path]:
    literal = root / os.path.expanduser(pattern)
    if literal.is_file():
        yield literal
    elif literal.is_dir():
        yield from _below(literal)
    else:
        for name in glob.iglob(os.path.expanduser(pattern), root_dir=root, recursive=True):
            path = root / name
            if path.is_file():
                yield path
            elif path.is_dir() and "=" in path.name:  # a partition such as year=2013
                yield from _below(path)


def _below(folder: Path) -> Iterator[Path]:
    """Every file of a folder, save hidden ones and those that start with an underscore; links to folders are not
    followed, so that a circle of them ends."""
    for place, folders, names in os.walk(folder):
        folders[:] = [one for one in folders if not one.startswith((".", "_"))]
        for name in names:
            path = Path(place) / name
            if not name.startswith((".", "_")) and path.is_file():
                yield path


def _nothing(pattern: str, root: Path) -> str:
    """What is there instead: the nearest folder that exists, and the name in it that is most alike."""
    path = root / os.path.expanduser(pattern)
    if path.is_dir():
        return f"{pattern!r}: the folder {path} holds no file. Put files there, or name another place"
    nearest = next(folder for folder in path.parents if folder.is_dir())
    wanted = path.relative_to(nearest).parts[0]
    try:
        names = sorted(one.name for one in nearest.iterdir() if not one.name.startswith("."))
    except OSError:
        names = []
    hint = did_you_mean(wanted, names)
    if not hint:
        shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
        hint = f" It holds: {shown}." if names else " It is empty."
    found = f"{pattern!r} matches no file (looked from {root})"
    return f"{found}. The folder {nearest} is there, and nothing in it fits {wanted!r}.{hint}"
