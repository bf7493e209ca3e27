"""Schemas: which columns are new, gone, renamed, of another type or elsewhere, and whose figures changed the most."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import columns_named, type_of
from solvent.data.diff.record import FIGURES
from solvent.data.diff.sides import FrameSide, StoredSide

if TYPE_CHECKING:
    from solvent.data.profile import Profile

__all__ = ["compare_columns", "compare_figures"]

_MOST = 10_000
"""So many pairs of columns are looked at for what they share."""
_LIKELY = 0.5
"""A column that shares this part of its blocks with a new one of its type is likely that one, renamed."""

Sides = tuple["FrameSide | StoredSide", "FrameSide | StoredSide"]


def compare_columns(sides: Sides, profiles: tuple[Profile, Profile] | None) -> dict[str, Any]:
    """The columns that are added, removed, renamed, of another type, or in another order."""
    before, after = ({name: type_of(dtype) for name, dtype in side.schema.items()} for side in sides)
    added = {name: kind for name, kind in after.items() if name not in before}
    removed = {name: kind for name, kind in before.items() if name not in after}
    renamed = _renamed(sides, removed, added, profiles)
    taken = set(renamed.values())
    common = [name for name in before if name in after]
    return {
        "added": {name: kind for name, kind in added.items() if name not in taken},
        "removed": {name: kind for name, kind in removed.items() if name not in renamed},
        "renamed": renamed,
        "retyped": {name: [before[name], after[name]] for name in common if before[name] != after[name]},
        "moved": common != [name for name in after if name in before],
        "unlike": [],
    }


def _renamed(
    sides: Sides, removed: Mapping[str, Any], added: Mapping[str, Any], profiles: tuple[Profile, Profile] | None
) -> dict[str, str]:
    """The columns that are gone and, by what can be told cheaply, are there under another name.

    That is where one column that is gone and one that is new have equal blocks (of stored tables), else equal profiles,
    else equal sums of the hashes of their values; of stored tables also where they share most blocks. Two that are as
    good as each other are none.
    """
    kinds = {json.dumps(kind) for kind in removed.values()} & {json.dumps(kind) for kind in added.values()}
    ours, theirs = ([name for name, kind in one.items() if json.dumps(kind) in kinds] for one in (removed, added))
    if not ours:
        return {}
    signs: dict[Any, tuple[list[str], list[str]]] = {}
    for number, (names, types) in enumerate(((ours, removed), (theirs, added))):
        for name, sign in _signs(sides, number, names, profiles).items():
            signs.setdefault((json.dumps(types[name]), sign), ([], []))[number].append(name)
    found = {one[0]: two[0] for one, two in signs.values() if len(one) == len(two) == 1}
    rest = [
        (was, name)
        for was in (ours if len(ours) * len(theirs) <= _MOST else ())
        for name in theirs
        if was not in found and name not in found.values() and removed[was] == added[name]
    ]
    return {**found, **_likely(sides, rest)}


def _signs(
    sides: Sides, number: int, names: Sequence[str], profiles: tuple[Profile, Profile] | None
) -> Mapping[str, Any]:
    """For each column what is equal where its values are."""
    if isinstance(sides[0], StoredSide) and isinstance(sides[1], StoredSide):
        side = sides[number]
        assert isinstance(side, StoredSide)
        return {name: tuple(blocks) for name in names if (blocks := side.blocks([name]))}
    if profiles is not None:
        wanted = set(names)
        return {
            one["name"]: json.dumps({**one, "name": ""}, sort_keys=True, default=str)
            for one in profiles[number].columns
            if one["name"] in wanted
        }
    return _sums(sides[number], names)


def _likely(sides: Sides, chances: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Of pairs of stored columns those that share most of their blocks, and no other as many."""
    one, two = sides
    if not (isinstance(one, StoredSide) and isinstance(two, StoredSide)):
        return {}
    ours = {was: Counter(one.blocks([was])) for was in {was for was, _ in chances}}
    theirs = {name: Counter(two.blocks([name])) for name in {new for _, new in chances}}
    most = max(len(one.own), len(two.own), 1)
    scored = [((ours[was] & theirs[name]).total() / most, was, name) for was, name in chances]
    best = Counter((score, was) for score, was, _ in scored) + Counter((score, name, "") for score, _, name in scored)
    found: dict[str, str] = {}
    for score, was, name in sorted(scored, key=lambda each: -each[0]):
        clear = best[score, was] == 1 and best[score, name, ""] == 1
        if score >= _LIKELY and clear and was not in found and name not in found.values():
            found[was] = name
    return found


def _sums(side: FrameSide | StoredSide, names: Sequence[str]) -> dict[str, tuple[int, int]]:
    """For each column how many values there are, and the sum of their hashes: the same in any order of the rows."""
    found: dict[str, tuple[int, int]] = {}
    for piece in side.pieces(names):
        for name in names if piece.height else ():
            rows, total = found.get(name, (0, 0))
            # Parts of hashes, whose sum over a piece stays within 64 bits.
            hashes = piece.select(columns_named([name])).hash_rows(seed=3)
            found[name] = (rows + piece.height, total + int((hashes // 2**32).sum() or 0))
    return found


def compare_figures(before: Profile, after: Profile) -> list[dict[str, Any]]:
    """Of each column that both have, the figures that differ; what changed the most comes first.

    ``shift`` is how much: the largest of the change of the mean in standard deviations, of the part of nulls, and of
    the count of distinct values relative to what there were.
    """
    found = []
    known = {one["name"]: one for one in before.columns}
    for new in after.columns:
        old = known.get(new["name"])
        if old is None:
            continue
        differs = {one: [old.get(one), new.get(one)] for one in FIGURES if old.get(one) != new.get(one)}
        if differs:
            found.append({"column": new["name"], "shift": _shift(old, new, before.rows, after.rows), **differs})
    return sorted(found, key=lambda one: -one["shift"])


def _shift(was: Mapping[str, Any], now: Mapping[str, Any], before: int, after: int) -> float:
    nulls = abs(was.get("nulls", 0) / max(before, 1) - now.get("nulls", 0) / max(after, 1))
    distinct = abs((now.get("distinct") or 0) - (was.get("distinct") or 0)) / max(was.get("distinct") or 0, 1)
    means, spread = (was.get("mean"), now.get("mean")), was.get("std")
    moved = 0.0
    if all(isinstance(one, (int, float)) for one in (*means, spread)):
        gap = abs(float(now["mean"]) - float(was["mean"]))
        moved = gap / float(spread or 0) if spread else (0.0 if gap == 0 else 1.0)
    found = max(nulls, distinct, moved if moved - moved == 0 else 0.0)
    return round(float(found), 6)
