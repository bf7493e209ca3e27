"""Writing behind: large bytes are written while the next step works, in order, and never far behind."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.archive.catalog import write
from solvent.archive.catalog.records import ArtifactRow, StepEnd
from solvent.config.secret import masked
from solvent.data.packs.memory import ROOM, free_memory
from solvent.engine import watch
from solvent.engine.record.host import BEAT
from solvent.errors import SolventError

if TYPE_CHECKING:
    from solvent.archive.keeping import Archive, Pending

__all__ = ["Job", "Writer"]

_HERE = str(Path(__file__).parents[3])
_MOST_STEPS = 4
_MOST_BYTES = 256_000_000
_SYNC = 2.0


@dataclass(frozen=True, slots=True)
class Job:
    """The end of a step: values to be written, then one transaction. ``failed`` is told if that goes wrong."""

    pendings: tuple[Pending, ...]
    end: Callable[[tuple[ArtifactRow, ...]], StepEnd]
    failed: Callable[[BaseException], None]
    lost: Callable[[], bool]
    after: tuple[Callable[[], None], ...] = ()

    @property
    def size(self) -> int:
        """About how many bytes wait."""
        return sum(one.written.size for one in self.pendings)


class Writer:
    """Commits the ends of steps in the order in which they came; syncs blobs and gives signs of life on the side."""

    def __init__(self, archive: Archive, run: int) -> None:
        self._archive = archive
        self._run = run
        self._jobs: deque[Job] = deque()
        self._later: deque[Callable[[], None]] = deque()
        self._busy = False
        self._closing = False
        self._wake = threading.Condition()
        self._blobs: list[str] = []
        self._thread: threading.Thread | None = None
        self._pulse = threading.Thread(target=self._beat, name="solvent-pulse", daemon=True)
        self._stop = threading.Event()
        self._pulse.start()

    def commit(self, job: Job) -> None:
        """Write a step's end now if that is quick and nothing waits before it, else behind the next step."""
        if not self._waiting() and not any(one.waits for one in job.pendings):
            self._carry_out(job)
            return
        with self._wake:
            while len(self._jobs) >= _MOST_STEPS or (self._jobs and self._bytes() + job.size > _MOST_BYTES):
                self._wake.wait()
            self._jobs.append(job)
            self._start()
            self._wake.notify_all()

    def settle(self) -> None:
        """Wait until every step's end that was given so far is committed (profiles may still be missing).

        The writer's own thread has nothing to wait for: what came before is committed.
        """
        if threading.current_thread() is self._thread:
            return
        with self._wake:
            while self._jobs or self._busy:
                self._wake.wait()

    def close(self) -> None:
        """Finish everything, profiles too, make it durable, and end the threads."""
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join()
        self._stop.set()
        self._pulse.join()
        self._sync()

    def _waiting(self) -> bool:
        with self._wake:
            return bool(self._jobs) or self._busy

    def _bytes(self) -> int:
        return sum(one.size for one in self._jobs)

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._loop, name="solvent-writer", daemon=True)
            self._thread.start()

    def _loop(self) -> None:
        with watch.exempt():
            while True:
                with self._wake:
                    while not self._jobs and not self._later and not self._closing:
                        self._wake.wait()
                    if not self._jobs and not self._later:
                        return
                    job = self._jobs[0] if self._jobs else None
                    self._busy = job is not None
                    if job is None and not self._closing and free_memory() < ROOM:
                        self._wake.wait(_SYNC)  # the steps need the memory more; there is time when they are done
                        continue
                if job is None:
                    self._later.popleft()()
                    continue
                self._carry_out(job)
                with self._wake:
                    self._jobs.popleft()
                    self._busy = False
                    self._wake.notify_all()

    def _carry_out(self, job: Job) -> None:
        try:
            if job.lost():
                return
            rows = tuple(self._archive.finish(one) for one in job.pendings)
            end = job.end(rows)
            with self._archive.catalog.write() as tx:
                write.end_step(tx, end)
        except Exception as error:
            job.failed(error)
            return
        for row in rows:
            self._blobs.extend(blob.digest for blob in row.blobs if blob.data is None)
        if job.after:
            with self._wake:
                self._later.extend(job.after)
                self._start()
                self._wake.notify_all()

    def _beat(self) -> None:
        with watch.exempt():
            last = time.monotonic()
            while not self._stop.wait(_SYNC):
                try:
                    self._sync()
                    if time.monotonic() - last >= BEAT:
                        last = time.monotonic()
                        with self._archive.catalog.write() as tx:
                            write.beat(tx, self._run, time.time())
                except Exception:  # a sign of life that could not be given is no reason to stop the work
                    continue

    def _sync(self) -> None:
        blobs, self._blobs = self._blobs, []
        if blobs:
            self._archive.store.sync()
            with self._archive.catalog.write() as tx:
                write.mark_durable(tx, blobs)


def describe_error(error: BaseException) -> dict[str, Any]:
    """An error as data: type, message, the nearest line of the user's own, and its traceback without Solvent's."""
    import sysconfig
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith(_HERE)]
    if isinstance(error, SolventError):  # lines of Python's own between ours tell nobody anything
        python = tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib"))
        packages = tuple(sysconfig.get_path(name) for name in ("purelib", "platlib"))
        own = [one for one in own if not one.filename.startswith(python) or one.filename.startswith(packages)]
    if not own and not isinstance(error, SolventError):
        own = list(frames)  # nobody's own code is in it: whoever reports it needs to see where it came from
    last = own[-1] if own else None
    lines = traceback.format_list(own) + traceback.format_exception_only(type(error), error)
    return {
        "type": type(error).__qualname__,
        "message": masked(str(error)),
        "where": f"{last.filename}:{last.lineno}" if last else "",
        "traceback": masked("".join(lines)),
    }
