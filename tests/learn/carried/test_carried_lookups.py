"""Look-ups: what a table adds to rows, and what is refused."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from solvent.errors import InputError, SettingsError
from solvent.learn import Baseline, Lookup, assemble, fit, lookup, train, transform

PLANES = pl.DataFrame({"tail": ["N1", "N2", None], "seats": [100, 200, 5], "maker": ["Boeing", None, "none"]})
ROWS = pl.DataFrame(
    {
        "plane": ["N1", "N2", "N9", None] * 10,
        "miles": [float(one) for one in range(40)],
        "late": [one % 3 == 0 for one in range(40)],
    }
)


def test_rows_get_the_columns_of_their_key_in_their_own_order() -> None:
    """A key that the table does not have, and a null, get nulls; a null in the table is no key."""
    planes = lookup(PLANES, on={"plane": "tail"})
    assert planes.adds == ("seats", "maker") and planes.table.height == 2
    made = planes.transform(ROWS.head(4))
    assert made.columns == ["plane", "miles", "late", "seats", "maker"]
    assert made["seats"].to_list() == [100, 200, None, None]
    assert made["maker"].to_list() == ["Boeing", None, None, None]


def test_keys_of_several_columns_and_of_another_width_are_found() -> None:
    """Two keys, one of them a narrower integer in the table than in the rows."""
    table = pl.DataFrame({"a": [1, 1], "b": ["x", "y"], "value": [10, 20]}, schema_overrides={"a": pl.Int16})
    made = lookup(table, on=["a", "b"]).transform(pl.DataFrame({"b": ["y", "x", "z"], "a": [1, 1, 1]}))
    assert made["value"].to_list() == [20, 10, None] and made.columns == ["b", "a", "value"]


@pytest.mark.parametrize(
    ("table", "said", "error"),
    [
        (pl.DataFrame({"k": [1, 1], "v": [1, 2]}), {"on": "k"}, "2 rows share their key with another, such as k=1"),
        (pl.DataFrame({"k": [1], "v": [1]}), {"on": "key"}, "the table has no column 'key'"),
        (pl.DataFrame({"k": [1], "v": [1]}), {"on": "k", "columns": ["w"]}, "the table has no column 'w'"),
        (pl.DataFrame({"k": range(1000), "v": range(1000)}), {"on": "k", "most_mb": 0.001}, "MB in memory"),
    ],
)
def test_a_table_that_is_no_lookup_is_refused(table: pl.DataFrame, said: dict[str, Any], error: str) -> None:
    """A key in several rows, columns that are not there, too large a table."""
    with pytest.raises(InputError, match=error):
        lookup(table, **said)


def test_settings_that_name_nothing_are_refused() -> None:
    """No key, no column beside the key, and the key as what is looked up."""
    with pytest.raises(SettingsError, match="on names no column"):
        lookup(PLANES, on=[])
    with pytest.raises(SettingsError, match="columns are what is looked up by tail"):
        lookup(PLANES, on="tail", columns=["tail"])
    with pytest.raises(SettingsError, match="columns are what"):
        lookup(PLANES.select("tail"), on="tail")


def test_rows_that_do_not_go_with_the_table_are_refused() -> None:
    """Keys of another kind, a key that is not there, a column that the rows have already."""
    planes = lookup(PLANES, on={"plane": "tail"})
    with pytest.raises(InputError, match="the table has no column 'plane'"):
        planes.transform(pl.DataFrame({"x": [1]}))
    with pytest.raises(InputError, match="the rows have a column 'seats' already"):
        planes.transform(pl.DataFrame({"plane": ["N1"], "seats": [1]}))
    numbers = lookup(pl.DataFrame({"k": [1, 2], "v": [3, 4]}), on="k")
    with pytest.raises(InputError, match="of another kind than the table's: k is String, k Int64"):
        numbers.transform(pl.DataFrame({"k": ["one"]}))


def test_a_request_brings_the_key_and_gets_the_rest() -> None:
    """With the look-up in the predictor, ``seats`` and ``maker`` are no part of a request; unseen keys are answered."""
    planes = lookup(PLANES, on={"plane": "tail"})
    rows = transform(planes, ROWS)
    features = fit(rows, target="late", drop=["plane"])
    model = train(transform(features, rows), target="late", use=Baseline, seed=0)
    predictor = assemble(ROWS, planes, features, model)
    assert [one.name for one in predictor.columns] == ["plane", "miles"]
    answers = predictor.answer([{"plane": "N1", "miles": 1.0}, {"plane": "N777", "miles": 1.0}, {"miles": 2.0}])
    assert len(answers.prediction) == 3
    assert isinstance(predictor.transforms[0], Lookup)
