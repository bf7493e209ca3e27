"""LightGBM's and XGBoost's trees, read from their own dumps, with their rules for nulls and categories."""

from __future__ import annotations

import json
from typing import Any

from solvent.delivery.runtime.graphs.trees.ensemble import Ensemble, Tree, write_ensemble
from solvent.delivery.runtime.graphs.trees.forests import link
from solvent.delivery.runtime.graphs.writing import Block, Graph, NotConvertible

__all__ = ["lightgbm_model", "xgboost_model"]


def lightgbm_model(graph: Graph, model: Any, block: Block) -> str:
    """A model of LightGBM's scikit-learn interface."""
    import numpy as np

    told = model.booster_.dump_model()
    objective, *rest = str(told.get("objective", "")).split(" ")
    options = dict(one.split(":") for one in rest if ":" in one)
    if told.get("pandas_categorical"):
        raise NotConvertible("it was trained on pandas categories; make numbers of them in a transform")
    per = int(told["num_tree_per_iteration"])
    trees = [_light_tree(one["tree_structure"], place % per) for place, one in enumerate(told["tree_info"])]
    if told.get("average_output"):
        rounds = max(1, len(trees) // per)
        for tree in trees:
            tree.leaf = [{key: value / rounds for key, value in one.items()} for one in tree.leaf]
    raw = write_ensemble(graph, block, Ensemble(trees, per))
    if objective == "binary":
        return link(graph, graph.op("Mul", raw, np.array(float(options.get("sigmoid", 1)))), 1)
    if objective == "multiclass":
        return link(graph, raw, per)
    if objective in ("poisson", "gamma", "tweedie"):
        return graph.op("Exp", raw)
    if objective not in ("regression", "regression_l1", "huber", "fair", "quantile", "mape") or "sqrt" in rest:
        raise NotConvertible(f"its objective is {' '.join([objective, *rest])!r}")
    return raw


_ZERO = 1e-35  # LightGBM takes what is nearer to zero than this for zero


def _light_tree(root: dict[str, Any], target: int) -> Tree:
    made = Tree()
    todo: list[tuple[dict[str, Any], int, bool]] = [(root, -1, False)]
    while todo:
        node, parent, yes = todo.pop()
        if "leaf_coeff" in node:
            raise NotConvertible("its leaves are linear models")
        if "leaf_value" in node:
            place = made.add_leaf({target: float(node["leaf_value"])})
        else:
            place = _light_split(made, node)
            todo += [(node["right_child"], place, False), (node["left_child"], place, True)]
        if parent >= 0:
            (made.yes if yes else made.no)[parent] = place
    return made


def _light_split(made: Tree, node: dict[str, Any]) -> int:
    column, kind = int(node["split_feature"]), node["missing_type"]
    if node["decision_type"] == "==":
        members = tuple(float(one) for one in str(node["threshold"]).split("||"))
        return made.add_split("in", column, 0.0, False, members)
    if node["decision_type"] != "<=":
        raise NotConvertible(f"one of its trees decides by {node['decision_type']!r}")
    border = float(node["threshold"])
    zero = border >= 0
    if kind == "Zero" and bool(node["default_left"]) != zero:
        raise NotConvertible("it was trained with zero_as_missing")
    nulls = bool(node["default_left"]) if kind == "NaN" else zero
    return made.add_split("<=", column, border, nulls)


def xgboost_model(graph: Graph, model: Any, block: Block) -> str:
    """A model of XGBoost's scikit-learn interface."""
    import numpy as np

    told = json.loads(bytes(model.get_booster().save_raw("json")))["learner"]
    booster, objective = told["gradient_booster"], told["objective"]["name"]
    if booster["name"] != "gbtree" or not np.isnan(model.missing):
        raise NotConvertible(f"its booster is {booster['name']!r} with missing={model.missing}")
    classes = int(told["learner_model_param"]["num_class"])
    targets = max(1, classes)
    first = _margins(told["learner_model_param"]["base_score"], objective, targets)
    trees, best = booster["model"]["trees"], model.get_booster().attr("best_iteration")
    groups = [int(one) for one in booster["model"]["tree_info"]]
    if best is not None:
        rounds = [int(one) for one in booster["model"]["iteration_indptr"]]
        trees = trees[: rounds[int(best) + 1]]
    read = [_extreme_tree(one, groups[place]) for place, one in enumerate(trees)]
    single = Block(graph.cast(graph.cast(block.name, "FLOAT"), "DOUBLE"), block.width, complete=block.complete)
    raw = write_ensemble(graph, single, Ensemble(read, targets, first))
    if objective in ("binary:logistic", "multi:softprob"):
        return link(graph, raw, targets)
    if objective in ("count:poisson", "reg:gamma", "reg:tweedie"):
        return graph.op("Exp", raw)
    if objective == "reg:logistic":
        return graph.op("Sigmoid", raw)
    if objective not in ("reg:squarederror", "reg:absoluteerror", "reg:pseudohubererror", "reg:quantileerror"):
        raise NotConvertible(f"its objective is {objective!r}")
    return raw


def _margins(said: str, objective: str, targets: int) -> tuple[float, ...]:
    """What the sums start from: the base score before the link."""
    import math

    scores = [float(one) for one in said.strip("[]").split(",")]
    if objective in ("binary:logistic", "reg:logistic"):
        scores = [math.log(one / (1 - one)) for one in scores]
    elif objective in ("count:poisson", "reg:gamma", "reg:tweedie"):
        scores = [math.log(one) for one in scores]
    return tuple(scores * targets if len(scores) == 1 else scores)


def _extreme_tree(told: dict[str, Any], target: int) -> Tree:
    if any(int(one) for one in told.get("split_type", [])):
        raise NotConvertible("one of its trees splits by categories")
    if int(told["tree_param"].get("size_leaf_vector", 1)) > 1:
        raise NotConvertible("its leaves have more than one value")
    import numpy as np

    made = Tree()
    borders = np.array(told["split_conditions"], dtype=np.float32).astype(np.float64)
    for place, left in enumerate(told["left_children"]):
        if left < 0:
            made.add_leaf({target: float(borders[place])})
        else:
            nulls = bool(told["default_left"][place])
            made.add_split("<", int(told["split_indices"][place]), float(borders[place]), nulls)
            made.yes[place], made.no[place] = int(left), int(told["right_children"][place])
    return made
