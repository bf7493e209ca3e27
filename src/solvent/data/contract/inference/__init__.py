"""Contracts proposed from what versions of a dataset held, with what was seen noted beside each bound."""

from __future__ import annotations

from solvent.data.contract.inference.inferring import infer

__all__ = ["infer"]
