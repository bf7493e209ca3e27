"""Look-ups: a small table that goes along with a model, so that a request need not bring what it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Gt

from solvent.config import REQUIRED
from solvent.data import Table
from solvent.data.canonical import column_named
from solvent.engine.context import log
from solvent.errors import InputError, SettingsError
from solvent.graph.steps import step
from solvent.learn.tables.rows import check_columns, frame_of

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Lookup", "lookup"]


@dataclass(frozen=True)
class Lookup:
    """A table with one row for each key, and the columns of rows that hold the keys.

    ``keys`` maps columns of the rows to columns of ``table``; every other column of the table is looked up.
    """

    table: Any
    keys: Mapping[str, str]

    @property
    def adds(self) -> tuple[str, ...]:
        """The columns that rows get."""
        keys = set(self.keys.values())
        return tuple(name for name in frame_of(self.table).columns if name not in keys)

    def transform(self, rows: Any) -> pl.DataFrame:
        """The rows, in their order, with what the table has for their keys, or nulls where it has none.

        Raises :class:`InputError` where a key is missing, of another kind than the table's, or where the rows have
        a column already that would be looked up.
        """
        import polars as pl

        frame, table = frame_of(rows), frame_of(self.table)
        check_columns(frame, self.keys, "lookup")
        taken = [name for name in self.adds if name in frame.columns]
        if taken:
            raise InputError(
                f"lookup: the rows have a column {taken[0]!r} already. Say which columns are looked up: columns: […]"
            )
        try:
            given = frame.with_columns(
                column_named(left).cast(table.schema[right]).alias(f"\0{place}")
                for place, (left, right) in enumerate(self.keys.items())
            )
        except pl.exceptions.PolarsError as error:
            kinds = ", ".join(f"{left} is {frame.schema[left]}, {right} {table.schema[right]}" for left, right in
                              self.keys.items())  # fmt: skip
            raise InputError(f"lookup: the rows' keys are of another kind than the table's: {kinds}") from error
        hidden = [f"\0{place}" for place in range(len(self.keys))]
        made = given.join(table, left_on=hidden, right_on=list(self.keys.values()), how="left", maintain_order="left")
        return made.drop(hidden)


@step
def lookup(
    table: Table,
    *,
    on: str | list[str] | Mapping[str, str] = REQUIRED,
    columns: Sequence[str] | None = None,
    most_mb: Annotated[float, Gt(0)] = 50.0,
) -> Lookup:
    """Make a look-up of a table: ``planes = lookup(table, on="tailnum", columns=["seats"])``.

    ``on`` names the columns that hold the keys, or says which column of the rows holds which of the table:
    ``{origin: faa}``. ``columns`` are those that are looked up, all others without it. ``transform(planes, rows)``
    puts them to rows; ``assemble(planes, features, model)`` takes the table along, so that requests bring keys alone.

    Rows of the table with a null as a key are left out. Raises :class:`InputError` for a key that stands in several
    rows, and for a table above ``most_mb`` megabytes in memory, since every copy of the model holds it.
    """
    frame = frame_of(table)
    keys = {on: on} if isinstance(on, str) else dict(on) if isinstance(on, Mapping) else {one: one for one in on}
    if not keys:
        raise SettingsError("lookup: on names no column")
    wanted = list(columns) if columns is not None else [name for name in frame.columns if name not in keys.values()]
    check_columns(frame, [*keys.values(), *wanted], "lookup")
    if not wanted or set(wanted) & set(keys.values()):
        raise SettingsError(f"lookup: columns are what is looked up by {', '.join(keys.values())}, not these")
    known = frame.select([*keys.values(), *wanted]).drop_nulls(list(keys.values()))
    twice = known.select(list(keys.values())).is_duplicated()
    if twice.any():
        first = known.filter(twice).row(0, named=True)
        said = ", ".join(f"{name}={first[name]!r}" for name in keys.values())
        raise InputError(
            f"lookup: {int(twice.sum())} rows share their key with another, such as {said}. A row is looked up by a "
            f"key that only it has: choose or aggregate the rows in a step before"
        )
    size = known.estimated_size("mb")
    if size > most_mb:
        raise InputError(
            f"lookup: the table takes {size:.0f} MB in memory, and most_mb is {most_mb:g}. Name the columns that are "
            f"needed (columns: […]), raise most_mb, or let requests bring the values"
        )
    log(keys=known.height, left_out=frame.height - known.height, megabytes=round(size, 3))
    return Lookup(known.rechunk(), keys)


def describe(part: Lookup) -> dict[str, Any]:
    """What a card says of a look-up."""
    return {"keys": dict(part.keys), "rows": frame_of(part.table).height, "adds": list(part.adds)}
