"""The manifest of a table: its schema, its blocks with the digests of their columns, and where each block lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from solvent.data.blocks.identity import Block

__all__ = ["Bytes", "Manifest", "Opened", "Pack", "Place"]


class Bytes(Protocol):
    """Where bytes go: what this room needs of an archive."""

    def blob(self, data: bytes | bytearray | memoryview) -> str:
        """Keep these bytes, and give their digest."""

    def file(self, path: Any) -> str:
        """Adopt a finished file from a scratch folder, and give its digest."""

    def scratch(self) -> Any:
        """A new empty folder on the disk where files are kept."""

    def near(self, format: str) -> Sequence[Any]:
        """The bodies of kept values of a format that this one is likely to share something with."""

    def share(self, name: str) -> None:
        """Refer to a blob that is kept already."""


class Opened(Protocol):
    """Where bytes come from."""

    def path(self, digest: str) -> Any:
        """A local, verified, read-only file with the bytes of a blob."""

    def scratch(self) -> Any:
        """A new empty folder that lasts as long as this process."""


Place = tuple[tuple[int, int], ...]
"""Where a block lies: packs, and its number in each; a column is taken from the last of the packs that has it."""


@dataclass(frozen=True, slots=True)
class Pack:
    """One Parquet file: the digest of its bytes, the rows of each of its blocks, and which columns it is used for.

    ``columns`` maps names of the table to names in the file; None means all columns, by their own names.
    """

    blob: str
    groups: tuple[int, ...]
    columns: Mapping[str, str] | None = None

    def start(self, group: int) -> int:
        """The first row of one of its blocks."""
        return sum(self.groups[:group])


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that is known of a stored table: its blocks in row order, and for each block where its columns lie."""

    names: Sequence[str]
    types: Sequence[Any]
    extra: Mapping[str, Any]
    blocks: Sequence[Block]
    packs: Sequence[Pack] = ()
    places: Sequence[Place] = ()

    @property
    def rows(self) -> int:
        """How many rows the table has."""
        return sum(block.rows for block in self.blocks)

    @property
    def fresh(self) -> bool:
        """Whether the packs are this table and nothing else, so that any engine can scan them as they are."""
        every = [((pack, group),) for pack, one in enumerate(self.packs) for group in range(len(one.groups))]
        return all(one.columns is None for one in self.packs) and list(self.places) == every

    def to_json(self) -> dict[str, Any]:
        """The manifest as plain JSON.

        A block is ``[rows, pack, number in it, [digest of each column]]``; pack and number are lists where its
        columns lie in more packs than one.
        """
        places = self.places or [((0, 0),)] * len(self.blocks)
        return {
            "rows": self.rows,
            "schema": [[name, kind] for name, kind in zip(self.names, self.types, strict=True)],
            "extra": dict(self.extra),
            "blocks": [
                [block.rows, *(place[0] if len(place) == 1 else zip(*place, strict=True)), list(block.columns)]
                for block, place in zip(self.blocks, places, strict=True)
            ],
            "packs": [
                {
                    "blob": pack.blob, "groups": list(pack.groups),
                    **({} if pack.columns is None else {"columns": dict(pack.columns)}),
                }
                for pack in self.packs
            ],
        }  # fmt: skip

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Manifest:
        """The manifest that :meth:`to_json` wrote."""
        blocks, places = [], []
        for rows, pack, group, digests in body["blocks"]:
            blocks.append(Block(rows, tuple(digests)))
            places.append(((pack, group),) if isinstance(pack, int) else tuple(zip(pack, group, strict=True)))
        return cls(
            [name for name, _ in body["schema"]],
            [kind for _, kind in body["schema"]],
            body["extra"],
            blocks,
            [Pack(one["blob"], tuple(one["groups"]), one.get("columns")) for one in body["packs"]],
            places if body["packs"] else (),
        )
