"""Evaluation: the report's figures, its baseline, and what it refuses."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import roc_auc_score

from solvent.errors import InputError, SettingsError
from solvent.learn import Predictor, Report, assemble, evaluate, fit, train, transform
from solvent.learn.measures.slices import find_worst


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
    assert {"roc", "calibration", "precision_recall", "confusion", "importance"} <= set(
        report.pictures
    ) and report.classes == (False, True)


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


def test_the_baseline_may_be_the_last_value(rows: pl.DataFrame) -> None:
    """Each row is answered by the truth before it in time, of its own group; not by one of the same time."""
    walk = pl.DataFrame(
        {
            "x": [0.0] * 8,
            "t": [3, 1, 2, 2, 1, 2, 3, 4],
            "shop": ["a", "a", "a", "a", "b", "b", "b", "b"],
            "sold": [40.0, 10.0, 20.0, 22.0, 1.0, 3.0, 2.0, 7.0],
        }
    )
    features = fit(pl.concat([walk.select("sold", x=pl.col("t"))]), target="sold")
    predictor = assemble(features, train(transform(features, walk.with_columns(x="t")), target="sold", seed=0))
    report = evaluate(
        predictor, walk.with_columns(x="t"), target="sold", seed=0, time="t", group="shop", baseline="last", draws=0
    )
    mean = walk["sold"].mean()
    expected = [22.0, mean, 10.0, 10.0, mean, 1.0, 3.0, 2.0]
    errors = [abs(one - other) for one, other in zip(walk["sold"], expected, strict=True)]  # type: ignore[operator]
    assert report.baseline["mae"].value == pytest.approx(sum(errors) / 8) and report.against == "the last value by t"
    with pytest.raises(SettingsError, match="time: COLUMN"):
        evaluate(predictor, walk.with_columns(x="t"), target="sold", seed=0, baseline="last")


def test_a_rival_is_judged_on_the_same_rows(rows: pl.DataFrame) -> None:
    """A better one gains with an interval above zero and a small p; against itself there is no difference at all."""
    worse = rows.with_columns(pl.col("x").shuffle(seed=1))
    features = fit(rows.select("x", "late"), target="late")
    good = assemble(features, train(transform(features, rows), target="late", seed=0, use=LogisticRegression))
    bad = assemble(features, train(transform(features, worse), target="late", seed=0, use=LogisticRegression))
    report = evaluate(good, rows, bad, target="late", seed=1)
    gain = report.rival["log_loss"]
    assert gain.low is not None and gain.low > 0 and gain.p is not None and gain.p < 0.01
    alike = evaluate(good, rows, good, target="late", seed=1).rival["log_loss"]
    assert alike.value == 0 and alike.p == 1.0 and evaluate(good, rows, target="late", seed=1).rival == {}
    features = fit(rows.select("x", "delay"), target="delay")
    other = assemble(features, train(transform(features, rows), target="delay", seed=0, use=LinearRegression))
    with pytest.raises(InputError, match="they cannot be compared"):
        evaluate(good, rows, other, target="late", seed=1)


def _kinds(count: int = 4000) -> pl.DataFrame:
    random = np.random.default_rng(5)
    x = random.normal(size=count)
    kind, land = random.choice(["a", "b", "c", "d"], count), random.choice(["u", "v"], count)
    age = random.uniform(20, 80, count)
    flip = (kind == "b") & (land == "v")
    late = np.where(flip, random.random(count) < 0.5, x + 0.3 * random.normal(size=count) > 0)
    return pl.DataFrame({"x": x, "kind": kind, "land": land, "age": age, "late": late})


def _predictor(rows: pl.DataFrame, **more: Any) -> Predictor:
    features = fit(rows, target="late")
    model = train(transform(features, rows), target="late", seed=0, use=LogisticRegression, with_={"max_iter": 500})
    return assemble(features, model, **more)


def test_the_part_where_the_model_is_worst_is_found_and_no_other() -> None:
    """Two columns together make the part; it was proposed by one half of the rows and confirmed by the other."""
    rows = _kinds()
    report = evaluate(_predictor(rows), rows, target="late", seed=1)
    found = [one for one in report.slices if one.found]
    assert {"kind = b", "land = v"} == set(found[0].name.split(", "))
    assert found[0].p is not None and found[0].p < 0.001 and found[0].figures["roc_auc"].value < 0.75
    assert found[0].rows == rows.filter(kind="b", land="v").height and "slices" in report.pictures


def test_where_nothing_is_worse_than_elsewhere_nothing_is_found() -> None:
    """Losses that have nothing to do with the columns: of thirty tables, hardly one has a finding."""
    false = 0
    for seed in range(30):
        random = np.random.default_rng(seed)
        columns = {f"c{one}": random.choice(["a", "b", "c", "d", "e"], 1500) for one in range(6)}
        frame = pl.DataFrame({**columns, "x": random.normal(size=1500)})
        false += bool(find_worst(frame, random.exponential(size=1500), seed))
    assert false <= 3


def test_slices_that_are_asked_for_are_judged_apart() -> None:
    """By one column or two, numbers by quarters, missing values on their own, each with an interval."""
    rows = _kinds().with_columns(age=pl.when(pl.col("age") > 75).then(None).otherwise(pl.col("age")))
    report = evaluate(
        _predictor(rows), rows, target="late", seed=1, slices=["age", ["kind", "land"]], find_slices=False
    )
    names = [one.name for one in report.slices]
    assert names[0] == "age missing" and len(names) == 5 + 8 and "kind = b, land = v" in names
    assert sum(one.rows for one in report.slices[:5]) == rows.height == sum(one.rows for one in report.slices[5:])
    worst = next(one for one in report.slices if one.name == "kind = b, land = v")
    low = worst.figures["accuracy"].low
    assert low is not None and low < 0.6 and worst.gap is None and not worst.found
    with pytest.raises(InputError, match="no column 'knid'"):
        evaluate(_predictor(rows), rows, target="late", seed=1, slices=["knid"])


def test_importance_is_what_the_loss_hangs_on() -> None:
    """The column that decides stands first; one that the model was given and never needed is near nothing."""
    rows = _kinds(1500)
    report = evaluate(_predictor(rows), rows, target="late", seed=1, find_slices=False)
    by = {one.column: one for one in report.importance}
    assert report.importance[0].column == "x" and by["x"].low > 0.1 and abs(by["age"].loss) < 0.02
    assert evaluate(_predictor(rows), rows, target="late", seed=1, draws=0).importance == ()


def test_a_threshold_moves_answers_and_no_probability() -> None:
    """Precision, recall and the confusion follow it; what needs no decision stays."""
    rows = _kinds(1500)
    even, low = (
        evaluate(_predictor(rows, **more), rows, target="late", seed=1, draws=0) for more in ({}, {"threshold": 0.1})
    )
    assert low["recall"] > even["recall"] and low["precision"] < even["precision"] and low["roc_auc"] == even["roc_auc"]
    said = _predictor(rows, threshold=0.1).predict(rows.drop("late"))["prediction"].sum()
    assert sum(row[1] for row in low.confusion) == said
    with pytest.raises(SettingsError, match="threshold is for two classes"):
        features = fit(rows.select("x", "kind"), target="kind")
        ready = transform(features, rows)
        assemble(features, train(ready, target="kind", seed=0, use=LogisticRegression), threshold=0.2)
