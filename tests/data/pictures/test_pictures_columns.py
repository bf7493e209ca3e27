"""Pictures of columns and tables are Vega-Lite, bounded, and say what the profile says."""

from __future__ import annotations

import datetime

import polars as pl
import pytest

from solvent.data.pictures import draw_column, draw_missing, draw_table
from solvent.data.profile import Profile, profile


def test_every_kind_of_column_has_a_picture(table, check):
    """Numbers, times, texts, lists, nulls and hostile names all give a valid specification."""
    found = profile(table)
    for column in found.columns:
        spec = check(draw_column(column, rows=found.rows), most=160)
        assert "\u202e" not in str(spec) and "\n" not in spec["title"]["text"]


@pytest.mark.parametrize("rows", [0, 1])
def test_empty_tables_and_single_rows_have_pictures(table, check, rows):
    """With no row, or one, every picture is still valid."""
    found = profile(table.head(rows))
    for column in found.columns:
        check(draw_column(column, rows=found.rows))
    check(draw_missing(found, table.head(rows)))
    assert check(draw_table(found))["concat"]


def test_a_histogram_holds_every_row(check):
    """The bins' counts add up to the rows with a value, and the median stands where it is."""
    values = [*range(100), None]
    spec = check(draw_column(profile(pl.DataFrame({"a": values})).column("a"), rows=101))
    assert sum(one["rows"] for one in spec["data"]["values"]) == 100
    assert spec["data"]["values"][0]["from"] == 0 and spec["data"]["values"][-1]["to"] == 99
    assert spec["layer"][1]["data"]["values"][0]["median"] in (49, 49.5, 50)
    assert any("1 of 101" in one for one in spec["title"]["subtitle"])


def test_few_values_are_bars_in_their_order(check):
    """A number of three values is drawn as three bars from the least to the greatest."""
    spec = check(draw_column(profile(pl.DataFrame({"a": [2, 0, 0, 10]})).column("a"), rows=4))
    assert [(one["value"], one["rows"]) for one in spec["data"]["values"]] == [("0", 2), ("2", 1), ("10", 1)]


def test_what_is_not_among_the_bars_is_counted(check):
    """The rows whose values are too many to show stand in a note or a bar."""
    words = [word for at in range(40) for word in [f"w{at:02}"] * (41 - at)]
    spec = check(draw_column(profile(pl.DataFrame({"a": words})).column("a"), rows=len(words)))
    shown = [one for one in spec["data"]["values"] if not one["rest"]]
    others = len(words) - sum(one["rows"] for one in shown)
    assert others > 0
    assert any(f"{others:,} rows" in one for one in spec["title"]["subtitle"])


def test_labels_that_are_cut_alike_stay_apart(check):
    """Two long texts that differ at their end keep a bar each."""
    spec = check(draw_column(profile(pl.DataFrame({"a": ["x" * 60 + "1", "x" * 60 + "2"] * 2})).column("a")))
    labels = [one["value"] for one in spec["data"]["values"]]
    assert len(set(labels)) == 2


def test_moments_stand_at_their_place_in_utc(check):
    """The edges of a histogram of moments are milliseconds since 1970."""
    moments = [datetime.datetime(2013, 1, 1) + datetime.timedelta(days=at) for at in range(101)]
    spec = check(draw_column(profile(pl.DataFrame({"a": moments})).column("a")))
    first = datetime.datetime(2013, 1, 1, tzinfo=datetime.UTC).timestamp() * 1000
    assert spec["data"]["values"][0]["from"] == first
    assert spec["layer"][0]["encoding"]["x"]["scale"]["type"] == "utc"


def test_moments_beyond_the_calendar_do_not_break_it(check):
    """A moment that Python has no date for gives a picture without a time line."""
    column = pl.DataFrame({"a": [2**62, 2**61, 0]}).select(pl.col("a").cast(pl.Datetime("us")))
    assert check(draw_column(profile(column).column("a")))


def test_missing_values_by_column_and_together(check, values):
    """Columns stand with most missing first, and how often two are missing in the same rows is right."""
    frame = pl.DataFrame({"a": [None, None, 1, 1], "b": [None, 2, None, 2], "c": [1, 1, 1, 1], "d": [float("nan")] * 4})
    found = profile(frame)
    bars = check(draw_missing(found))
    assert [(one["column"], one["share"]) for one in bars["data"]["values"]] == [("d", 1.0), ("a", 0.5), ("b", 0.5)]
    spec = check(draw_missing(found, frame))
    cells = {(one["x"], one["y"]): one["value"] for one in values(spec)[1]}
    assert cells == {("d", "a"): 0.5, ("d", "b"): 0.5, ("a", "b"): round(1 / 3, 4)}
    assert spec["usermeta"]["solvent"] == {"rows": 4, "sampled": 4, "seed": 0}


def test_five_thousand_columns_stay_bounded(check):
    """Of a very wide table the first columns are drawn, and the picture says so."""
    one = profile(pl.DataFrame({"a": [1, None]})).columns[0]
    wide = Profile(2, tuple({**one, "name": f"c{at}"} for at in range(5000)))
    assert "first 40" in str(check(draw_table(wide))["title"])
    assert len(check(draw_missing(wide))["data"]["values"]) == 60


def test_a_column_of_a_later_record_is_drawn(check):
    """A record with many bins and a hundred top values stays within bounds."""
    column = {
        "name": "a", "type": "int64", "kind": "number", "nulls": 0, "nans": 0, "min": 0, "max": 5000, "distinct": 5001,
        "distinct_exact": True, "top": [[at, 200 - at] for at in range(100)],
        "histogram": {"low": 0, "high": 5000, "counts": [1] * 1001, "below": 0, "above": 0},
    }  # fmt: skip
    assert sum(one["rows"] for one in check(draw_column(column))["data"]["values"]) == 1001
    assert len(check(draw_column({**column, "kind": "text"}, rows=10**6))["data"]["values"]) <= 21


def test_whole_numbers_that_are_all_counted_have_a_bin_each(check):
    """The hours of a day, equally frequent, are drawn equally high."""
    column = dict(profile(pl.DataFrame({"a": [at % 24 for at in range(2400)]})).columns[0])
    spec = check(draw_column({**column, "top": [[at, 100] for at in range(24)]}))
    assert [one["rows"] for one in spec["data"]["values"]] == [100] * 24
    assert spec["data"]["values"][0]["from"] == -0.5
