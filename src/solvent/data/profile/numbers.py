"""Numbers and times: one sort of a run of rows gives its quantiles, distinct and most frequent values and moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from solvent.data.profile.packing import Parcel
from solvent.data.profile.sketches import EXACT, Counts, Distinct, Moments, Ranks, best, mix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[Any]

__all__ = ["Numbers", "survey_numbers"]

_NARROW = 65_536
_CODES = {"i": "<i8", "u": "<u8", "f": "<f8"}


@dataclass(frozen=True, slots=True)
class Numbers:
    """What is known of a run of numbers: how many are finite, NaN, and infinite either way, and of the finite ones
    the least and greatest, moments, counts of values, and where those are not complete, ranks and distinct values.

    ``limit`` is how many hashes are kept to count distinct values. ``ends`` are least and greatest as exact decimals.
    """

    count: int
    odd: tuple[int, int, int]
    tally: Counts
    limit: int
    low: int | float = 0
    high: int | float = 0
    moments: Moments | None = None
    ranks: Ranks | None = None
    distinct: Distinct | None = None
    ends: tuple[str, str] | None = None

    def ranked(self) -> Ranks:
        """The ranks of the finite numbers."""
        return Ranks(self.tally.values, self.tally.counts) if self.ranks is None else self.ranks

    def told(self) -> Distinct:
        """The distinct finite numbers."""
        if self.distinct is not None:
            return self.distinct
        return Distinct.of(hash_numbers(self.tally.values), self.limit, len(self.tally.values))

    def count_distinct(self) -> tuple[int, bool]:
        """How many different finite numbers there are, and whether they were counted."""
        if self.distinct is None:
            return len(self.tally.values), True
        found, counted = self.distinct.count()
        return min(found, self.count), counted

    @staticmethod
    def merge(parts: Sequence[Numbers]) -> Numbers:
        """Of all numbers of the parts."""
        odd = (sum(one.odd[0] for one in parts), sum(one.odd[1] for one in parts), sum(one.odd[2] for one in parts))
        some = [one for one in parts if one.count]
        if len(some) <= 1:
            return replace(some[0] if some else parts[0], odd=odd)
        tally = Counts.merge([one.tally for one in some])
        ranks = distinct = None
        if len(tally.values) > EXACT or any(one.distinct is not None for one in some):
            ranks = Ranks.merge([one.ranked() for one in some])
            distinct = Distinct.merge([one.told() for one in some], _known(some))
        ends = [one.ends for one in some if one.ends is not None]
        return Numbers(
            count=sum(one.count for one in some),
            odd=odd,
            tally=tally.trim(),
            limit=min(one.limit for one in some),
            low=min(one.low for one in some),
            high=max(one.high for one in some),
            moments=Moments.merge([one.moments for one in some if one.moments is not None]),
            ranks=ranks,
            distinct=distinct,
            ends=(min((one[0] for one in ends), key=Decimal), max((one[1] for one in ends), key=Decimal))
            if ends
            else None,
        )

    def pack(self, parcel: Parcel) -> None:
        """Put this into a parcel."""
        parcel.facts.update(count=self.count, odd=list(self.odd), limit=min(self.limit, EXACT), ends=self.ends)
        parcel.facts["ranked"] = self.ranks is not None
        parcel.put_counts(self.tally)
        if self.moments is not None:
            told = self.moments
            parcel.put_scalars([self.low, self.high, told.base, told.offset, told.squares])
        if self.ranks is not None and self.distinct is not None:
            parcel.put_ranks(self.ranks)
            parcel.put_distinct(self.distinct)

    @classmethod
    def unpack(cls, parcel: Parcel) -> Numbers:
        """What :meth:`pack` put into it."""
        facts = parcel.facts
        count, limit = facts["count"], facts["limit"]
        nans, above, below = facts["odd"]
        tally = parcel.take_counts()
        if not count:
            return cls(0, (nans, above, below), tally, limit)
        low, high, base, offset, squares = parcel.take_scalars(5)
        moments = Moments(count, base, float(offset), float(squares))
        ranks = distinct = None
        if facts["ranked"]:
            ranks, distinct = parcel.take_ranks(), parcel.take_distinct(limit)
        ends = tuple(facts["ends"]) if facts["ends"] else None
        return cls(count, (nans, above, below), tally, limit, low, high, moments, ranks, distinct, ends)


def survey_numbers(values: Values, limit: int) -> Numbers:
    """The figures of an array of numbers, none of them null: 64-bit integers, signed or not, or floats."""
    import numpy as np

    odd = (0, 0, 0)
    if values.dtype.kind == "f":
        finites = np.isfinite(values)
        if not finites.all():
            odd = (int(np.isnan(values).sum()), int((values == np.inf).sum()), int((values == -np.inf).sum()))
            values = values[finites]
    if not len(values):
        empty = np.empty(0, _CODES[values.dtype.kind])
        return Numbers(0, odd, Counts(empty, np.empty(0, np.int64)), limit)
    ordered, counts = _tally(values)
    count = len(values)
    moments = Moments.of(ordered, counts)
    low, high = ordered[0].item(), ordered[-1].item()
    if len(ordered) <= EXACT:
        return Numbers(count, odd, Counts(ordered, counts), limit, low, high, moments)
    if len(ordered) == count:
        tally = Counts(ordered[:0], counts[:0], 1)
    else:
        chosen, left = best(counts, least=2)
        tally = Counts(ordered[chosen], counts[chosen], left)
    ranks = Ranks(ordered, counts).shrink()
    distinct = Distinct.of(hash_numbers(ordered), limit, len(ordered))
    return Numbers(count, odd, tally, limit, low, high, moments, ranks, distinct)


def hash_numbers(values: Values) -> Values:
    """The hash of each number: that of its 64 bits."""
    import numpy as np

    return mix(values.view(np.uint64).copy())


def _tally(values: Values) -> tuple[Values, Values]:
    """The values, each once, ascending, widened to 64 bits, and how often each occurs."""
    import numpy as np

    if values.dtype.kind in "iu":
        low, high = values.min(), values.max()
        span = int(high) - int(low) + 1
        if span <= max(_NARROW, 2 * len(values)) or values.itemsize < 4:
            return _count_narrow(values, int(low), span)
    if values.dtype.itemsize < 4:
        values = values.astype(np.float32)
    ordered = values if (values[1:] >= values[:-1]).all() else np.sort(values)
    code = _CODES[values.dtype.kind]
    fresh = ordered[1:] != ordered[:-1]
    if fresh.all():
        found, counts = ordered, np.ones(len(ordered), np.int64)
    else:
        starts = np.concatenate(([0], np.flatnonzero(fresh) + 1))
        found, counts = ordered[starts], np.diff(starts, append=len(ordered))
    if code == "<f8":
        return found + np.float64(0.0), counts  # -0.0 is 0.0 here
    return found.astype(code, copy=False), counts


def _count_narrow(values: Values, low: int, span: int) -> tuple[Values, Values]:
    """Integers that lie close together are counted in place, without sorting them."""
    import numpy as np

    code = _CODES[values.dtype.kind]
    # In 64 bits, where a difference that is small is right even if both are at the end of the range.
    wide = values.astype(code, copy=False)
    counts = np.bincount((wide - np.array(low, code)).astype(np.intp, copy=False), minlength=span)
    places = np.flatnonzero(counts)
    return places.astype(code) + np.array(low, code), counts[places]


def _known(parts: Sequence[Numbers]) -> int | None:
    """The true number of distinct values where it is known of each part, and no two parts overlap."""
    total, last = 0, None
    for one in sorted(parts, key=lambda part: (part.low, part.high)):
        own = len(one.tally.values) if one.distinct is None else one.distinct.known
        if own is None or (last is not None and one.low < last):
            return None
        total += own - (last is not None and one.low == last)
        last = one.high
    return total
