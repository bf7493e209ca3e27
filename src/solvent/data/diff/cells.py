"""Rows and cells that differ: by key with an outer join, without one by counting equal rows on both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import column_named, columns_named

if TYPE_CHECKING:
    import polars as pl

__all__ = ["compare_by_key", "compare_rows"]

_FEW = 10
_ROW, _COUNT, _SIDE, _OTHER = "\0row", "\0count", "\0side", "\0other"


def compare_rows(before: pl.DataFrame, after: pl.DataFrame) -> dict[str, Any]:
    """Whole rows that only one side has, each as often as it has it more."""
    import polars as pl

    frames = [_exact(frame).hash_rows(seed=1).alias(_ROW) for frame in (before, after)]
    counted = [
        pl.DataFrame(one).with_columns(
            pl.int_range(pl.len()).over(_ROW).alias(_COUNT), pl.int_range(pl.len()).alias("n")
        )
        for one in frames
    ]
    gone = counted[0].join(counted[1], on=[_ROW, _COUNT], how="anti", maintain_order="left")["n"]
    new = counted[1].join(counted[0], on=[_ROW, _COUNT], how="anti", maintain_order="left")["n"]
    return {
        "rows": {"added": len(new), "removed": len(gone)},
        "examples": {"added": _shown(after[new.head(_FEW)]), "removed": _shown(before[gone.head(_FEW)])},
    }


def compare_by_key(before: pl.DataFrame, after: pl.DataFrame, keys: Sequence[str], tolerance: float) -> dict[str, Any]:
    """Rows that only one side has the key of, and cells that differ in those that both have."""
    import polars as pl

    one, two = before.with_row_index(_SIDE), after.with_row_index(_OTHER)
    places = one.select(columns_named([*keys, _SIDE])).join(
        two.select(columns_named([*keys, _OTHER])), on=list(keys), how="full", coalesce=True
    )
    removed = places.filter(pl.col(_OTHER).is_null())[_SIDE].sort()
    added = places.filter(pl.col(_SIDE).is_null())[_OTHER].sort()
    both = places.filter(pl.col(_SIDE).is_not_null() & pl.col(_OTHER).is_not_null()).sort(_OTHER)
    was, now = before[both[_SIDE]], after[both[_OTHER]]
    changed: dict[str, int] = {}
    examples: list[dict[str, Any]] = []
    differs = pl.Series([False] * both.height, dtype=pl.Boolean)
    for name in before.columns:
        if name in keys:
            continue
        mask = _differs(was[name], now[name], tolerance)
        count = int(mask.sum())
        if count:
            changed[name] = count
            differs = differs | mask
            for place in mask.arg_true().head(_FEW).to_list():
                told = {one: _cell(now[one][place]) for one in keys}
                examples.append(
                    {"key": told, "column": name, "was": _cell(was[name][place]), "now": _cell(now[name][place])}
                )
    return {
        "rows": {"added": len(added), "removed": len(removed), "changed": int(differs.sum())},
        "changed": changed,
        "examples": {
            "added": _shown(after[added.head(_FEW)]), "removed": _shown(before[removed.head(_FEW)]),
            "changed": examples,
        },
    }  # fmt: skip


def _differs(was: pl.Series, now: pl.Series, tolerance: float) -> pl.Series:
    """Where two columns differ; nulls equal nulls, NaN equals NaN."""
    if tolerance and was.dtype.is_float():
        near = ((was - now).abs() <= tolerance).fill_null(False)
        return was.ne_missing(now) & ~near
    return was.ne_missing(now)


def _exact(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows as their hash can tell them apart: minus zero is not zero, as in digests of tables."""
    import polars as pl

    signs = [
        (1 / column_named(name) < 0).alias(f"\0sign {place}")
        for place, (name, dtype) in enumerate(frame.schema.items())
        if dtype.is_float()
    ]
    return frame.with_columns(signs) if signs else frame.select(pl.all())


def _shown(frame: pl.DataFrame) -> list[Mapping[str, Any]]:
    return [{name: _cell(value) for name, value in row.items()} for row in frame.iter_rows(named=True)]


def _cell(value: Any) -> Any:
    """A value as a record can hold it."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    text = str(value)
    return text if len(text) <= 80 else text[:79] + "…"
