"""PostgreSQL: one repeatable-read snapshot, which every scan shares, read by COPY in batches."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from solvent import digest
from solvent.data.canonical import Rows
from solvent.data.sources.database.address import Address
from solvent.data.sources.database.dialects.session import Column, Relation, no_table, quote
from solvent.errors import InputError, MissingExtra, did_you_mean

if TYPE_CHECKING:
    import polars as pl

__all__ = ["PostgresSession"]

_PLAIN = frozenset(("bool", "bytea", "date", "float4", "float8", "int2", "int4", "int8", "time", "timestamp"))
_PLAIN |= {"bpchar", "name", "text", "timestamptz", "varchar"}
_TEXTS = frozenset(("text", "varchar", "bpchar", "name"))
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_FETCH = 20_000
_DIGITS = 38
_TABLES = """
SELECT n.nspname::text, c.relname::text, pg_table_is_visible(c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY 1, 2"""
_KEY = """
SELECT a.attname::text FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS k(attnum, place), pg_attribute a
WHERE i.indrelid = $1::regclass AND i.indisprimary AND a.attrelid = i.indrelid AND a.attnum = k.attnum
ORDER BY k.place"""
_TOKEN = """
SELECT s.system_identifier::text, c.timeline_id::text, c.checkpoint_lsn::text, $1::regclass::oid::int8,
       current_database()::text, current_user::text, pg_current_snapshot()::text
FROM pg_control_system() s, pg_control_checkpoint() c, pg_class t
WHERE t.oid = $1::regclass AND NOT pg_is_in_recovery() AND NOT (t.relkind = 'r' AND t.relhassubclass)
  AND t.relkind IN ('r', 'p', 'm') AND t.relpersistence = 'p' AND NOT t.relrowsecurity
  AND NOT EXISTS (SELECT FROM pg_partition_tree($1::regclass) p JOIN pg_class k ON k.oid = p.relid
                  WHERE k.relkind NOT IN ('r', 'p') OR k.relpersistence <> 'p' OR k.relrowsecurity)"""


class PostgresSession:
    """One read-only transaction, and others beside it that see the same snapshot while rows are read."""

    def __init__(self, address: Address, wait: float) -> None:
        self._address = address
        self._wait = wait
        self._open = self._connect()
        self._snapshot: str | None = None
        try:
            self._run(_BEGIN)
            self._run(f"SET LOCAL lock_timeout = {int(wait * 1000)}")
        except BaseException:
            self.close()
            raise

    def relation(self, table: str | None, query: str | None, params: Mapping[str, Any]) -> Relation:
        """The table or view, or the query, as it stands after FROM."""
        if query is not None:
            return _numbered(query, params)
        assert table is not None
        told = self._ask(_TABLES)
        known = {name: (schema, name) for schema, name, visible in told if visible}
        known |= {f"{schema}.{name}": (schema, name) for schema, name, _ in told}
        if table not in known:
            plain = [f"{schema}.{name}" if not visible else name for schema, name, visible in told]
            raise no_table(table, plain, self._address.shown)
        return Relation(".".join(map(quote, known[table])), table)

    def columns(self, relation: Relation, pinned: Mapping[str, pl.DataType]) -> list[Column]:
        """The columns with their declared types; of numbers without a scale, one pass over the rows finds it."""
        import polars as pl

        with self._blamed(), self._cursor(self._open, copy=False) as cursor:
            cursor.execute(f"SELECT * FROM {relation.sql} LIMIT 0", _values(relation))
            fields = list(cursor.fetch_record_batch().schema)
        if any(b"POSTGRESQL:type" not in (one.metadata or {}) for one in fields):
            raise MissingExtra("this driver for PostgreSQL is too old: pip install -U 'adbc-driver-postgresql>=1.13'")
        if not fields or len({one.name for one in fields}) < len(fields):
            return [Column(one.name, quote(one.name), pl.String(), "") for one in fields]
        listed = {one.name: (one.type, _declared(one)) for one in fields}
        loose = [name for name, (_, kind) in listed.items() if kind[0] in ("numeric", "money") and not kind[1]]
        scales = self._scales(relation, [name for name in loose if name not in pinned])
        arrays = [name for name, (_, kind) in listed.items() if kind[0].startswith("_") and name not in pinned]
        deep = self._deep(relation, arrays)
        return [
            _nested(name, told[1][0]) if name in deep else self._column(name, *told, pinned.get(name), scales.get(name))
            for name, told in listed.items()
        ]

    def key(self, relation: Relation) -> list[str]:
        """The primary key."""
        return [] if relation.table is None else [one[0] for one in self._ask(_KEY, (relation.sql,))]

    def without_null(self, relation: Relation, keys: list[str]) -> set[str]:
        """Those of a key's columns that hold no null: all."""
        return set(keys)

    def ask(self, sql: str, relation: Relation) -> list[tuple[Any, ...]]:
        """The rows of a short query."""
        return self._ask(sql, _values(relation))

    def scan(self, sql: str, relation: Relation, columns: Sequence[Column]) -> Iterator[pl.DataFrame]:
        """The rows in batches of about 16 MB, over a connection of their own that sees the same snapshot."""
        from solvent.data.frames.incoming import Stream, take

        if self._snapshot is None:
            self._snapshot = str(self._ask("SELECT pg_export_snapshot()")[0][0])
        beside = self._connect()
        try:
            self._run(_BEGIN, beside)
            self._run(f"SET TRANSACTION SNAPSHOT '{self._snapshot}'", beside)
            self._run(f"SET LOCAL lock_timeout = {int(self._wait * 1000)}", beside)
            if relation.params:
                yield from self._fetched(sql, relation, beside)
                return
            with self._blamed("while it was read"), self._cursor(beside) as cursor:
                cursor.execute(sql)
                found = take(cursor.fetch_record_batch())
                assert isinstance(found, Stream)
                yield from found.pieces
        finally:
            with suppress(Exception):  # a connection that is gone cannot be closed
                beside.close()

    def token(self, relation: Relation) -> str | None:
        """Which transactions the snapshot sees: while that is the same, so is every row of a plain table.

        Transaction numbers only grow, in one history of one cluster, which its identifier, timeline and last
        checkpoint tell. None where rows may change without one: views, foreign and unlogged tables, row security,
        a standby; and before PostgreSQL 13.
        """
        if relation.table is None or int(self._ask("SELECT current_setting('server_version_num')")[0][0]) < 130_000:
            return None
        allowed = "SELECT bool_and(has_function_privilege(f, 'execute')) FROM unnest($1::text[]) f"
        names = ["pg_control_system()", "pg_control_checkpoint()"]
        if not self._ask(allowed, ("{" + ",".join(names) + "}",))[0][0]:
            return None
        told = self._ask(_TOKEN, (relation.sql,))
        return digest.of_structure("postgresql.1", [str(one) for one in told[0]]) if told else None

    def server(self) -> str:
        """The server's version."""
        told = self._ask("SELECT current_setting('server_version')")
        return f"PostgreSQL {told[0][0]}"

    def close(self) -> None:
        """End the transaction and the connection."""
        with suppress(Exception):  # a connection that is gone cannot be closed
            self._open.close()

    def _connect(self) -> Any:
        try:
            import adbc_driver_postgresql.dbapi as driver
        except ImportError:
            raise MissingExtra("PostgreSQL needs adbc-driver-postgresql: pip install 'solvent[databases]'") from None
        uri = re.sub(r"^[^:]*://", "postgresql://", self._address.reveal())
        if "connect_timeout=" not in uri:
            uri += f"{'&' if '?' in uri else '?'}connect_timeout={max(2, int(self._wait))}"
        until = time.monotonic() + self._wait
        while True:
            try:
                return driver.connect(uri, autocommit=True)
            except driver.Error as error:
                if "starting up" not in str(error) or time.monotonic() > until:
                    raise self._blame(error, "") from error
            time.sleep(0.2)

    @contextmanager
    def _cursor(self, connection: Any, copy: bool = True) -> Iterator[Any]:
        cursor = connection.cursor()
        try:
            if not copy:
                cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false"})
            yield cursor
        finally:
            with suppress(Exception):
                cursor.close()

    def _run(self, sql: str, connection: Any = None, params: tuple[Any, ...] | None = None) -> None:
        with self._blamed(), self._cursor(connection or self._open, copy=False) as cursor:
            cursor.execute(sql, params)

    def _ask(self, sql: str, params: tuple[Any, ...] | None = None) -> list[tuple[Any, ...]]:
        with self._blamed(), self._cursor(self._open, copy=False) as cursor:
            cursor.execute(sql, params or None)
            return list(cursor.fetchall())

    def _fetched(self, sql: str, relation: Relation, beside: Any) -> Iterator[pl.DataFrame]:
        """The rows of a query with parameters, which COPY cannot have: through a cursor of the server."""
        from solvent.data.frames.incoming import take

        self._run(f"DECLARE solvent NO SCROLL CURSOR FOR {sql}", beside, _values(relation))
        while True:
            with self._blamed("while it was read"), self._cursor(beside, copy=False) as cursor:
                cursor.execute(f"FETCH FORWARD {_FETCH} FROM solvent")
                found = take(cursor.fetch_arrow_table())
            assert isinstance(found, Rows)
            if not found.frame.height:
                return
            yield found.frame

    def _scales(self, relation: Relation, names: list[str]) -> dict[str, tuple[int, str]]:
        """Of numbers without a declared scale: the largest that is there, and the largest number."""
        if not names:
            return {}
        listed = ", ".join(
            f"max(scale({quote(name)}::numeric))::int8, max(abs({quote(name)}::numeric))::text" for name in names
        )
        [row] = self._ask(f"SELECT {listed} FROM {relation.sql}", _values(relation))
        return {name: (row[2 * at] or 0, row[2 * at + 1] or "0") for at, name in enumerate(names)}

    def _deep(self, relation: Relation, names: list[str]) -> set[str]:
        """The arrays of which some have several dimensions, which the driver would make one list of."""
        if not names:
            return set()
        listed = ", ".join(f"bool_or(array_ndims({quote(name)}) > 1)" for name in names)
        [row] = self._ask(f"SELECT {listed} FROM {relation.sql}", _values(relation))
        return {name for name, deep in zip(names, row, strict=True) if deep}

    def _column(self, name: str, arrow: Any, told: tuple[str, int], pin: Any, scale: tuple[int, str] | None) -> Column:
        import polars as pl
        import pyarrow as pa

        from solvent.data.frames.incoming import take

        kind, modifier = told
        read, note = quote(name), ""
        dtype: Any = pl.String()
        collate = '"C"' if kind in _TEXTS else ""
        if kind in ("numeric", "money"):
            read = f"{read}::numeric::text"
            dtype = pin or self._decimal(name, modifier, scale)
        elif kind == "oid":
            read, dtype = f"{read}::int8", pl.Int64()
        elif isinstance(pin, pl.String) and kind not in _TEXTS and kind != "bytea":
            read = f"{read}::text"
        elif kind in _PLAIN or (kind[1:] in _PLAIN and kind[0] == "_"):
            empty = take(pa.schema([pa.field(name, arrow)]).empty_table())
            assert isinstance(empty, Rows)
            dtype = empty.frame.dtypes[0]
        elif kind.startswith("_"):
            read, note, dtype = f"{read}::text[]", f"a list of {kind[1:]}, read as texts", pl.List(pl.String())
        else:
            read = f"{read}::text"
        declared = f"{kind[1:]}[]" if kind.startswith("_") else kind
        return Column(name, read, pin or dtype, declared, collate, note)

    def _decimal(self, name: str, modifier: int, scale: tuple[int, str] | None) -> Any:
        """The decimal type of a number: as declared, or as wide as the values are."""
        import polars as pl

        if modifier:
            precision, digits = (modifier - 4) >> 16 & 0xFFFF, (modifier - 4) & 0x7FF
            if precision <= _DIGITS and digits <= precision:
                return pl.Decimal(precision, digits)
            digits, whole = (digits if digits < 1024 else 0), precision - digits
            largest = f"numeric({precision},…)"
        else:
            assert scale is not None
            digits, largest = scale
            number = Decimal(largest)
            whole = max(0, number.adjusted() + 1) if number.is_finite() and number else 0
            if not number.is_finite():
                whole = _DIGITS + 1
        if whole + digits > _DIGITS:
            shown = largest if len(largest) <= 60 else largest[:57] + "…"
            raise InputError(
                f"{self._address.shown}: column {name!r} holds numbers such as {shown} with {digits} decimals, and a "
                f"table keeps {_DIGITS} digits. Say which type is good enough: types: {{{name}: float64}}, or text"
            )
        return pl.Decimal(_DIGITS, digits)

    @contextmanager
    def _blamed(self, when: str = "") -> Iterator[None]:
        import adbc_driver_manager
        import pyarrow as pa

        try:
            yield
        except (adbc_driver_manager.Error, pa.ArrowException, OSError) as error:
            raise self._blame(error, when) from None  # its own message may hold the address

    def _blame(self, error: Exception, when: str) -> InputError:
        text = self._address.clean(str(error))
        state = getattr(error, "sqlstate", None) or ""
        said = re.search(r"(?:ERROR|FATAL|PANIC):\s+([^\n]*)", text)
        words = " ".join((said[1] if said else text.replace("[libpq]", "")).split())
        hint = re.search(r"HINT:\s+([^\n]*)", text)
        shown = self._address.shown
        if state == "25006" or "in a read-only transaction" in words:
            return InputError(f"query: {words}. Sources only read: SELECT …, or WITH … SELECT …")
        if state == "55P03":
            return InputError(
                f"{shown}: a table is locked, as it is while it is altered ({words}). Wait until that is done, or say "
                f"how long to wait, in seconds: wait: 300"
            )
        if "password authentication failed" in words or state.startswith("28"):
            return InputError(f"{shown}: {words}. Check the user and the password that the address holds")
        gone = isinstance(error, OSError) or state.startswith(("08", "57")) or "closed the connection" in text
        if gone and when:
            return InputError(f"{shown} went away {when}: {words}. Nothing of it was kept; run again when it is back")
        return InputError(f"{shown}: {words}{' ' + hint[1] if hint else ''}")


def _nested(name: str, kind: str) -> Column:
    """A column of arrays in arrays: what a type of all rows could be hangs on each row, so they are kept as JSON."""
    import polars as pl

    note = f"arrays of {kind[1:]} with several dimensions, read as JSON text"
    return Column(name, f"array_to_json({quote(name)})::text", pl.String(), f"{kind[1:]}[]", "", note)


def _declared(field: Any) -> tuple[str, int]:
    """The type's name, and its modifier; 0 where there is none."""
    told = field.metadata or {}
    kind = told.get(b"POSTGRESQL:type", b"").decode()
    modifier = int(told.get(b"POSTGRESQL:typmod", b"-1"))
    return kind or "unknown", max(0, modifier)


_SKIPPED = (
    r"[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|"
    r"\$(?P<tag>[A-Za-z_]\w*)?\$.*?\$(?P=tag)?\$"
)


def _numbered(query: str, params: Mapping[str, Any]) -> Relation:
    """The query with its ``$name`` as numbers, which is all that PostgreSQL knows."""
    order: dict[str, Any] = {}

    def number(found: re.Match[str]) -> str:
        name = found["name"]
        if name is None:
            return found[0]
        if name not in params:
            raise InputError(f"query: ${name} has no value.{did_you_mean(name, params)} Give it under params")
        order.setdefault(name, params[name])
        return f"${list(order).index(name) + 1}"

    text = re.sub(rf"{_SKIPPED}|\$(?P<name>\w+)", number, query, flags=re.DOTALL)
    for name in params:
        if name not in order:
            raise InputError(f"params: the query has no ${name}.{did_you_mean(name, order)}")
    return Relation(f"(\n{text}\n) AS q", None, order)


def _values(relation: Relation) -> tuple[Any, ...] | None:
    return tuple(relation.params.values()) or None
