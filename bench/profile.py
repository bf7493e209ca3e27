"""The profile of a table of 10,000,000 × 20 mixed columns (1.1 GB of Parquet), beside DuckDB's SUMMARIZE.

python bench/profile.py [--rows N] [--rounds R] [--folder KEPT]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from timing import in_turn, python, report, seconds_and_output

GENERATE = """
import sys
import numpy as np
import polars as pl
import pyarrow.parquet as pq

PIECE = 500_000
STATUS = ["new", "paid", "sent", "returned", "lost"]
WORDS = ["red", "blue", "wide", "Über", "new", "old", "table", "model", "rain", "x"]


def text(pattern, places):
    return pl.Series([pattern.format(one) for one in range(int(places.max()) + 1)]).gather(places)


def holes(column, share, dice):
    return pl.select(pl.when(pl.Series(dice.random(len(column)) >= share)).then(pl.Series(column))).to_series()


def make(seed, start, rows):
    dice = np.random.default_rng([7, seed])
    line = np.arange(start, start + rows)
    score = dice.standard_normal(rows)
    score[dice.random(rows) < 0.02] = np.nan
    score[dice.random(rows) < 0.001] = np.inf
    words = pl.Series(WORDS)
    note = [words.gather(dice.integers(0, 10, rows)), words.gather(dice.integers(0, 10, rows))]
    when = 1_700_000_000_000_000 + line * 1_000_000 + dice.integers(0, 10**6, rows)
    note.append(pl.Series(dice.integers(0, 100_000, rows)).cast(pl.String))
    return pl.DataFrame({
        "id": line,
        "user": dice.zipf(1.2, rows) % 2_000_000,
        "count": dice.integers(0, 500, rows).astype(np.int32),
        "key": dice.integers(-(2**62), 2**62, rows),
        "age": holes(dice.integers(0, 100, rows).astype(np.int8), 0.05, dice),
        "x": dice.standard_normal(rows),
        "amount": np.round(dice.lognormal(3, 1.5, rows), 2),
        "ratio": holes(dice.random(rows), 0.1, dice),
        "score": score,
        "temperature": dice.normal(15, 8, rows).astype(np.float32),
        "country": text("country {:03d}", np.minimum(dice.geometric(0.03, rows), 199)),
        "status": holes(pl.Series(STATUS).gather(dice.integers(0, 5, rows)), 0.02, dice),
        "city": text("city of number {:05d}", dice.zipf(1.3, rows) % 50_000),
        "session": pl.Series(dice.integers(10**13, 10**14, rows)).cast(pl.String),
        "note": pl.select(pl.concat_str(note, separator=" ")).to_series(),
        "when": pl.Series(when).cast(pl.Datetime("us")),
        "seen": holes(1_600_000_000_000 + dice.integers(0, 10**8, rows) * 1_000, 0.3, dice).cast(pl.Datetime("ms")),
        "day": pl.Series(18_000 + dice.integers(0, 2_000, rows).astype(np.int32)).cast(pl.Date),
        "flag": dice.random(rows) < 0.3,
        "odd": holes(dice.random(rows) < 0.01, 0.5, dice),
    })


def write(path, start, rows, seed):
    writer = None
    for at in range(start, start + rows, PIECE):
        made = make(seed + at // PIECE, at, min(PIECE, start + rows - at))
        table = made.to_arrow(compat_level=pl.CompatLevel.oldest())
        writer = writer or pq.ParquetWriter(path, table.schema, compression="snappy")
        writer.write_table(table, row_group_size=131_072)
    writer.close()


rows = int(sys.argv[1])
write("first.parquet", 0, rows, 0)
write("more.parquet", rows, rows // 100, 1_000_000)
"""
COST = """
import json, resource
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss / 1024}))
"""
DUCKDB = """
import duckdb
print(len(duckdb.sql("SUMMARIZE SELECT * FROM 'first.parquet'").fetchall()))
"""
OURS = """
import json
import polars as pl
from solvent.data.profile import profile
with open("profile.json", "w") as file:
    json.dump(profile(pl.scan_parquet("first.parquet")).to_json(), file)
"""
ACCURACY = """
import json
import numpy as np
import polars as pl

profile = json.load(open("profile.json"))
worst = {"rank": (0.0, ""), "distinct": (0.0, "")}
for column in profile["columns"]:
    values = pl.read_parquet("first.parquet", columns=[column["name"]]).to_series().drop_nulls()
    if column["kind"] in ("number", "time"):
        dtype, values = values.dtype, values.to_physical()
        values = values.filter(values.is_finite()) if values.dtype.is_float() else values
        ordered = np.sort(values.to_numpy())
        grid = pl.Series(column["grid"])
        grid = grid.str.to_datetime().cast(dtype).to_physical() if grid.dtype == pl.String else grid.cast(values.dtype)
        grid, wanted = grid.to_numpy(), np.arange(101) / 100 * (len(ordered) - 1)
        low, high = np.searchsorted(ordered, grid, "left"), np.searchsorted(ordered, grid, "right") - 1
        off = np.maximum(0, np.maximum(low - wanted, wanted - high)).max() / len(ordered)
        worst["rank"] = max(worst["rank"], (off, column["name"]))
    true = values.n_unique()
    worst["distinct"] = max(worst["distinct"], (abs(column["distinct"] - true) / true, column["name"]))
print(json.dumps(worst))
"""
AGAIN = """
import json, time, sys
import polars as pl
from solvent.data.profile import ColumnState, TableState, merge, survey_all

RUN = 200_000


def runs(path):
    frame = pl.scan_parquet(path)
    rows = frame.select(pl.len()).collect().item()
    return (frame.slice(start, RUN).collect() for start in range(0, rows, RUN))


def cost():
    return time.perf_counter(), time.process_time()


def read(kept):
    return [TableState(rows, names, tuple(map(ColumnState.from_bytes, some))) for rows, names, some in kept]


begun = cost()
kept = []
for state in survey_all(runs("first.parquet")):
    kept.append((state.rows, state.names, [one.to_bytes() for one in state.columns]))
first = merge(read(kept)).profile()
middle = cost()
more = merge([*read(kept), *survey_all(runs("more.parquet"))]).profile()
done = cost()
assert more.rows > first.rows
print(json.dumps({
    "wall": (done[0] - middle[0]) / (middle[0] - begun[0]), "cpu": (done[1] - middle[1]) / (middle[1] - begun[1]),
    "seconds": done[0] - middle[0], "kilobytes": sum(len(one) for _, _, some in kept for one in some) / 1024,
}))
"""


def main() -> None:
    """Make the rows, measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the rows are kept, and taken from if they are there")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        measure(asked.folder or Path(temporary), asked.rows, asked.rounds)


def measure(folder: Path, rows: int, rounds: int) -> None:
    """The costs of both, how exact the profile is, and what it costs when rows are added."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "more.parquet").exists():
        run(folder, GENERATE, str(rows))
    size = (folder / "first.parquet").stat().st_size
    costs: dict[str, dict[str, list[float]]] = {"cpu": {}, "peak": {}}
    scripts = {"DuckDB SUMMARIZE": DUCKDB, "solvent": OURS}

    def timed(name: str) -> Callable[[int], float]:
        def once(number: int) -> float:
            taken, told = run(folder, scripts[name] + COST)
            for kind, found in costs.items():
                if number:
                    found.setdefault(name, []).append(told[kind])
            return taken

        return once

    found = in_turn({name: timed(name) for name in scripts}, rounds)
    report(f"{rows:,} × 20, {size / 1e6:,.0f} MB of Parquet, whole process: wall", found, "DuckDB SUMMARIZE")
    report("  CPU", costs["cpu"], "DuckDB SUMMARIZE")
    report("  peak memory", costs["peak"], "DuckDB SUMMARIZE", unit="MB")
    _, worst = run(folder, ACCURACY)
    for kind, (error, column) in worst.items():
        print(f"  greatest error of {kind:10s} {error:9.3%}  ({column})")
    _, again = run(folder, AGAIN)
    print(
        f"  again with 1 % more rows, in process: {again['seconds']:.3f} s, {again['wall']:.1%} of the first by wall, "
        f"{again['cpu']:.1%} by CPU; states {again['kilobytes']:,.0f} KB"
    )


def run(folder: Path, script: str, *words: str) -> tuple[float, Mapping[str, Any]]:
    """Seconds of a process, and what the last line of its output says."""
    taken, output = seconds_and_output([python(), "-c", script, *words], folder)
    last = output.strip().rpartition("\n")[2]
    return taken, json.loads(last) if last.startswith("{") else {}


if __name__ == "__main__":
    main()
