"""Parts of a split: made of one mark for each row, counted, and checked for rows that are in more than one of them."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from annotated_types import Ge, Interval

from solvent.data import Table
from solvent.engine.context import log
from solvent.errors import InputError, SettingsError
from solvent.learn.tables.rows import check_columns, frame_of

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

__all__ = [
    "NEITHER", "TEST", "TRAIN", "VALID", "Columns", "Seed", "Share", "Split", "Split3", "check_shares", "columns_of",
    "count_shared", "frame_with", "numbered", "parts_of", "record",
]  # fmt: skip

Share = Annotated[float, Interval(gt=0, lt=1)]
Seed = Annotated[int, Ge(0)]
Columns = str | list[str]

NEITHER, TRAIN, VALID, TEST = -1, 0, 1, 2
"""Where a row goes."""
_VALUES = 20


class Split(NamedTuple):
    """Rows to learn from and rows to be tested on."""

    train: Table
    test: Table


class Split3(NamedTuple):
    """Rows to learn from, rows to choose by, and rows to be tested on."""

    train: Table
    valid: Table
    test: Table


def check_shares(what: str, **shares: Any) -> None:
    """Raise :class:`SettingsError` for a share that is none, or shares that leave nothing to learn from."""
    for name, share in shares.items():
        if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 < share < 1:
            raise SettingsError(f"{what}: {name} is a share between 0 and 1, such as 0.2, not {share!r}")
    if sum(shares.values()) >= 1:
        told = " and ".join(f"{name} {share}" for name, share in shares.items())
        raise SettingsError(f"{what}: {told} are all of the rows, and leave none to learn from")


def columns_of(by: Columns, what: str) -> list[str]:
    """The names of columns that a setting gives as one or several; raises :class:`SettingsError` for none."""
    names = [by] if isinstance(by, str) else list(by)
    if not names or len(set(names)) < len(names):
        raise SettingsError(f"{what}: by names one column, or several different ones, not {by!r}")
    return names


def frame_with(table: Table, asked: Iterable[str | None], what: str) -> pl.DataFrame:
    """The rows as a Polars frame; raises :class:`InputError` if a column that was asked for is not there."""
    frame = frame_of(table)
    check_columns(frame, asked, what)
    return frame


def numbered(asked: pl.DataFrame) -> np.ndarray[Any, Any]:
    """A number for each row, the same for rows that are alike, counted by first appearance."""
    import numpy as np
    import polars as pl

    plain = asked.rename({name: str(place) for place, name in enumerate(asked.columns)}) if asked.width else asked
    rows = plain.with_row_index("row")
    first = rows.select(pl.col("row").first().over(*plain.columns)).to_series().to_numpy()
    numbers: np.ndarray[Any, Any] = np.unique(first, return_inverse=True)[1]
    return numbers


def parts_of(frame: pl.DataFrame, marks: Any, situation: str) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """The rows to learn from, to choose by and to be tested on, each in the order of the table.

    Raises :class:`InputError`, which says what the ``situation`` is, if there is nothing to learn from or to be
    tested on.
    """
    import polars as pl

    places = pl.Series("place", marks, dtype=pl.Int8)
    train, valid, test = (frame.filter(places == one) for one in (TRAIN, VALID, TEST))
    _refuse_empty({"train": train, "test": test}, situation)
    return train, valid, test


def record(parts: Split | Split3, what: str, situation: str, target: str | None, **figures: Any) -> None:
    """Record how a table was split: rows and balance of each part, and how many rows are in several of them.

    Such rows are warned of. Raises :class:`InputError` if a part is empty.
    """
    tables: dict[str, Any] = parts._asdict()
    _refuse_empty(tables, situation)
    twice = {
        f"rows_of_{name}_in_{before}": count_shared(tables[before], part)
        for at, (name, part) in enumerate(tables.items())
        for before in list(tables)[:at]
    }
    counts = {name: value for part, rows in tables.items() for name, value in _counts(part, rows, target).items()}
    log(**figures, **twice, **counts)
    for name, count in twice.items():
        if count:
            _, _, part, _, before = name.split("_")
            warnings.warn(
                f"{what}: {count} of {tables[part].height} rows of {part} are also, value by value, among those of "
                f"{before}. Drop duplicates before, or split by group or by time.",
                stacklevel=3,
            )


def _refuse_empty(parts: dict[str, pl.DataFrame], situation: str) -> None:
    for name, part in parts.items():
        if part.height == 0:
            raise InputError(f"{situation}: the part {name!r} would have no rows")


def count_shared(first: pl.DataFrame, second: pl.DataFrame) -> int:
    """How many rows of the second are, value by value, also rows of the first."""
    if not second.width:
        return 0
    return int(second.hash_rows().is_in(first.hash_rows().unique().implode()).sum())


def _counts(name: str, part: pl.DataFrame, target: str | None) -> dict[str, Any]:
    """Rows of a part and, with a target, its mean (a number) or the share of each value (up to twenty)."""
    import polars as pl

    figures: dict[str, Any] = {f"rows_{name}": part.height}
    if target is None:
        return figures
    values = part.get_column(target).alias("v")
    if values.dtype == pl.Boolean or values.dtype.is_numeric():
        mean = values.cast(pl.Float64).mean()
        figures |= {} if mean is None else {f"{target}_mean_{name}": mean}
    elif values.n_unique() <= _VALUES:
        shares = values.cast(pl.String).value_counts(normalize=True, name="share", sort=True)
        figures[f"{target}_shares_{name}"] = ", ".join(f"{one} {share:.4f}" for one, share in shares.iter_rows())
    return figures
