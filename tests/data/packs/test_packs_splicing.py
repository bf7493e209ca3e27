"""A spliced table is, block by block, what all its rows written afresh would be, and reads only the seams."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from solvent.data import TableFormat, table_digest
from solvent.data.packs.manifest import Manifest
from solvent.data.packs.splicing import Kept, Splice
from solvent.errors import DataError

FORMAT = TableFormat()


def rows_of(count: int, seed: int = 0, first: str = "even") -> pl.DataFrame:
    """Rows whose first column has many borders, none, or few distinct values."""
    dice = np.random.default_rng(seed)
    ids = {"even": dice.integers(0, 10**9, count), "constant": np.zeros(count, int), "few": np.arange(count) // 5_000}
    return pl.DataFrame(
        {"id": ids[first], "x": dice.standard_normal(count), "word": [f"w{n % 50}" for n in range(count)]}
    )


def kept(rows: pl.DataFrame, shelf) -> Manifest:
    """The rows as a stored table."""
    written = FORMAT.write(rows, shelf)
    return Manifest.from_json(written.body if written.finish is None else written.finish(shelf))


def check(rows, stored, pieces, shelf) -> tuple[Manifest, int]:
    """Splice, compare with the whole, and give the manifest and the bytes that were written."""
    parts = [rows[one.start : one.stop] if isinstance(one, Kept) else one for one in pieces]
    whole = pl.concat(parts) if parts else rows[:0]
    before = sum(one.stat().st_size for one in shelf.folder.iterdir() if one.is_file())
    lazy = [one if isinstance(one, Kept) else one.lazy() for one in pieces]
    written = FORMAT.write(Splice(stored, shelf, lazy), shelf)
    assert written.identity == table_digest(whole)
    assert FORMAT.read(written.body, shelf, pl.DataFrame).equals(whole)
    after = sum(one.stat().st_size for one in shelf.folder.iterdir() if one.is_file())
    return Manifest.from_json(written.body), after - before


@pytest.mark.parametrize("first", ["even", "constant", "few"])
@pytest.mark.parametrize(
    "pieces",
    [
        lambda new, n: [Kept(0, n), new],
        lambda new, n: [new, Kept(0, n)],
        lambda new, n: [Kept(0, 120_000), new, Kept(120_000, n)],
        lambda new, n: [Kept(0, 120_000), Kept(125_000, n)],
        lambda new, n: [Kept(0, 120_000), new, Kept(125_000, n)],
        lambda new, n: [Kept(0, 120_000)],
        lambda new, n: [Kept(120_000, n)],
        lambda new, n: [Kept(0, 100_000), Kept(100_000, n)],
        lambda new, n: [Kept(200_000, n), Kept(0, 200_000)],
        lambda new, n: [Kept(0, n), Kept(0, n)],
        lambda new, n: [Kept(0, n), new[:0]],
        lambda new, n: [new[:0], Kept(5, 5), Kept(0, n), new[:1], new[:0]],
        lambda new, n: [new],
        lambda new, n: [new[:0]],
        lambda new, n: [Kept(0, 1), new[:1], Kept(n - 1, n)],
        lambda new, n: [],
    ],
)  # fmt: skip
def test_any_splice_is_what_the_whole_is(shelf, first, pieces):
    """Rows kept, left out, put in, moved and doubled, where borders are many, far, or none of the first column's."""
    rows = rows_of(400_000, first=first)
    stored = kept(rows, shelf)
    check(rows, stored, pieces(rows_of(9_000, 1, first), rows.height), shelf)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 300_000), max_size=6), new=st.lists(st.integers(0, 60_000), max_size=3))
def test_random_splices_are_what_the_whole_is(shelf, cuts, new):
    """Wherever a table is cut, and whatever is put in between."""
    rows = rows_of(300_000)
    stored = kept(rows, shelf)
    at = sorted(cuts)
    pieces = [Kept(a, b) for a, b in zip(at[::2], at[1::2], strict=False)]
    for place, count in enumerate(new):
        pieces.insert(min(len(pieces), place * 2), rows_of(count, place + 1))
    check(rows, stored, pieces, shelf)


def test_only_the_seam_is_read_and_written(shelf, monkeypatch):
    """One percent more rows behind a table reads its last blocks at most, and writes little more than the rows."""
    rows = rows_of(1_000_000)
    stored = kept(rows, shelf)
    read = []
    from solvent.data.packs import splicing

    load = splicing._Work._load
    monkeypatch.setattr(
        splicing._Work,
        "_load",
        lambda self, start, count, names=None: read.append((start, count, names)) or load(self, start, count, names),
    )
    manifest, cost = check(rows, stored, [Kept(0, rows.height), rows_of(10_000, 1)], shelf)
    whole = [one for one in read if one[2] is None]
    assert sum(count for _, count, _ in whole) <= 131_072
    assert min(start for start, _, _ in read) >= 1_000_000 - 2 * 131_072
    first = sum(shelf.path(one.blob).stat().st_size for one in stored.packs)
    assert cost < 0.15 * first
    assert sum(block in stored.blocks for block in manifest.blocks) >= len(stored.blocks) - 2


@pytest.mark.slow
def test_very_many_small_pieces_are_put_together_in_few_looks(shelf, monkeypatch):
    """A row of each of twenty thousand files: rows are looked at by the thousand, not again for each piece."""
    from solvent.data.packs import splicing

    rows, looks = rows_of(40_000), []
    stored = kept(rows, shelf)
    cut = splicing.cut
    monkeypatch.setattr(
        splicing, "cut", lambda columns, count, **more: looks.append(count) or cut(columns, count, **more)
    )
    check(rows, stored, [Kept(place, place + 1) for place in range(40_000)], shelf)
    assert looks == []  # one piece after all: its blocks are taken over as they are
    new = rows_of(20_000, 1)
    mixed = [
        piece for place in range(0, 40_000, 20) for piece in (Kept(place, place + 10), new[place // 2 : place // 2 + 3])
    ]
    check(rows, stored, mixed, shelf)
    assert 0 < sum(looks) < 400_000


def test_new_rows_of_another_shape_are_refused(shelf):
    """Columns and types must be the stored table's; nothing is left behind where they are not."""
    rows = rows_of(1_000)
    stored = kept(rows, shelf)
    for wrong in (rows.drop("x"), rows.select("x", "id", "word"), rows.with_columns(pl.col("x").cast(pl.Float32))):
        with pytest.raises(DataError, match="other columns or types"):
            FORMAT.write(Splice(stored, shelf, [Kept(0, 10), wrong.lazy()]), shelf)
