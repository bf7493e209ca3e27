"""Rows that occur twice, found exactly and in bounded memory: by hash first, the suspects by value then."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import columns_named
from solvent.data.contract.checks.opening import Opened

if TYPE_CHECKING:
    import polars as pl

__all__ = ["AT_ONCE", "Doubles", "hash_whole"]

AT_ONCE = 4_000_000
"""So many hashes are kept in memory; more are spread over files, of which one at a time is looked at."""
_PARTS = 64
_SUSPECTS = 1_000_000
_SEED = 0x5EED


def hash_whole(piece: pl.DataFrame) -> pl.Series:
    """A 64-bit hash of each row, the same for equal rows (NaN equals NaN); null where a value of the row is."""
    import polars as pl

    whole = piece.select(pl.all_horizontal(pl.all().is_not_null())).to_series()
    return pl.select(pl.when(whole).then(piece.hash_rows(_SEED))).to_series().alias("hash")


class Doubles:
    """The hashes of a table's rows, and which rows repeat an earlier one."""

    def __init__(self, columns: list[str], at_once: int = AT_ONCE) -> None:
        self.columns = columns
        self._at_once = at_once
        self._held: list[pl.DataFrame] = []
        self._rows = 0
        self._kept = 0
        self._folder: Any = None
        self._files = 0

    def add(self, piece: pl.DataFrame) -> None:
        """Take in the next rows."""
        import polars as pl

        height = piece.height
        hashes = hash_whole(piece.select(columns_named(self.columns)))
        rows = pl.int_range(self._rows, self._rows + height, dtype=pl.UInt64, eager=True).alias("row")
        self._held.append(pl.DataFrame([hashes, rows]).drop_nulls())
        self._rows += height
        self._kept += self._held[-1].height
        if self._kept >= self._at_once:
            self._spill()

    def find(self, opened: Opened, most: int) -> tuple[int, list[int]]:
        """How many rows repeat an earlier one, and the first ``most`` of them.

        Rows of equal hashes are compared by value in a second pass; beyond a million suspects the hash decides
        which of them repeat (that it errs there by one row has a chance of about rows² / 2⁶⁵).
        """
        import polars as pl

        try:
            if self._folder is not None:
                self._spill()
            count, first, suspects = 0, pl.DataFrame(schema={"row": pl.UInt64}), []
            for part in self._parts():
                again = part.filter(~pl.col("hash").is_first_distinct())
                count += again.height
                first = pl.concat([first, again.select("row")]).bottom_k(most, by="row")
                if count <= _SUSPECTS:
                    suspects.append(again.get_column("hash").unique())
        finally:
            self._close()
        if count and count <= _SUSPECTS:
            found = self._compared(opened, pl.concat(suspects).implode(), most)
            if found is not None:
                return found
        return count, sorted(first.get_column("row").to_list())

    def _compared(self, opened: Opened, suspects: pl.Series, most: int) -> tuple[int, list[int]] | None:
        """The same by the values of the suspects; None where there are too many of them."""
        import polars as pl

        gathered: list[pl.DataFrame] = []
        start, held, name = 0, 0, _unused(self.columns)
        for piece in opened.pieces(self.columns):
            rows = pl.int_range(start, start + piece.height, dtype=pl.UInt64, eager=True).alias(name)
            start += piece.height
            hit = piece.with_columns(rows).filter(hash_whole(piece).is_in(suspects))
            held += hit.height
            if held > _SUSPECTS:
                return None
            gathered.append(hit)
        suspected = pl.concat(gathered)
        again = suspected.filter(~pl.struct(columns_named(self.columns)).is_first_distinct()).get_column(name)
        return len(again), again.head(most).to_list()

    def _parts(self) -> Iterator[pl.DataFrame]:
        import polars as pl

        if self._folder is None:
            if self._held:
                yield pl.concat(self._held)
            return
        for part in range(_PARTS):
            files = sorted(Path(self._folder.name).glob(f"{part}-*.arrow"), key=lambda one: int(one.stem.split("-")[1]))
            yield pl.concat([pl.read_ipc(one) for one in files])

    def _spill(self) -> None:
        import polars as pl

        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="solvent-check-")
        held = pl.concat(self._held) if self._held else pl.DataFrame(schema={"hash": pl.UInt64, "row": pl.UInt64})
        for part in range(_PARTS):
            rows = held.filter(pl.col("hash") % _PARTS == part)
            if rows.height or not self._files:
                rows.write_ipc(Path(self._folder.name) / f"{part}-{self._files}.arrow", compression="uncompressed")
        self._files += 1
        self._held, self._kept = [], 0

    def _close(self) -> None:
        self._held = []
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def _unused(names: list[str]) -> str:
    name = "row"
    while name in names:
        name += "_"
    return name
