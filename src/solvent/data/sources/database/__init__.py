"""Databases as a source: SQLite, PostgreSQL and DuckDB files, a table or a query, read in batches of one snapshot."""

from __future__ import annotations

from solvent.data.sources.database.options import DatabaseOptions, read_database_options
from solvent.data.sources.database.source import Database
from solvent.data.sources.database.surveying import DatabasePart, DatabaseSurvey

__all__ = ["Database", "DatabaseOptions", "DatabasePart", "DatabaseSurvey", "read_database_options"]
