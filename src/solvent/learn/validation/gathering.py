"""Gathering: the folds' figures become means with intervals, and their answers one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from solvent.data import Table
from solvent.engine.context import log
from solvent.errors import InputError
from solvent.graph.steps import step
from solvent.learn.evaluation import Report
from solvent.learn.tables.rows import frame_of
from solvent.learn.validation.pictures import draw_folds, pool_pictures
from solvent.learn.validation.spread import Spread, spread_over
from solvent.learn.validation.testing import PROBABILITY, Tested

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Gathered", "gather_folds"]

_UNEVEN = 1.2


class Gathered(NamedTuple):
    """What all folds came to; see :class:`CrossValidation`."""

    report: Report
    scores: Table
    summary: Table
    answers: Table


@step
def gather_folds(folds: list[Tested]) -> Gathered:
    """The figures of all folds as means with intervals, one row for each fold, and the answers of all in one table.

    The interval is that of Nadeau and Bengio (2003): Student's t, with the variance corrected for folds that learn
    from mostly the same rows. A figure that is not defined in a fold (a class that its test part lacks) is left out
    of the mean there, and ``summary`` says over how many folds it is.
    """
    if not folds:
        raise InputError("cross_validate: the list of folds is empty")
    first = folds[0].report
    if any((one.report.task, one.report.target) != (first.task, first.target) for one in folds):
        raise InputError("cross_validate: some folds were answered as a classification, and some as a regression")
    answers = _answers(folds)
    classes = _classes(folds)
    ratio = sum(one.report.rows / one.learnt for one in folds) / len(folds)
    figures = {name: _spread(folds, "figures", name, ratio) for name in _names(folds, "figures")}
    gains = {name: _spread(folds, "gain", name, ratio) for name in _names(folds, "gain")}
    confusion = _confusion(folds, classes)
    scores, summary = _scores(folds), _summary(folds, figures, gains)
    pictures = {"by_fold": draw_folds(scores, figures)} | pool_pictures(answers, first.target, classes, confusion)
    report = Report(
        first.task, first.target, answers.height,
        {name: one.figure() for name, one in figures.items()},
        {name: _spread(folds, "baseline", name, ratio).figure() for name in _names(folds, "baseline")},
        {name: one.difference() for name, one in gains.items()},
        _method(folds, ratio), first.seed, classes, first.against, confusion=confusion, pictures=pictures,
    )  # fmt: skip
    _log(report, figures, len(folds))
    return Gathered(report, scores, summary, answers)


def _log(report: Report, figures: Mapping[str, Spread], folds: int) -> None:
    told: dict[str, Any] = {name: one.mean for name, one in figures.items() if one.mean is not None}
    told |= {f"{name}_spread": one.deviation for name, one in figures.items() if one.deviation is not None}
    told |= report.pictures
    log(**told, rows=report.rows, folds=folds, interval=report.method)


def _names(folds: Sequence[Tested], kind: str) -> list[str]:
    """The names of the figures of all folds, each once, in the order of the reports."""
    return list(dict.fromkeys(name for one in folds for name in getattr(one.report, kind)))


def _values(folds: Sequence[Tested], kind: str, name: str) -> list[float | None]:
    found = [getattr(one.report, kind).get(name) for one in folds]
    return [None if one is None else one.value for one in found]


def _spread(folds: Sequence[Tested], kind: str, name: str, ratio: float) -> Spread:
    return spread_over(_values(folds, kind, name), ratio)


def _method(folds: Sequence[Tested], ratio: float) -> str:
    """How the intervals came about, and what is only nearly so."""
    if len(folds) < 2:
        return "none (one fold)"
    learnt = [one.learnt for one in folds]
    told = f"mean over {len(folds)} folds, Student's t corrected by Nadeau and Bengio, {ratio:.3g} rows tested on for "
    told += "each learnt from, 95 %"
    if max(learnt) > _UNEVEN * min(learnt):
        told += f"; the folds learn from {min(learnt)} to {max(learnt)} rows, so it is a rule of thumb"
    return told


def _classes(folds: Sequence[Tested]) -> tuple[bool | int | float | str, ...]:
    """The classes that some fold knows, in their order where they have one."""
    found = list(dict.fromkeys(name for one in folds for name in one.report.classes))
    try:
        return tuple(sorted(found))
    except TypeError:
        return tuple(found)


def _confusion(folds: Sequence[Tested], classes: Sequence[Any]) -> tuple[tuple[int, ...], ...]:
    """The rows of all folds by true and answered class."""
    if not all(one.report.confusion for one in folds):
        return ()
    counts = [[0] * len(classes) for _ in classes]
    places = {one: place for place, one in enumerate(classes)}
    for one in folds:
        for true, row in zip(one.report.classes, one.report.confusion, strict=True):
            for answered, count in zip(one.report.classes, row, strict=True):
                counts[places[true]][places[answered]] += count
    return tuple(tuple(row) for row in counts)


def _answers(folds: Sequence[Tested]) -> pl.DataFrame:
    """The tested rows of all folds with their answers; a class that a fold did not learn has the probability 0."""
    import polars as pl

    parts = [
        frame_of(one.answers).with_columns(fold=pl.lit(number, dtype=pl.Int64)) for number, one in enumerate(folds, 1)
    ]
    made = pl.concat(parts, how="diagonal_relaxed")
    given = {name for one in folds for name in _probabilities(one)}
    return made.with_columns(pl.col(name).fill_null(0.0) for name in made.columns if name in given)


def _probabilities(one: Tested) -> list[str]:
    return [f"{PROBABILITY}{name}" for name in one.report.classes]


def _scores(folds: Sequence[Tested]) -> pl.DataFrame:
    """One row for each fold: how many rows it learns from and is tested on, and its figures."""
    import polars as pl

    names = _names(folds, "figures")
    columns: dict[str, Any] = {
        "fold": pl.Series(range(1, len(folds) + 1), dtype=pl.Int64),
        "learnt_from": [one.learnt for one in folds],
        "tested_on": [one.report.rows for one in folds],
    }
    return pl.DataFrame(
        columns | {name: pl.Series(_values(folds, "figures", name), dtype=pl.Float64) for name in names}
    )


def _summary(folds: Sequence[Tested], figures: Mapping[str, Spread], gains: Mapping[str, Spread]) -> pl.DataFrame:
    """One row for each figure: mean, standard deviation, range and interval over the folds, and the gain."""
    import polars as pl

    rows = []
    for name, one in figures.items():
        known = [value for value in _values(folds, "figures", name) if value is not None]
        made, gain = one.figure(), gains[name].difference() if name in gains else None
        rows.append(
            {
                "figure": name, "folds": one.folds, "mean": one.mean, "spread": one.deviation,
                "lowest": min(known, default=None), "highest": max(known, default=None),
                "low": made.low, "high": made.high, "gain": None if gain is None else gain.value,
                "gain_low": None if gain is None else gain.low, "gain_high": None if gain is None else gain.high,
            }
        )  # fmt: skip
    numbers = ("mean", "spread", "lowest", "highest", "low", "high", "gain", "gain_low", "gain_high")
    return pl.DataFrame(rows, schema={"figure": pl.String, "folds": pl.Int64} | dict.fromkeys(numbers, pl.Float64))
