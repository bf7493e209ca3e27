"""Point-in-time joins: nothing of the future, nothing twice, nothing lost, whatever the frames and the gaps."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

import numpy as np
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


DAY, ONE_DAY = datetime.date(2024, 1, 10), datetime.timedelta(1)


def naive(left, right, known, allow_equal, tolerance):
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
        old = best is not None and tolerance is not None and time - best[0][0] > tolerance
        found.append(None if best is None or old else best[1])
    return found


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    left=LEFT, right=RIGHT, known=st.booleans(), allow_equal=st.booleans(), lazy=st.booleans(),
    tolerance=st.one_of(st.none(), st.integers(0, 3)),
)  # fmt: skip
def test_each_row_gets_what_looking_at_every_pair_gives(left, right, known, allow_equal, lazy, tolerance):
    """On random events with ties, gaps and late corrections."""
    ours = pl.DataFrame(left, schema={"who": pl.Int64, "t": pl.Int64}, orient="row")
    theirs = pl.DataFrame(right, schema={"who": pl.Int64, "t": pl.Int64, "k": pl.Int64}, orient="row")
    theirs = theirs.with_columns(place=pl.int_range(pl.len()))
    more = {"known_at": "k" if known else None, "allow_equal": allow_equal, "tolerance": tolerance}
    if lazy:
        found = asof(ours.lazy(), theirs.lazy(), on="t", by="who", **more).collect()
    else:
        found = asof(ours, theirs, on="t", by="who", **more)
    assert found.select("who", "t").equals(ours)
    assert found["place"].to_list() == naive(left, right, known, allow_equal, tolerance)


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


def test_a_query_whose_rows_come_in_any_order_is_carried_out_once():
    """Groups come in another order each time; without the optimizer nothing hides a second reading of them."""
    count = 60_000
    dice = np.random.default_rng(0)
    columns = {
        "who": dice.integers(0, 3000, count),
        "t": dice.integers(0, 500, count),
        "v": dice.integers(0, 9**9, count),
    }
    right = pl.LazyFrame(columns).group_by("who", "t").agg(pl.col("v").max())
    left = pl.LazyFrame(columns).group_by("who", "t").agg(n=pl.len())
    found = asof(left, right.with_columns(k=pl.col("t") + 1), on="t", by="who", known_at="k", suffix="_was")
    plain = found.collect(optimizations=pl.QueryOptFlags.none())
    wanted = {(one["who"], one["t"]): one["v"] for one in right.collect().iter_rows(named=True)}
    times: dict[int, list[int]] = {}
    for who, time in sorted(wanted):
        times.setdefault(who, []).append(time)
    assert plain.height == len(wanted)
    for row in plain.iter_rows(named=True):
        before = [one for one in times[row["who"]] if one < row["t"]]
        assert row["v"] == (wanted[row["who"], before[-1]] if before else None)


def test_a_later_moment_of_a_finer_unit_is_still_the_future():
    """500 ns after the row of the left: Polars' common unit would have put both at the same microsecond."""
    left = pl.DataFrame({"t": [datetime.datetime(2024, 1, 1)]})
    right = left.select(pl.col("t").cast(pl.Datetime("ns")) + pl.duration(nanoseconds=500), v=pl.lit(1))
    assert right.schema["t"] == pl.Datetime("ns")
    assert asof(left, right, on="t")["v"].to_list() == [None]
    assert asof(left, right, on="t").schema["t"] == pl.Datetime("us")


def test_the_last_day_of_all_years_does_not_overflow():
    """Far dates stand for "for ever" in many tables, and no nanoseconds of 64 bits reach them."""
    left = pl.DataFrame({"t": [datetime.date(9999, 12, 31), datetime.date(1, 1, 1)]})
    right = pl.DataFrame({"t": [datetime.datetime(2024, 1, 2)], "v": [1]}).with_columns(
        pl.col("t").cast(pl.Datetime("ns"))
    )
    assert asof(left, right, on="t")["v"].to_list() == [1, None]
    assert asof(left, right, on="t", tolerance=datetime.timedelta(days=1))["v"].to_list() == [None, None]


@pytest.mark.parametrize(
    ("times", "tolerance", "wanted"),
    [
        (pl.Series([10, 13, 127], dtype=pl.Int8), 3, [1, 1, None]),
        (pl.Series([10.0, 13.5, float("nan")]), 3.5, [1, 1, None]),
        (pl.Series([DAY, DAY + 3 * ONE_DAY, None]), 3 * ONE_DAY, [1, 1, None]),
        (pl.Series([datetime.time(10), datetime.time(13), datetime.time(14)]), ONE_DAY / 8, [1, 1, None]),
    ],
    ids=["numbers", "floats", "dates", "times of day"],
)  # fmt: skip
def test_a_row_that_is_too_old_does_not_fit(times, tolerance, wanted):
    """The tolerance counts from the row's own time, and is itself within."""
    left = pl.DataFrame({"t": times})
    right = pl.DataFrame({"t": times[:1], "v": [1]})
    for lazy in (False, True):
        found = asof(left.lazy() if lazy else left, right, on="t", tolerance=tolerance)
        found = found.collect() if lazy else found
        assert found["v"].to_list() == wanted


def test_a_tolerance_is_of_the_time_and_not_of_when_it_was_known():
    """What is known since a moment, of long ago, is too old; an older row is not taken in its place."""
    left = pl.DataFrame({"t": [100]})
    right = pl.DataFrame({"t": [10, 5], "k": [99, 5], "v": [1, 2]})
    assert asof(left, right, on="t", known_at="k", tolerance=50)["v"].to_list() == [None]
    assert asof(left, right, on="t", known_at="k", tolerance=90)["v"].to_list() == [1]


@pytest.mark.parametrize(
    ("tolerance", "says"), [(datetime.timedelta(1), "a number"), (-1, "less than nothing"), ("1d", "a number")]
)
def test_a_tolerance_of_another_kind_is_refused(tolerance, says):
    """Days of numbers, and a look into the future."""
    with pytest.raises(InputError, match=says):
        asof(SALES, PRICES, on="at", tolerance=tolerance)


def test_whole_numbers_of_all_widths_and_signs_are_compared_exactly():
    """Keys beyond what a float tells apart, signed and not."""
    left = pl.DataFrame({"k": pl.Series([2**53 + 1, 2**63], dtype=pl.UInt64), "t": pl.Series([5, 5], dtype=pl.UInt8)})
    right = pl.DataFrame({"k": [2**53, 2**53 + 1], "t": [-3, -3], "v": [1, 2]})
    assert asof(left, right, on="t", by="k")["v"].to_list() == [2, None]


@pytest.mark.parametrize("lazy", [False, True])
def test_tables_without_rows_and_times_without_values_match_nothing(lazy):
    """Every combination of empty sides, and a column of time that is all null."""
    for left, right in (
        (SALES, PRICES[:0]),
        (SALES[:0], PRICES),
        (SALES[:0], PRICES[:0]),
        (SALES.with_columns(at=None), PRICES),
    ):
        found = asof(left.lazy() if lazy else left, right, on="at", by="shop")
        found = found.collect() if lazy else found
        assert found.select(left.columns).equals(left)
        assert found["price"].null_count() == left.height and found.schema["price"] == pl.Float64


def test_hostile_names_are_just_names():
    """Patterns, stars, control signs, the join's own marks, an empty name."""
    names = {"shop": "^.*$", "at": "*", "n": "\0place", "price": "\0\0row\x1b[2J", "k": ""}
    left, right = SALES.rename(names, strict=False), PRICES.rename(names, strict=False)
    for lazy in (False, True):
        found = asof(left.lazy() if lazy else left, right, on="*", by="^.*$")
        found = found.collect() if lazy else found
        assert found.columns == ["^.*$", "*", "\0place", "\0\0row\x1b[2J"]
        assert found["\0\0row\x1b[2J"].to_list() == [2.0, None, 1.0, None]


def test_names_of_the_result_that_would_be_double_are_refused():
    """A suffix that makes a name of the left, or of the right."""
    right = PRICES.with_columns(n=1, n_right=2)
    with pytest.raises(InputError, match="called 'n_right'"):
        asof(SALES, right, on="at", by="shop")
    assert asof(SALES, right, on="at", by="shop", suffix="_then").columns[-2:] == ["n_then", "n_right"]


def test_a_pandas_index_and_its_categories_survive():
    """The index is the left one's; the right one's index is no column."""
    left = SALES.to_pandas().set_index(pd.Index([7, 8, 9, 9], name="order"))
    left["shop"] = left["shop"].astype("category")
    right = PRICES.to_pandas().set_index(pd.Index(["x", "y", "z"]))
    found = asof(left, right, on="at", by="shop")
    assert found.index.tolist() == [7, 8, 9, 9] and found.index.name == "order"
    assert list(found.columns) == ["shop", "at", "n", "price"]
    assert found["shop"].dtype == "category" and found["price"].tolist()[::2] == [2.0, 1.0]


@pytest.mark.parametrize("make", [lambda one: one.to_reader(), lambda one: one], ids=["reader", "table"])
def test_arrow_streams_without_a_batch_are_tables_too(make):
    """A reader that gives nothing still has columns."""
    right = PRICES[:0].to_arrow().slice(0, 0)
    assert asof(SALES, make(right), on="at", by="shop")["price"].null_count() == 4


def test_keys_that_pandas_made_fractions_for_a_null_still_fit():
    """Whole ones fit their whole number, exactly; a null, a NaN, and one with a fraction fit none."""
    left = pd.DataFrame({"k": [1, None, 2.5, 2**53, 3], "t": [5, 5, 5, 5, 5]})
    assert left["k"].dtype == "float64"
    right = pl.DataFrame({"k": [1, 2, 2**53 + 1, 3, None], "t": [4, 4, 4, 4, 4], "v": [10, 20, 30, 40, 50]})
    found = asof(left, right, on="t", by="k")
    assert found["v"].tolist()[0] == 10 and found["v"].tolist()[4] == 40
    assert found["v"].isna().tolist() == [False, True, True, True, False]
    later = asof(right.with_columns(t=pl.lit(6)), left.assign(v=[1, 2, 3, 4, 5]), on="t", by="k")
    assert later["v_right"].to_list() == [1, None, None, 5, None]


def test_a_fraction_that_may_have_been_another_number_fits_none():
    """From 2^53 on, pandas has made one of several whole numbers: rather nobody's row than another's."""
    left = pd.DataFrame({"k": [2**53 + 1, None], "t": [5, 5]})
    right = pl.DataFrame({"k": [2**53, 2**53 + 1], "t": [4, 4], "who": ["other", "own"]})
    assert asof(left, right, on="t", by="k")["who"].isna().all()


def test_keys_that_no_join_compares_are_refused():
    """Lists."""
    frame = pl.DataFrame({"k": [[1]], "t": [1]})
    with pytest.raises(InputError, match="the key 'k' is List"):
        asof(frame, frame, on="t", by="k")


def test_thousands_of_columns_go_along():
    """5,000 on the right, picked once."""
    wide = pl.DataFrame({"t": [1, 2], **{f"c{number}": [number, number + 1] for number in range(5000)}})
    found = asof(pl.DataFrame({"t": [2, 0]}), wide, on="t")
    assert found.width == 5001 and found.row(0)[1:4] == (1, 2, 3) and set(found.row(1)[1:]) == {None}
