"""The watch: what a step reads without declaring it is noticed while it runs."""

from __future__ import annotations

from solvent.engine.watch.seeing import Observation, Seen, exempt
from solvent.engine.watch.switch import observing, restore

__all__ = ["Observation", "Seen", "exempt", "observing", "restore"]
