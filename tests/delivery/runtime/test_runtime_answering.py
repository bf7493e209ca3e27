"""Answering with a graph: the answers, errors and warnings of the predictor itself, for frames and for records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder
from sklearn.svm import LinearSVC
from xgboost import XGBRegressor

from solvent.delivery.runtime.answering import OnnxPredictor
from solvent.delivery.runtime.convert import convert
from solvent.errors import InputError, PlanError
from solvent.learn import Predictor, TabularFeatures
from solvent.learn.assembly import Answers

Made = Callable[..., Predictor]
COUNT = 120
ROW: dict[str, Any] = {
    "number": 0.5, "whole": 3, "flag": True, "text": "a", "day": "2020-01-02", "at": "03:00:00",
    "when": "2020-01-02T03:00:00+01:00", "long": "some more words", "maybe": None,
}  # fmt: skip


def table_of_kinds() -> pl.DataFrame:
    """A column of each kind that a request can have."""
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    moments = [start + dt.timedelta(hours=7 * one) for one in range(COUNT)]
    return pl.DataFrame(
        {
            "number": np.linspace(0, 1, COUNT),
            "whole": range(COUNT),
            "flag": [one % 2 == 0 for one in range(COUNT)],
            "text": ["a", "b", "c"] * (COUNT // 3),
            "day": [one.date() for one in moments],
            "at": [one.time() for one in moments],
            "when": pl.Series(moments).dt.convert_time_zone("Europe/Berlin"),
            "long": [f"so many words {one}" for one in range(COUNT)],
            "maybe": [None if one % 3 == 0 else float(one) for one in range(COUNT)],
            "late": [one % 24 > 12 for one in range(COUNT)],
        }
    )


@pytest.fixture(scope="module")
def both(made: Made) -> tuple[Predictor, OnnxPredictor]:
    """A predictor with every kind of column, and its graph."""
    # A linear model with small steps, so that each feature has its weight in each answer.
    model = SGDClassifier(loss="log_loss", learning_rate="constant", eta0=1e-7, tol=None, max_iter=3, random_state=0)
    predictor = made(model, "late", TabularFeatures(), table_of_kinds())
    return predictor, OnnxPredictor.of(predictor, convert(predictor))


def same(one: Answers, other: Answers) -> bool:
    """Whether two answers are the same in every respect, up to rounding."""
    assert one.prediction.dtype == other.prediction.dtype
    assert (one.classes, one.warnings) == (other.classes, other.warnings)
    if one.probability is None or other.probability is None:
        assert one.probability is other.probability
        return bool(np.array_equal(one.prediction, other.prediction))
    assert one.probability.dtype == other.probability.dtype == np.float64
    close = np.allclose(one.probability, other.probability, rtol=0, atol=1e-12)
    return bool(close and np.array_equal(one.prediction, other.prediction))


def test_frames_and_records_are_answered_alike(both: tuple[Predictor, OnnxPredictor]) -> None:
    """A frame, rows asked one by one, and records with ISO times all get the predictor's own answers."""
    predictor, graph = both
    rows = table_of_kinds().drop("late")
    assert same(graph.answer(rows), predictor.answer(rows))
    assert same(graph.answer(rows.to_pandas().head(5)), predictor.answer(rows.to_pandas().head(5)))
    records = [
        {name: one.isoformat() if hasattr(one, "isoformat") else one for name, one in row.items()}
        for row in rows.iter_rows(named=True)
    ]
    assert same(graph.answer_records(records), predictor.answer(records))
    for record in records[:20]:
        assert same(graph.answer_records([record]), predictor.answer(record))


ODD: dict[str, list[Any]] = {
    "number": [1, True, None, float("nan"), float("inf"), "1", [1], 10**400, np.float64(1)],
    "whole": [1.0, 1.5, True, None, 2**63, -(2**63), "1", float("nan")],
    "flag": [1, 0.0, "true", None, False],
    "text": ["never seen", "", "\U000f0000", "a\x00b", 1, None, {"a": 1}],
    "day": ["2020-13-01", "2020-01-02T00:00:00", dt.date(2020, 1, 2), dt.datetime(2020, 1, 2), None, 5],
    "at": ["25:00", "10:30", None],
    "when": ["2020-01-02T03:00:00", "2020-07-02T23:30:00Z", "x", None, dt.datetime(2021, 1, 1, tzinfo=dt.UTC)],
    "long": ["", " ", "wörd", "a  b ", None],
    "maybe": [1, None, float("nan"), float("-inf"), "x"],
}


def outcome(ask: Callable[[], Answers]) -> Any:
    """The answer, or the error's words."""
    try:
        return ask()
    except InputError as error:
        return str(error), error.problems


@pytest.mark.parametrize(("name", "value"), [(name, one) for name, values in ODD.items() for one in values])
def test_odd_values_get_the_same_answer_or_the_same_words(
    both: tuple[Predictor, OnnxPredictor], name: str, value: Any
) -> None:
    """The quick way and the predictor agree on what fits, and say the same of what does not."""
    predictor, graph = both
    asked = [ROW, {**ROW, name: value}]
    expected, found = outcome(lambda: predictor.answer(asked)), outcome(lambda: graph.answer_records(asked))
    if isinstance(expected, Answers):
        assert same(found, expected)
    else:
        assert found == expected


@pytest.mark.parametrize(
    "records",
    [
        [],
        [{**ROW, "more": 1}],
        [ROW, {**ROW, "more": 1}, {**ROW, "other": 2}],
        [{name: value for name, value in ROW.items() if name != "maybe"}],
        [{name: value for name, value in ROW.items() if name != "text"}],
        [{**{name: value for name, value in ROW.items() if name != "text"}, "txt": "a"}, ROW],
        [dict(reversed(ROW.items())), ROW],
        [ROW, 5],
        [ROW, None],
        [{}],
        [{**ROW, "number": None}] * 30,
    ],
    ids=lambda one: str(len(one)),
)  # fmt: skip
def test_columns_too_many_or_too_few_are_told_alike(both: tuple[Predictor, OnnxPredictor], records: Any) -> None:
    """Warnings and errors about columns are the predictor's own."""
    predictor, graph = both
    expected, found = outcome(lambda: predictor.answer(records)), outcome(lambda: graph.answer_records(records))
    assert same(found, expected) if isinstance(expected, Answers) else found == expected


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    record=st.fixed_dictionaries(
        {
            "number": st.floats(allow_nan=True) | st.integers() | st.none(),
            "whole": st.integers(-(2**65), 2**65) | st.floats(),
            "flag": st.booleans() | st.integers(0, 1),
            "text": st.text() | st.none(),
            "day": st.dates().map(str) | st.text(max_size=3),
            "at": st.times().map(str),
            "when": st.datetimes(dt.datetime(1905, 1, 1), dt.datetime(2100, 1, 1), timezones=st.just(dt.UTC)).map(str),
            "long": st.text(),
            "maybe": st.floats() | st.none(),
        }
    )
)
def test_any_record_gets_the_same_answer_or_the_same_words(
    both: tuple[Predictor, OnnxPredictor], record: dict[str, Any]
) -> None:
    """Whatever JSON may hold, the quick way agrees with the predictor."""
    predictor, graph = both
    expected, found = outcome(lambda: predictor.answer([record])), outcome(lambda: graph.answer_records([record]))
    assert same(found, expected) if isinstance(expected, Answers) else found == expected


@pytest.mark.parametrize(
    ("model", "target", "dtype"),
    [
        (LogisticRegression(), "grade", "<U5"),
        (LogisticRegression(), "code", "int64"),
        (LogisticRegression(), "flag", "bool"),
        (LinearSVC(random_state=0), "grade", "object"),
        (LinearSVC(random_state=0), "flag", "bool"),
        (Ridge(), "worth", "float64"),
        (XGBRegressor(n_estimators=3, n_jobs=1), "worth", "float32"),
    ],
    ids=lambda one: str(one)[:20],
)
def test_classes_and_types_are_those_of_the_model(
    made: Made, table: pl.DataFrame, model: Any, target: str, dtype: str
) -> None:
    """Labels keep their order and type, whole numbers that do not begin at 0 too; values keep their precision."""
    predictor = made(model, target)
    graph = OnnxPredictor.of(predictor, convert(predictor))
    expected, found = predictor.answer(table), graph.answer(table)
    assert (found.classes, str(found.prediction.dtype)) == (expected.classes, dtype)
    assert found.prediction.dtype == expected.prediction.dtype
    assert np.array_equal(found.prediction, expected.prediction) or np.allclose(found.prediction, expected.prediction)
    empty = graph.answer(table.clear())
    assert empty.prediction.shape == (0,)


def test_rows_that_are_refused_are_named(made: Made, table: pl.DataFrame) -> None:
    """Where the transform allows no unseen value, the error says which rows have one."""
    predictor = made(LogisticRegression(), "flag", make_column_transformer((OneHotEncoder(), ["s"])))
    graph = OnnxPredictor.of(predictor, convert(predictor))
    rows = table.head(3).with_columns(s=pl.Series(["u", "never seen", "w"]))
    with pytest.raises(InputError, match=r"refuses 1 of 3 rows:\n  row 1") as caught:
        graph.answer(rows)
    assert [one.where for one in caught.value.problems] == ["row 1"]


def test_what_stays_in_python_is_asked_first(made: Made, table: pl.DataFrame) -> None:
    """With a transform that has no form in ONNX, records go through the frame, and the answers are the same."""
    odd = make_column_transformer((FunctionTransformer(np.cbrt, feature_names_out="one-to-one"), ["x"]))
    predictor = made(RandomForestClassifier(5, random_state=0), "flag", odd)
    converted = convert(predictor)
    graph = OnnxPredictor(converted.model, predictor)
    record = table.drop("flag", "grade", "worth", "code").row(0, named=True)
    assert graph.first == 1
    assert same(graph.answer_records([record]), predictor.answer(record))
    with pytest.raises(PlanError, match="begins with part 2, and only 0 transforms were given"):
        OnnxPredictor(converted.model, Predictor((predictor.model,)))


def test_several_threads_may_ask_at_once(both: tuple[Predictor, OnnxPredictor]) -> None:
    """Answers do not mix when threads ask together."""
    predictor, graph = both
    records = [{**ROW, "number": one / 40, "whole": one} for one in range(40)]
    expected = [predictor.answer(one) for one in records]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda one: graph.answer_records([one]), records * 5))
    assert all(same(one, other) for one, other in zip(found, expected * 5, strict=True))
