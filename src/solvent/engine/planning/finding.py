"""Finding the pipeline that is to be run, and the run's seed, in what was asked for and in the settings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from solvent.config import Settings
from solvent.config.leaf import Origin
from solvent.data import is_table_type
from solvent.engine.planning.naming import find_used
from solvent.errors import Problem, SettingsError, UsageError
from solvent.graph.declared import Terms, declare
from solvent.graph.pipelines import Pipeline, alone
from solvent.graph.steps import Step
from solvent.names import check_name

__all__ = ["find_pipeline", "run_seed"]

_DECORATE = "decorate a function that wires steps with @sv.pipeline"


def find_pipeline(asked: Any, settings: Settings, given: Iterable[str] = ()) -> Pipeline[Any, Any]:
    """The pipeline that somebody asked for, that the settings name, or that they declare step by step."""
    found = asked
    if found is None:
        if settings.pipeline is None:
            return _declared(settings, given)
        leaf = settings.pipeline
        try:
            found = find_used(leaf.value) if isinstance(leaf.value, str) else leaf.value
        except ValueError as error:
            raise SettingsError([Problem(str(leaf.origin), f"pipeline: {error}")]) from None
        if not isinstance(found, Step):
            raise SettingsError([Problem(str(leaf.origin), f"pipeline: {leaf.value} is no pipeline; {_DECORATE}")])
    if not isinstance(found, Step):
        raise UsageError(f"{found!r} is no pipeline; {_DECORATE}")
    return alone(found)


def _declared(settings: Settings, given: Iterable[str]) -> Pipeline[Any, Any]:
    """The pipeline that the settings themselves declare, by the ``of:`` of their steps."""
    if not settings.root_block.children:
        raise SettingsError([Problem("", "the settings name no pipeline: add 'pipeline: module:function'")])
    if settings.name is None:
        text = (
            "the settings name no pipeline: add 'pipeline: module:function'; or, if steps and their of: are to make "
            "the graph, give it a name: 'name: churn'"
        )
        raise SettingsError([Problem("", text)])
    try:
        name = check_name(str(settings.name.value), "a pipeline")
    except ValueError as error:
        raise SettingsError([Problem(str(settings.name.origin), f"name: {error}")]) from None
    inputs = {one: leaf.origin for one, leaf in settings.inputs.items()}
    inputs |= {one: Origin("inputs") for one in given if one not in inputs}
    return declare(name, settings.root_block, inputs, Terms(find_used, is_table_type), settings.result)


def run_seed(settings: Settings) -> int:
    """The seed that every seed of a step is derived from; 0 where the settings say none."""
    from solvent.config import validate

    if settings.seed is None:
        return 0
    try:
        return int(validate(settings.seed.value, int, from_file=True))
    except ValueError as error:
        raise SettingsError([Problem(str(settings.seed.origin), f"seed: {error}")]) from None
