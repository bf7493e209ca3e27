"""A difference as a value: plain JSON inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from solvent.displays import Displayed

__all__ = ["FIGURES", "Diff"]

FIGURES = ("nulls", "nans", "distinct", "min", "mean", "std", "max")
"""What of two profiles is set side by side."""


@dataclass(frozen=True, slots=True)
class Diff(Displayed):
    """What is different in ``after``, seen from ``before``.

    ``columns`` holds ``added``, ``removed``, ``retyped`` (name: was, now), ``renamed`` (was: now; likely the same
    values under another name), ``moved`` (whether those of both stand in another order), ``frame`` (what differs in
    what pandas knows besides: ``index``, ``attrs``, ``categories``) and ``unlike`` (those whose types are so different
    that values were not compared). ``rows`` holds how many there are before and after, how many
    were ``added``, ``removed`` and, by key, ``changed``; ``moved`` is how many of the others stand elsewhere among them
    (None where it was not counted), ``order`` whether any does. ``changed`` counts the changed cells of each column,
    ``examples`` shows some of the rows. ``blocks`` is there where both tables are stored: how many they share, how many
    are their own, and the ``ranges`` of rows. ``figures`` are those of columns whose profiles differ, the most changed
    first.
    """

    names: tuple[str, str]
    key: tuple[str, ...]
    columns: Mapping[str, Any]
    rows: Mapping[str, Any]
    changed: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    blocks: Mapping[str, Any] | None = None
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
