"""A pipeline wires steps; it has the same kind of signature, and can be used wherever a step can."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar, cast

from solvent.errors import PlanError
from solvent.graph.signature import Signature
from solvent.graph.steps import PLAIN, Options, Step, active

__all__ = ["Pipeline", "alone", "pipeline", "when"]

P = ParamSpec("P")
R = TypeVar("R")


class Pipeline(Step[P, R]):
    """A step whose body calls other steps."""


class _Alone(Pipeline[P, R]):
    """A pipeline of one step, so that a step can be run as it is."""

    def __init__(self, step: Step[P, R]) -> None:
        super().__init__(step.raw, Options(), step.name)
        self._step = step
        self._signature = Signature(step.signature.data, (), step.signature.outputs)

    def invoke(self, data: Mapping[str, Any], settings: Mapping[str, Any]) -> R:
        places: list[Any] = []
        for one in self.signature.data:
            places.extend(data[one.name] if one.variadic else [data[one.name]])
        return cast("Callable[..., R]", self._step)(*places)


def alone(step: Step[P, R]) -> Pipeline[P, R]:
    """The pipeline that only calls this step; its settings stand under ``steps:`` like any other's."""
    return step if isinstance(step, Pipeline) else _Alone(step)


def pipeline(function: Callable[P, R], /) -> Pipeline[P, R]:
    """Make a pipeline of a function that wires steps. Its body is plain Python, run once to make the plan."""
    return Pipeline(function, Options())


def when(flag: Any, then: Step[..., R], *data: Any, **settings: Any) -> R | None:
    """Carry out ``then`` on the data only if ``flag``, a boolean that a step made, is true.

    Otherwise it is skipped; whoever consumes its result gets ``None`` where the annotation allows, and is
    skipped elsewhere.
    """
    if not isinstance(then, Step):
        raise PlanError(f"sv.when takes a step or pipeline to carry out, not {then!r}: sv.when(flag, step, data)")
    return cast("R | None", (active() or PLAIN).when(flag, then, data, settings))
