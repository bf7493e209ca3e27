"""The measures: as SciPy has them, as their formulas say by hand, and near it from a grid of a profile."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from solvent.data.drift.measures.curves import (
    curve_of_knots,
    curve_of_values,
    cut,
    kolmogorov,
    quantile,
    shares,
    wasserstein,
)
from solvent.data.drift.measures.shares import (
    compare_cells,
    correct,
    jensen_shannon,
    kolmogorov_p,
    pool,
    proportions_p,
    stability,
)

DICE = np.random.default_rng(3)
PAIRS = {
    "normal": (DICE.standard_normal(900), DICE.standard_normal(1300) * 1.2 + 0.3),
    "tied": (DICE.poisson(3, 700).astype(float), DICE.poisson(4, 650).astype(float)),
    "heavy": (DICE.standard_cauchy(500), DICE.standard_cauchy(800) + 1),
    "mostly nought": (DICE.exponential(1, 800) * (DICE.random(800) < 0.2), DICE.exponential(2, 900)),
    "one each": (np.array([1.0]), np.array([2.0])),
    "constant": (np.full(50, 7.0), np.full(60, 7.0)),
}


def grid(values):
    """The 101 values at ranks 0, 0.01 … 1, as a profile has them."""
    return np.sort(values)[(np.linspace(0, 1, 101) * (len(values) - 1)).astype(int)]


@pytest.mark.parametrize("name", PAIRS)
def test_curves_give_the_figures_of_scipy(name):
    """Kolmogorov–Smirnov with its p-value, and Wasserstein-1, to the last digits."""
    first, second = PAIRS[name]
    one, other = curve_of_values(first), curve_of_values(second)
    method = "exact" if min(len(first), len(second)) <= 100 else "asymp"
    known = stats.ks_2samp(first, second, method=method)
    assert kolmogorov(one, other) == pytest.approx(known.statistic, abs=1e-12)
    assert kolmogorov_p(kolmogorov(one, other), len(first), len(second)) == pytest.approx(known.pvalue, rel=1e-9)
    assert wasserstein(one, other) == pytest.approx(stats.wasserstein_distance(first, second), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (2, 3), (5, 5), (12, 40), (100, 37), (3, 20_000), (90, 9_000)])
def test_small_samples_have_the_exact_p_value(n, m):
    """As SciPy's exact method counts them: five against five wholly apart is 2 in 252, not impossible."""
    dice = np.random.default_rng(n)
    for shift in (0.0, 0.5, 9.0):
        first, second = dice.standard_normal(n), dice.standard_normal(m) + shift
        known = stats.ks_2samp(first, second, method="exact")
        assert kolmogorov_p(known.statistic, n, m) == pytest.approx(known.pvalue, rel=1e-6, abs=1e-11)


def test_counts_give_the_figures_of_scipy():
    """Chi-square without correction, its p-value, Cramér's V, and the Jensen–Shannon distance to base 2."""
    before, after = np.array([50.0, 30, 20, 900]), np.array([80.0, 25, 40, 655])
    found = compare_cells(before, after, 0.01)
    known = stats.chi2_contingency(np.array([before, after]), correction=False)
    assert found.chi_square == pytest.approx(known.statistic, rel=1e-12) and found.p == pytest.approx(known.pvalue)
    cramer = stats.contingency.association(np.array([before, after]).astype(int), method="cramer")
    assert found.cramers_v == pytest.approx(cramer)
    assert found.jensen_shannon == pytest.approx(jensenshannon(before, after, base=2), rel=1e-9)
    assert jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == 1.0


def test_two_shares_are_told_apart_as_the_table_of_them_is():
    """The two-proportion test is the chi-square test of the table; with small counts it is Fisher's."""
    known = stats.chi2_contingency([[30, 970], [60, 940]], correction=False).pvalue
    assert proportions_p((30, 1000), (60, 1000)) == pytest.approx(known)
    assert proportions_p((0, 1000), (3, 900)) == pytest.approx(stats.fisher_exact([[0, 1000], [3, 897]]).pvalue)
    assert proportions_p((0, 5), (0, 9)) == proportions_p((5, 5), (9, 9)) == 1.0


def test_the_index_is_what_its_formula_gives_by_hand():
    """PSI of 10, 20, 70 % against 20, 20, 60 %: 0.1 ln 2 + 0 − 0.1 ln(6/7) = 0.0847."""
    by_hand = 0.1 * math.log(2) + (0.6 - 0.7) * math.log(0.6 / 0.7)
    assert by_hand == pytest.approx(0.0847298, abs=1e-7)
    assert stability(np.array([100.0, 200, 700]), np.array([400.0, 400, 1200])) == pytest.approx(by_hand, rel=1e-12)


def test_an_empty_cell_counts_as_half_a_row_or_one_in_ten_thousand():
    """Where a side has nothing the share is 0.5/n, and never below 0.0001: the figure stays finite."""
    few = stability(np.array([50.0, 50]), np.array([100.0, 0]))
    assert few == pytest.approx(0.5 * math.log(2) + (0.005 - 0.5) * math.log(0.005 / 0.5))
    many = stability(np.array([5e6, 5e6]), np.array([1e7, 0.0]))
    assert many == pytest.approx(0.5 * math.log(2) + (1e-4 - 0.5) * math.log(1e-4 / 0.5))


def test_chance_brings_the_index_that_is_taken_off():
    """Of no change, PSI is on average (B−1)(1/n+1/m), and above its line once in a hundred draws."""
    dice, share = np.random.default_rng(5), np.full(10, 0.1)
    found = [compare_cells(dice.multinomial(2000, share) * 1.0, dice.multinomial(800, share) * 1.0, 0.01)
             for _ in range(3000)]  # fmt: skip
    chance = 9 * (1 / 2000 + 1 / 800)
    assert found[0].chance == pytest.approx(chance)
    assert np.mean([one.psi for one in found]) == pytest.approx(chance, rel=0.05)
    assert 0.004 < np.mean([one.psi > one.line for one in found]) < 0.018


def test_small_cells_are_put_together():
    """Each cell is expected to hold five on either side; nothing is lost."""
    before, after = np.array([900.0, 80, 10, 5, 3, 2]), np.array([80.0, 9, 4, 3, 3, 1])
    first, second = pool(before, after)
    least = (first + second) * 100 / 1100
    assert (least >= 5).all() and len(first) > 1 and first.sum() == 1000 and second.sum() == 100


def test_few_rows_are_judged_by_an_exact_test():
    """Three rows that are all new against many are told by Fisher's test of the most frequent value."""
    found = compare_cells(np.array([1000.0, 0.0]), np.array([0.0, 3.0]), 0.01)
    assert found.p == pytest.approx(stats.fisher_exact([[1000, 0], [0, 3]]).pvalue)


@pytest.mark.parametrize("how", ["bh", "holm"])
def test_p_values_are_corrected_as_published(how):
    """Benjamini–Hochberg as SciPy has it, Holm by hand."""
    p = [0.01, 0.04, 0.03, 0.005, 0.9]
    if how == "bh":
        assert correct(p, how) == pytest.approx(stats.false_discovery_control(p, method="bh"))
    else:
        assert correct(p, how) == pytest.approx([0.04, 0.09, 0.09, 0.025, 0.9])
    assert correct([], how) == []


@pytest.mark.parametrize("name", PAIRS)
def test_bins_hold_all_values_and_about_equal_shares(name):
    """Shares over bins of the reference sum to one, and of a smooth reference are a tenth each."""
    one, other = map(curve_of_values, PAIRS[name])
    places, sides = cut(one, 10)
    for curve in (one, other):
        held = shares(curve, places, sides)
        assert held.sum() == pytest.approx(1) and held.min() >= -1e-12
    if name == "normal":
        assert shares(one, places, sides) == pytest.approx(np.full(10, 0.1), abs=0.002)


def test_a_value_that_fills_a_bin_is_a_bin_of_its_own():
    """Of a constant reference, values below, at and above it are told apart."""
    one = curve_of_values(np.full(50, 7.0))
    places, sides = cut(one, 10)
    other = curve_of_values(np.array([6.0, 7.0, 8.0, 8.0]))
    assert shares(one, places, sides).tolist() == [0, 1, 0]
    assert shares(other, places, sides).tolist() == [0.25, 0.25, 0.5]


@pytest.mark.parametrize("name", ["normal", "tied", "heavy", "mostly nought"])
def test_a_grid_comes_as_near_as_its_resolution_says(name):
    """From 101 values of each side, the distance is within the stated gap, and the index near that of the rows."""
    first, second = PAIRS[name]
    exact = curve_of_values(first), curve_of_values(second)
    ranks = np.linspace(0, 1, 101)
    near = [curve_of_knots(grid(one), ranks, len(one)) for one in (first, second)]
    gap = near[0].gap + near[1].gap
    assert gap == pytest.approx(0.02)
    # The grid itself stands at whole rows, hence a row of each side more.
    assert abs(kolmogorov(*near) - kolmogorov(*exact)) <= gap + 1 / len(first) + 1 / len(second)
    # Except in the outermost hundredth, where a straight line to the extreme stands for the tail.
    width = quantile(exact[0], 0.99) - quantile(exact[0], 0.01)
    if name != "heavy":
        assert abs(wasserstein(*near) - wasserstein(*exact)) <= 0.02 * width
