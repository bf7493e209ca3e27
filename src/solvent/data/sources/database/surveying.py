"""What a look at a database found: the parts that a table is read in, its columns and types, and their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import dtype_of, type_of
from solvent.data.sources.database.dialects.session import Column, Relation
from solvent.data.sources.database.options import DatabaseOptions

if TYPE_CHECKING:
    import polars as pl

__all__ = ["DatabasePart", "DatabaseSurvey"]

_VERSION = "database.1"


@dataclass(slots=True)
class DatabasePart:
    """Rows that are read together: all, or those of a range of the key.

    ``rows`` of an undivided table is known when it was read to its end. ``version`` is None where nothing says whether
    the rows of this part changed; ``where`` is the condition that picks them.
    """

    label: str
    version: str | None
    rows: int
    where: str = ""


@dataclass(frozen=True, slots=True)
class DatabaseSurvey:
    """What was found in a database. ``schema`` gives the logical types by column; ``order`` is the SQL of it."""

    parts: tuple[DatabasePart, ...]
    schema: dict[str, Any]
    columns: tuple[Column, ...]
    relation: Relation
    options: DatabaseOptions
    order: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    width: int | None = None
    server: str = ""
    shown: str = ""
    changes: tuple[dict[str, Any], ...] = ()

    @property
    def rows(self) -> int:
        """How many rows all parts have, as far as they were counted."""
        return sum(part.rows for part in self.parts)

    def dtypes(self) -> dict[str, pl.DataType]:
        """The schema as Polars types."""
        return {name: dtype_of(kind) for name, kind in self.schema.items()}

    def to_json(self) -> dict[str, Any]:
        """The survey as plain JSON, to be given to the next one."""
        return {
            "version": _VERSION,
            "schema": [[name, kind] for name, kind in self.schema.items()],
            "width": self.width,
            "parts": [[part.label, part.version, part.rows] for part in self.parts],
        }

    def found(self) -> dict[str, Any]:
        """What the database was found to hold, and in which order it is read: plain JSON, without any secret."""
        notes = [f"column {one.name!r}: {one.note}" for one in self.columns if one.note]
        if not self.by:
            notes.append(
                "no primary key and no order_by: the rows come in whatever order the database gives them, which may be "
                "another the next time, so the same rows may be another table; say order_by"
            )
        return {
            "database": self.shown,
            "server": self.server,
            "read": self.options.name,
            "rows": self.rows,
            "order": list(self.by) or None,
            "columns": [
                {
                    "name": one.name,
                    "type": type_of(one.dtype),
                    "declared": one.declared,
                    "pinned": one.name in self.options.types,
                }
                for one in self.columns
            ],
            "parts": [{"part": part.label, "rows": part.rows} for part in self.parts],
            "notes": notes,
        }


def width_before(known: Mapping[str, Any] | None) -> int | None:
    """The width of the parts of an earlier survey."""
    found = known.get("width") if known is not None and known.get("version") == _VERSION else None
    return found if isinstance(found, int) and found > 0 else None
