"""Trainers through settings alone: boosted trees and networks, early stopping, and arguments that are checked first."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import polars as pl
import pytest
import xgboost
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

import solvent as sv
from solvent.errors import InputError, SettingsError
from solvent.graph.declared.recipe import Recipe
from solvent.learn import TorchClassifier, TorchRegressor, assemble, evaluate, train
from solvent.learn.adapting.labels import Labelled
from solvent.learn.adapting.making import check_role

needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="PyTorch is an extra of its own: pip install 'solvent[torch]'"
)


def _rows(count: int = 400, seed: int = 0) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    x, z = random.normal(size=count), random.normal(size=count)
    return pl.DataFrame({"x": x, "z": z, "late": x + 0.5 * random.normal(size=count) > 0, "price": 3 * x + z})


@pytest.mark.parametrize("kind", [lightgbm.LGBMClassifier, xgboost.XGBClassifier, HistGradientBoostingClassifier])
def test_boosting_stops_early_on_the_validation_part(kind: Any) -> None:
    """Truth upside down in the validation part: nothing is ever gained, so it stops after the first round."""
    wrong = _rows(seed=1).with_columns(~pl.col("late"))
    rounds = "max_iter" if kind is HistGradientBoostingClassifier else "n_estimators"
    quiet = {lightgbm.LGBMClassifier: {"verbose": -1, "n_jobs": 1}, xgboost.XGBClassifier: {"n_jobs": 1}}.get(kind, {})
    model = train(_rows(), wrong, target="late", drop=["price"], seed=3, use=kind, with_={rounds: 300, **quiet})
    inner = model.inner if isinstance(model, Labelled) else model
    if kind is lightgbm.LGBMClassifier:
        assert inner.best_iteration_ == 1
    elif kind is xgboost.XGBClassifier:
        assert inner.best_iteration == 0
    else:
        assert inner.n_iter_ < 30
    right = train(_rows(), _rows(seed=1), target="late", drop=["price"], seed=3, use=kind, with_={rounds: 60, **quiet})
    found = evaluate(assemble(right), _rows(seed=2).drop("price"), target="late", seed=0, draws=0)
    assert found["roc_auc"] > 0.9


def test_patience_that_the_settings_say_is_kept() -> None:
    """An argument that is there is not overwritten, under whichever of its names."""
    given = {"n_estimators": 300, "verbose": -1, "n_jobs": 1, "early_stopping_rounds": 7}
    model = train(_rows(), _rows(seed=1), target="late", seed=3, use=lightgbm.LGBMClassifier, with_=given)
    assert model.get_params()["early_stopping_rounds"] == 7 and "early_stopping_round" not in model.get_params()


@pytest.mark.parametrize("labels", [["no", "yes"], [1, 2], [5, 6]])
def test_lightgbm_stops_by_labels_of_any_kind(labels: list[Any]) -> None:
    """The classes of the validation part are those of training, not numbers: what was learnt is seen to gain."""
    named = pl.col("late").replace_strict([False, True], labels)
    parts = [_rows(seed=seed).drop("price").with_columns(named) for seed in (0, 1)]
    given = {"n_estimators": 40, "verbose": -1, "n_jobs": 1}
    model = train(*parts, target="late", seed=3, use=lightgbm.LGBMClassifier, with_=given)
    losses = model.evals_result_["valid_0"]["binary_logloss"]
    assert losses[9] < 0.9 * losses[0] and list(model.classes_) == labels


@pytest.mark.parametrize("labels", [[False, True], ["no", "yes"], [1, 2], [0, 2, 5], ["a", "b", "c"]])
def test_xgboost_learns_labels_of_any_kind(labels: list[Any]) -> None:
    """It numbers its classes from 0; here they keep their names, in answers and probabilities."""
    rows = _rows()
    cuts = np.digitize(
        rows["x"].to_numpy(), np.quantile(rows["x"].to_numpy(), np.linspace(0, 1, len(labels) + 1)[1:-1])
    )
    rows = rows.select("x", "z", kind=pl.Series([labels[one] for one in cuts]))
    model = train(rows, target="kind", seed=1, use=xgboost.XGBClassifier, with_={"n_estimators": 20, "n_jobs": 1})
    predictor = assemble(model)
    assert list(predictor.classes) == labels
    answers = predictor.answer(rows.drop("kind"))
    assert answers.prediction.tolist()[:50] == rows["kind"].to_list()[:50]
    assert answers.probability is not None and answers.probability.shape == (400, len(labels))


def test_a_class_that_only_the_validation_part_has_is_named() -> None:
    """Nothing could be learnt about it."""
    rows = _rows().select("x", kind=pl.Series(["a", "b"] * 200))
    with pytest.raises(InputError, match="the target is 'c' in some rows, a class that the training rows lack"):
        train(
            rows, pl.DataFrame({"x": [1.0], "kind": ["c"]}), target="kind", seed=0, use=xgboost.XGBClassifier,
            with_={"n_estimators": 2, "n_jobs": 1},
        )  # fmt: skip


def test_a_validation_part_is_refused_where_nothing_can_be_done_with_it() -> None:
    """A forest does not stop early, and says so instead of ignoring the rows."""
    with pytest.raises(SettingsError, match=r"RandomForestClassifier\.fit takes no rows to stop early by"):
        train(_rows(), _rows(), target="late", seed=0, use=RandomForestClassifier)
    with pytest.raises(InputError, match="train: valid: the table has no column 'z'"):
        train(_rows(), _rows().drop("z"), target="late", seed=0, use=lightgbm.LGBMClassifier, with_={"verbose": -1})


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        (lightgbm.LGBMClassifier, {"num_leafs": 4}, "takes no 'num_leafs'. Did you mean 'num_leaves'?"),
        (lightgbm.LGBMClassifier, {"nonsense": 4}, "takes no 'nonsense'"),
        (xgboost.XGBClassifier, {"max_depht": 4}, "takes no 'max_depht'. Did you mean 'max_depth'?"),
        (HistGradientBoostingClassifier, {"learning_rate": -1.0}, "'learning_rate' parameter"),
        (HistGradientBoostingClassifier, {"max_iter": "many"}, "'max_iter' parameter"),
    ],
)
def test_arguments_are_checked_before_anything_is_trained(kind: Any, given: dict[str, Any], said: str) -> None:
    """Names also where a library takes any, and values where scikit-learn knows what they may be."""
    assert any(said in one for one in check_role(kind, given, "model"))
    for name in ("lambda_l1", "bagging_fraction"):
        assert not check_role(lightgbm.LGBMClassifier, {name: 0.5}, "model")


NESTED = """
name: nested
inputs: {{rows: {{files: rows.csv}}}}
seed: 1
steps:
  model:
    use: "sklearn.calibration:CalibratedClassifierCV"
    of: rows
    target: late
    with:
      cv: 3
      estimator:
        use: "sklearn.pipeline:Pipeline"
        with:
          steps:
            - [scale, {{use: "sklearn.preprocessing:StandardScaler"}}]
            - [model, {{use: "sklearn.linear_model:LogisticRegression", with: {{{said}}}}}]
"""


def _nested(folder: Path, said: str) -> Any:
    _rows().with_columns(pl.col("late").cast(int)).write_csv(folder / "rows.csv")
    (folder / "nested.yaml").write_text(NESTED.format(said=said))
    return sv.run(folder / "nested.yaml", project=folder)


def test_an_estimator_inside_of_another_is_said_in_the_settings(tmp_path: Path) -> None:
    """A calibrated pipeline of scaler and model, each by use and with; a changed argument deep inside trains anew."""
    first = _nested(tmp_path, "C: 2.5")
    inner = first.value().calibrated_classifiers_[0].estimator
    assert [name for name, _ in inner.steps] == ["scale", "model"] and inner.steps[1][1].C == 2.5
    assert _nested(tmp_path, "C: 2.5")["model"].status == "reused"
    assert _nested(tmp_path, "C: 3.5")["model"].status == "ran"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("CC: 2.5", "with.estimator.with.steps"),
        ("C: -1", "'C' parameter of LogisticRegression"),
        ("C: {use: 'sklearn.linear_model:Nothing'}", "has no 'Nothing'"),
        ("C: {use: 'sklearn.linear_model:Ridge', alpha: 2}", "takes its arguments under with:"),
    ],
)
def test_faults_deep_inside_are_told_before_anything_runs(tmp_path: Path, said: str, told: str) -> None:
    """With the file, the line and the place."""
    with pytest.raises(SettingsError) as raised:
        _nested(tmp_path, said)
    assert told in str(raised.value) and "nested.yaml:" in str(raised.value)


def test_a_recipe_reads_as_a_call() -> None:
    """So it stands in plans and records."""
    assert repr(Recipe(RandomForestClassifier, {"n_estimators": 3})) == "RandomForestClassifier(n_estimators=3)"


@needs_torch
def test_a_network_classifies_rows_of_any_labels() -> None:
    """By settings alone, with missing values, weights and early stopping; the same seed gives the same network."""
    rows = (
        _rows(600)
        .with_columns(
            pl.when(pl.col("z") > 1).then(None).otherwise(pl.col("z")).alias("z"),
            kind=pl.when(pl.col("late")).then(pl.lit("late")).otherwise(pl.lit("on time")),
            w=pl.lit(2.0),
        )
        .drop("late", "price")
    )
    given = {"hidden": [16], "epochs": 60, "batch": 64, "learning_rate": 0.01}
    models = [
        train(rows[:400], rows[400:500], target="kind", weight="w", seed=5, use=TorchClassifier, with_=given)
        for _ in range(2)
    ]
    found = evaluate(assemble(models[0]), rows[500:].drop("w"), target="kind", seed=0, draws=0)
    assert found["roc_auc"] > 0.9 and list(models[0].classes) == ["late", "on time"]
    one, other = (model.predict_proba(rows.select("x", "z")) for model in models)
    assert np.array_equal(one, other) and models[0].n_iter_ < 60


@needs_torch
def test_a_network_of_ones_own_is_a_subclass(tmp_path: Path) -> None:
    """Its build makes the module; a network for numbers answers in the target's own scale, also once it was kept."""
    import torch

    class Wide(TorchRegressor):
        def build(self, inputs: int, outputs: int) -> Any:
            return torch.nn.Sequential(torch.nn.Linear(inputs, 8), torch.nn.Tanh(), torch.nn.Linear(8, outputs))

    model = train(_rows().drop("late"), target="price", seed=5, use=Wide, with_={"epochs": 80, "learning_rate": 0.01})
    rows = _rows(seed=4)
    assert np.corrcoef(model.predict(rows.select("x", "z")), rows["price"].to_numpy())[0, 1] > 0.98
    with pytest.raises(InputError, match="'kind' is String, and a network takes numbers"):
        train(rows.with_columns(kind=pl.lit("a")), target="price", seed=5, use=TorchRegressor)


@needs_torch
def test_a_network_is_kept_without_code(tmp_path: Path) -> None:
    """Trained in a pipeline, found again by the next run, and read back with the same answers."""
    _rows().drop("late").write_csv(tmp_path / "rows.csv")
    (tmp_path / "net.yaml").write_text(
        "name: net\ninputs: {rows: {files: rows.csv}}\nseed: 1\nsteps:\n"
        "  model: {use: TorchRegressor, of: rows, target: price, with: {epochs: 5, hidden: [4]}}\n"
    )
    first = sv.run(tmp_path / "net.yaml", project=tmp_path)
    second = sv.run(tmp_path / "net.yaml", project=tmp_path)
    assert second["model"].status == "reused"
    given = _rows(seed=9).select("x", "z")
    assert np.array_equal(first.value().predict(given), second.value().predict(given))
