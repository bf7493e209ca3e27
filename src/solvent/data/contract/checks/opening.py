"""Any frame as pieces of bounded size, that can be gone through more than once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import Rows, canonical_schema, columns_named, conform, visible_columns
from solvent.data.family import kind_of
from solvent.data.frames.incoming import Stream, take

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Opened", "open_table"]

_PIECE = 262_144


@dataclass(frozen=True, slots=True)
class Opened:
    """A table that is open: its frame (lazy, whatever it came as) and the canonical types of its columns.

    ``loose`` says that it comes from a kind of frame that writes missing integers as floats, and dates as times.
    """

    frame: pl.LazyFrame
    schema: dict[str, Any]
    whole: pl.DataFrame | None = None
    loose: bool = False

    def pieces(self, names: list[str]) -> Iterator[pl.DataFrame]:
        """Some columns, piece by piece, in the order of the rows; without any column, pieces of no width."""
        import polars as pl

        if self.whole is not None:
            for piece in self.whole.select(columns_named(names)).iter_slices(_PIECE) if names else [pl.DataFrame()]:
                yield conform(piece)
            return
        for piece in self.frame.select(columns_named(names)).collect_batches(maintain_order=True, lazy=True):
            yield from (conform(part) for part in piece.iter_slices(_PIECE))

    def rows(self) -> int:
        """The number of rows."""
        import polars as pl

        return self.whole.height if self.whole is not None else int(self.frame.select(pl.len()).collect().item())


@contextmanager
def open_table(table: Any) -> Iterator[Opened]:
    """A frame of any kind, open for as long as the block lasts.

    A stream that can be gone through once is carried into a temporary file, which is removed at the end.
    """
    kind = kind_of(type(table))
    if kind == "polars.LazyFrame":
        yield Opened(table, canonical_schema(table.collect_schema()))
        return
    if kind == "polars.DataFrame":
        yield Opened(table.lazy(), canonical_schema(table.schema), table)
        return
    taken = take(table)
    if isinstance(taken, Rows):
        frame = taken.frame
        if taken.extra:
            frame = frame.select(columns_named(visible_columns(frame.columns, taken.extra)))
        yield Opened(frame.lazy(), dict(frame.schema), frame, kind == "pandas.DataFrame")
        return
    import tempfile

    with tempfile.TemporaryDirectory(prefix="solvent-check-") as folder:
        yield Opened(_carried(taken, Path(folder) / "rows.arrow"), dict(taken.schema))


def _carried(stream: Stream, path: Path) -> pl.LazyFrame:
    import polars as pl
    import pyarrow as pa

    if not stream.schema:
        return pl.LazyFrame()
    empty = pl.DataFrame(schema=dict(stream.schema)).to_arrow()
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, empty.schema) as writer:
        for piece in stream.pieces:
            writer.write_table(piece.to_arrow().cast(empty.schema))
    return pl.scan_ipc(path)
