"""States survive as bytes, small and the same each time; bytes that are none are refused, and groups move little."""

from __future__ import annotations

import decimal
import math
import random
import struct

import numpy as np
import polars as pl
import pytest

from solvent import digest
from solvent.data.profile import ColumnState, TableState, group_blocks, merge, profile, state_version, survey
from solvent.data.profile.sketches import Counts, Distinct, Moments, Ranks, mix
from solvent.errors import Corrupted

KINDS = {
    "int": pl.Series([1, 2, None, 2**62]),
    "uint": pl.Series([2**64 - 1, 0, None, 1], dtype=pl.UInt64),
    "float": pl.Series([0.1, math.nan, math.inf, None]),
    "only nan": pl.Series([math.nan] * 4),
    "float32": pl.Series([0.1, None, 2, 3], dtype=pl.Float32),
    "huge": pl.Series([1e308, -1e308, None, 5e-324]),
    "text": pl.Series(["ü😀", "", None, "a" * 300]),
    "enum": pl.Series(["a", None, "b", "a"], dtype=pl.Enum(["b", "a"])),
    "flag": pl.Series([True, None, False, True]),
    "money": pl.Series([decimal.Decimal("1.10"), None, decimal.Decimal("2.30"), decimal.Decimal("-7.00")]),
    "list": pl.Series([[1], [], None, [1, 2]]),
    "array": pl.Series([[1, 2], None, [3, 4], [5, 6]], dtype=pl.Array(pl.Int8, 2)),
    "bytes": pl.Series([b"a", b"", None, b"abc"]),
    "struct": pl.Series([{"x": 1}, None, {"x": 2}, {"x": 3}]),
    "null": pl.Series([None] * 4),
    "time": pl.Series([1, None, 2, 3], dtype=pl.Int64).cast(pl.Datetime("ns", "UTC")),
    "duration": pl.Series([1, None, 2, 3], dtype=pl.Int64).cast(pl.Duration("ms")),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [0, 1, 4])
def test_every_kind_survives_as_bytes(kind, rows):
    """The profile from bytes is that from the state, and the bytes of what was read are the bytes."""
    state = survey(pl.DataFrame({kind: KINDS[kind]}).head(rows))
    data = state.to_bytes()
    again = TableState.from_bytes(data)
    assert again.profile() == state.profile()
    assert again.to_bytes() == data
    assert merge([again, state]).profile().rows == 2 * rows
    assert merge([again, state]).profile() == merge([state, again]).profile()


def many(rows=130_000):
    """Columns whose states are sketches."""
    dice = np.random.default_rng(5)
    return pl.DataFrame(
        {
            "x": dice.standard_normal(rows),
            "n": dice.zipf(1.2, rows) % 10**6,
            "t": pl.Series(dice.integers(0, 10**12, rows)).cast(pl.String),
        }
    )


def test_states_of_many_rows_are_small():
    """A column of 130,000 different values takes some 12 KB, one of few values less than one."""
    state = survey(many())
    assert max(len(one.to_bytes()) for one in state.columns) < 14_000
    assert len(survey(pl.DataFrame({"a": np.arange(130_000) % 10})).columns[0].to_bytes()) < 1_000
    assert (
        TableState.from_bytes(state.to_bytes()).profile() == merge([TableState.from_bytes(state.to_bytes())]).profile()
    )


def test_broken_bytes_are_refused():
    """Cut, changed or foreign bytes give one clear error, never another one, and never a large allocation."""
    dice = random.Random(1)
    columns = [*survey(many(3_000)).columns, *(survey(pl.DataFrame({"c": one})).columns[0] for one in KINDS.values())]
    for column in columns:
        data = column.to_bytes()
        body = data[8:]
        wrong = [data[:-1], data[:7], b"", b"SVST", data + b"x", b"XXXX" + data[4:], data[:4] + b"\xff" * 4 + data[8:]]
        for one in wrong:
            with pytest.raises(Corrupted):
                ColumnState.from_bytes(one)
        for _ in range(60):
            changed = bytearray(body)
            for _ in range(dice.randint(1, 4)):
                changed[dice.randrange(len(changed))] = dice.randrange(256)
            try:
                ColumnState.from_bytes(data[:4] + struct.pack("<I", len(changed)) + bytes(changed))
            except Corrupted as error:
                assert "state of a profile" in str(error)
    whole = survey(many(100)).to_bytes()
    for one in (whole[:-1], whole + b"x", b"", b"\xff" * 100):
        with pytest.raises(Corrupted):
            TableState.from_bytes(one)


def test_a_state_of_another_version_is_refused(monkeypatch):
    """A state says by which rules it was made; one made by others is not read."""
    data = survey(pl.DataFrame({"a": ["x"]})).columns[0].to_bytes()
    assert state_version().startswith("profile.2/state.1/")
    monkeypatch.setattr("solvent.data.profile.states.PROFILE", "profile.3")
    with pytest.raises(Corrupted, match=r"version profile\.2"):
        ColumnState.from_bytes(data)


def test_hashes_of_numbers_are_those_of_splitmix64():
    """The published first outputs of splitmix64 from the seed 0, which is what makes states last."""
    seeds = np.array([0, 0x9E3779B97F4A7C15], np.uint64)
    assert [hex(int(one)) for one in mix(seeds)] == ["0xe220a8397b1dcdaf", "0x6e789e6aa1b965f4"]


@pytest.mark.parametrize("count", [2_000, 20_000, 300_000])
def test_distinct_values_are_estimated_within_the_error(count):
    """Over ten sets the mean squared error is what the method promises, and it does not depend on how they are cut."""
    errors = []
    for seed in range(10):
        hashes = mix(np.random.default_rng(seed).integers(0, 2**62, count).astype(np.uint64))
        whole = Distinct.of(hashes, 0)
        parts = Distinct.merge(
            [Distinct.of(one, limit) for one, limit in zip(np.array_split(hashes, 4), (0, 10**6, 0, 9), strict=True)]
        )
        assert parts.count() == whole.count()
        errors.append(whole.count()[0] / count - 1)
    assert math.sqrt(np.mean(np.square(errors))) < 0.013
    assert Distinct.of(hashes, count).count() == (len(set(hashes.tolist())), True)


def test_ranks_keep_their_promise():
    """Merged a hundred times over one by one, which is the worst order, no rank is further off than is said."""
    dice = np.random.default_rng(2)
    pieces = [np.sort(dice.standard_normal(3_000) * dice.integers(1, 9) + dice.integers(0, 99)) for _ in range(100)]
    found = None
    for one in pieces:
        part = Ranks(one, np.ones(len(one), np.int64)).shrink()
        found = part if found is None else Ranks.merge([found, part])
    ordered = np.sort(np.concatenate(pieces))
    off = np.abs(found.below(ordered, with_them=True) - np.arange(1, len(ordered) + 1)).max()
    assert off <= found.slack < 0.01 * len(ordered)
    assert int(found.weights.sum()) == len(ordered)


def test_counts_keep_their_promise():
    """Of skewed values merged one by one, no count is off by more than is said, nor is a more frequent one left out."""
    dice = np.random.default_rng(3)
    pieces = [np.unique(dice.zipf(1.1, 5_000) % 20_000, return_counts=True) for _ in range(20)]
    found, true = None, {}
    for values, counts in pieces:
        part = Counts(values, counts).trim()
        found = part if found is None else Counts.merge([found, part]).trim()
        for value, count in zip(values.tolist(), counts.tolist(), strict=True):
            true[value] = true.get(value, 0) + count
    kept = dict(zip(found.values.tolist(), found.counts.tolist(), strict=True))
    assert not found.complete
    assert all(0 <= true[value] - count <= found.missed for value, count in kept.items())
    assert max(count for value, count in true.items() if value not in kept) <= found.missed


def test_moments_of_large_numbers_keep_their_digits():
    """Times in nanoseconds a microsecond apart, in two runs, have the spread that exact arithmetic gives."""
    values = 1_700_000_000_000_000_000 + np.arange(1_000) * 1_000
    halves = [Moments.of(one, np.ones(500, np.int64)) for one in (values[:500], values[500:])]
    found = Moments.merge(halves)
    assert found.base + round(found.offset) == 1_700_000_000_000_000_000 + 499_500
    assert found.spread() == pytest.approx(np.std(np.arange(1_000) * 1_000.0, ddof=1), rel=1e-12)


def test_groups_move_only_where_blocks_do():
    """A block inserted, removed or changed in the middle changes few groups; blocks added at the end only the last."""
    digests = [digest.of_bytes("test.1", str(one).encode()) for one in range(2_000)]

    def contents(listed):
        return {tuple(listed[start:stop]) for start, stop in group_blocks(listed)}

    before = contents(digests)
    assert 200 < len(before) < 300
    assert max(map(len, before)) <= 16
    for changed in ([*digests[:900], "f" * 64, *digests[900:]], digests[:900] + digests[901:]):
        assert len(contents(changed) - before) <= 4
    assert len(contents([*digests, *digests[:20]]) - before) <= 6
    assert group_blocks([]) == []
    assert group_blocks(["0" * 64] * 3) == [(0, 3)]


def test_decimals_of_many_digits_are_told_apart():
    """Decimals that one float stands for are still counted as different ones."""
    values = [decimal.Decimal(f"12345678901234567890.{one:04d}") for one in range(2_000)]
    found = profile(pl.DataFrame({"d": pl.Series(values, dtype=pl.Decimal(38, 4))})).column("d")
    assert found["distinct"] == 2_000 and found["distinct_exact"]
    assert (found["min"], found["max"]) == (str(values[0]), str(values[-1]))
    parts = [
        survey(pl.DataFrame({"d": pl.Series(one, dtype=pl.Decimal(38, 4))})) for one in (values[:500], values[:800])
    ]
    assert merge(parts).profile().column("d")["distinct"] == 800
