"""A value that stands in the settings themselves, as a source."""

from __future__ import annotations

from typing import Any

from solvent import digest
from solvent.config import validate
from solvent.data.canonical import Rows, check_names, conform
from solvent.data.family import asked_kind, is_table_type
from solvent.data.frames.outgoing import give
from solvent.errors import InputError

__all__ = ["Value"]


class Value:
    """One plain value: a scalar, list or dict, or rows as a list of dicts or a dict of lists."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def describe(self) -> dict[str, Any]:
        """The value itself."""
        return {"kind": "value", "value": self._value}

    def version(self) -> str | None:
        """The digest of the value."""
        try:
            return digest.of_structure("value.1", validate(self._value, Any, from_file=True))
        except (TypeError, ValueError):
            return None

    def read(self, wanted: Any) -> Any:
        """The value, typed as ``wanted`` asks. Raises :class:`InputError` where it is something else."""
        if is_table_type(wanted) or (asked_kind(wanted) is not None and wanted is not Any and wanted is not object):
            return self._table(wanted)
        try:
            return validate(self._value, wanted, from_file=True)
        except ValueError as error:
            raise InputError(f"value: {error}") from error

    def found(self) -> dict[str, Any]:
        """What it is."""
        return {"type": type(self._value).__name__}

    def close(self) -> None:
        """Nothing is open."""

    def _table(self, wanted: Any) -> Any:
        import polars as pl

        rows = validate(self._value, Any, from_file=True)
        if not isinstance(rows, (list, dict)) or (
            isinstance(rows, list) and not all(isinstance(r, dict) for r in rows)
        ):
            raise InputError("value: a table is written as a list of rows ({name: value}), or {name: [values]}")
        check_names(rows if isinstance(rows, dict) else dict.fromkeys(n for row in rows for n in row), "the value")
        try:
            return give(Rows(conform(pl.DataFrame(rows, infer_schema_length=None))), wanted)
        except (pl.exceptions.PolarsError, TypeError) as error:
            raise InputError(f"value: {error}") from error
