"""Wiring runs a pipeline's body once, with promises in the place of data, and writes down what it calls."""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from solvent.config import REQUIRED, Block, Bound, Origin, Setting, bind, hand_on, validate
from solvent.errors import DefinitionError, PlanError, Problem
from solvent.graph.annotation import describe, element_of, outputs_of
from solvent.graph.checking import fits
from solvent.graph.declared.recipe import argument_of
from solvent.graph.node import Graph, Node
from solvent.graph.pipelines import Pipeline
from solvent.graph.promise import Promise, caller_line, node_of, promises_in
from solvent.graph.steps import ACTIVE, Options, Step, parse_publish, parse_reuse

__all__ = ["DERIVED", "ITEM", "Ground", "wire"]

ITEM = "\0item"  # the node that a template's items come from; no path can be called so


class _Derived:
    """A mapped step's seed: derived for each item when the items are known."""

    def __repr__(self) -> str:
        return "derived"


DERIVED = _Derived()


@dataclass(frozen=True, slots=True)
class Ground:
    """What wiring needs from the floors above: which types are tables, seeds, references, and where faults go."""

    family: Callable[[Any], bool]
    seed_of: Callable[[str], int]
    load: Callable[[str], Any]
    problems: list[Problem] = field(default_factory=list)


@dataclass(slots=True)
class _Scope:
    prefix: str
    block: Block
    label: str
    used: dict[str, str] = field(default_factory=dict)
    bound: Mapping[str, Bound] = field(default_factory=dict)
    """The settings of the pipeline whose body this is."""


def wire(pipeline: Pipeline[Any, Any], data: Mapping[str, Any], block: Block, ground: Ground) -> Graph:
    """The graph of a pipeline whose data parameters are bound to ``data`` and whose settings stand in ``block``.

    Faults in settings are added to ``ground.problems``; what cannot be wired raises :class:`PlanError`.
    """
    wiring = _Wiring(ground, Graph(pipeline.name, annotation=pipeline.signature.outputs.annotation))
    wiring.scopes.append(_Scope("", block, ""))
    try:
        wiring.graph.result = wiring.body(pipeline, dict(data), {}, wiring.scopes[0], pipeline.name)
    except Exception:
        if not ground.problems:  # a pipeline without its settings gives nothing, on which the body may stumble
            raise
    return wiring.graph


class _Wiring:
    """The caller that answers while a pipeline's body runs."""

    def __init__(self, ground: Ground, graph: Graph) -> None:
        self.ground = ground
        self.graph = graph
        self.scopes: list[_Scope] = []
        self.open: list[Any] = []
        self.guards: list[Promise] = []

    # -- what a body can do ------------------------------------------------------------------------------------

    def call(self, step: Step[Any, Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        where = caller_line()
        scope, path = self._enter(step, where)
        block = _block(step, scope)
        used = self._used(step, block, where)
        data, settings = _split(used, args, kwargs, where)
        if isinstance(used, Pipeline):
            return self.body(used, data, settings, _Scope(path + "/", block, _dotted(path)), path)
        node = self._node(used, path, data, settings, block, where)
        self._check_edges(node)
        return node.step.signature.outputs.join(self._add(node, node.step.signature.outputs.fields))

    def map(self, step: Step[Any, Any], items: Any, rest: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        where = caller_line()
        scope, path = self._enter(step, where)
        block = _block(step, scope)
        used = self._used(step, block, where)
        data, settings = _split(used, (items, *rest), kwargs, where)
        if not used.signature.data:
            raise PlanError(f"{where}: {used.name!r} has no data parameter to be mapped over")
        first = used.signature.data[0]
        produced = node_of(items)[2] if type(items) is Promise else Any
        by_key = isinstance(items, Mapping) or _is_mapping(produced)
        if isinstance(used, Pipeline):
            node = self._template(used, path, data, settings, block)
            result = used.signature.outputs.annotation
        else:
            node = self._node(used, path, data, settings, block, where, mapped=True)
            result = used.signature.outputs.annotation
            self._check_edges(node, skip=first.name)
        self._check_fit(element_of(produced), first.annotation, first.name, node, "each item")
        kind = dict[str, result] if by_key else list[result]  # type: ignore[valid-type]
        return self._add(node, {"value": kind})["value"]

    def when(self, flag: Any, then: Step[Any, Any], data: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if type(flag) is not Promise:
            return self.call(then, data, kwargs) if flag else None
        produced = node_of(flag)[2]
        if fits(produced, bool, self.ground.family) is False:
            raise PlanError(
                f"{caller_line()}: sv.when needs a boolean to decide by, and {node_of(flag)[0]!r} makes "
                f"{describe(produced)}. Make the decision in a step that returns bool."
            )
        self.guards.append(flag)
        try:
            return self.call(then, data, kwargs)
        finally:
            self.guards.pop()

    def vary(self, step: Step[Any, Any], name: str, label: str, values: Mapping[str, Any]) -> Step[Any, Any]:
        """The step as ``label``, whose settings are those under ``name`` with ``values`` over them, by their paths."""
        scope = self.scopes[-1]
        scope.block = scope.block.own()
        scope.block.vary(name, label, values)
        return step.named(label)

    # -- pipelines ---------------------------------------------------------------------------------------------

    def body(
        self, pipeline: Pipeline[Any, Any], data: dict[str, Any], code: dict[str, Any], scope: _Scope, label: str
    ) -> Any:
        """Run a pipeline's body in a scope of its own, and give what it returns."""
        if pipeline.raw in self.open:
            raise PlanError(f"{caller_line()}: the pipeline {pipeline.name!r} uses itself, so it would never end")
        settings = self._bind(pipeline, code, scope.block, scope.label or pipeline.name)
        scope.bound = settings
        self.open.append(pipeline.raw)
        self.scopes.append(scope)
        token = ACTIVE.set(self)
        try:
            values = {name: one.value for name, one in settings.items()}
            if len(values) < len(pipeline.signature.settings):
                return None  # a setting is missing or wrong: that is reported, and the body can't be run
            result = pipeline.invoke(data, values)
        finally:
            ACTIVE.reset(token)
            self.scopes.pop()
            self.open.pop()
        if not self.ground.problems:  # what a faulty setting leaves out is no fault of what is returned
            self._check_result(pipeline, result, label)
        return result

    def _template(
        self, pipeline: Pipeline[Any, Any], path: str, data: dict[str, Any], code: dict[str, Any], block: Block
    ) -> Node:
        """A pipeline that is mapped: its body is wired once for a promised item, and done for each item later."""
        first = pipeline.signature.data[0]
        inner = _Wiring(self.ground, Graph(path, annotation=pipeline.signature.outputs.annotation))
        inner.open = list(self.open)
        scope = _Scope(path + "/", block, _dotted(path))
        promised = {**data, first.name: Promise(ITEM, "value", first.annotation)}
        inner.graph.result = inner.body(pipeline, promised, code, scope, path)
        return Node(path, "map", pipeline, data, {}, pipeline.options, caller_line(), tuple(self.guards), inner.graph)

    def _check_result(self, pipeline: Pipeline[Any, Any], result: Any, label: str) -> None:
        outputs = pipeline.signature.outputs
        parts = {"value": result}
        if outputs.record is not None and isinstance(result, tuple) and len(result) == len(outputs.fields):
            parts = outputs.split(result)
        for name, value in parts.items():
            if type(value) is Promise:
                node, _, produced = node_of(value)
                what = f"the {describe(produced)} of {node!r}"
            elif value is None or isinstance(value, (bool, int, float, str, bytes)):
                produced = type(value)
                what = "nothing" if value is None else f"the {describe(produced)} {value!r:.60}"
            else:
                continue
            if fits(produced, outputs.fields.get(name, Any), self.ground.family) is False:
                raise PlanError(
                    f"the pipeline {label!r} declares that it returns {describe(outputs.fields[name])}, and returns "
                    f"{what}. Change the annotation or what is returned."
                )

    # -- nodes -------------------------------------------------------------------------------------------------

    def _enter(self, step: Step[Any, Any], where: str) -> tuple[_Scope, str]:
        scope = self.scopes[-1]
        name = step.label or step.name
        if name in scope.used:
            raise PlanError(
                f"{where}: two steps are called {name!r} (the first at {scope.used[name]}). Give this one a name of "
                f'its own: {step.name}.named("…")(…).'
            )
        if not scope.prefix and name == "inputs":
            raise PlanError(f"{where}: 'inputs' is where a pipeline's inputs stand. Give this step another name.")
        scope.used[name] = where
        return scope, scope.prefix + name

    def _used(self, step: Step[Any, Any], block: Block, where: str) -> Step[Any, Any]:
        """The step itself, or the one that ``use:`` puts in its place."""
        if step.options.beside or block.use is None or step.options.role:
            return step
        label = step.label or step.name
        try:
            used = self.ground.load(str(block.use.value)) if isinstance(block.use.value, str) else block.use.value
        except Exception as error:
            self.ground.problems.append(Problem(str(block.use.origin), f"steps.{label}.use: {error}"))
            return step
        if not isinstance(used, Step):
            text = f"steps.{label}.use: {block.use.value} is no step or pipeline; decorate it with @sv.step"
            self.ground.problems.append(Problem(str(block.use.origin), text))
            return step
        if used.raw is step.raw:
            return step
        made, asked = used.signature.outputs.annotation, step.signature.outputs.annotation
        if fits(made, asked, self.ground.family) is False:
            text = (
                f"steps.{label}.use: {block.use.value} makes {describe(made)}, {label!r} has to make {describe(asked)}"
            )
            self.ground.problems.append(Problem(str(block.use.origin), text))
            return step
        return used

    def _node(
        self, step: Step[Any, Any], path: str, data: dict[str, Any], code: dict[str, Any], block: Block, where: str,
        mapped: bool = False,
    ) -> Node:  # fmt: skip
        settings = self._bind(step, code, block, _dotted(path), path, mapped)
        if step.options.given is not None:
            data = step.options.given(data, self.graph.nodes, path)
        options = self._options(step.options, block, path)
        node = Node(path, "map" if mapped else "step", step, data, settings, options, where, tuple(self.guards))
        for one in step.signature.settings:
            if one.name in code and one.name in settings:  # what a step gives; the rest is checked by its value
                self._check_value(settings[one.name].value, one.annotation, one.name, node)
        return node

    def _add(self, node: Node, fields: dict[str, Any]) -> dict[str, Promise]:
        node.outputs = fields
        self.graph.nodes[node.path] = node
        return {name: Promise(node.path, name, kind) for name, kind in fields.items()}

    def _bind(
        self, step: Step[Any, Any], code: dict[str, Any], block: Block, label: str, path: str = "", mapped: bool = False
    ) -> dict[str, Bound]:  # fmt: skip
        fed: dict[str, Bound] = {}
        specs: list[Setting] = []
        for spec in step.signature.settings:
            if spec.name in code and next(promises_in(code[spec.name]), None) is not None:
                fed[spec.name] = Bound(code[spec.name], Origin("code"), ())
                if spec.name in block.settings:
                    block.mark_read(spec.name)
                    text = f"{label}.{spec.name} is fed by a step in the pipeline's code, so settings cannot name it"
                    self.ground.problems.append(Problem(str(block.settings[spec.name].origin), text))
            elif step.options.role and spec.name in ("use", "with_"):
                continue
            elif (
                spec.name == "seed" and spec.default is REQUIRED and "seed" not in code and "seed" not in block.settings
            ):
                value = DERIVED if mapped else self.ground.seed_of(path or label)
                fed["seed"] = Bound(value, Origin("derived from the run's seed"), ())
            else:
                specs.append(spec)
        if step.options.role:
            fed.update(self._role(step, code, block, label))
        rest = {name: value for name, value in code.items() if name not in fed}
        names = tuple(one.name for one in step.signature.data)
        for name in names:
            if name in block.settings:
                text = f"{label}.{name} is data, not a setting. To make it one, put '*,' before it in the signature."
                self.ground.problems.append(Problem(str(block.settings[name].origin), text))
                block.mark_read(name)
        bound = bind(specs, rest, block, where=label, problems=self.ground.problems)
        if self.scopes:
            hand_on(bound, rest, self.scopes[-1].bound, self.scopes[-1].label or "settings")
        return {**bound, **fed}

    def _role(self, step: Step[Any, Any], code: dict[str, Any], block: Block, label: str) -> dict[str, Bound]:
        """What ``use:`` and ``with:`` put into a role, the arguments checked against the named thing's signature."""
        found: dict[str, Bound] = {}
        defaults = {one.name: one.default for one in step.signature.settings}
        use = Bound(code.get("use", defaults["use"]), Origin("code" if "use" in code else "signature"), ())
        if block.use is not None:
            try:
                value = block.use.value
                use = Bound(self.ground.load(value) if isinstance(value, str) else value, block.use.origin, ())
            except Exception as error:
                self.ground.problems.append(Problem(str(block.use.origin), f"{label}.use: {error}"))
        found["use"] = use
        given: dict[str, Any] = dict(code.get("with_") or {})
        origin = Origin("code" if given else "signature")
        if block.use is None or not block.with_:
            given = given if block.use is None else {}
        for name, leaf in (block.with_ or {}).items():
            origin = leaf.origin
            try:
                given[name] = argument_of(use.value, name, leaf.value, self.ground.load)
            except ValueError as error:
                self.ground.problems.append(Problem(str(leaf.origin), f"{label}.with.{name}: {error}"))
        found["with_"] = Bound(given, origin, ())
        if step.options.check is not None:
            for text in step.options.check(use.value, given):
                self.ground.problems.append(Problem(str(use.origin), f"{label}.{text}"))
        return found

    def _options(self, options: Options, block: Block, path: str) -> Options:
        values: dict[str, Any] = {}
        kinds = {"retries": int, "timeout": float, "cpus": float, "memory": str, "gpus": float, "executor": str}
        for name, leaf in (block.options or {}).items():
            try:
                if name == "reuse":
                    value = leaf.value
                    values[name] = parse_reuse({"true": True, "false": False}.get(str(value).lower(), value))
                elif name == "publish":
                    values[name] = parse_publish(leaf.value)
                elif name == "on_error":
                    values[name] = str(leaf.value)
                    if values[name] not in ("stop", "collect"):
                        raise ValueError(f"expected stop or collect, got {leaf.value!r}")
                elif name in kinds:  # of any other it was said that there is none
                    values[name] = validate(leaf.value, kinds[name], from_file=True)
            except ValueError as error:
                self.ground.problems.append(Problem(str(leaf.origin), f"{_dotted(path)}.options.{name}: {error}"))
        return replace(options, **values) if values else options

    # -- checks ------------------------------------------------------------------------------------------------

    def _check_edges(self, node: Node, skip: str | None = None) -> None:
        for one in node.step.signature.data:
            value = node.data.get(one.name)
            if one.name == skip or value is None:
                continue
            if one.variadic:
                for item in value:
                    self._check_value(item, one.annotation, one.name, node)
            else:
                self._check_value(value, one.annotation, one.name, node)

    def _check_value(self, value: Any, wanted: Any, name: str, node: Node) -> None:
        if type(value) is Promise:
            self._check_fit(node_of(value)[2], wanted, name, node, repr(node_of(value)[0]))
        elif hasattr(value, "_fields") and fits(type(value), wanted, self.ground.family) is not False:
            for field, kind in outputs_of(type(value)).fields.items():
                self._check_value(getattr(value, field), kind, f"{name}.{field}", node)
        elif isinstance(value, (list, tuple)):
            for item in value:
                self._check_value(item, element_of(wanted), name, node)
        elif isinstance(value, dict):
            for item in value.values():
                self._check_value(item, element_of(wanted), name, node)

    def _check_fit(self, produced: Any, wanted: Any, name: str, node: Node, source: str) -> None:
        if fits(produced, wanted, self.ground.family) is False:
            raise PlanError(
                f"{node.where}: {node.path!r} asks for {describe(wanted)} as {name!r}, and {source} is "
                f"{describe(produced)}. Change one of the annotations, or put a step between them."
            )


def _split(
    step: Step[Any, Any], args: tuple[Any, ...], kwargs: dict[str, Any], where: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        return step.split(args, kwargs)
    except DefinitionError:
        raise
    except TypeError as error:
        raise PlanError(f"{where}: {error}") from None


def _block(step: Step[Any, Any], scope: _Scope) -> Block:
    return scope.block if step.options.beside else scope.block.child(step.label or step.name)


def _dotted(path: str) -> str:
    return "steps." + path.replace("/", ".steps.") if path else ""


def _is_mapping(annotation: Any) -> bool:
    origin = typing.get_origin(annotation) or annotation
    return isinstance(origin, type) and issubclass(origin, Mapping)
