"""A small table with every kind of column, and predictors made of it as a pipeline makes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from solvent.learn import Predictor, assemble, transform
from solvent.learn.adapting import Lesson, fit_object
from solvent.learn.tables.schema import describe_columns
from solvent.learn.transforms import Fitted

ROWS = 160
TARGETS = ("flag", "grade", "worth", "code")


@pytest.fixture(scope="session")
def table() -> pl.DataFrame:
    """Numbers, whole numbers, booleans and text, with and without nulls, and four targets."""
    random = np.random.default_rng(0)
    x = random.normal(size=ROWS) * 3
    frame = pl.DataFrame(
        {
            "x": x,
            "n": random.integers(0, 9, ROWS),
            "b": random.random(ROWS) > 0.5,
            "s": random.choice(["u", "v é", "w"], ROWS),
            "xm": pl.Series(random.normal(size=ROWS)).set(pl.Series(x > 2), None),
            "nm": pl.Series(random.integers(0, 5, ROWS)).set(pl.Series(x < -2), None),
            "sm": pl.Series(random.choice(list("abcd"), ROWS)).set(pl.Series(random.random(ROWS) < 0.2), None),
        }
    )
    worth = x + (frame["s"].to_numpy() == "u") * 2 + frame["xm"].fill_null(2).to_numpy() + random.normal(size=ROWS)
    parts = np.digitize(worth, [-1, 2])
    return frame.with_columns(
        flag=worth > 1, grade=np.array(["no", "maybe", "yes"])[parts], worth=worth * 10, code=np.array([7, 3, 5])[parts]
    )


def usual() -> Any:
    """Filling in, scaling and one column for each category."""
    return make_column_transformer(
        (make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), ["x", "n", "b", "xm", "nm"]),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["s", "sm"]),
    )


@pytest.fixture(scope="session")
def made(table: pl.DataFrame) -> Callable[..., Predictor]:
    """A predictor of a transform (of scikit-learn, or what it is by default) and a model, for a target."""

    def make(model: Any, target: str, features: Any = None, rows: pl.DataFrame | None = None) -> Predictor:
        frame = table if rows is None else rows
        given = frame.drop({*TARGETS, target}, strict=False)
        fitted = fit_object(usual() if features is None else features, Lesson(given, frame[target]))
        fit = Fitted(fitted, describe_columns(given), target)
        learnt = transform(fit, frame).drop(target)
        return assemble(fit, fit_object(model, Lesson(learnt, frame[target])))

    return make
