"""However rows are cut and merged, their profile is that of the rows, within the stated bounds."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import random

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvent.data.profile import ColumnState, merge, profile, survey, survey_all
from solvent.errors import DataError

MIXED = {
    "whole": (pl.Int64, st.integers(-3, 3) | st.integers(-(2**63), 2**63 - 1)),
    "unsigned": (pl.UInt64, st.integers(0, 2**64 - 1)),
    "small": (pl.Int8, st.integers(-128, 127)),
    "fraction": (pl.Float64, st.floats() | st.sampled_from([0.0, -0.0])),
    "text": (pl.String, st.text(max_size=6) | st.sampled_from(["", "a", "ü"])),
    "flag": (pl.Boolean, st.booleans()),
    "when": (pl.Datetime("us"), st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2200, 1, 1))),
    "day": (pl.Date, st.dates()),
    "member": (pl.Enum(["x", "y", "z"]), st.sampled_from("xyz")),
    "list": (pl.List(pl.Int8), st.lists(st.integers(0, 9), max_size=3)),
    "bytes": (pl.Binary, st.binary(max_size=4)),
}


@st.composite
def tables(draw):
    """A table of all kinds of columns, nulls among them, and how it is to be cut."""
    rows = draw(st.integers(1, 20))
    columns = {
        name: pl.Series(draw(st.lists(st.none() | values, min_size=rows, max_size=rows)), dtype=dtype)
        for name, (dtype, values) in MIXED.items()
    }
    cuts = sorted(draw(st.lists(st.integers(0, rows), max_size=6)))
    return pl.DataFrame(columns), cuts


def cut(frame, cuts):
    """The pieces of a frame between these rows, those without rows among them."""
    edges = [0, *cuts, frame.height]
    return [frame.slice(start, stop - start) for start, stop in itertools.pairwise(edges)]


def tree(states, draw):
    """Merge states two or three at a time, in an order that the draw decides."""
    states = list(states)
    while len(states) > 1:
        count = min(len(states), draw.randint(2, 3))
        chosen = [states.pop(draw.randrange(len(states))) for _ in range(count)]
        states.append(merge(chosen))
    return states[0]


@settings(max_examples=40, deadline=None)
@given(drawn=tables(), draw=st.randoms(use_true_random=False))
def test_few_rows_have_one_profile_however_they_are_cut(drawn, draw):
    """Up to 1,024 values all is exact: any cuts, merged in any order, give the profile of the whole."""
    frame, cuts = drawn
    whole = profile(frame).to_json()
    pieces = tree([survey(one) for one in cut(frame, cuts)], draw).profile().to_json()
    json.dumps(pieces, allow_nan=False)
    for one, other in zip(pieces["columns"], whole["columns"], strict=True):
        for figure in ("mean", "std"):  # these are sums of floats: the order may show in their last digits
            mine, theirs = one.pop(figure, None), other.pop(figure, None)
            ends = [abs(value) for value in (one.get("min"), one.get("max")) if isinstance(value, (int, float))]
            if isinstance(mine, (int, float)) and max(ends, default=0.0) < 1e150:
                assert mine == pytest.approx(theirs, rel=1e-9, abs=1e-9 * max(ends, default=0.0))
            elif isinstance(mine, str) and "inf" not in mine:
                assert mine[:16] == theirs[:16]  # a mean of times
        assert one == other


def large(rows, seed=3):
    """Columns whose figures are estimates: wide, narrow, skewed, sorted, all different, and half null."""
    dice = np.random.default_rng(seed)
    ids = dice.permutation(rows)
    return pl.DataFrame(
        {
            "normal": dice.standard_normal(rows),
            "heavy": dice.standard_cauchy(rows),
            "zipf": dice.zipf(1.3, rows).clip(max=10**9),
            "line": np.arange(rows),
            "back": np.arange(rows)[::-1].copy(),
            "id": ids,
            "half": np.where(dice.random(rows) < 0.5, 0.0, dice.random(rows)),
            "text": pl.Series(dice.zipf(1.5, rows) % 30_000).cast(pl.String),
            "key": pl.Series(ids).cast(pl.String),
            "thin": pl.select(pl.when(pl.Series(dice.random(rows) < 0.5)).then(pl.Series(ids))).to_series(),
        }
    )


def rank_error(column, values):
    """How far the worst of the grid's values lies from its rank, as a share of all."""
    ordered = np.sort(values)
    wanted = np.arange(101) / 100 * (len(ordered) - 1)
    low = np.searchsorted(ordered, column["grid"], "left")
    high = np.searchsorted(ordered, column["grid"], "right") - 1
    return np.maximum(0, np.maximum(low - wanted, wanted - high)).max() / len(ordered)


def check(found, frame):
    """The figures of many rows are within their bounds of what is counted."""
    for name in frame.columns:
        column, values = found.column(name), frame[name].drop_nulls()
        true = values.n_unique()
        assert column["nulls"] == frame[name].null_count()
        assert abs(column["distinct"] - true) <= (0 if column["distinct_exact"] else 0.03 * true)
        counted = dict(values.value_counts(name="count").iter_rows())
        missed = column.get("top_missed", 0)
        for value, count in column.get("top", ()):
            assert 0 <= counted[value] - count <= missed
        left = set(counted) - {value for value, _ in column.get("top", ())}
        if "top" in column and len(column["top"]) < 100:
            assert max((counted[one] for one in left), default=0) <= 2 * missed
        if column["kind"] == "number":
            array = values.to_numpy()
            assert rank_error(column, array) <= 0.005
            assert (column["min"], column["max"]) == (array.min(), array.max())
            assert column["mean"] == pytest.approx(array.mean(), rel=1e-9, abs=1e-12)
            assert column["std"] == pytest.approx(array.std(ddof=1), rel=1e-9)
            bins = column["histogram"]
            assert sum(bins["counts"]) + bins["below"] + bins["above"] == len(array)
        else:
            lengths = values.str.len_chars()
            assert column["lengths"]["min"] == lengths.min() and column["lengths"]["max"] == lengths.max()
            assert (column["min"], column["max"]) == (values.min(), values.max())


@pytest.mark.parametrize("pieces", [1, 7, 60])
def test_many_rows_are_within_the_bounds(pieces):
    """Ranks within 0.5 %, distinct values within 3 %, counts within what is said to be missed, all else exact."""
    frame = large(120_000)
    edges = np.random.default_rng(pieces).integers(0, frame.height, pieces - 1)
    states = [survey(one) for one in cut(frame, sorted(edges.tolist()))]
    check(merge(states).profile(), frame)
    check(tree(states, random.Random(1)).profile(), frame)


def test_the_same_cuts_give_the_same_text():
    """Of the same pieces a profile is the same to the last sign: in turn, by threads, and out of bytes."""
    frame = large(60_000)
    pieces = cut(frame, [9_000, 20_000, 20_001, 44_000])
    first = json.dumps(merge([survey(one) for one in pieces]).profile().to_json())
    assert json.dumps(merge(list(survey_all(pieces))).profile().to_json()) == first
    kept = [[one.to_bytes() for one in survey(piece).columns] for piece in pieces]
    assert kept == [[one.to_bytes() for one in survey(piece).columns] for piece in pieces]
    columns = [ColumnState.merge([ColumnState.from_bytes(one[at]) for one in kept]) for at in range(frame.width)]
    whole = merge([survey(one) for one in pieces])
    assert json.dumps(type(whole)(whole.rows, whole.names, tuple(columns)).profile().to_json()) == first


def test_a_profile_does_not_depend_on_the_pieces_that_a_frame_comes_in():
    """More rows than one run holds: in one frame, in odd batches and lazily they have the same profile."""
    frame = large(140_000).select("normal", "zipf", "text", "key")
    first = profile(frame).to_json()
    assert profile(frame.to_arrow().to_reader(9_999)).to_json() == first
    assert profile(pl.concat([frame[:77_777], frame[77_777:]], rechunk=False).lazy()).to_json() == first


def test_keys_are_counted_exactly():
    """All different values are known to be so: in any order up to 400,000 or so, in ascending order any number."""
    rows = 300_000
    frame = pl.DataFrame({"id": np.arange(rows), "key": np.random.default_rng(1).permutation(rows)})
    found = profile(frame)
    assert [(one["distinct"], one["distinct_exact"]) for one in found.columns] == [(rows, True)] * 2
    pieces = [survey(one) for one in cut(frame, [100_000, 150_000])]
    merged = merge([type(pieces[0]).from_bytes(one.to_bytes()) for one in reversed(pieces)]).profile()
    assert merged.column("id")["distinct"] == rows and merged.column("id")["distinct_exact"]
    assert not merged.column("key")["distinct_exact"]
    assert merged.column("key")["distinct"] == pytest.approx(rows, rel=0.03)


def test_what_does_not_belong_together_is_refused():
    """States of other columns or types are not merged, and the column is named."""
    one, other = survey(pl.DataFrame({"a": [1]})), survey(pl.DataFrame({"a": ["x"]}))
    with pytest.raises(DataError, match="column 'a'"):
        merge([one, other])
    with pytest.raises(DataError, match="different columns"):
        merge([one, survey(pl.DataFrame({"b": [1]}))])
    with pytest.raises(DataError, match="no state"):
        merge([])
