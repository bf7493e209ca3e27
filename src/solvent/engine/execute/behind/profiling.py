"""Profiling: every table artifact gets its statistics, off the critical path, never failing the run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from solvent.archive.catalog import query, write
from solvent.data import is_table_format
from solvent.data.family import TABLE

if TYPE_CHECKING:
    from solvent.archive.keeping import Pending
    from solvent.engine.home import Home

__all__ = ["profile_jobs"]

_SMALL = 100_000
"""Of tables of fewer rows nothing is kept of their parts: to look at them again is as quick."""


def profile_jobs(project: Home, outputs: dict[str, Pending]) -> tuple[Callable[[], None], ...]:
    """What is to be done once these outputs are committed: the profile of each that is a table."""
    tables = [one for one in outputs.values() if is_table_format(one.format.name)]
    if not tables or not project.file.statistics:
        return ()
    return tuple(_job(project, one) for one in tables)


def _job(project: Home, pending: Pending) -> Callable[[], None]:
    # Imported here, by the thread that runs the steps: imports of two threads at once can meet half-made modules.
    from solvent.data.grouping import profile_blocks
    from solvent.data.packs.manifest import Manifest
    from solvent.data.packs.memory import ROOM, free_memory
    from solvent.data.packs.reading import Ranges, lazy_kind, rows_of
    from solvent.data.profile import PROFILE, profile, state_version

    name, kind = pending.digest, pending.format.name
    keep = pending.written.keep if free_memory() >= ROOM else None  # else it is read again, and let go of until then

    def known(names: Sequence[str]) -> Mapping[str, bytes]:
        return query.column_states(project.catalog, names, state_version())

    def work() -> None:
        if query.profile(project.catalog, name, PROFILE) is not None:
            return
        new: dict[str, bytes] = {}
        try:
            table = Manifest.from_json(project.archive.document(name)["body"]) if kind == TABLE else None
            if table is None:
                body = profile(project.archive.get(name, lazy_kind())).to_json()
            elif table.rows < _SMALL or table.extra:
                body = profile(keep(Any) if keep is not None else project.archive.get(name)).to_json()
            else:
                take = Ranges(table, project.archive).take if keep is None else rows_of(keep(lazy_kind()))
                found, new = profile_blocks(table, take, known)
                body = found.to_json()
        except Exception as error:  # a profile is a convenience: what went wrong is kept in its place
            body = {"error": f"{type(error).__qualname__}: {error}"}
        with project.catalog.write() as tx:
            write.add_profile(tx, name, PROFILE, json.dumps(body))
            write.add_column_states(tx, state_version(), new)

    return work
