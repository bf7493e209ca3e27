"""The two sides of an audit: rows made comparable, the features among their columns, and the target in numbers."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from solvent.errors import InputError
from solvent.learn.leaks.record import NotChecked
from solvent.learn.tables.rows import check_columns, frame_from

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    Array = np.ndarray[Any, Any]

__all__ = ["Sample", "Sides", "Truth", "Wanted", "as_numbers", "filled", "make_sides", "percent", "read_truth"]

Task = Literal["binary", "classes", "regression"]

FEWEST = 50
_CLASSES = 20
_RARE = 10
_LARGEST = 1e100  # so that squares and sums of them stay numbers


@dataclass(frozen=True)
class Wanted:
    """What an audit was asked for; ``asked`` are the columns that the predictor asks for, if it says so."""

    target: str
    drop: tuple[str, ...]
    id: tuple[str, ...]
    group: str | None
    time: str | None
    known_at: Mapping[str, str]
    sample: int
    seed: int
    asked: tuple[str, ...] = ()


@dataclass(frozen=True)
class Truth:
    """The target in numbers: of a class its place among ``classes``; ``places`` are the rows that it is known of."""

    task: Task
    places: Array
    values: Array
    classes: tuple[str, ...]
    numbers: Array | None

    def columns(self) -> list[Array]:
        """The target as columns of real numbers: itself where it is a number, and one column for each class."""
        import numpy as np

        made = [] if self.numbers is None else [self.numbers]
        return made + [(self.values == one).astype(np.float64) for one in range(len(self.classes))]

    def events(self) -> list[Array]:
        """What is told apart: the number itself; whether it is the second of two classes; each of several."""
        import numpy as np

        if self.task == "regression":
            return [self.values]
        if self.task == "binary":
            return [(self.values == 1).astype(np.float64)]
        return [(self.values == one).astype(np.float64) for one in range(len(self.classes))]


@dataclass(frozen=True)
class Sample:
    """Rows to learn from that are looked at in turn: the features, and the target in numbers."""

    rows: pl.DataFrame
    truth: Truth
    seed: int

    def first(self, most: int) -> Sample:
        """The first ``most`` of the rows, which were drawn at random."""
        import numpy as np

        if self.rows.height <= most:
            return self
        values = self.truth.values[:most]
        numbers = None if self.truth.numbers is None else self.truth.numbers[:most]
        return Sample(
            self.rows[:most],
            Truth(self.truth.task, np.arange(most), values, self.truth.classes, numbers),
            self.seed,
        )


@dataclass(frozen=True)
class Sides:
    """Both parts with the same columns in the same types, and which of them are features."""

    train: pl.DataFrame
    test: pl.DataFrame
    features: tuple[str, ...]
    wanted: Wanted
    left_out: Mapping[str, str]

    @cached_property
    def truth(self) -> Truth:
        """The target of every row to learn from; raises :class:`NotChecked` where it tells nothing."""
        return read_truth(self.train.get_column(self.wanted.target))

    @cached_property
    def sample(self) -> Sample:
        """Some of the rows to learn from, drawn at random among those that the target is known of."""
        import numpy as np

        self.need_features()
        places = self.truth.places
        dice = np.random.default_rng(self.wanted.seed)
        chosen = dice.permutation(places)[: self.wanted.sample]
        truth = read_truth(self.train.get_column(self.wanted.target)[chosen], merge=True)
        kept = chosen[truth.places]
        return Sample(self.train.select(self.features)[kept], truth, self.wanted.seed)

    def need_features(self) -> None:
        """Raise :class:`NotChecked` where no column is a feature."""
        if not self.features:
            raise NotChecked("no column is left beside target, drop and id")

    def numeric(self) -> list[str]:
        """The features that are numbers."""
        schema = self.train.schema
        return [name for name in self.features if schema[name].is_numeric()]


def make_sides(train: pl.DataFrame, test: pl.DataFrame, wanted: Wanted) -> Sides:
    """Bring both parts to the same columns; raises :class:`InputError` for a column that is asked for and not there."""
    import polars as pl

    asked = [*wanted.drop, *wanted.id, wanted.group, wanted.time, *wanted.known_at]
    check_columns(train, [wanted.target, *asked], "audit_leaks: train")
    check_columns(test, [*wanted.id, wanted.group, wanted.time], "audit_leaks: test")
    _check_types(train, test, wanted)
    left_out: dict[str, str] = {}
    ours: list[pl.Series] = []
    theirs: list[pl.Series] = []
    there = set(test.columns)
    for name in train.columns:
        one = _plain(train.get_column(name))
        other = _plain(test.get_column(name)) if name in there else None
        if other is None:
            if name != wanted.target:
                left_out[name] = "it is not in the test rows"
                continue
            other = pl.Series(name, [None] * test.height, dtype=one.dtype)
        if one.dtype != other.dtype:
            dtypes = one.dtype, other.dtype
            one, other = _alike(one, other)
            if one.dtype != other.dtype:
                left_out[name] = f"it is {dtypes[0]} in the rows to learn from and {dtypes[1]} in the test rows"
                if name not in asked and name != wanted.target:
                    continue
                other = pl.Series(name, [None] * test.height, dtype=one.dtype)
        if one.dtype.is_nested() or one.dtype in (pl.Binary, pl.Object):
            left_out[name] = f"its values are {one.dtype}, which no statistic of an audit takes"
        ours.append(one)
        theirs.append(other)
    gone = {wanted.target, *wanted.drop, *wanted.id, *left_out}
    features = [one.name for one in ours if one.name not in gone]
    if wanted.asked:
        needed = set(wanted.asked)
        features = [name for name in features if name in needed] or features
    return Sides(frame_from(ours), frame_from(theirs), tuple(features), wanted, left_out)


def _check_types(train: pl.DataFrame, test: pl.DataFrame, wanted: Wanted) -> None:
    """Raise :class:`InputError` for a time that has no order, and for roles whose types differ between the parts."""
    import polars as pl

    for role, name in (("time", wanted.time), ("group", wanted.group), *(("id", one) for one in wanted.id)):
        if name is None:
            continue
        ours, theirs = _plain(train.get_column(name)), _plain(test.get_column(name))
        plain = not ours.dtype.is_nested() and ours.dtype not in (pl.Object, pl.Binary)
        if not plain or (role == "time" and ours.dtype == pl.Boolean):
            raise InputError(f"audit_leaks: {role}: {name} is {ours.dtype}, which cannot be a {role}")
        ours, theirs = _alike(ours, theirs)
        if ours.dtype != theirs.dtype:
            raise InputError(
                f"audit_leaks: {role}: {name} is {ours.dtype} in the rows to learn from and {theirs.dtype} in the test "
                f"rows; give both one type"
            )


def _plain(values: pl.Series) -> pl.Series:
    """Categories as text, decimals as real numbers, what is not a number as null."""
    import polars as pl

    if isinstance(values.dtype, (pl.Categorical, pl.Enum)):
        return values.cast(pl.String)
    if values.dtype.is_decimal() or values.dtype == pl.Null:
        return values.cast(pl.Float64)
    return values.fill_nan(None) if values.dtype.is_float() else values


def _alike(one: pl.Series, other: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Both in the type that holds either; as they are where there is none."""
    import polars as pl

    if one.null_count() == len(one):
        return one.cast(other.dtype, strict=False), other
    if other.null_count() == len(other):
        return one, other.cast(one.dtype, strict=False)
    if pl.String in (one.dtype, other.dtype):
        return one, other
    with contextlib.suppress(pl.exceptions.PolarsError):
        dtype = pl.concat([one.head(0).to_frame(), other.head(0).to_frame()], how="vertical_relaxed").dtypes[0]
        return one.cast(dtype), other.cast(dtype)
    return one, other


def read_truth(values: pl.Series, merge: bool = False) -> Truth:
    """The target in numbers. Text, booleans, and up to twenty different whole numbers are classes.

    Of more than twenty classes the rarest are one; with ``merge`` so are those of fewer than ten rows, and rows of
    a class that is rare all the same are left out. Raises :class:`NotChecked` where there is nothing to tell apart.
    """
    import numpy as np
    import polars as pl

    if values.dtype.is_nested() or values.dtype in (pl.Binary, pl.Object):
        raise NotChecked(f"the target is {values.dtype}, which is neither a class nor a number")
    if values.dtype.is_temporal():
        values = values.to_physical()
    known = values.is_not_null()
    if values.dtype.is_float():
        known = known & values.is_finite().fill_null(False)
    places = known.arg_true().to_numpy().astype(np.int64)
    kept = values.filter(known)
    if len(kept) < FEWEST:
        raise NotChecked(f"the target is known in {len(kept)} rows to learn from, and {FEWEST} are the fewest")
    different = kept.n_unique()
    if different < 2:
        raise NotChecked("the target has one value only")
    numbers = as_numbers(kept)[0] if kept.dtype.is_numeric() else None
    if (kept.dtype.is_float() and different > 2) or (kept.dtype.is_integer() and different > _CLASSES):
        assert numbers is not None
        return Truth("regression", places, numbers, (), numbers)
    codes = (kept.rank("dense") - 1).to_numpy().astype(np.int64)
    names = [str(one) for one in kept.unique().sort()]
    return _classes(places, codes, names, numbers, merge)


def _classes(places: Array, codes: Array, names: Sequence[str], numbers: Array | None, merge: bool) -> Truth:
    """Classes, the rarest of them as one."""
    import numpy as np

    counts = np.bincount(codes, minlength=len(names))
    order = np.argsort(-counts, kind="stable")
    often = [int(one) for one in order[: _CLASSES if len(names) <= _CLASSES else _CLASSES - 1]]
    kept = sorted(one for one in often if not merge or counts[one] >= _RARE)
    map_ = np.full(len(names), len(kept), dtype=np.int64)
    map_[kept] = np.arange(len(kept))
    codes, labels = map_[codes], [names[one] for one in kept]
    others = int((codes == len(kept)).sum())
    if others:
        if merge and others < _RARE:
            inside = codes < len(kept)
            places, codes = places[inside], codes[inside]
            numbers = None if numbers is None else numbers[inside]
        else:
            labels.append("others")
    if len(labels) < 2 or len(codes) < FEWEST:
        raise NotChecked(f"fewer than two classes of the target have {_RARE} rows")
    return Truth("binary" if len(labels) == 2 else "classes", places, codes, tuple(labels), numbers)


def as_numbers(values: pl.Series) -> tuple[Array, bool]:
    """A column as real numbers, null as NaN, and whether the numbers are those of categories."""
    import numpy as np
    import polars as pl

    if values.dtype == pl.String:
        codes = values.fill_null("\0").rank("dense") - 1
        return codes.to_numpy().astype(np.float64), True
    if values.dtype.is_temporal():
        values = values.to_physical()
    made = values.cast(pl.Float64).to_numpy().astype(np.float64)
    return np.clip(made, -_LARGEST, _LARGEST), False


def filled(rows: pl.DataFrame) -> Array:
    """Numbers, the mean of their column where they are missing, none so large that its square overflows."""
    import numpy as np

    made = np.column_stack([as_numbers(rows.get_column(name))[0] for name in rows.columns])
    counts = np.maximum((~np.isnan(made)).sum(axis=0), 1)
    known: Array = np.where(np.isnan(made), np.nansum(made, axis=0) / counts, made)
    return known


def percent(share: float) -> str:
    """A share in words."""
    return f"{100 * share:.2f} %" if share < 0.1 else f"{100 * share:.1f} %"
