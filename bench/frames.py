"""Three steps passing 2,000,000 × 10 mixed rows, beside the same work that writes and reads the same Parquet by hand.

python bench/frames.py [ROUNDS]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from timing import in_turn, python, report, seconds

STAGES = """
import numpy as np
import polars as pl

ROWS = 2_000_000
CATEGORIES = [f"category_{i:02d}" for i in range(20)]


def make(seed: int) -> pl.DataFrame:
    dice = np.random.default_rng(seed)
    columns = {f"f{i}": dice.standard_normal(ROWS) for i in range(6)}
    columns["i0"] = dice.integers(0, 1_000_000, ROWS)
    columns["i1"] = dice.integers(0, 1_000, ROWS)
    columns["category"] = np.array(CATEGORIES)[dice.integers(0, 20, ROWS)]
    seconds = pl.duration(seconds=pl.int_range(pl.len()))
    return pl.DataFrame(columns).with_columns(when=pl.datetime(2024, 1, 1) + seconds)


def change(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(
        f0=pl.col("f0") * 2.0 + pl.col("f1"), f2=pl.col("f2").abs(), i1=pl.col("i1") + pl.col("i0") % 7
    )


def total(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by("category").agg(pl.col("^[fi][0-9]$").mean()).sort("category")
"""
BY_HAND = """
import sys
import polars as pl
from stages import change, make, total
make(int(sys.argv[1])).write_parquet("made.parquet")
change(pl.read_parquet("made.parquet")).write_parquet("changed.parquet")
total(pl.read_parquet("changed.parquet")).write_parquet("total.parquet")
print(pl.read_parquet("total.parquet").height)
"""
OURS = """
import sys
import polars as pl
import solvent as sv
import stages

@sv.step
def make(seed: int) -> pl.DataFrame:
    return stages.make(seed)

@sv.step
def change(rows: pl.DataFrame) -> pl.DataFrame:
    return stages.change(rows)

@sv.step
def total(rows: pl.DataFrame) -> pl.DataFrame:
    return stages.total(rows)

@sv.pipeline
def flow(seed: int) -> pl.DataFrame:
    return total(change(make(seed)))

run = sv.run(flow, inputs={"seed": int(sys.argv[1])}, project=sys.argv[2])
print(run.value().height)
"""


def main() -> None:
    """Measure and report."""
    rounds = next((int(word) for word in sys.argv[1:] if word.isdigit()), 5)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name, text in (("stages", STAGES), ("by_hand", BY_HAND), ("ours", OURS)):
            (folder / f"{name}.py").write_text(text)
        for name, text in (("bare", "statistics = false\n"), ("full", "")):
            (folder / name).mkdir()
            (folder / name / "solvent.toml").write_text(text)
        contenders = {
            "Parquet by hand": lambda k: seconds([python(), "by_hand.py", str(k)], folder),
            "solvent, no profiles": lambda k: seconds([python(), "ours.py", str(k), "bare"], folder),
            "solvent": lambda k: seconds([python(), "ours.py", str(k), "full"], folder),
        }
        found = in_turn(contenders, rounds)
        report("2,000,000 × 10 mixed rows through three steps: whole process", found, "Parquet by hand")
        again = in_turn({"solvent, again": lambda _: seconds([python(), "ours.py", "1", "full"], folder)}, rounds)
        print(f"  the same again, unchanged       {statistics.median(again['solvent, again']):9.3f} s")


if __name__ == "__main__":
    main()
