"""Making what a role adapts: a class with ``fit``, or a function that makes such an object, and its arguments."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from solvent.errors import SettingsError, did_you_mean
from solvent.graph.declared.recipe import Recipe

__all__ = ["Role", "check_role", "label_of", "make_object", "parameters_of"]

Role = Literal["transform", "model"]

_SEEDS = ("random_state", "seed", "random_seed")
_NEEDS = {"transform": ("fit", "transform"), "model": ("fit", "predict")}


def label_of(thing: Any) -> str:
    """How a class or function is called in messages."""
    return str(getattr(thing, "__qualname__", None) or type(thing).__qualname__)


def check_role(use: Any, arguments: Mapping[str, Any] | None, role: Role) -> list[str]:
    """Everything that keeps ``use`` from playing this role with these arguments; an empty list if nothing does."""
    problems: list[str] = []
    name, needs = label_of(use), _NEEDS[role]
    if isinstance(use, type):
        missing = [need for need in needs if not callable(getattr(use, need, None))]
        if missing:
            problems.append(f"use: {name} has no method {' and no method '.join(missing)}, which a {role} needs")
    elif not callable(use):
        problems.append(f"use: {use!r} is neither a class nor a function")
    elif _required(use):
        problems.append(
            f"use: the function {name} asks for data ({', '.join(_required(use))}). A role takes a class with "
            f"{' and '.join(needs)}, or a function without data that makes such an object. For work without a "
            f"fitted state write a step of its own."
        )
    return problems + _check_arguments(use, arguments or {}, "with")


def _check_arguments(use: Any, arguments: Mapping[str, Any], place: str) -> list[str]:
    """Arguments that ``use`` does not take, or not so; those of objects inside of it too."""
    taken, name = parameters_of(use), label_of(use)
    problems: list[str] = []
    for key, value in arguments.items():
        hint = did_you_mean(key, taken.names[:100]) or did_you_mean(key, taken.names)
        if key not in taken.names and (hint or not taken.open):
            known = "" if hint and len(taken.names) > 30 else f" It takes: {', '.join(taken.names) or 'nothing'}"
            problems.append(f"{place}: {name} takes no {key!r}.{hint}{known}")
        problems += [one for recipe in _recipes_in(value) for one in _check_recipe(recipe, f"{place}.{key}")]
    return problems or _check_values(use, arguments, place)


def _check_recipe(recipe: Recipe, place: str) -> list[str]:
    if not callable(recipe.use):
        return [f"{place}.use: {recipe.use!r} is neither a class nor a function"]
    return _check_arguments(recipe.use, recipe.with_, f"{place}.with")


def _check_values(use: Any, arguments: Mapping[str, Any], place: str) -> list[str]:
    """What scikit-learn itself says of the values of its own parameters, before it is given any rows."""
    if not isinstance(use, type) or not use.__module__.startswith("sklearn."):
        return []
    try:
        made = use(**_tuples(use, _made(dict(arguments))))
        check = getattr(made, "_validate_params", None)
        if callable(check):
            check()
    except (TypeError, ValueError) as error:
        return [f"{place}: {error}"]
    return []


def make_object(use: Any, arguments: Mapping[str, Any] | None, role: Role, seed: int | None = None) -> Any:
    """An unfitted object of what ``use`` names; the seed goes to the argument that is meant for one.

    Raises :class:`SettingsError` with every fault at once.
    """
    problems = check_role(use, arguments, role)
    if problems:
        raise SettingsError("; ".join(problems))
    given = _tuples(use, _made(dict(arguments or {})))
    if seed is not None:
        taken = parameters_of(use).names
        place = next((one for one in _SEEDS if one in taken), None)
        if place is not None and place not in given:
            given[place] = seed % 2**32 if place != "seed" else seed % 2**31
    made = use(**given)
    missing = [need for need in _NEEDS[role] if not callable(getattr(made, need, None))]
    if missing:
        raise SettingsError(f"use: what {label_of(use)} makes has no {missing[0]!r}, which a {role} needs")
    return made


def _made(value: Any) -> Any:
    """A value in which every recipe has become the object that it is for."""
    if isinstance(value, Recipe):
        return value.use(**_tuples(value.use, {name: _made(one) for name, one in value.with_.items()}))
    if isinstance(value, Mapping):
        return {name: _made(one) for name, one in value.items()}
    return type(value)(_made(one) for one in value) if type(value) in (list, tuple) else value


def _tuples(use: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments with a tuple for a list where scikit-learn takes that only: settings files have no tuples."""
    known = getattr(use, "_parameter_constraints", None)
    if not isinstance(known, dict):
        return arguments
    wanted = {name for name, kinds in known.items() if isinstance(kinds, list) and tuple in kinds and list not in kinds}
    return {
        name: tuple(value) if name in wanted and isinstance(value, list) else value for name, value in arguments.items()
    }


def _recipes_in(value: Any) -> list[Recipe]:
    if isinstance(value, Recipe):
        return [value]
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    return [recipe for one in inner for recipe in _recipes_in(one)]


@dataclass(frozen=True)
class Parameters:
    """The names of the arguments that something takes; ``open`` if it may take others."""

    names: tuple[str, ...]
    open: bool


def parameters_of(use: Any) -> Parameters:
    """What ``use`` takes. Where a class hands on ``**kwargs``, what the classes above it take is taken too."""
    names: dict[str, None] = {}
    for function in _makers(use):
        try:
            parameters = list(inspect.signature(function).parameters.values())
        except (TypeError, ValueError):
            return Parameters(tuple(names), True)
        plain = [one for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
        names |= dict.fromkeys(one.name for one in plain if one.name != "self")
        if not any(one.kind is one.VAR_KEYWORD for one in parameters):
            return Parameters(tuple(names), False)
    aliases = _aliases(use)
    return Parameters((*names, *sorted(aliases - set(names))), not aliases)


def _makers(use: Any) -> list[Any]:
    if not isinstance(use, type):
        return [use]
    own = [vars(one)["__init__"] for one in use.__mro__ if "__init__" in vars(one) and one is not object]
    return own or [use]


def _aliases(use: Any) -> set[str]:
    """LightGBM takes every parameter of its library by name, and knows all of them."""
    if not getattr(use, "__module__", "").startswith("lightgbm."):
        return set()
    from lightgbm import basic

    known = getattr(basic, "_ConfigAliases", None)
    names: Mapping[str, list[str]] = getattr(known, "_get_all_param_aliases", dict)()
    return {name for key, others in names.items() for name in (key, *others)}


def _required(function: Any) -> list[str]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [one.name for one in parameters if one.kind is not one.KEYWORD_ONLY and one.default is one.empty]
