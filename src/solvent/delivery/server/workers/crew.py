"""The crew: several workers answer on one socket, and their parent watches, replaces who fell, and stops them all.

The parent opens the socket and hands it on, so that what waits to be answered waits in one queue: whoever is free
takes it, a worker that is not ready yet takes nothing, and what nobody took outlives the worker that fell.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import IO, Any

import msgspec

from solvent import errors
from solvent.delivery.server.running.endpoint import address_of, listen
from solvent.delivery.server.running.figures import Figures
from solvent.delivery.server.running.metrics import Metrics
from solvent.delivery.server.workers.job import Job, Post, Report, write_job
from solvent.errors import SolventError, UsageError, WorkError

__all__ = ["Job", "run_crew"]

_WORKER = ("-P", "-X", "utf8", "-m", "solvent.delivery.server.workers.worker")
_LOOK = 0.05  # seconds between looks at the workers
_STEADY = 10.0  # seconds after which one that answers counts as well
_LONGEST = 30.0  # seconds that are waited before one more try
_TRIES = 5  # falls in a row after which there is no hope, if no other worker answers
_GRACE = 25.0  # seconds for what is under way and for the log, after the time to drain


@dataclass
class _Worker:
    """One of the workers: its process, if it has one, and how often in a row it fell."""

    number: int
    metrics: Metrics
    process: subprocess.Popen[bytes] | None = None
    reports: int = -1
    ready: bool = False
    since: float = 0.0
    falls: int = 0
    again: float = 0.0
    said: Report | None = None


def run_crew(job: Job, announce: Callable[[str], None]) -> None:
    """Serve with several processes until SIGINT or SIGTERM; requests under way are answered first.

    Raises what keeps a worker from its work when the first ones start, and :class:`WorkError` when later none is left
    and none can be started.
    """
    if os.name != "posix":
        raise UsageError("several workers share a socket, which this system does not allow: leave out --workers")
    with ExitStack() as stack:
        listening = stack.enter_context(listen(job.endpoint))
        files = [stack.enter_context(_file()) for _ in range(job.endpoint.workers + 1)]
        crew = _Crew(job, listening, files)
        with _told(crew.tell):
            try:
                crew.watch(lambda: announce(address_of(listening)))
            finally:
                crew.stop()


@contextmanager
def _file() -> Iterator[IO[bytes]]:
    """A file for figures, which has no name and so leaves nothing behind."""
    with tempfile.TemporaryFile() as file:
        file.truncate(Figures.size)
        yield file


@contextmanager
def _told(tell: Callable[[], None]) -> Iterator[None]:
    """Let ``tell`` be called at SIGINT and SIGTERM; outside the main thread nobody can be told."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kinds = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(one, lambda number, frame: tell()) for one in kinds]
    try:
        yield
    finally:
        for one, handler in zip(kinds, before, strict=True):
            signal.signal(one, handler)


class _Crew:
    """The workers, and what their parent does with them."""

    def __init__(self, job: Job, listening: socket.socket, files: list[IO[bytes]]) -> None:
        self._job = job
        self._listening = listening
        self._files = tuple(one.fileno() for one in files)
        self._own = Metrics(Figures(self._files[0]))
        self._workers = [_Worker(n, Metrics(Figures(self._files[n]))) for n in range(1, len(files))]
        self._told = 0
        self._begun = False

    def tell(self) -> None:
        """Somebody wants it to end; who says so twice does not want to wait for the drain."""
        self._told += 1
        if self._told > 1:
            self._signal(signal.SIGTERM if self._told == 2 else signal.SIGINT)

    def watch(self, begun: Callable[[], None]) -> None:
        """Start the workers and keep them going until told to stop; ``begun`` is called when all answer."""
        while not self._told:
            for one in self._workers:
                if one.process is not None:
                    self._look(one, one.process)
                elif time.monotonic() >= one.again:
                    self._start(one)
            if not self._begun and all(one.ready for one in self._workers):
                self._begun = True
                begun()
            time.sleep(_LOOK)

    def stop(self) -> None:
        """End all: each says that it is not ready, for as long as it drains, and answers what it was asked."""
        self._signal(signal.SIGTERM)
        end = time.monotonic() + self._job.endpoint.drain + _GRACE
        for one in self._workers:
            if one.process is None:
                continue
            try:
                one.process.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                one.process.kill()
                one.process.wait()
            self._forget(one, one.process)

    def _signal(self, kind: signal.Signals) -> None:
        for one in self._workers:
            if one.process is not None:
                one.process.send_signal(kind)

    def _start(self, one: _Worker) -> None:
        one.reports, report = os.pipe()
        os.set_blocking(one.reports, False)
        post = Post(one.number, self._listening.fileno(), report, self._files)
        try:
            # In a session of its own Ctrl-C reaches the parent alone, which stops all in good order.
            one.process = subprocess.Popen(
                [sys.executable, *_WORKER],
                stdin=subprocess.PIPE,
                pass_fds=(post.listening, report, *self._files),
                start_new_session=True,
            )
        finally:
            os.close(report)
        one.since, one.ready, one.said = time.monotonic(), False, None
        assert one.process.stdin is not None
        with suppress(BrokenPipeError):  # it fell already, which is seen soon
            one.process.stdin.write(write_job(replace(self._job, post=post)))
            one.process.stdin.flush()

    def _look(self, one: _Worker, process: subprocess.Popen[bytes]) -> None:
        """See whether a worker answers, and whether it fell."""
        code = process.poll()
        with suppress(BlockingIOError):
            for line in os.read(one.reports, 65536).splitlines():
                one.said = msgspec.json.decode(line, type=Report)
        if one.said is not None and one.said.ready and not one.ready:
            one.ready, one.since = True, time.monotonic()
        if code is not None:
            self._forget(one, process)
            self._fall(one, process.pid, code)

    def _forget(self, one: _Worker, process: subprocess.Popen[bytes]) -> None:
        if process.stdin is not None:
            with suppress(BrokenPipeError):
                process.stdin.close()
        os.close(one.reports)
        one.process = None
        one.metrics.rest()

    def _fall(self, one: _Worker, pid: int, code: int) -> None:
        """A worker ended unasked: another takes its place, at once if it had answered for a while."""
        steady = one.ready and time.monotonic() - one.since >= _STEADY
        one.falls = 1 if steady else one.falls + 1
        one.ready = False
        how = f"was ended by {_name(-code)}" if code < 0 else f"ended with the exit code {code}"
        why = f": {one.said.text}" if one.said is not None and one.said.text else ""
        if not self._begun:
            raise _error(one.said, f"worker {one.number} cannot start; it {how}")
        if one.falls >= _TRIES and not any(other.ready for other in self._workers):
            raise WorkError(
                f"no worker answers any more, and none can be started: worker {one.number} {how} for the "
                f"{one.falls}th time in a row{why}. What it wrote above says more; start the server again when that "
                f"is mended."
            )
        pause = 0.0 if one.falls == 1 else min(_LONGEST, 0.5 * 2 ** (one.falls - 2))
        one.again = time.monotonic() + pause
        self._own.event("worker_lost")
        soon = f"in {pause:g} s" if pause else "now"
        sys.stderr.write(f"solvent: worker {one.number} (process {pid}) {how}{why}; it is started again {soon}\n")


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"the signal {number}"


def _error(said: Report | None, otherwise: str) -> SolventError:
    """The error that a worker told of, as it would have been raised here."""
    if said is None or not said.error:
        return WorkError(f"{otherwise}. What it wrote above says why.")
    kind: Any = getattr(errors, said.error, None)
    known = isinstance(kind, type) and issubclass(kind, SolventError)
    try:
        return kind(said.text) if known else WorkError(said.text)
    except TypeError:  # one that is made of more than its text
        return WorkError(said.text)
