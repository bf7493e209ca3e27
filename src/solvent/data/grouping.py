"""Profiles of stored tables: what is known of groups of blocks is kept, so that a new version costs its new groups."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from solvent import digest
from solvent.data.packs.manifest import Manifest
from solvent.data.profile import ColumnState, Profile, TableState, merge, survey
from solvent.data.profile.grouping import group_blocks
from solvent.errors import Corrupted

if TYPE_CHECKING:
    import polars as pl

__all__ = ["profile_blocks"]

_READ = 2

Known = Callable[[Sequence[str]], Mapping[str, bytes]]
Take = Callable[[int, int, Sequence[str]], "pl.DataFrame"]


@dataclass(frozen=True, slots=True)
class _Group:
    """Consecutive blocks: the first row, how many, and for each column the name of what is known of it."""

    start: int
    rows: int
    keys: tuple[str, ...]


def profile_blocks(table: Manifest, take: Take, known: Known) -> tuple[Profile, dict[str, bytes]]:
    """The profile of a stored table, and what is now known of its groups and was not before.

    ``take`` gives rows by number, ``known`` what is kept by name; of a group only the columns of which nothing is known
    are read.
    """
    groups = list(_groups(table))
    kept = _opened(known([key for group in groups for key in group.keys]))
    new: dict[str, bytes] = {}
    states = []
    with ThreadPoolExecutor(2, "solvent-profile") as pool:
        for group, found in _ahead(pool, groups, lambda group: _read(take, table, group, kept)):
            made = None if found is None else survey(found)
            fresh = {} if made is None else dict(zip(made.names, made.columns, strict=True))
            columns = []
            for name, key in zip(table.names, group.keys, strict=True):
                if name in fresh:
                    new[key] = fresh[name].to_bytes()
                    kept[key] = ColumnState.from_bytes(new[key])  # as the next version will find it
                columns.append(kept[key])
            states.append(TableState(group.rows, tuple(table.names), tuple(columns)))
    return (merge(states) if states else survey(take(0, 0, list(table.names)))).profile(), new


def _ahead(
    pool: ThreadPoolExecutor, groups: Sequence[_Group], read: Callable[[_Group], pl.DataFrame | None]
) -> Iterator[tuple[_Group, pl.DataFrame | None]]:
    """Each group with what is read of it; no more than two are read before they are asked for."""
    waiting: deque[tuple[_Group, Future[pl.DataFrame | None]]] = deque()
    for group in groups:
        waiting.append((group, pool.submit(read, group)))
        if len(waiting) > _READ:
            first, found = waiting.popleft()
            yield first, found.result()
    while waiting:
        first, found = waiting.popleft()
        yield first, found.result()


def _opened(kept: Mapping[str, bytes]) -> dict[str, ColumnState]:
    """What can be read of what was kept; the rest counts for nothing."""
    found = {}
    for key, data in kept.items():
        with suppress(Corrupted):
            found[key] = ColumnState.from_bytes(data)
    return found


def _read(take: Take, table: Manifest, group: _Group, kept: Mapping[str, object]) -> pl.DataFrame | None:
    """The columns of a group of which nothing is known."""
    missing = [name for name, key in zip(table.names, group.keys, strict=True) if key not in kept]
    return take(group.start, group.rows, missing) if missing else None


def _groups(table: Manifest) -> Iterator[_Group]:
    start = 0
    for first, stop in group_blocks([block.columns[0] for block in table.blocks]):
        blocks = table.blocks[first:stop]
        sizes = [one.rows for one in blocks]
        keys = [
            digest.of_structure("columnstate.1", [kind, sizes, [one.columns[place] for one in blocks]])
            for place, kind in enumerate(table.types)
        ]
        yield _Group(start, sum(sizes), tuple(keys))
        start += sum(sizes)
