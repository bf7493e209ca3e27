"""Groups of consecutive blocks that share a state, cut where the blocks themselves say, so that an edit moves few."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["group_blocks"]

_LEAST, _MOST, _ONE_IN = 4, 16, 4


def group_blocks(digests: Sequence[str]) -> list[tuple[int, int]]:
    """Start and stop of each group of blocks, eight of them (some 200,000 rows) in the mean, at least 4, at most 16.

    ``digests`` are those of one column's blocks, or of whole blocks, as hexadecimal text. A group ends with the first
    block, from the fourth on, of which one in four has such a digest: where blocks are inserted, removed or changed,
    only the groups around them are others. What is known of a group is to be kept under the digests of its blocks.
    """
    groups: list[tuple[int, int]] = []
    start = 0
    for place, one in enumerate(digests):
        count = place + 1 - start
        if count >= _MOST or (count >= _LEAST and int(one[:8], 16) % _ONE_IN == 0):
            groups.append((start, place + 1))
            start = place + 1
    if start < len(digests):
        groups.append((start, len(digests)))
    return groups
