"""Whether what a step returned is what it declares."""

from __future__ import annotations

from typing import Any

from solvent.data import is_table, is_table_type
from solvent.engine.execute.hand import concrete
from solvent.engine.planning.fitting import accepts, label_of, misfit
from solvent.errors import OutputError
from solvent.graph.annotation import Outputs, describe

__all__ = ["check_outputs"]


def check_outputs(value: Any, outputs: Outputs, name: str) -> dict[str, Any]:
    """The outputs by name; raises :class:`OutputError` for what is not as declared."""
    if outputs.record is not None:
        count = len(outputs.fields)
        if not isinstance(value, tuple) or len(value) != count:
            raise OutputError(
                f"{name!r} declares that it returns {describe(outputs.annotation)} ({', '.join(outputs.fields)}), and "
                f"returned {label_of(value)}"
            )
        parts = outputs.split(value)
    else:
        parts = {"value": value}
    return {
        part: _checked(item, outputs.fields[part], name if outputs.record is None else f"{name}.{part}")
        for part, item in parts.items()
    }


def _checked(value: Any, declared: Any, name: str) -> Any:
    is_scalar = type(value).__module__ == "numpy" and getattr(value, "shape", None) == ()
    if is_scalar and not accepts(type(value), declared):
        value = value.item()  # a NumPy number where Python's own is declared
    if is_table(value) and (is_table_type(declared) or not concrete(declared)):
        return value
    if hasattr(type(value), "__next__") or hasattr(type(value), "__await__"):
        raise OutputError(
            f"{name!r} returned {label_of(value)}, which can be read only once. Return a list, or for rows a table or "
            f"a RecordBatchReader."
        )
    wrong = misfit(value, declared)
    if wrong is not None:
        hint = " (is a 'return' missing?)" if value is None else ""
        raise OutputError(f"{name!r} declares that it returns {describe(declared)}, and returned {wrong}{hint}")
    return value
