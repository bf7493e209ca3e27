"""Very many small files: looking through them and reading them, beside Polars' scan of the same pattern.

    python bench/files.py [FILES] [ROUNDS]

Polars takes the types from the first file; Solvent tells them of each, and would name the one that differs.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import polars as pl
from timing import in_turn, report

from solvent.data.sources import open_source
from solvent.data.sources.files.source import Files


def make(folder: Path, count: int) -> None:
    """Files of one row each."""
    for number in range(count):
        day = f"2024-01-{number % 28 + 1:02}"
        (folder / f"part-{number:07}.csv").write_text(f"id,day,price,name\n{number},{day},{number / 7},n{number % 7}\n")


def scanned(folder: Path) -> float:
    """Seconds of Polars."""
    begun = time.perf_counter()
    found = pl.scan_csv(folder / "*.csv").collect()
    assert found.height
    return time.perf_counter() - begun


def read(folder: Path) -> float:
    """Seconds of Solvent, from the listing to the frame."""
    begun = time.perf_counter()
    source = open_source("*.csv", folder)
    assert isinstance(source, Files)
    survey = source.survey()
    found = source.frame(survey).collect()
    source.check(survey)
    assert found.height == survey.rows
    return time.perf_counter() - begun


def main() -> None:
    """Measure and report."""
    words = [int(word) for word in sys.argv[1:]]
    count, rounds = (words[0] if words else 20_000), (words[1] if len(words) > 1 else 5)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make(folder, count)
        contenders = {"Polars, types of the first": lambda _: scanned(folder), "solvent": lambda _: read(folder)}
        report(f"{count:,} files of one row", in_turn(contenders, rounds), "Polars, types of the first")


if __name__ == "__main__":
    main()
