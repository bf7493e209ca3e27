"""Whether what goes along works row by row and without the target, tried on rows of the training before it serves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from solvent.errors import InputError
from solvent.learn.carried.functions import RowFunction

if TYPE_CHECKING:
    import polars as pl

__all__ = ["needed_columns", "prove"]

_ROWS = 200
_ALONE = 20


def sample_of(frame: pl.DataFrame) -> pl.DataFrame:
    """At most 200 rows, spread evenly."""
    return frame.gather_every(max(1, -(-frame.height // _ROWS)))


def needed_columns(parts: Sequence[Any], frame: pl.DataFrame, dropped: Sequence[str]) -> list[str]:
    """The columns of ``frame`` that a request has to bring: those ``dropped`` by the fit only if a part needs them."""
    rows = sample_of(frame)
    kept = list(frame.columns)
    whole = _through(parts, rows)
    gone: set[str] = set()
    for name in dropped:
        less = [one for one in kept if one != name]
        if name not in kept or not less:
            continue
        try:
            made = _through(parts, rows.select(less))
        except InputError:
            continue
        others = [one for one in whole.columns if one != name and one not in gone]
        if [one for one in made.columns if one != name] == others and made.select(others).equals(whole.select(others)):
            kept = less
            gone.add(name)
    return kept


def prove(parts: Sequence[Any], frame: pl.DataFrame, target: str | None) -> None:
    """Raise :class:`InputError` for a part that asks for the target, or whose rows depend on each other.

    Up to 200 rows are made whole, in two halves and, of twenty, each alone. It is a trial and no proof; the parity
    gate tries the golden rows again.
    """
    rows = sample_of(frame)
    for part in parts:
        less = rows.drop(target) if target is not None and target in rows.columns else rows
        made = _without_target(part, rows, less, target)
        if isinstance(part, RowFunction):
            _prove_alone(part, less, made)
        rows = part.transform(rows)


def _without_target(part: Any, rows: pl.DataFrame, less: pl.DataFrame, target: str | None) -> pl.DataFrame:
    with_target: pl.DataFrame = part.transform(rows)  # what fails here fails in training too
    if less is rows:
        return with_target
    name = _name(part)
    advice = f"A request has no {target!r}: do what needs it in a step of its own, which does not go along"
    try:
        made: pl.DataFrame = part.transform(less)
    except InputError as error:
        raise InputError(f"assemble: {name} does not work without the target {target!r}: {error}. {advice}") from error
    shared = [one for one in made.columns if one in with_target.columns and one != target]
    different = [one for one in shared if not made.get_column(one).equals(with_target.get_column(one))]
    if different:
        raise InputError(f"assemble: {name} makes {different[0]!r} of the target {target!r}. {advice}")
    return made


def _prove_alone(part: RowFunction, rows: pl.DataFrame, whole: pl.DataFrame) -> None:
    half = rows.height // 2
    pieces = [(place, rows[place : place + 1]) for place in range(min(rows.height, _ALONE))]
    pieces += [(0, rows[:half]), (half, rows[half:])] if half else []
    for place, piece in pieces:
        made = part.transform(piece)
        there = whole[place : place + piece.height]
        wrong = next((one for one in whole.columns if not _alike(made, there, one)), None)
        if wrong is None and made.width == whole.width:
            continue
        told = f"the column {wrong!r}" if wrong else "the columns"
        count = "one row alone" if piece.height == 1 else f"{piece.height} rows alone"
        raise InputError(
            f"assemble: {_name(part)} is not row-wise: {told} of {count} (from row {place} on) differ from the same of "
            f"{rows.height} rows together. What is learnt from many rows is a transform: a class with fit and transform"
        )


def _alike(made: pl.DataFrame, there: pl.DataFrame, name: str) -> bool:
    import polars as pl

    if name not in made.columns:
        return False
    left, right = made.get_column(name), there.get_column(name)
    if pl.Null in (left.dtype, right.dtype):  # a column that is all null has no type
        return left.null_count() == len(left) and right.null_count() == len(right)
    return left.dtype == right.dtype and left.equals(right)


def _through(parts: Sequence[Any], frame: pl.DataFrame) -> pl.DataFrame:
    for part in parts:
        frame = part.transform(frame)
    return frame


def _name(part: Any) -> str:
    return type(part).__qualname__
