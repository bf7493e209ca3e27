"""What a contract is made of: demands on a column or on the whole table, and rules across columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["COLUMN_DEMANDS", "CONTRACT", "EXTRA", "SEVERITIES", "Column", "Demand", "Parts", "Rule"]

CONTRACT = "contract.1"
"""The version of how a contract is written and what its demands mean."""

SEVERITIES = ("fail", "warn", "quarantine")
EXTRA = ("allow", "warn", "fail")
COLUMN_DEMANDS = (
    "type", "required", "nulls", "finite", "min", "max", "length", "values", "pattern", "unique", "sorted",
)  # fmt: skip
"""The demands on a column, in the order in which they are written and checked."""


@dataclass(frozen=True, slots=True)
class Demand:
    """One thing that must hold: of a column (:data:`COLUMN_DEMANDS`), or of the table.

    A table's are ``rows``, ``key``, ``together`` (columns that occur once together) and ``freshness``.

    ``value`` is plain JSON. ``severity`` says what becomes of a violation: the table fails, it is warned of, or the
    rows that break it are set aside. ``others`` is the share of all rows that may break it and still be within it.
    """

    kind: str
    value: Any
    severity: str = "fail"
    others: float = 0.0

    def __hash__(self) -> int:
        """A hash although the value may be a list: annotations that carry a contract are put into sets."""
        return hash((self.kind, repr(self.value), self.severity, self.others))


@dataclass(frozen=True, slots=True)
class Column:
    """What one column must satisfy. ``required`` is always among the demands."""

    name: str
    demands: tuple[Demand, ...]

    def demand(self, kind: str) -> Demand | None:
        """The demand of this kind, or None."""
        return next((one for one in self.demands if one.kind == kind), None)

    @property
    def required(self) -> bool:
        """Whether a table without this column violates the contract."""
        found = self.demand("required")
        return found is None or bool(found.value)


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition across the columns of a row, in the language of ``contract.expression``.

    A row breaks it where ``when`` is true (or is not said) and ``check`` is false; where ``check`` is null, a value
    is missing, and the row does not break it.
    """

    name: str
    check: str
    when: str | None = None
    severity: str = "fail"
    others: float = 0.0


@dataclass(frozen=True, slots=True)
class Parts:
    """All that a contract says; ``extra`` is what becomes of columns that it does not name."""

    columns: tuple[Column, ...] = ()
    demands: tuple[Demand, ...] = ()
    rules: tuple[Rule, ...] = ()
    extra: str = "allow"
