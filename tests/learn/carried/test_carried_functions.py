"""Functions that go along with a model: what they are given, what they are refused for, and how they answer."""

from __future__ import annotations

import functools
from typing import Any

import pandas as pd
import polars as pl
import pytest

import solvent as sv
from solvent.errors import InputError, PlanError, SettingsError
from solvent.learn import Baseline, Predictor, RowFunction, assemble, fit, train, transform

ROWS = pl.DataFrame(
    {
        "x": [float(one % 7) for one in range(60)],
        "y": [None if one % 9 == 0 else float(one % 5) for one in range(60)],
        "id": [f"row {one}" for one in range(60)],
        "late": [one % 3 == 0 for one in range(60)],
    }
)


@sv.step(rowwise=True)
def product(rows: pl.DataFrame, *, times: float = 1.0) -> pl.DataFrame:
    """A step with a setting."""
    return rows.with_columns(xy=pl.col("x") * pl.col("y") * times)


def squared(rows: pd.DataFrame, *, power: int = 2) -> pd.DataFrame:
    """A function that is no step, and works on pandas."""
    return rows.assign(square=rows["x"] ** power)


def centred(rows: pl.DataFrame) -> pl.DataFrame:
    """Not row-wise: the mean is of all rows."""
    return rows.with_columns(pl.col("x") - pl.col("x").mean())


def peeking(rows: pl.DataFrame) -> pl.DataFrame:
    """Works without the target, and otherwise with it."""
    return rows.with_columns(odd=pl.col("late") if "late" in rows.columns else pl.lit(False))


def needing(rows: pl.DataFrame) -> pl.DataFrame:
    """Needs the target."""
    return rows.filter(pl.col("late").is_not_null())


def choosy(rows: pl.DataFrame) -> pl.DataFrame:
    """Leaves rows out."""
    return rows.filter(pl.col("x") < 6)


def breaking(rows: pl.DataFrame) -> pl.DataFrame:
    """Fails where x is above what training saw."""
    if (rows["x"] > 100).any():
        raise ZeroDivisionError("x is too much for me")
    return rows


def anything(rows: pl.DataFrame, *, value: Any = None) -> pl.DataFrame:
    """Has a setting of any kind."""
    return rows


@sv.step
def joined(rows: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    """Takes two tables."""
    return rows.join(other, on="id")


@sv.step
def demanding(rows: pl.DataFrame, *, unit: str = sv.required) -> pl.DataFrame:
    """Has a setting without a default."""
    return rows.with_columns(unit=pl.lit(unit))


def assembled(*functions: Any, rows: pl.DataFrame = ROWS, drop: list[str] | None = None) -> Predictor:
    """Functions before a fit and a model that were made of what they make."""
    made = rows
    for one in functions:
        made = one(made) if not hasattr(one, "transform") else one.transform(made)
    features = fit(made, target="late", drop=["id"] if drop is None else drop)
    model = train(transform(features, made), target="late", use=Baseline, seed=0)
    return assemble(rows, *functions, features, model)


def test_a_request_brings_what_the_function_was_given_and_not_what_it_makes() -> None:
    """``xy`` is made on the way; ``id`` was dropped by the fit and no part needs it; the target never comes."""
    predictor = assembled(product)
    assert [one.name for one in predictor.columns] == ["x", "y"]
    assert [one.nullable for one in predictor.columns] == [False, True]
    assert predictor.predict({"x": 1.0, "y": None}) == {"prediction": False}
    made = predictor.transformed(predictor.prepare([{"x": 2.0, "y": 3.0}]).frame)
    assert "xy" in " ".join(made.columns)


def test_of_several_columns_that_the_fit_dropped_none_is_asked_for() -> None:
    """Unless the function needs it: ``y`` was dropped too, and the product is made of it."""
    rows = ROWS.with_columns(pl.lit("a").alias("note"), pl.lit(1).alias("plan"), pl.lit(2.0).alias("region"))
    predictor = assembled(product, rows=rows, drop=["id", "note", "plan", "region", "y"])
    assert [one.name for one in predictor.columns] == ["x", "y"]


def test_settings_of_a_partial_function_go_along() -> None:
    """Outside of a pipeline a step has its defaults; a partial function says others."""
    part = assembled(functools.partial(product, times=10.0)).transforms[0]
    assert isinstance(part, RowFunction) and part.settings == {"times": 10.0}
    assert part.transform(pl.DataFrame({"x": [2.0], "y": [3.0]}))["xy"].to_list() == [60.0]
    assert assembled(product).transforms[0].settings == {"times": 1.0}


def test_a_plain_function_is_given_rows_as_its_annotation_asks() -> None:
    """pandas in, pandas out; the predictor goes on with Polars."""
    made = pl.from_pandas(squared(ROWS.to_pandas()))
    features = fit(made, target="late", drop=["id"])
    model = train(transform(features, made), target="late", use=Baseline, seed=0)
    predictor = assemble(ROWS, squared, features, model)
    assert {one.name for one in predictor.columns} == {"x", "y"}
    assert predictor.transforms[0].transform(pl.DataFrame({"x": [3.0]}))["square"].to_list() == [9.0]


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (centred, "centred is not row-wise: the column 'x' of one row alone"),
        (peeking, "peeking makes 'odd' of the target 'late'"),
        (needing, "needing does not work without the target 'late'"),
        (choosy, r"choosy made \d+ rows of 60, and every row needs an answer"),
    ],
)
def test_what_cannot_be_done_to_a_single_request_is_refused_when_it_is_assembled(function: Any, said: str) -> None:
    """Other rows, the target, and rows that would have no answer: each is found on rows of the training."""
    with pytest.raises(InputError, match=said):
        assembled(function)


def test_a_function_that_fails_on_rows_says_so_of_the_rows() -> None:
    """A request that the function cannot take is refused like any other that does not fit."""
    predictor = assembled(breaking)
    with pytest.raises(InputError, match="breaking failed on these rows: ZeroDivisionError: x is too much for me"):
        predictor.predict([{"x": 101.0, "y": 1.0}])
    assert predictor.predict([{"x": 1.0, "y": 1.0}]) == [{"prediction": False}]


def test_rows_that_a_function_leaves_out_later_are_named() -> None:
    """Training rows were all below the limit; the request has one above it, and hears which."""
    rows = ROWS.filter(pl.col("x") < 6)
    predictor = assembled(choosy, rows=rows)
    with pytest.raises(InputError, match="choosy made 2 rows of 3") as caught:
        predictor.predict([{"x": 1.0, "y": 1.0}, {"x": 9.0, "y": 1.0}, {"x": 2.0, "y": None}])
    assert [(one.where, one.what) for one in caught.value.problems] == [("row 1", "choosy leaves it out")]


def test_what_cannot_go_along_is_refused_with_what_to_do() -> None:
    """Two tables, a setting without a value, a lambda, positional data: each by name."""
    with pytest.raises(PlanError, match="joined takes rows, other; .* A second table goes along as a look-up"):
        assemble(ROWS, joined, Baseline(), target="late")
    with pytest.raises(SettingsError, match="unit"):
        assemble(ROWS, demanding, Baseline(), target="late")
    with pytest.raises(PlanError, match="is defined inside of a function"):
        assemble(ROWS, lambda rows: rows, Baseline(), target="late")
    with pytest.raises(PlanError, match="brings settings by name along, and no data"):
        assemble(ROWS, functools.partial(product, ROWS), Baseline(), target="late")
    with pytest.raises(PlanError, match="of type object; what goes along with a model keeps plain values"):
        assemble(ROWS, functools.partial(anything, value=object()), Baseline(), target="late")


def test_without_rows_it_is_not_known_what_a_request_brings() -> None:
    """A function outside of a pipeline does not know what it was given; the error says how to say it."""
    features = fit(product(ROWS), target="late")
    model = train(transform(features, product(ROWS)), target="late", use=Baseline, seed=0)
    with pytest.raises(InputError, match=r"give rows first: assemble\(rows, product, …\)"):
        assemble(product, features, model)


def test_a_column_that_is_all_null_in_a_request_keeps_its_type_behind_the_function() -> None:
    """What the function makes of a single null has no type of its own; the fit's columns say which it is."""
    predictor = assembled(product)
    alone = predictor.answer([{"x": 1.0, "y": None}])
    both = predictor.answer([{"x": 1.0, "y": None}, {"x": 2.0, "y": 1.0}])
    assert alone.probability is not None and both.probability is not None
    assert alone.probability[0].tolist() == both.probability[0].tolist()
    assert predictor.answer([]).prediction.tolist() == []


def test_functions_of_one_name_and_other_code_are_not_alike() -> None:
    """Two functions called alike in two modules are two classes, and neither takes the other's place."""
    one, other = RowFunction.of(product), RowFunction.of(squared)
    assert one.__qualname__ == "product" and one.function is product.raw
    assert other.function is squared and one is not other
