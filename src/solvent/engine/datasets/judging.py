"""Judging: what is published has to keep the dataset's contract, the one that is given now or the one that holds."""

from __future__ import annotations

import datetime
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from solvent.archive.catalog import datasets, query
from solvent.errors import Rejected, SettingsError, UsageError

if TYPE_CHECKING:
    from solvent.engine.home import Home

__all__ = ["judge", "read_text"]


def read_text(given: str | os.PathLike[str] | None) -> str | None:
    """A contract's file as the text that is kept; None where none is given, an empty text to take one back.

    Raises :class:`SettingsError` with every fault of the file.
    """
    if given is None or given == "":
        return given if given is None else ""
    from solvent.data.contract import Contract

    path = Path(given).expanduser()
    if not path.is_file():
        raise UsageError(f"there is no contract {os.fspath(given)}")
    try:
        body = Contract.load(path, os.fspath(given)).to_json()
    except OSError as error:
        raise UsageError(f"the contract {os.fspath(given)} cannot be read: {error.strerror}") from error
    return json.dumps(body, ensure_ascii=False)


def judge(project: Home, name: str, digest: str, given: str | None) -> tuple[str, ...]:
    """Check a table against the contract that is given, or else the dataset's own; gives what is only warned of.

    What is the latest version already was judged before. Raises :class:`Rejected` for rows that break the contract.
    """
    text = given
    if text is None and datasets.has_dataset(project.catalog, name):
        if datasets.find_version(project.catalog, name).artifact == digest:
            return ()
        text = query.text(project.catalog, datasets.find_dataset(project.catalog, name).contract)
    if not text:
        return ()
    from solvent.data.contract import Contract, check
    from solvent.data.frames.dumping import lazy_kind

    try:
        contract = Contract.from_json(json.loads(text))
    except SettingsError as error:
        raise UsageError(f"the contract of {name!r} cannot be read by this version: {error}") from error
    found = check(project.archive.get(digest, lazy_kind()), contract, now=datetime.datetime.now(datetime.UTC))
    if found.failed or found.quarantined:
        way = "" if found.failed else " Part the rows that are to be set aside first, and publish the others."
        raise Rejected(f"{name}: #{digest[:12]} breaks the contract, and is not published.{way}\n{found.render_text()}")
    return tuple(f"{one.path}: {one.why or one.demand} ({one.count:,} rows)" for one in found.warned)
