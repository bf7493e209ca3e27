"""Declarations that a strict type checker asks for: of collections that begin empty, and of what a step gives back."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

__all__ = ["declared"]

_EMPTY = {"list": "list[Any]", "dict": "dict[Any, Any]", "set": "set[Any]"}
_TYPED = (ast.Constant, ast.JoinedStr, ast.List, ast.Dict, ast.Set, ast.Tuple, ast.ListComp, ast.DictComp, ast.SetComp)
_PLAIN = frozenset({"list", "dict", "set", "tuple", "sorted", "str"})
_ARRAYS = frozenset({"array", "arange", "linspace", "zeros", "ones", "full", "concatenate", "asarray", "eye", "empty"})
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_OWN = (*_FUNCTIONS, ast.ClassDef, ast.Lambda, ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp)
# A place (line from 0, column in bytes) and the text that goes there.
_Edit = tuple[int, int, str]


def declared(text: str, parameters: Collection[str] = (), gives: tuple[str, str] | None = None) -> str:
    """The code of a function's inside with its declarations.

    ``x = []`` becomes ``x: list[Any] = []`` where nothing but such empty ones is ever bound to the name. ``gives`` is
    the name that is returned, and its type: packages without types of their own make ``Any``, which a strict checker
    lets nobody return as something else.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return text
    lines = [line.encode() for line in text.split("\n")]
    edits = list(_empties(tree, set(parameters) | _taken(tree), lines))
    if gives is not None and gives[0] not in parameters:
        edits += _given(tree, *gives, lines)
    for line, column, word in sorted(edits, reverse=True):
        lines[line] = lines[line][:column] + word.encode() + lines[line][column:]
    return b"\n".join(lines).decode()


def _empties(scope: ast.AST, taken: set[str], lines: list[bytes]) -> Iterator[_Edit]:
    """Edits for each name of a scope that is only ever bound to empty collections of one kind, and so inside of it."""
    if not isinstance(scope, ast.ClassDef):
        for name, found in _bindings(scope).items():
            kinds = {_empty(value) for _, value in found}
            kind = kinds.pop() if len(kinds) == 1 else None
            if kind is not None and name not in taken:
                yield from _declare(found[0][0], name, _EMPTY[kind], lines)
    for node in _within(scope):
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            yield from _empties(node, _taken(node), lines)


def _taken(scope: ast.AST) -> set[str]:
    """Names of a scope that are declared already, or that are bound in more than this scope."""
    names: set[str] = set()
    if isinstance(scope, _FUNCTIONS):
        given = scope.args
        names = {one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)}
    others = [one.names for one in ast.walk(scope) if isinstance(one, (ast.Global, ast.Nonlocal))]
    return names.union(*others)


def _within(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a scope; of functions, classes, and comprehensions inside of it only themselves."""
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop(0)
        yield node
        if not isinstance(node, _OWN):
            waiting += ast.iter_child_nodes(node)


def _bindings(scope: ast.AST) -> dict[str, list[tuple[ast.AST, ast.expr | None]]]:
    """By name what binds it, in the order of the text: the statement, and the value where it is plain to see."""
    found: dict[str, list[tuple[ast.AST, ast.expr | None]]] = {}
    seen: set[int] = set()
    for node in _within(scope):
        if isinstance(node, ast.Assign):
            for name, value in _pairs(node):
                seen.add(id(name))
                found.setdefault(name.id, []).append((node, value))
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            seen.add(id(node.target))
    for node in _within(scope):
        itself = _bound(node)
        if itself is not None and id(node) not in seen:
            found.setdefault(itself, []).append((node, None))
    for each in found.values():
        each.sort(key=lambda one: (getattr(one[0], "lineno", 0), getattr(one[0], "col_offset", 0)))
    return found


def _bound(node: ast.AST) -> str | None:
    """The name that a node binds or deletes by itself."""
    if isinstance(node, ast.Name):
        return None if isinstance(node.ctx, ast.Load) else node.id
    if isinstance(node, (*_FUNCTIONS, ast.ClassDef, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
        return node.name
    return node.asname or node.name if isinstance(node, ast.alias) else None


def _pairs(node: ast.Assign) -> Iterator[tuple[ast.Name, ast.expr | None]]:
    """The names of an assignment with their values; without, where they come out of one value."""
    alone = len(node.targets) == 1
    for target in node.targets:
        if isinstance(target, ast.Name):
            yield target, node.value
        elif isinstance(target, (ast.Tuple, ast.List)):
            same = alone and isinstance(node.value, (ast.Tuple, ast.List)) and len(node.value.elts) == len(target.elts)
            for place, one in enumerate(target.elts):
                if isinstance(one, ast.Name):
                    yield one, node.value.elts[place] if same else None  # type: ignore[attr-defined]


def _empty(value: ast.expr | None) -> str | None:
    """Which empty collection this is, if it is one."""
    if isinstance(value, ast.List) and not value.elts:
        return "list"
    if isinstance(value, ast.Dict) and not value.keys:
        return "dict"
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and not value.args and not value.keywords:
        return value.func.id if value.func.id in _EMPTY else None
    return None


def _declare(node: ast.AST, name: str, said: str, lines: list[bytes]) -> Iterator[_Edit]:
    """In the assignment itself, or in a line above it where it has several names."""
    if not isinstance(node, ast.Assign):
        return
    line, column = node.lineno - 1, node.col_offset
    (target, *more) = node.targets
    if not more and isinstance(target, ast.Name):
        yield line, target.end_col_offset or 0, f": {said}"
    elif not lines[line][:column].strip():
        yield line, column, f"{name}: {said}\n{lines[line][:column].decode()}"


def _given(tree: ast.Module, name: str, said: str, lines: list[bytes]) -> Iterator[_Edit]:
    """The declaration of what is returned, where the code binds it once, and not to what has a type anyway."""
    if not said.startswith(("np.", "list[", "dict[", "set[", "tuple[")):
        return
    found = _bindings(tree).get(name, [])
    if len(found) == 1 and not (found[0][1] is not None and _is_typed(found[0][1])):
        yield from _declare(found[0][0], name, said, lines)


def _is_typed(value: ast.expr) -> bool:
    """Whether a type checker knows what this is without knowing the package that makes it."""
    if isinstance(value, _TYPED):
        return True
    if not isinstance(value, ast.Call):
        return False
    if isinstance(value.func, ast.Name):
        return value.func.id in _PLAIN
    inside = value.func.value if isinstance(value.func, ast.Attribute) else None
    if isinstance(inside, ast.Name):
        return inside.id == "np" and value.func.attr in _ARRAYS  # type: ignore[attr-defined]
    return isinstance(inside, ast.Call) and _is_typed(inside)
