"""Predefined: a column says which part each row belongs to, as many published data sets have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from solvent.config import REQUIRED
from solvent.data import Table
from solvent.errors import InputError, SettingsError
from solvent.graph.steps import step
from solvent.learn.splits.parts import NEITHER, TEST, TRAIN, VALID, Split, Split3, frame_with, parts_of, record

if TYPE_CHECKING:
    import polars as pl

__all__ = ["predefined_split", "predefined_split3"]

Value = str | int | bool | list[str | int | bool]


@step
def predefined_split(
    table: Table, *, column: str = REQUIRED, test: Value = REQUIRED, train: Value | None = None,
    target: str | None = None,
) -> Split:  # fmt: skip
    """Split as a column says: rows in which it is ``test`` are tested on, those in which it is ``train`` learnt from.

    Each is a value, or a list of several. Without ``train`` all other rows are learnt from; with it, what is neither is
    left out and counted. The column itself is in no part: to a model it would tell nothing, or too much. Raises
    :class:`InputError` for a value that no row has.
    """
    frame, marks = _marked(table, column, {TRAIN: train, TEST: test}, target, "predefined_split")
    learnt, _, tested = parts_of(frame, marks, f"predefined_split: by {column!r}")
    parts = Split(learnt, tested)
    record(
        parts, "predefined_split", "predefined_split", target, by=column, rows_left_out=int((marks == NEITHER).sum())
    )
    return parts


@step
def predefined_split3(
    table: Table, *, column: str = REQUIRED, valid: Value = REQUIRED, test: Value = REQUIRED,
    train: Value | None = None, target: str | None = None,
) -> Split3:  # fmt: skip
    """As :func:`predefined_split`, with a third part of rows to choose by (``valid``)."""
    frame, marks = _marked(table, column, {TRAIN: train, VALID: valid, TEST: test}, target, "predefined_split3")
    situation = f"predefined_split3: by {column!r}"
    parts = Split3(*parts_of(frame, marks, situation))
    record(parts, "predefined_split3", situation, target, by=column, rows_left_out=int((marks == NEITHER).sum()))
    return parts


def _marked(table: Table, column: str, said: dict[int, Any], target: str | None, what: str) -> tuple[pl.DataFrame, Any]:
    import polars as pl

    frame = frame_with(table, [column, target], what)
    if column == target:
        raise SettingsError(f"{what}: {column!r} is the target, and cannot say as well which part a row is in")
    values = frame.get_column(column).alias("v").cast(pl.String)
    marks = pl.Series([NEITHER if said[TRAIN] is not None else TRAIN], dtype=pl.Int8).new_from_index(0, frame.height)
    seen: set[str] = set()
    for mark, wanted in said.items():
        if wanted is None:
            continue
        names = [_text(one) for one in (wanted if isinstance(wanted, list) else [wanted])]
        if double := seen & set(names):
            raise SettingsError(f"{what}: {sorted(double)[0]!r} is said of two parts")
        seen |= set(names)
        for name in names:
            here = (values == name).fill_null(False)
            if not here.any():
                there = ", ".join(repr(one) for one in values.unique(maintain_order=True).to_list()[:20])
                raise InputError(f"{what}: {column!r} is {name!r} in no row. It is: {there}")
            marks = marks.set(here, mark)
    return frame.drop(column), marks


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
