"""Options of a source: what its files are, where the defaults would guess wrong."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from solvent.config import validate
from solvent.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import polars as pl

__all__ = ["FORMATS", "Options", "check_heeded", "dtype_named", "read_options"]

FORMATS = ("csv", "tsv", "jsonl", "json", "parquet", "arrow", "excel")
_TYPES = {
    "bool": "Boolean", "boolean": "Boolean", "int": "Int64", "int8": "Int8", "int16": "Int16", "int32": "Int32",
    "int64": "Int64", "uint8": "UInt8", "uint16": "UInt16", "uint32": "UInt32", "uint64": "UInt64",
    "float": "Float64", "float32": "Float32", "float64": "Float64", "text": "String", "str": "String",
    "string": "String", "binary": "Binary", "date": "Date", "time": "Time",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Options:
    """How files are to be read.

    ``types`` pins columns (``int64``, ``float32``, ``text``, ``bool``, ``date``, ``time``, ``datetime``,
    ``datetime[ms, Europe/Berlin]``, ``duration[us]``, ``decimal(10,2)``); ``format`` overrules the suffix;
    ``header`` is false where the first line is data, or the list of names to use; ``null`` lists texts that mean
    missing, besides an unquoted empty field; ``trim`` takes blanks around the fields of a CSV for no part of them, so
    that one of blanks alone is missing; ``delimiter``, ``quote`` (empty: quotes are text like any other),
    ``comment``, ``encoding``, ``skip`` (lines) are those of text files; ``formats`` says how the dates and times of
    a column are written (``{day: "%d.%m.%Y"}``) where that is not ISO 8601; ``ragged: fill`` takes missing fields
    at the end of a line for null; ``sheet`` is one of a workbook; ``rows`` is the path to the list of rows in a JSON
    file (``data.items``); ``hive: false`` makes folders like ``year=2013`` mean nothing; ``schema`` says what
    happens where files differ: ``evolve`` (all columns, widened types), ``freeze`` (as the first file, or the pinned
    types, have it) or ``fail``; ``keep`` says whether the ``rows`` are copied into the archive, or a ``reference`` to
    the files is all that is kept.
    """

    types: dict[str, str] = field(default_factory=dict)
    formats: dict[str, str] = field(default_factory=dict)
    format: str | None = None
    delimiter: str | None = None
    header: bool | list[str] = True
    encoding: str = "utf-8"
    null: list[str] = field(default_factory=list)
    trim: bool = False
    quote: str = '"'
    comment: str | None = None
    skip: int = 0
    ragged: str = "fail"
    sheet: str | None = None
    rows: str | None = None
    hive: bool = True
    schema: str = "evolve"
    keep: str | None = None

    def said(self) -> dict[str, Any]:
        """The options that differ from the defaults, as plain JSON."""
        default = Options()
        found = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in found.items() if value != getattr(default, name)}


_ANNOTATIONS: dict[str, Any] = {
    "types": dict[str, str], "format": str, "delimiter": str, "header": bool | list[str], "encoding": str,
    "null": list[str], "trim": bool, "quote": str, "comment": str, "skip": int, "sheet": str, "formats": dict[str, str],
    "ragged": str, "rows": str, "hive": bool, "schema": str,
    "keep": str,
}  # fmt: skip
_WORDS = {
    "format": FORMATS,
    "schema": ("evolve", "freeze", "fail"),
    "ragged": ("fail", "fill"),
    "keep": ("rows", "reference"),
}


_LINES, _JSON, _SHEETS = ("csv", "tsv"), ("json", "jsonl"), ("excel",)
_HEEDED: dict[str, tuple[str, ...]] = {
    "delimiter": _LINES, "quote": _LINES, "comment": _LINES, "ragged": _LINES, "trim": _LINES,
    "header": _LINES + _SHEETS, "skip": _LINES + _SHEETS, "null": _LINES + _SHEETS,
    "encoding": _LINES + _JSON, "sheet": _SHEETS, "rows": ("json",),
}  # fmt: skip


def check_heeded(options: Options, formats: Mapping[str, str]) -> None:
    """Raise :class:`InputError` for an option that says something of other formats than these files, by label, have."""
    for name in options.said():
        heeding = _HEEDED.get(name)
        if heeding is not None and formats and not any(one in heeding for one in formats.values()):
            label, here = next(iter(formats.items()))
            raise InputError(f"{name}: is for {', '.join(heeding)}; {label} is {here}, where it would say nothing")


def read_options(given: Mapping[str, Any]) -> Options:
    """The options of a source. Raises :class:`InputError` that names the one that is unknown or wrong."""
    made: dict[str, Any] = {}
    for name, value in given.items():
        if name not in _ANNOTATIONS:
            known = ", ".join(_ANNOTATIONS)
            raise InputError(f"files: unknown option {name!r}.{did_you_mean(name, _ANNOTATIONS)} There are: {known}")
        if name == "null" and not isinstance(value, list):
            value = [value]
        try:
            made[str(name)] = _plain(validate(value, _ANNOTATIONS[name], from_file=True))
        except ValueError as error:
            raise InputError(f"{name}: {error}") from None
    for name, words in _WORDS.items():
        if name in made and made[name] not in words:
            hint = did_you_mean(made[name], words)
            raise InputError(f"{name}: {made[name]!r} is not known.{hint} There are: {', '.join(words)}")
    for name, least in (("delimiter", 1), ("quote", 0)):
        if name in made and not least <= len(made[name].encode()) <= 1:
            raise InputError(f"{name}: expected one character, got {made[name]!r}")
    if made.get("skip", 0) < 0:
        raise InputError(f"skip: expected a number of lines, got {made['skip']}")
    try:
        codecs.lookup(made.get("encoding", "utf-8"))
    except LookupError:
        said = made["encoding"]
        raise InputError(f"encoding: {said!r} is not known. There are utf-8, latin-1, cp1252, utf-16 …") from None
    for column, text in made.get("types", {}).items():
        dtype_named(text, f"types.{column}")
    return Options(**made)


def dtype_named(text: str, where: str) -> pl.DataType:
    """The type that a text such as ``int64`` or ``datetime[us, UTC]`` names. Raises :class:`InputError`."""
    import polars as pl

    word = text.strip()
    if word.lower() in _TYPES:
        return getattr(pl, _TYPES[word.lower()])()  # type: ignore[no-any-return]
    found = re.fullmatch(r"(datetime|duration)(?:\[\s*(ms|us|ns)\s*(?:,\s*([^\]]+?)\s*)?\])?", word)
    if found:
        kind, unit, zone = found[1], found[2] or "us", found[3]
        if kind == "duration" and zone is None:
            return pl.Duration(unit)  # type: ignore[arg-type]
        if kind == "datetime":
            _check_zone(zone, where)
            return pl.Datetime(unit, zone)  # type: ignore[arg-type]
    found = re.fullmatch(r"decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)", word)
    if found and 0 < int(found[1]) <= 38 and int(found[2]) <= int(found[1]):
        return pl.Decimal(int(found[1]), int(found[2]))
    known = [*_TYPES, "datetime", "duration", "decimal"]
    raise InputError(
        f"{where}: {text!r} is not a type.{did_you_mean(word, known)} There are: {', '.join(dict.fromkeys(known))}; "
        f"also datetime[us, UTC], duration[ms], decimal(10,2)"
    )


def _check_zone(zone: str | None, where: str) -> None:
    import zoneinfo

    if zone is not None and zone not in zoneinfo.available_timezones():
        known = zoneinfo.available_timezones()
        raise InputError(f"{where}: {zone!r} is not a time zone.{did_you_mean(zone, known)}")


def _plain(value: Any) -> Any:
    """Without the settings' own kind of text."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value
