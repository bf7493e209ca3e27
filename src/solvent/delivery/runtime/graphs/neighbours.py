"""Nearest neighbours: the training rows go into the graph, and every question is compared with all of them."""

from __future__ import annotations

from typing import Any

from solvent.delivery.runtime.graphs.writing import Block, Graph, NotConvertible

__all__ = ["neighbours"]

_LARGEST = 5_000_000  # numbers in the training rows; more make a graph that is slower than Python


def neighbours(graph: Graph, model: Any, block: Block) -> str:
    """KNeighborsClassifier and KNeighborsRegressor with Euclidean distance and equal weights."""
    import numpy as np

    graph.refuse_nulls(block)
    rows = np.asarray(model._fit_X, dtype=np.float64) if not hasattr(model._fit_X, "toarray") else None
    metric = "euclidean" if model.effective_metric_ == "minkowski" and model.p == 2 else model.effective_metric_
    if rows is None or metric != "euclidean" or model.weights not in ("uniform", None):
        raise NotConvertible(f"its metric is {model.effective_metric_}, its weights are {model.weights}")
    if rows.size > _LARGEST:
        raise NotConvertible(f"its {rows.size} numbers of training rows would all have to be in the graph")
    axis = np.array([1], dtype=np.int64)
    # |x - y|² less |x|², which is the same for all training rows; about the mean, so that large numbers keep digits
    mean = rows.mean(axis=0)
    rows = rows - mean
    cross = graph.op("MatMul", graph.op("Sub", block.name, mean.reshape(1, -1)), np.ascontiguousarray(-2.0 * rows.T))
    far = graph.op("Add", cross, np.square(rows).sum(axis=1).reshape(1, -1))
    count = np.array([model.n_neighbors], dtype=np.int64)
    _, places = graph.ops("TopK", (far, count), 2, axis=1, largest=0)
    if hasattr(model, "classes_"):
        if isinstance(model.classes_, list):
            raise NotConvertible("it has more than one target")
        values = np.eye(len(model.classes_))[np.asarray(model._y).ravel()]
        return graph.op("ReduceMean", graph.op("Gather", values, places), axis, keepdims=0)
    target = np.asarray(model._y, dtype=np.float64)
    if target.ndim > 1 and target.shape[1] > 1:
        raise NotConvertible("it has more than one target")
    return graph.op("ReduceMean", graph.op("Gather", target.ravel(), places), axis, keepdims=1)
