"""Making Solvent's own sources of what the settings say; each is imported when it is first named."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from solvent.config import Secret
from solvent.data.sources.base import Source
from solvent.errors import InputError

__all__ = ["database", "files", "url", "value"]


def files(named: Any, options: Mapping[str, Any], root: Path) -> Source:
    """Files below ``root``, or objects of a store (``s3://bucket/*.parquet``)."""
    from solvent.data.sources.files import Files, Patterns, read_options

    patterns = _texts("files", named, "a path, a pattern such as data/*.parquet, or a list of them")
    return Files(Patterns(patterns, root), read_options(options))


def value(named: Any, options: Mapping[str, Any], root: Path) -> Source:
    """A value that stands in the settings."""
    from solvent.data.sources.value import Value

    if options:
        raise InputError(f"value takes nothing more, and {', '.join(options)} was given")
    return Value(named)


def database(named: Any, options: Mapping[str, Any], root: Path) -> Source:
    """A table or query of a database."""
    from solvent.data.sources.database import Database, read_database_options
    from solvent.data.sources.database.address import Address

    if not isinstance(named, (str, Secret)) or not str(named).strip():
        raise InputError(f"database: expected an address such as sqlite:///shop.db, got {type(named).__name__}")
    return Database(Address(named if isinstance(named, Secret) else str(named), root), read_database_options(options))


def url(named: Any, options: Mapping[str, Any], root: Path) -> Source:
    """Files that servers give by HTTP."""
    raise InputError("url: not there yet")


def _texts(kind: str, named: Any, expected: str) -> list[str]:
    if isinstance(named, (str, Path)):
        named = [named]
    if not isinstance(named, list) or not named or not all(isinstance(one, (str, Path)) for one in named):
        raise InputError(f"{kind}: expected {expected}, got {named!r:.80}")
    if not all(str(one).strip() for one in named):
        raise InputError(f"{kind}: a path is empty")
    return [str(one) for one in named]
