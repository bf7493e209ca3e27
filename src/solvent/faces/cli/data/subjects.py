"""Subjects: what a word on the command line names, a file, a pattern, an address, or a table of the project."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from solvent.archive.keeping import Artifact
    from solvent.engine.project import Project

__all__ = ["choose", "kept_table", "names_files", "open_files", "read_options", "reading", "told_subject"]

R = TypeVar("R")


def names_files(word: str) -> bool:
    """Whether a word names files rather than a result: one is there, or it looks like nothing else."""
    from solvent.data.sources.files.recognising import holds_rows

    if word.startswith("#"):
        return False
    there = "://" in word or os.path.exists(os.path.expanduser(word))
    return there or any(one in word for one in "*?[") or word.startswith(("/", "./", "../", "~")) or holds_rows(word)


def read_options(given: Sequence[str]) -> dict[str, Any]:
    """``key=value`` words as the options of a source; a value is JSON where it reads as such, else text."""
    made: dict[str, Any] = {}
    for one in given:
        name, equals, text = one.partition("=")
        first, dot, second = name.strip().partition(".")
        if not equals or not first:
            raise click.UsageError(f"--open-options: expected KEY=VALUE, such as delimiter=';', got {one!r}")
        if not dot:
            made[first] = _value(text)
            continue
        inner = made.setdefault(first, {})
        if not isinstance(inner, dict):
            raise click.UsageError(f"--open-options: {first} is given twice, as a value and with {name.strip()}")
        inner[second] = text
    return made


def open_files(words: Sequence[str], options: Mapping[str, Any]) -> Any:
    """The source that these words name from here; nothing is read yet."""
    from solvent.data.sources import open_source

    named = [_literal(one) for one in words]
    # A source that is no file is named by one word, which the sources know how to take.
    plain = len(named) == 1 and not options and "://" in named[0]
    return open_source(named[0] if plain else {"files": named, **options}, Path.cwd())


def kept_table(project: str | None, reference: str) -> tuple[Project, Artifact]:
    """The table of the project that a reference names. Raises :class:`NotFound`."""
    from solvent.data import is_table_format
    from solvent.errors import NotFound
    from solvent.faces.cli.looking.kept import find_kept

    try:
        opened = find_kept(project)
        artifact = opened.artifact(reference)
    except NotFound as error:
        if reference.startswith("#"):
            raise
        raise NotFound(f"{reference!r} is no file or pattern that is there from here, and no table: {error}") from error
    if not is_table_format(artifact.format):
        raise NotFound(f"{reference} is no table; its format is {artifact.format}")
    return opened, artifact


def told_subject(project: str | None, word: str, options: Mapping[str, Any]) -> Any:
    """The rows that a word names, as a lazy frame."""
    import polars as pl

    if options or names_files(word):
        return reading(lambda: open_files([word], options).read(pl.LazyFrame), word)
    opened, artifact = kept_table(project, word)
    return opened.archive.get(artifact.digest, pl.LazyFrame)


def reading(work: Callable[[], R], *words: str) -> R:
    """Do what reads files; where one of them cannot be read, say so in a line."""
    import polars as pl

    from solvent.errors import InputError

    try:
        return work()
    except pl.exceptions.PolarsError as error:
        said = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise InputError(f"{' or '.join(words)} cannot be read: {said:.300}") from error


def choose(names: Sequence[str], patterns: Sequence[str]) -> list[str]:
    """The names that are, or fit, one of the patterns, in order. Raises :class:`NotFound` where one fits none."""
    from solvent.errors import NotFound, did_you_mean

    for one in patterns:
        if one not in names and not any(fnmatchcase(name, one) for name in names):
            alike = next((name for name in names if fnmatchcase(name.lower(), one.lower())), None)
            hint = f" Case counts: there is {alike!r}." if alike else did_you_mean(one, names)
            raise NotFound(f"--columns: no column is called {one!r} or fits it.{hint}")
    fitting = [name for name in names if any(name == one or fnmatchcase(name, one) for one in patterns)]
    return list(dict.fromkeys(fitting))


def _literal(word: str) -> str:
    """A file whose name has signs of a pattern in it is that file, as a shell hands it over."""
    return glob.escape(word) if "://" not in word and os.path.isfile(os.path.expanduser(word)) else word


def _value(text: str) -> Any:
    if text == "\\t":
        return "\t"
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(value, float) else value
