"""A session is one run being carried out here: what is known so far, what may be reused, how it is recorded."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from solvent.archive.catalog import query, write
from solvent.archive.catalog.records import InputRow, StepEnd, StepStart
from solvent.config.secret import masked
from solvent.engine.events import LogLine, Observer, StepEnded, StepStarted
from solvent.engine.execute.behind.writing import Writer, describe_error
from solvent.engine.execute.calling.capture import Capture
from solvent.engine.execute.calling.measure import Meter
from solvent.engine.execute.hand import Scope, State, Values, flatten, late, resolve
from solvent.engine.planning.key import settings_part
from solvent.engine.planning.taking import refers, takes_none
from solvent.engine.record.outside import allowed_by, digest_now, is_allowance
from solvent.engine.record.setting import setting_json
from solvent.graph.promise import node_of
from solvent.names import reference_of

if TYPE_CHECKING:
    from solvent.engine.home import Home
    from solvent.engine.planning.plan import NodePlan, Plan, Request

__all__ = ["Do", "Session", "forced_paths"]


class Do(Protocol):
    """Does one node in a scope, whatever kind it is of."""

    def __call__(self, session: Session, one: NodePlan, scope: Scope) -> State:
        """The node's state afterwards."""


class Session:
    """One run being carried out. ``do`` does any node, for those that need another one done (again)."""

    def __init__(
        self, plan: Plan, request: Request, project: Home, run: tuple[int, str], observer: Observer, do: Do
    ) -> None:
        self.plan = plan
        self.do = do
        self.project = project
        self.archive = project.archive
        self.run, self.run_name = run
        self.observer = observer
        self.forced = forced_paths(plan, request)
        self.reuse = request.reuse
        self.writer = Writer(self.archive, self.run)
        self.values = Values(self.archive, self.writer.settle)
        self.meter = Meter()
        self.top = Scope()
        self.referred: set[str] = set()
        self.underway: set[str] = set()
        """Keys of steps of this run whose ends may not be committed yet."""
        self.failures: list[tuple[str, BaseException]] = []
        self.states: list[State] = []
        self.whole = True
        self._path = ("", "")
        self._waiting: dict[str, int] = {}
        for path in plan.selected:
            for needed in plan.graph.nodes[path].needs():
                self._waiting[needed] = self._waiting.get(needed, 0) + 1
        log = project.folder / "logs" / f"{self.run_name}.log"
        self.capture = Capture(log, self._heard, observer_passes(observer))

    # -- what stands in the way ----------------------------------------------------------------------------------

    def fate(self, one: NodePlan, scope: Scope) -> tuple[str | None, str | None]:
        """``blocked`` or ``skipped`` with the reason, or None where the node can be done."""
        skipped: set[str] = set()
        for path in one.node.needs():
            try:
                state = scope.find(path)
            except KeyError:
                continue
            if state.status == "skipped":
                skipped.add(path)
            elif not state.done:
                return "blocked", f"{path!r} {state.status}"
        for guard in one.node.guards:
            path, output, _ = node_of(guard)
            state = scope.find(path)
            if path in skipped or not self.values.get(state.outputs[output], bool, bool):
                return "skipped", None
        if skipped:
            for name, tree in one.wired.items():
                wanted = next((d.annotation for d in one.node.step.signature.data if d.name == name), Any)
                if refers(tree, skipped) and not takes_none(tree, skipped, wanted):
                    return "skipped", None
        return None, None

    # -- reuse -----------------------------------------------------------------------------------------------------

    def find_hit(self, one: NodePlan, key: str) -> query.Hit | None:
        """An earlier step run whose result may stand for this one's, with all its outputs there."""
        if not self.reuse or not one.reusable or one.node.path in self.forced:
            return None
        if key in self.underway:  # the same was done in this very run, and its end is being written
            self.writer.settle()
            self.underway.clear()
        oldest = time.time() - one.node.options.reuse if one.node.options.reuse is not True else 0.0
        for hit in query.find_hits(self.project.catalog, key):
            if hit.ended < oldest or not all(self.archive.complete(name) for name in hit.outputs.values()):
                continue
            found = query.discovered(self.project.catalog, hit.id)
            if all(self._holds(place, seen, one.node.options.reads) for place, seen, _ in found):
                self.whole = self.whole and not found  # what was discovered has to be looked at each time
                return hit
        return None

    def _holds(self, place: str, seen: str | None, reads: Sequence[str]) -> bool:
        """Whether something undeclared of an earlier step run is what it was, or allowed as it was."""
        if is_allowance(place):
            return allowed_by(place, reads)
        return digest_now(place, self.project.root) == seen

    # -- records ---------------------------------------------------------------------------------------------------

    def start_row(self, one: NodePlan, item: str, key: str | None, values: dict[str, Any] | None = None) -> StepStart:
        """The beginning of a step run, as it is recorded."""
        node = one.node
        known = {name: replace(node.settings[name], value=value) for name, value in (values or {}).items()}
        shown = {name: setting_json(bound, self.archive) for name, bound in {**node.settings, **known}.items()}
        step = reference_of(node.step.raw) if node.kind != "input" else "source"
        found = one.fingerprint.digest if one.fingerprint is not None else None
        return StepStart(self.run, node.path, item, node.kind, step, key, found, json.dumps(shown), time.time())

    def input_rows(self, one: NodePlan, scope: Scope, wired: dict[str, Any] | None = None) -> tuple[InputRow, ...]:
        """What goes into a step run, as it is recorded: its data, and beside it what else of this run it hangs on."""
        trees = dict(wired or one.wired)
        trees.update((f"setting:{name}", tree) for name, tree in late(one.settings).items())
        for number, guard in enumerate(one.node.guards):
            path, output, _ = node_of(guard)
            trees[f"when:{number}"] = {"ref": [path, output]}
        return tuple(
            InputRow(name, place, value, producer)
            for name, tree in trees.items()
            for place, value, producer in flatten(tree, scope)
        )

    def record_idle(
        self, one: NodePlan, scope: Scope, status: str, hit: query.Hit | None, item: str, key: str | None = None,
        inputs: tuple[InputRow, ...] | None = None, values: dict[str, Any] | None = None,
    ) -> State:  # fmt: skip
        """Record a step run that does no work: reused, skipped or blocked."""
        self.writer.settle()
        rows = inputs if inputs is not None else (() if hit is None else self.input_rows(one, scope))
        with self.project.catalog.write() as tx:
            number = write.add_reused(tx, self.start_row(one, item, key, values), status, hit.id if hit else None, rows)
        state = State(status, dict(hit.outputs) if hit else {}, number, one.kinds())
        self.states.append(state)
        return state

    def key_inputs(self, one: NodePlan, scope: Scope, wired: dict[str, Any] | None = None) -> dict[str, Any]:
        """The digests that go into a step, by parameter."""
        return {name: resolve(tree, scope) for name, tree in (wired or one.wired).items()}

    def key_settings(self, values: dict[str, Any]) -> dict[str, Any]:
        """The part of the key that settings are which became known only now."""
        from solvent.archive.fingerprint import fingerprint

        return settings_part(values, lambda thing: fingerprint(thing, code=self.project.code).digest)

    def near(self, path: str, item: str, inputs: Sequence[InputRow]) -> list[str]:
        """The artifacts that a step's results are likely to share something with: earlier ones, and its inputs."""
        self.writer.settle()
        return [*query.made_before(self.project.catalog, path, item), *(row.digest for row in inputs)]

    def fail(self, label: str, error: BaseException) -> None:
        """Note that a step failed, or was rejected."""
        self.failures.append((label, error))

    def lose(self, state: State, one: NodePlan, item: str, error: BaseException) -> None:
        """What a step made could not be written: it failed after all, and so does whoever needs it."""
        state.status, state.outputs = "failed", {}
        self.fail(one.node.path, error)
        shown = json.dumps(describe_error(error))
        with self.project.catalog.write() as tx:
            write.end_step(tx, StepEnd(state.step_run or 0, "failed", time.time(), False, error=shown))
        self.tell(one.node.path, item, "failed", error=str(error))

    def tell(self, path: str, item: str, status: str, **facts: Any) -> None:
        """Tell the observer how a step ended."""
        if facts.get("error"):
            facts["error"] = masked(facts["error"])
        self.observer(StepEnded(path, item, status, **facts))

    def begin(self, path: str, item: str) -> None:
        """Tell the observer that a step begins."""
        self._path = (path, item)
        self.observer(StepStarted(path, item))

    def release(self, path: str) -> None:
        """A node of the outermost graph is done: let go of the live values that nobody after it needs."""
        for needed in self.plan.graph.nodes[path].needs():
            self._waiting[needed] = self._waiting.get(needed, 0) - 1
            if self._waiting[needed] == 0 and needed in self.top.states:
                for name in self.top.states[needed].outputs.values():
                    self.values.release(name)

    def made_by(self, path: str) -> str | None:
        """The digest of what an input turned out to be."""
        return self.outputs_of(path).get("value")

    def outputs_of(self, path: str) -> dict[str, str]:
        """What a node of the outermost graph made, as far as it did."""
        state = self.top.states.get(path)
        return state.outputs if state else {}

    def rows_of(self, state: State) -> int | None:
        """The rows of all outputs that are tables together; None if none is."""
        found = [query.artifact_row(self.project.catalog, name) for name in state.outputs.values()]
        rows = [row[5]["rows"] for row in found if row is not None and "rows" in row[5]]
        return sum(rows) if rows else None

    def _heard(self, stream: str, text: str) -> None:
        self.observer(LogLine(*self._path, stream, text))

    def keep_constants(self) -> None:
        """Keep the plain values that the pipeline's body hands to steps, and its live inputs."""
        if not self.plan.constants:
            return
        rows = [self.archive.finish(one) for one in self.plan.constants.values()]
        self.values.kinds.update((one.digest, one.kind) for one in self.plan.constants.values())
        with self.project.catalog.write() as tx:
            for row in rows:
                write.add_artifact(tx, row, time.time())


def observer_passes(observer: Observer) -> bool:
    """Whether what steps write also goes to the terminal: not where a face draws there itself."""
    return not getattr(observer, "draws", False)


def forced_paths(plan: Plan, request: Request) -> frozenset[str]:
    """The paths that are carried out whatever is known of them."""
    from solvent.graph.order import find

    chosen = {find(plan.graph, name) for name in request.rerun}
    return frozenset(path for path in plan.nodes if any(path == one or path.startswith(one + "/") for one in chosen))
