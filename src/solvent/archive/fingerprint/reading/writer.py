"""The normal form of syntax trees: no comments, docstrings, positions or layout, outward names taken out.

The form is our own, so that it stays the same over versions of Python: each node is its name and those of its
fields that are not empty, in the order of the language reference. The writer keeps its own stack: trees may be deep.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import Any

from solvent.archive.fingerprint.reading.scopes import READ, STORE, WRITE, Imported, Path, Scope, Shape

__all__ = ["FUNCTIONS", "Writer"]

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_WRITERS = frozenset({"append", "appendleft", "extend", "add", "update"})
_DOC_READERS = frozenset({"__doc__", "getdoc", "cleandoc"})
_UNREAD = frozenset({"ctx", "type_comment", "type_ignores", "kind"})


def _fields(kind: type[ast.AST]) -> list[tuple[str, str]]:
    return [(name, f" {name}=") for name in kind._fields if name not in _UNREAD][::-1]


_FIELDS = {kind: _fields(kind) for kind in vars(ast).values() if isinstance(kind, type) and issubclass(kind, ast.AST)}
_TAGS = {kind: f"{kind.__name__}(" if fields else f"{kind.__name__};" for kind, fields in _FIELDS.items()}


class Writer:
    """Writes one piece of code; what its names are is settled at the end, when all bindings are known."""

    def __init__(self, scope: Scope) -> None:
        self.out: list[str] = []
        self.docs: list[str] = []
        self.loads: list[tuple[int, str, tuple[str, ...], int, Scope | None, int, int]] = []
        self.scopes: list[Scope] = []
        self.scope = scope
        self.reads_docs = False

    def write(self, items: Iterable[Any]) -> Shape:
        """Write nodes, tokens and changes of scope in order, and settle the names."""
        self.scopes.append(self.scope)
        stack: list[Any] = [item for item in items if item is not None][::-1]
        out = self.out
        while stack:
            item = stack.pop()
            kind = item.__class__
            if kind is str:
                out.append(item)
                continue
            special = _SPECIAL.get(kind)
            if special is not None:
                special(self, item, stack)
                continue
            if kind is Scope:
                self.scope = item
                continue
            fields = _FIELDS[kind]
            out.append(_TAGS[kind])
            if not fields:
                continue
            stack.append(")")
            for name, tag in fields:
                value = getattr(item, name, None)
                if value is None:
                    continue
                if value.__class__ is list:
                    if value:
                        stack.append("]")
                        stack.extend([one if isinstance(one, ast.AST) else _text(one) for one in value[::-1]])
                        stack.append(tag + "[")
                elif isinstance(value, ast.AST):
                    stack.append(value)
                    stack.append(tag)
                else:
                    stack.append(tag + _text(value))
        return self._settle()

    def load(self, name: str, attributes: tuple[str, ...], line: int, mode: int = READ, count: int = -1) -> None:
        """A name is read; whether it reaches out is settled at the end."""
        scope: Scope | None = self.scope
        if scope is not None and scope.kind == "class" and name not in scope.bound:
            scope = scope.parent  # at class level a name that is not yet bound is looked up outside
        if name in _DOC_READERS or not _DOC_READERS.isdisjoint(attributes):
            self.reads_docs = True
        self.loads.append((len(self.out), name, attributes, mode, scope, line, count))
        self.out.append("")

    def inner(self, kind: str) -> Scope:
        """A new scope within the present one."""
        scope = Scope(kind, self.scope)
        self.scopes.append(scope)
        return scope

    def annotation(self, node: ast.expr | None) -> ast.expr | None:
        """An annotation; one that is written as text counts as what it says."""
        if node.__class__ is ast.Constant and isinstance(node.value, str):
            try:
                return ast.parse(node.value.strip(), mode="eval").body
            except SyntaxError:
                return node
        return node

    def parameters(self, node: ast.arguments, inner: Scope, items: list[Any], defaults: bool = True) -> None:
        """Parameters by kind, name and annotation, with their defaults where they are part of the tree."""
        for tag, group in (("/", node.posonlyargs), ("", node.args), ("*", [node.vararg]),
                           ("=", node.kwonlyargs), ("**", [node.kwarg])):  # fmt: skip
            for one in group:
                if one is not None:
                    inner.bound.add(one.arg)
                    items += [f"P{tag}{one.arg}:", self.annotation(one.annotation)]
        if defaults:
            items += ["defaults[", *node.defaults, "]"]
            items += ["~" if one is None else one for one in node.kw_defaults]

    def class_parts(self, node: ast.ClassDef, outer: Scope, items: list[Any]) -> None:
        """The parts of a class in the order in which they are written."""
        inner = Scope("class", outer)
        self.scopes.append(inner)
        items += [f"Class({node.name}", *node.decorator_list, "bases[", *node.bases, *node.keywords, "]"]
        items += [*getattr(node, "type_params", ()), inner, *node.body, outer, ")"]

    def _settle(self) -> Shape:
        paths: dict[Path, int] = {}
        places: list[int] = []
        lines: list[int] = []
        counts: list[int] = []

        def gap(path: Path, line: int, count: int) -> None:
            place = paths.setdefault(path, len(paths))
            if place == len(lines):
                lines.append(line)
                counts.append(count)
            elif 0 <= count < counts[place] or counts[place] < 0:
                counts[place] = count
            places.append(place)

        out = self.out
        for index, name, attributes, mode, scope, line, count in self.loads:
            owner = scope.owner(name) if scope is not None else None
            if owner is None:
                out[index] = "@"
                gap(Path(name, attributes, mode), line, count)
            elif name in owner.imports:
                owner.used.add(name)
                out[index] = "@" * len(owner.imports[name])
                for one in owner.imports[name]:
                    gap(Path(one, attributes), line, count)
            else:
                out[index] = f"N{'.'.join((name, *attributes))};"
        for scope in self.scopes:
            for name, found in scope.imports.items():
                if name not in scope.used:
                    for one in found:
                        out.append("@")
                        gap(Path(one, ()), 0, -1)
        return Shape(
            "".join(out), tuple(paths), tuple(places), tuple(lines), tuple(counts), tuple(self.docs), self.reads_docs
        )


def _text(value: object) -> str:
    """A constant, with its type and its end told."""
    if value.__class__ is str:
        return f"s{len(value)}:{value};"
    if value is None:
        return "~"
    if isinstance(value, tuple):
        return f"({''.join(_text(one) for one in value)})"
    if isinstance(value, frozenset):
        return f"{{{''.join(sorted(_text(one) for one in value))}}}"
    return f"{value.__class__.__name__[0]}{value!r};"


def _name(writer: Writer, node: ast.Name, stack: list[Any]) -> None:
    if node.ctx.__class__ is ast.Load:
        writer.load(node.id, (), node.lineno)
        return
    writer.scope.bind(node.id)
    writer.out.append(f"N{node.id};" if node.id not in writer.scope.outer else f"G{node.id};")


def _chain(node: ast.expr) -> tuple[ast.expr, tuple[str, ...]]:
    """``a.b.c`` as its first name and the attributes that follow."""
    attributes: list[str] = []
    while node.__class__ is ast.Attribute:
        attributes.append(node.attr)
        node = node.value
    return node, tuple(attributes[::-1])


def _attribute(writer: Writer, node: ast.Attribute, stack: list[Any]) -> None:
    last = ""
    start: ast.expr = node
    if node.ctx.__class__ is not ast.Load:
        last, start = f"={node.attr};", node.value
    _read(writer, start, stack, STORE if last else READ)
    if last:
        writer.out.append(last)


def _read(writer: Writer, node: ast.expr, stack: list[Any], mode: int = READ, count: int = -1) -> None:
    """Read a name with its attributes; of anything else, its attributes and then the thing itself."""
    first, attributes = _chain(node)
    if first.__class__ is ast.Name:
        writer.load(first.id, attributes, first.lineno, mode, count)
        return
    if attributes:
        writer.out.append(f".{'.'.join(attributes)};")
        if not _DOC_READERS.isdisjoint(attributes):
            writer.reads_docs = True
    stack.append(first)


def _constant(writer: Writer, node: ast.Constant, stack: list[Any]) -> None:
    writer.out.append(_text(node.value))


def _call(writer: Writer, node: ast.Call, stack: list[Any], mode: int = READ) -> None:
    writer.out.append("Call(")
    stack.append(")")
    stack.extend(node.keywords[::-1])
    stack.extend(node.args[::-1])
    count = len(node.args) + len(node.keywords)
    if count == 1 and node.args and node.args[0].__class__ is ast.Constant and node.args[0].value is None:
        count = 0
    _read(writer, node.func, stack, mode, count)


def _statement(writer: Writer, node: ast.Expr, stack: list[Any]) -> None:
    value = node.value
    if value.__class__ is ast.Constant and isinstance(value.value, str):
        writer.docs.append(value.value)
        return
    writer.out.append("Expr:")
    if value.__class__ is ast.Call:
        function = value.func
        adds = function.__class__ is ast.Attribute and function.attr in _WRITERS
        _call(writer, value, stack, WRITE if adds else READ)
    else:
        stack.append(value)


def _pass(writer: Writer, node: ast.Pass, stack: list[Any]) -> None:
    """It does nothing, and stands where a docstring might as well."""


def _subscript(writer: Writer, node: ast.Subscript, stack: list[Any]) -> None:
    writer.out.append("Subscript(")
    stack += [")", node.slice, "at"]
    _read(writer, node.value, stack, READ if node.ctx.__class__ is ast.Load else STORE)


def _augmented(writer: Writer, node: ast.AugAssign, stack: list[Any]) -> None:
    target = node.target
    writer.out.append("AugAssign(")
    stack += [")", node.value, node.op, target]
    if isinstance(target, ast.Subscript):
        stack += [target.value]  # what is added to is read as well
        return
    first, attributes = _chain(target)
    if isinstance(first, ast.Name):
        writer.load(first.id, attributes, first.lineno)


def _annotated(writer: Writer, node: ast.AnnAssign, stack: list[Any]) -> None:
    writer.out.append("AnnAssign(")
    stack += [")", "~" if node.value is None else node.value, "=", writer.annotation(node.annotation), ":", node.target]


def _function(writer: Writer, node: ast.FunctionDef | ast.AsyncFunctionDef, stack: list[Any]) -> None:
    outer = writer.scope
    outer.bind(node.name)
    inner = writer.inner("function")
    items: list[Any] = [f"{type(node).__name__}(", node.name, ":", *node.decorator_list]
    items += getattr(node, "type_params", ())
    for one in getattr(node, "type_params", ()):
        inner.bound.add(one.name)
    writer.parameters(node.args, inner, items)
    items += ["->", writer.annotation(node.returns), inner, *node.body, outer, ")"]
    stack += [item for item in items if item is not None][::-1]


def _lambda(writer: Writer, node: ast.Lambda, stack: list[Any]) -> None:
    inner = writer.inner("function")
    items: list[Any] = ["Lambda("]
    writer.parameters(node.args, inner, items)
    items += [inner, node.body, writer.scope, ")"]
    stack += [item for item in items if item is not None][::-1]


def _class(writer: Writer, node: ast.ClassDef, stack: list[Any]) -> None:
    writer.scope.bind(node.name)
    items: list[Any] = []
    writer.class_parts(node, writer.scope, items)
    stack += items[::-1]


def _comprehension(writer: Writer, node: Any, stack: list[Any]) -> None:
    outer, inner = writer.scope, writer.inner("comprehension")
    first = node.generators[0]
    items: list[Any] = [f"{type(node).__name__}(", first.iter, inner]
    for one in node.generators:
        items += [f"for{one.is_async}", one.target, *([] if one is first else ["in", one.iter])]
        for condition in one.ifs:
            items += ["if", condition]
    items += ["of", *([node.key, node.value] if type(node) is ast.DictComp else [node.elt]), outer, ")"]
    stack += items[::-1]


def _walrus(writer: Writer, node: ast.NamedExpr, stack: list[Any]) -> None:
    writer.scope.home().bind(node.target.id)
    writer.out.append(f"N{node.target.id}:=")
    stack.append(node.value)


def _import(writer: Writer, node: ast.Import, stack: list[Any]) -> None:
    for alias in node.names:
        name = alias.asname or alias.name.partition(".")[0]
        _bind_import(writer, name, Imported(alias.name, None, 0, alias.asname is not None))


def _import_from(writer: Writer, node: ast.ImportFrom, stack: list[Any]) -> None:
    for alias in node.names:
        found = Imported(node.module or "", alias.name, node.level, True)
        _bind_import(writer, alias.asname or alias.name, found)


def _bind_import(writer: Writer, name: str, found: Imported) -> None:
    scope = writer.scope
    if name in scope.outer or name in scope.inherited:
        writer.out.append(f"import {name}={found.module}.{found.name};")
        return
    scope.bound.add(name)
    known = scope.imports.setdefault(name, [])
    if found not in known:
        known.append(found)


def _global(writer: Writer, node: ast.Global, stack: list[Any]) -> None:
    writer.scope.outer.update(node.names)
    writer.out.append("Global;")


def _nonlocal(writer: Writer, node: ast.Nonlocal, stack: list[Any]) -> None:
    writer.scope.inherited.update(node.names)
    writer.out.append(f"Nonlocal {','.join(node.names)};")


def _naming(field: str) -> Callable[[Writer, Any, list[Any]], None]:
    """Nodes that bind a name that stands in one of their fields: handlers, patterns, type parameters."""

    def write(writer: Writer, node: Any, stack: list[Any]) -> None:
        name = getattr(node, field)
        if name is not None:
            writer.scope.bind(name)
        writer.out.append(f"{type(node).__name__}({name or '~'}")
        stack.append(")")
        for other, tag in _FIELDS[type(node)]:
            value = getattr(node, other)
            if other == field or value is None:
                continue
            if isinstance(value, list):
                stack += ["]", *value[::-1], tag + "["]
            else:
                stack += [value, tag]

    return write


_SPECIAL: dict[Any, Callable[[Writer, Any, list[Any]], None]] = {
    ast.Name: _name, ast.Attribute: _attribute, ast.Constant: _constant, ast.Call: _call, ast.Expr: _statement,
    ast.Pass: _pass, ast.Subscript: _subscript, ast.AugAssign: _augmented, ast.AnnAssign: _annotated,
    ast.FunctionDef: _function, ast.AsyncFunctionDef: _function, ast.Lambda: _lambda, ast.ClassDef: _class,
    ast.ListComp: _comprehension, ast.SetComp: _comprehension, ast.GeneratorExp: _comprehension,
    ast.DictComp: _comprehension, ast.NamedExpr: _walrus, ast.Import: _import, ast.ImportFrom: _import_from,
    ast.Global: _global, ast.Nonlocal: _nonlocal, ast.ExceptHandler: _naming("name"), ast.MatchAs: _naming("name"),
    ast.MatchStar: _naming("name"), ast.MatchMapping: _naming("rest"),
    **{getattr(ast, kind): _naming("name") for kind in ("TypeVar", "ParamSpec", "TypeVarTuple") if hasattr(ast, kind)},
}  # fmt: skip
