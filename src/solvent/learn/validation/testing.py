"""One fold: its two parts, checked against each other, and what a predictor answers for the part it is tested on."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

from solvent.config import REQUIRED
from solvent.data import Table
from solvent.engine.context import Context, current, log
from solvent.errors import InputError
from solvent.graph.steps import step
from solvent.learn.assembly import Predictor
from solvent.learn.evaluation import Report
from solvent.learn.leaks.record import NotChecked
from solvent.learn.leaks.tracing import trace_suspects
from solvent.learn.splits.parts import Split, count_shared
from solvent.learn.tables.rows import check_columns, frame_of, target_of

__all__ = ["PROBABILITY", "Opened", "Tested", "answer_fold", "open_fold", "trace_fold"]

PROBABILITY = "probability_"
"""What the columns of the answers begin with that hold the probability of a class."""
_OWN = ("fold", "prediction")


class Opened(NamedTuple):
    """The parts of a fold, and how many rows are learnt from."""

    train: Table
    test: Table
    learnt: int


class Tested(NamedTuple):
    """What came of one fold: the figures, the tested rows with their answers, and how many rows were learnt from."""

    report: Report
    answers: Table
    learnt: int


@step
def open_fold(fold: Split, *, target: str = REQUIRED) -> Opened:
    """The parts of a fold. Rows of the test that are among those to learn from are counted, and warned of.

    Raises :class:`InputError` for a part without rows, without the target, or with one that is not known, and for a
    column that is called as one of those that hold the answers.
    """
    parts = {name: frame_of(rows) for name, rows in fold._asdict().items()}
    for name, frame in parts.items():
        if not frame.height:
            raise InputError(f"cross_validate: the part {name!r} of a fold has no rows")
        check_columns(frame, [target], f"cross_validate: {name}")
        target_of(frame, target, f"cross_validate: {name}")
        for taken in _OWN:
            if taken in frame.columns:
                raise InputError(
                    f"cross_validate: the rows have a column {taken!r}, which is what a column of the answers is "
                    f"called. Give it another name before the folds are cut"
                )
    train, test = parts["train"], parts["test"]
    shared = count_shared(train, test)
    log(rows_train=train.height, rows_test=test.height, rows_of_test_in_train=shared)
    if shared:
        warnings.warn(
            f"cross_validate: {shared} of {test.height} rows that are tested on are also, value by value, among those "
            f"that are learnt from. Drop duplicates before, or cut folds by group or by time.",
            stacklevel=2,
        )
    return Opened(train, test, train.height)


def _seen_lineage(settings: dict[str, Any], inputs: dict[str, Any]) -> str | None:
    """What the lineage says, which no digest of the data does."""
    context = current()
    return None if context is None else json.dumps(_suspects(context, inputs, settings["target"]))


def _suspects(context: Context, inputs: Mapping[str, Any], target: str) -> list[str]:
    """The steps that led to the predictor and were given rows that it is tested on, each with what it was given."""
    try:
        found = trace_suspects(context, inputs, target)
    except NotChecked:
        return []
    return [f"{one.step} ({one.given}, as {one.parameter})" for one in found]


@step(state=_seen_lineage)
def trace_fold(predictor: Predictor, train: Table, test: Table, *, target: str = REQUIRED) -> int:
    """How many of the steps that led to the predictor were given rows that it is tested on; such are warned of.

    A candidate never sees the test part of its fold, but what was done before the folds were cut may have: a transform
    that was fitted on all rows, for example. Where nothing is recorded, nothing is found.
    """
    context = current()
    found = [] if context is None else _suspects(context, context.inputs, target)
    log(steps_given_test_rows=len(found))
    if found:
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        warnings.warn(
            f"cross_validate: what led to the predictor was given rows that it is tested on: {', '.join(found[:3])}"
            f"{more}. Cut the folds first, and let the candidate do whatever learns, chooses or counts.",
            stacklevel=2,
        )
    return len(found)


@step
def answer_fold(predictor: Predictor, rows: Table, *, target: str = REQUIRED) -> Table:
    """The rows with the answer for each: ``prediction`` and, of a classifier, ``probability_`` and the class."""
    import polars as pl

    frame = frame_of(rows)
    answers = predictor.answer(frame.drop(target))
    made = [pl.Series("prediction", answers.prediction)]
    if answers.probability is not None:
        made += [
            pl.Series(f"{PROBABILITY}{one}", answers.probability[:, place]) for place, one in enumerate(answers.classes)
        ]
    twice = [one.name for one in made if one.name in frame.columns]
    if twice:
        raise InputError(
            f"cross_validate: the rows have a column {twice[0]!r}, which is what a column of the answers is called. "
            f"Give it another name before the folds are cut"
        )
    return frame.with_columns(made)
