"""DuckDB files, opened so that they cannot be written, and so that a query reads nothing besides."""

from __future__ import annotations

import functools
import re
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from solvent.data.frames.outgoing import import_duckdb
from solvent.data.sources.database.address import Address
from solvent.data.sources.database.dialects.session import Column, Relation, no_table, quote, select
from solvent.errors import InputError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["DuckSession"]

_ROWS = 65_536
_MEMORY = "512MB"
_AS_TEXT = r"(ENUM\(.*|UUID|JSON|INTERVAL|BIT|TIME WITH TIME ZONE|UNION\(.*|BIGNUM|VARIANT|GEOMETRY.*)"
_LARGE = ("HUGEINT", "UHUGEINT")


class DuckSession:
    """A DuckDB file, which nobody can write to while it is open."""

    def __init__(self, address: Address, wait: float) -> None:
        self._shown = address.shown
        duckdb = import_duckdb()
        config = {
            "enable_external_access": "false",  # else a query could read files that no version tells of
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "memory_limit": _MEMORY,
            "temp_directory": _scratch(),  # beside the file, nothing may be allowed to be written
        }
        file = str(address.file)
        until = time.monotonic() + wait
        pause = 0.05
        while True:
            try:
                self._open = duckdb.connect(file, read_only=True, config=config)
                break
            except duckdb.Error as error:
                if "lock" not in str(error):
                    raise InputError(f"{self._shown}: {_first(error)}") from error
                if time.monotonic() > until:
                    raise InputError(
                        f"{self._shown} is locked by another program that writes to it: DuckDB lets nobody read "
                        f"meanwhile. Close it there, or say how long to wait, in seconds: wait: 300"
                    ) from error
            time.sleep(pause)
            pause = min(1.0, pause * 2)
        with self._blamed():
            self._open.execute("SET TimeZone = 'UTC'")

    def relation(self, table: str | None, query: str | None, params: Mapping[str, Any]) -> Relation:
        """The table or view, or the query, as it stands after FROM."""
        if query is not None:
            duckdb = import_duckdb()
            with self._blamed():
                told = self._open.extract_statements(query)
            if len(told) != 1:
                raise InputError("query: more than one statement; a source is one query")
            if told[0].type != duckdb.StatementType.SELECT:
                raise InputError("query: it does not just read. Sources only read: SELECT …, or WITH … SELECT …")
            return Relation(f"(\n{query}\n) AS q", None, params)
        assert table is not None
        asked = (
            "SELECT table_schema, table_name FROM information_schema.tables "
            "WHERE table_catalog = current_database() ORDER BY ALL"
        )
        told = self._ask(asked, {})
        known = {name: (schema, name) for schema, name in told if schema == "main"}
        known |= {f"{schema}.{name}": (schema, name) for schema, name in told}
        if table not in known:
            raise no_table(table, [one for one in known if not one.startswith("main.")], self._shown)
        return Relation(".".join(map(quote, known[table])), table)

    def columns(self, relation: Relation, pinned: Mapping[str, pl.DataType]) -> list[Column]:
        """The columns with their declared types."""
        import polars as pl

        # A query's own names, since around it those that stand twice would be changed.
        inside = relation.sql[1 : -len(") AS q")] if relation.table is None else f"FROM {relation.sql}"
        told = [(one[0], one[1]) for one in self._ask(f"DESCRIBE {inside}", relation.params)]
        names = [name for name, _ in told]
        if not names or len(set(names)) < len(names):
            return [Column(name, quote(name), pl.String(), kind) for name, kind in told]
        made = []
        for name, kind in told:
            read, pin = quote(name), pinned.get(name)
            dtype: Any = None
            if kind in _LARGE or re.fullmatch(_AS_TEXT, kind, re.DOTALL) or (pin == pl.String() and kind != "BLOB"):
                read = f"CAST({read} AS VARCHAR)"
                dtype = pl.Decimal(38, 0) if kind in _LARGE else pl.String()
            made.append(Column(name, read, pin or dtype, kind))
        return self._settled(made, relation)

    def key(self, relation: Relation) -> list[str]:
        """The primary key; of a table without one, the number that DuckDB gives each row."""
        if relation.table is None:
            return []
        schema, _, name = relation.table.rpartition(".")
        asked = (
            "SELECT constraint_column_names FROM duckdb_constraints() WHERE constraint_type = 'PRIMARY KEY' "
            "AND database_name = current_database() AND schema_name = $schema AND table_name = $name"
        )
        told = self._ask(asked, {"schema": schema or "main", "name": name})
        if told:
            return [str(one) for one in told[0][0]]
        asked = (
            "SELECT count(*) FROM duckdb_tables() WHERE database_name = current_database() "
            "AND schema_name = $schema AND table_name = $name"
        )
        plain = self._ask(asked, {"schema": schema or "main", "name": name})[0][0]
        columns = {str(one[0]).lower() for one in self._ask(f"DESCRIBE FROM {relation.sql}", {})}
        return ["rowid"] if plain and "rowid" not in columns else []

    def without_null(self, relation: Relation, keys: list[str]) -> set[str]:
        """Those of a key's columns that hold no null: all."""
        return set(keys)

    def ask(self, sql: str, relation: Relation) -> list[tuple[Any, ...]]:
        """The rows of a short query."""
        return self._ask(sql, relation.params)

    def scan(self, sql: str, relation: Relation, columns: Sequence[Column]) -> Iterator[pl.DataFrame]:
        """The rows in batches of 65,536."""
        from solvent.data.frames.incoming import Stream, take

        with self._blamed(), self._open.cursor() as cursor:
            cursor.execute("SET TimeZone = 'UTC'")
            found = take(cursor.sql(sql, params=dict(relation.params) or None).to_arrow_reader(_ROWS))
            assert isinstance(found, Stream)
            yield from found.pieces

    def token(self, relation: Relation) -> str | None:
        """None: of a file, its stamp is asked."""
        return None

    def server(self) -> str:
        """DuckDB's own version."""
        return f"DuckDB {import_duckdb().__version__}"

    def close(self) -> None:
        """Close the file."""
        self._open.close()

    def _settled(self, columns: list[Column], relation: Relation) -> list[Column]:
        """The columns with the types that their values are read as, which DuckDB itself says best."""
        from solvent.data.frames.incoming import Stream, take

        with self._blamed(), self._open.cursor() as cursor:
            asked = select(columns, relation, "false", [])
            found = take(cursor.sql(asked, params=dict(relation.params) or None).to_arrow_reader(1))
        assert isinstance(found, Stream)
        return [
            one if one.dtype is not None else replace(one, dtype=_in_utc(found.schema[one.name])) for one in columns
        ]

    def _ask(self, sql: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        with self._blamed(), self._open.cursor() as cursor:
            return list(cursor.execute(sql, dict(params) or None).fetchall())

    @contextmanager
    def _blamed(self) -> Iterator[None]:
        duckdb = import_duckdb()
        try:
            yield
        except (duckdb.Error, OSError) as error:
            said = _first(error)
            if "file system operations are disabled" in said:
                said = "a query or a view reads files itself, which nobody watches. Name them as an input of their own"
            raise InputError(f"{self._shown}: {said}") from error


@functools.cache
def _made() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="solvent-duckdb-")


def _scratch() -> str:
    """A folder for what is too large for memory: one for the process, since one file has one configuration in it."""
    return _made().name


def _in_utc(dtype: Any) -> Any:
    """The type, with instants in UTC: DuckDB gives them in the zone of the session, which has several names."""
    import polars as pl

    zoned = isinstance(dtype, pl.Datetime) and dtype.time_zone is not None
    return pl.Datetime(dtype.time_unit, "UTC") if zoned else dtype


def _first(error: Exception) -> str:
    """What DuckDB says, in one line."""
    return " ".join(str(error).split())
