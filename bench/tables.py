"""Tables beside one plain Parquet file: what a version costs, and what writing and reading cost.

    python bench/tables.py [ROWS] [ROUNDS]

A version: 1 % of the rows appended, 1 % next to each other updated in every column, 1 % next to each other deleted, one
column added: the bytes that the archive grows by, as a share of the first version's, mean and most of eight seeds.
Writing and reading are measured in this process, in turn with Polars on a file of the same rows (zstd).
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from timing import in_turn, report

import solvent as sv
from solvent.archive.catalog import write

SEEDS = 8
Query = Callable[[pl.LazyFrame], pl.DataFrame]


def make(rows: int, seed: int) -> pl.DataFrame:
    """Ten columns of common kinds; the first is a number that identifies a row."""
    dice = np.random.default_rng(seed)
    columns: dict[str, Any] = {"id": np.arange(rows) * 7 + seed}
    columns |= {f"f{n}": dice.standard_normal(rows) for n in range(4)}
    columns |= {"i0": dice.integers(0, 1_000_000, rows), "i1": dice.integers(0, 1_000, rows)}
    columns["category"] = np.array([f"category_{n:02d}" for n in range(20)])[dice.integers(0, 20, rows)]
    columns["flag"] = dice.integers(0, 2, rows).astype(bool)
    moments = pl.duration(seconds=pl.int_range(pl.len()))
    return pl.DataFrame(columns).with_columns(when=pl.datetime(2024, 1, 1) + moments)


class Kept:
    """An archive of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.project = sv.open(folder)
        self.archive = self.project.archive

    def put(self, value: Any, *near: str) -> str:
        """Keep a value, beside others that it may share with."""
        row = self.archive.finish(self.archive.prepare(value, lambda: near))
        with self.project.catalog.write() as tx:
            write.add_artifact(tx, row, time.time())
        return row.digest

    def size(self) -> int:
        """The bytes of all blobs."""
        return sum(one.stat().st_size for one in self.archive.store.folder.rglob("*") if one.is_file())


def edits(rows: pl.DataFrame, seed: int) -> dict[str, pl.DataFrame]:
    """The versions of one table."""
    share, dice = rows.height // 100, np.random.default_rng(seed + 1_000)
    at = int(dice.integers(0, rows.height - share))
    new = make(share, seed + 500).with_columns(id=pl.col("id") + rows.height * 7)
    other = make(share, seed + 700).with_columns(id=rows["id"].slice(at, share))
    return {
        "1 % appended": pl.concat([rows, new]),
        "1 % updated": pl.concat([rows[:at], other, rows[at + share :]]),
        "1 % deleted": pl.concat([rows[:at], rows[at + share :]]),
        "a column added": rows.with_columns(added=pl.Series(dice.standard_normal(rows.height))),
    }


def versions(folder: Path, rows: int) -> None:
    """What each edit adds to the archive."""
    grown: dict[str, list[float]] = {}
    for seed in range(SEEDS):
        kept = Kept(folder / f"seed{seed}")
        first = make(rows, seed)
        name = kept.put(first)
        whole = kept.size()
        for edit, version in edits(first, seed).items():
            before = kept.size()
            kept.put(version, name)
            added = kept.size() - before
            if edit == "a column added":
                path = folder / "column.parquet"
                version.select("added").write_parquet(path)
                grown.setdefault("… in times the column's own Parquet", []).append(added / path.stat().st_size)
            grown.setdefault(edit, []).append(added / whole)
    print(f"What a version of {rows:,} × 10 adds, as a share of the first ({SEEDS} seeds)")
    for edit, shares in grown.items():
        scale, unit = (1, "×") if edit.startswith("…") else (100, "%")
        print(
            f"  {edit:36s} mean {scale * statistics.mean(shares):7.2f} {unit}   most {scale * max(shares):7.2f} {unit}"
        )


def taken(work: Any) -> float:
    """Seconds of one call."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def put_anew(folder: Path, table: pl.DataFrame) -> float:
    """Seconds to write a table into an archive without anything that it could share; to make that is no part of it."""
    kept = Kept(folder)
    return taken(lambda: kept.put(table))


def writing_and_reading(folder: Path, rows: int, rounds: int) -> None:
    """Beside Polars and one file."""
    table, plain = make(rows, 0), folder / "plain.parquet"
    table.write_parquet(plain)
    numbers = iter(range(10_000))
    contenders = {
        "Polars, one file": lambda _: taken(lambda: table.write_parquet(folder / "written.parquet")),
        "solvent": lambda _: put_anew(folder / f"write{next(numbers)}", table),
    }
    report(f"Writing {rows:,} × 10", in_turn(contenders, rounds), "Polars, one file")
    kept = Kept(folder / "read")
    fresh = name = kept.put(table)
    version = table
    for number in range(10):
        version = list(edits(version, number).values())[number % 3]
        name = kept.put(version, name)
    version.write_parquet(folder / "mixed.parquet")
    near = pl.col("id").is_between(7 * rows // 2, 7 * rows // 2 + 7_000)
    queries: dict[str, Query] = {
        "whole": lambda one: one.collect(),
        "one column": lambda one: one.select("f0").collect(),
        "filtered": lambda one: one.filter(near).collect(),
        "grouped": lambda one: one.group_by("category").agg(pl.col("f1").mean()).collect(),
    }
    for label, digest, path in (("fresh", fresh, plain), ("after ten versions", name, folder / "mixed.parquet")):
        for what, query in queries.items():
            found = in_turn(
                {
                    "one file": _asked(query, partial(pl.scan_parquet, path)),
                    "solvent": _asked(query, partial(kept.archive.get, digest, pl.LazyFrame)),
                },
                rounds,
            )
            report(f"Reading {label}: {what}", found, "one file", "ms", 1_000)


def _asked(query: Query, frame: Callable[[], pl.LazyFrame]) -> Callable[[int], float]:
    """The seconds of a query of a frame that is opened for it."""
    return lambda _: taken(lambda: query(frame()))


def main() -> None:
    """Measure and report."""
    words = [int(word) for word in sys.argv[1:] if word.isdigit()]
    rows, rounds = (words[0] if words else 3_000_000), (words[1] if len(words) > 1 else 5)
    with tempfile.TemporaryDirectory() as temporary:
        versions(Path(temporary), rows)
    with tempfile.TemporaryDirectory() as temporary:
        writing_and_reading(Path(temporary), rows, rounds)


if __name__ == "__main__":
    main()
