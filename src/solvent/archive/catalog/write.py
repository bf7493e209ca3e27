"""Everything that writes runs, step runs and artifacts to the catalog. Ended is ended: terminal states never change."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from solvent import digest
from solvent.archive.catalog.connection import Transaction
from solvent.archive.catalog.records import ArtifactRow, BlobRow, RunStart, StepEnd, StepStart

__all__ = [
    "add_artifact",
    "add_blob",
    "add_closure",
    "add_producer",
    "add_reused",
    "add_run",
    "add_step",
    "add_text",
    "beat",
    "end_run",
    "end_step",
    "mark_absent",
    "mark_crashed",
    "mark_durable",
    "remember_source",
]


def add_text(tx: Transaction, kind: str, text: str) -> str:
    """Keep a text once; gives its digest."""
    name = digest.of_bytes(f"text.{kind}.1", text.encode("utf-8", "surrogatepass"))
    tx.execute("INSERT INTO texts (digest, kind, text) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (name, kind, text))
    return name


def add_closure(tx: Transaction, fingerprint: str, make: Callable[[], Any]) -> None:
    """Keep the source closure of a fingerprint once, under the fingerprint itself."""
    if not tx.execute("SELECT 1 FROM texts WHERE digest = ?", (fingerprint,)):
        tx.execute(
            "INSERT INTO texts (digest, kind, text) VALUES (?, 'closure', ?) ON CONFLICT DO NOTHING",
            (fingerprint, json.dumps(make())),
        )


def add_run(tx: Transaction, start: RunStart, status: str = "running", same_as: int | None = None) -> tuple[int, str]:
    """Record that a run begins; gives its id and its name, ``PIPELINE-NUMBER``."""
    number = tx.execute("SELECT coalesce(max(id), 0) + 1 FROM runs")[0][0]
    name = f"{start.pipeline}-{number}"
    tx.execute(
        "INSERT INTO runs (id, name, pipeline, kind, status, started, ended, heartbeat, user_name, host, pid, "
        "pid_started, boot, record, plan, whole, seed, same_as) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            *(number, name, start.pipeline, start.kind, status, start.started),
            *(None if status == "running" else start.started, start.started, start.user, start.host, start.pid),
            *(start.pid_started, start.boot, json.dumps(start.record), start.plan, int(start.whole), start.seed),
            same_as,
        ),
    )
    return number, name


def beat(tx: Transaction, run: int, now: float) -> None:
    """Say that a run is alive."""
    tx.execute("UPDATE runs SET heartbeat = ? WHERE id = ? AND status = 'running'", (now, run))


def end_run(
    tx: Transaction, run: int, status: str, ended: float, *, record: dict[str, Any], whole: bool, **texts: str | None
) -> None:
    """Record how a run ended, unless that is known already. ``texts``: its ``plan``, ``result`` and ``error``."""
    tx.execute(
        "UPDATE runs SET status = ?, ended = ?, heartbeat = ?, record = ?, whole = ?, result = ?, error = ?, "
        "plan = coalesce(?, plan) WHERE id = ? AND status = 'running'",
        (
            *(status, ended, ended, json.dumps(record), int(whole), texts.get("result"), texts.get("error")),
            *(texts.get("plan"), run),
        ),
    )


def mark_crashed(tx: Transaction, runs: Sequence[int]) -> None:
    """Record that the processes of these runs died: whatever they were doing counts as crashed.

    When they died nobody knows; they are said to have ended with the last thing that is known of them.
    """
    for run in runs:
        ((last,),) = tx.execute(
            "SELECT max(heartbeat, coalesce((SELECT max(max(started, coalesce(ended, 0))) FROM step_runs "
            "WHERE run = ?), 0)) FROM runs WHERE id = ?",
            (run, run),
        )
        for table, key in (("runs", "id"), ("step_runs", "run")):
            tx.execute(
                f"UPDATE {table} SET status = 'crashed', ended = ? WHERE {key} = ? AND status = 'running'", (last, run)
            )


def add_step(tx: Transaction, start: StepStart) -> int:
    """Record that a step run begins. A second attempt within the same run takes the place of the first."""
    rows = tx.execute(
        "INSERT INTO step_runs (run, path, item, kind, step, status, attempt, key, reusable, fingerprint, settings, "
        "started) VALUES (?,?,?,?,?,'running',1,?,0,?,?,?) ON CONFLICT (run, path, item) DO UPDATE SET "
        "status = 'running', attempt = step_runs.attempt + 1, key = excluded.key, started = excluded.started, "
        "ended = NULL, error = NULL, reused_from = NULL RETURNING id",
        (
            *(start.run, start.path, start.item, start.kind, start.step, start.key),
            *(start.fingerprint, start.settings, start.started),
        ),
    )
    return int(rows[0][0])


def end_step(tx: Transaction, end: StepEnd) -> bool:
    """Record how a step run ended, with all that it made. False if it had ended before (nothing is written)."""
    changed = tx.execute(
        "UPDATE step_runs SET status = ?, ended = ?, reusable = ?, cpu = ?, peak_mb = ?, log = ?, notes = ?, error = ? "
        "WHERE id = ? AND status = 'running' RETURNING id",
        (
            *(end.status, end.ended, int(end.reusable), end.cpu, end.peak_mb, end.log, end.notes, end.error),
            end.id,
        ),
    )
    if not changed:
        return False
    for artifact in end.artifacts:
        add_artifact(tx, artifact, end.ended)
    tx.many(
        "INSERT INTO outputs (step_run, name, digest) VALUES (?, ?, ?) "
        "ON CONFLICT (step_run, name) DO UPDATE SET digest = excluded.digest",
        [(end.id, name, value) for name, value in end.outputs.items()],
    )
    _add_inputs(tx, end.id, end.inputs)
    tx.many(
        "INSERT INTO discovered (step_run, path, digest, place) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [(end.id, one.path, one.digest, one.place) for one in end.discovered],
    )
    tx.many(
        "INSERT INTO figures (step_run, name, step, place, kind, number, text) VALUES (?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT DO NOTHING",
        [(end.id, one.name, one.step, one.place, one.kind, one.number, one.text) for one in end.figures],
    )
    return True


def _add_inputs(tx: Transaction, step_run: int, inputs: Iterable[Any]) -> None:
    tx.many(
        "INSERT INTO inputs (step_run, name, place, digest, producer) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [(step_run, one.name, one.place, one.digest, one.producer) for one in inputs],
    )


def add_producer(tx: Transaction, step_run: int, data: tuple[str, str], producer: int) -> None:
    """Record which step run made what a step run was given under a name, where that became known later.

    ``data`` is the parameter and the digest; for another digest nothing is recorded.
    """
    tx.execute(
        "UPDATE inputs SET producer = ? WHERE step_run = ? AND name = ? AND digest = ? AND producer IS NULL",
        (producer, step_run, *data),
    )


def add_reused(tx: Transaction, start: StepStart, status: str, source: int | None, inputs: Iterable[Any]) -> int:
    """Record a step run that did no work: reused from an earlier one, skipped, or blocked."""
    rows = tx.execute(
        "INSERT INTO step_runs (run, path, item, kind, step, status, attempt, key, reusable, fingerprint, settings, "
        "started, ended, reused_from) VALUES (?,?,?,?,?,?,0,?,0,?,?,?,?,?) RETURNING id",
        (
            *(start.run, start.path, start.item, start.kind, start.step, status, start.key),
            *(start.fingerprint, start.settings, start.started, start.started, source),
        ),
    )
    step_run = int(rows[0][0])
    if source is not None:
        tx.execute(
            "INSERT INTO outputs (step_run, name, digest) SELECT ?, name, digest FROM outputs WHERE step_run = ?",
            (step_run, source),
        )
    _add_inputs(tx, step_run, inputs)
    return step_run


def add_artifact(tx: Transaction, artifact: ArtifactRow, now: float) -> None:
    """Record an artifact and its blobs; known ones become present again where they had gone."""
    for blob in artifact.blobs:
        add_blob(tx, blob)
    tx.execute(
        "INSERT INTO artifacts (digest, format, body, body_blob, size, facts, created, seal) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (digest) DO UPDATE SET body = excluded.body, "
        "body_blob = excluded.body_blob, format = excluded.format, size = excluded.size, seal = excluded.seal",
        (
            *(artifact.digest, artifact.format, artifact.body, artifact.body_blob),
            *(artifact.size, artifact.facts, now, None if artifact.body is None else seal_of(artifact.body)),
        ),
    )
    if artifact.refers:
        tx.many(
            "INSERT INTO artifact_blobs (artifact, blob) VALUES (?, ?) ON CONFLICT DO NOTHING",
            [(artifact.digest, blob) for blob in artifact.refers],
        )


def add_blob(tx: Transaction, blob: BlobRow) -> None:
    """Record that a blob is there."""
    tx.execute(
        "INSERT INTO blobs (digest, size, data, boot, present) VALUES (?, ?, ?, ?, 1) ON CONFLICT (digest) DO UPDATE "
        "SET present = 1, data = excluded.data, boot = excluded.boot WHERE blobs.present = 0",
        (blob.digest, blob.size, blob.data, blob.boot),
    )


def seal_of(body: str) -> str:
    """What tells whether a document that lies in the catalog is as it was written."""
    return digest.of_bytes("body.1", body.encode("utf-8", "surrogatepass"))


def drop_body(tx: Transaction, artifact: str) -> None:
    """Record that a document in the catalog is damaged: the artifact is no hit any more, until it is made again."""
    tx.execute("UPDATE artifacts SET body = NULL, body_blob = NULL WHERE digest = ?", (artifact,))


def mark_absent(tx: Transaction, blob: str) -> None:
    """Record that a blob is gone or damaged: whatever needs it is no hit any more."""
    tx.execute("UPDATE blobs SET present = 0, data = NULL WHERE digest = ?", (blob,))


def mark_durable(tx: Transaction, blobs: Iterable[str]) -> None:
    """Record that these blobs are on the disk for good, whatever happens to the power."""
    tx.many("UPDATE blobs SET boot = NULL WHERE digest = ?", [(blob,) for blob in blobs])


def add_profile(tx: Transaction, artifact: str, version: str, body: str) -> None:
    """Keep the profile of an artifact, in place of one that could not be made."""
    tx.execute(
        "INSERT INTO profiles (artifact, version, body) VALUES (?, ?, ?) "
        "ON CONFLICT (artifact, version) DO UPDATE SET body = excluded.body",
        (artifact, version, body),
    )


def add_column_states(tx: Transaction, version: str, states: Mapping[str, bytes]) -> None:
    """Keep what is known of columns of groups of blocks, for the next version of their table."""
    tx.many(
        "INSERT INTO column_states (digest, version, body) VALUES (?, ?, ?) "
        "ON CONFLICT (digest, version) DO UPDATE SET body = excluded.body",
        [(name, version, body) for name, body in states.items()],
    )


def remember_survey(tx: Transaction, spec: str, body: Any, artifact: str, now: float) -> None:
    """Note of which parts an artifact consists, so that its next version costs what changed."""
    tx.execute(
        "INSERT INTO surveys (spec, body, artifact, seen) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (spec) DO UPDATE SET body = excluded.body, artifact = excluded.artifact, seen = excluded.seen",
        (spec, json.dumps(body, allow_nan=False, separators=(",", ":")), artifact, now),
    )


def remember_source(tx: Transaction, spec: str, version: str, artifact: str, now: float) -> None:
    """Record which artifact a source's version was, so that an unchanged source is not read again."""
    tx.execute(
        "INSERT INTO sources (spec, version, artifact, seen) VALUES (?, ?, ?, ?) ON CONFLICT (spec, version) "
        "DO UPDATE SET artifact = excluded.artifact, seen = excluded.seen",
        (spec, version, artifact, now),
    )
