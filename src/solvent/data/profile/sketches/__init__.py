"""Small summaries of many values that can be merged: counts, ranks, distinct values and moments."""

from __future__ import annotations

from solvent.data.profile.sketches.counts import EXACT, Counts, best
from solvent.data.profile.sketches.distinct import REGISTERS, Distinct, mix
from solvent.data.profile.sketches.moments import Moments
from solvent.data.profile.sketches.ranks import Ranks

__all__ = ["EXACT", "REGISTERS", "Counts", "Distinct", "Moments", "Ranks", "best", "mix"]
