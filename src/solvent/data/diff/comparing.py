"""Comparing two tables: of stored ones only the blocks that they do not share are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import Rows, conform, type_of
from solvent.data.diff.cells import compare_by_key, compare_rows
from solvent.data.diff.record import FIGURES, Diff
from solvent.data.family import kind_of
from solvent.data.frames.incoming import take
from solvent.data.packs.manifest import Manifest, Opened
from solvent.data.packs.reading import Ranges
from solvent.data.profile import Profile
from solvent.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Side", "diff"]


@dataclass(frozen=True, slots=True)
class Side:
    """A stored table, of which only what is needed is read."""

    manifest: Manifest
    source: Opened


def diff(
    before: Any, after: Any, *, key: str | Sequence[str] = (), tolerance: float = 0.0,
    profiles: tuple[Profile, Profile] | None = None,
) -> Diff:  # fmt: skip
    """What is different in ``after``: frames of any kind, or stored tables (:class:`Side`).

    With a ``key`` rows are matched by its columns, and changed cells are counted; without one a row is added or removed
    as a whole. Nulls equal nulls and NaN equals NaN; ``tolerance`` is how far apart floats may be. Rows that stand in
    blocks which both stored tables have are equal, and not read: taking as many equal rows from both sides leaves all
    that is added, removed or changed, and a key that is unique in both is then unique in what is left. Raises
    :class:`InputError` for a key that is no key, with rows of it.
    """
    keys = (key,) if isinstance(key, str) else tuple(key)
    ours, theirs = _open(before), _open(after)
    schema, other = ours.schema(), theirs.schema()
    columns = _columns(schema, other, _digests(before), _digests(after))
    common = [name for name in schema if name in other]
    # Where a type differs, rows of shared blocks are not equal by their digests: then everything is read.
    blocks = _set_apart(ours, theirs, common) if not columns["retyped"] else None
    for name in keys:
        if name not in common:
            raise InputError(f"the key {name!r} is no column of both tables.{did_you_mean(name, common)}")
    one, two = ours.frame(common), theirs.frame(common)
    for name, was, now in ((name, schema[name], other[name]) for name in common):
        if was != now:
            one, two = _alike(one, two, name)
    found: Mapping[str, Any]
    if keys:
        _check_key(ours, keys, "before")
        _check_key(theirs, keys, "after")
        found = compare_by_key(one, two, keys, tolerance)
    else:
        found = compare_rows(one, two)
    rows = {"before": ours.rows(), "after": theirs.rows(), "changed": 0, **found["rows"]}
    quiet = not (rows["added"] or rows["removed"] or rows["changed"])
    rows["order"] = quiet and rows["before"] == rows["after"] and not _in_order(ours, theirs, common, blocks)
    return Diff(
        ("before", "after"), keys, columns, rows, found.get("changed", {}), found["examples"], blocks,
        _figures(*profiles) if profiles is not None else (),
    )  # fmt: skip


class _Frame:
    """A table in memory, or a lazy one."""

    def __init__(self, value: Any) -> None:
        import polars as pl

        if isinstance(value, pl.LazyFrame):
            self._frame = value
        else:
            taken = take(value)
            self._frame = (taken.frame if isinstance(taken, Rows) else conform(pl.concat(list(taken.pieces)))).lazy()

    def schema(self) -> dict[str, Any]:
        return {name: type_of(dtype) for name, dtype in conform(self._frame.head(0).collect()).schema.items()}

    def rows(self) -> int:
        import polars as pl

        return int(self._frame.select(pl.len()).collect().item())

    def frame(self, names: Sequence[str]) -> pl.DataFrame:
        """The rows that the other side may not have."""
        from solvent.data.canonical import columns_named

        return conform(self._frame.select(columns_named(names)).collect())

    whole = frame


class _Stored:
    """A stored table, without the blocks that the other one has."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._own: Sequence[int] = range(len(side.manifest.blocks))

    def schema(self) -> dict[str, Any]:
        return dict(zip(self._side.manifest.names, self._side.manifest.types, strict=True))

    def rows(self) -> int:
        return self._side.manifest.rows

    def blocks(self, names: Sequence[str]) -> list[tuple[Any, ...]]:
        """What tells the blocks apart by these columns."""
        places = [list(self._side.manifest.names).index(name) for name in names]
        return [(one.rows, *(one.columns[place] for place in places)) for one in self._side.manifest.blocks]

    def leave(self, own: Sequence[int]) -> None:
        """Have a look at these blocks only."""
        self._own = own

    def frame(self, names: Sequence[str]) -> pl.DataFrame:
        """The rows of its own blocks."""
        import polars as pl

        ranges = Ranges(self._side.manifest, self._side.source)
        starts = [0, *accumulate(block.rows for block in self._side.manifest.blocks)]
        parts = [ranges.take(starts[one], starts[one + 1] - starts[one], names) for one in self._own]
        return pl.concat(parts) if parts else ranges.take(0, 0, names)

    def whole(self, names: Sequence[str]) -> pl.DataFrame:
        """All rows."""
        return Ranges(self._side.manifest, self._side.source).take(0, self.rows(), names)


def _open(value: Any) -> _Frame | _Stored:
    if isinstance(value, Side):
        return _Stored(value)
    if kind_of(type(value)) is None:
        raise InputError(f"{type(value).__qualname__} is no table, and cannot be compared with one")
    return _Frame(value)


def _set_apart(ours: Any, theirs: Any, alike: Sequence[str]) -> dict[str, int] | None:
    """Leave the blocks out that both stored tables have, as far as the columns go that are of one type in both."""
    if not (isinstance(ours, _Stored) and isinstance(theirs, _Stored)) or not alike:
        return None
    blocks, others = ours.blocks(alike), theirs.blocks(alike)
    shared = Counter(blocks) & Counter(others)
    own = [_beyond(one, shared) for one in (blocks, others)]
    ours.leave(own[0])
    theirs.leave(own[1])
    return {"shared": sum(shared.values()), "before": len(own[0]), "after": len(own[1])}


def _beyond(ids: Sequence[Any], shared: Counter[Any]) -> list[int]:
    """The blocks that are left when the shared ones are taken away, each as often as both tables have it."""
    left = Counter(shared)
    own = []
    for number, name in enumerate(ids):
        if left[name]:
            left[name] -= 1
        else:
            own.append(number)
    return own


def _digests(side: Any) -> dict[str, tuple[str, ...]]:
    """The digests of each column, block by block."""
    if not isinstance(side, Side):
        return {}
    names, blocks = side.manifest.names, side.manifest.blocks
    return {name: tuple(one.columns[place] for one in blocks) for place, name in enumerate(names)}


def _columns(
    schema: Mapping[str, Any], other: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any]
) -> dict[str, Any]:
    added = [name for name in other if name not in schema]
    removed = [name for name in schema if name not in other]
    renamed = {}
    for was in removed:
        alike = [new for new in added if schema[was] == other[new]]
        same = [new for new in alike if ours.get(was) and ours.get(was) == theirs.get(new)]
        if len(same) == 1:
            renamed[was] = same[0]
    common = [name for name in schema if name in other]
    return {
        "added": {name: other[name] for name in added if name not in renamed.values()},
        "removed": {name: schema[name] for name in removed if name not in renamed},
        "renamed": renamed,
        "retyped": {name: [schema[name], other[name]] for name in common if schema[name] != other[name]},
        "moved": common != [name for name in other if name in schema],
    }


def _alike(one: pl.DataFrame, two: pl.DataFrame, name: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Columns of other types are compared as what both can be without loss, at the worst as texts."""
    import polars as pl

    for wanted in (two.schema[name], one.schema[name], pl.String()):
        try:
            column, other = one.get_column(name).cast(wanted), two.get_column(name).cast(wanted)
            if column.cast(one.schema[name]).equals(one.get_column(name)) or wanted == pl.String():
                return one.with_columns(column), two.with_columns(other)
        except pl.exceptions.PolarsError:
            continue
    raise InputError(f"column {name!r} is {one.schema[name]} and {two.schema[name]}, which cannot be compared")


def _check_key(side: Any, keys: Sequence[str], which: str) -> None:
    import polars as pl

    frame = side.whole(list(keys))
    empty = frame.select(pl.any_horizontal(pl.all().is_null())).to_series()
    if empty.any():
        raise InputError(f"the key {', '.join(keys)} is null in {int(empty.sum()):,} rows of {which}, such as row "
                         f"{int(empty.arg_max() or 0):,}")  # fmt: skip
    double = frame.is_duplicated()
    if double.any():
        first = frame.row(int(double.arg_max() or 0))
        raise InputError(
            f"the key {', '.join(keys)} is not unique in {which}: {int(double.sum()):,} rows share theirs with "
            f"another, such as {', '.join(map(repr, first))}. Add a column to the key, or compare without one"
        )


def _in_order(ours: Any, theirs: Any, common: Sequence[str], blocks: Mapping[str, int] | None) -> bool:
    """Whether the same rows also stand in the same order."""
    if blocks is not None and not blocks["before"] and not blocks["after"]:
        return bool(ours.blocks(common) == theirs.blocks(common))
    from solvent.data.tables import table_digest

    return table_digest(ours.whole(common)) == table_digest(theirs.whole(common))


def _figures(before: Profile, after: Profile) -> list[dict[str, Any]]:
    """Of each column that both have, the figures that differ."""
    found = []
    names = {one["name"] for one in before.columns}
    for column in after.columns:
        if column["name"] not in names:
            continue
        was = before.column(column["name"])
        differs = {one: [was.get(one), column.get(one)] for one in FIGURES if was.get(one) != column.get(one)}
        if differs:
            found.append({"column": column["name"], **differs})
    return found
