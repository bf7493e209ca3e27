"""A predictor that was fitted on rows that it is tested on is found by what led to it, and a right one is not."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import solvent as sv
from solvent.learn import Audit, assemble, audit_leaks, fit, train, transform

CODE = """
from dataclasses import dataclass
import polars as pl
import solvent as sv
from solvent.learn import (
    Audit, Baseline, Fitted, Predictor, Split, TabularFeatures, Trial, assemble, audit_leaks,
    evaluate, fit, random_folds, random_split, random_split3, search, train, transform,
)

@sv.step
def both(first: pl.DataFrame, second: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([first, second])

@sv.step
def early(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("place") < 0.7)

@sv.step
def late(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("place") >= 0.7)

@sv.step
def joined(rows: pl.DataFrame, shops: pl.DataFrame) -> pl.DataFrame:
    return rows.join(shops, on="shop", how="left")

@sv.step
def sizes(shops: pl.DataFrame) -> dict[str, float]:
    return {str(shop): float(size) for shop, size in shops.iter_rows()}

@sv.step
def means(rows: pl.DataFrame) -> dict[str, float]:
    found = rows.group_by("shop").agg(pl.col("x").mean()).sort("shop")
    return {str(shop): float(mean) for shop, mean in found.iter_rows()}

@sv.step
def known(rows: pl.DataFrame, shops: dict[str, float]) -> pl.DataFrame:
    return rows.filter(pl.col("shop").cast(pl.String).is_in(list(shops)))

@sv.step
def mean_table(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by("shop").agg(pl.col("x").mean().alias("mean")).sort("shop")

@dataclass
class Own:
    mean: float

    def transform(self, rows: pl.DataFrame) -> pl.DataFrame:
        return rows.with_columns(pl.col("x") - self.mean)

@sv.step
def learn(rows: pl.DataFrame) -> Own:
    return Own(float(rows["x"].mean()))

@sv.step
def unpack(fold: Split) -> Split:
    return fold

def predictor_of(features, rows):
    return assemble(features, train(transform(features, rows), target="y"))

def plain(parts, fitted, learnt):
    return audit_leaks(parts.train, parts.test, predictor_of(fit(fitted, target="y"), learnt), target="y")

@sv.pipeline
def right(rows: pl.DataFrame) -> Audit:
    parts = random_split(rows)
    return plain(parts, parts.train, parts.train)

@sv.pipeline
def right_with_ready_rows(rows: pl.DataFrame) -> Audit:
    parts = random_split(rows)
    features = fit(parts.train, target="y")
    learnt, tested = transform(features, parts.train), transform.named("tested")(features, parts.test)
    return audit_leaks(learnt, tested, assemble(features, train(learnt, target="y")), target="y")

@sv.pipeline
def right_by_two_steps(rows: pl.DataFrame) -> Audit:
    first, second = early(rows), late(rows)
    return audit_leaks(first, second, predictor_of(fit(first, target="y"), first), target="y")

@sv.pipeline
def right_with_another_table(rows: pl.DataFrame, shops: pl.DataFrame) -> Audit:
    parts = random_split(joined(rows, shops))
    learnt = known(parts.train, sizes(shops))
    return audit_leaks(learnt, parts.test, predictor_of(fit(learnt, target="y"), learnt), target="y")

@sv.pipeline
def fitted_on_all(rows: pl.DataFrame) -> Audit:
    parts = random_split(rows)
    return plain(parts, rows, parts.train)

@sv.pipeline
def fitted_on_the_test(rows: pl.DataFrame) -> Audit:
    parts = random_split(rows)
    return plain(parts, parts.test, parts.train)

@sv.pipeline
def fitted_on_both(rows: pl.DataFrame) -> Audit:
    parts = random_split(rows)
    whole = both(parts.train, parts.test)
    return plain(parts, whole, parts.train)

@sv.pipeline
def trained_on_all(rows: pl.DataFrame) -> Audit:
    parts = random_split(rows)
    return plain(parts, parts.train, rows)

@sv.pipeline
def transformed_before(rows: pl.DataFrame) -> Audit:
    features = fit(rows, target="y")
    parts = random_split(transform(features, rows))
    return audit_leaks(parts.train, parts.test, assemble(features, train(parts.train, target="y")), target="y")

@sv.pipeline
def ready_by_all(rows: pl.DataFrame) -> Audit:
    parts = random_split(rows)
    features = fit(rows, target="y")
    learnt, tested = transform(features, parts.train), transform.named("tested")(features, parts.test)
    return audit_leaks(learnt, tested, assemble(features, train(learnt, target="y")), target="y")

@sv.pipeline
def counted_on_all(rows: pl.DataFrame) -> Audit:
    parts = random_split(rows)
    learnt = known(parts.train, means(rows))
    return audit_leaks(learnt, parts.test, predictor_of(fit(learnt, target="y"), learnt), target="y")

@sv.pipeline
def joined_means_of_all(rows: pl.DataFrame) -> Audit:
    parts = random_split(rows)
    learnt = joined(parts.train, mean_table(rows))
    return audit_leaks(learnt, parts.test, predictor_of(fit(learnt, target="y"), learnt), target="y")

def with_own(parts, own):
    learnt, tested = transform.named("learnt")(own, parts.train), transform.named("tested")(own, parts.test)
    return audit_leaks(learnt, tested, predictor_of(fit(learnt, target="y"), learnt), target="y")

@sv.pipeline
def right_by_a_class_of_ones_own(rows: pl.DataFrame) -> Audit:
    parts = random_split(rows)
    return with_own(parts, learn(parts.train))

@sv.pipeline
def own_class_by_all(rows: pl.DataFrame) -> Audit:
    parts = random_split(rows)
    return with_own(parts, learn(rows))

@sv.pipeline
def trained(rows: pl.DataFrame) -> Predictor:
    return predictor_of(fit(rows, target="y"), rows)

@sv.pipeline
def trained_right(rows: pl.DataFrame) -> Predictor:
    parts = random_split(rows, seed=5)
    return predictor_of(fit(parts.train, target="y"), parts.train)

@sv.pipeline
def audited(rows: pl.DataFrame, predictor: Predictor[tuple[Fitted[TabularFeatures], Baseline]]) -> Audit:
    parts = random_split(rows, seed=5)
    return audit_leaks(parts.train, parts.test, predictor, target="y")

@sv.pipeline
def example_of_all(rows: pl.DataFrame) -> Audit:
    parts = random_split(rows)
    features = fit(parts.train, target="y")
    model = train(transform(features, parts.train), target="y")
    return audit_leaks(parts.train, parts.test, assemble(rows, features, model, target="y"), target="y")

@sv.pipeline
def one(rows: pl.DataFrame, unseen: pl.DataFrame) -> Trial:
    predictor = predictor_of(fit(rows, target="y"), rows)
    return Trial(predictor, evaluate(predictor, unseen, target="y", draws=0))

SPACE = {"steps.fit.with.most": [1, 2]}

@sv.pipeline
def searched(rows: pl.DataFrame) -> Audit:
    parts = random_split3(rows)
    best = search(one, parts.train, parts.valid, space=SPACE, goal={"log_loss": "min"}, trials=2)
    evaluate(best.predictor, parts.test, target="y", draws=0)
    return audit_leaks(parts.train, parts.test, best.predictor, target="y")

@sv.pipeline
def searched_on_the_test(rows: pl.DataFrame) -> Audit:
    parts = random_split3(rows)
    best = search(one, parts.train, parts.test, space=SPACE, goal={"log_loss": "min"}, trials=2)
    return audit_leaks(parts.train, parts.test, best.predictor, target="y")

@sv.pipeline
def in_fold(fold: Split) -> Audit:
    parts = unpack(fold)
    return plain(parts, parts.train, parts.train)

@sv.pipeline
def folds(rows: pl.DataFrame) -> list[Audit]:
    return in_fold.map(random_folds(rows, folds=2))

@sv.pipeline
def in_fold_by_all(fold: Split, features: Fitted) -> Audit:
    parts = unpack(fold)
    return audit_leaks(parts.train, parts.test, predictor_of(features, parts.train), target="y")

@sv.pipeline
def folds_by_all(rows: pl.DataFrame) -> list[Audit]:
    return in_fold_by_all.map(random_folds(rows, folds=2), fit(rows, target="y"))
"""


@pytest.fixture(scope="module")
def pipelines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The pipelines above, in a project of their own."""
    tmp_path = tmp_path_factory.mktemp("leaky")
    (tmp_path / "leaky_code.py").write_text(CODE)
    (tmp_path / "solvent.toml").write_text("")
    path = list(sys.path)
    sys.path.insert(0, str(tmp_path))
    importlib.invalidate_caches()
    yield importlib.import_module("leaky_code")
    sys.path[:] = path
    sys.modules.pop("leaky_code", None)
    importlib.invalidate_caches()


def _rows(seed: int = 0) -> pl.DataFrame:
    dice = np.random.default_rng(seed)
    rows = pl.DataFrame({name: dice.normal(size=200) for name in ("x", "z", "u")} | {"place": dice.random(200)})
    return rows.with_columns(shop=pl.Series(dice.integers(0, 20, 200)), y=pl.col("x") * pl.col("z") > 0)


def _run(pipelines: Any, name: str, seed: int = 0) -> sv.Run[Any]:
    inputs = {"rows": _rows(seed)}
    if name == "right_with_another_table":
        inputs["shops"] = pl.DataFrame({"shop": range(20), "size": np.arange(20) / 7})
    folder = Path(pipelines.__file__).parent
    return sv.run(getattr(pipelines, name), inputs=inputs, config={"seed": 3}, project=folder)


def _audits(run: sv.Run[Any]) -> list[Audit]:
    made = run.value()
    return made if isinstance(made, list) else [made]


@pytest.mark.parametrize(
    "name",
    [
        "right",
        "right_with_ready_rows",
        "right_by_two_steps",
        "right_with_another_table",
        "searched",
        "folds",
        "right_by_a_class_of_ones_own",
    ],
)
def test_a_right_pipeline_is_told_so(pipelines: Any, name: str) -> None:
    """Split, folds and search as they should be, rows made ready by what was learnt, and tables that are joined."""
    for audit in _audits(_run(pipelines, name)):
        assert "fitted_on_test" in audit.checked
        assert [one for one in audit.findings if one.kind == "fitted_on_test"] == []


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("fitted_on_all", "fit (a table that the test rows are part of"),
        ("fitted_on_the_test", "fit (the test rows"),
        ("fitted_on_both", "both (the test rows"),
        ("trained_on_all", "transform (a table that the test rows are part of"),
        ("transformed_before", "fit (a table that the test rows are part of"),
        ("ready_by_all", "fit (a table that the test rows are part of"),
        ("counted_on_all", "means (a table that the test rows are part of"),
        ("joined_means_of_all", "mean_table (a table that the test rows are part of"),
        ("own_class_by_all", "learn (a table that the test rows are part of"),
        ("searched_on_the_test", "search/trial-1/evaluate (the test rows"),
        ("folds_by_all", "fit (a table that the test rows are part of"),
    ],
)
def test_whatever_led_to_the_predictor_and_saw_test_rows_is_named(pipelines: Any, name: str, step: str) -> None:
    """The step that was given them, and what it was given."""
    for audit in _audits(_run(pipelines, name)):
        (one,) = [one for one in audit.leaks if one.kind == "fitted_on_test"]
        assert f": {step}" in one.evidence and not audit.passed


def test_rows_that_are_only_an_example_are_a_hint(pipelines: Any) -> None:
    """``assemble`` learns nothing of them but ranges."""
    (audit,) = _audits(_run(pipelines, "example_of_all"))
    assert [one.severity for one in audit.findings if one.kind == "fitted_on_test"] == ["hint"]


def test_an_audit_is_reused_while_its_lineage_is_the_same(pipelines: Any) -> None:
    """What was found is logged, a line each, and comes back with the reused result."""
    first, second = _run(pipelines, "fitted_on_all", 1), _run(pipelines, "fitted_on_all", 1)
    assert (first["audit_leaks"].status, second["audit_leaks"].status) == ("ran", "reused")
    (warned,) = first["audit_leaks"].notes["warnings"]
    assert "findings are leaks. leak fitted_on_test: " in warned  # which a run shows beneath the step
    logged = second["audit_leaks"].logged
    assert logged["findings"] >= 1 and logged["finding_1"].startswith("leak fitted_on_test: ")


@pytest.mark.parametrize(("name", "kinds"), [("trained", ["fitted_on_test"]), ("trained_right", [])])
def test_a_predictor_of_another_run_is_traced_there(pipelines: Any, name: str, kinds: list[str]) -> None:
    """What led to it is what that run recorded."""
    rows, folder = _rows(), Path(pipelines.__file__).parent
    sv.run(getattr(pipelines, name), inputs={"rows": rows}, config={"seed": 3}, project=folder)
    config = {"seed": 3, "inputs": {"predictor": {"output": f"{name}/assemble"}}}
    audit = sv.run(pipelines.audited, inputs={"rows": rows}, config=config, project=folder).value()
    assert [one.kind for one in audit.leaks if one.kind == "fitted_on_test"] == kinds
    assert "fitted_on_test" in audit.checked


def test_without_a_record_it_is_said_that_there_is_none(pipelines: Any) -> None:
    """Outside of a run, and for a predictor that was handed in and that no run made."""
    rows = _rows(9)
    features = fit(rows, target="y")
    predictor = assemble(features, train(transform(features, rows), target="y", seed=1))
    audit = audit_leaks(rows[:150], rows[150:], predictor, target="y", seed=1)
    assert "solvent run" in audit.skipped["fitted_on_test"]
    folder = Path(pipelines.__file__).parent
    inputs = {"rows": rows, "predictor": predictor}
    audit = sv.run(pipelines.audited, inputs=inputs, config={"seed": 3}, project=folder).value()
    assert "handed in" in audit.skipped["fitted_on_test"]


YAML = """
name: churn
inputs: {rows: {files: rows.csv}}
seed: 7
steps:
  parts: {use: random_split, of: rows}
  features: {use: fit, of: parts.train, target: y}
  ready: {use: transform, of: [features, parts.train]}
  model: {use: train, of: ready, target: y}
  predictor: {use: assemble, of: [features, model]}
  audit: {use: audit_leaks, of: [parts.train, parts.test, predictor], target: y, allow: {id.no: "kept for the report"}}
"""


def test_an_audit_is_a_line_of_settings(tmp_path: Path) -> None:
    """In a graph of YAML alone."""
    dice = np.random.default_rng(0)
    x = dice.normal(size=300)
    pl.DataFrame({"no": range(300), "x": x, "y": x + dice.normal(size=300) > 0}).write_csv(tmp_path / "rows.csv")
    (tmp_path / "churn.yaml").write_text(YAML)
    (tmp_path / "solvent.toml").write_text("")
    audit = sv.run(tmp_path / "churn.yaml", project=tmp_path)["audit"].value()
    assert isinstance(audit, Audit) and audit.passed and "fitted_on_test" in audit.checked
    assert [one.silenced for one in audit.findings if one.kind == "id"] == ["kept for the report"]
