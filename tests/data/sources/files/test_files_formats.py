"""Formats: every layout of rows that files have in the wild, with the options for what the defaults guess wrong."""

from __future__ import annotations

import bz2
import contextlib
import datetime as dt
import json
import lzma
import sqlite3
from decimal import Decimal

import polars as pl
import pytest

from solvent.data.sources import open_source
from solvent.errors import InputError

GEO = {
    "type": "FeatureCollection",
    "metadata": {"count": 2, "title": "[{"},
    "features": [
        {"type": "Feature", "properties": {"mag": 1, "ids": ["a", "b"]}, "geometry": {"coordinates": [1.5, 2, 3]}},
        {"type": "Feature", "properties": {"mag": 2.5, "place": "ü"}, "geometry": None},
    ],
    "bbox": [1, 2],
}


def _read(spec, folder) -> pl.DataFrame:
    return open_source(spec, folder).read(pl.DataFrame)


@pytest.mark.parametrize("indent", [None, 2])
def test_objects_inside_of_an_object(indent, write_files, tmp_path):
    """The features of GeoJSON are rows, nested as they are, however the file is laid out."""
    write_files(tmp_path, {"a.geojson": json.dumps(GEO, indent=indent)})
    found = _read("a.geojson", tmp_path)
    assert found["properties"].to_list() == [
        {"mag": 1.0, "ids": ["a", "b"], "place": None},
        {"mag": 2.5, "ids": None, "place": "ü"},
    ]
    assert found["geometry"].to_list() == [{"coordinates": [1.5, 2.0, 3.0]}, None]
    assert open_source("a.geojson", tmp_path).found()["findings"][0]["text"] == "the rows are taken from 'features'"


def test_the_path_to_the_rows_can_be_said(write_files, tmp_path):
    """`rows: a.b` goes through objects to a list; a path that is not there is an error that names it."""
    write_files(tmp_path, {"a.json": '{"x": [{"q": 1}], "a": {"c": 1, "b": [{"v": 1},\n {"v": 2}]}}'})
    assert _read({"files": "a.json", "rows": "a.b"}, tmp_path).rows() == [(1,), (2,)]
    assert _read({"files": "a.json", "rows": "x"}, tmp_path).to_dicts() == [{"q": 1}]
    for path, said in (("a.z", "there is no 'a.z'"), ("a.c", "'a.c' is no list"), ("z", "there is no 'z'")):
        with pytest.raises(InputError, match=said):
            _read({"files": "a.json", "rows": path}, tmp_path)


def test_other_layouts_of_json(write_files, tmp_path):
    """One object is one row, objects one after another are rows, and so is a list without any."""
    write_files(tmp_path, {"1.json": '{"a": 1, "b": {"c": [1]}}', "2.json": '{"a": 1}\n{"a": 2}\n', "3.json": "[]"})
    assert _read("1.json", tmp_path).to_dicts() == [{"a": 1, "b": {"c": [1]}}]
    assert _read("2.json", tmp_path).to_dicts() == [{"a": 1}, {"a": 2}]
    assert _read("3.json", tmp_path).shape == (0, 0)
    write_files(tmp_path, {"4.jsonl": '\ufeff{"a": 1}\r\n\r\n{"b": "x"}'})
    assert _read("4.jsonl", tmp_path).to_dicts() == [{"a": 1, "b": None}, {"a": None, "b": "x"}]


def test_json_values_of_several_kinds_are_text(write_files, tmp_path):
    """A number beside text, a list beside an object: the column is what stands there, recorded; nothing is lost."""
    lines = ['{"a": 1, "b": [1], "c": true, "d": {"x": 1}}', '{"a": "x", "b": {"k": 1}, "c": 0, "d": {"x": "y"}}']
    write_files(tmp_path, {"a.jsonl": "\n".join(lines)})
    assert _read("a.jsonl", tmp_path).to_dicts() == [
        {"a": "1", "b": "[1]", "c": "true", "d": {"x": "1"}},
        {"a": "x", "b": '{"k": 1}', "c": "0", "d": {"x": "y"}},
    ]


def test_json_in_pieces_is_one_table(monkeypatch, write_files, tmp_path):
    """Types that only later pieces show hold for all: fields, fractions, text."""
    monkeypatch.setattr("solvent.data.sources.files.text.elements._PIECE", 10)
    rows = [
        {"a": 1, "s": {"x": 1}, "l": [1]},
        {"a": 1.5, "s": {"y": "z"}, "l": None},
        {"b": None, "l": [0.5]},
        {"a": 2},
    ]
    write_files(tmp_path, {"a.json": json.dumps(rows, indent=1)})
    found = _read("a.json", tmp_path)
    assert found["a"].to_list() == [1.0, 1.5, None, 2.0]
    assert found["s"].to_list() == [{"x": 1, "y": None}, {"x": None, "y": "z"}, None, None]
    assert found["l"].to_list() == [[1.0], None, [0.5], None]


def test_a_sheet_by_its_name(write_workbook, tmp_path):
    """The first sheet, or the one that is said; dates are dates, money as text stays text."""
    sheets = {
        "First": [["a"], [1]],
        "Prices": [["id", "price", "day", "n"], [1, "$1,715.0", dt.date(2020, 1, 2), 1], [2, None, None, 2.5]],
    }
    write_workbook(tmp_path / "a.xlsx", sheets)
    assert _read("a.xlsx", tmp_path).rows() == [(1,)]
    assert open_source("a.xlsx", tmp_path).found()["findings"][0]["text"] == "the first of 2 sheets is read: 'First'"
    found = _read({"files": "a.xlsx", "sheet": "Prices"}, tmp_path)
    assert found.rows() == [(1, "$1,715.0", dt.date(2020, 1, 2), 1.0), (2, None, None, 2.5)]
    with pytest.raises(InputError, match=r"a\.xlsx has no sheet 'Price'\. Did you mean 'Prices'\?"):
        _read({"files": "a.xlsx", "sheet": "Price"}, tmp_path)
    spec = {"files": "a.xlsx", "sheet": "Prices", "types": {"n": "int64"}}
    with pytest.raises(InputError, match=r"a\.xlsx cannot be read as excel: row 2, column 'n': 2\.5 is no Int64"):
        _read(spec, tmp_path)
    write_workbook(tmp_path / "b.xlsx", {"S": [[1, "x"], [2, "y"]]})
    assert _read({"files": "b.xlsx", "header": ["n", "t"]}, tmp_path).rows() == [(1, "x"), (2, "y")]


def test_packed_in_other_ways(write_files, tmp_path):
    """bz2 and xz are unpacked as gz and zst are."""
    write_files(tmp_path, {"a.csv.bz2": bz2.compress(b"a\n1\n"), "b.csv.xz": lzma.compress(b"a\n2\n")})
    assert _read("*", tmp_path)["a"].to_list() == [1, 2]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16-le", "utf-16", "utf-32", "shift-jis"])
def test_encodings_that_are_said(encoding, write_files, tmp_path):
    """Text in any encoding that Python knows, also where a chunk ends in the middle of a sign."""
    word = "日本" if encoding == "shift-jis" else "Grüße"
    write_files(
        tmp_path, {"a.csv": f"n,t\n1,{word}\n".encode(encoding), "a.jsonl": f'{{"t":"{word}"}}\n'.encode(encoding)}
    )
    assert _read({"files": "a.csv", "encoding": encoding}, tmp_path).rows() == [(1, word)]
    assert _read({"files": "a.jsonl", "encoding": encoding}, tmp_path).rows() == [(word,)]


def test_an_encoding_that_a_mark_tells(write_files, tmp_path):
    """UTF-16 with a byte order mark needs no word, and is reported as guessed."""
    write_files(tmp_path, {"a.csv": "n;t\n1;ä\n".encode("utf-16")})
    assert _read("a.csv", tmp_path).rows() == [(1, "ä")]
    assert "encoding" in open_source("a.csv", tmp_path).found()["guessed"]


def test_dates_written_in_other_ways(write_files, tmp_path):
    """`formats` says how; without it only ISO 8601 is read, since 01/02 is two days."""
    write_files(tmp_path, {"a.csv": "day,at,z\n31.12.2020,12/31/20 23:59,2020-01-01 00:00 +0200\n,,\n"})
    spec = {"files": "a.csv", "types": {"day": "date", "at": "datetime", "z": "datetime[us, UTC]"}}
    formats = {"day": "%d.%m.%Y", "at": "%m/%d/%y %H:%M", "z": "%Y-%m-%d %H:%M %z"}
    found = _read({**spec, "formats": formats}, tmp_path)
    assert found.row(0) == (
        dt.date(2020, 12, 31),
        dt.datetime(2020, 12, 31, 23, 59),
        dt.datetime(2019, 12, 31, 22, tzinfo=dt.UTC),
    )
    with pytest.raises(InputError, match=r"line 2, column 'day': '31\.12\.2020' is no Date\. .*formats: \{day: "):
        _read(spec, tmp_path)


def test_times_with_and_without_zones(write_files, tmp_path):
    """A zone in the text counts; without one the time is that of the pinned zone; a naive pin refuses a zone."""
    write_files(
        tmp_path, {"a.csv": "z\n2020-07-01T00:00:00Z\n2020-07-01 00:00\n2020-07-01T00:00:00.5-05:00\n2020-07-01\n"}
    )
    found = _read({"files": "a.csv", "types": {"z": "datetime[ms, Europe/Berlin]"}}, tmp_path)["z"]
    assert found.dt.convert_time_zone("UTC").dt.strftime("%dT%H:%M:%S%.3f").to_list() == [
        "01T00:00:00.000", "30T22:00:00.000", "01T05:00:00.500", "30T22:00:00.000",
    ]  # fmt: skip
    with pytest.raises(InputError, match=r"line 2, column 'z': '2020-07-01T00:00:00Z' is no Datetime"):
        _read({"files": "a.csv", "types": {"z": "datetime"}}, tmp_path)


def test_truth_is_spelt_in_many_ways(write_files, tmp_path):
    """A pinned bool takes t and f, yes and no, 1 and 0; by itself only true and false are guessed."""
    write_files(tmp_path, {"a.csv": "a,b,c\nt,1,True\nf,0,FALSE\n,,\n"})
    assert _read("a.csv", tmp_path).dtypes == [pl.String, pl.Int64, pl.Boolean]
    found = _read({"files": "a.csv", "types": {"a": "bool", "b": "bool"}}, tmp_path)
    assert found.rows() == [(True, True, True), (False, False, False), (None, None, None)]


def test_money_and_per_cent_stay_text(write_files, tmp_path):
    """A sign beside a number is part of the value: nothing is stripped."""
    write_files(tmp_path, {"a.csv": 'a,b,c\n90%,"$1,715.0", 5\n'})
    assert _read("a.csv", tmp_path).rows() == [("90%", "$1,715.0", " 5")]


def test_quotes_can_be_plain_text(write_files, tmp_path):
    """`quote: ''` takes every sign as it is; else a quote inside of a field is text, too, and recorded."""
    write_files(tmp_path, {"a.tsv": 't\tn\n"Hello there\t1\nit"s\t2\n', "b.tsv": 't\tn\nit"s\t2\n'})
    assert _read({"files": "a.tsv", "quote": ""}, tmp_path)["t"].to_list() == ['"Hello there', 'it"s']
    with pytest.raises(InputError, match=r"a\.tsv line 2: the quote that opens the field .* say quote: ''"):
        _read("a.tsv", tmp_path)
    assert _read("b.tsv", tmp_path)["t"].to_list() == ['it"s']
    assert open_source("b.tsv", tmp_path).found()["findings"][0]["kind"] == "stray quote"


def test_line_ends_of_every_kind(write_files, tmp_path):
    """Windows, old Macintosh and mixed: the rows are the same, and a mixture is recorded."""
    write_files(tmp_path, {"a.csv": "a,b\r1,x\r2,y\r", "b.csv": "a,b\r\n1,x\n2,y\r\n"})
    assert _read("a.csv", tmp_path).rows() == _read("b.csv", tmp_path).rows() == [(1, "x"), (2, "y")]
    (finding,) = open_source("b.csv", tmp_path).found()["findings"]
    assert (finding["kind"], finding["file"]) == ("mixed line ends", "b.csv")


def test_a_lazy_frame_reads_what_is_asked(write_files, tmp_path):
    """Limits, columns, filters and the bare number of rows, over files of several formats."""
    write_files(
        tmp_path,
        {"1.csv": "a,b\n1,x\n2,y\n", "2.parquet": pl.DataFrame({"a": [3], "b": ["z"]}), "k=5/3.jsonl": '{"a":4}\n'},
    )
    lazy = open_source(["*.*", "k=5"], tmp_path).read(pl.LazyFrame)
    assert lazy.select(pl.len()).collect().item() == 4
    assert lazy.filter(pl.col("a") > 1).select("b", "k").collect().rows() == [("y", None), ("z", None), (None, 5)]
    assert lazy.head(3).collect()["a"].to_list() == [1, 2, 3]
    assert lazy.select("k").collect()["k"].to_list() == [None, None, None, 5]
    assert lazy.collect_schema() == {"a": pl.Int64, "b": pl.String, "k": pl.Int64}


@pytest.mark.parametrize(
    "last",
    ['{"a":1.5,"b":"x"}', '{"a":1,"c":2}', '{"a":1,"b":"\\":"}', '{"a":null,"b":null}', "{}", '{"b":"x","a":true}'],
)
def test_json_lines_in_pieces_are_what_they_are_in_one(last, monkeypatch, write_files, tmp_path):
    """A last line of any kind gives the same types and rows, whether it comes in a piece of its own or not."""
    write_files(tmp_path, {"a.jsonl": '{"a":1,"b":"x"}\n' * 200 + last + "\n"})
    whole = open_source("a.jsonl", tmp_path).read(pl.DataFrame)
    monkeypatch.setattr("solvent.data.sources.files.text.decoding.read_chunks.__defaults__", (100,))
    assert open_source("a.jsonl", tmp_path).read(pl.DataFrame).equals(whole)
    assert whole.height == 201


def test_many_small_files_are_one_scan(write_files, tmp_path):
    """A hundred files are read by one source, in their order, with the same rows as a few."""
    write_files(tmp_path, {f"{n:03}.csv": f"a,b\n{n},x\n" for n in range(100)})
    lazy = open_source("*.csv", tmp_path).read(pl.LazyFrame)
    assert lazy.explain().count("SCAN") == 1
    assert lazy.collect()["a"].to_list() == list(range(100))
    assert open_source("00*.csv", tmp_path).read(pl.DataFrame)["a"].to_list() == list(range(10))


def test_blanks_around_fields_are_none_of_theirs_if_that_is_said(tmp_path):
    """With ``trim`` numbers after a blank are numbers, ``?`` is null, blanks alone are null, quoted nothing is text."""
    (tmp_path / "adult.csv").write_text('age, work , pay\n39, State-gov , 77516\n50, ?,  \n , a b ,7\n9,"",8\n')
    source = open_source({"files": "adult.csv", "trim": True, "null": "?"}, tmp_path)
    wanted = {"age": [39, 50, None, 9], "work": ["State-gov", None, "a b", ""], "pay": [77516, None, 7, 8]}
    assert source.read(pl.DataFrame).to_dict(as_series=False) == wanted
    assert source.read(pl.LazyFrame).select("pay", "age").collect().to_dict(as_series=False) == {
        "pay": wanted["pay"], "age": wanted["age"]
    }  # fmt: skip
    pinned = open_source({"files": "adult.csv", "trim": True, "null": "?", "types": {"pay": "int16"}}, tmp_path)
    with pytest.raises(InputError, match="line 2, column 'pay': '77516' is no Int16"):
        pinned.read(pl.DataFrame)
    as_it_stands = open_source("adult.csv", tmp_path).read(pl.DataFrame)
    assert as_it_stands[" work "].to_list() == [" State-gov ", " ?", " a b ", ""]


@pytest.mark.parametrize("way", ["file", "stream", "parquet"])
def test_arrow_types_that_polars_lacks_are_read_all_the_same(way, tmp_path):
    """Run-end encoded columns, list views and wide decimals; an Arrow stream is read as a file is; nothing panics."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    views = pa.array([[1, 2], None, [3]], pa.list_view(pa.int64()))
    wide = pa.array([Decimal("1.50"), None, Decimal("2.25")], pa.decimal256(20, 2))
    columns = {"views": views, "wide": wide, "plain": pa.array(["a", "b", None])}
    if way != "parquet":
        columns["runs"] = pc.run_end_encode(pa.array([7, 7, None]))
    table = pa.table(columns)
    name = tmp_path / ("x.parquet" if way == "parquet" else "x.arrow")
    if way == "parquet":
        pq.write_table(table, name)
    else:
        make = pa.ipc.new_file if way == "file" else pa.ipc.new_stream
        with make(name, table.schema) as writer:
            writer.write_table(table)
    for wanted in (pl.DataFrame, pl.LazyFrame):
        made = open_source({"files": name.name}, tmp_path).read(wanted).lazy()
        found = made.collect()
        assert found["views"].to_list() == [[1, 2], None, [3]] and found["plain"].to_list() == ["a", "b", None]
        assert found["wide"].to_list() == [Decimal("1.50"), None, Decimal("2.25")]
        assert way == "parquet" or found["runs"].to_list() == [7, 7, None]
        assert (
            made.filter(pl.col("plain") == "b").select("wide").collect().height == 1
            and made.head(2).collect().height == 2
        )


@pytest.mark.parametrize("kind", ["interval", "union", "decimal"])
def test_arrow_types_that_no_table_has_are_told_by_file_and_column(kind, tmp_path):
    """With what to do, and without a panic."""
    import pyarrow as pa

    arrays = {
        "interval": lambda: pa.array([(1, 2, 3)], pa.month_day_nano_interval()),
        "union": lambda: pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1]), pa.array(["a"])]),
        "decimal": lambda: pa.array([Decimal("1.5")], pa.decimal256(50, 2)),
    }
    table = pa.table({"odd": arrays[kind]()})
    with pa.ipc.new_file(tmp_path / "x.arrow", table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(InputError, match=r"x\.arrow: column 'odd' (has the Arrow type|holds decimals of 50 digits)"):
        open_source({"files": "x.arrow"}, tmp_path).read(pl.DataFrame)


@pytest.mark.parametrize("kind", ["arrow stream", "json", "trimmed csv", "database"])
def test_a_query_that_needs_no_column_has_all_rows(tmp_path, kind):
    """Of whatever is read batch by batch; a filter and a limit count in the rows."""
    table = pl.DataFrame({"a": [1, 2, 3]})
    if kind == "arrow stream":
        table.write_ipc_stream(tmp_path / "x.arrow")
        spec = {"files": "x.arrow"}
    elif kind == "json":
        table.write_json(tmp_path / "x.json")
        spec = {"files": "x.json"}
    elif kind == "trimmed csv":
        table.write_csv(tmp_path / "x.csv")
        spec = {"files": "x.csv", "trim": True}
    else:
        with contextlib.closing(sqlite3.connect(tmp_path / "x.db")) as made, made:
            made.execute("CREATE TABLE t (a INTEGER PRIMARY KEY)")
            made.executemany("INSERT INTO t VALUES (?)", table.rows())
        spec = {"database": f"sqlite:///{tmp_path}/x.db", "table": "t"}
    frame = open_source(spec, tmp_path).read(pl.LazyFrame)
    numbered = frame.with_row_index().select("index")
    assert numbered.collect()["index"].to_list() == [0, 1, 2]
    assert frame.filter(pl.col("a") > 1).with_row_index().select("index").collect().height == 2
    assert numbered.head(2).collect().height == 2
    assert frame.select(pl.len()).collect().item() == 3


def test_numbers_within_lists_and_objects_of_a_mixed_column_are_text_as_they_are_written(tmp_path):
    """More digits than any type holds, a trailing nought, and an exponent beyond every float."""
    digits = "1" * 45
    inner = f'{{"b": [1.50, "x\\u00fc", 1e999, {digits}, null, true, {{}}]}}'
    (tmp_path / "x.jsonl").write_text(f'{{"a": {inner}, "n": {digits}}}\n{{"a": "s", "n": {digits}}}\n')
    made = _read({"files": "x.jsonl"}, tmp_path)
    assert made["a"].to_list() == [inner.replace("\\u00fc", "ü"), "s"]
    assert made["n"].to_list() == [digits, digits]


@pytest.mark.parametrize(
    ("written", "pin", "value"),
    [
        ("1234567890123456.78", "decimal(38,2)", Decimal("1234567890123456.78")),
        ("0.1234567890123456789", "decimal(38,19)", Decimal("0.1234567890123456789")),
        ("123456789012345678.12", "decimal(38,2)", Decimal("123456789012345678.12")),
        ("1.10", "text", "1.10"), ("0.1234567890123456789", "text", "0.1234567890123456789"),
    ],
)  # fmt: skip
def test_a_pinned_fraction_of_json_is_what_is_written(tmp_path, written, pin, value):
    """Not the float that is nearest to it; a CSV of the same has the same value."""
    (tmp_path / "x.jsonl").write_text(f'{{"x": {written}, "n": 1}}\n{{"x": null, "n": 2}}\n')
    (tmp_path / "x.csv").write_text(f"x,n\n{written},1\n,2\n")
    for name in ("x.jsonl", "x.csv"):
        assert _read({"files": name, "types": {"x": pin}}, tmp_path)["x"].to_list() == [value, None]


@pytest.mark.parametrize(
    "rows",
    [
        ['{"id": 9007199254740993}', '{"id": 1.5}'], ["[9007199254740993, 1.5]"], ['{"id": 18446744073709551615}'],
        ["[123456789012345678901234567890]"], ["{}"], ["{}", "{}"], ["[{}]"],
    ],
)  # fmt: skip
def test_what_no_type_holds_deep_in_json_is_text_as_it_is_written(tmp_path, rows):
    """Whole numbers that a fraction would round or that have too many digits, and objects without any key."""
    (tmp_path / "x.jsonl").write_text("".join(f'{{"a": 1, "s": {row}}}\n' for row in rows))
    source = open_source({"files": "x.jsonl"}, tmp_path)
    assert source.read(pl.DataFrame)["s"].to_list() == rows
    (finding,) = source.survey().parts[0].findings
    assert finding["kind"] == "mixed" and finding["column"] == "s"


def test_numbers_deep_in_json_that_fit_stay_numbers(tmp_path):
    """Small whole numbers beside fractions, and large ones by themselves."""
    (tmp_path / "x.jsonl").write_text('{"s": [1, 1.5], "t": {"id": 9007199254740993}}\n')
    made = _read({"files": "x.jsonl"}, tmp_path)
    assert made.rows() == [([1.0, 1.5], {"id": 9007199254740993})]


@pytest.mark.parametrize("text", ["", "[]"])
def test_an_empty_file_of_json_has_the_pinned_columns(tmp_path, text):
    """As after an export of a table without rows: the next day's file has some."""
    (tmp_path / "x.json").write_text(text or "[]")
    (tmp_path / "x.jsonl").write_text("" if not text else "\n")
    for name in ("x.json", "x.jsonl"):
        made = _read({"files": name, "types": {"a": "int64", "b": "text"}}, tmp_path)
        assert made.schema == {"a": pl.Int64, "b": pl.String} and made.height == 0


SHEETS = {
    "text among numbers": ([["id", "x"], [1, 3], [2, "n/a"]], {}, {"x": ["3", "n/a"]}, [("mixed", 3, "x")]),
    "text that means null": ([["id", "x"], [1, 3], [2, "n/a"]], {"null": ["n/a"]}, {"x": [3, None]}, []),
    "pinned text": ([["id", "x"], [1, 3], [2, "NA"]], {"types": {"x": "text"}}, {"x": ["3", "NA"]}, None),
    "pinned money": ([["id", "x"], [1, 1.1], [2, 3]], {"types": {"x": "decimal(9,2)"}},
                     {"x": [Decimal("1.10"), Decimal("3.00")]}, []),
    "a truth among numbers": ([["x"], [True], [3]], {}, {"x": ["true", "3"]}, [("mixed", 2, "x")]),
    "errors": ([["id", "x"], [1, "#DIV/0!"], [2, 4.5]], {}, {"x": [None, 4.5]}, [("error cell", 2, "x")]),
    "errors alone": ([["id", "x"], [1, "#REF!"]], {}, {"x": [None]}, [("error cell", 2, "x")]),
    "what a formula gives for nothing": ([["id", "x"], [1, ""], [2, 4]], {}, {"x": [None, 4]}, []),
    "empty text among texts": ([["id", "x"], [1, ""], [2, "a"]], {}, {"x": ["", "a"]}, []),
    "blank rows": ([["id", "x"], [1, 3], [None, None], [2, 4]], {}, {"id": [1, 2], "x": [3, 4]}, []),
    "a title above": ([["Report", None], ["id", "x"], [1, 3]], {"skip": 1}, {"id": [1], "x": [3]}, []),
    "another header": ([["Report", None], ["id", "x"], [1, 3]], {"skip": 2, "header": ["p", "q"]},
                       {"p": [1], "q": [3]}, []),
    "no header": ([[1, "a"], [2, "b"]], {"header": False}, {"column_1": [1, 2], "column_2": ["a", "b"]}, []),
    "a column without a name": ([["id", None], [1, 2]], {}, {"id": [1]}, [("unnamed", 1, "__UNNAMED__1")]),
    "a header alone": ([["id", "x"]], {}, {"id": [], "x": []}, []),
}  # fmt: skip


@pytest.mark.parametrize("case", SHEETS)
def test_no_cell_of_a_workbook_is_lost(tmp_path, write_workbook, case):
    """A cell that the others' type does not hold makes the column text; errors and odd headers are told."""
    rows, options, columns, findings = SHEETS[case]
    write_workbook(tmp_path / "x.xlsx", {"S": rows})
    source = open_source({"files": "x.xlsx", **options}, tmp_path)
    made = source.read(pl.DataFrame)
    for name, values in columns.items():
        assert made[name].to_list() == values
    if findings is not None:
        told = [(one["kind"], one["line"], one["column"]) for one in source.survey().parts[0].findings]
        assert told == findings


def test_a_workbook_with_two_columns_of_one_name_is_refused(tmp_path, write_workbook):
    """As a CSV is: which one is meant, nobody can tell."""
    write_workbook(tmp_path / "x.xlsx", {"S": [["id", "id"], [1, 2]]})
    with pytest.raises(InputError, match=r"x\.xlsx has more than one column called 'id'"):
        _read("x.xlsx", tmp_path)
    write_workbook(tmp_path / "y.xlsx", {"S": [["n"], [1], ["n/a"]]})
    with pytest.raises(InputError, match=r"row 2, column 'n': 'n/a' is no Int64"):
        _read({"files": "y.xlsx", "types": {"n": "int64"}}, tmp_path)


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("x.jsonl", {"null": ["NA"]}), ("x.parquet", {"skip": 1}), ("x.parquet", {"header": False}),
        ("x.json", {"sheet": "A"}), ("x.csv", {"rows": "data"}), ("x.arrow", {"delimiter": ";"}),
        ("x.parquet", {"encoding": "latin-1"}),
    ],
)  # fmt: skip
def test_an_option_that_would_say_nothing_is_refused(tmp_path, name, option):
    """It is for other formats; among several files it may be for some of them."""
    rows = pl.DataFrame({"a": ["NA", "b"]})
    writers = {
        "csv": rows.write_csv, "json": rows.write_json, "jsonl": rows.write_ndjson, "parquet": rows.write_parquet,
        "arrow": rows.write_ipc,
    }  # fmt: skip
    for suffix, write in writers.items():
        write(tmp_path / f"x.{suffix}")
    (word,) = option
    with pytest.raises(InputError, match=f"{word}: is for .*; {name} is .*, where it would say nothing"):
        _read({"files": name, **option}, tmp_path)
    made = _read({"files": ["x.csv", "x.jsonl"], "null": ["NA"]}, tmp_path)
    assert made["a"].to_list() == [None, "b", "NA", "b"]


@pytest.mark.parametrize("odd", ['"x"', "true", "[1]"])
def test_a_value_of_another_kind_is_named_with_its_line(tmp_path, odd):
    """Wherever in the file it stands, also in the first lines."""
    for place in (1, 1_000):
        rows = [f'{{"a": {n}}}' for n in range(1_500)]
        rows[place] = f'{{"a": {odd}}}'
        (tmp_path / "x.jsonl").write_text("\n".join(rows) + "\n")
        (finding,) = open_source("x.jsonl", tmp_path).survey().parts[0].findings
        assert finding["line"] == place + 1 and finding["column"] == "a"
        assert finding["text"].startswith(repr(json.loads(odd)))
