"""Files as a source: one, many, a glob or a folder, read as whatever frame, path or text a parameter asks for."""

from __future__ import annotations

import json
import os
import types
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import Rows, conform
from solvent.data.family import asked_kind
from solvent.data.frames.outgoing import give
from solvent.data.sources.finding import find_files, stamp
from solvent.data.sources.options import Options
from solvent.data.sources.recognising import SUFFIXES, format_of, opened
from solvent.data.sources.scanning import reason
from solvent.data.sources.uniting import unite_files
from solvent.errors import InputError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Files"]


class Files:
    """Files below the project's root, named by paths or patterns."""

    def __init__(self, patterns: Sequence[str], root: Path, options: Options) -> None:
        self._patterns = list(patterns)
        self._root = root
        self._options = options

    def describe(self) -> dict[str, Any]:
        """The patterns and options, as the settings say them."""
        return {"kind": "files", "files": self._patterns, **self._options.said()}

    def version(self) -> str | None:
        """Names, sizes, times and inodes as one token; None while a file is less than two seconds old."""
        return stamp(self._paths(), self._root)

    def read(self, wanted: Any) -> Any:
        """A frame of the rows of all files, or the path, paths, text, bytes or JSON value of what is there."""
        asked = _bare(wanted)
        if asked is Path:
            return self._place()
        if typing.get_origin(asked) in (list, Sequence) and typing.get_args(asked) == (Path,):
            return self._paths()
        if asked in (str, bytes):
            return self._content(asked)
        if asked_kind(asked) is None:
            return self._json(asked)
        if asked_kind(asked) == "polars.LazyFrame":
            return self._frame()
        return give(Rows(conform(self._collected())), asked)

    def close(self) -> None:
        """Nothing is open between readings."""

    def _paths(self) -> list[Path]:
        return find_files(self._patterns, self._root)

    def _tables(self) -> list[Path]:
        """The files that hold rows: of a folder or pattern with others among them, those whose suffix says so."""
        paths = self._paths()
        if self._options.format is not None:
            return paths
        return [one for one in paths if any(part.lower() in SUFFIXES for part in one.suffixes)] or paths

    def _label(self, path: Path) -> str:
        return Path(os.path.relpath(path, self._root)).as_posix()

    def _frame(self) -> pl.LazyFrame:
        paths = self._tables()
        return unite_files(paths, [self._label(path) for path in paths], self._options)

    def _collected(self) -> pl.DataFrame:
        import polars as pl

        try:
            return self._frame().collect()
        except pl.exceptions.PolarsError as error:
            raise self._culprit(error) from error

    def _culprit(self, error: Exception) -> InputError:
        """Which file it is that cannot be read."""
        import polars as pl

        for path in self._tables():
            label = self._label(path)
            try:
                unite_files([path], [label], self._options).collect()
            except pl.exceptions.PolarsError as found:
                return InputError(f"{label} cannot be read as {format_of(path, self._options)}: {reason(found)}")
        return InputError(reason(error))

    def _place(self) -> Path:
        if len(self._patterns) == 1 and (self._root / self._patterns[0]).is_dir():
            return self._root / self._patterns[0]
        return self._one("one path")

    def _one(self, what: str) -> Path:
        paths = self._paths()
        if len(paths) != 1:
            shown = ", ".join(self._label(path) for path in paths[:3])
            raise InputError(f"the parameter asks for {what}, and {len(paths)} files fit: {shown} …")
        return paths[0]

    def _content(self, asked: type) -> Any:
        path = self._one("the content of one file")
        with opened(path) as file:
            data = bytes(file.read())
        if asked is bytes:
            return data
        try:
            return data.decode(self._options.encoding)
        except UnicodeDecodeError as error:
            raise InputError(
                f"{self._label(path)}: {error}. Say which encoding it has, as in encoding: latin-1"
            ) from error

    def _json(self, asked: Any) -> Any:
        from solvent.config import validate

        path, asked_name = self._one("one value"), getattr(asked, "__qualname__", asked)
        if format_of(path, self._options) != "json":
            raise InputError(
                f"{self._label(path)} cannot be read as {asked_name}. Files can be read as frames, Path, list[Path], "
                f"str, bytes, and one JSON file as any plain type"
            )
        try:
            return validate(json.loads(self._content(str)), asked, from_file=True)
        except ValueError as error:
            raise InputError(f"{self._label(path)}: {error}") from error


def _bare(wanted: Any) -> Any:
    """The annotation without ``Annotated`` and ``None``, where one thing is left."""
    if typing.get_origin(wanted) is typing.Annotated:
        return _bare(typing.get_args(wanted)[0])
    if typing.get_origin(wanted) in (typing.Union, types.UnionType):
        parts = [one for one in typing.get_args(wanted) if one is not type(None)]
        return _bare(parts[0]) if len(parts) == 1 else wanted
    return wanted
