"""A recipe: an object that stands inside the arguments of another, as ``{use: …, with: {…}}`` in the settings."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from solvent.config import validate
from solvent.errors import DefinitionError, did_you_mean
from solvent.graph.annotation import resolve_annotations
from solvent.names import reference_of

__all__ = ["Recipe", "argument_of"]


@dataclass(frozen=True, repr=False)
class Recipe:
    """What is called, and with which arguments; those may hold recipes themselves. It is made when it is needed."""

    use: Any
    with_: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.with_.items())
        return f"{reference_of(self.use).partition(':')[2]}({given})"


def argument_of(use: Any, name: str, value: Any, load: Callable[[str], Any]) -> Any:
    """One argument under ``with:``, checked against what ``use`` takes; raises ``ValueError``.

    What stands in it as ``{use: …, with: {…}}`` becomes a :class:`Recipe`; ``load`` finds what a name means.
    """
    wanted = _parameter(use, name)
    return _with_recipes(value, load) if _has_recipe(value) else validate(value, wanted, from_file=True)


def _has_recipe(value: Any) -> bool:
    if isinstance(value, dict):
        return "use" in value or any(map(_has_recipe, value.values()))
    return isinstance(value, list) and any(map(_has_recipe, value))


def _with_recipes(value: Any, load: Callable[[str], Any]) -> Any:
    if isinstance(value, dict) and "use" in value:
        extra = sorted(set(map(str, value)) - {"use", "with"})
        if extra:
            raise ValueError(f"{{use: {value['use']}}} takes its arguments under with:, not as {extra[0]!r} beside it")
        use = load(value["use"]) if isinstance(value["use"], str) else value["use"]
        return Recipe(use, {str(name): _with_recipes(one, load) for name, one in (value.get("with") or {}).items()})
    if isinstance(value, dict):
        return {str(name): _with_recipes(one, load) for name, one in value.items()}
    return (
        [_with_recipes(one, load) for one in value] if isinstance(value, list) else validate(value, Any, from_file=True)
    )


def _parameter(use: Any, name: str) -> Any:
    """The annotation of one argument of what a role adapts; raises ``ValueError`` if it takes no such argument."""
    try:
        parameters = inspect.signature(use).parameters
    except (TypeError, ValueError):
        return Any
    if name not in parameters:
        if any(one.kind is one.VAR_KEYWORD for one in parameters.values()):
            return Any
        label = getattr(use, "__qualname__", repr(use))
        known = [one for one in parameters if one != "self"]
        raise ValueError(f"{label} takes no {name!r}.{did_you_mean(name, known)} It takes: {', '.join(known)}")
    try:
        made_by_fields = isinstance(use, type) and (
            hasattr(use, "__dataclass_fields__") or hasattr(use, "model_fields")
        )
        hints = resolve_annotations(use if made_by_fields or not isinstance(use, type) else getattr(use, "__init__"))  # noqa: B009
    except (AttributeError, DefinitionError):
        return Any
    return hints.get(name, Any)
