"""A list of sources is one table: the rows of all in the order of the list, in one schema, with nothing lost."""

from __future__ import annotations

from pathlib import Path

import apsw
import polars as pl
import pytest

from solvent.data import table_digest
from solvent.data.sources import open_source
from solvent.errors import InputError


def database(
    folder: Path, rows: list[tuple[int, float, str]], declared: str = "id INTEGER PRIMARY KEY, km REAL, zip TEXT"
):
    """A table in an SQLite file."""
    base = apsw.Connection(str(folder / "old.db"))
    base.execute(f"CREATE TABLE trips ({declared})")
    base.executemany("INSERT INTO trips VALUES (?, ?, ?)", rows)
    base.close()
    return {"database": f"sqlite:///{folder}/old.db", "table": "trips"}


def test_rows_of_a_database_and_of_files_are_one_table(tmp_path):
    """The rows stand one after another; what a CSV only seems to be, the database's declared type decides."""
    old = database(tmp_path, [(1, 1.5, "01067"), (2, None, "10115")])
    (tmp_path / "new.csv").write_text("id,km,zip\n3,2,50667\n4,7.25,\n")
    value = {"value": [{"id": 5, "km": 0.5, "zip": "x"}]}
    made = open_source([old, {"files": "new.csv"}, value], tmp_path)
    rows = made.read(pl.DataFrame)
    wanted = pl.DataFrame(
        {"id": [1, 2, 3, 4, 5], "km": [1.5, None, 2.0, 7.25, 0.5], "zip": ["01067", "10115", "50667", None, "x"]}
    )
    assert table_digest(rows) == table_digest(wanted) == table_digest(made.read(pl.LazyFrame))
    assert [change["kind"] for change in made.survey().changes] == ["cast"]  # the zip of the CSV
    assert [one["source"] for one in made.found()["sources"]] == [f"source {n} of the list" for n in (1, 2, 3)]


def test_a_number_that_becomes_text_keeps_its_spelling(tmp_path):
    """A CSV is read anew as text: 1.50 is not 1.5, and 007 would have been text anyway."""
    (tmp_path / "a.csv").write_text("code\n1.50\n2.00\n")
    pl.DataFrame({"code": ["A7"]}).write_parquet(tmp_path / "b.parquet")
    made = open_source([{"files": "a.csv"}, {"files": "b.parquet"}], tmp_path).read(pl.DataFrame)
    assert made["code"].to_list() == ["1.50", "2.00", "A7"]


def test_columns_that_a_source_lacks_are_null_and_said(tmp_path):
    """All columns of all sources are there, in the order in which they first appear."""
    pl.DataFrame({"a": [1], "b": [2]}).write_parquet(tmp_path / "x.parquet")
    pl.DataFrame({"c": ["z"], "a": [3]}).write_parquet(tmp_path / "y.parquet")
    made = open_source([{"files": "x.parquet"}, {"files": "y.parquet"}], tmp_path)
    assert made.read(pl.DataFrame).to_dict(as_series=False) == {"a": [1, 3], "b": [2, None], "c": [None, "z"]}
    told = {(one["file"], one["column"], one["kind"]) for one in made.survey().changes}
    assert {("source 2 of the list", "b", "missing"), ("source 2 of the list", "c", "added")} <= told


@pytest.mark.parametrize("number, kind", [(2**53, pl.Float64), (2**53 + 1, pl.String)])
def test_whole_numbers_beside_fractions_are_fractions_only_if_each_is_exact(tmp_path, number, kind):
    """Beyond 2^53 a double would bend them: they become text instead."""
    pl.DataFrame({"n": [number]}).write_parquet(tmp_path / "x.parquet")
    pl.DataFrame({"n": [0.5]}).write_parquet(tmp_path / "y.parquet")
    made = open_source([{"files": "x.parquet"}, {"files": "y.parquet"}], tmp_path).read(pl.DataFrame)
    assert made.schema["n"] == kind
    assert float(made["n"][0]) == number or made["n"][0] == str(number)


def test_an_error_says_which_source_of_the_list_it_is(tmp_path):
    """A missing file, types without anything in common, and a list where no table is asked for."""
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "x.parquet")
    pl.DataFrame({"a": [[1]]}).write_parquet(tmp_path / "y.parquet")
    with pytest.raises(InputError, match=r"source 2 of the list: .*nothing\.csv"):
        open_source([{"files": "x.parquet"}, {"files": "nothing.csv"}], tmp_path).read(pl.DataFrame)
    with pytest.raises(InputError, match="source 2 of the list: column 'a' is list here, and int64 in a file before"):
        open_source([{"files": "x.parquet"}, {"files": "y.parquet"}], tmp_path).read(pl.DataFrame)
    with pytest.raises(InputError, match="read as one table, and the parameter asks for Path"):
        open_source([{"files": "x.parquet"}, {"files": "x.parquet"}], tmp_path).read(Path)


def test_columns_with_names_that_look_like_patterns_are_united_too(tmp_path):
    """A column called ``^a$`` or ``*`` is just that."""
    pl.DataFrame({"^a$": [1], "*": [1]}).write_parquet(tmp_path / "x.parquet")
    pl.DataFrame({"^a$": [0.5], "*": [2]}).write_parquet(tmp_path / "y.parquet")
    made = open_source([{"files": "x.parquet"}, {"files": "y.parquet"}], tmp_path).read(pl.DataFrame)
    assert made.to_dict(as_series=False) == {"^a$": [1.0, 0.5], "*": [1, 2]}


def test_sources_without_rows_change_nothing_but_the_columns(tmp_path):
    """An empty file has a schema, and no rows."""
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "x.parquet")
    pl.DataFrame({"a": []}, schema={"a": pl.Int8}).write_parquet(tmp_path / "y.parquet")
    (tmp_path / "z.csv").write_text("a\n")
    made = open_source([{"files": "y.parquet"}, {"files": "x.parquet"}, {"files": "z.csv"}], tmp_path)
    assert table_digest(made.read(pl.DataFrame)) == table_digest(pl.DataFrame({"a": [1]}))


def test_a_source_that_is_listed_twice_has_parts_of_its_own_each_time(tmp_path):
    """Only the rows of the parts that are asked for are read, also where two sources look the same."""
    pl.DataFrame({"n": [1, 2]}).write_parquet(tmp_path / "x.parquet")
    made = open_source([{"files": "x.parquet"}, {"files": "x.parquet"}], tmp_path)
    found = made.survey()
    labels = [part.label for part in found.parts]
    assert len(set(labels)) == 2
    assert made.frame(found, labels[1:]).collect()["n"].to_list() == [1, 2]
    assert made.frame(found).collect()["n"].to_list() == [1, 2, 1, 2]


def test_a_source_that_is_put_in_front_leaves_the_labels_of_the_others(tmp_path):
    """Else each part after it would be read again."""
    pl.DataFrame({"n": [1]}).write_parquet(tmp_path / "x.parquet")
    pl.DataFrame({"n": [2]}).write_parquet(tmp_path / "y.parquet")
    before = open_source([{"files": "x.parquet"}, {"value": [{"n": 3}]}], tmp_path).survey()
    after = open_source([{"files": "y.parquet"}, {"files": "x.parquet"}, {"value": [{"n": 3}]}], tmp_path).survey()
    assert [part.label for part in after.parts][1:] == [part.label for part in before.parts]


@pytest.mark.parametrize("empty", ["e.csv", "e.json", "e.jsonl", "nulls.jsonl"])
def test_a_source_without_values_leaves_the_others_types(tmp_path, empty):
    """A CSV with a header alone says of no column that it is text, nor do nulls."""
    (tmp_path / "a.csv").write_text("a,b\n1,x\n")
    (tmp_path / "e.csv").write_text("a,b\n")
    (tmp_path / "e.json").write_text("[]")
    (tmp_path / "e.jsonl").write_text("")
    (tmp_path / "nulls.jsonl").write_text('{"a": null, "b": null}\n')
    for spec in ([{"files": "a.csv"}, {"files": empty}], [{"files": empty}, {"files": "a.csv"}]):
        source = open_source(spec, tmp_path)
        made = source.read(pl.DataFrame)
        assert made.schema == {"a": pl.Int64, "b": pl.String}
        assert made.drop_nulls().rows() == [(1, "x")]
        assert all(one["kind"] in ("missing", "added") for one in source.survey().changes)
    pinned = open_source([{"files": "a.csv"}, {"files": "e.csv", "types": {"a": "text"}}], tmp_path)
    assert pinned.read(pl.DataFrame).schema == {"a": pl.String, "b": pl.String}
