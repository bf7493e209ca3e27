"""Reading a graph: blocks of settings with ``use:`` and ``of:`` become the parts of a pipeline."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from solvent.config import Block
from solvent.config.leaf import Leaf, Origin
from solvent.errors import Problem, SettingsError, did_you_mean
from solvent.graph.declared.parts import Declared, Part, Ref, StepRef, refs_in
from solvent.graph.steps import Step
from solvent.names import is_name

__all__ = ["Finder", "Terms", "declare"]

Finder = Callable[[str], Any]
"""What a name in ``use:`` stands for: ``module:name``, or a short name; raises ``ValueError``."""

EACH = "each"
STEP = "step"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a graph is read by: what names stand for, and which annotations are tables (and fit each other)."""

    find: Finder
    family: Callable[[Any], bool]


def declare(name: str, block: Block, inputs: Mapping[str, Origin], terms: Terms, result: Leaf | None) -> Declared:
    """The pipeline of the steps in ``block``, which gives ``result``, or what none of its steps needs.

    Raises :class:`SettingsError` with every fault: a block without ``use:``, an ``of:`` that names nothing that
    there is, a circle.
    """
    problems: list[Problem] = []
    known = [*inputs, *block.children]
    for one in inputs:
        if one in block.children:
            text = f"steps.{one}: an input is called {one!r} too, so of: could mean either. Rename the step."
            problems.append(Problem(str(inputs[one]), text))
    reader = _Reader(known, terms, problems, inputs)
    read = [reader.part(one, block.child(one)) for one in block.children]
    parts = [part for part in read if part is not None]
    ending = None if result is None else reader.refs(result.value, result.origin, "result")
    ordered = _in_order(parts, set(inputs), problems)
    if problems:
        raise SettingsError(problems)
    if result is None:
        ending = _ends(ordered)
    return Declared(name, ordered, {one: _wanted(one, ordered, terms.family) for one in inputs}, ending)


@dataclass(slots=True)
class _Reader:
    """Reads blocks, and notes every fault."""

    known: list[str]
    terms: Terms
    problems: list[Problem]
    inputs: Mapping[str, Origin]

    def part(self, name: str, block: Block) -> Part | None:
        """One step of the graph, with what it is of; None if that cannot be known."""
        place = f"{block.path}"
        step = self.step(name, block)
        of, origin = block.of, block.origin
        places: list[Any] = []
        named: dict[str, Any] = {}
        mapped = False
        if of is not None:
            origin = of.origin
            said = of.value
            if isinstance(said, dict) and set(said) == {EACH}:
                said = [said]
            if isinstance(said, dict):
                named = {str(key): self.refs(value, origin, f"{place}.of") for key, value in said.items()}
            else:
                several = said if isinstance(said, list) else [said]
                if several and isinstance(several[0], dict) and set(several[0]) == {EACH}:
                    mapped, several = True, [several[0][EACH], *several[1:]]
                places = [self.refs(value, origin, f"{place}.of") for value in several]
        if step is None:
            return None
        for one in _handed(step):
            inner = self.candidate(one, block)
            if inner is None:
                return None
            places.insert(0, inner)
        needs = [ref.node for value in (*places, *named.values()) for ref in refs_in(value)]
        return Part(name, step, places, named, origin, mapped, needs)

    def step(self, name: str, block: Block) -> Step[Any, Any] | None:
        """What stands at ``use:``: a step, a pipeline, or what a role adapts; or a graph of its own."""
        use = block.use
        if use is None:
            if block.children:
                return self.inner(name, block)
            text = (
                f"{block.path}: 'use' is missing: what is done here? It names a step of solvent.learn or "
                f"solvent.delivery (use: fit), one of yours (use: module:step), or what a role adapts"
            )
            self.problems.append(Problem(str(block.origin), text))
            return None
        names = use.value if isinstance(use.value, list) else [use.value]
        try:
            found = [self.terms.find(str(one)) if isinstance(one, str) else one for one in names]
            step, adapted = _roles(found, names, self.terms.find)
        except ValueError as error:
            self.problems.append(Problem(str(use.origin), f"{block.path}.use: {error}"))
            block.settle(None)
            return None
        block.settle(None if adapted is None else Leaf(adapted, use.origin))
        return step

    def candidate(self, name: str, block: Block) -> Step[Any, Any] | None:
        """The step that another one takes: a graph whose ``of:`` lists what it is given, or what ``use:`` names."""
        own = block.child(name)
        if own.use is not None:
            return self.step(name, own)
        if not own.children:
            place = f"{block.path}.steps.{name}"
            text = f"{place}: it says what is tried: a graph (of: [train, valid], steps: …), or use: module:pipeline"
            self.problems.append(Problem(str(block.origin), text))
            return None
        of = own.of
        own.settle(None)
        said = ["train", "valid"] if of is None else of.value if isinstance(of.value, list) else [of.value]
        return self.graph(name, own, {str(one): own.origin for one in said})

    def inner(self, name: str, block: Block) -> Step[Any, Any] | None:
        """A graph inside the graph, whose inputs are the names under ``of:``."""
        of = block.of
        block.settle(None)
        if of is not None and not isinstance(of.value, dict):
            text = f"{block.path}.of: a graph inside a graph names its inputs: of: {{rows: {of.value}}}"
            self.problems.append(Problem(str(of.origin), text))
            return None
        return self.graph(name, block, {} if of is None else dict.fromkeys(map(str, of.value), of.origin))

    def graph(self, name: str, block: Block, inputs: Mapping[str, Origin]) -> Step[Any, Any] | None:
        """The graph of a block's steps."""
        ending = block.settings.get("result")
        if ending is not None:
            block.mark_read("result")
        try:
            return declare(name, block, inputs, self.terms, ending)
        except SettingsError as error:
            self.problems += error.problems
            return None

    def refs(self, said: Any, origin: Origin, place: str) -> Any:
        """What is handed over: references in the place of names, in the lists and mappings that they stand in."""
        if isinstance(said, (list, tuple)):
            return [self.refs(one, origin, place) for one in said]
        if isinstance(said, dict) and set(said) == {STEP}:
            found = self.ref(str(said[STEP]), origin, place)
            if found.output is not None or found.node in self.inputs:
                text = f"{place}: {{{STEP}: {said[STEP]}}} means a step of this graph itself, by its name"
                self.problems.append(Problem(str(origin), text))
            return StepRef(found.node, None, origin)
        if isinstance(said, dict):
            return {str(key): self.refs(one, origin, place) for key, one in said.items()}
        return self.ref(str(said), origin, place)

    def ref(self, text: str, origin: Origin, place: str) -> Ref:
        """The reference that a text is: a step or input, or ``STEP.OUTPUT``."""
        node, _, output = text.partition(".")
        if node not in self.known:
            hint = did_you_mean(node, self.known) or f" There are: {', '.join(self.known)}."
            self.problems.append(Problem(str(origin), f"{place}: there is no step and no input {node!r}.{hint}"))
        elif output and not is_name(output):
            self.problems.append(Problem(str(origin), f"{place}: {text!r} is no STEP.OUTPUT"))
        return Ref(node, output or None, origin)


def _handed(step: Step[Any, Any]) -> list[str]:
    """The data parameters that take a step, of a pipeline that has such."""
    return [one.name for one in step.signature.data if _takes_step(one.annotation)]


def _takes_step(annotation: Any) -> bool:
    """Whether a step fits, alone or among others."""
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        return any(map(_takes_step, typing.get_args(annotation)))
    kind = typing.get_origin(annotation) or annotation
    return isinstance(kind, type) and issubclass(kind, Step)


def _roles(found: list[Any], names: list[Any], find: Finder) -> tuple[Step[Any, Any], Any]:
    """The step, and what it adapts, if it is a role; raises ``ValueError`` for what cannot be told."""
    first, label = found[0], names[0]
    if len(found) == 2 and isinstance(first, Step) and first.options.role:
        return first, found[1]
    if len(found) != 1:
        raise ValueError("expected one name, or a role and what it adapts: [fit, sklearn.preprocessing:StandardScaler]")
    if isinstance(first, Step):
        return first, None
    models, transforms = hasattr(first, "predict"), hasattr(first, "transform")
    if models and transforms:
        text = f"{label} has both predict and transform; say which it is here: use: [train, {label!r}] or [fit, …]"
        raise ValueError(text)
    if models or transforms:
        return find("train" if models else "fit"), first
    if callable(first) and not isinstance(first, type):
        raise ValueError(
            f"{label} is no step (decorate it with @sv.step); if it makes a model or a transform, say so: "
            f"use: [train, {label!r}] or [fit, {label!r}]"
        )
    raise ValueError(f"{label} is neither a step nor something with fit and predict, or fit and transform")


def _in_order(parts: list[Part], there: set[str], problems: list[Problem]) -> list[Part]:
    """The parts, each after what it needs, else in the order of the settings."""
    left = list(parts)
    ordered: list[Part] = []
    names = {part.name for part in parts}
    while left:
        ready = next((one for one in left if all(need in there or need not in names for need in one.needs)), None)
        if ready is None:
            circle = ", ".join(repr(one.name) for one in left)
            text = f"steps: {circle} wait for each other in a circle, so none can be the first"
            problems.append(Problem(str(left[0].origin), text))
            return ordered
        left.remove(ready)
        ordered.append(ready)
        there.add(ready.name)
    return ordered


def _ends(parts: list[Part]) -> Any:
    """What nobody needs is the result: one value, or several by name."""
    needed = {need for part in parts for need in part.needs}
    ends = {part.name: Ref(part.name, None, part.origin) for part in parts if part.name not in needed}
    return next(iter(ends.values())) if len(ends) == 1 else ends


def _wanted(name: str, parts: list[Part], family: Callable[[Any], bool]) -> Any:
    """The annotation of an input: what those who are given it ask for, if they agree (as all tables do)."""
    asked: list[Any] = []
    for part in parts:
        data = part.step.signature.data
        given = [(data[min(place, len(data) - 1)], value) for place, value in enumerate(part.places) if data]
        given += [(one, part.named[one.name]) for one in data if one.name in part.named]
        asked += [one.annotation for one, value in given if isinstance(value, Ref) and value.node == name]
    agreed = bool(asked) and (all(one == asked[0] for one in asked) or all(family(one) for one in asked))
    return asked[0] if agreed else Any
