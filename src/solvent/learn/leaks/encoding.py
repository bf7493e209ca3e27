"""Columns that were made of other rows: ids, means of the target, and scales and fillings that the test rows gave."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solvent.learn.leaks.record import Finding, NotChecked, Severity
from solvent.learn.leaks.sides import Sides, as_numbers, percent, read_truth
from solvent.learn.tables.moments import bears_zone

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    Array = np.ndarray[Any, Any]

__all__ = ["find_encodings", "find_ids", "find_scalings"]

_UNIQUE = 0.98
_DENSE = 25
_FEWEST = 50
_NAMED = re.compile(r"(^|[_\W])(id|key|no|nr|number|uuid|guid|index|row)$|Id$|ID$", re.IGNORECASE)
_AGREE, _EXACT, _TOLERANCE = 0.95, 1e-6, 1e-7
_KEYS, _VALUES = 50, 200


def find_ids(sides: Sides) -> list[Finding]:
    """Features that name each row: a model learns rows by heart from them, or the order in which rows were written."""
    sides.need_features()
    if sides.train.height < _FEWEST:
        raise NotChecked(f"it needs {_FEWEST} rows to learn from, and there are {sides.train.height}")
    made = []
    for name in sides.features:
        values = sides.train.get_column(name).drop_nulls()
        kind = _id_kind(values)
        if kind is None:
            continue
        unique = values.n_unique() / len(values)
        if unique < _UNIQUE:
            continue
        severity: Severity = "hint" if name == sides.wanted.time else _severity(name, values)
        made.append(
            Finding(
                "id", (name,), len(values),
                f"{name} ({kind}) has another value in {percent(unique)} of the rows to learn from"
                f"{': it may be an id' if severity == 'hint' else ', as an id has'}.",
                f"Say that it is one: id: {name}, so that it is no feature; leave it out of fit with drop: [{name}].",
                figures={"unique": unique}, severity=severity,
            )
        )  # fmt: skip
    return made


def _id_kind(values: pl.Series) -> str | None:
    """What sort of id a column might be: a whole number, or ASCII text without blanks."""
    import polars as pl

    if len(values) < _FEWEST:
        return None
    if values.dtype.is_integer():
        return "whole numbers"
    if values.dtype != pl.String or bears_zone(values) is not None:  # times as text are times
        return None
    words = values.str.contains(r"^[!-~]+$").mean()
    return "text without blanks" if isinstance(words, float) and words >= 0.8 else None


def _severity(name: str, values: pl.Series) -> Severity:
    """Whole numbers that are wide apart may be amounts or moments, which hardly ever meet either."""
    if not values.dtype.is_integer():
        return "leak"
    low, high = int(values.min()), int(values.max())  # type: ignore[arg-type]
    dense = high - low < _DENSE * len(values)
    return "leak" if dense or _NAMED.search(name) else "hint"


@dataclass(frozen=True)
class _Key:
    """Groups of rows: the group of each, how many rows each has, and a row of each."""

    name: str
    groups: Array
    counts: Array
    first: Array


def find_encodings(sides: Sides) -> list[Finding]:
    """Columns that are the mean of the target over the rows with the same value of another column, row itself included.

    Both over the rows to learn from and over all rows. Means smoothed towards a fixed value count too.
    """
    sides.need_features()
    made: dict[str, Finding] = {}
    for part, rows in _parts(sides):
        truth = read_truth(rows.get_column(sides.wanted.target))
        known = rows[truth.places]
        targets = truth.columns()
        keys = _keys(known, sides)
        for name, values in _candidates(known, sides):
            itself = _key(f"{name} itself", values)
            for key in (itself, *keys):
                if name not in made and _is_constant(values, key):
                    agree = _best(values, key, targets)
                    if agree is not None:
                        made[name] = _encoded(name, key, part, agree, len(values))
    return list(made.values())


def _parts(sides: Sides) -> Iterator[tuple[str, pl.DataFrame]]:
    import polars as pl

    yield "rows to learn from", sides.train
    if sides.test.get_column(sides.wanted.target).null_count() < sides.test.height:
        yield "rows of both parts", pl.concat([sides.train, sides.test])


def _candidates(rows: pl.DataFrame, sides: Sides) -> Iterator[tuple[str, Array]]:
    """Real numbers that are known in all rows and come again."""
    import numpy as np

    schema = rows.schema
    floats = [name for name in sides.features if schema[name].is_float() and not rows.get_column(name).null_count()]
    given = 0
    for name in floats:
        values = as_numbers(rows.get_column(name))[0]
        glance = values[:2000]
        if not 2 <= len(np.unique(glance)) <= 0.98 * len(glance):
            continue
        if 4 <= len(np.unique(values)) <= 0.95 * len(values) and given < _VALUES:
            given += 1
            yield name, values


def _keys(rows: pl.DataFrame, sides: Sides) -> list[_Key]:
    """Columns that a mean may have been taken over, those that are dropped too."""
    import polars as pl

    names = [
        name
        for name, dtype in rows.schema.items()
        if (dtype == pl.String or dtype.is_integer()) and name != sides.wanted.target
    ]
    made = []
    for name in names:
        if 4 <= rows.get_column(name).n_unique() <= 0.9 * rows.height:
            column = rows.get_column(name)
            made.append(_key(name, (column.rank("dense").fill_null(0)).to_numpy()))
        if len(made) == _KEYS:
            break
    return made


def _key(name: str, values: Array) -> _Key:
    import numpy as np

    _, first, groups, counts = np.unique(values, return_index=True, return_inverse=True, return_counts=True)
    return _Key(name, groups, counts.astype(np.float64), first)


def _is_constant(values: Array, key: _Key) -> bool:
    """Whether rows of one group have one value; most columns are told apart by the first rows."""
    import numpy as np

    limit = 1e-9 * (1 + float(np.abs(values).max()))
    for rows in (slice(0, 200), slice(None)):
        if float(np.abs(values[rows] - values[key.first[key.groups[rows]]]).max()) > limit:
            return False
    several = key.counts >= 2
    return int(several.sum()) >= 4 and float(key.counts[several].sum()) >= 0.2 * len(values)


def _best(values: Array, key: _Key, targets: list[Array]) -> dict[str, float] | None:
    """How a column agrees with the means of the target over the groups, if it does."""
    import numpy as np

    said, counts = values[key.first], key.counts
    several = counts >= 2
    for target in targets:
        sums = np.bincount(key.groups, weights=target)
        near = np.abs(said - sums / counts) <= _TOLERANCE * (float(target.std()) + 1e-12)
        agree = float(counts[several & near].sum() / counts[several].sum())
        if agree >= _AGREE:
            return {"agree": agree}
        if len(counts) < 6:
            continue
        # a mean smoothed with weight m towards p is (sum + m p) / (n + m), so sum - n c is linear in c
        left = sums - counts * said
        design = np.column_stack([said, -np.ones(len(said))])
        weights = np.linalg.lstsq(design, left, rcond=None)[0]
        spread = float(((left - left.mean()) ** 2).sum())
        rest = float(((left - design @ weights) ** 2).sum())
        if weights[0] > 0 and spread > 0 and np.sqrt(rest / spread) <= _EXACT:
            return {"weight": float(weights[0]), "left": float(np.sqrt(rest / spread))}
    return None


def _encoded(name: str, key: _Key, part: str, figures: dict[str, float], rows: int) -> Finding:
    how = (
        f"in {percent(figures['agree'])} of the rows"
        if "agree" in figures
        else f"smoothed with a weight of {figures['weight']:.3g}"
    )
    over = "rows of one value" if key.name.endswith(" itself") else f"the rows with the same {key.name}"
    return Finding(
        "encoding", (name,), rows,
        f"{name} is the mean of the target over {over}, {how}, taken over the {part}: each row's own target is in it.",
        "Encode in folds (sklearn.preprocessing:TargetEncoder does), fitted on the rows to learn from.",
        figures=figures,
    )  # fmt: skip


def find_scalings(sides: Sides) -> list[Finding]:
    """Columns scaled or filled with figures of all rows, those of the test included."""
    import numpy as np

    sides.need_features()
    made = []
    for name in sides.features:
        ours, theirs = sides.train.get_column(name), sides.test.get_column(name)
        if not ours.dtype.is_float():
            continue
        complete = not ours.null_count() and not theirs.null_count()
        train, test = (as_numbers(one.drop_nulls())[0] for one in (ours, theirs))
        every = np.concatenate([train, test])
        if len(train) < 10 or not len(test) or float(np.ptp(every)) == 0 or float(np.abs(every).max()) > 1e100:
            continue
        precision = 1e-8 if ours.dtype.is_(_double()) else 1e-5
        one = _scaled(name, train, every, precision) or (_refilled(name, train, every) if complete else None)
        if one is not None:
            made.append(one)
    return made


def _double() -> Any:
    import polars as pl

    return pl.Float64


def _scaled(name: str, train: Array, every: Array, precision: float) -> Finding | None:
    """Mean 0 and standard deviation 1 over all rows to the last digit, and not over the rows to learn from."""
    mean, spread = float(every.mean()), min(abs(float(every.std(ddof=one)) - 1) for one in (0, 1))
    if abs(mean) >= precision or spread >= precision or abs(float(train.mean())) <= 10 * precision:
        return None
    if bool((every == every.round()).all()):  # codes such as -1 and 1 may well be as often each
        return None
    return Finding(
        "scaling", (name,), len(every),
        f"{name} has mean 0 and standard deviation 1 over the rows of both parts together, and mean "
        f"{train.mean():.3g} over the rows to learn from: it was scaled before the split.",
        "Scale after the split: fit(parts.train) learns the scale of the rows to learn from.",
        figures={"mean_train": float(train.mean()), "mean_all": mean},
    )  # fmt: skip


def _refilled(name: str, train: Array, every: Array) -> Finding | None:
    """Many values that are the mean (or a median off the grid of the others) of all rows, and not of those learnt."""
    import numpy as np

    limit = 1e-9 * float(every.std())
    for what, of in (("mean", np.mean), ("median", np.median)):
        value = float(of(every))
        same = np.abs(every - value) <= limit
        if same.sum() < 5 or same.all():
            continue
        others = train[np.abs(train - value) > limit]
        if abs(float(of(train)) - value) <= limit or not len(others) or abs(float(of(others)) - value) <= limit:
            continue
        if _off_grid(value, every[~same], what == "mean"):
            return Finding(
                "scaling", (name,), int(same.sum()),
                f"{int(same.sum())} values of {name} are {value:.6g}, the {what} over the rows of both parts, which "
                f"is not that of the rows to learn from: it was filled before the split.",
                "Fill after the split: fit(parts.train) learns what to fill with from the rows to learn from.",
                figures={"value": value, f"{what}_train": float(of(train))},
            )  # fmt: skip
    return None


def _off_grid(value: float, others: Array, mean: bool) -> bool:
    """Whether a value has more decimals than the others, so that it was not measured as they were.

    Where the others are on no grid, a mean is always taken for one, a median only where no other value comes often.
    """
    import numpy as np

    for digits in range(7):
        moved = others * 10.0**digits
        if np.isclose(moved, np.round(moved), rtol=0, atol=1e-4).mean() >= 0.999:
            return abs(value * 10.0**digits - round(value * 10.0**digits)) > 1e-4
    return mean or int(np.unique(others, return_counts=True)[1].max()) <= 2
