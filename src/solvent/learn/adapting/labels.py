"""Classes and columns of any name, for boosted trees that take numbers or a few letters only."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic

from solvent.learn.adapting.frames import as_wanted, asked_by
from solvent.learn.tables.rows import frame_of

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from typing_extensions import TypeVar

    Inner = TypeVar("Inner", default=Any)
else:
    from typing import TypeVar

    Inner = TypeVar("Inner")

__all__ = ["Labelled", "numbered", "plain_names"]

# What the libraries refuse in the name of a column, or write into a model's text so that it cannot be read again; a
# NUL ends the process.
_REFUSED = {"lightgbm": re.compile(r'[\x00-\x1f\x7f",:\[\]{}]|^$'), "xgboost": re.compile(r"[\x00-\x1f\x7f\[\]<]")}


@dataclass(frozen=True)
class Labelled(Generic[Inner]):
    """A model that knows its classes by number, or its columns by other names, behind what they are called.

    ``classes`` are the names of the classes by number, ``columns`` those of the columns in order; each is empty where
    the ``inner`` model has the names itself.
    """

    inner: Inner
    classes: tuple[bool | int | float | str, ...] = ()
    columns: tuple[str, ...] = ()

    def predict(self, rows: Any) -> np.ndarray[Any, Any]:
        """The class of each row, as it is called, or its value."""
        import numpy as np

        inner: Any = self.inner
        said = np.asarray(inner.predict(self._given(rows, inner.predict)))
        return np.asarray(self.classes)[said.astype(np.int64)] if self.classes else said

    def predict_proba(self, rows: Any) -> Any:
        """The probability of each class, in the order of ``classes_``; None for a model that has none."""
        inner: Any = self.inner
        if not hasattr(inner, "predict_proba"):
            return None
        return inner.predict_proba(self._given(rows, inner.predict_proba))

    def _given(self, rows: Any, method: Any) -> Any:
        if not self.columns:
            return rows
        frame = frame_of(rows).select(self.columns)
        plain = plain_names(self.inner, self.columns)
        return as_wanted(frame.rename(dict(zip(self.columns, plain, strict=True))), asked_by(method))

    @property
    def classes_(self) -> list[bool | int | float | str]:
        """The classes in the order of the probabilities; none for a regression."""
        found: Any = self.classes or getattr(self.inner, "classes_", ())
        return list(found.tolist() if hasattr(found, "tolist") else found)

    @property
    def feature_names_in_(self) -> Any:
        """The columns that the inner model was trained on, as they are called."""
        return list(self.columns) or getattr(self.inner, "feature_names_in_", None)

    @property
    def n_features_in_(self) -> int:
        """The number of columns."""
        inner: Any = self.inner
        return int(inner.n_features_in_)

    @property
    def feature_importances_(self) -> Any:
        """How much the inner model uses each column, in their order."""
        inner: Any = self.inner
        return inner.feature_importances_


def plain_names(model: Any, columns: Sequence[str]) -> list[str]:
    """The columns by names that a booster takes and its own format keeps; those that do already stay as they are.

    LightGBM makes underscores of spaces, so that two columns may come to have one name; these are renamed too.
    """
    package = type(model).__module__.partition(".")[0]
    refused = _REFUSED.get(package)
    if refused is None:
        return list(columns)
    spaced = [name.replace(" ", "_") if package == "lightgbm" else name for name in columns]
    counts, made = Counter(spaced), list(columns)
    taken = set(spaced)
    for place, name in enumerate(columns):
        if refused.search(name) or counts[spaced[place]] > 1:
            plain = f"column_{place}"
            while plain in taken:
                plain += "_"
            taken.add(plain)
            made[place] = plain
    return made


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
