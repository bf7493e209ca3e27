"""Mean and spread of numbers, about a value of theirs, so that large numbers close together keep their digits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[Any]

__all__ = ["Moments"]


@dataclass(frozen=True, slots=True)
class Moments:
    """``count`` numbers with the mean ``base + offset`` and the sum ``squares`` of squared differences from it.

    ``base`` is one of the numbers, as an exact Python number.
    """

    count: int
    base: int | float
    offset: float
    squares: float

    @staticmethod
    def of(values: Values, counts: Values) -> Moments:
        """Of ascending numbers and how often each occurs."""
        import numpy as np

        total = int(counts.sum())
        base = values[len(values) // 2].item()
        with np.errstate(over="ignore", invalid="ignore"):
            if math.isinf(_minus(values[-1].item(), values[0].item())) and np.isfinite(values[[0, -1]]).all():
                base = 0.0  # they lie further apart than the largest number
            away = _away(values, base)
            once = total == len(values)
            offset = float(away.sum() if once else (away * counts).sum()) / total
            if math.isinf(offset):  # the sum is too large, and the mean need not be
                offset = float((away / total * counts).sum())
            away -= offset
            np.square(away, out=away)
            squares = float(away.sum() if once else (away * counts).sum())
        return Moments(total, base, offset, squares)

    @staticmethod
    def merge(parts: Sequence[Moments]) -> Moments:
        """Of all numbers of the parts (Chan, Golub and LeVeque 1983)."""
        if len(parts) == 1:
            return parts[0]
        base, total = parts[0].base, sum(one.count for one in parts)
        offsets = [_minus(one.base, base) + one.offset for one in parts]
        means = [float(one.base + one.offset) for one in parts]
        if not all(map(math.isfinite, offsets)) and all(map(math.isfinite, means)):
            base, offsets = 0.0, means
        offset = _sum([one.count / total * away for one, away in zip(parts, offsets, strict=True)])
        between = [one.count * ((away - offset) * (away - offset)) for one, away in zip(parts, offsets, strict=True)]
        return Moments(total, base, offset, _sum([one.squares for one in parts] + between))

    def spread(self) -> float:
        """The standard deviation, of a sample; 0 of one number."""
        return math.sqrt(self.squares / (self.count - 1)) if self.count > 1 else 0.0


def _away(values: Values, base: int | float) -> Values:
    """The numbers as distances from one of them, exact as long as 64 bits hold them."""
    import numpy as np

    if values.dtype.kind == "f":
        return np.asarray(values - base, np.float64)
    if int(values[-1]) - int(values[0]) < 2**63:
        return (values.view(np.int64) - np.array(base, values.dtype).view(np.int64)).astype(np.float64)
    return values.astype(np.float64) - float(base)


def _minus(one: int | float, other: int | float) -> float:
    return float(one - other)


def _sum(numbers: list[float]) -> float:
    """The sum, whatever the order; infinity and NaN are what they would be."""
    return math.fsum(numbers) if all(map(math.isfinite, numbers)) else sum(numbers)
