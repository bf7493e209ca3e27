"""Classes as nodes: the whole class statement, the bases, and the values that its attributes have now."""

from __future__ import annotations

import ast
import linecache
import sys
import types
from collections.abc import Iterator
from functools import partial
from typing import Any

from solvent.archive.fingerprint.constants.values import FIXED, PLAIN
from solvent.archive.fingerprint.functions import changed_shape, is_transformed
from solvent.archive.fingerprint.library.places import file_of
from solvent.archive.fingerprint.lookup import Namespace
from solvent.archive.fingerprint.nodes import Node, Opaque, Reaching, Watched
from solvent.archive.fingerprint.reading.sources import Source
from solvent.archive.fingerprint.reading.syntax import bare_source, shape_of_class, shape_of_expression
from solvent.archive.fingerprint.record import Definition

__all__ = ["expand_class"]

_GENERATED = frozenset({
    "__dict__", "__weakref__", "__module__", "__qualname__", "__doc__", "__annotations__", "__slots__",
    "__firstlineno__", "__static_attributes__", "__annotate_func__", "__annotations_cache__", "__parameters__",
    "__orig_bases__", "__abstractmethods__", "_abc_impl", "__match_args__", "__hash__", "__dataclass_fields__",
    "__dataclass_params__", "__slotnames__",  # the last one is put there by the first copy of an instance
})  # fmt: skip


def expand_class(kind: type, reach: Reaching, node: Node) -> None:
    """Fill in the node of a class of the user's own."""
    methods = list(_methods(kind))
    names = methods[0].__globals__ if methods else vars(sys.modules.get(kind.__module__, types))
    name = kind.__qualname__.replace("<locals>.", "")
    found, source, problem = _find(kind, methods, names, reach)
    for place, base in enumerate(kind.__bases__):
        if base is not object:
            reach.add(node, base, f"base {place}")
    if type(kind) is not type:
        reach.add(node, type(kind), "metaclass")
    if problem:
        node.reasons.append(problem)
    if found is None or source is None:
        _put_made(node, kind, names, reach)
        return
    space = Namespace(names, _cells(methods), source.filename)
    short = reach.lookup.places.short(source.filename)
    node.definition = Definition(name, short, found.lineno, partial(bare_source, found))
    if changed_shape(source, kind.__qualname__, found, shape_of_class):
        node.reasons.append(f"{short}: {name} changed since it was imported")
    reach.connect(node, source.shape(found, shape_of_class), space, "class")
    _put_attributes(node, kind, found, reach)


def _find(kind: type, methods: list[Any], names: dict[str, Any], reach: Reaching) -> tuple[Any, Source | None, str]:
    """The class statement that made a class, and why it cannot be trusted if it cannot."""
    candidates: list[tuple[Any, Source]] = []
    for filename in dict.fromkeys([*(one.__code__.co_filename for one in methods), *_files(kind, names)]):
        source = reach.lookup.source(filename, names)
        if source is None:
            continue
        if source.problem:
            return None, None, source.problem
        candidates += [(one, source) for one in source.definitions(kind.__qualname__) if isinstance(one, ast.ClassDef)]
    transformed = is_transformed(names)
    fitting = [one for one in candidates if _fits(kind, methods, *one, transformed)]
    shapes = {source.shape(node, shape_of_class).text for node, source in fitting}
    name = kind.__qualname__.replace("<locals>.", "")
    if len(shapes) > 1:
        return *fitting[-1], f"{name} is defined more than once, and none of it tells which is meant"
    if fitting:
        return *fitting[-1], ""
    if candidates:
        short = reach.lookup.places.short(candidates[0][1].filename)
        return *candidates[0], f"{short}: {name} changed since it was imported"
    return None, None, ""


def _fits(kind: type, methods: list[Any], node: ast.ClassDef, source: Source, transformed: bool) -> bool:
    """Whether the live methods and attributes are those of a class statement."""
    for method in methods:
        found, live = source.find(method.__code__, transformed)
        if not live or not node.lineno <= found.lineno <= (node.end_lineno or node.lineno):
            return False
    line = vars(kind).get("__firstlineno__")
    if line is not None and not methods and source.before is None:
        first = node.decorator_list[0].lineno if node.decorator_list else node.lineno
        if line != first:
            return False
    annotated = {
        one.target.id for one in node.body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
    }
    live_names = vars(kind).get("__annotations__")
    return live_names is None or bool(node.decorator_list) or annotated <= set(live_names)


def _methods(kind: type) -> Iterator[Any]:
    """The functions that the class statement itself defines, out of whatever they were wrapped in."""
    for name, value in vars(kind).items():
        for function in _functions(value):
            if (
                function.__qualname__ == f"{kind.__qualname__}.{name}"
                and not function.__code__.co_filename.startswith("<string")
                and function.__code__.co_qualname == function.__qualname__
            ):
                yield function


def _functions(value: Any) -> Iterator[Any]:
    if isinstance(value, property):
        parts = [value.fget, value.fset, value.fdel]
    else:
        parts = [getattr(value, name, None) for name in ("__func__", "func")] + [value]
    for part in parts:
        inner = getattr(part, "__wrapped__", part)
        if isinstance(inner, types.FunctionType):
            yield inner


def _files(kind: type, names: dict[str, Any]) -> list[str]:
    """Where a class without methods may be written: its module's file, or, in a notebook, any cell."""
    filename = names.get("__file__")
    cells = []
    if kind.__module__ == "__main__":
        cells = [name for name in linecache.cache if name.startswith("<ipython") or "ipykernel" in name]
    module = sys.modules.get(kind.__module__)
    return [*cells, *([filename] if isinstance(filename, str) else []), *([file_of(module)] if module else [])]


def _cells(methods: list[Any]) -> dict[str, Any]:
    cells: dict[str, Any] = {}
    for method in methods:
        cells |= dict(zip(method.__code__.co_freevars, method.__closure__ or (), strict=True))
    return cells


def _put_attributes(node: Node, kind: type, found: ast.ClassDef, reach: Reaching) -> None:
    """Attributes that have another value than was written, and methods that were put in from elsewhere."""
    own = set(map(id, _methods(kind)))
    for name, value in sorted(vars(kind).items()):
        if name in _GENERATED or name.startswith(("__pydantic", "_member", "_value2member", "__attrs")):
            continue
        if type(value) in PLAIN:
            _put_value(node, kind, name, value, reach)
        elif isinstance(value, types.FunctionType) and id(value) not in own:
            inner = next(_functions(value), value)
            if id(inner) not in own and not inner.__code__.co_filename.startswith("<"):
                reach.add(node, value, f"method {name}")


def _put_value(node: Node, kind: type, name: str, value: Any, reach: Reaching) -> None:
    try:
        target = reach.value(value)
    except Opaque:
        return  # its expression stands in the class
    node.payload += f"attribute {name};".encode()
    node.refs.append((target, ()))
    if not (name.startswith("__") and type(value) in FIXED):
        again = partial(vars(kind).get, name)
        node.watched.append(Watched(f"{node.name}.{name}", node.name, value, target, again))


def _put_made(node: Node, kind: type, names: dict[str, Any], reach: Reaching) -> None:
    """A class that no class statement made: ``namedtuple``, ``make_dataclass``, ``type`` with three arguments."""
    name = kind.__qualname__
    node.definition = Definition(name, str(names.get("__name__", "")), 0, f"# {name}: made by a call")
    node.payload += f"made {kind.__name__};".encode()
    filename = names.get("__file__")
    source = reach.lookup.source(filename, names) if isinstance(filename, str) else None
    expression = source.assignment(kind.__name__) if source is not None else None
    if source is not None and isinstance(expression, ast.expr):
        space = Namespace(names, {}, source.filename)
        reach.connect(node, source.shape(expression, shape_of_expression), space, "assigned")
        text = f"{kind.__name__} = {ast.unparse(expression)}"
        node.definition = Definition(name, reach.lookup.places.short(source.filename), expression.lineno, text)
        return
    for attribute, value in sorted(vars(kind).items()):
        if attribute not in _GENERATED or attribute in ("__annotations__", "__slots__"):
            reach.add(node, value, f"attribute {attribute}")
