"""A session: one consistent look at a database, and the SQL that is the same for every kind of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from solvent.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Column", "Relation", "Session", "no_table", "quote", "select"]


@dataclass(frozen=True, slots=True)
class Relation:
    """What is read: the SQL of it as it stands after FROM, the table's name if it is one, and a query's values."""

    sql: str
    table: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, the SQL expression it is read by, and the canonical type that it is read as.

    ``raw`` is the type it arrives with, where that is known, ``declared`` the type as the database names it,
    ``collate`` how texts are ordered by their bytes (empty for what is no text), ``note`` what a reader should know.
    """

    name: str
    read: str
    dtype: pl.DataType
    declared: str
    collate: str = ""
    note: str = ""
    raw: pl.DataType | None = None


class Session(Protocol):
    """One look at a database: everything that is asked of it is of one moment. It only reads."""

    def relation(self, table: str | None, query: str | None, params: Mapping[str, Any]) -> Relation:
        """What a table's name or a query refers to. Raises :class:`InputError` where it is not there, or no query."""

    def columns(self, relation: Relation, pinned: Mapping[str, pl.DataType]) -> list[Column]:
        """The columns, of which names may stand twice. Raises :class:`InputError` for one that no type can hold."""

    def key(self, relation: Relation) -> list[str]:
        """The columns of the primary key, none if there is none."""

    def without_null(self, relation: Relation, keys: list[str]) -> set[str]:
        """Those of the key's columns that hold no null."""

    def ask(self, sql: str, relation: Relation) -> list[tuple[Any, ...]]:
        """The rows of a query with few of them, about a relation."""

    def scan(self, sql: str, relation: Relation, columns: Sequence[Column]) -> Iterator[pl.DataFrame]:
        """The rows of a query that gives these columns, in batches. Several queries can be under way at once."""

    def token(self, relation: Relation) -> str | None:
        """A cheap token that changes whenever the rows may have; None where there is none that is sound."""

    def server(self) -> str:
        """What answers, with its version."""

    def close(self) -> None:
        """End the look."""


def quote(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def select(columns: Sequence[Column], relation: Relation, where: str, order: Iterable[str]) -> str:
    """The query that reads these columns."""
    listed = ", ".join(f"{one.read} AS {quote(one.name)}" for one in columns)
    asked = f"SELECT {listed} FROM {relation.sql}"
    if where:
        asked += f" WHERE {where}"
    by = ", ".join(order)
    return f"{asked} ORDER BY {by}" if by else asked


def no_table(name: str, known: Sequence[str], shown: str) -> InputError:
    """The error that there is no such table, with the nearest that there is."""
    if not known:
        return InputError(f"{shown} has no table {name!r}; it has none that can be read by this user")
    hint = did_you_mean(name, known)
    if not hint:
        hint = f" There are: {', '.join(known[:12])}" + (f" and {len(known) - 12} more" if len(known) > 12 else "")
    return InputError(f"{shown} has no table {name!r}.{hint}")
