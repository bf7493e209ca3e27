"""The catalog's connection: one writer at a time, readers never waiting, errors that say what to do."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import apsw

from solvent.archive.catalog.schema import MIGRATIONS
from solvent.errors import ArchiveError, CatalogTooNew, Corrupted, Unwritable

__all__ = ["Catalog", "Transaction"]

_BUSY_MS = 120_000
_LITTLE = 1024 * 1024
"""With fewer bytes left, a file that cannot be opened is put down to the disk being full."""
_TRIES = 5
"""So often a copy is begun anew where the catalog changes while it is copied."""
_FULL = "the disk is full: the catalog {path} cannot grow. Free some space and run again."
_DAMAGED = "the catalog {path} is damaged: {why}. Restore it from a backup."
_NETWORK = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "glusterfs", "lustre", "fuse.sshfs")
# SQLite versions whose WAL can lose a commit when the log is reset under several writers.
_WAL_FIXED = ((3, 51, 3), (3, 52, 0)), ((3, 50, 7), (3, 51, 0)), ((3, 44, 6), (3, 45, 0))


class Transaction:
    """What one ``BEGIN IMMEDIATE`` … ``COMMIT`` may do."""

    __slots__ = ("_cursor",)

    def __init__(self, cursor: apsw.Cursor) -> None:
        self._cursor = cursor

    def execute(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Carry out one statement; gives its rows."""
        return self._cursor.execute(sql, params).fetchall()

    def many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Carry out one statement for each row of parameters."""
        if rows:
            self._cursor.executemany(sql, rows)


class Catalog:
    """The metadata database of an archive, in one SQLite file. Each thread has a connection of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._log = path.with_name(f"{path.name}-wal")
        self._local = threading.local()
        self._open: list[apsw.Connection] = []
        self._writable: bool | None = None
        self._full = False
        self._copy: tuple[tuple[int, ...], Path] | None = None
        self._copying = threading.Lock()
        self._flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        with self._explained():
            self._migrate()
        self._flags = apsw.SQLITE_OPEN_READWRITE  # one that went away since is missed, not made anew

    def read(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of one query."""
        with self._explained():
            return self._connection().execute(sql, params).fetchall()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """One transaction: all of it is kept, or nothing. Waits for other writers as long as they are alive."""
        with self._explained():
            if self._full:
                if _free(self.path) <= _LITTLE:
                    raise Unwritable(_FULL.format(path=self.path))
                self._full, self._writable = False, None  # each thread's connection is made anew, as its stamp differs
            cursor = self._connection().cursor()
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield Transaction(cursor)
                cursor.execute("COMMIT")
            except BaseException:
                if cursor.connection.in_transaction:
                    cursor.execute("ROLLBACK")
                raise

    def check(self, *, deep: bool = False) -> None:
        """Raise :class:`Corrupted` where pages of the file are not what they were; ``deep`` looks at indexes too."""
        asked = "PRAGMA integrity_check(1)" if deep else "PRAGMA quick_check(1)"
        try:
            found = self.read(asked)
        except apsw.NoMemError as error:  # what a damaged page says of its size
            raise Corrupted(_DAMAGED.format(path=self.path, why=error)) from error
        if found != [("ok",)]:
            raise Corrupted(_DAMAGED.format(path=self.path, why=found[0][0]))

    def checkpoint(self) -> None:
        """Move what was committed from the log into the file, if nobody is in the way."""
        with self._explained(), suppress(apsw.BusyError):  # somebody else is at it
            self._connection().wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)

    def close(self) -> None:
        """Close every connection that this process opened."""
        for connection in self._open:
            connection.close()
        self._open.clear()
        self._local = threading.local()

    def _connection(self) -> apsw.Connection:
        stamp = self._stamp()
        # A connection never crosses a fork, and one that may only look takes its file to be as it was.
        if getattr(self._local, "pid", None) != os.getpid() or self._local.stamp != stamp:
            self._local.connection = self._connect() if stamp is None else self._look()
            self._local.pid, self._local.stamp = os.getpid(), self._stamp()
        return self._local.connection  # type: ignore[no-any-return]

    def _connect(self) -> apsw.Connection:
        try:
            return self._made()
        except (apsw.FullError, apsw.IOError):  # SQLite makes files beside one that is only to be read
            if _free(self.path) > _LITTLE or not os.stat(self.path).st_size:
                raise
        self._full, self._writable = True, False
        return self._look()

    def _made(self) -> apsw.Connection:
        connection = apsw.Connection(str(self.path), flags=self._flags, statementcachesize=200)
        connection.set_busy_timeout(_BUSY_MS)
        connection.execute("PRAGMA foreign_keys = OFF")
        if _wal_is_safe(apsw.sqlite_lib_version()):
            _use_wal(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA temp_store = MEMORY")
        self._open.append(connection)
        return connection

    def _stamp(self) -> tuple[int, ...] | None:
        """The state of a catalog that may only be looked at; None where it can be written (or is not there)."""
        if self._writable is None:
            there = self.path.exists()
            self._writable = not there or (os.access(self.path, os.W_OK) and os.access(self.path.parent, os.W_OK))
        if self._writable:
            return None
        found = [os.stat(one) for one in (self.path, self._log) if one.exists()]
        return tuple(fact for one in found for fact in (one.st_mtime_ns, one.st_size))

    def _look(self) -> apsw.Connection:
        """A connection to somebody else's catalog: SQLite itself makes files beside one, even to read it."""
        busy = self._log.exists() and os.stat(self._log).st_size > 0
        try:
            connection = _looking(self.path, "mode=ro" if busy else "immutable=1")
        except (apsw.CantOpenError, apsw.ReadOnlyError, apsw.IOError, apsw.FullError):
            if not busy:
                raise
            connection = self._copied()
        self._open.append(connection)
        return connection

    def _copied(self) -> apsw.Connection:
        """A copy of a catalog whose log cannot be worked in where it lies (the disk is full, or mounted to be read).

        One copy serves all threads until the catalog changes. One that somebody wrote to meanwhile is made again.
        """
        with self._copying:
            stamp = self._stamp() or ()
            if self._copy is None or self._copy[0] != stamp:
                stamp, folder = self._copy_of(stamp)
                if self._copy is not None:
                    shutil.rmtree(self._copy[1], ignore_errors=True)
                self._copy = stamp, folder
            connection = apsw.Connection(str(self._copy[1] / self.path.name))
        connection.execute("PRAGMA query_only = ON")
        return connection

    def _copy_of(self, stamp: tuple[int, ...]) -> tuple[tuple[int, ...], Path]:
        folder = Path(tempfile.mkdtemp(prefix="solvent-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        for _ in range(_TRIES):
            try:
                for one in (self.path, self._log):
                    shutil.copyfile(one, folder / one.name)
            except OSError as error:
                shutil.rmtree(folder, ignore_errors=True)
                raise Unwritable(
                    f"the catalog {self.path} can only be read by way of a copy, for which there is no room in "
                    f"{folder.parent}: {error.strerror}. Free some space, or set TMPDIR to a folder with room."
                ) from error
            before, stamp = stamp, self._stamp() or ()
            if stamp == before:
                return stamp, folder
        shutil.rmtree(folder, ignore_errors=True)
        raise Unwritable(f"the catalog {self.path} is being written to, and cannot be read from here meanwhile.")

    def _migrate(self) -> None:
        if self._stamp() is not None:
            version = self._version()
            if version < len(MIGRATIONS):
                raise Unwritable(
                    f"the catalog {self.path} is of an older version ({version}), and can only be looked at from here. "
                    f"Open it once with this Solvent where it can be written."
                )
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unwritable(f"the archive's folder {self.path.parent} cannot be made: {error.strerror}") from error
        _refuse_network(self.path.parent)
        version = self._version()
        if version == len(MIGRATIONS):
            return
        if version > 0:
            self._back_up(version)
        with self.write() as tx:  # another process may have been first: what counts is the version seen inside
            version = tx.execute("PRAGMA user_version")[0][0]
            for statement in ";\n".join(MIGRATIONS[version:]).split(";\n"):
                if statement.strip():
                    tx.execute(statement)
            tx.execute(f"PRAGMA user_version = {max(version, len(MIGRATIONS))}")

    def _version(self) -> int:
        (version,) = self._connection().execute("PRAGMA user_version").fetchall()[0]
        assert isinstance(version, int)
        if version > len(MIGRATIONS):
            raise CatalogTooNew(
                f"the catalog {self.path} has version {version}; this Solvent knows versions up to {len(MIGRATIONS)}. "
                f"Install the Solvent that made it, or a newer one; nothing was changed."
            )
        return version

    def _back_up(self, version: int) -> None:
        copy = self.path.with_name(f"{self.path.name}.before-{version + 1}")
        if copy.exists():
            return
        beside = copy.with_name(f"{copy.name}.{os.getpid()}")  # a copy that was cut short must not pass for one
        beside.unlink(missing_ok=True)
        try:
            self._connection().execute("VACUUM INTO ?", (str(beside),))
            if not copy.exists():  # whoever migrated meanwhile made a copy first, and theirs is of the old version
                os.replace(beside, copy)
        finally:
            beside.unlink(missing_ok=True)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except apsw.FullError as error:
            raise Unwritable(_FULL.format(path=self.path)) from error
        except (apsw.ReadOnlyError, apsw.CantOpenError, apsw.PermissionsError) as error:
            if self._full:
                raise Unwritable(_FULL.format(path=self.path)) from error
            raise Unwritable(
                f"the catalog {self.path} cannot be written ({error}). Make its folder writable, or choose another "
                f"archive in solvent.toml: archive = {{store = …, catalog = …}}"
            ) from error
        except apsw.IOError as error:
            raise Unwritable(
                f"the catalog {self.path} cannot be read or written: {error}. Look after the disk."
            ) from error
        except (apsw.CorruptError, apsw.NotADBError) as error:
            raise Corrupted(_DAMAGED.format(path=self.path, why=error)) from error
        except apsw.BusyError as error:
            raise ArchiveError(
                f"the catalog {self.path} has been locked by another process for two minutes."
            ) from error


def _looking(path: Path, how: str) -> apsw.Connection:
    """A connection that only reads, and has read something: SQLite opens a file no earlier."""
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    connection = apsw.Connection(f"{path.absolute().as_uri()}?{how}", flags=flags)
    connection.set_busy_timeout(_BUSY_MS)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def _free(path: Path) -> int:
    """The bytes left on a file's disk."""
    return shutil.disk_usage(path.parent).free


def _use_wal(connection: apsw.Connection) -> None:
    """Switch to WAL. SQLite gives up at once where several processes switch a new file, so one has to ask again."""
    deadline = time.monotonic() + _BUSY_MS / 1000
    while True:
        try:
            if connection.pragma("journal_mode") != "wal":
                connection.execute("PRAGMA journal_mode = WAL")
            return
        except apsw.BusyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _wal_is_safe(version: str) -> bool:
    number = tuple(int(part) for part in version.split(".")[:3])
    return number >= (3, 52, 0) or any(low <= number < high for low, high in _WAL_FIXED)


def _refuse_network(folder: Path) -> None:
    """SQLite's locks cannot be trusted on network file systems."""
    try:
        device = os.stat(folder).st_dev
        wanted = f"{os.major(device)}:{os.minor(device)}"
        with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as mounts:
            for line in mounts:
                parts = line.split()
                if parts[2] == wanted and parts[parts.index("-") + 1] in _NETWORK:
                    raise ArchiveError(
                        f"{folder} lies on a network file system ({parts[parts.index('-') + 1]}), where SQLite can "
                        f"lose what it wrote. Put the catalog on a local disk."
                    )
    except OSError:
        return
