"""What a comparison finds, as values: plain JSON inside, the same for the same two sides."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from solvent.data.profile import Profile
from solvent.data.profile.record import rounded
from solvent.displays import Displayed
from solvent.errors import NotFound, did_you_mean

__all__ = ["DRIFT", "Aspect", "ColumnDrift", "Drift", "DriftOptions", "Verdict"]

DRIFT = "drift.1"
"""The version of what a comparison holds and how it is computed."""

Verdict = Literal["none", "slight", "drift"]


@dataclass(frozen=True, slots=True)
class DriftOptions:
    """The lines beyond which an effect counts, and how much is looked at.

    An effect beyond its line is drift, one beyond half of it is slight; either only if it is significant as well.

    - ``psi``: population stability index, less what chance alone brings
    - ``distance``: Kolmogorov–Smirnov statistic of numbers and lengths, total variation distance of categories
    - ``missing``: change of the share of missing, infinite or empty values
    - ``unseen``: share of rows whose category is new, beyond what is to be expected
    - ``correction``: for the number of tests: ``bh`` (Benjamini–Hochberg) or ``holm``
    - ``compare_moving``: judge times and running numbers too that move on by design
    - ``sample``: rows of a side that are looked at, at most; drawn with ``seed``
    """

    psi: float = 0.2
    distance: float = 0.2
    missing: float = 0.05
    unseen: float = 0.05
    correction: Literal["bh", "holm"] = "bh"
    compare_moving: bool = False
    sample: int = 1_000_000
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Aspect:
    """One way in which a column can differ: ``values``, ``missing``, ``infinite``, ``unseen``, ``lengths``, ``empty``.

    ``effect`` is in units of its line (1 is at the line); ``p`` is the test's own, ``q`` corrected for all tests of
    the comparison. ``told`` is the finding in words and figures.
    """

    name: str
    effect: float
    p: float
    told: str
    q: float = 1.0


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """What became of one column.

    ``effect`` is that of its strongest aspect, in units of the line; None where the column came, went or changed its
    kind. ``figures`` holds the statistics by name, ``picture`` shares of both sides in the same bins.
    """

    name: str
    kind: str
    verdict: Verdict
    reason: str
    effect: float | None
    types: tuple[str | None, str | None]
    aspects: tuple[Aspect, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    picture: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The finding as plain JSON: no NaN, no infinity."""
        tests = {
            one.name: {"effect": _plain(one.effect), "p": _plain(one.p), "q": _plain(one.q), "told": one.told}
            for one in self.aspects
        }
        return {
            "name": self.name, "kind": self.kind, "types": list(self.types), "verdict": self.verdict,
            "reason": self.reason, "effect": _plain(self.effect), "aspects": tests, "figures": _plain(self.figures),
            "notes": list(self.notes), "picture": _plain(self.picture),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drift(Displayed):
    """The comparison of two sides, the columns with the strongest effect first.

    ``basis`` is ``rows`` or ``profiles``; ``looked_at`` the rows of each side that the figures come from, and
    ``tests`` how many tests were corrected for.
    """

    rows: tuple[int, int]
    looked_at: tuple[int, int]
    basis: Literal["rows", "profiles"]
    alpha: float
    options: DriftOptions
    tests: int
    columns: tuple[ColumnDrift, ...]
    profiles: tuple[Profile, Profile] | None = field(default=None, repr=False, compare=False)

    @property
    def drifted(self) -> tuple[str, ...]:
        """Names of the columns that drifted, the strongest effect first."""
        return tuple(one.name for one in self.columns if one.verdict == "drift")

    @property
    def slight(self) -> tuple[str, ...]:
        """Names of the columns that changed slightly."""
        return tuple(one.name for one in self.columns if one.verdict == "slight")

    def __bool__(self) -> bool:
        return bool(self.drifted)

    def column(self, name: str) -> ColumnDrift:
        """What became of one column. Raises :class:`NotFound` where none of this name was compared."""
        for one in self.columns:
            if one.name == name:
                return one
        names = [one.name for one in self.columns]
        raise NotFound(f"no column {name!r} was compared.{did_you_mean(name, names)}")

    def to_json(self) -> dict[str, Any]:
        """The comparison as plain JSON."""
        lines = {one: getattr(self.options, one) for one in ("psi", "distance", "missing", "unseen")}
        return {
            "version": DRIFT, "rows": list(self.rows), "looked_at": list(self.looked_at), "basis": self.basis,
            "alpha": self.alpha, "correction": self.options.correction, "tests": self.tests, "lines": lines,
            "seed": self.options.seed, "drifted": list(self.drifted), "slight": list(self.slight),
            "columns": [one.to_json() for one in self.columns],
        }  # fmt: skip

    def pictures(self, columns: tuple[str, ...] | None = None) -> dict[str, Any]:
        """A Vega-Lite picture of both sides for each of these columns (those that drifted, if none are named).

        Empty where the comparison was made of rows: there are no profiles to draw then.
        """
        if self.profiles is None:
            return {}
        from solvent.data.pictures import draw_comparison

        before, after = self.profiles
        shared = {one["name"] for one in before.columns} & {one["name"] for one in after.columns}
        wanted = self.drifted if columns is None else tuple(self.column(name).name for name in columns)
        return {name: draw_comparison(before, after, name) for name in wanted if name in shared}


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        found = rounded(value)
        return None if isinstance(found, float) and math.isnan(found) else found
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value
