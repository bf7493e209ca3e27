"""Fields by name: how a record is written part by part, and how its parts are found again."""

from __future__ import annotations

import math
import typing
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from solvent.archive.formats.asking import hints_of, options
from solvent.archive.formats.plain.decoding import decode
from solvent.archive.formats.plain.encoding import Encoder, entering, leaving
from solvent.archive.formats.refusal import within
from solvent.errors import Corrupted, InputError, NoFormat

if TYPE_CHECKING:
    from solvent.archive.formats.base import Source

__all__ = ["BUILTINS", "check_names", "encode_fields", "facts_of", "load_fields", "names_in"]

BUILTINS = (dict, list, set, frozenset, tuple, str, bytes, bytearray, int, float, complex, BaseException)
"""Classes whose own content is no field, so that a record that inherits from them would lose it."""

_MOST_FACTS = 8


def encode_fields(encoder: Encoder, owner: Any, fields: Iterable[tuple[str, Any]], what: str = "field") -> list[Any]:
    """The tree ``["d", name, part, …]`` of an object's fields; an error says in which field it arose."""
    tree: list[Any] = ["d"]
    entering(owner)
    try:
        for name, part in fields:
            try:
                tree += (name, encoder.encode(part))
            except NoFormat:
                with within(f"in {what} {name!r} of {type(owner).__qualname__}"):
                    raise
    finally:
        leaving(owner)
    return tree


def names_in(tree: Any) -> list[str]:
    """The names of the fields in a tree of :func:`encode_fields`."""
    if (
        type(tree) is not list
        or tree[:1] != ["d"]
        or not len(tree) % 2
        or any(type(one) is not str for one in tree[1::2])
    ):
        raise Corrupted(f"the record holds {str(tree)[:60]!r} where the fields of an object should stand")
    return list(tree[1::2])


def check_names(kind: type, expected: Iterable[str], found: Iterable[str]) -> None:
    """Raises :class:`InputError` where a class has other fields than the record."""
    now, then = set(expected), set(found)
    if now == then:
        return
    parts = []
    if now - then:
        parts.append(f"has the fields {', '.join(sorted(now - then))}, which it had not when this artifact was made")
    if then - now:
        parts.append(f"no longer has the fields {', '.join(sorted(then - now))}")
    raise InputError(
        f"{kind.__qualname__} {' and '.join(parts)}. Run the step again, or read the artifact with the class as it was."
    )


def load_fields(tree: Any, kind: type, source: Source, wanted: Any = Any) -> dict[str, Any]:
    """The values of fields by name, each as the class's own annotation asks."""
    names = names_in(tree)
    hints = hints_of(kind)
    known = _parameters(kind, wanted)
    return {
        name: decode(part, source, _asked(hints.get(name, Any), known))
        for name, part in zip(names, tree[2::2], strict=True)
    }


def _parameters(kind: type, wanted: Any) -> Mapping[Any, Any]:
    """What the type variables of a generic class stand for, where the reader says ``Result[Model]``."""
    for option in options(wanted):
        if typing.get_origin(option) is kind:
            return dict(zip(getattr(kind, "__parameters__", ()), typing.get_args(option), strict=False))
    return {}


def _asked(hint: Any, known: Mapping[Any, Any]) -> Any:
    if not known:
        return hint
    if isinstance(hint, typing.TypeVar):
        return known.get(hint, hint)
    inner = getattr(hint, "__parameters__", ())
    return hint[tuple(known.get(one, one) for one in inner)] if inner and not isinstance(hint, type) else hint


def facts_of(kind: type, fields: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The class's name, and the first of its fields that are numbers."""
    facts: dict[str, Any] = {"class": kind.__qualname__}
    for name, value in fields:
        if len(facts) > _MOST_FACTS:
            break
        if type(value) in (bool, int, float) and math.isfinite(value) and abs(value) < 2**53:
            facts.setdefault(name, value)
    return facts
