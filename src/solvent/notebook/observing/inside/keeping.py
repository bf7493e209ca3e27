"""Which values can be handed on from step to step, and why others cannot.

Like the stamps this is sent into the notebook's own kernel as text: it imports only what that imported already.
"""

from __future__ import annotations

import sys
import types
from typing import Any

__all__ = ["why_not"]

_PLAIN = (bool, int, float, str, bytes, complex, type(None), range)
_MANY = (list, tuple, set, frozenset)
_MAPPINGS = ("dict", "collections.OrderedDict", "collections.defaultdict", "collections.Counter")
_ESTIMATORS = ("sklearn", "xgboost", "lightgbm")
_OTHERS = ("torch", "datetime", "decimal")
_ITEMS = 2_000
_DEEPEST = 5


def why_not(value: Any) -> str:
    """Why a value cannot be handed on; empty if it can."""
    try:
        return _why_not(value, 0)
    except Exception as error:  # a hostile object
        return f"it could not be looked at ({type(error).__name__})"


def _why_not(value: Any, depth: int) -> str:
    kind = type(value)
    if kind in _PLAIN:
        return ""
    if depth > _DEEPEST:
        return "it lies too deep"
    name = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
    if kind in _MANY:
        return _inner(list(value)[:_ITEMS], kind is list, depth)
    if name in _MAPPINGS:
        keys, items = list(value)[:_ITEMS], list(value.values())[:_ITEMS]
        return _inner(keys, False, depth) or _inner(items, kind is dict, depth)
    for look in (_array, _table):
        said = look(value)
        if said is not None:
            return said
    if isinstance(value, (types.FunctionType, types.BuiltinFunctionType, types.MethodType, type, types.ModuleType)):
        return "it is code"
    if hasattr(value, "__next__") or hasattr(value, "fileno"):
        return f"a {kind.__name__} can be gone through only once"
    package = kind.__module__.partition(".")[0]
    if package in _ESTIMATORS:
        return _estimator(value, name, depth)
    if package == "polars":
        return "" if kind.__name__ in ("DataFrame", "LazyFrame", "Series") else f"no format keeps a {kind.__name__}"
    return "" if package in _OTHERS else f"no format keeps a {name}"


def _inner(values: list[Any], alone: bool, depth: int) -> str:
    """What stands in a list or mapping: tables come back as they are only where they stand alone in it."""
    tables = {type(one) for one in values if type(one).__module__.startswith("pandas")}
    if tables and not (alone and depth == 0 and len({type(one) for one in values}) == 1):
        return f"a {next(iter(tables)).__name__} stands in it"
    return next(filter(None, (_why_not(one, depth + 1) for one in values)), "")


def _array(value: Any) -> str | None:
    numpy, scipy = sys.modules.get("numpy"), sys.modules.get("scipy.sparse")
    if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
        if type(value) is not numpy.ndarray and isinstance(value, numpy.ndarray):
            return f"no format keeps a {type(value).__name__}"
        return "an array of objects cannot be kept" if value.dtype.hasobject else ""
    return "" if scipy is not None and scipy.issparse(value) else None


def _table(value: Any) -> str | None:
    pandas = sys.modules.get("pandas")
    if pandas is None or not type(value).__module__.startswith("pandas"):
        return None
    if isinstance(value, pandas.DataFrame):
        return _frame(value)
    if isinstance(value, pandas.Series):
        return _column(value) or _index(value.index)
    if isinstance(value, pandas.MultiIndex):
        return "no format keeps a MultiIndex"
    if isinstance(value, pandas.Index):
        return _index(value)
    return f"no format keeps a {type(value).__name__}"


def _frame(value: Any) -> str:
    if not value.columns.is_unique:
        return "some of its columns have the same name"
    odd = {value.columns[place]: _column(value.iloc[:, place]) for place in range(value.shape[1])}
    odd = {name: why for name, why in odd.items() if why}
    if odd:
        nested = all(why.endswith(("cells are dict", "cells are list", "cells are tuple")) for why in odd.values())
        return f"its {'nested ' if nested else ''}columns {list(odd)}: {next(iter(odd.values()))}"
    why = _index(value.index)
    if why:
        return why
    other = next((name for name in value.columns if not isinstance(name, str)), None)
    return f"the name of its column {other!r} is no text" if other is not None else ""


def _index(value: Any) -> str:
    if hasattr(value, "levels"):
        return next(filter(None, (_column(level) for level in value.levels)), "")
    return _column(value)


def _column(value: Any) -> str:
    kind = str(value.dtype)
    if kind.startswith(("period", "interval", "Sparse", "complex")):
        return f"no table keeps the type {kind}"
    if kind == "category":
        why = _column(value.cat.categories if hasattr(value, "cat") else value.categories)
        return why and "its categories are no text or numbers"
    if value.dtype != object:
        return ""
    kinds = {type(one) for one in value.dropna().tolist()[:200_000]}
    kinds = {next((plain for plain in (str, float) if issubclass(one, plain)), one) for one in kinds}  # NumPy's are too
    if len(kinds) > 1 and not kinds <= {int, float}:
        return "it mixes " + " and ".join(sorted(one.__name__ for one in kinds))
    odd = next((one for one in kinds if one.__module__ not in ("builtins", "datetime", "decimal")), None)
    if odd is not None or kinds & {list, dict, set, tuple, frozenset, complex}:
        return f"its cells are {(odd or next(iter(kinds))).__name__}"
    return ""


def _estimator(value: Any, name: str, depth: int) -> str:
    """Estimators are kept, but for code of the notebook and distributions in them."""
    if name.endswith("DMatrix"):
        return f"no format keeps a {name}"
    for key, one in list(getattr(value, "__dict__", {}).items())[:_ITEMS]:
        for part in one if isinstance(one, (list, tuple)) else one.values() if isinstance(one, dict) else (one,):
            if isinstance(part, (types.FunctionType, type)) and part.__module__ == "__main__":
                return f"{key} of it is code of the notebook"
            if type(part).__module__.startswith("scipy.stats"):
                return f"{key} of it is a distribution"
            if type(part).__module__.startswith("sklearn") and depth < _DEEPEST:
                why = _estimator(part, "", depth + 1)
                if why:
                    return why
    return ""
