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
from solvent.data.packs.encoding import Encodings, choose_encodings
from solvent.data.packs.manifest import Bytes, Pack
from solvent.data.packs.sharing import Layout

__all__ = ["PACK", "Writing", "write_packs", "write_parts"]

PACK = 96_000_000
"""How many bytes of Arrow data go into one pack; compressed, they are usually 30 to 90 MB."""
_SMALL = 1_000_000
_GROUP = 131_072
"""So many rows at most of several blocks lie in one row group of a pack."""
_MOST_AT_ONCE = 4
"""So many packs of a stream at most are encoded side by side: each is in memory as a whole until then."""


def write_packs(table: Any, blocks: Sequence[Block], sink: Bytes) -> list[Pack]:
    """Write a whole table; packs are encoded side by side where it has more than one."""
    if not table.num_columns or not blocks:
        return []
    how = choose_encodings(table)
    if table.nbytes <= _SMALL:
        buffer = io.BytesIO()
        _encode(table, [block.rows for block in blocks], buffer, how)
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
        list(pool.map(lambda one: _encode(one[0], [block.rows for block in one[1]], one[2], how), shares))
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
    """Writes the blocks of a stream as they come, each part of them in packs of its own, and shares what is kept.

    A pack that is full is encoded while the stream goes on. What waits in memory is bounded for all parts together.
    """

    def __init__(self, layout: Layout, sink: Bytes) -> None:
        self._layout = layout
        self._sink = sink
        self._pool = ThreadPoolExecutor(_at_once(), "solvent-packs")
        self._parts: dict[tuple[str, ...], _Part] = {}
        self._open: deque[tuple[_Part, Path, tuple[int, ...], Future[None]]] = deque()
        self._count = self._written = 0
        self._folder: Path | None = None

    def add(self, table: Any, blocks: Sequence[Block]) -> None:
        """Write the first rows of this table, which make these blocks, as far as they are not kept."""
        chosen, start = [], 0
        for block in blocks:
            missing = self.keep(block)
            if missing:
                chosen.append((start, block, missing))
            start += block.rows
        # A slice holds on to the whole table: of one that few rows are needed of, these are copied.
        sparse = 2 * sum(block.rows for _, block, _ in chosen) < table.num_rows
        for start, block, missing in chosen:
            rows = table.slice(start, block.rows)
            self.write(_copy(rows.select(list(missing))) if sparse else rows, block, missing)

    def keep(self, block: Block) -> tuple[str, ...]:
        """Settle where the next block lies; the columns of it that must be written (:meth:`write` it then)."""
        self._count += 1
        return self._layout.place(self._count - 1, block)

    def write(self, rows: Any, block: Block, missing: tuple[str, ...]) -> None:
        """Write these columns of a block."""
        part = self._parts.setdefault(missing, _Part())
        part.add(rows.select(list(missing)), block.rows)
        if part.size >= PACK:
            self._send(part)
        elif sum(one.size for one in self._parts.values()) >= 2 * PACK:
            self._send(max(self._parts.values(), key=lambda one: one.size))

    def close(self) -> None:
        """Close the packs that are open, and settle where everything lies."""
        for part in self._parts.values():
            if part.size:
                self._send(part)
        while self._open:
            self._done()
        for missing, part in self._parts.items():
            self._layout.fill(self._layout.parts[missing], part.packs)
        self._pool.shutdown()
        for blob in self._layout.shared():
            self._sink.share(blob)

    def abandon(self) -> None:
        """Let go of packs that are not whole; their files go with the scratch folders."""
        self._pool.shutdown(cancel_futures=True)

    def _send(self, part: _Part) -> None:
        """Have the blocks of a part that wait encoded as a pack."""
        import pyarrow as pa

        self._folder = self._folder or Path(self._sink.scratch())
        self._written += 1
        path = self._folder / f"{self._written}.parquet"
        groups = tuple(part.groups)
        job = self._pool.submit(_encode, pa.concat_tables(part.held), groups, path, part.how or Encodings())
        self._open.append((part, path, groups, job))
        part.let_go()
        while len(self._open) >= _at_once():  # else they would pile up in memory
            self._done()

    def _done(self) -> None:
        part, path, groups, job = self._open.popleft()
        job.result()
        part.packs.append(Pack(self._sink.file(path), groups))


class _Part:
    """The blocks of which the same columns are written: those that wait for a pack to be full, and its packs so far."""

    def __init__(self) -> None:
        self.how: Encodings | None = None
        self.size = 0
        self.held: list[Any] = []
        self.groups: list[int] = []
        self.packs: list[Pack] = []

    def add(self, block: Any, rows: int) -> None:
        """One block more."""
        self.how = self.how or choose_encodings(block)
        self.size += max(block.nbytes, 1)
        self.held.append(block)
        self.groups.append(rows)

    def let_go(self) -> None:
        """Begin the next pack."""
        self.size, self.held, self.groups = 0, [], []


def _copy(table: Any) -> Any:
    """The rows in memory of their own."""
    import numpy as np

    return table.take(np.arange(table.num_rows))


def _encode(table: Any, blocks: Sequence[int], target: Any, how: Encodings) -> None:
    """Write a table whose blocks have so many rows each."""
    writer, start = how.writer(target, table.schema), 0
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
