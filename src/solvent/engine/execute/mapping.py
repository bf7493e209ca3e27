"""Mapping: a node unfolds into its items, told apart by key or by content, each a step run of its own."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from solvent import digest
from solvent.archive.catalog import write
from solvent.archive.catalog.records import ArtifactRow, InputRow, StepEnd
from solvent.engine.execute.behind.writing import Job, describe_error
from solvent.engine.execute.hand import Scope, State, flatten, item_state, resolve
from solvent.engine.execute.stepping import do_step
from solvent.engine.planning.key import item_key
from solvent.errors import InputError, SolventError

if TYPE_CHECKING:
    from solvent.engine.execute.session import Session
    from solvent.engine.planning.plan import NodePlan

__all__ = ["do_map"]


def do_map(session: Session, one: NodePlan, scope: Scope) -> State:
    """Do a step, or a pipeline's template, for each item; the results are gathered in one list or dict."""
    item, node = scope.item, one.node
    first = node.step.signature.data[0]
    by_key, items = _items(session, one.wired[first.name], scope, first.annotation)
    with session.project.catalog.write() as tx:
        number = write.add_step(tx, session.start_row(one, item, None))
    states: dict[str, State] = {}
    made: list[InputRow] = []
    for label, tree in items.items():
        shown = label or '""'  # an empty key has to be told from no item at all
        name = f"{item}/{shown}" if item else shown
        if node.template is None:
            state = do_step(session, one, scope, name, {**one.wired, first.name: tree})
            made += [InputRow("item:", f"{label}.{out}", done, state.step_run) for out, done in state.outputs.items()]
        else:
            inner = Scope(name, scope)
            inner.states.update(item_state(*_one_value(session, tree, scope, first.annotation), first.annotation))
            state = _do_template(session, one, inner)
            found = flatten(one.result, inner) if state.done else ()
            made += [InputRow("item:", f"{label}.{place}", done, producer) for place, done, producer in found]
        states[label] = state
    bad = {label: state for label, state in states.items() if not state.done}
    if bad and node.options.on_error != "collect":
        return _failed(session, one, number, item, bad)
    done = {label: state for label, state in states.items() if state.done}
    return _gather(session, one, number, item, by_key, done, (*session.input_rows(one, scope), *made), bad)


def _items(session: Session, tree: Any, scope: Scope, wanted: Any) -> tuple[bool, dict[str, Any]]:
    """Whether the items have keys; and the wiring of each by label."""
    kind, body = next(iter(tree.items()))
    if kind == "dict":
        return True, {str(label): part for label, part in body.items()}
    if kind in ("list", "tuple", "record"):
        return False, _labelled(body, scope)
    value = session.values.load(tree, scope, _container(wanted, tree, scope))
    producer = scope.find(body[0]).step_run if kind == "ref" else None
    if isinstance(value, Mapping):
        if not all(isinstance(label, str) for label in value):
            raise InputError("a dict that is mapped over needs text as keys: they name the step runs")
        return True, {label: {"item": (_keep(session, part), producer)} for label, part in value.items()}
    if not isinstance(value, (list, tuple)):
        raise InputError(f"only a list or a dict can be mapped over, not {type(value).__qualname__}")
    return False, _labelled([{"item": (_keep(session, part), producer)} for part in value], scope)


def _one_value(session: Session, tree: Any, scope: Scope, wanted: Any) -> tuple[str, int | None]:
    """An item as one artifact, and the step run that it comes from (None for one that is put together of several)."""
    made = flatten(tree, scope)
    if len(made) == 1 and made[0][0] == "":
        return made[0][1:]
    return _keep(session, session.values.load(tree, scope, wanted)), None


def _container(wanted: Any, tree: Any, scope: Scope) -> Any:
    body = tree.get("ref")
    return scope.find(body[0]).kinds.get(body[1], Any) if body else Any


def _labelled(items: Sequence[Any], scope: Scope) -> dict[str, Any]:
    """Items without keys are told apart by content, a repeated one by its count."""
    found: dict[str, Any] = {}
    seen: dict[str, int] = {}
    for tree in items:
        made = resolve(tree, scope)
        label = made if isinstance(made, str) else digest.of_structure("item.1", made)
        seen[label] = seen.get(label, 0) + 1
        found[label[:12] if seen[label] == 1 else f"{label[:12]}~{seen[label]}"] = tree
    return found


def _keep(session: Session, value: Any) -> str:
    """Make an artifact of an item, so that it can be handed to a step run of its own."""
    pending = session.archive.prepare(value)
    row = session.archive.finish(pending)
    with session.project.catalog.write() as tx:
        write.add_artifact(tx, row, time.time())
    return pending.digest


def _do_template(session: Session, one: NodePlan, inner: Scope) -> State:
    assert one.node.template is not None
    worst = "ran"
    for path in one.node.template.nodes:
        state = session.do(session, session.plan.nodes[path], inner)
        if not state.done and state.status != "skipped":
            worst = "failed"
    if worst == "failed":
        return State("failed")
    made = resolve(one.result, inner)
    if isinstance(made, str):
        return State("ran", {"value": made}, None, {"value": one.node.step.signature.outputs.annotation})
    value_made = session.values.load(one.result, inner, one.node.step.signature.outputs.annotation)
    return State("ran", {"value": _keep(session, value_made)})


def _failed(session: Session, one: NodePlan, number: int, item: str, bad: dict[str, State]) -> State:
    error = SolventError(f"{len(bad)} of the items failed: {', '.join(bad)}")
    session.writer.settle()
    with session.project.catalog.write() as tx:
        write.end_step(tx, StepEnd(number, "failed", time.time(), False, error=json.dumps(describe_error(error))))
    session.tell(one.node.path, item, "failed", error=str(error))
    state = State("failed", {}, number)
    session.states.append(state)
    return state


def _gather(
    session: Session, one: NodePlan, number: int, item: str, by_key: bool, done: dict[str, State],
    rows: tuple[InputRow, ...], bad: dict[str, State],
) -> State:  # fmt: skip
    """Make one list or dict of what the items made, unless the very same was made before."""
    outputs = one.node.step.signature.outputs
    labels = list(done) if by_key else []
    key = item_key(labels, [json.dumps(state.outputs, sort_keys=True) for state in done.values()])
    notes = {"items_failed": list(bad)} if bad else {}
    hit = session.find_hit(one, key)
    if hit is not None:
        session.writer.settle()
        with session.project.catalog.write() as tx:
            write.end_step(
                tx,
                StepEnd(
                    number, "reused", time.time(), False, notes=json.dumps(notes), outputs=hit.outputs, inputs=rows
                ),
            )
        state = State("reused", dict(hit.outputs), number, dict(one.node.outputs))
        session.states.append(state)
        session.tell(one.node.path, item, "reused")
        return state
    if one.node.template is not None:  # what a pipeline returned was made one value already
        values = [session.values.get(state.outputs["value"], outputs.annotation) for state in done.values()]
    else:
        values = [
            outputs.join(
                {name: session.values.get(made, outputs.fields.get(name, Any)) for name, made in state.outputs.items()}
            )
            for state in done.values()
        ]
    pending = session.archive.prepare(dict(zip(done, values, strict=True)) if by_key else values)
    state = State("ran", {"value": pending.digest}, number, dict(one.node.outputs))
    session.states.append(state)
    with session.project.catalog.write() as tx:
        tx.execute("UPDATE step_runs SET key = ? WHERE id = ? AND status = 'running'", (key, number))

    def end(artifacts: tuple[ArtifactRow, ...]) -> StepEnd:
        return StepEnd(
            number, "ran", time.time(), not bad, notes=json.dumps(notes) if notes else None,
            outputs={"value": pending.digest}, inputs=rows, artifacts=artifacts,
        )  # fmt: skip

    def failed(error: BaseException) -> None:
        session.lose(state, one, item, error)

    session.values.hold(pending.digest, pending.written.keep)
    session.writer.commit(Job((pending,), end, failed, lambda: False))
    session.tell(one.node.path, item, "ran")
    return state
