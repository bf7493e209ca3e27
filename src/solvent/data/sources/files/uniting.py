"""Uniting the files of an input: one schema by column name, or an error that names file and column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from solvent.data.sources.files.options import Options, dtype_named
from solvent.data.sources.files.recognising import format_of
from solvent.data.sources.files.scanning import INFERRED, cast_to, reason, scan_file
from solvent.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import polars as pl

__all__ = ["unite_files"]

_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


@dataclass(slots=True)
class _File:
    path: Path
    label: str
    kind: str
    frame: pl.LazyFrame
    schema: dict[str, Any]
    empty: frozenset[str]
    """Columns without any value, whose type therefore is a guess about nothing."""

    @property
    def guesses(self) -> bool:
        return self.kind in INFERRED


def unite_files(paths: Sequence[Path], labels: Sequence[str], options: Options) -> pl.LazyFrame:
    """All files as one LazyFrame, in this order. Raises :class:`InputError` where their columns differ."""
    import polars as pl

    pinned = {name: dtype_named(text, f"types.{name}") for name, text in options.types.items()}
    parts = [_partition(label) for label in labels]
    files = [_look(path, label, options, pinned, len(paths)) for path, label in zip(paths, labels, strict=True)]
    _check_columns(files, pinned, parts)
    wanted = _types(files, pinned)
    if (
        len(files) > 1
        and not any(parts)
        and all(one.kind == "parquet" and list(one.schema.items()) == list(wanted.items()) for one in files)
    ):
        return pl.scan_parquet([one.path for one in files], glob=False, hive_partitioning=False)
    keys = _keys(parts, files[0], pinned)
    frames: list[pl.LazyFrame] = []
    for one, part in zip(files, parts, strict=True):
        frame = one.frame
        if list(one.schema.items()) != list(wanted.items()):
            frame = scan_file(one.path, one.label, options, wanted) if one.guesses else frame
            frame = cast_to(frame, frame.collect_schema(), wanted).select(list(wanted))
        if keys:
            values = {name: part.get(name) for name in keys}
            frame = frame.with_columns(pl.lit(values[name], pl.String).cast(keys[name]).alias(name) for name in keys)
        frames.append(frame)
    return frames[0] if len(frames) == 1 else pl.concat(frames)


def _look(path: Path, label: str, options: Options, pinned: Mapping[str, Any], count: int) -> _File:
    import polars as pl

    kind = format_of(path, options)
    frame = scan_file(path, label, options, pinned)
    try:
        schema = dict(frame.collect_schema())
        empty: frozenset[str] = frozenset()
        if count > 1 and kind in INFERRED:
            head = frame.head(10_000).collect()
            empty = frozenset(one.name for one in head if one.name not in pinned and one.null_count() == head.height)
    except pl.exceptions.PolarsError as error:
        raise InputError(f"{label} cannot be read as {kind}: {reason(error)}") from error
    return _File(path, label, kind, frame, schema, empty)


def _check_columns(files: Sequence[_File], pinned: Mapping[str, Any], parts: Sequence[Mapping[str, Any]]) -> None:
    first = files[0]
    for one in files[1:]:
        lacks = [name for name in first.schema if name not in one.schema]
        more = [name for name in one.schema if name not in first.schema]
        if lacks:
            hint = did_you_mean(lacks[0], more)
            raise InputError(f"{one.label} has no column {lacks[0]!r}, which {first.label} has.{hint}")
        if more:
            raise InputError(f"{one.label} has a column {more[0]!r}, which {first.label} does not have")
    known = [*first.schema, *(name for part in parts for name in part)]
    for name in pinned:
        if name not in known:
            shown = ", ".join(dict.fromkeys(known))
            raise InputError(f"types: there is no column {name!r}.{did_you_mean(name, known)} There are: {shown}")


def _types(files: Sequence[_File], pinned: Mapping[str, Any]) -> dict[str, Any]:
    """One type for each column: pinned, else what a format says, else what all guesses have in common."""
    wanted = {}
    for name in files[0].schema:
        if name in pinned:
            wanted[name] = pinned[name]
            continue
        said = [one for one in files if not one.guesses]
        counted = said or [one for one in files if name not in one.empty] or files[:1]
        kind = counted[0].schema[name]
        for one in counted[1:]:
            other = one.schema[name]
            both = kind if kind == other else None if said else _wider(kind, other)
            if both is None:
                raise InputError(
                    f"{one.label}: column {name!r} is {other} here, and {kind} in {counted[0].label}. If it is one "
                    f"thing, say which, as in types: {{{name}: text}}"
                )
            kind = both
        wanted[name] = kind
    return wanted


def _wider(one: Any, other: Any) -> Any:
    """The type that holds both guesses: whole numbers among fractions are fractions; else there is none."""
    import polars as pl

    if one.is_numeric() and other.is_numeric():
        return pl.Float64() if one.is_float() or other.is_float() else pl.Int128()
    return None


def _partition(label: str) -> dict[str, str | None]:
    """What the folders of a path say, as in ``year=2013/month=1/part.parquet``."""
    found: dict[str, str | None] = {}
    for word in Path(label).parts[:-1]:
        name, equals, value = word.partition("=")
        if equals and name:
            found[unquote(name)] = None if value == _NO_VALUE else unquote(value)
    return found


def _keys(parts: Sequence[Mapping[str, str | None]], first: _File, pinned: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that come from folders, with their types: whole numbers if all are, else text."""
    import polars as pl

    names = dict.fromkeys(name for part in parts for name in part if name not in first.schema)
    keys: dict[str, Any] = {}
    for name in names:
        values = [part.get(name) for part in parts]
        if any(name not in part for part in parts):
            raise InputError(
                f"some files lie in a folder {name}=…, others do not; name only those that belong together"
            )
        whole = all(value is None or value.removeprefix("-").isdecimal() for value in values)
        plain = all(value is None or value == str(int(value)) for value in values) if whole else False
        keys[name] = pinned.get(name) or (pl.Int64() if plain and any(values) else pl.String())
    return keys
