"""States as bytes: JSON and little-endian arrays, no code in them, and no size believed unchecked."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from solvent.data.profile.sketches import EXACT, REGISTERS, Counts, Distinct, Ranks
from solvent.errors import Corrupted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[Any]

__all__ = ["FORM", "Parcel", "hash_words", "words_id"]

FORM = "state.1"
"""The version of the bytes: that of what they hold is the profile's."""
_MAGIC = b"SVST"
_LARGEST = 64_000_000
_CODES = {"|u1", "<u2", "<u4", "<u8", "<i8", "<f8"}


def hash_words(words: Any) -> Values:
    """The 64-bit hash of each text of a Polars series: Polars' own, which may change with its version."""
    found: Values = words.hash(seed=0).to_numpy()
    return found


@cache
def words_id() -> str:
    """Which hash of texts this is: states that were made with another cannot be merged with those of today."""
    import polars as pl

    probe = hash_words(pl.Series(["", "solvent", "a text that is longer than what a view holds inline, ü"]))
    return "-".join(f"{int(one) >> 40:06x}" for one in probe)


@dataclass(slots=True)
class Parcel:
    """What is put into bytes: plain facts by name, and arrays in the order in which they are taken out again."""

    facts: dict[str, Any] = field(default_factory=dict)
    arrays: list[Values] = field(default_factory=list)

    def put(self, values: Values) -> None:
        """An array, integers in as few bytes as they need."""
        import numpy as np

        if values.dtype.kind in "iu" and values.dtype.itemsize > 1 and len(values) and int(values.min()) >= 0:
            most = int(values.max())
            code = next(one for one in ("|u1", "<u2", "<u4", "<u8") if most <= np.iinfo(one).max)
            values = values.astype(code)
        self.arrays.append(np.ascontiguousarray(values, values.dtype.newbyteorder("<")))

    def take(self, code: str) -> Values:
        """The next array, as numbers of this type. Raises :class:`Corrupted` where none is left that fits."""
        if not self.arrays:
            raise Corrupted("a state of a profile ends too early")
        found = self.arrays.pop(0)
        if found.dtype.kind == "f" and code != "<f8":
            raise Corrupted("a state of a profile has fractions where whole numbers belong")
        return found.astype(code)

    def put_scalars(self, numbers: Sequence[int | float]) -> None:
        """Numbers that come back as they are, infinity and integers of 64 bits among them."""
        self.facts.setdefault("scalars", []).extend(
            one.hex() if isinstance(one, float) else int(one) for one in numbers
        )

    def take_scalars(self, count: int) -> list[int | float]:
        """The next numbers."""
        found = self.facts["scalars"][:count]
        if len(found) < count:
            raise Corrupted("a state of a profile ends too early")
        del self.facts["scalars"][:count]
        return [float.fromhex(one) if isinstance(one, str) else int(one) for one in found]

    def put_counts(self, counts: Counts) -> None:
        """Values, their counts, and the texts that they stand for."""
        import numpy as np

        self.facts.update(missed=counts.missed, code=counts.values.dtype.str, texts=counts.texts is not None)
        self.put(counts.values)
        self.put(counts.counts)
        if counts.texts is not None:
            texts = [one.encode() for one in counts.texts]
            self.put(np.array([len(one) for one in texts], np.int64))
            self.put(np.frombuffer(b"".join(texts), np.uint8))

    def take_counts(self) -> Counts:
        """What :meth:`put_counts` put."""
        import numpy as np

        code = self.facts["code"]
        if code not in ("<i8", "<u8", "<f8"):
            raise Corrupted(f"a state of a profile holds values of the type {code!r:.20}")
        values, counts, texts = self.take(code), self.take("<i8"), None
        if self.facts["texts"]:
            ends = np.cumsum(self.take("<i8")).tolist()
            body = self.take("|u1").tobytes()
            if len(ends) != len(values) or (ends and ends[-1] != len(body)):
                raise Corrupted("a state of a profile has texts of other lengths than it says")
            texts = np.empty(len(ends), object)
            texts[:] = [body[start:stop].decode() for start, stop in zip([0, *ends], ends, strict=False)]
        _check(len(values) == len(counts) and bool((counts > 0).all()) and _ascending(values))
        return Counts(values, counts, int(self.facts["missed"]), texts)

    def put_ranks(self, ranks: Ranks) -> None:
        """Values and the rows that they stand for."""
        self.facts["slack"] = ranks.slack
        self.put(ranks.values)
        self.put(ranks.weights)

    def take_ranks(self) -> Ranks:
        """What :meth:`put_ranks` put; its values are of the type of the counts'."""
        values, weights = self.take(self.facts["code"]), self.take("<i8")
        _check(len(values) == len(weights) > 0 and bool((weights > 0).all()) and _ascending(values))
        return Ranks(values, weights, int(self.facts["slack"]))

    def put_distinct(self, distinct: Distinct) -> None:
        """A few hashes, or registers."""
        settled = distinct.settle(EXACT)
        self.facts.update(known=settled.known, hashed=settled.registers is None)
        if settled.registers is None:
            self.put(settled.hashes[0])
        else:
            for one in _fold_registers(settled.registers):
                self.put(one)

    def take_distinct(self, limit: int) -> Distinct:
        """What :meth:`put_distinct` put."""
        known = self.facts["known"]
        if self.facts["hashed"]:
            return Distinct(limit, (self.take("<u8"),), known=known)
        pairs, places, high = self.take("|u1"), self.take("<i8"), self.take("|u1")
        _check(len(pairs) == REGISTERS // 2 + 1 and len(places) == len(high))
        _check(not len(places) or 0 <= int(places.min()) <= int(places.max()) < REGISTERS)
        registers = _unfold_registers(pairs, places, high)
        _check(int(registers.max()) <= 51)
        return Distinct(limit, registers=registers, known=known)

    def write(self) -> bytes:
        """The bytes."""
        arrays = [[one.dtype.str, len(one)] for one in self.arrays]
        head = json.dumps({"facts": self.facts, "arrays": arrays}, separators=(",", ":"), allow_nan=False).encode()
        body = b"".join([struct.pack("<I", len(head)), head, *(one.tobytes() for one in self.arrays)])
        return _MAGIC + struct.pack("<I", len(body)) + body

    @classmethod
    def read(cls, data: bytes) -> Parcel:
        """What :meth:`write` wrote. Raises :class:`Corrupted` for anything else."""
        try:
            return cls._read(data)
        except (ValueError, KeyError, TypeError, struct.error) as error:
            raise Corrupted(f"a state of a profile cannot be read: {error}") from error

    @classmethod
    def _read(cls, data: bytes) -> Parcel:
        import numpy as np

        size = struct.unpack_from("<I", data, 4)[0]
        if data[:4] != _MAGIC or size > _LARGEST:
            raise Corrupted("this is no state of a profile, or one too large to be believed")
        body = memoryview(data)[8:]
        if len(body) != size:
            raise Corrupted("a state of a profile has another length than it says")
        start = 4 + struct.unpack_from("<I", body)[0]
        told = json.loads(bytes(body[4:start]))
        arrays = []
        for code, length in told["arrays"]:
            if code not in _CODES or type(length) is not int or not 0 <= length <= len(body):
                raise Corrupted("a state of a profile holds an array that none has")
            array = np.frombuffer(body, code, count=length, offset=start) if length else np.empty(0, code)
            start += array.nbytes
            arrays.append(array)
        _check(start == size and isinstance(told["facts"], dict))
        return cls(told["facts"], arrays)


def _fold_registers(registers: Values) -> tuple[Values, Values, Values]:
    """Registers two to a byte, as what they are above the least of them, which comes last; places and values of those
    that are too large for that."""
    import numpy as np

    least = int(registers.min())
    above = registers - np.uint8(least)
    places = np.flatnonzero(above > 15)
    high = registers[places]
    above[places] = 0
    pairs = above[0::2] | (above[1::2] << np.uint8(4))
    return np.append(pairs, np.uint8(least)), places, high


def _unfold_registers(pairs: Values, places: Values, high: Values) -> Values:
    import numpy as np

    registers = np.empty(REGISTERS, np.uint8)
    registers[0::2] = pairs[:-1] & np.uint8(15)
    registers[1::2] = pairs[:-1] >> np.uint8(4)
    registers += np.uint8(min(int(pairs[-1]), 51))
    registers[places] = high
    return registers


def _ascending(values: Values) -> bool:
    return bool((values[1:] > values[:-1]).all())


def _check(holds: bool) -> None:
    if not holds:
        raise Corrupted("a state of a profile contradicts itself")
