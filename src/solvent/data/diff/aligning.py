"""Aligning: which runs of blocks two tables share, told by digests alone, and how many rows stand elsewhere."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

__all__ = ["align", "count_moved", "row_ranges", "set_apart"]

_MOST = 200_000
"""So many runs of rows are looked at to tell how many moved; beyond it the rows are simply in another order."""

Run = tuple[int, int, int, int]
"""From and to a place before, from and to a place after."""


def align(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[Run]:
    """The runs that both have in one order, ascending: a patience alignment.

    What stands once on both sides anchors the others; between anchors the same is done again. Where nothing stands
    once, only what is alike at both ends is found, so time stays near linear whatever repeats.
    """
    runs: list[Run] = []
    for place, other in sorted(_pairs(before, after)):
        if runs and runs[-1][1] == place and runs[-1][3] == other:
            runs[-1] = (runs[-1][0], place + 1, runs[-1][2], other + 1)
        else:
            runs.append((place, place + 1, other, other + 1))
    return runs


def _pairs(before: Sequence[Hashable], after: Sequence[Hashable]) -> Iterator[tuple[int, int]]:
    ranges = [(0, len(before), 0, len(after))]
    while ranges:
        start, stop, begin, end = ranges.pop()
        while start < stop and begin < end and before[start] == after[begin]:
            yield start, begin
            start, begin = start + 1, begin + 1
        while start < stop and begin < end and before[stop - 1] == after[end - 1]:
            stop, end = stop - 1, end - 1
            yield stop, end
        if start == stop or begin == end:
            continue
        anchors = _anchors(before, after, (start, stop, begin, end))
        yield from anchors
        if anchors:
            edges = [(start - 1, begin - 1), *anchors, (stop, end)]
            for (left, over), (right, under) in pairwise(edges):
                ranges.append((left + 1, right, over + 1, under))


def _anchors(before: Sequence[Hashable], after: Sequence[Hashable], run: Run) -> list[tuple[int, int]]:
    """The most of what stands once on both sides, in an order that both have."""
    start, stop, begin, end = run
    ours, theirs = Counter(before[start:stop]), Counter(after[begin:end])
    places = {after[other]: other for other in range(begin, end)}
    once = [
        (place, places[before[place]])
        for place in range(start, stop)
        if ours[before[place]] == 1 and theirs[before[place]] == 1
    ]
    # The longest ascending run of places after, by patience: each card remembers the top of the pile to its left.
    tops: list[int] = []
    cards: list[int] = []
    below: list[int] = []
    for card, (_, other) in enumerate(once):
        pile = bisect.bisect_left(tops, other)
        below.append(cards[pile - 1] if pile else -1)
        if pile == len(tops):
            tops.append(other)
            cards.append(card)
        else:
            tops[pile], cards[pile] = other, card
    found, at = [], cards[-1] if cards else -1
    while at >= 0:
        found.append(once[at])
        at = below[at]
    return found[::-1]


def set_apart(before: Sequence[Hashable], after: Sequence[Hashable]) -> tuple[list[int], list[int], list[Run]]:
    """The blocks that only one side has (each as often as it has it more), and the pairs of those that both have.

    Pairs are blocks that stand in line where there are such, else in the order in which they come.
    """
    runs = align(before, after)
    pairs = [(at, at + 1, at - start + begin, at - start + begin + 1)
             for start, stop, begin, _ in runs for at in range(start, stop)]  # fmt: skip
    ours = set(range(len(before))) - {one[0] for one in pairs}
    theirs = sorted(set(range(len(after))) - {one[2] for one in pairs})
    waiting: dict[Hashable, list[int]] = {}
    for other in reversed(theirs):
        waiting.setdefault(after[other], []).append(other)
    for place in sorted(ours):
        if waiting.get(before[place]):
            other = waiting[before[place]].pop()
            pairs.append((place, place + 1, other, other + 1))
    own = sorted(ours - {one[0] for one in pairs})
    others = sorted(set(theirs) - {one[2] for one in pairs})
    return own, others, pairs


def row_ranges(before: Sequence[int], after: Sequence[int], runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Ranges of rows, first and behind the last: shared by both, or added, removed or changed between these.

    ``before`` and ``after`` are the rows of each block, ``runs`` those that both share in one order.
    """
    starts, begins = ([0, *accumulate(rows)] for rows in (before, after))
    found = []
    edges = [*runs, (len(before), len(before), len(after), len(after))]
    start = begin = 0
    for left, stop, over, end in edges:
        if start < left or begin < over:
            what = "changed" if start < left and begin < over else "removed" if start < left else "added"
            found.append(
                {"what": what, "before": [starts[start], starts[left]], "after": [begins[begin], begins[over]]}
            )
        if left < stop:
            found.append(
                {"what": "shared", "before": [starts[left], starts[stop]], "after": [begins[over], begins[end]]}
            )
        start, begin = stop, end
    return found


def count_moved(before: np.ndarray, after: np.ndarray, weights: np.ndarray) -> int | None:
    """How many rows stand elsewhere: the fewest that, taken away, leave both sides in one order. None where too many.

    Row ``before[i]`` is row ``after[i]``, and ``weights[i]`` such rows follow one another. What stands in line is the
    heaviest ascending subsequence (Fredman 1975, with weights by a Fenwick tree).
    """
    import numpy as np

    order = np.argsort(before, kind="stable")
    after, weights = after[order], weights[order]
    rank = np.empty(len(after), dtype=np.int64)
    rank[np.argsort(after, kind="stable")] = np.arange(len(after))
    breaks = np.flatnonzero(rank[1:] != rank[:-1] + 1) + 1
    if not len(breaks):
        return 0
    if len(breaks) >= _MOST:
        return None
    starts = np.concatenate([[0], breaks])
    heavy = np.add.reduceat(weights, starts)
    first = np.argsort(np.argsort(rank[starts]))
    best = [0] * (len(starts) + 1)
    for place, weight in zip((first + 1).tolist(), heavy.tolist(), strict=True):
        most, at = 0, place - 1
        while at > 0:
            most, at = max(most, best[at]), at & (at - 1)
        most, at = most + weight, place
        while at < len(best):
            best[at] = max(best[at], most)
            at += at & -at
    return int(heavy.sum()) - max(best)
