"""What comes in: sources, tables as lists of blocks, and the statistics of their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from solvent.data.family import Table, is_table, is_table_format, is_table_type

if TYPE_CHECKING:
    from solvent.data.referring import ReferenceFormat as ReferenceFormat
    from solvent.data.tables import TableFormat as TableFormat
    from solvent.data.tables import table_digest as table_digest

__all__ = ["ReferenceFormat", "Table", "TableFormat", "is_table", "is_table_format", "is_table_type", "table_digest"]


def __getattr__(name: str) -> Any:
    if name in ("TableFormat", "table_digest"):
        from solvent.data import tables

        return getattr(tables, name)
    if name == "ReferenceFormat":
        from solvent.data.referring import ReferenceFormat

        return ReferenceFormat
    raise AttributeError(f"module 'solvent.data' has no attribute {name!r}")
