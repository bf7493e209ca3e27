"""A graph that the settings declare by ``of:`` is the pipeline that a function would have wired, key for key."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import solvent as sv
from solvent.data import is_table_type
from solvent.engine.planning.plan import Request, make_plan
from solvent.engine.project import find_project
from solvent.errors import PlanError, SettingsError
from solvent.graph.declared.writing import write_python

STEPS = """
from __future__ import annotations
from typing import NamedTuple
import polars as pl
import solvent as sv

class Halves(NamedTuple):
    low: pl.DataFrame
    high: pl.DataFrame

@sv.step
def halve(rows: pl.DataFrame, *, at: int = 2) -> Halves:
    return Halves(rows.filter(pl.col("x") < at), rows.filter(pl.col("x") >= at))

@sv.step
def total(rows: pl.DataFrame, *more: pl.DataFrame, times: int = 1) -> int:
    return (int(rows["x"].sum()) + sum(int(one["x"].sum()) for one in more)) * times

@sv.step
def numbers(*, upto: int = 3) -> list[int]:
    return list(range(upto))

@sv.step
def double(one: int, offset: int = 0, *, seed: int = sv.required) -> int:
    return 2 * one + offset + 0 * seed

@sv.step
def describe(found: dict[str, int], names: list[int]) -> str:
    return f"{found} {names}"

@sv.step
def refuse(rows: pl.DataFrame) -> pl.DataFrame:
    return rows

def make() -> object:
    raise NotImplementedError

class Both:
    def fit(self, rows: pl.DataFrame) -> None: ...
    def transform(self, rows: pl.DataFrame) -> pl.DataFrame: ...
    def predict(self, rows: pl.DataFrame) -> list[int]: ...
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "solvent.toml").write_text("")
    (tmp_path / "graph_steps.py").write_text(STEPS)
    (tmp_path / "rows.csv").write_text("x,y\n1,a\n2,b\n3,a\n4,b\n")
    monkeypatch.chdir(tmp_path)
    path = list(sys.path)
    yield tmp_path
    sys.path[:] = path
    for name in ("graph_steps", "graph_written"):
        sys.modules.pop(name, None)


def _run(folder: Path, text: str, **more: Any) -> sv.Run[Any]:
    (folder / "graph.yaml").write_text(text)
    return sv.run("graph.yaml", project=folder, **more)


def _plan(folder: Path, text: str) -> Any:
    (folder / "graph.yaml").write_text(text)
    project = find_project(folder)
    return make_plan(Request(None, [folder / "graph.yaml"]), project)


GRAPH = """
name: halves
inputs: {rows: {files: rows.csv}}
steps:
  sum-up: {use: "graph_steps:total", of: [parts.low, parts.high], times: 3}
  parts: {use: "graph_steps:halve", of: rows, at: 3}
"""


def test_steps_are_done_after_what_they_are_of_whatever_their_order(folder: Path) -> None:
    """The sum stands first in the file, and is done last; what nobody needs is the result."""
    run = _run(folder, GRAPH)
    assert run.value() == 30
    assert [one.name for one in run.steps] == ["inputs/rows", "parts", "sum-up"]


def test_the_function_that_is_written_has_the_same_keys(folder: Path) -> None:
    """Run after the settings' own graph, the function finds everything done."""
    graph = """
name: halves
inputs: {rows: {files: rows.csv}}
steps:
  parts: {use: "graph_steps:halve", of: rows, at: 3}
  class: {use: "graph_steps:total", of: [parts.low, parts.high], times: 3}
  sv: {use: "graph_steps:numbers"}
  twice: {use: "graph_steps:double", of: [each: sv, class]}
  inner:
    of: {table: rows}
    steps:
      halve: {use: "graph_steps:halve", of: table}
      total: {use: "graph_steps:total", of: halve.high}
  told: {use: "graph_steps:describe", of: {found: {a: class, b: inner}, names: [class, inner]}}
"""
    first = _run(folder, graph)
    plan = _plan(folder, graph)
    (folder / "graph_written.py").write_text(write_python(plan.pipeline, "graph.yaml", is_table_type))
    importlib.invalidate_caches()
    second = _run(
        folder,
        """
pipeline: graph_written:halves
inputs: {rows: {files: rows.csv}}
steps:
  parts: {at: 3}
  class: {times: 3}
""",
    )
    assert first.value() == second.value()
    assert {one.name: one.status for one in second.steps if not one.name.startswith("inputs")} == {
        one.name: "reused" for one in first.steps if not one.name.startswith("inputs")
    }


def test_settings_say_what_is_done_as_of_any_pipeline(folder: Path) -> None:
    """Settings, overrides, where each value stands, and results by the names of steps."""
    run = _run(folder, GRAPH, set=["steps.sum-up.times=1", "steps.parts.at=9"])
    assert run["sum-up"].value() == 10 and run["parts"].value("high").height == 0
    plan = _plan(folder, GRAPH)
    assert str(plan.nodes["parts"].node.settings["at"].origin) == "graph.yaml:6"
    assert plan.nodes["parts"].node.where == "graph.yaml:6"


def test_several_ends_are_a_result_by_name_and_result_chooses(folder: Path) -> None:
    """Two steps that nobody needs make a dict; ``result:`` names one output, or several."""
    two = GRAPH + '  other: {use: "graph_steps:total", of: parts.low}\n'
    assert _run(folder, two).value() == {"sum-up": 30, "other": 3}
    assert _run(folder, two + "result: other\n").value() == 3
    chosen = _run(folder, two + "result: {low: parts.low, all: sum-up}\n").value()
    assert chosen["all"] == 30 and chosen["low"].height == 2


def test_a_step_is_mapped_over_each_item(folder: Path) -> None:
    """``each:`` maps over a list, the other data goes to every item."""
    graph = """
name: mapped
steps:
  numbers: {use: "graph_steps:numbers", upto: 4}
  ten: {use: "graph_steps:double", of: five}
  five: {use: "graph_steps:total", of: rows}
  doubled: {use: "graph_steps:double", of: [each: numbers, ten]}
inputs: {rows: {files: rows.csv}}
result: doubled
"""
    assert _run(folder, graph).value() == [20, 22, 24, 26]


def test_learning_and_delivery_are_found_by_short_names(folder: Path) -> None:
    """A split, a transform, a model that a role adapts, and its evaluation, without a line of Python."""
    (folder / "rows.csv").write_text("id,x,y\n" + "".join(f"{n},{n % 7},{int(n % 7 > 3)}\n" for n in range(200)))
    graph = """
name: learnt
inputs: {rows: {files: rows.csv}}
steps:
  parts: {use: hash_split, of: rows, by: id, test: 0.3}
  features: {use: fit, of: parts.train, target: y, drop: [id]}
  scaled: {use: [fit, "sklearn.preprocessing:StandardScaler"], of: ready, target: y}
  ready: {use: transform, of: [features, parts.train]}
  given: {use: transform, of: [scaled, ready]}
  model: {use: "sklearn.linear_model:LogisticRegression", of: given, target: y, with: {C: 10.0}}
  predictor: {use: assemble, of: [features, scaled, model]}
  report: {use: evaluate, of: [predictor, parts.test], target: y, draws: 0}
"""
    run = _run(folder, graph)
    assert run["report"].value().figures["roc_auc"].value > 0.99
    assert type(run["model"].value()).__name__ == "LogisticRegression"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("of: rows,", "of: rowz,"), "there is no step and no input 'rowz'. Did you mean 'rows'?"),
        (("of: rows,", "of: parts,"), "'sum-up', 'parts' wait for each other in a circle"),
        (("parts.high", "parts.hihg"), "'parts' has no output 'hihg'. Did you mean 'high'?"),
        (('use: "graph_steps:halve", ', ""), "steps.parts: 'use' is missing: what is done here?"),
        (("graph_steps:halve", "graph_steps:halv"), "graph_steps has no 'halv'. Did you mean 'halve'?"),
        (('"graph_steps:halve"', "hash_splt"), "there is no 'hash_splt' in solvent.learn or solvent.delivery."),
        (("graph_steps:halve", "graph_steps:make"), "say so: use: [train, 'graph_steps:make']"),
        (("graph_steps:halve", "graph_steps:Both"), "has both predict and transform; say which it is here"),
        (("at: 3", "att: 3"), "'parts' has no setting 'att'. Did you mean 'at'?"),
        (("rows: {files", "parts: {files"), "steps.parts: an input is called 'parts' too"),
        (("name: halves", ""), "give it a name: 'name: churn'"),
        (("name: halves", "name: 7 halves"), "name: '7 halves' cannot name a pipeline"),
        (("of: rows,", ""), "halve() needs data for its parameter 'rows'"),
        (("of: rows,", "of: {tables: rows},"), "halve() has no parameter 'tables'"),
    ],
)
def test_what_cannot_be_wired_is_told_with_its_line(folder: Path, change: tuple[str, str], said: str) -> None:
    """Each fault names the file, the line and the step, and what there is instead."""
    assert change[0] in GRAPH
    with pytest.raises((SettingsError, PlanError)) as raised:
        _plan(folder, GRAPH.replace(change[0], change[1], 1))
    assert said in str(raised.value)
    if "name" not in change[0]:
        assert "graph.yaml:" in str(raised.value)


def test_several_faults_are_told_at_once(folder: Path) -> None:
    """A name that is not there and a step that is not there are both said."""
    text = GRAPH.replace("of: rows,", "of: rowz,").replace("graph_steps:total", "graph_steps:totl")
    with pytest.raises(SettingsError, match=r"(?s)rowz.*totl|totl.*rowz"):
        _plan(folder, text)


def test_a_pipeline_of_code_takes_no_of_and_is_not_written_again(folder: Path) -> None:
    """Where code wires the steps, ``of:`` is a fault; and only what settings declare is written as Python."""
    (folder / "graph_written.py").write_text(
        "import solvent as sv\nfrom graph_steps import numbers\n@sv.pipeline\ndef one() -> list[int]:\n"
        "    return numbers()\n"
    )
    importlib.invalidate_caches()
    with pytest.raises(SettingsError, match="here the pipeline's code does"):
        _plan(folder, "pipeline: graph_written:one\nsteps: {numbers: {of: rows}}")
    plan = _plan(folder, "pipeline: graph_written:one")
    with pytest.raises(PlanError, match="is a function already"):
        write_python(plan.pipeline, "graph.yaml", is_table_type)


def test_a_short_name_puts_another_step_in_place_of_one_in_code(folder: Path) -> None:
    """``use: random_split`` in the settings of a pipeline that calls ``hash_split``."""
    (folder / "graph_written.py").write_text(
        "import polars as pl\nimport solvent as sv\nfrom solvent.learn import Split, hash_split\n@sv.pipeline\n"
        "def one(rows: pl.DataFrame) -> Split:\n    return hash_split(rows)\n"
    )
    importlib.invalidate_caches()
    run = _run(
        folder,
        "pipeline: graph_written:one\ninputs: {rows: {files: rows.csv}}\n"
        "steps: {hash_split: {use: random_split, test: 0.5}}",
    )
    assert run.value().test.height == 2
