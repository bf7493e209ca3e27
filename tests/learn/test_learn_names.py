"""Columns of any name are learnt from by boosted trees, which refuse some names: theirs are mapped, ours are spoken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import polars as pl
import pytest
import xgboost

import solvent as sv
from solvent.delivery.runtime.answering import OnnxPredictor
from solvent.delivery.runtime.convert import convert
from solvent.errors import InputError
from solvent.learn import assemble, fit, train, transform
from solvent.learn.adapting.labels import Labelled, plain_names

HOSTILE = [
    '{"a": [1, 2]}', "with, comma", "a b", "a_b", "line\nbreak", 'quo"te', "<[less]>", "größe 大", "column_2", "a:b",
    "tab\t", "nul\x00",
]  # fmt: skip
KINDS = {
    "lightgbm": (lightgbm.LGBMClassifier, {"n_estimators": 8, "verbose": -1, "n_jobs": 1}),
    "xgboost": (xgboost.XGBClassifier, {"n_estimators": 8, "n_jobs": 1}),
    "lightgbm of numbers": (lightgbm.LGBMRegressor, {"n_estimators": 8, "verbose": -1, "n_jobs": 1}),
    "xgboost of numbers": (xgboost.XGBRegressor, {"n_estimators": 8, "n_jobs": 1}),
}


def _rows(names: list[str], numbers: bool, seed: int = 0) -> pl.DataFrame:
    values = np.random.default_rng(seed).normal(size=(300, len(names)))
    target = values[:, 0] - values[:, 2] if numbers else np.where(values[:, 0] > values[:, 2], "up", "down")
    return pl.DataFrame([pl.Series(name, values[:, place]) for place, name in enumerate(names)]).with_columns(
        pl.Series("target", target)
    )


def _trained(name: str, names: list[str]) -> tuple[Any, pl.DataFrame]:
    kind, given = KINDS[name]
    rows = _rows(names, name.endswith("numbers"))
    return train(rows, rows, target="target", seed=1, use=kind, with_=given), rows.drop("target")


@pytest.mark.parametrize("name", KINDS)
def test_hostile_names_change_nothing(name: str) -> None:
    """Quotes, brackets, line breaks, a NUL, two names that LightGBM makes one: the answers are those of plain names."""
    model, rows = _trained(name, HOSTILE)
    plain, others = _trained(name, [f"c{place}" for place in range(len(HOSTILE))])
    answers, expected = assemble(model).answer(rows), assemble(plain).answer(others)
    assert np.array_equal(answers.prediction, expected.prediction) and answers.classes == expected.classes
    if answers.probability is not None:
        assert np.array_equal(answers.probability, np.asarray(expected.probability))


@pytest.mark.parametrize("name", KINDS)
def test_what_is_said_of_columns_is_said_by_their_names(name: str) -> None:
    """Importances, names and errors are of the user's columns, in whatever order the rows have them."""
    model, rows = _trained(name, HOSTILE)
    assert list(model.feature_names_in_) == HOSTILE and model.n_features_in_ == len(HOSTILE)
    best = np.argsort(-model.feature_importances_)[:2]
    assert {model.feature_names_in_[place] for place in best} == {HOSTILE[0], HOSTILE[2]}
    turned = rows.select(HOSTILE[::-1])
    assert np.array_equal(assemble(model).answer(turned).prediction, assemble(model).answer(rows).prediction)
    with pytest.raises(InputError, match="a:b"):
        assemble(model).answer(rows.drop("a:b"))


@pytest.mark.parametrize("name", KINDS)
def test_hostile_names_are_in_the_graph(name: str) -> None:
    """A graph is made of such a model, behind a transform, and says the same."""
    kind, given = KINDS[name]
    rows = _rows(HOSTILE, name.endswith("numbers"))
    features = fit(rows, target="target")
    model = train(transform(features, rows), target="target", seed=1, use=kind, with_=given)
    predictor = assemble(features, model)
    converted = convert(predictor)
    assert isinstance(model, Labelled) and converted.first == 0
    graph, python = OnnxPredictor.of(predictor, converted).answer(rows), predictor.answer(rows)
    if python.probability is None:
        np.testing.assert_allclose(graph.prediction, python.prediction, rtol=1e-5)
    else:
        assert graph.prediction.tolist() == python.prediction.tolist()


_SETTINGS = """
name: names
seed: 1
vars: {target: target}
inputs: {rows: {files: rows.parquet}}
steps:
  features: {use: fit, of: rows, target: "${vars.target}"}
  ready: {use: transform, of: [features, rows]}
  model: {use: [train, "KIND"], of: ready, target: "${vars.target}", with: {n_estimators: 4, n_jobs: 1}}
  predictor: {use: assemble, of: [features, model]}
  report: {use: evaluate, of: [predictor, rows], target: "${vars.target}", draws: 50}
"""


@pytest.mark.parametrize("kind", ["lightgbm:LGBMClassifier", "xgboost:XGBClassifier"])
def test_such_a_model_is_kept_and_read_back(tmp_path: Path, kind: str) -> None:
    """A run keeps it in the library's own format; what comes back answers alike, and importances have names."""
    names = [name for name in HOSTILE if "\x00" not in name]  # which no Parquet file may hold
    rows = _rows(names, False)
    rows.write_parquet(tmp_path / "rows.parquet")
    (tmp_path / "names.yaml").write_text(_SETTINGS.replace("KIND", kind))
    run = sv.run(tmp_path / "names.yaml", project=tmp_path)
    model, predictor = run["model"].value(), run["predictor"].value()
    assert isinstance(model, Labelled) and model.columns == tuple(names)
    expected = model.predict_proba(run["ready"].value(as_=pl.DataFrame))
    assert np.array_equal(predictor.answer(rows).probability, expected)
    assert {one.column for one in run["report"].value().importance[:2]} == {names[0], names[2]}


def test_names_that_are_taken_stay(tmp_path: Path) -> None:
    """Only what a library refuses is renamed, to a name that no other column has."""
    light, extreme = lightgbm.LGBMClassifier(), xgboost.XGBClassifier()
    assert plain_names(light, ["a b", "größe", "x<y"]) == ["a b", "größe", "x<y"]
    assert plain_names(light, ["a b", "a_b", "column_0"]) == ["column_0_", "column_1", "column_0"]
    assert plain_names(extreme, ["a b", "a_b", "x<y", "{,:}"]) == ["a b", "a_b", "column_2", "{,:}"]
    assert plain_names(object(), ["[", ""]) == ["[", ""]
