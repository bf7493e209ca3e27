"""One attempt at one step: the function is called with its own seeds, its prints kept, its hidden inputs noticed."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.engine import watch
from solvent.engine.context import Context, entered
from solvent.engine.execute.calling.check import check_outputs
from solvent.engine.execute.calling.contracts import hold_outputs
from solvent.engine.execute.calling.measure import Meter, seed_ambient
from solvent.graph.steps import ACTIVE, PLAIN

if TYPE_CHECKING:
    from solvent.archive.keeping import Pending
    from solvent.engine.execute.calling.capture import Capture
    from solvent.graph.steps import Step

__all__ = ["Attempt", "Outcome", "attempt"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is to be called: the step with its data and settings, and what is known of it."""

    step: Step[Any, Any]
    data: Callable[[], Mapping[str, Any]]
    settings: Mapping[str, Any]
    context: Context
    ambient: int
    label: str
    reads: tuple[str, ...] = ()
    timeout: float | None = None
    ignored: tuple[Path, ...] = ()
    near: Callable[[], Sequence[str]] = tuple
    call: Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]] | None = None
    """Gives the outputs in another way than by calling the step's function on whole values."""


@dataclass(slots=True)
class Outcome:
    """What came of it: the outputs with their digests settled, or an error; and what was noticed on the way."""

    outputs: dict[str, Pending] = field(default_factory=dict)
    error: BaseException | None = None
    started: float = 0.0
    ended: float = 0.0
    cpu: float = 0.0
    peak_mb: float | None = None
    log: str = ""
    files: Mapping[Path, str] = field(default_factory=dict)
    others: tuple[watch.Observation, ...] = ()
    allowed: bool = False
    notes: list[str] = field(default_factory=list)


def attempt(what: Attempt, capture: Capture, meter: Meter) -> Outcome:
    """Carry out one attempt. Whatever is raised inside ends up in the outcome.

    A table that is still to be computed (a ``LazyFrame``, a reader) is carried out here, at the end of its step
    and on its account, since its digest has to be settled before anybody may use it.
    """
    outcome = Outcome(started=time.time())
    threads = _foreign_threads()
    archive = what.context.project.archive
    capture.begin(what.label)
    token = ACTIVE.set(PLAIN)
    meter.start()
    try:
        data = what.data()
        seed_ambient(what.ambient)
        with (
            watch.observing(what.reads, what.ignored) as seen,
            entered(what.context),
            limited(what.timeout, what.label),
        ):
            parts = _called(what, data) if what.call is None else what.call(data, what.settings)
            outcome.outputs = {name: archive.prepare(part, what.near) for name, part in parts.items()}
            outcome.notes += hold_outputs(outcome.outputs, what.step.signature.outputs.fields, what.label)
        outcome.files, outcome.others, outcome.allowed = dict(seen.files), tuple(seen.others), seen.used
    except BaseException as error:  # also KeyboardInterrupt and SystemExit: the record has to be true
        outcome.error = error
    finally:
        ACTIVE.reset(token)
        outcome.cpu, outcome.peak_mb = meter.stop()
        outcome.log = capture.end()
        outcome.ended = time.time()
        what.context.clean()
    left = _foreign_threads() - threads
    if left:
        names = ", ".join(sorted(one.name for one in left))
        outcome.notes.append(f"{what.label!r} left threads behind ({names}); what they do belongs to nobody")
    return outcome


def _called(what: Attempt, data: Mapping[str, Any]) -> dict[str, Any]:
    return check_outputs(what.step.invoke(data, what.settings), what.step.signature.outputs, what.label)


def _foreign_threads() -> set[threading.Thread]:
    """The threads of this process that are not the engine's own."""
    return {one for one in threading.enumerate() if not one.name.startswith("solvent-")}


@contextmanager
def limited(seconds: float | None, label: str) -> Iterator[None]:
    """Raise ``TimeoutError`` in the step when its time is up. Only the main thread can be interrupted so."""
    if seconds is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(*_: object) -> None:
        raise TimeoutError(f"{label!r} took longer than its timeout of {seconds:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
