"""The same rows are the same table, wherever they lie."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import apsw
import duckdb
import polars as pl
import pytest

from solvent.data.sources import open_source
from solvent.data.tables import table_digest

TYPES = {
    "id": "int64", "name": "text", "price": "decimal(10,2)", "weight": "float64", "day": "date",
    "moment": "datetime[us, UTC]", "paid": "bool",
}  # fmt: skip
COLUMNS = "id bigint PRIMARY KEY, name varchar, price {price}, weight {float}, day date, moment {at}, paid boolean"


@pytest.fixture
def rows():
    """Rows of every kind, with null, and names that languages order in their own way."""
    names = ["Zoë", "anna", "Ärger", "", None, "zed", "éclair"]
    return pl.DataFrame(
        [
            {
                "id": n,
                "name": names[n % 7],
                "price": None if n % 11 == 0 else Decimal(n * 37 % 99_999) / 100,
                "weight": n / 7 if n % 5 else None,
                "day": dt.date(2020, 1, 1) + dt.timedelta(days=n % 900),
                "moment": dt.datetime(2020, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=n * 61, microseconds=n),
                "paid": n % 3 == 0 if n % 13 else None,
            }
            for n in range(5000)
        ],
        schema={
            "id": pl.Int64, "name": pl.String, "price": pl.Decimal(10, 2), "weight": pl.Float64, "day": pl.Date,
            "moment": pl.Datetime("us", "UTC"), "paid": pl.Boolean,
        },
    )  # fmt: skip


def _plain(rows):
    for row in rows.iter_rows():
        yield tuple(
            str(one) if isinstance(one, (Decimal, dt.date)) and not isinstance(one, bool) else one for one in row
        )


def _sqlite(root, rows):
    with apsw.Connection(str(root / "shop.db")) as made:
        made.execute(f"CREATE TABLE orders ({COLUMNS.format(price='decimal(10,2)', float='real', at='text')})")
        shuffled = rows.sample(fraction=1, shuffle=True, seed=1)
        made.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?)", _plain(shuffled))
    made.close()
    return {"database": "sqlite:///shop.db", "table": "orders"}


def _duckdb(root, rows):
    with duckdb.connect(root / "shop.duckdb") as made:
        kinds = COLUMNS.format(price="decimal(10,2)", float="double", at="timestamptz")
        made.execute(f"CREATE TABLE orders ({kinds})")
        shuffled = rows.sample(fraction=1, shuffle=True, seed=1).to_arrow()
        made.execute("INSERT INTO orders SELECT * FROM shuffled")
        assert shuffled.num_rows == rows.height
    return {"database": "duckdb:///shop.duckdb", "table": "orders"}


def _postgres(postgres, shop, rows):
    kinds = COLUMNS.format(price="numeric(10,2)", float="float8", at="timestamptz")
    lines = "\n".join(
        "\t".join("\\N" if one is None else repr(one) if isinstance(one, float) else str(one) for one in row)
        for row in rows.sample(fraction=1, shuffle=True, seed=1).iter_rows()
    )
    postgres.sql(f"CREATE TABLE orders ({kinds});\nCOPY orders FROM stdin;\n{lines}\n\\.\n", shop)
    return {"database": postgres.url(shop), "table": "orders"}


@pytest.mark.slow
def test_one_digest_from_every_database_and_from_files(rows, postgres, shop, tmp_path):
    """SQLite, PostgreSQL, DuckDB, Parquet and CSV give one table; whole, in parts, ordered, and through a query."""
    rows.write_parquet(tmp_path / "orders.parquet")
    rows.write_csv(tmp_path / "orders.csv", quote_style="non_numeric")
    wanted = table_digest(rows)
    places = [_sqlite(tmp_path, rows), _duckdb(tmp_path, rows), _postgres(postgres, shop, rows)]
    found = {}
    for place in [*places, {"files": "orders.parquet"}, {"files": "orders.csv"}]:
        shown = str(next(iter(place.values()))).partition(":")[0]
        found[shown] = table_digest(open_source({**place, "types": TYPES}, tmp_path).read(pl.DataFrame))
    assert found == dict.fromkeys(found, wanted)
    by_name = rows.sort("name", "id", nulls_last=True)
    for place in places:
        parts = open_source({**place, "types": TYPES, "partition": {"column": "id", "rows": 700}}, tmp_path)
        assert table_digest(parts.read(pl.LazyFrame)) == wanted
        ordered = open_source({**place, "types": TYPES, "order_by": "name"}, tmp_path).read(pl.DataFrame)
        assert table_digest(ordered) == table_digest(by_name)
        query = {"database": place["database"], "query": "SELECT * FROM orders WHERE id < $most"}
        asked = {**query, "params": {"most": 100}, "order_by": "id", "types": TYPES}
        assert table_digest(open_source(asked, tmp_path).read(pl.DataFrame)) == table_digest(rows.head(100))
