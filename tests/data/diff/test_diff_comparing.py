"""The difference of two tables: what was done to one is what is told of the other, and little is read to tell it."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvent.data import TableFormat
from solvent.data.diff import Side, diff, render_text
from solvent.data.packs.manifest import Manifest
from solvent.data.packs.reading import Ranges
from solvent.data.profile import profile
from solvent.errors import InputError

ROWS = pl.DataFrame({"id": [1, 2, 3, 4], "x": [1.0, None, float("nan"), 4.0], "word": ["a", "b", "c", "d"]})


def rows_of(count: int, seed: int = 0) -> pl.DataFrame:
    """Rows with a key."""
    dice = np.random.default_rng(seed)
    return pl.DataFrame({"id": dice.permutation(count * 2)[:count], "x": dice.standard_normal(count)})


def stored(rows: pl.DataFrame, shelf) -> Side:
    """The rows as a stored table."""
    written = TableFormat().write(rows, shelf)
    body = written.body if written.finish is None else written.finish(shelf)
    shelf.bodies.insert(0, body)
    return Side(Manifest.from_json(body), shelf)


def test_a_table_is_the_same_as_itself_in_any_frame():
    """Nulls and NaN equal themselves, whichever frame holds them."""
    for other in (ROWS, ROWS.lazy(), ROWS.to_arrow()):
        for key in ((), "id"):
            found = diff(ROWS, other, key=key)
            assert found.same
            assert "the same" in render_text(found)


def test_rows_and_cells_are_matched_by_key():
    """One row new, one gone, two cells changed: counted by column, with examples."""
    after = pl.DataFrame({"id": [5, 4, 2, 1], "x": [0.0, 4.5, 2.0, 1.0], "word": ["e", "d", "b", "a"]})
    found = diff(ROWS, after, key="id")
    assert found.rows == {"before": 4, "after": 4, "added": 1, "removed": 1, "changed": 2, "order": False}
    assert found.changed == {"x": 2}
    assert {"key": {"id": 4}, "column": "x", "was": 4.0, "now": 4.5} in found.examples["changed"]
    assert {"key": {"id": 2}, "column": "x", "was": None, "now": 2.0} in found.examples["changed"]
    assert found.examples["added"] == [{"id": 5, "x": 0.0, "word": "e"}]
    assert [one["id"] for one in found.examples["removed"]] == [3]
    assert diff(ROWS, after, key="id", tolerance=1.0).changed == {"x": 1}


def test_without_a_key_rows_count_as_often_as_they_occur():
    """A row that is there twice and then once is one row less."""
    before = pl.DataFrame({"a": [1, 1, 2, None]})
    after = pl.DataFrame({"a": [None, None, 1, 2]})
    found = diff(before, after)
    assert (found.rows["added"], found.rows["removed"]) == (1, 1)
    assert found.examples == {"added": [{"a": None}], "removed": [{"a": 1}]}
    turned = diff(before, before.reverse())
    assert not turned.same and turned.rows["order"] and not turned.rows["added"]
    assert not diff(pl.DataFrame({"a": [0.0]}), pl.DataFrame({"a": [-0.0]})).same


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    before=st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["a", "b", None])), max_size=12),
    after=st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["a", "b", None])), max_size=12),
)
def test_added_and_removed_rows_are_those_of_counting(before, after):
    """On random tables with doubles and nulls, as Python's own counter has it."""
    from collections import Counter

    schema = {"a": pl.Int64, "b": pl.String}
    one, two = (pl.DataFrame(rows, schema=schema, orient="row") for rows in (before, after))
    found = diff(one, two)
    assert found.rows["added"] == sum((Counter(after) - Counter(before)).values())
    assert found.rows["removed"] == sum((Counter(before) - Counter(after)).values())
    assert found.same == (before == after)


def test_columns_are_told(shelf):
    """Added, removed, of another type, in another order; renamed ones are known by their blocks."""
    before = rows_of(50).with_columns(y=pl.col("x") * 2, z=pl.lit("z"))
    after = (
        before.rename({"y": "why"})
        .drop("z")
        .with_columns(pl.col("id").cast(pl.Int32), n=1)
        .select("x", "id", "why", "n")
    )
    found = diff(stored(before, shelf), stored(after, shelf))
    assert found.columns == {
        "added": {"n": "int32"}, "removed": {"z": "text"}, "renamed": {"y": "why"},
        "retyped": {"id": ["int64", "int32"]}, "moved": True,
    }  # fmt: skip
    assert found.rows["added"] == found.rows["removed"] == 0
    assert "column renamed: y → why" in render_text(found)


def test_numbers_as_text_are_compared_with_numbers():
    """Where a type changed, values are compared as what both can be."""
    found = diff(pl.DataFrame({"a": [1, 2]}), pl.DataFrame({"a": ["1", "x"]}))
    assert (found.rows["added"], found.rows["removed"]) == (1, 1)


def test_of_stored_tables_only_what_they_do_not_share_is_read(shelf, monkeypatch):
    """One changed row among 600,000: a few blocks are read, with a key and without."""
    rows = rows_of(600_000)
    at = 300_000
    changed = rows.with_columns(x=pl.when(pl.int_range(pl.len()) == at).then(0.0).otherwise(pl.col("x")))
    one, two = stored(rows, shelf), stored(changed, shelf)
    read = []
    take = Ranges.take

    def noted(self, start, count, names=None):
        read.append((count, names))
        return take(self, start, count, names)

    monkeypatch.setattr(Ranges, "take", noted)
    found = diff(one, two)
    assert sum(count for count, _ in read) < 300_000
    assert (found.rows["added"], found.rows["removed"]) == (1, 1)
    assert found.blocks["shared"] >= len(one.manifest.blocks) - 1
    read.clear()
    found = diff(one, two, key="id")
    assert sum(count for count, names in read if len(names or ()) > 1) < 300_000
    assert found.rows["changed"] == 1 and found.changed == {"x": 1}
    assert diff(one, one).same
    assert diff(one, stored(rows, shelf), key="id").same


def test_blocks_in_another_order_are_another_order(shelf):
    """Two halves swapped: the same rows, elsewhere."""
    rows = rows_of(300_000)
    found = diff(stored(rows, shelf), stored(pl.concat([rows[150_000:], rows[:150_000]]), shelf))
    assert not found.same and found.rows["order"]
    assert "another order" in render_text(found)


@pytest.mark.parametrize(
    ("before", "after", "key", "says"),
    [
        (ROWS, ROWS, "idd", "'idd' is no column of both tables. Did you mean 'id'"),
        (ROWS, pl.concat([ROWS, ROWS[:1]]), "id", "not unique in after: 2 rows"),
        (ROWS.with_columns(id=None), ROWS, "id", "null in 4 rows of before"),
        (ROWS, [1, 2], (), "list is no table"),
    ],
)
def test_what_is_no_key_or_no_table_is_said(before, after, key, says):
    """With the rows that are at fault."""
    with pytest.raises(InputError, match=says):
        diff(before, after, key=key)


def test_empty_tables_and_tables_without_columns_in_common():
    """Nothing is nothing; tables of other columns share no rows."""
    assert diff(ROWS[:0], ROWS[:0]).same
    found = diff(ROWS[:0], ROWS)
    assert found.rows["added"] == 4
    other = diff(pl.DataFrame({"a": [1]}), pl.DataFrame({"b": [1]}))
    assert not other.same
    assert set(other.columns["added"]) == {"b"}


def test_figures_of_two_profiles_are_set_side_by_side():
    """Only those that differ."""
    found = diff(ROWS, ROWS[:3], profiles=(profile(ROWS), profile(ROWS[:3])))
    told = {one["column"]: one for one in found.figures}
    assert told["id"]["max"] == [4, 3]
    assert "figures that changed" in render_text(found)
    assert found.to_json()["figures"] == list(found.figures)
