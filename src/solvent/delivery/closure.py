"""The user's own code that a predictor needs: whole modules are collected from here, and imported apart over there."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from solvent.errors import Corrupted, DataError

__all__ = ["Closure", "collect_sources", "import_apart"]

_LOCK = threading.RLock()
_DEEPEST = 12


@dataclass(frozen=True)
class Closure:
    """Modules by name as source text, packages that they import with their versions, and the classes' names."""

    sources: Mapping[str, str] = field(default_factory=dict)
    packages: frozenset[str] = frozenset()
    requirements: Mapping[str, str] = field(default_factory=dict)


def collect_sources(values: Iterable[Any], folders: Iterable[Path]) -> Closure:
    """The closure of the user's own classes that lie in these values, and the packages that all of it needs.

    Modules are taken whole, with the user's own modules that they import. Raises :class:`DataError` for a class
    that stands in no file.
    """
    own = [folder.resolve() for folder in folders]
    waiting: dict[str, ModuleType] = {}
    roots: set[str] = set()
    for kind in _classes(values):
        module = sys.modules.get(kind.__module__)
        if module is None or not _is_own(module, own):
            if kind.__module__ == "__main__":
                raise DataError(
                    f"the class {kind.__qualname__} stands in a notebook or at a prompt, so no file can go along with "
                    f"the model. Move it to a module."
                )
            roots.add(kind.__module__.partition(".")[0])
            continue
        waiting[_name(module)] = module
    sources: dict[str, str] = {}
    packages: set[str] = set()
    while waiting:
        name, module = waiting.popitem()
        text = Path(str(module.__file__)).read_text(encoding="utf-8")
        if Path(str(module.__file__)).name == "__init__.py":
            packages.add(name)
        sources[name] = text
        for wanted in _imports(text, name, name in packages):
            found = sys.modules.get(wanted)
            if found is not None and _is_own(found, own):
                if _name(found) not in sources:
                    waiting[_name(found)] = found
            elif found is not None:
                roots.add(wanted.partition(".")[0])
    return Closure(dict(sorted(sources.items())), frozenset(packages), _versions(roots))


def _is_own(module: ModuleType, folders: list[Path]) -> bool:
    file = getattr(module, "__file__", None)
    if file is None or not str(file).endswith(".py"):
        return False
    path = Path(file).resolve()
    inside = any(path.is_relative_to(folder) for folder in folders)
    return inside and "site-packages" not in path.parts and module.__name__.partition(".")[0] != "solvent"


def _name(module: ModuleType) -> str:
    """The name under which a module is imported over there; a script is named after its file."""
    return Path(str(module.__file__)).stem if module.__name__ == "__main__" else module.__name__


def name_of_class(kind: type) -> str:
    """``module:name`` of a class, a script's module named after its file."""
    module = sys.modules.get(kind.__module__)
    place = kind.__module__ if module is None or kind.__module__ != "__main__" else _name(module)
    return f"{place}:{kind.__qualname__}"


def _classes(values: Iterable[Any]) -> Iterator[type]:
    """The classes of everything that lies in these values, as deep as models nest."""
    seen: set[int] = set()
    kinds: set[type] = set()
    waiting = [(value, 0) for value in values]
    while waiting:
        value, depth = waiting.pop()
        kind = type(value)
        if id(value) in seen or depth > _DEEPEST or kind in (str, bytes, int, float, bool, type(None)):
            continue
        seen.add(id(value))
        if kind in (list, tuple, set, frozenset):
            waiting += [(item, depth + 1) for item in value]
        elif kind is dict:
            waiting += [(item, depth + 1) for item in value.values()]
        elif not hasattr(value, "__array_interface__") and kind.__module__ not in ("builtins", "polars", "pyarrow"):
            if kind not in kinds:
                kinds.add(kind)
                yield kind
            inside = getattr(value, "__dict__", None) or (
                {one.name: getattr(value, one.name, None) for one in fields(value)} if is_dataclass(value) else {}
            )
            waiting += [(item, depth + 1) for item in inside.values()]


def _imports(text: str, name: str, package: bool) -> Iterator[str]:
    """Every module that a module's text imports, and the packages above it."""
    parts = name.split(".")
    yield from (".".join(parts[:count]) for count in range(1, len(parts)))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            for one in node.names:
                steps = one.name.split(".")
                yield from (".".join(steps[:count]) for count in range(1, len(steps) + 1))
        elif isinstance(node, ast.ImportFrom):
            base = parts[: len(parts) - node.level + (1 if package else 0)] if node.level else []
            whole = ".".join([*base, *(node.module.split(".") if node.module else [])])
            steps = whole.split(".")
            yield from (".".join(steps[:count]) for count in range(1, len(steps) + 1))
            yield from (f"{whole}.{one.name}" for one in node.names)


def _versions(roots: set[str]) -> dict[str, str]:
    """The distributions, with their versions, that bring these packages."""
    from importlib import metadata

    known = metadata.packages_distributions()
    found = {"solvent": metadata.version("solvent")}
    for root in sorted(roots | {"polars", "numpy"}):
        for name in known.get(root, []):
            found[name] = metadata.version(name)
    return dict(sorted(found.items()))


@contextmanager
def import_apart(closure: Closure, folder: Path) -> Iterator[None]:
    """While this lasts, the closure's modules are imported from ``folder``, and not those of this process.

    Their sources are written into the folder first. Modules of the same names that are there already step aside
    and come back, so a project that has moved on and a model that has not live in one process. The imported
    classes keep their own modules alive; only an import inside one of their functions finds the project's.
    """
    for name, text in closure.sources.items():
        if not all(part.isidentifier() for part in name.split(".")):
            raise Corrupted(f"the bundle names a module {name!r}, which is no module name; it was not loaded")
        path = folder.joinpath(*name.split("."))
        path = path / "__init__.py" if name in closure.packages else path.with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    names = {name.partition(".")[0] for name in closure.sources}
    with _LOCK:
        aside = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] in names}
        sys.path.insert(0, str(folder))
        importlib.invalidate_caches()
        try:
            yield
        finally:
            sys.path.remove(str(folder))
            if aside:
                for name in [name for name in sys.modules if name.partition(".")[0] in names]:
                    del sys.modules[name]
                sys.modules.update(aside)
            importlib.invalidate_caches()
