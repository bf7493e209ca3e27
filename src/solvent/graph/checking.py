"""Whether a value of one annotation may go where another is asked for, as a type checker would say."""

from __future__ import annotations

import collections.abc
import functools
import types
import typing
from collections.abc import Callable
from typing import Any

from solvent.graph.annotation import own_annotations

__all__ = ["fits"]

_WIDER: dict[type, tuple[type, ...]] = {int: (float, complex), float: (complex,), bool: (int, float, complex)}


def fits(produced: Any, wanted: Any, family: Callable[[Any], bool]) -> bool | None:
    """True or False where the annotations decide it, None where only the value can.

    ``family`` says which types are tables: any of them fits any other, since the same artifact is read as each.
    """
    try:
        return _fits_cached(produced, wanted, family)
    except TypeError:  # an annotation that cannot be hashed
        return _fits(produced, wanted, family)


@functools.lru_cache(maxsize=4096)
def _fits_cached(produced: Any, wanted: Any, family: Callable[[Any], bool]) -> bool | None:
    return _fits(produced, wanted, family)


def _fits(produced: Any, wanted: Any, family: Callable[[Any], bool]) -> bool | None:
    produced, wanted = _bare(produced), _bare(wanted)
    if wanted is object or wanted is Any or produced is Any or produced is wanted or produced == wanted:
        return True
    if isinstance(wanted, typing.TypeVar) or isinstance(produced, typing.TypeVar):
        return None
    if _is_union(produced):
        return _all(_fits(one, wanted, family) for one in typing.get_args(produced))
    if _is_union(wanted):
        return _any(_fits(produced, one, family) for one in typing.get_args(wanted))
    if family(wanted):
        return True if family(produced) else _unless_plain(produced)
    if family(produced):
        return _unless_plain(wanted)
    if typing.get_origin(produced) is typing.Literal:
        return _all(_fits(type(one), wanted, family) for one in typing.get_args(produced))
    if typing.get_origin(wanted) is typing.Literal:
        return None if _fits(produced, type(typing.get_args(wanted)[0]), family) else False
    return _fits_classes(produced, wanted, family)


def _fits_classes(produced: Any, wanted: Any, family: Callable[[Any], bool]) -> bool | None:
    made, asked = typing.get_origin(produced) or produced, typing.get_origin(wanted) or wanted
    if asked is collections.abc.Callable:
        return None
    if not isinstance(made, type) or not isinstance(asked, type):
        return None
    if getattr(asked, "_is_protocol", False):
        return _has_methods(made, asked)
    if asked in _WIDER.get(made, ()):
        return True
    try:
        related = issubclass(made, asked)
    except TypeError:
        return None
    if not related:
        # A base class was declared, and the value may well be the subclass that is asked for (an int is no bool).
        return None if issubclass(asked, made) and (made is object or made.__module__ != "builtins") else False
    left, right = typing.get_args(produced), typing.get_args(wanted)
    if not left or not right:
        return True
    return _fits_elements(made, left, right, family)


def _fits_elements(
    made: type, left: tuple[Any, ...], right: tuple[Any, ...], family: Callable[[Any], bool]
) -> bool | None:
    if issubclass(made, tuple):
        if left[-1] is Ellipsis or right[-1] is Ellipsis or len(right) != len(left):
            if left[-1] is not Ellipsis and right[-1] is not Ellipsis and len(left) != len(right):
                return False
            rest = [one for one in left if one is not Ellipsis]
            if right[-1] is Ellipsis or len(right) == 1:
                return _all(_fits(one, right[0], family) for one in rest)
            return None
    elif len(left) != len(right):
        return None
    return _all(_fits(one, other, family) for one, other in zip(left, right, strict=True))


def _bare(annotation: Any) -> Any:
    if annotation is None:
        return type(None)
    while typing.get_origin(annotation) is typing.Annotated:
        annotation = typing.get_args(annotation)[0]
    if isinstance(annotation, typing.NewType):
        return _bare(annotation.__supertype__)
    value = getattr(annotation, "__value__", None)  # type X = …  (3.12)
    return _bare(value) if value is not None and type(annotation).__name__ == "TypeAliasType" else annotation


def _is_union(annotation: Any) -> bool:
    return typing.get_origin(annotation) in (typing.Union, types.UnionType)


def _has_methods(made: type, protocol: type) -> bool:
    """Structural fit by the members that the protocol itself names; a data member may be an annotation only."""
    asked: set[str] = set()
    for kind in protocol.__mro__:
        if getattr(kind, "_is_protocol", False) and kind is not typing.Protocol:
            names = {*vars(kind), *own_annotations(kind)}
            asked |= {name for name in names if not name.startswith("_") or name == "__call__"}
    annotated = {name for kind in made.__mro__ for name in own_annotations(kind)}
    return all(hasattr(made, name) or name in annotated for name in asked)


def _unless_plain(other: Any) -> bool | None:
    """A table against something that is none: plain values never fit, other classes may (a protocol, a Path)."""
    origin = typing.get_origin(other) or other
    if origin in (bool, int, float, complex, str, bytes, list, dict, tuple, set, frozenset, type(None)):
        return False
    return None if not isinstance(origin, type) or getattr(origin, "_is_protocol", False) else False


def _all(answers: Any) -> bool | None:
    seen = list(answers)
    return False if False in seen else (None if None in seen else True)


def _any(answers: Any) -> bool | None:
    seen = list(answers)
    return True if True in seen else (None if None in seen else False)
