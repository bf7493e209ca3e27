"""Stamps: what tells whether an object changed. This module runs in the notebook's own kernel, and imports nothing.

It is sent there as text, so that the interpreter of the notebook needs no Solvent. It looks at pandas, NumPy and others
only where the notebook imported them.
"""

from __future__ import annotations

import hashlib
import sys
import types
from collections.abc import Callable
from typing import Any

__all__ = ["OPAQUE", "kind_of", "stamp"]

OPAQUE = "opaque"
_MOST = 1 << 28  # bytes of an array that are read; of a larger one a part
_ITEMS = 20_000
_DEEPEST = 8
_CODE = (types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType, type)


def kind_of(value: Any) -> str:
    """The class of a value with its module, where that says more than the name."""
    kind = type(value)
    module = getattr(kind, "__module__", "")
    if kind in (list, dict) and value:  # of tables alone, as a loop over groups makes them
        inner = {type(one) for one in (value.values() if kind is dict else value)}
        if len(inner) == 1 and next(iter(inner)).__module__.startswith("pandas"):
            return f"{kind.__name__}[{kind_of(next(iter(value.values() if kind is dict else value)))}]"
    return kind.__qualname__ if module in ("builtins", "__main__") else f"{module}.{kind.__qualname__}"


def stamp(value: Any) -> str:
    """Equal for an object that did not change, ``opaque`` for what cannot be looked into."""
    held = _Hash()
    try:
        held.put(value, 0)
    except Exception:  # hostile objects: a property that raises, a file that is closed
        return OPAQUE
    return OPAQUE if held.opaque else held.digest.hexdigest()


class _Hash:
    """Feeds what a value holds to a hash."""

    def __init__(self) -> None:
        self.digest = hashlib.blake2b(digest_size=16)
        self.opaque = False
        self.items = 0
        self.seen: dict[int, int] = {}

    def text(self, *words: object) -> None:
        for word in words:
            self.digest.update(str(word).encode("utf-8", "surrogatepass") + b"\0")

    def put(self, value: Any, depth: int) -> None:
        kind = type(value)
        self.items += 1
        if value is None or kind in (bool, int, float, complex, str, bytes):
            self.text(kind.__name__, value if kind is not bytes else value.hex())
            return
        if isinstance(value, _CODE):
            self.text("code", id(value))
            return
        if depth > _DEEPEST or self.items > _ITEMS:
            self.text("more", kind_of(value))
            return
        if id(value) in self.seen:
            self.text("again", self.seen[id(value)])
            return
        self.seen[id(value)] = len(self.seen)
        known = _known(value)
        if known is not None:
            known(self, value, depth)
        elif isinstance(value, dict):
            self.text("dict", len(value))
            for key, item in list(value.items())[:_ITEMS]:
                self.put(key, depth + 1)
                self.put(item, depth + 1)
        elif isinstance(value, (list, tuple)):
            self.text(kind.__name__, len(value))
            for item in value[:_ITEMS]:
                self.put(item, depth + 1)
        elif isinstance(value, (set, frozenset)):
            self.text("set", len(value), *sorted(map(repr, value))[:_ITEMS])
        else:
            self.object(value, depth)

    def object(self, value: Any, depth: int) -> None:
        state = getattr(value, "__dict__", None)
        slots = [
            name
            for one in type(value).__mro__
            for name in _listed(getattr(one, "__slots__", ()))
            if name != "__weakref__"
        ]
        if not isinstance(state, dict) and not slots:
            self.text("opaque", kind_of(value))
            self.opaque = self.opaque or depth == 0
            return
        self.text("object", kind_of(value))
        for name in sorted(state or ()):
            self.text(name)
            self.put((state or {})[name], depth + 1)
        for name in slots:
            self.text(name)
            self.put(getattr(value, name, None), depth + 1)


def _listed(slots: Any) -> tuple[str, ...]:
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _known(value: Any) -> Callable[[_Hash, Any, int], None] | None:
    """How objects of the libraries that everybody uses are looked at."""
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
        return _array
    if pandas is not None:
        if isinstance(value, pandas.DataFrame):
            return _frame
        if isinstance(value, (pandas.Series, pandas.Index)):
            return _column
    polars = sys.modules.get("polars")
    if polars is not None and isinstance(value, (polars.DataFrame, polars.Series)):
        return _polars
    torch = sys.modules.get("torch")
    if torch is not None:
        if isinstance(value, torch.Tensor):
            return _tensor
        if isinstance(value, torch.nn.Module):
            return _network
    module = type(value).__module__.partition(".")[0]
    return (
        _opaque if module in ("matplotlib", "_io", "sqlite3", "IPython", "ipywidgets", "socket", "threading") else None
    )


def _array(held: _Hash, value: Any, depth: int) -> None:
    import numpy

    array = numpy.asarray(value)
    held.text("array", array.dtype, array.shape)
    if array.dtype.hasobject:
        for item in array.ravel()[:_ITEMS]:
            held.put(item, depth + 1)
        return
    flat = array.ravel(order="K")
    if flat.nbytes > _MOST:
        flat = flat[:: -(-flat.nbytes // _MOST)]
    held.digest.update(numpy.ascontiguousarray(flat).view(numpy.uint8).data if flat.size else b"")


def _frame(held: _Hash, value: Any, depth: int) -> None:
    held.text("frame", value.shape)
    _column(held, value.index, depth)
    for place, name in enumerate(value.columns):
        held.text(name)
        _column(held, value.iloc[:, place], depth)


def _column(held: _Hash, value: Any, depth: int) -> None:
    import pandas

    held.text("column", value.dtype, len(value), getattr(value, "name", None))
    if isinstance(value, pandas.MultiIndex):
        value = value.to_frame(index=False)
        return _frame(held, value, depth)
    plain = getattr(value, "array", value)
    if getattr(value.dtype, "kind", "O") in "biufcmM" and hasattr(value, "to_numpy") and not hasattr(plain, "_mask"):
        return _array(held, value.to_numpy(), depth)
    try:
        hashed = pandas.util.hash_array(plain, categorize=True) if value.dtype == object else (
            pandas.util.hash_pandas_object(value, index=False).to_numpy()
        )  # fmt: skip
    except TypeError:  # lists, dicts or sets in the cells
        for item in list(value)[:_ITEMS]:
            held.put(item, depth + 1)
        return None
    return _array(held, hashed, depth)


def _polars(held: _Hash, value: Any, depth: int) -> None:
    held.text("polars", getattr(value, "schema", None) or value.dtype)
    _array(held, (value.hash_rows() if hasattr(value, "hash_rows") else value.hash()).to_numpy(), depth)


def _tensor(held: _Hash, value: Any, depth: int) -> None:
    _array(held, value.detach().cpu().numpy(), depth)


def _network(held: _Hash, value: Any, depth: int) -> None:
    held.text("network", value)
    for name, tensor in value.state_dict().items():
        held.text(name)
        _tensor(held, tensor, depth)


def _opaque(held: _Hash, value: Any, depth: int) -> None:
    held.text("opaque", kind_of(value))
    held.opaque = held.opaque or depth == 0
