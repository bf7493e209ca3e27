"""No value is bent: what a type does not hold exactly is text under ``evolve``, and an error where it is pinned."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pyarrow as pa
import pytest

from solvent.data.sources import open_source
from solvent.errors import InputError

BIG = "9007199254740993"  # 2^53 + 1


def texts(folder, *contents):
    """Files of one column ``a``, each with these rows."""
    for number, rows in enumerate(contents):
        (folder / f"{number}.csv").write_text("a\n" + "".join(f"{one}\n" for one in rows))
    return {"files": "*.csv"}


@pytest.mark.parametrize("first, second", [("1.50", BIG), (BIG, "1.50"), ("123456789012345678901", "1.5")])
def test_whole_numbers_in_one_file_and_fractions_in_another_lose_no_digit(tmp_path, first, second):
    """They become text, in the spelling of the files, as they do within one file."""
    made = open_source(texts(tmp_path, [first], [second]), tmp_path).read(pl.DataFrame)
    assert made["a"].to_list() == [first, second]


@pytest.mark.parametrize(
    "kind, value, read",
    [
        (pl.Float64, BIG, BIG),
        (pl.Float32, "1e300", 1e300),
        (pl.Float32, "16777217", 16777217.0),
        (pl.Float64, "1e400", "1e400"),
    ],
)
def test_a_csv_beside_a_file_with_types_is_read_so_only_if_each_value_fits(tmp_path, kind, value, read):
    """Else the column is wider, or text; no value is another, and none is endless."""
    pl.DataFrame({"a": [0.5]}, schema={"a": kind}).write_parquet(tmp_path / "x.parquet")
    texts(tmp_path, [value])
    made = open_source(["x.parquet", "0.csv"], tmp_path).read(pl.DataFrame)
    assert made["a"].to_list()[0] == read
    (tmp_path / "y").mkdir()
    texts(tmp_path / "y", ["7", "0.25"])
    fitting = open_source(["x.parquet", "y/0.csv"], tmp_path).read(pl.DataFrame)
    assert fitting.schema["a"] == kind and fitting["a"].to_list() == [0.5, 7.0, 0.25]


@pytest.mark.parametrize(
    "kind, value",
    [
        ("float32", "1e300"),
        ("float32", "16777217"),
        ("float64", BIG),
        ("float64", "1e400"),
        ("datetime[us]", "2020-01-01T00:00:00.123456789"),
        ("datetime[ms, UTC]", "2020-01-01T00:00:00.1234Z"),
    ],
)
def test_a_value_that_a_pinned_type_does_not_hold_is_an_error_with_its_line(tmp_path, kind, value):
    """Eager and lazy alike; nothing is rounded to what the type has."""
    spec = {**texts(tmp_path, ["", value]), "types": {"a": kind}}
    for wanted in (pl.DataFrame, pl.LazyFrame):
        with pytest.raises(InputError, match=r"0\.csv cannot be read as csv: line 3, column 'a'"):
            open_source(spec, tmp_path).read(wanted)


def test_values_that_pinned_types_hold_are_read(tmp_path):
    """Large numbers that are exact, endless ones that are written so, zeros behind a time's last place."""
    (tmp_path / "x.csv").write_text(
        "f,g,t\n9007199254740992,1e300,2020-01-01T00:00:00.123000\n-inf,-9007199254740994,2020-01-01T00:00:01\n"
        "0.1,NaN,2020-01-01\n"
    )
    types = {"f": "float64", "g": "float64", "t": "datetime[ms]"}
    made = open_source({"files": "x.csv", "types": types}, tmp_path).read(pl.DataFrame)
    assert made["f"].to_list() == [2.0**53, float("-inf"), 0.1]
    assert made["g"].to_list()[:2] == [1e300, -(2.0**53) - 2] and made["g"].is_nan()[2]
    assert made["t"][0] == dt.datetime(2020, 1, 1, 0, 0, 0, 123000)


def test_a_number_past_the_end_of_fractions_is_text(tmp_path):
    """``1e400`` is not endless: nobody wrote that."""
    made = open_source(texts(tmp_path, ["1e400", "2.5"]), tmp_path).read(pl.DataFrame)
    assert made["a"].to_list() == ["1e400", "2.5"]


def test_fractions_of_a_binary_file_do_not_become_endless(tmp_path):
    """A narrower fraction may be pinned where each value is within its range."""
    pl.DataFrame({"a": [0.1, 1e300]}).write_parquet(tmp_path / "x.parquet")
    with pytest.raises(InputError, match="'a': 1e\\+300 is no Float32"):
        open_source({"files": "x.parquet", "types": {"a": "float32"}}, tmp_path).read(pl.DataFrame)


def test_an_arrow_file_with_two_columns_of_one_name_is_refused(tmp_path):
    """It has rows, which Polars would not find."""
    table = pa.table([[1, 2], [3, 4]], names=["a", "a"])
    with pa.ipc.new_file(str(tmp_path / "x.arrow"), table.schema) as file:
        file.write_table(table)
    with pytest.raises(InputError, match=r"x\.arrow has more than one column called 'a'"):
        open_source("x.arrow", tmp_path).read(pl.LazyFrame)


@pytest.mark.parametrize("end", ["csv", "jsonl", "parquet", "arrow"])
def test_a_day_pinned_as_a_moment_of_a_zone_begins_there_in_every_format(end, tmp_path):
    """A date says no zone, so it is one in the pinned zone, as a time without a zone is."""
    rows = pl.DataFrame({"day": [dt.date(2024, 7, 1), None]})
    path = tmp_path / f"a.{end}"
    {"csv": rows.write_csv, "jsonl": rows.write_ndjson, "parquet": rows.write_parquet, "arrow": rows.write_ipc}[end](
        path
    )
    found = open_source({"files": path.name, "types": {"day": "datetime[us, Europe/Oslo]"}}, tmp_path).read(
        pl.DataFrame
    )
    assert found["day"].dt.to_string("%F %T %z").to_list() == ["2024-07-01 00:00:00 +0200", None]


@pytest.mark.parametrize(
    "value", [dt.date(2024, 1, 1), dt.datetime(2024, 1, 1), dt.time(1), dt.timedelta(1), True, [1], "x"]
)
@pytest.mark.parametrize("kind", ["int64", "float64", "decimal(10,2)"])
def test_what_is_no_number_does_not_become_one_by_how_it_is_kept(value, kind, tmp_path):
    """Neither where the type is pinned, nor where the first file has it so."""
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "1.parquet")
    pl.DataFrame({"a": [value]}).write_parquet(tmp_path / "2.parquet")
    for spec in ({"files": "2.parquet", "types": {"a": kind}}, {"files": "*.parquet", "schema": "freeze"}):
        with pytest.raises(InputError, match=r"2\.parquet cannot be read as parquet: row 1, column 'a': .* is no "):
            open_source(spec, tmp_path).read(pl.DataFrame)


def test_a_fraction_that_the_first_file_would_round_is_named(tmp_path):
    """Where the type is pinned, rounding is what was asked for."""
    pl.DataFrame({"x": pl.Series([0.5], dtype=pl.Float32)}).write_parquet(tmp_path / "1.parquet")
    pl.DataFrame({"x": [0.5, 0.1]}).write_parquet(tmp_path / "2.parquet")
    with pytest.raises(
        InputError, match=r"2\.parquet cannot be read as parquet: row 2, column 'x': 0\.1 is no Float32"
    ):
        open_source({"files": "*.parquet", "schema": "freeze"}, tmp_path).read(pl.DataFrame)
    pinned = open_source({"files": "*.parquet", "types": {"x": "float32"}}, tmp_path).read(pl.DataFrame)
    assert pinned["x"].to_list() == pytest.approx([0.5, 0.5, 0.1])


def test_json_tells_why_a_column_is_text_and_which_lines_are_no_rows(tmp_path):
    """As CSV does: the line and the number that no fraction keeps, and the first blank line."""
    (tmp_path / "a.jsonl").write_text(f'{{"a":1}}\n\n{{"a":{BIG}}}\n  \n{{"a":0.5}}\n')
    (tmp_path / "b.json").write_text(f'[{{"a":1}},\n{{"a":{BIG}}},{{"a":0.5}}]')
    (tmp_path / "c.jsonl").write_text(f'{{"a":1}}\n{{"a":1{"2" * 38}}}\n')
    told = {
        name: [(one["kind"], one["line"], one["column"]) for one in open_source(name, tmp_path).found()["findings"]]
        for name in ("a.jsonl", "b.json", "c.jsonl")
    }
    assert told["a.jsonl"] == [("blank line", 2, None), ("large number", 3, "a")]
    assert told["b.json"] == [("large number", 2, "a")]
    assert told["c.jsonl"] == [("large number", 2, "a")]


@pytest.mark.parametrize("count", [1, 20, 70])
def test_a_byte_order_mark_in_a_row_is_part_of_its_value(tmp_path, count):
    """Of one file and of many that are alike; at the beginning of a file it is none."""
    for number in range(count):
        (tmp_path / f"{number:02}.csv").write_text(f"\ufeffid,v\n\ufeff{number},2\n", encoding="utf-8")
    found = open_source("*.csv", tmp_path).read(pl.DataFrame)
    assert found["id"].to_list() == [f"\ufeff{number}" for number in range(count)]
    assert found["v"].to_list() == [2] * count


@pytest.mark.parametrize("wrap", [lambda one: [one], lambda one: {"f": one}, lambda one: [[one], None, []]])
def test_what_lies_in_lists_and_structs_is_cast_as_columns_are(tmp_path, wrap):
    """A day begins in the zone of the file before, and a fraction that would be rounded is named."""
    zoned = pl.Series("a", [dt.datetime(2024, 7, 1)]).dt.replace_time_zone("Europe/Berlin")[0]
    for first, second, said in (
        (pl.Series("a", [wrap(zoned)]), pl.Series("a", [wrap(dt.date(2024, 7, 1))]), None),
        (pl.Series("a", [wrap(zoned)]), pl.Series("a", [wrap(dt.datetime(2024, 7, 1))]), None),
        (pl.Series("a", [wrap(1)]), pl.Series("a", [wrap(2.0), wrap(0.5)]), "row 2, column"),
        (pl.Series("a", [wrap(zoned)]), pl.Series("a", [wrap(3)]), "row 1, column"),
    ):
        first.to_frame().write_parquet(tmp_path / "1.parquet")
        second.to_frame().write_parquet(tmp_path / "2.parquet")
        source = open_source({"files": "*.parquet", "schema": "freeze"}, tmp_path)
        if said is None:
            assert source.read(pl.DataFrame)["a"].to_list() == [wrap(zoned)] * 2
        else:
            with pytest.raises(InputError, match=said):
                source.read(pl.DataFrame)
