"""Encodings of columns in packs: dictionaries where texts repeat, differences where numbers lie near one another."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

__all__ = ["Encodings", "choose_encodings"]

_LOOK = 5_000
_SAMPLE = 16_384
_WORTH = 1_000_000
"""Bytes of a table from which a look at how its numbers are best written pays."""


@dataclass(frozen=True, slots=True)
class Encodings:
    """The columns with a dictionary, and those of which differences are written."""

    words: tuple[str, ...] = ()
    deltas: tuple[str, ...] = ()

    def writer(self, target: Any, schema: Any) -> Any:
        """A writer of Parquet."""
        import pyarrow.parquet as pq

        words: Any = list(self.words) or False
        encoded = dict.fromkeys(self.deltas, "DELTA_BINARY_PACKED") or None
        return pq.ParquetWriter(target, schema, compression="zstd", use_dictionary=words, column_encoding=encoded)


def choose_encodings(table: Any) -> Encodings:
    """How the columns are written smallest, told by the first rows; readers find any way by themselves.

    Dictionaries of numbers cost more time than they save room: zstd finds the repeats as well. Differences make times,
    counters and small numbers smaller, and are written and read in less time than zstd takes for the numbers; but not
    numbers that repeat far apart from one another.
    """
    words = _repeating(table)
    return Encodings(words, _near(table) if table.nbytes > _WORTH else ())


def _repeating(table: Any) -> tuple[str, ...]:
    """The text columns that a dictionary makes smaller, and all enums."""
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
    return tuple(found)


def _near(table: Any) -> tuple[str, ...]:
    """The columns of whole numbers, dates and times that are smaller as differences: a sample is written both ways."""
    import pyarrow as pa

    kinds = pa.types
    names = [field.name for field in table.schema if kinds.is_integer(field.type) or kinds.is_temporal(field.type)]
    if any(field.type.num_fields for field in table.schema):  # "a.b" could as well be the field b of a struct a
        names = [name for name in names if "." not in name]
    if not names:
        return ()
    sample = table.select(names).slice(0, _SAMPLE)
    plain, near = (_sizes(sample, Encodings(deltas=deltas)) for deltas in ((), tuple(names)))
    return tuple(name for name, before, after in zip(names, plain, near, strict=True) if after <= before)


def _sizes(table: Any, how: Encodings) -> list[int]:
    """How many bytes each column takes."""
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    with how.writer(buffer, table.schema) as writer:
        writer.write_table(table)
    group = pq.read_metadata(buffer).row_group(0)
    return [group.column(place).total_compressed_size for place in range(group.num_columns)]
