"""Dumping: plain files hold the same rows, text comes back with its types, and nothing is left half done."""

from __future__ import annotations

import datetime as dt
import decimal
import os

import polars as pl
import pytest

from solvent.config.leaf import plain
from solvent.config.reading.yaml_text import read_yaml
from solvent.data import table_digest
from solvent.data.frames.dumping import dump
from solvent.data.sources import open_source
from solvent.errors import DataError, UsageError

TEXTS = ['a,"b\nc', "", None, " x ", "NA", "007", "\r", "\x00", "=1+1", "'", "\u2028", "😀"]


def every_type() -> pl.DataFrame:
    """A column of each type that text can hold, with nulls and the far ends."""
    berlin = pl.Series([dt.datetime(2020, 10, 25, 0, 30), None, dt.datetime(2020, 10, 25, 1, 30)] * 4)
    counts = pl.Series([1, None, -5] * 4, dtype=pl.Int64)
    return pl.DataFrame({
        "i8": pl.Series([1, None, -128] * 4, dtype=pl.Int8),
        "u64": pl.Series([2**64 - 1, None, 0] * 4, dtype=pl.UInt64),
        "f32": pl.Series([0.1, None, 1.5] * 4, dtype=pl.Float32),
        "f64": pl.Series([0.1 + 0.2, -0.0, 1e-310] * 4),
        "text": TEXTS,
        "bool": [True, None, False] * 4,
        "date": [dt.date(2020, 1, 1), None, dt.date(1, 1, 1)] * 4,
        "time": [dt.time(1, 2, 3, 456), None, dt.time(23, 59, 59, 999_999)] * 4,
        "datetime": [dt.datetime(2020, 1, 1, 1, 2, 3, 4), None, dt.datetime(1900, 1, 1)] * 4,
        "nanos": counts.cast(pl.Datetime("ns")),
        "zoned": berlin.dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/Berlin"),
        "duration": counts.cast(pl.Duration("ms")),
        "money": pl.Series([decimal.Decimal("1.10"), None, decimal.Decimal("-99.99")] * 4, dtype=pl.Decimal(10, 2)),
    })  # fmt: skip


def read_back(folder, name: str) -> pl.DataFrame:
    """The table that the block beside a file gives."""
    problems: list = []
    text = (folder / f"{name}.types.yaml").read_text(encoding="utf-8")
    block = plain(read_yaml(text, "types.yaml", problems))
    assert problems == []
    return open_source(block, folder).read(pl.DataFrame)


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.csv.gz", "t.jsonl.zst", "odd [1]*.csv"])
def test_text_comes_back_with_every_type(tmp_path, name):
    """The block that is written beside pins types, so that the table has the digest that it had."""
    frame = every_type()
    made = dump(frame.lazy(), tmp_path / name, "csv" if "csv" in name else "jsonl")
    assert made.notes == () and made.files == 1 and made.size == (tmp_path / name).stat().st_size
    assert table_digest(read_back(tmp_path, name)) == table_digest(frame)


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_typed_formats_hold_what_text_cannot(tmp_path, kind):
    """Lists, structs, bytes, enums, NaN and columns of nulls come back from Parquet and Arrow."""
    frame = every_type().with_columns(
        l=pl.Series([[1], None, []] * 4, dtype=pl.List(pl.Int32)),
        s=pl.Series([{"a": 1, "b": ["x"]}, None, {"a": None, "b": []}] * 4),
        b=pl.Series([b"\x00\xff", None, b""] * 4),
        e=pl.Series(["u", None, "v"] * 4, dtype=pl.Enum(["u", "v", "w"])),
        n=pl.Series([float("nan"), float("inf"), None] * 4),
        z=pl.Series([None] * 12),
    )
    made = dump(frame.lazy(), tmp_path / f"t.{kind}", kind)
    assert made.types is None and sorted(os.listdir(tmp_path)) == [f"t.{kind}"]
    assert table_digest(open_source(f"t.{kind}", tmp_path).read(pl.DataFrame)) == table_digest(frame)


def test_csv_holds_nan_and_infinity(tmp_path):
    """Floats that are no numbers are told from null."""
    frame = pl.DataFrame({"x": [float("nan"), float("inf"), -float("inf"), None]})
    dump(frame.lazy(), tmp_path / "t.csv", "csv")
    assert table_digest(read_back(tmp_path, "t.csv")) == table_digest(frame)


def test_what_does_not_come_back_is_noted(tmp_path):
    """Types that text only nearly holds are written, and said."""
    frame = pl.DataFrame({
        "e": pl.Series(["u", "v"], dtype=pl.Enum(["u", "v"])), "z": pl.Series([None, None]),
        "h": pl.Series([0.5, 1.0], dtype=pl.Float32).cast(pl.Float16),
    })  # fmt: skip
    made = dump(frame.lazy(), tmp_path / "t.csv", "csv")
    assert [note.split(":")[0] for note in made.notes] == ["column 'e'", "column 'z'", "column 'h'"]
    assert read_back(tmp_path, "t.csv").schema == {"e": pl.String(), "z": pl.String(), "h": pl.Float32()}
    nested = pl.DataFrame({"l": pl.Series([[1]], dtype=pl.List(pl.Int32)), "k": [[1]]})
    (note,) = dump(nested.lazy(), tmp_path / "n.jsonl", "jsonl").notes
    assert note == "column 'l': comes back as JSON has it, not as list"


@pytest.mark.parametrize(
    ("column", "kind", "error"),
    [
        (pl.Series("x", [[1]]), "csv", r"csv cannot hold the columns 'x' \(list\)"),
        (pl.Series("x", [{"a": 1}]), "csv", r"'x' \(struct\)"),
        (pl.Series("x", [b"a"]), "csv", r"'x' \(binary\)"),
        (pl.Series("x", [[b"a"]]), "jsonl", r"jsonl cannot hold the columns 'x' \(list\); export to parquet or arrow"),
        (pl.Series("x", [float("nan")]), "jsonl", "JSON has no NaN and no infinity, and 'x' hold some"),
    ],
)
def test_what_a_format_cannot_hold_is_refused(tmp_path, column, kind, error):
    """The column and its type are named, another format is offered, and nothing is written."""
    with pytest.raises(DataError, match=error):
        dump(column.to_frame().lazy(), tmp_path / f"t.{kind}", kind)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["parquet", "csv", "arrow", "jsonl"])
def test_parts_are_in_order_and_make_the_whole(tmp_path, kind):
    """So many rows in each part, the names in their order, and read as one folder the same table."""
    frame = pl.DataFrame({"id": range(25_000), "x": [n / 7 for n in range(25_000)]})
    made = dump(frame.lazy(), tmp_path / "parts", kind, rows_per_file=10_000)
    names = sorted(one.name for one in (tmp_path / "parts").iterdir())
    assert made.files == 3 and [name.partition(".")[0] for name in names] == ["part-00000", "part-00001", "part-00002"]
    block = {"files": "parts"} if made.types is None else None
    found = read_back(tmp_path, "parts") if block is None else open_source(block, tmp_path).read(pl.DataFrame)
    assert table_digest(found) == table_digest(frame)


@pytest.mark.parametrize("kind", ["parquet", "csv", "arrow"])
@pytest.mark.parametrize("rows", [None, 5])
def test_a_table_without_rows_keeps_its_columns(tmp_path, kind, rows):
    """An empty table is a file with columns, and a folder of parts has one."""
    frame = pl.DataFrame(schema={"id": pl.Int64, "t": pl.String})
    made = dump(frame.lazy(), tmp_path / f"t.{kind}", kind, rows_per_file=rows)
    assert made.files == 1
    found = read_back(tmp_path, f"t.{kind}") if made.types else open_source(f"t.{kind}", tmp_path).read(pl.DataFrame)
    assert found.schema == frame.schema and found.height == 0


def test_hostile_names_come_back(tmp_path):
    """Quotes, line ends, patterns, formulas, an empty name and control signs in columns."""
    names = ['a"b', "c,d", " e ", "f\ng", "", "=1+1", "^x.*$", "*", "#c", "ü", "\x1b[31m", "no", "1e3", "😀"]
    frame = pl.DataFrame({name: [n, n + 1] for n, name in enumerate(names)})
    for kind in ("csv", "jsonl"):
        dump(frame.lazy(), tmp_path / f"t.{kind}", kind)
        assert table_digest(read_back(tmp_path, f"t.{kind}")) == table_digest(frame)
        assert "\x1b" not in (tmp_path / f"t.{kind}.types.yaml").read_text(encoding="utf-8")


def test_rows_that_fail_midway_leave_nothing(tmp_path):
    """An error while rows are written leaves no file, and what was there before stays."""

    def broken(batch: pl.DataFrame) -> pl.DataFrame:
        raise ValueError("broke in the middle")

    frame = pl.DataFrame({"x": range(1_000)}).lazy().map_batches(broken, schema={"x": pl.Int64})
    (tmp_path / "t.csv").write_text("before\n")
    with pytest.raises(Exception, match="broke in the middle"):
        dump(frame, tmp_path / "t.csv", "csv", overwrite=True)
    assert [one.name for one in tmp_path.iterdir()] == ["t.csv"] and (tmp_path / "t.csv").read_text() == "before\n"


def test_parts_are_replaced_by_parts_only(tmp_path):
    """A folder of parts is replaced as a whole; none of the old parts is left among the new."""
    frame = pl.DataFrame({"x": range(100)})
    dump(frame.lazy(), tmp_path / "p", "parquet", rows_per_file=10)
    with pytest.raises(UsageError, match="is there already"):
        dump(frame.lazy(), tmp_path / "p", "parquet", rows_per_file=50)
    assert dump(frame.lazy(), tmp_path / "p", "parquet", rows_per_file=50, overwrite=True).files == 2
    assert sorted(os.listdir(tmp_path / "p")) == ["part-00000.parquet", "part-00001.parquet"]
    assert os.listdir(tmp_path) == ["p"]


def test_many_columns(tmp_path):
    """Five thousand columns are written, pinned and read back."""
    frame = pl.DataFrame({f"c{n}": [n, n + 1] for n in range(5_000)})
    dump(frame.lazy(), tmp_path / "t.csv", "csv")
    assert table_digest(read_back(tmp_path, "t.csv")) == table_digest(frame)
