"""An estimator from its record: what skops does with one, without importing all of scikit-learn first."""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from solvent.archive.formats.estimators.members import array_of, sparse_of
from solvent.archive.formats.estimators.nodes import THREADS, Node, children
from solvent.errors import Corrupted

__all__ = ["PROTOCOL", "construct", "import_named"]

PROTOCOL = 2
"""The version of skops' records that this reads; the others are skops' own business."""

_OURS = re.compile(r"sklearn(\.[a-z_]\w*)+")
_NEVER = frozenset({"conftest", "datasets", "experimental", "externals", "tests", "_testing", "estimator_checks"})
_OTHERS = frozenset(
    {
        "scipy.interpolate._bsplines", "scipy.special", "scipy.special._ufuncs",
        "scipy._lib.array_api_compat.numpy._aliases",
    }
)  # fmt: skip


def import_named(root: Node) -> None:
    """Import the modules that a record names: those of scikit-learn that hold its parts, and a few of SciPy.

    Whether what is named in them may stand in an estimator is decided by the audit, after this.
    """
    module = root.get("__module__")
    if isinstance(module, str) and module not in sys.modules and _may_import(module):
        # A module of another version of the package is no fault here: the audit finds nothing in it, and says so.
        with suppress(ImportError):
            importlib.import_module(module)
    for _, part in children(root):
        import_named(part)


def _may_import(module: str) -> bool:
    return module in _OTHERS or (_OURS.fullmatch(module) is not None and _NEVER.isdisjoint(module.split(".")))


def construct(root: Node, files: Mapping[str, bytes]) -> Any:
    """The estimator. Only for a record that was audited: every name in it is on the list, every array checked.

    Where it holds a number of threads, it is given that of this machine.
    """
    return _Maker(files).make(root)


class _Maker:
    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        self._made: dict[int, Any] = {}
        self._ways: dict[str, Callable[[Node], Any]] = {
            "BytearrayNode": lambda node: bytearray(self._files[node["file"]]),
            "BytesNode": lambda node: self._files[node["file"]],
            "DTypeNode": lambda node: self.make(node["content"]).dtype,
            "DefaultDictNode": self._defaultdict,
            "DictNode": self._dict,
            "FunctionNode": _named,
            "JsonNode": lambda node: json.loads(node["content"]),
            "ListNode": self._list,
            "LossNode": self._reduced,
            "MaskedArrayNode": self._masked,
            "NdArrayNode": self._array,
            "ObjectNode": self._object,
            "PartialNode": self._partial,
            "RandomGeneratorNode": self._generator,
            "RandomStateNode": self._random_state,
            "SetNode": self._list,
            "SliceNode": lambda node: slice(*(node["content"][name] for name in ("start", "stop", "step"))),
            "SparseMatrixNode": lambda node: sparse_of(self._files[node["file"]]),
            "TreeNode": self._reduced,
            "TupleNode": self._tuple,
            "TypeNode": _named,
        }

    def make(self, node: Node) -> Any:
        """What a node stands for; two nodes of one number are one object."""
        number = node.get("__id__")
        if number is not None and number in self._made:
            return self._made[number]
        made = self._ways[node["__loader__"]](node)
        if number is not None:
            self._made[number] = made
        return made

    def _dict(self, node: Node) -> Any:
        made = _named(node)()
        kinds = self.make(node["key_types"])
        for kind, (key, part) in zip(kinds, node["content"].items(), strict=True):
            made[kind(key)] = self.make(part)
        return made

    def _defaultdict(self, node: Node) -> Any:
        made: defaultdict[Any, Any] = defaultdict(self.make(node["content"]["default_factory"]))
        made.update(self.make(node["content"]["main"]))
        return made

    def _list(self, node: Node) -> Any:
        return _named(node)([self.make(part) for part in node["content"]])

    def _tuple(self, node: Node) -> Any:
        kind, parts = _named(node), [self.make(part) for part in node["content"]]
        return kind(*parts) if hasattr(kind, "_fields") else tuple(parts)

    def _partial(self, node: Node) -> Any:
        held = {name: self.make(part) for name, part in node["content"].items()}
        made = partial(held["func"], *held["args"], **held["kwds"])
        if held["namespace"]:
            made.__dict__.update(held["namespace"])
        return made

    def _array(self, node: Node) -> Any:
        import numpy as np

        if node["type"] == "numpy":
            held = array_of(self._files[node["file"]]).copy(order="K")
            return held if node["__class__"] == "ndarray" else _named(node)(held)
        parts, shape = [self.make(part) for part in node["content"]], self.make(node["shape"])
        if len(shape) != 1:
            return np.array(parts, dtype="O")
        made = np.empty(len(parts), dtype="O")
        for place, part in enumerate(parts):
            made[place] = part
        return made

    def _masked(self, node: Node) -> Any:
        import numpy as np

        return np.ma.MaskedArray(self.make(node["content"]["data"]), self.make(node["content"]["mask"]))

    def _random_state(self, node: Node) -> Any:
        made = _named(node)()
        made.set_state(self.make(node["content"]))
        return made

    def _generator(self, node: Node) -> Any:
        import numpy as np

        state = self.make(node["content"]["bit_generator"])
        kind = getattr(np.random, state["bit_generator"], None)
        if not (isinstance(kind, type) and issubclass(kind, np.random.BitGenerator)):
            raise Corrupted(f"an estimator names {state['bit_generator']!r:.40} as a source of random numbers")
        inner = kind(np.random.SeedSequence(**self.make(node["content"]["seed_seq"])))
        inner.state = state
        return _named(node)(inner)

    def _object(self, node: Node) -> Any:
        kind = _named(node)
        made = kind.__new__(kind)
        state = None if node.get("content") is None else self.make(node["content"])
        if isinstance(state, dict):
            for name in THREADS & state.keys():
                state[name] = _threads_here()
        if state is not None:
            _give(made, state)
        return made

    def _reduced(self, node: Node) -> Any:
        made = _named(node)(*self.make(node["__reduce__"]["args"]))
        state = self.make(node["content"])
        if state:
            made.__setstate__(state)
        return made


def _named(node: Node) -> Any:
    """The class or function of a node, whose module is imported already."""
    return getattr(sys.modules[node["__module__"]], node["__class__"])


def _give(made: Any, state: Any) -> None:
    if hasattr(made, "__setstate__"):
        made.__setstate__(state)
    else:
        made.__dict__.update(state)


def _threads_here() -> int:
    from sklearn.utils._openmp_helpers import _openmp_effective_n_threads

    return int(_openmp_effective_n_threads())
