"""A difference as a value: plain JSON inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["FIGURES", "Diff"]

FIGURES = ("nulls", "distinct", "min", "mean", "max")
"""What of two profiles is set side by side."""


@dataclass(frozen=True, slots=True)
class Diff:
    """What is different in ``after``, seen from ``before``.

    ``columns`` holds ``added``, ``removed``, ``retyped`` (name: was, now), ``renamed`` (was: now; the same values under
    another name) and ``moved`` (whether those of both stand in another order). ``rows`` holds how many there are before
    and after, and ``added``, ``removed`` and, by key, ``changed``; ``order`` says that the same rows stand in another
    order. ``changed`` counts the changed cells of each column, ``examples`` shows some of the rows. ``blocks`` counts
    shared and own blocks where both tables are stored. ``figures`` are those of columns whose profiles differ.
    """

    names: tuple[str, str]
    key: tuple[str, ...]
    columns: Mapping[str, Any]
    rows: Mapping[str, Any]
    changed: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    blocks: Mapping[str, int] | None = None
    figures: Sequence[Mapping[str, Any]] = ()

    @property
    def same(self) -> bool:
        """Whether the tables are the same: columns, rows and their order."""
        columns = any(self.columns.values())
        return (
            not columns
            and not self.rows["order"]
            and not any(self.rows[one] for one in ("added", "removed", "changed"))
        )

    def to_json(self) -> dict[str, Any]:
        """The difference as plain JSON."""
        return {
            "same": self.same, "names": list(self.names), "key": list(self.key), "columns": dict(self.columns),
            "rows": dict(self.rows), "changed": dict(self.changed),
            "examples": {name: list(rows) for name, rows in self.examples.items()},
            "blocks": None if self.blocks is None else dict(self.blocks), "figures": list(self.figures),
        }  # fmt: skip
