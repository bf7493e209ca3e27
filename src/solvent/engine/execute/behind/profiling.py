"""Profiling: every table artifact gets its statistics, off the critical path, never failing the run."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from solvent.archive.keeping import Pending
    from solvent.engine.home import Home

__all__ = ["profile_jobs"]


def profile_jobs(project: Home, outputs: dict[str, Pending]) -> tuple[Callable[[], None], ...]:
    """What is to be done once these outputs are committed: the profile of each that is a table."""
    tables = [one for one in outputs.values() if one.format.name.startswith("table.")]
    if not tables or not project.file.statistics:
        return ()
    return tuple(_job(project, one) for one in tables)


def _job(project: Home, pending: Pending) -> Callable[[], None]:
    # Imported here, by the thread that runs the steps: imports of two threads at once can meet half-made modules.
    from solvent.data.profile import PROFILE, profile

    def work() -> None:
        if project.catalog.read("SELECT 1 FROM profiles WHERE artifact = ? AND version = ?", (pending.digest, PROFILE)):
            return
        try:
            keep = pending.written.keep
            table: Any = keep(Any) if keep is not None else project.archive.get(pending.digest)
            body = profile(table).to_json()
        except Exception as error:  # a profile is a convenience: what went wrong is kept in its place
            body = {"error": f"{type(error).__qualname__}: {error}"}
        with project.catalog.write() as tx:
            tx.execute(
                "INSERT INTO profiles (artifact, version, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (pending.digest, PROFILE, json.dumps(body)),
            )

    return work
