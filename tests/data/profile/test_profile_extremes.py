"""Columns at the ends of what a type holds, and tables of unusual shapes, have true figures."""

from __future__ import annotations

import datetime as dt
import json
import math

import numpy as np
import polars as pl
import pytest

from solvent.data.profile import merge, profile, survey


def _only(values, dtype=None):
    found = profile(pl.DataFrame({"c": pl.Series(values, dtype=dtype)}))
    json.dumps(found.to_json(), allow_nan=False)
    return found.column("c")


ENDS = {
    pl.Int64: (-(2**63), 2**63 - 1),
    pl.UInt64: (0, 2**64 - 1),
    pl.Int32: (-(2**31), 2**31 - 1),
    pl.UInt32: (0, 2**32 - 1),
    pl.Int16: (-(2**15), 2**15 - 1),
    pl.UInt8: (0, 255),
}


@pytest.mark.parametrize("dtype", ENDS)
def test_integers_at_both_ends(dtype):
    """Few integers at either end of their type, and from one end to the other, have the figures of exact arithmetic."""
    low, high = ENDS[dtype]
    for values in ([low, low + 1, low + 1], [high, high - 2, high], [low, high], [low, 0, high, high]):
        found = _only(values, dtype)
        ordered = sorted(values)
        assert (found["min"], found["max"], found["distinct"]) == (ordered[0], ordered[-1], len(set(values)))
        assert found["grid"][0] == ordered[0] and found["grid"][-1] == ordered[-1]
        assert found["quantiles"]["0.5"] == ordered[(len(values) - 1) // 2]
        count, total = len(values), sum(values)
        assert found["mean"] == pytest.approx(total / count, rel=1e-11, abs=1e-15 * (high - low))
        squares = sum((count * one - total) ** 2 for one in values)
        assert found["std"] == pytest.approx(math.sqrt(squares / (count - 1)) / count, rel=1e-9)
        assert sum(found["histogram"]["counts"]) == len(values)


@pytest.mark.parametrize("dtype", [pl.Int64, pl.UInt64])
def test_many_integers_at_the_upper_end(dtype):
    """Thousands of integers next to the greatest are told apart, counted and ranked."""
    high = ENDS[dtype][1]
    values = [high - one % 3_000 for one in range(9_000)]
    found = _only(values, dtype)
    assert (found["min"], found["max"], found["distinct"], found["distinct_exact"]) == (high - 2_999, high, 3_000, True)
    assert abs(found["quantiles"]["0.5"] - (high - 1_500)) < 0.005 * 3_000
    spread = np.std(np.arange(9_000) % 3_000, ddof=1)
    assert found["std"] == pytest.approx(spread, rel=1e-9)


def test_order_does_not_show():
    """Ascending, descending and shuffled rows of one run have one profile."""
    values = np.random.default_rng(4).normal(size=20_000).round(3)
    shapes = [np.sort(values), np.sort(values)[::-1].copy(), values]
    found = [_only(one) for one in shapes]
    assert found[0] == found[1] == found[2]


def test_constants():
    """A column of one value has no spread, one distinct value, and a histogram of one bin."""
    for value, dtype in ((7, pl.Int32), (0.1, pl.Float64), (dt.date(1900, 1, 1), pl.Date)):
        found = _only([value] * 5_000, dtype)
        assert found["min"] == found["max"] == found["mean"] == found["grid"][50] == found["top"][0][0]
        assert (found["std"], found["distinct"], found["top_exact"]) == (0.0, 1, True)
        assert found["histogram"]["counts"] == [5_000]


def test_negative_zero_is_zero():
    """-0.0 and 0.0 are one value, however many others there are."""
    for more in ([], np.arange(1, 3_000).tolist()):
        found = _only([-0.0, 0.0, *map(float, more)])
        assert found["distinct"] == 1 + len(more)
        assert str(found["min"]) == "0.0"


def test_times_long_ago():
    """Times before 1970 in any unit have means, quantiles and spreads in their place."""
    days = [dt.date(1899, 12, 30) + dt.timedelta(days=one) for one in range(101)]
    found = _only(days)
    assert (found["mean"], found["grid"][30], found["quantiles"]["0.25"]) == ("1900-02-18", "1900-01-29", "1900-01-24")
    times = [dt.datetime(1950, 1, 1) + dt.timedelta(microseconds=one) for one in range(2_001)]
    for unit in ("us", "ns"):
        found = _only(times, pl.Datetime(unit))
        assert found["mean"].startswith("1950-01-01T00:00:00.001")
        assert found["std"] == pytest.approx(np.std(np.arange(2_001), ddof=1) / 1e6, rel=1e-9)
    zoned = pl.Series(times).dt.replace_time_zone("Asia/Tokyo")
    assert _only(zoned)["max"] == "1949-12-31T15:00:00.002000Z"
    spans = _only([dt.timedelta(seconds=one) for one in (-5, 5, 30)])
    assert (spans["min"], spans["mean"], spans["grid"][-1]) == (-5.0, 10.0, 30.0)


@pytest.mark.parametrize("different", [1_000, 1_025, 9_000])
def test_texts_are_counted_through_their_hashes(different):
    """Few and many different texts, beyond what is counted completely too, have true counts, ends and lengths."""
    dice = np.random.default_rng(different)
    values = pl.Series([f"wort Nr. {one}ß" for one in (dice.zipf(1.4, 30_000) % different)])
    found = _only([None, "", *values.to_list()])
    counted = dict(values.value_counts(name="count").iter_rows())
    assert (found["nulls"], found["empty"], found["distinct"]) == (1, 1, len(counted) + 1)
    assert found["distinct_exact"]
    assert (found["min"], found["max"]) == ("", values.max())
    assert found["lengths"]["max"] == values.str.len_chars().max()
    assert found["lengths"]["mean"] == pytest.approx(values.str.len_chars().sum() / 30_001, rel=1e-9)
    assert len(found["top"]) == 100
    assert all(counted[value] == count for value, count in found["top"])
    assert [count for _, count in found["top"]] == sorted(counted.values(), reverse=True)[:100]


def test_a_huge_enum():
    """An enum of more members than are counted completely is counted member by member all the same."""
    members = [f"m{one:05d}" for one in range(5_000)]
    found = _only(members * 2 + members[:3], pl.Enum(members))
    assert (found["distinct"], found["distinct_exact"], found["min"], found["max"]) == (5_000, True, "m00000", "m04999")
    parts = [survey(pl.DataFrame({"c": pl.Series(one, dtype=pl.Enum(members))})) for one in (members[:3_000], members)]
    assert merge(parts).profile().column("c")["distinct"] == pytest.approx(5_000, rel=0.03)


def test_hostile_texts():
    """A very long value, control signs and texts that begin alike are kept short, apart, and in order."""
    alike = ["x" * 5_000 + end for end in "ab"]
    found = _only([*alike, alike[0], "\x00", "\x1b[31m", "\U0001f600", "=1+1"])
    assert found["distinct"] == 6
    assert found["lengths"]["max"] == 5_001
    assert found["min"] == "\x00" and found["max"] == "\U0001f600"
    assert all(len(value) <= 80 for value, _ in found["top"])
    assert found["top"][0][1] == 2


@pytest.mark.slow
def test_five_thousand_columns():
    """A table of 5,000 columns has a record of each, and its state comes back from bytes."""
    frame = pl.DataFrame({f"c{one}": [one, one + 1, None] for one in range(5_000)})
    state = survey(frame)
    assert type(state).from_bytes(state.to_bytes()).profile() == profile(frame)
    assert profile(frame).column("c4999")["mean"] == 4999.5


def test_figures_that_say_how_exact_they_are():
    """Of many values the frequent ones are found, with a bound on their counts; where all are rare, none is told."""
    dice = np.random.default_rng(8)
    often = np.where(dice.random(60_000) < 0.2, 77, dice.integers(0, 10**9, 60_000))
    found = merge([survey(pl.DataFrame({"c": one})) for one in np.split(often, 6)]).profile().column("c")
    (value, count), *rest = found["top"]
    assert value == 77 and not rest and not found["top_exact"]
    assert int((often == 77).sum()) - found["top_missed"] <= count <= int((often == 77).sum())
    assert found["top_missed"] <= 20
    assert "top" not in _only(dice.integers(0, 10**12, 30_000))


def test_the_mean_of_numbers_near_the_largest_there_is(tmp_path):
    """Neither their sum nor the way from one to the other has to be a number; in parts as in one."""
    large = 1.7e308
    for values, mean in (([large, large], large), ([-large, large], 0.0), ([large, large, -large], large / 3)):
        frame = pl.DataFrame({"a": values})
        assert profile(frame).column("a")["mean"] == pytest.approx(mean, rel=1e-12, abs=1e293)
        parts = merge([survey(frame[:1]), survey(frame[1:])]).profile()
        assert parts.column("a")["mean"] == pytest.approx(mean, rel=1e-12, abs=1e293)
