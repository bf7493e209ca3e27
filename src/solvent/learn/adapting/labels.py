"""Labels of any kind for a model that learns numbers from 0 upward only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from typing_extensions import TypeVar

    Inner = TypeVar("Inner", default=Any)
else:
    from typing import TypeVar

    Inner = TypeVar("Inner")

__all__ = ["Labelled", "numbered"]


@dataclass(frozen=True)
class Labelled(Generic[Inner]):
    """A classifier whose ``inner`` model knows its classes by number only; ``classes`` are what they are called."""

    inner: Inner
    classes: tuple[bool | int | float | str, ...]

    def predict(self, rows: Any) -> np.ndarray[Any, Any]:
        """The class of each row, as it is called."""
        import numpy as np

        found: Any = self.inner
        return np.asarray(self.classes)[np.asarray(found.predict(rows)).astype(np.int64)]

    def predict_proba(self, rows: Any) -> Any:
        """The probability of each class, in the order of ``classes``."""
        inner: Any = self.inner
        return inner.predict_proba(rows)

    @property
    def classes_(self) -> list[bool | int | float | str]:
        """The classes in the order of the probabilities."""
        return list(self.classes)

    @property
    def feature_names_in_(self) -> Any:
        """The columns that the inner model was trained on."""
        return getattr(self.inner, "feature_names_in_", None)


def numbered(model: Any, target: pl.Series) -> tuple[Any, ...]:
    """The classes by number, if ``model`` needs its labels so and they are not; else nothing.

    XGBoost's classifiers take the labels 0, 1, … without a gap, and call every class by its number.
    """
    kind = type(model)
    if not (kind.__module__.startswith("xgboost.") and hasattr(kind, "predict_proba")):
        return ()
    classes = target.unique().sort().to_list()
    plain = target.dtype.is_integer() and classes == list(range(len(classes)))
    return () if plain else tuple(classes)
