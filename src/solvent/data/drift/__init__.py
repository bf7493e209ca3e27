"""Drift: whether two versions, splits or days of traffic hold the same, judged by effect and by certainty."""

from __future__ import annotations

from solvent.data.drift.classifier.fitting import TwoSample, two_sample
from solvent.data.drift.comparing import drift
from solvent.data.drift.record import Aspect, ColumnDrift, Drift, DriftOptions
from solvent.data.drift.rendering import render_text

__all__ = ["Aspect", "ColumnDrift", "Drift", "DriftOptions", "TwoSample", "drift", "render_text", "two_sample"]
