"""Splits: what goes where, and what is refused."""

from __future__ import annotations

import datetime as dt
import warnings

import polars as pl
import pytest

from solvent.errors import InputError, SettingsError
from solvent.learn import random_split, time_split, time_split3

DAYS = [dt.datetime(2013, 8, 25) + dt.timedelta(hours=7 * one) for one in range(60)]


def table(**columns: object) -> pl.DataFrame:
    return pl.DataFrame({"t": DAYS, "x": range(60), "late": [one % 3 == 0 for one in range(60)], **columns})


def test_time_goes_before_and_after_a_border() -> None:
    """Everything before the border is learnt from, everything from it on is tested, nothing is lost."""
    parts = time_split(table(), column="t", test={"from": dt.date(2013, 9, 1)})
    assert parts.train["t"].max() < dt.datetime(2013, 9, 1) <= parts.test["t"].min()
    assert parts.train.height + parts.test.height == 60
    assert parts.train["x"].to_list() == sorted(parts.train["x"].to_list())


def test_what_lies_beyond_the_end_is_in_neither_part() -> None:
    """With ``to`` the test part is a window, and later rows are left out, not learnt from."""
    window = {"from": dt.date(2013, 9, 1), "to": dt.date(2013, 9, 3)}
    parts = time_split(table(), column="t", test=window)
    assert parts.test["t"].max() < dt.datetime(2013, 9, 3)
    assert parts.train["t"].max() < dt.datetime(2013, 9, 1)
    assert parts.train.height + parts.test.height < 60


def test_a_share_keeps_the_rows_of_one_moment_together() -> None:
    """The border of a share falls between two different times."""
    times = [dt.date(2020, 1, 1 + one // 10) for one in range(60)]
    parts = time_split(pl.DataFrame({"t": times}), column="t", test=0.25)
    assert set(parts.train["t"]).isdisjoint(set(parts.test["t"]))
    assert 10 <= parts.test.height <= 20


@pytest.mark.parametrize("share", [0.001, 0.2, 0.999])
def test_a_share_always_leaves_two_parts(share: float) -> None:
    """Neither a tiny nor a huge share empties a part."""
    parts = time_split(table(), column="t", test=share)
    assert parts.train.height and parts.test.height


def test_a_gap_leaves_out_what_is_too_close_to_the_border() -> None:
    """Rows shortly before the border are neither learnt from nor tested."""
    border = dt.datetime(2013, 9, 1)
    parts = time_split(table(), column="t", test={"from": border}, gap=dt.timedelta(days=2))
    assert parts.train["t"].max() < border - dt.timedelta(days=2)
    assert parts.test["t"].min() >= border


def test_utc_text_and_local_times_have_the_same_border() -> None:
    """ISO text with an offset is read as UTC, and a border with a zone means the same moment everywhere."""
    moments = pl.Series("t", DAYS).dt.replace_time_zone("UTC")
    text = pl.DataFrame({"t": moments.dt.strftime("%Y-%m-%dT%H:%M:%SZ")})
    local = pl.DataFrame({"t": moments.dt.convert_time_zone("America/New_York")})
    border = dt.datetime(2013, 9, 1, 4, tzinfo=dt.UTC)
    by_text = time_split(text, column="t", test={"from": border})
    by_local = time_split(local, column="t", test={"from": border})
    by_date = time_split(local, column="t", test={"from": dt.date(2013, 9, 1)})
    assert by_text.test.height == by_local.test.height == by_date.test.height
    assert time_split(text, column="t", test={"from": dt.date(2013, 9, 1)}).test.height != 0


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ([None, *DAYS[1:]], "unknown in 1 of 60 rows"),
        ([DAYS[0]] * 60, "no two different times"),
        (list(range(60)), "not dates, times or ISO text"),
        (["soon"] * 60, "no ISO time"),
    ],
)
def test_times_that_cannot_be_ordered_are_refused(column: list[object], said: str) -> None:
    """Null, constant, numeric and unreadable times are named, each with the way out."""
    with pytest.raises(InputError, match=said):
        time_split(pl.DataFrame({"t": column}), column="t", test=0.2)


def test_an_empty_part_is_refused_with_the_times_that_there_are() -> None:
    """A border before or after everything says from where to where the times go."""
    for day in (dt.date(2012, 1, 1), dt.date(2031, 1, 1)):
        with pytest.raises(InputError, match="goes from 2013-08-25"):
            time_split(table(), column="t", test={"from": day})


def test_a_gap_is_not_below_nothing() -> None:
    """A negative one would put rows on both sides."""
    for split, more in ((time_split, {}), (time_split3, {"valid": 0.2})):
        with pytest.raises(SettingsError, match="gap is how long before the border"):
            split(table(), column="t", test=0.2, gap=dt.timedelta(days=-1), **more)
    with pytest.raises(SettingsError, match=r"expected a datetime.timedelta, got the text '1 day'"):
        time_split(table(), column="t", test=0.2, gap="1 day")  # type: ignore[arg-type]


def test_settings_that_make_no_sense_are_refused() -> None:
    """Shares outside 0 to 1, an end before its beginning, a zone where the column has none."""
    for share in (0.0, 1.0, -1.0, 2.0):
        with pytest.raises(SettingsError):
            time_split(table(), column="t", test=share)
        with pytest.raises(SettingsError):
            random_split(table(), test=share, seed=1)
    with pytest.raises(SettingsError, match="before it begins"):
        time_split(table(), column="t", test={"from": dt.date(2013, 9, 2), "to": dt.date(2013, 9, 1)})
    with pytest.raises(SettingsError, match="no time zone"):
        time_split(table(), column="t", test={"from": dt.datetime(2013, 9, 1, tzinfo=dt.UTC)})
    with pytest.raises(InputError, match="Did you mean 'late'"):
        time_split(table(), column="t", test=0.2, target="lat")


def test_every_family_of_frames_is_split_alike() -> None:
    """Lazy, pandas and Arrow tables give the same parts as Polars."""
    frame = table()
    expected = time_split(frame, column="t", test=0.3)
    for other in (frame.lazy(), frame.to_pandas(), frame.to_arrow()):
        parts = time_split(other, column="t", test=0.3)
        assert parts.test["x"].to_list() == expected.test["x"].to_list()


def test_a_random_split_follows_from_its_seed() -> None:
    """The same seed draws the same rows, another one others; order is kept; nothing is in both."""
    first, again, other = (random_split(table(), test=0.25, seed=seed) for seed in (3, 3, 4))
    assert first.test.equals(again.test) and not first.test.equals(other.test)
    assert first.test.height == 15
    assert sorted(first.train["x"].to_list() + first.test["x"].to_list()) == list(range(60))
    assert first.train["x"].to_list() == sorted(first.train["x"].to_list())


def test_rows_on_both_sides_are_warned_of() -> None:
    """Duplicates that land on both sides make the test too easy, which is said aloud."""
    doubled = pl.DataFrame({"x": [1, 2, 3, 4] * 25})
    with pytest.warns(UserWarning, match="20 of 20 rows of test are also, value by value, among those of train"):
        random_split(doubled, test=0.2, seed=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        random_split(table(), test=0.2, seed=1)


def test_tables_too_small_to_split_are_refused() -> None:
    """No row and one row cannot be two parts."""
    for rows in ([], [1]):
        with pytest.raises(InputError, match="would have no rows"):
            random_split(pl.DataFrame({"x": rows}), test=0.2, seed=1)
