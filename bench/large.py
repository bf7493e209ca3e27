"""A CSV larger than memory: in as a source, features out, on two gigabytes; beside Polars streaming by hand.

    python bench/large.py [GIGABYTES] [FOLDER]

All read the same file, work out the same columns and write zstd Parquet. Solvent also finds the types by looking at
every value and hashes what it reads and writes: with a reference to the file only (which is what it does by itself with
a file of this size), with profiles of both tables as well, and with the rows of the file kept as blocks besides. Each
runs in a process of its own, with the memory of its control group limited to 2 GB, page cache included (Linux, as
root); elsewhere its data segment is limited to that.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

LIMIT = 2 * 1024**3
GROUPS = Path("/sys/fs/cgroup/memory")
ROWS = 1_000_000
WAYS = (
    ("Solvent, by reference, without profiles", "reference", "false"),
    ("Solvent, by reference, with profiles", "reference", "true"),
    ("Solvent, rows kept, with profiles", "rows", "true"),
)

BY_HAND = """
import sys
import polars as pl

def features(rows):
    return rows.filter(pl.col("price") > 5).with_columns(
        total=pl.col("price") * pl.col("items"), hour=pl.col("when").str.slice(11, 2).cast(pl.Int8),
        late=pl.col("delay") > 15, rate=pl.col("a") / (1 + pl.col("b").abs()),
    )

features(pl.scan_csv(sys.argv[1])).sink_parquet(sys.argv[2], compression="zstd")
"""
OURS = """
import sys
import polars as pl
import solvent as sv

@sv.step
def features(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.filter(pl.col("price") > 5).with_columns(
        total=pl.col("price") * pl.col("items"), hour=pl.col("when").str.slice(11, 2).cast(pl.Int8),
        late=pl.col("delay") > 15, rate=pl.col("a") / (1 + pl.col("b").abs()),
    )

@sv.pipeline
def flow(rows: pl.LazyFrame) -> pl.LazyFrame:
    return features(rows)

source = {"files": sys.argv[1], "keep": sys.argv[3]}
run = sv.run(flow, config={"inputs": {"rows": source}}, project=sys.argv[2])
for step in run.steps:
    print(f"    {step.name:14s} {step.status}  {step.seconds:7.1f} s", f"{step.peak_mb or 0:.0f} MB")
"""


def generate(path: Path, size: int) -> int:
    """A CSV of at least this many bytes; gives its number of rows. Text is kept, so that no later part is cheaper."""
    dice = np.random.default_rng(5)
    start = 0
    with path.open("wb") as file:
        while file.tell() < size:
            when = pl.datetime(2020, 1, 1) + pl.duration(seconds=pl.int_range(start, start + ROWS))
            part = pl.DataFrame(
                {
                    "id": np.arange(start, start + ROWS),
                    "customer": dice.integers(0, 200_000, ROWS),
                    "price": dice.gamma(2.0, 20.0, ROWS).round(2),
                    "items": dice.integers(1, 12, ROWS),
                    "delay": dice.normal(5, 20, ROWS).round(1),
                    "a": dice.standard_normal(ROWS),
                    "b": dice.standard_normal(ROWS),
                    "city": np.array([f"city {n:03d}" for n in range(500)])[dice.integers(0, 500, ROWS)],
                    "code": np.array([f"{n:05x}" for n in range(60_000)])[dice.integers(0, 60_000, ROWS)],
                }
            ).with_columns(when=when.dt.to_string("%Y-%m-%dT%H:%M:%S"))
            part.write_csv(file, include_header=start == 0)
            start += ROWS
    return start


def bounded(number: int) -> tuple[object, Path | None]:
    """What puts a child under the limit before it begins, and its control group, if one can be made."""
    group = GROUPS / f"solvent-bench-{os.getpid()}-{number}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(LIMIT))
    except OSError:
        return (lambda: resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, LIMIT))), None
    return (lambda: (group / "cgroup.procs").write_text(str(os.getpid()))), group


def measured(number: int, script: str, *arguments: object) -> float:
    """Seconds of a script under the limit; its prints are shown, with the most that it had of its own."""
    limit, group = bounded(number)
    begun = time.perf_counter()
    words = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, text=True, preexec_fn=limit)  # type: ignore[call-overload]
    taken = time.perf_counter() - begun
    if group is not None:
        time.sleep(0.2)
        group.rmdir()
    if done.returncode != 0:
        raise SystemExit(f"it did not complete ({done.returncode}):\n{done.stdout}\n{done.stderr[-2000:]}")
    print(done.stdout, end="")
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"    {taken:.1f} s, most of all so far {most:.0f} MB, limit {'of a control group' if group else 'of data'}")
    return taken


def main() -> None:
    """Generate the file, then each of them once."""
    size = float(sys.argv[1]) if len(sys.argv) > 1 else 12.0
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as name:
        folder = Path(name)
        rows = generate(folder / "rows.csv", int(size * 1e9))
        print(f"{(folder / 'rows.csv').stat().st_size / 1e9:.1f} GB of CSV, {rows:,} rows, 10 columns")
        print("  Polars streaming by hand")
        by_hand = measured(0, BY_HAND, folder / "rows.csv", folder / "out.parquet")
        (folder / "out.parquet").unlink()
        for number, (title, keep, statistics) in enumerate(WAYS, 1):
            print(f"  {title}")
            project = folder / f"project-{number}"
            project.mkdir()
            (project / "solvent.toml").write_text(f"statistics = {statistics}\n")
            ours = measured(number, OURS, folder / "rows.csv", project, keep)
            kept = sum(one.stat().st_size for one in project.rglob("*") if one.is_file())
            print(f"    {ours / by_hand:.2f} times as long as by hand; {kept / 1e9:.1f} GB kept")
            shutil.rmtree(project)


if __name__ == "__main__":
    main()
