"""Turning into a graph: every family of models and transforms says the same as Python, or is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn import ensemble as en
from sklearn import linear_model as li
from sklearn import preprocessing as pp
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectKBest
from sklearn.impute import KNNImputer, MissingIndicator, SimpleImputer
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.svm import SVC, SVR, LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from xgboost import XGBClassifier, XGBRegressor

from solvent.delivery.runtime import convert as converting
from solvent.delivery.runtime.answering import OnnxPredictor
from solvent.delivery.runtime.comparing import Parity, compare
from solvent.delivery.runtime.convert import NotConvertible, convert
from solvent.learn import Baseline, Predictor, TabularFeatures, assemble

Made = Callable[..., Predictor]
TREES = {"n_estimators": 12, "random_state": 0}
LIGHT = {"verbose": -1, "n_jobs": 1, "min_child_samples": 5, **TREES}
HGB = {"max_iter": 12, "random_state": 0}


def judged(predictor: Predictor, rows: pl.DataFrame, first: int = 0) -> Parity:
    """What the comparison says of the predictor's graph, which begins with this part."""
    converted = convert(predictor)
    assert converted.first == first, converted.notes
    found = compare(predictor, OnnxPredictor.of(predictor, converted), rows)
    assert found.equal, found.differences[:2]
    return found


MODELS: list[tuple[Any, str, float]] = [
    (en.HistGradientBoostingClassifier(**HGB), "flag", 1e-12),
    (en.HistGradientBoostingClassifier(**HGB), "grade", 1e-12),
    (en.HistGradientBoostingRegressor(**HGB), "worth", 1e-12),
    (en.GradientBoostingClassifier(**TREES), "grade", 1e-12),
    (en.GradientBoostingClassifier(loss="exponential", **TREES), "flag", 1e-12),
    (en.GradientBoostingRegressor(**TREES), "worth", 1e-12),
    (en.RandomForestClassifier(**TREES), "flag", 1e-12),
    (en.RandomForestClassifier(**TREES), "code", 1e-7),
    (en.RandomForestRegressor(**TREES), "worth", 1e-12),
    (en.ExtraTreesClassifier(**TREES), "grade", 1e-7),
    (DecisionTreeClassifier(random_state=0), "grade", 1e-7),
    (DecisionTreeRegressor(random_state=0), "worth", 1e-12),
    (en.BaggingClassifier(n_estimators=3, random_state=0), "flag", 1e-12),
    (li.LogisticRegression(), "flag", 1e-12),
    (li.LogisticRegression(), "grade", 1e-12),
    (li.SGDClassifier(loss="log_loss", random_state=0), "grade", 1e-9),
    (li.SGDClassifier(random_state=0), "code", 0.0),
    (li.RidgeClassifier(), "flag", 0.0),
    (LinearSVC(random_state=0), "grade", 0.0),
    (li.Ridge(), "worth", 1e-10),
    (li.HuberRegressor(max_iter=1000), "worth", 1e-10),
    (LinearDiscriminantAnalysis(), "flag", 1e-12),
    (MLPClassifier((4,), solver="lbfgs", max_iter=2000, tol=1e-2, random_state=0), "grade", 1e-12),
    (MLPRegressor(hidden_layer_sizes=(4,), solver="lbfgs", max_iter=2000, tol=1e-1, random_state=0), "worth", 1e-9),
    (KNeighborsClassifier(), "grade", 1e-12),
    (KNeighborsRegressor(), "worth", 1e-12),
    (SVC(), "code", 0.0),
    (SVR(), "worth", 1e-5),
    (GaussianNB(), "grade", 1e-5),
    (
        en.StackingClassifier([("a", DecisionTreeClassifier()), ("b", li.LogisticRegression())]),
        "flag",
        1e-12,
    ),
    (en.VotingClassifier([("a", GaussianNB()), ("b", li.LogisticRegression())], voting="soft"), "grade", 1e-5),
    (CalibratedClassifierCV(LinearSVC(random_state=0), cv=2), "grade", 1e-12),
    (CalibratedClassifierCV(li.LogisticRegression(), method="isotonic", cv=2), "flag", 1e-12),
    (LGBMClassifier(**LIGHT), "flag", 1e-12),
    (LGBMClassifier(**LIGHT), "grade", 1e-12),
    (LGBMRegressor(**LIGHT), "worth", 1e-12),
    (XGBClassifier(n_jobs=1, **TREES), "flag", 1e-6),
    (XGBRegressor(n_jobs=1, **TREES), "worth", 1e-5),
    (Baseline(), "grade", 0.0),
    (Baseline(), "worth", 0.0),
]


@pytest.mark.parametrize(("model", "target", "within"), MODELS, ids=lambda one: type(one).__name__)
def test_a_model_says_the_same_as_a_graph(
    made: Made, table: pl.DataFrame, model: Any, target: str, within: float
) -> None:
    """Classes and probabilities agree, alone, in a batch and as records, with nulls and unseen text in each column."""
    assert judged(made(model, target), table).largest <= within


NUMBERS = ["x", "n", "b", "xm", "nm"]
CATEGORIES = ["s", "sm"]


def numeric(*steps: Any, columns: list[str] | None = None) -> Any:
    """Steps for numbers without nulls."""
    return make_column_transformer((make_pipeline(SimpleImputer(), *steps), columns or NUMBERS))


def coded(encoder: Any, columns: list[str] | None = None) -> Any:
    """An encoder of categories beside numbers with nulls."""
    return make_column_transformer((encoder, columns or CATEGORIES), ("passthrough", ["x", "xm"]))


BINS = {"quantile_method": "averaged_inverted_cdf"}
UNKNOWN = {"handle_unknown": "use_encoded_value"}
HOT = {"handle_unknown": "ignore", "sparse_output": False}
RARE = {"handle_unknown": "infrequent_if_exist", "min_frequency": 40, "sparse_output": False}
TRANSFORMS: dict[str, Any] = {
    "min and max": numeric(pp.MinMaxScaler(clip=True)),
    "largest": numeric(pp.MaxAbsScaler()),
    "robust": numeric(pp.RobustScaler()),
    "bins": numeric(pp.KBinsDiscretizer(3, **BINS), columns=["x", "n", "xm"]),
    "numbered bins": numeric(pp.KBinsDiscretizer(3, encode="ordinal", **BINS), columns=["x", "xm"]),
    "products": numeric(pp.StandardScaler(), pp.PolynomialFeatures(2)),
    "quantiles": numeric(pp.QuantileTransformer(n_quantiles=20)),
    "projection": numeric(pp.StandardScaler(), PCA(2, whiten=True)),
    "rows to one": numeric(pp.Normalizer()),
    "chosen": make_pipeline(numeric(), SelectKBest(k=2)),
    "logarithm": numeric(pp.MinMaxScaler(), pp.FunctionTransformer(np.log1p)),
    "side by side": FeatureUnion([("a", numeric()), ("b", coded(pp.OneHotEncoder(**HOT)))]),
    "nulls marked": make_column_transformer((MissingIndicator(), ["xm", "nm"]), ("passthrough", ["x"])),
    "one-hot": coded(pp.OneHotEncoder(**HOT)),
    "one-hot of all kinds": coded(pp.OneHotEncoder(**HOT), ["s", "nm", "b", "sm"]),
    "one-hot without the first": coded(pp.OneHotEncoder(drop="first", **HOT)),
    "one-hot, rare together": coded(pp.OneHotEncoder(**RARE)),
    "numbered": coded(pp.OrdinalEncoder(unknown_value=np.nan, encoded_missing_value=-2, **UNKNOWN)),
    "target": coded(pp.TargetEncoder()),
    "text filled in": coded(
        make_pipeline(SimpleImputer(strategy="most_frequent", missing_values=None), pp.OneHotEncoder(**HOT))
    ),
}


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.filterwarnings("ignore:Found unknown categories")
def test_a_transform_says_the_same_as_a_graph(made: Made, table: pl.DataFrame, name: str) -> None:
    """Each transform before trees that take nulls, with three classes in text."""
    predictor = made(en.HistGradientBoostingClassifier(**HGB), "grade", TRANSFORMS[name])
    assert judged(predictor, table).refused == 0


def test_values_that_python_refuses_are_refused_by_the_graph(made: Made, table: pl.DataFrame) -> None:
    """An encoder without a rule for the unseen, and a model that takes no nulls, refuse the same rows."""
    coder = make_column_transformer((pp.OneHotEncoder(sparse_output=False), CATEGORIES))
    strict = made(li.LogisticRegression(), "flag", coder)
    assert judged(strict, table.head(50)).refused == 100
    whole = made(li.LogisticRegression(), "flag", make_column_transformer((pp.StandardScaler(), ["x"])))
    holes = table.with_columns(pl.when(pl.int_range(pl.len()) % 3 == 0).then(None).otherwise("x").alias("x"))
    # As given, alone and as a record; and the first 50 rows with each of five columns changed.
    assert judged(whole, holes.head(60)).refused == 3 * len(range(0, 60, 3)) + 5 * len(range(0, 50, 3))


NULLS = ("HistGradientBoostingClassifier", "RandomForestClassifier", "LGBMClassifier", "XGBRegressor")


@pytest.mark.parametrize("model", [m for m, *_ in MODELS if type(m).__name__ in NULLS], ids=lambda m: type(m).__name__)
@pytest.mark.parametrize("seen", [True, False])
def test_trees_take_nulls_their_own_way(made: Made, table: pl.DataFrame, model: Any, seen: bool) -> None:
    """Each library's rule for nulls holds in the graph, whether training saw some or not."""
    columns = ["x", "n", "xm"]
    rows = table if seen else table.drop_nulls()
    target = "worth" if "Regressor" in type(model).__name__ else "flag"
    predictor = made(model, target, make_column_transformer(("passthrough", columns)), rows.select(*columns, target))
    every = [pl.int_range(pl.len()) % (2 + place) == 0 for place in range(3)]
    holes = [pl.when(one).then(None).otherwise(name).alias(name) for one, name in zip(every, columns, strict=True)]
    assert judged(predictor, table.select(columns).with_columns(holes)).refused == 0


@pytest.mark.filterwarnings("ignore:categorical_feature")
def test_categories_of_the_libraries_own(made: Made, table: pl.DataFrame) -> None:
    """Trees that split by sets of categories do so in the graph: scikit-learn's and LightGBM's."""
    codes = pp.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=np.nan)
    own = en.HistGradientBoostingClassifier(categorical_features=[0, 1], **HGB)
    assert judged(made(own, "grade", coded(codes)), table).refused == 0
    codes = pp.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1)
    options = {"min_child_samples": 5, "min_data_per_group": 2, "cat_smooth": 1, "categorical_feature": [0, 1]}
    assert judged(made(LGBMClassifier(**LIGHT | options), "flag", coded(codes)), table).refused == 0


def test_large_numbers_stay_apart(made: Made) -> None:
    """Times in seconds differ by less than float32 can tell, and whole numbers beyond 2^53 answer as in Python."""
    random = np.random.default_rng(1)
    seconds = 1_700_000_000 + random.integers(0, 60, 200)
    rows = pl.DataFrame({"t": seconds, "id": 2**53 + 2 * random.integers(0, 99, 200) + 1, "late": seconds % 60 > 30})
    plain = make_column_transformer(("passthrough", ["t"]))
    for model in (en.HistGradientBoostingClassifier(**HGB), LGBMClassifier(**LIGHT), KNeighborsClassifier(1)):
        predictor = made(model, "late", plain, rows)
        judged(predictor, rows)
        assert (predictor.answer(rows).prediction == rows["late"].to_numpy()).mean() > 0.9
    plain = make_column_transformer(("passthrough", ["id"]))
    judged(made(en.HistGradientBoostingClassifier(**HGB), "late", plain, rows), rows)
    coder = make_column_transformer((pp.OneHotEncoder(sparse_output=False, handle_unknown="ignore"), ["id"]))
    predictor = made(li.LogisticRegression(), "late", coder, rows)
    assert "beyond 2^53" in convert(predictor).notes[0]
    judged(predictor, rows, first=1)


def test_tabular_features_are_in_the_graph_with_times_and_text(made: Made) -> None:
    """Numbers, infinities, categories, dates, times with zones, ISO text and free text, with nulls in each."""
    random = np.random.default_rng(2)
    count = 150
    start = pl.datetime(2020, 1, 1, time_zone="UTC")
    hours = pl.Series("hours", random.integers(0, 20_000, count))
    rows = pl.select(
        n=pl.Series(random.normal(size=count)).set(pl.Series(random.random(count) < 0.1), None),
        s=pl.Series(random.choice(["a", "b c", "é"], count)).set(pl.Series(random.random(count) < 0.1), None),
        day=(start + pl.duration(hours=hours)).dt.date(),
        zoned=(start + pl.duration(hours=hours)).dt.convert_time_zone("Europe/Berlin"),
        clock=(start + pl.duration(hours=hours)).dt.time(),
        iso=(start + pl.duration(hours=hours)).dt.strftime("%Y-%m-%d %H:%M:%S"),
        words=pl.Series(["wörd " * (place % 9) + f" {place}" for place in range(count)]),
        late=hours % 24 > 12,
    )
    some = pl.when(pl.int_range(pl.len()) % 7 == 0).then(None)
    rows = rows.with_columns(some.otherwise(pl.col("zoned", "iso", "words")).name.keep())
    # A linear model with small steps, so that each feature has its weight in each answer.
    steps = {"learning_rate": "constant", "eta0": 1e-7, "tol": None, "max_iter": 3}
    predictor = made(li.SGDClassifier(loss="log_loss", random_state=0, **steps), "late", TabularFeatures(), rows)
    assert judged(predictor, rows.head(50)).refused == 50  # of each row once: a text never seen is no time
    odd = rows.with_columns(n=pl.lit(float("inf")))
    assert compare(predictor, OnnxPredictor.of(predictor, convert(predictor)), odd).equal


@dataclass
class Doubled:
    """A transform of one's own."""

    factor: float = field(init=False, default=0.0)

    def fit(self, rows: pl.DataFrame) -> Doubled:
        """Twice, always."""
        self.factor = 2.0
        return self

    def transform(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Each number twice."""
        return rows.select(pl.col("x", "n").cast(pl.Float64) * self.factor)


def test_a_class_of_ones_own_stays_in_python(made: Made, table: pl.DataFrame) -> None:
    """The graph begins with the model, and the notes name the part that is not in it."""
    predictor = made(en.HistGradientBoostingClassifier(**HGB), "flag", Doubled())
    said = "Doubled is a class of its own, for which there is no converter"
    assert convert(predictor).notes == (f"part 1 of 2 stays in Python: {said}",)
    judged(predictor, table, first=1)


@pytest.mark.parametrize(
    ("features", "said"),
    [
        (make_column_transformer((TfidfVectorizer(token_pattern="[a-z]+"), "s")), "it takes text apart"),
        (numeric(pp.QuantileTransformer(n_quantiles=9, output_distribution="normal")), "inverse of the normal"),
        (make_column_transformer((KNNImputer(), NUMBERS)), "KNNImputer"),
        (make_column_transformer((pp.FunctionTransformer(np.cbrt), ["x"])), "the function cbrt is Python"),
    ],
)
def test_a_transform_without_a_form_stays_in_python(made: Made, table: pl.DataFrame, features: Any, said: str) -> None:
    """The note names the part, and the rest is a graph that says the same."""
    predictor = made(en.HistGradientBoostingClassifier(**HGB), "flag", features)
    assert said in convert(predictor).notes[0]
    judged(predictor, table, first=1)


class Own:
    """A model of one's own."""

    def fit(self, rows: Any, y: Any) -> Own:
        """Learn nothing."""
        return self

    def predict(self, rows: Any) -> Any:
        """Nothing, for each row."""
        return np.zeros(len(rows))


@pytest.mark.parametrize(
    ("model", "target", "said"),
    [
        (Own(), "worth", "Own: it is a class of"),
        (LGBMClassifier(zero_as_missing=True, **LIGHT), "flag", "zero_as_missing"),
        (LGBMRegressor(linear_tree=True, **LIGHT), "worth", "its leaves are linear models"),
        (XGBRegressor(booster="dart", **TREES), "worth", "its booster is 'dart'"),
        (en.GradientBoostingRegressor(init=li.Ridge(), **TREES), "worth", "it starts from a model of its own"),
        (en.IsolationForest(**TREES), "worth", "IsolationForest"),
        (KNeighborsClassifier(weights="distance"), "flag", "its weights are distance"),
    ],
)
def test_a_model_without_a_form_is_refused_by_name(made: Made, model: Any, target: str, said: str) -> None:
    """The error names the model and says why."""
    with pytest.raises(NotConvertible, match=said):
        convert(made(model, target))


def test_a_model_alone_is_given_a_matrix(table: pl.DataFrame) -> None:
    """Without a fitted transform the rows go in as they are, by the names that the model knows."""
    rows = table.select("x", "n", "xm")
    bare = assemble(make_pipeline(SimpleImputer(), li.LogisticRegression()).fit(rows, table["grade"].to_numpy()))
    found = judged(bare, rows.select("xm", "x", "n"))
    assert found.rows == 2 * len(table)


def test_without_the_packages_it_says_what_to_install(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing onnx is a reason like any other."""
    monkeypatch.setattr(converting, "find_spec", lambda name: None)
    with pytest.raises(NotConvertible, match=r"onnx is not installed: pip install 'solvent\[onnx\]'"):
        convert(made(Baseline(), "flag"))


def test_the_same_predictor_gives_the_same_bytes(made: Made) -> None:
    """A graph is canonical: written twice, it is the same file."""
    predictor = made(en.RandomForestClassifier(**TREES), "grade")
    assert convert(predictor) == convert(predictor)
