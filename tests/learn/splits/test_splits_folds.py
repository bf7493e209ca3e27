"""Folds: each row is tested on once, groups and moments are not divided, and a pipeline maps over them."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import solvent as sv
from solvent.errors import InputError, SettingsError
from solvent.learn import Split, group_folds, random_folds, stratified_folds, time_folds, time_split3

DAYS = [dt.date(2024, 1, 1) + dt.timedelta(days=one) for one in range(100)]


def table(count: int = 300) -> pl.DataFrame:
    dice = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "row": range(count),
            "kind": dice.choice(["a", "b", "c"], count, p=[0.7, 0.27, 0.03]),
            "shop": dice.integers(0, 20, count),
            "day": [DAYS[one % 100] for one in range(count)],
        }
    )


FOLDS = {
    "random_folds": lambda rows, folds: random_folds(rows, folds=folds, seed=1),
    "stratified_folds": lambda rows, folds: stratified_folds(rows, by="kind", folds=folds, seed=1),
    "group_folds": lambda rows, folds: group_folds(rows, by="shop", folds=folds, seed=1),
}


@pytest.mark.parametrize("name", FOLDS)
@pytest.mark.parametrize("folds", [2, 5, 7])
def test_each_row_is_tested_on_once_and_learnt_from_otherwise(name: str, folds: int) -> None:
    """In the order of the table, by about as many rows a fold."""
    rows = table()
    parts = FOLDS[name](rows, folds)
    assert len(parts) == folds
    assert sorted(row for part in parts for row in part.test["row"]) == list(range(300))
    for part in parts:
        assert sorted([*part.train["row"], *part.test["row"]]) == list(range(300))
        assert part.train["row"].is_sorted() and part.test["row"].is_sorted()
        assert abs(part.test.height - 300 / folds) <= (1 if name != "group_folds" else 20)


def test_folds_keep_kinds_and_groups() -> None:
    """As many of each kind in every fold as can be; no group on both sides."""
    rows = table()
    for part in stratified_folds(rows, by="kind", folds=4, seed=1):
        for kind, count in rows["kind"].value_counts().iter_rows():
            assert abs((part.test["kind"] == kind).sum() - count / 4) <= 1
    for part in group_folds(rows, by="shop", folds=4, seed=1):
        assert not set(part.train["shop"]) & set(part.test["shop"])
    with pytest.raises(InputError, match="20 groups for 21 folds"):
        group_folds(rows, by="shop", folds=21, seed=1)


@pytest.mark.parametrize("window", [None, 1, 2])
def test_time_goes_forward_through_the_folds(window: int | None) -> None:
    """Each stretch is tested on after learning from what lies before it, all of it or the last of it."""
    rows = table().sample(fraction=1.0, shuffle=True, seed=1)
    parts = time_folds(rows, column="day", folds=4, window=window)
    assert [part.test.height for part in parts] == [60, 60, 60, 60]
    for before, part in zip([None, *parts], parts, strict=False):
        assert part.train["day"].max() < part.test["day"].min()
        assert before is None or before.test["day"].max() < part.test["day"].min()
        assert part.train.height == 60 * min(parts.index(part) + 1, window or 9) if before is None else True
    heights = [part.train.height for part in parts]
    assert heights == ([60, 120, 180, 240] if window is None else [60 * min(n, window) for n in (1, 2, 3, 4)])
    gapped = time_folds(rows, column="day", folds=4, gap=dt.timedelta(days=3))
    assert all((part.test["day"].min() - part.train["day"].max()).days > 3 for part in gapped)


@settings(max_examples=60, deadline=None)
@given(moments=st.lists(st.integers(0, 12), min_size=2, max_size=60), folds=st.integers(2, 5))
def test_no_moment_is_divided_however_rows_are_spread(moments, folds) -> None:
    """Where moments are too few or too uneven it is said, and never is a fold empty."""
    rows = pl.DataFrame({"t": [DAYS[one] for one in moments], "row": range(len(moments))})
    try:
        parts = time_folds(rows, column="t", folds=folds)
    except InputError as error:
        assert "time" in str(error)
        return
    tested = [row for part in parts for row in part.test["row"]]
    assert len(parts) == folds and len(tested) == len(set(tested))
    for part in parts:
        assert part.train["t"].max() < part.test["t"].min()


def test_a_part_to_choose_by_lies_between() -> None:
    """By shares, by windows, and with a gap before each border."""
    rows = table()
    parts = time_split3(rows, column="day", valid=0.2, test=0.3)
    assert (parts.train.height, parts.valid.height, parts.test.height) == (150, 60, 90)
    assert parts.train["day"].max() < parts.valid["day"].min() <= parts.valid["day"].max() < parts.test["day"].min()
    window = {"from": dt.date(2024, 3, 1)}
    parts = time_split3(rows, column="day", valid=window, test={"from": dt.date(2024, 4, 1)}, gap=dt.timedelta(days=2))
    assert (parts.train["day"].max(), parts.valid["day"].min()) == (dt.date(2024, 2, 27), dt.date(2024, 3, 1))
    assert (parts.valid["day"].max(), parts.test["day"].min()) == (dt.date(2024, 3, 29), dt.date(2024, 4, 1))
    with pytest.raises(SettingsError, match="valid would not be over"):
        time_split3(rows, column="day", valid={"from": dt.date(2024, 4, 2)}, test={"from": dt.date(2024, 4, 1)})
    with pytest.raises(InputError, match="no two different times"):
        time_split3(rows, column="day", valid=0.1, test={"from": dt.date(2024, 1, 2)})


@sv.step
def height(part: Split) -> int:
    """How many rows are tested on."""
    return part.test.height


@sv.step
def total(heights: list[int]) -> int:
    """All of them."""
    return sum(heights)


@sv.pipeline
def crossing(rows: pl.DataFrame) -> int:
    """Each fold for itself, and what came of all."""
    return total(height.map(stratified_folds(rows)))


def test_a_pipeline_maps_over_folds_and_gathers(tmp_path) -> None:
    """From settings alone, with the rows of each fold recorded; a second run does nothing again."""
    rows = table()
    config = {"seed": 3, "steps": {"stratified_folds": {"by": "kind", "folds": 4}}}
    run = sv.run(crossing, inputs={"rows": rows}, config=config, project=tmp_path)
    assert run["total"].value() == 300
    figures = run["stratified_folds"].logged
    assert [sum(int(one) for one in figures[f"rows_{name}"].split(", ")) for name in ("test", "train")] == [300, 900]
    assert figures["kinds"] == 3
    again = sv.run(crossing, inputs={"rows": rows}, config=config, project=tmp_path)
    assert again.reused
