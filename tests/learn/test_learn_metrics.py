"""Figures of merit and their intervals, held against scikit-learn's and against theory."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from solvent.learn.measures.intervals import draw_figures, measure_once, summarise
from solvent.learn.measures.metrics import Classified, Regressed


@pytest.mark.parametrize("digits", [1, 2, 15])
@pytest.mark.parametrize("rows", [10, 500])
def test_two_classes_agree_with_scikit_learn(rows: int, digits: int) -> None:
    """Every figure equals scikit-learn's, with few and with many equal scores."""
    random = np.random.default_rng(rows + digits)
    truth = (random.random(rows) < 0.4).astype(int)
    truth[:2] = 0, 1
    score = random.random(rows).round(digits)
    found = measure_once(Classified(truth, np.column_stack([1 - score, score])))
    chosen = np.column_stack([1 - score, score]).argmax(axis=1)
    assert found == pytest.approx(
        {
            "roc_auc": metrics.roc_auc_score(truth, score),
            "average_precision": metrics.average_precision_score(truth, score),
            "log_loss": metrics.log_loss(truth, score),
            "brier": metrics.brier_score_loss(truth, score),
            "accuracy": metrics.accuracy_score(truth, chosen),
            "f1": metrics.f1_score(truth, chosen, zero_division=0),
            "precision": metrics.precision_score(truth, chosen, zero_division=0),
            "recall": metrics.recall_score(truth, chosen, zero_division=0),
            "calibration_error": found["calibration_error"],
        },
        rel=1e-12,
    )


def test_many_classes_agree_with_scikit_learn() -> None:
    """With three classes: means over classes, log loss and accuracy over rows."""
    random = np.random.default_rng(0)
    truth = random.integers(0, 3, 400)
    raw = random.random((400, 3)) + np.eye(3)[truth] * 0.4
    probability = raw / raw.sum(axis=1, keepdims=True)
    found = measure_once(Classified(truth, probability))
    assert found["roc_auc"] == pytest.approx(metrics.roc_auc_score(truth, probability, multi_class="ovr"))
    assert found["average_precision"] == pytest.approx(metrics.average_precision_score(np.eye(3)[truth], probability))
    assert found["log_loss"] == pytest.approx(metrics.log_loss(truth, probability))
    assert found["f1"] == pytest.approx(metrics.f1_score(truth, probability.argmax(axis=1), average="macro"))
    chosen = probability.argmax(axis=1)
    assert found["f1_weighted"] == pytest.approx(metrics.f1_score(truth, chosen, average="weighted"))
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(truth, chosen))


@pytest.mark.parametrize("shift", [0.0, 1e6])
def test_regression_agrees_with_scikit_learn(shift: float) -> None:
    """Also where the numbers are large and close together."""
    random = np.random.default_rng(1)
    truth = random.normal(size=300) + shift + 10
    prediction = truth + random.normal(size=300) / 3
    found = measure_once(Regressed(truth, prediction))
    assert found == pytest.approx(
        {
            "mae": metrics.mean_absolute_error(truth, prediction),
            "rmse": metrics.root_mean_squared_error(truth, prediction),
            "r2": metrics.r2_score(truth, prediction),
            "mape": metrics.mean_absolute_percentage_error(truth, prediction),
        },
        rel=1e-9,
    )


def test_a_weighting_is_the_same_as_repeated_rows() -> None:
    """A row that was drawn three times counts as three rows, in every figure."""
    random = np.random.default_rng(2)
    truth, score = random.integers(0, 2, 60), random.random(60).round(1)
    weights = random.integers(0, 4, 60)
    weighted = Classified(truth, np.column_stack([1 - score, score])).figures(weights[None, :].astype(float))
    truth, score = np.repeat(truth, weights), np.repeat(score, weights)
    repeated = measure_once(Classified(truth, np.column_stack([1 - score, score])))
    assert {name: float(value[0]) for name, value in weighted.items()} == pytest.approx(repeated)


def test_one_class_only_is_undefined_and_never_nan() -> None:
    """Without both classes there is no ROC AUC; the others are there."""
    found = measure_once(Classified(np.zeros(5, dtype=int), np.tile([0.7, 0.3], (5, 1))))
    assert summarise(found["roc_auc"], np.empty(0)).value is None
    assert summarise(found["log_loss"], np.empty(0)).value == pytest.approx(-np.log(0.7))


def test_regression_without_spread_has_no_share_of_variance() -> None:
    """A constant target leaves R² undefined, also exactly constant ones far from zero; a zero leaves MAPE out."""
    found = measure_once(Regressed(np.full(9, 1e9), np.arange(9.0)))
    assert summarise(found["r2"], np.empty(0)).value is None
    assert "mape" not in measure_once(Regressed(np.arange(3.0), np.ones(3)))


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    """Over 200 samples, the 95 % interval of a mean holds the true mean about 95 times of 100."""
    random = np.random.default_rng(3)
    held = 0
    for trial in range(200):
        error = random.exponential(size=80)
        measures = Regressed(np.zeros(80), error)
        interval = summarise(measure_once(measures)["mae"], draw_figures(measures, 300, trial)["mae"])
        assert interval.low is not None and interval.high is not None
        held += interval.low <= 1.0 <= interval.high
    assert 0.88 <= held / 200 <= 0.99


def test_rows_that_belong_together_are_drawn_together() -> None:
    """Where the rows of a block are copies, intervals over blocks are wide enough, over rows too narrow."""
    random = np.random.default_rng(4)
    blocks = np.repeat(np.arange(30), 50)
    measures = Regressed(np.zeros(1500), np.repeat(random.normal(size=30), 50) + 5)
    rows, whole = (draw_figures(measures, 500, 0, one)["mae"].std() for one in (None, blocks))
    assert whole == pytest.approx(1 / np.sqrt(30), rel=0.35)
    assert whole > 4 * rows


def test_draws_follow_from_their_seed_and_not_from_how_many_are_held_at_a_time() -> None:
    """The same seed gives the same draws, another one others."""
    measures = Regressed(np.arange(100.0), np.arange(100.0) + np.sin(np.arange(100)))
    first, again, other = (draw_figures(measures, 50, seed)["mae"] for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_the_calibration_error_is_the_distance_of_what_was_said_from_what_was_found() -> None:
    """Nothing for probabilities that are right, and their shift for those that are off by it."""
    random = np.random.default_rng(2)
    score = random.uniform(0.1, 0.8, 200_000)
    truth = (random.random(200_000) < score).astype(int)
    right = measure_once(Classified(truth, np.column_stack([1 - score, score])))
    off = measure_once(Classified(truth, np.column_stack([0.9 - score, score + 0.1])))
    assert right["calibration_error"] < 0.01 and off["calibration_error"] == pytest.approx(0.1, abs=0.01)
    three = np.column_stack([score / 2, score / 2, 1 - score])
    drawn = np.array([random.choice(3, p=one) for one in three[:20_000]])
    assert measure_once(Classified(drawn, three[:20_000]))["calibration_error"] < 0.015


def test_a_part_is_measured_like_rows_of_its_own() -> None:
    """Figures and losses of some rows are those of a table with only these rows."""
    random = np.random.default_rng(3)
    truth, score = random.integers(0, 2, 300), random.random(300)
    probability, inside = np.column_stack([1 - score, score]), score > 0.3
    chosen = (score > 0.6).astype(int)
    part = Classified(truth, probability, chosen).part(inside)
    alone = Classified(truth[inside], probability[inside], chosen[inside])
    assert measure_once(part) == measure_once(alone) and np.array_equal(part.loss(), alone.loss())
    assert measure_once(part)["accuracy"] == np.mean((score[inside] > 0.6) == truth[inside])
    numbers = Regressed(score, score**2).part(inside)
    assert measure_once(numbers) == measure_once(Regressed(score[inside], score[inside] ** 2))
