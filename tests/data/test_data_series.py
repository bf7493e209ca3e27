"""Single columns of pandas and Polars in the archive."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import polars as pl
import pytest

import solvent as sv
from solvent.errors import DataError, NoFormat

PANDAS = {
    "numbers": pd.Series([1, 2], index=["x", "y"], name="n"),
    "missing": pd.Series([0.5, None], name=3),
    "text": pd.Series(["a", None]),
    "times": pd.Series(pd.date_range("2020", periods=2, tz="Europe/Berlin", unit="us"), name="t"),
    "categories": pd.Series(pd.Categorical(["b"], categories=["a", "b"])),
    "two levels": pd.Series([1, 2], index=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["k", "l"])),
    "none": pd.Series([], dtype="float64", name="e"),
}
POLARS = {
    "numbers": pl.Series("n", [1, None, 2**63 - 1]),
    "no name": pl.Series([0.5, float("nan"), None]),
    "text": pl.Series("größe", ["a", None, ""]),
    "times": pl.Series("t", [dt.datetime(2020, 1, 1), None]),
    "lists": pl.Series("l", [[1, 2], [], None]),
    "enum": pl.Series("e", ["a"], dtype=pl.Enum(["b", "a"])),
    "nulls": pl.Series("z", [None, None]),
    "none": pl.Series("e", [], dtype=pl.Int8),
}


@pytest.fixture
def archive(tmp_path):
    """That of a new project."""
    return sv.open(tmp_path).archive


@pytest.fixture
def kept(archive):
    """A value as it comes back from the archive."""
    return lambda value: archive.get(archive.put(value).digest)


@pytest.mark.parametrize("name", PANDAS)
def test_a_column_of_pandas_comes_back(name, kept):
    """With its index, its name and its type."""
    pd.testing.assert_series_equal(kept(PANDAS[name]), PANDAS[name], check_freq=False)


@pytest.mark.parametrize("name", POLARS)
def test_a_column_of_polars_comes_back(name, kept):
    """With its name and its type; nothing, no number and no text stay apart."""
    back = kept(POLARS[name])
    assert type(back) is pl.Series and back.name == POLARS[name].name and back.dtype == POLARS[name].dtype
    assert back.equals(POLARS[name], check_dtypes=True, null_equal=True)


def test_an_index_comes_back(kept):
    """As an index of its kind."""
    pd.testing.assert_index_equal(kept(pd.Index(["a", "b"], name="k")), pd.Index(["a", "b"], name="k"))


def test_the_library_and_the_name_are_part_of_what_a_column_is(archive):
    """The same values under another name, or of another library, are another value; equal ones are one."""
    columns = [pl.Series("a", [1]), pl.Series("b", [1]), pd.Series([1], name="a"), pd.Series([1], name="b")]
    assert len({archive.put(one).digest for one in columns}) == 4
    assert archive.put(pl.Series("a", [1])).digest == archive.put(columns[0]).digest


def test_what_no_table_keeps_is_refused(kept):
    """Objects of Python, names that are neither text nor numbers, and indexes of several levels."""
    with pytest.raises(DataError):
        kept(pl.Series("o", [object()], dtype=pl.Object))
    with pytest.raises(NoFormat, match="a name is text, a number or None"):
        kept(pd.Series([1], name=("a", "b")))
    with pytest.raises(NoFormat):
        kept(pd.MultiIndex.from_tuples([("a", 1)]))


def test_a_step_may_give_a_column_of_polars(tmp_path, monkeypatch):
    """And take it, and have it reused."""
    (tmp_path / "work.py").write_text(
        "import polars as pl\nimport solvent as sv\n\n\n@sv.step\ndef made() -> pl.Series:\n"
        "    return pl.Series('n', [1, 2])\n\n\n@sv.step\ndef total(column: pl.Series) -> int:\n"
        "    return int(column.sum())\n\n\n@sv.pipeline\ndef work() -> int:\n    return total(made())\n"
    )
    (tmp_path / "solvent.toml").write_text('code = ["."]\n')
    monkeypatch.syspath_prepend(tmp_path)
    import work

    first = sv.run(work.work, project=tmp_path)
    assert first.value() == 3
    assert [step.status for step in sv.run(work.work, project=tmp_path).steps] == ["reused", "reused"]
