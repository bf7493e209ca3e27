"""Rows that a predictor has answered: the truth in numbers, and what is known of each answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from solvent.errors import InputError
from solvent.learn.assembly import Answers, Predictor
from solvent.learn.measures.metrics import Classified, Measures, Regressed
from solvent.learn.tables.rows import frame_of, target_of

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

__all__ = ["Answered", "ask", "constant_of", "last_of", "measures_of"]


@dataclass(frozen=True)
class Answered:
    """The truth of each row as a number (of its class), the answers, and the measures made of both."""

    task: Literal["classification", "regression"]
    truth: np.ndarray[Any, Any]
    answers: Answers
    measures: Measures


def ask(predictor: Predictor, frame: pl.DataFrame, target: str) -> Answered:
    """Let a predictor answer rows; raises :class:`InputError` for a truth that its answers cannot be compared with."""
    import numpy as np

    truth = target_of(frame, target, "evaluate")
    answers = predictor.answer(frame.drop(target))
    if answers.probability is not None:
        numbers = _places(truth.to_list(), answers.classes)
        chosen = _places(answers.prediction.tolist(), answers.classes)
        return Answered("classification", numbers, answers, Classified(numbers, answers.probability, chosen))
    if not truth.dtype.is_numeric():
        raise InputError(
            f"evaluate: the target {target!r} is {truth.dtype}, and the model gives no probabilities, so it is taken "
            f"as a regression. Use a model with predict_proba."
        )
    numbers = truth.to_numpy().astype(np.float64)
    return Answered("regression", numbers, answers, Regressed(numbers, np.asarray(answers.prediction, np.float64)))


def measures_of(predictor: Predictor, rows: Any, target: str) -> Measures:
    """What is known of rows once a predictor has answered them, ready for figures and intervals."""
    return ask(predictor, frame_of(rows), target).measures


def constant_of(asked: Answered) -> Measures:
    """What the best constant answer would give: the rows' own shares of classes, or their mean."""
    import numpy as np

    if asked.task == "regression":
        return Regressed(asked.truth, np.full(len(asked.truth), asked.truth.mean()))
    shares = np.bincount(asked.truth, minlength=len(asked.answers.classes)) / len(asked.truth)
    return Classified(asked.truth, np.tile(shares, (len(asked.truth), 1)))


def last_of(asked: Answered, frame: pl.DataFrame, time: str, group: str | None) -> Measures:
    """What the answer "as the last time" would give: the truth of the row before in time, of the same group.

    A first row, which has none before it, is answered as the best constant would. Rows of one time count as being
    known at once: none of them is told the truth of another.
    """
    import numpy as np
    import polars as pl

    keys = [] if group is None else [group]
    known = frame.select(time, *keys).with_columns(truth=pl.Series(asked.truth)).with_row_index("row")
    lasts = known.group_by([*keys, time], maintain_order=True).last().sort(time)
    before = pl.col("truth").shift(1)
    told = lasts.with_columns(last=before.over(keys, order_by=time) if keys else before).select(*keys, time, "last")
    last = known.join(told, on=[*keys, time], how="left", nulls_equal=True, maintain_order="left").get_column("last")
    missing = last.is_null().to_numpy()
    filled = last.fill_null(0).to_numpy()
    if asked.task == "regression":
        return Regressed(asked.truth, np.where(missing, asked.truth.mean(), filled.astype(np.float64)))
    count = len(asked.answers.classes)
    shares = np.bincount(asked.truth, minlength=count) / len(asked.truth)
    certain = np.eye(count)[filled.astype(np.int64)]
    return Classified(asked.truth, np.where(missing[:, None], shares, certain))


def _places(values: list[Any], classes: tuple[Any, ...]) -> np.ndarray[Any, Any]:
    """The place of each class among the model's; raises :class:`InputError` for one that it never saw."""
    import numpy as np

    places = {one: place for place, one in enumerate(classes)}
    unknown = sorted({str(one) for one in values if one not in places})
    if unknown:
        raise InputError(
            f"evaluate: the test rows have the class {unknown[0]!r}, which the model never saw. It knows: "
            f"{', '.join(str(one) for one in classes)}"
        )
    return np.array([places[one] for one in values], dtype=np.int64)
