"""Writing packs: blocks become row groups of Parquet files, whole tables on all cores, streams piece by piece."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from solvent.data.blocks.identity import Block
from solvent.data.packs.manifest import Bytes, Pack

__all__ = ["PACK", "PackWriter", "repeating_columns", "write_packs"]

PACK = 96_000_000
"""How many bytes of Arrow data go into one pack; compressed, they are usually 30 to 90 MB."""
_SMALL = 1_000_000
_LOOK = 5_000


def write_packs(table: Any, blocks: Sequence[Block], sink: Bytes) -> list[Pack]:
    """Write a whole table; packs are encoded side by side where it has more than one."""
    if not table.num_columns or not blocks:
        return []
    words = repeating_columns(table)
    if table.nbytes <= _SMALL:
        buffer = io.BytesIO()
        _encode(table, blocks, buffer, words)
        return [Pack(sink.blob(buffer.getbuffer()), len(blocks), table.num_rows)]
    folder, shares, start = Path(sink.scratch()), [], 0
    for number, share in enumerate(_share(blocks, -(-table.nbytes // PACK))):
        rows = sum(block.rows for block in share)
        shares.append((table.slice(start, rows), share, folder / f"{number}.parquet"))
        start += rows
    with ThreadPoolExecutor(min(_cores(), len(shares)), "solvent-packs") as pool:
        list(pool.map(lambda one: _encode(one[0], one[1], one[2], words), shares))
    return [Pack(sink.file(path), len(share), piece.num_rows) for piece, share, path in shares]


class PackWriter:
    """Writes the blocks of a stream as they come, and closes a pack whenever it is full."""

    def __init__(self, sink: Bytes) -> None:
        self._sink = sink
        self._folder = Path(sink.scratch())
        self._writer: Any = None
        self._words: list[str] | None = None
        self._size = self._rows = self._blocks = 0
        self.packs: list[Pack] = []

    def add(self, table: Any, blocks: Sequence[Block]) -> None:
        """Write the first rows of this table, which make these blocks."""
        start = 0
        for block in blocks:
            piece = table.slice(start, block.rows)
            if self._writer is None:
                self._words = repeating_columns(table) if self._words is None else self._words
                self._writer = _open(self._folder / "pack.parquet", table.schema, self._words)
            self._writer.write_table(piece, row_group_size=block.rows)
            start += block.rows
            self._size += piece.nbytes
            self._rows += block.rows
            self._blocks += 1
            if self._size >= PACK:
                self.close()

    def close(self) -> None:
        """Close the pack that is open, if there is one."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
            self.packs.append(Pack(self._sink.file(self._folder / "pack.parquet"), self._blocks, self._rows))
            self._size = self._rows = self._blocks = 0

    def abandon(self) -> None:
        """Let go of a pack that is not whole; its file goes with the scratch folder."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def repeating_columns(table: Any) -> list[str]:
    """The text columns that a dictionary makes smaller, and all enums: told by the first rows."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = []
    for field in table.schema:
        if pa.types.is_dictionary(field.type):
            found.append(field.name)
        elif pa.types.is_large_string(field.type) or pa.types.is_large_binary(field.type):
            first = table.column(field.name).slice(0, _LOOK)
            if len(first) and pc.count_distinct(first).as_py() <= len(first) / 2:
                found.append(field.name)
    return found


def _encode(table: Any, blocks: Sequence[Block], target: Any, words: list[str]) -> None:
    writer, start = _open(target, table.schema, words), 0
    with writer:
        for block in blocks:
            writer.write_table(table.slice(start, block.rows), row_group_size=block.rows)
            start += block.rows


def _open(target: Any, schema: Any, words: list[str]) -> Any:
    import pyarrow.parquet as pq

    # Dictionaries of numbers cost more time than they save room: zstd finds the repeats as well.
    columns: Any = words or False
    return pq.ParquetWriter(target, schema, compression="zstd", use_dictionary=columns)


def _share(blocks: Sequence[Block], count: int) -> list[list[Block]]:
    """The blocks in ``count`` runs of about as many rows each."""
    rows = sum(block.rows for block in blocks)
    shares: list[list[Block]] = [[]]
    done = 0
    for block in blocks:
        if done >= rows * len(shares) / count:
            shares.append([])
        shares[-1].append(block)
        done += block.rows
    return shares


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
