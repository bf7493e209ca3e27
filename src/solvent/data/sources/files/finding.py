"""Finding files: one, many, a glob or a folder, in the order of their path bytes, each with the version that it is."""

from __future__ import annotations

import errno
import functools
import glob
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from solvent import digest
from solvent.data.sources.files.recognising import holds_rows
from solvent.errors import InputError, did_you_mean

__all__ = ["Finder", "Found", "Patterns", "stamp", "stamp_of", "state_of"]

_RACY = 2.0
_Place = tuple[str, os.stat_result]
_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.EBADF, errno.ELOOP, errno.ENAMETOOLONG)


@dataclass(frozen=True, slots=True)
class Found:
    """One file that was found, wherever it lies.

    ``label`` is what errors and records call it: the path below the root or store, with folders that say a value
    (``year=2013``) in it; files are in the order of its bytes. ``version`` is a cheap token that changes with the
    content, None while it cannot be believed yet. ``open`` gives a path on this machine that holds the content: the
    file itself, or a copy in a cache, which stays there while the process runs. ``size`` is in bytes, if known, and
    ``state`` that of a local file by :func:`state_of`, which is there even while ``version`` cannot be believed.
    """

    label: str
    version: str | None
    open: Callable[[], Path]
    size: int | None = None
    state: str | None = None


class Finder(Protocol):
    """What finds files: patterns on this machine, or a listing of a store."""

    def describe(self) -> dict[str, Any]:
        """Where it looks, as the settings say it: plain JSON with ``kind``; part of what a version is known under."""

    def find(self) -> list[Found]:
        """The files, each once, sorted by the bytes of their labels. Raises :class:`InputError` if there is none."""

    def folder(self) -> Path | None:
        """The folder on this machine that is named, where one is and nothing else."""


class Patterns:
    """Files below the project's root, named by paths, patterns or folders."""

    def __init__(self, patterns: Sequence[str], root: Path) -> None:
        self._patterns = list(patterns)
        self._root = root

    @property
    def root(self) -> Path:
        """The folder that the patterns start from."""
        return self._root

    def describe(self) -> dict[str, Any]:
        """The patterns as the settings say them."""
        return {"kind": "files", "files": self._patterns}

    def find(self, now: float | None = None) -> list[Found]:
        """The files that these patterns name. Raises :class:`InputError` for a pattern that names none."""
        found: dict[str, _Place] = {}
        for pattern in self._patterns:
            matches = {_relative(place[0], self._root): place for place in _matches(pattern, self._root)}
            if not matches:
                raise InputError(_nothing(pattern, self._root))
            found.update(matches)
        now = time.time() if now is None else now
        return [_found(label, *found[label], now) for label in sorted(found, key=os.fsencode)]

    def folder(self) -> Path | None:
        """The folder, if just one is named."""
        only = self._root / os.path.expanduser(self._patterns[0])
        return only if len(self._patterns) == 1 and only.is_dir() else None


def stamp(found: Sequence[Found]) -> str | None:
    """The names and versions of files as one token; None if one of them has none."""
    if any(one.version is None for one in found):
        return None
    return digest.of_structure("files.2", [[one.label, one.version] for one in found])


def stamp_of(status: os.stat_result, now: float) -> str | None:
    """A file's size, times and inode as one token; None while it is too fresh to be sure.

    A file that is written twice within the clock's tick keeps its stamp, so one that changed less than two seconds
    before ``now`` is not trusted (as git does it).
    """
    if now - max(status.st_mtime, status.st_ctime) < _RACY:
        return None
    return state_of(status)


def state_of(status: os.stat_result) -> str:
    """A file's size, times and inode as one token."""
    return f"{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}-{status.st_ino}"


def _found(label: str, path: str, status: os.stat_result, now: float) -> Found:
    return Found(label, stamp_of(status, now), functools.partial(Path, path), status.st_size, state_of(status))


def _relative(path: str, root: Path) -> str:
    prefix, rest = f"{root}/", ""
    if path.startswith(prefix) and root.is_absolute():
        rest = path[len(prefix) :]
    if rest and not rest.startswith(".") and "/." not in rest and "//" not in rest and "/." not in prefix:
        return rest
    return Path(os.path.relpath(path, root)).as_posix()


def _matches(pattern: str, root: Path) -> Iterator[_Place]:
    literal = str(root / os.path.expanduser(pattern))
    _check_link(literal)
    status = _status(literal)
    if status is not None and not stat.S_ISDIR(status.st_mode):
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{pattern!r} is a pipe, a socket or a device, which is read but once: copy it to a file")
        yield literal, status
    elif status is not None:
        yield from _below(literal)
    else:
        for path in _globbed(os.path.expanduser(pattern), str(root)):
            status = _status(path)
            if status is None:
                _check_link(path)
            elif stat.S_ISREG(status.st_mode):
                yield path, status
            elif stat.S_ISDIR(status.st_mode):
                name = os.path.basename(path.rstrip("/"))
                if "=" in name or holds_rows(name):  # year=2013, or a folder called sales.parquet
                    yield from _below(path)


def _status(path: str) -> os.stat_result | None:
    """What the system says of a file or folder; None if there is none. Raises :class:`InputError` if it may not be
    looked at."""
    try:
        return os.stat(path)
    except ValueError:
        return None
    except OSError as error:
        if error.errno in _NOT_THERE:
            return None
        raise InputError(f"{path}: {error.strerror}") from error


def _globbed(pattern: str, root: str) -> Iterator[str]:
    """What a pattern fits. ``**`` is any folders, save hidden ones and links, so that a circle of them ends."""
    words = pattern.split("/")
    if "**" not in words:
        yield from (os.path.join(root, name) for name in glob.iglob(pattern, root_dir=root))
        return
    at = words.index("**")
    rest = "/".join(words[at + 1 :]) or "*"
    base = "/".join(words[:at]) or ("/" if pattern.startswith("/") else ".")
    for start in dict.fromkeys(_globbed(base, root)):
        for place, folders, _ in os.walk(start):
            folders[:] = [one for one in folders if not one.startswith(".")]
            yield from _globbed(rest, place)


def _below(folder: str) -> Iterator[_Place]:
    """Every file of a folder, save hidden ones and those that start with an underscore; links to folders are not
    followed, so that a circle of them ends."""
    for place, folders, names in os.walk(folder):
        folders[:] = [one for one in folders if not one.startswith((".", "_"))]
        for name in names:
            path = os.path.join(place, name)
            if name.startswith((".", "_")):
                continue
            status = _status(path)
            if status is None:
                _check_link(path)
            elif stat.S_ISREG(status.st_mode):
                yield path, status


def _check_link(path: str) -> None:
    """Raise :class:`InputError` for a link that leads nowhere and is called like a file of rows.

    These rows should be there, and must not be missed in silence.
    """
    if not (os.path.islink(path) and holds_rows(os.path.basename(path))):
        return
    target = os.readlink(path)
    try:
        os.stat(path)
    except OSError as error:
        why = "goes round in a circle" if error.errno == errno.ELOOP else "is not there"
        raise InputError(f"{path} is a link to {target}, which {why}. Mend the link or remove it") from None


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
