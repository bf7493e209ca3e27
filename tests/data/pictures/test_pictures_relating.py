"""Correlation, association and change over time are computed right, from a sample that is said."""

from __future__ import annotations

import datetime

import numpy as np
import polars as pl
import pytest

from solvent import errors
from solvent.data.pictures import draw_correlation, draw_over_time


def cells(spec):
    """The figures of a picture of relations, by pair."""
    return {(one["x"], one["y"]): one["value"] for part in spec["hconcat"] for one in part["data"]["values"]}


def make_numbers(rows=500):
    """Two columns that hang together, one that does not, and gaps."""
    draw = np.random.default_rng(3)
    a = draw.normal(size=rows)
    frame = pl.DataFrame({"a": a, "b": a**3 + draw.normal(size=rows) / 2, "c": draw.integers(0, 5, rows)})
    return frame.with_columns(pl.when(pl.int_range(pl.len()) % 7 > 0).then("b").alias("b"))


@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_correlations_agree_with_scipy(check, method):
    """Each pair's figure is SciPy's, on the rows where both have a value."""
    stats = pytest.importorskip("scipy.stats")
    frame = make_numbers()
    found = cells(check(draw_correlation(frame, method=method)))
    for one, other in (("a", "b"), ("a", "c"), ("b", "c")):
        both = frame.select(one, other).drop_nulls()
        expected = getattr(stats, {"pearson": "pearsonr", "spearman": "spearmanr"}[method])(both[one], both[other])[0]
        assert found[one, other] == pytest.approx(expected, abs=1e-4)


def test_association_agrees_with_the_published_formula(check):
    """Cramér's V, corrected for bias, is what chi-square of the crosstab gives."""
    stats = pytest.importorskip("scipy.stats")
    draw = np.random.default_rng(5)
    left = draw.integers(0, 3, 400)
    right = np.where(draw.random(400) < 0.6, left, draw.integers(0, 4, 400))
    frame = pl.DataFrame({"x": left, "y": right}).select(pl.all().cast(pl.String))
    crosstab = np.zeros((3, 4))
    np.add.at(crosstab, (left, right), 1)
    chi = stats.chi2_contingency(crosstab, correction=False)[0]
    square = max(0, chi / 400 - 2 * 3 / 399)
    down, across = 3 - 4 / 399, 4 - 9 / 399
    expected = (square / min(down - 1, across - 1)) ** 0.5
    assert cells(check(draw_correlation(frame)))["x", "y"] == pytest.approx(expected, abs=1e-4)


def test_a_sample_is_drawn_with_a_seed_and_told(check):
    """The same seed gives the same picture from a frame and a LazyFrame; another seed another one."""
    frame = make_numbers(3000)
    first = check(draw_correlation(frame, rows=200, seed=1))
    assert (
        first
        == draw_correlation(frame.lazy(), rows=200, seed=1)
        == draw_correlation(frame.to_arrow(), rows=200, seed=1)
    )
    assert first != draw_correlation(frame, rows=200, seed=2)
    assert first["usermeta"]["solvent"] == {"rows": 3000, "sampled": 200, "seed": 1, "method": "pearson"}
    assert "200 of 3,000 rows, seed 1" in first["title"]["subtitle"]


def test_all_kinds_and_hostile_names_relate(table, check):
    """A table of every kind gives a valid picture, of at most twenty columns of a sort."""
    check(draw_correlation(table))
    assert check(draw_correlation(table.head(0)))["title"]
    wide = pl.DataFrame({f"c{at}": np.random.default_rng(at).normal(size=30) for at in range(130)})
    wide = wide.with_columns((pl.col("c7") * 2 + 1).alias("c99"))
    spec = check(draw_correlation(wide))
    assert len(spec["hconcat"][0]["data"]["values"]) == 20 * 19 // 2 and cells(spec)["c7", "c99"] == 1
    assert any("first 100 of 130" in one for one in spec["title"]["subtitle"])


def test_a_column_that_is_not_there_is_named():
    """A misspelled column is an error that knows the nearest one; so are a wrong method, period and type."""
    frame = pl.DataFrame({"price": [1.0, 2.0], "when": [datetime.date(2013, 1, 1)] * 2})
    with pytest.raises(errors.NotFound, match="price"):
        draw_correlation(frame, columns=["prise"])
    with pytest.raises(errors.UsageError, match="spearman"):
        draw_correlation(frame, method="kendall")
    with pytest.raises(errors.NotFound, match="price"):
        draw_over_time(frame, "when", "prise")
    with pytest.raises(errors.UsageError, match="1mo"):
        draw_over_time(frame, "when", every="1 month")
    with pytest.raises(errors.DataError, match="no date"):
        draw_over_time(frame, "price")


def make_days(rows=365 * 3):
    """One row a day for three years, with a number and a word."""
    first = datetime.date(2011, 1, 1)
    days = [first + datetime.timedelta(days=at) for at in range(rows)]
    words = [f"w{at % 8}" if at % 10 else None for at in range(rows)]
    return pl.DataFrame({"day": days, "n": [float(one.month) for one in days], "word": words})


def test_rows_and_means_by_period(check, values):
    """A month's rows are its days, and the mean of the month's number is that month."""
    counts, means = values(check(draw_over_time(make_days().lazy(), "day", "n", every="1mo")))
    assert [one["rows"] for one in counts[:3]] == [31, 28, 31]
    assert [one["mean"] for one in means[:12]] == list(range(1, 13))
    assert counts[1]["when"] == datetime.datetime(2011, 2, 1, tzinfo=datetime.UTC).timestamp() * 1000


def test_shares_by_period_add_up(check, values):
    """The five most frequent values, the others and the missing make up each period."""
    _, shares = values(check(draw_over_time(make_days(), "day", "word")))
    sums = {}
    for one in shares:
        sums[one["when"]] = sums.get(one["when"], 0) + one["share"]
    assert len({one["value"] for one in shares}) == 7
    assert all(abs(one - 1) < 0.001 for one in sums.values())


def test_periods_are_chosen_and_bounded(table, check):
    """Seconds to centuries give at most 150 periods; far too many of a wish are refused."""
    for seconds in (1, 100, 10**5, 10**8, 5 * 10**10):
        moments = [datetime.datetime(1, 1, 1) + datetime.timedelta(seconds=seconds * at / 7) for at in range(8)]
        spec = check(draw_over_time(pl.DataFrame({"t": moments}), "t"))
        assert 1 <= len(spec["vconcat"][0]["data"]["values"]) <= 150
    for column in table.columns:
        check(draw_over_time(table, "when", column))
    with pytest.raises(errors.UsageError, match="longer"):
        draw_over_time(make_days(), "day", every="1d")


def test_a_zone_is_kept_and_missing_times_are_counted(check):
    """Midnight in the column's zone begins its day; rows without a time are said."""
    moments = pl.Series("t", [datetime.datetime(2013, 7, 1, 22, 30), None]).dt.replace_time_zone("UTC")
    frame = moments.dt.convert_time_zone("Europe/Berlin").to_frame()
    spec = check(draw_over_time(frame, "t", every="1d"))
    day = datetime.datetime(2013, 7, 2, tzinfo=datetime.UTC).timestamp() * 1000
    assert spec["vconcat"][0]["data"]["values"] == [{"when": day, "rows": 1}]
    assert "1 rows without a time are left out" in spec["title"]["subtitle"]
    assert check(draw_over_time(frame.tail(1), "t"))["data"]
    # Where clocks went forward at midnight that day has no midnight.
    skipped = pl.Series("t", [datetime.datetime(2017, 10, 15, 12)]).dt.replace_time_zone("America/Sao_Paulo")
    spec = check(draw_over_time(skipped.to_frame(), "t", every="1d"))
    day = datetime.datetime(2017, 10, 15, tzinfo=datetime.UTC).timestamp() * 1000
    assert spec["vconcat"][0]["data"]["values"] == [{"when": day, "rows": 1}]
