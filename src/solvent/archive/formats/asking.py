"""What a reader asks for: annotations as the classes and element types that a format may build."""

from __future__ import annotations

import inspect
import sys
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from solvent.errors import InputError

__all__ = ["choose_class", "element", "hints_of", "is_concrete", "kind_of", "options"]

_DEEPEST = 20
_WIDEST = 100


def options(wanted: Any) -> tuple[Any, ...]:
    """The alternatives that an annotation allows, ``None`` left out: unions, ``Annotated`` and aliases seen through."""
    found: list[Any] = []
    _unfold(wanted, found, 0)
    return tuple(found)


def _unfold(wanted: Any, found: list[Any], depth: int) -> None:
    if wanted is None or wanted is type(None):
        return
    origin = typing.get_origin(wanted)
    inner: Iterable[Any]
    if origin in (typing.Union, types.UnionType):
        inner = typing.get_args(wanted)
    elif origin in (typing.Annotated, typing.Final, typing.ClassVar):
        inner = typing.get_args(wanted)[:1]
    elif isinstance(wanted, typing.TypeVar):
        inner = wanted.__constraints__ or ((wanted.__bound__,) if wanted.__bound__ is not None else (Any,))
    elif isinstance(wanted, typing.NewType):
        inner = (wanted.__supertype__,)
    elif hasattr(wanted, "__value__") and not isinstance(wanted, type):  # ``type X = …`` of Python 3.12
        inner = (wanted.__value__,)
    else:
        found.append(wanted)
        return
    for one in inner:
        if depth < _DEEPEST:
            _unfold(one, found, depth + 1)


def is_concrete(kind: Any) -> bool:
    """Whether something is a class that a value can be made of (not ``Any``, ``object`` or a protocol)."""
    return isinstance(kind, type) and kind not in (Any, object) and not getattr(kind, "_is_protocol", False)


def kind_of(value: Any) -> Any:
    """By which annotation a value is read back: its class, and those of what it holds if it is generic or a tuple."""
    kind: Any = type(value)
    if kind is tuple and 0 < len(value) <= _WIDEST:
        return tuple[tuple(kind_of(one) for one in value)]  # type: ignore[misc]
    parameters = getattr(kind, "__parameters__", ()) if hasattr(kind, "__dataclass_fields__") else ()
    if not parameters:
        return kind
    fields = {hint: name for name, hint in hints_of(kind).items() if isinstance(hint, typing.TypeVar)}
    return kind[tuple(kind_of(getattr(value, fields[one])) if one in fields else Any for one in parameters)]


def element(wanted: Any, place: int | str | None = None) -> Any:
    """What is asked of an element: ``X`` of ``list[X]``, ``dict[K, X]``, ``tuple[X, ...]``; ``Any`` where unsaid.

    ``place`` is the position in a tuple, or the key in a ``TypedDict``; None asks for the keys of a dict.
    """
    if wanted is Any:
        return Any
    found = [one for one in (_element(option, place) for option in options(wanted)) if one is not Any]
    if not found:
        return Any
    return found[0] if len(found) == 1 else typing.Union[tuple(found)]  # noqa: UP007 made at run time


def _element(option: Any, place: int | str | None) -> Any:
    if typing.is_typeddict(option):
        return hints_of(option).get(place, Any) if isinstance(place, str) else Any
    origin, args = typing.get_origin(option), typing.get_args(option)
    if not args or not isinstance(origin, type):
        return Any
    if issubclass(origin, Mapping):
        if place is None:
            return args[0]
        return args[1] if len(args) > 1 else Any
    if place is None:
        return Any
    if origin is tuple and args[-1] is not Ellipsis:
        return args[place] if isinstance(place, int) and place < len(args) else Any
    if issubclass(origin, (Sequence, Iterable)):
        return args[0]
    return Any


def choose_class(wanted: Any, name: str, base: Any, what: str) -> type:
    """The class to build for a record that says ``name``, among what is asked for and its loaded subclasses.

    ``base`` tells (by ``base(kind) -> bool``) which classes fit the format; ``name`` is a qualified name that
    only ever picks among classes that the reader names: nothing is imported because a record says so.
    Raises :class:`InputError` where nothing fits.
    """
    asked: list[type] = []
    for option in options(wanted):
        kind = typing.get_origin(option) if isinstance(typing.get_origin(option), type) else option
        for one in (option, kind):  # a generic pydantic model is a class of its own, a generic dataclass is not
            if is_concrete(one) and one not in asked:
                asked.append(one)
    for kind in (*asked, *(below for top in asked for below in _subclasses(top))):
        if kind.__qualname__ == name and base(kind):
            return kind
    short = name.rpartition(".")[2]
    if not asked:
        raise InputError(
            f"this artifact is {what} of the class {name!r}. Which class to make of it is said by whoever reads it, "
            f"never by the artifact: annotate the parameter or field with {short} (or the step that makes it: "
            f"-> {short}), or read it with as_={short}."
        )
    shown = ", ".join(kind.__qualname__ for kind in asked)
    raise InputError(
        f"this artifact is {what} of the class {name!r}, but {shown} was asked for. Ask for {short} (as_={short}), "
        f"or run the step again if the class has a new name."
    )


def _subclasses(kind: type) -> Iterable[type]:
    direct: list[type] = type.__subclasses__(kind)
    for one in direct:
        yield one
        yield from _subclasses(one)


def hints_of(kind: type) -> dict[str, Any]:
    """The annotations of a class's fields as objects; ``Any`` for one that cannot be evaluated here."""
    try:
        return typing.get_type_hints(kind, include_extras=True)
    except Exception:  # one bad name (often imported for type checkers only) must not hide the others
        pass
    found: dict[str, Any] = {}
    for one in reversed(kind.__mro__):
        scope = dict(vars(sys.modules.get(one.__module__, types)))
        for name, raw in inspect.get_annotations(one).items():
            try:
                found[name] = eval(raw, scope, dict(vars(one))) if isinstance(raw, str) else raw
            except Exception:
                found[name] = Any
    return found
