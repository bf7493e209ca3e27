"""Columns of one type go from part to part as one array, and nobody can tell but by the clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn import calibration, ensemble, feature_selection, linear_model, neighbors, pipeline, preprocessing
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer

from solvent.errors import InputError, OutputError
from solvent.learn import Predictor, TabularFeatures, assemble, fit, train, transform
from solvent.learn.adapting import hand_on, predictions_of
from solvent.learn.tables.matrix import Matrix

MODELS: dict[str, Any] = {
    "logistic": linear_model.LogisticRegression,
    "boosting": lambda: ensemble.HistGradientBoostingClassifier(max_iter=5),
    "forest": lambda: ensemble.RandomForestClassifier(5, random_state=0),
    "gradient boosting": lambda: ensemble.GradientBoostingClassifier(n_estimators=3, random_state=0),
    "neighbours": neighbors.KNeighborsClassifier,
    "a pipeline": lambda: pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression()),
    "calibrated": lambda: calibration.CalibratedClassifierCV(linear_model.LogisticRegression(max_iter=5000), cv=2),
    "votes": lambda: ensemble.VotingClassifier([("a", linear_model.LogisticRegression())], voting="soft"),
}


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    random = np.random.default_rng(3)
    words = np.array(["late", "early", "storm", "sun", "rain", "ewr", "jfk", "gate"])
    texts = [" ".join(random.choice(words, 3 + place % 3)) + f" no {place % 7}" for place in range(200)]
    numbers = random.normal(size=200)
    late = ["late" in text or number > 1 for text, number in zip(texts, numbers, strict=True)]
    return pl.DataFrame({"text": texts, "number": numbers, "late": late})


def words_of() -> Any:
    """Sparse features of text, as scikit-learn makes them."""
    return ColumnTransformer([("words", TfidfVectorizer(), "text"), ("rest", "passthrough", ["number"])])


@pytest.mark.parametrize("use", [TabularFeatures, words_of], ids=["tabular", "scikit-learn"])
@pytest.mark.parametrize("name", MODELS)
def test_a_model_says_the_same_of_an_array(rows: pl.DataFrame, name: str, use: Any) -> None:
    """Every bit of every probability is that of the same features as a table, and no warning tells."""
    features = fit(rows, target="late", use=use)
    table = transform(features, rows)
    model = train(table, target="late", seed=0, use=MODELS[name])
    expected = model.predict_proba(table.drop("late"))
    assert isinstance(features.hand_on(rows), Matrix)
    assert np.array_equal(assemble(features, model).answer(rows).probability, expected)
    assert list(model.feature_names_in_) == table.columns[:-1]


def test_arrays_go_through_several_transforms(rows: pl.DataFrame) -> None:
    """A scaler and a selector after the features take the array, and hand one on, with names."""
    first = fit(rows, target="late")
    second = fit(transform(first, rows), target="late", use=preprocessing.StandardScaler)
    chosen = {"k": 3}
    third = fit(
        transform(second, transform(first, rows)), target="late", use=feature_selection.SelectKBest, with_=chosen
    )
    table = transform(third, transform(second, transform(first, rows)))
    model = train(table, target="late", seed=0, use=linear_model.LogisticRegression)
    predictor = assemble(first, second, third, model)
    handed = predictor.transformed(rows.drop("late"))
    assert isinstance(handed, Matrix) and handed.columns == table.columns[:-1]
    assert np.array_equal(predictor.answer(rows).probability, model.predict_proba(table.drop("late")))


def test_nothing_is_copied_between_array_and_table(rows: pl.DataFrame) -> None:
    """The table of the features lies in the array's memory, and so does the array that an estimator makes of it."""
    handed = fit(rows, target="late").hand_on(rows)
    assert isinstance(handed, Matrix)
    table = handed.frame().with_columns(rows.get_column("late"))
    assert np.shares_memory(table.drop("late").to_numpy(), handed.values)
    with pytest.raises(ValueError, match="read-only"):
        handed.values[0, 0] = 1.0


def test_an_estimator_that_works_in_place_spoils_nothing(rows: pl.DataFrame) -> None:
    """A scaler that was told not to copy still leaves the features as they were."""
    features = fit(rows, target="late").hand_on(rows)
    assert isinstance(features, Matrix)
    before = features.values.copy()
    scaler = preprocessing.StandardScaler(copy=False).fit(features.frame())
    assert not np.array_equal(hand_on(scaler, features).frame().to_numpy(), before)
    assert np.array_equal(features.values, before)


@dataclass
class Doubled:
    """A transform of one's own, which takes a frame and returns one."""

    def fit(self, rows: pl.DataFrame) -> Doubled:
        return self

    def transform(self, rows: pl.DataFrame) -> pl.DataFrame:
        return rows.select((pl.all() * 2).name.suffix(" twice"))


@dataclass
class OwnFeatures(TabularFeatures):
    """Ready features with something added by overriding ``transform``."""

    def transform(self, rows: pl.DataFrame) -> pl.DataFrame:
        return super().transform(rows).with_columns(more=pl.lit(1.0))


@dataclass
class Summed:
    """A model of one's own, which asks for an array."""

    def predict(self, rows: np.ndarray[Any, Any]) -> Any:
        assert isinstance(rows, np.ndarray)
        return rows.sum(axis=1)


def test_a_transform_of_ones_own_gets_a_table(rows: pl.DataFrame) -> None:
    """After features that come as an array, a transform that takes and returns a frame works as before."""
    features = fit(rows, target="late")
    predictor = Predictor((features, Doubled(), Summed()))
    expected = 2 * transform(features, rows).drop("late").to_numpy().sum(axis=1)
    np.testing.assert_allclose(predictor.answer(rows).prediction, expected)


def test_ready_features_may_be_extended(rows: pl.DataFrame) -> None:
    """A class that overrides ``transform`` of the ready features is asked for what it makes, not for what they make."""
    made = fit(rows, target="late", use=OwnFeatures).hand_on(rows)
    assert "more" in made.columns


def test_columns_find_their_place(rows: pl.DataFrame) -> None:
    """A model that was trained on some of the columns, in another order, is given these; a missing one is named."""
    features = fit(rows, target="late")
    table = transform(features, rows).drop("late")
    order = [table.columns[2], table.columns[0]]
    model = linear_model.LogisticRegression().fit(table.select(order), rows.get_column("late"))
    handed = features.hand_on(rows)
    assert np.array_equal(predictions_of(model, handed), model.predict(table.select(order)))
    with pytest.raises(InputError, match=f"trained with the column '{order[1]}'"):
        predictions_of(model, Matrix.of(handed.values[:, 1:], lambda: table.columns[1:]))


def test_a_transform_learns_anew(rows: pl.DataFrame) -> None:
    """Fitting an estimator again is noticed, though its names and a copy of it are remembered."""
    table = transform(fit(rows, target="late"), rows).drop("late")
    scaler = preprocessing.StandardScaler()
    for columns in (table.columns[:2], table.columns[1:4]):
        part = Matrix.of(table.select(columns).to_numpy(), lambda columns=columns: columns)
        made = hand_on(scaler.fit(part.frame()), part)
        assert made.columns == columns
        assert np.array_equal(made.frame().to_numpy(), scaler.transform(table.select(columns)))


def test_two_columns_of_one_name_are_refused() -> None:
    """Names that a transform gives twice are said, where they used to swallow a column."""
    with pytest.raises(OutputError, match="two columns that are both called 'a'"):
        Matrix.of(np.zeros((2, 2)), lambda: ["a", "a"]).frame()
