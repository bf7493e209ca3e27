"""Files, folders and classes that write themselves: known by content, never by where they lay."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any, ClassVar, Self

import pytest
from format_suite import Case, FormatSuite, Memory

from solvent.errors import Corrupted, InputError, NoFormat


class Words:
    """A class that writes itself."""

    def __init__(self, words: list[str]) -> None:
        self.words = words

    def to_artifact(self, folder: Path) -> None:
        """One file for each word."""
        (folder / "count").write_text(str(len(self.words)))
        for place, word in enumerate(self.words):
            (folder / "words").mkdir(exist_ok=True)
            (folder / "words" / f"{place}.txt").write_text(word)

    @classmethod
    def from_artifact(cls, folder: Path) -> Self:
        """Read them again; the folder is the reader's own, to be written to as it likes."""
        count = int((folder / "count").read_text())
        (folder / "count").write_text("mine")
        return cls([(folder / "words" / f"{place}.txt").read_text() for place in range(count)])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Words) and self.words == other.words

    def __hash__(self) -> int:
        return hash(tuple(self.words))


class MoreWords(Words):
    """Inherits how it is written."""


class TestCustom(FormatSuite):
    """The contract, over classes that write themselves."""

    cases: ClassVar = {
        "words": Case(lambda: Words(["a", "ä" * 50_000]), lambda value: value.words.clear(), Words),
        "nothing": Case(lambda: Words([]), wanted=Words | None),
        "below": Case(lambda: MoreWords(["x"]), lambda value: value.words.clear(), Words),
        "in a dict": Case(
            lambda: {"w": [Words(["a"])]}, lambda value: value["w"][0].words.clear(), dict[str, list[Words]]
        ),
    }


def contents(path: Path) -> dict[str, Any]:
    """What lies in a folder, by relative name."""
    return {
        one.relative_to(path).as_posix(): None
        if one.is_dir()
        else (one.read_bytes(), os.access(one, os.X_OK) and bool(one.stat().st_mode & 0o100))
        for one in sorted(path.rglob("*"))
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with all that a folder may hold."""
    made = tmp_path / "made"
    (made / "deep" / "er").mkdir(parents=True)
    (made / "empty").mkdir()
    (made / "deep" / "er" / "ä b.txt").write_text("text")
    (made / "large.bin").write_bytes(b"x" * 100_000)
    (made / "none").write_bytes(b"")
    (made / "run.sh").write_text("#!/bin/sh\n")
    (made / "run.sh").chmod(0o755)
    return made


def test_a_folder_comes_back(memory: Memory, folder: Path) -> None:
    """Names, bytes, empty folders and the executable bit are kept; the consumer's lies elsewhere, read-only."""
    document = memory.put(folder)
    back = memory.read(document)
    assert contents(back) == contents(folder)
    assert back != folder and not (back / "large.bin").stat().st_mode & 0o222
    assert memory.put(back)["digest"] == document["digest"]


def test_where_and_when_a_folder_was_made_is_no_identity(memory: Memory, folder: Path, tmp_path: Path) -> None:
    """Place, times and the order in which files were made do not count; bytes, names and the executable bit do."""
    other = tmp_path / "elsewhere"
    other.mkdir()
    for name, content in reversed(contents(folder).items()):
        path = other / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.mkdir(exist_ok=True)
        else:
            path.write_bytes(content[0])
            path.chmod(0o700 if content[1] else 0o600)
            os.utime(path, (1, 1))
    before = memory.put(folder)["digest"]
    assert memory.put(other)["digest"] == before
    (other / "run.sh").chmod(0o644)
    assert memory.put(other)["digest"] != before
    (other / "run.sh").chmod(0o755)
    (other / "empty").rmdir()
    assert memory.put(other)["digest"] != before


def test_a_file_is_known_by_content_and_suffix(memory: Memory, tmp_path: Path) -> None:
    """The name does not count; the suffix, which readers look at, comes back."""
    one, other, third = tmp_path / "a.csv", tmp_path / "tmp83k2.csv", tmp_path / "a.txt"
    for path in (one, other, third):
        path.write_text("x\n1\n")
    assert memory.put(one) == memory.put(other)
    assert memory.put(one)["digest"] != memory.put(third)["digest"]
    assert memory.again(one).suffix == ".csv" and memory.again(one).read_text() == "x\n1\n"
    packed = tmp_path / "rows.v1.tar.gz"
    packed.write_bytes(b"x")
    assert memory.again(packed).name == "file.tar.gz"


def test_later_changes_of_a_file_reach_nobody(memory: Memory, folder: Path) -> None:
    """What a step returned is copied before write returns."""
    kept, written = memory.formats.write([folder, folder / "large.bin"], memory)
    (folder / "large.bin").write_text("spoiled")
    (folder / "new").write_text("spoiled")
    body = written.body if written.finish is None else written.finish(memory)
    back = memory.read({"format": kept.name, "digest": "", "body": body}, list[Path])
    assert (back[0] / "large.bin").read_bytes() == back[1].read_bytes() == b"x" * 100_000
    assert not (back[0] / "new").exists()


def test_links_pipes_and_missing_files_are_refused(memory: Memory, folder: Path, tmp_path: Path) -> None:
    """Whatever is not plainly a file or folder is named."""
    link = tmp_path / "link.txt"
    link.symlink_to(folder / "none")
    with pytest.raises(NoFormat, match="symbolic link"):
        memory.put(link)
    (folder / "deep" / "up").symlink_to("..")
    with pytest.raises(NoFormat, match=r"deep/up.* symbolic link"):
        memory.put(folder)
    (folder / "deep" / "up").unlink()
    os.mkfifo(folder / "pipe")
    with pytest.raises(NoFormat, match="pipe"):
        memory.put(folder)
    with pytest.raises(NoFormat, match="exists when the step ends"):
        memory.put(tmp_path / "missing.csv")
    with pytest.raises(NoFormat, match="not valid text"):
        (tmp_path / "bad").mkdir()
        Path(os.fsdecode(os.fsencode(tmp_path / "bad") + b"/\xff")).write_text("x")
        memory.put(tmp_path / "bad")


def test_a_socket_is_no_file(memory: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is anything else that only looks like one."""
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("s")
        with pytest.raises(NoFormat):
            memory.put(Path("s"))


@pytest.mark.parametrize("name", ["../out", "/abs", "a/../../out", "a//b", "", ".", "a/./b", "nul\0", "a\\..\\b"])
def test_a_record_never_reaches_outside_of_its_folder(memory: Memory, folder: Path, name: str, tmp_path: Path) -> None:
    """Names in a record are checked before anything is written."""
    for value, wanted in ((folder, Path), (Words(["a"]), Words)):
        document = memory.put(value)
        body = document["body"]["folder"]
        body[name] = next(entry for entry in body.values() if entry is not None)
        with pytest.raises(Corrupted, match="outside"):
            memory.read(document, wanted)
    document = memory.put(folder / "large.bin")
    document["body"]["suffix"] = f"/../{name}"
    with pytest.raises(Corrupted, match="outside"):
        memory.read(document)


def test_both_methods_are_needed(memory: Memory) -> None:
    """A class with one of the two is told of the other."""

    class Half:
        """Writes, but never reads."""

        def to_artifact(self, folder: Path) -> None:
            """Write."""

    with pytest.raises(NoFormat, match="no from_artifact"):
        memory.put(Half())


def test_a_class_that_returns_something_else_is_named(memory: Memory) -> None:
    """from_artifact makes an object of its class."""

    class Odd(Words):
        """Returns a list."""

        @classmethod
        def from_artifact(cls, folder: Path) -> Any:
            """Read."""
            return []

    with pytest.raises(InputError, match="returned a list"):
        memory.again(Odd(["a"]), Odd)


def test_a_class_that_writes_itself_needs_to_be_asked_for(memory: Memory) -> None:
    """The record never chooses whose from_artifact runs."""
    with pytest.raises(InputError, match="as_=Words"):
        memory.again(Words(["a"]))
    with pytest.raises(InputError, match="was asked for"):
        memory.again(Words(["a"]), MoreWords)
