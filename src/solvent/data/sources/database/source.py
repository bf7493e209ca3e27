"""A database as a source: a table or a query, read lazily in batches of one consistent look."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from solvent import digest
from solvent.data.canonical import Rows, conform, type_of
from solvent.data.family import asked_kind
from solvent.data.frames.outgoing import give
from solvent.data.frames.scanning import scan_pieces
from solvent.data.sources.database.address import Address
from solvent.data.sources.database.dialects.session import Column, Relation, Session, quote, select
from solvent.data.sources.database.fitting import fit
from solvent.data.sources.database.options import DatabaseOptions
from solvent.data.sources.database.parting import cut_parts
from solvent.data.sources.database.surveying import DatabasePart, DatabaseSurvey
from solvent.data.sources.files.finding import stamp_of
from solvent.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Database"]


class Database:
    """A table or query of a database. What it gives is of one moment, however long the reading takes."""

    def __init__(self, address: Address, options: DatabaseOptions) -> None:
        self._address = address
        self._options = options
        self._held: Session | None = None

    def describe(self) -> dict[str, Any]:
        """Where the rows are, and the options, as the settings say them; no password."""
        return {"kind": "database", "database": self._address.shown, **self._options.said()}

    def version(self) -> str | None:
        """A cheap token that changes whenever the rows may have; None where only reading can tell.

        Of a file its stamp; of a PostgreSQL table the transactions that it sees; with the option ``version``, the
        column's largest value and the number of rows.
        """
        column = self._options.version
        file = self._address.file if column is None else None
        if file is not None:
            return None if self._options.changing else _file_token(str(file))
        with self._looking(fresh=True) as session:
            relation = self._relation(session)
            if column is None:
                return session.token(relation)
            self._check_names([column], "version", session.columns(relation, self._options.dtypes()))
            asked = f"SELECT count(*), CAST(max({quote(column)}) AS VARCHAR) FROM {relation.sql}"
            return digest.of_structure("column.1", [str(one) for one in session.ask(asked, relation)[0]])

    def survey(self, known: Mapping[str, Any] | None = None) -> DatabaseSurvey:
        """Look at what is there: columns, types, order and parts. What is read next is of this moment.

        ``known`` is what an earlier survey's ``to_json`` gave; parts are cut as they were. Raises
        :class:`InputError`. The look ends with :meth:`check` or :meth:`close`.
        """
        self.close()
        self._held = self._session()
        try:
            return self._survey(self._held, known)
        except BaseException:
            self.close()
            raise

    def frame(self, survey: DatabaseSurvey, labels: Iterable[str] | None = None) -> pl.LazyFrame:
        """The rows of all parts of a survey, or of those with these labels; columns that nobody asks for stay there.

        Raises :class:`InputError`, while it is collected, for what cannot be read.
        """
        wanted = {part.label for part in survey.parts} if labels is None else set(labels)
        if unknown := sorted(wanted - {part.label for part in survey.parts}):
            raise InputError(f"{unknown[0]} is not among the parts that were looked at")
        parts = [part for part in survey.parts if part.label in wanted]

        return scan_pieces(survey.dtypes(), lambda columns: self._batches(survey, parts, columns))

    def check(self, survey: DatabaseSurvey) -> None:
        """End the look: what was read was of one moment."""
        self.close()

    def read(self, wanted: Any) -> Any:
        """The rows as the frame that ``wanted`` asks for; a lazy one or a reader is gone through in bounded memory."""
        kind = asked_kind(wanted)
        if kind is None:
            name = getattr(wanted, "__qualname__", None) or str(wanted)
            raise InputError(f"a database is read as a table, and the parameter asks for {name}")
        survey = self.survey()
        if kind == "pyarrow.RecordBatchReader":
            return self._reader(survey)
        if kind == "polars.LazyFrame":
            self.close()  # nobody knows when it is carried out: that will be a look of its own
            return self.frame(survey)
        try:
            return give(Rows(conform(self.frame(survey).collect(engine="streaming"))), wanted)
        finally:
            self.close()

    def found(self, survey: DatabaseSurvey | None = None) -> dict[str, Any]:
        """What is there, as plain JSON: the server, columns and types, the order, the parts, and what to know."""
        if survey is not None:
            return survey.found()
        found = self.survey()
        try:
            assert self._held is not None
            if self._options.partition is None:
                [(rows,)] = self._held.ask(f"SELECT count(*) FROM {found.relation.sql}", found.relation)
                found.parts[0].rows = int(rows)
            return found.found()
        finally:
            self.close()

    def close(self) -> None:
        """End the look that a survey began, if one is open."""
        held, self._held = self._held, None
        if held is not None:
            held.close()

    def __del__(self) -> None:
        self.close()

    def _session(self) -> Session:
        if self._address.kind == "postgresql":
            from solvent.data.sources.database.dialects.postgres import PostgresSession

            return PostgresSession(self._address, self._options.wait)
        if self._address.kind == "duckdb":
            from solvent.data.sources.database.dialects.duck import DuckSession

            return DuckSession(self._address, self._options.wait)
        from solvent.data.sources.database.dialects.sqlite import SqliteSession

        return SqliteSession(self._address, self._options.wait)

    @contextmanager
    def _looking(self, fresh: bool = False) -> Iterator[Session]:
        """The look that is open, or one of its own."""
        if self._held is not None and not fresh:
            yield self._held
            return
        session = self._session()
        try:
            yield session
        finally:
            session.close()

    def _relation(self, session: Session) -> Relation:
        return session.relation(self._options.table, self._options.query, self._options.bound())

    def _survey(self, session: Session, known: Mapping[str, Any] | None) -> DatabaseSurvey:
        options = self._options
        relation = self._relation(session)
        columns = session.columns(relation, options.dtypes())
        _check_columns(columns, options.name)
        self._check_names(options.types, "types", columns)
        self._check_names(options.order_by, "order_by", columns)
        if options.partition is not None:
            self._check_names([options.partition[0]], "partition", columns)
        keys = session.key(relation)
        whole = session.without_null(relation, keys)
        by = tuple(dict.fromkeys((*([options.partition[0]] if options.partition else ()), *options.order_by, *keys)))
        parts, width = cut_parts(session, relation, options, columns, known)
        return DatabaseSurvey(
            tuple(parts), {one.name: type_of(one.dtype) for one in columns}, tuple(columns), relation, options,
            tuple(_ordered(name, name in whole, columns) for name in by), by, width, session.server(),
            self._address.shown,
        )  # fmt: skip

    def _check_names(self, names: Iterable[str], what: str, columns: Sequence[Column]) -> None:
        known = [one.name for one in columns]
        for name in names:
            if name not in known:
                hint = did_you_mean(name, known) or f" There are: {', '.join(known[:20])}"
                raise InputError(f"{what}: {self._options.name} has no column {name!r}.{hint}")

    def _batches(
        self, survey: DatabaseSurvey, parts: Sequence[DatabasePart], names: list[str] | None
    ) -> Iterator[pl.DataFrame]:
        columns = list(survey.columns)
        if names is not None:
            told = {one.name: one for one in columns}
            columns = [told[name] for name in names] or columns[:1]
        with self._looking() as session:
            for part in parts:
                read = 0
                sql = select(columns, survey.relation, part.where, survey.order)
                for raw in session.scan(sql, survey.relation, columns):
                    batch = fit(raw, columns, f"{self._address.shown}: {part.label}", read)
                    read += batch.height
                    yield batch  # a frame without any column has no rows: one column is read for their number
                part.rows = read

    def _reader(self, survey: DatabaseSurvey) -> Any:
        import polars as pl
        import pyarrow as pa

        schema = pl.DataFrame(schema=survey.dtypes()).to_arrow().schema

        def pieces() -> Iterator[Any]:
            try:
                for batch in self._batches(survey, survey.parts, None):
                    yield from batch.to_arrow().cast(schema).to_batches()
            finally:
                self.close()

        return pa.RecordBatchReader.from_batches(schema, pieces())


def _check_columns(columns: Sequence[Column], name: str) -> None:
    if not columns:
        raise InputError(f"{name} has no columns, so there is nothing to read")
    seen: dict[str, int] = {}
    for one in columns:
        seen[one.name] = seen.get(one.name, 0) + 1
    double = [one for one, count in seen.items() if count > 1]
    if double:
        shown = ", ".join(repr(one) for one in double[:10])
        raise InputError(f"{name} has more than one column called {shown}; name each: SELECT a.id AS a_id, …")


def _ordered(name: str, whole: bool, columns: Sequence[Column]) -> str:
    """A column to order by: texts by their bytes, so that every database gives one order, and null at the end."""
    collate = next((one.collate for one in columns if one.name == name), "")
    by = quote(name) + (f" COLLATE {collate}" if collate else "")
    return by if whole else f"{by} NULLS LAST"  # which an index of the database does not give


def _file_token(file: str) -> str | None:
    """The stamps of a database's file and of the journals beside it, which hold what is not in it yet."""
    now = time.time()
    told = []
    for end in ("", "-wal", "-journal", ".wal"):
        try:
            status = os.stat(file + end)
        except OSError:
            continue
        if end and not status.st_size:
            continue  # reading leaves an empty one behind
        stamp = stamp_of(status, now)
        if stamp is None:
            return None
        told.append([end, stamp])
    return digest.of_structure("database.1", told)
