"""Fitting the classifier in folds, and what its scores say of the two sides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from solvent.data.drift.classifier.encoding import Matrix, encode
from solvent.data.drift.classifier.scoring import area, chance_variance, delong_variance, losses
from solvent.data.drift.measures.shares import import_stats
from solvent.data.drift.sides import sample_rows
from solvent.errors import InputError, MissingExtra, NotFound, did_you_mean

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[Any]

__all__ = ["TwoSample", "two_sample"]

_SAMPLE = 20_000
_FOLDS = 5
_LEAST = 4 * _FOLDS
_MANY = 100
_ALPHA, _SLIGHT, _DRIFT = 0.01, 0.57, 0.64
_Z = 2.5758293035489004  # the normal distribution's quantile for an interval of 99 %


@dataclass(frozen=True, slots=True)
class TwoSample:
    """How well a classifier tells the sides apart on rows that it was not fitted on.

    ``auc`` is about 0.5 if not at all and 1 if entirely, ``low`` and ``high`` its 99 % interval, ``p`` the probability
    of one this high if the sides were the same. ``columns`` are what it was given, each with how much AUC is lost
    when its values are shuffled; ``left_out`` what it was not given, and why.
    """

    auc: float
    low: float
    high: float
    p: float
    columns: tuple[tuple[str, float], ...]
    left_out: tuple[tuple[str, str], ...]
    rows: tuple[int, int]
    seed: int

    @property
    def verdict(self) -> Literal["none", "slight", "drift"]:
        """``drift`` from an AUC of 0.64 on, ``slight`` from 0.57, either only if ``p`` is at most 0.01.

        These are the areas of two normal distributions half, and a quarter, of a standard deviation apart.
        """
        if self.p > _ALPHA or self.auc < _SLIGHT:
            return "none"
        return "drift" if self.auc >= _DRIFT else "slight"

    def to_json(self) -> dict[str, Any]:
        """The finding as plain JSON."""
        return {
            "verdict": self.verdict, "auc": self.auc, "low": self.low, "high": self.high, "p": self.p,
            "rows": list(self.rows), "seed": self.seed, "columns": [list(one) for one in self.columns],
            "left_out": [list(one) for one in self.left_out],
        }  # fmt: skip


def two_sample(before: Any, after: Any, *, seed: int, features: Sequence[str] | None = None) -> TwoSample:
    """Fit gradient boosting to tell two tables apart, on at most 20,000 seeded rows of each, in five folds.

    The classifier two-sample test of Lopez-Paz and Oquab (2017), with the area under the ROC curve, mean over the
    folds, as its statistic: it sees what no column shows alone, such as a correlation that changed. Times, columns
    that move on, identifiers and nested columns are left out; ``features`` names those to use instead.

    Raises :class:`InputError` for sides of fewer than 20 rows or without a usable column, :class:`NotFound` for a
    feature that a side lacks, and :class:`MissingExtra` without scikit-learn or scipy.
    """
    import_stats()
    wanted = None if features is None else tuple(dict.fromkeys(features))
    first, _ = sample_rows(before, wanted, _SAMPLE, seed)
    second, _ = sample_rows(after, wanted, _SAMPLE, seed)
    for name in wanted or ():
        if name not in first.columns or name not in second.columns:
            raise NotFound(f"not both sides have a column {name!r}.{did_you_mean(name, first.columns)}")
    sizes = (first.height, second.height)
    if min(sizes) < _LEAST:
        raise InputError(f"to be told apart, a side needs {_LEAST} rows; they have {sizes[0]} and {sizes[1]}")
    matrix = encode(first, second, wanted)
    if not matrix.names:
        reasons = "; ".join(f"{name}: {why}" for name, why in matrix.left_out[:5])
        raise InputError(f"no column is left that could tell the sides apart ({reasons})")
    auc, error, chance, lost = _judged(matrix, sizes, seed)
    ranked = sorted(zip(matrix.names, lost, strict=True), key=lambda one: (-one[1], one[0]))
    return TwoSample(
        auc=auc, low=max(0.0, auc - _Z * error), high=min(1.0, auc + _Z * error),
        p=float(import_stats().norm.sf((auc - 0.5) / chance)), columns=tuple(ranked), left_out=matrix.left_out,
        rows=sizes, seed=seed,
    )  # fmt: skip


def _judged(matrix: Matrix, sizes: tuple[int, int], seed: int) -> tuple[float, float, float, list[float]]:
    """The mean area over the folds, its standard error, that of no change, and what each column adds."""
    import numpy as np

    side = np.repeat([0.0, 1.0], sizes)
    # Each fold holds the same share of both sides.
    dice = np.random.default_rng(seed)
    fold = np.concatenate([dice.permutation(np.arange(size) % _FOLDS) for size in sizes])
    areas, errors, chances = [], [], []
    lost, looked = np.zeros(len(matrix.names)), 0
    for number in range(_FOLDS):
        fitted, held = fold != number, fold == number
        model = _fit(matrix.values[fitted], side[fitted], matrix.categories, seed)
        scores, later = model.predict_proba(matrix.values[held])[:, 1], side[held] == 1
        low, high = scores[~later], scores[later]
        areas.append(area(low, high))
        errors.append(delong_variance(low, high))
        chances.append(chance_variance(len(low), len(high)))
        if number == 0 or len(matrix.names) <= _MANY:
            lost += losses(model, matrix.values[held], side[held], seed + number)
            looked += 1
    per_fold = (math.sqrt(sum(one)) / _FOLDS for one in (errors, chances))
    error, chance = per_fold
    return float(np.mean(areas)), error, chance, [round(float(one) / looked, 6) for one in lost]


def _fit(values: Values, side: Values, categories: tuple[bool, ...], seed: int) -> Any:
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
    except ImportError:
        raise MissingExtra("a two-sample classifier needs scikit-learn: pip install 'solvent[learn]'") from None
    model = HistGradientBoostingClassifier(
        max_iter=60, max_leaf_nodes=15, min_samples_leaf=max(2, min(20, len(values) // 20)), early_stopping=False,
        categorical_features=list(categories), random_state=seed,
    )  # fmt: skip
    return model.fit(values, side)
