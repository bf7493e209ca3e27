"""Columns as canonical arrays: what is hashed of each is its logical content, however Arrow happens to hold it.

A column of a block is hashed as ``column.1`` of ``[type, rows, validity, *parts]``. ``validity`` is None where
nothing is missing, else the digest of one bit a row, first row first (``bits.1``). The parts are digests of
little-endian bytes (``values.1``), with zeros under each null:

* numbers, dates, times, decimals (16 bytes, two's complement): the values, every NaN as one NaN;
* booleans: one bit a row; members of an enum: their places in its list, as 4 bytes;
* text and binary: the lengths in bytes (8 bytes each), then the bytes of all values, one after the other;
* lists and arrays: the lengths (8 bytes each), then validity and parts of all their elements as one column;
* structs: validity and parts of each field, a field of a missing struct being missing; null columns: nothing.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from solvent import digest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Longs = NDArray[np.int64]
    Values = NDArray[Any]

__all__ = ["Column", "Fixed", "Nested", "Text", "open_columns", "part_of"]

_NAN = {"float16": 0x7E00, "float32": 0x7FC00000, "float64": 0x7FF8000000000000}
_WIDTHS = {"date": "<i4", "time": "<i8", "datetime": "<i8", "duration": "<i8"}


class Part(Protocol):
    """One level of a column."""

    def hashes(self, start: int, stop: int) -> list[Any]:
        """Digests of the content of these rows."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """Values of one width each (booleans as bytes), zero under nulls."""

    values: Values
    valid: Bools | None
    bits: bool = False

    def hashes(self, start: int, stop: int) -> list[Any]:
        """Validity and values."""
        piece = self.values[start:stop]
        data = _bits(piece) if self.bits else piece
        return [_validity(self.valid, start, stop), _hash(data)]


@dataclass(frozen=True, slots=True)
class Text:
    """Text or binary: where each value starts, how many bytes it has (none under a null), and all bytes."""

    starts: Longs
    lengths: Longs
    data: Values
    valid: Bools | None

    def hashes(self, start: int, stop: int) -> list[Any]:
        """Validity, lengths and bytes."""
        if start == stop:
            return [None, _hash(b""), _hash(b"")]
        begin, end = self.starts[start], self.starts[stop - 1] + self.lengths[stop - 1]
        return [_validity(self.valid, start, stop), _hash(self.lengths[start:stop]), _hash(self.data[begin:end])]


@dataclass(frozen=True, slots=True)
class Nested:
    """Lists: where each one's elements start and how many there are, and all elements as one column."""

    starts: Longs
    lengths: Longs
    inner: Part
    valid: Bools | None

    def hashes(self, start: int, stop: int) -> list[Any]:
        """Validity, lengths, and the elements."""
        begin = end = 0
        if start < stop:
            begin, end = int(self.starts[start]), int(self.starts[stop - 1] + self.lengths[stop - 1])
        return [_validity(self.valid, start, stop), _hash(self.lengths[start:stop]), *self.inner.hashes(begin, end)]


@dataclass(frozen=True, slots=True)
class Fields:
    """Structs: one part for each field."""

    fields: tuple[Part, ...]
    valid: Bools | None

    def hashes(self, start: int, stop: int) -> list[Any]:
        """Validity, and what is in each field."""
        return [_validity(self.valid, start, stop), *(one.hashes(start, stop) for one in self.fields)]


@dataclass(frozen=True, slots=True)
class Nothing:
    """A column of the null type."""

    def hashes(self, start: int, stop: int) -> list[Any]:
        """Nothing: how many rows there are is hashed with the column."""
        return []


class Column:
    """One column: its logical type and its content, which is taken out of the Arrow array when it is first asked for.

    So it is by whoever hashes the column, in a thread of its own where there are many.
    """

    def __init__(self, logical: Any, chunked: Any) -> None:
        self.logical = logical
        self._chunked = chunked

    @functools.cached_property
    def part(self) -> Part:
        """The canonical content."""
        import pyarrow as pa

        chunked = self._chunked
        array: Any
        if chunked.num_chunks == 1:
            array = chunked.chunk(0)
        else:
            array = pa.concat_arrays(chunked.chunks) if chunked.num_chunks else pa.array([], type=chunked.type)
        return part_of(array, self.logical)

    def digest(self, start: int, stop: int) -> str:
        """The logical digest of these rows of the column."""
        return digest.of_structure("column.1", [self.logical, stop - start, *self.part.hashes(start, stop)])


def open_columns(table: Any, types: list[Any]) -> list[Column]:
    """The columns of an Arrow table (as Polars exports canonical frames), with their logical types."""
    return [Column(logical, chunked) for chunked, logical in zip(table.columns, types, strict=True)]


def part_of(array: Any, logical: Any) -> Part:
    """The canonical content of an Arrow array of this logical type."""
    kind = logical if isinstance(logical, str) else logical[0]
    if kind == "null":
        return Nothing()
    valid = _valid(array)
    if kind in ("text", "binary"):
        return _text(array, valid)
    if kind in ("list", "array"):
        return _nested(array, logical, valid)
    if kind == "struct":
        inner = zip(array.flatten(), logical[1], strict=True)  # flatten: a missing struct's fields are missing too
        return Fields(tuple(part_of(child, one) for child, (_, one) in inner), valid)
    if kind == "bool":
        return Fixed(_masked(_unpack(array.buffers()[1], array.offset, len(array)), valid), valid, bits=True)
    if kind == "enum":
        return Fixed(_masked(_places(array, logical[1], valid), valid), valid)
    if kind == "decimal":
        pairs = _buffer(array, "<u8", 2).reshape(-1, 2)
        return Fixed(pairs if valid is None else pairs * valid[:, None], valid)
    return Fixed(_masked(_one_nan(_buffer(array, _code(kind), 1), kind), valid), valid)


def _code(kind: str) -> str:
    import numpy as np

    return _WIDTHS.get(kind) or np.dtype(kind).newbyteorder("<").str


def _buffer(array: Any, code: str, lanes: int) -> Values:
    import numpy as np

    buffer = array.buffers()[1]
    if buffer is None or not len(array):
        return np.empty(0, code)
    width = np.dtype(code).itemsize * lanes
    values: Values = np.frombuffer(buffer, code, count=len(array) * lanes, offset=array.offset * width)
    return values


def _one_nan(values: Values, kind: str) -> Values:
    import numpy as np

    if kind not in _NAN:
        return values
    odd = np.isnan(values)
    bits: Values = values.view(f"<u{values.itemsize}")
    if odd.any():
        bits = np.where(odd, bits.dtype.type(_NAN[kind]), bits)
    return bits.view(values.dtype)


def _masked(values: Values, valid: Bools | None) -> Values:
    import numpy as np

    return values if valid is None else np.where(valid, values, values.dtype.type(0))


def _valid(array: Any) -> Bools | None:
    """Which rows are there; None where all are."""
    if array.null_count == 0:
        return None
    return _unpack(array.buffers()[0], array.offset, len(array)).view("?")


def _unpack(buffer: Any, offset: int, count: int) -> Values:
    import numpy as np

    if buffer is None or not count:
        return np.zeros(count, np.uint8)
    packed = np.frombuffer(buffer, np.uint8, count=(offset + count + 7) // 8 - offset // 8, offset=offset // 8)
    return np.unpackbits(packed, count=offset % 8 + count, bitorder="little")[offset % 8 :]


def _places(array: Any, categories: list[str], valid: Bools | None) -> Values:
    """The place of each value in the enum's own list, whichever dictionary the array came with."""
    import numpy as np

    indices = array.indices.cast("uint32")  # of nulls, whatever lies there: it is masked afterwards
    codes = _masked(_buffer(indices, "<u4", 1), valid)
    listed = array.dictionary.to_pylist()
    if listed != categories:
        place = {name: number for number, name in enumerate(categories)}
        codes = np.array([place[name] for name in listed] or [0])[codes]
    places: Values = codes.astype("<u4")
    return places


def _text(array: Any, valid: Bools | None) -> Text:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    large = pa.large_binary() if pa.types.is_large_binary(array.type) else pa.large_string()
    if array.type != large:
        array = array.cast(large)
    starts, lengths = _offsets(array)
    if valid is not None and lengths[~valid].any():
        empty: Any = pa.scalar(b"" if large == pa.large_binary() else "", large)
        array = pc.fill_null(array, empty)
        starts, lengths = _offsets(array)
    buffer = array.buffers()[2]
    data = np.frombuffer(buffer, np.uint8) if buffer is not None and buffer.size else np.empty(0, np.uint8)
    return Text(starts, lengths, data, valid)


def _offsets(array: Any, code: str = "<i8") -> tuple[Longs, Longs]:
    import numpy as np

    if not len(array):
        return np.empty(0, "<i8"), np.empty(0, "<i8")
    width = int(code[-1])
    offsets = np.frombuffer(array.buffers()[1], code, count=len(array) + 1, offset=array.offset * width)
    return offsets[:-1], np.diff(offsets)


def _nested(array: Any, logical: Any, valid: Bools | None) -> Nested:
    import numpy as np
    import pyarrow.types as kinds

    count = len(array)
    if kinds.is_fixed_size_list(array.type):
        lengths = np.full(count, array.type.list_size, "<i8")
    else:
        # Not array.offsets.to_numpy(): that would import pandas wherever it is installed.
        width = "<i8" if kinds.is_large_list(array.type) else "<i4"
        lengths = _offsets(array, width)[1].astype("<i8")
    if valid is not None:
        lengths = lengths * valid
    starts = np.zeros(count, "<i8")
    np.cumsum(lengths[:-1], out=starts[1:])
    return Nested(starts, lengths, part_of(array.flatten(), logical[1]), valid)  # flatten: without what nulls cover


def _validity(valid: Bools | None, start: int, stop: int) -> str | None:
    if valid is None or valid[start:stop].all():
        return None
    return digest.of_bytes("bits.1", _bits(valid[start:stop]).data)


def _bits(values: Values) -> Values:
    import numpy as np

    return np.packbits(values, bitorder="little")


def _hash(values: Any) -> str:
    data = values if isinstance(values, bytes) else memoryview(values).cast("B") if values.size else b""
    return digest.of_bytes("values.1", data)
