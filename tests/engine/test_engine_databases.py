"""Databases as inputs: a part that did not change is not read again, and a secret in an address is nowhere kept."""

from __future__ import annotations

import apsw
import polars as pl
import pytest

import solvent as sv
from solvent.data.sources.database import Database


@sv.step
def total(rows: pl.LazyFrame) -> int:
    """The sum of a column."""
    return rows.select(pl.col("x").sum()).collect().item()


@sv.pipeline
def adding(rows: pl.LazyFrame) -> int:
    """One step over an input."""
    return total(rows)


@pytest.fixture
def shop(tmp_path):
    """A table of 100,000 rows."""
    base = apsw.Connection(str(tmp_path / "shop.db"))
    base.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, x INT, changed INT)")
    with base:
        base.executemany("INSERT INTO t VALUES (?, ?, 1)", [(n, n % 7) for n in range(100_000)])
    yield base
    base.close()


def test_only_the_parts_that_changed_are_read_again(shop, tmp_path, monkeypatch):
    """The rows of the others are taken over; the table is what reading all would give."""
    read = []
    frame = Database.frame

    def framed(self, survey, labels=None):
        read.append(sorted(labels) if labels is not None else None)
        return frame(self, survey, labels)

    monkeypatch.setattr(Database, "frame", framed)
    spec = {"database": "sqlite:///shop.db", "table": "t", "version": "column changed",
            "partition": {"column": "id", "rows": 10_000}}  # fmt: skip
    first = sv.run(adding, inputs={}, config={"inputs": {"rows": spec}}, project=tmp_path)
    again = sv.run(adding, config={"inputs": {"rows": spec}}, project=tmp_path)
    assert first.value() == again.value() == sum(n % 7 for n in range(100_000))
    assert again["inputs/rows"].status == "reused"
    shop.execute("UPDATE t SET x = x + 1000, changed = 2 WHERE id = 55555")
    third = sv.run(adding, config={"inputs": {"rows": spec}}, project=tmp_path)
    assert third.value() == first.value() + 1000
    assert read == [None, ["t[id 50000..59999]"]]


def test_the_table_is_the_same_in_parts_and_whole(shop, tmp_path):
    """How it is read is not what it is: the step after it is not carried out again."""
    spec = {"database": "sqlite:///shop.db", "table": "t"}
    whole = sv.run(adding, config={"inputs": {"rows": spec}}, project=tmp_path)
    parts = {**spec, "partition": {"column": "id", "rows": 30_000}}
    cut = sv.run(adding, config={"inputs": {"rows": parts}}, project=tmp_path)
    assert (whole["total"].status, cut["total"].status) == ("ran", "reused")


def test_a_secret_in_the_settings_is_nowhere_kept(shop, tmp_path, monkeypatch):
    """Not in the archive, whatever the address holds; the run records the reference."""
    monkeypatch.setenv("SHOP_FILE", "shop.db")
    config = tmp_path / "run.yaml"
    config.write_text(
        "pipeline: adding\ninputs:\n  rows: {database: 'sqlite:///${secret:SHOP_FILE}?key=${secret:SHOP_FILE}', "
        "query: 'SELECT x FROM t WHERE id < $most', params: {most: 2020}, order_by: x}\n"
    )
    run = sv.run(adding, config=str(config), project=tmp_path)
    assert run.value() == sum(n % 7 for n in range(2020))
    kept = b"".join(one.read_bytes() for one in (tmp_path / ".solvent").rglob("*") if one.is_file())
    assert b"shop.db" not in kept
    assert b"${secret:SHOP_FILE}" in kept


def test_a_broken_input_is_told_with_its_line(shop, tmp_path):
    """And with what is there instead."""
    config = tmp_path / "run.yaml"
    config.write_text("inputs:\n  rows: {database: 'sqlite:///shop.db', table: ts}\n")
    with pytest.raises(sv.errors.SolventError, match=r"run.yaml:2.*no table 'ts'"):
        sv.run(adding, config=str(config), project=tmp_path)
