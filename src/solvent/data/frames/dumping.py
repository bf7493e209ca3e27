"""Dumping: a table as plain files that any tool reads, in bounded memory, whole or not there at all."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import column_named, type_of
from solvent.errors import DataError, UsageError, did_you_mean

if TYPE_CHECKING:
    import polars as pl

__all__ = ["FORMATS", "Dumped", "dump", "format_named", "lazy_kind"]

FORMATS = {"parquet": ".parquet", "csv": ".csv", "arrow": ".arrow", "jsonl": ".jsonl"}
_SUFFIXES = {
    ".parquet": "parquet", ".csv": "csv", ".arrow": "arrow", ".feather": "arrow", ".ipc": "arrow", ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}  # fmt: skip
_PACKED = {".gz": "gzip", ".zst": "zstd"}
_TEXT = ("csv", "jsonl")
_NATURAL = ("int64", "float64", "text", "bool", "null")
_PART = re.compile(r"part-\d{5,}\.(parquet|csv|arrow|jsonl)")
_FLOATS = ("float16", "float32", "float64")


@dataclass(frozen=True, slots=True)
class Dumped:
    """What was written: the file or folder, its bytes, the file that pins the types, and what does not come back."""

    path: Path
    files: int
    size: int
    types: Path | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """How columns are written to text: expressions, the types that pin them when they are read, and what is lost."""

    columns: list[pl.Expr]
    types: dict[str, str]
    notes: list[str]


def lazy_kind() -> Any:
    """The class to ask for where a table is to be gone through piece by piece."""
    import polars as pl

    return pl.LazyFrame


def format_named(name: str | None, path: Path) -> str:
    """The format that is asked for, else the one that the file's suffix says. Raises :class:`UsageError`."""
    if name is not None:
        if name not in FORMATS:
            raise UsageError(f"{name!r} is no format.{did_you_mean(name, FORMATS)} There are: {', '.join(FORMATS)}")
        return name
    plain = Path(path.stem) if path.suffix.lower() in _PACKED else path
    if not plain.suffix:
        return "parquet"
    found = _SUFFIXES.get(plain.suffix.lower())
    if found is None:
        raise UsageError(f"{path.name}: which format is that? Say --format {', '.join(FORMATS)}")
    return found


def dump(
    frame: pl.LazyFrame, path: Path, kind: str, *, rows_per_file: int | None = None, overwrite: bool = False
) -> Dumped:
    """Write the rows to one file, or to a folder of parts of so many rows each.

    Beside CSV and JSON lines, ``OUT.types.yaml`` holds an input's block that reads them back with the same types.
    Raises :class:`DataError` for columns that the format cannot hold, :class:`UsageError` where something is there
    already, and leaves nothing behind.
    """
    schema = {name: type_of(dtype) for name, dtype in frame.collect_schema().items()}
    packed = _PACKED.get(path.suffix.lower()) if kind in _TEXT else None
    types = path.with_name(f"{path.name}.types.yaml") if kind in _TEXT else None
    if rows_per_file is not None and rows_per_file < 1:
        raise UsageError(f"rows per file: expected a number of rows, got {rows_per_file}")
    for one in (path, types):
        if one is not None and os.path.lexists(one):
            _check_free(one, rows_per_file is not None, overwrite)
    plan = _plan(schema, kind)
    if kind == "jsonl":
        _check_finite(frame, schema)
    if plan.columns:
        frame = frame.select(plan.columns)
    with _aside(path) as folder:
        made = folder / path.name
        try:
            _sink(frame, made, kind, packed, rows_per_file)
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror or error}") from error
        files = sorted(made.iterdir()) if made.is_dir() else [made]
        size = sum(one.stat().st_size for one in files)
        if types is not None:
            (folder / types.name).write_text(_block(path.name, kind, plan), encoding="utf-8")
            _put(folder / types.name, types, overwrite)
        _put(made, path, overwrite)
    return Dumped(path, len(files), size, types, tuple(plan.notes))


def _sink(frame: pl.LazyFrame, path: Path, kind: str, packed: str | None, rows: int | None) -> None:
    import polars as pl

    target: Any = path
    if rows is not None:
        path.mkdir()
        suffix = FORMATS[kind]
        target = pl.PartitionBy(
            path, max_rows_per_file=rows, approximate_bytes_per_file=None,
            file_path_provider=lambda one: f"part-{one.index_in_partition:05d}{suffix}",
        )  # fmt: skip
    _write(frame, target, kind, packed)
    if rows is not None and not any(path.iterdir()):  # a table without rows still has columns
        _write(frame, path / f"part-00000{FORMATS[kind]}", kind, packed)


def _write(frame: pl.LazyFrame, target: Any, kind: str, packed: str | None) -> None:
    compression: Any = packed or "uncompressed"
    if kind == "parquet":
        frame.sink_parquet(target, sync_on_close="data")
    elif kind == "arrow":
        frame.sink_ipc(target, sync_on_close="data")
    elif kind == "csv":
        frame.sink_csv(target, compression=compression, check_extension=False, sync_on_close="data")
    else:
        frame.sink_ndjson(target, compression=compression, check_extension=False, sync_on_close="data")


# -- text ------------------------------------------------------------------------------------------------------------


def _plan(schema: Mapping[str, Any], kind: str) -> _Plan:
    """How each column goes to text. Raises :class:`DataError` that names every column that cannot."""
    plan = _Plan([], {}, [])
    if kind not in _TEXT:
        return plan
    if not schema:
        raise DataError(f"a table without columns cannot be written as {kind}; export it as parquet or arrow")
    lost = [f"{name!r} ({_shown(one)})" for name, one in schema.items() if _impossible(one, kind)]
    if lost:
        ways = "parquet or arrow" if kind == "jsonl" else "parquet, arrow or, without bytes in them, jsonl"
        some = ", ".join(lost[:5]) + (f" and {len(lost) - 5} more" if len(lost) > 5 else "")
        raise DataError(f"{kind} cannot hold the columns {some}; export to {ways}")
    for name, one in schema.items():
        column = column_named(name)
        pinned, said = _pinned(one)
        if isinstance(one, list) and one[0] == "duration":
            column = column.to_physical()
        plan.columns.append(column)
        if pinned is not None:
            plan.types[name] = pinned
        if said:
            plan.notes.append(f"column {name!r}: {said}")
    if kind == "csv" and next(iter(schema)).startswith("\ufeff"):
        plan.notes.append("the first column's name begins with a byte order mark, which readers leave out")
    return plan


def _impossible(one: Any, kind: str) -> bool:
    if one == "binary":
        return True
    if isinstance(one, str) or one[0] not in ("list", "array", "struct"):
        return False
    inner = [kind_ for _, kind_ in one[1]] if one[0] == "struct" else [one[1]]
    return kind == "csv" or any(_impossible(part, kind) for part in inner)


def _pinned(one: Any) -> tuple[str | None, str | None]:
    """How an option of a source names the type, if it can, and what of it does not come back."""
    if one == "float16":
        return "float32", "comes back as float32"
    if one == "null":
        return "text", "has no type of its own and comes back as text"
    if isinstance(one, str):
        return one, None
    if one[0] == "datetime":
        return f"datetime[{one[1]}, {one[2]}]" if one[2] else f"datetime[{one[1]}]", None
    if one[0] == "duration":
        return f"duration[{one[1]}]", None
    if one[0] == "decimal":
        return f"decimal({one[1]},{one[2]})", None
    if one[0] == "enum":
        return "text", "comes back as text, without the list of what it may hold"
    return None, None if _natural(one) else f"comes back as JSON has it, not as {_shown(one)}"


def _natural(one: Any) -> bool:
    """Whether JSON itself tells the type of what stands inside."""
    if isinstance(one, str):
        return one in _NATURAL
    if one[0] == "struct":
        return all(_natural(kind) for _, kind in one[1])
    return bool(one[0] == "list") and _natural(one[1])


def _check_finite(frame: pl.LazyFrame, schema: Mapping[str, Any]) -> None:
    """JSON has no word for NaN and infinity: rather an error than rows that lost them."""
    floats = [name for name, one in schema.items() if one in _FLOATS]
    if not floats:
        return
    asked = frame.select([(~column_named(name).is_finite()).any().alias(str(n)) for n, name in enumerate(floats)])
    row = asked.collect(engine="streaming").row(0)
    found = [repr(name) for name, bad in zip(floats, row, strict=True) if bad]
    if found:
        raise DataError(
            f"JSON has no NaN and no infinity, and {', '.join(found[:5])} hold some; export as parquet, arrow or csv"
        )


def _block(name: str, kind: str, plan: _Plan) -> str:
    """An input's block that reads a file back with the types that its columns had."""
    lines = [
        f"# Reads {_quoted(name)} back as it was exported: the block of an input.",
        *(f"# {_plain(note)}" for note in plan.notes),
        f"files: {_quoted(_literal(name))}",
        f"format: {kind}",
    ]
    if plan.types:
        lines += ["types:", *(f"  {_quoted(column)}: {_quoted(one)}" for column, one in plan.types.items())]
    return "\n".join(lines) + "\n"


def _literal(name: str) -> str:
    """A file's name as a pattern that fits it alone."""
    import glob

    return glob.escape(name)


def _quoted(text: str) -> str:
    """Text as YAML and JSON both write it."""
    made = []
    for sign in text:
        code = ord(sign)
        if sign in '"\\':
            made.append(f"\\{sign}")
        elif sign.isprintable():
            made.append(sign)
        else:
            made.append(f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
    return f'"{"".join(made)}"'


def _plain(text: str) -> str:
    return "".join(sign if sign.isprintable() else "·" for sign in text)


def _shown(one: Any) -> str:
    return one if isinstance(one, str) else str(one[0])


# -- all or nothing --------------------------------------------------------------------------------------------------


def _check_free(path: Path, parts: bool, overwrite: bool) -> None:
    """Refuse to write over what is there; even where that was asked for, over a folder of anything but parts."""
    if not overwrite:
        raise UsageError(f"{path} is there already. Choose another place, or overwrite it: --overwrite")
    if path.is_dir() and not path.is_symlink():
        strange = next((one.name for one in sorted(path.iterdir()) if not _PART.fullmatch(one.name)), None)
        if not parts or strange is not None:
            why = f"there is {strange!r} in it" if strange is not None else "one file cannot take its place"
            raise UsageError(f"{path} is a folder, and is not overwritten: {why}. Name a file or a folder of its own")


@contextmanager
def _aside(path: Path) -> Iterator[Path]:
    """A folder beside the target, on the same disk, which is gone afterwards."""
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name[:60]}.", dir=path.parent))
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {path.parent}: {error.strerror}") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _put(made: Path, path: Path, overwrite: bool) -> None:
    """Move what is finished into place. What is there is replaced only where that was asked for."""
    if not overwrite:
        if os.path.lexists(path):  # it came while the rows were written
            _check_free(path, False, overwrite)
        if made.is_file():
            with suppress(OSError):  # a link, unlike a renaming, never replaces what is there
                os.link(made, path)
                return
    before = made.with_name("before")
    if path.is_dir() and not path.is_symlink():
        os.rename(path, before)
    try:
        os.replace(made, path)
    except OSError:
        if before.exists():
            os.rename(before, path)
        raise
