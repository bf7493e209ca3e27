"""Making Solvent's own sources of what the settings say; each is imported when it is first named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from solvent.config import Secret
from solvent.data.sources.base import Source
from solvent.errors import InputError, did_you_mean

__all__ = ["database", "files", "url", "value"]


def files(named: Any, options: Mapping[str, Any], root: Path) -> Source:
    """Files below ``root``, or elsewhere: objects of a bucket (``s3://bucket/*.parquet``), or URLs."""
    from solvent.data.sources.files import Files, Patterns, read_options

    patterns = _texts("files", named, "a path, a pattern such as data/*.parquet, or a list of them")
    elsewhere = [one for one in patterns if "://" in one]
    if not elsewhere:
        return Files(Patterns(patterns, root), read_options(options))
    if len(elsewhere) < len(patterns):
        raise InputError("files: some are paths and some are elsewhere; make two inputs of them")
    return _remote(patterns, options, root)


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
    return _remote(_texts("url", named, "an address such as https://example.org/x.csv, or a list"), options, root)


def _remote(patterns: list[str], options: Mapping[str, Any], root: Path) -> Source:
    """Copies are kept in the project, if ``root`` is one, else among the temporary files."""
    from solvent.data.sources.files import Files, Options, read_options
    from solvent.data.sources.remote import Cache, RemoteFiles, split_options
    from solvent.data.sources.remote.options import NAMES

    place, rest = split_options(options)
    for name in rest:
        hint = did_you_mean(name, NAMES)
        if hint and not did_you_mean(name, [one.name for one in fields(Options)]):
            raise InputError(f"{name} is no option of files that lie elsewhere.{hint}")
    project = (root / ".solvent").is_dir() or (root / "solvent.toml").is_file()
    cache = Cache(root / ".solvent" / "cache" / "remote" if project else None)
    return Files(RemoteFiles(patterns, place, cache), read_options(rest))


def _texts(kind: str, named: Any, expected: str) -> list[str]:
    if isinstance(named, Secret):
        raise InputError(f"{kind}: a secret cannot be the address itself; put it in an option, or in headers")
    if isinstance(named, (str, Path)):
        named = [named]
    if not isinstance(named, list) or not named or not all(isinstance(one, (str, Path)) for one in named):
        raise InputError(f"{kind}: expected {expected}, got {named!r:.80}")
    if not all(str(one).strip() for one in named):
        raise InputError(f"{kind}: a path is empty")
    return [str(one) for one in named]
