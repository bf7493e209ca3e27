"""Looking names up as the running code would: closures, globals, modules, and imports inside functions."""

from __future__ import annotations

import ast
import builtins
import os
import sys
from collections.abc import Mapping
from pathlib import Path as Folder
from types import ModuleType
from typing import Any, NamedTuple

from solvent.archive.fingerprint.library.distributions import Distributions
from solvent.archive.fingerprint.library.places import INSTALLED, OWN, ROOM, SOLVENT, STANDARD, Places, file_of
from solvent.archive.fingerprint.reading.forms import read_forms, write_forms
from solvent.archive.fingerprint.reading.scopes import Imported, Path
from solvent.archive.fingerprint.reading.sources import Source, open_source

__all__ = ["MISSING", "Found", "Lookup", "Namespace"]

MISSING: Any = object()
"""What a name stands for that is not there (yet)."""


class Namespace(NamedTuple):
    """Where a piece of code looks names up: its module's names, its closure, and the file that it stands in."""

    names: dict[str, Any]
    cells: Mapping[str, Any]
    filename: str


class Found(NamedTuple):
    """What a path leads to: a live ``value``, or the ``dotted`` name of something that is not the user's own.

    ``rest`` are the attributes that are read of it. ``home`` and ``name`` say which global it is.
    """

    value: Any = MISSING
    rest: tuple[str, ...] = ()
    dotted: str = ""
    file: str = ""
    home: Namespace | None = None
    name: str = ""
    problem: str = ""


class Lookup:
    """Follows names. It imports only what is the user's own, and only where a function would import it."""

    def __init__(self, places: Places, distributions: Distributions, forms: Folder | None = None) -> None:
        self.places = places
        self.distributions = distributions
        self.forms = forms
        self._recalled: dict[str, Source] = {}
        self._checked: set[str] = set()
        self._tops: dict[str, tuple[str, str]] = {}
        self._owned: dict[str, str] = {}

    def refresh(self) -> None:
        """Look at files again."""
        self._checked.clear()
        self._tops.clear()

    def source(self, filename: str, names: dict[str, Any]) -> Source | None:
        """The source of a file, as it is now."""
        if not os.path.isabs(filename) and not filename.startswith("<"):
            known = names.get("__file__")
            if isinstance(known, str) and os.path.basename(known) == os.path.basename(filename):
                filename = known
        source = open_source(filename, names, self._checked)
        if source is not None and self.forms is not None and self._recalled.get(filename) is not source:
            self._recalled[filename] = source
            source.recall(read_forms(self.forms, source.text))
        return source

    def keep_forms(self) -> None:
        """Keep the normal forms that were made since, for the next process."""
        for source in self._recalled.values():
            if source.learnt and self.forms is not None:
                source.learnt = False
                write_forms(self.forms, source.text, source.forms)

    def whose_file(self, filename: str) -> str:
        """Whose code a file is; a file among installed packages that no distribution brings is the user's own."""
        kind = self.places.of_file(filename)
        return self._brought(filename) if kind == INSTALLED else kind

    def whose(self, name: str | None) -> str:
        """Whose code a module is."""
        kind = self.places.of_module(name)
        if kind == INSTALLED and name is not None:
            filename = file_of(sys.modules.get(name))
            return self._brought(filename) if filename else kind
        return kind

    def package(self, filename: str) -> tuple[str, str] | None:
        """An installed file as its folder of installation and its path within."""
        root = self.places.root_of(filename) if filename else ""
        if not root:
            return None
        return root, filename[len(root) + 1 :].replace(os.sep, "/")

    def follow(self, path: Path, space: Namespace) -> Found:
        """What a path leads to. Attributes are followed through modules of the user's, not into objects."""
        root = path.root
        if isinstance(root, Imported):
            found = self._import(root, space)
            if found.value is MISSING:
                return Found(MISSING, path.attributes, found.dotted, found.file, None, found.name, found.problem)
            return self._attributes(found.value, path.attributes, found.home or space, found.name)
        if root in space.cells:
            try:
                return Found(space.cells[root].cell_contents, path.attributes, name=root)
            except ValueError:
                return Found(name=root)
        if root in space.names:
            return self._attributes(space.names[root], path.attributes, space, root)
        if hasattr(builtins, root):
            return Found(MISSING, path.attributes, f"builtins.{root}")
        return self._written(root, path.attributes, space)

    def imported(self, node: ast.stmt, name: str, space: Namespace) -> Found | None:
        """What an import statement at module level binds a name to; None if this is no import."""
        if isinstance(node, ast.Import):
            for alias in node.names:
                if name in (alias.asname, alias.name.partition(".")[0]):
                    return self._import(Imported(alias.name, None, 0, alias.asname is not None), space, load=False)
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if name in (alias.asname or alias.name, "*"):
                    wanted = name if alias.name == "*" else alias.name
                    return self._import(Imported(node.module or "", wanted, node.level, True), space, load=False)
        return None

    def _attributes(self, value: Any, attributes: tuple[str, ...], space: Namespace, name: str) -> Found:
        home, place = space, 0
        while place < len(attributes) and isinstance(value, ModuleType) and self._open(value):
            home, name = Namespace(vars(value), {}, file_of(value)), attributes[place]
            try:
                value = getattr(value, name)
            except AttributeError:
                return Found(name=f"{value.__name__}.{name}", rest=attributes[place + 1 :])
            except Exception as error:  # a module's own __getattr__
                return Found(problem=f"{name} of {value.__name__} cannot be read ({type(error).__name__}: {error})")
            place += 1
        return Found(value, attributes[place:], home=home, name=name)

    def _open(self, module: ModuleType) -> bool:
        """Whether attributes of a module lead on: not into installed packages, but through bare folders of them."""
        kind = self.whose(module.__name__)
        return kind in (OWN, ROOM, SOLVENT) or (kind == INSTALLED and not file_of(module))

    def _import(self, wanted: Imported, space: Namespace, load: bool = True) -> Found:
        name = wanted.module
        if wanted.level:
            package = space.names.get("__package__") or str(space.names.get("__name__", "")).rpartition(".")[0]
            base = str(package).rsplit(".", wanted.level - 1)[0] if wanted.level > 1 else str(package)
            name = f"{base}.{name}" if name else base
        top = name.partition(".")[0]
        kind, filename = self._top(top)
        if kind in (STANDARD, INSTALLED):
            if kind == INSTALLED and not filename:
                filename = self._namespace_file(name)
            dotted = f"{name}.{wanted.name}" if wanted.name else name if wanted.whole else top
            return Found(dotted=dotted, file=filename if kind == INSTALLED else "")
        if not kind or not (load or name in sys.modules):
            return Found(name=f"{name}.{wanted.name or ''}")
        try:
            module = __import__(name, fromlist=["_"]) if name not in sys.modules else sys.modules[name]
            if wanted.name is None:
                return Found(module if wanted.whole else sys.modules[top])
            if not hasattr(module, wanted.name) and load and hasattr(module, "__path__"):
                __import__(f"{name}.{wanted.name}")
            home = Namespace(vars(module), {}, file_of(module))
            return Found(getattr(module, wanted.name), home=home, name=wanted.name)
        except (ImportError, AttributeError):
            return Found(name=f"{name}.{wanted.name or ''}")
        except Exception as error:  # whatever the user's module does when it is imported
            return Found(problem=f"the module {name} cannot be imported ({type(error).__name__}: {error})")

    def _written(self, name: str, attributes: tuple[str, ...], space: Namespace) -> Found:
        """A name that is not there: what the file says of it, as under ``if TYPE_CHECKING:``."""
        source = self.source(space.filename, space.names)
        for node in source.bindings(name) if source is not None else ():
            found = self.imported(node, name, space)
            if found is not None and (found.dotted or found.value is not MISSING):
                return Found(found.value, attributes, found.dotted, found.file)
        return Found(name=name, rest=attributes)

    def _top(self, name: str) -> tuple[str, str]:
        """Whose an outermost package is, and its file, without importing it. An empty kind: there is none."""
        found = self._tops.get(name)
        if found is None:
            found = self._tops[name] = self._find_top(name)
        return found

    def _find_top(self, name: str) -> tuple[str, str]:
        if name in sys.stdlib_module_names:
            return STANDARD, ""
        if name in sys.modules:
            return self.whose(name), file_of(sys.modules[name])
        from importlib.util import find_spec

        try:
            spec = find_spec(name)
        except (ImportError, ValueError):
            return "", ""
        if spec is None:
            return "", ""
        if spec.origin and spec.has_location:
            return self.whose_file(spec.origin), spec.origin
        for folder in spec.submodule_search_locations or ():
            return self.places.of_file(os.path.join(folder, "__init__.py")), ""
        return OWN, ""

    def _namespace_file(self, name: str) -> str:
        """The file of a module within a package that several distributions share."""
        from importlib.util import find_spec

        while name:
            try:
                spec = find_spec(name)
            except (ImportError, ValueError, AttributeError):
                spec = None
            if spec is not None and spec.origin and spec.has_location:
                return spec.origin
            name = name.rpartition(".")[0]
        return ""

    def _brought(self, filename: str) -> str:
        kind = self._owned.get(filename)
        if kind is None:
            package = self.package(filename)
            kind = INSTALLED if package is None or self.distributions.owner(*package) else OWN
            self._owned[filename] = kind
        return kind
