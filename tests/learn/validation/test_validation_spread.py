"""The mean over folds is as sure as folds that share rows to learn from allow, and no surer."""

from __future__ import annotations

import math

import pytest

from solvent.learn.validation.spread import spread_over, t_chance, t_quantile


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 9, 10, 29, 99, 100])
def test_students_t_is_that_of_scipy(freedom: int) -> None:
    """Chance and quantile, for odd and even degrees of freedom."""
    stats = pytest.importorskip("scipy.stats")
    for t in (0.0, 0.1, 1.0, 2.5, 40.0):
        assert t_chance(t, freedom) == pytest.approx(1 - 2 * stats.t.sf(t, freedom), abs=1e-12)
    for chance in (0.5, 0.95, 0.999):
        assert t_quantile(chance, freedom) == pytest.approx(stats.t.ppf((1 + chance) / 2, freedom), rel=1e-9)


def test_the_interval_is_wider_than_that_of_independent_folds() -> None:
    """Five folds of which a fourth is tested on for each row learnt from: (1/5 + 1/4) in the place of 1/5."""
    made = spread_over([0.8, 0.82, 0.78, 0.81, 0.79], 0.25)
    assert made.mean == pytest.approx(0.8) and made.deviation == pytest.approx(math.sqrt(0.00025))
    assert made.error == pytest.approx(math.sqrt((0.2 + 0.25) * 0.00025))
    figure = made.figure()
    assert figure.low is not None and figure.high is not None
    assert (figure.high - figure.low) / 2 == pytest.approx(2.7764451 * math.sqrt(0.45 * 0.00025))
    gain = made.difference()
    assert gain.p is not None and 0 < gain.p < 1e-5


def test_folds_where_a_figure_is_not_defined_are_left_out() -> None:
    """And counted; of one fold there is no interval, of none no mean, of equal ones no chance."""
    assert spread_over([None, 0.5, math.nan, 0.7], 0.5).folds == 2
    one = spread_over([None, 0.5], 0.5)
    assert (one.mean, one.deviation, one.figure().low, one.difference().p) == (0.5, None, None, None)
    assert spread_over([None, None], 0.5).figure().value is None
    alike = spread_over([0.5, 0.5], 0.5)
    assert alike.figure().low == alike.figure().high == 0.5 and alike.difference().p is None
