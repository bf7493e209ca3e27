"""Mixed tables: blocks that lie in packs of several versions, read as one frame that reads only what a query needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import column_named, columns_named, dtype_of
from solvent.data.packs.manifest import Manifest
from solvent.data.packs.memory import free_memory

if TYPE_CHECKING:
    import polars as pl

__all__ = ["fragments", "scan_mixed"]

_MOST, _SHARE = 512_000_000, 8
"""Runs are read side by side, as a run may be one block only: up to so many bytes, and that share of what is free."""
_FEW = 128_000_000
"""Up to so many bytes nobody asks what is free."""
_LEAST = 100_000
_KEPT = 1_000_000
"""What a search found is kept for the runs that come later, if it is no more rows than these."""
_GAP = 65_536
"""Rows between two runs in one file that are rather read for nothing than skipped by a scan of their own."""


_INDEX = "\0 row of the file"
"""A column for the time of a search; no file may have one of its name, and files hold columns of any names."""

Pairs = tuple[tuple[str, str], ...]
"""Columns by their names in the table and in a file."""


@dataclass(frozen=True, slots=True)
class _Slice:
    """Consecutive rows of one file, and the columns that are taken from them, by their names in the table."""

    path: Path
    start: int
    rows: int
    total: int
    columns: Pairs


@dataclass(frozen=True, slots=True)
class _Run:
    """Consecutive rows of the table that lie side by side in the same files."""

    rows: int
    slices: tuple[_Slice, ...]


def scan_mixed(manifest: Manifest, paths: Sequence[Path], start: int = 0, stop: int | None = None) -> pl.LazyFrame:
    """The table as a lazy frame: columns, predicates and limits reach the files; read in bounded memory.

    With ``start`` and ``stop`` only these of its rows, and nothing else is read.
    """
    import polars as pl
    from polars.io.plugins import register_io_source

    schema = {name: dtype_of(kind) for name, kind in zip(manifest.names, manifest.types, strict=True)}
    files = _Files(schema)
    runs = _behind(_runs(manifest, paths), start)
    if stop is not None:
        runs = _head(runs, stop - start)

    def read(
        columns: list[str] | None, predicate: pl.Expr | None, most: int | None, _batch: int | None
    ) -> Iterator[pl.DataFrame]:
        wanted = list(schema) if columns is None else columns
        needed = wanted if predicate is None else list(dict.fromkeys([*wanted, *predicate.meta.root_names()]))
        searched: list[_Search] = []
        chosen = runs if most is None else _head(runs, most)
        at_once = _at_once(chosen, [schema[name] for name in needed])
        for group in _batches(chosen if predicate is not None else _cut(chosen, at_once), at_once):
            found = _collect(group, needed, files, predicate, searched)
            searched = [one for one in searched if one.found.height <= _KEPT]
            if wanted:
                yield pl.concat(found).select(columns_named(wanted))
            else:  # only how many rows there are
                yield pl.DataFrame(height=sum(one.height for one in found))

    return register_io_source(read, schema=schema, validate_schema=True, is_pure=True)


def fragments(manifest: Manifest, paths: Sequence[Path]) -> Any:
    """The table as an Arrow dataset over row groups; None where its columns lie in several files, or groups are cut."""
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq
    from pyarrow import fs

    if any(pack.columns is not None for pack in manifest.packs):
        return None
    layout, filesystem = ds.ParquetFileFormat(), fs.LocalFileSystem()
    starts: dict[Path, list[int]] = {}
    for path in paths:
        found = pq.read_metadata(path)
        sizes = [found.row_group(number).num_rows for number in range(found.num_row_groups)]
        starts[path] = [0, *accumulate(sizes)]
    made = []
    for run in _runs(manifest, paths):
        one = run.slices[0]
        places = {row: number for number, row in enumerate(starts[one.path])}
        if one.start not in places or one.start + one.rows not in places:
            return None
        groups = list(range(places[one.start], places[one.start + one.rows]))
        made.append(layout.make_fragment(str(one.path), filesystem=filesystem, row_groups=groups))
    return _counting()(made, made[0].physical_schema, layout, filesystem)


@cache
def _counting() -> type:
    """pyarrow counts all rows of a file where a dataset has some of its row groups only; this one counts its own."""
    import pyarrow.dataset as ds

    def count_rows(self: Any, filter: Any = None, **rest: Any) -> int:
        return int(self.scanner(filter=filter, columns=[], **rest).to_reader().read_all().num_rows)

    return type("FileSystemDataset", (ds.FileSystemDataset,), {"count_rows": count_rows, "__module__": "pyarrow"})


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
                slices.append(_Slice(paths[pack], one.start(group), rows, sum(one.groups), taken))
        runs.append(_Run(rows, tuple(slices)))
        block = last
    return runs


def _at_once(runs: Sequence[_Run], dtypes: Sequence[pl.DataType]) -> int:
    """How many rows of these types are read side by side."""
    import polars as pl

    width = sum(8 if one.is_numeric() or one.is_temporal() else 1 if one == pl.Boolean else 32 for one in dtypes) or 1
    rows = sum(one.rows for one in runs)
    if rows * width <= _FEW:
        return max(rows, 1)
    return max(_LEAST, min(_MOST, free_memory() // _SHARE) // width)


def _cut(runs: Sequence[_Run], most: int) -> list[_Run]:
    """The runs, those of more rows in pieces. (Where files are searched this is of no use: they are searched whole.)"""
    found: list[_Run] = []
    for run in runs:
        rest = [run]
        while rest and rest[0].rows > most:
            found += _head(rest, most)
            rest = _behind(rest, most)
        found += rest
    return found


def _batches(runs: Sequence[_Run], most: int) -> Iterator[list[_Run]]:
    """The runs in groups of at most so many rows, or of one run that has more."""
    held: list[_Run] = []
    rows = 0
    for run in runs:
        if held and rows + run.rows > most:
            yield held
            held, rows = [], 0
        held.append(run)
        rows += run.rows
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
        cut = run.slices if same else tuple(replace(one, rows=rows) for one in run.slices)
        found.append(_Run(rows, cut))
        most -= rows
    return found


def _behind(runs: Sequence[_Run], start: int) -> list[_Run]:
    """The runs without so many of the first rows."""
    found = []
    for run in runs:
        gone = min(start, run.rows)
        start -= gone
        if gone < run.rows:
            left = run.rows - gone
            cut = tuple(replace(one, start=one.start + gone, rows=left) for one in run.slices) if gone else run.slices
            found.append(_Run(left, cut))
    return found


class _Files:
    """Opens files lazily, with the columns that a table takes from them, by the table's names and types."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.names = tuple(schema)
        self._schema = schema

    def open(self, paths: Sequence[Path], pairs: Pairs, index: str | None = None) -> pl.LazyFrame:
        """Whole files one after the other, which hold these columns with the same types, whatever others they hold."""
        import polars as pl

        frame = pl.scan_parquet(
            list(paths), glob=False, hive_partitioning=False, row_index_name=index, extra_columns="ignore"
        )
        found = frame.collect_schema()
        taken = [] if index is None else [pl.col(index)]
        for name, inside in pairs:
            column = column_named(inside) if inside == name else column_named(inside).alias(name)
            wanted = self._schema[name]
            taken.append(column if found[inside] == wanted else column.cast(wanted))
        return frame.select(taken)


@dataclass(slots=True)
class _Scan:
    """One range of one file that is read in one go, for all the runs that lie in it."""

    path: Path
    total: int
    pairs: Pairs
    start: int
    stop: int
    found: Any = None

    def take(self, start: int, rows: int) -> pl.DataFrame:
        """Some of the rows."""
        made: pl.DataFrame = self.found.slice(start - self.start, rows)
        return made

    def open(self, files: _Files) -> pl.LazyFrame:
        """The rows of the range."""
        frame = files.open([self.path], self.pairs)
        whole = self.start == 0 and self.stop == self.total
        return frame if whole else frame.slice(self.start, self.stop - self.start)


@dataclass(slots=True)
class _Search:
    """Files of the same columns that are searched in one go: what a predicate finds in them, by number of the row."""

    pairs: Pairs
    starts: dict[Path, int] = field(default_factory=dict)
    end: int = 0
    found: Any = None
    numbers: Any = None

    def add(self, one: _Slice) -> None:
        """Search one more file."""
        self.starts[one.path] = self.end
        self.end += one.total

    def take(self, path: Path, start: int, rows: int) -> pl.DataFrame:
        """What was found in some of the rows of a file."""
        if self.numbers is None:
            self.numbers, self.found = self.found[_INDEX].to_numpy(), self.found.drop(_INDEX)
        begin = self.starts[path] + start
        first, last = (int(one) for one in self.numbers.searchsorted((begin, begin + rows)))
        made: pl.DataFrame = self.found.slice(first, last - first)
        return made


def _collect(
    runs: Sequence[_Run], needed: Sequence[str], files: _Files, predicate: pl.Expr | None, searched: list[_Search]
) -> list[pl.DataFrame]:
    """The rows of these runs: as few scans as possible, side by side, and of each the rows that a run needs.

    Files are searched whole, and runs of other groups lie in them too: new searches are added to those of before.
    """
    import polars as pl

    parts = [_parts(run, needed) for run in runs]
    ordered = [name for name in files.names if name in needed]
    scans: dict[tuple[Path, Pairs], list[_Scan]] = {}
    known = {(path, search.pairs): search for search in searched for path in search.starts}
    searches: dict[Pairs, _Search] = {}
    for taken in parts:
        for one, pairs in taken:
            if predicate is not None and len(taken) == 1:
                if (one.path, pairs) not in known:
                    known[one.path, pairs] = searches.setdefault(pairs, _Search(pairs))
                    known[one.path, pairs].add(one)
            else:
                made = _Scan(one.path, one.total, pairs, one.start, one.start + one.rows)
                scans.setdefault((one.path, pairs), []).append(made)
    joined = {key: _joined(ranges) for key, ranges in scans.items()}
    ranged = [one for ranges in joined.values() for one in ranges]
    plans = [one.open(files) for one in ranged]
    if predicate is not None:
        # Over a slice no predicate reaches the statistics of a file; over whole files with numbered rows it does.
        plans += [files.open(list(one.starts), one.pairs, _INDEX).filter(predicate) for one in searches.values()]
    holders: list[_Scan | _Search] = [*ranged, *searches.values()]
    for holder, found in zip(holders, pl.collect_all(plans), strict=True):
        holder.found = found
    searched += searches.values()
    frames: list[pl.DataFrame] = []
    for run, taken in zip(runs, parts, strict=True):
        if predicate is not None and len(taken) == 1:
            one, pairs = taken[0]
            piece = known[one.path, pairs].take(one.path, one.start, one.rows)
            if piece.height or not frames:
                frames.append(piece)
            continue
        pieces = [
            next(scan for scan in joined[one.path, pairs] if scan.start <= one.start < scan.stop).take(
                one.start, one.rows
            )
            for one, pairs in taken
        ]
        if len(pieces) > 1:
            pieces = [pl.concat(pieces, how="horizontal").select(columns_named(ordered))]
        whole = pieces[0] if pieces else pl.DataFrame(height=run.rows)
        frames.append(whole if predicate is None else whole.filter(predicate))
    return frames


def _parts(run: _Run, needed: Sequence[str]) -> list[tuple[_Slice, Pairs]]:
    """The files of a run that any needed column lies in, with these columns."""
    taken = [(one, tuple(pair for pair in one.columns if pair[0] in needed)) for one in run.slices]
    return [pair for pair in taken if pair[1]]


def _joined(ranges: list[_Scan]) -> list[_Scan]:
    """Ranges of one file, put together where little lies between them."""
    joined: list[_Scan] = []
    for one in sorted(ranges, key=lambda one: one.start):
        if joined and one.start <= joined[-1].stop + _GAP:
            joined[-1].stop = max(joined[-1].stop, one.stop)
        else:
            joined.append(one)
    return joined
