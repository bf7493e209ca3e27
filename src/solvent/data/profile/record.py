"""A profile as a value: plain JSON inside, the same for the same rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from solvent.displays import Displayed

__all__ = ["PROFILE", "WIDEST", "Profile", "clip", "finite", "rounded"]

PROFILE = "profile.2"
"""The version of what a profile holds and how it is computed: another version is another cache entry."""
_DIGITS = 12
WIDEST = 80


@dataclass(frozen=True, slots=True)
class Profile(Displayed):
    """The statistics of a table.

    Each column is a dict with ``name``, ``type`` and ``kind`` (``number, text, category, bool, time, duration, list,
    struct, binary, null``), ``nulls``, and, as far as its kind has them: ``nans``, ``infinite``, ``min``, ``max``,
    ``mean``, ``std``, ``quantiles``, ``grid`` (101 values, at ranks 0, 0.01 … 1), ``distinct`` (``distinct_exact``
    says whether it was counted or estimated), ``top`` (up to 100 values and counts, the most frequent first;
    ``top_exact`` says whether the counts are true and no other value occurs; else no count is too low, and no value
    left out occurs, by more than ``top_missed``), ``histogram`` (``low``, ``high``, ``counts`` in bins of equal
    width, ``below``, ``above``), ``lengths``, ``empty``. Times are ISO text, durations seconds.
    """

    rows: int
    columns: tuple[Mapping[str, Any], ...]
    version: str = PROFILE

    def to_json(self) -> dict[str, Any]:
        """The profile as plain JSON: no NaN, no infinity."""
        return {"version": self.version, "rows": self.rows, "columns": [dict(one) for one in self.columns]}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Profile:
        """The profile that :meth:`to_json` wrote."""
        return cls(body["rows"], tuple(body["columns"]), body["version"])

    def column(self, name: str) -> Mapping[str, Any]:
        """The statistics of one column. Raises ``KeyError`` where there is none of this name."""
        for one in self.columns:
            if one["name"] == name:
                return one
        raise KeyError(name)


def finite(value: float) -> float | str | None:
    """A number as JSON can hold it: infinity as text, NaN as nothing."""
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else ("inf" if value > 0 else "-inf")


def rounded(value: float) -> float | str | None:
    """A computed figure to twelve digits, so that the order of summing does not show."""
    found = finite(value)
    return float(f"{found:.{_DIGITS}g}") if isinstance(found, float) else found


def clip(text: str) -> str:
    """A text short enough for a record."""
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"
