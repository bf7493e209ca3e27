"""Contracts in annotations and as a step: what breaks one is refused or set aside, and nothing is stale."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated

import pandera.polars as pa
import polars as pl
import pytest
from pandera.typing.polars import DataFrame

import solvent as sv
from solvent.data.contract import Contract
from solvent.errors import RunFailed
from solvent.learn import check_table

NARROW = Contract.from_json({"columns": {"x": {"type": "int64", "min": 0, "max": 10}}, "extra": "allow"})


class Model(pa.DataFrameModel):
    """What pandera asks for."""

    x: int = pa.Field(ge=0)


@sv.step
def take(rows: Annotated[pl.DataFrame, NARROW]) -> int:
    """Held to a contract on the way in."""
    return rows.height


@sv.step
def give(rows: pl.DataFrame, *, times: int = 1) -> Annotated[pl.LazyFrame, NARROW]:
    """Held to a contract on the way out."""
    return rows.lazy().with_columns(pl.col("x") * times)


@sv.step
def modelled(rows: DataFrame[Model]) -> int:
    """Held to a schema of pandera."""
    return rows.height


@sv.step(rowwise=True)
def by_block(rows: Annotated[pl.DataFrame, NARROW]) -> pl.DataFrame:
    """Held to a contract as a whole, though it sees a block at a time."""
    return rows.select("x")


@sv.pipeline
def taking(rows: pl.DataFrame) -> int:
    """One step."""
    return take(rows)


@sv.pipeline
def giving(rows: pl.DataFrame) -> pl.LazyFrame:
    """One step."""
    return give(rows)


@sv.pipeline
def modelling(rows: pl.DataFrame) -> int:
    """One step."""
    return modelled(rows)


@sv.pipeline
def blockwise(rows: pl.DataFrame) -> pl.DataFrame:
    """One step."""
    return by_block(rows)


@sv.pipeline
def checking(rows: pl.DataFrame) -> pl.LazyFrame:
    """A step of the library."""
    passed = check_table(rows)
    return passed.kept


GOOD, BAD = pl.DataFrame({"x": [1, 2, 3]}), pl.DataFrame({"x": [1, -2, 3]})


@pytest.mark.parametrize("pipeline", [taking, giving, modelling, blockwise])
def test_a_table_that_breaks_its_contract_fails_the_step(project, pipeline):
    """Good rows pass; bad ones fail the step that says so, with the column and the row."""
    assert sv.run(pipeline, inputs={"rows": GOOD}, project=project).status == "succeeded"
    with pytest.raises(RunFailed) as caught:
        sv.run(pipeline, inputs={"rows": BAD}, project=project)
    text = str(caught.value.__cause__)
    assert "contract" in text and "x" in text and "-2" in text
    assert sv.run(pipeline, inputs={"rows": GOOD}, project=project).status == "succeeded"


def test_what_a_step_made_against_its_contract_is_not_kept(project):
    """The step failed, and no table of it is in the catalog."""
    with pytest.raises(RunFailed):
        sv.run(giving, inputs={"rows": GOOD}, config={"steps": {"give": {"times": 9}}}, project=project)
    rows = project.catalog.read("SELECT status FROM step_runs WHERE path = 'give'")
    assert rows == [("failed",)]
    outputs = "SELECT count(*) FROM outputs o JOIN step_runs s ON s.id = o.step_run WHERE s.path = 'give'"
    assert project.catalog.read(outputs) == [(0,)]


def test_another_contract_is_another_key():
    """The digest of the contract in an annotation is part of the step's key."""
    from solvent.engine.execute.calling.contracts import schema_digests

    wider = Contract.from_json({"columns": {"x": {"type": "int64", "min": -5, "max": 10}}, "extra": "allow"})
    one = schema_digests({"rows": Annotated[pl.DataFrame, NARROW], "n": int})
    other = schema_digests({"rows": Annotated[pl.DataFrame, wider], "n": int})
    assert set(one) == set(other) == {"rows"} and one != other


def test_rows_are_set_aside_and_an_edited_contract_is_not_stale(project):
    """The library's step reads the contract's file: an edit of it runs the step again."""
    file = project.root / "rows.yaml"
    text = "contract: contract.1\nextra: allow\ncolumns:\n  x: {type: int64, min: {is: 0, severity: quarantine}}\n"
    file.write_text(text)
    config = {"steps": {"check_table": {"contract": "rows.yaml"}}}
    run = sv.run(checking, inputs={"rows": BAD}, config=config, project=project)
    assert run.value().collect()["x"].to_list() == [1, 3]
    assert run["check_table"].value("quarantined").collect()["x"].to_list() == [-2]
    assert sv.run(checking, inputs={"rows": BAD}, config=config, project=project)["check_table"].status == "reused"
    file.write_text(text.replace("is: 0", "is: 2"))
    again = sv.run(checking, inputs={"rows": BAD}, config=config, project=project)
    assert again["check_table"].status == "ran"
    assert again.value().collect()["x"].to_list() == [3]


WARNING = Contract.from_json({"columns": {"x": {"max": {"is": 5, "severity": "warn"}}}, "extra": "allow"})
ASIDE = Contract.from_json({"columns": {"x": {"max": {"is": 5, "severity": "quarantine"}}}, "extra": "allow"})


@sv.step
def warned(rows: Annotated[pl.DataFrame, WARNING]) -> Annotated[pl.DataFrame, WARNING]:
    """A contract that only warns, on both sides."""
    return rows


@sv.step
def quarantined(rows: Annotated[pl.DataFrame, ASIDE]) -> int:
    """A contract that sets rows aside, which an annotation cannot."""
    return rows.height


@sv.pipeline
def warning(rows: pl.DataFrame) -> pl.DataFrame:
    """One step."""
    return warned(rows)


@sv.pipeline
def quarantining(rows: pl.DataFrame) -> int:
    """One step."""
    return quarantined(rows)


def test_what_a_contract_warns_of_is_told_and_kept_with_the_run(tmp_path):
    """The table passes; the step's notes say what is broken, on its way in and on its way out."""
    fine = sv.run(warning, inputs={"rows": pl.DataFrame({"x": [1]})}, project=tmp_path)
    assert "warnings" not in fine["warned"].notes
    run = sv.run(warning, inputs={"rows": pl.DataFrame({"x": [1, 9]})}, project=tmp_path)
    assert run.value().height == 2
    coming, going = run["warned"].notes["warnings"]
    assert (
        coming.startswith("warned: rows: ") and going.startswith("warned: ") and "which its contract warns of" in going
    )


def test_an_annotation_that_would_have_to_set_rows_aside_refuses_them(tmp_path):
    """It says what sets them aside; without such rows it has nothing against the table."""
    assert sv.run(quarantining, inputs={"rows": pl.DataFrame({"x": [1]})}, project=tmp_path).value() == 1
    with pytest.raises(RunFailed, match="check_table"):
        sv.run(quarantining, inputs={"rows": pl.DataFrame({"x": [1, 9]})}, project=tmp_path)


@pytest.mark.slow
def test_a_schema_of_pandera_with_a_check_does_not_hinder_reuse(tmp_path):
    """Pandera fills its table of back ends at the first validation of a process, which is no change of the schema."""
    (tmp_path / "held.py").write_text(
        "from typing import Annotated\n"
        "import pandas as pd\nimport pandera.pandas as pap\nimport solvent as sv\n"
        "S = pap.DataFrameSchema({'price': pap.Column(float, pap.Check.ge(0))})\n\n"
        "@sv.step\ndef held(rows: Annotated[pd.DataFrame, S]) -> int:\n    return len(rows)\n\n"
        "@sv.pipeline\ndef holding(rows: pd.DataFrame) -> int:\n    return held(rows)\n"
    )
    (tmp_path / "held.yaml").write_text("pipeline: held:holding\ninputs:\n  rows: rows.csv\n")
    (tmp_path / "rows.csv").write_text("price\n1.5\n2\n")
    (tmp_path / "solvent.toml").write_text("")
    told = [
        subprocess.run(
            [sys.executable, "-m", "solvent", "run", "held.yaml"], cwd=tmp_path, capture_output=True, text=True
        )
        for _ in range(2)
    ]
    assert [one.returncode for one in told] == [0, 0], told
    assert "was changed" not in told[0].stdout + told[0].stderr
    assert "all reused" in told[1].stdout
