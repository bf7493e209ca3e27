"""A graph for other tools: columns under their names, and the same answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from onnxruntime import InferenceSession
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.preprocessing import FunctionTransformer

from solvent.delivery.runtime.convert import NotConvertible, convert
from solvent.delivery.runtime.exporting import split_inputs
from solvent.learn import Predictor, TabularFeatures

Made = Callable[..., Predictor]


def test_each_column_is_an_input(made: Made, table: pl.DataFrame) -> None:
    """Names, types and shapes are those of the columns; NaN stands for null; the answers are the predictor's."""
    predictor = made(RandomForestClassifier(5, random_state=0), "flag", TabularFeatures())
    session = InferenceSession(split_inputs(convert(predictor).model, predictor.columns))
    kinds = {one.name: (one.type, one.shape[1]) for one in session.get_inputs()}
    assert kinds == {
        "x": ("tensor(double)", 1),
        "n": ("tensor(int64)", 1),
        "b": ("tensor(bool)", 1),
        "xm": ("tensor(double)", 1),
        "nm": ("tensor(double)", 1),
        "s": ("tensor(string)", 1),
        "sm": ("tensor(string)", 1),
    }
    rows = table.drop_nulls("sm")
    rows = rows.with_columns(pl.col("nm").cast(pl.Float64))
    feeds: dict[str, Any] = {name: rows[name].to_numpy().reshape(-1, 1) for name in kinds}
    feeds |= {name: feeds[name].astype(object) for name in ("s", "sm")}
    (found,) = session.run(["probability"], feeds)
    np.testing.assert_allclose(found, predictor.answer(rows).probability, atol=1e-12)


def test_a_graph_without_the_columns_is_refused(made: Made) -> None:
    """Where the first transform stays in Python there is nothing to name."""
    odd = make_column_transformer((FunctionTransformer(np.cbrt), ["x"]))
    predictor = made(RandomForestClassifier(5, random_state=0), "flag", odd)
    with pytest.raises(NotConvertible, match="begins after the first transform"):
        split_inputs(convert(predictor).model, predictor.columns)
