"""SQLite files are read as what they hold, in order, of one moment, and never written."""

from __future__ import annotations

import threading
import time

import apsw
import polars as pl
import pyarrow as pa
import pytest

from solvent.data.sources import open_source
from solvent.errors import InputError


def _database(root, *lines, name="shop.db"):
    made = apsw.Connection(str(root / name))
    for line in lines:
        made.execute(line)
    made.close()
    return root / name


def _open(root, **options):
    return open_source({"database": "sqlite:///shop.db", **options}, root)


ORDERS = (
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, day DATE, amount REAL, price DECIMAL(10,2), note TEXT, paid INTEGER)",
    "INSERT INTO orders VALUES (2, NULL, NULL, 2.5, 'b', 0), (1, '2020-01-01', 1.5, 2, 'ä', 1), "
    "(3, '2020-01-02', 3, 7.25, '', NULL)",
)


def test_a_table_is_read_by_its_key_with_types_of_what_it_holds(tmp_path):
    """Rows come by primary key; whole numbers among fractions are fractions; pinned types are those."""
    _database(tmp_path, *ORDERS)
    plain = _open(tmp_path, table="orders").read(pl.DataFrame)
    assert dict(plain.schema) == {
        "id": pl.Int64, "day": pl.String, "amount": pl.Float64, "price": pl.Float64, "note": pl.String,
        "paid": pl.Int64,
    }  # fmt: skip
    assert plain["id"].to_list() == [1, 2, 3]
    pins = {"day": "date", "price": "decimal(10,2)", "paid": "bool", "id": "int32"}
    pinned = _open(tmp_path, table="orders", types=pins).read(pl.DataFrame)
    assert pinned.schema["price"] == pl.Decimal(10, 2)
    assert pinned["paid"].to_list() == [True, False, None]
    assert str(pinned["day"][0]) == "2020-01-01"
    assert pinned.schema["id"] == pl.Int32


def test_null_comes_last_in_a_key_that_may_hold_some(tmp_path):
    """Which SQLite allows where the key is not the row itself."""
    rows = "(NULL, 1), ('b', 2), (NULL, 3), ('a', 4)"
    _database(tmp_path, "CREATE TABLE t (a TEXT PRIMARY KEY, v INT)", f"INSERT INTO t VALUES {rows}")
    for more in ({}, {"order_by": "a"}):
        assert _open(tmp_path, table="t", **more).read(pl.DataFrame)["a"].to_list() == ["a", "b", None, None]


@pytest.mark.parametrize("kind", [pl.LazyFrame, pa.Table, pa.RecordBatchReader, pa.RecordBatch])
def test_every_frame_that_is_asked_for_has_the_rows(tmp_path, kind):
    """A table comes as the frame of the annotation."""
    _database(tmp_path, *ORDERS)
    found = _open(tmp_path, table="orders").read(kind)
    made = found.collect() if kind is pl.LazyFrame else found
    made = made.read_all() if kind is pa.RecordBatchReader else made
    column = made["note"].to_list() if kind is pl.LazyFrame else made.column("note").to_pylist()
    assert column == ["ä", "b", ""]


def test_a_lazy_frame_asks_only_for_the_columns_it_needs(tmp_path):
    """A column that nobody asks for is not read: one with a value that would not fit does no harm then."""
    _database(tmp_path, "CREATE TABLE orders (id INTEGER PRIMARY KEY, x)", "INSERT INTO orders VALUES (1, 'no number')")
    lazy = _open(tmp_path, table="orders", types={"x": "int64"}).read(pl.LazyFrame)
    assert lazy.select("id").collect()["id"].to_list() == [1]
    assert lazy.select(pl.len()).collect().item() == 1
    with pytest.raises(InputError, match="query|orders: row 1, column 'x': 'no number' is no Int64"):
        lazy.collect()


def test_a_query_takes_bound_values_and_an_order(tmp_path):
    """Values are bound, not written into the text; order_by orders."""
    _database(tmp_path, *ORDERS)
    found = _open(
        tmp_path, query="SELECT id, note FROM orders WHERE note <> $hostile -- the end;", order_by="note",
        params={"hostile": "'; DROP TABLE orders; --"},
    ).read(pl.DataFrame)  # fmt: skip
    assert found["note"].to_list() == ["", "b", "ä"]


def test_types_are_those_of_all_values_not_of_the_first(tmp_path):
    """A column that is empty for 70,000 rows and then holds a fraction is a fraction; all empty is null."""
    _database(
        tmp_path,
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, late REAL, never TEXT)",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 70000) "
        "INSERT INTO orders SELECT i, CASE WHEN i = 70000 THEN 0.5 END, NULL FROM n",
    )
    found = _open(tmp_path, table="orders").read(pl.DataFrame)
    assert found.height == 70_000
    assert found["late"][-1] == 0.5
    assert found.schema["never"] == pl.String
    assert found["id"].is_sorted()


def test_mixed_values_are_never_bent(tmp_path):
    """Numbers among texts are read as texts, and it is said; bytes among texts, and large numbers, are an error."""
    _database(
        tmp_path,
        "CREATE TABLE orders (a, b, c)",
        "INSERT INTO orders VALUES (1, x'00', 9007199254740993), ('x', 'text', 0.5)",
    )
    one = _open(tmp_path, query="SELECT a FROM orders")
    assert one.read(pl.DataFrame)["a"].to_list() == ["1", "x"]
    assert "integer and text" in one.found()["notes"][0]
    for column in "bc":
        with pytest.raises(InputError, match=f"column '{column}' holds .*types: {{{column}: text}}"):
            _open(tmp_path, query=f"SELECT {column} FROM orders").read(pl.DataFrame)
    exact = _open(tmp_path, query="SELECT c FROM orders", types={"c": "text"}).read(pl.DataFrame)
    assert exact["c"].to_list() == ["9007199254740993", "0.5"]


def test_without_a_key_rows_come_as_they_were_put_in_and_a_query_says_that_it_has_no_order(tmp_path):
    """A table without a key has SQLite's own row number; a query without order_by has a note."""
    _database(tmp_path, "CREATE TABLE orders (rowid TEXT, x INT)", "INSERT INTO orders VALUES ('b', 1), ('a', 2)")
    table = _open(tmp_path, table="orders")
    assert table.found()["order"] == ["_rowid_"]
    assert table.read(pl.DataFrame)["rowid"].to_list() == ["b", "a"]
    query = _open(tmp_path, query="SELECT x FROM orders").found()
    assert query["order"] is None
    assert "order_by" in query["notes"][0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"table": "ordres"}, "no table 'ordres'. Did you mean 'orders'"),
        ({"query": "DELETE FROM orders"}, "'delete' is not how a query that reads begins"),
        ({"query": "WITH a AS (SELECT 1) INSERT INTO orders (id) SELECT * FROM a"}, "does not just read"),
        ({"query": "SELECT 1; DROP TABLE orders"}, "more than one statement"),
        ({"query": "SELECT 1 AS a, 2 AS a"}, "more than one column called 'a'"),
        ({"query": "SELECT nope FROM orders"}, "no such column: nope"),
        ({"query": "SELECT $since", "params": {"sinse": 1}}, "has no value. Did you mean 'sinse'"),
        ({"query": "SELECT 1", "params": {"x": 1}}, "the query has no [$]x"),
        ({"table": "orders", "order_by": "dya"}, "no column 'dya'. Did you mean 'day'"),
        ({"table": "orders", "types": {"prize": "int64"}}, "no column 'prize'. Did you mean 'price'"),
        ({"table": "orders", "types": {"note": "int64"}}, "orders: row 1, column 'note': 'ä' is no Int64"),
        ({"table": "orders", "partition": {"column": "note"}}, "integers"),
        ({"table": "orders", "version": "updated"}, "column NAME"),
        ({"table": "orders", "tabel": 1}, "unknown option 'tabel'. Did you mean 'table'"),
        ({"table": "orders", "query": "SELECT 1"}, "both are given"),
        ({}, "neither is given"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, options, said):
    """Each mistake has one error that says what to do."""
    _database(tmp_path, *ORDERS)
    with pytest.raises(InputError, match=said):
        _open(tmp_path, **options).read(pl.DataFrame)


def test_a_file_that_is_not_there_or_no_database_is_named(tmp_path):
    """A wrong path gets the nearest name; other files are told to be none."""
    _database(tmp_path, *ORDERS)
    with pytest.raises(InputError, match="there is no file .*Did you mean 'shop.db'"):
        open_source({"database": "sqlite:///shp.db", "table": "orders"}, tmp_path).read(pl.DataFrame)
    (tmp_path / "text.db").write_text("hello " * 1000)
    with pytest.raises(InputError, match="is no SQLite database"):
        open_source({"database": "sqlite:///text.db", "table": "orders"}, tmp_path).read(pl.DataFrame)


def test_a_locked_database_is_waited_for_and_then_named(tmp_path):
    """A writer that holds the file makes the reader wait; if it goes, the rows are read, else there is an error."""
    path = _database(tmp_path, *ORDERS)
    writer = apsw.Connection(str(path))
    writer.execute("BEGIN EXCLUSIVE")
    with pytest.raises(InputError, match=r"locked by another program.*wait: 300"):
        _open(tmp_path, table="orders", wait=0.1).read(pl.DataFrame)

    def let_go() -> None:
        time.sleep(0.3)
        writer.execute("COMMIT")
        writer.close()

    thread = threading.Thread(target=let_go)
    thread.start()
    assert _open(tmp_path, table="orders", wait=30).read(pl.DataFrame).height == 3
    thread.join()


def test_what_is_read_is_of_one_moment(tmp_path):
    """Rows that are written while the reading goes on are not in it, and those of the next reading."""
    path = _database(tmp_path, "PRAGMA journal_mode = wal", *ORDERS)
    source = _open(tmp_path, table="orders")
    survey = source.survey()
    writer = apsw.Connection(str(path))
    writer.execute("DELETE FROM orders WHERE id = 2")
    frame = source.frame(survey)
    assert frame.collect().height == 3
    assert frame.collect().height == 3
    source.check(survey)
    assert _open(tmp_path, table="orders").read(pl.DataFrame).height == 2
    writer.close()


@pytest.mark.slow
def test_the_version_is_the_files_and_its_journals(tmp_path):
    """A fresh file has none; reading leaves it as it is; a commit that is in the journal alone changes it."""
    path = _database(tmp_path, "PRAGMA journal_mode = wal", *ORDERS)
    source = _open(tmp_path, table="orders")
    assert source.version() is None  # changed just now
    time.sleep(2.1)
    before = source.version()
    source.read(pl.DataFrame)
    assert before == source.version() is not None
    writer = apsw.Connection(str(path))
    writer.execute("UPDATE orders SET note = 'new' WHERE id = 1")
    time.sleep(2.1)
    assert before != source.version() is not None
    writer.close()


def test_a_column_can_be_the_version(tmp_path):
    """Its largest value and the number of rows tell whether anything changed, however fresh the file is."""
    path = _database(tmp_path, *ORDERS)
    source = _open(tmp_path, table="orders", version="column id")
    before = source.version()
    assert before == source.version() is not None
    writer = apsw.Connection(str(path))
    writer.execute("INSERT INTO orders (id) VALUES (9)")
    writer.close()
    assert source.version() != before


def test_a_query_that_asks_for_the_hour_has_no_version(tmp_path):
    """The file does not tell when such a query gives other rows."""
    _database(tmp_path, *ORDERS)
    assert _open(tmp_path, query="SELECT datetime('now')").version() is None


def test_an_empty_table_has_its_columns(tmp_path):
    """No rows are no error."""
    _database(tmp_path, "CREATE TABLE orders (id INTEGER PRIMARY KEY, x TEXT)")
    found = _open(tmp_path, table="orders", types={"x": "int64"}).read(pl.DataFrame)
    assert found.height == 0
    assert dict(found.schema) == {"id": pl.Int64, "x": pl.Int64}


def test_hostile_names_are_read(tmp_path):
    """Tables and columns may be called anything."""
    _database(
        tmp_path, 'CREATE TABLE "a""; DROP TABLE b" ("x y" INT, "^.*$" INT, "select" INT)',
        'INSERT INTO "a""; DROP TABLE b" VALUES (1, 2, 3)',
    )  # fmt: skip
    found = _open(tmp_path, table='a"; DROP TABLE b', order_by="x y").read(pl.DataFrame)
    assert found.row(0) == (1, 2, 3)
    assert found.columns == ["x y", "^.*$", "select"]


def test_text_that_is_no_text_is_named(tmp_path):
    """Bytes that are stored as text and are not UTF-8 are an error, not a guess."""
    _database(tmp_path, "CREATE TABLE orders (x TEXT)", "INSERT INTO orders VALUES (CAST(x'ff41' AS TEXT))")
    with pytest.raises(InputError, match=r"not UTF-8.*CAST"):
        _open(tmp_path, table="orders").read(pl.DataFrame)


def test_many_columns_are_read(tmp_path):
    """As many columns as SQLite has by default."""
    names = ", ".join(f"c{n} INT" for n in range(2000))
    _database(tmp_path, f"CREATE TABLE orders ({names})", "INSERT INTO orders (c1999) VALUES (7)")
    found = _open(tmp_path, table="orders").read(pl.DataFrame)
    assert found.shape == (1, 2000)
    assert found["c1999"][0] == 7
