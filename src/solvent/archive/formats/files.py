"""Files and folders, and classes that write themselves into a folder."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent import digest
from solvent.archive.formats.asking import choose_class
from solvent.archive.formats.base import Written
from solvent.archive.formats.refusal import name_of
from solvent.errors import Corrupted, InputError, NoFormat

if TYPE_CHECKING:
    from solvent.archive.formats.base import Sink, Source

__all__ = ["CustomFormat", "PathFormat"]


class PathFormat:
    """A ``Path`` that a step returns is the file or folder there: copied at once, known by its content.

    A file's name does not count, only its suffix (readers look at it); inside a folder the relative names do.
    Whether a file may be executed is kept, times and owners are not; symbolic links are refused. Consumers get
    a read-only file of the store, or a folder of such files.
    """

    name = "path.1"

    def accepts(self, value: Any) -> bool:
        """Whether the value is a path of this machine."""
        return isinstance(value, Path)

    def write(self, value: Any, sink: Sink) -> Written:
        """Copy what is there, so that later changes of it reach nobody."""
        try:
            mode = os.lstat(value).st_mode
        except OSError as error:
            raise NoFormat(
                f"the path {str(value)!r} cannot be kept: {error.strerror}. A returned Path must be a file or folder "
                "that "
                f"exists when the step ends; to hand on a mere name, return str(path)."
            ) from None
        if stat.S_ISDIR(mode):
            tree, size = _take_folder(value, sink)
            files = sum(kind != "folder" for kind, *_ in tree.values())
            return Written(["folder", _identity(tree)], {"folder": _body(tree)}, size=size, facts={"files": files})
        name, runs, size, hashed = _take_file(value, sink)
        suffix = _suffix(value)
        body = {"file": name, "suffix": suffix, "runs": runs}
        return Written(["file", hashed, suffix, runs], body, size=size, facts={"bytes": size})

    def read(self, body: Any, source: Source, wanted: Any) -> Path:
        """A read-only file, or a folder of read-only files."""
        if "folder" in body:
            folder = source.scratch() / "folder"
            _lay_out(body["folder"], folder, source, link=True)
            return folder
        suffix, runs = body["suffix"], body["runs"]
        if not suffix and not runs:
            return source.path(body["file"])
        _check_name(f"file{suffix}")
        path = source.scratch() / f"file{suffix}"
        _lay_file(source.path(body["file"]), path, runs, link=True)
        return path


class CustomFormat:
    """Objects whose class has ``to_artifact(self, folder)`` and the class method ``from_artifact(cls, folder)``."""

    name = "custom.1"

    def accepts(self, value: Any) -> bool:
        """Whether the class has either of the two methods."""
        kind = type(value)
        return kind is not type and (hasattr(kind, "to_artifact") or hasattr(kind, "from_artifact"))

    def write(self, value: Any, sink: Sink) -> Written:
        """Let the object write itself, and take over what it wrote."""
        kind = type(value)
        for method in ("to_artifact", "from_artifact"):
            if not callable(getattr(kind, method, None)):
                raise NoFormat(
                    f"{name_of(kind)} has {'from_artifact' if method == 'to_artifact' else 'to_artifact'}, but no "
                    f"{method}. "
                    f"Both are needed: `to_artifact(self, folder: Path) -> None` and "
                    f"`@classmethod from_artifact(cls, folder: Path) -> Self`."
                )
        folder = sink.scratch()
        value.to_artifact(folder)
        tree, size = _take_folder(folder, sink)
        identity = [kind.__qualname__, sink.behaviour(kind), _identity(tree)]
        facts = {"class": kind.__qualname__, "bytes": size}
        return Written(identity, {"class": kind.__qualname__, "folder": _body(tree)}, size=size, facts=facts)

    def read(self, body: Any, source: Source, wanted: Any) -> Any:
        """Let the class that is asked for make an object from its own copy of the files."""
        kind: Any = choose_class(wanted, body["class"], lambda one: hasattr(one, "from_artifact"), "an object")
        with tempfile.TemporaryDirectory(prefix="solvent-", dir=source.scratch()) as place:
            folder = Path(place) / "artifact"
            _lay_out(body["folder"], folder, source, link=False)
            made = kind.from_artifact(folder)
        if not isinstance(made, kind):
            raise InputError(
                f"{kind.__qualname__}.from_artifact returned a {name_of(type(made))}, not a {kind.__qualname__}"
            )
        return made


_Tree = dict[str, tuple[Any, ...]]


def _take_folder(folder: Path, sink: Sink) -> tuple[_Tree, int]:
    """Everything in a folder by relative name: ``("folder",)`` or ``("file", blob, runs, digest)``; and its bytes."""
    tree: _Tree = {}
    total = 0
    for path in _walk(folder):
        name = path.relative_to(folder).as_posix()
        try:
            _check_name(name)
            name.encode()
        except (Corrupted, UnicodeEncodeError):
            raise NoFormat(f"the name {name!r} in {str(folder)!r} is not valid text; rename the file") from None
        if stat.S_ISDIR(os.lstat(path).st_mode):
            tree[name] = ("folder",)
        else:
            blob, runs, size, hashed = _take_file(path, sink)
            tree[name] = ("file", blob, runs, hashed)
            total += size
    return dict(sorted(tree.items())), total


def _walk(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda one: os.fsencode(one.name))
    for one in entries:
        yield Path(one.path)
        if one.is_dir(follow_symlinks=False):
            yield from _walk(Path(one.path))


def _take_file(path: Path, sink: Sink) -> tuple[str, bool, int, str]:
    """Copy a file into the store: its blob, whether it may be executed, its size, its digest."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_NOFOLLOW", 0))
    except OSError as error:
        if path.is_symlink():
            raise NoFormat(
                f"{str(path)!r} is a symbolic link. What it points to could change unseen; return the file itself: "
                "path.resolve()."
            ) from None
        raise NoFormat(f"{str(path)!r} cannot be read: {error.strerror}") from error
    with open(handle, "rb") as file:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            raise NoFormat(
                f"{str(path)!r} is neither a file nor a folder (a pipe, socket or device), so it cannot be kept"
            )
        copy = sink.scratch() / "file"
        with open(copy, "wb") as target:
            shutil.copyfileobj(file, target, 1 << 20)
    size = copy.stat().st_size
    hashed = digest.of_file("bytes.1", copy)
    return sink.file(copy), bool(mode & 0o100), size, hashed


def _suffix(path: Path) -> str:
    """The suffix that readers look at: ``.csv``, ``.tar.gz``; none where it would be no valid text."""
    ends = path.suffixes[-2:]
    suffix = "".join(ends) if len(ends) == 2 and ends[0] == ".tar" else path.suffix
    return suffix if suffix.isprintable() and len(suffix) <= 40 else ""


def _identity(tree: _Tree) -> list[Any]:
    return [[name, kind, *rest[1:]] for name, (kind, *rest) in tree.items()]


def _body(tree: _Tree) -> dict[str, Any]:
    return {name: None if kind == "folder" else [rest[0], rest[1]] for name, (kind, *rest) in tree.items()}


def _lay_out(body: Any, folder: Path, source: Source, *, link: bool) -> None:
    """Make a folder as it was. Names are checked again: a record from elsewhere must not reach outside of it."""
    folder.mkdir()
    for name, entry in sorted(body.items()):
        _check_name(name)
        path = folder / name
        if entry is None:
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            _lay_file(source.path(entry[0]), path, bool(entry[1]), link=link)


def _lay_file(stored: Path, path: Path, runs: bool, *, link: bool) -> None:
    if link and not runs:  # a link costs nothing; an executable needs a mode of its own, hence a copy
        try:
            os.link(stored, path)
            return
        except OSError:
            pass
    shutil.copyfile(stored, path)
    os.chmod(path, (0o555 if runs else 0o444) if link else (0o755 if runs else 0o644))


def _check_name(name: str) -> None:
    parts = name.split("/")
    if "\0" in name or "\\" in name or any(part in ("", ".", "..") for part in parts) or Path(name).is_absolute():
        raise Corrupted(f"the record names a file {name!r}, which would lie outside of its folder; it was not written")
