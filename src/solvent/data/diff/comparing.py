"""Comparing two tables: of stored ones only the blocks that they do not share are read."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import columns_named
from solvent.data.diff.aligning import align, count_moved, row_ranges, set_apart
from solvent.data.diff.cells import Likeness, liken, show_cell
from solvent.data.diff.matching import HASH, Keyed, Matched, check_key, match_keys, match_rows
from solvent.data.diff.piling import Pile
from solvent.data.diff.record import Diff
from solvent.data.diff.schemas import compare_columns, compare_figures
from solvent.data.diff.sides import ROW, FrameSide, StoredSide, open_side
from solvent.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import polars as pl

    from solvent.data.profile import Profile

__all__ = ["diff"]


@dataclass(frozen=True, slots=True)
class _How:
    """How rows are compared."""

    keys: tuple[str, ...]
    columns: Sequence[Likeness]
    tolerance: float
    names: tuple[str, str]
    sample: int


def diff(
    before: Any, after: Any, *, key: str | Sequence[str] | None = None, tolerance: float = 0.0,
    names: tuple[str, str] = ("before", "after"), sample: int = 10, profiles: tuple[Profile, Profile] | None = None,
) -> Diff:  # fmt: skip
    """What is different in ``after``: frames of any kind, or stored tables (:class:`Side`).

    With a ``key`` rows are matched by its columns, and changed cells are counted; without one a row is added or removed
    as a whole, each as often as it occurs. Nulls equal nulls, NaN equals NaN, and minus zero is not zero, as in the
    identity of tables; ``tolerance`` is how far apart floats of one key may be. ``names`` is what the sides are called,
    ``sample`` how many rows, and cells of each column, are shown; ``profiles`` are set side by side.

    Of two stored tables only blocks that they do not share are read. That is enough. A shared block holds equal rows on
    both sides, so taking it from both takes equal rows from both, each as often: which rows are left over without a
    key does not change, wherever else the same rows stand. With a key, a row of a shared block is matched by the equal
    row of that block; were its key also among the rows that are read, it would be there twice in one table, and be no
    key. So for a key all is told that reading everything would tell. That a key is null, or stands twice, is noticed
    only among the rows that are read: of the others nothing is told but that they are equal.

    Raises :class:`InputError` for a key that is no key, with rows of it, and for a tolerance without a key.
    """
    keys = (key,) if isinstance(key, str) else tuple(key or ())
    _check(keys, tolerance, sample)
    with tempfile.TemporaryDirectory(prefix="solvent-diff-") as scratch:
        sides = (open_side(before, Path(scratch) / "one"), open_side(after, Path(scratch) / "two"))
        columns = compare_columns(sides, profiles)
        common = [name for name in sides[0].schema if name in sides[1].schema]
        for name in keys:
            if name not in common:
                raise InputError(f"the key {name!r} is no column of both tables.{did_you_mean(name, common)}")
        alike = {name: liken(name, sides[0].schema[name], sides[1].schema[name]) for name in common}
        columns["frame"] = _besides(sides)
        columns["unlike"] = [name for name, one in alike.items() if one is None]
        if any(name in columns["unlike"] for name in keys):
            raise InputError(f"the key {', '.join(keys)} is of types that cannot be compared; cast it on one side")
        how = _How(keys, [one for one in alike.values() if one is not None], tolerance, names, sample)
        # Where a type differs, rows of blocks with the same digests elsewhere are not equal: then everything is read.
        blocks, shared = _set_apart(sides, common) if not columns["retyped"] else (None, [])
        found, counts = _match(sides, how, Path(scratch))
        examples = _examples(sides, how, found)
    rows = {"before": counts[0], "after": counts[1], "added": found.added, "removed": found.removed,
            "changed": found.changed, **_order(found, shared, counts)}  # fmt: skip
    return Diff(
        names, keys, columns, rows, found.cells, examples, blocks,
        compare_figures(*profiles) if profiles is not None else (),
    )  # fmt: skip


def _besides(sides: Sides) -> list[str]:
    """What differs in what pandas knows of a table besides its columns: ``index``, ``attrs``, ``categories`` …"""
    one, two = sides
    found = [name for name in sorted({*one.extra, *two.extra}) if one.extra.get(name) != two.extra.get(name)]
    if "index" not in found:
        here, there = one.hidden(), two.hidden()
        if here is not None and there is not None and not here.equals(there):
            found.append("index")
    return found


def _check(keys: tuple[str, ...], tolerance: float, sample: int) -> None:
    if not tolerance >= 0:
        raise InputError(f"tolerance={tolerance!r}: expected how far apart floats may be, 0 or more")
    if tolerance and not keys:
        raise InputError("a tolerance needs a key: without one, rows are the same or not. Say which columns name a row")
    if sample < 0:
        raise InputError(f"sample={sample!r}: expected how many rows to show, 0 or more")


Sides = tuple["FrameSide | StoredSide", "FrameSide | StoredSide"]
Shared = list[tuple[int, int, int]]
"""Blocks of both sides: the first row before, the first row after, and how many."""


def _set_apart(sides: Sides, names: Sequence[str]) -> tuple[dict[str, Any] | None, Shared]:
    """Leave the blocks out that both stored tables have, as far as these columns go."""
    one, two = sides
    if not (isinstance(one, StoredSide) and isinstance(two, StoredSide)) or not names:
        return None, []
    ours, theirs = one.blocks(names), two.blocks(names)
    one.own, two.own, pairs = set_apart(ours, theirs)
    runs = align(ours, theirs)
    in_line = sum(stop - start for start, stop, _, _ in runs)
    told = {
        "shared": len(pairs), "before": len(one.own), "after": len(two.own), "moved": len(pairs) - in_line,
        "ranges": row_ranges([block[0] for block in ours], [block[0] for block in theirs], runs),
    }  # fmt: skip
    return told, [(one.starts[place], two.starts[other], ours[place][0]) for place, _, other, _ in pairs]


def _match(sides: Sides, how: _How, scratch: Path) -> tuple[Matched, tuple[int, int]]:
    """Rows that are read of both sides, matched; and how many rows each side has."""
    if not how.columns:  # then a row is just that it is there
        one, two = sides[0].rows(), sides[1].rows()
        return Matched(how.sample, added=max(0, two - one), removed=max(0, one - two)), (one, two)
    names = [one.name for one in how.columns]
    forms = [[one.before for one in how.columns], [one.after for one in how.columns]]
    keyed = [one for one in how.columns if one.name in how.keys]
    by = [[one.before for one in keyed], [one.after for one in keyed]]
    piles = []
    for number, side in enumerate(sides):
        pile = Pile(scratch / f"side{number}", by[number] if keyed else [_hash()])
        for piece in chain([side.empty(names)], side.pieces(names)):
            pile.add(piece if keyed else _hashed(piece, forms[number]))
        piles.append(pile)
    counts = [
        pile.rows if isinstance(side, FrameSide) else side.rows() for side, pile in zip(sides, piles, strict=True)
    ]
    if not keyed:
        return match_rows(piles[0], piles[1], how.sample), (counts[0], counts[1])
    wrong = [
        f"in {name} it is {said}"
        for pile, exprs, name in zip(piles, by, how.names, strict=True)
        if (said := check_key(pile, exprs, [one.name for one in keyed]))
    ]
    if wrong:
        raise InputError(
            f"{', '.join(how.keys)} is no key: {'; '.join(wrong)}. Add a column to the key, or compare without one"
        )
    cells = [one for one in how.columns if one.name not in how.keys]
    return match_keys(piles[0], piles[1], Keyed(keyed, cells, how.tolerance), how.sample), (counts[0], counts[1])


def _hash() -> pl.Expr:
    import polars as pl

    return pl.col(HASH)


def _hashed(rows: pl.DataFrame, forms: Sequence[pl.Expr]) -> pl.DataFrame:
    """The numbers of rows and the hashes of all that is compared of them."""
    compared = rows.select(one.alias(f"{number}") for number, one in enumerate(forms))
    return rows.select(ROW).with_columns(compared.hash_rows(seed=1).alias(HASH))


def _examples(sides: Sides, how: _How, found: Matched) -> dict[str, Any]:
    """Some of the rows that were added, removed or changed."""
    names = [one.name for one in how.columns]
    told: dict[str, Any] = {}
    for word, number, rows in (("added", 1, found.first_added), ("removed", 0, found.first_removed)):
        if rows is not None and rows.height and not how.keys:
            forms = [(one.before, one.after)[number] for one in how.columns]
            hashes, rows = rows[HASH], sides[number].fetch(rows[ROW].to_list(), names)
            if not _hashed(rows, forms)[HASH].equals(hashes):
                raise InputError(
                    f"{how.names[number]} gave other rows when it was read again: collect it before it is compared"
                )
        told[word] = [] if rows is None or not rows.height else [
            {name: show_cell(value) for name, value in row.items()}
            for row in rows.select(columns_named(names)).iter_rows(named=True)
        ]  # fmt: skip
    if how.keys:
        told["changed"] = [example for one in found.examples.values() for _, example in one]
    return told


def _order(found: Matched, shared: Shared, counts: tuple[int, int]) -> Mapping[str, Any]:
    """How many of the rows that both have stand elsewhere, and whether any does."""
    import numpy as np

    if found.in_place and all(one == other for one, other, _ in shared):
        return {"moved": 0, "order": False}
    if found.runs is None:
        quiet = counts[0] == counts[1] and not (found.added or found.removed)
        return {"moved": None, "order": quiet}
    blocks = np.array(shared, dtype=np.int64).reshape(-1, 3).T
    parts = [tuple(blocks), *found.runs]
    moved = count_moved(*(np.concatenate([part[place] for part in parts]) for place in range(3)))
    return {"moved": moved, "order": moved is None or moved > 0}
