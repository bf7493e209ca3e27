"""Comparing two sides: what counts as drift, what does not, and why."""

from __future__ import annotations

import datetime
import json

import numpy as np
import polars as pl
import pytest

from solvent.data.drift import DriftOptions, drift, render_text
from solvent.data.drift.sides import sample_rows
from solvent.data.profile import Profile, profile
from solvent.errors import InputError, NotFound, UsageError

START = datetime.datetime(2024, 1, 1)


def normal(n, mean=0.0, seed=0, std=1.0):
    """A table of one column of normal numbers."""
    return pl.DataFrame({"x": np.random.default_rng(seed).normal(mean, std, n)})


def verdict(before, after, **more):
    """The verdict on the one column."""
    (column,) = drift(before, after, **more).columns
    return column.verdict, column.reason


def test_effect_and_certainty_have_to_come_together():
    """A tiny shift of many rows is certain but small; a large one of ten rows is too uncertain; both make drift."""
    kind, reason = verdict(normal(200_000), normal(200_000, 0.03, seed=1))
    assert kind == "none" and "certain" in reason and "but small" in reason
    kind, reason = verdict(normal(6), normal(6, 1.0, seed=3))
    assert kind == "none" and "too few rows to tell" in reason
    assert verdict(normal(2000), normal(2000, 0.35, seed=1))[0] == "slight"
    assert verdict(normal(2000), normal(2000, 0.7, seed=1))[0] == "drift"
    assert verdict(normal(2000), normal(2000, seed=1))[0] == "none"


def test_a_changed_spread_is_seen_where_the_middle_stays():
    """The index over quantile bins sees a standard deviation that doubled."""
    (column,) = drift(normal(3000), normal(3000, seed=1, std=2)).columns
    assert column.verdict == "drift" and column.figures["psi_corrected"] > 0.2
    assert column.figures["psi_line"] < 0.02 and column.figures["psi_chance"] == pytest.approx(9 * 2 / 3000)


@pytest.mark.parametrize("from_profiles", [False, True])
def test_each_kind_is_compared(from_profiles):
    """Numbers, times of day, durations, categories, text, booleans, lists and bytes that moved are each seen."""
    dice, n = np.random.default_rng(1), 2000
    cities = np.array(["Köln", "東京", "São Paulo"])

    def made(late):
        minutes = dice.integers(0, 300, n) + (200 if late else 0)
        share = [0.1, 0.2, 0.7] if late else [0.6, 0.3, 0.1]
        city = dice.choice(cities, n, p=share)
        return pl.DataFrame(
            {
                "number": dice.normal(3 * late, 1, n),
                "clock": [datetime.time(int(one) // 60, int(one) % 60) for one in minutes],
                "wait": [datetime.timedelta(minutes=int(one)) for one in minutes],
                "text": city,
                "category": pl.Series(city).cast(pl.Categorical),
                "flag": dice.random(n) < (0.8 if late else 0.3),
            }
        )

    sides = made(False), made(True)
    found = drift(*map(profile, sides)) if from_profiles else drift(*sides)
    assert set(found.drifted) == {"number", "clock", "wait", "text", "category", "flag"}
    assert found.basis == ("profiles" if from_profiles else "rows") and bool(found)
    assert not drift(made(False), made(False)).drifted


def test_lists_bytes_and_text_are_compared_by_length():
    """Longer lists and bytes are drift; text that never repeats is compared by its length, not its values."""
    dice, n = np.random.default_rng(1), 500

    def made(size):
        lengths = dice.integers(size, size + 5, n)
        return pl.DataFrame(
            {
                "list": [list(range(one)) for one in lengths],
                "bytes": [b"x" * int(one) for one in lengths],
                "prose": [f"{row:04d}{size}" + "y" * int(one) for row, one in enumerate(lengths)],
                "struct": [{"a": int(one)} for one in lengths],
            }
        )

    found = drift(made(3), made(9))
    assert set(found.drifted) == {"list", "bytes", "prose"}
    assert "identifier" in found.column("prose").reason and "lengths" in found.column("prose").reason
    assert not drift(made(3), made(3)).drifted


def test_schema_changes_are_named():
    """A column that came, one that went and one that changed its kind are drift; another width is slight."""
    before = pl.DataFrame({"gone": [1, 2], "kind": [1, 2], "width": [1, 2]})
    after = pl.DataFrame({"new": [1, 2], "kind": ["1", "2"], "width": pl.Series([1, 2], dtype=pl.Int32)})
    found = drift(before, after)
    assert {one.name: one.verdict for one in found.columns} == {
        "gone": "drift", "new": "drift", "kind": "drift", "width": "slight",
    }  # fmt: skip
    assert "int64 → text" in found.column("kind").reason and found.column("new").types == (None, "int64")
    assert found.columns[-1].name == "width" and found.column("gone").effect is None


def test_missing_infinite_and_nan_are_told_apart():
    """More missing values are drift of their own; NaN counts as missing, infinity does not."""
    before = pl.DataFrame({"x": [1.0, 2.0] * 500})
    nans = pl.DataFrame({"x": [1.0, 2.0, 2.0, 1.0, float("nan")] * 200})
    (column,) = drift(before, nans).columns
    assert column.verdict == "drift" and "missing 0.0% → 20.0%" in column.reason
    infinite = pl.DataFrame({"x": [1.0, 2.0, 2.0, 1.0, float("inf")] * 200})
    (column,) = drift(before, infinite).columns
    assert "infinite 0.0% → 20.0%" in column.reason and column.figures["missing_after"] == 0
    (column,) = drift(before, pl.DataFrame({"x": [None] * 50}, schema={"x": pl.Float64})).columns
    assert column.verdict == "drift" and "values before only" in column.reason


@pytest.mark.parametrize("from_profiles", [False, True])
def test_new_and_vanished_categories_are_named_with_their_share(from_profiles):
    """What only one side has is listed; a single row that never occurred before is not drift."""
    before = pl.DataFrame({"c": ["a"] * 500 + ["b"] * 480 + ["old"] * 20})
    after = pl.DataFrame({"c": ["a"] * 500 + ["b"] * 420 + ["new"] * 80})
    sides = (profile(before), profile(after)) if from_profiles else (before, after)
    column = drift(*sides).column("c")
    assert column.figures["new"] == [["new", 0.08]] and column.figures["vanished"] == [["old", 0.02]]
    assert column.verdict == "drift" and "new: 'new' with 8.0% of the rows" in column.reason
    once = pl.DataFrame({"c": ["a"] * 500 + ["b"] * 480 + ["old"] * 19 + ["odd"]})
    assert drift(before, once).column("c").verdict == "none"


def test_a_code_that_counts_on_is_no_drift():
    """Though the number in it gets longer; prose that gets longer is."""
    one = pl.DataFrame({"id": [f"ORD-{n}" for n in range(9_000, 10_000)]})
    other = pl.DataFrame({"id": [f"ORD-{n}" for n in range(10_000, 11_000)]})
    assert drift(one, other).column("id").verdict == "none"


def test_identifiers_and_running_numbers_are_no_drift():
    """Ids that are all new: of text, dense numbers, numbers that count on; rare repeated values are no drift either."""
    dice, n = np.random.default_rng(2), 3000

    def made(start):
        return pl.DataFrame(
            {
                "uuid": [f"{one:032x}" for one in dice.integers(0, 2**63, n)],
                "row": pl.int_range(start, start + n, eager=True),
                "sparse": pl.Series(start * 7 + np.cumsum(dice.integers(1, 12, n))),
                "user": [f"u{one}" for one in dice.integers(0, 20_000, n)],
            }
        )

    found = drift(made(0), made(50_000))
    assert not found.drifted and not found.slight
    assert "identifier" in found.column("uuid").reason
    assert "running number" in found.column("row").reason and "running number" in found.column("sparse").reason


def test_times_that_move_on_are_no_drift_unless_asked():
    """Later days, a table that grew and a window that slid move on, as times or as text; other times drift."""
    dice, n = np.random.default_rng(4), 2000

    def days(first, last, count=n):
        seconds = np.sort(dice.uniform(first * 86_400, last * 86_400, count)).astype(int)
        return [START + datetime.timedelta(seconds=int(one)) for one in seconds]

    month = days(0, 30)
    cases = {
        "later": (month, days(150, 180)),
        "grown": (month, [*month, *days(30, 45, n // 2)]),
        "slid": (month, days(7, 37)),
        "day": ([START] * 50, [START + datetime.timedelta(days=1)] * 50),
    }
    for name, (before, after) in cases.items():
        sides = [pl.DataFrame({"at": one}) for one in (before, after)]
        kind, reason = verdict(*sides)
        assert kind == "none" and "moves on" in reason and "2024-01-01" in reason, name
        assert verdict(*map(profile, sides))[0] == "none"
        assert verdict(*sides, options=DriftOptions(compare_moving=True))[0] == "drift"
        if name == "later":
            kind, reason = verdict(*(one.select(pl.col("at").dt.to_string("iso:strict")) for one in sides))
            assert kind == "none" and "times as text that move on" in reason
    births = [pl.DataFrame({"born": days(0, last)}) for last in (9000, 6000)]
    assert verdict(*births)[0] == "drift"


@pytest.mark.parametrize("from_profiles", [False, True])
@pytest.mark.parametrize("value", [5, "five", True, 2.5])
def test_constant_columns(value, from_profiles):
    """The same constant is no drift; another constant is, on whichever side of the first."""
    other = {5: 4, "five": "four", True: False, 2.5: 3.5}[value]
    before, same, moved = (pl.DataFrame({"x": [one] * 200}) for one in (value, value, other))
    make = profile if from_profiles else pl.DataFrame.clone
    assert verdict(make(before), make(same))[0] == "none"
    assert verdict(make(before), make(moved))[0] == "drift" == verdict(make(moved), make(before))[0]


def test_one_row_and_all_missing_are_judged_quietly():
    """One row each tells nothing; columns without any value on both sides neither."""
    assert verdict(pl.DataFrame({"x": [1]}), pl.DataFrame({"x": [900]}))[0] == "none"
    assert verdict(pl.DataFrame({"x": ["a"]}), pl.DataFrame({"x": ["b"]}))[0] == "none"
    empty = pl.DataFrame({"x": [None, None], "y": pl.Series([None, None], dtype=pl.String), "z": [float("nan")] * 2})
    assert not drift(empty, empty).drifted
    huge = pl.DataFrame({"x": [1e308, -1e308] * 50, "n": pl.Series([2**64 - 1, 0] * 50, dtype=pl.UInt64)})
    assert not drift(huge, huge).drifted and json.dumps(drift(huge, huge).to_json(), allow_nan=False)


def test_bad_calls_say_what_to_do():
    """An empty side, an unknown column, what is no table and a wrong alpha are each named."""
    with pytest.raises(InputError, match="'after' has no rows"):
        drift(normal(5), normal(0))
    with pytest.raises(NotFound, match="Did you mean 'price'"):
        drift(normal(5), normal(5).rename({"x": "price"}), columns=["prise"])
    with pytest.raises(InputError, match="tables or profiles, not list"):
        drift([1], [2])
    with pytest.raises(UsageError, match="alpha"):
        drift(normal(5), normal(5), alpha=1.5)
    with pytest.raises(UsageError, match="distance has to be above 0"):
        drift(normal(5), normal(5), options=DriftOptions(distance=0))
    with pytest.raises(NotFound, match="no column 'q'"):
        drift(normal(5), normal(5)).column("q")


@pytest.mark.parametrize("how", ["lazy", "pandas", "arrow", "reader"])
def test_every_frame_is_compared_alike(how):
    """A lazy frame, pandas, Arrow and a stream give what Polars gives, sampled the same rows or all."""
    before, after = normal(5000), normal(5000, 1, seed=1)
    make = {
        "lazy": pl.DataFrame.lazy, "pandas": lambda one: one.to_pandas(), "arrow": lambda one: one.to_arrow(),
        "reader": lambda one: one.to_arrow().to_reader(max_chunksize=700),
    }[how]  # fmt: skip
    for sample in (1_000_000, 1000):
        options = DriftOptions(sample=sample)
        known = drift(before, after, options=options)
        assert drift(make(before), make(after), options=options).to_json() == known.to_json()
        assert known.rows == (5000, 5000) and known.looked_at == (min(sample, 5000),) * 2


def test_a_sample_is_seeded_and_recorded():
    """The same seed draws the same rows in whatever pieces they come, in their order; another draws others."""
    table = pl.DataFrame({"x": range(20_000)})
    first, rows = sample_rows(table, None, 500, 1)
    second, _ = sample_rows(table.lazy(), None, 500, 1)
    other, _ = sample_rows(table, None, 500, 2)
    assert rows == 20_000 and first.equals(second) and not first.equals(other) and first["x"].is_sorted()
    assert 9000 < first["x"].mean() < 11_000
    text = render_text(drift(table, table, options=DriftOptions(sample=500, seed=7)))
    assert "a sample of 500 and 500 rows (seed 7)" in text


def test_columns_are_chosen_and_ranked_by_effect():
    """Only those named are compared; the strongest effect stands first, and the text shows it first."""
    dice = np.random.default_rng(3)
    before = pl.DataFrame({name: dice.normal(0, 1, 1000) for name in "abc"})
    after = pl.DataFrame({"a": dice.normal(0.6, 1, 1000), "b": dice.normal(3, 1, 1000), "c": dice.normal(0, 1, 1000)})
    found = drift(before, after, columns=["a", "b"])
    assert [one.name for one in found.columns] == ["b", "a"] and found.drifted == ("b", "a")
    lines = render_text(drift(before, after)).splitlines()
    assert [line.split()[:2] for line in lines[4:]] == [["drift", "b"], ["drift", "a"], ["none", "c"]]
    assert "█" in lines[4]


@pytest.mark.parametrize("width", [200, pytest.param(5000, marks=pytest.mark.slow)])
def test_wide_tables_with_hostile_names(width):
    """Of many columns that did not change none drifts, and no control sign of a name is shown."""
    dice = np.random.default_rng(0)
    names = [f"column {number}" for number in range(width - 1)] + ["\x1b[31m=cmd()\n<b>"]
    before, after = (pl.DataFrame(dice.normal(0, 1, (60, width)), schema=names) for _ in range(2))
    found = drift(before, after)
    assert len(found.columns) == width == found.tests and not found.drifted
    text = render_text(found, every=True)
    assert "\x1b" not in text and len(text.splitlines()) == width + 4 and len(render_text(found).splitlines()) == 25


def test_a_column_called_like_a_pattern_is_just_that_column():
    """In profiles, drift and its classifier: Polars would take ``^x$`` for all names that fit it."""
    dice = np.random.default_rng(3)
    rows = {"^x$": dice.normal(0, 1, 500), "x": dice.normal(5, 1, 500), "^.*$": dice.choice(["a", "b"], 500)}
    before = pl.DataFrame(rows)
    after = pl.DataFrame({**rows, "^x$": dice.normal(3, 1, 500)})
    assert profile(before).column("^x$")["mean"] == pytest.approx(rows["^x$"].mean())
    found = drift(before, after)
    assert found.drifted and [one.name for one in found.columns if one.verdict == "drift"] == ["^x$"]
    assert [one.name for one in drift(before.lazy(), after.lazy(), columns=["^x$"]).columns] == ["^x$"]


def test_a_profile_of_either_version_will_do():
    """Profiles survive JSON; with few known ranks the distance is coarse, which the figures say."""
    dice = np.random.default_rng(8)
    tables = [pl.DataFrame({"x": dice.normal(mean, 1, 4000)}) for mean in (0, 0, 2)]
    same, also, moved = (Profile.from_json(json.loads(json.dumps(profile(one).to_json()))) for one in tables)
    assert not drift(same, also).drifted
    column = drift(same, moved).column("x")
    assert column.verdict == "drift" and column.figures["resolution"] > 0
    assert drift(same, tables[2]).basis == "profiles" and drift(tables[0], moved).drifted == ("x",)


def test_pictures_are_drawn_of_profiles():
    """Columns that drifted have a picture where both sides are profiles."""
    before, after = profile(normal(500)), profile(normal(500, 2, seed=1))
    assert set(drift(before, after).pictures()) == {"x"}
    assert drift(normal(500), normal(500, 2, seed=1)).pictures() == {}


def test_holm_is_stricter_than_benjamini_and_hochberg():
    """With many columns that drift, Holm's corrected p-values are never below the others."""
    dice = np.random.default_rng(3)
    before = pl.DataFrame({f"c{one}": dice.normal(0, 1, 300) for one in range(20)})
    after = pl.DataFrame({f"c{one}": dice.normal(one / 20, 1, 300) for one in range(20)})
    loose, strict = drift(before, after), drift(before, after, options=DriftOptions(correction="holm"))
    pairs = [(one.aspects[0].q, strict.column(one.name).aspects[0].q) for one in loose.columns]
    assert all(q <= other + 1e-15 for q, other in pairs) and any(q < other for q, other in pairs)
