"""Scanning files as one LazyFrame of a given schema: text piece by piece, binary formats by Polars itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import canonical_schema, column_named, dtype_of, type_of
from solvent.data.frames.scanning import scan_pieces
from solvent.data.sources.files.binary import open_binary, reason
from solvent.data.sources.files.casting import Misfit, cast_column, cast_frame
from solvent.data.sources.files.options import Options
from solvent.data.sources.files.small.batching import FEWEST, Batch, Body, Reader, in_batches
from solvent.data.sources.files.surveying import TEXTS, Part, mixed_columns, text_file
from solvent.data.sources.files.text.reading import is_quick
from solvent.errors import InputError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Ready", "scan_parts"]

_SCANS = 64
"""From so many files on, text is read by one source for all: a query over thousands of scans takes long to plan."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A surveyed file that is here: where, what its folders say, and a check that it is as it was."""

    part: Part
    path: Path
    folder: Mapping[str, str | None]
    check: Callable[[], None]


def scan_parts(files: Sequence[Ready], schema: Mapping[str, Any], options: Options) -> pl.LazyFrame:
    """The files' rows in this order, with these columns and types. Nothing is read before it is asked for."""
    import polars as pl

    plain = _all_parquet(files, schema)
    if plain is not None:
        return plain
    frames: list[pl.LazyFrame] = []
    run: list[Ready] = []
    for one in files:
        if one.part.look.format in TEXTS:
            native = _plain_csv(one, schema, options) if len(files) <= _SCANS else None
        else:
            native = _native(one, schema, options)
        if native is None:
            run.append(one)
            continue
        if run:
            frames.append(_streamed(run, schema, options))
            run = []
        frames.append(native)
    if run:
        frames.append(_streamed(run, schema, options))
    if not frames:
        return pl.LazyFrame(schema=dict(schema))
    return frames[0] if len(frames) == 1 else pl.concat(frames)


def _all_parquet(files: Sequence[Ready], schema: Mapping[str, Any]) -> pl.LazyFrame | None:
    """One scan of all files, where all are Parquet with just this schema."""
    import polars as pl

    wanted = [(name, type_of(dtype)) for name, dtype in schema.items()]
    if not files or any(one.part.look.format != "parquet" or list(one.part.schema.items()) != wanted for one in files):
        return None
    if any(finding["kind"] == "foreign" for one in files for finding in one.part.findings):
        return None
    frame = pl.scan_parquet([one.path for one in files], glob=False, hive_partitioning=False)
    own = frame.collect_schema()
    changed = [column_named(name).cast(dtype) for name, dtype in schema.items() if own[name] != dtype]
    return frame.with_columns(changed) if changed else frame


def _native(one: Ready, schema: Mapping[str, Any], options: Options) -> pl.LazyFrame | None:
    """A binary file by expressions alone; None where a conversion has to look at the values."""
    import polars as pl

    opened = open_binary(one.path, one.part.label, one.part.look.format, options)
    own = canonical_schema(opened.schema)
    made, more = [], []
    for name, dtype in schema.items():
        column = column_named(name)
        if name not in own:
            more.append(pl.lit(_folder_value(one, name, dtype)).first().alias(name))
            made.append(column)
            continue
        if own[name] != dtype and not _safe(own[name], dtype):
            return None
        made.append(column if opened.schema[name] == dtype else column.cast(dtype))
    frame = opened.frame.with_columns(more) if more else opened.frame
    return frame if list(opened.schema.items()) == list(schema.items()) else frame.select(made)


def _plain_csv(one: Ready, schema: Mapping[str, Any], options: Options) -> pl.LazyFrame | None:
    """A CSV file in which the survey found nothing that Polars reads otherwise, and types that it parses; else None."""
    import polars as pl

    part, look = one.part, one.part.look
    odd = {finding["kind"] for finding in part.findings} & {"blank line", "short line", "stray quote"}
    plain = look.encoding == "utf-8" and look.compression in (None, "gz", "zst") and not look.returns
    if look.format not in ("csv", "tsv") or odd or not plain or options.comment or options.skip or options.trim:
        return None
    types: dict[str, Any] = {}
    made = []
    for name, dtype in schema.items():
        if name not in part.schema:
            made.append(pl.lit(_folder_value(one, name, dtype)).first().alias(name))
            continue
        kind = part.schema[name]
        as_pinned = isinstance(dtype, pl.Boolean) and name in options.types  # it may be spelt as t or yes
        if as_pinned or not is_quick(dtype) or not (isinstance(dtype, pl.String) or kind in ("null", type_of(dtype))):
            return None
        types[name] = dtype
        made.append(pl.col(f"column_{look.names.index(name) + 1}").alias(name))
    if not types:
        return None
    frame = pl.scan_csv(
        one.path,
        has_header=False,
        skip_rows=int(look.header == "first line"),
        schema={f"column_{place}": types.get(name, pl.String()) for place, name in enumerate(look.names, 1)},
        separator=look.delimiter or ",",
        quote_char=options.quote or None,
        null_values=options.null or None,
        glob=False,
    )
    return frame.select(made)


def _safe(own: Any, dtype: Any) -> bool:
    """Whether a cast keeps every value, whatever it is."""
    import polars as pl

    if own == pl.Null:
        return True
    if own.is_integer() and dtype.is_integer():
        low, high = pl.select(own.min()).item(), pl.select(own.max()).item()
        return bool(low >= pl.select(dtype.min()).item() and high <= pl.select(dtype.max()).item())
    return bool(own.is_float() and dtype == pl.Float64)


def _folder_value(one: Ready, name: str, dtype: Any) -> pl.Series:
    """What a column is in all rows of a file that does not have it: what its folders say, or null."""
    import polars as pl

    try:
        return cast_column(pl.Series(name, [one.folder.get(name)], dtype=pl.String), dtype)
    except Misfit as error:
        raise InputError(f"{one.part.label}: the folder {name}=…: {error}") from error


def _streamed(files: Sequence[Ready], schema: Mapping[str, Any], options: Options) -> pl.LazyFrame:
    """Files whose values are looked at on the way, batch by batch."""
    files = list(files)

    def pieces(columns: list[str] | None) -> Iterator[pl.DataFrame]:
        wanted = dict(schema) if columns is None else {name: schema[name] for name in columns}
        for run in _runs(files, options):
            together = None if isinstance(run, Ready) else _together(run, wanted, options)
            if together is not None:
                yield together
                continue
            for one in [run] if isinstance(run, Ready) else run.files:
                yield from _batches(one, wanted, options)
                one.check()

    return scan_pieces(schema, pieces)


def _runs(files: list[Ready], options: Options) -> Iterator[Batch[Ready] | Ready]:
    """The files in their order: small ones that are alike together."""
    if len(files) < FEWEST:
        return iter(files)
    reader = Reader(options)

    def body(one: Ready) -> Body | None:
        part = one.part
        found = reader.body(one.path, part.label) if part.look.format in TEXTS else None
        if found is None or found.look != part.look or found.rows != part.rows:
            return None
        one.check()
        return found if part.look.delimiter else replace(found, like=(part.schema, mixed_columns(part)))

    return in_batches(files, body)


def _together(run: Batch[Ready], wanted: Mapping[str, Any], options: Options) -> pl.DataFrame | None:
    """The rows of a batch with these columns; None if something is wrong in it, which each file by itself will tell."""
    import numpy as np
    import polars as pl

    first, rows = run.files[0], [body.rows for body in run.bodies]
    inside = {name: dtype for name, dtype in wanted.items() if name in first.part.schema}
    asked = inside or _first(first.part)
    if not asked:
        return None
    try:
        frame = text_file(first.path, first.part, options).parse(run.piece, asked)
    except InputError:
        return None
    if frame.height != sum(rows):
        return None
    made = {}
    for name, dtype in wanted.items():
        if name in inside:
            made[name] = frame.get_column(name)
            continue
        said = {one.folder.get(name): one for one in run.files}
        values = pl.concat([_folder_value(one, name, dtype) for one in said.values()])
        place = {value: at for at, value in enumerate(said)}
        made[name] = values.gather(np.repeat([place[one.folder.get(name)] for one in run.files], rows))
    return pl.DataFrame(made)


def _batches(one: Ready, wanted: Mapping[str, Any], options: Options) -> Iterator[pl.DataFrame]:
    """One file's rows with these columns."""
    import polars as pl

    inside = {name: dtype for name, dtype in wanted.items() if name in one.part.schema}
    # A frame without any column has no rows: one column is read for their number.
    asked = inside or _first(one.part)
    source = (
        text_file(one.path, one.part, options).frames(asked)
        if one.part.look.format in TEXTS
        else _converted(one, asked, options)
    )
    for frame in source:
        if inside and list(inside) == list(wanted):
            yield frame
            continue
        # A dict, since a list of series would give a nameless column a name.
        made = {
            name: frame.get_column(name)
            if name in inside
            else _folder_value(one, name, dtype).new_from_index(0, frame.height)
            for name, dtype in wanted.items()
        }
        yield pl.DataFrame(made)


def _first(part: Part) -> dict[str, Any]:
    return {name: dtype_of(kind) for name, kind in list(part.schema.items())[:1]}


def _converted(one: Ready, wanted: Mapping[str, Any], options: Options) -> Iterator[pl.DataFrame]:
    """A binary file in batches, each value looked at. Raises :class:`InputError` with the row of one that is lost."""
    import polars as pl

    opened = open_binary(one.path, one.part.label, one.part.look.format, options)
    own = canonical_schema(opened.schema)
    row = 0
    try:
        frame = opened.frame.select([column_named(name).cast(own[name]) for name in wanted])
        for batch in frame.collect_batches(maintain_order=True):
            yield cast_frame(batch, wanted, options.formats, exact=wanted.keys() - options.types.keys())
            row += batch.height
    except Misfit as error:
        pinned = error.column in options.types
        way = "the type is pinned" if pinned else "the column is read so because other files have it so"
        raise InputError(
            f"{one.part.label} cannot be read as {one.part.look.format}: row {row + error.row + 1}, {error} ({way})"
        ) from error
    except pl.exceptions.PolarsError as error:
        raise InputError(f"{one.part.label} cannot be read as {one.part.look.format}: {reason(error)}") from error
