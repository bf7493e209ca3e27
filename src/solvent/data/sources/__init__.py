"""Sources: where rows come from, each telling its current version cheaply, and read as a parameter asks."""

from __future__ import annotations

from solvent.data.sources.base import Source
from solvent.data.sources.opening import open_source

__all__ = ["Source", "open_source"]
