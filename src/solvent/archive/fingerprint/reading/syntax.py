"""The normal forms of functions, classes, expressions and modules, and their source without what does not count."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable
from typing import Any

from solvent.archive.fingerprint.reading.scopes import Scope, Shape
from solvent.archive.fingerprint.reading.writer import FUNCTIONS, Writer

__all__ = ["bare_source", "shape_of_class", "shape_of_expression", "shape_of_function", "shape_of_module"]

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def shape_of_function(node: Function) -> Shape:
    """A function's parameters, annotations and body; its defaults and decorators are asked for by themselves."""
    inner = Scope("function")
    writer = Writer(inner)
    body: list[Any] = []
    writer.parameters(node.args, inner, body, defaults=False)
    for one in getattr(node, "type_params", ()):
        body.append(one)
    if isinstance(node, ast.Lambda):
        body += ["Function:", node.body]
    else:
        body += [f"{type(node).__name__[:-3]}:", writer.annotation(node.returns), "do", *node.body]
    return writer.write(body)


def shape_of_class(node: ast.ClassDef) -> Shape:
    """A class as a whole: decorators, bases, attributes and methods."""
    top = Scope("module")
    writer = Writer(top)
    body: list[Any] = []
    writer.class_parts(node, top, body)
    return writer.write(body)


def shape_of_expression(node: ast.expr) -> Shape:
    """An expression: the value of an assignment, a default, a decorator."""
    return Writer(Scope("module")).write([node])


def shape_of_module(node: ast.Module) -> Shape:
    """A whole module: its own names stay names, only what it imports or misses reaches out."""
    return Writer(Scope("module")).write(["Module", *node.body])


def bare_source(node: Any, dropped: Callable[[ast.expr], bool] = lambda decorator: False) -> str:
    """The source of a definition in one layout, without docstrings and without the decorators that are ``dropped``."""
    try:
        return ast.unparse(_Bare(dropped).visit(copy.deepcopy(node)))
    except RecursionError:
        return f"# {type(node).__name__} at line {getattr(node, 'lineno', 0)}: too deep to be written out"


class _Bare(ast.NodeTransformer):
    def __init__(self, dropped: Callable[[ast.expr], bool]) -> None:
        self.dropped = dropped

    def visit_Expr(self, node: ast.Expr) -> Any:
        """A text that stands alone is a docstring."""
        return None if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str) else node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Drop what does not count, and fill what was left empty."""
        if isinstance(node, FUNCTIONS):
            node.decorator_list = [one for one in node.decorator_list if not self.dropped(one)]
        super().generic_visit(node)
        if isinstance(getattr(node, "body", None), list) and not node.body and not isinstance(node, ast.Module):  # type: ignore[attr-defined]
            node.body = [ast.Pass()]  # type: ignore[attr-defined]
        return node
