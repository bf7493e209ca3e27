"""A real PostgreSQL server is read in one snapshot, with every type kept, and what is wrong is named."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal

import polars as pl
import pytest

from solvent.data.sources import open_source
from solvent.errors import DataError, InputError

ALL_TYPES = """
CREATE TYPE mood AS ENUM ('happy', 'sad');
CREATE TABLE t (
    id bigint PRIMARY KEY, loose numeric, price numeric(10,2), at timestamptz, local timestamp, day date, doc jsonb,
    code uuid, numbers int[], words text[], feeling mood, span interval, raw bytea, host inet, cash money,
    small smallint,
    single real, double float8, hour time, zoned timetz, yes boolean, padded char(4), prices numeric[], object oid,
    range int4range, bits bit(3)
);
INSERT INTO t VALUES (
    2, 1.25, 7.5, '2020-06-01 12:00+02', '2020-06-01 12:00', '2020-06-01', '{"a": [1]}',
    '11111111-2222-3333-4444-555555555555', '{1,null}', '{ä,null}', 'sad', '1 month 2 days', '\\x00ff', '10.0.0.1', 3.5,
    -3, 1.5, 'nan', '12:30', '12:30+02', true, 'ab', '{1.50}', 4294967295, '[1,3)', '101'
); INSERT INTO t (id) VALUES (1);
"""


def _open(postgres, shop, **options):
    return open_source({"database": postgres.url(shop), **options}, postgres.folder)


def test_every_type_becomes_one_that_a_table_keeps(postgres, shop):
    """Numbers keep their digits, instants are in UTC, lists are lists, what has no type of its own is text."""
    postgres.sql(ALL_TYPES, shop)
    found = _open(postgres, shop, table="t").read(pl.DataFrame)
    assert found["id"].to_list() == [1, 2]
    row = found.row(1, named=True)
    assert found.schema["loose"] == pl.Decimal(38, 2)
    assert found.schema["price"] == pl.Decimal(10, 2)
    assert found.schema["at"] == pl.Datetime("us", "UTC")
    assert (row["loose"], row["price"], row["cash"]) == (Decimal("1.25"), Decimal("7.50"), Decimal("3.50"))
    assert row["at"].astimezone(dt.UTC) == dt.datetime(2020, 6, 1, 10, tzinfo=dt.UTC)
    assert row["local"] == dt.datetime(2020, 6, 1, 12)
    assert (row["day"], row["hour"]) == (dt.date(2020, 6, 1), dt.time(12, 30))
    assert (row["doc"], row["code"]) == ('{"a": [1]}', "11111111-2222-3333-4444-555555555555")
    assert (row["numbers"], row["words"], row["prices"]) == ([1, None], ["ä", None], ["1.50"])
    assert (row["feeling"], row["span"], row["host"]) == ("sad", "1 mon 2 days", "10.0.0.1/32")
    assert (row["raw"], row["small"], row["single"], row["yes"]) == (b"\x00\xff", -3, 1.5, True)
    assert math.isnan(row["double"])
    assert (row["zoned"], row["padded"], row["object"]) == ("12:30:00+02", "ab  ", 4294967295)
    assert (row["range"], row["bits"]) == ("[1,3)", "101")
    assert set(found.row(0)[1:]) == {None}


def test_texts_are_ordered_by_their_bytes_and_null_comes_last(postgres, shop):
    """The order does not depend on the language that the server was set up with."""
    postgres.sql("CREATE TABLE t (a text); INSERT INTO t VALUES ('b'), (null), ('B'), ('a'), ('ä'), ('Z')", shop)
    found = _open(postgres, shop, table="t", order_by="a").read(pl.DataFrame)
    assert found["a"].to_list() == ["B", "Z", "a", "b", "ä", None]


def test_tables_are_found_in_every_schema(postgres, shop):
    """A name that is visible needs no schema; others get a hint."""
    postgres.sql(
        'CREATE SCHEMA other; GRANT USAGE ON SCHEMA other TO reader; CREATE TABLE other."Odd ""name" (a int);'
        'GRANT SELECT ON ALL TABLES IN SCHEMA other TO reader; INSERT INTO other."Odd ""name" VALUES (1)',
        shop,
    )
    assert _open(postgres, shop, table='other.Odd "name').read(pl.DataFrame).height == 1
    with pytest.raises(InputError, match="no table 'other.Odd name'. Did you mean"):
        _open(postgres, shop, table="other.Odd name").read(pl.DataFrame)


def test_a_query_takes_values_by_name_and_by_place(postgres, shop):
    """Values are bound; a sign that stands in a text, a comment or a name is left alone."""
    postgres.sql(
        "CREATE TABLE t (id int, d date, n text); INSERT INTO t "
        "SELECT g, '2020-01-01', g FROM generate_series(1, 50000) g",
        shop,
    )
    query = """SELECT id, '$lo' AS a, $$ $lo $$ AS b FROM t /* $lo */ -- $lo
               WHERE id > $lo AND d >= $day AND id > $lo"""
    one = _open(postgres, shop, query=query, params={"lo": 20_000, "day": dt.date(2020, 1, 1)}, order_by="id")
    found = one.read(pl.DataFrame)
    assert found["id"].to_list() == list(range(20_001, 50_001))
    assert found.row(0)[1:] == ("$lo", " $lo ")
    two = _open(postgres, shop, query="SELECT $2::int AS a, $1 AS b", params=["x'; --", 7]).read(pl.DataFrame)
    assert two.row(0) == (7, "x'; --")


def test_all_scans_see_one_snapshot(postgres, shop):
    """Parts that are read one after the other agree, whatever is committed meanwhile; two can be read at once."""
    postgres.sql(
        "CREATE TABLE t (id int PRIMARY KEY, x int); INSERT INTO t SELECT g, 0 FROM generate_series(1, 1000) g", shop
    )
    source = _open(postgres, shop, table="t", partition={"column": "id", "rows": 100})
    survey = source.survey()
    labels = [part.label for part in survey.parts]
    first = source.frame(survey, labels[:1]).collect()
    postgres.sql("UPDATE t SET x = 1; DELETE FROM t WHERE id > 990", shop)
    rest = source.frame(survey, labels[1:])
    both = pl.concat([rest, rest]).collect()
    source.check(survey)
    assert first.height + both.height // 2 == 1000
    assert both["x"].sum() == 0
    assert _open(postgres, shop, table="t").read(pl.DataFrame)["x"].sum() == 990


def test_the_version_is_what_transactions_a_table_sees(postgres, shop):
    """Reading leaves it as it is, and so does what nobody sees yet; a commit changes it."""
    import adbc_driver_postgresql.dbapi as driver

    postgres.sql("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)", shop)
    source = _open(postgres, shop, table="t")
    before = source.version()
    source.read(pl.DataFrame)
    assert before == source.version() is not None
    with driver.connect(f"postgresql://owner@127.0.0.1:{postgres.port}/{shop}") as other, other.cursor() as cursor:
        cursor.execute("INSERT INTO t VALUES (2)")
        begun = source.version()
        assert source.read(pl.DataFrame).height == 1
        other.commit()
    ended = source.version()
    assert source.read(pl.DataFrame).height == 2
    assert ended not in (before, begun)


@pytest.mark.slow
def test_the_version_does_not_outlive_a_crash(postgres, shop):
    """A crash may lose what was committed without waiting for the disk, and its number is given again."""
    postgres.sql("CREATE TABLE t (id int)", shop)
    source = _open(postgres, shop, table="t")
    before = source.version()
    postgres.stop("immediate")
    postgres.start()
    assert before != source.version() is not None


@pytest.mark.parametrize(
    ("made", "read"),
    [
        ("CREATE VIEW t AS SELECT now()", {"table": "t"}),
        ("CREATE UNLOGGED TABLE t (a int)", {"table": "t"}),
        ("CREATE TABLE t (a int); CREATE TABLE u () INHERITS (t)", {"table": "t"}),
        ("CREATE TABLE t (a int); ALTER TABLE t ENABLE ROW LEVEL SECURITY", {"table": "t"}),
        ("CREATE TABLE t (a int) PARTITION BY RANGE (a); "
         "CREATE UNLOGGED TABLE u PARTITION OF t FOR VALUES FROM (0) TO (9)", {"table": "t"}),
        ("", {"query": "SELECT 1 AS a"}),
    ],
)  # fmt: skip
def test_where_rows_may_change_without_a_transaction_nothing_is_claimed(postgres, shop, made, read):
    """Views, unlogged tables, heirs, row security and queries have no cheap version."""
    postgres.sql(made or "SELECT 1", shop)
    assert _open(postgres, shop, **read).version() is None


def test_a_column_can_be_the_version(postgres, shop):
    """Its largest value and the number of rows: for a query, too."""
    postgres.sql("CREATE TABLE t (id int, at timestamptz); INSERT INTO t VALUES (1, now())", shop)
    source = _open(postgres, shop, query="SELECT * FROM t", version="column at")
    before = source.version()
    postgres.sql("CREATE TABLE unrelated (a int)", shop)
    assert source.version() == before
    postgres.sql("UPDATE t SET at = at + interval '1 s'", shop)
    assert source.version() != before


@pytest.mark.parametrize("column", ["day", "local", "at", "days"])
@pytest.mark.parametrize("value", ["infinity", "-infinity"])
def test_infinity_is_no_day(postgres, shop, column, value):
    """What a driver would turn into some day is named with its row; as text it can be read."""
    postgres.sql(
        f"CREATE TABLE t (id int PRIMARY KEY, day date, local timestamp, at timestamptz, days date[]);"
        f"INSERT INTO t VALUES (1, '2020-01-01', '2020-01-01', '2020-01-01', '{{2020-01-01}}'),"
        f"(2, '{value}', '{value}', '{value}', '{{{value}}}')",
        shop,
    )
    with pytest.raises(InputError, match=f"query: row 2, column '{column}': 'infinity'.*types: {{{column}: text}}"):
        _open(postgres, shop, query=f"SELECT {column} FROM t AS t", types={}).read(pl.DataFrame)
    if column != "days":
        found = _open(postgres, shop, table="t", types=dict.fromkeys(("day", "local", "at", "days"), "text"))
        assert found.read(pl.DataFrame)[column][1] == value


def test_the_end_of_a_day_is_no_time_of_it(postgres, shop):
    """What Polars would take for null, without a word, is named; as text it can be read."""
    postgres.sql(
        "CREATE TABLE t (id int PRIMARY KEY, shut time NOT NULL, all_shut time[]);"
        "INSERT INTO t VALUES (1, '23:59:59', '{00:00}'), (2, '24:00:00', '{24:00:00}')",
        shop,
    )
    for column in ("shut", "all_shut"):
        with pytest.raises(DataError, match=f"column '{column}' holds 24:00:00.*types: {{{column}: text}}"):
            _open(postgres, shop, query=f"SELECT {column} FROM t AS t").read(pl.DataFrame)
    found = _open(postgres, shop, table="t", types={"shut": "text", "all_shut": "text"}).read(pl.DataFrame)
    assert found["shut"].to_list() == ["23:59:59", "24:00:00"]


def test_arrays_of_several_dimensions_keep_them(postgres, shop):
    """As JSON text, since a list cannot be both; arrays of one dimension are lists, as ever."""
    postgres.sql(
        "CREATE TABLE t (id int PRIMARY KEY, m int[], flat int[]);"
        "INSERT INTO t VALUES (1, '{{1,2},{3,4}}', '{1,2}'), (2, '{1,2,3,4}', null), (3, null, '{}')",
        shop,
    )
    source = _open(postgres, shop, table="t")
    found = source.read(pl.DataFrame)
    assert found["m"].to_list() == ["[[1,2],[3,4]]", "[1,2,3,4]", None]
    assert found["flat"].to_list() == [[1, 2], None, []]
    assert "column 'm': arrays of int4 with several dimensions, read as JSON text" in source.found()["notes"]


def test_days_before_christ_are_days(postgres, shop):
    """The earliest day that the server knows is kept."""
    postgres.sql("CREATE TABLE t (d date, ts timestamp); INSERT INTO t VALUES ('4713-01-01 BC', '4713-01-01 BC')", shop)
    found = _open(postgres, shop, table="t").read(pl.DataFrame)
    assert found["d"].to_physical()[0] < -2_440_000
    assert found["ts"].to_physical()[0] < 0


@pytest.mark.parametrize("value", ["'NaN'", "'Infinity'", "1e40", "0.1234567890123456789012345678901234567890"])
def test_numbers_beyond_a_table_are_named_and_can_be_read_otherwise(postgres, shop, value):
    """A number of more digits than 38, or none, is an error that says how to read it."""
    postgres.sql(f"CREATE TABLE t (n numeric); INSERT INTO t VALUES (1), ({value})", shop)
    with pytest.raises(InputError, match="column 'n' holds numbers such as.*types: {n: float64}"):
        _open(postgres, shop, table="t").read(pl.DataFrame)
    assert _open(postgres, shop, table="t", types={"n": "float64"}).read(pl.DataFrame)["n"].dtype == pl.Float64
    assert _open(postgres, shop, table="t", types={"n": "text"}).read(pl.DataFrame)["n"].null_count() == 0


def test_integers_beyond_64_bits_are_decimals(postgres, shop):
    """They keep every digit."""
    postgres.sql(
        f"CREATE TABLE t (n numeric(38,0), m numeric); INSERT INTO t VALUES ({'9' * 38}, 18446744073709551616)",
        shop,
    )
    found = _open(postgres, shop, table="t").read(pl.DataFrame)
    assert found.row(0) == (Decimal("9" * 38), Decimal(2**64))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"table": "ordres"}, "no table 'ordres'. Did you mean 'orders'"),
        ({"query": "SELECT nope FROM orders"}, 'column "nope" does not exist'),
        ({"query": "SELECT * FROM ordres"}, 'relation "ordres" does not exist'),
        ({"query": "SELECT 1 AS a, 2 AS a"}, "more than one column called 'a'"),
        ({"query": "SELECT"}, "has no columns"),
        ({"query": "UPDATE orders SET id = 1"}, "'update' is not how a query that reads begins"),
        ({"query": "WITH x AS (DELETE FROM orders RETURNING 1) SELECT * FROM x"}, "data-modifying"),
        ({"query": "SELECT nextval('orders_id_seq')"}, "read-only transaction.*only read"),
        ({"query": "SELECT 1 AS a) AS q; DROP TABLE orders; --"}, "syntax error|multiple commands"),
        ({"query": "SELECT 1 / 0 AS a"}, "division by zero"),
        ({"table": "secret"}, "permission denied"),
        ({"table": "orders", "order_by": "idd"}, "order_by: orders has no column 'idd'. Did you mean 'id'"),
    ],
)
def test_what_is_wrong_is_named(postgres, shop, options, said):
    """Each mistake has one error, with what the server says in plain words."""
    postgres.sql("CREATE TABLE orders (id serial); GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO reader, owner", shop)
    postgres.sql("GRANT INSERT, UPDATE, DELETE ON orders TO reader; CREATE TABLE secret (a int);", shop)
    postgres.sql("REVOKE SELECT ON secret FROM reader", shop)
    with pytest.raises(InputError, match=said) as raised:
        _open(postgres, shop, **options).read(pl.DataFrame)
    assert "s3cr" not in str(raised.value)


def test_a_table_under_alteration_is_waited_for_and_named(postgres, shop):
    """A lock that is not given up ends in an error that says so."""
    import adbc_driver_postgresql.dbapi as driver

    postgres.sql("CREATE TABLE t (id int)", shop)
    with driver.connect(f"postgresql://owner@127.0.0.1:{postgres.port}/{shop}") as holder, holder.cursor() as cursor:
        cursor.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(InputError, match=r"a table is locked.*wait: 300"):
            _open(postgres, shop, table="t", wait=0.2).read(pl.DataFrame)
        holder.rollback()
    assert _open(postgres, shop, table="t", wait=0.2).read(pl.DataFrame).height == 0


@pytest.mark.slow
def test_a_server_that_dies_while_it_is_read_is_named(postgres, shop):
    """The rows that came are not taken for all of them; when it is back, the same source reads on."""
    postgres.sql(
        "CREATE TABLE t (id int, x text); INSERT INTO t SELECT g, repeat('x', 100) FROM generate_series(1, 2000000) g",
        shop,
    )
    source = _open(postgres, shop, table="t")
    survey = source.survey()
    batches = source.frame(survey).collect_batches(maintain_order=True, lazy=True)
    assert next(iter(batches)).height
    postgres.stop("immediate")
    try:
        with pytest.raises(InputError, match=r"went away while it was read.*run again"):
            for _ in batches:
                pass
        source.close()
        with pytest.raises(InputError, match="refused"):
            source.version()
    finally:
        postgres.start()
    assert source.read(pl.LazyFrame).select(pl.len()).collect().item() == 2_000_000


def test_five_hundred_columns_and_no_rows(postgres, shop):
    """A wide, empty table is a table."""
    postgres.sql(f"CREATE TABLE t ({', '.join(f'c{n} numeric' for n in range(500))})", shop)
    found = _open(postgres, shop, table="t").read(pl.DataFrame)
    assert found.shape == (0, 500)
