"""Keys: which part a row goes to follows from its key alone, so that new rows move no old one."""

from __future__ import annotations

import datetime
import decimal
from typing import TYPE_CHECKING, Any

from solvent import digest
from solvent.config import REQUIRED
from solvent.data import Table
from solvent.data.canonical import columns_named
from solvent.graph.steps import step
from solvent.learn.splits.groups import groups_of
from solvent.learn.splits.parts import (
    TEST,
    TRAIN,
    VALID,
    Columns,
    Share,
    Split,
    Split3,
    check_shares,
    columns_of,
    frame_with,
    parts_of,
    record,
)  # fmt: skip

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

__all__ = ["hash_split", "hash_split3", "place_of"]

_PLACE = "split.1"


@step
def hash_split(
    table: Table, *, by: Columns = REQUIRED, test: Share = 0.2, salt: str = "", target: str | None = None
) -> Split:
    """Split by the hash of a key: a key is on the same side in every version of the data, whatever rows come or go.

    All rows of a key (the values of the columns ``by``) go together. A key counts as it is written, so that 7 as a
    number, ``7.0`` as pandas may keep it, and "7" as text are one. ``salt`` gives another split of the same keys. The
    share of rows is as asked for in the mean only; what it came to is recorded. Raises :class:`InputError` for rows
    without a key.
    """
    check_shares("hash_split", test=test)
    frame, places = _placed(table, by, salt, target, "hash_split")
    train, _, tested = parts_of(frame, _marks(places, 0, test), f"hash_split: test is {test}")
    parts = Split(train, tested)
    record(parts, "hash_split", "hash_split", target, by=", ".join(columns_of(by, "hash_split")), salt=salt)
    return parts


@step
def hash_split3(
    table: Table, *, by: Columns = REQUIRED, valid: Share = 0.2, test: Share = 0.2, salt: str = "",
    target: str | None = None,
) -> Split3:  # fmt: skip
    """As :func:`hash_split`, with a third part of rows to choose by (``valid``); what is tested on is the same."""
    check_shares("hash_split3", valid=valid, test=test)
    frame, places = _placed(table, by, salt, target, "hash_split3")
    situation = f"hash_split3: valid is {valid} and test is {test}"
    parts = Split3(*parts_of(frame, _marks(places, valid, test), situation))
    record(parts, "hash_split3", situation, target, by=", ".join(columns_of(by, "hash_split3")), salt=salt)
    return parts


def place_of(key: tuple[Any, ...], salt: str = "") -> float:
    """Where a key lies between 0 and 1: the first 52 bits of the digest of its values as they are written."""
    return int(digest.of_structure(_PLACE, [salt, [_written(value) for value in key]])[:13], 16) / 2**52


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | decimal.Decimal) and value == value // 1:
        return str(int(value))
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        return value.astimezone(datetime.UTC).isoformat()
    return value.isoformat() if isinstance(value, datetime.date | datetime.time) else str(value)


def _placed(table: Table, by: Columns, salt: str, target: str | None, what: str) -> tuple[pl.DataFrame, Any]:
    """The rows, and where the key of each lies."""
    import numpy as np

    names = columns_of(by, what)
    frame = frame_with(table, [*names, target], what)
    groups = groups_of(frame, by, what)
    _, first = np.unique(groups, return_index=True)
    keys = frame[first].select(columns_named(names)).iter_rows()
    return frame, np.fromiter((place_of(key, salt) for key in keys), float, len(first))[groups]


def _marks(places: np.ndarray[Any, Any], valid: float, test: float) -> np.ndarray[Any, Any]:
    import numpy as np

    marks = np.full(len(places), TRAIN, np.int8)
    marks[places < test + valid] = VALID
    marks[places < test] = TEST
    return marks
