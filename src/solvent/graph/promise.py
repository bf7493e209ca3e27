"""A promise stands for a value while a pipeline's body is run to make the plan; it can only be handed on."""

from __future__ import annotations

import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NoReturn

from solvent.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PLACE", "Promise", "caller_line", "promises_in", "substitute"]

PLACE: ContextVar[str | None] = ContextVar("solvent_place", default=None)
"""Where the settings declare what is being wired, if they do and no code."""
_OWN = __name__.partition(".")[0] + "."


class Promise:
    """The value that an output of a node will have. Any use but handing it on is a :class:`PlanError`."""

    __slots__ = ("_annotation", "_node", "_output")

    def __init__(self, node: str, output: str, annotation: Any) -> None:
        object.__setattr__(self, "_node", node)
        object.__setattr__(self, "_output", output)
        object.__setattr__(self, "_annotation", annotation)

    def __repr__(self) -> str:
        return f"<promise of {_label(self)}>"

    def __getattr__(self, name: str) -> NoReturn:
        _refuse(self, f"its attribute {name!r} was read")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        _refuse(self, f"its attribute {name!r} was set")

    __hash__ = object.__hash__


def node_of(promise: Promise) -> tuple[str, str, Any]:
    """The node, the output's name and the declared type behind a promise."""
    return (
        object.__getattribute__(promise, "_node"),
        object.__getattribute__(promise, "_output"),
        object.__getattribute__(promise, "_annotation"),
    )


def promises_in(value: Any) -> Iterator[Promise]:
    """Every promise in a value, through lists, tuples and dicts."""
    if type(value) is Promise:
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from promises_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from promises_in(item)


def substitute(value: Any, put: Any) -> Any:
    """The value with ``put(promise)`` in the place of every promise; containers that hold none are kept as is."""
    if type(value) is Promise:
        return put(value)
    if isinstance(value, (list, tuple)):
        if next(promises_in(value), None) is None:
            return value
        items = [substitute(item, put) for item in value]
        return value._make(items) if hasattr(value, "_make") else type(value)(items)
    if isinstance(value, dict) and next(promises_in(value), None) is not None:
        return {name: substitute(item, put) for name, item in value.items()}
    return value


def caller_line() -> str:
    """``file:line`` of the nearest frame that is not Solvent's own, or of the settings that declare the graph."""
    declared = PLACE.get()
    if declared is not None:
        return declared
    frame = sys._getframe(1)
    while frame.f_back is not None and f"{frame.f_globals.get('__name__', '')}.".startswith(_OWN):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _label(promise: Promise) -> str:
    node, output, _ = node_of(promise)
    return node if output == "value" else f"{node}.{output}"


def _refuse(promise: Promise, what: str) -> NoReturn:
    raise PlanError(
        f"{caller_line()}: the result of {_label(promise)!r} is not there yet while the pipeline is being wired, "
        f"and {what}. Inside a pipeline results can only be handed to steps: do this in a step, or use "
        f"sv.when(flag, step, …) for what depends on a value."
    )


def _forbid(method: str, what: str) -> None:
    def refuse(self: Promise, *_: object, **__: object) -> NoReturn:
        _refuse(self, what)

    refuse.__name__ = method
    setattr(Promise, method, refuse)


for _method in ("eq", "ne", "lt", "le", "gt", "ge"):
    _forbid(f"__{_method}__", "it was compared")
for _method in (
    *("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "divmod", "pow", "lshift", "rshift", "and", "or"),
    *("xor", "radd", "rsub", "rmul", "rtruediv", "rfloordiv", "rmod", "rpow", "rand", "ror", "rxor", "rmatmul"),
    *("neg", "pos", "abs", "invert"),
):
    _forbid(f"__{_method}__", "an operator was used on it")
for _method in ("int", "float", "complex", "index", "round", "trunc", "floor", "ceil"):
    _forbid(f"__{_method}__", "it was turned into a number")
for _method, _what in (
    ("bool", "its truth was asked for (if, and, or, not)"),
    ("len", "its length was asked for"),
    ("iter", "it was iterated over or unpacked"),
    ("contains", "something was looked for in it"),
    ("getitem", "an item of it was asked for"),
    ("setitem", "an item of it was set"),
    ("delitem", "an item of it was deleted"),
    ("call", "it was called"),
    ("enter", "it was used in a with statement"),
    ("str", "it was turned into text"),
    ("format", "it was put into text"),
    ("array", "it was turned into an array"),
):
    _forbid(f"__{_method}__", _what)
