"""Everything that reads runs, step runs and artifacts from the catalog."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from solvent.archive.catalog.connection import Catalog

__all__ = [
    "Hit",
    "RunRow",
    "StepRow",
    "artifact_row",
    "find_hits",
    "find_run",
    "find_same_plan",
    "find_source",
    "list_runs",
    "nearest_earlier",
    "running",
    "step_inputs",
    "step_outputs",
    "step_rows",
    "text",
]

_AT_ONCE = 500
"""So many names at most are looked up by one statement."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run as the catalog knows it."""

    id: int
    name: str
    pipeline: str
    kind: str
    status: str
    started: float
    ended: float | None
    heartbeat: float
    user: str
    host: str
    pid: int
    pid_started: str
    boot: str
    record: dict[str, Any]
    plan: str
    whole: bool
    seed: int | None
    same_as: int | None
    result: str | None
    error: str | None


_RUN = (
    "SELECT id, name, pipeline, kind, status, started, ended, heartbeat, user_name, host, pid, pid_started, boot, "
    "record, plan, whole, seed, same_as, result, error FROM runs "
)


def _run(row: tuple[Any, ...]) -> RunRow:
    values: list[Any] = [*row[:13], json.loads(row[13]), row[14], bool(row[15]), *row[16:]]
    return RunRow(*values)


def list_runs(catalog: Catalog, *, pipeline: str | None = None, limit: int = 50) -> list[RunRow]:
    """The newest runs first."""
    if pipeline is None:
        rows = catalog.read(_RUN + "ORDER BY id DESC LIMIT ?", (limit,))
    else:
        rows = catalog.read(_RUN + "WHERE pipeline = ? ORDER BY id DESC LIMIT ?", (pipeline, limit))
    return [_run(row) for row in rows]


def find_run(catalog: Catalog, name: str) -> RunRow | None:
    """A run by its name, the last of a pipeline, or the ``last`` of all."""
    for where, params in (
        ("WHERE name = ?", (name,)),
        ("WHERE pipeline = ? ORDER BY CASE kind WHEN 'pipeline' THEN 0 ELSE 1 END, id DESC LIMIT 1", (name,)),
        ("WHERE ? = 'last' ORDER BY id DESC LIMIT 1", (name,)),
    ):
        rows = catalog.read(_RUN + where, params)
        if rows:
            return _run(rows[0])
    return None


def run_by_id(catalog: Catalog, number: int) -> RunRow:
    """A run by its number."""
    return _run(catalog.read(_RUN + "WHERE id = ?", (number,))[0])


def running(catalog: Catalog) -> list[RunRow]:
    """The runs that have not ended, as far as the catalog knows."""
    return [_run(row) for row in catalog.read(_RUN + "WHERE status = 'running' ORDER BY id")]


def find_same_plan(catalog: Catalog, plan: str) -> RunRow | None:
    """The last run that did wholly reusable work for this very plan, if all that it made is still there."""
    rows = catalog.read(
        _RUN + "WHERE plan = ? AND whole = 1 AND status = 'succeeded' ORDER BY id DESC LIMIT 1", (plan,)
    )
    if not rows:
        return None
    run = _run(rows[0])
    gone = catalog.read(
        "SELECT 1 FROM blobs b JOIN artifact_blobs ab ON ab.blob = b.digest JOIN outputs o ON o.digest = ab.artifact "
        "JOIN step_runs s ON s.id = o.step_run WHERE b.present = 0 AND s.run = ? LIMIT 1",
        (run.same_as or run.id,),
    )
    return None if gone else run


@dataclass(frozen=True, slots=True)
class Hit:
    """An earlier step run with the same key, whose outputs are all there."""

    id: int
    ended: float
    outputs: dict[str, str]


def find_hits(catalog: Catalog, key: str) -> list[Hit]:
    """The step runs with this key that may be reused, the newest first."""
    rows = catalog.read(
        "SELECT s.id, s.ended, o.name, o.digest FROM step_runs s LEFT JOIN outputs o ON o.step_run = s.id "
        "WHERE s.key = ? AND s.reusable = 1 ORDER BY s.id DESC",
        (key,),
    )
    hits: dict[int, Hit] = {}
    for number, ended, name, value in rows:
        hit = hits.setdefault(number, Hit(number, ended, {}))
        if name is not None:
            hit.outputs[name] = value
    return list(hits.values())


def absent(catalog: Catalog, artifact: str) -> bool:
    """Whether a blob of this artifact is known to be gone (or the artifact itself is not known)."""
    return bool(
        catalog.read(
            "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM artifacts WHERE digest = ? "
            "AND (body IS NOT NULL OR body_blob IS NOT NULL)) UNION ALL "
            "SELECT 1 FROM artifact_blobs ab JOIN blobs b ON b.digest = ab.blob "
            "WHERE ab.artifact = ? AND b.present = 0",
            (artifact, artifact),
        )
    )


def undurable(catalog: Catalog, artifact: str, boot: str) -> list[str]:
    """The blobs of an artifact that another boot of the machine wrote and nobody made durable."""
    rows = catalog.read(
        "SELECT b.digest FROM artifact_blobs ab JOIN blobs b ON b.digest = ab.blob "
        "WHERE ab.artifact = ? AND b.boot IS NOT NULL AND b.boot <> ? AND b.data IS NULL",
        (artifact, boot),
    )
    return [row[0] for row in rows]


def blobs_of(catalog: Catalog, artifact: str) -> list[str]:
    """The blobs that an artifact needs."""
    rows = catalog.read("SELECT blob FROM artifact_blobs WHERE artifact = ? ORDER BY rowid", (artifact,))
    return [str(row[0]) for row in rows]


def discovered(catalog: Catalog, step_run: int) -> list[tuple[str, str | None, str]]:
    """The undeclared files that a step run read: path, digest, and where in the code."""
    return catalog.read("SELECT path, digest, place FROM discovered WHERE step_run = ? ORDER BY path", (step_run,))


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step run as the catalog knows it."""

    id: int
    run: int
    path: str
    item: str
    kind: str
    step: str
    status: str
    attempt: int
    key: str | None
    reusable: bool
    fingerprint: str | None
    settings: str | None
    started: float
    ended: float | None
    cpu: float | None
    peak_mb: float | None
    reused_from: int | None
    log: str | None
    notes: str | None
    error: str | None


_STEP = (
    "SELECT id, run, path, item, kind, step, status, attempt, key, reusable, fingerprint, settings, started, ended, "
    "cpu, peak_mb, reused_from, log, notes, error FROM step_runs "
)


def _step(row: tuple[Any, ...]) -> StepRow:
    values: list[Any] = [*row[:9], bool(row[9]), *row[10:]]
    return StepRow(*values)


def step_rows(catalog: Catalog, run: int) -> list[StepRow]:
    """The step runs of a run, in the order in which they began."""
    return [_step(row) for row in catalog.read(_STEP + "WHERE run = ? ORDER BY id", (run,))]


def step_by_id(catalog: Catalog, number: int) -> StepRow:
    """A step run by its number."""
    return _step(catalog.read(_STEP + "WHERE id = ?", (number,))[0])


def nearest_earlier(catalog: Catalog, step: StepRow, pipeline: str) -> StepRow | None:
    """The last step run before this one at the same place of the same pipeline that did the work.

    In an exploration the same run counts too: ``clean-2`` comes after ``clean``.
    """
    rows = catalog.read(
        _STEP + "WHERE path = ? AND item = ? AND id < ? AND status IN ('ran', 'reused') AND run <> ? AND run IN "
        "(SELECT id FROM runs WHERE pipeline = ?) ORDER BY id DESC LIMIT 1",
        (step.path, step.item, step.id, step.run, pipeline),
    )
    if catalog.read("SELECT 1 FROM runs WHERE id = ? AND kind = 'exploration'", (step.run,)):
        first = step.path.rstrip("0123456789").removesuffix("-")
        if not catalog.read("SELECT 1 FROM step_runs WHERE run = ? AND path = ?", (step.run, first)):
            first = step.path
        again = catalog.read(
            _STEP + "WHERE run = ? AND id < ? AND status IN ('ran', 'reused') AND "
            "(path = ? OR path GLOB ?) ORDER BY id DESC LIMIT 1",
            (step.run, step.id, first, f"{first}-[0-9]*"),
        )
        rows = again or rows
    return _step(rows[0]) if rows else None


def done_before(catalog: Catalog, path: str, fingerprint: str) -> bool:
    """Whether a step with this code was carried out at this place so that its result may be reused."""
    rows = catalog.read(
        "SELECT 1 FROM step_runs WHERE path = ? AND fingerprint = ? AND reusable = 1 LIMIT 1", (path, fingerprint)
    )
    return bool(rows)


def find_step_run(
    catalog: Catalog, path: str, *, item: str | None = None, inputs: bool = True, explored: str | None = None
) -> tuple[int, str] | None:
    """The last run that has such a step (and item of it): its number and the step's path, or an end of that.

    A run that was recognised as done before has the steps of the run that it is the same as. Without ``inputs`` what
    was read under this name does not count. ``explored`` looks among explorations of this name (all, if empty).
    """
    rows = catalog.read(
        "WITH found AS (SELECT run, path, min(id) AS first FROM step_runs "
        "WHERE (path = ? OR path LIKE ? ESCAPE '!') AND (? OR kind <> 'input') "
        "AND (? OR item = ?) GROUP BY run, path) "
        "SELECT r.id, found.path FROM runs r JOIN found ON found.run = coalesce(r.same_as, r.id) "
        "WHERE ? OR (r.kind = 'exploration' AND (? = '' OR r.pipeline = ?)) "
        "ORDER BY r.id DESC, found.first LIMIT 1",
        (
            *(path, "%/" + path.replace("!", "!!").replace("%", "!%").replace("_", "!_"), inputs, item is None, item),
            *(explored is None, explored, explored),
        ),
    )
    return (rows[0][0], rows[0][1]) if rows else None


def step_outputs(catalog: Catalog, step_run: int) -> dict[str, str]:
    """The digests of what a step run made, by output."""
    return dict(catalog.read("SELECT name, digest FROM outputs WHERE step_run = ? ORDER BY rowid", (step_run,)))


def step_inputs(catalog: Catalog, step_run: int) -> list[tuple[str, str, str, int | None]]:
    """The data of a step run: parameter, place in it, digest, and the step run that made it."""
    return catalog.read(
        "SELECT name, place, digest, producer FROM inputs WHERE step_run = ? AND instr(name, ':') = 0 ORDER BY rowid",
        (step_run,),
    )


def item_maker(catalog: Catalog, step_run: int, item: str) -> int | None:
    """The step run that made the result of one item of a mapped node; None for one that is put together of several."""
    rows = catalog.read(
        "SELECT producer FROM inputs WHERE step_run = ? AND name = 'item:' AND place = ? ORDER BY rowid",
        (step_run, f"{item}."),
    )
    return rows[0][0] if len(rows) == 1 else None


def figures(catalog: Catalog, step_run: int) -> list[tuple[str, int, str, float | None, str | None]]:
    """What ``sv.log`` noted in a step run: name, step, kind, number, text."""
    return catalog.read(
        "SELECT name, step, kind, number, text FROM figures WHERE step_run = ? ORDER BY place, step", (step_run,)
    )


def artifact_body(catalog: Catalog, name: str) -> tuple[str, str | None, str | None, str | None] | None:
    """The document of an artifact by its whole digest: format, body, its seal, and the body's blob if it lies there."""
    rows = catalog.read("SELECT format, body, seal, body_blob FROM artifacts WHERE digest = ?", (name,))
    return rows[0] if rows else None


def artifact_row(catalog: Catalog, name: str) -> tuple[str, str, str | None, str | None, int, dict[str, Any]] | None:
    """An artifact by its digest or the start of it: digest, format, body, body's blob, size, facts."""
    high = name + "g" if len(name) < 64 else name
    rows = catalog.read(
        "SELECT digest, format, body, body_blob, size, facts FROM artifacts WHERE digest >= ? AND digest <= ? LIMIT 2",
        (name, high),
    )
    if len(rows) != 1:
        return None
    return (*rows[0][:5], json.loads(rows[0][5]))


def format_of(catalog: Catalog, artifact: str) -> str | None:
    """The format of an artifact; None where there is none of this digest."""
    rows = catalog.read("SELECT format FROM artifacts WHERE digest = ?", (artifact,))
    return str(rows[0][0]) if rows else None


def made_before(catalog: Catalog, path: str, item: str) -> list[str]:
    """The latest artifacts that a step of this path made, of whichever run."""
    rows = catalog.read(
        "SELECT o.digest FROM step_runs s JOIN outputs o ON o.step_run = s.id WHERE s.path = ? AND s.item = ? "
        "ORDER BY s.id DESC LIMIT 4",
        (path, item),
    )
    return [row[0] for row in rows]


def find_text(catalog: Catalog, text: str, limit: int) -> list[tuple[int, str | None, str]]:
    """Where a text stands: step run, output, and ``name``, ``column`` (its profile may say it) or ``code``."""
    like = "%" + text.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"
    asked = (
        "SELECT id, NULL, 'name' FROM step_runs WHERE path LIKE ? ESCAPE '!'",
        "SELECT step_run, name, 'name' FROM outputs WHERE name LIKE ? ESCAPE '!'",
        "SELECT o.step_run, o.name, 'column' FROM outputs o JOIN profiles p ON p.artifact = o.digest "
        "WHERE p.body LIKE ? ESCAPE '!'",
        "SELECT s.id, NULL, 'code' FROM step_runs s JOIN texts t ON t.digest = s.fingerprint "
        "WHERE t.text LIKE ? ESCAPE '!'",
    )
    rows = [row for one in asked for row in catalog.read(f"{one} ORDER BY 1 DESC LIMIT ?", (like, limit))]
    return sorted(rows, key=lambda row: -row[0])


def inline_blob(catalog: Catalog, name: str) -> bytes | None:
    """The bytes of a blob that is kept in the catalog."""
    rows = catalog.read("SELECT data FROM blobs WHERE digest = ?", (name,))
    return rows[0][0] if rows else None


def text(catalog: Catalog, name: str | None) -> str | None:
    """A text by its digest."""
    rows = catalog.read("SELECT text FROM texts WHERE digest = ?", (name,)) if name else []
    return rows[0][0] if rows else None


def find_source(catalog: Catalog, spec: str, version: str) -> str | None:
    """The artifact that this version of a source was."""
    rows = catalog.read("SELECT artifact FROM sources WHERE spec = ? AND version = ?", (spec, version))
    return rows[0][0] if rows else None


def column_states(catalog: Catalog, names: Sequence[str], version: str) -> dict[str, bytes]:
    """What is known of columns of groups of blocks, by the names of these."""
    found: dict[str, bytes] = {}
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        marks = ", ".join("?" * len(some))
        rows = catalog.read(
            f"SELECT digest, body FROM column_states WHERE version = ? AND digest IN ({marks})", (version, *some)
        )
        found.update((str(name), bytes(body)) for name, body in rows)
    return found


def survey(catalog: Catalog, spec: str) -> tuple[Any, str] | None:
    """What was noted of the parts of an artifact that this recipe made last, and the artifact."""
    rows = catalog.read("SELECT body, artifact FROM surveys WHERE spec = ?", (spec,))
    return (json.loads(rows[0][0]), str(rows[0][1])) if rows else None


def profile(catalog: Catalog, artifact: str, version: str | None = None) -> dict[str, Any] | None:
    """The profile of a table artifact, of the newest version or of this one."""
    rows = catalog.read(
        "SELECT body FROM profiles WHERE artifact = ? AND (version = ? OR ? IS NULL) ORDER BY version DESC LIMIT 1",
        (artifact, version, version),
    )
    return json.loads(rows[0][0]) if rows else None
