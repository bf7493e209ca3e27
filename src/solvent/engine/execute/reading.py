"""Reading: an input's source is read, unless this version of it was read before and is still kept."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from solvent.archive.catalog import write
from solvent.archive.catalog.records import ArtifactRow, StepEnd, StepStart
from solvent.engine.execute.behind.profiling import profile_jobs
from solvent.engine.execute.behind.writing import Job, describe_error
from solvent.engine.execute.hand import State

if TYPE_CHECKING:
    from solvent.archive.keeping import Pending
    from solvent.engine.execute.session import Session
    from solvent.engine.planning.plan import NodePlan

__all__ = ["do_input"]


def do_input(session: Session, one: NodePlan) -> State:
    """Read a source, unless this version of it was read before and is still kept."""
    made = session.plan.inputs[one.node.name]
    path = one.node.path
    if made.pending is not None:
        return _keep_input(session, one, made.pending, None, time.time())
    if made.known is not None and path not in session.forced:
        with session.project.catalog.write() as tx:
            start = _input_start(session, one, made)
            number = write.add_step(tx, start)
            write.end_step(tx, StepEnd(number, "reused", time.time(), False, outputs={"value": made.known}))
        state = State("reused", {"value": made.known}, number, one.kinds())
        session.states.append(state)
        session.tell(path, "", "reused", rows=session.rows_of(state))
        return state
    session.begin(path, "")
    begun = time.time()
    try:
        pending = session.archive.prepare(made.read(), lambda: session.near(path, "", ()))
        if made.source is not None and made.source.version() != made.version:
            made.version = None  # it changed while it was read: which version this was, nobody can say
    except Exception as error:
        return _input_failed(session, one, made, error)
    return _keep_input(session, one, pending, made, begun)


def _input_start(session: Session, one: NodePlan, made: Any) -> StepStart:
    settings = {"source": {"value": made.describe(), "origin": made.origin, "beat": []}}
    return StepStart(
        session.run, one.node.path, "", "input", "source", None, None, json.dumps(settings, default=str), time.time()
    )


def _keep_input(session: Session, one: NodePlan, pending: Pending, made: Any, begun: float) -> State:
    start = replace(_input_start(session, one, session.plan.inputs[one.node.name]), started=begun)
    with session.project.catalog.write() as tx:
        number = write.add_step(tx, start)
    state = State("ran", {"value": pending.digest}, number, one.kinds())
    session.states.append(state)

    def end(artifacts: tuple[ArtifactRow, ...]) -> StepEnd:
        return StepEnd(number, "ran", time.time(), False, outputs=state.outputs or {}, artifacts=artifacts)

    def remember() -> None:
        if made is not None and made.version is not None:
            with session.project.catalog.write() as tx:
                write.remember_source(tx, made.spec, made.version, pending.digest, time.time())

    def failed(error: BaseException) -> None:
        session.lose(state, one, "", error)

    session.values.hold(pending.digest, pending.written.keep)
    after = (remember, *profile_jobs(session.project, {"value": pending}))
    session.writer.commit(Job((pending,), end, failed, lambda: False, after if made is not None else after[1:]))
    session.tell(
        one.node.path, "", state.status, seconds=time.time() - start.started, rows=pending.written.facts.get("rows")
    )
    return state


def _input_failed(session: Session, one: NodePlan, made: Any, error: BaseException) -> State:
    with session.project.catalog.write() as tx:
        number = write.add_step(tx, _input_start(session, one, made))
        write.end_step(tx, StepEnd(number, "failed", time.time(), False, error=json.dumps(describe_error(error))))
    session.fail(one.node.path, error)
    session.tell(one.node.path, "", "failed", error=str(error))
    state = State("failed", {}, number)
    session.states.append(state)
    return state
