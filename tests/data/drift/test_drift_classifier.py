"""The two-sample classifier: it sees what no column shows alone, and nothing where nothing changed."""

from __future__ import annotations

import datetime

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from solvent.data.drift import drift, two_sample
from solvent.data.drift.classifier.scoring import area, delong_variance
from solvent.errors import InputError, NotFound


def pair(correlation, n=2500, seed=0):
    """Two columns of normal numbers with this correlation, and a category."""
    dice = np.random.default_rng(seed)
    first, other = dice.standard_normal(n), dice.standard_normal(n)
    second = correlation * first + (1 - correlation**2) ** 0.5 * other
    return pl.DataFrame({"x": first, "y": second, "c": dice.choice(["a", "b", "ü"], n)})


@pytest.mark.slow
def test_a_correlation_that_turned_is_seen():
    """Each column alone is as before, the two together are not: they are named, the category is not."""
    before, after = pair(0.8), pair(-0.8, seed=1)
    assert not drift(before, after).drifted
    told = two_sample(before, after, seed=3)
    assert told.verdict == "drift" and told.low < told.auc < told.high and told.p < 1e-12
    assert {name for name, lost in told.columns[:2] if lost > 0.1} == {"x", "y"} and told.columns[2][1] < 0.02


@pytest.mark.slow
def test_the_same_seed_gives_the_same_figures():
    """Twice alike, and otherwise with another seed; the record is plain JSON."""
    before, after = pair(0.5, 400), pair(0.2, 400, seed=1)
    first, second, other = (two_sample(before, after, seed=one).to_json() for one in (3, 3, 4))
    assert first == second != other and first["verdict"] in ("none", "slight", "drift")


def test_what_tells_rows_apart_by_itself_is_left_out():
    """Times, running numbers, identifiers, lists, changed types and columns of one side are left out by name."""
    n = 300
    start = datetime.datetime(2024, 1, 1)

    def made(first, kind):
        rows = range(first, first + n)
        return pair(0.1, n, seed=first).with_columns(
            pl.Series("id", [f"id-{row}" for row in rows]), pl.Series("row", list(rows)),
            pl.Series("at", [start + datetime.timedelta(hours=row) for row in rows]), pl.Series("list", [[1]] * n),
            pl.Series("kind", [kind] * n), pl.Series(f"only {first}", [1] * n),
        )  # fmt: skip

    told = two_sample(made(0, 1), made(1000, "1"), seed=0)
    assert {name for name, _ in told.left_out} == {"id", "row", "at", "list", "kind", "only 0", "only 1000"}
    assert told.verdict == "none"
    assert two_sample(made(0, 1), made(1000, "1"), seed=0, features=["row"]).auc > 0.99


def test_sides_that_cannot_be_told_apart_by_anyone_are_refused():
    """Too few rows, no usable column, and an unknown feature are named."""
    with pytest.raises(InputError, match="needs 20 rows"):
        two_sample(pair(0).head(5), pair(0), seed=0)
    with pytest.raises(InputError, match="no column is left"):
        two_sample(pair(0).select(pl.struct("x")), pair(0).select(pl.struct("x")), seed=0)
    with pytest.raises(NotFound, match="no|not both"):
        two_sample(pair(0), pair(0), seed=0, features=["z"])


def test_the_area_is_that_of_scikit_learn_and_its_variance_that_of_resampling():
    """Ties count half; DeLong's variance is near what 400 bootstrap draws give."""
    dice = np.random.default_rng(1)
    low, high = np.round(dice.normal(0, 1, 300), 1), np.round(dice.normal(0.5, 1, 200), 1)
    side = np.repeat([0, 1], [300, 200])
    assert area(low, high) == pytest.approx(roc_auc_score(side, np.concatenate([low, high])))
    drawn = [area(dice.choice(low, 300), dice.choice(high, 200)) for _ in range(400)]
    assert delong_variance(low, high) == pytest.approx(np.var(drawn), rel=0.25)


@pytest.mark.slow
def test_nothing_is_found_where_nothing_changed():
    """Of 15 pairs of one population hardly any has a p-value of at most 0.05, and none is called drift."""
    found = [two_sample(pair(0.5, 300, seed=2 * one), pair(0.5, 300, seed=2 * one + 1), seed=one) for one in range(15)]
    assert sum(one.p <= 0.05 for one in found) <= 3
    assert all(one.verdict != "drift" for one in found)
    assert abs(np.mean([one.auc for one in found]) - 0.5) < 0.015
