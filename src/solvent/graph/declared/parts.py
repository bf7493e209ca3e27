"""A pipeline whose body is a list of parts, called one after the other like the lines of any other's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from solvent.config.leaf import Origin
from solvent.errors import PlanError, did_you_mean
from solvent.graph.annotation import outputs_of
from solvent.graph.pipelines import Pipeline
from solvent.graph.promise import PLACE
from solvent.graph.signature import Data, Signature
from solvent.graph.steps import Options, Step

__all__ = ["Declared", "Part", "Ref", "StepRef", "refs_in"]


_STEP = "\0"  # before the name of a block whose step is meant; no block can be called so


@dataclass(slots=True)
class Part:
    """One block of the graph: the step, and what is handed to it."""

    name: str
    step: Step[Any, Any]
    places: list[Any]
    named: dict[str, Any]
    origin: Origin
    mapped: bool = False
    needs: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ref:
    """``parts.train``: a node or an input, and which of its outputs."""

    node: str
    output: str | None
    origin: Origin

    def find(self, values: Mapping[str, Any]) -> Any:
        """The promise that stands behind it; raises :class:`PlanError` for an output that the step does not have."""
        value = values[self.node]
        if self.output is None:
            return value
        known = getattr(value, "_fields", ())
        if self.output not in known:
            hint = did_you_mean(self.output, known) or (f" It has: {', '.join(known)}." if known else "")
            raise PlanError(f"{self.origin}: {self.node!r} has no output {self.output!r}.{hint}")
        return getattr(value, self.output)


@dataclass(frozen=True, slots=True)
class StepRef(Ref):
    """``{step: distances}``: the step itself that a block names, and not what it makes."""

    def find(self, values: Mapping[str, Any]) -> Any:
        """The step."""
        return values[f"{_STEP}{self.node}"]


class Declared(Pipeline[Any, Any]):
    """A pipeline whose body is a list of parts, each after what it needs."""

    def __init__(self, name: str, parts: list[Part], inputs: Mapping[str, Any], result: Any) -> None:
        super().__init__(_body(), Options(), name)
        self.parts = parts
        self.result = result
        self.__name__, self.__qualname__, self.__module__ = name, name, "settings"
        data = tuple(Data(one, annotation) for one, annotation in inputs.items())
        self._signature = Signature(data, (), outputs_of(Any))

    def invoke(self, data: Mapping[str, Any], settings: Mapping[str, Any]) -> Any:
        """Call each step with what it is ``of``, and give the result."""
        values = dict(data)
        for part in self.parts:
            token = PLACE.set(str(part.origin))
            try:
                places = [_put(one, values) for one in part.places]
                named = {name: _put(one, values) for name, one in part.named.items()}
                step = values[f"{_STEP}{part.name}"] = part.step.named(part.name)
                values[part.name] = step.map(*places, **named) if part.mapped else step(*places, **named)
            finally:
                PLACE.reset(token)
        return _put(self.result, values)

    def _twin(self, options: Options) -> Declared:
        return Declared(self.name, self.parts, {one.name: one.annotation for one in self.signature.data}, self.result)


def _body() -> Callable[[], None]:
    """What a declared graph has in the place of a function: one of its own, since graphs are told apart by it."""

    def body() -> None:
        """Nothing: the parts are called instead."""

    return body


def _put(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, Ref):
        return value.find(values)
    if isinstance(value, list):
        return [_put(item, values) for item in value]
    return {name: _put(item, values) for name, item in value.items()} if isinstance(value, dict) else value


def refs_in(value: Any) -> Iterator[Ref]:
    """Every reference in what is handed over, through lists and mappings."""
    if isinstance(value, Ref):
        yield value
    for item in value if isinstance(value, list) else value.values() if isinstance(value, dict) else ():
        yield from refs_in(item)
