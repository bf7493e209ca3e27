"""Files as a source: found by patterns or in a store, surveyed one by one, and read as one table."""

from __future__ import annotations

from solvent.data.sources.files.finding import Finder, Found, Patterns
from solvent.data.sources.files.options import Options, read_options
from solvent.data.sources.files.source import Files

__all__ = ["Files", "Finder", "Found", "Options", "Patterns", "read_options"]
