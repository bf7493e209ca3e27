"""Guards on native readers, whose opening of files the audit hook cannot see: each tells the paths that it is given.

A guard is put on when its library is there, in the place of the function, and in the user's own modules that
imported the function by name. It calls the function as it was, and tells nothing while nobody is observed.
"""

from __future__ import annotations

import functools
import itertools
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any

from solvent.engine.watch.frames import site_of
from solvent.engine.watch.seeing import MARK, Seen, observed
from solvent.engine.watch.targets import TARGETS, Target

__all__ = ["guard_all", "restore_all", "watch_imports"]

_LITERAL = re.compile(r"'((?:[^']|'')+)'")
_HOST = re.compile(r"\b(?:host|hostaddr|server|dsn)\s*=\s*([^\s;,]+)", re.IGNORECASE)
_CALL = compile("__solvent_original(*__solvent_args, **__solvent_kwargs)", __file__, "eval")
_FILE = re.compile(r"[./\\*]")

_DEEPEST, _MOST = 3, 100
"""How deep and how many parameters of a query are looked through."""

_DONE: set[str] = set()
_UNDO: list[tuple[Any, str, Any]] = []
_MARK = "__solvent_guard__"


def guard_all() -> None:
    """Put guards on the libraries that are there and have none yet."""
    for name in TARGETS:
        if name not in _DONE and name in sys.modules:
            guard(name, sys.modules[name])


def guard(name: str, module: ModuleType) -> None:
    """Put the guards of one library on."""
    if getattr(getattr(module, "__spec__", None), "_initializing", False):
        return  # it is being imported just now
    _DONE.add(name)
    if name == "apsw":
        module.connection_hooks.append(_opened)
    replaced: dict[int, Any] = {}
    for target in TARGETS[name]:
        owner: Any = module
        for part in target.owner.split(".") if target.owner else ():
            owner = getattr(owner, part, None)
        for attribute in _matching(owner, target.names):
            original = vars(owner).get(attribute) if isinstance(owner, type) else getattr(owner, attribute, None)
            if original is None or hasattr(original, _MARK):
                continue
            made = _wrap(original, target)
            if made is not None and _put(owner, attribute, made):
                _UNDO.append((owner, attribute, original))
                replaced[id(original)] = (original, made)
    _replace_imported(replaced)


def restore_all() -> None:
    """Take every guard off."""
    while _UNDO:
        owner, attribute, original = _UNDO.pop()
        _put(owner, attribute, original)
    if "apsw" in _DONE:
        sys.modules["apsw"].connection_hooks.remove(_opened)
    _DONE.clear()
    _Finder.remove()


def watch_imports() -> None:
    """See to it that a library that is first imported while a step runs is guarded before it is used."""
    _Finder.insert()


def _wrap(original: Any, target: Target) -> Any:
    """A function that tells what it is given, and then does what the original does."""
    if isinstance(original, (classmethod, staticmethod)):
        inner = _wrap(original.__func__, target)
        return type(original)(inner)
    if not callable(original):
        return None
    tell, place, words = _TELLERS[target.kind], target.place, target.words
    call = _call_among if target.kind == "query" else _call

    def guarded(*args: Any, **kwargs: Any) -> Any:
        seen = observed()
        if seen is not None:
            given = args[place] if len(args) > place else next((kwargs[one] for one in words if one in kwargs), None)
            if target.kind == "query":
                given = given, [*args[place + 1 :], *(one for name, one in kwargs.items() if name not in words)]
            MARK.depth += 1
            try:
                tell(seen, given, kwargs, sys._getframe(1))
            finally:
                MARK.depth -= 1
        return call(original, args, kwargs)

    functools.update_wrapper(guarded, original)
    guarded.__dict__[_MARK] = original
    return guarded


def _call(original: Any, args: Any, kwargs: Any) -> Any:
    return original(*args, **kwargs)


def _call_among(original: Any, args: Any, kwargs: Any) -> Any:
    """Call what looks for tables among the names of the frame that calls it: they must be the user's, not ours."""
    frame = sys._getframe(2)
    given = {"__solvent_original": original, "__solvent_args": args, "__solvent_kwargs": kwargs}
    return eval(_CALL, frame.f_globals, {**frame.f_locals, **given})


def _path(seen: Seen, given: Any, kwargs: dict[str, Any], frame: Any) -> None:
    if not isinstance(given, (bytes, bytearray, memoryview)):  # which are the content itself, for these readers
        seen.data(given, frame)


def _written(seen: Seen, given: Any, kwargs: dict[str, Any], frame: Any) -> None:
    seen.made(given)


def _database(seen: Seen, given: Any, kwargs: dict[str, Any], frame: Any) -> None:
    """A database in a file; it is made by the step if it is not there yet."""
    if isinstance(given, (str, bytes, os.PathLike)) and (name := os.fsdecode(given)) and not name.startswith(":"):
        if os.path.exists(name) or "://" in name:
            seen.data(name, frame)
        else:
            seen.made(name)


def _query(seen: Seen, given: Any, kwargs: dict[str, Any], frame: Any) -> None:
    """A query that may name files, in quotes or as its parameters."""
    text, parameters = given
    names = [one.replace("''", "'") for one in _LITERAL.findall(text)] if isinstance(text, str) else []
    for name in (*names, *_texts(parameters, 0)):
        if "://" in name or (_FILE.search(name) and (os.path.exists(name) or any(sign in name for sign in "*?["))):
            seen.data(name, frame)


def _texts(value: Any, depth: int) -> Iterator[str]:
    """The texts among parameters, which may come in lists, tuples and dicts."""
    if isinstance(value, (str, os.PathLike)):
        yield os.fsdecode(value)
    elif isinstance(value, (list, tuple, dict)) and depth < _DEEPEST:
        for one in itertools.islice(value.values() if isinstance(value, dict) else value, _MOST):
            yield from _texts(one, depth + 1)


def _server(seen: Seen, given: Any, kwargs: dict[str, Any], frame: Any) -> None:
    """A connection: only the host is told, since the rest may be secret."""
    name = kwargs.get("host") or kwargs.get("server")
    if name is None and isinstance(given, str):
        if "://" in given:
            seen.data(given, frame)
            return
        match = _HOST.search(given)
        name = match[1] if match else None
    seen.host(str(name or "localhost"), frame)


def _process(seen: Seen, given: Any, kwargs: dict[str, Any], frame: Any) -> None:
    seen.other("process", "a process of Python's own", frame)


def _opened(connection: Any) -> None:
    seen = observed()
    if seen is not None and connection.filename:
        MARK.depth += 1
        try:
            seen.file(connection.filename, sys._getframe(1))
        finally:
            MARK.depth -= 1


_TELLERS: dict[str, Callable[[Seen, Any, dict[str, Any], Any], None]] = {
    "path": _path, "written": _written, "database": _database, "query": _query, "server": _server,
    "process": _process,
}  # fmt: skip


def _matching(owner: Any, names: Iterable[str]) -> list[str]:
    if owner is None:
        return []
    found: list[str] = []
    for name in names:
        if name.endswith("*"):
            found += [one for one in dir(owner) if one.startswith(name[:-1])]
        else:
            found.append(name)
    return found


def _put(owner: Any, attribute: str, value: Any) -> bool:
    try:
        setattr(owner, attribute, value)
    except (TypeError, AttributeError):
        return False
    return True


def _replace_imported(replaced: dict[int, Any]) -> None:
    """Where the user's own modules imported a function by name, the guard takes its place too."""
    if not replaced:
        return
    for module in list(sys.modules.values()):
        filename = getattr(module, "__file__", None)
        if isinstance(module, ModuleType) and (module.__name__ == "__main__" or (filename and site_of(filename) == "")):
            for name, value in list(vars(module).items()):
                original, made = replaced.get(id(value), (None, None))
                if original is value and made is not None:
                    _UNDO.append((module, name, original))
                    setattr(module, name, made)


class _Finder:
    """Finds nothing itself: it has the libraries with native readers guarded as soon as they are imported."""

    _busy: bool = False

    @classmethod
    def insert(cls) -> None:
        """Stand first among the finders."""
        if cls not in sys.meta_path:
            sys.meta_path.insert(0, cls)

    @classmethod
    def remove(cls) -> None:
        """Be gone."""
        if cls in sys.meta_path:
            sys.meta_path.remove(cls)

    @classmethod
    def find_spec(cls, name: str, path: Any = None, target: Any = None) -> Any:
        """The spec that the other finders have, its loader told to guard the module when it is done."""
        if name not in TARGETS or cls._busy or name in _DONE:
            return None
        cls._busy = True
        try:
            for finder in sys.meta_path:
                find = getattr(finder, "find_spec", None)
                spec = find(name, path, target) if find is not None and finder is not cls else None
                if spec is not None:
                    _guard_when_loaded(spec)
                    return spec
        finally:
            cls._busy = False
        return None


def _guard_when_loaded(spec: Any) -> None:
    load = getattr(spec.loader, "exec_module", None)
    if load is None:
        return

    def exec_module(module: ModuleType) -> None:
        load(module)
        spec._initializing = False
        guard(spec.name, module)

    try:
        spec.loader.exec_module = exec_module
    except AttributeError:
        return
