"""Datasets in the catalog: their versions, the tags that move between them, what is deprecated, and who reads them.

``dataset_versions.artifact`` names tables that are to be kept whatever else goes: a collection of garbage starts there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from solvent.archive.catalog.write import add_text
from solvent.errors import NotFound, UsageError, did_you_mean
from solvent.names import check_name

if TYPE_CHECKING:
    from solvent.archive.catalog.connection import Catalog, Transaction

__all__ = [
    "LATEST",
    "About",
    "Actor",
    "DatasetRow",
    "DatasetVersion",
    "Deprecation",
    "EventRow",
    "NewVersion",
    "add_version",
    "check_dataset_name",
    "check_tag",
    "deprecate",
    "describe",
    "find_dataset",
    "find_deprecation",
    "find_version",
    "has_dataset",
    "list_datasets",
    "list_deprecations",
    "list_events",
    "list_tags",
    "list_versions",
    "move_tag",
    "revive",
    "schema_of",
]

LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something to a dataset, where and when (seconds since 1970, UTC)."""

    user: str
    host: str
    project: str
    at: float
    run: str | None = None
    step: str | None = None


@dataclass(frozen=True, slots=True)
class About:
    """What is said of a dataset. None leaves what was said before; an empty text takes it back."""

    description: str | None = None
    owner: str | None = None
    keys: tuple[str, ...] | None = None
    contract: str | None = None


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A table that is published under a name. ``columns`` are names and types, ``contract`` is the text it met."""

    dataset: str
    artifact: str
    rows: int
    columns: Sequence[tuple[str, Any]]
    message: str | None = None
    about: About = field(default_factory=About)


@dataclass(frozen=True, slots=True)
class DatasetRow:
    """A dataset as it is described: ``latest`` is the number of its newest version."""

    name: str
    created: float
    user: str
    description: str | None
    owner: str | None
    keys: tuple[str, ...]
    contract: str | None
    latest: int


@dataclass(frozen=True, slots=True)
class DatasetVersion:
    """One version, which never changes. ``columns`` and ``contract`` are digests of texts in the catalog."""

    dataset: str
    version: int
    artifact: str
    rows: int
    columns: str
    created: float
    user: str
    host: str
    project: str
    run: str | None
    step: str | None
    contract: str | None
    message: str | None

    @property
    def label(self) -> str:
        """``flights@v3``."""
        return f"{self.dataset}@v{self.version}"


@dataclass(frozen=True, slots=True)
class Deprecation:
    """Readers shall go elsewhere. ``version`` is None where all are meant; from ``after`` on reading is an error."""

    dataset: str
    version: int | None
    reason: str
    instead: str | None
    after: float | None
    at: float
    user: str


@dataclass(frozen=True, slots=True)
class EventRow:
    """One entry of a dataset's log: published, confirmed, tagged, untagged, deprecated, revived, described."""

    id: int
    kind: str
    version: int | None
    at: float
    user: str
    run: str | None
    told: dict[str, Any]


def check_dataset_name(name: object) -> str:
    """Give the name back if it can name a dataset, else raise :class:`UsageError`."""
    try:
        return check_name(name, "a dataset")
    except ValueError as error:
        raise UsageError(str(error)) from None


def check_tag(tag: object) -> str:
    """Give the tag back if it is one; raises :class:`UsageError`. ``latest`` and ``v3`` are no tags."""
    try:
        text = check_name(tag, "a tag")
    except ValueError as error:
        raise UsageError(str(error)) from None
    if text == LATEST or (text[:1] == "v" and text[1:].isdigit()):
        raise UsageError(f"{text!r} cannot be a tag: it already means a version. Choose a word such as 'prod'.")
    return text


# -- writing ---------------------------------------------------------------------------------------------------------


def add_version(tx: Transaction, new: NewVersion, by: Actor) -> tuple[int, bool]:
    """Publish a table: gives its version's number, and whether that is a new one.

    The table of the latest version is no new version; that it came out again is kept in the log. An earlier table
    that comes back is a new version.
    """
    check_dataset_name(new.dataset)
    known = tx.execute(
        "SELECT version, artifact FROM dataset_versions WHERE dataset = ? ORDER BY version DESC LIMIT 1",
        (new.dataset,),
    )
    if not known:
        tx.execute(
            "INSERT INTO datasets (name, created, user_name, keys) VALUES (?, ?, ?, '[]') ON CONFLICT DO NOTHING",
            (new.dataset, by.at, by.user),
        )
    contract = describe(tx, new.dataset, new.about, by, quiet=not known)
    if known and known[0][1] == new.artifact:
        _log(tx, new.dataset, "confirmed", int(known[0][0]), by, {"message": new.message, "step": by.step})
        return int(known[0][0]), False
    number = int(known[0][0]) + 1 if known else 1
    columns = add_text(tx, "schema", json.dumps([[name, kind] for name, kind in new.columns]))
    tx.execute(
        "INSERT INTO dataset_versions (dataset, version, artifact, row_count, columns, created, user_name, host, "
        "project, run, step, contract, message) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(new.dataset, number, new.artifact, new.rows, columns, by.at, by.user, by.host),
            *(by.project, by.run, by.step, contract, new.message),
        ),
    )
    _log(tx, new.dataset, "published", number, by, {"message": new.message, "step": by.step})
    return number, True


def describe(tx: Transaction, dataset: str, about: About, by: Actor, *, quiet: bool = False) -> str | None:
    """Change what is said of a dataset; gives the digest of the contract that holds now. A change is logged."""
    row = tx.execute("SELECT description, owner, keys, contract FROM datasets WHERE name = ?", (dataset,))[0]
    before = dict(zip(("description", "owner", "keys", "contract"), row, strict=True))
    now = dict(before)
    for name in ("description", "owner"):
        given = getattr(about, name)
        if given is not None:
            now[name] = given or None
    if about.keys is not None:
        now["keys"] = json.dumps(list(about.keys))
    if about.contract is not None:
        now["contract"] = add_text(tx, "contract", about.contract) if about.contract else None
    if now != before:
        tx.execute(
            "UPDATE datasets SET description = ?, owner = ?, keys = ?, contract = ? WHERE name = ?",
            (now["description"], now["owner"], now["keys"], now["contract"], dataset),
        )
        if not quiet:
            _log(tx, dataset, "described", None, by, {name: now[name] for name in now if now[name] != before[name]})
    contract: str | None = now["contract"]
    return contract


def move_tag(tx: Transaction, dataset: str, tag: str, version: int | None, by: Actor) -> int | None:
    """Point a tag at a version, or take it away (None); gives where it pointed before. Each move is logged.

    Raises :class:`NotFound` for a version, or a tag to be taken away, that is not there.
    """
    check_tag(tag)
    now = tx.execute("SELECT version FROM dataset_tags WHERE dataset = ? AND tag = ?", (dataset, tag))
    before = int(now[0][0]) if now else None
    if version is None:
        if before is None:
            raise NotFound(f"the dataset {dataset!r} has no tag {tag!r} that could be taken away")
        tx.execute("DELETE FROM dataset_tags WHERE dataset = ? AND tag = ?", (dataset, tag))
        _log(tx, dataset, "untagged", before, by, {"tag": tag})
        return before
    if not tx.execute("SELECT 1 FROM dataset_versions WHERE dataset = ? AND version = ?", (dataset, version)):
        raise NotFound(f"the dataset {dataset!r} has no version v{version}")
    if before != version:
        tx.execute(
            "INSERT INTO dataset_tags (dataset, tag, version, since) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (dataset, tag) DO UPDATE SET version = excluded.version, since = excluded.since",
            (dataset, tag, version, by.at),
        )
        _log(tx, dataset, "tagged", version, by, {"tag": tag, "before": before})
    return before


def deprecate(tx: Transaction, made: Deprecation, by: Actor) -> None:
    """Say that a dataset (or one version of it) shall not be read any more; a later word replaces an earlier one."""
    told = {"reason": made.reason, "instead": made.instead, "after": made.after}
    tx.execute(
        "INSERT INTO deprecations (dataset, version, reason, instead, after, at, user_name) "
        "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (dataset, version) DO UPDATE SET reason = excluded.reason, "
        "instead = excluded.instead, after = excluded.after, at = excluded.at, user_name = excluded.user_name",
        (made.dataset, made.version or 0, made.reason, made.instead, made.after, by.at, by.user),
    )
    _log(tx, made.dataset, "deprecated", made.version, by, told)


def revive(tx: Transaction, dataset: str, version: int | None, by: Actor) -> None:
    """Take a deprecation back. Raises :class:`NotFound` where there is none."""
    where = (dataset, version or 0)
    if not tx.execute("SELECT 1 FROM deprecations WHERE dataset = ? AND version = ?", where):
        shown = dataset if version is None else f"{dataset}@v{version}"
        raise NotFound(f"{shown} is not deprecated")
    tx.execute("DELETE FROM deprecations WHERE dataset = ? AND version = ?", where)
    _log(tx, dataset, "revived", version, by, {})


def _log(tx: Transaction, dataset: str, kind: str, version: int | None, by: Actor, told: Mapping[str, Any]) -> None:
    tx.execute(
        "INSERT INTO dataset_log (dataset, kind, version, at, user_name, run, told) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (dataset, kind, version, by.at, by.user, by.run, json.dumps({k: v for k, v in told.items() if v is not None})),
    )


# -- reading ---------------------------------------------------------------------------------------------------------

_DATASET = (
    "SELECT name, created, user_name, description, owner, keys, contract, "
    "(SELECT max(version) FROM dataset_versions v WHERE v.dataset = datasets.name) FROM datasets "
)
_VERSION = (
    "SELECT dataset, version, artifact, row_count, columns, created, user_name, host, project, run, step, contract, "
    "message FROM dataset_versions "
)


def _dataset(row: tuple[Any, ...]) -> DatasetRow:
    name, created, user, description, owner, keys, contract, latest = row
    return DatasetRow(name, created, user, description, owner, tuple(json.loads(keys)), contract, latest)


def list_datasets(catalog: Catalog) -> list[DatasetRow]:
    """All datasets, by name."""
    return [_dataset(row) for row in catalog.read(_DATASET + "ORDER BY name")]


def has_dataset(catalog: Catalog, name: str) -> bool:
    """Whether there is a dataset of this name."""
    return bool(catalog.read("SELECT 1 FROM datasets WHERE name = ?", (name,)))


def find_dataset(catalog: Catalog, name: str) -> DatasetRow:
    """A dataset by its name. Raises :class:`NotFound` with the names that there are."""
    rows = catalog.read(_DATASET + "WHERE name = ?", (name,))
    if rows:
        return _dataset(rows[0])
    known = [str(row[0]) for row in catalog.read("SELECT name FROM datasets ORDER BY name")]
    there = f" Datasets here: {_few(known)}." if known else " Nothing has been published here yet."
    raise NotFound(f"there is no dataset {name!r}.{did_you_mean(name, known)}{there}")


def find_version(catalog: Catalog, dataset: str, version: str = LATEST) -> DatasetVersion:
    """One version: ``v3``, ``latest`` or a tag. Raises :class:`NotFound` with the versions and tags that there are."""
    if version == LATEST:
        rows = catalog.read(_VERSION + "WHERE dataset = ? ORDER BY version DESC LIMIT 1", (dataset,))
    elif version[:1] == "v" and version[1:].isdecimal() and len(version) < 19:
        rows = catalog.read(_VERSION + "WHERE dataset = ? AND version = ?", (dataset, int(version[1:])))
    else:
        tagged = "(SELECT version FROM dataset_tags WHERE dataset = ? AND tag = ?)"
        rows = catalog.read(f"{_VERSION}WHERE dataset = ? AND version = {tagged}", (dataset, dataset, version))
    if rows:
        return DatasetVersion(*rows[0])
    latest = find_dataset(catalog, dataset).latest  # raises for an unknown one
    tags = list_tags(catalog, dataset)
    numbers = ["v1"] if latest == 1 else [f"v1 to v{latest}"]
    there = _few([*numbers, *(f"{tag} (v{number})" for tag, number in tags.items()), LATEST])
    hint = did_you_mean(version, [*tags, LATEST])
    raise NotFound(f"the dataset {dataset!r} has no version {version!r}.{hint} It has {there}.")


def list_versions(catalog: Catalog, dataset: str) -> list[DatasetVersion]:
    """All versions of a dataset, the newest first."""
    return [
        DatasetVersion(*row) for row in catalog.read(_VERSION + "WHERE dataset = ? ORDER BY version DESC", (dataset,))
    ]


def schema_of(catalog: Catalog, version: DatasetVersion) -> list[tuple[str, Any]]:
    """The columns of a version: names and types, in their order."""
    rows = catalog.read("SELECT text FROM texts WHERE digest = ?", (version.columns,))
    return [(name, kind) for name, kind in json.loads(rows[0][0])]


def list_tags(catalog: Catalog, dataset: str) -> dict[str, int]:
    """Where the tags of a dataset point."""
    rows = catalog.read("SELECT tag, version FROM dataset_tags WHERE dataset = ? ORDER BY tag", (dataset,))
    return {str(tag): int(version) for tag, version in rows}


def list_deprecations(catalog: Catalog, dataset: str) -> list[Deprecation]:
    """What of a dataset is deprecated; the dataset as a whole first."""
    rows = catalog.read(
        "SELECT dataset, version, reason, instead, after, at, user_name FROM deprecations WHERE dataset = ? "
        "ORDER BY version",
        (dataset,),
    )
    return [Deprecation(row[0], row[1] or None, *row[2:]) for row in rows]


def find_deprecation(catalog: Catalog, dataset: str, version: int) -> Deprecation | None:
    """What was said against reading this version; what was said of it goes before what was said of all."""
    found = {one.version: one for one in list_deprecations(catalog, dataset)}
    return found.get(version) or found.get(None)


def list_events(catalog: Catalog, dataset: str, limit: int = 100) -> list[EventRow]:
    """The log of a dataset, the latest entry first."""
    rows = catalog.read(
        "SELECT id, kind, version, at, user_name, run, told FROM dataset_log WHERE dataset = ? "
        "ORDER BY id DESC LIMIT ?",
        (dataset, limit),
    )
    return [EventRow(*(*row[:6], json.loads(row[6]))) for row in rows]


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
