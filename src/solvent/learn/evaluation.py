"""Evaluation: figures of merit with intervals, against a baseline and a rival, by slices, and what they hang on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from solvent.config import REQUIRED
from solvent.data import Table
from solvent.displays import Displayed
from solvent.engine.context import log
from solvent.errors import InputError, SettingsError, did_you_mean
from solvent.graph.steps import step
from solvent.learn.answered import Answered, ask, constant_of, last_of
from solvent.learn.assembly import Predictor
from solvent.learn.measures.importance import Importance, measure_importance
from solvent.learn.measures.intervals import (
    Difference,
    Figure,
    compare_draws,
    draw_figures,
    measure_once,
    summarise,
)
from solvent.learn.measures.metrics import Measures, row_losses
from solvent.learn.measures.slices import Slice, find_worst, parts_by
from solvent.learn.tables.rows import check_columns, frame_of

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

__all__ = ["LOSSES", "Report", "evaluate"]

# Figures of which less is better.
LOSSES = frozenset({"log_loss", "brier", "mae", "rmse", "mape", "calibration_error"})
_SLICE_DRAWS = 200
_ASKED = 1000


@dataclass(frozen=True)
class Report(Displayed):
    """How good a predictor is on rows that it was not trained on.

    ``figures`` are those of the predictor, each with its 95 % interval; ``baseline`` those of the baseline that
    ``against`` names. ``gain`` is how much better the predictor is than that (positive is better, whatever the
    figure), with the interval of the paired difference, and ``rival`` the same against the rival, if one was given.
    ``method`` says how the intervals were drawn. ``slices`` are parts of the rows, those asked for and those found
    where the model is worst; ``importance`` is what the loss hangs on, by column. ``confusion`` counts rows by true
    class (rows) and answered class (columns). ``pictures`` are Vega-Lite specifications.
    """

    task: Literal["classification", "regression"]
    target: str
    rows: int
    figures: Mapping[str, Figure]
    baseline: Mapping[str, Figure]
    gain: Mapping[str, Difference]
    method: str
    seed: int
    classes: tuple[bool | int | float | str, ...] = ()
    against: str = "the best constant answer"
    rival: Mapping[str, Difference] = field(default_factory=dict)
    slices: tuple[Slice, ...] = ()
    importance: tuple[Importance, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    pictures: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)

    def __getitem__(self, name: str) -> float | None:
        """The value of one figure; raises ``KeyError`` with the names that there are."""
        if name not in self.figures:
            known = list(self.figures)
            raise KeyError(f"no figure {name!r}.{did_you_mean(name, known)} There are: {', '.join(known)}")
        return self.figures[name].value


@step
def evaluate(
    predictor: Predictor,
    rows: Table,
    rival: Predictor | None = None,
    *,
    target: str = REQUIRED,
    seed: int = REQUIRED,
    time: str | None = None,
    group: str | None = None,
    baseline: Literal["constant", "last"] = "constant",
    slices: Sequence[str | Sequence[str]] = (),
    find_slices: bool = True,
    importance: bool = True,
    draws: int = 1000,
) -> Report:
    """Judge a predictor by rows that it was not trained on, and against a ``rival`` on the same rows if there is one.

    Intervals come from ``draws`` bootstrap samples of the rows. With ``group``, whole groups are drawn instead, and
    with ``time`` whole days (or whole times, where the column holds neither dates nor times), because the rows of
    one customer or day are not independent of each other, and intervals over rows would be too narrow.

    ``baseline`` is the best constant answer (the rows' own shares of classes, or mean), or ``last``: the truth of
    the row before in ``time``, of the same ``group``. ``slices`` names columns, or lists of columns, by whose values
    the rows are judged apart; ``find_slices`` looks for the parts where the model is worst, and ``importance`` for
    what it hangs on. ``draws: 0`` gives the figures and nothing else.
    """
    if draws < 0 or draws > 100_000:
        raise SettingsError(f"evaluate: draws is a number from 0 (no intervals) to 100000, not {draws}")
    if baseline == "last" and time is None:
        raise SettingsError("evaluate: baseline: last needs the column that says which row came before: time: COLUMN")
    frame = frame_of(rows)
    groups = [[one] if isinstance(one, str) else list(one) for one in slices]
    check_columns(frame, [time, group, *(one for names in groups for one in names)], "evaluate")
    asked = ask(predictor, frame, target)
    other = last_of(asked, frame, str(time), group) if baseline == "last" else constant_of(asked)
    drawing = _drawing(frame, draws, seed, group or time, group is not None)
    figures, compared, gain = _compare(asked.measures, other, drawing)
    against = {} if rival is None else _compare(asked.measures, _rival(rival, frame, target, asked), drawing)[2]
    parts, hangs = _look_closer(predictor, frame, asked, groups, _Wanted(target, seed, draws, find_slices, importance))
    confusion = _confusion(asked)
    pictures = _pictures(asked, figures, confusion, hangs) | _slice_picture(parts)
    told: dict[str, Any] = {name: one.value for name, one in figures.items() if one.value is not None}
    told |= pictures
    log(**told, rows=frame.height)
    return Report(
        asked.task, target, frame.height, figures, compared, gain, drawing.method, seed,
        asked.answers.classes if asked.task == "classification" else (),
        f"the last value by {time}" if baseline == "last" else "the best constant answer",
        against, parts, hangs, confusion, pictures,
    )  # fmt: skip


@dataclass(frozen=True)
class _Drawing:
    """How rows are drawn: how often, from which seed, and in which blocks."""

    draws: int
    seed: int
    blocks: np.ndarray[Any, Any] | None
    method: str


@dataclass(frozen=True)
class _Wanted:
    """What is looked at besides the figures."""

    target: str
    seed: int
    draws: int
    find: bool
    importance: bool


def _drawing(frame: pl.DataFrame, draws: int, seed: int, by: str | None, grouped: bool) -> _Drawing:
    blocks = None if by is None else _groups(frame.get_column(by)) if grouped else _blocks(frame.get_column(by))
    unit = "rows" if blocks is None else f"{int(blocks.max()) + 1} {'groups' if grouped else 'blocks'} of {by}"
    return _Drawing(draws, seed, blocks, f"bootstrap over {unit}, {draws} draws, 95 %" if draws else "none")


def _rival(rival: Predictor, frame: pl.DataFrame, target: str, asked: Answered) -> Measures:
    """The rival's measures on the same rows; raises :class:`InputError` where the two cannot be compared."""
    if set(rival.classes) != set(asked.answers.classes):
        raise InputError(
            f"evaluate: the rival answers with the classes {list(rival.classes)}, and this predictor with "
            f"{list(asked.answers.classes)}: they cannot be compared"
        )
    return ask(rival, frame, target).measures


def _compare(
    measures: Measures, other: Measures, drawing: _Drawing
) -> tuple[dict[str, Figure], dict[str, Figure], dict[str, Difference]]:
    """The figures of the predictor, of what it is compared with, and of the gain, all over the same draws."""
    import numpy as np

    ours, theirs = measure_once(measures), measure_once(other)
    draws, seed, blocks = drawing.draws, drawing.seed, drawing.blocks
    drawn = draw_figures(measures, draws, seed, blocks) if draws else {}
    against = draw_figures(other, draws, seed, blocks) if draws else {}
    none = np.empty(0)
    figures = {name: summarise(value, drawn.get(name, none)) for name, value in ours.items()}
    compared = {name: summarise(value, against.get(name, none)) for name, value in theirs.items()}
    gain = {}
    for name, value in ours.items():
        sign = -1.0 if name in LOSSES else 1.0
        difference = sign * (drawn[name] - against[name]) if draws else none
        gain[name] = compare_draws(sign * (value - theirs[name]), difference)
    return figures, compared, gain


def _look_closer(
    predictor: Predictor, frame: pl.DataFrame, asked: Answered, groups: list[list[str]], wanted: _Wanted
) -> tuple[tuple[Slice, ...], tuple[Importance, ...]]:
    """Slices, and the importance of columns."""
    import numpy as np

    made = [_slice(one, asked, wanted) for names in groups for one in parts_by(frame, names)]
    columns = [one.name for one in predictor.columns if one.name in frame.columns] or [
        one for one in frame.columns if one != wanted.target
    ]
    if wanted.draws and wanted.find:
        found = find_worst(frame.select(columns), asked.measures.loss(), wanted.seed)
        made += [_slice(one, asked, wanted, found=True) for one in found]
    if not (wanted.draws and wanted.importance) or frame.height < 2:
        return tuple(made), ()
    places = np.sort(np.random.default_rng(wanted.seed).permutation(frame.height)[:_ASKED])
    sample, truth = frame[places], asked.truth[places]

    def loss(rows: pl.DataFrame) -> float:
        answers = predictor.answer(rows.select(columns))
        return float(row_losses(truth, answers.probability, answers.prediction).mean())

    return tuple(made), tuple(measure_importance(sample, columns, loss, wanted.seed))


def _slice(part: Any, asked: Answered, wanted: _Wanted, found: bool = False) -> Slice:
    measures = asked.measures.part(part.inside)
    once = measure_once(measures)
    drawn = draw_figures(measures, _SLICE_DRAWS, wanted.seed) if wanted.draws else {}
    import numpy as np

    figures = {name: summarise(value, drawn.get(name, np.empty(0))) for name, value in once.items()}
    return Slice(part.name, int(part.inside.sum()), figures, found, part.gap, part.p)


def _confusion(asked: Answered) -> tuple[tuple[int, ...], ...]:
    import numpy as np

    count = len(asked.answers.classes)
    if asked.task == "regression" or not 2 <= count <= 50:
        return ()
    places = {one: place for place, one in enumerate(asked.answers.classes)}
    chosen = np.array([places[one] for one in asked.answers.prediction.tolist()], dtype=np.int64)
    table = np.bincount(asked.truth * count + chosen, minlength=count * count).reshape(count, count)
    return tuple(tuple(int(cell) for cell in row) for row in table)


def _pictures(
    asked: Answered,
    figures: Mapping[str, Figure],
    confusion: Sequence[Sequence[int]],
    hangs: Sequence[Importance],
) -> dict[str, Mapping[str, Any]]:
    from solvent.learn.measures import pictures

    made: dict[str, Mapping[str, Any]] = {}
    probability = asked.answers.probability
    if probability is None:
        made["truth"] = pictures.draw_truth(asked.truth, asked.answers.prediction)
        made["residuals"] = pictures.draw_residuals(asked.truth, asked.answers.prediction)
    elif probability.shape[1] == 2:
        found, score = asked.truth == 1, probability[:, 1]
        made["roc"] = pictures.draw_roc(found, score, figures["roc_auc"].value)
        made["precision_recall"] = pictures.draw_precision(found, score, figures["average_precision"].value)
        made["calibration"] = pictures.draw_calibration(found, score)
    if confusion:
        made["confusion"] = pictures.draw_confusion(confusion, [str(one) for one in asked.answers.classes])
    if hangs:
        made["importance"] = pictures.draw_importance(hangs)
    return made


def _slice_picture(parts: Sequence[Slice]) -> dict[str, Mapping[str, Any]]:
    from solvent.learn.measures.pictures import draw_slices

    return {"slices": draw_slices(parts)} if parts else {}


def _groups(values: pl.Series) -> np.ndarray[Any, Any]:
    """The number of the group of each row; raises :class:`InputError` where it is unknown."""
    if values.null_count():
        raise InputError(f"evaluate: the group {values.name!r} is unknown in {values.null_count()} rows")
    return (values.rank("dense") - 1).to_numpy().astype("int64")


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
