"""Borders: where one block ends and the next begins, decided by the rows so that an edit moves few of them.

Rule ``border.1``. A row's word is a 64-bit mix of its value in one column: numbers, dates and times widened to 64
bits (every NaN as one), decimals as both halves, enums as places, text and binary as first eight bytes, last eight
bytes and length. A row is a candidate if the polynomial of the words of the 32 rows that end with it, modulo
2**64, lies below 2**64 / 18,000. A block ends with the first candidate that gives it at least 6,144 rows. Where
there is none up to 131,072 rows, the next column is asked; where none has one, the block ends there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from solvent.data.blocks.columns import Column, Fixed, Text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Words = NDArray[np.uint64]

__all__ = ["BORDER", "LEAST", "MEAN", "MOST", "cut"]

BORDER = "border.1"
LEAST, MEAN, MOST, WINDOW = 6_144, 18_000, 131_072, 32

_THRESHOLD = 2**64 // MEAN
_STRIDE = 16_384
_PRIME = 0x9E3779B97F4A7C15
_MISSING = 0xD6E8FEB86659FD93
_ALL = 2**64 - 1


def cut(columns: Sequence[Column], rows: int, *, final: bool) -> Iterator[int]:
    """The ends of the blocks that these rows make; the last of them only if it is sure, or if these are all rows."""
    start = 0
    while start < rows:
        limit = start + MOST
        end = _border(columns, start, min(limit, rows)) if rows - start > LEAST else None
        if end is None:
            if limit > rows:
                break
            end = limit
        yield end
        start = end
    if final and start < rows:
        yield rows


def _border(columns: Sequence[Column], start: int, stop: int) -> int | None:
    """The first border after ``start``; columns after the first decide only over a full run."""
    asked = columns if stop - start == MOST else columns[:1]
    for column in asked:
        begin = start + LEAST - WINDOW  # a window never reaches back over the border before
        while begin + WINDOW <= stop:
            end = min(begin + _STRIDE + WINDOW - 1, stop)
            words = _words(column.part, begin, end)
            if words is None:
                break
            hits = (_window(words) < _THRESHOLD).nonzero()[0]
            if len(hits):
                return int(begin + WINDOW + hits[0])
            begin = end - WINDOW + 1
    return None


def _window(words: Words) -> Words:
    """For each full window the polynomial of its words, by doubling."""
    width, factor = 1, _PRIME
    while width < WINDOW:
        words = words[width:] + words[:-width] * words.dtype.type(factor)
        width, factor = width * 2, factor * factor & _ALL
    return words


def _words(part: Any, start: int, stop: int) -> Words | None:
    """A word for each row; None for columns that are asked nothing (nested and null ones)."""

    if isinstance(part, Fixed):
        words: Words = _fixed(part.values[start:stop])
    elif isinstance(part, Text):
        words = _text(part, start, stop)
    else:
        return None
    words = _mix(words)
    if part.valid is not None:
        words[~part.valid[start:stop]] = _MISSING
    return words


def _fixed(values: NDArray[Any]) -> Words:
    import numpy as np

    if values.ndim == 2:
        return np.asarray(values[:, 0] ^ (values[:, 1] * np.uint64(_PRIME)))
    if values.dtype.kind == "f":
        bits: NDArray[Any] = values.view(f"<u{values.itemsize}")
        return bits.astype(np.uint64)
    if values.dtype.kind == "i":
        return np.asarray(values.astype(np.int64).view(np.uint64))
    return values.astype(np.uint64)


def _text(part: Text, start: int, stop: int) -> Words:
    import numpy as np

    starts, lengths = part.starts[start:stop], part.lengths[start:stop]
    begin, end = int(starts[0]), int(starts[-1] + lengths[-1])
    data = np.zeros(end - begin + 8, np.uint8)
    data[8:] = part.data[begin:end]  # eight bytes before, so that the last eight of a short value can be read
    ends = starts + lengths - begin
    last = _eight(data, ends)
    short = np.minimum(lengths, 8)
    first = _eight(data, starts - begin + short)
    # Of a value shorter than eight bytes only its own bytes count; a shift by 64 is undefined, hence in two.
    half = (8 - short).astype(np.uint64) * np.uint64(4)
    first, last = first >> half >> half, last >> half >> half
    return np.asarray(first ^ _mix(last + lengths.astype(np.uint64) * np.uint64(_PRIME)))


def _eight(data: NDArray[np.uint8], ends: NDArray[np.int64]) -> Words:
    """The eight bytes of ``data[8:]`` that end at each place, as little-endian words."""
    import numpy as np

    words: Words = np.ndarray((len(data) - 7,), "<u8", data, strides=(1,))
    return words[ends]


def _mix(words: Words) -> Words:
    """The finalizer of splitmix64 (Steele, Lea and Flood 2014)."""
    import numpy as np

    words = words + np.uint64(_PRIME)
    words ^= words >> np.uint64(30)
    words *= np.uint64(0xBF58476D1CE4E5B9)
    words ^= words >> np.uint64(27)
    words *= np.uint64(0x94D049BB133111EB)
    words ^= words >> np.uint64(31)
    return words
