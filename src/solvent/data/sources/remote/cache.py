"""Copies of remote files on this machine, known by where they come from and in which version; the oldest go first."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from solvent import digest
from solvent.errors import ArchiveError

__all__ = ["Cache"]

_MOST = 10 * 2**30
_SPARED = 3600.0
_USED = "used"


class Cache:
    """A folder with a folder for each copy: the file under its own name, and a mark of when it was last used.

    Several processes may share it. ``most`` is how many bytes it should hold; what was used within the last hour, or
    by this process, is spared. Without ``folder`` it lies among the temporary files of the user.
    """

    def __init__(self, folder: Path | None = None, most: int = _MOST) -> None:
        self.folder = folder or Path(tempfile.gettempdir()) / f"solvent-{os.getuid()}" / "remote"
        self._most = most
        self._held: set[Path] = set()
        self._lock = threading.Lock()

    def place(self, key: str, name: str, fill: Callable[[Path], object]) -> Path:
        """The copy that is known by ``key``; made by ``fill``, which is given a path to write, where there is none."""
        home = self.folder / digest.of_structure("remote.1", key)[:40]
        path = home / _safe(name)
        with self._lock:
            if not path.is_file():
                self._make(home, path, fill)
            with suppress(OSError):
                (home / _USED).touch()
            self._held.add(home)
        return path

    def _make(self, home: Path, path: Path, fill: Callable[[Path], object]) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if self.folder.stat().st_uid != os.getuid():
                raise PermissionError(0, "it belongs to another user")
            scratch = Path(tempfile.mkdtemp(prefix="coming-", dir=self.folder))
        except OSError as error:
            raise ArchiveError(f"no copy of a remote file can be kept in {self.folder}: {error.strerror}") from error
        try:
            fill(scratch / path.name)
            (scratch / _USED).touch()
            with suppress(OSError):  # another process was faster, and its copy is the same
                scratch.rename(home)
            if not path.is_file():
                raise ArchiveError(f"{home} is in the way of a copy of a remote file; remove it")
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        self._shrink(home)

    def _shrink(self, newest: Path) -> None:
        """Let the copies go that were not used for longest, until the rest fits; and what was left half done."""
        now = time.time()
        found = []
        for home in self.folder.iterdir():
            try:
                used = (home / _USED).stat().st_mtime if (home / _USED).exists() else home.stat().st_mtime
                size = sum(one.stat().st_size for one in home.iterdir())
            except OSError:
                continue  # another process let it go
            if home.name.startswith("coming-"):
                if now - used > 24 * _SPARED:
                    shutil.rmtree(home, ignore_errors=True)
                continue
            found.append((used, size, home))
        total = sum(size for _, size, _ in found)
        for used, size, home in sorted(found):
            if total <= self._most:
                return
            if home in self._held or home == newest or now - used < _SPARED:
                continue
            shutil.rmtree(home, ignore_errors=True)
            total -= size


def _safe(name: str) -> str:
    """A name that is one, with the end that says what the file is."""
    made = "".join(one if one.isalnum() or one in "._=-" else "_" for one in name)[-100:].lstrip(".")
    return made if made and made != _USED else f"file-{made}"
