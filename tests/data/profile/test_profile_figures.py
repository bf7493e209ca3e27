"""The figures of a profile are those of the rows, small, deterministic, and readable."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import math

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvent.data.profile import PROFILE, Profile, profile, render_text
from solvent.data.profile.rendering import sparkline


def _only(values, dtype=None):
    found = profile(pl.DataFrame({"c": pl.Series(values, dtype=dtype, strict=False)}))
    json.dumps(found.to_json(), allow_nan=False)
    return found.column("c")


@settings(max_examples=60, deadline=None)
@given(values=st.lists(st.none() | st.integers(-5, 5) | st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=60))
def test_whole_numbers(values):
    """Counts, extremes, quantiles, distinct and top values of integers equal those counted in plain Python."""
    found = _only(values, pl.Int64)
    known = sorted(one for one in values if one is not None)
    assert found["nulls"] == len(values) - len(known)
    if not known:
        assert found["distinct"] == 0
        return
    assert (found["min"], found["max"], found["distinct"]) == (known[0], known[-1], len(set(known)))
    assert found["quantiles"]["0.5"] == known[int(0.5 * (len(known) - 1))]
    assert found["mean"] == pytest.approx(sum(known) / len(known), rel=1e-9, abs=1e3)
    counted = sorted((-known.count(one), one) for one in set(known))[:100]
    if len(set(known)) < 0.99 * len(known):
        assert found["top"] == [[one, -count] for count, one in counted]
    histogram = found["histogram"]
    assert sum(histogram["counts"]) + histogram["below"] + histogram["above"] == len(known)


@settings(max_examples=60, deadline=None)
@given(values=st.lists(st.none() | st.floats(width=32) | st.sampled_from([0.0, -0.0, 1.0]), min_size=1, max_size=60))
def test_fractions(values):
    """NaN, infinity and null are told apart and never reach JSON; the rest is as NumPy says."""
    found = _only(values, pl.Float64)
    present = [one for one in values if one is not None]
    known = np.array([one for one in present if math.isfinite(one)])
    if present:
        assert found["nans"] == sum(map(math.isnan, present))
        assert found.get("infinite", 0) == sum(map(math.isinf, present))
    if len(known):
        assert found["mean"] == pytest.approx(known.mean(), rel=1e-6, abs=1e-6 * np.abs(known).max())
        spread = known.std(ddof=1) if len(known) > 1 else 0.0
        assert found["std"] == pytest.approx(spread, rel=1e-6, abs=1e-6 * np.abs(known).max())
        assert found["distinct"] == len(np.unique(known))
        assert sum(found["histogram"]["counts"]) + found["histogram"]["below"] + found["histogram"]["above"] == len(
            known
        )


def test_infinity_and_nan():
    """Extremes that are infinite are said so in words, and figures of the rest are finite."""
    found = _only([math.inf, -math.inf, math.nan, 1.0, None])
    assert (found["min"], found["max"], found["mean"], found["nans"], found["infinite"]) == ("-inf", "inf", 1.0, 1, 2)
    only = _only([math.nan, math.nan])
    assert (only["nans"], only["min"], only["max"]) == (2, None, None)


def test_text():
    """Distinct, most frequent, shortest, longest and empty texts, in characters."""
    found = _only(["b", "ü😀", "", None, "b", "x" * 500])
    assert (found["nulls"], found["distinct"], found["empty"]) == (1, 4, 1)
    assert found["top"][0] == ["b", 2]
    assert found["lengths"] == {"min": 0, "max": 500, "mean": 100.8}
    assert len(found["max"]) <= 80


def test_categories_and_booleans():
    """Members of an enum and truth values are counted as words."""
    assert _only(["a", "b", "a"], pl.Enum(["b", "a", "c"]))["top"] == [["a", 2], ["b", 1]]
    assert _only([True, None, False, True])["top"] == [["true", 2], ["false", 1]]


def test_times():
    """Dates and times are shown as ISO text, their spread in seconds."""
    found = _only([dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 3), None])
    assert (found["min"], found["max"], found["mean"]) == (
        "2020-01-01T00:00:00", "2020-01-03T00:00:00", "2020-01-02T00:00:00",
    )  # fmt: skip
    assert found["std"] == pytest.approx(86_400 * math.sqrt(2))
    days = _only([dt.date(1, 1, 1), dt.date(9999, 12, 31)])
    assert (days["min"], days["max"]) == ("0001-01-01", "9999-12-31")
    assert _only([dt.date(2020, 1, 1), dt.date(2020, 1, 3)])["std"] == pytest.approx(86_400 * math.sqrt(2))
    assert _only([dt.time(1, 2, 3, 500)])["min"] == "01:02:03.000500000"
    zoned = pl.Series([dt.datetime(2020, 7, 1)]).dt.replace_time_zone("Europe/Berlin")
    assert _only(zoned)["min"] == "2020-06-30T22:00:00Z"
    far = pl.Series([2**62], dtype=pl.Int64).cast(pl.Datetime("ms"))
    assert "from 1970" in _only(far)["max"]
    assert _only([dt.timedelta(hours=1), dt.timedelta(hours=3)])["mean"] == 7200.0


def test_other_kinds():
    """Decimals keep their digits; lists, arrays, bytes, structs and nulls say what there is to say."""
    money = _only([decimal.Decimal("1.10"), decimal.Decimal("2.30")])
    assert (money["min"], money["max"], money["mean"]) == ("1.10", "2.30", 1.7)
    assert _only([[1], [], None])["lengths"] == {"min": 0, "max": 1, "mean": 0.5}
    assert _only([[1, 2]], pl.Array(pl.Int8, 2))["lengths"]["max"] == 2
    assert _only([b"abc"])["lengths"]["max"] == 3
    assert _only([{"x": 1}])["fields"] == ["x"]
    assert _only([None, None])["nulls"] == 2
    assert _only([2**64 - 1], pl.UInt64)["max"] == 2**64 - 1
    assert _only([1.5], pl.Float16)["mean"] == 1.5


@pytest.mark.parametrize(
    "frame", [pl.DataFrame(), pl.DataFrame(schema={"a": pl.Int64, "t": pl.String, "l": pl.List(pl.Int8)})]
)
def test_empty_tables(frame):
    """A table without rows or columns has a profile, and it can be shown."""
    found = profile(frame)
    assert found.rows == 0
    assert render_text(found).startswith("0 rows")


def _rows(count):
    dice = np.random.default_rng(7)
    return pl.DataFrame(
        {
            "x": dice.standard_normal(count),
            "zero": np.where(dice.random(count) < 0.4, 0.0, dice.standard_normal(count)),
            "id": [f"id-{one}" for one in range(count)],
            "k": dice.integers(0, 9, count),
        }
    )


def test_every_frame_has_the_same_profile():
    """Polars, lazy, pandas and Arrow frames of the same rows have one profile, twice the same."""
    rows = _rows(3_000)
    first = profile(rows).to_json()
    for frame in (rows, rows.lazy(), rows.to_pandas(), rows.to_arrow(), rows.to_arrow().to_reader(100)):
        assert profile(frame).to_json() == first


def test_a_value_that_fills_nearly_half_is_found():
    """A column of mostly distinct numbers still shows the one that occurs again and again."""
    top = profile(_rows(10_000)).column("zero")["top"]
    assert top[0][0] == 0.0
    assert 3_800 < top[0][1] < 4_200


def test_a_profile_is_small_and_survives_json():
    """A profile is a few thousand bytes for each column, and comes back from its JSON."""
    found = profile(_rows(5_000))
    text = json.dumps(found.to_json(), allow_nan=False)
    assert len(text) < 5_000 * len(found.columns)
    assert Profile.from_json(json.loads(text)) == found
    assert found.version == PROFILE
    with pytest.raises(KeyError):
        found.column("nothing")


def test_the_text_lines_up():
    """One line for each column, hostile text made harmless, nothing wider than a terminal."""
    rows = pl.DataFrame({"a\x1b[31m\n": ["\x1b]0;x\x07" * 30, None], "n": [1234567, -5], "long" * 30: [0.1, 0.2]})
    lines = render_text(profile(rows)).splitlines()
    assert len(lines) == 6
    assert all(line.isprintable() and len(line) <= 170 for line in lines)
    assert "50.0%" in lines[3]
    assert "1,234,567" in lines[4]


def test_sparklines():
    """The tallest bar is full, what is there at all shows, what is not is blank."""
    assert sparkline([0, 1, 1000]) == " ▁█"
    assert sparkline([]) == sparkline([0]) == ""


def test_pandas_index_columns_are_not_lost():
    """A pandas frame's named index is profiled as the column that it becomes."""
    frame = pd.DataFrame({"x": [1]}, index=pd.Index(["a"], name="id"))
    assert [one["name"] for one in profile(frame).columns] == ["x", "id"]
