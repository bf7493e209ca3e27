"""Settings are bound to a step: the last layer that says something of a parameter wins, and is checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, Final

from solvent.config.block import Block
from solvent.config.leaf import Leaf, Origin, is_broken
from solvent.config.typed import Invalid, converter, overlay
from solvent.config.typed.faults import dotted
from solvent.errors import Problem, did_you_mean

__all__ = ["REQUIRED", "Bound", "Setting", "bind", "hand_on"]


class _Required:
    """The one value of its kind: a setting without a value in the code."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "required"

    def __reduce__(self) -> str:
        return "REQUIRED"

    def __copy__(self) -> _Required:
        return self

    def __deepcopy__(self, memo: Any) -> _Required:
        return self


REQUIRED: Final[Any] = _Required()
SIGNATURE: Final = Origin("signature")
CODE: Final = Origin("code")


@dataclass(frozen=True, slots=True)
class Setting:
    """A keyword-only parameter: its name, its annotation as an object, and its default."""

    name: str
    annotation: Any
    default: Any = REQUIRED


@dataclass(frozen=True, slots=True)
class Bound:
    """The value that a setting has for one use of a step, where it comes from, and what it beat (nearest first)."""

    value: Any
    origin: Origin
    beat: tuple[tuple[Any, Origin], ...] = ()


def bind(
    specs: Sequence[Setting], code: Mapping[str, Any], block: Block, *, where: str, problems: list[Problem]
) -> dict[str, Bound]:
    """Every setting of a step with its value: from its block, else from the call in code, else its default.

    What is missing or wrong becomes a problem and has no place in the result. ``where`` is the step's path.
    """
    bound: dict[str, Bound] = {}
    settings = block.settings
    for spec in specs:
        name = spec.name
        leaf = settings.get(name) if settings else None
        if leaf is not None and is_broken(leaf.value):
            continue
        if leaf is not None:
            found = _from_leaf(spec, code, leaf, where, problems)
        elif name in code:
            found = _from_code(spec, code[name], where, problems)
        elif spec.default is not REQUIRED:
            found = Bound(_default(spec), SIGNATURE)
        else:
            what = f"{_label(where, name)}: this setting is required, and nothing gives it a value"
            problems.append(Problem("", what))
            continue
        if found is not None:
            bound[name] = found
    if settings:
        block.mark_bound([spec.name for spec in specs])
    if code and not code.keys() <= bound.keys():
        _check_code(specs, code, where, problems)
    return bound


def hand_on(bound: dict[str, Bound], code: Mapping[str, Any], above: Mapping[str, Bound], label: str) -> None:
    """Say of settings from the code which are those of the pipeline ``above``, handed on, and where these come from."""
    for name, value in code.items():
        sources = [one for one in above if above[one].value is value and above[one].origin not in (CODE, SIGNATURE)]
        if len(sources) == 1 and name in bound and bound[name].origin == CODE:
            origin = Origin(f"{label}.{sources[0]}, {above[sources[0]].origin}")
            bound[name] = replace(bound[name], origin=origin)


def _from_leaf(spec: Setting, code: Mapping[str, Any], leaf: Leaf, where: str, problems: list[Problem]) -> Bound | None:
    lower = code.get(spec.name, spec.default)
    beat = leaf.beat
    if spec.name in code:
        beat = (*beat, (code[spec.name], CODE))
    if spec.default is not REQUIRED:
        beat = (*beat, (spec.default, SIGNATURE))
    try:
        value, kind = overlay(lower, leaf.value) if type(leaf.value) is dict else (leaf.value, None)
        if kind is not None:  # the object of the code stays, what the file says of its fields is put over it
            value = converter(kind)(value, True)
        return Bound(converter(spec.annotation)(value, kind is None), leaf.origin, beat)
    except Invalid as error:
        for fault in error.faults:
            path = _label(where, spec.name)
            inner = dotted(fault.path)
            label = f"{path}{'' if not inner or inner.startswith('[') else '.'}{inner}"
            problems.append(Problem(str(leaf.at(fault.path)), f"{label}: {fault.text}"))
    return None


def _from_code(spec: Setting, value: Any, where: str, problems: list[Problem]) -> Bound | None:
    beat = () if spec.default is REQUIRED else ((spec.default, SIGNATURE),)
    try:
        return Bound(converter(spec.annotation)(value, False), CODE, beat)
    except Invalid as error:
        for fault in error.faults:
            inner = dotted(fault.path)
            joint = "" if not inner or inner.startswith("[") else "."
            problems.append(Problem("", f"{_label(where, spec.name)}{joint}{inner}: {fault.text}"))
    return None


def _default(spec: Setting) -> Any:
    """A default as the annotation has it (``1`` for a float is ``1.0``), and never shared if it can change.

    One that its own annotation does not allow is the author's word, and stays.
    """
    value = spec.default
    kind = type(value)
    if kind is spec.annotation and kind in _FROZEN:
        return value
    if kind is int and spec.annotation is float:
        return float(value)
    return deepcopy(value) if kind in (list, dict, set) else value


_FROZEN = frozenset({int, float, str, bool, bytes})


def _label(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _check_code(specs: Iterable[Setting], code: Mapping[str, Any], where: str, problems: list[Problem]) -> None:
    names = [spec.name for spec in specs]
    for name in code:
        if name not in names:
            problems.append(Problem("", f"{_label(where, name)}: no such setting.{did_you_mean(name, names)}"))
