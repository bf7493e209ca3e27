"""Stamps: what tells whether an object changed. This module runs in the notebook's own kernel, and imports nothing.

It is sent there as text, so that the interpreter of the notebook needs no Solvent. It looks at pandas, NumPy and others
only where the notebook imported them.
"""

from __future__ import annotations

import hashlib
import itertools
import sys
import types
from collections.abc import Callable
from typing import Any

__all__ = ["OPAQUE", "glance", "is_stream", "kind_of", "stamp"]

OPAQUE = "opaque"
_MOST = 1 << 28  # bytes of an array that are read; of a larger one a part
_ITEMS = 20_000
_DEEPEST = 8
_FEW = 400
_SAMPLE = 1 << 16
_ROWS = 128
_CODE = (types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType, type)


def kind_of(value: Any) -> str:
    """The class of a value with its module, where that says more than the name."""
    kind = type(value)
    module = getattr(kind, "__module__", "")
    if kind in (list, dict) and value:  # of tables alone, as a loop over groups makes them
        inner = {type(one) for one in (value.values() if kind is dict else value)}
        if len(inner) == 1 and next(iter(inner)).__module__.startswith("pandas"):
            return f"{kind.__name__}[{kind_of(next(iter(value.values() if kind is dict else value)))}]"
    if kind.__name__ == "ndarray" and module == "numpy" and value.dtype == object and value.size:
        first = next(value.flat)
        if type(first).__module__.startswith("matplotlib."):  # a grid of axes draws as one of them does
            return kind_of(first)
    return kind.__qualname__ if module in ("builtins", "__main__") else f"{module}.{kind.__qualname__}"


def is_stream(value: Any) -> bool:
    """Whether a value's state lies where no stamp sees it: iterators, open files, connections, cursors."""
    kind = type(value)
    return (
        hasattr(kind, "__next__")
        or hasattr(kind, "fileno")
        or (hasattr(kind, "execute") and (hasattr(kind, "close") or hasattr(kind, "cursor")))
    )


def stamp(value: Any) -> str:
    """Equal for an object that did not change, ``opaque`` for what cannot be looked into."""
    return _stamped(value, _Hash(_ITEMS, _MOST, None))


def glance(value: Any) -> str:
    """A stamp that looks at a sample of what is large: quick, and blind to what changed between the samples."""
    return _stamped(value, _Hash(_FEW, _SAMPLE, _ROWS))


def _stamped(value: Any, held: _Hash) -> str:
    try:
        held.put(value, 0)
    except KeyboardInterrupt:
        raise
    except BaseException:  # hostile objects: a property that raises (or exits), a file that is closed
        return OPAQUE
    return OPAQUE if held.opaque else held.digest.hexdigest()


class _Hash:
    """Feeds what a value holds to a hash: so many items and bytes of an array, and so many rows of a table."""

    def __init__(self, items: int, most: int, rows: int | None) -> None:
        self.digest = hashlib.blake2b(digest_size=16)
        self.opaque = False
        self.limit = items
        self.most = most
        self.rows = rows
        self.items = 0
        self.seen: dict[int, int] = {}

    def text(self, *words: object) -> None:
        for word in words:
            self.digest.update(str(word).encode("utf-8", "surrogatepass") + b"\0")

    def put(self, value: Any, depth: int) -> None:
        kind = type(value)
        self.items += 1
        if self.rows is not None and kind in (str, bytes) and len(value) > self.most:
            self.text(kind.__name__, len(value))
            value = value[:_ROWS] + value[-_ROWS:]
        if value is None or kind in (bool, int, float, complex, str, bytes):
            self.text(kind.__name__, value if kind is not bytes else value.hex())
            return
        if isinstance(value, _CODE):
            self.text("code", id(value))
            return
        if depth > _DEEPEST or self.items > self.limit:
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
            for key, item in list(itertools.islice(value.items(), self.limit)):
                self.put(key, depth + 1)
                self.put(item, depth + 1)
        elif isinstance(value, (list, tuple)):
            self.text(kind.__name__, len(value))
            for item in self.few(value):
                self.put(item, depth + 1)
        elif isinstance(value, (set, frozenset)):
            self.text("set", len(value))
            if self.rows is None or len(value) <= self.limit:
                self.text(*sorted(map(repr, value))[: self.limit])
        else:
            self.object(value, depth)

    def few(self, value: Any) -> Any:
        """As many items of a sequence as are looked at: the first ones, and at a glance the last ones too."""
        if self.rows is None or len(value) <= self.limit:
            return value[: self.limit]
        half = self.limit // 2
        return [*value[:half], *value[-half:]]

    def thin(self, value: Any) -> Any:
        """As many rows as are looked at, evenly spaced."""
        if self.rows is None or len(value) <= self.rows:
            return value
        step = -(-len(value) // self.rows)
        return value[::step] if not hasattr(value, "iloc") else value.iloc[::step]

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
    for library, names, look in _LOOKS:
        # Another thread may be importing it just now: then it has not all of its classes.
        kinds = tuple(kind for name in names if (kind := _found(library, name)) is not None)
        if kinds and isinstance(value, kinds):
            return look
    module = type(value).__module__.partition(".")[0]
    return (
        _opaque if module in ("matplotlib", "_io", "sqlite3", "IPython", "ipywidgets", "socket", "threading") else None
    )


def _found(library: str, name: str) -> Any:
    found = sys.modules.get(library)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def _array(held: _Hash, value: Any, depth: int) -> None:
    import numpy

    array = numpy.asarray(value)
    held.text("array", array.dtype, array.shape)
    if array.dtype.hasobject:
        for item in held.few(array.ravel(order="K")):
            held.put(item, depth + 1)
        return
    if (
        held.rows is not None
        and array.nbytes > held.most
        and not (array.flags.c_contiguous or array.flags.f_contiguous)
    ):
        array = array.flat[:: -(-array.nbytes // held.most)]  # to make it one piece would copy all of it
    flat = array.ravel(order="K")
    if flat.nbytes > held.most:
        flat = flat[:: -(-flat.nbytes // held.most)]
    held.digest.update(numpy.ascontiguousarray(flat).view(numpy.uint8).data if flat.size else b"")


def _frame(held: _Hash, value: Any, depth: int) -> None:
    held.text("frame", value.shape, value.columns.names, value.index.names, *value.attrs.items())
    value = held.thin(value)
    _column(held, value.index, depth)
    for place, name in enumerate(value.columns if held.rows is None else value.columns[: held.limit // 8]):
        held.text(name)
        _column(held, value.iloc[:, place], depth)


def _column(held: _Hash, value: Any, depth: int) -> None:
    import pandas

    held.text("column", value.dtype, len(value), getattr(value, "name", None))
    value = held.thin(value)
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
        for item in list(value)[: held.limit]:
            held.put(item, depth + 1)
        return None
    return _array(held, hashed, depth)


def _polars(held: _Hash, value: Any, depth: int) -> None:
    held.text("polars", len(value), getattr(value, "schema", None) or value.dtype)
    value = held.thin(value)
    _array(held, (value.hash_rows() if hasattr(value, "hash_rows") else value.hash()).to_numpy(), depth)


def _tensor(held: _Hash, value: Any, depth: int) -> None:
    _array(held, value.detach().cpu().numpy(), depth)


def _network(held: _Hash, value: Any, depth: int) -> None:
    held.text("network", value)
    for name, tensor in value.state_dict().items():
        held.text(name)
        _tensor(held, tensor, depth)


def _generator(held: _Hash, value: Any, depth: int) -> None:
    """A generator of random numbers: who draws from it alters it."""
    held.text("generator", kind_of(value))
    if hasattr(value, "bit_generator"):
        state = value.bit_generator.state
    elif hasattr(value, "state"):
        state = value.state
    else:
        state = value.getstate() if hasattr(value, "getstate") else value.get_state()
    _Hash.put(held, state, depth + 1)


def _opaque(held: _Hash, value: Any, depth: int) -> None:
    held.text("opaque", kind_of(value))
    held.opaque = held.opaque or depth == 0


_LOOKS: tuple[tuple[str, tuple[str, ...], Callable[[_Hash, Any, int], None]], ...] = (
    ("numpy", ("ndarray", "generic"), _array),
    ("pandas", ("DataFrame",), _frame),
    ("pandas", ("Series", "Index"), _column),
    ("polars", ("DataFrame", "Series"), _polars),
    ("numpy", ("random.Generator", "random.RandomState", "random.BitGenerator"), _generator),
    ("random", ("Random",), _generator),
    ("torch", ("Generator",), _generator),
    ("torch", ("Tensor",), _tensor),
    ("torch", ("nn.Module",), _network),
)
