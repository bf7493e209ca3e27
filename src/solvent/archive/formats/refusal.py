"""Why a value cannot be kept, and what to do instead: the sentences of ``NoFormat``."""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from solvent.errors import NoFormat

__all__ = ["name_of", "refuse", "within"]

_WAYS = (
    "Three ways out: (1) return a type that has a format (a table, an array, a dataclass, a NamedTuple, a pydantic "
    "model, plain Python data, a scikit-learn estimator, a figure, a Path); (2) give the class two methods, "
    "`to_artifact(self, folder: Path) -> None` and `@classmethod from_artifact(cls, folder: Path) -> Self`; "
    '(3) register a Format for it, in solvent.toml (`formats = ["module:Name"]`) or by an entry point in the group '
    "`solvent.formats`."
)

_CONNECTIONS = (
    "sqlite3",
    "apsw",
    "psycopg",
    "psycopg2",
    "duckdb",
    "_duckdb",
    "sqlalchemy",
    "pymysql",
    "socket",
    "_socket",
)


def name_of(kind: type) -> str:
    """A class as a message names it: with its module, where that says something."""
    module = kind.__module__
    return kind.__qualname__ if module in ("builtins", "__main__") else f"{module}.{kind.__qualname__}"


@contextmanager
def within(place: str) -> Iterator[None]:
    """Say where inside a value something was refused."""
    try:
        yield
    except NoFormat as error:
        raise type(error)(f"{place}: {error}") from error.__cause__


def refuse(value: Any) -> NoFormat:
    """The error for a value that no format keeps."""
    special = _special(value)
    if special:
        return NoFormat(special)
    kind = type(value)
    return NoFormat(f"there is no format for a value of type {name_of(kind)}{_place(kind)}. {_WAYS}")


def _place(kind: type) -> str:
    """File and line of a class, where it has source."""
    if kind.__module__.partition(".")[0] in ("builtins", *sys.stdlib_module_names):
        return ""
    try:
        file, line = inspect.getsourcefile(kind), inspect.getsourcelines(kind)[1]
    except (OSError, TypeError):
        return ""
    return f" (defined at {file}:{line})"


def _special(value: Any) -> str:
    """A sentence for what people return by mistake; an empty text for everything else."""
    kind = type(value)
    shown = name_of(kind)
    module = kind.__module__.partition(".")[0]
    if inspect.isgenerator(value) or (inspect.isroutine(value) is False and _is_iterator(value)):
        return f"a {shown} can be read only once, so it cannot be an artifact. Return list(...) of it, or a table."
    if inspect.iscoroutine(value) or inspect.isasyncgen(value) or inspect.isawaitable(value):
        return f"a {shown} is work that was not awaited, not a value. Return its result: asyncio.run(...)."
    if isinstance(value, types.ModuleType):
        return f"the module {value.__name__!r} is code, not a value. Import it where it is needed."
    if isinstance(value, type):
        return f"the class {value.__qualname__!r} is code, not a value. Return an instance, or name it in a setting."
    if inspect.isroutine(value) or module == "functools":
        name = getattr(value, "__qualname__", shown)
        what = f"the function {name!r}" if inspect.isroutine(value) else f"a {shown}"
        if name.endswith("<lambda>"):
            what = "a lambda"
        return (
            f"{what} is code, not a value. Return what it computes; or hand the function to a step as a setting "
            f"(written `module:name`), so that its code is part of the key."
        )
    if _in_family(kind, "_io", "io", "tempfile"):
        name = getattr(value, "name", None)
        shown = f"an open file ({name})" if name else "an open file"
        return f"{shown} cannot be an artifact. Close it, and return its Path or its content."
    if module in ("_thread", "threading", "multiprocessing", "asyncio", "concurrent", "subprocess", "contextvars"):
        return f"a {shown} belongs to this process and cannot be kept. Make it where it is used, inside of a step."
    if module in _CONNECTIONS:
        return f"a {shown} is a connection of this process. Return the rows, or name the database as an input."
    if kind is memoryview:
        return "a memoryview is a window on someone else's bytes. Return bytes(...) of it."
    if module == "pathlib":
        return f"a {shown} names no file on this machine. Return str(...) of it, or a Path that exists."
    return ""


def _is_iterator(value: Any) -> bool:
    kind = type(value)
    return hasattr(kind, "__next__") and hasattr(kind, "__iter__") and not _in_family(kind, "_io", "io", "tempfile")


def _in_family(kind: type, *modules: str) -> bool:
    return any(one.__module__ in modules for one in kind.__mro__)
