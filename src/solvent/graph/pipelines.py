"""A pipeline wires steps; it has the same kind of signature, and can be used wherever a step can."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from solvent.errors import PlanError
from solvent.graph.steps import PLAIN, Options, Step, active

__all__ = ["Pipeline", "pipeline", "when"]

P = ParamSpec("P")
R = TypeVar("R")


class Pipeline(Step[P, R]):
    """A step whose body calls other steps."""


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
