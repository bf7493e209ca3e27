"""What one statement does with names: which it reads, makes, deletes, and may alter in place."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["BUILTINS", "Flow", "flow_of"]

BUILTINS = frozenset(dir(builtins)) | {
    "__name__",
    "__file__",
    "__doc__",
    "get_ipython",
    "display",
    "In",
    "Out",
    "_",
    "__",
}


@dataclass(frozen=True)
class Flow:
    """The names of a statement at the top of a notebook.

    ``reads`` are read as it stood before; ``makes`` are bound by it, ``maybe`` those of them that only some ways
    through it bind. ``deferred`` are the globals that the functions and classes it defines read when they are called.
    ``alters`` may be altered in place, as far as syntax tells; ``stars`` are modules of ``from x import *``.
    """

    reads: frozenset[str] = frozenset()
    makes: frozenset[str] = frozenset()
    maybe: frozenset[str] = frozenset()
    deletes: frozenset[str] = frozenset()
    alters: frozenset[str] = frozenset()
    deferred: frozenset[str] = frozenset()
    stars: tuple[str, ...] = ()


def flow_of(node: ast.stmt) -> Flow:
    """The flow of a statement."""
    walk = _Walk()
    walk.statement(node)
    return Flow(
        frozenset(walk.reads), frozenset(walk.made | walk.maybe), frozenset(walk.maybe - walk.made),
        frozenset(walk.deleted), frozenset(walk.altered), frozenset(walk.deferred - BUILTINS), tuple(walk.stars),
    )  # fmt: skip


class _Walk:
    """Follows a statement in the order in which it is carried out."""

    def __init__(self) -> None:
        self.reads: set[str] = set()
        self.made: set[str] = set()
        self.maybe: set[str] = set()
        self.deleted: set[str] = set()
        self.altered: set[str] = set()
        self.deferred: set[str] = set()
        self.stars: list[str] = []

    # -- statements --------------------------------------------------------------------------------------------

    def block(self, nodes: Iterable[ast.stmt]) -> None:
        for node in nodes:
            self.statement(node)

    def statement(self, node: ast.stmt) -> None:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            self._function(node)
        elif isinstance(node, ast.ClassDef):
            self._class(node)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            self._import(node)
        elif isinstance(node, ast.If):
            self.expression(node.test)
            self._ways([node.body, node.orelse])
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            self.expression(node.iter)
            self._loop(node)
        elif isinstance(node, ast.While):
            self.expression(node.test)
            self._ways([node.body, []])
            self._ways([node.orelse, []])
        elif isinstance(node, (ast.Try, ast.TryStar)):
            self._try(node)
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            for item in node.items:
                self.expression(item.context_expr)
                if item.optional_vars is not None:
                    self.target(item.optional_vars)
            self.block(node.body)
        elif isinstance(node, ast.Match):
            self.expression(node.subject)
            self._cases(node.cases)
        else:
            self._simple(node)

    def _simple(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Assign):
            self.expression(node.value)
            for target in node.targets:
                self.target(target)
        elif isinstance(node, ast.AugAssign):
            self.expression(node.value)
            if isinstance(node.target, ast.Name):
                self._read(node.target.id)
                self.altered.add(node.target.id)
            self.target(node.target)
        elif isinstance(node, ast.AnnAssign):
            self.expression(node.annotation)
            if node.value is not None:
                self.expression(node.value)
                self.target(node.target)
        elif isinstance(node, ast.Delete):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    self._read(target.id)
                    self.deleted.add(target.id)
                    self.made.discard(target.id)
                else:
                    self.target(target)
        elif isinstance(node, (ast.Global, ast.Nonlocal, ast.Pass, ast.Break, ast.Continue)):
            pass
        else:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    self.expression(child)

    def _ways(self, ways: Iterable[Iterable[ast.stmt]]) -> None:
        """Branches: what all of them bind is bound, what some bind may be."""
        before = set(self.made)
        each: list[set[str]] = []
        for way in ways:
            self.made = set(before)
            self.block(way)
            each.append(self.made)
        self.made = set.intersection(*each) if each else before
        self.maybe |= set().union(*each) - self.made

    def _cases(self, cases: Iterable[ast.match_case]) -> None:
        before = set(self.made)
        for case in cases:
            self.made = set(before)
            for part in ast.walk(case.pattern):
                name = getattr(part, "name", None) or getattr(part, "rest", None)
                if isinstance(name, str):
                    self.made.add(name)
                if isinstance(part, ast.MatchValue):
                    self.expression(part.value)
            self.expression(case.guard)
            self.block(case.body)
            self.maybe |= self.made - before
        self.made = before

    def _loop(self, node: ast.For | ast.AsyncFor) -> None:
        before = set(self.made)
        self.target(node.target)
        self.block(node.body)
        inside = self.made
        self.made = before
        self.maybe |= inside - before
        self._ways([node.orelse, []])

    def _try(self, node: ast.Try | ast.TryStar) -> None:
        """What is bound whether or not something is raised is bound; a handler that raises again ends no way."""
        before = set(self.made)
        self.block(node.body)
        within = set(self.made)
        self.block(node.orelse)
        each = [self.made]
        for one in node.handlers:
            self.made = set(within)  # it may read what was bound before something was raised
            self.expression(one.type)
            self.block(one.body)
            own = _Walk()
            own.block(one.body)
            self.maybe |= own.made | own.maybe
            if not (one.body and isinstance(one.body[-1], ast.Raise)):
                each.append(before | own.made)
        self.made = set.intersection(*each)
        self.maybe |= set().union(*each) - self.made
        self.block(node.finalbody)

    # -- definitions -------------------------------------------------------------------------------------------

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for one in node.decorator_list:
            self.expression(one)
        self._signature(node.args)
        if node.returns is not None:
            self.expression(node.returns)
        self.deferred |= _free_in_function(node.args, node.body) - {node.name}
        self.made.add(node.name)

    def _signature(self, given: ast.arguments) -> None:
        for default in [*given.defaults, *given.kw_defaults]:
            self.expression(default)
        for one in [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]:
            if one is not None and one.annotation is not None:
                self.expression(one.annotation)

    def _class(self, node: ast.ClassDef) -> None:
        for one in [*node.decorator_list, *node.bases, *(key.value for key in node.keywords)]:
            self.expression(one)
        inner = _Walk()
        inner.block(node.body)
        self._merge(inner, bound=inner.made | inner.maybe)
        self.deferred |= inner.deferred - {node.name}
        self.made.add(node.name)

    def _merge(self, inner: _Walk, bound: set[str]) -> None:
        for name in inner.reads:
            self._read(name)
        self.altered |= inner.altered - bound

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for one in node.names:
            if one.name == "*":
                self.stars.append(getattr(node, "module", None) or "")
            else:
                self.made.add(one.asname or one.name.partition(".")[0])

    # -- expressions and targets -------------------------------------------------------------------------------

    def target(self, node: ast.expr) -> None:
        if isinstance(node, ast.Name):
            self.made.add(node.id)
        elif isinstance(node, (ast.Tuple, ast.List)):
            for one in node.elts:
                self.target(one)
        elif isinstance(node, ast.Starred):
            self.target(node.value)
        else:  # an item or attribute of something: that is altered
            self.expression(node)
            self._alter(node)

    def _alter(self, node: ast.expr) -> None:
        while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
            node = node.func if isinstance(node, ast.Call) else node.value
        if isinstance(node, ast.Name):
            self.altered.add(node.id)

    def _read(self, name: str) -> None:
        if name not in self.made:
            self.reads.add(name)

    def expression(self, node: ast.expr | None) -> None:
        if node is None:
            return
        if isinstance(node, ast.Name):
            self._read(node.id)
        elif isinstance(node, ast.NamedExpr):
            self.expression(node.value)
            self.target(node.target)
        elif isinstance(node, ast.Lambda):
            self._signature(node.args)
            # A lambda is mostly called where it stands, so what it reads is read now.
            for name in _free_in_function(node.args, [ast.Expr(node.body)]):
                self._read(name)
        elif isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
            self._comprehension(node)
        else:
            if isinstance(node, ast.Call):
                self._call(node)
            for child in ast.iter_child_nodes(node):
                self._child(child)

    def _child(self, child: ast.AST) -> None:
        if isinstance(child, ast.expr):
            self.expression(child)
        elif not isinstance(child, (ast.expr_context, ast.operator, ast.cmpop, ast.boolop, ast.unaryop)):
            for one in ast.iter_child_nodes(child):
                self._child(one)

    def _call(self, node: ast.Call) -> None:
        """A method may alter its object, and any function what it is given: the first is noted, the rest observed."""
        if isinstance(node.func, ast.Attribute):
            self._alter(node.func.value)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        inner = _Walk()
        inner.made = set(self.made)
        for one in node.generators:
            inner.expression(one.iter)
            inner.target(one.target)
            for test in one.ifs:
                inner.expression(test)
        for value in [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]:
            inner.expression(value)
        self._merge(inner, bound=inner.made - self.made)


def _free_in_function(given: ast.arguments, body: Iterable[ast.stmt]) -> set[str]:
    """The names that a function's body takes from outside."""
    nodes = list(body)
    own = {one.arg for one in [*given.posonlyargs, *given.args, *given.kwonlyargs]}
    own |= {one.arg for one in (given.vararg, given.kwarg) if one is not None}
    declared = {name for node in nodes for one in _own_nodes(node) if isinstance(one, ast.Global) for name in one.names}
    bound = _Walk()
    bound.block(nodes)
    own |= (bound.made | bound.maybe | bound.deleted) - declared
    free = (bound.reads | bound.deferred | declared) - own
    return free


def _own_nodes(node: ast.AST) -> Iterable[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            yield from _own_nodes(child)
