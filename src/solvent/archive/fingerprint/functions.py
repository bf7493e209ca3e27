"""Functions and modules as nodes: their source if it is what runs, else their bytecode; defaults, closure, class."""

from __future__ import annotations

import ast
import sys
import types
from collections.abc import Callable
from functools import partial
from typing import Any

from solvent.archive.fingerprint.constants.values import FIXED, PLAIN
from solvent.archive.fingerprint.library.places import file_of
from solvent.archive.fingerprint.lookup import Namespace
from solvent.archive.fingerprint.nodes import Node, Reaching, Watched
from solvent.archive.fingerprint.reading.bytecode import code_shape
from solvent.archive.fingerprint.reading.forms import Form, digest_of_code
from solvent.archive.fingerprint.reading.scopes import Path, Shape
from solvent.archive.fingerprint.reading.sources import Source
from solvent.archive.fingerprint.reading.syntax import (
    bare_source,
    shape_of_expression,
    shape_of_function,
    shape_of_module,
)
from solvent.archive.fingerprint.record import Definition

__all__ = ["changed_shape", "expand_function", "expand_module", "is_transformed", "put_function"]


def expand_function(function: types.FunctionType, reach: Reaching, node: Node) -> None:
    """Fill in the node of a function of the user's own."""
    code = function.__code__
    cells = dict(zip(code.co_freevars, function.__closure__ or (), strict=True))
    space = Namespace(function.__globals__, cells, code.co_filename)
    source = reach.lookup.source(code.co_filename, space.names)
    name = function.__qualname__.replace("<locals>.", "")
    form = None if source is None else _form_of(code, source, space, reach)
    short = reach.lookup.places.short(code.co_filename)
    changed = f"{short}: {name} changed since it was imported"
    if source is None or form is None:
        if source is not None:
            node.reasons.append(source.problem or changed)
        text = "its source is not to be had" if source is None else "its source is not what runs"
        node.definition = Definition(name, short, code.co_firstlineno, f"# {name}: {text}")
        reach.connect(node, code_shape(code), space, "code")
        _put_defaults(node, function, None, space, reach)
    else:
        found = partial(_definition, source, code, space)
        node.definition = Definition(name, short, form.line, lambda: _text(found(), space, reach))
        if source.before is not None and changed_shape(source, code.co_qualname, found(), shape_of_function):
            node.reasons.append(changed)
        _put_form(node, form, space, reach)
        _put_defaults(node, function, found, space, reach)
    if function.__dict__:
        for attribute, value in sorted(function.__dict__.items()):
            reach.add(node, value, f"attribute {attribute}")
    _put_class(node, function, space, reach)


def put_function(node: Node, found: Any, space: Namespace, source: Source, reach: Reaching) -> None:
    """Add the tree of a function, and its decorators, save Solvent's own."""
    _put_form(node, _make_form(found, source, space, reach), space, reach)


def _form_of(code: types.CodeType, source: Source, space: Namespace, reach: Reaching) -> Form | None:
    """The form of a code object's definition, remembered or made now; None if the text is not what runs."""
    transformed = is_transformed(space.names)
    name = "" if transformed else digest_of_code(code)
    form = source.forms.get(name)
    if form is None or any(kept is None and not _leads_to_step(path, space, reach) for path, kept in form.decorators):
        found, live = source.find(code, transformed)
        if found is None or not live:
            return None
        form = _make_form(found, source, space, reach)
        if name:
            source.learn(name, form)
    return form


def _make_form(found: Any, source: Source, space: Namespace, reach: Reaching) -> Form:
    decorators = []
    for one in getattr(found, "decorator_list", ()):
        path = _path_of(one)
        ours = _leads_to_step(path, space, reach)
        decorators.append((path, None if ours else source.shape(one, shape_of_expression)))
    return Form(found.lineno, source.shape(found, shape_of_function), tuple(decorators))


def _put_form(node: Node, form: Form, space: Namespace, reach: Reaching) -> None:
    reach.connect(node, form.shape, space, "function")
    for path, shape in form.decorators:
        if shape is not None and not _leads_to_step(path, space, reach):
            reach.connect(node, shape, space, "decorator")


def _definition(source: Source, code: types.CodeType, space: Namespace) -> Any:
    """The node of the tree that made a code object."""
    return source.find(code, is_transformed(space.names))[0]


def expand_module(module: types.ModuleType, reach: Reaching, node: Node) -> None:
    """Fill in a module that is handed about as a value: all of it counts, with the plain values that it holds."""
    space = Namespace(vars(module), {}, file_of(module))
    source = reach.lookup.source(space.filename, space.names)
    short = reach.lookup.places.short(space.filename)
    if source is None or source.problem:
        problem = None if source is None else source.problem
        node.reasons.append(problem or f"the source of {module.__name__} is not to be had")
        return
    if source.before is not None:
        node.reasons.append(f"{short} changed since it was imported")
    node.definition = Definition(module.__name__, short, 1, partial(bare_source, source.tree))
    reach.connect(node, source.shape(source.tree, shape_of_module), space, "module")
    for name, value in sorted(vars(module).items()):
        if not name.startswith("__") and type(value) in PLAIN:
            reach.add(node, value, f"global {name}", _in_the_tree)


def changed_shape(source: Source, qualname: str, found: Any, make: Callable[[Any], Shape]) -> bool:
    """Whether a file was edited while in use, and this definition with it in a way that its code does not show."""
    if source.before is None:
        return False
    now = _forms(source, found, make)
    old = [one for one in source.before.definitions(qualname) if type(one) is type(found)]
    return bool(old) and all(_forms(source.before, one, make) != now for one in old)


def _forms(source: Source, node: Any, make: Callable[[Any], Shape]) -> list[Any]:
    """The normal forms of a definition and of its decorators, as what can be compared."""
    shapes = [source.shape(node, make)]
    shapes += [source.shape(one, shape_of_expression) for one in getattr(node, "decorator_list", ())]
    return [shape.form() for shape in shapes]


def is_transformed(names: dict[str, Any]) -> bool:
    """Whether an import hook rewrites a module's code, as pytest's does with its assertions."""
    loader = type(names.get("__loader__")).__module__
    return not loader.startswith(("_frozen_importlib", "importlib", "zipimport", "builtins"))


def _put_defaults(
    node: Node, function: types.FunctionType, found: Callable[[], Any] | None, space: Namespace, reach: Reaching
) -> None:
    """Defaults by the values that they have; one that cannot be identified so, by its expression."""
    code, defaults = function.__code__, function.__defaults__ or ()
    last = code.co_argcount
    named = list(zip(code.co_varnames[last - len(defaults) : last], defaults, strict=True))
    named += sorted((function.__kwdefaults__ or {}).items())
    if not named:
        return
    plain = all(type(value) in FIXED for _, value in named)
    local = "<locals>" in function.__qualname__
    written = {} if plain or local or found is None else _written_defaults(found().args)
    for name, value in named:
        text = written.get(name)
        spare = None if text is None else partial(_put_expression, node, text, space, f"default {name}", reach)
        reach.add(node, value, f"default {name}", spare)
        if type(value) in PLAIN and type(value) not in FIXED:
            again = partial(_same, value)
            node.watched.append(Watched(f"the default of {name}", node.name, value, node.refs[-1][0], again))


def _put_expression(node: Node, text: ast.expr, space: Namespace, tag: str, reach: Reaching) -> None:
    reach.connect(node, shape_of_expression(text), space, tag)


def _written_defaults(args: ast.arguments) -> dict[str, ast.expr | None]:
    places = [*args.posonlyargs, *args.args]
    found: dict[str, ast.expr | None] = {}
    for one, text in zip(places[len(places) - len(args.defaults) :], args.defaults, strict=True):
        found[one.arg] = text
    for one, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        found[one.arg] = default
    return found


def _put_class(node: Node, function: types.FunctionType, space: Namespace, reach: Reaching) -> None:
    """A method reaches its class: what it calls on ``self`` is there."""
    cell = space.cells.get("__class__")
    owner: Any = None
    if cell is not None:
        try:
            owner = cell.cell_contents
        except ValueError:
            return
    elif "." in function.__qualname__ and "<locals>" not in function.__qualname__:
        owner = sys.modules.get(function.__module__)
        for part in function.__qualname__.split(".")[:-1]:
            owner = getattr(owner, part, None)
    if isinstance(owner, type) and reach.owns(owner.__module__):
        reach.add(node, owner, "class")


def _path_of(decorator: ast.expr) -> Path | None:
    """The name by which a decorator is called, if it has one."""
    node = decorator.func if isinstance(decorator, ast.Call) else decorator
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.append(node.attr)
        node = node.value
    return Path(node.id, tuple(attributes[::-1])) if isinstance(node, ast.Name) else None


def _leads_to_step(path: Path | None, space: Namespace, reach: Reaching) -> bool:
    """Whether a decorator is Solvent's own: its options are no part of the code."""
    value = None if path is None else reach.lookup.follow(path, space).value
    return isinstance(value, types.FunctionType) and str(value.__module__).startswith("solvent.graph.")


def _text(found: Any, space: Namespace, reach: Reaching) -> str:
    return bare_source(found, lambda one: _leads_to_step(_path_of(one), space, reach))


def _in_the_tree() -> None:
    """What an assignment says stands in the module's own tree."""


def _same(value: Any) -> Any:
    return value
