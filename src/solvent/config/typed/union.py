"""Unions: of what fits, the exact one; text is the last thing that a plain scalar is taken for."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import PurePath
from typing import Any

from solvent.config.leaf import Text
from solvent.config.typed.builtin import SCALARS, Convert, to_core_bool
from solvent.config.typed.faults import Invalid, wanted
from solvent.config.typed.grammar import core_tree

__all__ = ["union_of"]

_NOUNS = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
    bytes: "bytes",
    type(None): "null",
}

_CONTAINERS = (list, dict, set, frozenset, tuple)


def union_of(members: tuple[tuple[Any, Convert], ...]) -> Convert:
    """A converter for ``A | B``, given each member with its own converter."""
    if any(kind is str for kind, _ in members):
        members = tuple((kind, to_core_bool if kind is bool else convert) for kind, convert in members)
    # whatever text at all would fit comes last for what stands without quotes
    by_text = sorted(members, key=lambda member: _takes_any_text(member[0]))

    def convert(value: Any, lax: bool) -> Any:
        fitting: list[Any] = []
        errors: list[tuple[Any, Invalid]] = []
        unquoted = type(value) is Text and not value.quoted
        aim = core_tree(value) if lax or unquoted else value
        for kind, member in by_text if unquoted else members:
            try:
                made = member(value, lax)
            except Invalid as error:
                errors.append((kind, error))
                continue
            if _same(made, aim) and not (unquoted and isinstance(aim, str)):
                return made
            fitting.append(made)
        if fitting:
            return fitting[0]
        raise _neither(value, errors)

    return convert


def _takes_any_text(kind: Any) -> bool:
    return kind is str or kind is bytes or (isinstance(kind, type) and issubclass(kind, PurePath))


def _same(one: Any, other: Any) -> bool:
    """Equal with equal types all the way down: nothing had to be converted."""
    if type(one) is not type(other) and not any(type(one) is kind and isinstance(other, kind) for kind in _CONTAINERS):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(
            _same(key, twin) and _same(one[key], other[twin]) for key, twin in zip(one, other, strict=True)
        )
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, (set, frozenset)):
        return sorted(map(_sorting, one)) == sorted(map(_sorting, other))
    if type(one) in SCALARS or isinstance(one, (Enum, type)):
        return bool(one == other) or one != one
    return one is other


def _sorting(value: Any) -> str:
    return f"{type(value).__name__} {value!r}"


def _neither(value: Any, errors: list[tuple[Any, Invalid]]) -> Invalid:
    """The error of the one member that was meant, where that is plain; else what all of them expect."""
    serious = [(kind, error) for kind, error in errors if kind is not type(None)]
    if len(serious) == 1:
        return serious[0][1]
    deep = [error for _, error in serious if any(fault.path for fault in error.faults)]
    if len(deep) == 1 and isinstance(value, (Mapping, list, tuple)):
        return deep[0]
    return wanted(" or ".join(dict.fromkeys(_noun(kind, error) for kind, error in errors)), value)


def _noun(kind: Any, error: Invalid) -> str:
    if isinstance(kind, type) and kind in _NOUNS:
        return _NOUNS[kind]
    text = error.faults[0].text
    if not error.faults[0].path and text.startswith("expected "):
        return text.removeprefix("expected ").partition(", got ")[0]
    return getattr(kind, "__name__", str(kind))
