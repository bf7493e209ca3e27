"""The roles fit and train: what they adapt, what they hand over, and what they refuse."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from solvent.errors import InputError, OutputError, SettingsError
from solvent.learn import Baseline, Fitted, assemble, fit, train, transform


@pytest.fixture
def rows() -> pl.DataFrame:
    random = np.random.default_rng(0)
    x = random.normal(size=200)
    return pl.DataFrame(
        {
            "x": x,
            "kind": random.choice(["a", "b", "c"], 200),
            "id": range(200),
            "w": random.random(200),
            "late": x + random.normal(size=200) > 0,
        }
    )


@dataclass
class Centred:
    """A transform of one's own."""

    columns: list[str]
    means: dict[str, float] = field(init=False)

    def fit(self, rows: pl.DataFrame, y: pl.Series | None = None) -> Centred:
        assert isinstance(y, pl.Series) and "late" not in rows.columns
        self.means = {name: float(rows[name].mean() or 0) for name in self.columns}  # type: ignore[arg-type]
        return self

    def transform(self, rows: pl.DataFrame) -> pl.DataFrame:
        return rows.select(pl.col(name) - self.means[name] for name in self.columns)


class OnPandas:
    """A transform that asks for pandas, and a model that does too."""

    def fit(self, rows: pd.DataFrame, y: pd.Series) -> None:
        assert isinstance(rows, pd.DataFrame) and isinstance(y, pd.Series)
        self.classes_ = np.array([False, True])

    def transform(self, rows: pd.DataFrame) -> pd.DataFrame:
        assert isinstance(rows, pd.DataFrame)
        return rows[["x"]] * 2

    def predict(self, rows: pd.DataFrame) -> pd.Series:
        assert isinstance(rows, pd.DataFrame)
        return rows["x"] > 0


def test_a_dataclass_of_ones_own_is_fitted_without_target_and_dropped_columns(rows: pl.DataFrame) -> None:
    """It sees what is left, gets the target as y, and the request's columns are remembered."""
    made = fit(rows, target="late", drop=["id"], weight="w", use=Centred, with_={"columns": ["x"]})
    assert isinstance(made, Fitted) and made.inner.means["x"] == pytest.approx(rows["x"].mean())
    assert [(one.name, one.kind) for one in made.columns] == [("x", "float"), ("kind", "text")]


def test_transforming_hands_target_and_weight_on_and_nothing_else(rows: pl.DataFrame) -> None:
    """What the model learns from is the features, the target and the weight."""
    made = fit(rows, target="late", drop=["id"], weight="w", use=Centred, with_={"columns": ["x"]})
    assert transform(made, rows).columns == ["x", "late", "w"]
    assert transform(made, rows.drop("late", "w")).columns == ["x"]


def test_scikit_learn_keeps_column_names_up_to_the_model(rows: pl.DataFrame) -> None:
    """A column transformer's own output names reach the model, which checks them."""
    both = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["kind"]), (StandardScaler(), ["x"]), sparse_threshold=1.0
    )
    made = fit(rows, target="late", drop=["id", "w"], use=lambda: both)
    ready = transform(made, rows)
    names = ["onehotencoder__kind_a", "onehotencoder__kind_b", "onehotencoder__kind_c", "standardscaler__x"]
    assert ready.columns == [*names, "late"]
    model = train(ready, target="late", seed=1, use=LogisticRegression)
    assert list(model.feature_names_in_) == names
    predictor = assemble(made, model)
    alone = predictor.predict_proba({"x": 0.5, "kind": "a"})
    together = predictor.predict_proba(pl.DataFrame({"kind": ["b", "a"], "x": [0.1, 0.5]}))
    assert alone == pytest.approx(together.row(1, named=True))


def test_a_method_that_asks_for_pandas_gets_pandas(rows: pl.DataFrame) -> None:
    """The annotation of the method decides, for transforms and for models."""
    made = fit(rows.drop("kind"), target="late", use=OnPandas)
    model = train(transform(made, rows), target="late", seed=0, use=OnPandas)
    assert assemble(made, model).predict(rows.drop("late", "kind"))["prediction"].dtype == pl.Boolean


def test_the_seed_reaches_the_argument_that_is_meant_for_it(rows: pl.DataFrame) -> None:
    """random_state gets it, an explicit one wins, and the same seed trains the same model."""
    numbers = rows.select("x", "w", "late")
    first, again, other = (
        train(numbers, target="w", seed=seed, use=RandomForestRegressor, with_={"n_estimators": 3}, drop=["late"])
        for seed in (1, 1, 2)
    )
    assert first.random_state == 1
    asked = numbers.select("x")
    assert np.array_equal(first.predict(asked), again.predict(asked))
    assert not np.array_equal(first.predict(asked), other.predict(asked))
    given = {"n_estimators": 1, "random_state": 9}
    assert train(numbers.drop("late"), target="w", seed=1, use=RandomForestRegressor, with_=given).random_state == 9


def test_weights_reach_the_model_or_are_refused(rows: pl.DataFrame) -> None:
    """A model without sample_weight says so; one with it uses them, and the weight is no feature."""
    weighted = rows.with_columns(w=pl.col("late").cast(pl.Float64) * 1000 + 1e-6)
    model = train(weighted, target="late", seed=0, weight="w", drop=["kind", "id"], use=HistGradientBoostingClassifier)
    assert list(model.feature_names_in_) == ["x"]
    assert model.predict(weighted.select("x")).all()
    with pytest.raises(SettingsError, match="takes no sample_weight"):
        train(weighted, target="late", seed=0, weight="w", use=OnPandas)


@pytest.mark.parametrize(
    ("use", "with_", "said"),
    [
        (HistGradientBoostingClassifier, {"learning_rat": 0.1}, "Did you mean 'learning_rate'"),
        (StandardScaler, {}, "no method predict"),
        (42, {}, "neither a class nor a function"),
        (lambda rows: rows, {}, "asks for data"),
        (dict, {}, "no method fit"),
        (lambda: 3, {}, "has no 'fit'"),
    ],
)
def test_what_cannot_play_the_role_is_refused(rows: pl.DataFrame, use: Any, with_: dict[str, Any], said: str) -> None:
    """A misspelt argument, a class of another kind, a function of data: each says what is expected."""
    with pytest.raises(SettingsError, match=said):
        train(rows, target="late", seed=0, use=use, with_=with_)


def test_a_target_that_teaches_nothing_is_refused(rows: pl.DataFrame) -> None:
    """Unknown, constant and missing targets, and tables without rows or columns."""
    with pytest.raises(InputError, match="unknown in 1 of 200"):
        train(rows.with_columns(late=pl.when(pl.col("id") > 0).then("late")), target="late", seed=0)
    with pytest.raises(InputError, match="unknown in 1 of 200"):
        train(rows.with_columns(x=pl.when(pl.col("id") > 0).then("x").otherwise(float("nan"))), target="x", seed=0)
    with pytest.raises(InputError, match="nothing to learn"):
        train(rows.with_columns(late=pl.lit(True)), target="late", seed=0)
    with pytest.raises(InputError, match="Did you mean 'late'"):
        train(rows, target="lat", seed=0)
    with pytest.raises(InputError, match="no rows"):
        fit(rows.clear())
    with pytest.raises(InputError, match="no column is left"):
        fit(rows.select("late"), target="late")


def test_a_transform_that_drops_rows_or_makes_the_target_is_refused(rows: pl.DataFrame) -> None:
    """A predictor answers row by row, so rows must stay; and the target's name is taken."""

    class Drops(OnPandas):
        def transform(self, rows: pd.DataFrame) -> pd.DataFrame:
            return rows[["x"]].head(3)

    class Leaks(OnPandas):
        def transform(self, rows: pd.DataFrame) -> pd.DataFrame:
            return pd.DataFrame({"late": rows["x"]})

    with pytest.raises(OutputError, match="made 3 rows of 200"):
        transform(fit(rows, target="late", use=Drops), rows)
    with pytest.raises(InputError, match="name of the target"):
        transform(fit(rows, target="late", use=Leaks), rows)


def test_a_transform_without_the_columns_it_was_fitted_on_says_which(rows: pl.DataFrame) -> None:
    """A column that is not there any more is named."""
    made = fit(rows, target="late", drop=["id", "w"])
    with pytest.raises(InputError, match="no column 'kind'"):
        transform(made, rows.drop("kind"))


def test_the_baseline_answers_with_the_majority_or_the_mean() -> None:
    """Shares for classes (bool, text, few integers), the mean for numbers; weights count."""
    frame = pl.DataFrame({"x": [1.0, 2, 3, 4], "c": ["u", "v", "v", "v"], "y": [1.0, 2, 3, 6], "w": [9.0, 1, 1, 1]})
    classes = train(frame, target="c", seed=0)
    assert isinstance(classes, Baseline)
    assert classes.predict(frame).tolist() == ["v"] * 4
    assert classes.predict_proba(frame)[0].tolist() == [0.25, 0.75]
    assert train(frame, target="c", seed=0, weight="w").predict(frame)[0] == "u"
    assert train(frame, target="y", seed=0).predict(frame)[0] == 3.0
    many = pl.DataFrame({"x": range(30), "n": range(30)})
    assert train(many, target="n", seed=0).predict(many)[0] == 14.5
