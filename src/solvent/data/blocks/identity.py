"""The identity of a table: its columns, and for each block of rows the logical digest of each column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from solvent import digest
from solvent.data.blocks.borders import BORDER, cut
from solvent.data.blocks.columns import Column

__all__ = ["Block", "cut_blocks", "identify"]

_MANY = 1 << 21
"""From so many values on, columns are hashed by two threads."""


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive rows: how many, and the digest of each column of them."""

    rows: int
    columns: tuple[str, ...]


def cut_blocks(columns: Sequence[Column], rows: int, *, final: bool = True) -> list[Block]:
    """The blocks that these rows make (without the rest that is not sure yet, unless these are all rows)."""
    ends = list(cut(columns, rows, final=final))
    spans = list(zip([0, *ends], ends, strict=False))

    def digests(column: Column) -> list[str]:
        return [column.digest(start, end) for start, end in spans]

    if rows * len(columns) < _MANY:
        found = list(map(digests, columns))
    else:
        with ThreadPoolExecutor(2, "solvent-blocks") as pool:
            found = list(pool.map(digests, columns))
    return [Block(end - start, tuple(one[place] for one in found)) for place, (start, end) in enumerate(spans)]


def identify(names: Sequence[str], types: Sequence[Any], extra: Mapping[str, Any], blocks: Sequence[Block]) -> str:
    """The digest of a table: names and types of its columns in order, what pandas knows besides, and its blocks."""
    schema = [[name, logical] for name, logical in zip(names, types, strict=True)]
    content = [[block.rows, *block.columns] for block in blocks]
    return digest.of_structure("table.1", [BORDER, schema, dict(extra), content])
