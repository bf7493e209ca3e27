"""Files as a source: one, many, a glob or a folder, read as whatever frame, path or text a parameter asks for."""

from __future__ import annotations

import json
import os
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import Rows, conform
from solvent.data.family import asked_kind, bare_of
from solvent.data.frames.outgoing import give
from solvent.data.sources.files.binary import reason
from solvent.data.sources.files.finding import Finder, Found, Patterns, stamp, state_of
from solvent.data.sources.files.options import Options, check_heeded
from solvent.data.sources.files.recognising import format_of, holds_rows
from solvent.data.sources.files.scanning import Ready, scan_parts
from solvent.data.sources.files.small.surveying import survey_small
from solvent.data.sources.files.surveying import Part, Survey, survey_file
from solvent.data.sources.files.text.decoding import opened
from solvent.data.sources.files.uniting import partitions, unite
from solvent.errors import InputError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Files"]


class Files:
    """The files that a finder finds, as one source."""

    def __init__(self, finder: Finder, options: Options) -> None:
        self._finder = finder
        self._options = options
        self._listed: _Listed | None = None

    @property
    def keep(self) -> str | None:
        """What the settings say of keeping: ``rows``, ``reference``, or nothing."""
        return self._options.keep

    @property
    def root(self) -> Path | None:
        """The folder that local files are named from; None for files that lie elsewhere."""
        return self._finder.root if isinstance(self._finder, Patterns) else None

    @property
    def patterns(self) -> list[str]:
        """The paths and patterns as the settings say them."""
        return list(self._finder.describe()["files"])

    def size(self) -> int:
        """The bytes of all files together, as far as they are known."""
        return sum(one.size or 0 for one in self._finder.find())

    def here(self, survey: Survey) -> dict[str, Path]:
        """The files of a survey by label, if they are as it saw them. Raises :class:`InputError` where one is not."""
        found = self._same(survey, {part.label for part in survey.parts})
        return {part.label: found[part.label].open() for part in survey.parts}

    def again(self, survey: Survey, same: Callable[[str, Path], bool]) -> tuple[Survey, dict[str, Path]]:
        """An earlier survey of files that hold what they held then, with their versions as of now; and where they are.

        ``same`` is asked of a file with another version. Raises :class:`InputError` for one that is gone or differs.
        """
        here = {one.label: one for one in self._finder.find()}
        parts, paths = [], {}
        for part in survey.parts:
            found = here.get(part.label)
            if found is None:
                raise InputError(f"{part.label} is gone")
            path = paths[part.label] = found.open()
            if (found.version is None or found.version != part.version) and not same(part.label, path):
                raise InputError(f"{part.label} is not what it was")
            parts.append(part.at(found.version, found.state or state_of(os.stat(path))))
        return replace(survey, parts=tuple(parts)), paths

    def describe(self) -> dict[str, Any]:
        """Where the files are, and the options, as the settings say them."""
        return {**self._finder.describe(), **self._options.said()}

    def version(self) -> str | None:
        """Names and versions as one token; None while a file has no version that can be believed."""
        return stamp(self._finder.find())

    def pinned(self, types: Mapping[str, str]) -> Files:
        """The same files, with the types of these columns pinned besides those that are."""
        return Files(self._finder, replace(self._options, types={**self._options.types, **types}))

    def survey(self, known: Mapping[str, Any] | None = None) -> Survey:
        """Look through the files: their rows and types, one schema of all, and how files differ from it.

        ``known`` is what an earlier survey's ``to_json`` gave: a file that stands in it with the same version is not
        opened again. Raises :class:`InputError` for a file that cannot be read, or changes while it is.
        """
        found = self._tables()
        before = Survey.known(known, self._options)
        same = {one.label: part for one in found if (part := before.get((one.label, one.version)))}
        alike = survey_small([one for one in found if one.label not in same], self._options)
        parts = [same.get(one.label) or alike.get(one.label) or self._look(one) for one in found]
        paths = {one.label: one for one in found}
        check_heeded(self._options, {part.label: part.look.format for part in parts})

        def fits(part: Part, name: str, kind: Any) -> bool:
            return self._fits(part, name, kind, paths[part.label])

        schema, changes = unite(parts, self._options, fits)
        return Survey(tuple(parts), schema, tuple(changes), self._options)

    def frame(self, survey: Survey, labels: Iterable[str] | None = None) -> pl.LazyFrame:
        """The rows of all files of a survey, or of those with these labels, in its schema and the order of files.

        Raises :class:`InputError`, now or while it is collected, for a file that is not as it was surveyed.
        """
        listed = self._listed
        if listed is None or listed.survey is not survey:
            listed = self._listed = self._list(survey)
        wanted = range(len(survey.parts)) if labels is None else sorted({listed.place(label) for label in labels})
        ready = []
        for place in wanted:
            part = survey.parts[place]
            path = listed.here[part.label].open()
            check = _Unchanged(part.label, path, part.status or state_of(os.stat(path)))
            check()
            ready.append(Ready(part, path, listed.folders[place], check))
        return scan_parts(ready, survey.dtypes(), self._options)

    def _list(self, survey: Survey) -> _Listed:
        """Where the files of a survey are: found once, however many frames are asked of it."""
        labels = [part.label for part in survey.parts]
        places = {label: place for place, label in enumerate(labels)}
        return _Listed(survey, places, self._same(survey, set(labels)), partitions(labels, self._options))

    def check(self, survey: Survey) -> None:
        """Raise :class:`InputError` if a file is not as it was surveyed: what was read meanwhile is not to be kept."""
        here = self._same(survey, {part.label for part in survey.parts})
        for part in survey.parts:
            if part.status is not None:
                _Unchanged(part.label, here[part.label].open(), part.status)()

    def _same(self, survey: Survey, wanted: set[str]) -> dict[str, Found]:
        """The files by label, if these are there in the versions that were surveyed."""
        here = {one.label: one for one in self._finder.find()}
        for part in survey.parts:
            if part.label not in wanted:
                continue
            if part.label not in here:
                raise InputError(f"{part.label} is gone since it was looked at; run again")
            if part.version is not None and here[part.label].version not in (part.version, None):
                raise InputError(f"{part.label} changed while it was read; wait until it is whole, and run again")
        return here

    def found(self, survey: Survey | None = None) -> dict[str, Any]:
        """What the files were found to be, as plain JSON: formats, encodings, types, guesses, differences."""
        return (survey or self.survey()).found()

    def read(self, wanted: Any) -> Any:
        """A frame of the rows of all files, or the path, paths, text, bytes or JSON value of what is there."""
        asked = bare_of(wanted)
        if asked is Path:
            return self._place()
        if typing.get_origin(asked) in (list, Sequence) and typing.get_args(asked) == (Path,):
            return [one.open() for one in self._finder.find()]
        if asked in (str, bytes):
            return self._content(asked)
        if asked_kind(asked) is None:
            return self._json(asked)
        survey = self.survey()
        if asked_kind(asked) == "polars.LazyFrame":
            return self.frame(survey)
        return give(Rows(conform(self._collected(survey))), asked)

    def close(self) -> None:
        """Nothing is open between readings."""

    def _tables(self) -> list[Found]:
        """The files that hold rows: of a folder or pattern with others among them, those whose suffix says so."""
        found = self._finder.find()
        if self._options.format is not None:
            return found
        return [one for one in found if holds_rows(one.label)] or found

    def _look(self, one: Found) -> Part:
        path = one.open()
        before = one.state or state_of(os.stat(path))
        check = _Unchanged(one.label, path, before)
        try:
            part = survey_file(path, one.label, self._options)
        except InputError:
            check()  # that it changed is the better thing to say
            raise
        check()
        return part.at(one.version, before)

    def _fits(self, part: Part, name: str, kind: Any, one: Found) -> bool:
        """Whether a column's values are kept by a type; found out once, by reading the column."""
        from solvent.data.canonical import dtype_of

        word = f"{name}: {json.dumps(kind)}"
        if word not in part.fits:
            ready = Ready(part, one.open(), {}, lambda: None)
            try:
                scan_parts([ready], {name: dtype_of(kind)}, self._options).null_count().collect(engine="streaming")
                part.fits[word] = True
            except InputError:
                part.fits[word] = False
        return part.fits[word]

    def _collected(self, survey: Survey) -> pl.DataFrame:
        import polars as pl

        try:
            found = self.frame(survey).collect(engine="streaming")
        except pl.exceptions.PolarsError as error:
            raise self._culprit(survey, error) from error
        self.check(survey)
        return found

    def _culprit(self, survey: Survey, error: Exception) -> InputError:
        """Which file it is that cannot be read."""
        import polars as pl

        for part in survey.parts:
            try:
                self.frame(survey, [part.label]).collect(engine="streaming")
            except pl.exceptions.PolarsError as found:
                return InputError(f"{part.label} cannot be read as {part.look.format}: {reason(found)}")
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
        if format_of(one.open(), self._options, one.label) != "json":
            raise InputError(
                f"{one.label} cannot be read as {asked_name}. Files can be read as frames, Path, list[Path], "
                f"str, bytes, and one JSON file as any plain type"
            )
        try:
            return validate(json.loads(self._content(str)), asked, from_file=True)
        except ValueError as error:
            raise InputError(f"{one.label}: {error}") from error


@dataclass(frozen=True, slots=True)
class _Listed:
    """The files of a survey: the place of each label in it, where they are, and what their folders say."""

    survey: Survey
    places: Mapping[str, int]
    here: Mapping[str, Found]
    folders: Sequence[Mapping[str, str | None]]

    def place(self, label: str) -> int:
        """The place of a file. Raises :class:`InputError` if it is none of these."""
        if label not in self.places:
            raise InputError(f"{label} is not among the files that were looked at")
        return self.places[label]


class _Unchanged:
    """A check that a file is as it was."""

    def __init__(self, label: str, path: Path, state: str) -> None:
        self._label, self._path, self._state = label, path, state

    def __call__(self) -> None:
        """Raise :class:`InputError` if the file changed."""
        try:
            now = state_of(os.stat(self._path))
        except OSError as error:
            raise InputError(f"{self._label} went away while it was read; run again") from error
        if now != self._state:
            raise InputError(f"{self._label} changed while it was read; wait until it is whole, and run again")
