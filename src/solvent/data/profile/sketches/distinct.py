"""How many different values there are: counted while their hashes are few, else estimated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Words = NDArray[np.uint64]
    Bytes = NDArray[np.uint8]

__all__ = ["REGISTERS", "Distinct", "mix"]

_BITS = 14
REGISTERS = 1 << _BITS
_REST = 64 - _BITS
_MANY = 65_536


@dataclass(frozen=True, slots=True)
class Distinct:
    """The 64-bit hashes seen, while there are at most ``limit``; above that the registers of a HyperLogLog.

    With 16,384 registers (Flajolet et al. 2007, read off as by Ertl, "New cardinality estimation algorithms for
    HyperLogLog sketches", 2017) the standard error is 0.8 %. ``known`` is the true number where that is known
    otherwise. What is found depends on the set of hashes alone, not on how it was cut or merged.
    """

    limit: int
    hashes: tuple[Words, ...] = ()
    registers: Bytes | None = None
    known: int | None = None

    @staticmethod
    def of(hashes: Words, limit: int, known: int | None = None) -> Distinct:
        """Of hashes, each there once."""
        if len(hashes) <= limit:
            return Distinct(limit, (hashes,), known=known)
        return Distinct(limit, registers=_fold(hashes), known=known)

    @staticmethod
    def merge(parts: Sequence[Distinct], known: int | None = None) -> Distinct:
        """Of all that the parts have seen."""
        import numpy as np

        limit = min(one.limit for one in parts)
        hashes = tuple(some for one in parts for some in one.hashes)
        if all(one.registers is None for one in parts):
            if sum(map(len, hashes)) <= limit + limit // 2:
                return Distinct(limit, hashes, known=known)
            if not _surely_above(limit, hashes):
                return Distinct.of(_once(hashes), limit, known)
        registers = np.zeros(REGISTERS, np.uint8)
        for one in parts:
            if one.registers is not None:
                np.maximum(registers, one.registers, out=registers)
        for some in hashes:
            np.maximum(registers, _fold(some), out=registers)
        return Distinct(limit, registers=registers, known=known)

    def settle(self, limit: int) -> Distinct:
        """The same, each hash once, and registers instead of more than ``limit`` hashes."""
        if self.registers is not None:
            return self
        hashes = self.hashes[0] if len(self.hashes) == 1 else _once(self.hashes)
        return Distinct.of(hashes, min(limit, self.limit), self.known)

    def count(self) -> tuple[int, bool]:
        """How many, and whether that was counted."""
        if self.known is not None:
            return self.known, True
        settled = self.settle(self.limit)
        if settled.registers is None:
            return len(settled.hashes[0]), True
        return round(_estimate(settled.registers)), False


def mix(words: Words) -> Words:
    """The finalizer of splitmix64 (Steele, Lea and Flood 2014), in the memory of ``words``."""
    import numpy as np

    other = np.empty_like(words)
    words += np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        np.right_shift(words, np.uint64(shift), out=other)
        words ^= other
        words *= np.uint64(factor)
    np.right_shift(words, np.uint64(31), out=other)
    words ^= other
    return words


def _once(hashes: Sequence[Words]) -> Words:
    """All hashes, ascending, each once: by a sort, which is many times as fast as ``np.unique`` where most differ."""
    import numpy as np

    found = np.concatenate(hashes)
    found.sort()
    return found[np.concatenate(([True], found[1:] != found[:-1]))[: len(found)]]


def _surely_above(limit: int, hashes: Sequence[Words]) -> bool:
    """Whether there are more than ``limit`` different hashes, by far: every 64th is counted, which is soon done."""
    import numpy as np

    if limit < _MANY:
        return False
    some = _once([one[one < np.uint64(1 << 58)] for one in hashes])
    return 64 * len(some) > 1.25 * limit


def _fold(hashes: Words) -> Bytes:
    """One register for each value of the first bits: the most zeros that lead the rest of such a hash, and one."""
    import numpy as np

    # Of the hashes of one register the least has the most leading zeros.
    least = np.full(REGISTERS, 2**64 - 1, np.uint64)
    np.minimum.at(least, (hashes >> np.uint64(_REST)).astype(np.intp), hashes)
    seen = (least >> np.uint64(_REST)) == np.arange(REGISTERS, dtype=np.uint64)
    rest = least & np.uint64((1 << _REST) - 1)
    _, width = np.frexp(rest.astype(np.float64))  # at most 50 bits: a float holds them all
    return np.where(seen, _REST + 1 - width, 0).astype(np.uint8)


def _estimate(registers: Bytes) -> float:
    """Ertl's improved estimator: no bias to be corrected by tables, for few values and for many."""
    import numpy as np

    found = np.bincount(registers, minlength=_REST + 2)
    total = REGISTERS * _tau(1.0 - found[_REST + 1] / REGISTERS)
    for level in range(_REST, 0, -1):
        total = 0.5 * (total + float(found[level]))
    total += REGISTERS * _sigma(float(found[0]) / REGISTERS)
    return REGISTERS / (2.0 * math.log(2.0)) * REGISTERS / total if math.isfinite(total) else 0.0


def _sigma(x: float) -> float:
    if x == 1.0:
        return math.inf
    y, z, before = 1.0, x, -1.0
    while z != before:
        x *= x
        before = z
        z += x * y
        y += y
    return z


def _tau(x: float) -> float:
    if x in (0.0, 1.0):
        return 0.0
    y, z, before = 1.0, 1.0 - x, -1.0
    while z != before:
        x = math.sqrt(x)
        before = z
        y *= 0.5
        z -= (1.0 - x) ** 2 * y
    return z / 3.0
