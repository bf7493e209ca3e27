"""Annotations as they are written (text, or names imported for type checkers only) become objects."""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
import types
import typing
from collections.abc import Callable
from typing import Any

from solvent.errors import DefinitionError

__all__ = ["Outputs", "describe", "element_of", "outputs_of", "own_annotations", "resolve_annotations"]


class Outputs:
    """What a step's return annotation declares: one value, the fields of a ``NamedTuple``, or a tuple's places."""

    __slots__ = ("annotation", "fields", "kind", "record")

    def __init__(self, annotation: Any) -> None:
        self.annotation = annotation
        self.record: Callable[..., Any] | None = None
        self.kind = "single"
        self.fields: dict[str, Any] = {"value": annotation}
        if isinstance(annotation, type) and issubclass(annotation, tuple) and hasattr(annotation, "_fields"):
            hints = resolve_annotations(annotation)
            self.kind, self.record = "named", _maker(annotation)
            self.fields = {name: hints.get(name, Any) for name in annotation._fields}
        elif typing.get_origin(annotation) is tuple:
            places = typing.get_args(annotation)
            if places and Ellipsis not in places:
                self.kind, self.record = "tuple", tuple
                self.fields = {str(place): kind for place, kind in enumerate(places)}

    def split(self, value: Any) -> dict[str, Any]:
        """The outputs by name, of a value that has the declared shape."""
        if self.kind == "single":
            return {"value": value}
        return dict(zip(self.fields, value, strict=True))

    def join(self, values: dict[str, Any]) -> Any:
        """The value that a caller sees, from the outputs by name."""
        if self.record is None:
            return values["value"]
        return self.record([values[name] for name in self.fields])


def own_annotations(kind: type) -> dict[str, Any]:
    """The annotations that stand in a class's own body, as they are written."""
    return inspect.get_annotations(kind)


def outputs_of(annotation: Any) -> Outputs:
    """The declared outputs of a return annotation; without one, a single output of whatever type comes."""
    return Outputs(annotation)


def resolve_annotations(thing: Any) -> dict[str, Any]:
    """The annotations of a function or class as objects, ``Annotated`` kept.

    Text is evaluated where the thing was defined; a name that is imported under ``if TYPE_CHECKING:`` only is
    imported now. Raises :class:`DefinitionError` for a name that stands nowhere.
    """
    if isinstance(thing, type):
        raw: dict[str, Any] = {}
        for kind in reversed(thing.__mro__):
            raw.update(own_annotations(kind))
        scope = dict(vars(sys.modules.get(thing.__module__, types)))
        local: dict[str, Any] = dict(vars(thing))
        where = f"class {thing.__qualname__}"
    else:
        raw = dict(getattr(thing, "__annotations__", {}))
        scope = getattr(thing, "__globals__", {})
        local = _closure(thing)
        where = f"{thing.__qualname__} ({thing.__code__.co_filename}:{thing.__code__.co_firstlineno})"
    return {name: type(None) if kind is None else _evaluate(kind, scope, local, where) for name, kind in raw.items()}


def element_of(annotation: Any) -> Any:
    """The element type of ``list[T]``, ``dict[str, T]``, ``Sequence[T]`` …, or None; ``Any`` where it is not said."""
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return element_of(args[0])
    if origin in (typing.Union, types.UnionType):
        left = [one for one in args if one is not type(None)]
        return element_of(left[0]) if len(left) == 1 else Any
    if isinstance(origin, type) and args:
        return args[-1] if args[-1] is not Ellipsis else args[0]
    return Any


def describe(annotation: Any) -> str:
    """An annotation as a person would write it."""
    if annotation is type(None):
        return "None"
    if isinstance(annotation, type) and not typing.get_args(annotation):
        module = annotation.__module__.split(".")[0]
        return annotation.__qualname__ if module in ("builtins", "__main__") else f"{module}.{annotation.__qualname__}"
    return str(annotation).replace("typing.", "")


def _maker(record: Any) -> Callable[..., Any]:
    made: Callable[..., Any] = record._make
    return made


def _closure(function: Any) -> dict[str, Any]:
    cells = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            cells[name] = cell.cell_contents
        except ValueError:  # a name that is assigned later
            continue
    return cells


def _evaluate(kind: Any, scope: dict[str, Any], local: dict[str, Any], where: str) -> Any:
    if isinstance(kind, typing.ForwardRef):
        kind = kind.__forward_arg__
    if not isinstance(kind, str):
        return kind
    extra: dict[str, Any] = dict(local)
    for _ in range(20):
        try:
            return eval(kind, scope, extra)  # the user's own annotation, as Python itself would evaluate it
        except NameError as error:
            name = error.name or ""
            found = _imported_for_checkers(scope.get("__name__", ""), name)
            if found is None or name in extra:
                raise DefinitionError(
                    f"{where}: the annotation {kind!r} names {name!r}, which is not defined"
                ) from None
            extra[name] = found
        except Exception as error:
            raise DefinitionError(f"{where}: the annotation {kind!r} cannot be evaluated: {error}") from error
    raise DefinitionError(f"{where}: the annotation {kind!r} cannot be evaluated")


def _imported_for_checkers(module: str, name: str) -> Any:
    """What ``name`` is imported as under ``if TYPE_CHECKING:`` in a module's file, or None."""
    file = getattr(sys.modules.get(module), "__file__", None)
    if not file:
        return None
    try:
        with open(file, encoding="utf-8") as text:
            tree = ast.parse(text.read())
    except (OSError, SyntaxError):
        return None
    for block in ast.walk(tree):
        if not (isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)):
            continue
        for line in block.body:
            for alias in getattr(line, "names", []):
                bound = alias.asname or alias.name.split(".")[0]
                if bound != name:
                    continue
                if isinstance(line, ast.Import):
                    found = importlib.import_module(alias.name)
                    return found if alias.asname else sys.modules[bound]
                if isinstance(line, ast.ImportFrom):
                    source = importlib.import_module("." * line.level + (line.module or ""), _package(module))
                    return getattr(source, alias.name, None) or importlib.import_module(
                        f"{source.__name__}.{alias.name}"
                    )
    return None


def _package(module: str) -> str:
    loaded = sys.modules[module]
    return getattr(loaded, "__package__", None) or module.rpartition(".")[0]
