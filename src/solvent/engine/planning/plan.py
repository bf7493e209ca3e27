"""A plan is a pipeline bound to settings and inputs: pure data, content-addressed, made before anything runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent import digest
from solvent.archive.fingerprint import Fingerprint, fingerprint
from solvent.archive.formats.asking import kind_of
from solvent.config import Settings, load_settings
from solvent.data import is_table_type
from solvent.engine import watch
from solvent.engine.datasets.declared import check_declared
from solvent.engine.execute.calling.contracts import schema_digests
from solvent.engine.execute.hand import concrete
from solvent.engine.planning.finding import find_pipeline, run_seed
from solvent.engine.planning.fitting import misfit_of
from solvent.engine.planning.inputs import Input, bind_inputs
from solvent.engine.planning.key import declared, derive_seed, settings_part
from solvent.engine.planning.naming import find_used
from solvent.engine.planning.taking import check_reference
from solvent.engine.record.setting import setting_json
from solvent.errors import NoFormat, PlanError, Problem, SettingsError
from solvent.graph.node import Graph, Node
from solvent.graph.order import above, find
from solvent.graph.pipelines import Pipeline
from solvent.graph.promise import Promise, node_of, promises_in
from solvent.graph.steps import Step
from solvent.graph.wiring import DERIVED, Ground, wire
from solvent.names import reference_of

if TYPE_CHECKING:
    from solvent.archive.keeping import Pending
    from solvent.engine.home import Home

__all__ = ["NodePlan", "Plan", "Request", "make_plan", "plan_node"]


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked to be run: a pipeline or settings file, and everything that changes it.

    Without ``look`` no source is opened, so that a plan can be made where the data is not.
    """

    pipeline: Any
    config: Sequence[Path | Mapping[str, Any]] = ()
    sets: Sequence[str] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)
    profile: str | None = None
    to: str | None = None
    rerun: Sequence[str] = ()
    reuse: bool = True
    look: bool = True


@dataclass(slots=True, eq=False)
class NodePlan:
    """What is settled about a node before anything runs."""

    node: Node
    fingerprint: Fingerprint | None
    settings: dict[str, Any]
    wired: dict[str, Any]
    declared: str
    uncached: tuple[str, ...] = ()
    result: Any = None
    given: Mapping[str, Any] = field(default_factory=dict)

    def kinds(self) -> dict[str, Any]:
        """The declared types of the outputs; of a role's, the class that it was told to use."""
        node = self.node
        if node.step.options.kinds is not None and node.kind == "step":
            values = {name: bound.value for name, bound in node.settings.items()}
            found = node.step.options.kinds(values, self.given)
            return found if isinstance(found, dict) else {"value": found}
        if node.step.options.role and list(node.outputs) == ["value"] and not concrete(node.outputs["value"]):
            use = node.settings["use"].value
            if isinstance(use, type):
                return {"value": use}
        return dict(node.outputs)

    def identity(self) -> list[Any]:
        """What of this node decides the work, as JSON (which is the fastest way to one text for hundreds of nodes)."""
        node = self.node
        settings = digest.of_structure("settings.1", self.settings) if self.settings else None
        guards = [node_of(guard)[:2] for guard in node.guards]
        code = self.fingerprint.digest if self.fingerprint is not None else None
        return [node.path, node.kind, code, settings, self.wired, guards, self.declared]

    @property
    def reusable(self) -> bool:
        """Whether a result may be reused, as far as the code and its options tell."""
        return not self.uncached and self.node.options.reuse is not False


@dataclass(slots=True, eq=False)
class Plan:
    """All that shall be done. ``nodes`` also holds the nodes inside mapped pipelines."""

    name: str
    pipeline: Pipeline[Any, Any]
    graph: Graph
    settings: Settings
    seed: int
    nodes: dict[str, NodePlan]
    inputs: dict[str, Input]
    constants: dict[str, Pending]
    selected: frozenset[str]
    result: Any
    identity: str
    whole: bool
    whole_by_code: bool

    @property
    def digest(self) -> str:
        """The identity of all the work, with the inputs as far as they are known without reading."""
        return self.digest_with({name: one.known for name, one in self.inputs.items()})

    def digest_with(self, known: Mapping[str, str | None]) -> str:
        """The identity of all the work, for given input artifacts."""
        chosen = {name: known[name] for name, one in self.inputs.items() if one.node.path in self.selected}
        return digest.of_structure("plan.1", [self.identity, chosen])

    def to_json(self) -> dict[str, Any]:
        """The plan as data: what is stored with a run, and what can be looked at without running."""
        return {
            "pipeline": reference_of(self.pipeline),
            "name": self.name,
            "seed": self.seed,
            "inputs": {name: one.describe() for name, one in self.inputs.items()},
            "nodes": [self._node_json(one) for one in self.nodes.values()],
            "selected": sorted(self.selected),
            "result": self.result,
        }

    def _node_json(self, one: NodePlan) -> dict[str, Any]:
        node = one.node
        return {
            "path": node.path,
            "kind": node.kind,
            "step": reference_of(node.step.raw) if node.kind != "input" else node.name,
            "where": node.where,
            "settings": {name: setting_json(bound) for name, bound in node.settings.items()},
            "data": one.wired,
            "guards": [list(node_of(guard)[:2]) for guard in node.guards],
            "outputs": one.declared,
            "fingerprint": one.fingerprint.digest if one.fingerprint else None,
            "uncached": list(one.uncached),
        }


def make_plan(request: Request, project: Home) -> Plan:
    """Bind a pipeline to its settings and inputs.

    Raises :class:`SettingsError` with every fault of the settings at once, :class:`PlanError` for wiring that
    cannot be.
    """
    project.put_on_path()
    project.code.refresh()
    problems: list[Problem] = []
    settings = load_settings(
        list(request.config), root=project.root, sets=list(request.sets), profile=request.profile,
        secrets=lambda name: _secret(project, name), problems=problems,
    )  # fmt: skip
    try:
        pipeline, seed = find_pipeline(request.pipeline, settings, request.inputs), run_seed(settings)
    except SettingsError as error:
        raise SettingsError([*problems, *error.problems]) from error.__cause__
    ground = Ground(is_table_type, lambda path: derive_seed(seed, path), find_used, problems)
    inputs, data = bind_inputs(pipeline, settings, request.inputs, project, ground.problems, request.look)
    graph = Graph(pipeline.name)
    if not any(problem.what.startswith("missing input") for problem in problems):
        graph = wire(pipeline, data, settings.root_block, ground)
    problems += [*check_declared(graph), *settings.unread()]
    if problems:
        raise SettingsError(problems)
    graph.nodes = {**{one.node.path: one.node for one in inputs.values()}, **graph.nodes}
    return _settle(request, project, pipeline, graph, settings, seed, inputs)


def _secret(project: Home, name: str) -> str:
    """The text of a secret; looking it up is the engine's doing, and makes it no input of the step that reveals it."""
    with watch.exempt():
        return project.file.secret(name)


def _settle(
    request: Request,
    project: Home,
    pipeline: Pipeline[Any, Any],
    graph: Graph,
    settings: Settings,
    seed: int,
    inputs: dict[str, Input],
) -> Plan:
    constants: dict[str, Pending] = {}
    nodes: dict[str, NodePlan] = {}
    for node in _all_nodes(graph):
        nodes[node.path] = plan_node(node, project, constants)
        if node.step.options.kinds is not None:
            nodes[node.path].given = kinds_given(node, nodes)
    for one in inputs.values():
        with one.blamed():
            check_reference(one, nodes.values())
    selected = frozenset(above(graph, [find(graph, request.to)]) if request.to else graph.nodes)
    for forced in request.rerun:  # a misspelt one raises now, before a run is recorded
        find(graph, forced)
    result = None if request.to else _wired(graph.result, project, constants)
    chosen = [one for path, one in nodes.items() if path in selected or path not in graph.nodes]
    known = [one.known for one in inputs.values() if one.node.path in selected]
    identity = json.dumps([[one.identity() for one in chosen], result])
    by_code = all(one.reusable and one.node.options.reuse is True and one.node.options.state is None for one in chosen)
    whole = by_code and request.reuse and not request.rerun and None not in known
    name = str(settings.name.value) if settings.name is not None else pipeline.name
    return Plan(
        name, pipeline, graph, settings, seed, nodes, inputs, constants, selected, result,
        identity, whole, by_code,
    )  # fmt: skip


def _all_nodes(graph: Graph) -> list[Node]:
    found: list[Node] = []
    for node in graph.nodes.values():
        found.append(node)
        if node.template is not None:
            found.extend(_all_nodes(node.template))
    return found


def plan_node(node: Node, project: Home, constants: dict[str, Pending]) -> NodePlan:
    """What is settled about one node before anything runs; its plain values are added to ``constants``."""
    wired = {}
    parameters = {one.name: one for one in node.step.signature.data}
    for place, (name, value) in enumerate(node.data.items()):
        wrong = _misfit(value, parameters.get(name)) if node.kind == "step" or place else None
        if wrong is not None:
            raise PlanError(f"{node.where}: {node.path!r}: {wrong}")
        try:
            wired[name] = _wired(value, project, constants)
        except NoFormat as error:
            raise PlanError(f"{node.where}: {node.path!r} is given {_unfit(name, value, error)}") from None
    outputs = declared(node.outputs, project.code.owns)
    if node.kind == "input":
        return NodePlan(node, None, {}, wired, outputs)
    if node.options.rowwise or node.options.combine is not None:
        _check_blocks(node)
    if node.options.executor not in (None, "inline"):
        raise PlanError(
            f"{node.where}: {node.path!r} asks for the executor {node.options.executor!r}; this version of Solvent "
            f"carries every step out in its own process (executor: inline)"
        )
    if node.template is not None:
        return NodePlan(node, None, {}, wired, outputs, (), _wired(node.template.result, project, constants))
    found = fingerprint(node.step.raw, code=project.code)
    uncached = [*found.uncached, *_behaviours(node.options.combine, project)]
    allowed = node.options.reads
    for one in found.hidden:
        if one.kind != "env" and one.kind not in allowed and one.name not in allowed:
            uncached.append(f"{one.where} reads {one.name}. {_WAY_OUT[one.kind]}")
    fixed = {}
    for name, bound in node.settings.items():
        if bound.value is DERIVED or next(promises_in(bound.value), None) is not None:
            continue
        fixed[name] = bound.value
        uncached.extend(_behaviours(bound.value, project))
    try:
        settings = settings_part(fixed, lambda thing: fingerprint(thing, code=project.code).digest)
    except TypeError as error:
        raise PlanError(f"{node.where}: {node.path!r}: {error}") from None
    contracts = schema_digests({**{one.name: one.annotation for one in node.step.signature.data}, **node.outputs})
    if contracts:
        settings["contracts="] = contracts
    if node.options.combine is not None:
        settings["combine="] = fingerprint(node.options.combine, code=project.code).digest
    for name, bound in node.settings.items():
        if name not in fixed:
            settings[name] = "derived" if bound.value is DERIVED else {"edge": _wired(bound.value, project, constants)}
    return NodePlan(node, found, settings, wired, outputs, tuple(uncached))


def _misfit(value: Any, parameter: Any) -> str | None:
    """What is wrong with a value that stands in the pipeline's code; nothing is said of what steps will make."""
    if parameter is None or value is parameter.default or next(promises_in(value), None) is not None:
        return None
    return None if isinstance(value, Step) else misfit_of(value, parameter)


def _unfit(name: str, value: Any, error: NoFormat) -> str:
    if isinstance(value, Step):
        return (
            f"the step {value.name!r} as its data {name!r}. A pipeline takes a step so; another step takes it as a "
            f"setting: behind the star of its signature, (…, *, {name}: sv.Step)"
        )
    return f"what cannot be kept as its data {name!r}: {error}"


def _check_blocks(node: Node) -> None:
    """A step that works by block takes a table first, and a row-wise one gives a table. Raises :class:`PlanError`."""
    data, outputs, options = node.step.signature.data, node.step.signature.outputs, node.options
    word = "rowwise=True" if options.rowwise else "combine="
    if options.rowwise and options.combine is not None:
        raise PlanError(f"{node.where}: {node.path!r} says rowwise=True and combine=: it is one or the other")
    given = node.data.get(data[0].name) if data else None  # a table itself, where steps are called one by one
    takes = bool(data) and not data[0].variadic and (type(given) is Promise or is_table_type(type(given)))
    gives = len(outputs.fields) == 1 and (options.combine is not None or is_table_type(outputs.annotation))
    if not takes or not is_table_type(data[0].annotation) or not gives:
        raise PlanError(
            f"{node.where}: {node.path!r} says {word}: its first parameter must be a table that a step or an input "
            f"gives, and it must return one {'table' if options.rowwise else 'value'}, by their annotations"
        )


def kinds_given(node: Node, nodes: Mapping[str, NodePlan]) -> dict[str, Any]:
    """The classes of what a node's data parameters will get."""
    return {name: _kind_of(value, nodes) for name, value in node.data.items()}


def _kind_of(value: Any, nodes: Mapping[str, NodePlan]) -> Any:
    """The class of what a data parameter will get, as far as the plan tells; a tuple of them for several."""
    if type(value) is Promise:
        path, output, kind = node_of(value)
        return nodes[path].kinds().get(output, kind) if path in nodes else kind
    return tuple(_kind_of(item, nodes) for item in value) if isinstance(value, (list, tuple)) else kind_of(value)


def _behaviours(value: Any, project: Home) -> tuple[str, ...]:
    """Why code that is handed over as a setting cannot be identified, if it cannot."""
    return fingerprint(value, code=project.code).uncached if callable(value) else ()


def _wired(value: Any, project: Home, constants: dict[str, Pending]) -> Any:
    """A value of a node's data as plain data: references to outputs, and constants by digest."""
    if type(value) is Promise:
        node, output, _ = node_of(value)
        return {"ref": [node, output]}
    if isinstance(value, (list, tuple)) and next(promises_in(value), None) is not None:
        kind = "record" if hasattr(value, "_fields") else type(value).__name__
        return {kind: [_wired(item, project, constants) for item in value]}
    if isinstance(value, tuple) and not value:
        return {"tuple": []}
    if isinstance(value, dict) and next(promises_in(value), None) is not None:
        return {"dict": {name: _wired(item, project, constants) for name, item in value.items()}}
    pending = project.archive.prepare(value)
    constants[pending.digest] = pending
    return {"const": pending.digest}


_WAY_OUT = {
    "clock": "Give the time as a setting, such as as_of: ${run.date}, or say reuse=False, reuse='1 day' or "
    "reads=['clock'].",
    "entropy": "Take a setting 'seed: int', or say reuse=False or reads=['entropy'].",
    "host": "Give it as a setting, or say reuse=False or reads=['host'].",
}
