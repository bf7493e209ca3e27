"""Rows as a method's annotation asks for them: Polars, pandas, NumPy or Arrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from solvent.errors import DefinitionError
from solvent.graph.annotation import resolve_annotations

if TYPE_CHECKING:
    import polars as pl

__all__ = ["annotations_of", "as_wanted", "target_as_wanted"]


def annotations_of(method: Any) -> Mapping[str, Any]:
    """The annotations of a method's parameters; empty where they cannot be read."""
    function = getattr(method, "__func__", method)
    if not hasattr(function, "__code__"):
        return {}
    try:
        return resolve_annotations(function)
    except DefinitionError:
        return {}


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
