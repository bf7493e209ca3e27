"""Binary files: Parquet, Arrow and workbooks, which say their types themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import check_names
from solvent.data.frames.foreign import open_foreign
from solvent.data.sources.files.options import Options
from solvent.errors import DataError, InputError, MissingExtra, did_you_mean

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Binary", "open_binary", "reason"]


@dataclass(frozen=True, slots=True)
class Binary:
    """An open file: its frame (lazy, save for a workbook) and own types; a note on what was chosen.

    ``rows`` counts its rows, which need not be done for each reading; ``foreign`` is one that Polars does not read by
    itself.
    """

    frame: pl.LazyFrame
    schema: dict[str, Any]
    rows: Callable[[], int]
    note: str = ""
    foreign: bool = False


def open_binary(path: Path, label: str, kind: str, options: Options) -> Binary:
    """Open a file of one of these formats. Raises :class:`InputError` if it is damaged, or something else."""
    import polars as pl

    note = ""
    try:
        if kind == "excel":
            table, note = _sheet(path, label, options)
            return Binary(table.lazy(), dict(table.schema), lambda: table.height, note)
        foreign = open_foreign(path, kind)
        if foreign is not None and (kind == "arrow" or not foreign.native):
            _check_names(foreign.names, label)
        if foreign is not None and not foreign.native:
            frame = foreign.frame(label)
            return Binary(frame, dict(frame.collect_schema()), lambda: foreign.rows(label), foreign=True)
        if kind == "arrow":
            frame = pl.scan_ipc(path, glob=False, hive_partitioning=False)
        else:
            frame = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        return Binary(frame, dict(frame.collect_schema()), lambda: _count(frame, label, kind))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{label} cannot be read as {kind}: {reason(error)}") from error


def _count(frame: pl.LazyFrame, label: str, kind: str) -> int:
    import polars as pl

    try:
        return int(frame.select(pl.len()).collect().item())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{label} cannot be read as {kind}: {reason(error)}") from error


def _check_names(names: list[str], label: str) -> None:
    """Raise :class:`InputError` where two columns have one name: Polars would find one column, and no row."""
    try:
        check_names(names, label)
    except DataError as error:
        raise InputError(str(error)) from None


def reason(error: BaseException) -> str:
    """What a reader says is wrong, without its advice for programmers."""
    text = str(error).strip()
    for end in ("\n\nYou might want", "\n\nConsider", "\n\nThe current offset", "\n\nResolved plan", "\n\nThis error"):
        text = text.split(end)[0]
    return " ".join(text.split()) or type(error).__name__


def _sheet(path: Path, label: str, options: Options) -> tuple[pl.DataFrame, str]:
    """The rows of a sheet, and what to say about the choice of it."""
    import polars as pl

    try:
        import fastexcel
    except ImportError:
        raise MissingExtra(f"{label}: this needs fastexcel: pip install 'solvent[excel]'") from None
    try:
        names = fastexcel.read_excel(str(path)).sheet_names
        if options.sheet is not None and options.sheet not in names:
            hint = did_you_mean(options.sheet, names)
            raise InputError(f"{label} has no sheet {options.sheet!r}.{hint} There are: {', '.join(names)}")
        sheet = options.sheet or names[0]
        found = pl.read_excel(
            path, sheet_name=sheet, has_header=options.header is True, infer_schema_length=None, drop_empty_cols=False
        )
    except (ValueError, pl.exceptions.PolarsError, fastexcel.FastExcelError) as error:
        raise InputError(f"{label} cannot be read as excel: {reason(error)}") from error
    if isinstance(options.header, list):
        if len(options.header) != found.width:
            raise InputError(f"{label}: header names {len(options.header)} columns, and the sheet has {found.width}")
        found.columns = options.header
    note = f"the first of {len(names)} sheets is read: {sheet!r}" if options.sheet is None and len(names) > 1 else ""
    return found, note
