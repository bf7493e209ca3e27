"""The value of a setting as the plain structure that keys are made of."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from types import BuiltinMethodType, MethodType, ModuleType
from typing import Any

from solvent.config.leaf import Text
from solvent.config.secret import Secret

__all__ = ["canonical"]

_PLAIN = frozenset({type(None), bool, int, float, str, bytes})


def canonical(value: Any, behaviour: Callable[[Any], str] | None = None) -> Any:
    """The structure that stands for ``value`` in a key: plain values that ``solvent.digest`` can hash.

    Equal settings give equal structures in every process; different types never meet, because whatever is not
    plain is written as ``["<kind>", …]`` inside a marked mapping. Secrets are their references. Classes and
    functions, and the classes of objects with fields, are what ``behaviour`` says of them. Raises ``TypeError``
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
        return _mapping("dict", value, go)
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
        return _mark("object", [_class(kind, behaviour), fields])
    if hasattr(value, "__pydantic_fields_set__") and hasattr(kind, "model_fields"):
        fields = {name: go(getattr(value, name)) for name in kind.model_fields}
        extra = getattr(value, "__pydantic_extra__", None) or {}
        fields |= {str(name): go(item) for name, item in extra.items()}
        return _mark("object", [_class(kind, behaviour), fields])
    if isinstance(value, tuple) and hasattr(kind, "_fields"):
        return _mark("object", [_class(kind, behaviour), dict(zip(kind._fields, map(go, value), strict=True))])
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.generic) and not value.dtype.hasobject:
        return _mark("numpy", [value.dtype.str, value.tobytes()])
    if numpy is not None and kind is numpy.ndarray and not value.dtype.hasobject:
        return _mark("array", [value.dtype.descr, list(value.shape), value.tobytes()])
    functools = sys.modules.get("functools")
    if functools is not None and kind is functools.partial:
        return _mark("partial", [go(value.func), [go(one) for one in value.args], _mapping("dict", value.keywords, go)])
    if isinstance(value, Mapping):
        return _mapping(_name(kind), value, go)
    if isinstance(value, (list, tuple, set, frozenset)):
        items = [go(item) for item in value]
        return _mark(_name(kind), _sorted(items) if isinstance(value, (set, frozenset)) else items)
    if isinstance(value, (bool, int, float, str, bytes)):
        base: Any = next(base for base in (bool, int, float, str, bytes) if isinstance(value, base))
        return _mark(_name(kind), base(value))
    raise TypeError(
        f"a setting of type {_name(kind)} cannot be part of the key. Give what it is made from (numbers, text, lists, "
        f"a dataclass) as the setting, or hand the object to the step as data"
    )


def _mark(kind: str, content: Any) -> dict[str, Any]:
    return {"\0kind": kind, "\0value": content}


def _mapping(kind: str, value: Mapping[Any, Any], go: Callable[[Any], Any]) -> Any:
    if kind == "dict" and all(type(name) is str and not name.startswith("\0") for name in value):
        return {name: go(item) for name, item in value.items()}
    return _mark(kind, _sorted([[go(name), go(item)] for name, item in value.items()]))


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
