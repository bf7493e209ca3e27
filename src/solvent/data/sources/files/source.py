"""Files as a source: one, many, a glob or a folder, read as whatever frame, path or text a parameter asks for."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import Rows, conform
from solvent.data.family import asked_kind
from solvent.data.frames.outgoing import give
from solvent.data.sources.files.finding import Finder, Found, stamp
from solvent.data.sources.files.options import Options
from solvent.data.sources.files.recognising import format_of, holds_rows, opened
from solvent.data.sources.files.scanning import reason
from solvent.data.sources.files.uniting import unite_files
from solvent.errors import InputError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Files"]


class Files:
    """The files that a finder finds, as one source."""

    def __init__(self, finder: Finder, options: Options) -> None:
        self._finder = finder
        self._options = options

    def describe(self) -> dict[str, Any]:
        """Where the files are, and the options, as the settings say them."""
        return {**self._finder.describe(), **self._options.said()}

    def version(self) -> str | None:
        """Names and versions as one token; None while a file has no version that can be believed."""
        return stamp(self._finder.find())

    def read(self, wanted: Any) -> Any:
        """A frame of the rows of all files, or the path, paths, text, bytes or JSON value of what is there."""
        asked = _bare(wanted)
        if asked is Path:
            return self._place()
        if typing.get_origin(asked) in (list, Sequence) and typing.get_args(asked) == (Path,):
            return [one.open() for one in self._finder.find()]
        if asked in (str, bytes):
            return self._content(asked)
        if asked_kind(asked) is None:
            return self._json(asked)
        if asked_kind(asked) == "polars.LazyFrame":
            return self._frame()
        return give(Rows(conform(self._collected())), asked)

    def close(self) -> None:
        """Nothing is open between readings."""

    def _tables(self) -> list[Found]:
        """The files that hold rows: of a folder or pattern with others among them, those whose suffix says so."""
        found = self._finder.find()
        if self._options.format is not None:
            return found
        return [one for one in found if holds_rows(one.label)] or found

    def _frame(self) -> pl.LazyFrame:
        found = self._tables()
        return unite_files([one.open() for one in found], [one.label for one in found], self._options)

    def _collected(self) -> pl.DataFrame:
        import polars as pl

        try:
            return self._frame().collect()
        except pl.exceptions.PolarsError as error:
            raise self._culprit(error) from error

    def _culprit(self, error: Exception) -> InputError:
        """Which file it is that cannot be read."""
        import polars as pl

        for one in self._tables():
            path = one.open()
            try:
                unite_files([path], [one.label], self._options).collect()
            except pl.exceptions.PolarsError as found:
                return InputError(f"{one.label} cannot be read as {format_of(path, self._options)}: {reason(found)}")
        return InputError(reason(error))

    def _place(self) -> Path:
        return self._finder.folder() or self._one("one path").open()

    def _one(self, what: str) -> Found:
        found = self._finder.find()
        if len(found) != 1:
            shown = ", ".join(one.label for one in found[:3]) + (" …" if len(found) > 3 else "")
            raise InputError(f"the parameter asks for {what}, and {len(found)} files fit: {shown}")
        return found[0]

    def _content(self, asked: type) -> Any:
        one = self._one("the content of one file")
        with opened(one.open()) as file:
            data = bytes(file.read())
        if asked is bytes:
            return data
        try:
            return data.decode(self._options.encoding)
        except UnicodeDecodeError as error:
            raise InputError(f"{one.label}: {error}. Say which encoding it has, as in encoding: latin-1") from error

    def _json(self, asked: Any) -> Any:
        from solvent.config import validate

        one, asked_name = self._one("one value"), getattr(asked, "__qualname__", asked)
        if format_of(one.open(), self._options) != "json":
            raise InputError(
                f"{one.label} cannot be read as {asked_name}. Files can be read as frames, Path, list[Path], "
                f"str, bytes, and one JSON file as any plain type"
            )
        try:
            return validate(json.loads(self._content(str)), asked, from_file=True)
        except ValueError as error:
            raise InputError(f"{one.label}: {error}") from error


def _bare(wanted: Any) -> Any:
    """The annotation without ``Annotated`` and ``None``, where one thing is left."""
    if typing.get_origin(wanted) is typing.Annotated:
        return _bare(typing.get_args(wanted)[0])
    if typing.get_origin(wanted) in (typing.Union, types.UnionType):
        parts = [one for one in typing.get_args(wanted) if one is not type(None)]
        return _bare(parts[0]) if len(parts) == 1 else wanted
    return wanted
