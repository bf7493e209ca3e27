"""Runs of blocks in line, and rows that stand elsewhere: held against the plain definitions on random sequences."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from solvent.data.diff.aligning import align, count_moved, row_ranges, set_apart

BLOCKS = st.lists(st.integers(0, 6), max_size=9)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(before=BLOCKS, after=BLOCKS)
def test_runs_are_alike_and_ascend(before, after):
    """Each run holds the same on both sides, and none crosses another."""
    runs = align(before, after)
    for start, stop, begin, end in runs:
        assert before[start:stop] == after[begin:end] and stop > start
    for one, two in itertools.pairwise(runs):
        assert one[1] <= two[0] and one[3] <= two[2] and (one[1], one[3]) != (two[0], two[2])


@settings(max_examples=200, deadline=None, derandomize=True)
@given(before=BLOCKS, after=BLOCKS)
def test_what_is_set_apart_is_what_counting_leaves(before, after):
    """Own blocks are the difference of multisets; pairs are equal, and use each block once."""
    own, others, pairs = set_apart(before, after)
    assert Counter(before[one] for one in own) == Counter(before) - Counter(after)
    assert Counter(after[one] for one in others) == Counter(after) - Counter(before)
    assert all(before[one[0]] == after[one[2]] for one in pairs)
    assert sorted([*own, *(one[0] for one in pairs)]) == list(range(len(before)))
    assert sorted([*others, *(one[2] for one in pairs)]) == list(range(len(after)))


def test_of_sequences_without_doubles_the_longest_run_is_found():
    """Patience anchors on what stands once; where all do, it finds the longest common subsequence."""
    dice = np.random.default_rng(0)
    for _ in range(30):
        after = dice.permutation(8).tolist()
        longest = max(size for size in range(9) for one in itertools.combinations(after, size) if [*one] == sorted(one))
        assert sum(stop - start for start, stop, _, _ in align(list(range(8)), after)) == longest


@settings(max_examples=150, deadline=None, derandomize=True)
@given(before=BLOCKS, after=BLOCKS, sizes=st.lists(st.integers(1, 5), min_size=7, max_size=7))
def test_ranges_of_rows_cover_both_sides_once(before, after, sizes):
    """One after the other, without a gap; shared ones are as long on both sides."""
    ours, theirs = [sizes[one] for one in before], [sizes[one] for one in after]
    ranges = row_ranges(ours, theirs, align(before, after))
    for side, rows in (("before", sum(ours)), ("after", sum(theirs))):
        edges = [0, *(one[side][1] for one in ranges)]
        assert [one[side][0] for one in ranges] == edges[:-1] and edges[-1] == rows
    for one in ranges:
        lengths = [one[side][1] - one[side][0] for side in ("before", "after")]
        told = {"added": lengths[0] == 0, "removed": lengths[1] == 0, "shared": lengths[0] == lengths[1]}
        assert told.get(one["what"], 0 not in lengths) and max(lengths) > 0


@settings(max_examples=150, deadline=None, derandomize=True)
@given(sizes=st.lists(st.integers(1, 4), max_size=6), order=st.randoms(use_true_random=False))
def test_moved_are_the_fewest_rows_whose_leaving_sorts_the_rest(sizes, order):
    """As trying every set of stretches to keep finds it."""
    places = list(range(len(sizes)))
    order.shuffle(places)
    starts = np.cumsum([0, *sizes])
    new = {}
    for one in places:
        new[one] = sum(sizes[other] for other in places[: places.index(one)])
    found = count_moved(
        np.array([starts[one] for one in range(len(sizes))], dtype=np.int64),
        np.array([new[one] for one in range(len(sizes))], dtype=np.int64),
        np.array(sizes, dtype=np.int64),
    )
    most = 0
    for keep in itertools.chain.from_iterable(itertools.combinations(range(len(sizes)), k) for k in range(7)):
        after = [new[one] for one in keep]
        if after == sorted(after):
            most = max(most, sum(sizes[one] for one in keep))
    assert found == sum(sizes) - most


def test_many_blocks_are_aligned_whether_they_repeat_or_not():
    """50,000 of one kind, one of them gone; as many in another order; two kinds that take turns. None of it squares."""
    runs = align([0] * 50_000, [0] * 49_999)
    assert sum(stop - start for start, stop, _, _ in runs) == 49_999
    shuffled = np.random.default_rng(0).permutation(50_000).tolist()
    assert len(set_apart(list(range(50_000)), shuffled)[2]) == 50_000
    assert align(list(range(50_000)), list(range(50_000))[::-1])
    alternating = [0, 1] * 25_000
    assert align(alternating, [*alternating[:-1], 7]) == [(0, 49_999, 0, 49_999)]


def test_rows_in_too_wild_an_order_are_not_counted():
    """Beyond 200,000 stretches the answer is that they moved, not how many."""
    count = 500_000
    after = np.random.default_rng(0).permutation(count)
    assert count_moved(np.arange(count), after, np.ones(count, dtype=np.int64)) is None
