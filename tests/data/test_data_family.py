"""Which types and values are tables."""

from __future__ import annotations

import subprocess
import sys
import typing
from typing import Annotated, Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from solvent.data import Table, is_table, is_table_type
from solvent.data.family import asked_kind, asking_for, frames_in

FRAMES = [
    pl.DataFrame, pl.LazyFrame, pd.DataFrame, pa.Table, pa.RecordBatchReader, ds.Dataset, ds.FileSystemDataset,
    duckdb.DuckDBPyRelation,
]  # fmt: skip


@pytest.mark.parametrize("frame", FRAMES, ids=lambda one: f"{one.__module__}.{one.__name__}")
def test_every_frame_is_of_the_family(frame):
    """Each frame type counts as a table, alone, in a union with None, and annotated."""
    assert is_table_type(frame)
    assert is_table_type(frame | None)
    assert is_table_type(Annotated[frame, "rows"])


@pytest.mark.parametrize(
    "other", [int, dict, list[pl.DataFrame], pl.Series, pd.Series, Any, object, pl.DataFrame | int]
)
def test_what_is_no_frame_is_not(other):
    """Series, containers of frames, and unions with something else are no tables."""
    assert not is_table_type(other)


def test_subclasses_are_frames_too():
    """A class derived from a frame is told by its ancestors."""

    class Mine(pd.DataFrame):
        pass

    assert is_table_type(Mine)
    assert is_table(Mine({"a": [1]}))


def test_table_is_a_marker():
    """`Table` is an annotation that every frame is an instance of, and that nobody can make."""
    assert is_table_type(Table)
    assert isinstance(pl.DataFrame(), Table)
    assert not isinstance(3, Table)
    with pytest.raises(TypeError, match=r"polars\.DataFrame"):
        Table()


def test_an_open_question_is_answered_with_polars():
    """`Any`, `Table` and type variables leave the kind open; the first frame of a union decides."""
    assert {asked_kind(one) for one in (Any, Table, object, typing.TypeVar("T"))} == {"polars.DataFrame"}
    assert asked_kind(pd.DataFrame | pl.DataFrame | None) == "pandas.DataFrame"
    assert asked_kind(int) is None


def test_asking_imports_nothing_heavy():
    """Importing the room and telling tables apart loads no frame library."""
    script = (
        "import sys; from solvent.data import is_table, is_table_type, Table;"
        "assert not is_table(3) and not is_table_type(int) and is_table_type(Table);"
        "print(sorted({'polars', 'pandas', 'pyarrow', 'numpy', 'duckdb'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


PANDAS, POLARS = pd.DataFrame({"a": [1]}), pl.DataFrame({"a": [1]})


@pytest.mark.parametrize(
    ("value", "told", "asked"),
    [
        (PANDAS, "pandas.DataFrame", pd.DataFrame),
        (POLARS.lazy(), "polars.LazyFrame", pl.LazyFrame),
        (ds.dataset(POLARS.to_arrow()), "pyarrow.dataset.Dataset", ds.Dataset),
        ([1, POLARS, PANDAS], "list[polars.DataFrame]", list[pl.DataFrame]),
        ({1: {2: (PANDAS, 1)}}, "dict[dict[tuple[pandas.DataFrame]]]", dict[Any, dict[Any, tuple[pd.DataFrame, ...]]]),
    ],
)  # fmt: skip
def test_what_a_value_holds_can_be_kept_as_text_and_asked_for_again(value, told, asked):
    """The kind of frame is told of the value, in its containers, and becomes the annotation that asks for it."""
    assert frames_in(value) == told
    assert asking_for(told) == asked


@pytest.mark.parametrize("value", [1, None, [], {}, {"a": [1]}, pd.Series([1]), "text", {1, 2}])
def test_values_without_frames_hold_none(value):
    """Nothing has to be asked for them."""
    assert frames_in(value) is None


def test_a_container_that_holds_itself_ends():
    """No depth is endless."""
    value: list[Any] = []
    value.append(value)
    assert frames_in(value) is None


def test_a_package_that_is_not_there_asks_for_nothing():
    """The table is then given as it would be without."""
    assert asking_for("no_such_package.DataFrame") is Any
