"""Surveys: what files hold, told file by file, so that only what is new is opened; and one schema by a policy."""

from __future__ import annotations

import datetime as dt
import gzip
import json

import polars as pl
import pytest

from solvent.data import table_digest
from solvent.data.sources import open_source
from solvent.data.sources.files.uniting import join, said
from solvent.errors import InputError


@pytest.fixture
def settled(monkeypatch):
    """A clock that is a minute ahead, so that files just written count as settled."""
    import time

    now = time.time
    monkeypatch.setattr("solvent.data.sources.files.finding.time.time", lambda: now() + 60)


def _changes(survey):
    return [(one["file"], one["column"], one["kind"], one["was"], one["now"]) for one in survey.changes]


def test_a_survey_tells_rows_types_and_versions(settled, write_files, tmp_path):
    """Each file by itself, exact, as plain JSON that comes back as it was."""
    write_files(
        tmp_path, {"1.csv": "a,b\n1,x\n2,\n", "2.parquet": pl.DataFrame({"a": [3], "b": ["y"]}), "3.jsonl": '{"a":4}\n'}
    )
    survey = open_source("*.*", tmp_path).survey()
    assert [(part.label, part.rows, part.look.format) for part in survey.parts] == [
        ("1.csv", 2, "csv"),
        ("2.parquet", 1, "parquet"),
        ("3.jsonl", 1, "jsonl"),
    ]
    assert survey.schema == {"a": "int64", "b": "text"}
    assert survey.rows == 4
    assert all(part.version for part in survey.parts)
    kept = json.loads(json.dumps(survey.to_json()))
    back = survey.known(kept, survey.options).values()
    assert [part.to_json() for part in back] == [part.to_json() for part in survey.parts]


def test_a_survey_that_an_earlier_version_wrote_is_still_read(settled, write_files, tmp_path):
    """It said for each file what is now said once for all that are alike."""
    write_files(tmp_path, {"1.csv": "a,b\n1,x\n2,\n", "2.csv": "a,b\n1,x\n", "3.jsonl": '{"a":4, "b": []}\n'})
    source = open_source("*.*", tmp_path)
    survey = source.survey()
    new = json.loads(json.dumps(survey.to_json()))
    assert [layout["look"]["format"] for layout in new["layouts"]] == ["csv", "jsonl"]
    assert [one[:1] + one[2:4] for one in new["parts"]] == [["1.csv", 2, 0], ["2.csv", 1, 0], ["3.jsonl", 1, 1]]
    old = {name: one for name, one in new.items() if name != "layouts"}
    old |= {"version": "survey.1", "parts": [part.to_json() for part in survey.parts]}
    for known in (new, json.loads(json.dumps(old))):
        assert [one.to_json() for one in type(survey).from_json(known, survey.options).parts] == old["parts"]
        assert list(survey.known(known, survey.options)) == [(one.label, one.version) for one in survey.parts]


def test_of_very_many_files_those_that_are_alike_are_told_together(write_files, tmp_path):
    """From the first to the last in a row; of few files each is told of by itself."""
    write_files(tmp_path, {f"a{number:03}.csv": f"x\n{number}\n" for number in range(150)})
    source = open_source("*.csv", tmp_path)
    assert len(source.survey().found()["files"]) == 150
    write_files(tmp_path, {f"b{number:03}.csv": f"x\n{number}\n2\n" for number in range(100)})
    write_files(tmp_path, {"a077.csv": "x;y\n1;2\n"})
    told = source.survey().found()["files"]
    assert [(one["file"], one.get("to"), one["files"], one["rows"], one["columns"]) for one in told] == [
        ("a000.csv", "a076.csv", 77, 77, 1),
        ("a077.csv", None, 1, 1, 2),
        ("a078.csv", "b099.csv", 172, 272, 1),
    ]


def test_a_known_file_is_not_opened_again(settled, write_files, tmp_path):
    """What an earlier survey found of a file of this version is believed: a file in its place is not looked at."""
    write_files(tmp_path, {"1.csv": "a\n1\n", "2.csv": "a\n2\n"})
    source = open_source("*.csv", tmp_path)
    known = json.loads(json.dumps(source.survey().to_json()))
    known["parts"][0][2] = 77  # what only the record says
    assert [part.rows for part in source.survey(known).parts] == [77, 1]
    (tmp_path / "1.csv").write_text("a\n1\n2\n3\n")
    assert [part.rows for part in source.survey(known).parts] == [3, 1]
    other = open_source({"files": "*.csv", "types": {"a": "text"}}, tmp_path)
    assert [part.rows for part in other.survey(known).parts] == [3, 1]


def test_a_file_more_makes_only_its_own_rows_new(settled, write_files, tmp_path):
    """The frame of some files is their rows alone, in the schema of all."""
    write_files(tmp_path, {"1.csv": "a,b\n1,x\n", "2.csv": "a,b\n2,y\n"})
    source = open_source("*.csv", tmp_path)
    first = source.survey()
    write_files(tmp_path, {"3.csv": "b,a,c\nz,2.5,true\n"})
    second = source.survey(first.to_json())
    assert source.frame(second, ["3.csv"]).collect().rows() == [(2.5, "z", True)]
    assert source.frame(second).collect().to_dicts() == [
        {"a": 1.0, "b": "x", "c": None},
        {"a": 2.0, "b": "y", "c": None},
        {"a": 2.5, "b": "z", "c": True},
    ]
    assert _changes(second) == [
        ("3.csv", "c", "added", None, "bool"),
        ("3.csv", "b", "order", 1, 0),
        ("3.csv", "a", "widened", "int64", "float64"),
    ]
    with pytest.raises(InputError, match=r"9\.csv is not among the files"):
        source.frame(second, ["9.csv"])


def test_the_guess_is_made_from_every_value(write_files, tmp_path):
    """A type is a fact about the whole file: what only its last row says counts, and where it stands is recorded."""
    body = "".join(f"{n},{n},,{n},{n}\n" for n in range(30_000))
    write_files(tmp_path, {"a.csv": f"i,f,e,t,big\n{body}1,1.5,7,x,9223372036854775808\n"})
    source = open_source("a.csv", tmp_path)
    survey = source.survey()
    assert survey.schema == {"i": "int64", "f": "float64", "e": "int64", "t": "text", "big": ["decimal", 38, 0]}
    found = {(one["column"], one["kind"], one["line"]) for one in survey.findings}
    assert found == {("t", "mixed", 30002), ("big", "large number", 30002)}
    frame = source.frame(survey).collect()
    assert frame.height == survey.rows == 30_001
    assert frame.row(-1)[4] == 9223372036854775808
    assert frame["t"].head(2).to_list() == ["0", "1"]


def test_codes_stay_text(write_files, tmp_path):
    """Numbers that begin with a zero or a plus sign would lose it, and whole numbers beyond 2^53 among fractions."""
    body = "7,8,9,1,1\n" * 20_000
    write_files(tmp_path, {"a.csv": f"zip,phone,n,f,m\n{body}08,+49,-0,0.5,1\n9,9,9,9007199254740993,0.25\n"})
    survey = open_source("a.csv", tmp_path).survey()
    assert survey.schema == {"zip": "text", "phone": "text", "n": "int64", "f": "text", "m": "float64"}
    assert {(one["column"], one["kind"]) for one in survey.findings} >= {
        ("zip", "leading zero"),
        ("phone", "leading zero"),
        ("f", "large number"),
    }


def test_evolve_keeps_every_column_and_every_value(write_files, tmp_path):
    """Columns are united, numbers widened, and a number that turns to text in file 7 is text, by the name of file 7."""
    write_files(tmp_path, {f"{n}.csv": f"a,b\n{n},{n}\n" for n in range(1, 7)})
    write_files(tmp_path, {"7.csv": "a,b\nseven,7.5\n", "8.csv": "a,b\n8,8\n"})
    source = open_source("*.csv", tmp_path)
    survey = source.survey()
    assert survey.schema == {"a": "text", "b": "float64"}
    assert _changes(survey) == [
        ("7.csv", "a", "widened", "int64", "text"),
        ("7.csv", "b", "widened", "int64", "float64"),
        ("8.csv", "a", "cast", "int64", "text"),
        ("8.csv", "b", "cast", "int64", "float64"),
    ]
    assert source.frame(survey).collect()["a"].to_list() == ["1", "2", "3", "4", "5", "6", "seven", "8"]
    assert [said(one) for one in survey.changes[:3]] == [
        "7.csv: column 'a': widened (int64 before, text with this file)",
        "7.csv: column 'b': widened (int64 before, float64 with this file)",
        "8.csv: column 'a': cast (int64 here, text in all)",
    ]


def test_whole_numbers_become_fractions_only_if_each_is_exact(write_files, tmp_path):
    """2^53 + 1 has no fraction: such a column is text, and its small neighbour a fraction."""
    big = pl.DataFrame({"big": [2**53 + 1], "small": [2**53]})
    write_files(tmp_path, {"1.parquet": big, "2.parquet": pl.DataFrame({"big": [0.5], "small": [0.5]})})
    source = open_source("*.parquet", tmp_path)
    survey = source.survey()
    assert survey.schema == {"big": "text", "small": "float64"}
    assert source.frame(survey).collect()["big"].to_list() == ["9007199254740993", "0.5"]
    fits = survey.parts[0].fits
    assert fits == {'big: "float64"': False, 'small: "float64"': True}


def test_text_read_from_csv_is_what_stands_there(write_files, tmp_path):
    """A column that turns to text keeps the spelling of its numbers."""
    write_files(tmp_path, {"1.csv": "a\n1.50\n2e3\n", "2.csv": "a\nx\n", "3.jsonl": '{"a": 7}\n'})
    assert open_source("*.*", tmp_path).read(pl.DataFrame)["a"].to_list() == ["1.50", "2e3", "x", "7"]


def test_a_format_that_says_its_type_wins_if_the_others_fit(write_files, tmp_path):
    """A CSV beside Parquet is read as that has it; where a value does not fit, the column is widened."""
    first = pl.DataFrame(
        {"n": pl.Series([1], dtype=pl.Int8), "d": [dt.date(2020, 1, 1)], "m": pl.Series([1], dtype=pl.Int8)}
    )
    write_files(tmp_path, {"1.parquet": first, "2.csv": "n,d,m\n2,2020-01-02,300\n"})
    survey = open_source("*.*", tmp_path).survey()
    assert survey.schema == {"n": "int8", "d": "date", "m": "int64"}
    assert _changes(survey)[-1] == ("2.csv", "m", "widened", "int8", "int64")


def test_freeze_holds_to_the_first_file(write_files, tmp_path):
    """More columns are left out, missing ones null, both recorded; a value that does not fit is named by its row."""
    write_files(tmp_path, {"1.csv": "a,b\n1,x\n", "2.csv": "c,a\n9,2\n"})
    source = open_source({"files": "*.csv", "schema": "freeze"}, tmp_path)
    survey = source.survey()
    assert source.frame(survey).collect().rows() == [(1, "x"), (2, None)]
    assert _changes(survey) == [("2.csv", "b", "missing", "text", None), ("2.csv", "c", "dropped", None, "int64")]
    write_files(tmp_path, {"3.csv": "a,b\n3,y\n4.5,z\n"})
    with pytest.raises(InputError, match=r"3\.csv cannot be read as csv: line 3, column 'a': '4\.5' is no Int64"):
        source.read(pl.DataFrame)
    parquet = {"p/1.parquet": pl.DataFrame({"a": [1]}), "p/2.parquet": pl.DataFrame({"a": [1.0, 2.0, 2.5]})}
    write_files(tmp_path, parquet)
    with pytest.raises(
        InputError, match=r"p/2\.parquet cannot be read as parquet: row 3, column 'a': 2\.5 is no Int64"
    ):
        open_source({"files": "p", "schema": "freeze"}, tmp_path).read(pl.DataFrame)


def test_frozen_types_can_be_pinned(write_files, tmp_path):
    """Pinned types rule, and a pinned column that only a later file has is kept."""
    write_files(tmp_path, {"1.csv": "a\n1\n", "2.csv": "a,b\n2,3\n"})
    spec = {"files": "*.csv", "schema": "freeze", "types": {"a": "float64", "b": "int16"}}
    found = open_source(spec, tmp_path).read(pl.DataFrame)
    assert found.schema == {"a": pl.Float64, "b": pl.Int16}
    assert found.rows() == [(1.0, None), (2.0, 3)]


def test_another_order_of_columns_is_no_difference(write_files, tmp_path):
    """It is allowed even by `fail`, and recorded."""
    write_files(tmp_path, {"1.csv": "a,b,c\n1,2,3\n", "2.csv": "a,c,b\n1,3,2\n"})
    source = open_source({"files": "*.csv", "schema": "fail"}, tmp_path)
    assert _changes(source.survey()) == [("2.csv", "c", "order", 2, 1)]
    assert source.read(pl.DataFrame).rows() == [(1, 2, 3), (1, 2, 3)]


def test_folders_may_be_said_to_mean_nothing(write_files, tmp_path):
    """`hive: false` leaves out what folders say; with `evolve` a file outside of them has null."""
    write_files(tmp_path, {"d/k=1/a.csv": "v\n1\n", "d/b.csv": "v\n2\n"})
    assert open_source({"files": "d", "hive": False}, tmp_path).read(pl.DataFrame).columns == ["v"]
    assert sorted(open_source("d", tmp_path).read(pl.DataFrame).rows(), key=str) == [(1, 1), (2, None)]


def test_found_says_what_each_file_is(write_files, tmp_path):
    """Format, packing, encoding, delimiter, header, types and what they could be: all that was guessed."""
    text = "id;when;day;né\n1;2020-01-01T00:00:00Z;2020-01-01;ä\n"
    write_files(tmp_path, {"k=1/a.csv.gz": gzip.compress(text.encode("utf-16")), "k=2/b.csv": "39, State\n50, x\n"})
    found = json.loads(json.dumps(open_source("k=1", tmp_path).found()))
    (file,) = found["files"]
    assert file == {
        "file": "k=1/a.csv.gz", "rows": 1, "columns": 4, "format": "csv", "compression": "gz", "encoding": "utf-16",
        "bom": True, "delimiter": ";", "header": "first line", "header_looks_absent": False,
        "guessed": ["encoding", "delimiter", "header"], "folders": {"k": "1"},
    }  # fmt: skip
    assert {one["name"]: one.get("could_be") for one in found["columns"]} == {
        "id": None, "when": "datetime[us, UTC]", "day": "date", "né": None, "k": None,
    }  # fmt: skip
    other = open_source("k=2", tmp_path).found()
    assert other["files"][0]["header_looks_absent"] is True
    assert other["findings"][0]["kind"] == "header"


def test_the_same_rows_are_one_table_in_every_format(write_workbook, tmp_path):
    """CSV, Parquet in 1 and 12 files, JSON lines, JSON, Arrow and a workbook, types pinned: one digest."""
    rows = pl.DataFrame(
        {
            "id": range(1, 61),
            "x": [None if n % 7 == 0 else n / 8 for n in range(60)],
            "t": [None if n % 5 == 0 else f"tëxt {n}" for n in range(60)],
            "day": [dt.date(2020, 1, 1) + dt.timedelta(days=n) for n in range(60)],
            "ok": [n % 3 == 0 for n in range(60)],
        }
    )
    rows.write_csv(tmp_path / "a.csv")
    rows.write_parquet(tmp_path / "a.parquet")
    for n in range(12):
        rows[n * 5 : n * 5 + 5].write_parquet(tmp_path / f"many-{n:02}.parquet")
    rows.write_ndjson(tmp_path / "a.jsonl")
    rows.write_json(tmp_path / "a.json")
    rows.write_ipc(tmp_path / "a.arrow")
    write_workbook(tmp_path / "a.xlsx", {"Sheet1": [rows.columns, *rows.rows()]})
    types = {"id": "int64", "x": "float64", "t": "text", "day": "date", "ok": "bool"}
    for files in ("a.csv", "a.parquet", "many-*.parquet", "a.jsonl", "a.json", "a.arrow", "a.xlsx"):
        found = open_source({"files": files, "types": types}, tmp_path).read(pl.LazyFrame)
        assert table_digest(found) == table_digest(rows), files


JOINS = [
    ("int8", "int32", "int32"), ("uint8", "int8", "int16"), ("uint32", "int64", "int64"),
    ("uint64", "int8", ["decimal", 38, 0]), ("int16", "float32", "float32"), ("int32", "float32", "float64"),
    ("int64", "float32", "float64?"), ("float32", "float64", "float64"), ("bool", "int8", "text"),
    ("int64", ["decimal", 10, 2], ["decimal", 21, 2]), (["decimal", 38, 0], ["decimal", 38, 10], "text"),
    ("date", ["datetime", "us", None], ["datetime", "us", None]), ("date", ["datetime", "us", "UTC"], "text"),
    (["datetime", "ms", "UTC"], ["datetime", "us", "Asia/Tokyo"], ["datetime", "us", "UTC"]),
    (["datetime", "ms", None], ["datetime", "ms", "UTC"], "text"),
    (["duration", "ms"], ["duration", "ns"], ["duration", "ns"]),
    (["list", "int8"], ["list", "int64"], ["list", "int64"]), (["list", "int8"], "int8", None),
    (["struct", [["a", "int8"]]], ["struct", [["b", "text"]]], ["struct", [["a", "int8"], ["b", "text"]]]),
    ("null", "date", "date"), ("binary", "text", None), (["enum", ["a"]], ["enum", ["b"]], "text"),
    ("time", "date", "text"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other", "both"), JOINS)
def test_what_two_types_have_in_common(one, other, both):
    """The narrowest type that keeps both, whichever comes first."""
    assert join(one, other) == both
    if not (isinstance(both, list) and both[0] == "struct"):
        assert join(other, one) == both
    assert join(one, one) == one


def test_a_column_that_a_folder_names_too_is_told(tmp_path):
    """The file's own values count, and that the folder says something is not passed over in silence."""
    (tmp_path / "year=2013").mkdir()
    pl.DataFrame({"year": [2014], "a": [1]}).write_parquet(tmp_path / "year=2013/x.parquet")
    source = open_source({"files": "*/x.parquet"}, tmp_path)
    assert source.read(pl.DataFrame)["year"].to_list() == [2014]
    (told,) = source.survey().findings
    assert (told["kind"], told["column"], told["file"]) == ("folder", "year", "year=2013/x.parquet")
    assert "a folder says year=2013" in told["text"]
    assert open_source({"files": "*/x.parquet", "hive": False}, tmp_path).survey().findings == []


@pytest.mark.parametrize("rows", [["1", "3,4"], ["3,4", "1", "5"], ["1"], ["1", "2"]])
def test_short_lines_may_come_first(write_files, tmp_path, rows):
    """Wherever a piece of the file begins, and if no line is full."""
    write_files(tmp_path, {"a.csv": "a,b\n" + "\n".join(rows) + "\n"})
    made = open_source({"files": "a.csv", "ragged": "fill"}, tmp_path).read(pl.DataFrame)
    parts = [row.split(",") for row in rows]
    assert made["a"].to_list() == [int(one[0]) for one in parts]
    assert [None if one is None else int(one) for one in made["b"]] == [
        int(one[1]) if len(one) > 1 else None for one in parts
    ]


def test_a_moment_that_finer_units_do_not_reach_makes_the_column_text(tmp_path):
    """Nanoseconds beside the year 9999; where they reach all moments, they are the units of all."""
    fine = pl.DataFrame({"i": pl.Series([dt.datetime(2020, 1, 1)], dtype=pl.Datetime("ns"))})
    fine.write_parquet(tmp_path / "1.parquet")
    for year, kind in ((2021, pl.Datetime("ns")), (9999, pl.String())):
        pl.DataFrame({"i": pl.Series([dt.datetime(year, 12, 31)], dtype=pl.Datetime("ms"))}).write_parquet(
            tmp_path / "2.parquet"
        )
        made = open_source("*.parquet", tmp_path).read(pl.DataFrame)["i"]
        assert made.dtype == kind and str(made[1]).startswith(f"{year}-12-31 00:00:00")


@pytest.mark.parametrize(("number", "kept"), [(3, [3.0]), (2**53 + 1, "[9007199254740993]")])
def test_whole_numbers_deep_in_one_file_beside_fractions_in_another(tmp_path, number, kept):
    """They are fractions where each of them is exact as one; else the column is text, and no digit is lost."""
    (tmp_path / "1.jsonl").write_text(f'{{"s": [{number}]}}\n')
    (tmp_path / "2.jsonl").write_text('{"s": [1.5]}\n')
    made = open_source("*.jsonl", tmp_path).read(pl.DataFrame)["s"]
    first = made[0]
    assert (first.to_list() if isinstance(first, pl.Series) else first) == kept
