"""Search trees of neighbours, and splines: their inner numbers must stay within bounds, because use does not look."""

from __future__ import annotations

from collections.abc import Mapping

from solvent.archive.formats.estimators.nodes import Node, attributes
from solvent.archive.formats.estimators.trees import array_in, number_in, require

__all__ = ["COUNTERS", "check_search_tree", "check_spline"]

COUNTERS = range(7, 11)
"""Where the state of a search tree counts how often it was asked: no property of the model, so it is written as 0."""

_STATE = 13


def check_search_tree(node: Node, files: Mapping[str, bytes]) -> None:
    """Every node of a k-d or ball tree holds points that exist, and the last row of nodes are leaves."""
    import numpy as np

    state = node.get("content", {}).get("content", [])
    require(isinstance(state, list) and len(state) == _STATE, "its state")
    points, order, nodes, bounds = (array_in(part, files) for part in state[:4])
    count = number_in(state[6])
    require(points.ndim == 2 and order.ndim == 1 and len(order) == len(points), "its points")
    require(np.array_equal(np.sort(order), np.arange(len(points))), "the order of its points")
    require(
        nodes.shape == (count,) and nodes.dtype.names is not None and count == 2 ** number_in(state[5]) - 1, "its nodes"
    )
    require(bounds.ndim == 3 and bounds.shape[1:] == (count, points.shape[1]), "its bounds")
    start, end = nodes["idx_start"].astype(np.int64), nodes["idx_end"].astype(np.int64)
    require(bool(((start >= 0) & (start <= end) & (end <= len(points))).all()), "the points of its nodes")
    require(bool((nodes["is_leaf"][np.arange(count) * 2 + 2 >= count] != 0).all()), "its leaves")


def check_spline(node: Node, files: Mapping[str, bytes]) -> None:
    """A spline has a coefficient for each of its pieces."""
    held = attributes(node)
    knots, factors = array_in(held.get("_t", held.get("t")), files), array_in(held.get("_c", held.get("c")), files)
    degree = number_in(held.get("k"))
    require(knots.ndim == 1 and len(knots) >= 2 * degree + 2 and bool((knots[1:] >= knots[:-1]).all()), "its knots")
    require(factors.ndim >= 1 and len(factors) >= len(knots) - degree - 1, "its coefficients")
