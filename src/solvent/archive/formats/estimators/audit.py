"""What may stand in an estimator: our own list, checked before skops imports or makes anything."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from solvent.archive.formats.estimators.members import array_of, sparse_of
from solvent.archive.formats.estimators.nodes import Node, children, full_name, spot
from solvent.archive.formats.estimators.search import check_search_tree, check_spline
from solvent.archive.formats.estimators.trees import check_binning, check_predictor, check_tree
from solvent.errors import Corrupted

__all__ = ["Stranger", "audit_members", "names_of", "strangers"]


@dataclass(frozen=True, slots=True)
class Stranger:
    """Something in an estimator that is not on the list: what it is called, its kind, and where it stands."""

    name: str
    loader: str
    place: str


_FIXED: dict[str, frozenset[str]] = {
    "BytearrayNode": frozenset({"builtins.bytearray"}),
    "BytesNode": frozenset({"builtins.bytes"}),
    "DTypeNode": frozenset({"numpy.dtype"}),
    "DefaultDictNode": frozenset({"collections.defaultdict"}),
    "DictNode": frozenset({"builtins.dict", "collections.OrderedDict", "sklearn.utils._bunch.Bunch"}),
    "JsonNode": frozenset({"builtins.str"}),
    "ListNode": frozenset({"builtins.list"}),
    "MaskedArrayNode": frozenset({"numpy.ma.MaskedArray", "numpy.ma.core.MaskedArray"}),
    "PartialNode": frozenset({"functools.partial"}),
    "RandomGeneratorNode": frozenset({"numpy.random._generator.Generator"}),
    "RandomStateNode": frozenset({"numpy.random.mtrand.RandomState"}),
    "SetNode": frozenset({"builtins.set", "builtins.frozenset"}),
    "SliceNode": frozenset({"builtins.slice"}),
    "TreeNode": frozenset({"sklearn.tree._tree.Tree"}),
    "TupleNode": frozenset({"builtins.tuple"}),
}
_TYPES = frozenset(
    f"builtins.{name}"
    for name in ("str", "int", "float", "bool", "complex", "list", "dict", "tuple", "set", "NoneType", "object")
)
_SCALAR = re.compile(
    r"numpy\.(u?int(8|16|32|64)|u?intc|u?longlong|float(16|32|64)|complex(64|128)|bool_?|str_|bytes_|datetime64|timedelta64)"
)
_SPARSE = re.compile(r"scipy\.sparse\._(csr|csc|coo|bsr|dia)\.(csr|csc|coo|bsr|dia)_(matrix|array)")
_LOSS = re.compile(r"sklearn\.(_loss\._loss|linear_model\._sgd_fast)\.\w+")
_OUTSIDE = ("sklearn.externals", "sklearn.datasets", "sklearn.tests", "sklearn.conftest", "sklearn.utils._testing")
_FUNCTIONS = (
    "sklearn.metrics.", "sklearn.feature_selection.", "sklearn.preprocessing.", "sklearn.linear_model.",
    "sklearn.covariance.", "sklearn.decomposition.", "sklearn.neighbors.",
)  # fmt: skip
_SINGLE = frozenset(
    {
        "numpy.nan_to_num", "numpy.clip", "numpy.round", "numpy.around", "numpy.real", "numpy.imag",
        "numpy.mean", "numpy.median", "numpy.min", "numpy.max", "numpy.sum", "numpy.std", "numpy.var",
        "sklearn.cluster._kmeans._kmeans_single_lloyd", "sklearn.cluster._kmeans._kmeans_single_elkan",
        "sklearn.utils.validation.check_array", "scipy._lib.array_api_compat.numpy._aliases.asarray",
    }
)  # fmt: skip
_DISTANCES = frozenset(
    f"sklearn.metrics._dist_metrics.{name}Distance{bits}"
    for name in ("Euclidean", "Manhattan", "Chebyshev") for bits in ("", "32", "64")
)  # fmt: skip
_SCIPY_CLASSES = frozenset({"scipy.interpolate._bsplines.BSpline"})


def strangers(root: Node) -> Iterator[Stranger]:
    """Everything in a schema that is not on the list."""
    for node, path in _walk(root, ()):
        if not _allowed(node):
            yield Stranger(full_name(node), node["__loader__"], spot(root, path))


def names_of(root: Node) -> list[str]:
    """The names of all classes and functions in a schema: what skops is told to trust, once all are on our list."""
    return sorted({full_name(node) for node, _ in _walk(root, ())})


def audit_members(root: Node, files: Mapping[str, bytes]) -> None:
    """Compare every array's claim with its bytes, and keep the indices of trees within bounds.

    scikit-learn follows the indices of trees without looking, so a forged tree could read any memory.
    Raises :class:`Corrupted`.
    """
    for node, _ in _walk(root, ()):
        if "file" not in node:
            continue
        name = node["file"]
        if name not in files:
            raise Corrupted(f"the record of an estimator names a file {name!r:.40} that is not there")
        if node["__loader__"] == "NdArrayNode":
            array_of(files[name])
        elif node["__loader__"] == "SparseMatrixNode":
            sparse_of(files[name])
    _audit_sharing(root)
    _audit_trees(root, files, ())


def _audit_sharing(root: Node) -> None:
    """Two nodes of one number are one object for skops, so they must say the same: else one was never looked at."""
    seen: dict[int, Node] = {}
    for node, _ in _walk(root, ()):
        number = node.get("__id__")
        if number is None:
            continue
        if type(number) is not int or number < 1 or seen.setdefault(number, node) != node:
            raise Corrupted("the record of an estimator has two parts under one number; it was not loaded")


def _audit_trees(node: Node, files: Mapping[str, bytes], owners: tuple[Node, ...]) -> None:
    name = full_name(node)
    if node["__loader__"] == "TreeNode":
        check_tree(node, files, owners)
    elif name.endswith("_hist_gradient_boosting.predictor.TreePredictor"):
        check_predictor(node, files, owners)
    elif name.endswith("_hist_gradient_boosting.binning._BinMapper"):
        check_binning(node, files, owners)
    elif name.startswith(("sklearn.neighbors._kd_tree.", "sklearn.neighbors._ball_tree.")):
        check_search_tree(node, files)
    elif name in _SCIPY_CLASSES:
        check_spline(node, files)
    inner = (*owners, node) if node["__loader__"] == "ObjectNode" else owners
    for _, part in children(node):
        _audit_trees(part, files, inner)


def _walk(node: Any, path: tuple[str, ...]) -> Iterator[tuple[Node, tuple[str, ...]]]:
    if not isinstance(node, dict) or not all(
        isinstance(node.get(key), str) for key in ("__loader__", "__class__", "__module__")
    ):
        raise Corrupted(f"the record of an estimator holds {str(node)[:60]!r} where a part of it should stand")
    yield node, path
    for label, part in children(node):
        yield from _walk(part, (*path, label))


def _allowed(node: Node) -> bool:
    loader, name = node["__loader__"], full_name(node)
    if loader in _FIXED and name in _FIXED[loader]:
        return True
    match loader:
        case "NdArrayNode":
            return name == "numpy.ndarray" or _SCALAR.fullmatch(name) is not None
        case "SparseMatrixNode":
            return _SPARSE.fullmatch(name) is not None
        case "TypeNode":
            return name in _TYPES or _SCALAR.fullmatch(name) is not None
        case "TupleNode":
            return _is_named_tuple(_found(node))
        case "ObjectNode":
            return name in _SCIPY_CLASSES or _is_sklearn_class(node, name)
        case "LossNode":
            return _LOSS.fullmatch(name) is not None and _is_sklearn_class(node, name)
        case "FunctionNode":
            return _is_function(node, name)
    return False


def _found(node: Node) -> Any:
    """What a node names, among modules that are imported already; nothing is imported because a record says so."""
    return getattr(sys.modules.get(node["__module__"]), node["__class__"], None)


def _is_sklearn_class(node: Node, name: str) -> bool:
    if not name.startswith("sklearn.") or name.startswith(_OUTSIDE) or ".tests." in name:
        return False
    if name.startswith("sklearn.metrics._dist_metrics."):  # the others point to weights whose size nobody checks
        return name in _DISTANCES
    found = _found(node)
    return isinstance(found, type) and found.__module__ == node["__module__"]


def _is_named_tuple(found: Any) -> bool:
    return (
        isinstance(found, type)
        and issubclass(found, tuple)
        and hasattr(found, "_fields")
        and found.__module__.startswith("sklearn.")
    )


def _is_function(node: Node, name: str) -> bool:
    found = _found(node)
    if name in _SINGLE:
        return True
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(found, numpy.ufunc):
        return name.startswith(("numpy.", "scipy.special."))
    return (
        name.startswith(_FUNCTIONS)
        and callable(found)
        and not isinstance(found, type)
        and found.__module__ == node["__module__"]
    )
