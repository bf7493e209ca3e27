"""Files as a source: whatever their layout and format, one table; and errors that name file and column."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import os
import time
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from solvent.config.leaf import Text
from solvent.data import Table, table_digest
from solvent.data.sources import open_source
from solvent.data.sources.files import Patterns
from solvent.data.sources.files.finding import stamp, stamp_of
from solvent.errors import InputError, MissingExtra

ROWS = pl.DataFrame(
    {
        "id": [1, 2, 3, 4],
        "x": [1.5, None, 2.0, -0.0],
        "t": ["a", "", None, 'ü, "quoted"\nline'],
        "day": [dt.date(2020, 1, day) for day in (1, 2, 3, 4)],
        "at": [dt.datetime(2020, 1, 1, 12), None, dt.datetime(1969, 1, 1), dt.datetime(2020, 1, 1, 0, 0, 0, 1)],
        "ok": [True, False, None, True],
    }
)
TYPES = {"id": "int64", "x": "float64", "t": "text", "day": "date", "at": "datetime", "ok": "bool"}
ANSWER = table_digest(ROWS)


def _write(folder: Path, names: dict[str, object]) -> None:
    for name, content in names.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, pl.DataFrame):
            content.write_parquet(path)
        else:
            path.write_bytes(content if isinstance(content, bytes) else str(content).encode())


def _csv(frame: pl.DataFrame, **options) -> bytes:
    return frame.write_csv(datetime_format="%Y-%m-%dT%H:%M:%S%.6f", **options).encode()


def _ipc(frame, stream=False):
    file = io.BytesIO()
    frame.write_ipc_stream(file) if stream else frame.write_ipc(file)
    return file.getvalue()


def _zstd(data):
    return pa.compress(data, "zstd", asbytes=True)


LAYOUTS = {
    "csv": ({"a.csv": _csv(ROWS)}, {"files": "a.csv", "types": TYPES}),
    "csv in pieces": ({f"in/{n}.csv": _csv(ROWS[n : n + 1]) for n in range(4)}, {"files": "in/*.csv", "types": TYPES}),
    "tsv": ({"a.tsv": _csv(ROWS, separator="\t")}, {"files": "a.tsv", "types": TYPES}),
    "semicolons": ({"a.csv": _csv(ROWS, separator=";")}, {"files": "a.csv", "types": TYPES}),
    "bom and crlf": (
        {"a.csv": b"\xef\xbb\xbf" + _csv(ROWS, line_terminator="\r\n")},
        {"files": "a.csv", "types": TYPES},
    ),
    "no suffix": ({"rows": _csv(ROWS)}, {"files": "rows", "types": TYPES}),
    "gz": ({"a.csv.gz": gzip.compress(_csv(ROWS))}, {"files": "a.csv.gz", "types": TYPES}),
    "zst": ({"a.csv.zst": _zstd(_csv(ROWS))}, {"files": "a.csv.zst", "types": TYPES}),
    "latin-1": (
        {"a.csv": _csv(ROWS).decode().encode("latin-1")},
        {"files": "a.csv", "types": TYPES, "encoding": "latin-1"},
    ),
    "utf-16": (
        {"a.csv": _csv(ROWS).decode().encode("utf-16")},
        {"files": "a.csv", "types": TYPES, "encoding": "utf-16"},
    ),
    "json lines": ({"a.jsonl": ROWS.write_ndjson()}, {"files": "a.jsonl", "types": TYPES}),
    "json": ({"a.json": ROWS.write_json()}, {"files": "a.json", "types": TYPES}),
    "parquet": ({"a.parquet": ROWS}, "a.parquet"),
    "parquet in pieces": ({f"in/{n}.parquet": ROWS[n : n + 1] for n in range(4)}, {"files": "in"}),
    "a list": ({f"in/{n}.parquet": ROWS[n : n + 1] for n in range(4)}, ["in/3.parquet", "in/[0-2].parquet"]),
    "arrow": ({"a.arrow": _ipc(ROWS)}, {"files": "a.arrow"}),
    "arrow stream": ({"a.arrows": _ipc(ROWS, stream=True)}, {"files": "a.arrows"}),
    "feather without suffix": ({"rows": _ipc(ROWS)}, {"files": "rows"}),
    "mixed": (
        {"in/1.csv": _csv(ROWS[:1]), "in/2.parquet": ROWS[1:2], "in/3.arrow": _ipc(ROWS[2:])},
        {"files": "in", "types": TYPES},
    ),
    "columns in another order": (
        {"in/1.parquet": ROWS[:2], "in/2.parquet": ROWS[2:].select("ok", "t", "id", "at", "day", "x")},
        {"files": "in"},
    ),
    "with other files about": (
        {"in/1.parquet": ROWS, "in/_SUCCESS": "", "in/.hidden": "x", "in/readme": "words"},
        {"files": "in"},
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("wanted", [pl.DataFrame, pl.LazyFrame, Table])
def test_a_table_is_its_rows_not_its_files(layout, wanted, tmp_path):
    """The same rows in any format and any number of files, types pinned or in the format, have one digest."""
    files, spec = LAYOUTS[layout]
    _write(tmp_path, files)
    assert table_digest(open_source(spec, tmp_path).read(wanted)) == ANSWER


def test_empty_and_quoted_empty_fields_of_csv(tmp_path):
    """An unquoted empty field is null, a quoted one is empty text; other words are null only where one says so."""
    _write(tmp_path, {"a.csv": 'n,t\n1,""\n,\n3,NA\n'})
    plain = open_source({"files": "a.csv"}, tmp_path).read(pl.DataFrame)
    assert plain.rows() == [(1, ""), (None, None), (3, "NA")]
    said = open_source({"files": "a.csv", "null": "NA"}, tmp_path).read(pl.DataFrame)
    assert said.rows() == [(1, ""), (None, None), (3, None)]


def test_folders_that_say_a_value_are_columns(tmp_path):
    """`year=2013/…` gives a column, whole numbers as such, text as it is, and no value as null."""
    one = pl.DataFrame({"v": [1]})
    _write(tmp_path, {"d/year=2013/c=a%20b/x.parquet": one, "d/year=2014/c=__HIVE_DEFAULT_PARTITION__/x.csv": "v\n2\n"})
    found = open_source({"files": "d"}, tmp_path).read(pl.DataFrame)
    assert found.to_dicts() == [{"v": 1, "year": 2013, "c": "a b"}, {"v": 2, "year": 2014, "c": None}]
    pinned = open_source({"files": "d/year=*", "types": {"year": "text"}}, tmp_path).read(pl.DataFrame)
    assert pinned["year"].to_list() == ["2013", "2014"]
    zeros = {"z/k=01/x.parquet": one, "z/k=2/x.parquet": one}
    _write(tmp_path, zeros)
    assert open_source("z", tmp_path).read(pl.DataFrame)["k"].to_list() == ["01", "2"]


def test_files_are_read_in_the_order_of_their_path_bytes(tmp_path):
    """Not in the order of the list, nor of the locale: B before a, a10 before a9, z before ü."""
    _write(tmp_path, {f"{name}.csv": f"v\n{name}\n" for name in ("ü", "z", "a9", "a10", "B")})
    found = open_source(["ü.csv", "a9.csv", "*.csv"], tmp_path).read(pl.LazyFrame).collect()
    assert found["v"].to_list() == ["B", "a10", "a9", "z", "ü"]


def test_guesses_of_several_files_are_brought_together(tmp_path):
    """Whole numbers in one CSV and fractions in another are fractions; a column without a value takes any type."""
    _write(tmp_path, {"1.csv": "a,b,c\n1,,x\n", "2.csv": "a,b,c\n1.5,7,\n", "3.csv": "a,b,c\n"})
    found = open_source("*.csv", tmp_path).read(pl.DataFrame)
    assert found.schema == {"a": pl.Float64, "b": pl.Int64, "c": pl.String}
    assert found.rows() == [(1.0, None, "x"), (1.5, 7, None)]


def test_a_format_that_knows_its_types_wins_over_a_guess(tmp_path):
    """Beside Parquet, a CSV's numbers, dates and times are read as Parquet has them."""
    first = pl.DataFrame({"n": pl.Series([1], dtype=pl.Int16), "d": [dt.date(2020, 1, 1)]})
    _write(tmp_path, {"1.parquet": first, "2.csv": "n,d\n2,2020-01-02\n"})
    assert open_source("*.*", tmp_path).read(pl.DataFrame).schema == first.schema


def test_types_can_be_pinned_in_every_spelling(tmp_path):
    """Numbers, decimals, durations, zoned times: what the settings say is what the column is."""
    _write(tmp_path, {"a.csv": "i,f,d,z,ms,day\n1,2,1.50,2020-01-01T00:00:00Z,2020-01-01 00:00:00,2020-01-01\n"})
    types = {"i": "int8", "f": "float32", "d": "decimal(8,2)", "day": "date"}
    types |= {"z": "datetime[us, Europe/Berlin]", "ms": "datetime[ms]"}
    found = open_source({"files": "a.csv", "types": types}, tmp_path).read(pl.DataFrame)
    assert found.dtypes == [
        pl.Int8, pl.Float32, pl.Decimal(8, 2), pl.Datetime("us", "Europe/Berlin"), pl.Datetime("ms"), pl.Date,
    ]  # fmt: skip
    text = pl.DataFrame({"z": ["2020-01-01T00:00:00Z"], "n": ["12"]})
    _write(tmp_path, {"b.parquet": text})
    spec = {"files": "b.parquet", "types": {"z": "datetime[us, UTC]", "n": "int64"}}
    assert open_source(spec, tmp_path).read(pl.DataFrame).row(0) == (
        dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
        12,
    )


def test_names_can_be_given(tmp_path):
    """Without a header columns are numbered; a list of names names them, and skips what it replaces."""
    _write(tmp_path, {"a.csv": "1,x\n2,y\n"})
    assert open_source({"files": "a.csv", "header": Text("false")}, tmp_path).read(pl.DataFrame).shape == (2, 2)
    named = {"files": "a.csv", "header": ["n", "t"], "types": {"n": "float64"}}
    assert open_source(named, tmp_path).read(pl.DataFrame).rows() == [(1.0, "x"), (2.0, "y")]
    assert open_source({**named, "skip": Text("1")}, tmp_path).read(pl.DataFrame).rows() == [(2.0, "y")]


def test_a_parameter_gets_what_it_asks_for(tmp_path):
    """Paths, text, bytes, plain JSON, and every frame."""
    _write(tmp_path, {"in/a.json": '{"a": 1}', "in/b.csv": "a\n1\n", "l.txt": "ä".encode("latin-1")})
    inside = [tmp_path / "in/a.json", tmp_path / "in/b.csv"]
    assert open_source("in", tmp_path).read(list[Path]) == inside
    assert open_source("in", tmp_path).read(Path) == tmp_path / "in"
    assert open_source("in/a.json", tmp_path).read(Path | None) == inside[0]
    assert open_source("in/b.csv", tmp_path).read(str) == "a\n1\n"
    assert open_source({"files": "l.txt", "encoding": "latin-1"}, tmp_path).read(str) == "ä"
    assert open_source("in/b.csv", tmp_path).read(bytes) == b"a\n1\n"
    assert open_source("in/a.json", tmp_path).read(dict[str, int]) == {"a": 1}
    for wanted in (pd.DataFrame, pa.Table, pl.DataFrame | None):
        assert table_digest(open_source("in/b.csv", tmp_path).read(wanted)) == table_digest(pl.DataFrame({"a": [1]}))


ERRORS = {
    "nothing there": ({}, "data/x.csv", r"'data/x\.csv' matches no file \(looked from .*nothing in it fits 'data'"),
    "misspelt folder": ({"data/a.csv": "a\n"}, "daat/a.csv", r"nothing in it fits 'daat'\. Did you mean 'data'\?"),
    "misspelt file": ({"data/flights.csv": "a\n"}, "data/flihgts.csv", r"Did you mean 'flights\.csv'\?"),
    "empty folder": ({"data/.hidden": "x"}, "data", r"the folder .*data holds no file"),
    "glob without match": ({"a.csv": "a\n"}, "*.parquet", r"'\*\.parquet' matches no file"),
    "a column is missing": (
        {"in/1.csv": "a,b\n1,2\n", "in/2.csv": "a,bb\n1,2\n"},
        {"files": "in", "schema": "fail"},
        r"in/2\.csv has no column 'b', which in/1\.csv has\. Did you mean 'bb'\?",
    ),
    "a column more": (
        {"1.csv": "a\n1\n", "2.csv": "a,c\n1,2\n"},
        {"files": "*.csv", "schema": "fail"},
        r"2\.csv has a column 'c', which 1\.csv does not",
    ),
    "number turns to text": (
        {"1.csv": "a\n1\n", "2.csv": "a\nx\n"},
        {"files": "*.csv", "schema": "fail"},
        r"2\.csv: column 'a' is text here, and int64 in 1\.csv.*types: \{a: text\}",
    ),
    "types in the format differ": (
        {"1.parquet": pl.DataFrame({"a": [1]}), "2.parquet": pl.DataFrame({"a": ["x"]})},
        {"files": "*.parquet", "schema": "fail"},
        r"2\.parquet: column 'a' is text here, and int64 in 1\.parquet",
    ),
    "does not fit the pin": (
        {"1.csv": "a\n1\n", "2.csv": "a\nx\n"},
        {"files": "*.csv", "types": {"a": "int64"}},
        r"2\.csv cannot be read as csv: line 2, column 'a': 'x' is no Int64 \(the type is pinned\)",
    ),
    "pin of nothing": (
        {"1.csv": "late\n1\n"},
        {"files": "1.csv", "types": {"lat": "int64"}},
        r"types: there is no column 'lat'\. Did you mean 'late'\?",
    ),
    "unknown type": ({"1.csv": "a\n"}, {"files": "1.csv", "types": {"a": "int46"}}, r"types\.a: 'int46'.*'int64'"),
    "unknown zone": (
        {"1.csv": "a\n"},
        {"files": "1.csv", "types": {"a": "datetime[us, Europe/Berlni]"}},
        r"'Europe/Berlni' is not a time zone\. Did you mean 'Europe/Berlin'",
    ),
    "doubled header": ({"1.csv": "a,b,a\n1,2,3\n"}, "1.csv", r"1\.csv: its header names more than one column 'a'"),
    "unnamed twice": ({"1.csv": "a,,\n1,2,3\n"}, "1.csv", r"more than one column '' \(unnamed\)"),
    "empty file": ({"1.csv": ""}, "1.csv", r"1\.csv is empty"),
    "too many fields": ({"1.csv": "a,b\n1,2,3\n"}, "1.csv", r"1\.csv cannot be read as csv: line 2: found more"),
    "other encoding": (
        {"1.csv": b"a\n\xe4\n"},
        "1.csv",
        r"1\.csv line 2: invalid utf-8: the byte 0xe4.*encoding: latin-1",
    ),
    "unknown encoding": ({"1.csv": "a\n"}, {"files": "1.csv", "encoding": "utf-9"}, "encoding: 'utf-9' is not known"),
    "cut parquet": ({"1.parquet": b"PAR1\0\0"}, "1.parquet", r"1\.parquet cannot be read as parquet"),
    "cut gzip": ({"1.csv.gz": gzip.compress(b"a\n1\n" * 99)[:-20]}, "1.csv.gz", r"1\.csv\.gz cannot be read"),
    "broken json": ({"1.json": "[{"}, "1.json", r"1\.json cannot be read as json"),
    "what is this": ({"1.bin": b"\0\1\2"}, "1.bin", r"1\.bin: neither its suffix nor its content"),
    "partly in folders": (
        {"d/k=1/a.csv": "v\n1\n", "d/a.csv": "v\n1\n"},
        {"files": "d", "schema": "fail"},
        r"some files lie in a folder k=…, others do not",
    ),
    "unknown option": (
        {"1.csv": "a\n"},
        {"files": "1.csv", "delimeter": ";"},
        "unknown option 'delimeter'.*'delimiter'",
    ),
    "wrong option": ({"1.csv": "a\n"}, {"files": "1.csv", "skip": "two"}, r"skip: expected a whole number"),
    "long delimiter": ({"1.csv": "a\n"}, {"files": "1.csv", "delimiter": "::"}, "delimiter: expected one character"),
    "unknown format": ({"1.csv": "a\n"}, {"files": "1.csv", "format": "parket"}, "Did you mean 'parquet'"),
    "no list": ({}, {"files": {"a": 1}}, "files: expected a path"),
    "empty path": ({}, {"files": ""}, "a path is empty"),
    "misspelt kind": ({}, {"flies": "1.csv"}, r"'flies' is not a source\. Did you mean 'files'\?"),
    "no source at all": ({}, {"telegraph": "x"}, r"'telegraph' is not a source\..* There are: files, value"),
    "two at once": ({}, {"files": "a", "value": 1}, "two sources at once: files and value"),
    "a number": ({}, 3, "expected a source"),
    "nothing": ({}, {}, "names no source"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_name_file_and_column(name, tmp_path):
    """Whatever is wrong with the files or what is said of them is said with file, column and the way out."""
    files, spec, text = ERRORS[name]
    _write(tmp_path, files)
    with pytest.raises(InputError, match=f"(?s){text}"):
        open_source(spec, tmp_path).read(pl.DataFrame)


def test_one_path_of_many_is_refused(tmp_path):
    """A parameter for one file is not given the first of several."""
    _write(tmp_path, {"1.csv": "a\n", "2.csv": "a\n"})
    for wanted in (Path, str, bytes):
        with pytest.raises(InputError, match=r"2 files fit: 1\.csv, 2\.csv"):
            open_source("*.csv", tmp_path).read(wanted)
    with pytest.raises(InputError, match="cannot be read as Decimal"):
        from decimal import Decimal

        open_source("1.csv", tmp_path).read(Decimal)


def test_a_workbook_needs_its_reader(tmp_path):
    """Without an engine for Excel the error says what to install."""
    try:
        import fastexcel  # noqa: F401
    except ImportError:
        _write(tmp_path, {"a.xlsx": b"PK\x03\x04"})
        with pytest.raises(MissingExtra, match=r"a\.xlsx: reading a workbook needs fastexcel"):
            open_source("a.xlsx", tmp_path).read(pl.DataFrame)
    else:
        pytest.skip("fastexcel is installed")


def test_a_version_tells_every_change(tmp_path):
    """Another size, time, name or file gives another token; looking twice does not."""
    _write(tmp_path, {"1.csv": "a\n1\n", "2.csv": "a\n2\n"})
    later = time.time() + 60

    def look(pattern="*.csv"):
        return stamp(Patterns([pattern], tmp_path).find(later))

    seen = [look(), look("1.csv")]
    assert look() == seen[0]
    os.utime(tmp_path / "1.csv", ns=(1, 1))
    seen.append(look())
    (tmp_path / "1.csv").write_text("a\n11\n")
    seen.append(look())
    (tmp_path / "2.csv").rename(tmp_path / "3.csv")
    seen.append(look())
    assert None not in seen
    assert len(set(seen)) == len(seen)


def test_a_fresh_file_has_no_version_yet(tmp_path):
    """A file that changed less than two seconds ago may change again within the clock's tick: not trusted."""
    _write(tmp_path, {"1.csv": "a\n1\n"})
    source = open_source("1.csv", tmp_path)
    path = tmp_path / "1.csv"
    assert source.version() is None
    assert stamp_of(path.stat(), path.stat().st_ctime + 1.9) is None
    assert stamp_of(path.stat(), path.stat().st_ctime + 2.1) is not None


def test_a_version_does_not_depend_on_where_the_root_lies(tmp_path):
    """What is recorded of files are their names below the root, and the patterns as the settings say them."""
    _write(tmp_path, {"a/data/1.csv": "a\n1\n"})
    described = open_source({"files": "data/1.csv", "skip": Text("0")}, tmp_path / "a").describe()
    assert described == {"kind": "files", "files": ["data/1.csv"]}
    assert json.loads(json.dumps(described)) == described
    first = stamp(Patterns(["data/1.csv"], tmp_path / "a").find(time.time() + 60))
    (tmp_path / "a").rename(tmp_path / "b")
    assert stamp(Patterns(["data/1.csv"], tmp_path / "b").find(time.time() + 60)) == first


def test_a_circle_of_links_ends(tmp_path):
    """A folder that holds a link to itself is read once."""
    _write(tmp_path, {"d/1.csv": "a\n1\n"})
    (tmp_path / "d/again").symlink_to(tmp_path / "d")
    assert open_source("d", tmp_path).read(pl.DataFrame).height == 1


def test_a_value_in_the_settings(tmp_path):
    """A value is typed as the parameter asks, rows make a frame, and its version is its content."""
    assert open_source({"value": Text("3")}, tmp_path).read(int) == 3
    rows = open_source({"value": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]}, tmp_path)
    assert rows.read(pl.DataFrame).rows() == [(1, "x"), (2, "y")]
    assert rows.read(pd.DataFrame).shape == (2, 2)
    assert open_source({"value": {"a": [1, 2]}}, tmp_path).read(pl.LazyFrame).collect().shape == (2, 1)
    versions = {open_source({"value": one}, tmp_path).version() for one in (1, 2, [1], {"a": 1})}
    assert len(versions) == 4
    with pytest.raises(InputError, match="expected a whole number"):
        open_source({"value": "x"}, tmp_path).read(int)
    with pytest.raises(InputError, match="written as a list of rows"):
        open_source({"value": 3}, tmp_path).read(pl.DataFrame)
    with pytest.raises(InputError, match="takes nothing more, and types was given"):
        open_source({"value": 3, "types": {}}, tmp_path)


def test_files_are_read_lazily(tmp_path):
    """A LazyFrame over files reads nothing before it is asked, and only the columns that are asked for."""
    _write(tmp_path, {"1.csv": "a,b\n" + "1,2\n" * 1000, "2.csv": "a,b\n3,4\n"})
    lazy = open_source("*.csv", tmp_path).read(pl.LazyFrame)
    assert isinstance(lazy, pl.LazyFrame)
    assert "PROJECT 1/2 COLUMNS" in lazy.select("a").explain()
    assert lazy.select(pl.col("a").sum()).collect().item() == 1003
