"""Cutting a table in parts by ranges of an integer column, which stay as they are when rows are added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from solvent import digest
from solvent.data.sources.database.dialects.session import Column, Relation, Session, quote
from solvent.data.sources.database.options import DatabaseOptions
from solvent.data.sources.database.surveying import DatabasePart, width_before
from solvent.errors import InputError

__all__ = ["cut_parts"]


def cut_parts(
    session: Session,
    relation: Relation,
    options: DatabaseOptions,
    columns: Sequence[Column],
    known: Mapping[str, Any] | None,
) -> tuple[list[DatabasePart], int | None]:
    """The parts in the order of the column, null last, and how wide a range is.

    Ranges are multiples of a width, so that rows that are added, or deleted, leave the others where they are; it is
    the one of the survey before, as long as that gives parts of about the size that is asked for.
    """
    if options.partition is None:
        return [DatabasePart(options.name, None, 0)], None
    name, rows = options.partition
    told = next(one for one in columns if one.name == name)
    if not told.dtype.is_integer():
        raise InputError(
            f"partition: column {name!r} is {told.declared or told.dtype}; parts are ranges of a column of integers"
        )
    column = quote(name)
    [(count, least, most)] = session.ask(
        f"SELECT count({column}), min({column}), max({column}) FROM {relation.sql}", relation
    )
    width = _width(rows, int(count), int(least), int(most), width_before(known)) if count else rows
    newest = f"CAST(max({quote(options.version)}) AS VARCHAR)" if options.version is not None else "NULL"
    divided = f"{column} // {width}" if session.server().startswith("DuckDB") else f"{column} / {width}"
    asked = (
        f"SELECT CAST({divided} AS BIGINT) AS part, count(*) AS height, {newest} AS newest "
        f"FROM {relation.sql} GROUP BY 1 ORDER BY 1 NULLS LAST"
    )
    parts = []
    for number, height, last in session.ask(asked, relation):
        version = None
        if options.version is not None:
            version = digest.of_structure("column.1", [str(height), str(last)])
        if number is None:
            parts.append(DatabasePart(f"{options.name}[{name} null]", version, int(height), f"{column} IS NULL"))
            continue
        low, high = _range(int(number), width, int(least))
        label = f"{options.name}[{name} {low}..{high}]"
        parts.append(DatabasePart(label, version, int(height), f"{column} >= {low} AND {column} <= {high}"))
    return parts or [DatabasePart(options.name, None, 0)], width


def _range(number: int, width: int, least: int) -> tuple[int, int]:
    """The keys whose quotient, cut off towards zero, is this number."""
    if number > 0:
        return number * width, min((number + 1) * width - 1, 2**63 - 1)
    if number < 0:
        return max((number - 1) * width + 1, -(2**63)), number * width
    return 0 if least >= 0 else -(width - 1), width - 1


def _width(rows: int, count: int, least: int, most: int, before: int | None) -> int:
    """How many keys a range has, for parts of between half as many rows as are asked for and that many."""
    span = most - least + 1

    def expected(width: int) -> float:
        return count * width / span

    if before is not None and rows / 4 <= expected(before) <= 2 * rows:
        return before
    width = rows
    while width < span and expected(width) < rows / 2:
        width *= 2
    return min(width, 2**62)
