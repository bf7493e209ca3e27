"""Files as a source: found by patterns or in a store, surveyed one by one, and read as one table."""

from __future__ import annotations

from solvent.data.sources.files.finding import Finder, Found, Patterns
from solvent.data.sources.files.options import Options, read_options
from solvent.data.sources.files.source import Files
from solvent.data.sources.files.surveying import Part, Survey

__all__ = ["Files", "Finder", "Found", "Options", "Part", "Patterns", "Survey", "read_options"]
