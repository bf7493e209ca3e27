"""What one percent more rows costs, in one process: reading, row-wise work and the profile, beside the first time.

    python bench/increments.py [ROWS]

The rows lie in ten Parquet files; one percent more comes as a file more. Three times: from nothing, with the new file,
and with another one.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import solvent as sv

COLUMNS = 20


def make(rows: int, seed: int) -> pl.DataFrame:
    """Twenty columns: numbers, words and moments; the first identifies a row."""
    dice = np.random.default_rng(seed)
    columns: dict[str, np.ndarray[Any, Any]] = {"id": dice.integers(0, 2**60, rows)}
    columns |= {f"f{n}": dice.standard_normal(rows) for n in range(10)}
    columns |= {f"i{n}": dice.integers(0, 10 ** (n + 1), rows) for n in range(5)}
    columns |= {f"w{n}": np.array([f"word {k}" for k in range(50)])[dice.integers(0, 50, rows)] for n in range(3)}
    return pl.DataFrame(columns).with_columns(at=pl.datetime(2024, 1, 1) + pl.duration(seconds=pl.int_range(pl.len())))


@sv.step(rowwise=True)
def features(rows: pl.DataFrame) -> pl.DataFrame:
    """Row-wise work of some weight."""
    logs = [(pl.col(f"i{n}") + 1).log().sin().alias(f"log{n}") for n in range(5)]
    ratio = (pl.col("f0") / (pl.col("f1").abs() + 1)).exp().tanh().alias("ratio")
    return rows.with_columns(*logs, ratio, long=pl.col("w0").str.len_chars(), hour=pl.col("at").dt.hour())


@sv.pipeline
def flow(rows: pl.DataFrame) -> pl.DataFrame:
    """One step over an input."""
    return features(rows)


def put(folder: Path, name: str, rows: pl.DataFrame) -> None:
    """A file that is old enough to be believed."""
    rows.write_parquet(folder / name)
    os.utime(folder / name, (1_700_000_000, 1_700_000_000))


def timed(root: Path) -> dict[str, float]:
    """Seconds of the whole run, and of its parts."""
    begun, cpu = time.perf_counter(), time.process_time()
    run = sv.run(flow, config={"inputs": {"rows": {"files": "data/*.parquet"}}}, project=root)
    found = {one.name: one.seconds or 0.0 for one in run.steps}
    return {**found, "all of it": time.perf_counter() - begun, "CPU": time.process_time() - cpu}


def main() -> None:
    """Measure and report."""
    rows = next((int(word) for word in sys.argv[1:] if word.isdigit()), 10_000_000)
    for statistics in (False, True):
        with tempfile.TemporaryDirectory() as temporary:
            root = Path(temporary)
            (root / "data").mkdir()
            (root / "solvent.toml").write_text(f"statistics = {str(statistics).lower()}\n")
            for number in range(10):
                put(root / "data", f"{number:02}.parquet", make(rows // 10, number))
            time.sleep(2.1)
            rounds = [timed(root)]
            for number in (10, 11):
                put(root / "data", f"{number}.parquet", make(rows // 100, number))
                time.sleep(2.1)
                rounds.append(timed(root))
        print(f"{rows:,} × {COLUMNS}, {'with' if statistics else 'without'} profiles")
        for part in rounds[0]:
            first, *more = (one[part] for one in rounds)
            shares = ", ".join(f"{one:7.3f} s ({one / first:.1%})" for one in more)
            print(f"  {part:16s} {first:8.3f} s   one percent more: {shares}")


if __name__ == "__main__":
    main()
