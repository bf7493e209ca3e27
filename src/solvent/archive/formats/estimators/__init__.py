"""Fitted estimators of scikit-learn, through skops: canonical when written, audited when read."""

from __future__ import annotations

from solvent.archive.formats.estimators.whole import EstimatorFormat

__all__ = ["EstimatorFormat"]
