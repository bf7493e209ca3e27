"""What a profile alone decides: a demand that its figures show to hold needs no row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from solvent.data.contract.literals import check_values, literal
from solvent.data.contract.parts import Demand

__all__ = ["all_values", "decide"]

_CLIPPED = 80


def decide(column: Mapping[str, Any], rows: int, demand: Demand, dtype: Any) -> bool:
    """Whether a column's figures show that the demand holds; False where rows must be read to know, or to be named."""
    kind, value = demand.kind, demand.value
    present = rows - column["nulls"]
    if kind == "nulls":
        return bool(column["nulls"] <= value * rows)
    if not present:
        return True
    if kind == "finite":
        return not dtype.is_float() or (column.get("nans") == 0 and not column.get("infinite"))
    if kind in ("min", "max"):
        return _within(column, kind, value, dtype)
    if kind == "length" and column.get("lengths"):
        lengths = column["lengths"]
        return bool(value.get("min", 0) <= lengths["min"] and lengths["max"] <= value.get("max", lengths["max"]))
    if kind == "unique":
        return bool(column.get("distinct_exact") and column.get("distinct") == present)
    if kind in ("values", "pattern"):
        found = all_values(column, present)
        return found is not None and check_values(found, kind, value)
    return False


def all_values(column: Mapping[str, Any], present: int) -> list[Any] | None:
    """Every value of a column of text, as its profile lists them; None where it lists only some."""
    top = column.get("top")
    if not top or "top" in column.get("sampled", {}) or column.get("kind") not in ("text", "category"):
        return None
    if not column.get("top_exact", True):  # counts that are estimated show nothing
        return None
    if sum(count for _, count in top) != present or any(len(str(value)) >= _CLIPPED for value, _ in top):
        return None
    return [value for value, _ in top]


def _within(column: Mapping[str, Any], kind: str, value: Any, dtype: Any) -> bool:
    found = column.get(kind)
    if found is None or (isinstance(found, str) and dtype.is_float()):
        return False
    try:
        # Profiles write nanoseconds, of which Python's times know microseconds only: there the rows decide.
        seen, bound = literal(found, dtype), literal(value, dtype)
    except ValueError:
        return False
    return bool(seen >= bound if kind == "min" else seen <= bound)
