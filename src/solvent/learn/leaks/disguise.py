"""The target in disguise: one column that tells it better than all others, and few columns that make it up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solvent.learn.leaks.learners import (
    folds_of,
    need_sklearn,
    score_column,
    score_many,
    strongest,
    working,
)
from solvent.learn.leaks.record import Finding, NotChecked
from solvent.learn.leaks.sides import Sample, Sides, filled

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

__all__ = ["find_disguise", "find_sums"]

_CANDIDATES = 3
_TWINS, _MORE = 0.01, 0.02
_FEW_OTHERS = 3
_SURE = 0.99
_EXACT = 0.01
_COLUMNS, _STARTS = 4, 8
_CELLS = 20_000_000
_SEPARATED = 0.9995


@dataclass(frozen=True)
class _Scores:
    """How well each column alone tells the target, and what the figure is called."""

    alone: dict[str, float]
    measure: str
    floor: float
    hint: float
    rows: int


def find_disguise(sides: Sides) -> list[Finding]:
    """A column that tells the target better alone than all other columns together."""
    need_sklearn()
    sample = sides.sample
    with working():
        names = strongest(sample.rows, sample.truth)
        folds = folds_of(sample.truth, 5, sample.seed)
        alone = {name: score_column(sample.rows.get_column(name), sample.truth, folds) for name in names}
        number = sample.truth.task == "regression"
        scores = _Scores(
            alone, "R²" if number else "ROC AUC", 0.9 if number else 0.85, 0.7 if number else 0.85, sample.rows.height
        )
        order = sorted(alone, key=lambda name: -alone[name])
        made = []
        for name in [one for one in order if alone[one] >= scores.hint][:_CANDIDATES]:
            twins = [one for one in names if abs(alone[one] - alone[name]) <= _TWINS]
            others = sample.rows.select(names).drop(twins)
            together = score_many(others, sample)
            one = _judge(name, scores, together, others.width)
            if one is not None and len(twins) > 1:
                # columns as good as this one may be copies of it, or honest: honest ones tell far more together
                all_others = score_many(sample.rows.select(names).drop(name), sample)
                honest = alone[name] + _MORE if alone[name] >= scores.floor else alone[name] - _TWINS
                one = one if all_others <= honest else None
            if one is not None:
                made.append(one)
    return made


def _judge(name: str, scores: _Scores, together: float, others: int) -> Finding | None:
    """Whether a column tells too much, given what all others tell together, and what the next best tells alone."""
    alone = scores.alone[name]
    order = sorted(scores.alone.values(), reverse=True)
    second = order[1] if len(order) > 1 else alone
    better = alone - together >= 0.01 + scores.rows**-0.5
    apart = alone == order[0] and alone >= 0.95 and alone - second >= 0.15
    if not better and not apart:
        return None
    # One of very few columns may well tell most; only what tells nearly all of it is more than a hint then.
    sure = alone >= scores.floor and (others >= _FEW_OTHERS or alone >= _SURE)
    if not sure and others < _FEW_OTHERS and alone < scores.floor:
        return None
    rest = f"the other {others} columns together {together:.3f}" if others else "and there is no other column"
    return Finding(
        "disguise", (name,), scores.rows,
        f"{name} alone tells the target with {scores.measure} {alone:.3f}, {rest}, the next best alone {second:.3f}.",
        f"Ask when {name} is known: what is written after the outcome goes out: drop: [{name}].",
        figures={"alone": alone, "others": together, "next": second},
        severity="leak" if sure else "hint",
    )  # fmt: skip


def find_sums(sides: Sides) -> list[Finding]:
    """Up to four columns whose weighted sum, or product of powers, is the target."""
    import numpy as np

    sample = sides.sample
    truth = sample.truth
    if truth.task == "classes":
        raise NotChecked("the target has more than two classes, and no sum of columns is a class")
    names = [name for name, dtype in sample.rows.schema.items() if dtype.is_numeric()]
    names = [name for name in names if sample.rows.get_column(name).drop_nulls().n_unique() > 1]
    if not names:
        raise NotChecked("no feature is a number with more than one value")
    sample = sample.first(max(1000, _CELLS // len(names)))
    values = sample.truth.values.astype(np.float64)
    numbers = filled(sample.rows.select(names))
    path: list[tuple[str, float]] = []
    if np.ptp(values):
        path = _pursue(numbers, values, names)
        one = _made_of(path, sample, "is a weighted sum of")
        if one is not None:
            return [one]
    positive = np.flatnonzero(numbers.min(axis=0) > 0)
    if truth.task == "regression" and values.min() > 0 and len(positive):
        logs = np.log(numbers[:, positive])
        one = _made_of(
            _pursue(logs, np.log(values), [names[at] for at in positive]), sample, "is a product of powers of"
        )
        if one is not None:
            return [one]
    return _separated(sample, numbers, names, path) if truth.task == "binary" else []


def _pursue(numbers: Array, values: Array, names: list[str]) -> list[tuple[str, float]]:
    """The columns that explain most, one after the other, and the share that is left after each (of the spread).

    The first is each of the eight that explain most alone in turn, since of columns that go together the greedy
    choice may be the wrong one; the best of these paths is given.
    """
    import numpy as np

    scale = numbers.std(axis=0)
    kept = np.flatnonzero(np.isfinite(scale) & (scale > 0))
    columns = (numbers[:, kept] - numbers[:, kept].mean(axis=0)) / scale[kept]
    values = values - values.mean()
    starts = np.argsort(-np.abs(columns.T @ values), kind="stable")[:_STARTS]
    paths = [_path(columns, values, int(start)) for start in starts]
    if not paths:
        return []
    best = min(paths, key=lambda path: (_needed(path), path[-1][1]))
    return [(names[kept[column]], left) for column, left in best]


def _needed(path: list[tuple[int, float]]) -> int:
    """How many columns of a path make up the target."""
    return next((place for place, (_, left) in enumerate(path) if left <= _EXACT), len(path))


def _path(columns: Array, values: Array, start: int) -> list[tuple[int, float]]:
    """A column, and those that explain most of what is left, one after the other."""
    import numpy as np

    whole = float(np.sqrt((values**2).sum())) or 1.0
    chosen = [start]
    path: list[tuple[int, float]] = []
    for _ in range(min(_COLUMNS, columns.shape[1])):
        design = columns[:, chosen]
        left = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
        path.append((chosen[-1], float(np.sqrt((left**2).sum())) / whole))
        if path[-1][1] <= _EXACT:
            break
        weights = np.abs(columns.T @ left)
        weights[chosen] = -1
        chosen.append(int(weights.argmax()))
    return path


def _made_of(path: list[tuple[str, float]], sample: Sample, how: str) -> Finding | None:
    """The fewest columns of the path that leave next to nothing of the target."""
    exact = next((place for place, (_, left) in enumerate(path) if left <= _EXACT), None)
    if exact is None:
        return None
    columns = [name for name, _ in path[: exact + 1]]
    left = path[exact][1]
    return Finding(
        "sum", tuple(columns), sample.rows.height,
        f"The target {how} {', '.join(columns)}: {100 * left:.2g} % of its spread is left.",
        f"Take out what is known only with the target: drop: [{', '.join(columns)}].",
        figures={"left": left, "columns": len(columns)},
    )  # fmt: skip


def _separated(sample: Sample, numbers: Array, names: list[str], path: list[tuple[str, float]]) -> list[Finding]:
    """Three columns of which a weighted sum tells two classes apart without a fault."""
    need_sklearn()
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    columns = [name for name, _ in path[:3]]
    if not columns:
        return []
    chosen = numbers[:, [names.index(name) for name in columns]]
    chosen = (chosen - chosen.mean(axis=0)) / chosen.std(axis=0)
    with working():
        model = LogisticRegression(C=1e4, max_iter=200).fit(chosen, sample.truth.values)
        area = float(roc_auc_score(sample.truth.values, model.decision_function(chosen)))
    if area < _SEPARATED:
        return []
    weights = np.abs(model.coef_[0])
    columns = [name for name, weight in zip(columns, weights, strict=True) if weight >= 0.01 * weights.max()]
    few = sample.rows.height < 500
    return [
        Finding(
            "sum", tuple(columns), sample.rows.height,
            f"A weighted sum of {', '.join(columns)} tells the classes apart with ROC AUC {area:.5f}"
            f"{' (which may be chance in so few rows)' if few else ''}.",
            f"Take out what is known only with the target: drop: [{', '.join(columns)}].",
            figures={"auc": area, "columns": len(columns)},
            severity="hint" if few else "leak",
        )
    ]  # fmt: skip
