"""Models in the catalog: their versions, the aliases that move between them, and the log of every move."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from solvent.errors import NotFound, UsageError, did_you_mean

if TYPE_CHECKING:
    from solvent.archive.catalog.connection import Catalog, Transaction

__all__ = [
    "AliasRow",
    "JudgementRow",
    "Move",
    "MoveRow",
    "NewVersion",
    "NoteRow",
    "VersionRow",
    "add_note",
    "alias_history",
    "alias_version",
    "find_bundle",
    "find_version",
    "judge_version",
    "list_aliases",
    "list_judgements",
    "list_models",
    "list_notes",
    "list_versions",
    "move_alias",
    "register_version",
    "rival_version",
    "roll_back",
]

Status = Literal["candidate", "accepted", "refused", "withdrawn"]


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version of a model: the bundle that it is, and what the gates said of it.

    ``status`` is ``candidate`` until it is judged, then ``accepted`` or ``refused``; ``withdrawn`` once it was
    rolled back.
    """

    model: str
    version: int
    bundle: str
    status: Status
    run: str | None
    user: str
    created: float
    judgement: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class AliasRow:
    """Where an alias points, and since when (seconds since 1970, UTC)."""

    model: str
    alias: str
    version: int
    bundle: str
    since: float


@dataclass(frozen=True, slots=True)
class MoveRow:
    """One move of an alias in its log."""

    id: int
    alias: str
    kind: str
    version: int
    before: int | None
    at: float
    user: str
    run: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class JudgementRow:
    """What the gates of one run said of a version: ``accepted`` or ``refused``, and each with its figures."""

    status: Status
    at: float
    user: str
    run: str | None
    judgement: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NoteRow:
    """What somebody wrote about a version, and when. Notes are added; none is changed or taken away."""

    at: float
    user: str
    text: str


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What is registered: a bundle under a model's name, by whom and in which run."""

    model: str
    bundle: str
    user: str
    at: float
    run: str | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """A wish to move an alias, by whom and why. ``person`` says that someone decided it, and not a pipeline."""

    model: str
    alias: str
    user: str
    at: float
    run: str | None = None
    reason: str | None = None
    person: bool = False


def register_version(tx: Transaction, new: NewVersion) -> int:
    """The version number of a bundle under a model's name: the one it has, else the next."""
    tx.execute("INSERT INTO models (name, created) VALUES (?, ?) ON CONFLICT DO NOTHING", (new.model, new.at))
    known = tx.execute("SELECT version FROM versions WHERE model = ? AND bundle = ?", (new.model, new.bundle))
    if known:
        return int(known[0][0])
    number = tx.execute("SELECT coalesce(max(version), 0) + 1 FROM versions WHERE model = ?", (new.model,))[0][0]
    tx.execute(
        "INSERT INTO versions (model, version, bundle, status, run, user_name, created) "
        "VALUES (?, ?, ?, 'candidate', ?, ?, ?)",
        (new.model, number, new.bundle, new.run, new.user, new.at),
    )
    return int(number)


def judge_version(tx: Transaction, model: str, version: int, said: JudgementRow) -> None:
    """Record what the gates said. Every judgement is kept.

    A version that was withdrawn stays so, whatever a later judgement says; one that was accepted is not undone by
    stricter gates that somebody tries on it: it keeps the judgement that let it pass.
    """
    told = json.dumps(dict(said.judgement), allow_nan=False)
    tx.execute(
        "INSERT INTO judgements (model, version, status, at, user_name, run, judgement) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (model, version, said.status, said.at, said.user, said.run, told),
    )
    tx.execute(
        "UPDATE versions SET judgement = ?, status = CASE status WHEN 'withdrawn' THEN status ELSE ? END "
        "WHERE model = ? AND version = ? AND (status <> 'accepted' OR ? = 'accepted')",
        (told, said.status, model, version, said.status),
    )


def list_judgements(catalog: Catalog, model: str, version: int) -> list[JudgementRow]:
    """What gates said of a version, the latest first."""
    rows = catalog.read(
        "SELECT status, at, user_name, run, judgement FROM judgements WHERE model = ? AND version = ? ORDER BY id DESC",
        (model, version),
    )
    return [JudgementRow(status, at, user, run, json.loads(told)) for status, at, user, run, told in rows]


def add_note(tx: Transaction, model: str, version: int, note: NoteRow) -> None:
    """Put a note behind those that a version has; raises :class:`UsageError` for a version that there is not."""
    if not tx.execute("SELECT 1 FROM versions WHERE model = ? AND version = ?", (model, version)):
        raise UsageError(f"the model {model!r} has no version v{version}")
    tx.execute(
        "INSERT INTO version_notes (model, version, at, user_name, text) VALUES (?, ?, ?, ?, ?)",
        (model, version, note.at, note.user, note.text),
    )


def list_notes(catalog: Catalog, model: str, version: int) -> list[NoteRow]:
    """The notes of a version, the latest first."""
    rows = catalog.read(
        "SELECT at, user_name, text FROM version_notes WHERE model = ? AND version = ? ORDER BY id DESC",
        (model, version),
    )
    return [NoteRow(*row) for row in rows]


def move_alias(tx: Transaction, move: Move, version: int, expected: int | Literal["any"] | None = "any") -> bool:
    """Point an alias at a version and log it. False, and nothing done, if it no longer is at ``expected``.

    Moving it to where it is changes nothing and logs nothing. A version that was refused or withdrawn is moved
    to by a person only, and counts as accepted from then on; a pipeline gets False.
    """
    now = tx.execute("SELECT version FROM aliases WHERE model = ? AND alias = ?", (move.model, move.alias))
    before = int(now[0][0]) if now else None
    if expected != "any" and before != expected:
        return False
    if before == version:
        return True
    status = tx.execute("SELECT status FROM versions WHERE model = ? AND version = ?", (move.model, version))
    if not status:
        raise UsageError(f"the model {move.model!r} has no version v{version}")
    if status[0][0] != "accepted":
        if not move.person:
            return False
        tx.execute("UPDATE versions SET status = 'accepted' WHERE model = ? AND version = ?", (move.model, version))
    _log(tx, move, "promote", version, before)
    return True


def roll_back(tx: Transaction, move: Move) -> tuple[int, int]:
    """Point an alias at the version before, and withdraw the one it leaves; gives (from, to).

    What was withdrawn meanwhile is passed over. Raises :class:`NotFound` where nothing came before.
    """
    now = tx.execute("SELECT version FROM aliases WHERE model = ? AND alias = ?", (move.model, move.alias))
    if not now:
        raise NotFound(f"the model {move.model!r} has no alias {move.alias!r} that could be rolled back")
    current = int(now[0][0])
    earlier = tx.execute(
        "SELECT l.version FROM alias_log l JOIN versions v ON v.model = l.model AND v.version = l.version "
        "WHERE l.model = ? AND l.alias = ? AND l.version <> ? AND v.status <> 'withdrawn' ORDER BY l.id DESC LIMIT 1",
        (move.model, move.alias, current),
    )
    if not earlier:
        raise NotFound(
            f"{move.model}@{move.alias} is at v{current} and nothing good came before it. Promote another version "
            f"by name instead."
        )
    target = int(earlier[0][0])
    _log(tx, move, "rollback", target, current)
    tx.execute("UPDATE versions SET status = 'withdrawn' WHERE model = ? AND version = ?", (move.model, current))
    return current, target


def _log(tx: Transaction, move: Move, kind: str, version: int, before: int | None) -> None:
    tx.execute(
        "INSERT INTO aliases (model, alias, version, since) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (model, alias) DO UPDATE SET version = excluded.version, since = excluded.since",
        (move.model, move.alias, version, move.at),
    )
    tx.execute(
        "INSERT INTO alias_log (model, alias, kind, version, before, at, user_name, run, reason) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (move.model, move.alias, kind, version, before, move.at, move.user, move.run, move.reason),
    )


_VERSION = "SELECT model, version, bundle, status, run, user_name, created, judgement FROM versions "


def _version(row: tuple[Any, ...]) -> VersionRow:
    model, version, bundle, status, run, user, created, judgement = row
    told = None if judgement is None else json.loads(judgement)
    return VersionRow(model, version, bundle, cast(Status, status), run, user, created, told)


def find_version(catalog: Catalog, model: str, version: int | None = None, alias: str | None = None) -> VersionRow:
    """One version of a model, by number or by alias; raises :class:`NotFound` with the names that there are."""
    if alias is not None:
        found = alias_version(catalog, model, alias)
        if found is not None:
            return found
        known = [one.alias for one in list_aliases(catalog, model)]
        what = f"alias {alias!r}"
    else:
        rows = catalog.read(_VERSION + "WHERE model = ? AND version = ?", (model, version))
        if rows:
            return _version(rows[0])
        known, what = [f"v{one.version}" for one in list_versions(catalog, model)], f"version v{version}"
    models = list_models(catalog)
    if model not in models:
        there = f" Models here: {', '.join(models)}." if models else " No model has been registered here yet."
        raise NotFound(f"there is no model {model!r}.{did_you_mean(model, models)}{there}")
    if alias is not None:  # a version that no alias points at is still there, by its number
        known += [f"v{one.version} ({one.status})" for one in list_versions(catalog, model)[:5]]
    raise NotFound(f"the model {model!r} has no {what}. It has: {', '.join(known) or 'none'}.")


def find_bundle(catalog: Catalog, model: str, bundle: str) -> VersionRow | None:
    """The version that a bundle is under a model's name, if it was registered."""
    rows = catalog.read(_VERSION + "WHERE model = ? AND bundle = ?", (model, bundle))
    return _version(rows[0]) if rows else None


def alias_version(catalog: Catalog, model: str, alias: str) -> VersionRow | None:
    """The version that an alias points at, or None."""
    rows = catalog.read(
        _VERSION + "WHERE model = ? AND version = (SELECT version FROM aliases WHERE model = ? AND alias = ?)",
        (model, model, alias),
    )
    return _version(rows[0]) if rows else None


def rival_version(catalog: Catalog, model: str, alias: str, bundle: str) -> VersionRow | None:
    """What an alias points at; or, if that is this very bundle, what it pointed at before it was moved there."""
    now = alias_version(catalog, model, alias)
    if now is None or now.bundle != bundle:
        return now
    rows = catalog.read(
        "SELECT before FROM alias_log WHERE model = ? AND alias = ? AND version = ? ORDER BY id DESC LIMIT 1",
        (model, alias, now.version),
    )
    return find_version(catalog, model, int(rows[0][0])) if rows and rows[0][0] is not None else None


def list_models(catalog: Catalog) -> list[str]:
    """The names of all models."""
    return [str(row[0]) for row in catalog.read("SELECT name FROM models ORDER BY name")]


def list_versions(catalog: Catalog, model: str) -> list[VersionRow]:
    """All versions of a model, the newest first."""
    return [_version(row) for row in catalog.read(_VERSION + "WHERE model = ? ORDER BY version DESC", (model,))]


def list_aliases(catalog: Catalog, model: str | None = None) -> list[AliasRow]:
    """Where the aliases of a model (or of all) point."""
    rows = catalog.read(
        "SELECT a.model, a.alias, a.version, v.bundle, a.since FROM aliases a JOIN versions v "
        "ON v.model = a.model AND v.version = a.version WHERE ? IS NULL OR a.model = ? ORDER BY a.model, a.alias",
        (model, model),
    )
    return [AliasRow(*row) for row in rows]


def alias_history(catalog: Catalog, model: str, alias: str | None = None) -> list[MoveRow]:
    """Every move of a model's aliases (or of one), the latest first."""
    rows = catalog.read(
        "SELECT id, alias, kind, version, before, at, user_name, run, reason FROM alias_log "
        "WHERE model = ? AND (? IS NULL OR alias = ?) ORDER BY id DESC",
        (model, alias, alias),
    )
    return [MoveRow(*row) for row in rows]
