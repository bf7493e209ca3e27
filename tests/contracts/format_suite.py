"""What every Format must hold to. Subclass ``FormatSuite`` in a test module, and give it ``cases``."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from solvent import digest
from solvent.archive.formats import Formats
from solvent.archive.formats.base import Document, Written

__all__ = ["Case", "FormatSuite", "Memory"]


class Memory:
    """A sink and a source in one, in memory and a temporary folder: what a format needs to write and read."""

    def __init__(self, formats: Formats, folder: Path, behaviour: Callable[[type], str] | None = None) -> None:
        self.formats = formats
        self.folder = folder
        self.blobs: dict[str, bytes] = {}
        self._behaviour = behaviour or (lambda kind: f"behaviour of {kind.__qualname__}")

    def blob(self, data: Any) -> Any:
        """Keep bytes and give their name; or the bytes of a name."""
        if isinstance(data, str):
            return self.blobs[data]
        name = digest.of_bytes("blob.1", data)
        self.blobs[name] = bytes(data)
        return name

    def file(self, path: Path) -> str:
        """Adopt a file."""
        data = path.read_bytes()
        path.unlink()
        return str(self.blob(data))

    def scratch(self) -> Path:
        """A new folder."""
        return Path(tempfile.mkdtemp(dir=self.folder))

    def near(self, format: str) -> list[Any]:
        """Nothing is kept that the value could share."""
        return []

    def path(self, name: str) -> Path:
        """A read-only file with the bytes of a blob."""
        path = self.folder / name
        if not path.exists():
            path.write_bytes(self.blobs[name])
            path.chmod(0o444)
        return path

    def behaviour(self, kind: type) -> str:
        """The fingerprint of a class."""
        return self._behaviour(kind)

    def write(self, value: Any) -> Written:
        """Write an inner value."""
        return self.formats.write(value, self)[1]

    def digest(self, value: Any, written: Written) -> str:
        """The digest of an inner value."""
        return self.formats.identify(self.formats.find(value), written)

    def document(self, value: Any, written: Written) -> Document:
        """The document of an inner value."""
        kept = self.formats.find(value)
        body = written.body if written.finish is None else written.finish(self)
        return {"format": kept.name, "digest": self.formats.identify(kept, written), "body": body}

    def read(self, document: Document, wanted: Any = Any) -> Any:
        """Read a document."""
        return self.formats.read(document, self, wanted)

    def put(self, value: Any) -> Document:
        """Write a value completely; its document went through JSON text, as in a catalog."""
        kept, written = self.formats.write(value, self)
        name = self.formats.identify(kept, written)
        body = written.body if written.finish is None else written.finish(self)
        document: Document = json.loads(
            json.dumps({"format": kept.name, "digest": name, "body": body}, allow_nan=False)
        )
        return document

    def again(self, value: Any, wanted: Any = Any) -> Any:
        """The value after a way through the archive."""
        return self.read(self.put(value), wanted)


@dataclass(frozen=True)
class Case:
    """One kind of value: how it is made (anew, equal each time), and how it could be spoiled."""

    make: Callable[[], Any]
    mutate: Callable[[Any], None] | None = None
    wanted: Any = Any
    same: Callable[[Any, Any], bool] | None = None
    back: Callable[[Any], Any] | None = None  # where a value comes back as something else (a figure as a picture)


class FormatSuite:
    """The contract. ``formats`` is ``module:name`` of the formats; ``cases`` are by name."""

    formats: ClassVar[str] = "solvent.archive.formats:BUILTIN"
    cases: ClassVar[Mapping[str, Case]] = {}

    @staticmethod
    def pytest_generate_tests(metafunc: Any) -> None:
        """One test for each case."""
        cases = metafunc.cls.cases
        if "spoiled" in metafunc.fixturenames:
            metafunc.parametrize("spoiled", [name for name, case in cases.items() if case.mutate is not None])
        elif "name" in metafunc.fixturenames:
            metafunc.parametrize("name", list(cases))

    @pytest.fixture
    def memory(self, tmp_path: Path) -> Memory:
        """An archive in memory."""
        return Memory(Formats(load(self.formats)), tmp_path)

    def test_comes_back(self, memory: Memory, name: str) -> None:
        """What is written is what is read, and it is written again under the same digest."""
        case = self.cases[name]
        document = memory.put(case.make())
        back = memory.read(document, case.wanted)
        assert_same(case, back, expected(case))
        assert memory.put(back)["digest"] == document["digest"]

    def test_two_values_made_alike_have_one_digest(self, memory: Memory, name: str) -> None:
        """Made twice in one process, a value is one artifact."""
        assert memory.put(self.cases[name].make()) == memory.put(self.cases[name].make())

    @pytest.mark.slow
    def test_two_processes_write_the_same_bytes(self, memory: Memory, name: str) -> None:
        """Times, addresses, hash order and the process leave no trace in digest and bytes."""
        first, second = elsewhere(Path(sys.modules[type(self).__module__].__file__ or ""), type(self).__name__)
        assert first[name] == second[name]
        assert first[name] == describe(memory, self.cases[name])

    def test_a_digest_is_final_before_the_bytes_are_written(self, memory: Memory, name: str) -> None:
        """Finishing changes nothing of the identity."""
        kept, written = memory.formats.write(self.cases[name].make(), memory)
        before = memory.formats.identify(kept, written)
        if written.finish is not None:
            written.finish(memory)
        assert memory.formats.identify(kept, written) == before

    def test_facts_are_json_and_the_size_is_told(self, memory: Memory, name: str) -> None:
        """Facts go to lists and pages: plain JSON, without NaN."""
        _, written = memory.formats.write(self.cases[name].make(), memory)
        json.dumps(dict(written.facts), allow_nan=False)
        assert written.size >= 0

    def test_a_live_value_is_what_would_be_read(self, memory: Memory, name: str) -> None:
        """A consumer cannot tell whether it was handed the value, or read it from the archive."""
        case = self.cases[name]
        _, written = memory.formats.write(case.make(), memory)
        if written.keep is not None:
            live, read = written.keep(case.wanted), memory.again(case.make(), case.wanted)
            assert type(live) is type(read)
            assert_same(case, live, read)

    def test_a_producer_that_changes_its_value_reaches_nobody(self, memory: Memory, spoiled: str) -> None:
        """After ``write`` has returned, what the producer does to its value shows in no digest, byte or consumer."""
        case = self.cases[spoiled]
        assert case.mutate is not None
        value = case.make()
        kept, written = memory.formats.write(value, memory)
        case.mutate(value)
        body = written.body if written.finish is None else written.finish(memory)
        read = memory.formats.read({"format": kept.name, "digest": "", "body": body}, memory, case.wanted)
        assert_same(case, read, expected(case))
        if written.keep is not None:
            assert_same(case, written.keep(case.wanted), expected(case))

    def test_a_consumer_that_changes_its_value_reaches_nobody(self, memory: Memory, spoiled: str) -> None:
        """Two consumers never share anything that one of them can change."""
        case = self.cases[spoiled]
        assert case.mutate is not None and case.back is None
        kept, written = memory.formats.write(case.make(), memory)
        body = written.body if written.finish is None else written.finish(memory)
        document: Document = {"format": kept.name, "digest": "", "body": body}
        ways = [lambda: memory.read(document, case.wanted)]
        if written.keep is not None:
            ways.append(lambda: written.keep(case.wanted))  # type: ignore[misc]
        for way in ways:
            mine, theirs = way(), way()
            case.mutate(mine)
            assert_same(case, theirs, case.make())
            assert_same(case, way(), case.make())


def expected(case: Case) -> Any:
    """What should come back."""
    return case.make() if case.back is None else case.back(case.make())


def assert_same(case: Case, one: Any, other: Any) -> None:
    """Equal, by the case's own measure where it has one."""
    if case.same is not None:
        assert case.same(one, other)
    else:
        assert type(one) is type(other)
        assert one == other


def attempt(memory: Memory, case: Case) -> Any:
    """The description of a case, or the error that it met: one bad case must not hide the others."""
    try:
        return describe(memory, case)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def describe(memory: Memory, case: Case) -> Any:
    """Digest and bytes of a case, as they would stand in an archive."""
    before = set(memory.blobs)
    document = memory.put(case.make())
    return [document["digest"], json.dumps(document["body"]), sorted(set(memory.blobs) - before)]


@functools.cache
def elsewhere(file: Path, suite: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """What two other processes make of all cases, 2.1 seconds apart and with other hash seeds."""
    first = describe_elsewhere(file, suite, seed="1")
    time.sleep(2.1)
    return first, describe_elsewhere(file, suite, seed="4242")


def describe_elsewhere(file: Path, suite: str, seed: str) -> Mapping[str, Any]:
    """The same for all cases of a suite, in a process of its own."""
    code = "import sys; sys.path[:0] = [sys.argv[1]]; import format_suite; format_suite.main(*sys.argv[2:])"
    command = [sys.executable, "-c", code, str(Path(__file__).parent), str(file), suite]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    described: Mapping[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return described


def main(file: str, suite: str) -> None:
    """What the other process does."""
    spec = importlib.util.spec_from_file_location(Path(file).stem, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.insert(0, str(Path(file).parent))
    spec.loader.exec_module(module)
    cls = getattr(module, suite)
    folder = Path(tempfile.mkdtemp())
    try:
        made = {name: attempt(Memory(Formats(load(cls.formats)), folder), case) for name, case in cls.cases.items()}
    finally:
        shutil.rmtree(folder)
    sys.stdout.write(json.dumps(made) + "\n")


def load(name: str) -> Any:
    """What ``module:name`` names."""
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)
