"""Annotations carry schemas, ours and pandera's, and a table is checked against either the same way."""

from __future__ import annotations

import subprocess
import sys
import typing

import pandas as pd
import polars as pl
import pytest

from solvent.data.contract import Contract, bare_annotation, check_schema, check_table, schema_of
from solvent.errors import DataError, UsageError

pandera = pytest.importorskip("pandera")
import pandera.pandas as pp  # noqa: E402
import pandera.polars as pa  # noqa: E402
import pandera.typing as ppt  # noqa: E402
import pandera.typing.polars as pt  # noqa: E402


class Shop(pa.DataFrameModel):
    """A model of Polars."""

    a: int = pa.Field(ge=0)
    b: str = pa.Field(isin=["x", "y"], unique=True)

    @pa.dataframe_check
    def small(cls, data):
        """a is below 5."""
        return data.lazyframe.select(pl.col("a") < 5)


class PandasShop(pp.DataFrameModel):
    """The same for pandas."""

    a: int = pp.Field(ge=0)
    b: str = pp.Field(isin=["x", "y"], unique=True)

    @pp.dataframe_check
    def small(cls, df):
        """a is below 5."""
        return df["a"] < 5


ROWS = pl.DataFrame({"a": [1, -1, 7], "b": ["x", "x", "z"]})
CONTRACT = Contract.from_json({"columns": {"a": {"min": 0}}})


@pytest.mark.parametrize(
    ("annotation", "schema", "frame"),
    [
        (pt.DataFrame[Shop], Shop, pl.DataFrame),
        (pt.LazyFrame[Shop], Shop, pl.LazyFrame),
        (ppt.DataFrame[PandasShop], PandasShop, pd.DataFrame),
        (typing.Annotated[pl.DataFrame, Shop], Shop, None),
        (typing.Annotated[pl.DataFrame, "words", CONTRACT], CONTRACT, None),
        (typing.Annotated[pl.DataFrame, CONTRACT] | None, CONTRACT, None),
        (pt.DataFrame[Shop] | None, Shop, pl.DataFrame | None),
        (pl.DataFrame, None, None),
        (typing.Annotated[pt.DataFrame[Shop], "words"], Shop, typing.Annotated[pl.DataFrame, "words"]),
        (typing.Annotated[int, 5], None, None),
        (list[int], None, None),
        (typing.Any, None, None),
    ],
)
def test_an_annotation_tells_its_schema(annotation, schema, frame):
    """The schema, or none; and the frame that pandera's own annotation stands for."""
    assert schema_of(annotation) is schema
    assert bare_annotation(annotation) == (frame or annotation)
    assert frame is not None or bare_annotation(annotation) is annotation


def test_a_schema_object_is_one_too():
    """What a model makes is a schema as the model is."""
    made = Shop.to_schema()
    assert schema_of(typing.Annotated[pl.DataFrame, made]) is made


@pytest.mark.parametrize("schema", [Shop, PandasShop, Shop.to_schema(), PandasShop.to_schema()])
@pytest.mark.parametrize(
    "table", [ROWS, ROWS.lazy(), ROWS.to_pandas(), ROWS.to_arrow()], ids=["df", "lazy", "pd", "pa"]
)
def test_pandera_names_the_rows(schema, table):
    """Each check that is broken is a finding with its rows, whichever frame the rows come in."""
    checked = check_schema(table, schema)
    rows = {one.path: [example["row"] for example in one.examples] for one in checked.failed}
    assert rows == {
        "columns.a.greater_than_or_equal_to(0)": [1],
        "columns.b.field_uniqueness": [0, 1],
        "columns.b.isin(['x', 'y'])": [2],
        "rules.small": [2],
    }
    assert check_schema(ROWS.head(1), schema).ok


@pytest.mark.parametrize("schema", [Shop, PandasShop])
def test_a_missing_column_does_not_cascade(schema):
    """What cannot be computed without a column, or over another type, is skipped, not broken."""
    checked = check_schema(ROWS.select("b"), schema)
    assert {one.path for one in checked.failed} >= {"columns.a.required"}
    assert "rules.small" in {one.path for one in checked.skipped}
    checked = check_schema(pl.DataFrame({"a": ["q"], "b": ["x"]}), schema)
    assert [one.path.split("(")[0] for one in checked.failed] == ["columns.a.dtype"]


def test_an_index_of_pandas_names_rows_by_its_labels():
    """Rows of a frame with an index of its own are named by the index."""
    checked = check_schema(ROWS.to_pandas().set_index(pd.Index(["r", "s", "t"])), PandasShop)
    (finding,) = [one for one in checked.failed if "greater" in one.path]
    assert dict(finding.examples[0]) == {"row": None, "key": {"index": "s"}, "value": "-1"}


def test_contracts_are_schemas_and_other_things_are_not():
    """A contract is checked by itself; what is no schema is refused."""
    assert [one.path for one in check_schema(ROWS, CONTRACT).failed] == ["columns.a.min"]
    with pytest.raises(UsageError, match="no schema"):
        check_schema(ROWS, int)


def test_looking_at_annotations_does_not_import_pandera():
    """Asking an annotation for its schema imports neither pandera nor any kind of frame."""
    code = (
        "import sys; from solvent.data.contract import schema_of; assert schema_of(list[int]) is None; "
        "assert not {'pandera', 'polars', 'pandas', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_table_is_let_through_or_refused(tmp_path):
    """The body of a step: rows kept and set aside, the report, or an error that tells every violation."""
    contract = {"columns": {"a": {"min": {"is": 0, "severity": "quarantine"}}, "b": {"values": ["x", "z"]}}}
    kept, aside, report = check_table(ROWS, contract=contract)
    assert kept.collect()["a"].to_list() == [1, 7] and aside.collect()["a"].to_list() == [-1]
    assert report["ok"] and report["quarantined"] == 1
    (tmp_path / "c.yaml").write_text("columns: {b: {values: [x]}}")
    with pytest.raises(DataError, match=r"row 2: 'z'"):
        check_table(ROWS, contract=tmp_path / "c.yaml")
    assert not check_table(ROWS, contract=str(tmp_path / "c.yaml"), on_fail="report").report["ok"]
