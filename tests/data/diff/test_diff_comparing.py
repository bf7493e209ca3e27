"""The difference of two tables: what was done to one is what is told of the other, and little is read to tell it."""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvent.data import TableFormat
from solvent.data.diff import Side, diff, piling, render_text
from solvent.data.diff.matching import HASH, match_rows
from solvent.data.diff.piling import Pile
from solvent.data.diff.sides import ROW
from solvent.data.packs.manifest import Manifest
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
    assert found.rows == {"before": 4, "after": 4, "added": 1, "removed": 1, "changed": 2, "moved": 2, "order": True}
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
        "unlike": [],
        "frame": [],
    }  # fmt: skip
    assert found.rows["added"] == found.rows["removed"] == 0
    assert "column renamed (likely): y → why" in render_text(found)


def test_numbers_as_text_are_compared_with_numbers():
    """Where a type changed, values are compared as what both can be."""
    found = diff(pl.DataFrame({"a": [1, 2]}), pl.DataFrame({"a": ["1", "x"]}))
    assert (found.rows["added"], found.rows["removed"]) == (1, 1)


class Counting:
    """A place of bytes that notes which of them were asked for."""

    def __init__(self, shelf) -> None:
        self.shelf = shelf
        self.opened: list[str] = []

    def path(self, name):
        """The file of a blob."""
        self.opened.append(name)
        return self.shelf.path(name)

    def scratch(self):
        """A new folder."""
        return self.shelf.scratch()


@pytest.mark.parametrize("key", [None, "id"])
def test_of_stored_tables_only_what_they_do_not_share_is_read(shelf, monkeypatch, key):
    """One row in a hundred changed among 300,000, side by side: few blocks are read, and no file without one."""
    rows = rows_of(300_000)
    at = pl.int_range(pl.len()).is_between(10_000, 12_999)
    base = stored(rows, shelf)
    moved = pl.col("id") + pl.when(at).then(10**6).otherwise(0)
    one, two = (stored(rows.with_columns(moved, x=pl.when(at).then(float(x)).otherwise("x")), shelf) for x in (8, 9))
    count = 0
    add = Pile.add

    def noted(self, rows):
        nonlocal count
        count += rows.height
        add(self, rows)

    monkeypatch.setattr(Pile, "add", noted)
    sources = Counting(shelf), Counting(shelf)
    found = diff(Side(one.manifest, sources[0]), Side(two.manifest, sources[1]), key=key)
    told = found.rows
    assert (told["changed"], told["added"]) == ((3000, 0) if key else (0, 3000))
    assert found.blocks["before"] <= 3 and found.blocks["shared"] >= len(one.manifest.blocks) - 3
    assert count == sum(side.manifest.blocks[number].rows for side, number in own_blocks(one, two))
    assert count < 150_000
    old = {pack.blob for pack in base.manifest.packs}
    for side, source in ((one, sources[0]), (two, sources[1])):
        assert source.opened and not old & set(source.opened)
        assert old & {pack.blob for pack in side.manifest.packs}
    ranges = found.blocks["ranges"]
    assert [one["what"] for one in ranges] == ["shared", "changed", "shared"][-len(ranges) :]
    changed = next(one for one in ranges if one["what"] == "changed")
    assert changed["before"][0] <= 10_000 and changed["before"][1] >= 13_000
    assert [ranges[0]["before"][0], ranges[-1]["before"][1]] == [0, 300_000]


def own_blocks(one, two):
    """The blocks that only one of two tables has."""
    ids = [Counter((block.rows, *block.columns) for block in side.manifest.blocks) for side in (one, two)]
    for side, other in ((one, ids[1]), (two, ids[0])):
        for number, block in enumerate(side.manifest.blocks):
            if (block.rows, *block.columns) not in other:
                yield side, number


def test_a_stored_table_is_itself_without_being_read(shelf):
    """Equal manifests tell it; nothing is opened."""
    rows = rows_of(60_000)
    one = stored(rows, shelf)
    counting = Counting(shelf)
    for key in (None, "id"):
        assert diff(Side(one.manifest, counting), Side(stored(rows, shelf).manifest, counting), key=key).same
    assert counting.opened == []


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("key", [None, "id"])
def test_stored_tables_differ_as_their_frames_do(shelf, seed, key):
    """Rows dropped, changed, added and moved at random: what is left out changes nothing that is told."""
    rows = rows_of(120_000, seed)
    dice = np.random.default_rng(seed)
    cuts = sorted(dice.integers(0, rows.height, 4).tolist())
    parts = [rows[start:stop] for start, stop in zip([0, *cuts], [*cuts, rows.height], strict=True)]
    parts[1] = parts[1].with_columns(pl.col("x").round(2)) if seed % 2 else parts[1][:-5]
    parts[3] = pl.concat([parts[3], rows_of(50, 9).with_columns(pl.col("id") + 10**7)])
    after = pl.concat([parts[0], parts[2], parts[1], parts[3], parts[4]])
    plain = diff(rows, after, key=key)
    kept = diff(stored(rows, shelf), stored(after, shelf), key=key)
    assert plain.rows == kept.rows and plain.changed == kept.changed
    assert kept.blocks["shared"] > 0
    assert (plain.rows["moved"] > 0) == (key is not None or seed % 2 == 0)
    for word in ("added", "removed"):
        assert kept.examples[word] == plain.examples[word]


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
        (
            ROWS,
            pl.concat([ROWS, ROWS[:1]]),
            "id",
            "in after it is not unique: 2 rows share theirs with another, such as 1 .rows 0, 4",
        ),
        (ROWS.with_columns(id=None), ROWS, "id", "in before it is null in 4 rows .rows 0, 1, 2, 3,"),
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
    other = diff(pl.DataFrame({"a": [1]}), pl.DataFrame({"b": [2]}))
    assert not other.same
    assert set(other.columns["added"]) == {"b"}


def test_figures_of_two_profiles_are_set_side_by_side():
    """Only those that differ."""
    found = diff(ROWS, ROWS[:3], profiles=(profile(ROWS), profile(ROWS[:3])))
    told = {one["column"]: one for one in found.figures}
    assert told["id"]["max"] == [4, 3]
    assert "figures that changed" in render_text(found)
    assert found.to_json()["figures"] == list(found.figures)


def test_a_tolerance_is_of_cells_and_leaves_the_order_alone():
    """Floats that are near are the same, in the same order; minus zero is near zero, and else is another number."""
    before = pl.DataFrame({"id": [1, 2, 3], "x": [1.0, 2.0, -0.0]})
    after = pl.DataFrame({"id": [1, 2, 3], "x": [1.05, 2.0, 0.0]})
    assert diff(before, after, key="id", tolerance=0.1).same
    assert diff(before, after, key="id", tolerance=0.01).changed == {"x": 1}
    assert diff(before, after, key="id").changed == {"x": 2}
    infinite = pl.DataFrame({"id": [1], "x": [float("inf")]})
    assert diff(infinite, infinite.with_columns(-pl.col("x")), key="id", tolerance=1e300).changed == {"x": 1}


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"tolerance": 0.1}, "needs a key"),
        ({"tolerance": float("nan"), "key": "id"}, "0 or more"),
        ({"tolerance": -1, "key": "id"}, "0 or more"),
        ({"sample": -1}, "0 or more"),
    ],
)
def test_wrong_use_is_said(more, says):
    """A tolerance without a key would be left out silently."""
    with pytest.raises(InputError, match=says):
        diff(ROWS, ROWS, **more)


def test_a_key_that_is_none_is_told_of_both_sides_at_once():
    """Nulls and doubles, here and there, in one error."""
    before = pl.DataFrame({"a": [1, 1, None], "b": ["x", "x", "y"]})
    after = pl.DataFrame({"a": [2, 3, 3], "b": ["x", "z", "z"]})
    with pytest.raises(InputError) as caught:
        diff(before, after, key=["a", "b"], names=("old", "new"))
    assert "in old it is null in 1 row (row 2, counted from 0) and not unique: 2 rows" in str(caught.value)
    assert "in new it is not unique: 2 rows share theirs with another, such as 3, 'z' (rows 1, 2" in str(caught.value)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    before=st.dictionaries(st.integers(0, 9), st.sampled_from([0.0, -0.0, 1.5, float("nan"), None]), max_size=8),
    after=st.dictionaries(st.integers(0, 9), st.sampled_from([0.0, -0.0, 1.5, float("nan"), None]), max_size=8),
    seed=st.integers(0, 3),
)
def test_rows_by_key_are_those_of_dictionaries(before, after, seed):
    """As two of Python's dictionaries differ, in whatever order the rows stand; moved are the fewest that can be."""
    schema = {"id": pl.Int64, "x": pl.Float64}
    one, two = (pl.DataFrame(list(rows.items()), schema=schema, orient="row") for rows in (before, after))
    two = two.sample(fraction=1, shuffle=True, seed=seed)
    found = diff(one, two, key="id", sample=3)
    changed = [name for name in before if name in after and repr(before[name]) != repr(after[name])]
    assert found.rows["added"] == len(after.keys() - before.keys())
    assert found.rows["removed"] == len(before.keys() - after.keys())
    assert found.rows["changed"] == len(changed) == found.changed.get("x", 0)
    assert {row["key"]["id"] for row in found.examples["changed"]} <= set(changed)
    assert [len(found.examples["changed"]), len(found.examples["added"])] == [
        min(3, len(changed)), min(3, found.rows["added"]),
    ]  # fmt: skip
    places = [list(before).index(name) for name in two["id"].to_list() if name in before]
    assert found.rows["moved"] == len(places) - longest(places)


def longest(numbers: list[int]) -> int:
    """The length of the longest ascending subsequence, by trying all."""
    best = [1] * len(numbers)
    for place, number in enumerate(numbers):
        best[place] = 1 + max((best[one] for one in range(place) if numbers[one] < number), default=0)
    return max(best, default=0)


@pytest.mark.slow
@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    before=st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["a", None])), max_size=30),
    after=st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["a", None])), max_size=30),
)
def test_rows_that_lie_in_files_are_matched_as_those_in_memory(before, after):
    """A pile with no room in memory puts its rows down by hash, and finds the same."""
    schema = {"a": pl.Int64, "b": pl.String}
    one, two = (pl.DataFrame(rows, schema=schema, orient="row").with_row_index("n") for rows in (before, after))
    found = []
    for most in (0, 10**9):
        with tempfile.TemporaryDirectory() as folder:
            piles = []
            for name, rows in (("one", one), ("two", two)):
                pile = Pile(Path(folder) / name, [pl.col(HASH)], most)
                hashed = rows.select(pl.col("n").cast(pl.Int64).alias(ROW), pl.struct("a", "b").hash(1).alias(HASH))
                for piece in (hashed[:7], hashed[7:]):
                    pile.add(piece)
                piles.append(pile)
            assert all(pile.spilled == (most == 0) for pile in piles if pile.rows)
            made = match_rows(*piles, 4)
        found.append((made.added, made.removed, made.first_added[ROW].to_list(), made.first_removed[ROW].to_list()))
    assert found[0][:2] == found[1][:2]
    assert found[0][0] == sum((Counter(after) - Counter(before)).values())


@pytest.mark.slow
def test_a_table_larger_than_its_share_of_memory_is_compared_by_key_in_files(monkeypatch):
    """The same counts and the same first examples, and nothing is left in the folder for spare files."""
    rows = rows_of(40_000).with_columns(word=pl.lit("word"))
    after = rows.with_columns(x=pl.when(pl.col("id") % 1000 == 3).then(None).otherwise("x"))[100:].reverse()
    plain = diff(rows, after, key="id")
    monkeypatch.setattr(piling, "AT_ONCE", 100_000)
    spilled = diff(rows.lazy(), after.to_arrow().to_reader(), key="id")
    assert spilled.to_json() == plain.to_json()
    double = pl.concat([rows, rows[5:6]])
    with pytest.raises(InputError, match=r"2 rows share theirs with another, such as \d+ .rows 5, 40,000"):
        diff(rows, double, key="id")


def test_a_query_that_gives_other_rows_each_time_is_refused():
    """Examples are read again: if they are others then, nothing that was told would hold."""
    turns = iter(range(1000))
    moody = pl.LazyFrame({"a": [1]}).map_batches(
        lambda frame: frame.with_columns(a=pl.lit(next(turns), pl.Int64)), schema={"a": pl.Int64}
    )
    with pytest.raises(InputError, match="after gave other rows when it was read again"):
        diff(pl.DataFrame({"a": [-1]}), moody)


@pytest.mark.parametrize(
    ("before", "after", "alike"),
    [
        ([1, 2], [1.0, 2.5], 1),
        ([2**53 + 1, None], [float(2**53), None], 1),
        (["1", "1.50", "007", None], [1.0, 1.5, 7.0, None], 3),
        ([Decimal("1.50")], [1.5], 1),
        ([date(2024, 1, 1)], [datetime(2024, 1, 1)], 1),
        ([date(9999, 12, 31)], [datetime(9999, 12, 31)], 1),
        ([date(2024, 1, 1)], ["2024-01-01"], 1),
        ([True, None], ["true", None], 2),
    ],
)
def test_a_type_that_changed_is_told_and_its_values_are_compared(before, after, alike):
    """As what both can be without loss; a zip code is no number, and 2⁵³ + 1 is no float."""
    one, two = pl.DataFrame({"a": before}), pl.DataFrame({"a": after})
    found = diff(one, two)
    assert found.rows["removed"] == found.rows["added"] == len(before) - alike
    assert "a" in found.columns["retyped"] and not found.same
    turned = diff(two.with_row_index(), one.with_row_index(), key="index")
    assert turned.rows["changed"] == len(before) - alike


def test_types_that_have_nothing_in_common_are_told_as_such():
    """Lists of numbers and of texts."""
    found = diff(pl.DataFrame({"a": [[1]], "b": [1]}), pl.DataFrame({"a": [["1"]], "b": [2]}))
    assert found.columns["unlike"] == ["a"] and found.rows["added"] == 1
    assert "values of such types cannot be compared" in render_text(found)
    with pytest.raises(InputError, match="cannot be compared; cast it"):
        diff(pl.DataFrame({"a": [[1]]}), pl.DataFrame({"a": [["1"]]}), key="a")


def test_hostile_names_and_values_are_just_that():
    """Patterns, stars, no name at all, control signs; long values are cut."""
    before = pl.DataFrame({"^.*$": [1, 2], "*": ["=1+1", "\x1b[2J"], "": ["x" * 500, "y"]})
    after = before.with_columns(pl.Series("", ["z", "y"]))
    found = diff(before, after, key="^.*$")
    assert found.changed == {"": 1}
    assert len(found.examples["changed"][0]["was"]) == 80
    assert diff(before, after).rows["added"] == 1
    assert json.loads(json.dumps(found.to_json()))["changed"] == {"": 1}


@pytest.mark.slow
def test_wide_and_odd_tables_are_compared(shelf):
    """5,000 columns, no columns, all nulls, huge integers, structs, a pandas index, categories."""
    wide = pl.DataFrame({f"c{number}": [1, 2] for number in range(5000)})
    assert diff(wide, wide.with_columns(c77=pl.Series([1, 3])), key="c0").changed == {"c77": 1}
    assert diff(pl.DataFrame(height=3), pl.DataFrame(height=3)).same
    assert diff(pl.DataFrame(height=3), pl.DataFrame(height=5)).rows["added"] == 2
    nothing = pl.DataFrame({"a": [None, None]})
    assert diff(nothing, nothing[:1]).rows["removed"] == 1
    huge = pl.DataFrame({"a": [2**120]}, schema={"a": pl.Int128})
    assert diff(huge, huge + 1).rows["added"] == 1 and diff(huge, huge, key="a").same
    nested = pl.DataFrame({"id": [1, 2], "s": [{"l": [1.0, float("nan")]}, None]})
    assert diff(nested, nested, key="id").same
    assert diff(nested, nested[::-1].with_columns(s=None), key="id").rows["moved"] == 1
    pandas = ROWS.to_pandas().set_index([[4, 5, 6, 7]])
    assert diff(stored(pandas, shelf), pandas).same
    assert diff(ROWS.with_columns(pl.col("word").cast(pl.Categorical)), ROWS).same


def test_a_column_that_shares_most_of_its_blocks_is_likely_a_renamed_one(shelf):
    """Though some of its rows changed; two that are equal are none; in frames equal values tell it."""
    rows = rows_of(200_000).with_columns(y=pl.col("x") * 2)
    late = rows.with_columns(pl.when(pl.int_range(pl.len()) < 190_000).then("y").otherwise(0.0).alias("why")).drop("y")
    assert diff(stored(rows, shelf), stored(late, shelf)).columns["renamed"] == {"y": "why"}
    few = rows_of(10)
    assert diff(few, few.rename({"x": "z"})).columns["renamed"] == {"x": "z"}
    both = few.rename({"x": "z"}).with_columns(w="z")
    assert diff(few, both).columns["renamed"] == {}


def test_figures_begin_with_what_changed_the_most():
    """A mean by ten deviations before one by a hundredth."""
    rows = rows_of(2000).with_columns(y=pl.col("x"))
    after = rows.with_columns(pl.col("x") + 0.01, pl.col("y") + 10)
    found = diff(rows, after, key="id", profiles=(profile(rows), profile(after)))
    assert [one["column"] for one in found.figures] == ["y", "x"]
    assert found.figures[0]["shift"] == pytest.approx(10, rel=0.1)


def test_the_programs_of_the_page_run():
    """The how-to's examples are right, one after the other."""
    page = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "compare-versions.md"
    texts = re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    names: dict[str, object] = {}
    for text in texts:
        exec(compile(text, page.name, "exec"), names)
    assert len(texts) == 2 and names["found"].rows["changed"] == 1


def test_long_lists_of_columns_are_cut_in_the_text():
    """5,000 columns that all changed make a page, not a book; the record has them all."""
    before = pl.DataFrame({"id": [1], **{f"c{number}": [1] for number in range(100)}})
    after = before.select("id", *(pl.col(f"c{number}") + 1 for number in range(90)), new=1)
    found = diff(before, after, key="id")
    text = render_text(found)
    assert len(found.changed) == 90 and len(text.splitlines()) < 100
    assert "and 60 more columns" in text


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda frame: frame.set_index(pd.Index([5, 6, 7])), "index"),
        (lambda frame: frame.set_index(pd.Index([0, 2, 1], name="n")), "index"),
        (lambda frame: frame.assign(), None),
        (lambda frame: _with_attrs(frame, unit="km"), "attrs"),
    ],
)
def test_what_pandas_knows_besides_the_columns_is_compared_too(change, said):
    """An index without a name, with one, and attrs: rows and columns alone would be the same."""
    before = pd.DataFrame({"a": [1, 2, 3]})
    found = diff(before, change(before.copy()))
    assert found.same is (said is None) and (said in found.columns["frame"] if said else not found.columns["frame"])
    assert (f"pandas {said} differs" in render_text(found)) is (said is not None)
    other = diff(
        change(before.copy()).set_index(pd.Index([9, 8, 7])), change(before.copy()).set_index(pd.Index([9, 8, 6]))
    )
    assert other.columns["frame"] == ["index"]


def _with_attrs(frame, **attrs):
    frame.attrs.update(attrs)
    return frame


def test_one_moment_in_two_zones_is_one_value(tmp_path):
    """The type is told to have changed, and no cell; a moment without a zone is another thing."""
    utc = pl.DataFrame({"k": [1, 2], "t": ["2020-01-01 00:00", "2020-06-01 12:00"]}).with_columns(
        pl.col("t").str.to_datetime().dt.replace_time_zone("UTC")
    )
    berlin = utc.with_columns(pl.col("t").dt.convert_time_zone("Europe/Berlin"))
    found = diff(utc, berlin, key="k")
    assert found.rows["changed"] == 0 and list(found.columns["retyped"]) == ["t"]
    later = berlin.with_columns(pl.col("t") + pl.duration(minutes=pl.col("k") - 1))
    assert diff(utc, later, key="k").rows["changed"] == 1


def test_a_cell_of_a_list_is_shown_as_a_list(tmp_path):
    """Not as the library prints it."""
    one = pl.DataFrame({"k": [1], "v": [[3, None]]})
    other = pl.DataFrame({"k": [1], "v": [[4]]})
    told = json.dumps(diff(one, other, key="k").to_json())
    assert "Series" not in told and "[3, None]" in told
