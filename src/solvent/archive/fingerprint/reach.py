"""What code reaches: the nodes of live objects, and of the names that a piece of code reads."""

from __future__ import annotations

import ast
import sys
import types
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from functools import partial
from pathlib import Path as File
from typing import Any

from solvent import digest
from solvent.archive.fingerprint.classes import expand_class
from solvent.archive.fingerprint.constants.values import FIXED, encode_value, shown
from solvent.archive.fingerprint.constants.wrappers import parts_of_wrapper, wrapped_by
from solvent.archive.fingerprint.functions import expand_function, expand_module, put_function
from solvent.archive.fingerprint.library.hidden import hidden_kind
from solvent.archive.fingerprint.library.places import OWN, ROOM, file_of
from solvent.archive.fingerprint.lookup import MISSING, Found, Lookup, Namespace
from solvent.archive.fingerprint.nodes import Node, Opaque, Watched
from solvent.archive.fingerprint.reading.scopes import READ, WRITE, Path, Shape
from solvent.archive.fingerprint.reading.sources import Source
from solvent.archive.fingerprint.reading.syntax import shape_of_class, shape_of_expression
from solvent.archive.fingerprint.reading.writer import FUNCTIONS
from solvent.archive.fingerprint.record import Definition, Hidden

__all__ = ["Reach"]

_GROWING = (list, dict, set, deque, defaultdict, Counter)
_BUILTINS = (
    types.BuiltinFunctionType, types.WrapperDescriptorType, types.MethodWrapperType, types.MethodDescriptorType,
    types.ClassMethodDescriptorType, types.GetSetDescriptorType, types.MemberDescriptorType,
)  # fmt: skip
_OF_THE_MODULE = frozenset({"__name__", "__file__", "__package__", "__path__", "__cached__", "__qualname__"})
"""Names of a module that change when it moves."""


class Reach:
    """Makes the nodes of live objects; code has one each, until :meth:`refresh`."""

    def __init__(self, lookup: Lookup) -> None:
        self.lookup = lookup
        self._nodes: dict[int, tuple[Any, Node]] = {}
        self._outside: dict[str, Node] = {}

    def refresh(self) -> None:
        """Forget what was read, so that it is read again."""
        self.lookup.refresh()
        self._nodes.clear()

    def node_of(self, value: Any) -> Node:
        """The node of anything; where it cannot be identified, a node that says why."""
        node = self.code(value)
        if isinstance(node, Node):
            return node
        try:
            return self.value(value)
        except Opaque as error:
            node = Node(b"opaque", leaf=True)
            node.reasons.append(f"{_describe(value)} cannot be identified: {error.reason}")
            return node

    def value(self, value: Any) -> Node:
        """The node of a value by what it holds. Raises :class:`Opaque`."""
        return encode_value(value, self.code, self.lookup.places.folders)

    def code(self, value: Any) -> Node | list[Any] | None:
        """The node of a function, class or module; the parts of a wrapper of code; None for other values."""
        hit = self._nodes.get(id(value))
        if hit is not None and hit[0] is value:
            return hit[1]
        kind = type(value)
        made: Node | list[Any] | None
        if kind is types.FunctionType:
            guarded = value.__dict__.get("__solvent_guard__")  # the watch stands in for a native reader
            if guarded is not None:
                return self.code(guarded)
            made = self._function(value)
        elif issubclass(kind, type):
            made = self._class(value)
        elif issubclass(kind, types.ModuleType):
            made = self._module(value)
        elif kind in _BUILTINS or kind.__name__ == "cython_function_or_method":
            made = self._builtin(value)
        elif kind.__module__.startswith("solvent.graph") and hasattr(value, "raw"):
            return self.code(value.raw)
        elif kind is types.MethodType and (home := _home_of(value)):
            made = self.outside(f"{home}.{value.__name__}")  # random.choice is a method of a hidden instance
        else:
            return parts_of_wrapper(value, kind)
        if isinstance(made, Node):
            self._nodes[id(value)] = (value, made)
        return made

    def owns(self, module: str | None) -> bool:
        """Whether a module's code counts by what it says."""
        return self.lookup.whose(module) in (OWN, ROOM)

    def outside(self, dotted: str, filename: str = "") -> Node:
        """The node of something that is not the user's own: its name, and the distribution that brings it."""
        node = self._outside.get(dotted)
        if node is None:
            node = self._outside[dotted] = Node(f"outside:{dotted}".encode(), leaf=True)
            node.dotted = dotted
        package = self.lookup.package(filename)
        if package is not None:
            node.packages.add(package)
        return node

    def connect(self, node: Node, shape: Shape, space: Namespace, tag: str) -> None:
        """Add a piece of code to a node: its normal form, and the nodes of all that it names."""
        text = shape.text.encode("utf-8", "surrogatepass")
        node.payload += b"%s%d:%s" % (tag.encode(), len(text), text)
        file = self.lookup.places.short(space.filename)
        watching = self.lookup.whose_file(space.filename) != ROOM
        targets = []
        for place, path in enumerate(shape.paths):
            line = shape.lines[place]
            target, rest = self._target(path, space, node, (file, line))
            if watching:
                self._look(node, target, rest, (file, line), shape.counts[place])
            targets.append((target, rest))
        node.refs.extend([targets[place] for place in shape.places])
        node.docs += shape.docs
        node.reads_docs = node.reads_docs or shape.reads_docs

    def add(self, node: Node, value: Any, tag: str, spare: Callable[[], None] | None = None) -> None:
        """Add a value that belongs to a node, or what ``spare`` adds in its place."""
        target = None if type(value) in FIXED else self.code(value)
        if not isinstance(target, Node):
            try:
                target = self.value(value)
            except Opaque as error:
                if spare is not None and not error.final:
                    spare()
                else:
                    node.reasons.append(f"{tag} of {node.name} cannot be identified: {error.reason}")
                return
        if node.definition is not None:
            self._look(node, target, (), (node.definition.file, node.definition.line))
        node.payload += f"{tag};".encode()
        node.refs.append((target, ()))

    def _look(self, node: Node, target: Node, rest: tuple[str, ...], where: tuple[str, int], count: int = -1) -> None:
        """Note the hidden inputs that a name stands for, or that lie in the value that it stands for."""
        if target.dotted:
            dotted = [".".join((target.dotted, *rest))]
        elif target.refs and not target.by_identity:
            dotted = [inner.dotted for inner, _ in target.refs if inner.dotted]
        else:
            return
        for name in dotted:
            kind = hidden_kind(name, count)
            if kind is not None:
                node.hidden.append(Hidden(kind[0], kind[1], *where))

    def _class(self, kind: type) -> Node:
        if not self.owns(kind.__module__):
            return self._named(kind.__module__, kind.__qualname__)
        return Node.own(kind.__qualname__, partial(expand_class, kind, self))

    def _function(self, function: types.FunctionType) -> Node | list[Any]:
        filename, module = function.__code__.co_filename, str(function.__globals__.get("__name__"))
        if filename.startswith("<") and not filename.startswith("<frozen"):
            own = self.owns(module)
        else:
            own = self.lookup.whose_file(filename) in (OWN, ROOM)
        if own:
            return Node.own(function.__qualname__, partial(expand_function, function, self))
        known = self._named(module, function.__qualname__)
        inner = wrapped_by(function, self.owns)
        return [known, *inner] if inner else known

    def _module(self, module: types.ModuleType) -> Node:
        if not self.owns(module.__name__) or not file_of(module).endswith(".py"):
            return self._named(module.__name__, "")
        return Node.own(module.__name__, partial(expand_module, module, self))

    def _builtin(self, function: Any) -> Node | list[Any]:
        name = function.__name__
        home = getattr(function, "__objclass__", None)
        owner = getattr(function, "__self__", None)
        if home is None and isinstance(owner, type):
            home = owner
        if home is not None:
            return self._named(home.__module__, f"{home.__qualname__}.{name}")
        if owner is None or isinstance(owner, types.ModuleType):
            module = function.__module__ or (owner.__name__ if owner is not None else "builtins")
            return self._named(module, getattr(function, "__qualname__", name))
        if owner is getattr(sys.modules.get("numpy.random.mtrand"), "_rand", MISSING):
            return self.outside(f"numpy.random.{name}", file_of(sys.modules["numpy"]))
        if type(owner).__module__ == "random":
            return self.outside(f"random.{'' if type(owner).__name__ == 'Random' else 'SystemRandom.'}{name}")
        return [type(function).__name__, name, owner]

    def _named(self, module: str, name: str) -> Node:
        """Something of another's module, by name; of a compiled module of the user's, with its file."""
        filename = file_of(sys.modules.get(module)) or file_of(sys.modules.get(module.partition(".")[0]))
        if filename and not filename.endswith(".py") and self.owns(module):
            data = digest.of_file("extension.1", File(filename))
            node = Node.own(name)
            node.payload, node.leaf = f"extension:{name}:{data}".encode(), True
            return node
        return self.outside(f"{module}.{name}" if name else module, filename)

    def _target(self, path: Path, space: Namespace, node: Node, where: tuple[str, int]) -> tuple[Node, tuple[str, ...]]:
        if path.mode != READ:
            held = Path(path.root, path.attributes[:-1] if path.mode == WRITE else path.attributes)
            changed = self.lookup.follow(held, space)
            kinds = _GROWING if path.mode == WRITE else (dict, types.ModuleType)
            if not changed.rest and type(changed.value) in kinds:
                return _WRITTEN, ()
        found = self.lookup.follow(path, space)
        if found.problem:
            node.reasons.append(f"{where[0]}:{where[1]}: {found.problem}")
        if found.dotted:
            return self.outside(found.dotted, found.file), found.rest
        if found.value is MISSING:
            return Node(f"missing:{found.name}".encode(), leaf=True), found.rest
        if found.name in _OF_THE_MODULE and type(found.value) in (str, type(None)):
            return Node(f"module:{found.name}".encode(), leaf=True), found.rest
        try:
            return self._live(path, space, node, where, found), found.rest
        except Opaque as error:
            what = f"{found.name} ({_describe(found.value)})"
            node.reasons.append(f"{where[0]}:{where[1]}: {what} cannot be identified: {error.reason}")
            return Node(b"opaque", leaf=True), found.rest

    def _live(self, path: Path, space: Namespace, node: Node, where: tuple[str, int], found: Found) -> Node:
        value = found.value
        if value is sys.modules["os"].environ:
            return self.outside("os.environ")
        target = None if type(value) in FIXED else self.code(value)
        if not isinstance(target, Node):
            try:
                target = self.value(value)
                node.values.append((found.name, shown(value, target)))
            except Opaque as error:
                if error.final:
                    raise
                target = self._assigned(found, error)
        if isinstance(path.root, str) and not target.dotted:
            node.watched.append(Watched(found.name, where, value, target, partial(self._again, path, space)))
        return target

    def _again(self, path: Path, space: Namespace) -> Any:
        return self.lookup.follow(path, space).value

    def _assigned(self, found: Found, error: Opaque) -> Node:
        """The node of a global that is known by the one expression that it is assigned."""
        home, name = found.home, found.name
        for _ in range(20):  # so many modules may hand it on
            source = None if home is None else self.lookup.source(home.filename, home.names)
            if home is None or source is None:
                raise error
            expression = source.assignment(name)
            if expression is not None:
                return self._assignment(expression, home, name, source)
            bindings = source.bindings(name)
            if len(bindings) > 1:
                raise Opaque(f"{error.reason}, and it is assigned more than once")
            for statement in bindings or source.bindings("*"):
                there = self.lookup.imported(statement, name, home)
                if there is not None and there.dotted:
                    return self.outside(there.dotted, there.file)
                if there is not None and there.value is found.value and there.home is not None:
                    home, name = there.home, there.name
                    break
            else:
                raise error
        raise error

    def _assignment(self, expression: Any, home: Namespace, name: str, source: Source) -> Node:
        hit = self._nodes.get(id(expression))
        if hit is not None and hit[0] is expression:
            return hit[1]
        file = self.lookup.places.short(home.filename)
        node = Node.own(name)
        node.definition = Definition(name, file, expression.lineno, lambda: f"{name} = {ast.unparse(expression)}")
        self._nodes[id(expression)] = (expression, node)

        def expand(node: Node) -> None:
            if isinstance(expression, FUNCTIONS):
                put_function(node, expression, home, source, self)
                return
            make = shape_of_class if isinstance(expression, ast.ClassDef) else shape_of_expression
            shape = source.shape(expression, make)
            old = None if source.before is None else source.before.assignment(name)
            if old is not None and source.before is not None and source.before.shape(old, make).form() != shape.form():
                node.reasons.append(f"{file}: {name} changed since it was imported")
            self.connect(node, shape, home, "assigned")

        node.expand = expand
        return node


_WRITTEN = Node(b"written", leaf=True)


def _home_of(method: types.MethodType) -> str:
    """The module that has this bound method as a function of its own, if one does."""
    module = sys.modules.get(getattr(method.__func__, "__module__", None) or "")
    found = module is not None and getattr(module, method.__name__, None) == method
    return module.__name__ if found and module is not None else ""


def _describe(value: Any) -> str:
    kind = type(value)
    return f"a {kind.__qualname__}" if kind.__module__ == "builtins" else f"a {kind.__module__}.{kind.__qualname__}"
