"""Scanning one file of any format as a LazyFrame, with pinned types, and errors that name the file."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.data.sources.files.options import Options
from solvent.data.sources.files.recognising import delimiter_of, format_of, opened
from solvent.errors import InputError, MissingExtra

if TYPE_CHECKING:
    import polars as pl

__all__ = ["INFERRED", "cast_to", "reason", "scan_file"]

INFERRED = frozenset({"csv", "tsv", "jsonl", "json", "excel"})
"""Formats whose types are guessed from the values: where a format says them itself, those win."""
_INFER = 10_000


def scan_file(path: Path, label: str, options: Options, types: Mapping[str, pl.DataType]) -> pl.LazyFrame:
    """One file as a LazyFrame; columns named in ``types`` have these types. ``label`` names it in errors."""
    import polars as pl

    kind = format_of(path, options)
    try:
        if kind in ("csv", "tsv"):
            return _csv(path, label, kind, options, types)
        if kind == "jsonl":
            found = pl.scan_ndjson(path, infer_schema_length=_INFER, schema_overrides=dict(types) or None)
        elif kind == "json":
            found = _json(path).lazy()
        elif kind == "excel":
            found = _excel(path, label, options).lazy()
        elif kind == "arrow":
            found = pl.scan_ipc(path, glob=False, hive_partitioning=False)
        else:
            found = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        return cast_to(found, found.collect_schema(), types)
    except (pl.exceptions.PolarsError, OSError, UnicodeError, EOFError) as error:
        raise InputError(f"{label} cannot be read as {kind}: {reason(error)}") from error


def cast_to(frame: pl.LazyFrame, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> pl.LazyFrame:
    """The frame with these types, where it has others; text is read as dates and times."""
    import polars as pl

    changed = []
    for name, dtype in wanted.items():
        if name not in found or found[name] == dtype:
            continue
        column = pl.col(name)
        if found[name] == pl.String and isinstance(dtype, pl.Datetime):
            changed.append(column.str.to_datetime(time_unit=dtype.time_unit, time_zone=dtype.time_zone))
        elif found[name] == pl.String and dtype == pl.Date:
            changed.append(column.str.to_date())
        elif found[name] == pl.String and dtype == pl.Time:
            changed.append(column.str.to_time())
        else:
            changed.append(column.cast(dtype))
    return frame.with_columns(changed) if changed else frame


def reason(error: BaseException) -> str:
    """What a reader says is wrong, without its advice for programmers."""
    text = str(error).strip()
    for end in ("\n\nYou might want", "\n\nConsider", "\n\nThe current offset", "\n\nResolved plan"):
        text = text.split(end)[0]
    if "could not parse" in text:
        text += ". Pin the column's type, as in types: {NAME: text}"
    elif "invalid utf-8" in text:
        text += ". Say which encoding it has, as in encoding: latin-1"
    return " ".join(text.split()) or type(error).__name__


def _csv(path: Path, label: str, kind: str, options: Options, types: Mapping[str, pl.DataType]) -> pl.LazyFrame:
    import polars as pl

    delimiter = "\t" if kind == "tsv" and options.delimiter is None else delimiter_of(path, options)
    named = options.header if isinstance(options.header, list) else None
    names = _names(path, label, options, delimiter)
    if named is not None and len(named) != len(names):
        raise InputError(f"{label}: header names {len(named)} columns, and the first line has {len(names)}")
    known = types
    if options.header is not True:
        known = {}  # Polars calls these columns column_1, …: they are renamed first, and cast afterwards
    found = pl.scan_csv(
        _decoded(path, options.encoding),
        separator=delimiter,
        has_header=options.header is True,
        quote_char=options.quote,
        comment_prefix=options.comment,
        skip_lines=options.skip,
        null_values=options.null or None,
        schema_overrides={name: dtype for name, dtype in known.items() if name in names} or None,
        infer_schema_length=_INFER,
        glob=False,
        raise_if_empty=True,
    )
    schema = found.collect_schema()
    if named is not None:
        found = found.rename(dict(zip(schema.names(), named, strict=True)))
        schema = found.collect_schema()
    return cast_to(found, schema, types)


def _names(path: Path, label: str, options: Options, delimiter: str) -> list[str]:
    """The fields of the first line. Raises :class:`InputError` if it names a column twice."""
    with opened(path) as file:
        head = bytes(file.read(1_000_000))
    text = head.decode(options.encoding, "replace").removeprefix("\ufeff")
    lines = io.StringIO(text, newline="")
    for _ in range(options.skip):
        lines.readline()
    rows = csv.reader(lines, delimiter=delimiter, quotechar=options.quote)
    comment = options.comment
    names = next((row for row in rows if row and not (comment and row[0].startswith(comment))), None)
    if names is None:
        raise InputError(f"{label} is empty: not even a header is there")
    if options.header is True:
        double = sorted({name for name in names if names.count(name) > 1})
        if double:
            shown = ", ".join(repr(name) if name else "'' (unnamed)" for name in double)
            raise InputError(
                f"{label}: its header names more than one column {shown}. Name them yourself: header: [a, b, …] with "
                f"skip: {options.skip + 1}"
            )
    return names


def _decoded(path: Path, encoding: str) -> Any:
    """The path where it is UTF-8, else the text in UTF-8, in memory."""
    if encoding.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig", "ascii"):
        return path
    with opened(path) as file:
        return io.BytesIO(bytes(file.read()).decode(encoding).encode())


def _json(path: Path) -> pl.DataFrame:
    import polars as pl

    with opened(path) as file:
        return pl.read_json(io.BytesIO(file.read()), infer_schema_length=_INFER)


def _excel(path: Path, label: str, options: Options) -> pl.DataFrame:
    import polars as pl

    try:
        return pl.read_excel(path, sheet_name=options.sheet, has_header=options.header is True)
    except ImportError:
        raise MissingExtra(f"{label}: reading a workbook needs fastexcel: pip install fastexcel") from None
    except ValueError as error:
        raise InputError(f"{label}: {error}") from error
