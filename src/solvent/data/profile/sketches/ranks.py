"""Quantiles: values that stand for equal shares of the rows, with a proven bound on how far a rank may be off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[Any]

__all__ = ["RUN", "Ranks"]

RUN = 256
"""How many values stand for one run of rows."""
_MOST = 8_192
_KEPT = 4_096


@dataclass(frozen=True, slots=True)
class Ranks:
    """Values, ascending and distinct, each standing for ``weights`` rows.

    The method is that of Munro and Paterson (1980) and of Manku, Rajagopalan and Lindsay (1998), with more memory and
    fewer levels: a run of rows is sorted and cut into shares of equal size, each of which the value in its middle
    stands for; where too many come together, the same is done with them. No rank that is read from here is wrong by
    more than ``slack`` rows. Nothing is left to chance, so the same rows in the same runs give the same values.
    """

    values: Values
    weights: Values
    slack: int = 0

    @staticmethod
    def merge(parts: Sequence[Ranks]) -> Ranks:
        """The ranks over all rows of the parts."""
        import numpy as np

        if len(parts) == 1:
            return parts[0]
        values = np.concatenate([one.values for one in parts])
        order = np.argsort(values, kind="stable")
        weights = np.concatenate([one.weights for one in parts])[order]
        made = _joined(values[order], weights, sum(one.slack for one in parts))
        return made.shrink(_KEPT) if len(made.values) > _MOST else made

    def shrink(self, most: int = RUN) -> Ranks:
        """At most so many values for the same rows."""
        import numpy as np

        if len(self.values) <= most:
            return self
        sums = np.cumsum(self.weights)
        total = int(sums[-1])
        edges = _multiples(total, most)
        middle = (edges[1:] + edges[:-1]) // 2
        places = np.searchsorted(sums, middle, "right")
        lost = -(-total // most) // 2 + 1
        return _joined(self.values[places], np.diff(edges), self.slack + lost)

    def at(self, parts: Iterable[int], of: int) -> Values:
        """The values whose places in the order of all rows are these parts ``of`` the way from first to last."""
        import numpy as np

        sums = np.cumsum(self.weights)
        last = int(sums[-1]) - 1
        wanted = np.array([part * last // of for part in parts], np.int64)
        found: Values = self.values[np.searchsorted(sums, wanted, "right")]
        return found

    def below(self, places: Values, *, with_them: bool = False) -> Values:
        """How many rows lie below each of these places, or at most there."""
        import numpy as np

        sums = np.concatenate(([0], np.cumsum(self.weights)))
        found: Values = sums[np.searchsorted(self.values, places, "right" if with_them else "left")]
        return found


def _multiples(total: int, parts: int) -> Values:
    """Edges of ``parts`` shares of ``total`` rows that differ by one row at most."""
    import numpy as np

    whole, rest = divmod(total, parts)  # not total × place: that might leave 64 bits
    places = np.arange(parts + 1, dtype=np.int64)
    return np.asarray(places * whole + places * rest // parts)


def _joined(values: Values, weights: Values, slack: int) -> Ranks:
    """Equal values as one."""
    import numpy as np

    fresh = values[1:] != values[:-1]
    if fresh.all():
        return Ranks(values, weights, slack)
    starts = np.flatnonzero(np.concatenate(([True], fresh)))
    return Ranks(values[starts], np.add.reduceat(weights, starts), slack)
