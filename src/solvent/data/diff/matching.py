"""Matching: which rows of two sides are the same, by a key or as they are, and which cells of them differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import columns_named
from solvent.data.diff.cells import Likeness, show_cell
from solvent.data.diff.piling import PARTS, Pile
from solvent.data.diff.sides import ROW

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

__all__ = ["HASH", "Keyed", "Matched", "check_key", "match_keys", "match_rows"]

HASH = "\0hash of the row"
_TURN, _KEY, _BEFORE, _AFTER = "\0turn", "\0key {}", "\0before", "\0after"
_NAMED = 5
_AT_ONCE = 2_000_000
"""So many rows of one side are sorted at once."""
_RUNS = 10_000_000
"""So many runs of rows that follow one another on both sides are remembered, to tell how many moved."""


@dataclass(slots=True)
class Matched:
    """What matching found; rows by their numbers, the first of each."""

    sample: int
    added: int = 0
    removed: int = 0
    changed: int = 0
    first_added: pl.DataFrame | None = None
    first_removed: pl.DataFrame | None = None
    cells: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[tuple[int, dict[str, Any]]]] = field(default_factory=dict)
    in_place: bool = True
    """Whether every matched row has the same number on both sides."""
    runs: list[tuple[np.ndarray, np.ndarray, np.ndarray]] | None = field(default_factory=list)
    """Where matched rows stand before, where after, and how many follow one another; None where too many runs."""
    _count: int = 0

    def pair(self, before: np.ndarray, after: np.ndarray) -> None:
        """These rows are the same ones."""
        import numpy as np

        self.in_place = self.in_place and bool((before == after).all())
        if self.runs is None or not len(before):
            return
        order = np.argsort(before, kind="stable")
        before, after = before[order], after[order]
        starts = np.flatnonzero((np.diff(before, prepend=-2) != 1) | (np.diff(after, prepend=-2) != 1))
        self.runs.append((before[starts], after[starts], np.diff(np.append(starts, len(before)))))
        self._count += len(starts)
        if self._count > _RUNS:
            self.runs = None

    def lose(self, removed: pl.DataFrame, added: pl.DataFrame) -> None:
        """These rows have no match."""
        self.removed += removed.height
        self.added += added.height
        self.first_removed = self._first(self.first_removed, removed)
        self.first_added = self._first(self.first_added, added)

    def _first(self, known: pl.DataFrame | None, more: pl.DataFrame) -> pl.DataFrame:
        import polars as pl

        found = more if known is None else pl.concat([known, more])
        return found.sort(ROW).head(self.sample)


@dataclass(frozen=True, slots=True)
class Keyed:
    """How rows are matched by a key: its columns, those that are compared, and how far apart floats may be."""

    keys: Sequence[Likeness]
    cells: Sequence[Likeness]
    tolerance: float


def match_rows(before: Pile, after: Pile, sample: int) -> Matched:
    """Rows by the hash of all their values: each on one side goes with one on the other, the first with the first.

    Before that, rows go together that stand in line with an equal one, from the start or from the end. That takes as
    much from both sides, and so leaves the same rows without a match; and mostly it leaves few to be sorted.
    """
    import numpy as np

    found = Matched(sample)
    for one, two in _parts(before, after):
        rows, others = one[ROW].to_numpy(), two[ROW].to_numpy()
        ours, theirs = _in_line(one[HASH].to_numpy(), two[HASH].to_numpy())
        one, two = one.filter(~ours), two.filter(~theirs)
        pairs = [(rows[ours], others[theirs])]
        parts = max(one.height, two.height) // _AT_ONCE + 1
        for part in range(parts):
            left, right = (_turns(side.filter(side[HASH] % parts == part)) for side in (one, two))
            same = left.join(right, on=[HASH, _TURN])
            pairs.append((same[ROW].to_numpy(), same[f"{ROW}_right"].to_numpy()))
            found.lose(
                left.join(right, on=[HASH, _TURN], how="anti").drop(_TURN),
                right.join(left, on=[HASH, _TURN], how="anti").drop(_TURN),
            )
        found.pair(np.concatenate([pair[0] for pair in pairs]), np.concatenate([pair[1] for pair in pairs]))
    return found


def match_keys(before: Pile, after: Pile, how: Keyed, sample: int) -> Matched:
    """Rows by their key, which is unique on both sides and nowhere null; cells of rows that both have are compared."""
    import polars as pl

    found = Matched(sample)
    names = [_KEY.format(number) for number in range(len(how.keys))]
    for one, two in _parts(before, after):
        ours = one.select(*(each.before.alias(name) for each, name in zip(how.keys, names, strict=True)))
        theirs = two.select(*(each.after.alias(name) for each, name in zip(how.keys, names, strict=True)))
        if ours.height == theirs.height and ours.equals(theirs):
            was, now = one, two
        else:
            joined = ours.with_row_index(_BEFORE).join(theirs.with_row_index(_AFTER), on=names, how="full")
            found.lose(
                one[joined.filter(pl.col(_AFTER).is_null())[_BEFORE]],
                two[joined.filter(pl.col(_BEFORE).is_null())[_AFTER]],
            )
            both = joined.filter(pl.col(_BEFORE).is_not_null() & pl.col(_AFTER).is_not_null()).sort(_AFTER)
            was, now = one[both[_BEFORE]], two[both[_AFTER]]
        found.pair(was[ROW].to_numpy(), now[ROW].to_numpy())
        _compare(was, now, how, found)
    found.examples = {
        name: sorted(rows, key=lambda one: one[0])[:sample] for name, rows in found.examples.items()
    }  # fmt: skip
    return found


def check_key(pile: Pile, exprs: Sequence[pl.Expr], told: Sequence[str]) -> str:
    """What is wrong with a key in these rows, with some of them by number; nothing where it is one. It is spilled."""
    import polars as pl

    names = [_KEY.format(number) for number in range(len(exprs))]
    empty, double = 0, 0
    nowhere: list[int] = []
    twice: list[tuple[list[int], str]] = []
    for number in range(PARTS if pile.spilled else 1):
        rows = pile.part(number)
        keys = rows.select(*(one.alias(name) for one, name in zip(exprs, names, strict=True)))
        blank = keys.select(pl.any_horizontal(pl.all().is_null())).to_series()
        empty += int(blank.sum())
        nowhere = sorted([*nowhere, *rows.filter(blank)[ROW].head(_NAMED).to_list()])[:_NAMED]
        mask = keys.is_duplicated() & ~blank
        double += int(mask.sum())
        if mask.any():
            first = int(mask.arg_max() or 0)
            same = keys.select(pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).get(first)) for name in names))
            shown = rows[first].select(columns_named(told)).row(0)
            twice.append((rows.filter(same.to_series())[ROW].head(_NAMED).to_list(), ", ".join(map(repr, shown))))
    said = []
    if empty:
        said.append(f"null in {empty:,} row{'s' * (empty > 1)} ({_listed(nowhere, empty)})")
    if double:
        where, shown_key = min(twice)
        said.append(f"not unique: {double:,} rows share theirs with another, such as {shown_key} ({_listed(where, 0)})")
    return " and ".join(said)


def _listed(numbers: Sequence[int], count: int) -> str:
    words = ", ".join(f"{one:,}" for one in numbers)
    return f"row{'s' if len(numbers) > 1 else ''} {words}{', …' if count > len(numbers) else ''}, counted from 0"


def _compare(was: pl.DataFrame, now: pl.DataFrame, how: Keyed, found: Matched) -> None:
    """Count the cells that differ, row by row as they stand."""
    keys = [one.name for one in how.keys]
    differs: pl.Series | None = None
    for one in how.cells:
        mask = _differs(was, now, one, how.tolerance)
        count = int(mask.sum())
        if not count:
            continue
        found.cells[one.name] = found.cells.get(one.name, 0) + count
        differs = mask if differs is None else differs | mask
        places = mask.arg_true().head(found.sample)
        told = now[places].select(columns_named(dict.fromkeys(keys)))
        old, new = was[places].get_column(one.name), now[places].get_column(one.name)
        numbers = now[places][ROW]
        for place, key in enumerate(told.iter_rows(named=True)):
            example = {
                "key": {name: show_cell(value) for name, value in key.items()}, "column": one.name,
                "was": show_cell(old[place]), "now": show_cell(new[place]),
            }  # fmt: skip
            found.examples.setdefault(one.name, []).append((numbers[place], example))
    found.changed += 0 if differs is None else int(differs.sum())


def _differs(was: pl.DataFrame, now: pl.DataFrame, one: Likeness, tolerance: float) -> pl.Series:
    """Where two columns differ; nulls equal nulls, NaN equals NaN, and minus zero is not zero."""
    found = was.select(one.before.alias("x"))["x"].ne_missing(now.select(one.after.alias("x"))["x"])
    if tolerance and one.floats is not None:
        old, new = was.select(one.floats[0].alias("x"))["x"], now.select(one.floats[1].alias("x"))["x"]
        near = ((old - new).abs() <= tolerance).fill_null(False)
        return found & ~near
    return found


def _parts(before: Pile, after: Pile) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """The same part of both sides; all at once where both lie in memory."""
    if not (before.spilled or after.spilled):
        yield before.part(0), after.part(0)
        return
    before.spill()
    after.spill()
    for number in range(PARTS):
        yield before.part(number), after.part(number)


def _in_line(ours: np.ndarray, theirs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which rows go together as they stand: those alike at the start, at the end, and where most are, between these.

    Between them rows are put side by side from the start or from the end, whichever makes more of them alike.
    """
    import numpy as np

    most = min(len(ours), len(theirs))
    unlike = np.flatnonzero(ours[:most] != theirs[:most])
    start = int(unlike[0]) if len(unlike) else most
    most -= start
    unlike = np.flatnonzero(ours[len(ours) - most :][::-1] != theirs[len(theirs) - most :][::-1])
    stop = int(unlike[0]) if len(unlike) else most
    masks = np.ones(len(ours), dtype=bool), np.ones(len(theirs), dtype=bool)
    inner = [mask[start : len(mask) - stop] for mask in masks]
    most -= stop
    middle = ours[start : len(ours) - stop], theirs[start : len(theirs) - stop]
    first = middle[0][:most] == middle[1][:most]
    last = middle[0][len(middle[0]) - most :] == middle[1][len(middle[1]) - most :]
    for mask in inner:
        mask[:] = False
        if first.sum() * 2 >= most and first.sum() >= last.sum():
            mask[:most] = first
        elif last.sum() * 2 >= most:
            mask[len(mask) - most :] = last
    return masks


def _turns(rows: pl.DataFrame) -> pl.DataFrame:
    """For each row how many of the same hash stand before it."""
    import numpy as np
    import polars as pl

    rows = rows.sort(HASH, ROW)
    hashes = rows[HASH].to_numpy()
    starts = np.flatnonzero(np.concatenate([[True], hashes[1:] != hashes[:-1]])) if len(hashes) else np.array([], int)
    turns = np.arange(len(hashes)) - np.repeat(starts, np.diff(np.append(starts, len(hashes))))
    return rows.with_columns(pl.Series(_TURN, turns.astype(np.int64)))
