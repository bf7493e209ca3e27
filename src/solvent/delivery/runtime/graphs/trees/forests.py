"""scikit-learn's trees, forests and boosted trees, as they decide: thresholds double, nulls their own way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from solvent.delivery.runtime.graphs.trees.ensemble import Ensemble, Tree, write_ensemble
from solvent.delivery.runtime.graphs.writing import Block, Graph, NotConvertible

if TYPE_CHECKING:
    import numpy as np

__all__ = ["boosted", "forest", "histogram_boosted", "link", "one_tree", "two_columns"]


def one_tree(graph: Graph, model: Any, block: Block) -> str:
    """A decision tree."""
    return _averaged(graph, model, [model], block)


def forest(graph: Graph, model: Any, block: Block) -> str:
    """A random forest or extremely random trees: the mean over the trees."""
    return _averaged(graph, model, model.estimators_, block)


def _as_single(graph: Graph, model: Any, block: Block) -> Block:
    """The features as scikit-learn's own trees see them: rounded to float32."""
    if not model.__sklearn_tags__().input_tags.allow_nan:
        graph.refuse_nulls(block)
    return Block(graph.cast(graph.cast(block.name, "FLOAT"), "DOUBLE"), block.width, complete=block.complete)


def _averaged(graph: Graph, model: Any, parts: Any, block: Block) -> str:
    import numpy as np

    if getattr(model, "n_outputs_", 1) != 1:
        raise NotConvertible("it has more than one target")
    classes = len(model.classes_) if hasattr(model, "classes_") else 0
    trees = []
    for one in parts:
        values = one.tree_.value[:, 0, :].astype(np.float64)
        if classes:
            values = values / values.sum(axis=1, keepdims=True)
            values = values[:, 1:] if classes == 2 else values
        trees.append(_tree(one.tree_, values / len(parts)))
    targets = max(1, classes - 1 if classes == 2 else classes)
    sums = write_ensemble(graph, _as_single(graph, model, block), Ensemble(trees, targets))
    return two_columns(graph, sums) if classes == 2 else sums


def _tree(tree: Any, values: np.ndarray[Any, Any], target: int = 0) -> Tree:
    made = Tree()
    nulls = tree.missing_go_to_left
    for place in range(tree.node_count):
        if tree.children_left[place] < 0:
            made.add_leaf({target + one: float(value) for one, value in enumerate(values[place])})
        else:
            made.add_split("<=", int(tree.feature[place]), float(tree.threshold[place]), bool(nulls[place]))
            made.yes[place], made.no[place] = int(tree.children_left[place]), int(tree.children_right[place])
    return made


def two_columns(graph: Graph, chance: str) -> str:
    """The probabilities of both classes, from that of the second."""
    import numpy as np

    return graph.op("Concat", graph.op("Sub", np.array(1.0), chance), chance, axis=1)


def boosted(graph: Graph, model: Any, block: Block) -> str:
    """Gradient boosting by exact splits."""
    import numpy as np

    name = type(getattr(model, "init_", None)).__name__
    if name not in ("DummyClassifier", "DummyRegressor") and model.init_ != "zero":
        raise NotConvertible(f"it starts from a model of its own ({name})")
    zero = np.zeros((1, model.n_features_in_), dtype=np.float32)
    start = tuple(float(one) for one in np.asarray(model._raw_predict_init(zero)).ravel())
    trees = [
        _tree(one.tree_, one.tree_.value[:, 0, :] * model.learning_rate, target)
        for row in model.estimators_
        for target, one in enumerate(row)
    ]
    raw = write_ensemble(graph, _as_single(graph, model, block), Ensemble(trees, len(start), start))
    if not hasattr(model, "classes_"):
        return raw
    return link(graph, graph.op("Mul", raw, np.array(2.0)) if model.loss == "exponential" else raw, len(start))


def link(graph: Graph, raw: str, targets: int) -> str:
    """The probabilities from raw scores: one for two classes, or one for each."""
    return two_columns(graph, graph.op("Sigmoid", raw)) if targets == 1 else graph.op("Softmax", raw, axis=1)


def histogram_boosted(graph: Graph, model: Any, block: Block) -> str:
    """Gradient boosting on histograms, with its categories; ``block`` is what its own encoder made of them."""
    import numpy as np

    trees = [_histogram_tree(one, target) for row in model._predictors for target, one in enumerate(row)]
    start = tuple(float(one) for one in np.asarray(model._baseline_prediction).ravel())
    raw = write_ensemble(graph, block, Ensemble(trees, len(start), start))
    if hasattr(model, "classes_"):
        return link(graph, raw, len(start))
    kind = type(model._loss.link).__name__
    if kind == "LogLink":
        return graph.op("Exp", raw)
    if kind != "IdentityLink":
        raise NotConvertible(f"its loss has the link {kind}")
    return raw


def _histogram_tree(predictor: Any, target: int) -> Tree:
    made = Tree()
    for place, node in enumerate(predictor.nodes):
        if node["is_leaf"]:
            made.add_leaf({target: float(node["value"])})
            continue
        column, nulls = int(node["feature_idx"]), bool(node["missing_go_to_left"])
        if node["is_categorical"]:
            bits = predictor.raw_left_cat_bitsets[node["bitset_idx"]]
            members = tuple(float(one) for one in range(256) if int(bits[one // 32]) >> (one % 32) & 1)
            made.add_split("in", column, 0.0, nulls, members)
        else:
            made.add_split("<=", column, float(node["num_threshold"]), nulls)
        made.yes[place], made.no[place] = int(node["left"]), int(node["right"])
    return made
