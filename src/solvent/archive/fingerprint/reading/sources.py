"""Source files: their trees, found again for live code, and only if the text compiles to the code that is live."""

from __future__ import annotations

import ast
import gc
import linecache
import marshal
import os
import sys
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

from solvent.archive.fingerprint.reading.forms import Form
from solvent.archive.fingerprint.reading.scopes import Shape
from solvent.archive.fingerprint.reading.writer import FUNCTIONS

__all__ = ["Source", "open_source", "same_code"]

_FUTURE = 0x1FE0000
"""The compiler flags that ``from __future__`` sets, which a notebook's later cells inherit."""
_HAS_DOCSTRING = 0x4000000
_RACY = 2_000_000_000
"""A compiled file counts only if it is younger by so many ns: its header knows whole seconds."""

_OPEN: dict[str, Source] = {}


class Source:
    """One text of one file. A text that was edited since its import is another source: it knows the one ``before``."""

    def __init__(self, filename: str, stamp: tuple[int, ...], text: bytes | str, spec: Any) -> None:
        self.filename = filename
        self.stamp = stamp
        self.text = text
        self.spec = spec
        self.before: Source | None = None
        self.forms: dict[str, Form] = {}
        self.learnt = False
        self._tree: ast.Module | None = None
        self._problem: str | None = None
        self._definitions: dict[str, list[Any]] | None = None
        self._deep = False
        self._codes: dict[str, list[CodeType]] | None = None
        self._bindings: dict[str, list[ast.stmt]] | None = None
        self._assigned: dict[str, ast.expr | ast.stmt | None] = {}
        self._shapes: dict[int, Shape] = {}

    @property
    def tree(self) -> ast.Module:
        """The syntax tree of the text; empty where it is not Python. It is made when it is first asked for."""
        if self._tree is None:
            collecting = gc.isenabled()
            gc.disable()  # thousands of young nodes, none of them garbage: collections would double the time
            try:
                self._tree = _parse(self.text)
            except (SyntaxError, ValueError) as error:
                self._tree = ast.Module([], [])
                self._problem = f"{os.path.basename(self.filename)} cannot be read as Python now ({error})"
            finally:
                if collecting:
                    gc.enable()
        return self._tree

    @property
    def problem(self) -> str | None:
        """Why the text cannot be read as Python, if it cannot."""
        self.tree  # noqa: B018 - it is found out in the making
        return self._problem

    def recall(self, forms: dict[str, Form]) -> None:
        """Take the forms that were kept for this text."""
        self.forms = {**forms, **self.forms}

    def learn(self, name: str, form: Form) -> None:
        """A form that was made now, by the digest of the code that it belongs to."""
        self.forms[name] = form
        self.learnt = True

    def shape(self, node: ast.AST, make: Callable[[Any], Shape]) -> Shape:
        """The normal form of a node, made once."""
        found = self._shapes.get(id(node))
        if found is None:
            found = self._shapes[id(node)] = make(node)
        return found

    def find(self, code: CodeType, transformed: bool = False) -> tuple[Any, bool]:
        """The definition that made a code object, and whether its text is what runs.

        ``transformed`` says that an import hook rewrites this file (pytest does), so that only the outline of
        the code can be compared.
        """
        name = code.co_qualname
        nodes = self._lambdas() if code.co_name == "<lambda>" else self.definitions(name)
        if not nodes:
            return None, False
        if transformed:
            close = [node for node in nodes if _first_line(node) == code.co_firstlineno] or nodes
            return close[0], len(close) == 1
        exact = loose = None
        for node in nodes:
            for made in self._compiled(code).get(name if code.co_name != "<lambda>" else "<lambda>", ()):
                if not _made_by(made, node):
                    continue
                if made == code:
                    exact = exact or node
                elif loose is None and same_code(made, code):
                    loose = node
        found = exact or loose
        return (found, True) if found is not None else (nodes[0], False)

    def definitions(self, qualname: str) -> list[Any]:
        """The functions and classes of this name, in the order in which they are written."""
        if self._definitions is None:
            self._definitions = {}
            self._index(self.tree, "")
        if "<locals>" in qualname and not self._deep:
            self._deep = True
            for name, nodes in list(self._definitions.items()):
                for node in nodes:
                    self._within(node, name)
        return self._definitions.get(qualname, [])

    def bindings(self, name: str) -> list[ast.stmt]:
        """The statements of the module that bind a name, functions with ``global`` included."""
        if self._bindings is None:
            self._bindings = {}
            for statement in _statements(self.tree):
                for bound in _bound(statement):
                    self._bindings.setdefault(bound, []).append(statement)
            text = self.text if isinstance(self.text, str) else self.text.decode("utf-8", "replace")
            for node in ast.walk(self.tree) if "global" in text else ():
                if isinstance(node, ast.Global):
                    for bound in node.names:
                        self._bindings.setdefault(bound, []).append(node)
        return self._bindings.get(name, [])

    def assignment(self, name: str) -> ast.expr | ast.stmt | None:
        """The one expression that a global name is assigned, or its definition; None if there is not just one."""
        if name not in self._assigned:
            found = self.bindings(name)
            self._assigned[name] = _assigned(found[0], name) if len(found) == 1 else None
        return self._assigned[name]

    def _index(self, parent: ast.AST, prefix: str) -> None:
        assert self._definitions is not None
        for node in _statements(parent):
            if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
                self._definitions.setdefault(prefix + node.name, []).append(node)
                if isinstance(node, ast.ClassDef):
                    self._index(node, f"{prefix}{node.name}.")

    def _within(self, node: Any, name: str) -> None:
        """Index what is defined inside functions, at any depth."""
        assert self._definitions is not None
        stack = [(node, name, True)]
        while stack:
            outer, path, known = stack.pop()
            inner = f"{path}.<locals>." if isinstance(outer, FUNCTIONS) else f"{path}."
            for one in _statements(outer):
                if isinstance(one, (*FUNCTIONS, ast.ClassDef)):
                    new = isinstance(outer, FUNCTIONS) or not known
                    if new:
                        self._definitions.setdefault(inner + one.name, []).append(one)
                        stack.append((one, inner + one.name, False))

    def _lambdas(self) -> list[ast.Lambda]:
        self.definitions("")
        assert self._definitions is not None
        if "<lambda>" not in self._definitions:
            self._definitions["<lambda>"] = [node for node in ast.walk(self.tree) if isinstance(node, ast.Lambda)]
        return self._definitions["<lambda>"]

    def _compiled(self, live: CodeType) -> dict[str, list[CodeType]]:
        if self._codes is None:
            self._codes = {}
            top = self._cached() or _compile(self.text, self.filename, live.co_flags & _FUTURE)
            stack = [top] if top is not None else []
            while stack:
                code = stack.pop()
                name = "<lambda>" if code.co_name == "<lambda>" else code.co_qualname
                self._codes.setdefault(name, []).append(code)
                stack.extend(one for one in code.co_consts if isinstance(one, CodeType))
        return self._codes

    def _cached(self) -> CodeType | None:
        """The module as Python itself has compiled it, where that is surely this text."""
        if not self.stamp or sys.dont_write_bytecode:
            return None
        from importlib.util import MAGIC_NUMBER, cache_from_source

        try:
            path = cache_from_source(self.filename)
            if os.stat(path).st_mtime_ns < self.stamp[0] + _RACY:
                return None
            with open(path, "rb") as file:
                data = file.read()
        except (OSError, NotImplementedError):
            return None
        seconds, size = self.stamp[0] // 1_000_000_000, self.stamp[1]
        if data[:4] != MAGIC_NUMBER or data[4:8] != bytes(4):
            return None
        if data[8:16] != (seconds & 0xFFFFFFFF).to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little"):
            return None
        try:
            code = marshal.loads(data[16:])
        except (EOFError, ValueError, TypeError):
            return None
        return code if isinstance(code, CodeType) else None


def open_source(filename: str, names: dict[str, Any], checked: set[str]) -> Source | None:
    """The source of a file as it is now, or None where there is none. A file is looked at once per ``checked``."""
    found = _OPEN.get(filename)
    if filename in checked:
        return found
    checked.add(filename)
    entry = linecache.cache.get(filename) if filename not in ("<string>", "<stdin>") else None
    if entry is not None and len(entry) == 4 and (entry[1] is None or filename.startswith("<")):
        text: bytes | str = "".join(entry[2])  # a notebook's cell: there is no file
        if found is None or found.text != text:
            found = _OPEN[filename] = Source(filename, (), text, None)
        return found
    stamp: tuple[int, ...] = ()
    try:
        stat = os.stat(filename)
        stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        if found is not None and found.stamp == stamp:
            return _known(found, names)
        with open(filename, "rb") as file:
            text = file.read()
    except OSError:
        stamp, loaded = (), _ask_loader(names)
        if not loaded:
            _OPEN.pop(filename, None)
            return None
        text = loaded
    if found is None or found.text != text:
        spec = names.get("__spec__")
        made = _OPEN[filename] = Source(filename, stamp, text, spec)
        if found is not None and found.spec is spec:  # a reload brings a new one
            made.before = found.before or found
        return made
    found.stamp = stamp
    return _known(found, names)


def _known(found: Source, names: dict[str, Any]) -> Source:
    """A source that was read before; after a reload it is as if it were new."""
    spec = names.get("__spec__")
    if spec is not None and spec is not found.spec:
        found.spec, found.before = spec, None
    return found


def same_code(one: CodeType, other: CodeType) -> bool:
    """Whether two code objects do the same: everything but line numbers, file names and docstrings."""
    if one.co_code != other.co_code or one.co_names != other.co_names:
        return False
    return one == other or _bare(one) == _bare(other)


def _bare(code: CodeType) -> CodeType:
    constants = [_bare(one) if isinstance(one, CodeType) else one for one in code.co_consts]
    first = constants[0] if constants else None
    if (
        isinstance(first, str)
        and code.co_name[:1] != "<"
        and (sys.version_info < (3, 14) or code.co_flags & _HAS_DOCSTRING)
    ):
        constants[0] = ""
    return code.replace(co_consts=tuple(constants), co_firstlineno=1, co_linetable=b"", co_filename="")


def _parse(text: bytes | str) -> ast.Module:
    """The syntax tree; once more where another thread parsed at the same time (a fault of Python, gh-106905)."""
    for _ in range(10):
        try:
            return ast.parse(text)
        except SystemError:
            continue
    return ast.parse(text)


def _compile(text: bytes | str, filename: str, flags: int) -> CodeType | None:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they were shown when the file was imported
        try:
            return compile(text, filename, "exec", flags, dont_inherit=True)  # type: ignore[no-any-return]
        except (SyntaxError, ValueError):
            return None


def _ask_loader(names: dict[str, Any]) -> str | None:
    """The text of a module that lies in a zip file or comes from another loader."""
    get = getattr(names.get("__loader__"), "get_source", None)
    if get is None:
        return None
    try:
        text = get(names.get("__name__"))
    except (ImportError, OSError, AttributeError):
        return None
    return text if isinstance(text, str) else None


def _first_line(node: Any) -> int:
    decorators = getattr(node, "decorator_list", None)
    return int(decorators[0].lineno if decorators else node.lineno)


def _made_by(code: CodeType, node: Any) -> bool:
    """Whether a code object, compiled from this very text, is that of the node."""
    if code.co_firstlineno != _first_line(node):
        return False
    if not isinstance(node, ast.Lambda):
        return True
    body = node.body
    return (body.lineno, body.end_lineno, body.col_offset, body.end_col_offset) in set(code.co_positions())


def _statements(parent: ast.AST) -> Iterator[ast.stmt]:
    """The statements of a body, those of ``if``, ``try``, ``for``, ``with`` and ``match`` included."""
    stack: list[Any] = list(getattr(parent, "body", ()))[::-1] if not isinstance(parent, ast.Lambda) else []
    while stack:
        node = stack.pop()
        if isinstance(node, ast.stmt):
            yield node
            if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
                continue
        for name in ("finalbody", "orelse", "handlers", "cases", "body"):
            inner = getattr(node, name, None)
            if inner and isinstance(inner, list):
                stack.extend(inner[::-1])


def _assigned(node: ast.stmt, name: str) -> ast.expr | ast.stmt | None:
    """What a statement assigns to a name, if it is a plain assignment or a definition."""
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        return node
    if isinstance(node, ast.AnnAssign):
        return node.value
    if not isinstance(node, ast.Assign):
        return None
    for target in node.targets:
        if isinstance(target, ast.Name) and target.id == name:
            return node.value
        if isinstance(target, (ast.Tuple, ast.List)):
            for place, one in enumerate(target.elts):
                if isinstance(one, ast.Name) and one.id == name:
                    return _item(node.value, place, len(target.elts))
    return None


def _item(value: ast.expr, place: int, count: int) -> ast.expr:
    """The expression of one of several values that are assigned together."""
    if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == count:
        return value.elts[place]
    return ast.copy_location(ast.Subscript(value, ast.Constant(place), ast.Load()), value)


def _bound(node: ast.stmt) -> list[str]:
    """The names that one statement binds, those of the statements within it left out."""
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        return [node.name]
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return [alias.asname or alias.name.partition(".")[0] for alias in node.names]
    parts: list[ast.AST] = []
    for name in ("targets", "items", "target", "value", "iter", "test", "subject"):
        value = getattr(node, name, None)
        parts += value if isinstance(value, list) else [value] if isinstance(value, ast.AST) else []
    return [
        one.id
        for part in parts
        for one in ast.walk(part)
        if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Load)
    ]
