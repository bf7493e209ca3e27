"""Which model of a notebook is deployed, by the ways in which notebooks fit and ask one."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from solvent.notebook.converting.deploying import Serving, find_serving
from solvent.notebook.converting.keeping import sort_statements
from solvent.notebook.flow.chains import chain
from solvent.notebook.flow.program import Program, read_program
from solvent.notebook.reading.cells import Cell, Notebook

FRAME, COLUMN = "pandas.DataFrame", "pandas.Series"
KINDS = {"X_train": FRAME, "X_test": FRAME, "y_train": COLUMN, "y_test": COLUMN, "Z_train": "numpy.ndarray"}
SERVED = Serving(("model",), "X_train", "X_test", "y_test", "y")


def found(*lines: str) -> Serving | str:
    """What is deployed of these lines."""
    notebook = Notebook(Path("a.ipynb"), "ipynb", tuple(Cell(n, "code", one) for n, one in enumerate(lines, 1)))
    program: Program = read_program(notebook)
    sorted_ = sort_statements(program, chain(program))
    return find_serving(dataclasses.replace(sorted_, steps=tuple(program.statements)), KINDS)


@pytest.mark.parametrize(
    "lines",
    [
        ("model = Model()", "model.fit(X_train, y_train)", "model.score(X_test, y_test)"),
        ("model = Model().fit(X_train, y_train)", "said = model.predict(X_test)"),
        ("model = make(Scaler(), Model(n=3)).fit(X_train, y_train.values)",),
        ("first = Model().fit(X_test, y_test)", "model = Model().fit(X_train, y_train)", "model.score(X_test, y_test)"),
    ],
)
def test_the_last_model_that_was_fitted_is_deployed(lines: tuple[str, ...]) -> None:
    """In a line of its own, or where it is made; judged by the rows that it was asked about, or their usual name."""
    assert found(*lines) == SERVED


def test_transforms_before_the_model_come_along() -> None:
    """By the rows that they were given."""
    lines = ("Z_train = scaler.fit_transform(X_train)", "model = Model().fit(Z_train, y_train)")
    asked = ("Z_test = scaler.transform(X_test)", "model.score(Z_test, y_test)")
    assert found(*lines, *asked) == Serving(("scaler", "model"), "X_train", "X_test", "y_test", "y")


def test_what_is_missing_is_said() -> None:
    """No model, no table, no rows that it was not fitted on."""
    assert str(found("x = 1")).startswith("no model is fitted")
    assert "needs names of columns" in str(found("model = Model().fit(Z_train, y_train)"))
    assert "that model was not fitted on" in str(found("model = Model().fit(X_test, y_test)"))
