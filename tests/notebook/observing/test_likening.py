"""Portraits of two values show whether these are equal, close or different, and say so where they cannot."""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from matplotlib.figure import Figure
from sklearn.cluster import KMeans
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import ShuffleSplit
from sklearn.preprocessing import StandardScaler

from solvent.notebook.observing.inside.portray import portray
from solvent.notebook.observing.likening import Likeness, liken


class Counter:
    """A class with state, as notebooks have them."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.rows = [n, n + 1]


class Slotted:
    """A class whose state is in slots."""

    __slots__ = ("n",)

    def __init__(self, n: int) -> None:
        self.n = n


@dataclass
class Point:
    """A class with fields."""

    x: float
    y: Any = None


ROWS = np.arange(60.0).reshape(20, 3) % 7
LABELS = (ROWS[:, 0] > 2).astype(int)
FRAME = pd.DataFrame(
    {"a": [1, 2, 3], "b": [0.5, None, 2.5], "c": ["x", None, "z"], "t": pd.date_range("2024", periods=3)}
)
MULTI = pd.DataFrame({"v": [1, 2]}, index=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)]))


def knot(last: int) -> list[Any]:
    """A list that is in itself."""
    made: list[Any] = [1]
    made += [made, last]
    return made


def forest(seed: int) -> RandomForestClassifier:
    """A forest of which no rows are at hand."""
    return RandomForestClassifier(4, max_depth=3, random_state=seed).fit(ROWS, LABELS)


def judged(tmp_path: Path, one: Any, other: Any) -> Likeness:
    """What is said of two values that two processes have."""
    told = []
    for side, value in (("one", one), ("other", other)):
        portray({"value": value}, str(tmp_path / side))
        told.append(__import__("json").loads((tmp_path / side / "portraits.json").read_text())["value"])
    return liken(told[0], told[1], (tmp_path / "one", tmp_path / "other"))


SAME: dict[str, Any] = {
    "whole number": lambda: 3,
    "huge number": lambda: 10**40,
    "truth": lambda: True,
    "nothing": lambda: None,
    "number": lambda: 0.1,
    "no number": lambda: float("nan"),
    "infinity": lambda: float("-inf"),
    "text": lambda: "ünï\n",
    "bytes": lambda: b"\x00\xff",
    "complex": lambda: 1 + 2j,
    "range": lambda: range(3, 9),
    "list": lambda: [1, [2.0, None], ("a",)],
    "mapping": lambda: {"a": [1], 2: {"b": None}},
    "set": lambda: {3, 1, 2},
    "counts": lambda: collections.Counter("abca"),
    "moment": lambda: dt.datetime(2024, 1, 1, tzinfo=dt.UTC),
    "decimal": lambda: decimal.Decimal("0.10"),
    "array": lambda: ROWS.copy(),
    "empty array": lambda: np.empty((0, 3)),
    "array of texts": lambda: np.array(["a", "bc"]),
    "array of objects": lambda: np.array(["a", 1, None], dtype=object),
    "array of records": lambda: np.array([(1, 2.5)], dtype=[("a", "i8"), ("b", "f8")]),
    "scalar": lambda: np.float32(0.5),
    "gaps": lambda: np.array([np.nan, 1.0]),
    "sparse": lambda: sp.csr_matrix(ROWS),
    "table": lambda: FRAME.copy(),
    "column": lambda: FRAME["b"].copy(),
    "labels": lambda: pd.Index(["a", "b"]),
    "many labels": lambda: MULTI.copy(),
    "categories": lambda: pd.Series(["a", "b", "a"], dtype="category"),
    "polars": lambda: pl.DataFrame({"a": [1, None]}),
    "table without rows": lambda: FRAME.head(0),
    "cells that are mappings": lambda: pd.DataFrame({"a": [{"x": 1}, None]}),
    "line": lambda: LinearRegression().fit(ROWS, LABELS),
    "forest": lambda: forest(1),
    "clusters": lambda: KMeans(2, random_state=0, n_init=1).fit(ROWS),
    "scaler": lambda: StandardScaler().fit(ROWS),
    "folds": lambda: ShuffleSplit(5, random_state=3),
    "words": lambda: CountVectorizer().fit(["a bc de", "bc"]),
    "own class": lambda: Counter(3),
    "own slots": lambda: Slotted(3),
    "own fields": lambda: Point(1.0, [FRAME]),
    "dice": lambda: random.Random(4),
    "generator of numbers": lambda: np.random.default_rng(4),
    "old generator": lambda: np.random.RandomState(4),
    "polynomial": lambda: np.poly1d([1.0, 2.0]),
    "groups": lambda: FRAME.groupby("a"),
    "what is in itself": lambda: knot(2),
    "function in a mapping": lambda: {"f": lambda x: x + 1},
    "period": lambda: pd.period_range("2024", periods=3),
    "interval": lambda: pd.interval_range(0, 3),
}


@pytest.mark.parametrize("kind", SAME)
def test_what_is_made_twice_is_equal(tmp_path: Path, kind: str) -> None:
    """Values of every kind that notebooks end with."""
    assert judged(tmp_path, SAME[kind](), SAME[kind]()).verdict == "equal"


def changed(table: pd.DataFrame, column: str, value: Any) -> pd.DataFrame:
    """The table with another value in its last row."""
    made = table.copy()
    made.loc[made.index[-1], column] = value
    return made


OTHERS: dict[str, tuple[Any, Any]] = {
    "whole numbers": (1, 2),
    "a number and a truth": (1, True),
    "kinds of numbers": (1, 1.5),
    "nothing and 0": (None, 0),
    "texts": ("a", "a "),
    "lists": ([1, 2], [1]),
    "order": ([1, 2], [2, 1]),
    "list and tuple": ([1], (1,)),
    "keys": ({"a": 1}, {"b": 1}),
    "values": ({"a": [1]}, {"a": [2]}),
    "sets": ({1}, {2}),
    "bytes": (b"a", b"b"),
    "moments": (dt.date(2024, 1, 1), dt.date(2024, 1, 2)),
    "gap and number": (np.array([np.nan]), np.array([0.0])),
    "one cell": (ROWS, np.where(ROWS[19, 2] == ROWS, ROWS + 1e-3, ROWS)),
    "shapes": (ROWS, ROWS.T),
    "kinds of arrays": (np.array([1]), np.array(["1"])),
    "records": (np.array([(1,)], "i8,"), np.array([(2,)], "i8,")),
    "objects": (np.array(["a"], object), np.array(["b"], object)),
    "sparse": (sp.csr_matrix(ROWS), sp.csr_matrix(ROWS * 2)),
    "a cell of a table": (FRAME, changed(FRAME, "c", "y")),
    "a number of a table": (FRAME, changed(FRAME, "b", 2.6)),
    "a moment of a table": (FRAME, changed(FRAME, "t", pd.Timestamp("2025"))),
    "rows": (FRAME, FRAME.head(2)),
    "names": (FRAME, FRAME.rename(columns={"a": "A"})),
    "order of columns": (FRAME, FRAME[["b", "a", "c", "t"]]),
    "order of rows": (FRAME, FRAME[::-1]),
    "labels": (FRAME, FRAME.set_index(pd.Index([0, 1, 3]))),
    "deep labels": (MULTI, MULTI.set_index(pd.MultiIndex.from_tuples([("a", 1), ("b", 3)]))),
    "categories": (pd.Series(["a"], dtype="category"), pd.Series(["b"], dtype="category")),
    "cells that are mappings": (pd.DataFrame({"a": [{"x": 1}]}), pd.DataFrame({"a": [{"x": 2}]})),
    "polars": (pl.DataFrame({"a": [1, 2]}), pl.DataFrame({"a": [1, 3]})),
    "forests": (forest(1), forest(2)),
    "lines": (LinearRegression().fit(ROWS, LABELS), LinearRegression().fit(ROWS, ROWS[:, 1])),
    "models": (LinearRegression().fit(ROWS, LABELS), StandardScaler().fit(ROWS)),
    "settings of folds": (ShuffleSplit(5, random_state=3), ShuffleSplit(5, random_state=4)),
    "words": (CountVectorizer().fit(["a bc"]), CountVectorizer().fit(["a bd"])),
    "state": (Counter(1), Counter(2)),
    "slots": (Slotted(1), Slotted(2)),
    "fields": (Point(1.0, [1]), Point(1.0, [2])),
    "classes": (Counter(1), Slotted(1)),
    "dice": (random.Random(1), random.Random(2)),
    "generators": (np.random.default_rng(1), np.random.default_rng(2)),
    "what is in itself": (knot(2), knot(3)),
    "polynomials": (np.poly1d([1.0, 2.0]), np.poly1d([1.0, 3.0])),
    "functions": ({"f": len}, {"f": abs}),
    "periods": (pd.period_range("2024", periods=3), pd.period_range("2025", periods=3)),
    "groups": (FRAME.groupby("a"), FRAME.groupby("c")),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_another_is_different(tmp_path: Path, kind: str) -> None:
    """One changed cell, one other class, one other seed: nothing of it is taken for the same."""
    said = judged(tmp_path, *OTHERS[kind])
    assert said.verdict == "different", said


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pd.array([1, 2], dtype="Int64"), [1, 2]),
        (pd.array([1, None], dtype="Int64"), [1.0, np.nan]),
        (pd.array([0.5, None], dtype="Float64"), [0.5, np.nan]),
        (pd.array([True, False], dtype="boolean"), [True, False]),
    ],
)
def test_a_nullable_column_is_close_to_one_that_holds_the_same(tmp_path: Path, one: Any, other: list[Any]) -> None:
    """A table keeps whether a value is missing, and not by which of pandas' types; its type is said."""
    said = judged(tmp_path, pd.DataFrame({"a": one}), pd.DataFrame({"a": other}))
    assert said.verdict == "close"
    assert said.why.startswith("a: the type is ")
    changed_ = [other[0] + 1 if other[0] is not True else False, other[1]]
    assert judged(tmp_path, pd.DataFrame({"a": one}), pd.DataFrame({"a": changed_})).verdict == "different"


def test_numbers_that_no_float_holds_are_not_compared_as_such(tmp_path: Path) -> None:
    """One apart is another one, beside a missing one too."""
    one, other = (pd.DataFrame({"a": pd.array([2**60 + add, None], dtype="Int64")}) for add in (0, 1))
    assert judged(tmp_path, one, one).verdict == "equal"
    assert judged(tmp_path, one, other).verdict == "different"


def archived(tmp_path: Path, name: str, top: float) -> Any:
    """Arrays in a file of NumPy's, opened again."""
    np.savez(tmp_path / name, rows=np.array([1.0, top]))
    return np.load(tmp_path / f"{name}.npz")


def test_an_archive_of_arrays_is_what_it_holds(tmp_path: Path) -> None:
    """Not where it lies."""
    assert judged(tmp_path, archived(tmp_path, "a", 2.0), archived(tmp_path, "b", 2.0)).verdict == "equal"
    assert judged(tmp_path, archived(tmp_path, "a", 2.0), archived(tmp_path, "c", 3.0)).verdict == "different"


def drawn(height: float, title: str = "a", bar: float = 0.0) -> Any:
    """A picture with a line, a bar, dots and a title."""
    figure = Figure()
    axis = figure.add_subplot()
    axis.plot([1, 2], [3, height - bar])
    axis.bar([1], [height])
    axis.scatter([0], [1])
    axis.set_title(title)
    return figure


def test_pictures_are_compared_by_what_they_show(tmp_path: Path) -> None:
    """Lines, bars, dots, titles and axes; not by their pixels."""
    assert judged(tmp_path, drawn(2), drawn(2)).verdict == "equal"
    assert judged(tmp_path, drawn(2).axes[0], drawn(2).axes[0]).verdict == "equal"
    assert judged(tmp_path, drawn(2), drawn(2.5)).verdict == "different"
    assert judged(tmp_path, drawn(2), drawn(2, "b")).verdict == "different"
    assert judged(tmp_path, drawn(2), drawn(2.5, bar=0.5)).verdict == "different"  # only the bar is higher
    assert judged(tmp_path, drawn(2), Figure()).verdict == "different"
    grids = [np.array([drawn(2).axes[0], drawn(height).axes[0]], object) for height in (3, 3, 4)]
    assert judged(tmp_path, grids[0], grids[1]).verdict == "equal"
    assert judged(tmp_path, grids[0], grids[2]).verdict == "different"
    for part in (lambda axis: axis.get_lines(), lambda axis: axis.patches[0], lambda axis: axis.title):
        one, same, other = (part(drawn(*how).axes[0]) for how in ((2,), (2,), (3, "b")))
        assert judged(tmp_path, one, same).verdict == "equal"
        assert judged(tmp_path, one, other).verdict == "different"


def test_numbers_that_are_a_billionth_apart_are_close(tmp_path: Path) -> None:
    """And those that are more are not; the scale of an array is that of its largest number."""
    assert judged(tmp_path, 1.0, 1.0 + 1e-12).verdict == "close"
    assert judged(tmp_path, 1.0, 1.0 + 1e-6).verdict == "different"
    assert judged(tmp_path, ROWS, ROWS * (1 + 1e-12)).verdict == "close"
    assert judged(tmp_path, np.array([1.0, 1e-20]), np.array([1.0, 0.0])).verdict == "close"
    assert judged(tmp_path, ROWS, ROWS.astype("f4")).verdict == "close"
    assert judged(tmp_path, FRAME, FRAME.assign(b=FRAME["b"] * (1 + 1e-12))).verdict == "close"
    assert judged(tmp_path, [1.0, {"a": 2.0}], [1.0, {"a": 2.0 + 1e-12}]).verdict == "close"


def test_where_a_table_differs_is_said(tmp_path: Path) -> None:
    """The column, the row, and both values."""
    said = judged(tmp_path, FRAME, changed(FRAME, "c", "y"))
    assert said.why == "c: first in row 2: 'z' and 'y'"
    assert "only in the first: ['a']" in judged(tmp_path, FRAME, FRAME.drop(columns="a")).why


def test_what_cannot_be_compared_is_said_and_never_called_equal(tmp_path: Path) -> None:
    """What is gone through once, what is open, and code that is written differently."""
    with (tmp_path / "open.txt").open("w") as file:
        for one in ((n for n in range(3)), file, pd.DataFrame({"a": [object()]}), {"f": lambda x: x + 1}):
            other = {"f": lambda x: x + 2} if isinstance(one, dict) else one
            said = judged(tmp_path, one, other)
            assert said.verdict == "not compared" and said.why, one
