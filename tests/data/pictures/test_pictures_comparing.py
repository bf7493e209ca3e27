"""Two profiles of one column are drawn on one scale, and their shares are those of the rows."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from solvent import errors
from solvent.data.pictures import draw_comparison
from solvent.data.profile import Profile, profile


def sides(spec):
    """The rows of a comparison by side."""
    made = {}
    for one in spec["data"]["values"]:
        made.setdefault(one["side"], []).append(one)
    return made


def make_grid(found):
    """A profile as a later record holds it: with 101 values at ranks 0, 0.01 … 1."""

    def add(frame, column):
        ordered = frame.get_column(column["name"]).drop_nulls().sort()
        return {**column, "grid": [ordered[round(at / 100 * (len(ordered) - 1))] for at in range(101)]}

    return lambda frame: Profile(found.rows, tuple(add(frame, one) for one in found.columns))


def test_every_kind_of_column_compares(table, check):
    """Each column against a later version, an empty one and itself gives a valid picture."""
    one, other, none = profile(table), profile(table.head(90)), profile(table.head(0))
    for column in table.columns:
        for pair in ((one, other), (one, none), (none, one), (none, none), (one, one)):
            check(draw_comparison(*pair, column), most=80)


@pytest.mark.parametrize("gridded", [False, True])
def test_shares_are_those_of_the_rows(check, gridded):
    """The share of each common bin is that of the values in it, from histograms to 6 %, from grids to 2 %."""
    draw = np.random.default_rng(2)
    frames = [pl.DataFrame({"a": draw.normal(0, 1, 4000)}), pl.DataFrame({"a": draw.normal(1, 2, 3000)})]
    found = [profile(frame) for frame in frames]
    if gridded:
        found = [make_grid(one)(frame) for one, frame in zip(found, frames, strict=True)]
    made = sides(check(draw_comparison(*found, "a")))
    for rows, frame in zip(made.values(), frames, strict=True):
        values = frame["a"].to_numpy()
        for one in rows:
            truth = ((values >= one["from"]) & (values < one["to"])).mean()
            assert one["share"] == pytest.approx(truth, abs=0.02 if gridded else 0.06)
    assert [(one["from"], one["to"]) for one in made["before"]] == [(one["from"], one["to"]) for one in made["after"]]


@pytest.mark.parametrize("gridded", [False, True])
def test_whole_numbers_have_bins_around_them(check, gridded):
    """Twenty whole numbers that are equally frequent have twenty bins that are equally high."""
    frame = pl.DataFrame({"a": list(range(20)) * 50})
    found = make_grid(profile(frame))(frame) if gridded else profile(frame)
    rows = sides(check(draw_comparison(found, found, "a", names=("train", "test"))))["train"]
    assert len(rows) == 20
    assert rows[0]["from"] == -0.5
    assert sum(one["share"] for one in rows) == pytest.approx(1, abs=0.001)
    if gridded:
        assert all(one["share"] == pytest.approx(0.05, abs=0.011) for one in rows)


def test_new_and_lost_values_are_nought_and_unknown_ones_are_open(check):
    """Where all values were counted a lacking one has the share 0; where only the top were, it is left open."""
    one = profile(pl.DataFrame({"a": ["x"] * 3 + ["y"]}))
    other = profile(pl.DataFrame({"a": ["x", "z", None, None]}))
    found = {
        (row["side"], row["value"]): row["share"] for row in check(draw_comparison(one, other, "a"))["data"]["values"]
    }
    assert found["before", "x"] == 0.75 and found["after", "x"] == 0.5
    assert found["after", "y"] == 0 and found["before", "z"] == 0
    many = profile(pl.DataFrame({"a": [f"v{at % 300}" for at in range(3000)]}))
    shares = {
        row["value"]: row["share"]
        for row in draw_comparison(many, one, "a")["data"]["values"]
        if row["side"] == "before"
    }
    assert shares["x"] is None


def test_equal_numbers_of_two_types_are_one_value(check):
    """Counts of 0 and 1 as integers and as floats stand side by side."""
    one = profile(pl.DataFrame({"a": [0, 1, 1, 1]}))
    other = profile(pl.DataFrame({"a": [0.0, 0.0, 1.0, 1.0]}))
    assert [row["share"] for row in check(draw_comparison(one, other, "a"))["data"]["values"]] == [0.25, 0.5, 0.75, 0.5]


def test_two_types_and_a_missing_column_are_said(check):
    """A column that became text is said to have no common scale; one that is not there is an error."""
    one, other = profile(pl.DataFrame({"a": [1.5, 2.5]})), profile(pl.DataFrame({"a": ["x", "y"]}))
    spec = check(draw_comparison(one, other, "a"))
    assert "no common scale" in str(spec["data"]) and "after is text" in spec["title"]["subtitle"]
    with pytest.raises(errors.NotFound, match="after has no column 'aa'"):
        draw_comparison(profile(pl.DataFrame({"aa": [1]})), other, "aa")


def test_what_lies_beyond_the_edges_is_said(check):
    """A far value that the histograms leave out stands in a note."""
    far = pl.DataFrame({"a": [*np.linspace(0, 1, 990), *np.linspace(1e6, 2e6, 10)]})
    notes = check(draw_comparison(profile(far), profile(far), "a"))["title"]["subtitle"]
    near = any("beyond the edges" in one for one in notes)
    assert near or max(row["to"] for row in draw_comparison(profile(far), profile(far), "a")["data"]["values"]) >= 2e6


def test_moments_with_a_grid_share_a_scale(check):
    """Times of two profiles with a grid are drawn over common bins that hold all rows."""
    moments = pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2024, 3, 1), "1h", eager=True).alias("t")
    found = []
    for frame in (moments.head(900).to_frame(), moments.tail(900).to_frame()):
        one = profile(frame)
        grid = [frame["t"][round(at / 100 * 899)].isoformat() for at in range(101)]
        found.append(Profile(one.rows, ({**one.columns[0], "grid": grid},)))
    spec = check(draw_comparison(*found, "t"))
    made = sides(spec)
    assert spec["encoding"]["x"]["type"] == "temporal"
    assert [sum(row["share"] for row in rows) for rows in made.values()] == pytest.approx([1, 1], abs=0.001)
    assert made["before"][-1]["share"] == 0 and made["after"][0]["share"] == 0


def test_counted_whole_numbers_are_exact(check):
    """Hours of a day that are all counted have a bin each, with the very share; from 20 bins alone, nearly so."""
    hours = pl.DataFrame({"a": [at % 24 for at in range(2400)]})
    found = profile(hours)
    counted = {**found.columns[0], "top": [[at, 100] for at in range(24)]}
    rows = sides(check(draw_comparison(Profile(2400, (counted,)), Profile(2400, (counted,)), "a")))["after"]
    assert [one["share"] for one in rows] == [pytest.approx(1 / 24, abs=1e-6)] * 24
    binned = {**counted, "top": counted["top"][:10]}
    rows = sides(check(draw_comparison(Profile(2400, (binned,)), Profile(2400, (counted,)), "a")))["before"]
    assert all(abs(one["share"] - 1 / 24) < 0.003 for one in rows)
