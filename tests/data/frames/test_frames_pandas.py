"""pandas frames: what they keep on the way through the archive, and what is refused with row and column."""

from __future__ import annotations

import datetime as dt
import decimal
import math

import numpy as np
import pandas as pd
import polars as pl
import pytest

from solvent.data import TableFormat, table_digest
from solvent.errors import DataError


def _through(frame, shelf, wanted=pd.DataFrame):
    """The frame as a consumer gets it, live and read back: both must be the same."""
    written = TableFormat().write(frame, shelf)
    body = written.body or written.finish(shelf)
    back = TableFormat().read(body, shelf, wanted)
    live = written.keep(wanted)
    if wanted is pd.DataFrame:
        pd.testing.assert_frame_equal(live, back)
        assert live.attrs == back.attrs
    return back


FRAMES = {
    "plain": lambda: pd.DataFrame({"i": [1, 2], "f": [0.5, math.nan], "t": ["a", None], "b": [True, False]}),
    "named index": lambda: pd.DataFrame({"x": [1, 2]}, index=pd.Index(["a", "b"], name="id")),
    "filtered": lambda: pd.DataFrame({"x": range(10)})[lambda f: f.x % 3 == 0],
    "two levels": lambda: pd.DataFrame({"x": [1, 2, 3], "k": [1, 1, 2], "d": [5, 6, 7]}).set_index(["k", "d"]),
    "times": lambda: pd.DataFrame({"x": [1, 2]}, index=pd.date_range("2020", periods=2, tz="Europe/Berlin", unit="us")),
    "index named like a column": lambda: pd.DataFrame({"x": [1, 2]}, index=pd.Index([7, 8], name="x")),
    "categories": lambda: pd.DataFrame({"c": pd.Categorical(["b", None], categories=["b", "a"])}),
    "ordered": lambda: pd.DataFrame({"c": pd.Categorical(["b", "a"], categories=["b", "a"], ordered=True)}),
    "whole categories": lambda: pd.DataFrame({"c": pd.Categorical([3, None, 1], categories=[3, 2, 1], ordered=True)}),
    "no category": lambda: pd.DataFrame({"c": pd.Categorical([None, None], categories=pd.Index([], dtype=str))}),
    "index of categories": lambda: pd.DataFrame({"x": [1]}, index=pd.CategoricalIndex(["k"], categories=["k", "l"])),
    "no rows": lambda: pd.DataFrame({"i": pd.Series([], dtype="int64"), "t": pd.Series([], dtype="str")}),
    "no columns": lambda: pd.DataFrame(index=range(3)),
    "nothing": lambda: pd.DataFrame(),
    "durations": lambda: pd.DataFrame({"d": pd.to_timedelta([1, None], unit="s").astype("timedelta64[us]")}),
    "dates": lambda: pd.DataFrame({"d": [dt.date(2020, 1, 1), None]}),
    "bytes": lambda: pd.DataFrame({"d": [b"\0x", None]}),
    "decimals": lambda: pd.DataFrame({"d": [decimal.Decimal("1.50"), decimal.Decimal("2.25")]}),
    "unsigned": lambda: pd.DataFrame({"u": np.array([2**64 - 1, 0], "uint64")}),
}


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_survives(name, shelf):
    """A pandas frame comes back equal, with its index and categories, and has the same digest again."""
    frame = FRAMES[name]()
    back = _through(frame, shelf)
    pd.testing.assert_frame_equal(back, frame, check_freq=False, check_categorical=name != "no category")
    assert table_digest(back) == table_digest(frame)


def test_attrs_survive_and_count(shelf):
    """Attrs come back, are the consumer's own, and are part of the identity."""
    frame = pd.DataFrame({"x": [1]})
    bare = table_digest(frame)
    frame.attrs = {"unit": "km", "more": {"list": [1, 2.5, None]}}
    written = TableFormat().write(frame, shelf)
    one, two = written.keep(pd.DataFrame), written.keep(pd.DataFrame)
    one.attrs["more"]["list"].append("mine")
    assert two.attrs == frame.attrs
    assert table_digest(frame) != bare
    assert _through(frame, shelf).attrs == frame.attrs


def test_a_nameless_index_is_for_pandas_only(shelf):
    """Other frames see the columns, a named index among them, and not the row labels of a filtered frame."""
    assert _through(FRAMES["filtered"](), shelf, pl.DataFrame).columns == ["x"]
    assert _through(FRAMES["filtered"](), shelf, pl.LazyFrame).collect().columns == ["x"]
    assert _through(FRAMES["named index"](), shelf, pl.DataFrame).columns == ["x", "id"]


def test_missing_whole_numbers_are_floats_where_that_is_exact(shelf):
    """Integers with nulls come as floats, as pandas reads Parquet; beyond 2**53 they stay integers."""
    small = _through(pl.DataFrame({"i": [1, None]}), shelf)
    assert small["i"].dtype == "float64"
    large = _through(pl.DataFrame({"i": [2**60 + 1, None], "u": pl.Series([2**64 - 1, None], dtype=pl.UInt64)}), shelf)
    assert [large["i"][0], large["u"][0]] == [2**60 + 1, 2**64 - 1]
    assert [str(one) for one in large.dtypes] == ["Int64", "UInt64"]


def test_nan_of_pandas_is_null():
    """NaN, None, NA and NaT are one in pandas: each is null, in numbers, text, booleans and times."""
    frame = pd.DataFrame(
        {
            "f": [1.0, math.nan],
            "o": pd.Series(["a", math.nan], dtype=object),
            "n": pd.array([1, pd.NA], dtype="Int64"),
            "g": pd.array([1.5, pd.NA], dtype="Float64"),
            "t": pd.Series([pd.Timestamp("2020-01-01"), pd.NaT]).astype("datetime64[us]"),
        }
    )
    plain = pl.DataFrame(
        {"f": [1.0, None], "o": ["a", None], "n": [1, None], "g": [1.5, None], "t": [dt.datetime(2020, 1, 1), None]}
    )
    assert table_digest(frame) == table_digest(plain)


def test_objects_of_one_kind_get_their_type():
    """Columns of Python objects become the type of what they hold, large integers as decimals."""
    frame = pd.DataFrame(
        {
            "i": pd.Series([1, None], dtype=object),
            "u": pd.Series([2**64 - 1, 0], dtype=object),
            "h": pd.Series([10**30, -1], dtype=object),
            "m": pd.Series([1, 2.5], dtype=object),
            "l": [[1, None], None],
            "a": [np.array([1.5]), np.array([])],
            "s": [{"x": 1}, {"x": 2}],
        }
    )
    written = TableFormat().write(frame, _Nowhere()).keep(pl.DataFrame)
    assert written.dtypes == [
        pl.Int64, pl.UInt64, pl.Decimal(38, 0), pl.Float64, pl.List(pl.Int64), pl.List(pl.Float64),
        pl.Struct({"x": pl.Int64}),
    ]  # fmt: skip


class _Nowhere:
    def blob(self, data):
        return "0" * 64

    def near(self, format):
        return []


REFUSED = {
    "two kinds": (
        lambda: pd.DataFrame({"c": [1, 2, "x"]}),
        r"column 'c' mixes types: row 0 is int 1, row 2 is str 'x'",
    ),
    "date and time": (
        lambda: pd.DataFrame({"c": pd.Series([dt.date(2020, 1, 1), dt.datetime(2020, 1, 1)], dtype=object)}),
        "column 'c' mixes types",
    ),
    "truth and number": (lambda: pd.DataFrame({"c": pd.Series([None, True, 1], dtype=object)}), "row 2 is int 1"),
    "number too exact for a float": (lambda: pd.DataFrame({"c": pd.Series([0.5, 2**60 + 1], dtype=object)}), "mixes"),
    "objects": (lambda: pd.DataFrame({"c": [object()]}), r"column 'c', row 0: object"),
    "second object": (lambda: pd.DataFrame({"c": [None, {1, 2}]}), r"column 'c', row 1: set \{1, 2\}"),
    "huge number": (
        lambda: pd.DataFrame({"c": pd.Series([1, 10**40], dtype=object)}),
        r"column 'c', row 1: .* 38 digits",
    ),
    "lone surrogate": (
        lambda: pd.DataFrame({"c": pd.Series(["a", "\ud800"], dtype=object)}),
        r"column 'c', row 1: str",
    ),
    "doubled": (lambda: pd.DataFrame([[1, 2, 3]], columns=["a", "b", "a"]), "more than one column called 'a'"),
    "unnamed": (lambda: pd.DataFrame([[1, 2]]), r"name is not text: 0 \(int\).*columns\.map\(str\)"),
    "two levels of names": (
        lambda: pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])),
        r"name is not text: \('a', 'b'\)",
    ),
    "index level": (lambda: pd.DataFrame({"a": [1]}, index=pd.Index([1], name=3)), "index has a level.*3"),
    "attrs": (lambda: _with_attrs({"x": object()}), r"attrs\['x'\] cannot be kept"),
    "attrs with NaN": (lambda: _with_attrs({"x": math.nan}), r"attrs\['x'\] cannot be kept"),
    "periods": (
        lambda: pd.DataFrame({"c": pd.period_range("2020", periods=1, freq="M")}),
        r"column 'c'.*astype\(str\)",
    ),
    "intervals": (lambda: pd.DataFrame({"c": pd.cut([1, 5], 2)}), r"column 'c' has categories of the type Interval"),
    "complex": (lambda: pd.DataFrame({"c": [1j]}), "column 'c' has the pandas type complex128"),
}


def _with_attrs(attrs):
    frame = pd.DataFrame({"a": [1]})
    frame.attrs = attrs
    return frame


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_kept_is_refused(name):
    """Mixed, strange and doubled columns are refused with the column, the row and the way out."""
    make, text = REFUSED[name]
    with pytest.raises(DataError, match=text):
        table_digest(make())
