"""Rows that come piece by piece, as one lazy frame: which columns, which rows and how many reach whoever makes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

__all__ = ["scan_pieces"]


def scan_pieces(
    schema: Mapping[str, Any], pieces: Callable[[list[str] | None], Iterator[pl.DataFrame]]
) -> pl.LazyFrame:
    """A lazy frame of these columns. ``pieces`` gives the rows anew each time, of some columns or (None) of all.

    A query that needs no column, and only how many rows there are, reads the first one for it: a frame without columns
    would have no rows.
    """
    import polars as pl
    from polars.io.plugins import register_io_source

    def batches(
        columns: list[str] | None, predicate: pl.Expr | None, limit: int | None, size: int | None
    ) -> Iterator[pl.DataFrame]:
        left = limit
        for piece in pieces(list(schema)[:1] if columns == [] else columns):
            found = piece if left is None else piece.head(left)
            left = None if left is None else left - found.height
            found = found if predicate is None else found.filter(predicate)
            yield pl.DataFrame(height=found.height) if columns == [] else found
            if left == 0:
                return

    return register_io_source(batches, schema=dict(schema), is_pure=True)
