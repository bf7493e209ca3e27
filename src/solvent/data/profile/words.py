"""Text, categories and booleans: how often the values occur, how many there are, and how long they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solvent.data.profile.packing import Parcel, hash_words
from solvent.data.profile.record import WIDEST, clip
from solvent.data.profile.sketches import EXACT, Counts, Distinct, best

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    Values = NDArray[Any]

__all__ = ["Sizes", "Words", "survey_categories", "survey_flags", "survey_sizes", "survey_words"]

_END = 200
_SLOTS = 16
_FIRST = 4_096


@dataclass(frozen=True, slots=True)
class Sizes:
    """Lengths: how many, the least, the greatest, and their sum. Of none, all are 0."""

    count: int = 0
    low: int = 0
    high: int = 0
    total: int = 0

    @staticmethod
    def merge(parts: Sequence[Sizes]) -> Sizes:
        """Of all lengths of the parts."""
        some = [one for one in parts if one.count]
        if not some:
            return Sizes()
        low, high = min(one.low for one in some), max(one.high for one in some)
        return Sizes(sum(one.count for one in some), low, high, sum(one.total for one in some))

    def pack(self, parcel: Parcel) -> None:
        """Put this into a parcel."""
        parcel.facts["sizes"] = [self.count, self.low, self.high, self.total]

    @classmethod
    def unpack(cls, parcel: Parcel) -> Sizes:
        """What :meth:`pack` put into it."""
        count, low, high, total = map(int, parcel.facts["sizes"])
        return cls(count, low, high, total)


@dataclass(frozen=True, slots=True)
class Words:
    """What is known of a run of texts, by their hashes: counts, and where those are not complete, distinct values.

    ``low`` and ``high`` are the first signs of the first and last in order. Of text proper, ``sizes`` are the lengths
    in characters, and ``empty`` says how many have none. ``limit`` is how many hashes are kept to count distinct ones.
    """

    count: int
    tally: Counts
    limit: int
    low: str = ""
    high: str = ""
    distinct: Distinct | None = None
    sizes: Sizes | None = None
    empty: int | None = None

    def told(self) -> Distinct:
        """The distinct texts."""
        if self.distinct is not None:
            return self.distinct
        return Distinct.of(self.tally.values, self.limit, len(self.tally.values))

    def count_distinct(self) -> tuple[int, bool]:
        """How many different texts there are, and whether they were counted."""
        if self.distinct is None:
            return len(self.tally.values), True
        found, counted = self.distinct.count()
        return min(found, self.count), counted

    @staticmethod
    def merge(parts: Sequence[Words]) -> Words:
        """Of all texts of the parts."""
        some = [one for one in parts if one.count]
        if len(some) <= 1:
            return some[0] if some else parts[0]
        tally = Counts.merge([one.tally for one in some])
        distinct = None
        if not tally.complete or len(tally.values) > EXACT:
            distinct = Distinct.merge([one.told() for one in some])
        plain = some[0].sizes is None
        return Words(
            count=sum(one.count for one in some),
            tally=tally.trim(),
            limit=min(one.limit for one in some),
            low=min(one.low for one in some),
            high=max(one.high for one in some),
            distinct=distinct,
            sizes=None if plain else Sizes.merge([one.sizes for one in some if one.sizes is not None]),
            empty=None if plain else sum(one.empty or 0 for one in some),
        )

    def pack(self, parcel: Parcel) -> None:
        """Put this into a parcel."""
        parcel.facts.update(
            count=self.count, limit=min(self.limit, EXACT), ends=[self.low, self.high], empty=self.empty
        )
        parcel.put_counts(self.tally)
        if self.sizes is not None:
            self.sizes.pack(parcel)
        if self.distinct is not None:
            parcel.put_distinct(self.distinct)

    @classmethod
    def unpack(cls, parcel: Parcel) -> Words:
        """What :meth:`pack` put into it."""
        facts = parcel.facts
        tally, limit = parcel.take_counts(), facts["limit"]
        few = tally.complete and len(tally.values) <= EXACT
        low, high = facts["ends"]
        return cls(
            facts["count"],
            tally,
            limit,
            str(low),
            str(high),
            distinct=None if few else parcel.take_distinct(limit),
            sizes=Sizes.unpack(parcel) if "sizes" in facts else None,
            empty=facts["empty"],
        )


def survey_words(text: pl.Series, limit: int) -> Words:
    """The figures of a column of text without nulls."""
    if not len(text):
        return Words(0, _none(), limit, sizes=Sizes(), empty=0)
    hashes = hash_words(text)
    first, counts = _group_few(hashes) or _group_many(hashes)
    found, distinct = hashes[first], None
    if len(found) <= EXACT:
        tally = Counts(found, counts, 0, _shown(text[first]))
    else:
        chosen, left = best(counts, least=2) if len(found) < len(text) else (first[:0], 1)
        tally = Counts(found[chosen], counts[chosen], left, _shown(text[first[chosen]]))
        distinct = Distinct.of(found, limit, len(found))
    made = Words(len(text), tally, limit, distinct=distinct)
    if len(found) > len(text) // 2:
        return _with_lengths(text, None, made)
    return _with_lengths(text[first], counts, made)


def survey_categories(members: pl.Series, limit: int) -> Words:
    """The figures of a column of members of an enum, without nulls."""
    import numpy as np

    listed = members.dtype.categories  # type: ignore[attr-defined]
    codes = members.to_physical().to_numpy()
    counts = np.bincount(codes.astype(np.intp), minlength=len(listed)) if len(codes) else np.zeros(len(listed), int)
    return _count_words(listed.gather(np.flatnonzero(counts)), counts[counts > 0], limit)


def survey_flags(flags: pl.Series, limit: int) -> Words:
    """The figures of a column of booleans without nulls."""
    import numpy as np
    import polars as pl

    true = int(flags.sum())
    counts = np.array([len(flags) - true, true], np.int64)
    return _count_words(pl.Series(["false", "true"]).filter(pl.Series(counts > 0)), counts[counts > 0], limit)


def survey_sizes(lengths: pl.Series) -> Sizes:
    """The figures of a column of lengths without nulls."""
    if not len(lengths):
        return Sizes()
    low: Any = lengths.min()
    high: Any = lengths.max()
    return Sizes(len(lengths), int(low), int(high), int(lengths.sum()))


def _count_words(texts: pl.Series, counts: Values, limit: int) -> Words:
    """The figures of distinct texts and how often each occurs."""
    import numpy as np

    total = int(counts.sum())
    if not total:
        return Words(0, _none(), limit)
    hashes = hash_words(texts)
    order = np.argsort(hashes, kind="stable")
    tally = Counts(hashes[order], counts[order].astype(np.int64), 0, _shown(texts)[order])
    distinct = Distinct.of(tally.values, limit, len(hashes)) if len(hashes) > EXACT else None
    return Words(total, tally.trim(), limit, _end(texts.min()), _end(texts.max()), distinct)


def _with_lengths(texts: pl.Series, counts: Values | None, made: Words) -> Words:
    """The figures with first and last in order and lengths; of distinct texts if it is said how often each occurs."""
    lengths = texts.str.len_chars()
    if counts is None:
        sizes = survey_sizes(lengths)
        empty = 0 if sizes.low else int((lengths == 0).sum())
    else:
        each = lengths.to_numpy()
        sizes = Sizes(int(counts.sum()), int(each.min()), int(each.max()), int((each * counts).sum()))
        empty = int(counts[each == 0].sum())
    low, high = _end(texts.min()), _end(texts.max())
    return Words(made.count, made.tally, made.limit, low, high, made.distinct, sizes, empty)


def _group_few(hashes: Values) -> tuple[Values, Values] | None:
    """A row of each different hash, and how often it occurs; in their order. None of few rows, or many hashes."""
    import numpy as np

    if len(hashes) < 2 * _FIRST or len(_starts(np.sort(hashes[:_FIRST]))) > EXACT:
        return None
    ordered = np.sort(hashes)  # fast, as most of them are equal
    starts = _starts(ordered)
    if len(starts) > EXACT:
        return None
    return _locate(hashes, ordered[starts]), np.diff(starts, append=len(ordered))


def _group_many(hashes: Values) -> tuple[Values, Values]:
    """The first row of each different hash, and how often it occurs; in their order.

    The last bits of each hash give way to its row, so that one sort of numbers does for both: two hashes that differ
    in these bits alone would be taken for one, which among 131,072 of them happens once in 16,000 times.
    """
    import numpy as np

    width = max(1, (len(hashes) - 1).bit_length())
    rows = np.uint64((1 << width) - 1)
    keys = hashes & ~rows
    keys |= np.arange(len(hashes), dtype=np.uint64)
    keys.sort()
    starts = np.flatnonzero((keys[1:] ^ keys[:-1]) > rows)
    starts += 1
    starts = np.concatenate(([0], starts))
    return (keys[starts] & rows).astype(np.intp), np.diff(starts, append=len(keys))


def _starts(ordered: Values) -> Values:
    import numpy as np

    return np.concatenate(([0], np.flatnonzero(ordered[1:] != ordered[:-1]) + 1))


def _locate(hashes: Values, wanted: Values) -> Values:
    """For each of a few wanted hashes a row that has it; those that are frequent are found among the first rows."""
    import numpy as np

    found = np.full(len(wanted), -1, np.int64)
    stop = _FIRST
    while True:
        missing = np.flatnonzero(found < 0)
        if not len(missing) or stop > 8 * len(hashes):
            break
        found[missing] = _seek(hashes[:stop], wanted[missing])
        stop *= 8
    for place in missing.tolist():  # those whose slot another one took
        found[place] = np.flatnonzero(hashes == wanted[place])[0]
    return found


def _seek(hashes: Values, wanted: Values) -> Values:
    """For each wanted hash a row that has it, or -1 where none is found by way of a table of their first bits."""
    import numpy as np

    shift = np.uint64(64 - _SLOTS)
    table = np.full(1 << _SLOTS, -1, np.int16)
    table[(wanted >> shift).astype(np.intp)] = np.arange(len(wanted), dtype=np.int16)
    which = table[(hashes >> shift).astype(np.intp)]
    rows = np.flatnonzero(which >= 0)
    which = which[rows]
    same = hashes[rows] == wanted[which]
    found = np.full(len(wanted), -1, np.int64)
    found[which[same]] = rows[same]
    return found


def _shown(texts: pl.Series) -> Values:
    """Texts as a record shows them."""
    import numpy as np

    listed = texts.to_list()
    made = np.empty(len(listed), object)
    made[:] = [one if len(one) <= WIDEST else clip(one) for one in listed]
    return made


def _none() -> Counts:
    import numpy as np

    return Counts(np.empty(0, np.uint64), np.empty(0, np.int64), 0, np.empty(0, object))


def _end(text: Any) -> str:
    return str(text)[:_END]
