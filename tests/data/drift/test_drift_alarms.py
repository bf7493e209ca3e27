"""How often drift is found: rarely where nothing changed, nearly always where something did."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from solvent.data.drift import drift


def draw(rows, dice, shift=0.0):
    """Twenty columns of one population: smooth, skewed, counted, mostly nought, categories, with gaps."""
    made = {f"normal {one}": dice.normal(shift, 1, rows) * (one + 1) for one in range(8)}
    made |= {f"skewed {one}": dice.lognormal(shift, 1 + one / 2, rows) for one in range(3)}
    made |= {f"counted {one}": dice.poisson(2 + 10 * one, rows) for one in range(3)}
    made["mostly nought"] = dice.exponential(1, rows) * (dice.random(rows) < 0.3)
    made["flag"] = dice.random(rows) < 0.1
    made |= {f"words {most}": np.char.mod("v%d", np.minimum(dice.zipf(1.5, rows), most)) for most in (3, 30, 400)}
    made["gaps"] = np.where(dice.random(rows) < 0.1, np.nan, dice.standard_normal(rows))
    return pl.DataFrame(made)


@pytest.mark.slow
@pytest.mark.parametrize(("rows", "later", "draws"), [(200, 200, 200), (2000, 2000, 200), (200, 5000, 200),
                                                      (200_000, 200_000, 5)])  # fmt: skip
def test_alarms_are_rare_where_nothing_changed(rows, later, draws):
    """With alpha 0.01 at most 3 % (2 of 5) of comparisons of 20 columns are significant, and fewer are a change."""
    significant = changed = 0
    for seed in range(draws):
        dice = np.random.default_rng(seed)
        found = drift(draw(rows, dice), draw(later, dice))
        assert len(found.columns) == 20
        significant += any(one.q <= 0.01 for column in found.columns for one in column.aspects)
        changed += bool(found.drifted or found.slight)
    assert significant <= max(2, 0.03 * draws) and changed <= significant


@pytest.mark.slow
@pytest.mark.parametrize(("rows", "shift", "least"), [(200, 0.8, 0.95), (2000, 0.6, 0.95), (2000, 0.1, 0.0)])
def test_known_shifts_are_found(rows, shift, least):
    """Eight columns moved by 0.8 deviations in 200 rows, or 0.6 in 2,000, drift; moved by 0.1 they do not."""
    hits = 0
    for seed in range(25):
        dice = np.random.default_rng(1000 + seed)
        found = drift(draw(rows, dice), draw(rows, dice, shift))
        hits += sum(name.startswith("normal") for name in found.drifted)
    assert hits >= least * 200 if least else hits == 0


def test_an_alarm_in_a_small_table_is_rare():
    """Thirty draws of forty rows each: nothing is called drift."""
    dice = np.random.default_rng(4)
    found = [drift(draw(40, dice), draw(40, dice)) for _ in range(10)]
    assert not any(one.drifted or one.slight for one in found)
