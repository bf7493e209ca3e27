"""Estimators of scikit-learn: a refit that gives the same model gives the same bytes, and nothing forged is loaded."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest
from format_suite import Case, FormatSuite
from sklearn import (
    calibration,
    cluster,
    compose,
    decomposition,
    dummy,
    ensemble,
    feature_extraction,
    feature_selection,
    gaussian_process,
    impute,
    isotonic,
    linear_model,
    mixture,
    model_selection,
    multiclass,
    naive_bayes,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    svm,
    tree,
)  # fmt: skip

_random = np.random.default_rng(7)
ROWS = _random.normal(size=(150, 4))
HOLES = ROWS.copy()
HOLES[::7, 1] = np.nan
KINDS = np.column_stack([ROWS, _random.integers(0, 6, 150)])
ODD = np.isin(KINDS[:, 4], (0, 3, 5))
LABELS = np.where(ROWS[:, 0] + 0.3 * _random.normal(size=150) > 0, "late", "on time")
THREE = np.digitize(ROWS[:, 1], [-0.5, 0.5])
TRUTH = LABELS == "late"
NUMBER = ROWS @ np.array([1.0, -2.0, 0.5, 0.0])
TEXTS = [f"flight {place % 7} from {'ewr' if place % 2 else 'jfk'} was late again" for place in range(150)]
WORDS = np.array([["ewr" if place % 3 else "jfk", f"c{place % 5}"] for place in range(150)], dtype=object)
MIXED = np.column_stack([ROWS.astype(object), WORDS])


def columns() -> Any:
    """Numbers imputed and scaled, words one-hot encoded."""
    numbers = pipeline.make_pipeline(impute.SimpleImputer(), preprocessing.StandardScaler())
    words = preprocessing.OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=5)
    return compose.ColumnTransformer([("numbers", numbers, [0, 1, 2, 3]), ("words", words, [4, 5])])


def _forest(**given: Any) -> Any:
    return ensemble.RandomForestClassifier(8, random_state=3, **given)


MODELS: dict[str, tuple[Callable[[], Any], Any, Any]] = {
    "scaler": (preprocessing.StandardScaler, ROWS, None),
    "robust scaler": (preprocessing.RobustScaler, ROWS, None),
    "power": (preprocessing.PowerTransformer, ROWS, None),
    "quantiles": (lambda: preprocessing.QuantileTransformer(n_quantiles=20, random_state=0), ROWS, None),
    "bins": (lambda: preprocessing.KBinsDiscretizer(3, quantile_method="averaged_inverted_cdf"), ROWS, None),
    "splines": (preprocessing.SplineTransformer, ROWS, None),
    "polynomials": (preprocessing.PolynomialFeatures, ROWS, None),
    "labels": (preprocessing.LabelEncoder, LABELS, None),
    "one hot": (lambda: preprocessing.OneHotEncoder(handle_unknown="ignore"), WORDS, None),
    "ordinal": (
        lambda: preprocessing.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
        WORDS,
        None,
    ),
    "target encoder": (lambda: preprocessing.TargetEncoder(random_state=0), WORDS, LABELS),
    "logarithm": (lambda: preprocessing.FunctionTransformer(np.log1p, validate=True), np.abs(ROWS), None),
    "imputer": (lambda: impute.SimpleImputer(strategy="median", add_indicator=True), HOLES, None),
    "neighbour imputer": (impute.KNNImputer, HOLES, None),
    "columns": (columns, MIXED, None),
    "words": (lambda: feature_extraction.text.TfidfVectorizer(ngram_range=(1, 2), stop_words="english"), TEXTS, None),
    "counts": (lambda: feature_extraction.text.CountVectorizer(stop_words=["was", "from"]), TEXTS, None),
    "hashes": (lambda: feature_extraction.text.HashingVectorizer(n_features=64), TEXTS, None),
    "dicts": (feature_extraction.DictVectorizer, [{"a": 1, "b": "x"}, {"a": 2, "c": 3}], None),
    "best columns": (lambda: feature_selection.SelectKBest(feature_selection.f_classif, k=2), ROWS, LABELS),
    "components": (lambda: decomposition.PCA(2, random_state=0), ROWS, None),
    "truncated": (lambda: decomposition.TruncatedSVD(2, random_state=0), ROWS, None),
    "logistic": (lambda: linear_model.LogisticRegression(class_weight={"late": 2.0, "on time": 1.0}), ROWS, LABELS),
    "logistic, weights by bool": (
        lambda: linear_model.LogisticRegression(class_weight={False: 1.0, True: 3.0}),
        ROWS,
        TRUTH,
    ),
    "logistic of three": (linear_model.LogisticRegression, ROWS, THREE),
    "logistic, searched": (
        lambda: linear_model.LogisticRegressionCV(Cs=3, l1_ratios=(0,), use_legacy_attributes=False),
        ROWS,
        LABELS,
    ),
    "ridge": (linear_model.Ridge, ROWS, NUMBER),
    "lasso": (linear_model.LassoCV, ROWS, NUMBER),
    "gradient steps": (lambda: linear_model.SGDClassifier(loss="log_loss", random_state=0), ROWS, LABELS),
    "poisson": (linear_model.PoissonRegressor, ROWS, np.exp(NUMBER / 4)),
    "huber": (linear_model.HuberRegressor, ROWS, NUMBER),
    "tree": (lambda: tree.DecisionTreeClassifier(random_state=0), HOLES, LABELS),
    "tree of numbers": (lambda: tree.DecisionTreeRegressor(random_state=0, max_depth=4), ROWS, NUMBER),
    "forest": (_forest, HOLES, LABELS),
    "forest of numbers": (lambda: ensemble.RandomForestRegressor(5, random_state=1), ROWS, NUMBER),
    "extra trees": (lambda: ensemble.ExtraTreesClassifier(5, random_state=np.random.RandomState(5)), ROWS, THREE),
    "isolation": (lambda: ensemble.IsolationForest(n_estimators=5, random_state=0), ROWS, None),
    "boosting": (lambda: ensemble.GradientBoostingClassifier(n_estimators=6, random_state=0), ROWS, THREE),
    "boosting of numbers": (lambda: ensemble.GradientBoostingRegressor(n_estimators=6, random_state=0), ROWS, NUMBER),
    "histograms": (lambda: ensemble.HistGradientBoostingClassifier(max_iter=8, random_state=0), HOLES, LABELS),
    "histograms of three": (lambda: ensemble.HistGradientBoostingClassifier(max_iter=4), HOLES, THREE),
    "histograms with categories": (
        lambda: ensemble.HistGradientBoostingClassifier(max_iter=8, categorical_features=[4], max_bins=20),
        KINDS,
        ODD,
    ),
    "histograms of numbers": (
        lambda: ensemble.HistGradientBoostingRegressor(max_iter=8, early_stopping=True, random_state=0),
        HOLES,
        NUMBER,
    ),
    "histograms of counts": (
        lambda: ensemble.HistGradientBoostingRegressor(loss="poisson", max_iter=5),
        ROWS,
        np.exp(NUMBER / 4),
    ),
    "histograms of quantiles": (
        lambda: ensemble.HistGradientBoostingRegressor(loss="quantile", quantile=0.9, max_iter=5),
        ROWS,
        NUMBER,
    ),
    "boosted stumps": (lambda: ensemble.AdaBoostClassifier(n_estimators=4, random_state=0), ROWS, LABELS),
    "bags": (lambda: ensemble.BaggingClassifier(n_estimators=3, max_features=0.5, random_state=0), ROWS, LABELS),
    "votes": (
        lambda: ensemble.VotingClassifier([("a", linear_model.LogisticRegression()), ("b", _forest())], voting="soft"),
        ROWS,
        LABELS,
    ),
    "stack": (
        lambda: ensemble.StackingClassifier(
            [("a", linear_model.LogisticRegression()), ("b", _forest())], passthrough=True, cv=3
        ),
        ROWS,
        LABELS,
    ),
    "calibrated": (lambda: calibration.CalibratedClassifierCV(_forest(), method="isotonic", cv=3), ROWS, LABELS),
    "searched": (
        lambda: model_selection.GridSearchCV(_forest(), {"max_depth": [2, None]}, cv=3, scoring="roc_auc"),
        ROWS,
        LABELS,
    ),
    "one against the rest": (lambda: multiclass.OneVsRestClassifier(linear_model.LogisticRegression()), ROWS, THREE),
    "naive": (naive_bayes.GaussianNB, ROWS, LABELS),
    "neighbours": (neighbors.KNeighborsClassifier, ROWS, LABELS),
    "network": (lambda: neural_network.MLPClassifier((4,), max_iter=2000, random_state=0), ROWS, LABELS),
    "vectors": (svm.SVC, ROWS, LABELS),
    "linear vectors": (lambda: svm.LinearSVC(random_state=0), ROWS, LABELS),
    "means": (lambda: cluster.KMeans(3, random_state=0), ROWS, None),
    "mixture": (lambda: mixture.GaussianMixture(2, random_state=0), ROWS, None),
    "process": (gaussian_process.GaussianProcessRegressor, ROWS[:40], NUMBER[:40]),
    "isotonic": (isotonic.IsotonicRegression, ROWS[:, 0], NUMBER),
    "majority": (lambda: dummy.DummyClassifier(strategy="prior"), ROWS, LABELS),
    "whole": (
        lambda: pipeline.make_pipeline(columns(), ensemble.HistGradientBoostingClassifier(max_iter=5)),
        None,
        LABELS,
    ),
}


def fitted(name: str) -> Any:
    """A model, fitted anew. One-hot encoded rows may be sparse, which histograms do not take: there they are dense."""
    make, rows, target = MODELS[name]
    model = make()
    if name == "whole":
        model[0].set_params(sparse_threshold=0)
        rows = MIXED
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.random.seed(11)
        return model.fit(rows) if target is None else model.fit(rows, target)


def answers(name: str, model: Any) -> Any:
    """What a model answers to its rows."""
    rows = MIXED if name == "whole" else MODELS[name][1]
    for method in ("predict_proba", "decision_function", "predict", "transform"):
        if hasattr(model, method):
            made = getattr(model, method)(rows)
            return made.toarray() if hasattr(made, "toarray") else np.asarray(made)
    raise AssertionError(f"{name} answers nothing")


def alike(name: str) -> Callable[[Any, Any], bool]:
    """Whether two models are of one class, and answer alike to the last bit."""

    def same(one: Any, other: Any) -> bool:
        return type(one) is type(other) and np.array_equal(
            answers(name, one), answers(name, other), equal_nan=_floats(name, one)
        )

    return same


def _floats(name: str, model: Any) -> bool:
    return bool(answers(name, model).dtype.kind == "f")


def refit(model: Any) -> None:
    """Spoil a fitted model in place, as a careless consumer would."""
    for array in [value for value in vars(model).values() if isinstance(value, np.ndarray) and value.dtype.kind == "f"]:
        array[...] = 99.0
    model.n_features_in_ = 99


def case(name: str) -> Case:
    """A model as a case of the contract."""
    return Case(lambda: fitted(name), refit if name in ("scaler", "logistic") else None, same=alike(name))


_FEW = ("scaler", "columns", "words", "logistic", "forest", "histograms with categories", "means", "searched", "whole")


class TestFewEstimators(FormatSuite):
    """The contract, over a few estimators; each is fitted anew in each process."""

    cases: ClassVar = {name: case(name) for name in _FEW}


@pytest.mark.slow
class TestManyEstimators(FormatSuite):
    """The contract, over the rest of the table."""

    cases: ClassVar = {name: case(name) for name in MODELS if name not in _FEW}
