"""Evaluation: the report's figures, its baseline, and what it refuses."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import roc_auc_score

from solvent.errors import InputError, SettingsError
from solvent.learn import Report, assemble, evaluate, fit, train, transform


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    random = np.random.default_rng(0)
    x = random.normal(size=600)
    days = [dt.datetime(2020, 1, 1) + dt.timedelta(hours=one) for one in range(600)]
    noise = random.normal(size=600)
    why = np.where(x > 0, "u", "v")
    return pl.DataFrame({"x": x, "t": days, "late": x + noise > 0, "delay": 3 * x + noise, "why": why})


def judged(rows: pl.DataFrame, target: str, use: type, **settings: object) -> Report:
    features = fit(rows.select("x", target), target=target)
    model = train(transform(features, rows), target=target, seed=0, use=use)
    return evaluate(assemble(features, model), rows, target=target, seed=1, **settings)  # type: ignore[arg-type]


def test_a_classifier_is_judged_on_the_very_rows(rows: pl.DataFrame) -> None:
    """The figures are those of the predictor's own probabilities, inside their intervals, above the baseline."""
    report = judged(rows, "late", LogisticRegression)
    assert report["roc_auc"] == pytest.approx(roc_auc_score(rows["late"], rows["x"]))
    for figure in report.figures.values():
        assert figure.value is not None and figure.low is not None and figure.high is not None
        assert figure.low <= figure.value <= figure.high
    assert report.baseline["roc_auc"].value == 0.5
    assert report.gain["log_loss"].low is not None and report.gain["log_loss"].low > 0
    assert set(report.pictures) == {"roc", "calibration"} and report.classes == (False, True)


def test_a_regression_is_judged_against_the_mean(rows: pl.DataFrame) -> None:
    """R² of the mean is 0, and losses count as gains when they are smaller."""
    report = judged(rows, "delay", LinearRegression)
    assert report.task == "regression" and report.classes == ()
    assert report["r2"] == pytest.approx(0.9, abs=0.02)
    assert report.baseline["r2"].value == pytest.approx(0, abs=1e-12)
    assert report.gain["rmse"].value == pytest.approx(3.16 - 1, abs=0.2)


def test_a_report_is_plain_json_and_repeats_itself(rows: pl.DataFrame) -> None:
    """No NaN, no object: it goes to JSON and back; the same seed gives the same intervals."""
    first, again = judged(rows, "why", LogisticRegression), judged(rows, "why", LogisticRegression)
    assert first == again
    assert json.loads(json.dumps(asdict(first), allow_nan=False))["figures"]["f1"]["value"] == first["f1"]


def test_days_are_drawn_whole_where_a_time_is_given(rows: pl.DataFrame) -> None:
    """The method says how many blocks there were; text times count by their day too."""
    assert "25 blocks of t" in judged(rows, "late", LogisticRegression, time="t").method
    as_text = rows.with_columns(pl.col("t").dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert "25 blocks of t" in judged(as_text, "late", LogisticRegression, time="t").method


def test_one_class_in_the_test_rows_leaves_figures_undefined(rows: pl.DataFrame) -> None:
    """ROC AUC is undefined there, and the report still stands."""
    features = fit(rows.select("x", "late"), target="late")
    predictor = assemble(features, train(transform(features, rows), target="late", seed=0, use=LogisticRegression))
    report = evaluate(predictor, rows.filter("late"), target="late", seed=1)
    assert report["roc_auc"] is None and report["accuracy"] is not None
    json.dumps(asdict(report), allow_nan=False)


def test_rows_that_cannot_judge_are_refused(rows: pl.DataFrame) -> None:
    """No rows, an unknown class, a missing target, text for a regression, a wild number of draws."""
    features = fit(rows.select("x", "why"), target="why")
    predictor = assemble(features, train(transform(features, rows), target="why", seed=0, use=LogisticRegression))
    with pytest.raises(InputError, match="no rows"):
        evaluate(predictor, rows.clear(), target="why", seed=1)
    with pytest.raises(InputError, match="'w', which the model never saw"):
        evaluate(predictor, rows.with_columns(why=pl.lit("w")), target="why", seed=1)
    with pytest.raises(InputError, match="no column 'whi'"):
        evaluate(predictor, rows, target="whi", seed=1)
    with pytest.raises(SettingsError, match="draws"):
        evaluate(predictor, rows, target="why", seed=1, draws=-1)
    numbers = fit(rows.select("x", "delay"), target="delay")
    regression = assemble(numbers, train(transform(numbers, rows), target="delay", seed=0, use=LinearRegression))
    with pytest.raises(InputError, match="Use a model with predict_proba"):
        evaluate(regression, rows, target="why", seed=1)


def test_a_figure_is_asked_for_by_name(rows: pl.DataFrame) -> None:
    """A misspelt figure says which there are."""
    with pytest.raises(KeyError, match="roc_auc"):
        judged(rows, "late", LogisticRegression, draws=0)["auc_roc"]
