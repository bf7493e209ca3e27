"""The predictor: what a request may look like, what is refused with row and column, and what comes back."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from lightgbm import LGBMClassifier
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from solvent.errors import InputError, PlanError, SettingsError
from solvent.learn import Baseline, Predictor, assemble, fit, train, transform

ROW: dict[str, Any] = {
    "number": 1.5, "whole": 3, "flag": True, "text": "a", "day": "2020-01-02", "when": "2020-01-02T03:00:00+01:00",
    "maybe": None,
}  # fmt: skip


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    count = 40
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    return pl.DataFrame(
        {
            "number": np.linspace(0, 1, count),
            "whole": range(count),
            "flag": [one % 2 == 0 for one in range(count)],
            "text": ["a", "b"] * (count // 2),
            "day": [dt.date(2020, 1, 1 + one % 28) for one in range(count)],
            "when": [start + dt.timedelta(hours=one) for one in range(count)],
            "maybe": [None if one % 3 == 0 else float(one) for one in range(count)],
            "late": [one > 20 for one in range(count)],
        }
    )


@pytest.fixture(scope="module")
def predictor(frame: pl.DataFrame) -> Predictor:
    features = fit(frame, target="late")
    return assemble(features, train(transform(features, frame), target="late", seed=0))


def test_answers_come_in_the_kind_that_was_asked_in(frame: pl.DataFrame, predictor: Predictor) -> None:
    """Polars gives Polars, lazy gives lazy, pandas gives pandas, Arrow gives Arrow, dicts give dicts."""
    asked = frame.drop("late").head(2)
    assert isinstance(predictor.predict(asked), pl.DataFrame)
    assert isinstance(predictor.predict(asked.lazy()), pl.LazyFrame)
    assert isinstance(predictor.predict(asked.to_pandas()), pd.DataFrame)
    assert isinstance(predictor.predict(asked.to_arrow()), pa.Table)
    assert predictor.predict(ROW) == {"prediction": False}
    assert predictor.predict([ROW, ROW]) == [{"prediction": False}] * 2
    assert predictor.predict_proba(ROW) == pytest.approx({"False": 21 / 40, "True": 19 / 40})


def test_no_rows_give_no_answers(frame: pl.DataFrame, predictor: Predictor) -> None:
    """An empty frame and an empty list are answered with nothing, in the right shape."""
    assert predictor.predict(frame.clear().drop("late")).shape == (0, 1)
    assert predictor.predict_proba([]) == []


def test_column_order_and_extra_columns_do_not_matter(frame: pl.DataFrame, predictor: Predictor) -> None:
    """Columns are taken by name; what is not needed is named in a warning."""
    shuffled = frame.select("late", *reversed(frame.columns[:-1]))
    assert predictor.prepare(shuffled).frame.columns == frame.columns[:-1]
    assert predictor.prepare({**ROW, "more": 1}).warnings == ("more is not used",)


def test_a_missing_column_is_null_only_where_training_saw_nulls(predictor: Predictor) -> None:
    """The optional one is warned of, the needed one refused, with the misspelt name beside it."""
    shorter = {name: value for name, value in ROW.items() if name != "maybe"}
    assert predictor.prepare(shorter).warnings == ("maybe is missing, taken as null",)
    misspelt = {**ROW, "numbr": 1.0}
    del misspelt["number"]
    with pytest.raises(InputError, match="number: this column is missing") as caught:
        predictor.predict(misspelt)
    assert caught.value.problems[0].where == "row 0, number"


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("number", "1.5", "expected float, got text"),
        ("number", True, "expected float, got a boolean"),
        ("number", float("inf"), "finite"),
        ("number", 10**400, "finite"),
        ("number", None, "got null"),
        ("number", float("nan"), "got null"),
        ("number", [1.0], "got a list"),
        ("whole", 1.5, "expected int, got a number"),
        ("whole", 2**63, "at most 64 bits"),
        ("flag", 1, "expected bool"),
        ("text", 1, "expected text"),
        ("text", {"a": 1}, "got an object"),
        ("day", "yesterday", "ISO text such as 2013-09-01"),
        ("day", 20200101, "expected date"),
        ("day", "0000-00-00", "ISO text such as 2013-09-01"),
        ("day", "2020-W05-1", "expected date"),
        ("when", "2020-01-02T03:00:00", "with its zone"),
        ("when", "2020-01-02T03:00:00+25:00", "expected datetime"),
        ("when", "0001-01-01T00:00:00+01:00", "expected datetime"),
        ("when", "9999-12-31T23:59:60Z", "expected datetime"),
        ("when", "٢020-01-02T03:00:00Z", "expected datetime"),
    ],
)
def test_values_that_do_not_fit_are_refused_with_row_column_and_reason(
    predictor: Predictor, column: str, value: object, reason: str
) -> None:
    """Nothing is guessed: each wrong value is named with what was expected."""
    with pytest.raises(InputError, match=reason) as caught:
        predictor.predict([ROW, {**ROW, column: value}])
    assert [one.where for one in caught.value.problems] == [f"row 1, {column}"]


def test_values_that_fit_in_meaning_are_taken(predictor: Predictor) -> None:
    """An integer for a float, a whole float for an integer, another zone for a moment, unseen text."""
    taken = {**ROW, "number": 1, "whole": 3.0, "when": "2020-01-01T21:00:00-05:00", "text": "never seen \N{SNOWMAN}"}
    made = predictor.prepare(taken).frame
    assert made["number"][0] == 1.0 and made["whole"][0] == 3
    assert made["when"][0] == dt.datetime(2020, 1, 2, 2, tzinfo=dt.UTC)
    assert predictor.predict(taken) == {"prediction": False}


def test_many_faults_are_counted_and_the_first_are_named(predictor: Predictor) -> None:
    """A thousand wrong rows make a short error."""
    with pytest.raises(InputError) as caught:
        predictor.predict([{**ROW, "number": "x"}] * 1000)
    assert len(caught.value.problems) == 20 and len(str(caught.value)) < 5000
    with pytest.raises(InputError, match="expected an object"):
        predictor.predict([1, 2, 3])


def test_frames_are_cast_or_refused_by_column(frame: pl.DataFrame, predictor: Predictor) -> None:
    """Whole floats become integers, text times become times; text for a number is refused."""
    asked = frame.drop("late").with_columns(pl.col("whole").cast(pl.Float64), pl.col("day").cast(pl.String))
    assert predictor.prepare(asked).frame["day"].dtype == pl.Date
    with pytest.raises(InputError, match="number: expected float, got text"):
        predictor.predict(frame.with_columns(pl.col("number").cast(pl.String)))
    with pytest.raises(InputError, match="whole numbers"):
        predictor.predict(frame.with_columns(whole=pl.lit(0.5)))


def test_one_row_is_answered_as_in_a_batch(frame: pl.DataFrame) -> None:
    """Row by row and all together the numbers are the same to the last bit, for every frame."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    features = fit(frame, target="late")
    ready = transform(features, frame)
    model = train(
        ready, target="late", seed=0, use=HistGradientBoostingClassifier, with_={"min_samples_leaf": 2, "max_iter": 20}
    )
    predictor = assemble(features, model)
    together = predictor.answer(frame).probability
    assert together is not None and together.std() > 0.1
    for place, row in enumerate(frame.drop("late").iter_rows(named=True)):
        alone = predictor.answer(row).probability
        assert alone is not None and (alone[0] == together[place]).all()


def test_assemble_refuses_what_is_no_predictor(frame: pl.DataFrame, predictor: Predictor) -> None:
    """Model and transforms swapped, no model, a predictor as the model."""
    features = fit(frame, target="late")
    for parts in ((), (Baseline(), features), (features,)):
        with pytest.raises(PlanError, match="the model last"):
            assemble(*parts)
    with pytest.raises(PlanError, match="no method transform"):
        assemble(Baseline(), Baseline())
    with pytest.raises(PlanError, match="a predictor as the model"):
        assemble(features, predictor)


def test_a_model_of_other_columns_is_noticed(frame: pl.DataFrame) -> None:
    """A forgotten transform is named before scikit-learn complains about shapes."""
    from sklearn.linear_model import LogisticRegression

    features = fit(frame, target="late")
    model = train(transform(features, frame), target="late", seed=0, use=LogisticRegression, with_={"max_iter": 1000})
    with pytest.raises(InputError, match="Is a transform missing"):
        assemble(model).predict(frame)


def test_rows_before_the_model_say_what_a_request_is() -> None:
    """Without a transform that remembers them, the columns are those of the rows that stand first, less the target."""
    rows = pl.DataFrame(
        {"id": range(40), "x": [float(n % 7) for n in range(40)], "late": [n % 7 > 3 for n in range(40)]}
    )
    model = train(rows, target="late", drop=["id"], seed=0, use=LogisticRegression)
    predictor = assemble(rows, model)
    assert [(one.name, one.kind) for one in predictor.columns] == [("x", "float")]
    assert predictor.predict({"x": 6})["prediction"] is True
    with pytest.raises(InputError, match="x"):
        predictor.predict({"y": 6.0})
    nameless = train(rows, target="late", drop=["id"], seed=0)
    with pytest.raises(SettingsError, match="Say which it is: target: NAME"):
        assemble(rows, nameless)
    assert [one.name for one in assemble(rows, nameless, target="late", drop=["id"]).columns] == ["x"]


def test_a_model_that_renames_columns_is_asked_by_their_names(frame: pl.DataFrame) -> None:
    """LightGBM keeps underscores for the spaces in names; features that have some still find their place."""
    features = fit(frame, target="late")
    rows = transform(features, frame)
    model = train(rows, target="late", seed=0, use=LGBMClassifier, with_={"verbose": -1, "n_jobs": 1})
    assert any(" " in name for name in rows.columns)
    expected = model.predict_proba(rows.drop("late"))
    np.testing.assert_allclose(assemble(features, model).answer(frame).probability, expected)


def test_a_transform_that_cannot_name_its_columns_numbers_them(frame: pl.DataFrame) -> None:
    """A column transformer with a part without names is no fault."""
    made = make_column_transformer((FunctionTransformer(np.cbrt), ["number"]))
    features = fit(frame, target="late", use=lambda: made)
    assert transform(features, frame).columns == ["x0", "late"]


def test_the_mean_serves(frame: pl.DataFrame) -> None:
    """A baseline of a regression has no probabilities, and answers the mean."""
    known = frame.drop("maybe")
    features = fit(known, target="number")
    predictor = assemble(features, train(transform(features, known), target="number", seed=0))
    answers = predictor.answer(known)
    assert answers.probability is None
    assert answers.prediction == pytest.approx(np.full(40, 0.5))


def test_text_that_is_no_time_is_named_with_row_and_column() -> None:
    """Where training saw times as text, nulls have no year, month or hour; other text is refused, as a number is."""
    times = [f"2020-01-{1 + one % 28:02} {one % 24:02}:00:00" for one in range(60)]
    rows = pl.DataFrame({"when": [*times[:-1], None], "late": [one % 24 > 12 for one in range(60)]})
    features = fit(rows, target="late")
    made = transform(features, pl.DataFrame({"when": [None]}, schema={"when": pl.String}))
    assert made.columns == transform(features, rows.drop("late")).columns
    assert made.rows() == [(-1.0,) * made.width]
    with pytest.raises(InputError, match="expected datetime as ISO text such as") as caught:
        transform(features, pl.DataFrame({"when": [times[0], None, "never"]}))
    assert [one.where for one in caught.value.problems] == ["row 2, when"]


def test_a_column_without_a_name_is_a_column(frame: pl.DataFrame) -> None:
    """A frame may have one column whose name is empty, and requests bring it under that name."""
    rows = frame.select(pl.col("number").alias(""), "whole", "late")
    features = fit(rows, target="late")
    predictor = assemble(features, train(transform(features, rows), target="late", seed=0))
    assert [one.name for one in predictor.columns] == ["", "whole"]
    asked = pl.DataFrame({"": [0.5], "whole": [3]})
    assert predictor.predict(asked.to_dicts()) == predictor.predict(asked).to_dicts()
