"""Versions share their blocks: what changed is written, the rest is referred to, and reading tells no difference."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from solvent.data import TableFormat
from solvent.data.frames.incoming import take
from solvent.data.packs import mixing, streaming, writing
from solvent.data.packs.manifest import Manifest
from solvent.data.packs.streaming import carry_out

FORMAT = TableFormat()


def rows_of(count: int, seed: int = 0) -> pl.DataFrame:
    """Rows of all common types."""
    dice = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "id": np.arange(count),
            "x": dice.standard_normal(count),
            "word": np.array(["red", "green", "blue"])[dice.integers(0, 3, count)],
            "text": [f"row {n * 7919 % 10_007}" for n in range(count)],
            "at": pl.Series(np.arange(count) * 60_000_000).cast(pl.Datetime("us", "UTC")),
            "kind": pl.Series(["a", None, "b"] * (count // 3 + 1)).head(count).cast(pl.Enum(["b", "a"])),
        }
    )


def put(value, shelf):
    """The body of a table, written beside what is near, and the bytes that this cost."""
    before = {one.name: one.stat().st_size for one in shelf.folder.iterdir() if one.is_file()}
    written = FORMAT.write(value, shelf)
    body = written.body if written.finish is None else written.finish(shelf)
    cost = sum(one.stat().st_size for one in shelf.folder.iterdir() if one.is_file() and one.name not in before)
    shelf.bodies.insert(0, body)
    return body, cost


EDITS = {
    "nothing": lambda rows: rows,
    "rows at the end": lambda rows: pl.concat([rows, rows_of(3_000, 1).with_columns(pl.col("id") + 10**6)]),
    "rows at the start": lambda rows: pl.concat([rows_of(3_000, 1).with_columns(pl.col("id") - 10**6), rows]),
    "rows in the middle": lambda rows: pl.concat([rows[:100_000], rows_of(3_000, 1), rows[100_000:]]),
    "rows deleted": lambda rows: pl.concat([rows[:90_000], rows[93_000:]]),
    "rows updated": lambda rows: rows.with_columns(
        x=pl.when(pl.col("id").is_between(50_000, 52_000)).then(0.0).otherwise(pl.col("x"))
    ),
    "one column updated": lambda rows: rows.with_columns(x=pl.col("x") * 2),
    "a column added": lambda rows: rows.with_columns(y=pl.col("x") * 2),
    "a column dropped": lambda rows: rows.drop("text"),
    "columns in another order": lambda rows: rows.select("id", "at", "kind", "x", "text", "word"),
    "a column renamed": lambda rows: rows.rename({"text": "remark"}),
    "names swapped": lambda rows: rows.rename({"word": "text", "text": "word"}),
    "another type": lambda rows: rows.with_columns(pl.col("id").cast(pl.UInt64)),
    "one row": lambda rows: rows[:1],
    "no row": lambda rows: rows[:0],
}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("way", ["at once", "streamed", "little memory"])
def test_a_version_that_shares_reads_as_one_that_does_not(shelf, monkeypatch, edit, way):
    """Each kind of edit, through every kind of frame: all rows, some columns, some rows, the first rows, none."""
    monkeypatch.setattr(writing, "PACK", 3_000_000)
    streamed = way == "streamed"
    if streamed:
        monkeypatch.setattr(streaming, "_SHARE", 10**12)
    if way == "little memory":  # runs are read in many groups, and what a search found is not kept
        for name, value in (("_FEW", 0), ("_MOST", 0), ("_LEAST", 30_000), ("_KEPT", 1_000)):
            monkeypatch.setattr(mixing, name, value)
    rows = rows_of(200_000)
    put(rows, shelf)
    after = EDITS[edit](rows)
    body, _ = put(after.lazy() if streamed else after, shelf)
    assert FORMAT.read(body, shelf, pl.DataFrame).equals(after)
    lazy = FORMAT.read(body, shelf, pl.LazyFrame)
    assert lazy.collect_schema() == after.schema
    assert lazy.collect().equals(after)
    for name in after.columns:
        assert lazy.select(name).collect().equals(after.select(name))
    near = pl.col("id").is_between(89_000, 101_000)
    for query in (
        lambda one: one.filter(near),
        lambda one: one.filter(near).select("x"),
        lambda one: one.head(70_000),
        lambda one: one.head(70_000).filter(pl.col("id") % 2 == 0),
        lambda one: one.filter(near).head(10),
        lambda one: one.slice(60_000, 50_000),
        lambda one: one.tail(5),
        lambda one: one.select(pl.len()),
        lambda one: one.group_by("kind", maintain_order=True).agg(pl.col("id").sum(), pl.len()),
    ):
        assert query(lazy).collect().equals(query(after.lazy()).collect())
    assert FORMAT.read(body, shelf, pa.Table).equals(after.to_arrow())
    assert pl.from_arrow(FORMAT.read(body, shelf, pa.RecordBatchReader).read_all()).cast(after.schema).equals(after)
    data = FORMAT.read(body, shelf, ds.Dataset)
    assert data.count_rows() == after.height
    found = data.to_table(columns=["x"], filter=ds.field("id") == 91_000)
    assert found.column("x").to_pylist() == after.filter(pl.col("id") == 91_000)["x"].to_list()
    relation = FORMAT.read(body, shelf, duckdb.DuckDBPyRelation)
    assert relation.count("*").fetchall() == [(after.height,)]
    assert relation.filter("id = 91000").select("x").fetchall() == [(one,) for one in found.column("x").to_pylist()]
    assert FORMAT.read(body, shelf, pd.DataFrame)["x"].to_list() == after["x"].to_list()


def test_a_column_that_is_added_costs_little_more_than_itself(shelf, tmp_path):
    """Of twenty columns that are as they were nothing is written again."""
    rows = rows_of(200_000).with_columns(pl.col("id").alias(f"more{number}") + number for number in range(14))
    _, first = put(rows, shelf)
    after = rows.with_columns(y=pl.col("x") * 2)
    _, cost = put(after, shelf)
    after.select("y").write_parquet(tmp_path / "alone.parquet")
    assert first > cost and cost <= 1.1 * (tmp_path / "alone.parquet").stat().st_size


@pytest.mark.parametrize(
    ("edit", "most"),
    [
        ("nothing", 0), ("rows at the end", 0.2), ("rows in the middle", 0.35), ("rows deleted", 0.3),
        ("rows updated", 0.3), ("a column added", 0.95), ("a column renamed", 0), ("names swapped", 0),
        ("a column dropped", 0), ("columns in another order", 0),
    ],
)  # fmt: skip
def test_a_version_costs_what_changed(shelf, edit, most):
    """The bytes that an edit adds are a share of the first version's; a column in another place costs nothing."""
    rows = rows_of(300_000)
    _, first = put(rows, shelf)
    _, more = put(EDITS[edit](rows), shelf)
    assert more <= most * first


def test_a_table_in_too_many_packs_is_put_together_again(shelf):
    """After many small edits a version lies in few packs, and reads the same."""
    rows = rows_of(200_000)
    put(rows, shelf)
    most = 0
    for number in range(25):
        at = 8_000 * (number % 24)
        changed = pl.col("id").is_between(at, at + 10)
        rows = rows.with_columns(x=pl.when(changed).then(float(number)).otherwise(pl.col("x")))
        body, _ = put(rows, shelf)
        shelf.bodies = shelf.bodies[:1]
        most = max(most, len({one["blob"] for one in body["packs"]}))
        assert FORMAT.read(body, shelf, pl.LazyFrame).filter(changed).collect().equals(rows.filter(changed))
    assert 4 < most <= 11
    assert FORMAT.read(body, shelf, pl.DataFrame).equals(rows)


def test_what_a_pandas_frame_knows_besides_survives_sharing(shelf):
    """An index and attrs come back from a version that shares all its columns with one that has neither."""
    plain = rows_of(50_000).drop("kind", "at").to_pandas()
    put(plain, shelf)
    indexed = plain.set_index(pd.Index(np.arange(50_000)[::-1].copy(), name="back"))
    indexed.attrs["unit"] = "m"
    body, _ = put(indexed, shelf)
    assert not Manifest.from_json(body).fresh
    found = FORMAT.read(body, shelf, pd.DataFrame)
    pd.testing.assert_frame_equal(found, indexed)
    assert found.attrs == {"unit": "m"}


def test_types_that_parquet_knows_otherwise_come_back_from_mixed_packs(shelf):
    """Durations, times, decimals, nested types, binary and null columns keep their types where packs are mixed."""
    count = 40_000
    rows = pl.DataFrame(
        {
            "id": range(count),
            "for": pl.Series(range(count)).cast(pl.Duration("ms")),
            "clock": pl.Series([n * 1_000 for n in range(count)]).cast(pl.Time),
            "money": pl.Series([f"{n}.25" for n in range(count)]).cast(pl.Decimal(12, 2)),
            "list": [[n, None] for n in range(count)],
            "struct": [{"a": n, "b": str(n)} for n in range(count)],
            "raw": [bytes([n % 256]) for n in range(count)],
            "none": pl.Series([None] * count, dtype=pl.Null),
            "small": pl.Series([n % 100 for n in range(count)], dtype=pl.Int8),
            "day": pl.Series(range(count)).cast(pl.Date),
            "flag": [n % 2 == 0 for n in range(count)],
        }
    )
    put(rows, shelf)
    after = pl.concat([rows, rows.tail(10)]).with_columns(new=pl.lit(1))
    body, _ = put(after, shelf)
    assert any("columns" in one for one in body["packs"])
    assert FORMAT.read(body, shelf, pl.LazyFrame).collect().equals(after)
    assert FORMAT.read(body, shelf, pl.DataFrame).schema == after.schema


def test_a_stream_shares_as_a_table_in_memory_does(shelf):
    """Written block by block, the same version lies in the same packs."""
    rows = rows_of(300_000)
    put(rows, shelf)
    more = EDITS["rows in the middle"](rows)
    whole, _ = put(more, shelf)
    shelf.bodies.pop(0)
    stream = carry_out(take(more.lazy()), shelf, most=1)
    assert isinstance(stream, Manifest)
    assert stream.places == Manifest.from_json(whole).places


def test_names_that_look_like_patterns_are_just_names(shelf):
    """Columns called ``*`` or ``^x.*$``, empty ones and those with odd signs are kept apart, fresh and mixed."""
    names = ["*", "^x.*$", "x", "xy", "", "a\nb", "^$", "row", "row_"]
    rows = rows_of(60_000)
    odd = pl.DataFrame([rows["id"].alias("id"), *(pl.Series(n, range(k, 60_000 + k)) for k, n in enumerate(names, 1))])
    put(odd, shelf)
    after = pl.concat([odd, odd.tail(3)])
    body, _ = put(after, shelf)
    assert not Manifest.from_json(body).fresh
    lazy = FORMAT.read(body, shelf, pl.LazyFrame)
    assert lazy.collect().equals(after)
    assert lazy.filter(pl.col("id") == odd["id"][59_999]).select("x", "row").collect().height == 2
    assert FORMAT.read(body, shelf, pl.DataFrame).equals(after)


def test_a_table_whose_columns_lie_apart_is_put_together_once_for_arrow(shelf):
    """Reading it again as a dataset writes no second spare file; a version with other names has one of its own."""
    rows = rows_of(60_000)
    put(rows, shelf)
    body, _ = put(rows.with_columns(y=pl.col("x") * 2), shelf)
    spare = lambda: len(list(shelf.folder.rglob("table.parquet")))  # noqa: E731
    first = FORMAT.read(body, shelf, ds.Dataset)
    assert spare() == 1
    assert FORMAT.read(body, shelf, ds.Dataset).to_table().equals(first.to_table()) and spare() == 1
    other, _ = put(rows.with_columns(y=pl.col("x") * 2).rename({"x": "z"}), shelf)
    assert FORMAT.read(other, shelf, ds.Dataset).schema.names == ["id", "z", "word", "text", "at", "kind", "y"]
    assert spare() == 2


def test_what_waits_to_be_written_is_bounded_for_all_sets_of_columns_together(shelf, monkeypatch):
    """Edits here and there in different columns make many parts; none of them holds on to the batches it came in."""
    monkeypatch.setattr(streaming, "_SHARE", 10**12)
    rows = rows_of(400_000)
    put(rows, shelf)
    at = pl.col("id")
    edited = rows.with_columns(
        x=pl.when(at.is_between(50_000, 50_100)).then(0.0).otherwise("x"),
        word=pl.when(at.is_between(150_000, 150_100)).then(pl.lit("grey")).otherwise("word"),
        text=pl.when(at.is_between(250_000, 250_100)).then(pl.lit("grey")).otherwise("text"),
        at=pl.when(at.is_between(350_000, 350_100)).then(None).otherwise("at"),
    )
    held: list[tuple[int, int]] = []
    write = writing.Writing.write

    def watched(self, piece, block, missing):
        write(self, piece, block, missing)
        waiting = [table for part in self._parts.values() for table in part.held]
        held.append((sum(one.nbytes for one in waiting), sum(one.get_total_buffer_size() for one in waiting)))

    monkeypatch.setattr(writing.Writing, "write", watched)
    monkeypatch.setattr(writing, "PACK", 500_000)
    body, _ = put(edited.lazy(), shelf)
    assert FORMAT.read(body, shelf, pl.DataFrame).equals(edited)
    assert len(held) >= 4
    assert all(used < 2 * 500_000 and kept <= 2 * used + 10_000 for used, kept in held), held
