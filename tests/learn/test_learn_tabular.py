"""The ready transform: what it makes of each kind of column, and that it is the same every time."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from solvent.errors import InputError
from solvent.learn import TabularFeatures


@pytest.fixture
def rows() -> pl.DataFrame:
    random = np.random.default_rng(0)
    count = 300
    return pl.DataFrame(
        {
            "number": [None if one % 50 == 0 else float(one) for one in range(count)],
            "whole": random.integers(0, 9, count),
            "flag": random.random(count) < 0.5,
            "kind": random.choice(["a", "b", "c"], count, p=[0.6, 0.3, 0.1]),
            "when": [dt.datetime(2020, 1, 1) + dt.timedelta(hours=one) for one in range(count)],
            "day": [f"2020-{1 + one % 12:02}-01" for one in range(count)],
            "words": [f"some words that are number {one} of many" for one in range(count)],
            "code": [f"N{one}" for one in range(count)],
            "user_id": range(count),
            "same": ["x"] * count,
            "gone": pl.Series([None] * count, dtype=pl.Float64),
        }
    )


def test_every_column_is_made_numbers_or_left_out_with_a_reason(rows: pl.DataFrame) -> None:
    """All features are finite numbers, and explain accounts for every column."""
    made = TabularFeatures().fit(rows)
    ready = made.transform(rows)
    assert set(ready.dtypes) == {pl.Float64}
    assert np.isfinite(ready.to_numpy()).all() and ready.height == rows.height
    said = made.explain()
    assert set(said) == set(rows.columns)
    assert {name for name, why in said.items() if why.startswith("left out")} == {"code", "user_id", "same", "gone"}
    assert {"number missing", "kind = a", "kind share", "when hour", "day month", "words length"} <= set(ready.columns)


def test_what_was_never_seen_is_answered_calmly(rows: pl.DataFrame) -> None:
    """Nulls, infinities and unseen categories become ordinary numbers."""
    made = TabularFeatures().fit(rows)
    odd = rows.head(3).with_columns(
        number=pl.Series([None, float("inf"), float("nan")]),
        kind=pl.Series(["new", None, "a"]),
        day=pl.Series(["2020-05-01T10:30", None, "2020-05-01"]),
        when=pl.Series([None, None, None], dtype=pl.Datetime("us")),
    )
    ready = made.transform(odd)
    assert np.isfinite(ready.to_numpy()).all()
    assert ready["kind share"].to_list()[:2] == [0.0, 0.0]
    assert ready["number missing"].to_list() == [1.0, 1.0, 1.0]


def test_it_is_deterministic_and_does_not_depend_on_the_order_of_rows(rows: pl.DataFrame) -> None:
    """The same rows, also shuffled, learn the same state."""
    first, again = TabularFeatures().fit(rows), TabularFeatures().fit(rows.sample(fraction=1, shuffle=True, seed=3))
    assert first == again
    assert list(first.shares["kind"]) == list(again.shares["kind"])


def test_fitting_again_forgets_what_was_learnt_before(rows: pl.DataFrame) -> None:
    """A second fit starts afresh."""
    made = TabularFeatures().fit(rows)
    assert "kind" not in made.fit(rows.select("number", "flag")).explain()


def test_one_row_and_hopeless_tables() -> None:
    """Where nothing varies nothing can be learnt, which is said with reasons."""
    with pytest.raises(InputError, match="one value only"):
        TabularFeatures().fit(pl.DataFrame({"x": [1.0]}))


def test_categories_are_capped() -> None:
    """Of many values the most frequent have a column; the others count by their share."""
    values = [f"v{one % 40}" for one in range(4000)] + ["rare"]
    made = TabularFeatures(most=5).fit(pl.DataFrame({"kind": values}))
    ready = made.transform(pl.DataFrame({"kind": ["v0", "rare"]}))
    assert ready.width == 6
    assert 0 < ready["kind share"][1] < ready["kind share"][0]
