"""Inputs: a new version of a source costs what is new of it, and what was found in the files is recorded."""

from __future__ import annotations

import json
import os

import apsw
import numpy as np
import pandas as pd
import polars as pl
import pytest

import solvent as sv
from solvent.archive.catalog.readers import list_consumers
from solvent.data import table_digest
from solvent.data.sources.files import Files
from solvent.errors import SettingsError


def rows_of(count: int, seed: int = 0) -> pl.DataFrame:
    """Rows of a month."""
    dice = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "id": dice.integers(0, 10**9, count),
            "x": dice.standard_normal(count),
            "word": [f"w{n % 30}" for n in range(count)],
        }
    )


def put(folder, name: str, rows: pl.DataFrame) -> None:
    """A file that is old enough to be believed."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    (rows.write_csv if path.suffix == ".csv" else rows.write_parquet)(path)
    os.utime(path, (1_700_000_000, 1_700_000_000))


@sv.step
def height(rows: pl.LazyFrame) -> int:
    """How many rows there are."""
    return rows.select(pl.len()).collect().item()


@sv.pipeline
def counting(rows: pl.LazyFrame) -> int:
    """One step over an input."""
    return height(rows)


@pytest.fixture
def read(monkeypatch):
    """The labels of the files that were opened, in the order in which they were."""
    opened: list[str] = []
    look, frame = Files._look, Files.frame

    def looked(self, one):
        opened.append(f"look {one.label}")
        return look(self, one)

    def framed(self, survey, labels=None):
        opened.extend(f"read {one}" for one in (labels or [part.label for part in survey.parts]))
        return frame(self, survey, labels)

    monkeypatch.setattr(Files, "_look", looked)
    monkeypatch.setattr(Files, "frame", framed)
    return opened


def run_on(project, pattern="data/*"):
    """A run over files, and the rows that its input became."""
    run = sv.run(counting, config={"inputs": {"rows": {"files": pattern}}}, project=project)
    return run, project.archive.get(run["inputs/rows"].outputs["value"], pl.DataFrame)


@pytest.fixture
def settled(monkeypatch):
    """Files count as settled at once: a change of their times would have to wait for two seconds."""
    monkeypatch.setattr("solvent.data.sources.files.finding._RACY", 0.0)


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_new_file_of_many_is_all_that_is_read(project, read, settled, suffix):
    """Of files that are as they were only the names are looked at; the table is that of all files all the same."""
    folder = project.root / "data"
    months = {f"{n:02}.{suffix}": rows_of(120_000, n) for n in (1, 2, 3)}
    for name, rows in months.items():
        put(folder, name, rows)
    _, found = run_on(project)
    assert found.equals(pl.concat(months.values()))
    read.clear()
    months[f"04.{suffix}"] = rows_of(2_000, 4)
    put(folder, f"04.{suffix}", months[f"04.{suffix}"])
    run, found = run_on(project)
    assert read == [f"look data/04.{suffix}", f"read data/04.{suffix}"]
    assert table_digest(found) == table_digest(pl.concat(months.values()))
    assert run["inputs/rows"].outputs["value"] == project.archive.put(pl.concat(months.values())).digest
    read.clear()
    assert run_on(project)[0]["inputs/rows"].status == "reused"
    assert read == []


def test_a_changed_removed_or_renamed_file_is_told_from_the_others(project, read, settled):
    """A file in the middle that changed is read again, one that is gone is left out, a new name is a new file."""
    folder = project.root / "data"
    parts = {f"{n}.parquet": rows_of(90_000, n) for n in range(5)}
    for name, rows in parts.items():
        put(folder, name, rows)
    run_on(project)
    read.clear()
    parts["2.parquet"] = rows_of(80_000, 9)
    put(folder, "2.parquet", parts["2.parquet"])
    assert run_on(project)[1].equals(pl.concat(parts.values()))
    assert {one.split("/")[1] for one in read} == {"2.parquet"}
    read.clear()
    (folder / "1.parquet").unlink()
    del parts["1.parquet"]
    assert run_on(project)[1].equals(pl.concat(parts.values()))
    assert not [one for one in read if one.startswith("look")]
    (folder / "0.parquet").rename(folder / "7.parquet")
    parts["7.parquet"] = parts.pop("0.parquet")
    assert run_on(project)[1].equals(pl.concat(parts.values()))


def test_a_new_type_in_a_new_file_changes_all_of_the_column(project, settled):
    """Where the schema of all becomes another one, nothing of the old table is taken over, and the change is noted."""
    folder = project.root / "data"
    put(folder, "1.csv", rows_of(50_000, 1))
    run_on(project)
    put(folder, "2.csv", rows_of(3, 2).with_columns(id=pl.lit("none")))
    run, found = run_on(project)
    assert found.schema["id"] == pl.String
    assert found.height == 50_003
    notes = json.loads(
        project.catalog.read("SELECT notes FROM step_runs WHERE path = 'inputs/rows' ORDER BY id DESC")[0][0]
    )
    assert any("'id'" in line and "2.csv" in line for line in notes["warnings"])
    assert notes["found"]["rows"] == 50_003
    assert run["inputs/rows"].status == "ran"


def test_a_table_that_was_damaged_is_read_from_the_files_again(project, settled):
    """What was kept and is no longer whole is no ground to build on."""
    folder = project.root / "data"
    put(folder, "1.parquet", rows_of(200_000, 1))
    run_on(project)
    for file in project.archive.store.folder.rglob("*"):
        if file.is_file() and file.stat().st_size > 100_000:
            file.chmod(0o644)
            file.write_bytes(file.read_bytes()[:-1_000])
    put(folder, "2.parquet", rows_of(1_000, 2))
    assert run_on(project)[1].equals(pl.concat([rows_of(200_000, 1), rows_of(1_000, 2)]))


@sv.step
def mean(rows: pd.DataFrame) -> float:
    """Of a pandas frame."""
    return float(rows["x"].mean())


@sv.pipeline
def averaging(rows: pd.DataFrame) -> float:
    """The same input, asked for as pandas."""
    return mean(rows)


def test_the_frame_that_a_step_asks_for_does_not_change_what_was_read(project, settled):
    """Asked for as a query or as a pandas frame, the same files are the same artifact."""
    put(project.root / "data", "1.csv", rows_of(1_000, 1).with_columns(n=pl.Series([None, 2] * 500)))
    lazy, _ = run_on(project)
    eager = sv.run(averaging, config={"inputs": {"rows": {"files": "data/*"}}}, project=project)
    assert eager["inputs/rows"].outputs == lazy["inputs/rows"].outputs


def test_of_a_list_of_sources_only_what_is_new_is_read(tmp_path, monkeypatch):
    """A database, files and a dataset are one input; a file more is read alone, and who reads the dataset is known."""
    monkeypatch.setattr("solvent.data.sources.files.finding._RACY", 0.0)
    base = apsw.Connection(str(tmp_path / "old.db"))
    base.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, x INT)")
    with base:
        base.executemany("INSERT INTO t VALUES (?, ?)", [(n, n) for n in range(1000)])
    base.close()

    def write(name, start):
        pl.DataFrame({"id": range(start, start + 1000), "x": [1] * 1000}).write_parquet(tmp_path / name)

    write("new-1.parquet", 1000)
    with sv.open(tmp_path) as project:
        project.publish(pl.DataFrame({"id": [-1], "x": [100]}), "extra")
    spec = [{"database": "sqlite:///old.db", "table": "t"}, "new-*.parquet", {"dataset": "extra@v1"}]
    first = sv.run(_summing, config={"inputs": {"rows": spec}}, project=tmp_path)
    assert first.value() == [2001, sum(range(1000)) + 1000 + 100]
    read = []
    frame = Files.frame

    def framed(self, survey, labels=None):
        read.append(sorted(labels) if labels is not None else None)
        return frame(self, survey, labels)

    monkeypatch.setattr(Files, "frame", framed)
    again = sv.run(_summing, config={"inputs": {"rows": spec}}, project=tmp_path)
    assert again["inputs/rows"].status == again["_sums"].status == "reused" and not read
    write("new-2.parquet", 2000)
    more = sv.run(_summing, config={"inputs": {"rows": spec}}, project=tmp_path)
    assert more.value() == [3001, sum(range(1000)) + 2000 + 100]
    assert read == [["new-2.parquet"]]
    with sv.open(tmp_path) as project:
        known = {(one.run, one.step) for one in list_consumers(project.catalog, "extra")}
    assert known == {(more.id, "inputs/rows")}  # of each reader the latest


@sv.step
def _sums(rows: pl.LazyFrame) -> list[int]:
    """How many rows, and the sum of a column."""
    return list(rows.select(pl.len(), pl.col("x").sum()).collect().row(0))


@sv.pipeline
def _summing(rows: pl.LazyFrame) -> list[int]:
    """One step over an input."""
    return _sums(rows)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"use": "odd_sources:Odd", "wrong": 1}, "use: odd_sources:Odd cannot make a source of these: TypeError"),
        ({"use": "odd_sources:Odd"}, "the source Odd cannot tell what it is: ConnectionError: no route"),
        ({"use": "odd_sources:Mute"}, "the source Mute cannot tell what it is: AttributeError"),
    ],
)
def test_a_source_of_somebody_else_that_fails_before_anything_runs_is_told(tmp_path, monkeypatch, spec, said):
    """With its input, and without a traceback of ours."""
    (tmp_path / "odd_sources.py").write_text(
        "class Odd:\n"
        "    def describe(self):\n        return {}\n"
        "    def version(self):\n        raise ConnectionError('no route')\n"
        "class Mute:\n    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SettingsError, match=rf"rows.*{said}"):
        sv.run(counting, config={"inputs": {"rows": spec}}, project=tmp_path)
