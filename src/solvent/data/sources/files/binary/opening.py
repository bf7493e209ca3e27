"""Opening: the frame, types and rows of a binary file, by its format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import check_names
from solvent.data.frames.foreign import open_foreign
from solvent.data.sources.files.binary.workbook import Sheet, open_sheet
from solvent.data.sources.files.options import Options
from solvent.errors import DataError, InputError, MissingExtra

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Binary", "open_binary", "reason"]


@dataclass(frozen=True, slots=True)
class Binary:
    """An open file: its frame (lazy, save for a workbook) and own types; what is odd about it.

    ``rows`` counts its rows, which need not be done for each reading; ``foreign`` is one that Polars does not read by
    itself.
    """

    frame: pl.LazyFrame
    schema: dict[str, Any]
    rows: Callable[[], int]
    findings: tuple[dict[str, Any], ...] = ()
    foreign: bool = False


def open_binary(path: Path, label: str, kind: str, options: Options) -> Binary:
    """Open a file of one of these formats. Raises :class:`InputError` if it is damaged, or something else."""
    import polars as pl

    try:
        if kind == "excel":
            sheet = _sheet(path, label, options)
            table = sheet.frame
            return Binary(table.lazy(), dict(table.schema), lambda: table.height, tuple(sheet.findings))
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
        said = None if foreign is None else foreign.said
        return Binary(frame, dict(frame.collect_schema()), lambda: _count(frame, label, kind) if said is None else said)
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


def _sheet(path: Path, label: str, options: Options) -> Sheet:
    """The rows of a sheet; whatever its library says is wrong is told of the file."""
    import polars as pl

    try:
        return open_sheet(path, label, options)
    except (InputError, MissingExtra):
        raise
    except Exception as error:
        if not isinstance(error, (ValueError, pl.exceptions.PolarsError)) and "excel" not in type(error).__module__:
            raise
        raise InputError(f"{label} cannot be read as excel: {reason(error)}") from error
