"""Times as text: what is read, what is refused, and that no row's answer hangs on the rows beside it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvent.delivery.runtime.answering import OnnxPredictor
from solvent.delivery.runtime.convert import convert
from solvent.errors import InputError
from solvent.learn import Predictor, TabularFeatures, assemble, fit, train, transform
from solvent.learn.tables.moments import bears_zone, read_date, read_moment, read_time

NOON = dt.datetime(2024, 1, 31, 12)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-01-31", dt.datetime(2024, 1, 31)),
        ("2024-01-31T12:00", NOON),
        ("2024-01-31 12:00:00", NOON),
        ("2024-01-31t12:00:00.5", NOON.replace(microsecond=500_000)),
        ("2024-01-31T12:00:00.123456789", NOON.replace(microsecond=123_456)),
    ],
)
def test_moments_without_a_zone_are_read_as_they_stand(text: str, moment: dt.datetime) -> None:
    """A date, and a date with a time of the day; with a zone behind it, each is refused."""
    assert read_moment(text, zoned=False) == moment
    with pytest.raises(ValueError, match="with its zone"):
        read_moment(text, zoned=True)


@pytest.mark.parametrize("text", ["2024-01-31T12:00Z", "2024-01-31 14:00:00+02:00", "2024-01-31T09:30:00.0-0230"])
def test_moments_with_a_zone_are_read_in_utc(text: str) -> None:
    """Whatever the zone is; where the column has none, they are refused."""
    assert read_moment(text, zoned=True) == NOON.replace(tzinfo=dt.UTC)
    with pytest.raises(ValueError, match="without a zone"):
        read_moment(text, zoned=False)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "now", "2024", "20240131", "2024-W05-3", "2024-031", "2024-1-31", "31.01.2024", "01/31/2024",
        "2024-02-30", "0000-00-00", "2024-01-31T", "2024-01-31T12", "2024-01-31T24:00", "2024-01-31T12:00:60",
        "2024-01-31T12:00:00,5", "2024-01-31T12:00:00.", "2024-01-31T12:00 Z", "2024-01-31T12:00+24:00",
        "2024-01-31T12:00[Europe/Berlin]", " 2024-01-31", "2024-01-31\n", "٢٠٢٤-01-31", "10000-01-01", "-2024-01-31",
    ],
)  # fmt: skip
def test_other_text_is_no_moment(text: str) -> None:
    """Nothing is guessed: neither the order of day and month, nor a form that is short for another."""
    for zoned in (False, True):
        with pytest.raises(ValueError, match="expected"):
            read_moment(text, zoned)
    with pytest.raises(ValueError, match="expected date as ISO text such as 2013-09-01"):
        read_date(text)
    with pytest.raises(ValueError, match="expected time as ISO text such as 10:30:00"):
        read_time(text)


def test_a_column_is_read_as_times_only_if_all_of_it_can_be() -> None:
    """With zones throughout, or without; a mixture of both, and one other text, is text."""
    assert bears_zone(pl.Series(["2024-01-31", "2024-01-31T12:00"])) is False
    assert bears_zone(pl.Series(["2024-01-31T12:00Z", "2024-01-31T12:00+02:00"])) is True
    for other in ("2024-01-31T12:00Z", "2024-02-30", "soon"):
        assert bears_zone(pl.Series(["2024-01-31", other])) is None


def times_of_every_kind(rows: int) -> pl.DataFrame:
    """Times in each type that can hold them, and as text with and without zones."""
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    moments = pl.Series([start + dt.timedelta(hours=7 * one) for one in range(rows)])
    return pl.DataFrame(
        {
            "date": moments.dt.date(),
            "clock": moments.dt.time(),
            "plain": moments.dt.replace_time_zone(None),
            "there": moments.dt.convert_time_zone("America/New_York"),
            "text": moments.dt.strftime("%Y-%m-%d %H:%M:%S"),
            "zoned": moments.dt.strftime("%Y-%m-%dT%H:%M:%S+02:00"),
            "late": [one % 24 > 12 for one in range(rows)],
        }
    )


def predictor_of(rows: pl.DataFrame) -> Predictor:
    from sklearn.linear_model import SGDClassifier

    # Small steps, so that each part of each time has its weight in each answer.
    steps = {"loss": "log_loss", "learning_rate": "constant", "eta0": 1e-7, "tol": None, "max_iter": 3}
    features = fit(rows, target="late")
    return assemble(features, train(transform(features, rows), target="late", seed=0, use=SGDClassifier, with_=steps))


ROWS = times_of_every_kind(200)
PREDICTOR = predictor_of(ROWS)
GRAPH = OnnxPredictor.of(PREDICTOR, convert(PREDICTOR))

_days = st.dates().map(dt.date.isoformat)
_clocks = st.sampled_from(["T00:00", " 10:30:00", "T23:59:59.999999", "t05:06:07.123456789"])
_zones = st.sampled_from(["Z", "+02:00", "-0930", "+14", "z"])
_plain = st.one_of(_days, st.tuples(_days, _clocks).map("".join))
_zoned = st.tuples(_days, _clocks, _zones).map("".join)
_odd = st.sampled_from(["2024-01-01", "2024-01-01T00:00:00+02:00", "01/02/2024", "soon", "0000-00-00", "12:30"])
_records = st.fixed_dictionaries(
    {
        "date": _days,
        "clock": st.times().map(dt.time.isoformat),
        "plain": _plain,
        "there": _zoned,
        "text": st.one_of(_plain, _odd),
        "zoned": st.one_of(_zoned, _odd),
    }
)


def outcome(ask: Any, records: list[dict[str, Any]]) -> list[Any]:
    """What each row is answered; of a batch that is refused, the rows and columns at fault."""
    try:
        answers = ask(records)
    except InputError as error:
        return sorted(str(one.where) for one in error.problems)
    return [pytest.approx(one, abs=1e-12) for one in answers.probability[:, 1].tolist()]


def test_a_date_is_answered_alike_beside_a_moment_with_a_zone() -> None:
    """What does not fit the column is refused, and what does is not read otherwise because of it."""
    row = ROWS.drop("late").row(0, named=True)
    mixed = [{**row, "text": "2024-01-01"}, {**row, "text": "2024-01-01T00:00:00+02:00"}]
    for ask in (PREDICTOR.answer, GRAPH.answer, GRAPH.answer_records):
        for records in (mixed, mixed[1:], [*mixed, *mixed]):
            with pytest.raises(InputError, match=r"row \d, text: expected a time without a zone, as training saw it"):
                ask(records)
        assert outcome(ask, [mixed[0], row]) == outcome(ask, [mixed[0]]) + outcome(ask, [row])


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(records=st.lists(_records, min_size=1, max_size=6), order=st.randoms(use_true_random=False))
def test_a_batch_is_answered_as_its_rows_are_alone(records: list[dict[str, Any]], order: Any) -> None:
    """In any order, by the predictor and its graph, by records and frames; of a batch with faults, rows are named."""
    order.shuffle(records)
    for ask in (PREDICTOR.answer, GRAPH.answer, GRAPH.answer_records):
        alone = [outcome(ask, [one]) for one in records]
        faults = [where for one in alone for where in one if isinstance(where, str)]
        together = outcome(ask, records)
        if not faults:
            assert together == [one[0] for one in alone]
        else:
            named = {
                f"row {place}, {where.partition(', ')[2]}"
                for place, one in enumerate(alone)
                for where in one
                if isinstance(where, str)
            }
            if named:
                assert together and set(together) <= named
            else:
                assert together == [one[0] for one in alone]
    assert outcome(GRAPH.answer_records, records) == outcome(PREDICTOR.answer, records)


def test_the_zone_of_text_is_kept_with_what_was_fitted() -> None:
    """It is part of the state, and explained."""
    made = TabularFeatures().fit(ROWS.drop("late"))
    assert made.zoned == ["zoned"]
    assert made.explain()["zoned"].endswith("in UTC, of text with zones")
    assert GRAPH.answer([{**ROWS.drop("late").row(0, named=True)}]).probability is not None
