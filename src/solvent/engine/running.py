"""Running: a plan is made, recognised as done before or carried out, and recorded either way."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.archive.catalog import query, write
from solvent.archive.catalog.records import RunStart
from solvent.config.secret import masked
from solvent.engine.datasets.declared import publish_declared
from solvent.engine.events import Observer, RunEnded, RunStarted, silent
from solvent.engine.home import Home
from solvent.engine.planning.plan import Plan, Request, make_plan
from solvent.engine.record.commit import CommitReader
from solvent.engine.record.environment import environment
from solvent.engine.record.host import here
from solvent.engine.views.run import Run
from solvent.errors import Rejected, RunFailed
from solvent.names import reference_of

if TYPE_CHECKING:
    from solvent.engine.execute.session import Session

__all__ = ["Config", "carry_out_request", "kinds_of", "open_run", "request_of"]

Config = str | os.PathLike[str] | Mapping[str, Any] | Sequence[str | os.PathLike[str] | Mapping[str, Any]] | None


def request_of(pipeline: Any, config: Config, *, sets: Any = None, **rest: Any) -> Request:
    """A request, from what users write: files or dicts as settings, a file in the place of a pipeline."""
    if config is None:
        sources: list[Any] = []
    elif isinstance(config, (str, os.PathLike, Mapping)):
        sources = [config]
    else:
        sources = list(config)
    if isinstance(pipeline, (str, os.PathLike)):
        sources.insert(0, pipeline)
        pipeline = None
    paths = [one if isinstance(one, Mapping) else Path(one).absolute() for one in sources]
    if isinstance(sets, Mapping):
        sets = [f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in sets.items()]
    return Request(pipeline, paths, tuple(sets or ()), **rest)


def carry_out_request(request: Request, project: Home, observer: Observer = silent, check: bool = True) -> Run[Any]:
    """What ``sv.run`` does, told to an observer as it happens."""
    before, started = os.getcwd(), time.time()
    # Read when the first OpenMP library is loaded. Threads that wait by spinning starve each other where cores are
    # shared: a boosted forest took 27 s so, and 7 s when they sleep.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    commit = CommitReader(project.root)
    os.chdir(project.root)
    try:
        plan = make_plan(request, project)
        if plan.whole:
            same = query.find_same_plan(project.catalog, plan.digest)
            if same is not None:
                return _recognised(plan, project, observer, same, (started, commit))
        if plan.settings.secrets():
            from solvent.engine.execute.calling.secrets import check_secrets

            check_secrets(plan, request, project)
        return _carried_out(plan, request, project, observer, check, (started, commit))
    finally:
        if project.begun:
            project.code.keep()
        commit.close()
        os.chdir(before)


def _recognised(plan: Plan, project: Home, observer: Observer, same: Any, begun: Any) -> Run[Any]:
    """A plan that was carried out before, and whose results are all there: one look-up, one transaction."""
    started, commit = begun
    start, git = _start(plan, started, True), commit.result()
    with project.catalog.write() as tx:
        start.record.update(_record(tx, plan, git), plan=same.record.get("plan"))
        number, name = write.add_run(tx, start, "succeeded", same.same_as or same.id)
        tx.execute("UPDATE runs SET result = ?, ended = ? WHERE id = ?", (same.result, time.time(), number))
    _note_readers(plan, name)
    made: Run[Any] = Run(project, query.run_by_id(project.catalog, number), kinds_of(plan))
    published = publish_declared(plan.graph, project, name, lambda path: _outputs(made, path))
    observer(RunStarted(name, plan.name, tuple(path for path in plan.graph.nodes if path in plan.selected)))
    observer(RunEnded("succeeded", time.time() - started, made, published))
    return made


def _carried_out(plan: Plan, request: Request, project: Home, observer: Observer, check: bool, begun: Any) -> Run[Any]:
    from solvent.engine.execute.driver import carry_out, do
    from solvent.engine.execute.session import Session

    started, commit = begun
    start, (number, name) = open_run(plan, project, "pipeline", started)
    observer(RunStarted(name, plan.name, tuple(path for path in plan.graph.nodes if path in plan.selected)))
    session = Session(plan, request, project, (number, name), observer, do)
    published: tuple[str, ...] = ()
    try:
        _note_readers(plan, name)
        carry_out(session)
        if not session.failures:
            published = publish_declared(plan.graph, project, name, session.outputs_of)
    except BaseException as error:
        if not any(one is error for _, one in session.failures):
            session.fail("", error)
    status, git = _status(session), commit.result()
    with project.catalog.write() as tx:
        start.record.update(_git(tx, git))
        whole = plan.whole_by_code and session.whole and status == "succeeded"
        write.end_run(
            tx, number, status, time.time(), record=start.record, whole=whole,
            plan=plan.digest_with({name: session.made_by(one.node.path) for name, one in plan.inputs.items()}),
            result=json.dumps(plan.result) if status == "succeeded" and plan.result is not None else None,
            error=_summary(session),
        )  # fmt: skip
    project.catalog.checkpoint()
    made: Run[Any] = Run(project, query.run_by_id(project.catalog, number), kinds_of(plan))
    observer(RunEnded(status, time.time() - started, made, published))
    if check and status in ("failed", "cancelled"):
        raise RunFailed(f"{name} {status}: {_summary(session)}", made) from session.failures[0][1]
    return made


def _outputs(made: Run[Any], path: str) -> dict[str, str]:
    return next((step.outputs for step in made.steps if step.name == path), {})


def _note_readers(plan: Plan, run: str) -> None:
    """Record which datasets a run reads, as far as they are needed."""
    for name, one in plan.inputs.items():
        for dataset in one.datasets if one.node.path in plan.selected else ():
            dataset.note(run, name, plan.name)


def kinds_of(plan: Plan) -> dict[str, dict[str, Any]]:
    """The declared types of every output, for reading them back as what they were."""
    kinds: dict[str, dict[str, Any]] = {path: one.kinds() for path, one in plan.nodes.items()}
    made = type(plan.graph.result)  # what a graph in the settings gives is declared nowhere else
    kinds[""] = {"record": plan.pipeline.signature.outputs.record or getattr(made, "_make", None)}
    return kinds


def open_run(plan: Plan, project: Home, kind: str, started: float) -> tuple[RunStart, tuple[int, str]]:
    """Record that a run begins; gives what was recorded, and the run's number and name."""
    start = _start(plan, started, False, kind)
    with project.catalog.write() as tx:
        start.record.update(_record(tx, plan, {}), plan=write.add_text(tx, "plan", json.dumps(plan.to_json())))
        for one in plan.nodes.values():
            if one.fingerprint is not None:
                write.add_closure(tx, one.fingerprint.digest, one.fingerprint.to_json)
        return start, write.add_run(tx, start)


def _start(plan: Plan, started: float, whole: bool, kind: str = "pipeline") -> RunStart:
    me = here()
    return RunStart(
        plan.name, kind, started, me.user, me.host, me.pid, me.pid_started, me.boot, {}, plan.digest, whole,
        plan.seed,
    )  # fmt: skip


def _record(tx: Any, plan: Plan, git: dict[str, Any]) -> dict[str, Any]:
    return {
        "command": [*sys.orig_argv],
        "folder": os.getcwd(),
        "environment": write.add_text(tx, "environment", json.dumps(environment())),
        "settings": write.add_text(tx, "settings", json.dumps(plan.settings.to_json(), default=str)),
        "reference": reference_of(plan.pipeline),
        **_git(tx, git),
    }


def _git(tx: Any, found: dict[str, Any]) -> dict[str, Any]:
    if "diff" in found:
        return {**found, "diff": write.add_text(tx, "diff", found["diff"])}
    return found


def _status(session: Session) -> str:
    errors = [error for _, error in session.failures]
    if any(isinstance(error, (KeyboardInterrupt, SystemExit)) for error in errors):
        return "cancelled"
    if any(not isinstance(error, Rejected) for error in errors):
        return "failed"
    return "rejected" if errors else "succeeded"


def _summary(session: Session) -> str | None:
    if not session.failures:
        return None
    label, error = session.failures[0]
    where = f"step {label!r}: " if label else ""
    more = f" (and {len(session.failures) - 1} more)" if len(session.failures) > 1 else ""
    text = masked(str(error))
    return f"{where}{type(error).__name__}{': ' if text else ''}{text}{more}"
