"""Piles: rows held in memory, or beyond a limit in files by the hash of what they are matched by, part by part."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

__all__ = ["AT_ONCE", "PARTS", "Pile", "spool"]

AT_ONCE = 256 * 1024 * 1024
"""So many bytes of one side are held in memory; beyond it rows lie in files."""
PARTS = 64
_PART, _FILE = "\0part", "{:06}.arrow"


class Pile:
    """Rows of one side. ``by`` gives what they are matched by: equal rows come to lie in one part of both sides."""

    def __init__(self, folder: Path, by: Sequence[pl.Expr], most: int | None = None) -> None:
        self._folder, self._by = folder, by
        self._most = AT_ONCE if most is None else most
        self._held: list[pl.DataFrame] = []
        self._bytes = self._files = self.rows = 0
        self._empty: pl.DataFrame | None = None
        self.spilled = False

    def add(self, rows: pl.DataFrame) -> None:
        """One more piece."""
        self._empty = rows.clear() if self._empty is None else self._empty
        self.rows += rows.height
        self._bytes += int(rows.estimated_size())
        self._held.append(rows)
        if self._bytes > (self._most // 4 if self.spilled else self._most):
            self.spill()

    def spill(self) -> None:
        """Put down what is held."""
        import polars as pl

        self.spilled = True
        if self._held:
            rows = pl.concat(self._held)
            part = (rows.select(*self._by).hash_rows(seed=2) % PARTS).alias(_PART)
            for key, found in rows.with_columns(part).partition_by(_PART, as_dict=True, include_key=False).items():
                folder = self._folder / f"{key[0]:02}"
                folder.mkdir(parents=True, exist_ok=True)
                found.write_ipc(folder / _FILE.format(self._files), compression="lz4")
        self._held, self._bytes, self._files = [], 0, self._files + 1

    def part(self, number: int) -> pl.DataFrame:
        """The rows of a part, in their order; of a pile that lies in memory all rows."""
        import polars as pl

        assert self._empty is not None
        if not self.spilled:
            return pl.concat([self._empty, *self._held])
        if self._held:
            self.spill()
        found = sorted((self._folder / f"{number:02}").glob("*.arrow"))
        return pl.concat([self._empty, *(pl.read_ipc(one) for one in found)])


def spool(pieces: Iterable[pl.DataFrame], empty: pl.DataFrame, folder: Path) -> pl.LazyFrame:
    """Pieces that can be gone through once as a frame that can be gone through again: in memory, or in files."""
    import polars as pl

    held, size, files = [empty], 0, 0
    for piece in pieces:
        held.append(piece)
        size += int(piece.estimated_size())
        if size > AT_ONCE:
            folder.mkdir(parents=True, exist_ok=True)
            pl.concat(held).write_ipc(folder / _FILE.format(files), compression="lz4")
            held, size, files = [empty], 0, files + 1
    rest = pl.concat(held).lazy()
    return rest if not files else pl.concat([pl.scan_ipc(folder / _FILE.format(one)) for one in range(files)] + [rest])
