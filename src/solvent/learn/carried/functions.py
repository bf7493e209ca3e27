"""A function that makes rows of rows, with its settings: as much a part of a predictor as what was fitted."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from solvent.config import Block, bind
from solvent.errors import InputError, PlanError, Problem, SettingsError
from solvent.graph.pipelines import Pipeline
from solvent.graph.steps import Options, Step
from solvent.learn.adapting.frames import annotations_of, as_wanted
from solvent.learn.tables.rows import frame_of

if TYPE_CHECKING:
    import polars as pl

__all__ = ["RowFunction", "is_function", "settle"]

_PLAIN = (bool, int, float, str, type(None))


@dataclass(frozen=True)
class RowFunction:
    """A row-wise function with the settings that it is called with.

    Each function has a class of its own (:meth:`of`), named like the function. So an archive that keeps one knows it
    by the function's code, and who reads it says which function it is, as with any other class.
    """

    settings: Mapping[str, Any]

    function: ClassVar[Callable[..., Any]]

    @classmethod
    def of(cls, function: Any) -> type[RowFunction]:
        """The class of what calls this function, which may be a step's."""
        raw = function.raw if isinstance(function, Step) else function
        names = {"function": raw, "__module__": raw.__module__, "__qualname__": raw.__qualname__, "__doc__": None}
        return type(raw.__name__, (RowFunction,), names)

    def transform(self, rows: Any) -> pl.DataFrame:
        """The rows as the function makes them; raises :class:`InputError` where it fails, or leaves out a row."""
        frame = frame_of(rows)
        made = self._call(frame)
        if made.height != frame.height:
            raise self._refusal(frame, made.height)
        return made

    def _call(self, frame: pl.DataFrame) -> pl.DataFrame:
        function = type(self).function
        first = next(iter(inspect.signature(function).parameters))
        try:
            return frame_of(function(as_wanted(frame, annotations_of(function).get(first)), **self.settings))
        except Exception as error:  # whatever a function of the user's raises about rows is said of the rows
            raise InputError(
                f"{function.__qualname__} failed on these rows: {type(error).__name__}: {error}"
            ) from error

    def _refusal(self, frame: pl.DataFrame, height: int) -> InputError:
        """Which rows have no answer, found by asking for each alone."""
        name = type(self).function.__qualname__
        alone = [place for place in range(min(frame.height, 1000)) if self._call(frame[place : place + 1]).height != 1]
        problems = [Problem(f"row {place}", f"{name} leaves it out") for place in alone[:20]]
        return InputError(f"{name} made {height} rows of {frame.height}, and every row needs an answer", problems)


def is_function(part: Any) -> bool:
    """Whether a part of a predictor is a function, or a step, that has to be settled first."""
    return isinstance(part, (Step, types.FunctionType, functools.partial))


def settle(part: Any, bound: Mapping[str, Any] | None = None) -> RowFunction:
    """What calls the function of a step, a plain function, or a partial one of these.

    ``bound`` are the settings that a step has in its pipeline; elsewhere it has its own defaults and what a
    ``functools.partial`` says. Raises :class:`PlanError` for what takes more than rows, :class:`SettingsError`
    for settings that are missing.
    """
    given: dict[str, Any] = {}
    while isinstance(part, functools.partial):
        if part.args:
            raise PlanError("assemble: a partial function brings settings by name along, and no data")
        part, given = part.func, {**part.keywords, **given}
    name = str(getattr(part, "name", None) or getattr(part, "__qualname__", repr(part)))
    if isinstance(part, Pipeline) or not isinstance(part, (Step, types.FunctionType)):
        raise PlanError(f"assemble: {name} is not a step and not a function, so it cannot go along with a model")
    _check_place(part.raw if isinstance(part, Step) else part, name)
    step = part if isinstance(part, Step) else Step(part, Options())
    data = step.signature.data
    if len(data) != 1 or data[0].variadic:
        asked = ", ".join(one.name for one in data) or "nothing"
        raise PlanError(
            f"assemble: {name} takes {asked}; what goes along with a model takes rows and gives rows. A second table "
            f'goes along as a look-up: lookup(table, on="column")'
        )
    if bound is None:
        problems: list[Problem] = []
        found = bind(step.signature.settings, given, Block.empty(), where=name, problems=problems)
        if problems:
            raise SettingsError(problems)
        bound = {key: one.value for key, one in found.items()}
    for key, value in bound.items():
        if not _is_plain(value):
            raise PlanError(
                f"assemble: {name} has the setting {key!r} of type {type(value).__qualname__}; what goes along with a "
                f"model keeps plain values (numbers, text, lists, mappings)"
            )
    return RowFunction.of(part)(dict(bound))


def _check_place(function: Any, name: str) -> None:
    """A function has to be found again by its module and name."""
    if "<" in function.__qualname__:
        raise PlanError(
            f"assemble: {name} is defined inside of a function (or is a lambda), so a bundle cannot name it. Move it "
            f"to the top of its module."
        )


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_plain(one) for key, one in value.items())
    if isinstance(value, (list, tuple)):
        return all(_is_plain(one) for one in value)
    return type(value) in _PLAIN
