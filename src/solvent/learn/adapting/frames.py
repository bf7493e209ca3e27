"""Rows as a method's annotation asks for them: Polars, pandas, NumPy or Arrow."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from solvent.errors import DefinitionError
from solvent.graph.annotation import resolve_annotations

if TYPE_CHECKING:
    import polars as pl

__all__ = ["annotations_of", "as_wanted", "asked_by", "target_as_wanted", "wants_array"]


def annotations_of(method: Any) -> Mapping[str, Any]:
    """The annotations of a method's parameters; empty where they cannot be read."""
    function = getattr(method, "__func__", method)
    if not hasattr(function, "__code__"):
        return {}
    try:
        return _resolved(function)
    except DefinitionError:
        return {}


@lru_cache(maxsize=1024)
def _resolved(function: Any) -> Mapping[str, Any]:
    """Kept, because annotations that are text are compiled, which takes longer than most models do for a row."""
    return resolve_annotations(function)


def asked_by(method: Any) -> Any:
    """What the annotation of a method's first parameter asks for; None where it has none."""
    wanted = annotations_of(method)
    return wanted.get(_first(getattr(method, "__func__", method), hasattr(method, "__func__"))) if wanted else None


@lru_cache(maxsize=1024)
def _first(function: Any, bound: bool) -> str:
    """The name of the first parameter (of a method, after ``self``)."""
    names = list(inspect.signature(function).parameters)[int(bound) :]
    return names[0] if names else ""


def as_wanted(frame: pl.DataFrame, annotation: Any) -> Any:
    """Rows as a method's annotation asks for them; Polars where it asks for nothing."""
    text = _family(annotation)
    if "pandas" in text:
        return frame.to_pandas()
    if "numpy" in text:
        return frame.to_numpy()
    if "pyarrow" in text:
        return frame.to_arrow()
    return frame.lazy() if "LazyFrame" in text else frame


def wants_array(annotation: Any) -> bool:
    """Whether :func:`as_wanted` would make an array."""
    text = _family(annotation)
    return "numpy" in text and "pandas" not in text


def target_as_wanted(target: pl.Series, annotation: Any) -> Any:
    """The target as a method's annotation asks for it; NumPy where it asks for nothing."""
    text = _family(annotation)
    if "pandas" in text:
        return target.to_pandas()
    return target if "polars" in text else target.to_numpy()


def _family(annotation: Any) -> str:
    """The packages and names that an annotation speaks of."""
    if annotation is None:
        return ""
    parts: Sequence[Any] = (annotation, *getattr(annotation, "__args__", ()))
    return " ".join(f"{getattr(one, '__module__', '')}.{getattr(one, '__qualname__', '')}" for one in parts)
