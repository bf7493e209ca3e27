"""Wrappers of code: partial calls, bound methods, caches, properties, and decorated functions of others."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Any

from solvent.archive.fingerprint.constants.values import FIXED

__all__ = ["parts_of_wrapper", "wrapped_by"]


def parts_of_wrapper(value: Any, kind: type) -> list[Any] | None:
    """What a wrapper of code consists of; None if this is no wrapper."""
    if kind is functools.partial or kind is functools.partialmethod:
        return ["partial", value.func, list(value.args), list(value.keywords.items())]
    if kind is types.MethodType:
        return ["method", value.__func__, value.__self__]
    if kind in (classmethod, staticmethod):
        return [kind.__name__, value.__func__]
    if kind is property:
        return ["property", value.fget, value.fset, value.fdel]
    if kind is functools.cached_property:
        return ["cached_property", value.func]
    if kind is functools.singledispatchmethod:
        return ["singledispatchmethod", value.dispatcher]
    if kind.__module__ == "pandera.api.function_dispatch":  # filled by its own back ends as they are first needed
        registered = value._function_registry.values()
        return ["dispatcher", kind, str(value), [one for one in registered if not _of(one, "pandera")]]
    if kind.__module__ == "functools" and hasattr(value, "__wrapped__"):
        return ["cached", value.__wrapped__]
    return None


def _of(function: Any, package: str) -> bool:
    return str(getattr(function, "__module__", "")).partition(".")[0] == package


def wrapped_by(function: types.FunctionType, owns: Callable[[str | None], bool]) -> list[Any]:
    """What another's wrapper holds of the user's: the functions that it wraps, with plain values beside them."""
    cells: list[Any] = []
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            cells.append((name, cell.cell_contents))
        except ValueError:
            continue
    if hasattr(function, "__wrapped__"):
        cells.append(("__wrapped__", function.__wrapped__))
    registry = getattr(function, "registry", None)
    if isinstance(registry, types.MappingProxyType):  # functools.singledispatch: by which class which function
        cells += list(registry.items())

    def ours(value: Any) -> bool:
        if isinstance(value, (types.FunctionType, type)):
            return owns(value.__module__)
        return isinstance(value, (types.MethodType, functools.partial))

    if not any(ours(value) for _, value in cells):
        return []
    return [[name, value] for name, value in cells if ours(value) or type(value) in FIXED]
