"""Where blocks end: the rows decide, so an edit moves few borders, and a stream is cut as the whole would be."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from solvent.data import table_digest
from solvent.data.blocks.borders import LEAST, MOST, cut
from solvent.data.blocks.columns import open_columns
from solvent.data.blocks.identity import cut_blocks
from solvent.data.canonical import type_of


def _columns(frame):
    frame = frame.rechunk()
    return open_columns(frame.to_arrow(), [type_of(one) for one in frame.dtypes])


def _ends(frame):
    return list(cut(_columns(frame), frame.height, final=True))


def _rows(count, seed=1):
    dice = np.random.default_rng(seed)
    return pl.DataFrame({"id": np.arange(count), "x": dice.standard_normal(count), "t": dice.integers(0, 50, count)})


FIRST = {
    "whole numbers": lambda ids: pl.Series("id", ids),
    "fractions": lambda ids: pl.Series("id", ids * 0.5),
    "text": lambda ids: pl.Series("id", ids).cast(pl.String),
    "long text": lambda ids: "customer-" + pl.Series("id", ids).cast(pl.String).str.zfill(12) + "-of-our-shop",
    "times": lambda ids: pl.Series("id", ids * 1_000_000).cast(pl.Datetime("us")),
    "decimals": lambda ids: pl.Series("id", ids).cast(pl.Decimal(20, 2)),
    "few distinct": lambda ids: pl.Series("id", np.random.default_rng(4).integers(0, 100, len(ids))),
    "some missing": lambda ids: pl.Series("id", ids).replace(list(range(0, 500_000, 7)), None),
}


@pytest.mark.parametrize("first", FIRST)
def test_borders_follow_the_rows(first):
    """Whatever the first column holds, one row put in front, taken out or changed moves a border or two."""
    rows = _rows(400_000).with_columns(FIRST[first](np.arange(400_000)))
    before = {block.columns for block in cut_blocks(_columns(rows), rows.height)}
    assert 8 <= len(before) <= 40
    middle = rows.height // 2
    extra = rows.slice(17, 1)
    edits = {
        "put in front": pl.concat([extra, rows]),
        "put in the middle": pl.concat([rows[:middle], extra, rows[middle:]]),
        "taken out": pl.concat([rows[:middle], rows[middle + 1 :]]),
        "appended": pl.concat([rows, rows[:4000]]),
        "changed": rows.with_columns(id=pl.concat([rows["id"][: middle - 1], rows["id"][:1], rows["id"][middle:]])),
    }
    for name, edited in edits.items():
        after = {block.columns for block in cut_blocks(_columns(edited), edited.height)}
        assert len(after - before) <= 3, name


def test_a_column_more_moves_no_border():
    """A column added behind the others leaves every border and every other column's digests as they were."""
    rows = _rows(300_000)
    wider = rows.with_columns(new=pl.col("x") * 2)
    assert _ends(rows) == _ends(wider)
    before, after = (cut_blocks(_columns(one), one.height) for one in (rows, wider))
    assert [one.columns for one in before] == [one.columns[:3] for one in after]


def test_bounds_hold():
    """No block but the last is shorter than the lower bound, none is longer than the upper one."""
    for rows in (_rows(500_000), _rows(500_000).with_columns(id=pl.lit(1))):
        sizes = np.diff([0, *_ends(rows)])
        assert sizes[:-1].min() >= LEAST
        assert sizes.max() <= MOST
        assert sizes.sum() == rows.height


def test_a_constant_first_column_asks_the_next():
    """Where the first column is all the same, the second decides, and edits still move few borders."""
    rows = _rows(600_000).select(pl.lit(2013).alias("year"), "id", "x")
    before = {block.columns for block in cut_blocks(_columns(rows), rows.height)}
    assert len(before) > 8
    edited = pl.concat([rows[:1000], rows[1001:]])
    after = {block.columns for block in cut_blocks(_columns(edited), edited.height)}
    assert len(after - before) <= 2


def test_rows_that_are_all_the_same_are_cut_at_the_bound():
    """Without anything to decide by, the upper bound does."""
    same = pl.select(a=pl.repeat(0.0, 300_000), n=pl.repeat(None, 300_000), l=pl.concat_list(pl.repeat(1, 300_000)))
    assert _ends(same) == [MOST, 2 * MOST, 300_000]


@pytest.mark.parametrize("count", [0, 1, LEAST - 1, LEAST, LEAST + 1, MOST, MOST + 1])
def test_sizes_at_the_bounds(count):
    """Tables around the bounds are cut without a rest or an empty block."""
    ends = _ends(_rows(count))
    assert (ends[-1] if ends else 0) == count
    assert all(np.diff([0, *ends]) > 0)


@pytest.mark.parametrize("seed", range(3))
def test_a_stream_is_cut_as_the_whole(seed):
    """Cut piece by piece, with a rest carried over, a table has the blocks that it has at once."""
    dice = np.random.default_rng(seed)
    rows = _rows(500_000, seed)
    if seed == 2:
        rows = rows.select("t", "id")
    blocks, held, start = [], rows[:0], 0
    while start < rows.height:
        size = int(dice.integers(1, 90_000))
        held = pl.concat([held, rows[start : start + size]])
        start += size
        made = cut_blocks(_columns(held), held.height, final=start >= rows.height)
        blocks += made
        held = held[sum(one.rows for one in made) :]
    assert blocks == cut_blocks(_columns(rows), rows.height)


def test_the_rule_of_borders_is_fixed():
    """The borders of a fixed table are the committed ones: another rule would be another `border.N`."""
    ids = np.arange(100_000)
    ends = {name: _ends(pl.DataFrame({"id": FIRST[name](ids)})) for name in ("whole numbers", "fractions", "text")}
    assert ends == BORDERS
    assert table_digest(pl.DataFrame({"id": ids})) == DIGEST


BORDERS = {
    "whole numbers": [25210, 37923, 57823, 100000],
    "fractions": [17662, 52267, 61057, 84486, 98654, 100000],
    "text": [12655, 31772, 43567, 63301, 73825, 88216, 100000],
}
DIGEST = "6feff2495245037b14800ff70cf9e7dbab6a8c00ea442a635d79f98f2ac5e8f4"


def _edited(rows, edit, seed):
    dice = np.random.default_rng(100 + seed)
    at, few = int(dice.integers(0, rows.height * 0.98)), rows.height // 100
    fresh = pl.DataFrame({"id": dice.integers(0, 2**62, few), "x": dice.standard_normal(few)})
    if edit == "appended":
        return pl.concat([rows, fresh])
    middle = fresh if edit == "updated" else rows[:0]
    return pl.concat([rows[:at], middle, rows[at + few :]])


@pytest.mark.slow
@pytest.mark.parametrize(
    "edit, mean, most", [("appended", 0.02, 0.03), ("updated", 0.03, 0.045), ("deleted", 0.02, 0.03)]
)
def test_a_version_costs_what_changed(edit, mean, most):
    """At 3M rows, 1 % appended, updated or deleted in one place makes few rows new: 8 seeds, bar 3 %."""
    found = []
    for seed in range(8):
        dice = np.random.default_rng(seed)
        rows = pl.DataFrame({"id": dice.integers(0, 2**62, 3_000_000), "x": dice.standard_normal(3_000_000)})
        edited = _edited(rows, edit, seed)
        before = {one.columns for one in cut_blocks(_columns(rows), rows.height)}
        after = cut_blocks(_columns(edited), edited.height)
        found.append(sum(one.rows for one in after if one.columns not in before) / edited.height)
    assert sum(found) / len(found) <= mean, found
    assert max(found) <= most, found
