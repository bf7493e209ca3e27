"""Profiles with 101 ranks and a hundred frequent values: how near they come to the rows, and what chance does."""

from __future__ import annotations

import datetime

import numpy as np
import polars as pl
import pytest

from solvent.data.drift import drift
from solvent.data.profile import Profile, profile

RANKS = np.linspace(0, 1, 101)
EPOCH = datetime.datetime(1970, 1, 1)


def surveyed(table):
    """A profile with grid and frequent values as their record says: times as ISO text, durations in seconds."""
    body = profile(table).to_json()
    for column in body["columns"]:
        values = table[column["name"]].drop_nulls()
        if values.dtype.is_float():
            values = values.filter(values.is_finite())
        if column["kind"] in ("number", "time", "duration") and len(values):
            ordered = values.sort()
            picked = [ordered[int(rank * (len(ordered) - 1))] for rank in RANKS]
            column["grid"] = [plain(one) for one in picked]
        if len(values):
            if column["kind"] in ("text", "category", "bool"):
                values = values.cast(pl.String)
            if values.dtype == pl.String or column["kind"] == "number":
                column["top"] = [list(one) for one in values.value_counts(sort=True).head(100).iter_rows()]
    return Profile.from_json({**body, "version": "profile.2"})


def plain(value):
    """A value as a record holds it."""
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    return value.isoformat() if isinstance(value, (datetime.date, datetime.time)) else value


def table(rows, dice, shift=0.0):
    """Numbers that are smooth, skewed, counted and mostly nought; times and durations; categories many and few."""
    moments = 86_400 * (365 * dice.random(rows) ** (1 + shift))
    return pl.DataFrame(
        {
            "normal": dice.normal(shift, 1, rows),
            "skewed": dice.lognormal(shift, 1, rows),
            "counted": dice.poisson(40 * (1 + shift / 5), rows),
            "few": dice.poisson(2 + shift, rows),
            "nought": dice.exponential(1 + shift, rows) * (dice.random(rows) < 0.4),
            "at": [EPOCH + datetime.timedelta(seconds=int(one)) for one in moments],
            "day": [(EPOCH + datetime.timedelta(seconds=int(one))).date() for one in moments],
            "wait": [datetime.timedelta(seconds=int(one)) for one in moments],
            "words": np.char.mod("v%d", dice.zipf(1.6 + shift, rows).clip(0, 5000)),
            "users": np.char.mod("u%d", dice.integers(0, 800, rows)),
        }
    )


@pytest.mark.parametrize("shift", [0.0, 0.2, 0.6])
def test_profiles_give_nearly_the_figures_of_the_rows(shift):
    """Of 4,000 rows each: distance within the stated resolution, index within 0.02 and a tenth, the same verdicts."""
    dice = np.random.default_rng(2)
    sides = table(4000, dice), table(4000, dice, shift)
    exact, near = drift(*sides), drift(*map(surveyed, sides))
    for column in exact.columns:
        other = near.column(column.name)
        figures, coarse = column.figures, other.figures
        if "ks" in figures:
            assert abs(figures["ks"] - coarse["ks"]) <= coarse.get("resolution", 0.0) + 1e-3, column.name
            assert coarse.get("resolution", 0.0) <= 0.02 + 1e-9
        gone = abs(figures["psi_corrected"] - coarse["psi_corrected"])  # of users hardly one is frequent
        assert gone <= 0.02 + 0.1 * figures["psi"], column.name
        if abs((column.effect or 0) - 1) > 0.15 and abs((column.effect or 0) - 0.5) > 0.1:
            assert other.verdict == column.verdict, (column.name, column.reason, other.reason)
    assert near.column("few").figures.get("resolution", 0.0) == 0.0


def test_frequent_values_alone_raise_no_alarm():
    """Of sides of very different size the frequent values are not the same ones: that is chance, not drift."""
    for seed in range(12):
        dice = np.random.default_rng(seed)
        found = drift(surveyed(table(300, dice)), surveyed(table(3000, dice)))
        assert not found.drifted and not found.slight, [one.reason for one in found.columns if one.verdict != "none"]


def test_a_frequent_value_that_vanished_is_seen_without_its_count():
    """A profile that names its hundred most frequent values says of another one that it is rarer than those."""
    dice = np.random.default_rng(1)
    tail = np.char.mod("rare%d", dice.integers(0, 400, 4000))
    before = pl.DataFrame({"c": [*tail, *["often"] * 4000]})
    after = pl.DataFrame({"c": [*tail, *tail]})
    column = drift(surveyed(before), surveyed(after)).column("c")
    assert column.verdict == "drift" and column.figures["total_variation"] > 0.4
    assert "new" not in column.figures and "vanished" not in column.figures


def test_counts_that_may_be_too_low_are_taken_as_near_to_no_change_as_they_may_be():
    """Where a profile's counts miss up to 300 rows each, a difference of 250 is none, and one of 900 is."""

    def made(often, missed):
        column = {"name": "c", "type": "text", "kind": "text", "nulls": 0, "distinct": 9000, "distinct_exact": False}
        top = [["a", often], ["b", 2000]]
        return Profile(10_000, ({**column, "top": top, "top_exact": False, "top_missed": missed},), "profile.2")

    for often, missed, significant in ((3750, 300, False), (3750, 0, True), (3100, 300, True)):
        (column,) = drift(made(4000, 0), made(often, missed)).columns
        assert (column.aspects[-1].q <= 0.01) is significant
