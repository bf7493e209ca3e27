"""The format of tables: what is written is what was handed over, read lazily, and laid out in blocks."""

from __future__ import annotations

import itertools
import threading

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from solvent.data import TableFormat, table_digest
from solvent.data.blocks.identity import identify
from solvent.data.frames.incoming import take
from solvent.data.packs import writing
from solvent.data.packs.encoding import choose_encodings
from solvent.data.packs.manifest import Manifest
from solvent.data.packs.memory import free_memory
from solvent.data.packs.streaming import carry_out
from solvent.errors import Corrupted

FORMAT = TableFormat()


def _rows(count, seed=0):
    dice = np.random.default_rng(seed)
    words = np.array(["red", "green", "blue"])
    return pl.DataFrame(
        {"id": np.arange(count), "x": dice.standard_normal(count), "t": words[dice.integers(0, 3, count)]}
    )


def _put(value, shelf):
    written = FORMAT.write(value, shelf)
    return written, written.body if written.finish is None else written.finish(shelf)


@pytest.mark.parametrize("count", [0, 1, 100, 5_000, 200_000])
def test_the_threshold_never_shows(count, shelf):
    """Tables of any size, small enough to lie inline or not, have the identity of their rows and read the same."""
    rows = _rows(count)
    written, body = _put(rows, shelf)
    assert written.identity == table_digest(rows)
    assert written.facts == {"rows": count, "columns": 3}
    assert FORMAT.read(body, shelf, pl.DataFrame).equals(rows)
    assert FORMAT.read(body, shelf, pl.LazyFrame).collect().equals(rows)
    assert written.keep(pl.DataFrame).equals(rows)


def test_the_same_table_gives_the_same_bytes(shelf):
    """Written twice, a table has the same manifest, and so the same blobs."""
    assert _put(_rows(100_000), shelf)[1] == _put(_rows(100_000).rechunk(), shelf)[1]


def test_packs_are_plain_parquet_whose_row_groups_hold_whole_blocks(shelf, monkeypatch):
    """Any engine can scan the packs: one after the other they hold all rows, in few row groups, which cut no block."""
    monkeypatch.setattr(writing, "PACK", 2_000_000)
    rows = _rows(300_000)
    _, body = _put(rows, shelf)
    paths = [shelf.path(one["blob"]) for one in body["packs"]]
    assert len(paths) >= 3
    assert pl.read_parquet(paths).equals(rows)
    assert pd.concat([pd.read_parquet(path) for path in paths]).shape == rows.shape
    groups = [pq.ParquetFile(path).metadata for path in paths]
    for pack, meta in enumerate(groups):
        sizes = [meta.row_group(number).num_rows for number in range(meta.num_row_groups)]
        blocks = [block[0] for block in body["blocks"] if block[1] == pack]
        ends = set(itertools.accumulate(blocks))
        assert sum(sizes) == sum(blocks) and set(itertools.accumulate(sizes)) <= ends
        assert all(size <= 131_072 for size in sizes)
        assert [block[2] for block in body["blocks"] if block[1] == pack] == list(range(len(blocks)))
    assert sum(meta.num_row_groups for meta in groups) < len(body["blocks"])


def test_a_query_reads_only_what_it_needs(shelf):
    """The lazy frame over the packs pushes columns and predicates down to the files."""
    _, body = _put(_rows(50_000), shelf)
    plan = FORMAT.read(body, shelf, pl.LazyFrame).filter(pl.col("id") > 49_990).select("x").explain()
    assert "Parquet SCAN" in plan
    assert "PROJECT 2/3 COLUMNS" in plan
    assert "SELECTION" in plan


def test_a_manifest_survives_json(shelf):
    """What the manifest says comes back from its JSON, equal."""
    _, body = _put(_rows(50_000), shelf)
    assert Manifest.from_json(body).to_json() == body


def _memory():
    array = np.arange(50_000, dtype="float64")
    return array, {
        "polars": lambda: pl.DataFrame({"a": array}),
        "polars series": lambda: pl.Series("a", array).to_frame(),
        "lazy": lambda: pl.DataFrame({"a": array}).lazy(),
        "lazy, one row": lambda: pl.DataFrame({"a": array}).lazy().head(1),
        "pandas": lambda: pd.DataFrame({"a": array}, copy=False),
        "arrow": lambda: pa.table({"a": pa.array(array)}),
        "arrow, one row": lambda: pa.table({"a": pa.array(array[:1])}),
        "reader": lambda: pa.table({"a": pa.array(array)}).to_reader(),
        "array column": lambda: pl.DataFrame({"a": array.reshape(-1, 2)}),
    }


@pytest.mark.parametrize("name", _memory()[1])
def test_a_producer_who_keeps_the_array_changes_nothing(name, shelf):
    """Writing to the NumPy array behind a frame after it was handed over reaches neither bytes nor consumers."""
    array, frames = _memory()
    written = FORMAT.write(frames[name](), shelf)
    early = written.keep(pl.DataFrame)
    array[:] = -1.0
    body = written.body or written.finish(shelf)
    assert table_digest(early) == written.identity
    assert table_digest(written.keep(pl.DataFrame)) == written.identity
    assert table_digest(FORMAT.read(body, shelf, pl.DataFrame)) == written.identity


def test_a_producer_who_changes_the_frame_itself_changes_nothing(shelf):
    """In-place changes of a Polars or pandas frame after it was handed over stay with the producer."""
    ours, theirs = _rows(20_000), _rows(20_000).to_pandas()
    for frame, edit in ((ours, _edit_polars), (theirs, _edit_pandas)):
        written = FORMAT.write(frame, shelf)
        edit(frame)
        assert table_digest(written.keep(pl.DataFrame)) == written.identity
        assert table_digest(frame) != written.identity


def _edit_polars(frame):
    frame[0, "x"] = 77.0
    frame.insert_column(0, pl.Series("more", [1] * frame.height))


def _edit_pandas(frame):
    frame.loc[0, "x"] = 77.0
    frame["more"] = 1


@pytest.mark.parametrize("wanted", [pl.DataFrame, pd.DataFrame, pa.Table])
def test_consumers_do_not_see_each_other(wanted, shelf):
    """What one consumer does to its frame shows neither to the next nor in the bytes."""
    written = FORMAT.write(_rows(20_000), shelf)
    mine = written.keep(wanted)
    if wanted is pl.DataFrame:
        mine[0, "x"] = 77.0
        mine.get_column("x")[1] = 78.0
        mine.replace_column(0, pl.Series("id", [0] * 20_000))
    elif wanted is pd.DataFrame:
        mine.loc[:, "x"] = 0.0
        mine["id"].to_numpy(copy=False)
    else:
        with pytest.raises(ValueError, match="read-only"):
            mine["x"].chunk(0).to_numpy()[0] = 77.0
    body = written.finish(shelf)
    assert table_digest(written.keep(wanted)) == written.identity
    assert table_digest(FORMAT.read(body, shelf, wanted)) == written.identity


def test_bytes_are_made_on_another_thread_while_consumers_work(shelf):
    """The writer's thread encodes while a consumer overwrites its own frame: nothing is mixed up."""
    written = FORMAT.write(_rows(100_000), shelf)
    made = {}
    writer = threading.Thread(target=lambda: made.update(written.finish(shelf)))
    writer.start()
    for _ in range(20):
        mine = written.keep(pd.DataFrame)
        mine["x"] = -1.0
    writer.join()
    assert table_digest(FORMAT.read(made, shelf, pl.DataFrame)) == written.identity


@pytest.mark.parametrize("kind", ["lazy", "reader"])
def test_a_stream_beyond_its_share_of_memory_is_written_in_blocks(kind, shelf, monkeypatch):
    """A table that does not fit is written while it is gone through, with the identity that it has in memory."""
    monkeypatch.setattr("solvent.data.packs.streaming._BUFFER", 1_000_000)
    monkeypatch.setattr(writing, "PACK", 3_000_000)
    rows = pl.concat([_rows(400_000), _rows(50_000, seed=1)])
    rows.write_parquet(shelf.folder / "in.parquet", row_group_size=10_000)
    whole = FORMAT.write(rows, shelf)
    stream = pl.scan_parquet(shelf.folder / "in.parquet") if kind == "lazy" else rows.to_arrow().to_reader(7_000)
    made = carry_out(take(stream), shelf, most=1_000_000)
    assert isinstance(made, Manifest)
    assert identify(made.names, made.types, made.extra, made.blocks) == whole.identity
    assert len(made.packs) > 1
    assert FORMAT.read(made.to_json(), shelf, pl.DataFrame).equals(rows)


def test_the_format_itself_decides_whether_a_stream_fits(shelf, monkeypatch):
    """With next to no memory free, a lazy frame is stored at once and nothing is held live."""
    monkeypatch.setattr("solvent.data.packs.streaming.free_memory", lambda: 4_000)
    rows = _rows(100_000)
    written = FORMAT.write(rows.lazy(), shelf)
    assert written.finish is None
    assert written.keep is None
    assert written.identity == table_digest(rows)
    assert FORMAT.read(written.body, shelf, pl.DataFrame).equals(rows)


def test_a_lazy_frame_is_carried_out_once(shelf):
    """However often the result is asked for, the query ran one time."""
    ran = []
    lazy = pl.DataFrame({"a": range(10)}).lazy().map_batches(lambda frame: ran.append(1) or frame)
    written = FORMAT.write(lazy, shelf)
    written.keep(pl.DataFrame), written.keep(pl.LazyFrame).collect(), FORMAT.read(written.body, shelf, pl.DataFrame)
    assert ran == [1]


def test_an_error_of_the_query_is_the_writers(shelf):
    """A query that fails does so while its own step writes it, with its own error."""
    lazy = pl.DataFrame({"a": ["x"]}).lazy().select(pl.col("a").cast(pl.Int64))
    with pytest.raises(pl.exceptions.InvalidOperationError, match="conversion from `str` to `i64` failed"):
        FORMAT.write(lazy, shelf)


def test_rows_that_are_not_there_are_noticed(shelf):
    """Packs that hold fewer rows than the manifest says are never taken for the table."""
    _, body = _put(_rows(50_000), shelf)
    _, fewer = _put(_rows(49_999), shelf)
    with pytest.raises(Corrupted, match="49999 rows where its manifest says 50000"):
        FORMAT.read({**body, "packs": fewer["packs"]}, shelf, pl.DataFrame)


def test_dictionaries_are_for_text_that_repeats():
    """Text that repeats is written with a dictionary; identifiers and numbers are not."""
    table = _rows(1_000).with_columns(u=pl.col("id").cast(pl.String)).to_arrow()
    assert choose_encodings(table).words == ("t",)


def test_differences_are_written_of_numbers_that_lie_near_one_another():
    """Counters, times and small numbers; not identifiers that repeat far apart; and of small tables none at all."""
    dice = np.random.default_rng(0)
    rows = pl.DataFrame(
        {
            "counter": range(100_000),
            "a.b": dice.integers(0, 1000, 100_000),
            "customer": dice.integers(0, 2**60, 50)[dice.integers(0, 50, 100_000)],
            "x": dice.standard_normal(100_000),
        }
    ).with_columns(at=pl.datetime(2024, 1, 1) + pl.duration(seconds="counter"), day=pl.date(2024, 1, 1))
    assert choose_encodings(rows.to_arrow()).deltas == ("counter", "a.b", "at")
    assert choose_encodings(rows[:1000].to_arrow()).deltas == ()


@pytest.mark.parametrize(
    "rows",
    [
        pl.DataFrame({"a.b": range(200_000), "a": [{"b": "x"}] * 200_000}),
        pl.DataFrame({"l.list.element": range(200_000), "l": [["x"]] * 200_000}),
        pl.DataFrame({"": range(200_000), "^x$": range(200_000), "é.ü": range(200_000)}),
    ],
)
def test_names_that_could_be_paths_of_nested_fields_are_written_all_the_same(shelf, rows):
    """Parquet names columns by paths with dots, and an encoding for a number is none for a text."""
    written = FORMAT.write(rows, shelf)
    assert FORMAT.read(written.finish(shelf), shelf, pl.DataFrame).equals(rows)


@pytest.mark.parametrize("kind", [pl.DataFrame, pl.LazyFrame])
def test_numbers_of_every_type_come_back_however_they_are_written(shelf, kind):
    """Extremes and nulls of all widths, dates, times and durations, as differences and plain."""
    dice = np.random.default_rng(1)
    count = 40_000
    names = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
    rows = pl.DataFrame(
        {one: dice.integers(np.iinfo(one).min, np.iinfo(one).max, count, one, endpoint=True) for one in names}
    ).with_columns(
        day=pl.col("int16").cast(pl.Int32).cast(pl.Date), hour=(pl.col("uint32").cast(pl.Int64) * 1000).cast(pl.Time),
        at=pl.col("int32").cast(pl.Int64).cast(pl.Datetime("ms", "Europe/Oslo")), 
        ns=pl.col("int64").cast(pl.Datetime("ns")),
        long=pl.col("int32").cast(pl.Int64).cast(pl.Duration("us")), near=pl.int_range(pl.len()) // 3,
    )  # fmt: skip
    rows = rows.with_columns(pl.when(pl.int_range(pl.len()) % 7 == 3).then(None).otherwise(pl.all()).name.keep())
    assert {"near", "int8"} <= set(choose_encodings(rows.to_arrow()).deltas)
    written = FORMAT.write(rows, shelf)
    body = written.finish(shelf)
    assert table_digest(FORMAT.read(body, shelf, kind)) == written.identity == table_digest(rows)
    relation = FORMAT.read(body, shelf, duckdb.DuckDBPyRelation)
    assert relation.aggregate("min(int64), max(uint64), sum(int8), count(near)").fetchall() == [
        (rows["int64"].min(), rows["uint64"].max(), rows["int8"].cast(pl.Int64).sum(), rows["near"].count())
    ]


def test_free_memory_heeds_the_container(tmp_path):
    """The limit of the control group counts where it leaves less than the machine has."""
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal: 99 kB\nMemAvailable:   2000000 kB\n")
    assert free_memory(tmp_path) == 2_048_000_000
    group = tmp_path / "sys/fs/cgroup"
    group.mkdir(parents=True)
    (group / "memory.max").write_text("max\n")
    (group / "memory.current").write_text("5\n")
    assert free_memory(tmp_path) == 2_048_000_000
    (group / "memory.max").write_text("1000\n")
    assert free_memory(tmp_path) == 995
    assert free_memory(tmp_path / "nowhere") > 0
    (tmp_path / "proc/self").mkdir()
    (tmp_path / "proc/self/cgroup").write_text("4:memory:/outer/inner\n0::/own\n")
    for name, limit, used in (("memory/outer", 500, 100), ("memory/outer/inner", 900, 100)):
        group = tmp_path / "sys/fs/cgroup" / name
        group.mkdir(parents=True)
        (group / "memory.limit_in_bytes").write_text(f"{limit}\n")
        (group / "memory.usage_in_bytes").write_text(f"{used}\n")
    assert free_memory(tmp_path) == 400
    (tmp_path / "sys/fs/cgroup/memory/outer/memory.stat").write_text("total_rss 7\ntotal_inactive_file 50\n")
    assert free_memory(tmp_path) == 450
    (tmp_path / "sys/fs/cgroup/own").mkdir()
    (tmp_path / "sys/fs/cgroup/own/memory.max").write_text("300\n")
    (tmp_path / "sys/fs/cgroup/own/memory.current").write_text("10\n")
    assert free_memory(tmp_path) == 290
    assert free_memory() > 0


def test_tables_live_in_a_real_archive(tmp_path):
    """Through store and catalog, inline or not, a table is read back equal in every frame, by its digest."""
    from solvent.engine.project import find_project

    project = find_project(tmp_path)
    try:
        for count in (0, 3, 150_000):
            artifact = project.archive.put(_rows(count).lazy())
            assert artifact.facts == {"rows": count, "columns": 3}
            assert project.archive.put(_rows(count).to_arrow()).digest == artifact.digest
            assert project.archive.get(artifact.digest, pl.LazyFrame).collect().equals(_rows(count))
            assert project.archive.get(artifact.digest).equals(_rows(count))
    finally:
        project.close()
