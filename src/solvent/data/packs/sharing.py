"""Sharing: which blocks and columns of a table are kept already, and which must be written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from solvent.data.blocks.identity import Block
from solvent.data.packs.manifest import Bytes, Manifest, Pack, Place

__all__ = ["Layout", "Part"]

_SCATTERED = 8
"""A version may lie in so many packs more than a fresh table, for each ten million rows: the next is compacted."""
_SHARED = 2
"""From so many packs at most one block takes columns that are kept."""
_TEN_MILLION = 10_000_000

Found = tuple[str, int, str]
"""Where one column of one block is kept: blob, number of the block in it, name in the file."""


@dataclass(slots=True)
class Part:
    """What of a table must be written: some columns of some of its blocks (numbers in the table)."""

    columns: tuple[str, ...]
    blocks: list[int] = field(default_factory=list)


class Layout:
    """Where the blocks of a table lie: those that are kept already are shared, the others are written.

    ``near`` are tables of which blocks are probably shared: earlier versions, and what a step was given. A block is
    the same where its digest, its type and its number of rows are.
    """

    def __init__(self, names: Sequence[str], types: Sequence[Any], near: Iterable[Manifest] = ()) -> None:
        self.names = tuple(names)
        self._kinds = [json.dumps(one) for one in types]
        self._kept: dict[tuple[str, int, str], list[Found]] = {}
        self._groups: dict[str, tuple[int, ...]] = {}
        self._columns: dict[str, tuple[str, ...]] = {}
        for one in near:
            self._learn(one)
        self._packs: dict[tuple[str, tuple[tuple[str, str], ...]], int] = {}
        self.packs: list[Pack] = []
        self.places: list[Place] = []
        self.parts: dict[tuple[str, ...], Part] = {}

    @classmethod
    def beside(cls, names: Sequence[str], types: Sequence[Any], sink: Bytes) -> Layout:
        """A layout that knows the tables near the one that goes into ``sink``."""
        return cls(names, types, [Manifest.from_json(body) for body in sink.near("table.1")])

    def __bool__(self) -> bool:
        """Whether there is anything that could be shared."""
        return bool(self._kept)

    def place(self, number: int, block: Block) -> tuple[str, ...]:
        """Settle where a block lies, as far as it is kept; gives the columns that must be written."""
        found = [
            self._kept.get((digest, block.rows, kind), [])
            for digest, kind in zip(block.columns, self._kinds, strict=True)
        ]
        chosen = _choose(found)
        if 2 * sum(one is not None for one in chosen) < len(chosen):
            chosen = [None] * len(chosen)  # a column alone that happens to be the same is not worth a second file
        by_file: dict[tuple[str, int], dict[str, str]] = {}
        for name, one in zip(self.names, chosen, strict=True):
            if one is not None:
                by_file.setdefault(one[:2], {})[name] = one[2]
        self.places.append(tuple((self._pack(blob, names), group) for (blob, group), names in by_file.items()))
        missing = tuple(name for name, one in zip(self.names, chosen, strict=True) if one is None)
        if missing:
            self.parts.setdefault(missing, Part(missing)).blocks.append(number)
        return missing

    def fill(self, part: Part, packs: Sequence[Pack]) -> None:
        """Say in which new packs a part was written."""
        at = [(number, group) for number, pack in enumerate(packs) for group in range(len(pack.groups))]
        first = len(self.packs)
        whole = part.columns == self.names
        for pack in packs:
            self.packs.append(Pack(pack.blob, pack.groups, None if whole else {one: one for one in part.columns}))
        for block, (pack_, group) in zip(part.blocks, at, strict=True):
            self.places[block] = (*self.places[block], (first + pack_, group))

    def shared(self) -> list[str]:
        """The blobs that are kept already."""
        return list(dict.fromkeys(pack.blob for pack in self.packs if pack.blob in self._groups))

    def _learn(self, manifest: Manifest) -> None:
        kinds, given_up = [json.dumps(one) for one in manifest.types], _scattered(manifest)
        for pack in manifest.packs:
            self._groups[pack.blob] = pack.groups
            if pack.columns is None:
                self._columns[pack.blob] = tuple(manifest.names)
        for block, place in zip(manifest.blocks, manifest.places, strict=False):
            where: dict[str, Found] = {}
            for number, group in place:
                pack = manifest.packs[number]
                columns = pack.columns if pack.columns is not None else {name: name for name in manifest.names}
                where.update({name: (pack.blob, group, inside) for name, inside in columns.items()})
            for name, digest, kind in zip(manifest.names, block.columns, kinds, strict=True):
                if name in where and where[name][0] not in given_up:
                    kept = self._kept.setdefault((digest, block.rows, kind), [])
                    if where[name] not in kept:
                        kept.append(where[name])

    def _pack(self, blob: str, names: dict[str, str]) -> int:
        whole = self._columns.get(blob) == self.names == tuple(names) == tuple(names.values())
        key = (blob, () if whole else tuple(names.items()))
        if key not in self._packs:
            self._packs[key] = len(self.packs)
            self.packs.append(Pack(blob, self._groups[blob], None if whole else names))
        return self._packs[key]


def _scattered(manifest: Manifest) -> set[str]:
    """The packs that are written anew because a table lies in too many: those that hold the least of it."""
    live: dict[str, int] = {}
    for block, place in zip(manifest.blocks, manifest.places, strict=False):
        for number, _ in place:
            blob = manifest.packs[number].blob
            live[blob] = live.get(blob, 0) + block.rows
    if not live:
        return set()
    fresh = -(-manifest.rows // max(sum(pack.groups) for pack in manifest.packs))
    allowed = fresh + max(_SCATTERED, _SCATTERED * manifest.rows // _TEN_MILLION)
    if len(live) <= allowed:
        return set()
    return set(sorted(live, key=lambda blob: (-live[blob], blob))[fresh:])


def _choose(found: Sequence[Sequence[Found]]) -> list[Found | None]:
    """For each column one of the places where it is kept, so that as few places as possible are needed."""
    chosen: list[Found | None] = [None] * len(found)
    open_ = {place for place, kept in enumerate(found) if kept}
    for _ in range(_SHARED):
        if not open_:
            break
        votes: dict[tuple[str, int], int] = {}
        for place in open_:
            for one in found[place]:
                votes[one[:2]] = votes.get(one[:2], 0) + 1
        best = max(votes, key=lambda one: (votes[one], one))
        for place in list(open_):
            match = next((one for one in found[place] if one[:2] == best), None)
            if match is not None:
                chosen[place] = match
                open_.discard(place)
    return chosen
