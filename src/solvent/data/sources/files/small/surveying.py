"""Surveying many small CSV files at once: what each holds, as a look through it alone would tell."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from solvent.data.sources.files.finding import Found, state_of
from solvent.data.sources.files.options import Options
from solvent.data.sources.files.small.batching import FEWEST, SMALL, Batch, Body, Reader
from solvent.data.sources.files.small.shapes import shape_of
from solvent.data.sources.files.surveying import (
    Part,
    header_findings,
    pinned_types,
    schema_of,
    survey_file,
    with_folders,
)  # fmt: skip
from solvent.data.sources.files.text.guessing import LOOKS, SAMPLED, Counts, count_by, guess, simply_text, sums_by
from solvent.data.sources.files.text.inferring import noted
from solvent.data.sources.files.text.reading import TextFile
from solvent.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

__all__ = ["survey_small"]


def survey_small(files: Sequence[Found], options: Options) -> dict[str, Part]:
    """The parts of those among these files, by label, that can be surveyed together; the others are left to others.

    Nothing is raised for a file that cannot be read, or that changes meanwhile: it is left as well.
    """
    small = [one for one in files if one.size is not None and one.size <= SMALL]
    if len(small) < FEWEST:
        return {}
    reader = Reader(options)
    parts: dict[str, Part] = {}
    batches: dict[Any, Batch[tuple[Found, str]]] = {}
    shapes: dict[Any, Part] = {}
    for one in small:
        read = _read(one, reader)
        if read is None:
            continue
        before, body = read
        if body.look.delimiter is None:
            part = _shaped(one, before, body, shapes, options)
            parts |= {} if part is None else {one.label: part}
            continue
        batch = batches.setdefault(body.look, Batch())
        batch.add((one, before), body)
        if batch.full:
            parts |= _parts(batches.pop(body.look), options)
    for batch in batches.values():
        parts |= _parts(batch, options)
    return parts


def _shaped(one: Found, before: str, body: Body, shapes: dict[Any, Part], options: Options) -> Part | None:
    """The part of a JSON file: that of the first one of its shape, which is looked at by itself."""
    shape = shape_of(body)
    if shape is None:
        return None
    part = shapes.get(shape)
    if part is None:
        try:
            path = one.open()
            part = survey_file(path, one.label, replace(options, hive=False))
            if state_of(os.stat(path)) != before:
                return None
        except (InputError, OSError):
            return None
        if any(finding["kind"] != "rows" for finding in part.findings):
            return None
        shapes[shape] = part
    mine = replace(part, label=one.label, version=one.version, rows=body.rows, fits={}, status=before)
    return with_folders(mine, options)


def _read(one: Found, reader: Reader) -> tuple[str, Body] | None:
    """A file's rows and the state in which they were read; None for one that changed meanwhile, or is another kind."""
    try:
        path = one.open()
        before = one.state or state_of(os.stat(path))
        body = reader.body(path, one.label)
        return None if body is None or state_of(os.stat(path)) != before else (before, body)
    except OSError:
        return None


def _parts(batch: Batch[tuple[Found, str]], options: Options) -> dict[str, Part]:
    """The parts of a batch; none if a file in it is not what it seems, which each by itself will tell."""
    import polars as pl

    look, (first, _), piece = batch.bodies[0].look, batch.files[0], batch.piece
    file = TextFile(first.open(), first.label, options, look)
    pinned = {name: dtype for name, dtype in pinned_types(options).items() if name in look.names}
    names = [name for name in look.names if name not in pinned]
    try:
        if pinned and piece.rows:
            file.parse(piece, pinned)
        none = pl.DataFrame(schema=dict.fromkeys(names, pl.String))
        texts = file.text(piece, names) if names and piece.rows else none
    except InputError:
        return {}
    if names and texts.height != piece.rows:
        return {}
    rows = [body.rows for body in batch.bodies]
    guesses = _Guesses(texts, rows)
    schemas: dict[tuple[Any, ...], dict[str, Any]] = {}
    parts = {}
    for place, ((one, before), body) in enumerate(zip(batch.files, batch.bodies, strict=True)):
        kinds = tuple(guesses.of(name, place) for name in names)
        if kinds not in schemas:
            types = {**pinned, **dict(zip(names, kinds, strict=True))}
            schemas[kinds] = schema_of({name: types[name] for name in look.names})
        findings = [*guesses.findings(names, kinds, place, body), *header_findings(look)]
        looks = guesses.looks(names, kinds, place)
        part = Part(one.label, one.version, body.rows, schemas[kinds], look, tuple(findings), looks, {}, before)
        parts[one.label] = with_folders(part, options)
    return parts


class _Guesses:
    """What the columns of each file hold, by counts over all files at once."""

    def __init__(self, texts: pl.DataFrame, rows: Sequence[int]) -> None:
        import numpy as np

        self._texts = texts
        self._rows = rows
        self._starts = np.cumsum(rows) - np.asarray(rows)
        self._counts = {name: count_by(texts.get_column(name), rows) for name in texts.columns}
        self._known: dict[Counts, Any] = {}
        self._dates: dict[str, list[np.ndarray[Any, Any]]] = {}
        self._said: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}

    def of(self, name: str, place: int) -> Any:
        """The type of a column in a file."""
        counts = self._counts[name][place]
        if counts.large:
            return guess(counts, self._slice(name, place))
        if counts not in self._known:
            self._known[counts] = guess(counts, None)
        return self._known[counts]

    def findings(self, names: Sequence[str], kinds: Sequence[Any], place: int, body: Body) -> list[dict[str, Any]]:
        """What is to be said of how the types of a file's columns came about."""
        import polars as pl

        found = []
        for name, kind in zip(names, kinds, strict=True):
            if isinstance(kind, pl.Decimal) or (
                isinstance(kind, pl.String) and not simply_text(self._counts[name][place])
            ):
                found.append(noted(name, pl.Null(), kind, self._slice(name, place), body.piece))
        return [one for one in found if one is not None][:100]

    def looks(self, names: Sequence[str], kinds: Sequence[Any], place: int) -> dict[str, str]:
        """What the columns of text of a file could be pinned as."""
        import polars as pl

        found = {}
        for name, kind in zip(names, kinds, strict=True):
            if isinstance(kind, pl.String):
                shares = self._dates.get(name) or self._dates.setdefault(name, self._dated(name))
                given = shares[0][place]
                for (_, word), share in zip(LOOKS, shares[1:], strict=True):
                    if given and share[place] == given:
                        found[name] = word
                        break
        return self._said.setdefault(tuple(found.items()), found)

    def _dated(self, name: str) -> list[np.ndarray[Any, Any]]:
        """How many values each file's column has at its beginning, and how many of them are of each kind."""
        import numpy as np
        import polars as pl

        column = self._texts.get_column(name).alias("v")
        sampled = pl.Series(np.arange(column.len()) - np.repeat(self._starts, self._rows) < SAMPLED)
        marks = [column.is_not_null(), *(column.str.contains(pattern) for pattern, _ in LOOKS)]
        return [sums_by(mark & sampled, self._rows) for mark in marks]

    def _slice(self, name: str, place: int) -> pl.Series:
        return self._texts.get_column(name).slice(int(self._starts[place]), self._rows[place]).alias("v")
