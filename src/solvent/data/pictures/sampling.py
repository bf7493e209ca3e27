"""A bounded sample of a table's rows for pictures that need rows: drawn with a seed, and counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import Rows, columns_named, conform
from solvent.data.family import kind_of
from solvent.data.frames.incoming import take
from solvent.errors import NotFound, did_you_mean

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Sample", "draw_sample", "find_columns", "lazily"]


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows of a table in their order, and how many it has in all."""

    frame: pl.DataFrame
    rows: int


def lazily(table: Any) -> pl.LazyFrame:
    """Any frame as a LazyFrame; a LazyFrame stays unread."""
    import polars as pl

    kind = kind_of(type(table))
    if kind == "polars.LazyFrame":
        return table  # type: ignore[no-any-return]
    if kind == "polars.DataFrame":
        return table.lazy()  # type: ignore[no-any-return]
    taken = take(table)
    if isinstance(taken, Rows):
        return taken.frame.lazy()
    pieces = list(taken.pieces)
    return (pl.concat(pieces) if pieces else pl.DataFrame(schema=taken.schema)).lazy()


def find_columns(frame: pl.LazyFrame, names: Sequence[str]) -> dict[str, Any]:
    """The types of these columns. Raises :class:`NotFound` that names the one that is not there."""
    schema = frame.collect_schema()
    for name in names:
        if name not in schema:
            raise NotFound(f"there is no column {name!r}.{did_you_mean(name, schema.names())}")
    return {name: schema[name] for name in names}


def draw_sample(table: Any, columns: Sequence[str], rows: int, seed: int) -> Sample:
    """At most ``rows`` rows of these columns, each as likely as any other, drawn without replacement."""
    import numpy as np
    import polars as pl

    lazy = lazily(table)
    find_columns(lazy, columns)
    whole = int(lazy.select(pl.len()).collect().item())
    wanted = lazy.select(columns_named(columns))
    if whole > rows:
        places = np.sort(np.random.default_rng(seed).choice(whole, rows, replace=False))
        place = "row"
        while place in columns:
            place += "_"
        chosen = pl.Series(place, places, dtype=pl.UInt32 if whole < 2**32 else pl.UInt64).to_frame().lazy()
        indexed = wanted.with_row_index(place).cast({place: chosen.collect_schema()[place]})
        wanted = indexed.join(chosen, on=place, how="semi", maintain_order="left").drop(place)
    return Sample(conform(wanted.collect(engine="streaming")), whole)
