"""Writing packs: Parquet files of consecutive blocks, of whole tables on all cores, of streams piece by piece."""

from __future__ import annotations

import io
import os
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from solvent.data.blocks.identity import Block
from solvent.data.packs.manifest import Bytes, Pack
from solvent.data.packs.sharing import Layout

__all__ = ["PACK", "Writing", "repeating_columns", "write_packs", "write_parts"]

PACK = 96_000_000
"""How many bytes of Arrow data go into one pack; compressed, they are usually 30 to 90 MB."""
_SMALL = 1_000_000
_GROUP = 131_072
"""So many rows at most of several blocks lie in one row group of a pack."""
_MOST_AT_ONCE = 4
"""So many packs of a stream at most are encoded side by side: each is in memory as a whole until then."""
_LOOK = 5_000


def write_packs(table: Any, blocks: Sequence[Block], sink: Bytes) -> list[Pack]:
    """Write a whole table; packs are encoded side by side where it has more than one."""
    if not table.num_columns or not blocks:
        return []
    words = repeating_columns(table)
    if table.nbytes <= _SMALL:
        buffer = io.BytesIO()
        _encode(table, [block.rows for block in blocks], buffer, words)
        return [Pack(sink.blob(buffer.getbuffer()), tuple(block.rows for block in blocks))]
    folder, shares, start = Path(sink.scratch()), [], 0
    count = -(-table.nbytes // PACK)
    if count > 1:  # as many for each core: else some have nothing to do while the last one is encoded
        count = -(-count // _cores()) * _cores()
    for number, share in enumerate(_share(blocks, count)):
        rows = sum(block.rows for block in share)
        shares.append((table.slice(start, rows), share, folder / f"{number}.parquet"))
        start += rows
    with ThreadPoolExecutor(min(_cores(), len(shares)), "solvent-packs") as pool:
        list(pool.map(lambda one: _encode(one[0], [block.rows for block in one[1]], one[2], words), shares))
    return [Pack(sink.file(path), tuple(block.rows for block in share)) for _, share, path in shares]


def write_parts(table: Any, blocks: Sequence[Block], layout: Layout, sink: Bytes) -> None:
    """Write what of a whole table is not kept already, and refer to the rest."""
    import pyarrow as pa

    starts = [0]
    for number, block in enumerate(blocks):
        layout.place(number, block)
        starts.append(starts[-1] + block.rows)
    for part in layout.parts.values():
        piece = table
        if len(part.blocks) < len(blocks):
            runs = _runs(part.blocks)
            piece = pa.concat_tables([table.slice(starts[a], starts[b] - starts[a]) for a, b in runs])
        if part.columns != layout.names:
            piece = piece.select(list(part.columns))
        layout.fill(part, write_packs(piece, [blocks[number] for number in part.blocks], sink))
    for blob in layout.shared():
        sink.share(blob)


class Writing:
    """Writes the blocks of a stream as they come, each part of them in packs of its own, and shares what is kept."""

    def __init__(self, layout: Layout, sink: Bytes) -> None:
        self._layout = layout
        self._sink = sink
        self._pool = ThreadPoolExecutor(_at_once(), "solvent-packs")
        self._writers: dict[tuple[str, ...], _PackWriter] = {}
        self._missing: tuple[str, ...] = ()
        self._count = 0

    def add(self, table: Any, blocks: Sequence[Block]) -> None:
        """Write the first rows of this table, which make these blocks, as far as they are not kept."""
        start = 0
        for block in blocks:
            if self.keep(block):
                self.write(table.slice(start, block.rows), block)
            start += block.rows

    def keep(self, block: Block) -> bool:
        """Settle where the next block lies; whether anything of it must be written (:meth:`write` it then)."""
        self._missing = self._layout.place(self._count, block)
        self._count += 1
        return bool(self._missing)

    def write(self, rows: Any, block: Block) -> None:
        """Write what is missing of the block that was settled last."""
        if self._missing not in self._writers:
            self._writers[self._missing] = _PackWriter(self._sink, self._pool)
        whole = self._missing == self._layout.names
        self._writers[self._missing].add(rows if whole else rows.select(list(self._missing)), block.rows)

    def close(self) -> None:
        """Close the packs that are open, and settle where everything lies."""
        for missing, writer in self._writers.items():
            writer.close()
            self._layout.fill(self._layout.parts[missing], writer.packs)
        self._pool.shutdown()
        for blob in self._layout.shared():
            self._sink.share(blob)

    def abandon(self) -> None:
        """Let go of packs that are not whole; their files go with the scratch folders."""
        self._pool.shutdown(cancel_futures=True)


class _PackWriter:
    """Gathers the blocks of a stream as they come; a pack that is full is encoded while the stream goes on."""

    def __init__(self, sink: Bytes, pool: ThreadPoolExecutor) -> None:
        self._sink = sink
        self._pool = pool
        self._folder = Path(sink.scratch())
        self._words: list[str] | None = None
        self._size = 0
        self._blocks: list[Any] = []
        self._open: deque[tuple[Path, tuple[int, ...], Future[None]]] = deque()
        self._count = 0
        self.packs: list[Pack] = []

    def add(self, block: Any, rows: int) -> None:
        """Write the rows of one block."""
        self._words = repeating_columns(block) if self._words is None else self._words
        self._size += block.nbytes
        self._blocks.append(block)
        if self._size >= PACK:
            self._full()
            while len(self._open) >= _at_once():  # else they would pile up in memory
                self._done()

    def close(self) -> None:
        """Encode what is left, and wait for all packs."""
        if self._blocks:
            self._full()
        while self._open:
            self._done()

    def _full(self) -> None:
        import pyarrow as pa

        path = self._folder / f"{self._count}.parquet"
        groups = tuple(block.num_rows for block in self._blocks)
        job = self._pool.submit(_encode, pa.concat_tables(self._blocks), groups, path, self._words or [])
        self._open.append((path, groups, job))
        self._size, self._blocks, self._count = 0, [], self._count + 1

    def _done(self) -> None:
        path, groups, job = self._open.popleft()
        job.result()
        self.packs.append(Pack(self._sink.file(path), groups))


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


def _encode(table: Any, blocks: Sequence[int], target: Any, words: list[str]) -> None:
    """Write a table whose blocks have so many rows each."""
    writer, start = _open(target, table.schema, words), 0
    with writer:
        for rows in _row_groups(blocks):
            writer.write_table(table.slice(start, rows), row_group_size=rows)
            start += rows


def _row_groups(blocks: Sequence[int]) -> list[int]:
    """The rows of row groups, each of consecutive blocks: readers spend time on each group of each column."""
    made: list[int] = []
    for rows in blocks:
        if made and made[-1] + rows <= _GROUP:
            made[-1] += rows
        else:
            made.append(rows)
    return made


def _open(target: Any, schema: Any, words: list[str]) -> Any:
    import pyarrow.parquet as pq

    # Dictionaries of numbers cost more time than they save room: zstd finds the repeats as well.
    columns: Any = words or False
    return pq.ParquetWriter(target, schema, compression="zstd", use_dictionary=columns)


def _runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Consecutive numbers as ranges."""
    runs: list[tuple[int, int]] = []
    for one in numbers:
        if runs and runs[-1][1] == one:
            runs[-1] = (runs[-1][0], one + 1)
        else:
            runs.append((one, one + 1))
    return runs


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


def _at_once() -> int:
    """How many packs of a stream are encoded side by side."""
    return min(_cores(), _MOST_AT_ONCE)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
