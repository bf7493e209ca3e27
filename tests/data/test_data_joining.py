"""Point-in-time joins: nothing of the future, nothing twice, nothing lost, whatever the frames and the gaps."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvent.data.joining import asof
from solvent.errors import InputError

SMALL = st.one_of(st.none(), st.integers(0, 6))
LEFT = st.lists(st.tuples(SMALL, SMALL), max_size=12)
RIGHT = st.lists(st.tuples(SMALL, SMALL, SMALL), max_size=15)


def naive(left, right, known, allow_equal):
    """For each row of the left, by looking at each row of the right."""
    found = []
    for entity, time in left:
        best = None
        for place, (other, event, seen) in enumerate(right):
            if None in (entity, time, other, event) or other != entity or (known and seen is None):
                continue
            counts = max(event, seen) if known else event
            if counts > time or (counts == time and not allow_equal):
                continue
            rank = (event, seen if known else event, place)
            best = max(best, (rank, place)) if best is not None else (rank, place)
        found.append(None if best is None else best[1])
    return found


@settings(max_examples=150, deadline=None, derandomize=True)
@given(left=LEFT, right=RIGHT, known=st.booleans(), allow_equal=st.booleans())
def test_each_row_gets_what_looking_at_every_pair_gives(left, right, known, allow_equal):
    """On random events with ties, gaps and late corrections."""
    ours = pl.DataFrame(left, schema={"who": pl.Int64, "t": pl.Int64}, orient="row")
    theirs = pl.DataFrame(right, schema={"who": pl.Int64, "t": pl.Int64, "k": pl.Int64}, orient="row")
    theirs = theirs.with_columns(place=pl.int_range(pl.len()))
    found = asof(ours, theirs, on="t", by="who", known_at="k" if known else None, allow_equal=allow_equal)
    assert found.select("who", "t").equals(ours)
    assert found["place"].to_list() == naive(left, right, known, allow_equal)


PRICES = pl.DataFrame({"shop": ["a", "a", "b"], "at": [1, 5, 3], "price": [1.0, 2.0, 3.0]})
SALES = pl.DataFrame({"shop": ["a", "b", "a", "c"], "at": [6, 2, 3, 9], "n": [1, 2, 3, 4]})


KINDS = {
    "polars": lambda frame: frame,
    "lazy": lambda frame: frame.lazy(),
    "pandas": lambda frame: frame.to_pandas(),
    "arrow": lambda frame: frame.to_arrow(),
}


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_the_frame_that_comes_back_is_of_the_left_ones_kind(make):
    """Polars, lazy, pandas and Arrow; a lazy one is not carried out yet."""
    found = asof(make(SALES), PRICES, on="at", by=["shop"])
    assert type(found) is type(make(SALES))
    frame = (
        found.collect()
        if isinstance(found, pl.LazyFrame)
        else pl.DataFrame(found)
        if not isinstance(found, pa.Table)
        else pl.from_arrow(found)
    )
    assert frame.select("shop", "n").equals(SALES.select("shop", "n"))
    assert [None if one != one else one for one in frame["price"].to_list()] == [2.0, None, 1.0, None]


def test_names_that_both_have_are_told_apart_and_two_names_of_time_are_kept():
    """The right one's columns get a suffix where a name is taken; its own time stays beside."""
    right = PRICES.rename({"at": "since"}).with_columns(n=pl.lit(0))
    found = asof(SALES, right, on=("at", "since"), by="shop", suffix="_price")
    assert found.columns == ["shop", "at", "n", "since", "price", "n_price"]
    assert found["since"].to_list() == [5, None, 1, None]


def test_without_an_entity_all_rows_are_of_one():
    """The latest row of all."""
    assert asof(SALES, PRICES.drop("shop"), on="at")["price"].to_list() == [2.0, 1.0, 3.0, 2.0]


def test_moments_and_dates_are_compared_with_each_other():
    """A date is its first moment; nanoseconds and milliseconds are the same time."""
    left = pl.DataFrame({"t": [datetime.datetime(2024, 1, 2, 12), datetime.datetime(2024, 1, 1)]})
    right = pl.DataFrame({"t": [datetime.date(2024, 1, 2)], "v": [1]})
    assert asof(left, right, on="t")["v"].to_list() == [1, None]
    fine = right.with_columns(pl.col("t").cast(pl.Datetime("ns")))
    assert asof(left, fine, on="t")["v"].to_list() == [1, None]


@pytest.mark.parametrize(
    ("left", "right", "more", "says"),
    [
        (SALES, PRICES, {"on": "when"}, "no column 'when'"),
        (SALES, PRICES, {"on": "at", "by": "shp"}, "'shop'"),
        (SALES, PRICES, {"on": "at", "known_at": "k"}, "no column 'k'"),
        (SALES, PRICES.with_columns(pl.col("shop").str.len_chars()), {"on": "at", "by": "shop"}, "cannot be compared"),
        (SALES, PRICES, {"on": "shop"}, "a time is"),
        (SALES, [1], {"on": "at"}, "two tables"),
        (
            pl.DataFrame({"t": [datetime.datetime(2024, 1, 1)]}),
            pl.DataFrame({"t": [datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)]}), {"on": "t"}, "time zones",
        ),
        (
            pl.DataFrame({"t": [1]}), pl.DataFrame({"t": [1.5]}),
            {"on": "t"}, "without loss",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_joined_is_said(left, right, more, says):
    """Missing columns with the nearest name, kinds and time zones that differ."""
    with pytest.raises(InputError, match=says):
        asof(left, right, **more)


def test_a_pandas_index_stays_out_of_it():
    """Rows of a frame that was filtered keep their order and their number."""
    left = SALES.to_pandas()
    found = asof(left[left["n"] > 1], PRICES, on="at", by="shop")
    assert isinstance(found, pd.DataFrame)
    assert found["n"].tolist() == [2, 3, 4]


def test_the_program_of_the_page_runs():
    """The how-to's example is right about late corrections."""
    page = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "point-in-time-joins.md"
    (text,) = re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(text, page.name, "exec"), names)
    assert names["found"].columns == ["customer", "placed", "known", "balance"]
