"""Small learners of an audit: a shallow tree on one column, boosted trees on many, and a quick look at very many."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from solvent.learn.leaks.record import NotChecked
from solvent.learn.leaks.sides import Sample, Truth, as_numbers

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    Array = np.ndarray[Any, Any]

__all__ = ["chance", "need_sklearn", "score_column", "score_many", "strongest", "working"]

MOST_COLUMNS = 100
_LEVELS = 200
_BINS = 20
_GLANCE = 4000
_SMOOTH = 5.0
_SMALL = 2000
_DEPTH, _LEAF = 8, 20


def need_sklearn() -> None:
    """Raise :class:`NotChecked` where scikit-learn is not installed."""
    try:
        import sklearn  # noqa: F401
    except ImportError:
        raise NotChecked("it needs scikit-learn, which is not installed: pip install 'solvent[learn]'") from None


@contextlib.contextmanager
def working() -> Iterator[None]:
    """One thread (two boosters on one busy machine are several times slower), and no warnings of small samples."""
    need_sklearn()
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def chance(truth: Truth) -> float:
    """The score of an answer that knows nothing."""
    return 0.0 if truth.task == "regression" else 0.5


def folds_of(truth: Truth, count: int, seed: int) -> list[tuple[Array, Array]]:
    """Folds in which every class has its share."""
    import numpy as np
    from sklearn.model_selection import KFold, StratifiedKFold

    kind = KFold if truth.task == "regression" else StratifiedKFold
    made = kind(count, shuffle=True, random_state=seed % 2**32)
    return list(made.split(np.zeros(len(truth.values)), truth.values))


def score(truth: Truth, answers: Array) -> float:
    """R² of numbers, ROC AUC of two classes, of several the mean over classes by their rows."""
    import numpy as np
    from sklearn.metrics import roc_auc_score

    values = truth.values
    if truth.task == "regression":
        spread = float(((values - values.mean()) ** 2).sum())
        return 1 - float(((values - answers[:, 0]) ** 2).sum()) / spread if spread else 0.0
    if truth.task == "binary":
        return float(roc_auc_score(values, answers[:, 1]))
    places = [one for one in range(answers.shape[1]) if 0 < (values == one).sum() < len(values)]
    areas = [roc_auc_score(values == one, answers[:, one]) for one in places]
    return float(np.average(areas, weights=[(values == one).sum() for one in places]))


def _targets(truth: Truth) -> Array:
    import numpy as np

    return truth.values[:, None] if truth.task == "regression" else np.eye(len(truth.classes))[truth.values]


def score_column(values: pl.Series, truth: Truth, folds: Sequence[tuple[Array, Array]]) -> float:
    """How well one column alone tells the target of rows that it was not learnt from.

    Numbers go into a tree of depth 8; text and whole numbers of few values are also answered with the mean of their
    value in the other folds. Numbers are taken by rank, so that large ones lose nothing.
    """
    import numpy as np
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    numbers, category = as_numbers(values)
    if category:
        return score(truth, _means(numbers, truth, folds))
    ranks = np.full(len(numbers), np.nan)
    known = ~np.isnan(numbers)
    different, ranks[known] = np.unique(numbers[known], return_inverse=True)
    column = ranks[:, None]
    answers = np.zeros((len(numbers), 1 if truth.task == "regression" else len(truth.classes)))
    leaf = max(1, min(_LEAF, len(numbers) // 50))
    kind = DecisionTreeRegressor if truth.task == "regression" else DecisionTreeClassifier
    for learn, test in folds:
        tree = kind(max_depth=_DEPTH, min_samples_leaf=leaf, random_state=0).fit(column[learn], truth.values[learn])
        if truth.task == "regression":
            answers[test, 0] = tree.predict(column[test])
        else:
            answers[np.ix_(test, tree.classes_)] = tree.predict_proba(column[test])
    best = score(truth, answers)
    if values.dtype.is_integer() and len(different) <= 50:
        best = max(best, score(truth, _means(np.where(known, ranks, len(different)), truth, folds)))
    return best


def _means(codes: Array, truth: Truth, folds: Sequence[tuple[Array, Array]]) -> Array:
    """For each row the smoothed mean of the target over the rows of its category in the other folds."""
    import numpy as np

    places, targets = codes.astype(np.int64), _targets(truth)
    size = int(places.max()) + 1
    answers = np.zeros(targets.shape)
    for learn, test in folds:
        counts = np.bincount(places[learn], minlength=size)[:, None]
        sums = np.column_stack(
            [np.bincount(places[learn], weights=column[learn], minlength=size) for column in targets.T]
        )
        prior = targets[learn].mean(axis=0)
        answers[test] = ((sums + _SMOOTH * prior) / (counts + _SMOOTH))[places[test]]
    return answers


def matrix_of(rows: pl.DataFrame) -> tuple[Array, Array]:
    """Columns as boosted trees take them, and which of them are categories (of too many values: how frequent)."""
    import numpy as np

    columns, categories = [], []
    for name in rows.columns:
        numbers, category = as_numbers(rows.get_column(name))
        if category and len(counts := np.bincount(numbers.astype(np.int64))) > _LEVELS:
            numbers, category = counts[numbers.astype(np.int64)].astype(np.float64), False
        columns.append(numbers)
        categories.append(category)
    return np.column_stack(columns), np.array(categories)


def boost(rows: pl.DataFrame, truth: Truth, rounds: int, seed: int) -> Array:
    """What boosted trees answer for rows that they were not fitted on, in three folds."""
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    numbers, categories = matrix_of(rows)
    many = truth.task == "classes"
    kind = HistGradientBoostingRegressor if truth.task == "regression" else HistGradientBoostingClassifier
    answers = np.zeros((len(truth.values), 1 if truth.task == "regression" else len(truth.classes)))
    for learn, test in folds_of(truth, 3, seed):
        model = kind(
            max_iter=max(10, rounds // 2) if many else rounds, learning_rate=0.2 if many or rounds < 50 else 0.1,
            categorical_features=categories if categories.any() else None, random_state=0, early_stopping=False,
        )  # fmt: skip
        known = numbers.copy()
        known[:, np.isnan(numbers[learn]).all(axis=0)] = 0  # a column that is all gaps is none that it can cut
        model.fit(known[learn], truth.values[learn])
        if truth.task == "regression":
            answers[test, 0] = model.predict(known[test])
        else:
            answers[np.ix_(test, model.classes_)] = model.predict_proba(known[test])
    return answers


def score_many(rows: pl.DataFrame, sample: Sample) -> float:
    """How well all these columns together tell the target, by boosted trees in three folds."""
    rounds = 60 if rows.height >= _SMALL else 30
    return score(sample.truth, boost(rows, sample.truth, rounds, sample.seed)) if rows.width else chance(sample.truth)


def strongest(rows: pl.DataFrame, truth: Truth, most: int = MOST_COLUMNS) -> list[str]:
    """The columns, of very many only those that tell most of the target at a glance.

    The glance is the share of the target's variance between twenty equal parts of a column's ranks, or between its
    categories, on at most 4,000 rows.
    """
    import numpy as np

    if rows.width <= most:
        return list(rows.columns)
    glance, targets = rows[:_GLANCE], _targets(truth)[:_GLANCE]
    targets = targets - targets.mean(axis=0)
    spread = float((targets**2).sum()) or 1.0
    shares = np.zeros(rows.width)
    for place, name in enumerate(glance.columns):
        numbers, category = as_numbers(glance.get_column(name))
        if category:
            parts = numbers.astype(np.int64)
        else:
            order = np.argsort(np.where(np.isnan(numbers), -np.inf, numbers), kind="stable")
            cuts = numbers[order[:: max(1, len(order) // _BINS)]]
            parts = np.searchsorted(cuts[~np.isnan(cuts)], np.where(np.isnan(numbers), -np.inf, numbers), side="right")
        size = int(parts.max()) + 1
        if size > len(parts) // 4:
            continue
        counts = np.maximum(np.bincount(parts, minlength=size), 1)
        sums = np.column_stack([np.bincount(parts, weights=column, minlength=size) for column in targets.T])
        between = float((sums**2 / counts[:, None]).sum()) / spread
        shares[place] = 1 - (1 - between) * (len(parts) - 1) / max(1, len(parts) - size)
    chosen = np.sort(np.argsort(-shares, kind="stable")[:most])
    names = rows.columns
    return [names[one] for one in chosen]
