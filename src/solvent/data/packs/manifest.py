"""The manifest of a table: its schema, its blocks with the digests of their columns, and where each block lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from solvent.data.blocks.identity import Block

__all__ = ["Bytes", "Manifest", "Opened", "Pack"]


class Bytes(Protocol):
    """Where bytes go: what this room needs of an archive."""

    def blob(self, data: bytes | bytearray | memoryview) -> str:
        """Keep these bytes, and give their digest."""

    def file(self, path: Any) -> str:
        """Adopt a finished file from a scratch folder, and give its digest."""

    def scratch(self) -> Any:
        """A new empty folder on the disk where files are kept."""


class Opened(Protocol):
    """Where bytes come from."""

    def path(self, digest: str) -> Any:
        """A local, verified, read-only file with the bytes of a blob."""


@dataclass(frozen=True, slots=True)
class Pack:
    """One Parquet file: the digest of its bytes, and how many blocks and rows it holds, one row group a block."""

    blob: str
    blocks: int
    rows: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that is known of a stored table. The blocks stand in the packs one after the other, in row order."""

    names: Sequence[str]
    types: Sequence[Any]
    extra: Mapping[str, Any]
    blocks: Sequence[Block]
    packs: Sequence[Pack]
    rows: int

    def to_json(self) -> dict[str, Any]:
        """The manifest as plain JSON. A block is ``[rows, pack, row group, [digest of each column]]``."""
        places = [(number, group) for number, pack in enumerate(self.packs) for group in range(pack.blocks)]
        return {
            "rows": self.rows,
            "schema": [[name, kind] for name, kind in zip(self.names, self.types, strict=True)],
            "extra": dict(self.extra),
            "blocks": [
                [block.rows, pack, group, list(block.columns)]
                for block, (pack, group) in zip(self.blocks, places or [(0, 0)] * len(self.blocks), strict=True)
            ],
            "packs": [{"blob": pack.blob, "blocks": pack.blocks, "rows": pack.rows} for pack in self.packs],
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Manifest:
        """The manifest that :meth:`to_json` wrote."""
        return cls(
            [name for name, _ in body["schema"]],
            [kind for _, kind in body["schema"]],
            body["extra"],
            [Block(rows, tuple(digests)) for rows, _, _, digests in body["blocks"]],
            [Pack(one["blob"], one["blocks"], one["rows"]) for one in body["packs"]],
            body["rows"],
        )
