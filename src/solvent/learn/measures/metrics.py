"""Figures of merit, each for many weightings of the same rows at once, so that a bootstrap costs matrix products.

A weighting is a row of ``weights`` (draws x rows): how often each test row was drawn. All ones give the figure
itself. A figure that is undefined for a draw (one class only) is NaN there.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

__all__ = ["Array", "Classified", "Measures", "Regressed", "row_losses"]

Array = np.ndarray[Any, np.dtype[Any]]
_EPSILON = float(np.finfo(np.float64).eps)


class Measures(Protocol):
    """What is known of test rows, ready to be weighted."""

    rows: int

    def figures(self, weights: Array) -> dict[str, Array]:
        """Each figure of merit for each weighting."""

    def loss(self) -> Array:
        """The loss of each row: log loss, or squared error."""

    def part(self, inside: Array) -> Measures:
        """The same for some of the rows."""


def row_losses(truth: Array, probability: Array | None, prediction: Array | None = None) -> Array:
    """The loss of each row: log loss, or where there are no probabilities the squared error of the prediction."""
    if probability is None:
        error: Array = np.asarray(prediction, dtype=np.float64) - truth
        return error**2
    told = np.clip(probability[np.arange(len(truth)), truth], _EPSILON, 1 - _EPSILON)
    return np.asarray(-np.log(told))


class Classified:
    """A classifier's figures, from the true class numbers and the probabilities (rows x classes).

    Of two classes the second is the one looked for. With more, F1 is the mean over classes, and ROC AUC and
    average precision are means of each class against the others. Log loss clips at the precision of the numbers,
    as scikit-learn does; Brier is the mean squared distance from the truth (for two classes, of the second's
    probability). The calibration error is the mean distance of the share that was found from the probability that
    was said, over ten bins of equally many rows (Naeini and others 2015), and over the classes if there are more.
    ``chosen`` are the classes that were answered; without it the most probable ones.
    """

    def __init__(self, truth: Array, probability: Array, chosen: Array | None = None) -> None:
        self.rows, count = probability.shape
        self._given = (truth, probability, chosen)
        hit = truth[:, None] == np.arange(count)
        squared = (probability - hit) ** 2
        if chosen is None:
            chosen = probability.argmax(axis=1)
        self._loss = row_losses(truth, probability)
        self._bins = [
            _binned(probability[:, one], hit[:, one])
            for one in ([1] if count == 2 else range(count) if count > 1 else [])
        ]
        self._two = count == 2
        looked_for = [1] if count == 2 else list(range(count))
        self._ranks = [_Ranks(probability[:, one], hit[:, one]) for one in looked_for]
        self._values = np.column_stack(
            [
                self._loss,
                squared[:, 1] if count == 2 else squared.sum(axis=1),
                chosen == truth,
                *(part for one in looked_for for part in ((chosen == one) & hit[:, one], chosen == one, hit[:, one])),
            ]
        )

    def figures(self, weights: Array) -> dict[str, Array]:
        """ROC AUC, average precision, log loss, Brier score, accuracy, F1 and more; see the class."""
        sums = weights @ self._values
        loss, brier, accuracy = (sums[:, :3] / weights.sum(axis=1)[:, None]).T
        both, chosen, true = sums[:, 3::3], sums[:, 4::3], sums[:, 5::3]
        either = chosen + true
        each = np.divide(2 * both, either, out=np.zeros_like(both), where=either > 0)
        more: dict[str, Array] = {}
        if self._two:
            more["precision"] = np.divide(both, chosen, out=np.zeros_like(both), where=chosen > 0)[:, 0]
            more["recall"] = np.divide(both, true, out=np.zeros_like(both), where=true > 0)[:, 0]
        else:
            more["f1_weighted"] = (each * true).sum(axis=1) / true.sum(axis=1)
        total = weights.sum(axis=1)[:, None]
        off = [np.abs(weights @ bins).sum(axis=1) / total[:, 0] for bins in self._bins]
        areas, precisions = zip(*(one.figures(weights) for one in self._ranks), strict=True)
        return {
            "roc_auc": np.mean(areas, axis=0),
            "average_precision": np.mean(precisions, axis=0),
            "log_loss": loss,
            "brier": brier,
            "accuracy": accuracy,
            "f1": each.mean(axis=1),
            **more,
            **({"calibration_error": np.mean(off, axis=0)} if off else {}),
        }

    def loss(self) -> Array:
        """The log loss of each row."""
        return self._loss

    def part(self, inside: Array) -> Classified:
        """The same for some of the rows."""
        truth, probability, chosen = self._given
        return Classified(truth[inside], probability[inside], None if chosen is None else chosen[inside])


def _binned(probability: Array, hit: Array, bins: int = 10) -> Array:
    """The distance of truth from probability for each row, in the column of its bin (rows x bins)."""
    edges = np.unique(np.quantile(probability, np.linspace(0, 1, bins + 1)[1:-1])) if len(probability) else np.empty(0)
    place = np.searchsorted(edges, probability, side="right")
    found = np.zeros((len(probability), len(edges) + 1))
    found[np.arange(len(probability)), place] = probability - hit
    return found


class _Ranks:
    """Rows in order of falling score, equal scores as one step, for figures that look at the order only."""

    def __init__(self, score: Array, truth: Array) -> None:
        self.order = np.argsort(-score, kind="stable")
        ordered = score[self.order]
        self.truth = truth[self.order].astype(np.float64)
        new = np.ones(len(ordered), dtype=bool)
        new[1:] = ordered[1:] != ordered[:-1]
        self.starts = np.flatnonzero(new)

    def figures(self, weights: Array) -> tuple[Array, Array]:
        """ROC AUC and average precision.

        The first is the chance that a true row scores above a false one, ties counting half (Mann and Whitney
        1947), the second the mean over true rows of the precision at their score, without interpolation.
        """
        every = weights[:, self.order]
        true = every * self.truth
        if len(self.starts) < len(self.order):
            true = np.add.reduceat(true, self.starts, axis=1)
            every = np.add.reduceat(every, self.starts, axis=1)
        above = np.cumsum(true, axis=1)
        seen = np.cumsum(every, axis=1)
        found, total = above[:, -1], seen[:, -1]
        precision = np.divide(above, seen, out=np.zeros_like(seen), where=seen > 0)
        area = np.einsum("ij,ij->i", above, every) - np.einsum("ij,ij->i", above, true)
        area -= (np.einsum("ij,ij->i", true, every) - np.einsum("ij,ij->i", true, true)) / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            return area / (found * (total - found)), np.einsum("ij,ij->i", precision, true) / found


class Regressed:
    """A regression's figures, from truth and prediction."""

    def __init__(self, truth: Array, prediction: Array) -> None:
        self.rows = len(truth)
        self._given = (truth, prediction)
        error = prediction - truth
        centred = truth - truth.mean() if len(truth) else truth  # so that squaring large numbers loses nothing
        self._loss = row_losses(truth, None, prediction)
        parts = [np.abs(error), self._loss, centred, centred**2]
        self._relative = bool(len(truth)) and bool((truth != 0).all())
        if self._relative:
            parts.append(np.abs(error / truth))
        self._values = np.column_stack(parts)

    def figures(self, weights: Array) -> dict[str, Array]:
        """Mean absolute error, root of the mean squared error, share of variance explained, and MAPE without zeros."""
        means = weights @ self._values / weights.sum(axis=1)[:, None]
        spread = means[:, 3] - means[:, 2] ** 2
        with np.errstate(divide="ignore", invalid="ignore"):
            explained = np.where(spread > 0, 1 - means[:, 1] / spread, np.nan)
        found = {"mae": means[:, 0], "rmse": np.sqrt(means[:, 1]), "r2": explained}
        return found | ({"mape": means[:, 4]} if self._relative else {})

    def loss(self) -> Array:
        """The squared error of each row."""
        return self._loss

    def part(self, inside: Array) -> Regressed:
        """The same for some of the rows."""
        truth, prediction = self._given
        return Regressed(truth[inside], prediction[inside])
