"""Guessing types from text: each the narrowest that keeps every value, and no number read that would lose a digit."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvent.data.sources.files.text import guessing
from solvent.data.sources.files.text.guessing import count_odd, guess_types, join_guesses, odd_texts

GUESSES = [
    ([], pl.Null()), ([None], pl.Null()), (["true", "FALSE", None], pl.Boolean()), (["1", "-2"], pl.Int64()),
    (["0", "-0"], pl.Int64()), (["01"], pl.String()), (["+1"], pl.String()), (["9" * 19], pl.Decimal(38, 0)),
    (["9" * 38], pl.Decimal(38, 0)), (["9" * 39], pl.String()), (["1", "1.5", "nan"], pl.Float64()),
    (["1e3"], pl.Float64()), (["9007199254740993", "0.5"], pl.String()), (["9007199254740992", "0.5"], pl.Float64()),
    (["1e300"], pl.Float64()), ([" 1"], pl.String()), (["true", "1"], pl.String()), ([""], pl.String()),
    (["-"], pl.String()), (["1" + "0" * 20, "0.5"], pl.String()),
]  # fmt: skip


@pytest.mark.parametrize(("texts", "dtype"), GUESSES)
def test_the_narrowest_type_that_loses_nothing(texts, dtype):
    """Codes, large numbers, blanks and words are what they are, whatever the column is called."""
    frame = pl.DataFrame({"^.*$": pl.Series(texts, dtype=pl.String), "": pl.Series(texts, dtype=pl.String)})
    assert guess_types(frame) == {"^.*$": dtype, "": dtype}


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(["1", "2.5", "true", "x", "9" * 20, "1" + "0" * 20, "9007199254740993", None]), max_size=6
    ),
    st.integers(0, 6),
)
def test_a_guess_does_not_depend_on_where_the_text_was_cut(texts, cut):
    """The guesses of two pieces together are the guess of the whole."""

    def guess(values):
        return guess_types(pl.DataFrame({"a": pl.Series(values, dtype=pl.String)}))["a"]

    whole = [int(one) for one in texts[:cut] + texts[cut:] if one and one.isdigit() and len(one) < 19]
    assert join_guesses(guess(texts[:cut]), guess(texts[cut:]), max(whole, default=0)) == guess(texts)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["0", "10", "00", "+1", "x0", "0.5", "7"]), min_size=1, max_size=9), st.integers(2, 9))
def test_odd_numbers_are_noticed_wherever_they_stand(fields, size):
    """A field that begins with a zero before a digit, or a plus sign, is seen across the borders of what is cached."""
    data = (",".join(fields) + "\n").encode()
    before, guessing._CACHED = guessing._CACHED, size
    try:
        assert count_odd(data, ",", '"') == sum(one in ("00", "+1") for one in fields)
    finally:
        guessing._CACHED = before


def test_texts_that_begin_with_a_zero_are_counted_apart():
    """A zip code in a text column casts no doubt on the numbers beside it, whatever the column is called."""
    texts = pl.DataFrame({"^a.*$": ["01067", "x0", None, "+49"], "b": ["0", "007", "0.5", ""]})
    assert odd_texts(texts) == 3
    data = b"5,01067\n7,10115\n08,x\n"
    assert count_odd(data, ",", '"') == 2
