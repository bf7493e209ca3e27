"""Arrow, Polars and DuckDB: every type that they make is kept, or refused by name."""

from __future__ import annotations

import datetime as dt
import decimal

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from solvent.data import TableFormat, table_digest
from solvent.data.frames.incoming import take
from solvent.errors import DataError, InputError

D = decimal.Decimal
COLUMNS = {
    "int8": pl.Series([-128, None], dtype=pl.Int8),
    "uint64": pl.Series([2**64 - 1, None], dtype=pl.UInt64),
    "float16": pl.Series([1.5, None], dtype=pl.Float16),
    "float32": pl.Series([float("nan"), None], dtype=pl.Float32),
    "decimal": pl.Series([D("1.50"), None], dtype=pl.Decimal(10, 2)),
    "enum": pl.Series(["a;ü", None], dtype=pl.Enum(["b", "a;ü"])),
    "date": pl.Series([dt.date(1, 1, 1), None]),
    "duration": pl.Series([dt.timedelta(-1), None], dtype=pl.Duration("ms")),
    "time": pl.Series([dt.time(23, 59, 59, 999999), None]),
    "zoned": pl.Series([dt.datetime(2020, 1, 1), None], dtype=pl.Datetime("ns")).dt.replace_time_zone("Europe/Berlin"),
    "millis": pl.Series([dt.datetime(9999, 12, 31), None], dtype=pl.Datetime("ms")),
    "list": pl.Series([[1, None], None]),
    "array": pl.Series([[1, 2], None], dtype=pl.Array(pl.Int32, 2)),
    "struct": pl.Series([{"a": 1, "b": "x"}, None]),
    "binary": pl.Series([b"\0x", None]),
    "null": pl.Series([None, None]),
    "bool": pl.Series([True, None]),
    "list of enums": pl.Series([["a"], None], dtype=pl.List(pl.Enum(["a"]))),
    "deep": pl.Series([[{"a": [None, "x"]}], None], dtype=pl.List(pl.Struct({"a": pl.List(pl.String)}))),
    "text": pl.Series(["ü😀\0", None]),
}


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("rows", [0, 1, 2])
@pytest.mark.parametrize(
    "wanted", [pl.DataFrame, pl.LazyFrame, pa.Table, pa.RecordBatchReader, ds.Dataset, pa.RecordBatch]
)
def test_every_type_survives_every_frame(name, rows, wanted, shelf):
    """Each type, with nulls and without rows, is the same table live and read back through each frame."""
    frame = COLUMNS[name].alias(name).to_frame().head(rows)
    written = TableFormat().write(frame, shelf)
    body = written.body or written.finish(shelf)
    assert table_digest(written.keep(wanted)) == written.identity
    back = TableFormat().read(body, shelf, wanted)
    assert table_digest(back) == written.identity
    assert TableFormat().read(body, shelf, pl.DataFrame).equals(frame, null_equal=True) or "float32" in name


def test_what_is_not_canonical_becomes_so(shelf):
    """A categorical reads as text, 128-bit integers as decimals, wherever they stand."""
    frame = pl.DataFrame(
        {
            "c": pl.Series(["a", None], dtype=pl.Categorical),
            "l": pl.Series([["a"], None], dtype=pl.List(pl.Categorical)),
            "i": pl.Series([2**100, None], dtype=pl.Int128),
        }
    )
    back = TableFormat().write(frame, shelf).keep(pl.DataFrame)
    assert back.dtypes == [pl.String, pl.List(pl.String), pl.Decimal(38, 0)]
    assert back.rows() == [("a", ["a"], D(2**100)), (None, None, None)]


PAIRS = pl.List(pl.Struct({"key": pl.String, "value": pl.Int64}))
RUNS = pa.RunEndEncodedArray.from_arrays(pa.array([1, 2], pa.int32()), pa.array([5, None], pa.int64()))
ARROW = {
    "timestamp[s]": (pa.array([1, None], pa.timestamp("s")), pl.Datetime("ms")),
    "date64": (pa.array([86_400_000, None], pa.date64()), pl.Date()),
    "time32": (pa.array([1, None], pa.time32("s")), pl.Time()),
    "decimal32": (pa.array([D("1.5"), None], pa.decimal32(5, 1)), pl.Decimal(5, 1)),
    "small decimal256": (pa.array([D("1.5"), None], pa.decimal256(20, 1)), pl.Decimal(20, 1)),
    "fixed binary": (pa.array([b"abcd", None], pa.binary(4)), pl.Binary()),
    "view": (pa.array(["a", None], pa.string_view()), pl.String()),
    "list view": (pa.array([[1], None], pa.list_view(pa.int8())), pl.List(pl.Int8)),
    "map": (pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())), PAIRS),
    "runs": (RUNS, pl.Int64()),
    "dictionary of numbers": (pa.array([5, None]).dictionary_encode(), pl.Int64()),
    "uuid": (pa.array([b"0123456789abcdef", None], pa.uuid()), pl.Binary()),
}  # fmt: skip


@pytest.mark.parametrize("name", ARROW)
def test_arrow_types_that_polars_lacks_become_the_nearest(name):
    """Arrow's further types are kept without loss in the type that holds their values."""
    array, dtype = ARROW[name]
    made = TableFormat().write(pa.table({"c": array}), _Nowhere()).keep(pl.DataFrame)
    assert made.schema["c"] == dtype
    assert made["c"].null_count() == 1


class _Nowhere:
    def blob(self, data):
        return "0" * 64

    def near(self, format):
        return []


MONTHS, WIDE = pa.month_day_nano_interval(), pa.decimal256(60, 0)
REFUSED = {
    "doubled": (lambda: pa.table([[1], [2]], names=["a", "a"]), "more than one column called 'a'"),
    "interval": (lambda: pa.table({"c": pa.array([(1, 2, 3)], MONTHS)}), "column 'c' has the Arrow type"),
    "wide decimal": (lambda: pa.table({"c": pa.array([D(1)], WIDE)}), "column 'c' holds decimals of 60"),
    "inside": (lambda: pa.table({"c": pa.array([{"x": D(1)}], pa.struct([("x", WIDE)]))}), "column 'c' holds decimals"),
    "objects": (lambda: pl.DataFrame({"c": pl.Series([object()], dtype=pl.Object)}), "column 'c' holds Python objects"),
    "huge integer": (lambda: pl.DataFrame({"c": pl.Series([10**38], dtype=pl.Int128)}), r"column 'c' \(Int128\)"),
    "no fields": (lambda: pl.DataFrame({"c": [{}]}), "column 'c' holds structs without any field"),
    "relation": (lambda: duckdb.connect().sql("select interval 1 month as c"), "column 'c' has the Arrow type"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_table_keeps_is_refused(name):
    """Types without a place, and columns of one name, are refused with the column's name."""
    make, text = REFUSED[name]
    with pytest.raises(DataError, match=text):
        table_digest(make())


def test_duckdb_both_ways(shelf):
    """A relation is carried out once, and a stored table comes back as one that reads only what is asked for."""
    connection = duckdb.connect()
    frame = pl.DataFrame({"a": range(10), "t": [str(i) for i in range(10)], "weird \"name'": [None] * 9 + [1.5]})
    relation = connection.from_arrow(frame.to_arrow()).filter("a >= 5")
    written = TableFormat().write(relation, shelf)
    assert written.identity == table_digest(frame[5:])
    body = written.body or written.finish(shelf)
    for back in (written.keep(duckdb.DuckDBPyRelation), TableFormat().read(body, shelf, duckdb.DuckDBPyRelation)):
        assert back.filter("a > 8").fetchall() == [(9, "9", 1.5)]


def test_a_table_is_no_dictionary(shelf):
    """Asked for as something that is no frame, a table says what it can be read as."""
    written = TableFormat().write(pl.DataFrame({"a": [1]}), shelf)
    with pytest.raises(InputError, match=r"cannot be read as dict; ask for one of polars\.DataFrame"):
        written.keep(dict)


@pytest.mark.parametrize("zone", ["+05:30", "Z", "+0530", "UTC+1", "Mars/Phobos"])
def test_instants_of_a_zone_that_polars_lacks_are_kept_in_utc(zone, tmp_path):
    """Arrow's numbers are instants whatever the zone is called: as tables, in files, in lists, and of pandas."""
    from solvent.data.sources import open_source

    moments = pa.array([0, None, 3_600_000_000], pa.timestamp("us", zone))
    table = pa.table({"t": moments, "l": pa.array([[0], None, []], pa.list_(pa.timestamp("us", zone)))})
    same = pl.DataFrame({"t": [0, None, 3_600_000_000], "l": [[0], None, []]}).cast(
        {"t": pl.Datetime("us", "UTC"), "l": pl.List(pl.Datetime("us", "UTC"))}
    )
    assert table_digest(table) == table_digest(table.to_reader()) == table_digest(same)
    pq.write_table(table, tmp_path / "a.parquet")
    with pa.ipc.new_file(tmp_path / "a.arrow", table.schema) as file:
        file.write_table(table)
    for name in ("a.parquet", "a.arrow"):
        assert open_source(name, tmp_path).read(pl.DataFrame).equals(same)


def test_pandas_moments_of_half_hour_zones_are_kept_in_utc():
    """pandas makes such a zone of any text that says one."""
    frame = pd.DataFrame({"t": pd.to_datetime(["2024-01-01T00:00:00+05:30", None])})
    unit = str(frame["t"].dtype)[len("datetime64[") :][:2]
    same = pl.DataFrame({"t": [dt.datetime(2023, 12, 31, 18, 30, tzinfo=dt.UTC), None]})
    assert table_digest(frame) == table_digest(same.cast({"t": pl.Datetime(unit, "UTC")}))
    objects = pd.DataFrame({"t": pd.Series([frame["t"][0], None], dtype=object)})
    assert table_digest(objects) == table_digest(same)


@pytest.mark.parametrize("kind", [pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns")])
def test_what_is_no_time_of_a_day_is_named_and_not_null(kind, tmp_path):
    """As a table, deep inside, and in files, whose statistics spare the look where all is well."""
    from solvent.data.sources import open_source

    parts = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[kind.unit]
    good, bad = pa.array([86_400 * parts - 1, 0, None], kind), pa.array([5, 86_400 * parts], kind)
    deep = pa.StructArray.from_arrays([pa.ListArray.from_arrays([0, 1, 2], bad)], ["f"])
    for column in (bad, deep):
        with pytest.raises(DataError, match="column 'c' holds 24:00:00"):
            table_digest(pa.table({"c": column}))
    pq.write_table(pa.table({"c": good}), tmp_path / "good.parquet")
    assert open_source("good.parquet", tmp_path).read(pl.DataFrame)["c"].null_count() == 1
    pq.write_table(pa.table({"c": bad}), tmp_path / "bad.parquet")
    pq.write_table(pa.table({"c": bad}), tmp_path / "bare.parquet", write_statistics=False)
    with pa.ipc.new_file(tmp_path / "bad.arrow", pa.schema({"c": kind})) as file:
        file.write_table(pa.table({"c": bad}))
    for name in ("bad.parquet", "bare.parquet", "bad.arrow"):
        with pytest.raises(InputError, match=rf"{name}: column 'c' holds 24:00:00.*types: {{c: text}}"):
            open_source(name, tmp_path).read(pl.DataFrame)


def test_times_and_zones_deep_inside_are_looked_at_where_they_count():
    """In maps and lists of a fixed size, too; what lies under a null struct is in no row."""
    seconds = pa.array([0, 86_400], pa.int32()).view(pa.time32("s"))
    hidden = pa.StructArray.from_arrays([seconds], ["a"], mask=pa.array([False, True]))
    assert take(pa.table({"c": hidden})).frame["c"].to_list() == [{"a": dt.time(0)}, None]
    good = pa.array([[("k", 1)]], pa.map_(pa.string(), pa.time32("s")))
    assert take(pa.table({"c": good})).frame["c"].to_list() == [[{"key": "k", "value": dt.time(0, 0, 1)}]]
    for bad in (
        pa.MapArray.from_arrays([0, 2], pa.array(["a", "b"]), seconds),
        pa.FixedSizeListArray.from_arrays(seconds, 2),
    ):
        with pytest.raises(DataError, match="column 'c' holds 24:00:00"):
            table_digest(pa.table({"c": bad}))
    zone, epoch = pa.timestamp("us", "-05:30"), dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    assert take(pa.table({"c": pa.array([[0, 0]], pa.list_(zone, 2))})).frame["c"].to_list() == [[epoch, epoch]]
    mapped = take(pa.table({"c": pa.array([[("k", 0)]], pa.map_(pa.string(), zone))})).frame["c"].to_list()
    assert mapped == [[{"key": "k", "value": epoch}]]
