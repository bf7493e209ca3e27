"""What missing values tell: columns that are there only where something happened, and gaps that know the target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from solvent.learn.leaks.learners import boost, need_sklearn, strongest, working
from solvent.learn.leaks.record import Finding, NotChecked
from solvent.learn.leaks.sides import Sample, Sides, Truth, percent

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    Array = np.ndarray[Any, Any]

__all__ = ["find_after_event", "find_missing"]

_PURE_ROWS, _PURE_P = 20, -6.0
_GATE, _GAPS = 0.55, 30
_KNOWS, _Z = 0.04, 5.0
_LOOKED_AT = 6
_ROWS = 10_000


def find_after_event(sides: Sides) -> list[Finding]:
    """Columns that are there (or missing) only in rows of one class."""
    sides.need_features()
    truth = sides.truth
    if truth.task == "regression":
        raise NotChecked("the target is a number; which rows an event happened in is known of classes only")
    made = []
    for name in sides.features:
        gaps = _gaps(sides.train.get_column(name), truth)
        if gaps is None:
            continue
        sides_of = ((one, missing) for one in range(len(truth.classes)) for missing in (True, False))
        purest = min((_purity(truth, one, gaps if missing else ~gaps), one, missing) for one, missing in sides_of)
        if purest[0] <= _PURE_P:
            made.append(_one_class(name, purest, truth, gaps))
    return made


def _gaps(values: pl.Series, truth: Truth) -> Array | None:
    """Where a column is missing, among the rows whose target is known; None where it is nowhere or everywhere."""
    if not values.null_count():
        return None
    made: Array = values.is_null().to_numpy()[truth.places]
    return None if made.all() or not made.any() else made


def _one_class(name: str, best: tuple[float, int, bool], truth: Truth, gaps: Array) -> Finding:
    p, one, missing = best
    count = int(gaps.sum()) if missing else int((~gaps).sum())
    share = float((truth.values == one).mean())
    return Finding(
        "after_event", (name,), count,
        f"{name} is {'missing' if missing else 'there'} in {count} rows, and all of them are of the class "
        f"{truth.classes[one]!r}, which {percent(share)} of the rows are of (chance: 1 in 10^{-p:.0f}).",
        f"Ask what writes {name}: if it is the outcome, drop: [{name}].",
        figures={"log10_p": p, "share": share},
    )  # fmt: skip


def _purity(truth: Truth, one: int, side: Array) -> float:
    """The decimal logarithm of the chance that so many rows are all of one class; 0 where they are not."""
    import numpy as np

    count = int(side.sum())
    inside = truth.values == one
    if count < _PURE_ROWS or not inside[side].all():
        return 0.0
    return float(count * np.log10(inside.mean()))


def find_missing(sides: Sides) -> list[Finding]:
    """Columns whose gaps know the target beyond what the other columns tell of these gaps."""
    need_sklearn()
    sample = sides.sample
    gaps = {
        name: sample.rows.get_column(name).is_null().to_numpy()
        for name in sample.rows.columns
        if sample.rows.get_column(name).null_count() >= _GAPS
        and sample.rows.height - sample.rows.get_column(name).null_count() >= _GAPS
    }
    ranks = [_ranks(one) for one in sample.truth.events()]
    apart = {name: max(_area(one, where) for one in ranks) for name, where in gaps.items()}
    made: list[Finding] = []
    seen: set[bytes] = set()
    for name in sorted(apart, key=lambda name: -apart[name]):
        pattern = gaps[name].tobytes()
        if apart[name] < _GATE or len(seen) >= _LOOKED_AT or pattern in seen or sample.rows.width < 2:
            continue
        seen.add(pattern)
        alike = [other for other, where in gaps.items() if (where != gaps[name]).mean() < 0.001]
        knows, rows = _knows(sample, name, alike)
        if knows >= _KNOWS and knows * rows**0.5 >= _Z:
            made.append(_tells(name, alike, int(gaps[name].sum()), (apart[name], knows)))
    return made


def _tells(name: str, alike: list[str], count: int, figures: tuple[float, float]) -> Finding:
    apart, knows = figures
    return Finding(
        "missing", (name, *(one for one in alike if one != name)), count,
        f"Whether {name} is missing (in {count} of the rows looked at) tells the target with ROC AUC {apart:.3f}; what "
        f"the other columns do not tell of its gaps still goes with the target (correlation {knows:.3f}).",
        f"Find out when {name} is filled in: if that hangs on the outcome, drop: [{name}].",
        figures={"auc": apart, "correlation": knows},
    )  # fmt: skip


def _knows(sample: Sample, name: str, alike: list[str]) -> tuple[float, int]:
    """How what the other columns do not tell of a column's gaps goes with the target; and in how many rows."""
    import numpy as np

    small = sample.first(_ROWS)
    gaps = small.rows.get_column(name).is_null().to_numpy().astype(np.int64)
    if min(gaps.sum(), len(gaps) - gaps.sum()) < 10:
        small = sample
        gaps = small.rows.get_column(name).is_null().to_numpy().astype(np.int64)
    others = small.rows.drop(alike)
    if not others.width:
        return 0.0, len(gaps)
    asked = Truth("binary", np.arange(len(gaps)), gaps, ("there", "missing"), None)
    with working():
        told = boost(others.select(strongest(others, asked)), asked, 30, sample.seed)[:, 1]
    left = gaps - told
    if left.std() <= 0.1 * gaps.std():  # the other columns tell all of it, and what is left is the booster's own
        return 0.0, len(gaps)
    events = [_ranks(one) for one in small.truth.events()]
    return max(abs(float(np.corrcoef(left, one)[0, 1])) for one in events if one.std()), len(gaps)


def _ranks(values: Array) -> Array:
    import polars as pl

    made: Array = pl.Series(values).rank("average").to_numpy()
    return made


def _area(ranks: Array, inside: Array) -> float:
    """How far values are apart between rows inside and outside, as a ROC AUC of at least a half."""
    count, others = int(inside.sum()), int((~inside).sum())
    area = (float(ranks[inside].sum()) - count * (count + 1) / 2) / (count * others)
    return max(area, 1 - area)
