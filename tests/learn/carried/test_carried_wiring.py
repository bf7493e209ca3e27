"""In a pipeline: steps go along with the settings that they have there, and what does not is told."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import solvent as sv
from solvent.engine.project import find_project
from solvent.errors import PlanError, RunFailed, SettingsError
from solvent.learn import Predictor, RowFunction

STEPS = """
from __future__ import annotations
import polars as pl
import solvent as sv
from solvent.learn import Predictor, assemble, evaluate, fit, lookup, random_split, train, transform
from solvent.learn import audit_leaks

@sv.step
def rows() -> pl.DataFrame:
    return pl.DataFrame({
        "x": [float(one) for one in range(200)],
        "plane": [one % 4 for one in range(200)],
        "late": [one > 99 for one in range(200)],
    })

@sv.step
def planes() -> pl.DataFrame:
    return pl.DataFrame({"plane": [0, 1, 2], "seats": [10, 20, 30]})

@sv.step(rowwise=True)
def known(table: pl.DataFrame) -> pl.DataFrame:
    return table.filter(pl.col("late").is_not_null())

@sv.step(rowwise=True)
def scaled(table: pl.DataFrame, *, by: float = 1.0) -> pl.DataFrame:
    return table.with_columns(pl.col("x") * by)

@sv.step
def factor() -> float:
    return 2.0

@sv.pipeline
def shop() -> dict[str, object]:
    parts = random_split(known(rows()))
    seats = lookup(planes())
    ready = transform(seats, scaled(parts.train))
    features = fit(ready)
    model = train(transform.named("numbers")(features, ready))
    predictor = assemble(scaled, seats, features, model)
    audit = audit_leaks(parts.train, parts.test, predictor)
    return {"predictor": predictor, "report": evaluate(predictor, parts.test), "audit": audit}

@sv.pipeline
def learnt() -> Predictor:
    ready = scaled(rows(), by=factor())
    features = fit(ready)
    return assemble(scaled, features, train(transform(features, ready)))

@sv.pipeline
def twice() -> Predictor:
    table = rows()
    one, other = scaled.named("one")(table), scaled.named("other")(table)
    features = fit(one)
    return assemble(scaled, features, train(transform(features, one)))

@sv.pipeline
def first() -> Predictor:
    table = rows()
    one, other = scaled.named("one")(table), scaled.named("other")(table)
    features = fit(one)
    return assemble(scaled.named("one"), features, train(transform(features, one)))
"""

SETTINGS = """
pipeline: carried_shop:{name}
seed: 1
steps:
  fit: {{target: late, drop: [plane]}}
  train: {{target: late, use: "sklearn.linear_model:LogisticRegression"}}
"""
SHOP = """
  scaled: {by: 3.0}
  random_split: {test: 0.3}
  lookup: {on: plane}
  evaluate: {target: late, draws: 20}
  audit_leaks: {target: late}
"""
GRAPH = """
name: shop
seed: 1
steps:
  rows: {use: "carried_shop:rows"}
  more: {use: "carried_shop:scaled", of: rows, by: 3.0}
  features: {use: fit, of: more, target: late, drop: [plane]}
  ready: {use: transform, of: [features, more]}
  model: {use: "sklearn.linear_model:LogisticRegression", of: ready, target: late}
  predictor: {use: assemble, of: [{step: more}, features, model]}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "solvent.toml").write_text("")
    (tmp_path / "carried_shop.py").write_text(STEPS)
    monkeypatch.chdir(tmp_path)
    path = list(sys.path)
    yield tmp_path
    sys.path[:] = path
    sys.modules.pop("carried_shop", None)


def run(folder: Path, text: str) -> sv.Run[Any]:
    (folder / "shop.yaml").write_text(text)
    return sv.run("shop.yaml", project=folder)


def test_a_step_goes_along_with_the_settings_of_its_node(folder: Path) -> None:
    """``by: 3.0`` of the settings is what serves; the rows that it was given say what a request brings."""
    made = run(folder, SETTINGS.format(name="shop") + SHOP)
    predictor: Predictor = made["assemble"].value()
    function = predictor.transforms[0]
    assert isinstance(function, RowFunction) and function.settings == {"by": 3.0}
    assert [one.name for one in predictor.columns] == ["x", "plane"]
    assert predictor.predict([{"x": 190.0, "plane": 1}, {"x": 0.0, "plane": 9}]) == [
        {"prediction": True},
        {"prediction": False},
    ]
    assert made["evaluate"].value().figures["roc_auc"].value == 1.0


def test_row_wise_work_that_does_not_go_along_is_told_and_can_be_given_a_reason(folder: Path) -> None:
    """``known`` ran before the fit: the predictor and the audit say so until somebody says why."""
    text = SETTINGS.format(name="shop") + SHOP
    made = run(folder, text)
    assert made["assemble"].value().left_out == {"known": None}
    found = [one for one in made["audit_leaks"].value().findings if one.kind == "left_out"]
    assert [(one.columns, one.severity) for one in found] == [(("known",), "hint")]
    again = run(folder, text + "  assemble: {left_out: {known: it only drops rows without a target}}\n")
    assert again["assemble"].value().left_out == {"known": "it only drops rows without a target"}
    assert not [one for one in again["audit_leaks"].value().findings if one.kind == "left_out"]
    assert {one.name: one.status for one in again.steps}["train"] == "reused"
    with pytest.raises(RunFailed, match="'knwon' is no row-wise step that is left out. Did you mean 'known'"):
        run(folder, text + "  assemble: {left_out: {knwon: why}}\n").value()


def test_changed_code_of_a_step_is_another_predictor(folder: Path) -> None:
    """The function's code is part of what goes along: nothing is reused that it went into."""
    text = SETTINGS.format(name="first")
    before = run(folder, text)
    assert {one.status for one in run(folder, text).steps} == {"reused"}
    changed = STEPS.replace('pl.col("x") * by', '(pl.col("x") + 1) * by')
    (folder / "carried_shop.py").write_text(changed)
    sys.modules.pop("carried_shop")
    after = run(folder, text)
    assert {one.name: one.status for one in after.steps}["assemble"] == "ran"
    assert after["assemble"].value().transforms[0].transform(pl.DataFrame({"x": [1.0]}))["x"].to_list() == [2.0]
    assert before["assemble"].value().transforms[0].settings == after["assemble"].value().transforms[0].settings


def test_a_setting_that_was_learnt_does_not_go_along(folder: Path) -> None:
    """What another step made is fitted state, and belongs into a transform."""
    with pytest.raises(PlanError, match="the setting 'by' of 'scaled' is what another step made, so it was learnt"):
        run(folder, SETTINGS.format(name="learnt"))


def test_of_a_step_that_is_done_twice_it_is_said_which_goes_along(folder: Path) -> None:
    """By its name in the pipeline; where the settings are alike it does not matter."""
    differently = "  one: {by: 2.0}\n  other: {by: 5.0}\n"
    with pytest.raises(PlanError, match="'scaled' is done as 'one', 'other', with different settings"):
        run(folder, SETTINGS.format(name="twice") + differently)
    found = run(folder, SETTINGS.format(name="first") + differently).value()
    assert found.transforms[0].settings == {"by": 2.0}
    assert run(folder, SETTINGS.format(name="twice")).value().transforms[0].settings == {"by": 1.0}


def test_settings_alone_say_by_step_what_goes_along(folder: Path) -> None:
    """``{step: more}`` is the step and not its rows; the function that is written for it has the same keys."""
    from solvent.data import is_table_type
    from solvent.engine.planning.plan import Request, make_plan
    from solvent.graph.declared.writing import write_python

    made = run(folder, GRAPH)
    assert made.value().transforms[0].settings == {"by": 3.0}
    plan = make_plan(Request(None, [folder / "shop.yaml"]), find_project(folder))
    (folder / "carried_written.py").write_text(write_python(plan.pipeline, "shop.yaml", is_table_type))
    text = """
pipeline: carried_written:shop
seed: 1
steps:
  more: {by: 3.0}
  features: {target: late, drop: [plane]}
  model: {target: late, use: "sklearn.linear_model:LogisticRegression"}
"""
    try:
        assert {one.status for one in run(folder, text).steps} == {"reused"}
    finally:
        sys.modules.pop("carried_written", None)


def test_a_step_reference_that_is_none_is_refused_with_its_line(folder: Path) -> None:
    """An input has no step, and an output of a step is no step."""
    with pytest.raises(SettingsError, match=r"\{step: more.value\} means a step of this graph itself"):
        run(folder, GRAPH.replace("{step: more}", "{step: more.value}"))
    with pytest.raises(SettingsError, match="there is no step and no input 'moore'. Did you mean 'more'"):
        run(folder, GRAPH.replace("{step: more}", "{step: moore}"))


def test_eager_calls_are_recorded_with_the_function_that_goes_along(folder: Path) -> None:
    """In a notebook the function has no node; rows come first, and the predictor is kept and read back."""
    import importlib

    sys.path.insert(0, str(folder))
    shop = importlib.import_module("carried_shop")
    with find_project(folder):
        rows = shop.rows()
        ready = shop.scaled(rows)
        features = shop.fit(ready, target="late")
        model = shop.train(shop.transform(features, ready), target="late", seed=0)
        predictor = shop.assemble(rows, shop.scaled, features, model)
        assert predictor.transforms[0].settings == {"by": 1.0}
        assert [one.name for one in predictor.columns] == ["x", "plane"]
