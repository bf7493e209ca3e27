"""Models written as a graph: which writer each has, and what the graph then says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from solvent.delivery.runtime.graphs.columns import Table, table_of
from solvent.delivery.runtime.graphs.features import family_of, says_where, write_transform
from solvent.delivery.runtime.graphs.foreign import foreign_model
from solvent.delivery.runtime.graphs.neighbours import neighbours
from solvent.delivery.runtime.graphs.scaling import interpolate
from solvent.delivery.runtime.graphs.tables import encoder
from solvent.delivery.runtime.graphs.trees.boosters import lightgbm_model, xgboost_model
from solvent.delivery.runtime.graphs.trees.forests import (
    boosted,
    forest,
    histogram_boosted,
    link,
    one_tree,
    two_columns,
)
from solvent.delivery.runtime.graphs.writing import Block, Graph, NotConvertible
from solvent.learn.adapting.labels import Labelled
from solvent.learn.training import Baseline

__all__ = ["Said", "write_model"]


@dataclass(frozen=True)
class Said:
    """A model's output: ``probability`` ``[rows, classes]``, ``value`` ``[rows, 1]``, or the ``choice`` of a class."""

    kind: Literal["probability", "value", "choice"]
    name: str


def write_model(graph: Graph, model: Any, table: Table) -> Said:
    """What a fitted model says of the columns; raises :class:`NotConvertible` that names the part."""
    model = model.inner if isinstance(model, Labelled) else model
    name, family = type(model).__name__, family_of(model)
    if isinstance(model, Baseline):
        return _baseline(graph, model, table)
    try:
        if family == "sklearn" and name in _WHOLE:
            return _WHOLE[name](graph, model, table)
        writers = _WRITERS.get(family)
        if writers is None or (family != "sklearn" and name not in writers):
            raise NotConvertible(f"it is a class of {family}, for which there is no converter")
        if name in writers:
            made = writers[name](graph, model, table.numbers(graph))
            return Said("probability" if hasattr(model, "classes_") else "value", made)
        return _foreign(graph, model, table)
    except NotConvertible as error:
        raise says_where(model, error) from None


def _foreign(graph: Graph, model: Any, table: Table) -> Said:
    outputs = foreign_model(graph, model, table.numbers(graph))
    if not hasattr(model, "classes_"):
        return Said("value", outputs[0])
    if callable(getattr(model, "predict_proba", None)):
        return Said("probability", outputs[1])
    return Said("choice", outputs[0])


def _near(graph: Graph, model: Any, table: Table) -> Said:
    made = neighbours(graph, model, table.numbers(graph))
    return Said("probability" if hasattr(model, "classes_") else "value", made)


def _baseline(graph: Graph, model: Baseline, table: Table) -> Said:
    import numpy as np

    first = table.column(graph, 0)
    zero = graph.op("Mul", graph.cast(graph.op("Shape", first.name, start=0, end=1), "DOUBLE"), np.array(0.0))
    values = np.array([model.shares if model.classes else [model.mean]], dtype=np.float64)
    rows = graph.op("Concat", graph.op("Shape", first.name, start=0, end=1), np.array([1], dtype=np.int64), axis=0)
    made = graph.op("Expand", graph.op("Add", values, zero), rows)
    return Said("probability" if model.classes else "value", made)


def _pipeline(graph: Graph, model: Any, table: Table) -> Said:
    for _, one in model.steps[:-1]:
        table = write_transform(graph, one, table)
    return write_model(graph, model.steps[-1][1], table)


def _histogram(graph: Graph, model: Any, table: Table) -> Said:
    if model._preprocessor is None:
        block = table.numbers(graph)
    else:
        among = [bool(one) for one in model.is_categorical_]
        coded = [place for place, one in enumerate(among) if one]
        plain = table.pick([place for place, one in enumerate(among) if not one])
        codes = encoder(graph, model._preprocessor.named_transformers_["encoder"], table.pick(coded))
        block = graph.join([codes, plain.numbers(graph)] if plain.width else [codes])
    made = histogram_boosted(graph, model, block)
    return Said("probability" if hasattr(model, "classes_") else "value", made)


def _scores(graph: Graph, model: Any, table: Table) -> str:
    """The decision function of a linear model or a support vector machine, ``[rows, 1]`` or one for each class."""
    import numpy as np

    block = table.numbers(graph)
    graph.refuse_nulls(block)
    weights = np.atleast_2d(np.asarray(model.coef_, dtype=np.float64))
    if weights.shape[1] != block.width:
        raise NotConvertible("it has more than one target")
    made = graph.op("MatMul", block.name, np.ascontiguousarray(weights.T))
    return graph.op("Add", made, np.array([np.broadcast_to(model.intercept_, len(weights))], dtype=np.float64))


def _linear_value(graph: Graph, model: Any, table: Table) -> Said:
    return Said("value", _one_target(model, _scores(graph, model, table)))


def _one_target(model: Any, made: str) -> str:
    import numpy as np

    if np.atleast_2d(model.coef_).shape[0] != 1:
        raise NotConvertible("it has more than one target")
    return made


def _exponential(graph: Graph, model: Any, table: Table) -> Said:
    made = _scores(graph, model, table)
    kind = type(model._base_loss.link).__name__
    if kind not in ("LogLink", "IdentityLink"):
        raise NotConvertible(f"its loss has the link {kind}")
    return Said("value", graph.op("Exp", made) if kind == "LogLink" else made)


def _logistic(graph: Graph, model: Any, table: Table) -> Said:
    raw = _scores(graph, model, table)
    if len(model.classes_) > 2 and getattr(model, "solver", "") == "liblinear":
        raise NotConvertible("more than two classes by liblinear")
    return Said("probability", link(graph, raw, 1 if len(model.classes_) == 2 else len(model.classes_)))


def _stochastic(graph: Graph, model: Any, table: Table) -> Said:
    """SGDClassifier: probabilities for one loss, a choice for most."""
    if model.loss == "modified_huber":
        raise NotConvertible("probabilities of the loss modified_huber")
    if model.loss != "log_loss":
        return _chosen(graph, model, table)
    raw = _scores(graph, model, table)
    if len(model.classes_) == 2:
        return Said("probability", link(graph, raw, 1))
    return Said("probability", _shared(graph, graph.op("Sigmoid", raw), len(model.classes_)))


def _shared(graph: Graph, parts: str, classes: int) -> str:
    """Parts of their sum; equal ones where all are zero."""
    import numpy as np

    total = graph.op("ReduceSum", parts, np.array([1], dtype=np.int64), keepdims=1)
    none = graph.op("Equal", total, np.array(0.0))
    safe = graph.op("Where", none, np.array(1.0), total)
    return graph.op("Where", none, np.array(1 / classes), graph.op("Div", parts, safe))


def _chosen(graph: Graph, model: Any, table: Table) -> Said:
    import numpy as np

    raw = _scores(graph, model, table)
    if len(model.classes_) == 2:
        above = graph.op("Greater", raw, np.array(0.0))
        return Said("choice", graph.op("Squeeze", graph.cast(above, "INT64"), np.array([1], dtype=np.int64)))
    return Said("choice", graph.op("ArgMax", raw, axis=1, keepdims=0))


def _network(graph: Graph, model: Any, table: Table) -> Said:
    """Multi-layer perceptrons."""
    import numpy as np

    block = table.numbers(graph)
    graph.refuse_nulls(block)
    kinds = {"relu": "Relu", "tanh": "Tanh", "logistic": "Sigmoid"}
    made = block.name
    for place, (weights, bias) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
        made = graph.op("MatMul", made, np.asarray(weights, dtype=np.float64))
        made = graph.op("Add", made, np.asarray([bias], dtype=np.float64))
        if place < len(model.coefs_) - 1 and model.activation != "identity":
            made = graph.op(kinds[model.activation], made)
    if not hasattr(model, "classes_"):
        if model.n_outputs_ != 1:
            raise NotConvertible("it has more than one target")
        return Said("value", graph.op("Exp", made) if model.out_activation_ == "exp" else made)
    if model.out_activation_ not in ("logistic", "softmax") or model.n_outputs_ not in (1, len(model.classes_)):
        raise NotConvertible(f"its last layer is {model.out_activation_}")
    return Said("probability", link(graph, made, model.n_outputs_))


def _decision(graph: Graph, model: Any, table: Table, methods: tuple[str, ...]) -> tuple[str, int]:
    """What the first method gives that the model has: scores or probabilities; with the number of columns."""
    method = next(one for one in methods if callable(getattr(model, one, None)))
    if method == "decision_function":
        if type(model).__name__ not in _LINEAR_CLASSES:
            raise NotConvertible(f"it asks {type(model).__name__} for its decision function")
        return _scores(graph, model, table), 1 if len(model.classes_) == 2 else len(model.classes_)
    said = write_model(graph, model, table)
    if method == "predict_proba" and said.kind == "probability":
        return said.name, len(model.classes_)
    if method == "predict" and said.kind == "value":
        return said.name, 1
    raise NotConvertible(f"it asks {type(model).__name__} for {method}")


def _calibrated(graph: Graph, model: Any, table: Table) -> Said:
    """Calibration by a sigmoid or by isotonic steps, averaged over the folds."""
    import numpy as np

    count, parts = len(model.classes_), []
    for one in model.calibrated_classifiers_:
        if one.method not in ("sigmoid", "isotonic"):
            raise NotConvertible(f"it calibrates by {one.method}")
        if list(one.estimator.classes_) != list(model.classes_):
            raise NotConvertible("one of its folds has not seen every class")
        scores, width = _decision(graph, one.estimator, table, ("decision_function", "predict_proba"))
        if count == 2 and width == 2:
            scores = graph.op("Gather", scores, np.array([1], dtype=np.int64), axis=1)
        if one.method == "isotonic":
            chance = _stepwise(graph, one.calibrators, scores)
        else:
            slope = np.array([[-each.a_ for each in one.calibrators]], dtype=np.float64)
            shift = np.array([[-each.b_ for each in one.calibrators]], dtype=np.float64)
            chance = graph.op("Sigmoid", graph.op("Add", graph.op("Mul", scores, slope), shift))
        parts.append(two_columns(graph, chance) if count == 2 else _shared(graph, chance, count))
    return Said("probability", _mean(graph, parts, [1 / len(parts)] * len(parts)))


def _stepwise(graph: Graph, calibrators: Any, scores: str) -> str:
    """Isotonic regression: straight lines between its points, and level beyond them."""
    import numpy as np

    made = []
    for place, one in enumerate(calibrators):
        points = np.asarray(one.X_thresholds_, dtype=np.float64)
        column = graph.op("Gather", scores, np.array([place], dtype=np.int64), axis=1)
        inside = graph.op("Clip", column, np.array(points[0]), np.array(points[-1]))
        made.append(interpolate(graph, inside, points, np.asarray(one.y_thresholds_, dtype=np.float64)))
    return graph.op("Concat", *made, axis=1)


def _mean(graph: Graph, parts: list[str], weights: list[float]) -> str:
    import numpy as np

    made = graph.op("Mul", parts[0], np.array(weights[0]))
    for part, weight in zip(parts[1:], weights[1:], strict=True):
        made = graph.op("Add", made, graph.op("Mul", part, np.array(weight)))
    return made


def _stacked(graph: Graph, model: Any, table: Table) -> Said:
    """Models whose answers are the features of the last one."""
    import numpy as np

    parts = []
    for one, method in zip(model.estimators_, model.stack_method_, strict=True):
        made, width = _decision(graph, one, table, (method,))
        if method == "predict_proba" and len(model.classes_) == 2:
            made, width = graph.op("Gather", made, np.array([1], dtype=np.int64), axis=1), 1
        parts.append(Block(made, width, complete=True))
    if model.passthrough:
        parts.append(table.numbers(graph))
    return write_model(graph, model.final_estimator_, table_of(graph.join(parts)))


def _voted(graph: Graph, model: Any, table: Table) -> Said:
    """The weighted mean of the answers of several models."""
    if getattr(model, "voting", "soft") != "soft":
        raise NotConvertible("it counts votes instead of averaging probabilities")
    weights = model._weights_not_none or [1] * len(model.estimators_)
    said = [write_model(graph, one, table) for one in model.estimators_]
    kinds = {one.kind for one in said}
    if len(kinds) != 1 or "choice" in kinds:
        raise NotConvertible("one of its models gives no probabilities")
    total = float(sum(weights))
    return Said(said[0].kind, _mean(graph, [one.name for one in said], [float(one) / total for one in weights]))


def _bagged(graph: Graph, model: Any, table: Table) -> Said:
    """The mean of the answers of models of one kind, each given some of the columns."""
    said = []
    for one, columns in zip(model.estimators_, model.estimators_features_, strict=True):
        if hasattr(model, "classes_") and len(one.classes_) != len(model.classes_):
            raise NotConvertible("one of its models has not seen every class")
        said.append(write_model(graph, one, table.pick([int(place) for place in columns])))
    if len({one.kind for one in said}) != 1 or said[0].kind == "choice":
        raise NotConvertible("its models give no probabilities")
    return Said(said[0].kind, _mean(graph, [one.name for one in said], [1 / len(said)] * len(said)))


_WRITERS: dict[str, dict[str, Callable[[Graph, Any, Block], str]]] = {
    "sklearn": {
        **dict.fromkeys(("DecisionTreeClassifier", "DecisionTreeRegressor"), one_tree),
        **dict.fromkeys(("ExtraTreeClassifier", "ExtraTreeRegressor"), one_tree),
        **dict.fromkeys(("RandomForestClassifier", "RandomForestRegressor"), forest),
        **dict.fromkeys(("ExtraTreesClassifier", "ExtraTreesRegressor"), forest),
        **dict.fromkeys(("GradientBoostingClassifier", "GradientBoostingRegressor"), boosted),
    },
    "lightgbm": dict.fromkeys(("LGBMClassifier", "LGBMRegressor"), lightgbm_model),
    "xgboost": dict.fromkeys(("XGBClassifier", "XGBRegressor", "XGBRFClassifier", "XGBRFRegressor"), xgboost_model),
}
_LINEAR_CLASSES = ("LogisticRegression", "LogisticRegressionCV", "LinearSVC", "RidgeClassifier", "SGDClassifier")
_VALUES = (
    "LinearRegression",
    "Ridge",
    "RidgeCV",
    "Lasso",
    "LassoCV",
    "LassoLars",
    "LassoLarsIC",
    "ElasticNet",
    "ElasticNetCV",
    "Lars",
    "LarsCV",
    "OrthogonalMatchingPursuit",
    "BayesianRidge",
    "ARDRegression",
    "HuberRegressor",
    "SGDRegressor",
    "TheilSenRegressor",
    "PassiveAggressiveRegressor",
    "QuantileRegressor",
    "LinearSVR",
)
_WHOLE: dict[str, Callable[[Graph, Any, Table], Said]] = {
    "Pipeline": _pipeline,
    "HistGradientBoostingClassifier": _histogram,
    "HistGradientBoostingRegressor": _histogram,
    **dict.fromkeys(_VALUES, _linear_value),
    **dict.fromkeys(("PoissonRegressor", "GammaRegressor", "TweedieRegressor"), _exponential),
    **dict.fromkeys(("LogisticRegression", "LogisticRegressionCV", "LinearDiscriminantAnalysis"), _logistic),
    "SGDClassifier": _stochastic,
    **dict.fromkeys(("LinearSVC", "RidgeClassifier", "RidgeClassifierCV", "Perceptron"), _chosen),
    "MLPClassifier": _network,
    "MLPRegressor": _network,
    "KNeighborsClassifier": _near,
    "KNeighborsRegressor": _near,
    "CalibratedClassifierCV": _calibrated,
    "StackingClassifier": _stacked,
    "StackingRegressor": _stacked,
    "BaggingClassifier": _bagged,
    "BaggingRegressor": _bagged,
    "VotingClassifier": _voted,
    "VotingRegressor": _voted,
}
