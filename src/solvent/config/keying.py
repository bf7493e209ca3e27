"""The value of a setting as the plain structure that keys are made of."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import cached_property
from pathlib import PurePath
from types import BuiltinMethodType, MethodType, ModuleType
from typing import Any

from solvent.config.leaf import Text
from solvent.config.secret import Secret

__all__ = ["canonical"]

_BASES: tuple[Any, ...] = (Mapping, list, tuple, set, frozenset, bool, int, float, str, bytes)
_PLAIN = frozenset({type(None), bool, int, float, str, bytes})


def canonical(value: Any, behaviour: Callable[[Any], str] | None = None) -> Any:
    """The structure that stands for ``value`` in a key: plain values that ``solvent.digest`` can hash.

    Equal settings give equal structures in every process; the order of mappings counts, since code may go by it.
    Different types never meet, because whatever is not plain is written as ``["<kind>", …]`` inside a marked mapping.
    Secrets are their references. Classes and functions, and the classes of objects, are what ``behaviour`` says of
    them; what an object holds besides its fields counts as well. Raises ``TypeError``
    that names the type of a value that cannot be part of a key.
    """
    return _canonical(value, behaviour, ())


def _canonical(value: Any, behaviour: Callable[[Any], str] | None, above: tuple[int, ...]) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    if id(value) in above:
        raise TypeError(f"a setting of type {_name(kind)} cannot be part of the key: it holds itself")
    inner = (*above, id(value))

    def go(item: Any) -> Any:
        return _canonical(item, behaviour, inner)

    if kind is list:
        return [go(item) for item in value]
    if kind is tuple:
        return _mark("tuple", [go(item) for item in value])
    if kind is dict:
        return _mark("dict", _pairs(value, go))
    if kind in (set, frozenset):
        return _mark(kind.__name__, _sorted([go(item) for item in value]))
    simple = _simple(value)
    if simple is not None:
        return simple
    if kind is MethodType:
        return _mark("method", [_behaviour(value.__func__, behaviour), go(value.__self__)])
    if kind is BuiltinMethodType and value.__self__ is not None and not isinstance(value.__self__, ModuleType):
        return _mark("method", [value.__name__, go(value.__self__)])
    if isinstance(value, type) or (callable(value) and hasattr(value, "__qualname__")):
        return _mark("code", _behaviour(value, behaviour))
    return _object(value, behaviour, go)


def _simple(value: Any) -> Any:
    """Small values with a text of their own; None for everything else."""
    if isinstance(value, Text):
        return str(value)
    if isinstance(value, Secret):
        return _mark("secret", value.to_reference())
    if isinstance(value, datetime):
        if value.tzinfo is None:
            return _mark("datetime", value.isoformat())
        return _mark("datetime", [value.isoformat(), str(value.tzinfo)])
    if isinstance(value, date):
        return _mark("date", value.isoformat())
    if isinstance(value, time):
        return _mark("time", value.isoformat())
    if isinstance(value, timedelta):
        return _mark("timedelta", [value.days, value.seconds, value.microseconds])
    if isinstance(value, PurePath):
        return _mark("path", value.as_posix())
    if isinstance(value, Decimal):
        return _mark("decimal", str(value))
    if isinstance(value, complex):
        return _mark("complex", [value.real, value.imag])
    if type(value).__module__ == "uuid" or type(value).__module__ == "ipaddress":
        return _mark(_name(type(value)), str(value))
    return None


def _object(value: Any, behaviour: Callable[[Any], str] | None, go: Callable[[Any], Any]) -> Any:
    """Enums, objects with fields, numpy's scalars and small arrays, partial calls and containers of other kinds."""
    kind = type(value)
    if isinstance(value, Enum):
        return _mark("enum", [_class(kind, behaviour), value.name, go(value.value)])
    if dataclasses.is_dataclass(value):
        fields = {field.name: go(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return _mark("object", [_class(kind, behaviour), fields, *_besides(value, fields, go)])
    if hasattr(value, "__pydantic_fields_set__") and hasattr(kind, "model_fields"):
        fields = {name: go(getattr(value, name)) for name in kind.model_fields}
        extra = getattr(value, "__pydantic_extra__", None) or {}
        fields |= {str(name): go(item) for name, item in extra.items()}
        private = getattr(value, "__pydantic_private__", None) or {}
        inner = [{str(name): go(item) for name, item in private.items()}] if private else []
        return _mark("object", [_class(kind, behaviour), fields, *inner, *_besides(value, fields, go)])
    if isinstance(value, tuple) and hasattr(kind, "_fields"):
        return _mark("object", [_class(kind, behaviour), dict(zip(kind._fields, map(go, value), strict=True))])
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.generic) and not value.dtype.hasobject:
        return _mark("numpy", [value.dtype.str, value.tobytes()])
    if numpy is not None and kind is numpy.ndarray and not value.dtype.hasobject:
        return _mark("array", [value.dtype.descr, list(value.shape), value.tobytes()])
    functools = sys.modules.get("functools")
    if functools is not None and kind is functools.partial:
        return _mark("partial", [go(value.func), [go(one) for one in value.args], _pairs(value.keywords, go)])
    base = next((one for one in _BASES if isinstance(value, one)), None)
    if base is not None:  # of another class than the plain one: what the class does counts, and what else it holds
        return _mark("of a class", [_class(kind, behaviour), _content(value, base, go), *_besides(value, (), go)])
    raise TypeError(
        f"a setting of type {_name(kind)} cannot be part of the key. Give what it is made from (numbers, text, lists, "
        f"a dataclass) as the setting, or hand the object to the step as data"
    )


def _content(value: Any, base: type, go: Callable[[Any], Any]) -> Any:
    """What a value holds as the plain kind of value that it is at bottom."""
    if base is Mapping:
        return [*_pairs(value, go), *([go(value.default_factory)] if hasattr(value, "default_factory") else [])]
    if base in (set, frozenset):
        return _sorted([go(item) for item in value])
    if base in (list, tuple):
        return [go(item) for item in base.__iter__(value)]
    return base(value)


def _besides(value: Any, fields: Collection[str], go: Callable[[Any], Any]) -> list[Any]:
    """What an object holds besides its fields, if anything; what it would compute again does not count."""
    more = {
        name: go(item)
        for name, item in getattr(value, "__dict__", {}).items()
        if name not in fields and not isinstance(getattr(type(value), name, None), cached_property)
    }
    return [more] if more else []


def _mark(kind: str, content: Any) -> dict[str, Any]:
    return {"\0kind": kind, "\0value": content}


def _pairs(value: Mapping[Any, Any], go: Callable[[Any], Any]) -> list[Any]:
    return [[go(name), go(item)] for name, item in value.items()]


def _sorted(items: list[Any]) -> list[Any]:
    from solvent.digest import encode

    return sorted(items, key=encode)


def _class(kind: type, behaviour: Callable[[Any], str] | None) -> Any:
    """What stands for a class: its behaviour, so that moving it changes nothing, or, unasked, its name."""
    return behaviour(kind) if behaviour is not None else _name(kind)


def _behaviour(value: Any, behaviour: Callable[[Any], str] | None) -> str:
    if behaviour is None:
        raise TypeError(f"a setting of type {_name(type(value))} cannot be part of the key here: it is code")
    return behaviour(value)


def _name(kind: type) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
