"""Evaluation: figures of merit with intervals, against the best that a constant answer could do, and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from solvent.config import REQUIRED
from solvent.data import Table
from solvent.engine.context import log
from solvent.errors import InputError, SettingsError, did_you_mean
from solvent.graph.steps import step
from solvent.learn.assembly import Answers, Predictor
from solvent.learn.measures.intervals import Figure, draw_figures, measure_once, summarise
from solvent.learn.measures.metrics import Classified, Measures, Regressed
from solvent.learn.tables.rows import check_columns, frame_of, target_of

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

__all__ = ["LOSSES", "Report", "evaluate", "measures_of"]


@dataclass(frozen=True)
class Report:
    """How good a predictor is on rows that it was not trained on.

    ``figures`` are those of the predictor, each with its 95 % interval; ``baseline`` those of the best constant
    answer: the test rows' own shares of classes, or mean. ``gain`` is how much better the predictor is than that
    (positive is better, whatever the figure), with the interval of the paired difference. ``method`` says how the
    intervals were drawn. ``pictures`` are Vega-Lite specifications.
    """

    task: Literal["classification", "regression"]
    target: str
    rows: int
    figures: Mapping[str, Figure]
    baseline: Mapping[str, Figure]
    gain: Mapping[str, Figure]
    method: str
    seed: int
    classes: tuple[bool | int | float | str, ...] = ()
    pictures: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)

    def __getitem__(self, name: str) -> float | None:
        """The value of one figure; raises ``KeyError`` with the names that there are."""
        if name not in self.figures:
            known = list(self.figures)
            raise KeyError(f"no figure {name!r}.{did_you_mean(name, known)} There are: {', '.join(known)}")
        return self.figures[name].value


# Figures of which less is better.
LOSSES = frozenset({"log_loss", "brier", "mae", "rmse", "mape"})


@step
def evaluate(
    predictor: Predictor,
    rows: Table,
    *,
    target: str = REQUIRED,
    seed: int = REQUIRED,
    time: str | None = None,
    draws: int = 1000,
) -> Report:
    """Judge a predictor by rows that it was not trained on.

    Intervals come from ``draws`` bootstrap samples of the rows. With ``time``, whole days are drawn instead (or
    whole times, where the column holds neither dates nor times), because the rows of one day are not independent
    of each other, and intervals over rows would be too narrow.
    """
    if draws < 0 or draws > 100_000:
        raise SettingsError(f"evaluate: draws is a number from 0 (no intervals) to 100000, not {draws}")
    frame = frame_of(rows)
    check_columns(frame, [time], "evaluate")
    asked = _ask(predictor, frame, target)
    blocks = None if time is None else _blocks(frame.get_column(time))
    figures, baseline, gain = _compare(asked.measures, asked.constant, draws, seed, blocks)
    unit = "rows" if blocks is None else f"{int(blocks.max()) + 1} blocks of {time}"
    method = f"bootstrap over {unit}, {draws} draws, 95 %" if draws else "none"
    pictures = _pictures(asked, figures)
    told: dict[str, Any] = {name: one.value for name, one in figures.items() if one.value is not None}
    told |= pictures
    log(**told, rows=frame.height)
    classes = asked.answers.classes if asked.task == "classification" else ()
    return Report(asked.task, target, frame.height, figures, baseline, gain, method, seed, classes, pictures)


def measures_of(predictor: Predictor, rows: Any, target: str) -> Measures:
    """What is known of rows once a predictor has answered them, ready for figures and intervals."""
    return _ask(predictor, frame_of(rows), target).measures


@dataclass(frozen=True)
class _Asked:
    """Rows that were answered: the truth in numbers, and the measures of the predictor and of a constant."""

    task: Literal["classification", "regression"]
    truth: np.ndarray[Any, Any]
    answers: Answers
    measures: Measures
    constant: Measures


def _ask(predictor: Predictor, frame: pl.DataFrame, target: str) -> _Asked:
    import numpy as np

    truth = target_of(frame, target, "evaluate")
    answers = predictor.answer(frame.drop(target))
    if answers.probability is not None:
        numbers = _class_numbers(truth, answers.classes)
        shares = np.bincount(numbers, minlength=len(answers.classes)) / len(numbers)
        constant = Classified(numbers, np.tile(shares, (len(numbers), 1)))
        return _Asked("classification", numbers, answers, Classified(numbers, answers.probability), constant)
    if not truth.dtype.is_numeric():
        raise InputError(
            f"evaluate: the target {target!r} is {truth.dtype}, and the model gives no probabilities, so it is taken "
            f"as a regression. Use a model with predict_proba."
        )
    numbers = truth.to_numpy().astype(np.float64)
    ours = Regressed(numbers, np.asarray(answers.prediction, dtype=np.float64))
    return _Asked("regression", numbers, answers, ours, Regressed(numbers, np.full(len(numbers), numbers.mean())))


def _compare(
    measures: Measures, constant: Measures, draws: int, seed: int, blocks: np.ndarray[Any, Any] | None
) -> tuple[dict[str, Figure], dict[str, Figure], dict[str, Figure]]:
    """The figures of the predictor, of the constant, and of the gain, all over the same draws."""
    import numpy as np

    ours, theirs = measure_once(measures), measure_once(constant)
    drawn = draw_figures(measures, draws, seed, blocks) if draws else {}
    other = draw_figures(constant, draws, seed, blocks) if draws else {}
    none = np.empty(0)
    figures = {name: summarise(value, drawn.get(name, none)) for name, value in ours.items()}
    baseline = {name: summarise(value, other.get(name, none)) for name, value in theirs.items()}
    gain = {}
    for name, value in ours.items():
        sign = -1.0 if name in LOSSES else 1.0
        difference = sign * (drawn[name] - other[name]) if draws else none
        gain[name] = summarise(sign * (value - theirs[name]), difference)
    return figures, baseline, gain


def _pictures(asked: _Asked, figures: Mapping[str, Figure]) -> dict[str, Mapping[str, Any]]:
    from solvent.learn.measures.pictures import draw_calibration, draw_residuals, draw_roc

    probability = asked.answers.probability
    if probability is None:
        return {"residuals": draw_residuals(asked.truth, asked.answers.prediction)}
    if probability.shape[1] != 2:
        return {}
    found, score = asked.truth == 1, probability[:, 1]
    return {"roc": draw_roc(found, score, figures["roc_auc"].value), "calibration": draw_calibration(found, score)}


def _class_numbers(truth: pl.Series, classes: tuple[Any, ...]) -> np.ndarray[Any, Any]:
    """The place of each true class among the model's; raises :class:`InputError` for one that it never saw."""
    import numpy as np

    places = {one: place for place, one in enumerate(classes)}
    values = truth.to_list()
    unknown = sorted({str(one) for one in values if one not in places})
    if unknown:
        raise InputError(
            f"evaluate: the test rows have the class {unknown[0]!r}, which the model never saw. It knows: "
            f"{', '.join(str(one) for one in classes)}"
        )
    return np.array([places[one] for one in values], dtype=np.int64)


def _blocks(times: pl.Series) -> np.ndarray[Any, Any]:
    """The number of the block of each row: its day, or its value where it is no time."""
    import polars as pl

    if times.null_count():
        raise InputError(f"evaluate: the time {times.name!r} is unknown in {times.null_count()} rows")
    if times.dtype == pl.String:
        times = times.str.slice(0, 10) if times.str.contains(r"^\d{4}-\d{2}-\d{2}").all() else times
    elif isinstance(times.dtype, pl.Datetime):
        times = times.dt.date()
    return (times.rank("dense") - 1).to_numpy().astype("int64")
