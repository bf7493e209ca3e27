"""Blobs in a local folder: written beside, renamed into place, verified whenever they are read."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from solvent import digest
from solvent.errors import Corrupted, Unwritable

__all__ = ["BLOB", "LocalStore"]

BLOB = "blob.1"


class LocalStore:
    """A folder of files that are named by the digest of their bytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._unsynced: set[Path] = set()
        self._verified: dict[str, tuple[int, int, int]] = {}
        self._lock = threading.Lock()

    def put(self, data: bytes | bytearray | memoryview) -> str:
        """Keep bytes, and give their digest. What is there already is not written again."""
        name = digest.of_bytes(BLOB, data)
        if not self._at(name).exists():
            with self.explained(), self._temporary() as path:
                path.write_bytes(data)
                self._place(path, name)
        return name

    def adopt(self, path: Path) -> str:
        """Take over a finished file that lies in a folder from :meth:`scratch`, and give its digest."""
        name = digest.of_file(BLOB, path)
        with self.explained():
            if self._at(name).exists():
                path.unlink()
            else:
                self._place(path, name)
        return name

    def scratch(self) -> Path:
        """A new empty folder on this store's disk; whoever asks for it removes it."""
        with self.explained():
            (self.folder / "tmp").mkdir(parents=True, exist_ok=True)
            return Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=self.folder / "tmp"))

    def read(self, name: str) -> bytes:
        """The bytes of a blob; raises :class:`Corrupted` if they are missing or not what they were."""
        try:
            data = self._at(name).read_bytes()
        except FileNotFoundError:
            raise Corrupted(f"the blob {name[:12]} is missing from {self.folder}. {_HEAL}", name) from None
        if digest.of_bytes(BLOB, data) != name:
            raise Corrupted(f"the blob {name[:12]} in {self.folder} is damaged, and was not loaded. {_HEAL}", name)
        return data

    def path(self, name: str) -> Path:
        """The read-only file of a blob, verified once by this process for as long as the file is untouched."""
        path = self._at(name)
        try:
            seen = os.stat(path)
        except FileNotFoundError:
            raise Corrupted(f"the blob {name[:12]} is missing from {self.folder}. {_HEAL}", name) from None
        stamp = (seen.st_mtime_ns, seen.st_size, seen.st_ino)
        if self._verified.get(name) != stamp:
            if digest.of_file(BLOB, path) != name:
                raise Corrupted(f"the blob {name[:12]} in {self.folder} is damaged, and was not loaded. {_HEAL}", name)
            self._verified[name] = stamp
        return path

    def has(self, name: str) -> bool:
        """Whether a file of this name is there (its bytes are checked when it is read)."""
        return self._at(name).exists()

    def drop(self, name: str) -> None:
        """Remove a blob, so that it can be written anew."""
        with self.explained():
            self._at(name).unlink(missing_ok=True)
        self._verified.pop(name, None)

    def names(self) -> Iterator[str]:
        """The digests of all blobs here."""
        for folder in sorted(self.folder.glob("blobs/??")):
            for file in sorted(folder.iterdir()):
                yield file.name

    def sync(self, names: Iterable[str] = ()) -> None:
        """Make everything that was put so far survive a power cut, and these blobs, whoever put them."""
        with self._lock:
            paths, self._unsynced = self._unsynced, set()
        paths = paths | {self._at(name) for name in names}
        for path in [*paths, *{path.parent for path in paths}]:
            try:
                handle = os.open(path, os.O_RDONLY)
            except FileNotFoundError:
                continue
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def sweep(self) -> None:
        """Remove what dead processes left half done."""
        for path in (self.folder / "tmp").glob("*"):
            pid = path.name.partition("-")[0]
            if pid.isdigit() and not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
                shutil.rmtree(path, ignore_errors=True)

    def _at(self, name: str) -> Path:
        return self.folder / "blobs" / name[:2] / name

    @contextmanager
    def _temporary(self) -> Iterator[Path]:
        folder = self.scratch()
        try:
            yield folder / "blob"
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _place(self, path: Path, name: str) -> None:
        target = self._at(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.chmod(path, 0o444)
        os.replace(path, target)
        with self._lock:
            self._unsynced.add(target)

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Whatever is raised since this store's disk is full or read-only becomes :class:`Unwritable`."""
        try:
            yield
        except Unwritable:
            raise
        except Exception as error:  # libraries tell it as they like: numpy without a number, Polars in words
            number = error.errno if isinstance(error, OSError) else None
            if self._elsewhere(error):
                raise
            if number in (errno.ENOSPC, errno.EDQUOT) or "No space left on device" in str(error) or _cut_short(error):
                text = f"the disk is full: nothing more can be kept in {self.folder}. Free some space and run again."
            elif number in (errno.EROFS, errno.EACCES, errno.EPERM) and getattr(error, "filename", None) is not None:
                text = f"the archive {self.folder} cannot be written: {os.strerror(number or 0)}. Make it writable."
            else:
                raise
            raise Unwritable(text) from error

    def _elsewhere(self, error: Exception) -> bool:
        """Whether an error says of which file it is, and that is one that a value is read from, none of this store."""
        name = getattr(error, "filename", None)
        return isinstance(name, (str, bytes)) and not Path(os.path.abspath(os.fsdecode(name))).is_relative_to(
            os.path.abspath(self.folder)
        )


def _cut_short(error: Exception) -> bool:
    """Whether numpy wrote fewer numbers than it was to; it does not say why, and there is one reason."""
    return isinstance(error, OSError) and error.errno is None and " requested and " in str(error)


_HEAL = "Run the pipeline again: the step that made it is carried out once more."
