"""How often values occur: all of them while they are few, else the most frequent with a bound on what is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[Any]

__all__ = ["EXACT", "Counts", "best"]

EXACT = 1_024
"""Up to so many different values all are counted."""
_KEPT = 512
_RUN = 256


@dataclass(frozen=True, slots=True)
class Counts:
    """Values, ascending and distinct, and how often each was seen; ``texts`` are what hashes among them stand for.

    No value that is left out occurs more than ``missed`` times, and no count is too low by more than ``missed``: the
    bounds of a summary of heavy hitters (Misra and Gries 1982; merged as by Agarwal et al., "Mergeable Summaries",
    2012). ``missed`` is 0 where all values are here.
    """

    values: Values
    counts: Values
    missed: int = 0
    texts: Values | None = None

    @property
    def complete(self) -> bool:
        """Whether every value is here, with its true count."""
        return self.missed == 0

    @staticmethod
    def merge(parts: Sequence[Counts]) -> Counts:
        """The counts over all rows of the parts: complete, if all parts are; to be trimmed by :meth:`trim`."""
        import numpy as np

        if len(parts) == 1:
            return parts[0]
        values = np.concatenate([one.values for one in parts])
        order = np.argsort(values, kind="stable")
        values = values[order]
        starts = np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1])))[: len(values)]
        counts = np.concatenate([one.counts for one in parts])[order]
        texts = None
        if parts[0].texts is not None:
            texts = np.concatenate([one.texts for one in parts if one.texts is not None])[order][starts]
        summed = np.add.reduceat(counts, starts) if len(starts) else counts
        return Counts(values[starts], summed, sum(one.missed for one in parts), texts)

    def trim(self) -> Counts:
        """These counts, if they are no more than are kept; else the most frequent of them."""
        most = EXACT if self.complete else _KEPT
        if len(self.values) <= most:
            return self
        chosen, left = best(self.counts, _KEPT)
        texts = None if self.texts is None else self.texts[chosen]
        return Counts(self.values[chosen], self.counts[chosen], self.missed + left, texts)


def best(counts: Values, most: int = _RUN, least: int = 1) -> tuple[Values, int]:
    """Places of the ``most`` greatest counts of at least ``least``, ascending, and the greatest count left out.

    Of equal counts the first are taken, so that the same counts give the same places.
    """
    import numpy as np

    able = np.flatnonzero(counts >= least)
    if len(able) <= most:
        left = 0 if len(able) == len(counts) else least - 1
        return able, left
    among = counts[able]
    edge = int(np.partition(among, len(among) - most)[len(among) - most])
    above, at = able[among > edge], able[among == edge]
    taken = at[: most - len(above)]
    rest = among[among < edge]
    left = edge if len(taken) < len(at) else int(rest.max()) if len(rest) else least - 1
    return np.sort(np.concatenate((above, taken))), left
