"""SQLite: a file in which every value has a type of its own, so that columns are typed by what they hold."""

from __future__ import annotations

import datetime as dt
import itertools
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote as escape

from solvent.data.canonical import EXACT_IN_FLOATS
from solvent.data.sources.database.address import Address
from solvent.data.sources.database.dialects.session import Column, Relation, no_table, quote
from solvent.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import polars as pl

__all__ = ["SqliteSession"]

_MOST = 32_768
_BYTES = 32 * 1024 * 1024


class SqliteSession:
    """One read transaction of a SQLite file, which is opened so that it cannot be written."""

    def __init__(self, address: Address, wait: float) -> None:
        import apsw

        self._shown = address.shown
        self._lock = threading.RLock()
        flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        try:
            self._open = apsw.Connection(f"file:{escape(str(address.file))}?mode=ro", flags=flags)
        except apsw.Error as error:
            raise self._blame(error) from error
        try:
            self._open.set_busy_timeout(int(wait * 1000))
            for line in ("PRAGMA trusted_schema = 0", "PRAGMA query_only = 1", "BEGIN", "PRAGMA schema_version"):
                self._open.execute(line).fetchall()
        except apsw.Error as error:
            self._open.close()
            raise self._blame(error) from error

    def relation(self, table: str | None, query: str | None, params: Mapping[str, Any]) -> Relation:
        """The table or view, or the query, as it stands after FROM."""
        if query is not None:
            self._check_query(query, params)
            return Relation(f"(\n{query}\n)", None, params)
        known = [name for (name,) in self._ask("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')", {})]
        assert table is not None
        if table not in known:
            raise no_table(table, [one for one in known if not one.startswith("sqlite_")], self._shown)
        return Relation(quote(table), table)

    def columns(self, relation: Relation, pinned: Mapping[str, pl.DataType]) -> list[Column]:
        """The columns, each with the type of the values that are in it: one pass over the rows finds out."""
        if relation.table is not None:
            told = self._ask(f"PRAGMA table_xinfo({quote(relation.table)})", {})
            listed = [(one[1], one[2] or "") for one in told if one[6] != 1]
        else:
            listed = self._listed(relation)
        names = [name for name, _ in listed]
        if not names or len(set(names)) < len(names):
            return [Column(name, quote(name), _string(), kind) for name, kind in listed]
        kinds = self._kinds(relation, names)
        return [self._column(relation, name, kind, kinds[name], pinned.get(name)) for name, kind in listed]

    def key(self, relation: Relation) -> list[str]:
        """The primary key; of a table without one, the number that SQLite gives each row."""
        if relation.table is None:
            return []
        told = self._ask(f"PRAGMA table_xinfo({quote(relation.table)})", {})
        keys = [name for _, name in sorted((one[5], one[1]) for one in told if one[5])]
        kind = self._ask("SELECT type FROM sqlite_schema WHERE name = $name", {"name": relation.table})[0][0]
        if keys or kind != "table":
            return keys
        taken = {str(one[1]).lower() for one in told}
        return [name for name in ("rowid", "_rowid_", "oid") if name not in taken][:1]

    def without_null(self, relation: Relation, keys: list[str]) -> set[str]:
        """Those of a key's columns that hold no null: SQLite lets a primary key have some, save where it is the row."""
        if relation.table is None:
            return set()
        told = {str(one[1]): one for one in self._ask(f"PRAGMA table_xinfo({quote(relation.table)})", {})}
        row = [name for name, one in told.items() if one[5]]
        sure = {name for name, one in told.items() if one[3] or (row == [name] and str(one[2]).upper() == "INTEGER")}
        return {name for name in keys if name in sure or name not in told}

    def ask(self, sql: str, relation: Relation) -> list[tuple[Any, ...]]:
        """The rows of a short query."""
        return self._ask(sql, relation.params)

    def scan(self, sql: str, relation: Relation, columns: Sequence[Column]) -> Iterator[pl.DataFrame]:
        """The rows in batches of at most 32 thousand rows, and of about 32 MB."""
        import polars as pl

        schema = {one.name: one.raw for one in columns}
        with self._blamed():
            cursor = self._open.cursor()
            cursor.execute(sql, _bound(relation.params))
        size = 256
        while True:
            with self._blamed():
                rows = list(itertools.islice(cursor, size))
            if not rows:
                return
            made = pl.DataFrame(rows, schema=schema, orient="row")
            yield made
            size = max(1, min(_MOST, size * 8, _BYTES * made.height // max(int(made.estimated_size()), 1)))

    def token(self, relation: Relation) -> str | None:
        """None: of a file, its stamp is asked."""
        return None

    def server(self) -> str:
        """SQLite's own version."""
        import apsw

        return f"SQLite {apsw.sqlite_lib_version()}"

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._open.close()

    def _ask(self, sql: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        with self._blamed():
            return list(self._open.execute(sql, _bound(params)))

    @contextmanager
    def _blamed(self) -> Iterator[None]:
        """What goes wrong inside is told as an error of the input; one thread at a time."""
        import apsw

        try:
            with self._lock:
                yield
        except (apsw.Error, UnicodeDecodeError, OverflowError) as error:
            raise self._blame(error) from error

    def _check_query(self, query: str, params: Mapping[str, Any]) -> None:
        import apsw.ext

        with self._blamed():
            told = apsw.ext.query_info(self._open, query)
        if told.query_remaining and told.query_remaining.strip():
            raise InputError("query: more than one statement; a source is one query")
        if not told.is_readonly or told.is_explain:
            raise InputError("query: it does not just read. Sources only read: SELECT …, or WITH … SELECT …")
        needed = [str(name) for name in told.bindings_names]
        for name in needed:
            if name not in params:
                raise InputError(f"query: ${name} has no value.{did_you_mean(name, params)} Give it under params")
        for name in params:
            if name not in needed:
                raise InputError(f"params: the query has no ${name}.{did_you_mean(name, needed)}")

    def _listed(self, relation: Relation) -> list[tuple[str, str]]:
        import apsw.ext

        with self._blamed():
            told = apsw.ext.query_info(self._open, relation.sql[1:-1])
        return [(one[0], one[1] or "") for one in told.description]

    def _kinds(self, relation: Relation, names: list[str]) -> dict[str, set[str]]:
        """The storage classes of the values in each column, a few hundred columns at a time."""
        found: dict[str, set[str]] = {}
        for start in range(0, len(names), 500):
            some = names[start : start + 500]
            asked = ", ".join(f"group_concat(DISTINCT typeof({quote(name)}))" for name in some)
            [row] = self._ask(f"SELECT {asked} FROM {relation.sql}", relation.params)
            for name, text in zip(some, row, strict=True):
                found[name] = set((text or "").split(",")) - {"", "null"}
        return found

    def _column(self, relation: Relation, name: str, declared: str, kinds: set[str], pin: Any) -> Column:
        import polars as pl

        read, note, raw = quote(name), "", None
        if len(kinds) <= 1:
            classes = {
                "integer": pl.Int64(),
                "real": pl.Float64(),
                "text": pl.String(),
                "blob": pl.Binary(),
                "": pl.Null(),
            }
            raw = classes[next(iter(kinds)) if kinds else _affinity(declared)]
        elif kinds == {"integer", "real"} and self._exact(relation, name):
            read, raw = f"CAST({read} AS REAL)", pl.Float64()
        elif "blob" not in kinds and (pin is not None or kinds == {"integer", "text"}):
            note = f"holds {' and '.join(sorted(kinds))} values, read as text"
            read = f"CASE typeof({read}) WHEN 'real' THEN printf('%!.17g', {read}) ELSE CAST({read} AS TEXT) END"
            raw = pl.String()
        else:
            raise InputError(
                f"{self._shown}: {relation.table or 'query'}: column {name!r} holds {' and '.join(sorted(kinds))} "
                f"values, which no type keeps as they are. Say which it is to be, as in types: {{{name}: text}}, or "
                f"write a query that tells them apart"
            )
        if not note and pin is None and raw == pl.String() and _is_time(declared):
            note = f"declared {declared}, kept as text; types: {{{name}: …}} reads it as what it says"
        collate = "BINARY" if "text" in kinds else ""
        return Column(name, read, pin if pin is not None else raw, declared, collate, note, raw)

    def _exact(self, relation: Relation, name: str) -> bool:
        column = quote(name)
        asked = f"SELECT max({column}), min({column}) FROM {relation.sql} WHERE typeof({column}) = 'integer'"
        [(most, least)] = self._ask(asked, relation.params)
        return bool(most <= EXACT_IN_FLOATS and least >= -EXACT_IN_FLOATS)

    def _blame(self, error: Exception) -> InputError:
        """What is wrong, in words that say what to do."""
        import apsw

        if isinstance(error, (apsw.BusyError, apsw.LockedError)):
            return InputError(
                f"{self._shown} is locked by another program that writes to it. Wait until that is done, or say how "
                f"long to wait, in seconds: wait: 300"
            )
        if isinstance(error, apsw.NotADBError):
            return InputError(f"{self._shown} is no SQLite database, or is encrypted")
        if isinstance(error, apsw.CorruptError):
            return InputError(f"{self._shown} is damaged: {error}. Check it with PRAGMA integrity_check")
        if isinstance(error, UnicodeDecodeError):
            return InputError(f"{self._shown}: a text is not UTF-8: {error}. Read it as bytes: CAST(… AS BLOB)")
        return InputError(f"{self._shown}: {error}")


def _bound(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(one) for name, one in params.items()}


def _value(value: Any) -> Any:
    if isinstance(value, (dt.date, dt.time)):  # as SQLite's own functions write them
        return value.isoformat(" ") if isinstance(value, dt.datetime) else value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _is_time(declared: str) -> bool:
    return any(word in declared.upper() for word in ("DATE", "TIME"))


def _affinity(declared: str) -> str:
    """What a column without any value would hold, by the rules of SQLite for the words of its type."""
    word = declared.upper()
    for kind, signs in (("integer", ("INT",)), ("text", ("CHAR", "CLOB", "TEXT")), ("real", ("REAL", "FLOA", "DOUB"))):
        if any(sign in word for sign in signs):
            return kind
    return ""


def _string() -> Any:
    import polars as pl

    return pl.String()
