"""DuckDB files are read without loss, and a query reads nothing but the file."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from decimal import Decimal

import duckdb
import polars as pl
import pytest

from solvent.data.sources import open_source
from solvent.errors import InputError


def _database(root, *lines):
    with duckdb.connect(root / "x.duckdb") as made:
        for line in lines:
            made.execute(line)


def _open(root, **options):
    return open_source({"database": "duckdb:///x.duckdb", **options}, root)


def test_every_type_becomes_one_that_a_table_keeps(tmp_path):
    """Instants are in UTC; what has no type of its own is text; lists and structs stay."""
    _database(
        tmp_path,
        "CREATE TABLE t (id int PRIMARY KEY, huge hugeint, code uuid, doc json, mood enum('a', 'b'), "
        "moment timestamptz, "
        "fine timestamp_ns, span interval, l int[], s struct(a int, b varchar), m map(varchar, int), d decimal(10,2), "
        "raw blob, either union(n int, t varchar), small utinyint)",
        "SET TimeZone = 'Asia/Tokyo'",
        "INSERT INTO t VALUES (2, 170141183460469231731687303715884105727 // 10, "
        "'11111111-2222-3333-4444-555555555555', '{\"a\": 1}', 'b', '2020-06-01 12:00+02', '2020-06-01 12:00', "
        "interval 1 month, [1, null], {'a': 1, 'b': 'x'}, map {'k': 1}, 1.5, '\\x00'::blob, 7, 255)",
        "INSERT INTO t (id) VALUES (1)",
    )
    found = _open(tmp_path, table="t").read(pl.DataFrame)
    assert found["id"].to_list() == [1, 2]
    row = found.row(1, named=True)
    assert row["huge"] == Decimal(170141183460469231731687303715884105727 // 10)
    assert (row["code"], row["doc"]) == ("11111111-2222-3333-4444-555555555555", '{"a": 1}')
    assert (row["mood"], row["span"], row["either"], row["small"]) == ("b", "1 month", "7", 255)
    assert found.schema["moment"] == pl.Datetime("us", "UTC")
    assert row["moment"].astimezone(dt.UTC).hour == 10
    assert (row["l"], row["s"], row["m"]) == ([1, None], {"a": 1, "b": "x"}, [{"key": "k", "value": 1}])
    assert (row["d"], row["raw"]) == (Decimal("1.50"), b"\x00")
    assert set(found.row(0)[1:]) == {None}


@pytest.mark.parametrize("kind", ["date", "timestamp", "timestamptz"])
@pytest.mark.parametrize("value", ["infinity", "-infinity"])
def test_infinity_is_no_day(tmp_path, kind, value):
    """It is named with its row, and can be read as text."""
    _database(
        tmp_path, f"CREATE TABLE t AS SELECT 1 AS id, '2020-01-01'::{kind} AS d UNION ALL SELECT 2, '{value}'::{kind}"
    )
    with pytest.raises(InputError, match=r"row 2, column 'd': 'infinity'.*types: {d: text}"):
        _open(tmp_path, table="t", order_by="id").read(pl.DataFrame)
    assert _open(tmp_path, table="t", order_by="id", types={"d": "text"}).read(pl.DataFrame)["d"][1] == value


def test_an_integer_of_39_digits_is_named(tmp_path):
    """A table keeps 38; as text it can be read."""
    _database(tmp_path, "CREATE TABLE t AS SELECT 170141183460469231731687303715884105727::hugeint AS n")
    with pytest.raises(InputError, match="row 1, column 'n': '170141183460469231731687303715884105727' is no Decimal"):
        _open(tmp_path, table="t").read(pl.DataFrame)
    assert len(_open(tmp_path, table="t", types={"n": "text"}).read(pl.DataFrame)["n"][0]) == 39


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"table": "orders"}, "no table 'orders'. Did you mean 'order'"),
        ({"query": 'SELECT nope FROM "order"'}, "nope"),
        ({"query": "SELECT * FROM read_csv('secret.csv')"}, "reads files itself.*input of their own"),
        ({"query": "FROM 'secret.csv'"}, "reads files itself|does not exist"),
        ({"query": "SELECT 1 AS a, 2 AS a"}, "more than one column called 'a'"),
        ({"query": "SELECT 1; SELECT 2"}, "more than one statement"),
        ({"query": "COPY \"order\" TO 'x.csv'"}, "'copy' is not how a query that reads begins"),
        ({"query": "SELECT $x"}, "x"),
        ({"query": "SELECT 1", "params": {"x": 1}}, "x"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, monkeypatch, options, said):
    """Each mistake has one error; files besides the database are not read."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.csv").write_text("a\n1\n")
    _database(tmp_path, 'CREATE TABLE "order" (a int)')
    with pytest.raises(InputError, match=said):
        _open(tmp_path, **options).read(pl.DataFrame)
    assert not (tmp_path / "x.csv").exists()


def test_a_file_that_is_no_database_is_named(tmp_path):
    """Whatever it is."""
    (tmp_path / "x.duckdb").write_text("hello " * 1000)
    with pytest.raises(InputError, match="not a valid DuckDB"):
        _open(tmp_path, table="t").read(pl.DataFrame)


@pytest.mark.slow
def test_a_database_that_another_program_writes_to_is_waited_for_and_named(tmp_path):
    """DuckDB lets nobody read meanwhile; when that program ends, the rows are there."""
    _database(tmp_path, "CREATE TABLE t AS SELECT 1 AS a")
    code = f"import duckdb; c = duckdb.connect({str(tmp_path / 'x.duckdb')!r}); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        writer.stdout.readline()
        with pytest.raises(InputError, match=r"locked by another program.*wait: 300"):
            _open(tmp_path, table="t", wait=0.1).read(pl.DataFrame)
        writer.stdin.close()
        writer.wait(30)
        assert _open(tmp_path, table="t", wait=30).read(pl.DataFrame).height == 1


def test_rows_come_in_batches_in_the_order_of_the_key(tmp_path):
    """A large table is never held whole; one without a key comes as it was written."""
    _database(
        tmp_path,
        "CREATE TABLE t AS SELECT (range * 7919) % 300007 AS id, 'x' || range AS name FROM range(300007)",
        "CREATE TABLE k (id bigint PRIMARY KEY)",
        "INSERT INTO k SELECT id FROM t",
    )
    plain = _open(tmp_path, table="t")
    survey = plain.survey()
    heights = [batch.height for batch in plain.frame(survey).collect_batches(maintain_order=True, lazy=True)]
    plain.close()
    assert sum(heights) == 300_007
    assert max(heights) < 150_000
    assert plain.found()["order"] == ["rowid"]
    assert plain.read(pl.LazyFrame).head(3).collect()["name"].to_list() == ["x0", "x1", "x2"]
    assert _open(tmp_path, table="k").read(pl.DataFrame)["id"].to_list() == list(range(300_007))


def test_two_looks_at_one_file_get_along(tmp_path):
    """While one is open, the version of the column can be asked, and another source can read."""
    _database(tmp_path, "CREATE TABLE t AS SELECT range AS id FROM range(10)")
    source = _open(tmp_path, table="t", version="column id")
    survey = source.survey()
    version = source.version()
    other = _open(tmp_path, query="SELECT id FROM t WHERE id > $x", params={"x": 4}, order_by="id")
    assert other.read(pl.DataFrame)["id"].to_list() == [5, 6, 7, 8, 9]
    assert source.frame(survey).collect().height == 10
    source.check(survey)
    assert source.version() == version is not None
