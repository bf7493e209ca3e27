"""Mixed tables: blocks that lie in packs of several versions, read as one frame that reads only what a query needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import dtype_of
from solvent.data.packs.manifest import Manifest

if TYPE_CHECKING:
    import polars as pl

__all__ = ["fragments", "scan_mixed"]

_AT_ONCE = 1_000_000
"""So many rows at least are read side by side: a run may be one block only."""


@dataclass(frozen=True, slots=True)
class _Slice:
    """Consecutive rows of one file, and the columns that are taken from them, by their names in the table."""

    path: Path
    start: int
    rows: int
    whole: bool
    columns: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Run:
    """Consecutive rows of the table that lie side by side in the same files."""

    rows: int
    slices: tuple[_Slice, ...]


def scan_mixed(manifest: Manifest, paths: Sequence[Path]) -> pl.LazyFrame:
    """The table as a lazy frame: columns, predicates and limits reach the files; read in bounded memory."""
    import polars as pl
    from polars.io.plugins import register_io_source

    schema = {name: dtype_of(kind) for name, kind in zip(manifest.names, manifest.types, strict=True)}
    files = _Files(schema)
    runs = _runs(manifest, paths)

    def read(
        columns: list[str] | None, predicate: pl.Expr | None, most: int | None, _batch: int | None
    ) -> Iterator[pl.DataFrame]:
        wanted = list(schema) if columns is None else columns
        needed = wanted if predicate is None else list(dict.fromkeys([*wanted, *predicate.meta.root_names()]))
        for group in _batches(runs if most is None else _head(runs, most)):
            made = [_frame(run, needed, files, predicate).select(wanted) for run in group]
            yield pl.concat(made).collect()

    return register_io_source(read, schema=schema, validate_schema=True, is_pure=True)


def fragments(manifest: Manifest, paths: Sequence[Path]) -> Any:
    """The table as an Arrow dataset over row groups; None where its columns lie in several files."""
    import pyarrow.dataset as ds
    from pyarrow import fs

    if any(pack.columns is not None for pack in manifest.packs):
        return None
    layout, filesystem = ds.ParquetFileFormat(), fs.LocalFileSystem()
    made, block = [], 0
    for run in _runs(manifest, paths):
        one, groups, rows = run.slices[0], [], 0
        while rows < run.rows:
            groups.append(manifest.places[block][0][1])
            rows += manifest.blocks[block].rows
            block += 1
        made.append(layout.make_fragment(str(one.path), filesystem=filesystem, row_groups=groups))
    return _counting()(made, made[0].physical_schema, layout, filesystem)


@cache
def _counting() -> type:
    """pyarrow counts all rows of a file where a dataset has some of its row groups only; this one counts its own."""
    import pyarrow.dataset as ds

    class FileSystemDataset(ds.FileSystemDataset):
        def count_rows(self, filter: Any = None, **rest: Any) -> int:  # type: ignore[override]
            return int(self.scanner(filter=filter, columns=[], **rest).to_reader().read_all().num_rows)

    return FileSystemDataset


def _runs(manifest: Manifest, paths: Sequence[Path]) -> list[_Run]:
    runs: list[_Run] = []
    block, count = 0, len(manifest.blocks)
    while block < count:
        place, last = manifest.places[block], block + 1
        while last < count and manifest.places[last] == tuple((pack, group + last - block) for pack, group in place):
            last += 1
        rows = sum(one.rows for one in manifest.blocks[block:last])
        owner: dict[str, tuple[int, int, str]] = {}
        for pack, group in place:
            columns = manifest.packs[pack].columns
            for name in manifest.names if columns is None else columns:
                owner[name] = (pack, group, name if columns is None else columns[name])
        slices = []
        for pack, group in place:
            taken = tuple((name, owner[name][2]) for name in manifest.names if owner[name][:2] == (pack, group))
            if taken:
                one = manifest.packs[pack]
                slices.append(_Slice(paths[pack], one.start(group), rows, rows == sum(one.groups), taken))
        runs.append(_Run(rows, tuple(slices)))
        block = last
    return runs


def _batches(runs: Sequence[_Run]) -> Iterator[list[_Run]]:
    held: list[_Run] = []
    for run in runs:
        held.append(run)
        if sum(one.rows for one in held) >= _AT_ONCE:
            yield held
            held = []
    if held:
        yield held


def _head(runs: Sequence[_Run], most: int) -> list[_Run]:
    """The runs of the first rows; a limit counts before a predicate does."""
    found = []
    for run in runs:
        if most <= 0:
            break
        rows = min(most, run.rows)
        same = rows == run.rows
        cut = run.slices if same else tuple(replace(one, rows=rows, whole=False) for one in run.slices)
        found.append(_Run(rows, cut))
        most -= rows
    return found


class _Files:
    """Opens files lazily, each with the columns that a table takes from it, by the table's names and types."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self._found: dict[Path, Mapping[str, Any]] = {}

    def open(self, one: _Slice, pairs: Sequence[tuple[str, str]], index: str | None = None) -> pl.LazyFrame:
        """The whole file."""
        import polars as pl

        frame = pl.scan_parquet(one.path, glob=False, hive_partitioning=False, row_index_name=index)
        if one.path not in self._found:
            self._found[one.path] = frame.collect_schema()
        taken = [] if index is None else [pl.col(index)]
        for name, inside in pairs:
            column = pl.col(inside) if inside == name else pl.col(inside).alias(name)
            wanted = self._schema[name]
            taken.append(column if self._found[one.path][inside] == wanted else column.cast(wanted))
        return frame.select(taken)


def _frame(run: _Run, needed: Sequence[str], files: _Files, predicate: pl.Expr | None) -> pl.LazyFrame:
    import polars as pl

    taken = [(one, [pair for pair in one.columns if pair[0] in needed]) for one in run.slices]
    taken = [pair for pair in taken if pair[1]]
    if not taken:
        return pl.LazyFrame(height=run.rows)
    if len(taken) == 1 and predicate is not None and not taken[0][0].whole:
        # Over a slice no predicate can reach the file's statistics; over a range of row numbers it does.
        one, pairs = taken[0]
        index = next(f"row{'_' * n}" for n in range(len(needed) + 1) if f"row{'_' * n}" not in needed)
        inside = pl.col(index).is_between(one.start, one.start + one.rows, closed="left")
        return files.open(one, pairs, index).filter(inside & predicate).select(needed)
    pieces = []
    for one, pairs in taken:
        frame = files.open(one, pairs)
        pieces.append(frame if one.whole else frame.slice(one.start, one.rows))
    made = pieces[0] if len(pieces) == 1 else pl.concat(pieces, how="horizontal")
    return (made if predicate is None else made.filter(predicate)).select(needed)
