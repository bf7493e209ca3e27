"""Rows on both sides: the same ones, nearly the same ones, rows of one group, and rows from after the test began."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from solvent.errors import InputError
from solvent.learn.leaks.learners import MOST_COLUMNS, need_sklearn, working
from solvent.learn.leaks.record import Finding, NotChecked
from solvent.learn.leaks.sides import Sides, filled, percent

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    Array = np.ndarray[Any, Any]

__all__ = ["find_groups", "find_near", "find_neighbours", "find_rows", "find_time", "most_neighbours"]

_Z = 5.0
_FEWEST = 5
_ASKED = 1000
_CELLS = 2_000_000


def find_rows(sides: Sides) -> list[Finding]:
    """Test rows that are, value by value, also rows to learn from; with ``id``, test rows whose id is learnt from."""
    train, test = _whole(sides.train, sides), _whole(sides.test, sides)
    ids = list(sides.wanted.id)
    what = "are, value by value, rows to learn from"
    if ids and sides.train.select(ids).n_unique() >= 0.98 * sides.train.height:
        train, test = sides.train.select(ids), sides.test.select(ids)
        what = f"have the {' and '.join(ids)} of a row to learn from"
    ours, theirs = _hashes(train), _hashes(test)
    twice = theirs.is_in(ours.unique().implode()).to_numpy()
    figures = _excess(twice, ours.is_duplicated().to_numpy())
    count = int(twice.sum())
    clear = count >= _FEWEST and (figures["share"] >= 0.01 or figures["z"] >= _Z)
    if not (count if ids else clear):
        return []
    return [
        Finding(
            "rows", (), count,
            f"{count} of {sides.test.height} test rows ({percent(figures['share'])}) {what}; of the rows to learn "
            f"from {percent(figures['within'])} are there twice.",
            "Drop the duplicates before the split, or split by what such rows have in common.",
            figures=figures,
        )
    ]  # fmt: skip


def find_near(sides: Sides) -> list[Finding]:
    """Test rows whose features are those of a row to learn from, but for case, digits, blanks and far decimals."""
    sides.need_features()
    features = list(sides.features)
    ours, theirs = (_hashes(_rough(one.select(features))) for one in (sides.train, sides.test))
    figures = _excess(theirs.is_in(ours.unique().implode()).to_numpy(), ours.is_duplicated().to_numpy())
    if figures["z"] < _Z or figures["share"] - figures["within"] < 0.005:
        return []
    count = round(figures["share"] * sides.test.height)
    return [
        Finding(
            "near_rows", (), count,
            f"{count} of {sides.test.height} test rows ({percent(figures['share'])}) have the features of a row to "
            f"learn from (text without case and digits, numbers to three places); of the rows to learn from only "
            f"{percent(figures['within'])} have such a twin.",
            "Split by what makes such rows (customer, document, device), or drop the copies.",
            figures=figures,
        )
    ]  # fmt: skip


def find_neighbours(sides: Sides) -> list[Finding]:
    """Test rows that lie nearer to a row to learn from than these lie to each other, by their numbers."""
    import numpy as np

    need_sklearn()
    names = sides.numeric()
    if len(names) < 3:
        raise NotChecked(f"it needs three features that are numbers, and there are {len(names)}")
    names = names[:: -(-len(names) // MOST_COLUMNS)]
    dice = np.random.default_rng(sides.wanted.seed)
    most = most_neighbours(sides)
    rows = sides.train.select(names)
    learnt = filled(rows if rows.height <= most else rows[np.sort(dice.permutation(rows.height)[:most])])
    asked = filled(sides.test.select(names)[np.sort(dice.permutation(sides.test.height)[:_ASKED])])
    scale = learnt.std(axis=0)
    learnt, asked = learnt / np.where(scale > 0, scale, 1), asked / np.where(scale > 0, scale, 1)
    own = learnt[dice.permutation(len(learnt))[:_ASKED]]
    if len(learnt) < 3:
        raise NotChecked("there are fewer than three rows to learn from")
    from sklearn.neighbors import NearestNeighbors

    with working():
        near = NearestNeighbors(n_neighbors=2).fit(learnt)
        apart, within = near.kneighbors(asked, 1)[0][:, 0], near.kneighbors(own, 2)[0][:, 1]
    limit = float(np.median(within)) / 4
    figures = _excess(apart <= limit, within <= limit)
    if figures["z"] < _Z or figures["share"] - figures["within"] < 0.01:
        return []
    count = int((apart <= limit).sum())
    return [
        Finding(
            "near_rows", (), count,
            f"{count} of {len(asked)} test rows ({percent(figures['share'])}) lie closer to a row to learn from than "
            f"a quarter of the usual distance between two of these; of the rows to learn from "
            f"{percent(figures['within'])} have so close a neighbour.",
            "Split by what makes such rows (customer, document, device), or drop the copies.",
            figures={**figures, "distance": limit},
        )
    ]  # fmt: skip


def most_neighbours(sides: Sides) -> int:
    """How many rows to learn from are looked at as neighbours."""
    return max(sides.wanted.sample, _CELLS // max(1, min(MOST_COLUMNS, len(sides.numeric()))))


def find_groups(sides: Sides) -> list[Finding]:
    """Test rows whose group is also learnt from."""
    name = sides.wanted.group
    if name is None:
        raise NotChecked("no group was named: say which rows belong together: group: COLUMN")
    groups = sides.train.get_column(name).drop_nulls().unique()
    inside = sides.test.get_column(name).is_in(groups.implode()).fill_null(False)
    count = int(inside.sum())
    if not count:
        return []
    shared = sides.test.get_column(name).filter(inside).n_unique()
    return [
        Finding(
            "groups", (name,), count,
            f"{count} of {sides.test.height} test rows ({percent(count / sides.test.height)}) belong to {shared} "
            f"values of {name} that are also learnt from.",
            f"Split by group: group_split: {{by: {name}}}.",
            figures={"share": count / sides.test.height, "groups": shared},
        )
    ]  # fmt: skip


def find_time(sides: Sides) -> list[Finding]:
    """Rows to learn from that are later than the first test row."""
    name = sides.wanted.time
    if name is None:
        raise NotChecked("no time was named: say which column tells when a row was known: time: COLUMN")
    first: Any = sides.test.get_column(name).min()
    if first is None:
        raise NotChecked(f"{name} is unknown in all test rows")
    later = (sides.train.get_column(name) > first).fill_null(False)
    count = int(later.sum())
    if not count:
        return []
    return [
        Finding(
            "time", (name,), count,
            f"{count} of {sides.train.height} rows to learn from ({percent(count / sides.train.height)}) are later "
            f"than the first test row ({first}).",
            f"Split by time: time_split: {{column: {name}}}.",
            figures={"share": count / sides.train.height},
        )
    ]  # fmt: skip


def find_later(sides: Sides) -> list[Finding]:
    """Columns of which it was said that they are known only after the prediction."""
    if not sides.wanted.known_at:
        raise NotChecked("no known_at was said: known_at: {COLUMN: the column with the moment, or before or after}")
    made = []
    for name, when in sides.wanted.known_at.items():
        count = _known_later(sides, name, when)
        if count and name in sides.features:
            made.append(
                Finding(
                    "after_event", (name,), count,
                    f"{name} is known only after the prediction in {count} of {sides.train.height} rows to learn from "
                    f"(known_at: {when}).",
                    f"Take the column out: drop: [{name}], or take its value as of the time of the row.",
                    figures={"share": count / sides.train.height},
                )
            )  # fmt: skip
    return made


def _known_later(sides: Sides, name: str, when: str) -> int:
    import polars as pl

    rows, time = sides.train, sides.wanted.time
    if when not in rows.columns:
        if when not in ("before", "after"):
            raise InputError(
                f"audit_leaks: known_at: {name}: {when!r} is neither a column with the moment at which the value was "
                f"known, nor 'before' or 'after' (the prediction)"
            )
        return rows.height if when == "after" else 0
    if time is None:
        raise InputError(
            f"audit_leaks: known_at: {name}: {when} is compared with the time of the row; say which column that is: "
            f"time: COLUMN"
        )
    known, asked = rows.get_column(when), rows.get_column(time)
    with contextlib.suppress(pl.exceptions.PolarsError):
        return int((known > asked).fill_null(False).sum())
    raise InputError(f"audit_leaks: known_at: {when} ({known.dtype}) cannot be compared with {time} ({asked.dtype})")


def _whole(rows: pl.DataFrame, sides: Sides) -> pl.DataFrame:
    """All columns that both parts have and that can be compared."""
    import polars as pl

    fitting = [name for name, dtype in rows.schema.items() if dtype != pl.Object]
    return rows.select(fitting)


def _hashes(rows: pl.DataFrame) -> pl.Series:
    return rows.hash_rows()


def _excess(test: Array, train: Array) -> Mapping[str, float]:
    """The share of test rows with a match, that of rows to learn from with one, and how far they are apart."""
    import numpy as np

    share, within = float(test.mean()), float(train.mean())
    both = (test.sum() + train.sum() + 1) / (len(test) + len(train) + 2)
    spread = np.sqrt(both * (1 - both) * (1 / len(test) + 1 / len(train)))
    return {"share": share, "within": within, "z": float((share - within) / spread)}


def _rough(rows: pl.DataFrame) -> pl.DataFrame:
    """Values without what differs between copies of one thing."""
    import polars as pl

    made: Sequence[pl.Expr] = [
        pl.col(name)
        .str.to_lowercase()
        .str.replace_all(r"\d", "0")
        .str.replace_all(r"[^\p{L}0]+", " ")
        .str.strip_chars()
        if dtype == pl.String
        else pl.col(name).round_sig_figs(3)
        if dtype.is_float()
        else pl.col(name)
        for name, dtype in rows.schema.items()
    ]
    return rows.select(made)
