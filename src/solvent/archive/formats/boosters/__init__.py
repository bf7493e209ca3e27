"""Boosted trees of LightGBM and XGBoost, in the libraries' own model formats."""

from __future__ import annotations

from solvent.archive.formats.boosters.lightgbm import LightGBMFormat
from solvent.archive.formats.boosters.xgboost import XGBoostFormat

__all__ = ["LightGBMFormat", "XGBoostFormat"]
