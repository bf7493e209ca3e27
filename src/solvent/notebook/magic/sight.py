"""What a cell does with names: which of the session it reads, and which it may alter, told from its syntax."""

from __future__ import annotations

import ast
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from solvent.notebook.flow.statements import flow_of

__all__ = ["CODE", "Sight", "altered_by", "is_code", "look", "look_at", "plain_kind", "through_functions"]

CODE = (types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType, type)
"""What is code and no value: it is part of a fingerprint, and neither an input nor an output."""

_LONGEST = 200_000
_FUNCTIONS = 50
_ALTERING = frozenset({
    "add", "append", "clear", "discard", "extend", "fit", "fit_predict", "fit_transform", "insert",
    "partial_fit", "pop", "popitem", "remove", "reverse", "setdefault", "shuffle", "sort", "update",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sight:
    """The names of a cell: read as they stood before it, made, deleted, and altered in place for all that syntax tells.

    ``told`` is false where the cell was not read: it is no Python, or too long.
    """

    reads: frozenset[str] = frozenset()
    makes: frozenset[str] = frozenset()
    deletes: frozenset[str] = frozenset()
    alters: frozenset[str] = frozenset()
    told: bool = True


def look(source: str) -> Sight:
    """Read a cell, as IPython hands it to Python."""
    if len(source) > _LONGEST:
        return Sight(told=False)
    try:
        tree = compile(source, "cell", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Sight(told=False)
    assert isinstance(tree, ast.Module)
    return look_at(tree.body)


def look_at(statements: Iterable[ast.stmt]) -> Sight:
    """The names of statements that are carried out one after another."""
    reads: set[str] = set()
    made: set[str] = set()
    deleted: set[str] = set()
    altered: set[str] = set()
    for node in statements:
        flow = flow_of(node)
        reads |= (flow.reads | flow.deferred) - made
        made |= flow.makes
        deleted = (deleted | flow.deletes) - flow.makes
        altered |= altered_by(node)
    return Sight(frozenset(reads), frozenset(made), frozenset(deleted), frozenset(altered))


def altered_by(node: ast.stmt) -> set[str]:
    """The names whose objects a statement surely means to alter, by items, attributes, ``inplace=`` or ``fit``."""
    found: set[str] = set()
    for one in ast.walk(node):
        if isinstance(one, (ast.Attribute, ast.Subscript)) and not isinstance(one.ctx, ast.Load):
            found |= _owner(one)
        elif isinstance(one, ast.AugAssign):
            found |= _owner(one.target)
        elif isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute):
            inplace = any(
                key.arg == "inplace" and isinstance(key.value, ast.Constant) and key.value.value is True
                for key in one.keywords
            )
            if inplace or one.func.attr in _ALTERING:
                found |= _owner(one.func.value)
    return found


def _owner(node: ast.expr) -> set[str]:
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def through_functions(names: Iterable[str], space: Mapping[str, Any]) -> set[str]:
    """What the session's own functions among ``names`` read of the session, and what those call read."""
    found: set[str] = set()
    waiting = list(names)
    looked = 0
    while waiting and looked < _FUNCTIONS:
        value = space.get(waiting.pop())
        codes = [value.__code__] if type(value) is types.FunctionType and value.__globals__ is space else []
        if issubclass(type(value), type) and value.__module__ == "__main__":
            codes = [one.__code__ for one in vars(value).values() if type(one) is types.FunctionType]
        while codes:
            looked += 1
            code = codes.pop()
            codes += [one for one in code.co_consts if isinstance(one, types.CodeType)]
            new = {name for name in code.co_names if name in space} - found
            found |= new
            waiting += new
    return found


def plain_kind(value: Any) -> str:
    """The class of a value as a person names it."""
    kind = type(value)
    module = str(getattr(kind, "__module__", ""))
    name = str(getattr(kind, "__qualname__", kind))
    return name if module in ("builtins", "__main__") else f"{module.partition('.')[0]}.{name}"


def is_code(value: Any) -> bool:
    """Whether a value is a module, a function or a class."""
    return issubclass(type(value), CODE)
