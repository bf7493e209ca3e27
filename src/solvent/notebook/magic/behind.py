"""Writing behind: what cells made is digested, kept and profiled by a thread that gives way to the notebook."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from solvent import digest
from solvent.archive.catalog import write
from solvent.archive.catalog.records import InputRow, StepEnd, StepStart
from solvent.config.secret import masked
from solvent.engine import watch
from solvent.engine.execute.behind.profiling import profile_jobs
from solvent.errors import SolventError
from solvent.notebook.magic.holding import Held

if TYPE_CHECKING:
    from solvent.archive.catalog.records import ArtifactRow
    from solvent.engine.home import Home

__all__ = ["Cell", "Scribe"]

_PATIENCE = 5.0
"""Seconds for which the thread waits until no cell is running; then it works beside one."""
_BETWEEN = 1.0
"""The same between two values of one cell."""
_QUIET = 5.0
_LONG = 30.0
"""Seconds without a cell, and seconds in all, that are waited for before an object such as a model: the first one of a
process imports packages for seconds, during which a cell would stand still."""
_MOST = 1_000_000_000


@dataclass(slots=True, eq=False)
class Cell:
    """One carrying-out of a cell: its code, how it ended, and the values that it read and made."""

    name: str
    source: str
    number: int | None
    started: float
    ended: float
    status: str
    error: dict[str, Any] | None = None
    reads: tuple[Held, ...] = ()
    makes: tuple[Held, ...] = ()
    notes: dict[str, list[str]] = field(default_factory=dict)


class Scribe:
    """Writes cells to the catalog in the order in which they ended. ``fault`` is told what went wrong."""

    def __init__(self, project: Home, run: int, fault: Callable[[BaseException], None]) -> None:
        self._project = project
        self._run = run
        self._fault = fault
        self._cells: deque[Cell | Callable[[], None]] = deque()
        self._later: deque[Callable[[], None]] = deque()
        self._wake = threading.Condition()
        self._idle = threading.Event()
        self._idle.set()
        self._since = time.monotonic()
        self._awaited = 0
        self._closing = False
        self._thread = threading.Thread(target=self._loop, name="solvent-scribe", daemon=True)
        self._thread.start()

    def give_way(self) -> None:
        """A cell begins."""
        self._idle.clear()

    def go_on(self) -> None:
        """No cell is running."""
        self._since = time.monotonic()
        self._idle.set()

    def add(self, cell: Cell) -> None:
        """Take a cell that ended. What it made is not compared where too much waits to be written already."""
        with self._wake:
            waiting = sum(held.size for one in self._cells if isinstance(one, Cell) for held in one.makes)
            for held in cell.makes:
                waiting += held.size
                if waiting > _MOST:
                    held.give_up("too much waited to be written")
            self._cells.append(cell)
            self._wake.notify_all()

    def then(self, work: Callable[[], None]) -> None:
        """Do something when every cell before it is written."""
        with self._wake:
            self._cells.append(work)
            self._wake.notify_all()

    def settle(self, seconds: float) -> bool:
        """Wait until every cell that was given so far is written, at most so long; whether that is so."""
        if threading.current_thread() is self._thread:
            return True
        busy = not self._idle.is_set()
        self._idle.set()
        try:
            with self._wake:
                self._awaited += 1
                self._wake.notify_all()
                return self._wake.wait_for(lambda: not self._cells or not self._thread.is_alive(), seconds)
        finally:
            self._awaited -= 1
            if busy:
                self._idle.clear()

    def close(self, seconds: float) -> None:
        """Write what is left, within this time, and end the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        self._idle.set()
        self._thread.join(seconds)

    def _loop(self) -> None:
        with watch.exempt():
            while True:
                with self._wake:
                    self._wake.wait_for(lambda: self._cells or self._later or self._closing)
                    if self._closing and not self._cells:
                        return  # a profile that was not made is made when somebody asks for it
                    cell = self._cells[0] if self._cells else None
                self._idle.wait(None if cell is None else _PATIENCE)
                try:
                    if isinstance(cell, Cell):
                        self._write(cell)
                    else:
                        (cell or self._later.popleft())()
                except BaseException as error:  # nothing of ours may end the thread, or the notebook
                    self._fault(error)
                if cell is not None:
                    with self._wake:
                        self._cells.popleft()
                        self._wake.notify_all()

    def _rest(self) -> None:
        """Wait for a pause of the notebook, unless somebody waits for the thread."""
        with self._wake:
            end = time.monotonic() + _LONG
            while not self._closing and not self._awaited and (left := end - time.monotonic()) > 0:
                quiet = time.monotonic() - self._since if self._idle.is_set() else 0.0
                if quiet >= _QUIET:
                    return
                self._wake.wait(min(left, 0.5))

    def _write(self, cell: Cell) -> None:
        archive = self._project.archive
        rows: list[ArtifactRow] = []
        for held in cell.makes:
            if held.digest is not None or held.why is not None:
                continue
            self._rest() if held.live else self._idle.wait(_BETWEEN)
            try:
                pending = archive.prepare(held.value)
                row = archive.finish(pending)
            except SolventError as error:
                held.give_up(str(error).partition("\n")[0])
                continue
            except BaseException as error:  # the object of somebody else's class
                held.give_up(f"{type(error).__name__} when it was looked into")
                continue
            if not held.unaltered():
                held.give_up("it was altered while it was being written")
                continue
            rows.append(row)
            held.digest, held.value = row.digest, None
            self._later.extend(profile_jobs(self._project, {held.name: pending}))
        self._record(cell, rows)

    def _record(self, cell: Cell, rows: list[ArtifactRow]) -> None:
        source = masked(cell.source)
        closure = {"definitions": [{"name": "cell", "file": cell.name, "line": 1, "source": source}]}
        code = digest.of_structure("cell.1", source)
        outputs = {held.name: held.digest for held in cell.makes if held.digest is not None}
        inputs = tuple(InputRow(one.name, "", one.digest, one.made_by) for one in cell.reads if one.digest is not None)
        unknown = [f"{one.name}: {one.why}" for one in cell.makes if one.why is not None and one.name != "_"]
        notes = {**cell.notes, **({"not_compared": unknown + cell.notes.get("not_compared", [])} if unknown else {})}
        error = None if cell.error is None else json.dumps(cell.error)
        start = StepStart(self._run, cell.name, "", "cell", "notebook:cell", None, code, "{}", cell.started)
        with self._project.catalog.write() as tx:
            write.add_closure(tx, code, lambda: closure)
            number = write.add_step(tx, start)
            write.end_step(
                tx,
                StepEnd(
                    number, cell.status, cell.ended, False, notes=json.dumps(notes) if notes else None, error=error,
                    outputs=outputs, inputs=inputs, artifacts=tuple(rows),
                ),
            )  # fmt: skip
        for held in cell.makes:
            held.made_by = held.made_by or number
