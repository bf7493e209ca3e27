"""Stepping: a step's result is reused where its key is known, else the function is called and its end recorded."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.archive.catalog import write
from solvent.archive.catalog.records import ArtifactRow, Discovered, InputRow, StepEnd
from solvent.engine.context import Context, entered
from solvent.engine.execute.behind.profiling import profile_jobs
from solvent.engine.execute.behind.writing import Job, describe_error
from solvent.engine.execute.calling.attempt import Attempt, Outcome, attempt
from solvent.engine.execute.calling.contracts import hold_input, schema_in
from solvent.engine.execute.calling.secrets import demand_secrets
from solvent.engine.execute.hand import Scope, State, late
from solvent.engine.execute.reading import referred_files
from solvent.engine.execute.rowwise import Blocks, by_blocks
from solvent.engine.planning.fitting import misfit_of
from solvent.engine.planning.key import derive_seed, key_of
from solvent.engine.record.outside import allowing, digest_now, env_place, file_place, is_allowance
from solvent.errors import Corrupted, InputError, PlanError, Rejected, SettingsError, SolventError
from solvent.graph.wiring import DERIVED

if TYPE_CHECKING:
    from solvent.engine.execute.session import Session
    from solvent.engine.planning.plan import NodePlan

__all__ = ["do_step"]


@dataclass(frozen=True, slots=True)
class _Work:
    """One step about to be carried out: its node and scope, the wiring of its data, and what its key consists of."""

    one: NodePlan
    scope: Scope
    item: str
    trees: Mapping[str, Any]
    inputs: Mapping[str, Any]
    settings: Mapping[str, Any]
    part: Mapping[str, Any]
    key: str

    @property
    def label(self) -> str:
        """The step as messages name it."""
        return f"{self.one.node.path}[{self.item}]" if self.item else self.one.node.path


def do_step(session: Session, one: NodePlan, scope: Scope, item: str, wired: dict[str, Any] | None = None) -> State:
    """Reuse a step's result, or carry the step out. ``wired`` stands in for the node's data, for an item of a map."""
    trees = one.wired if wired is None else wired
    inputs = session.key_inputs(one, scope, trees)
    values, part = _settings(session, one, scope, item)
    state = None
    if one.node.options.state is not None:
        session.writer.settle()  # whoever asks what led to the data finds all of it recorded
        with entered(Context(session.project, session.run_name, one.node.path, item, inputs)):
            state = one.node.options.state(values, inputs)
    key = key_of(one.fingerprint.digest if one.fingerprint else "", part, inputs, one.declared, state)
    hit = session.find_hit(one, key)
    if hit is not None:
        rows = session.input_rows(one, scope, trees)
        made = session.record_idle(one, scope, "reused", hit, item, key, rows, values)
        session.tell(one.node.path, item, "reused", rows=session.rows_of(made))
        return made
    return _run(session, _Work(one, scope, item, trees, inputs, values, part, key))


def _settings(session: Session, one: NodePlan, scope: Scope, item: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values of a node's settings, and the part of the key that they are."""
    from solvent.config import validate

    values, found = {}, {}
    trees = late(one.settings)
    for name, bound in one.node.settings.items():
        value = bound.value
        if value is DERIVED:
            value = found[name] = derive_seed(session.plan.seed, one.node.path, item)
        elif name in trees:
            spec = next(spec for spec in one.node.step.signature.settings if spec.name == name)
            value = session.values.load(trees[name], scope, spec.annotation)
            try:
                value = found[name] = validate(value, spec.annotation, from_file=False)
            except ValueError as error:
                raise PlanError(f"{one.node.where}: {one.node.path}.{name} comes from a step: {error}") from None
        values[name] = value
    return values, {**one.settings, **session.key_settings(found)} if found else one.settings


def _run(session: Session, work: _Work) -> State:
    one, node, item = work.one, work.one.node, work.item
    session.begin(node.path, item)
    start = session.start_row(one, item, work.key, dict(work.settings))
    with session.project.catalog.write() as tx:
        number = write.add_step(tx, start)
    rows = session.input_rows(one, work.scope, dict(work.trees))
    parameters = {spec.name: spec for spec in node.step.signature.data}
    blocks = by_blocks(session, one, work.inputs, work.part, work.label)

    told: list[str] = []

    def load() -> dict[str, Any]:
        data = {}
        told.clear()
        demand_secrets(node, work.settings)
        for name, tree in work.trees.items():
            wanted = parameters[name].annotation
            by_block = blocks is not None and name == blocks.parameter
            if by_block and schema_in(wanted) is None:
                continue
            data[name] = _load(session, tree, work.scope, wanted)
            wrong = misfit_of(data[name], parameters[name])
            if wrong is not None:
                raise InputError(f"{work.label}: {wrong}")
            told.extend(hold_input(data[name], wanted, f"{work.label}: {name}"))
        return data

    context = Context(session.project, session.run_name, node.path, item, dict(work.inputs))
    seed = work.settings.get("seed")
    what = Attempt(
        node.step, load, work.settings, context, seed if isinstance(seed, int) else int(work.key[:15], 16), work.label,
        node.options.reads, node.options.timeout, (session.project.folder, session.archive.store.folder),
        lambda: session.near(node.path, item, rows), None if blocks is None else blocks.call,
    )  # fmt: skip
    outcome = attempt(what, session.capture, session.meter)
    for again in range(node.options.retries):
        if not isinstance(outcome.error, Exception) or isinstance(outcome.error, (Rejected, SettingsError)):
            break
        time.sleep(min(2.0**again, 60.0))
        outcome = attempt(what, session.capture, session.meter)
    outcome.notes[:0] = [*told, *dict.fromkeys(context.warnings)]
    if session.referred and outcome.error is None:
        try:
            known = referred_files(session, rows)
        except SolventError as error:
            outcome.error = error
        else:  # what is read of them is in the key as the input that they are
            outcome.files = {path: where for path, where in outcome.files.items() if path not in known}
    if outcome.error is not None:
        return _failed(session, work, number, outcome, rows)
    return _ran(session, work, _Ended(number, outcome, rows, context, blocks))


@dataclass(frozen=True, slots=True)
class _Ended:
    """What became of it: the number of the step run, the outcome, and the rows that it read."""

    number: int
    outcome: Outcome
    rows: tuple[InputRow, ...]
    context: Context
    blocks: Blocks | None


def _load(session: Session, tree: Any, scope: Scope, wanted: Any) -> Any:
    """A parameter's value; where stored bytes turn out damaged, the step that made them is done once more."""
    try:
        return session.values.load(tree, scope, wanted)
    except Corrupted:
        for path in sorted(_paths(tree)):
            if path in session.plan.nodes and path in session.plan.graph.nodes:
                session.forced |= {path}
                session.do(session, session.plan.nodes[path], session.top)
        session.writer.settle()
        return session.values.load(tree, scope, wanted)


def _paths(tree: Any) -> set[str]:
    kind, body = next(iter(tree.items()))
    if kind == "ref":
        return {body[0]}
    if kind in ("const", "item"):
        return set()
    return {path for part in (body.values() if kind == "dict" else body) for path in _paths(part)}


def _failed(session: Session, work: _Work, number: int, outcome: Outcome, rows: tuple[InputRow, ...]) -> State:
    error = outcome.error
    assert error is not None
    status = "failed"
    if isinstance(error, Rejected):
        status = "rejected"
    elif isinstance(error, (KeyboardInterrupt, SystemExit)):
        status = "cancelled"
    shown = describe_error(error)
    session.writer.settle()
    with session.project.catalog.write() as tx:
        log = write.add_text(tx, "log", outcome.log) if outcome.log else None
        write.end_step(
            tx,
            StepEnd(
                number,
                status,
                outcome.ended,
                False,
                outcome.cpu,
                outcome.peak_mb,
                log,
                None,
                json.dumps(shown),
                inputs=rows,
            ),
        )
    session.fail(work.label, error)
    session.tell(
        work.one.node.path, work.item, status, seconds=outcome.ended - outcome.started, peak_mb=outcome.peak_mb,
        error=f"{shown['type']}: {shown['message']}",
    )  # fmt: skip
    state = State(status, {}, number)
    session.states.append(state)
    if status == "cancelled":
        raise error
    return state


def _ran(session: Session, work: _Work, ended: _Ended) -> State:
    one, item, number, outcome = work.one, work.item, ended.number, ended.outcome
    discovered, blockers = _hidden(one, outcome, session.project.root)
    reusable = one.reusable and not blockers
    if discovered or not reusable:
        session.whole = False
    told = [f"{one.path} ({one.place or 'by Solvent itself'})" for one in discovered if not is_allowance(one.path)]
    notes = {
        **({"not_reusable": [*one.uncached, *blockers]} if one.uncached or blockers else {}),
        **({"discovered": told} if told else {}),
        **({"warnings": outcome.notes} if outcome.notes else {}),
        **one.node.step.told(),
    }
    outputs = {name: pending.digest for name, pending in outcome.outputs.items()}
    state = State("ran", outputs, number, one.kinds())
    session.states.append(state)
    log = outcome.log

    def end(artifacts: tuple[ArtifactRow, ...]) -> StepEnd:
        name = None
        if log:
            with session.project.catalog.write() as tx:
                name = write.add_text(tx, "log", log)
        return StepEnd(
            number, "ran", outcome.ended, reusable, outcome.cpu, outcome.peak_mb, name,
            json.dumps(notes) if notes else None, None, outputs, ended.rows, discovered,
            tuple(ended.context.figures), artifacts,
        )  # fmt: skip

    def failed(error: BaseException) -> None:
        session.lose(state, one, item, error)

    makers = {row.producer for row in ended.rows if row.producer is not None}

    def lost() -> bool:
        if not any(other.step_run in makers and other.status == "failed" for other in session.states):
            return False
        state.status, state.outputs = "blocked", {}
        with session.project.catalog.write() as tx:
            write.end_step(tx, StepEnd(number, "blocked", time.time(), False))
        return True

    pendings = (*outcome.outputs.values(), *ended.context.kept)
    after = profile_jobs(session.project, outcome.outputs)
    if ended.blocks is not None and reusable and not discovered:
        after = (ended.blocks.remember(*outputs.values()), *after)
    for pending in outcome.outputs.values():
        session.values.hold(pending.digest, pending.written.keep)
    session.underway.add(work.key)
    session.writer.commit(Job(pendings, end, failed, lost, after))
    rows_made = [one.written.facts["rows"] for one in outcome.outputs.values() if "rows" in one.written.facts]
    session.tell(
        one.node.path, item, state.status, seconds=outcome.ended - outcome.started, peak_mb=outcome.peak_mb,
        rows=sum(rows_made) if rows_made else None, notes=tuple(line for lines in notes.values() for line in lines),
    )  # fmt: skip
    return state


def _hidden(one: NodePlan, outcome: Outcome, root: Path) -> tuple[tuple[Discovered, ...], list[str]]:
    """Undeclared files and variables (whose content must agree for a later hit), and what forbids reuse."""
    allowed = one.node.options.reads
    read = {file_place(path, root): where for path, where in outcome.files.items()}
    blockers: list[str] = []
    for seen in outcome.others:
        if seen.kind == "env":
            if f"env:{seen.name}" not in allowed and "env" not in allowed:
                read[env_place(seen.name)] = seen.where
        elif seen.kind not in allowed:
            shown = seen.name[:200]  # libraries ask for paths that are none
            blockers.append(
                f"{seen.where}: an undeclared {seen.kind} was used ({shown}), so the result cannot be reused. Read "
                f"it as an input, or allow it: @sv.step(reads=[{seen.kind!r}]), or say reuse='1 day'."
            )
    found = [Discovered(place, digest_now(place, root), where) for place, where in read.items()]
    if outcome.allowed:
        found.append(Discovered(allowing(allowed), None, ""))
    if one.fingerprint is not None:
        blockers.extend(one.fingerprint.changed_values())
    return tuple(found), blockers
