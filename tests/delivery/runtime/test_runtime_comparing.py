"""The comparison: it finds a graph that differs in one row, one class, one null, and lets rounding pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from solvent.delivery.runtime.answering import OnnxPredictor
from solvent.delivery.runtime.comparing import Parity, compare
from solvent.delivery.runtime.convert import convert
from solvent.errors import InputError
from solvent.learn import Predictor
from solvent.learn.assembly import Answers
from solvent.learn.tables.schema import Prepared

Made = Callable[..., Predictor]
Change = Callable[[pl.DataFrame, Answers], Answers]


class Off:
    """A graph whose answers are changed on their way out."""

    def __init__(self, graph: OnnxPredictor, change: Change) -> None:
        self._graph, self._change, self.first = graph, change, 1

    def answer_prepared(self, prepared: Prepared) -> Answers:
        """The answers, changed."""
        return self._change(prepared.frame, self._graph.answer_prepared(prepared))


def off(predictor: Predictor, rows: pl.DataFrame, change: Change) -> Parity:
    """What the comparison says of a graph with this fault."""
    wrong: Any = Off(OnnxPredictor.of(predictor, convert(predictor)), change)
    return compare(predictor, wrong, rows)


def shifted(by: float) -> Change:
    """Probabilities that are off by so much."""

    def change(frame: pl.DataFrame, answers: Answers) -> Answers:
        assert answers.probability is not None
        return replace(answers, probability=answers.probability + np.array([by, -by, 0.0]))

    return change


@pytest.fixture(scope="module")
def grades(made: Made) -> Predictor:
    return made(LogisticRegression(), "grade")


def test_rounding_passes_and_more_does_not(grades: Predictor, table: pl.DataFrame) -> None:
    """Half of the tolerance is equal, twice of it is different in every row, and the largest is told."""
    assert off(grades, table, shifted(5e-6)).equal
    found = off(grades, table, shifted(2e-5))
    assert found.different == found.rows
    assert found.largest == pytest.approx(2e-5, rel=1e-3)
    assert len(found.differences) == 10
    assert found.differences[0].python[0] in ("no", "maybe", "yes")


def test_another_class_is_different_unless_two_are_tied(grades: Predictor, table: pl.DataFrame) -> None:
    """The same probabilities with another class are found; at a tie either class will do."""

    def other(frame: pl.DataFrame, answers: Answers) -> Answers:
        return replace(answers, prediction=np.where(answers.prediction == "no", "yes", "no"))

    assert off(grades, table, other).different == off(grades, table, other).rows

    class Tied:
        classes_ = np.array(["a", "b"])

        def predict(self, rows: pl.DataFrame) -> Any:
            raise AssertionError

        def predict_proba(self, rows: pl.DataFrame) -> Any:
            return np.tile([0.5, 0.5], (rows.height, 1))

    class Swapped:
        first = 1

        def answer_prepared(self, prepared: Prepared) -> Answers:
            rows = prepared.frame.height
            return Answers(np.array(["b"] * rows), np.tile([0.5 - 1e-9, 0.5 + 1e-9], (rows, 1)), ("a", "b"))

    wrong: Any = Swapped()
    assert compare(Predictor((Tied(),), (), ("a", "b")), wrong, table).equal


@pytest.mark.parametrize("case", ["xm null", "sm null", "nm null", "s never seen", "sm never seen"])
def test_a_fault_in_one_derived_case_is_found(grades: Predictor, table: pl.DataFrame, case: str) -> None:
    """A fault that shows only when one column is null, or never seen, is found and named."""
    name, _, what = case.partition(" ")

    def fault(frame: pl.DataFrame, answers: Answers) -> Answers:
        values = frame[name]
        hit = values.null_count() == len(values) > 1 if what == "null" else (values == "never seen in training").any()
        return shifted(0.1)(frame, answers) if hit else answers

    found = off(grades, table, fault)
    assert {one.case for one in found.differences} == {case}
    assert found.different == 50


def test_a_fault_of_single_rows_is_found(grades: Predictor, table: pl.DataFrame) -> None:
    """A graph that is right in batches only is not equal."""

    def alone(frame: pl.DataFrame, answers: Answers) -> Answers:
        return shifted(0.1)(frame, answers) if frame.height == 1 else answers

    assert {one.case for one in off(grades, table, alone).differences} == {"alone"}


def test_what_only_one_of_them_refuses_is_different(grades: Predictor, table: pl.DataFrame) -> None:
    """A refusal against an answer is a difference; all refused by both is no proof."""

    def never(frame: pl.DataFrame, answers: Answers) -> Answers:
        raise InputError("no")

    found = off(grades, table.head(20), never)
    assert found.different == found.rows
    assert found.differences[0].onnx == "refused"
    assert not Parity(rows=3, different=0, refused=3, largest=0.0).equal


def test_values_are_compared_relative_to_their_size(made: Made, table: pl.DataFrame) -> None:
    """A value may be off by a hundred-thousandth of itself, or of the median size where it is near zero."""
    predictor = made(Ridge(), "worth")

    def times(factor: float) -> Change:
        return lambda frame, answers: replace(answers, prediction=answers.prediction * factor)

    assert off(predictor, table, times(1 + 9e-6)).equal
    assert off(predictor, table, times(1 + 2e-5)).different > len(table)
    assert off(predictor, table, lambda frame, one: replace(one, prediction=one.prediction + 1e-6)).equal
    assert not off(predictor, table, lambda frame, one: replace(one, prediction=one.prediction + 1e-2)).equal
