"""Trees of scikit-learn: what stands in their nodes must stay within bounds, because prediction does not look."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from solvent.archive.formats.estimators.members import array_of
from solvent.archive.formats.estimators.nodes import Node, attributes
from solvent.errors import Corrupted

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

__all__ = ["array_in", "check_binning", "check_predictor", "check_tree", "number_in", "require"]

_SAME_ROWS = ("sklearn.ensemble._forest", "sklearn.ensemble._gb", "sklearn.tree._classes")
_CATEGORIES = 256
_WORDS = 8


def check_tree(node: Node, files: Mapping[str, bytes], owners: tuple[Node, ...]) -> None:
    """Every child comes after its parent and every feature exists: reading ends, and stays inside of the rows."""
    state = attributes(node)
    arguments = node["__reduce__"]["args"].get("content", [])
    features = number_in(arguments[0] if arguments else None)
    nodes = array_in(state.get("nodes"), files)
    count = number_in(state.get("node_count"))
    require(nodes.ndim == 1 and nodes.dtype.names is not None and len(nodes) == count, "its number of nodes")
    require(array_in(state.get("values"), files).shape[:1] == (count,), "its number of values")
    if nodes.dtype.names is None:
        return
    inner = nodes["left_child"] != -1
    _check_order(nodes["left_child"], nodes["right_child"], inner)
    _check_features(nodes["feature"][inner], features)
    for owner in owners:
        if owner["__module__"] in _SAME_ROWS:
            _check_features(nodes["feature"][inner], _columns(owner))
        elif owner["__module__"] == "sklearn.ensemble._iforest":
            held = attributes(owner)
            chosen = [array_in(part, files).shape for part in held.get("estimators_features_", {}).get("content", [])]
            width = number_in(held.get("_max_features"))
            _check_features(nodes["feature"][inner], width)
            require(all(shape == (width,) for shape in chosen), "its choice of columns")


def check_predictor(node: Node, files: Mapping[str, bytes], owners: tuple[Node, ...]) -> None:
    """The same for the trees of histogram gradient boosting, and for the sets of categories that they point to."""
    state = attributes(node)
    nodes = array_in(state.get("nodes"), files)
    require(nodes.ndim == 1 and nodes.dtype.names is not None, "its nodes")
    inner = nodes["is_leaf"] == 0
    _check_order(nodes["left"], nodes["right"], inner)
    _check_features(nodes["feature_idx"][inner], _columns(owners[-1] if owners else {}))
    kinds = inner & (nodes["is_categorical"] != 0)
    for name in ("raw_left_cat_bitsets", "binned_left_cat_bitsets"):
        sets = array_in(state.get(name), files)
        wide = sets.ndim == 2 and sets.shape[1] == _WORDS
        require(not kinds.any() or (wide and bool((nodes["bitset_idx"][kinds] < len(sets)).all())), "its categories")


def check_binning(node: Node, files: Mapping[str, bytes], owners: tuple[Node, ...]) -> None:
    """Categories are bits of a fixed set: each must be below 256, and each column must have its kind."""
    state = attributes(node)
    if "is_categorical_" not in state:
        return
    kinds = array_in(state["is_categorical_"], files)
    edges = state.get("bin_thresholds_", {}).get("content", [])
    require(
        kinds.ndim == 1 and len(kinds) == len(edges) == _columns(owners[-1] if owners else {}), "its number of columns"
    )
    for kind, edge in zip(kinds, edges, strict=True):
        values = array_in(edge, files)
        require(not kind or bool(((values >= 0) & (values < _CATEGORIES)).all()), "its categories")


def _check_order(left: Array, right: Array, inner: Array) -> None:
    import numpy as np

    places = np.arange(len(left))[inner]
    for side in (left[inner].astype(np.int64), right[inner].astype(np.int64)):
        require(bool(((side > places) & (side < len(left))).all()), "its children")


def _check_features(features: Array, columns: int) -> None:
    import numpy as np

    found = features.astype(np.int64)
    require(bool(((found >= 0) & (found < columns)).all()), "its features")


def _columns(owner: Node) -> int:
    return number_in(attributes(owner).get("n_features_in_"))


def array_in(node: Any, files: Mapping[str, bytes]) -> Array:
    """The array of a node."""
    if not isinstance(node, dict) or node.get("__loader__") != "NdArrayNode" or node.get("file") not in files:
        raise Corrupted("a part of an estimator is not complete; it was not loaded")
    return array_of(files[node["file"]])


def number_in(node: Any) -> int:
    """The number of a node, at least 0."""
    if isinstance(node, dict) and node.get("__loader__") == "JsonNode":
        found = json.loads(node["content"])
        if type(found) is int and found >= 0:
            return found
    raise Corrupted("a part of an estimator does not say how many columns or nodes it has; it was not loaded")


def require(holds: bool, what: str) -> None:
    """Raises :class:`Corrupted` where something does not hold."""
    if not holds:
        raise Corrupted(f"a part of an estimator is forged or damaged ({what} cannot be); it was not loaded")
