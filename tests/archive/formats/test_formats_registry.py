"""Which format keeps a value; and what is said of what none keeps."""

from __future__ import annotations

import asyncio
import functools
import io
import math
import queue
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path, PureWindowsPath
from typing import Any

import pytest
from format_suite import Memory

from solvent.archive.formats import BUILTIN, Formats, Written
from solvent.errors import ArchiveError, NoFormat


class Plain:
    """A class without a format."""


def _generator() -> Iterator[int]:
    yield 1


async def _coroutine() -> int:
    return 1


async def _stream() -> AsyncIterator[int]:
    yield 1


class Shouted:
    """A format of one's own, for text."""

    name = "shouted.1"

    def accepts(self, value: Any) -> bool:
        """Only what is shouted."""
        return isinstance(value, str) and value.isupper()

    def write(self, value: str, sink: Any) -> Written:
        """Whisper it."""
        return Written([value], value.lower())

    def read(self, body: str, source: Any, wanted: Any) -> str:
        """Shout again."""
        return body.upper()


def test_the_error_names_type_place_and_the_three_ways_out(memory: Memory) -> None:
    """Whoever meets it knows what to do."""
    with pytest.raises(NoFormat) as caught:
        memory.put(Plain())
    text = str(caught.value)
    assert "Plain" in text and f"{Path(__file__).name}:" in text
    for way in (
        "dataclass",
        "to_artifact(self, folder: Path) -> None",
        "from_artifact(cls, folder: Path) -> Self",
        "solvent.toml",
        "solvent.formats",
    ):
        assert way in text


_SPECIAL: dict[str, tuple[Callable[[], Any], str]] = {
    "generator": (_generator, "only once"),
    "iterator": (lambda: iter([1]), "only once"),
    "map": (lambda: map(str, [1]), "only once"),
    "async generator": (_stream, "not awaited"),
    "lambda": (lambda: lambda: 1, "a lambda is code"),
    "function": (lambda: math.sqrt, "the function 'sqrt' is code"),
    "method": (lambda: Plain().__repr__, "is code"),
    "partial": (lambda: functools.partial(print), "is code"),
    "class": (lambda: Plain, "the class 'Plain' is code"),
    "module": (lambda: math, "the module 'math' is code"),
    "text stream": (io.StringIO, "open file"),
    "lock": (threading.Lock, "belongs to this process"),
    "event": (threading.Event, "belongs to this process"),
    "window": (lambda: memoryview(b"x"), "window"),
    "path of elsewhere": (lambda: PureWindowsPath("c:/x"), "names no file"),
    "queue": (queue.Queue, "no format"),
}


@pytest.mark.parametrize("name", list(_SPECIAL))
def test_what_people_return_by_mistake_gets_a_sentence_of_its_own(memory: Memory, name: str) -> None:
    """The sentence says what to return instead."""
    make, says = _SPECIAL[name]
    with pytest.raises(NoFormat, match=says):
        memory.put([make()])


def test_open_things_get_a_sentence_of_their_own(memory: Memory, tmp_path: Path) -> None:
    """Files, connections, processes and work that was not awaited."""
    with open(tmp_path / "x.txt", "w") as file, pytest.raises(NoFormat, match=r"open file .*x\.txt"):
        memory.put(file)
    connection = sqlite3.connect(":memory:")
    with pytest.raises(NoFormat, match="connection"):
        memory.put(connection)
    connection.close()
    work = _coroutine()
    with pytest.raises(NoFormat, match="not awaited"):
        memory.put(work)
    asyncio.run(work)  # type: ignore[arg-type]


def test_formats_are_asked_in_order(memory: Memory) -> None:
    """A project's own format comes before the built-in ones, for those values that it accepts."""
    formats = Formats([Shouted(), *BUILTIN])
    assert formats.write("LOUD", memory)[0].name == "shouted.1"
    assert formats.write("quiet", memory)[0].name == "json.1"
    memory.formats = formats
    assert memory.again({"a": ["LOUD", "quiet"]}) == {"a": ["LOUD", "quiet"]}
    assert memory.put("LOUD")["digest"] != Memory(Formats(BUILTIN), memory.folder).put("LOUD")["digest"]


def test_a_format_that_is_not_known_here_is_named(memory: Memory) -> None:
    """A record of another project, or of a newer Solvent, says what is missing."""
    with pytest.raises(ArchiveError, match=r"'json.9'.*Did you mean 'json.1'"):
        memory.read({"format": "json.9", "digest": "0" * 64, "body": 1})


def test_names_of_formats_are_unique_and_versioned() -> None:
    """A change of an encoding is a change of its name."""
    names = [one.name for one in BUILTIN]
    assert len(set(names)) == len(names) and all(name.rpartition(".")[2].isdigit() for name in names)


def test_nothing_heavy_is_imported_to_keep_plain_data() -> None:
    """Neither the formats nor the writing of a dict imports NumPy, pydantic, scikit-learn or a plotting library."""
    code = """
import sys
sys.path.insert(0, sys.argv[1])
from solvent.archive.formats import BUILTIN, Formats
formats = Formats(BUILTIN)
for value in (1, "x", [1.5, {"a": None}], object()):
    try:
        formats.write(value, None)
    except Exception as error:
        assert type(error).__name__ == "NoFormat", error
heavy = {"numpy", "pydantic", "sklearn", "skops", "scipy", "matplotlib", "pandas", "polars", "altair", "pickle"}
print(sorted(heavy & set(sys.modules)))
"""
    import solvent

    root = Path(solvent.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code, str(root)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
