"""A cross-validation learns and tests once for each fold, sees no row of a test beforehand, and repeats nothing."""

from __future__ import annotations

import datetime as dt
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import solvent as sv
from solvent.errors import PlanError, RunFailed, SettingsError
from solvent.learn import CrossValidation, cross_validate, random_folds

CODE = """
from dataclasses import dataclass, field
import polars as pl
import solvent as sv
from solvent.learn import CrossValidation, Predictor, Split
from solvent.learn import assemble, cross_validate, fit, random_folds, train, transform

@dataclass
class Seen:
    rows: list[int] = field(init=False, default_factory=list)
    def fit(self, rows: pl.DataFrame) -> "Seen":
        self.rows = rows["row"].to_list()
        return self
    def transform(self, rows: pl.DataFrame) -> pl.DataFrame:
        return rows.select("x", "z")

@sv.pipeline
def one(rows: pl.DataFrame, *, depth: int = 3) -> Predictor:
    features = fit(rows, target="late", use=Seen)
    return assemble(features, train(transform(features, rows), target="late"))

@sv.pipeline
def checked(rows: pl.DataFrame) -> CrossValidation:
    return cross_validate(one, random_folds(rows), rows, target="late")

@sv.step
def parts_by(rows: pl.DataFrame, *, months: int = 3) -> list[Split]:
    return [Split(rows.filter(pl.col("row") % 9 != at), rows.filter(pl.col("row") % 9 == at)) for at in range(months)]

@sv.pipeline
def two(rows: pl.DataFrame, unseen: pl.DataFrame) -> Predictor:
    return assemble(rows, train(rows, target="late"))

@sv.pipeline
def peeking(rows: pl.DataFrame) -> CrossValidation:
    return cross_validate(two, random_folds(rows), target="late")
"""
GRAPH = """
name: folded
inputs: {rows: {files: rows.csv}}
seed: 3
steps:
  folds: {use: stratified_folds, of: rows, by: late, folds: 4}
  cv:
    use: cross_validate
    of: [folds, rows]
    target: late
    steps:
      candidate:
        of: rows
        steps:
          features: {use: [fit, "validation_code:Seen"], of: rows, target: late}
          ready: {use: transform, of: [features, rows]}
          model: {use: "sklearn.tree:DecisionTreeClassifier", of: ready, target: late, with: {max_depth: 3}}
          predictor: {use: assemble, of: [features, model]}
"""
CLASS = """
name: short
inputs: {rows: {files: rows.csv}}
seed: 3
steps:
  folds: {use: random_folds, of: rows, folds: 3}
  cv:
    use: cross_validate
    of: folds
    target: late
    steps:
      candidate: {use: "sklearn.tree:DecisionTreeClassifier", with: {max_depth: 3}}
"""
DAY = dt.date(2024, 1, 1)


def _rows(count: int = 240) -> pl.DataFrame:
    random = np.random.default_rng(0)
    x, z = random.normal(size=count), random.normal(size=count)
    late = (x + z + 0.5 * random.normal(size=count) > 0).astype(int)
    days = [DAY + dt.timedelta(days=one // 4) for one in range(count)]
    return pl.DataFrame(
        {"row": range(count), "x": x, "z": z, "shop": random.integers(0, 12, count), "day": days}
    ).with_columns(late=pl.Series(late))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    _rows().write_csv(tmp_path / "rows.csv")
    (tmp_path / "validation_code.py").write_text(CODE)
    (tmp_path / "solvent.toml").write_text("")
    path = list(sys.path)
    yield tmp_path
    sys.path[:] = path
    sys.modules.pop("validation_code", None)
    importlib.invalidate_caches()


def _run(folder: Path, text: str, *sets: str) -> sv.Run[Any]:
    (folder / "cv.yaml").write_text(text)
    return sv.run(folder / "cv.yaml", project=folder, set=list(sets))


def _items(run: sv.Run[Any], step: str, of: str = "cv/folds") -> list[Any]:
    return [one for name, one in run[of].items.items() if name.partition("[")[0] == f"{of}/{step}"]


def test_no_transform_sees_a_row_of_the_test_of_its_fold(folder: Path) -> None:
    """What it was fitted on is exactly the training part of its fold, by the rows' own numbers."""
    run = _run(folder, GRAPH)
    fitted, opened = _items(run, "candidate/features"), _items(run, "open_fold")
    assert len(fitted) == len(opened) == 4
    for one, parts in zip(fitted, opened, strict=True):
        seen = set(one.value().inner.rows)
        assert seen == set(parts.value("train")["row"].to_list())
        assert seen.isdisjoint(parts.value("test")["row"].to_list()) and len(seen) == 180
    assert set(run["cv/refit/candidate/features"].value().inner.rows) == set(range(240))


def test_one_row_a_fold_and_one_answer_a_row(folder: Path) -> None:
    """The means are those of the folds' own reports, and each row is answered by who has not learnt from it."""
    made = _run(folder, GRAPH).value()
    assert isinstance(made, CrossValidation)
    assert made.scores["fold"].to_list() == [1, 2, 3, 4] and made.scores["tested_on"].to_list() == [60] * 4
    summary = {row["figure"]: row for row in made.summary.to_dicts()}
    for name, figure in made.report.figures.items():
        assert figure.value == pytest.approx(made.scores[name].mean()) == pytest.approx(summary[name]["mean"])
        assert summary[name]["spread"] == pytest.approx(made.scores[name].std())
        assert summary[name]["low"] <= figure.value <= summary[name]["high"] and summary[name]["folds"] == 4
    assert "Nadeau and Bengio, 0.333 rows tested on" in made.report.method
    answers = made.answers
    assert sorted(answers["row"].to_list()) == list(range(240))
    hit = answers.group_by("fold").agg(pl.col("prediction").eq(pl.col("late")).mean()).sort("fold")["prediction"]
    assert hit.to_list() == pytest.approx(made.scores["accuracy"].to_list())
    assert (answers["probability_0"] + answers["probability_1"]).to_list() == pytest.approx([1.0] * 240)
    assert sum(map(sum, made.report.confusion)) == 240 and {"by_fold", "calibration"} <= set(made.report.pictures)
    assert made.predictor.predict({"row": 1, "x": 2.0, "z": 2.0, "shop": 1, "day": str(DAY)})["prediction"] == 1


@pytest.mark.slow
def test_nothing_that_is_unchanged_is_done_again(folder: Path) -> None:
    """Neither a whole run, nor what a changed candidate still shares, nor folds that were there before."""
    _run(folder, GRAPH)
    again = _run(folder, GRAPH)
    done = [*again.steps, *again["cv/folds"].items.values()]
    assert {one.name for one in done if one.status != "reused"} <= {"inputs/rows"}
    changed = _run(folder, GRAPH.replace("max_depth: 3", "max_depth: 2"))
    assert {one.status for one in _items(changed, "candidate/ready")} == {"reused"}
    assert {one.status for one in _items(changed, "candidate/model")} == {"ran"}
    own = GRAPH.replace(
        "{use: stratified_folds, of: rows, by: late, folds: 4}", '{use: "validation_code:parts_by", of: rows}'
    )
    _run(folder, own)
    wider = [one.status for one in _items(_run(folder, own, "steps.folds.months=5"), "candidate/model")]
    assert wider == ["reused"] * 3 + ["ran"] * 2


@pytest.mark.slow
def test_the_seed_is_recorded_and_the_answers_are_the_same_again(folder: Path, tmp_path_factory: Any) -> None:
    """In another project, with nothing to reuse; each fold alone gives what it gives among the others."""
    first = _run(folder, GRAPH)
    other = tmp_path_factory.mktemp("other")
    for name in ("rows.csv", "validation_code.py", "solvent.toml"):
        (other / name).write_bytes((folder / name).read_bytes())
    second = _run(other, GRAPH)
    assert {one.status for one in second.steps} == {"ran"}
    one, two = first.value(), second.value()
    assert one.answers.equals(two.answers) and one.scores.equals(two.scores) and one.report == two.report
    seeds = {one.seed for one in _items(first, "candidate/model")}
    assert len(seeds) == 1 and seeds == {one.seed for one in _items(second, "candidate/model")}


@pytest.mark.slow
def test_a_class_is_a_candidate_and_its_preparation_stands_beside_it(folder: Path) -> None:
    """With nested recipes under with:, its own settings for fit: and evaluate:, and without rows no predictor."""
    made = _run(folder, CLASS, "steps.cv.steps.fit.drop=[row]", "steps.cv.steps.evaluate.draws=20")
    assert made.value().predictor is None and made.value().scores.height == 3
    assert all("row" not in [c.name for c in one.value().columns] for one in _items(made, "fit"))
    assert all(one.value().figures["accuracy"].low is not None for one in _items(made, "evaluate"))
    nested = CLASS.replace(
        '{use: "sklearn.tree:DecisionTreeClassifier", with: {max_depth: 3}}',
        '{use: "sklearn.ensemble:BaggingClassifier", with: {n_estimators: 3, estimator: '
        '{use: "sklearn.tree:DecisionTreeClassifier", with: {max_depth: 2}}}}',
    )
    run = _run(folder, nested)
    assert [one.value().estimator.max_depth for one in _items(run, "candidate")] == [2, 2, 2]


def test_code_hands_over_a_pipeline_and_settings_reach_inside(folder: Path) -> None:
    """Its block stands at steps.candidate; what nothing reads is told."""
    text = """
pipeline: validation_code:checked
inputs: {rows: {files: rows.csv}}
steps:
  cross_validate:
    steps:
      candidate:
        steps: {train: {use: "sklearn.tree:DecisionTreeClassifier", with: {max_depth: 2}}}
"""
    run = _run(folder, text, "steps.random_folds.folds=2")
    models = _items(run, "candidate/train", "cross_validate/folds")
    assert [one.value().max_depth for one in models] == [2, 2]
    with pytest.raises(SettingsError, match="takes no 'max_depht'. Did you mean 'max_depth'"):
        _run(folder, text.replace("max_depth", "max_depht"))
    with pytest.raises(SettingsError, match="no step 'trian'. Did you mean 'train'"):
        _run(folder, text.replace("train:", "trian:"))


def test_outside_of_a_pipeline_it_is_a_function() -> None:
    """The class of a model, folds that are there, and the values at once."""
    from sklearn.tree import DecisionTreeClassifier

    rows = _rows()
    made = cross_validate(DecisionTreeClassifier, random_folds(rows, folds=3, seed=1), target="late", seed=1)
    assert made.scores.height == 3 and made.answers.height == 240 and made.predictor is None


@pytest.mark.slow
def test_groups_are_not_divided_and_the_future_is_not_seen(folder: Path) -> None:
    """In what was learnt from and tested on, as it was recorded; later stretches have more to learn from."""
    by = CLASS.replace("{use: random_folds, of: rows, folds: 3}", "{use: group_folds, of: rows, by: shop, folds: 3}")
    for one in _items(_run(folder, by), "open_fold"):
        assert set(one.value("train")["shop"]).isdisjoint(one.value("test")["shop"])
    forward = CLASS.replace(
        "{use: random_folds, of: rows, folds: 3}", "{use: time_folds, of: rows, column: day, folds: 3}"
    )
    run = _run(folder, forward)
    for one in _items(run, "open_fold"):
        assert one.value("train")["day"].max() < one.value("test")["day"].min()
    report = run["cv/gather_folds"].value("report")
    assert report.rows == 180 and "learn from 60 to 180 rows, so it is a rule of thumb" in report.method


def test_a_candidate_that_could_see_the_test_is_refused(folder: Path) -> None:
    """Two tables, no model, nothing that learns: said before anything runs."""
    with pytest.raises(PlanError, match="takes rows, unseen; it has to take the rows to learn from, and nothing else"):
        _run(folder, "pipeline: validation_code:peeking\ninputs: {rows: {files: rows.csv}}")
    with pytest.raises(PlanError, match="gives no model"):
        _run(
            folder,
            CLASS.replace("sklearn.tree:DecisionTreeClassifier", "sklearn.preprocessing:StandardScaler").replace(
                ", with: {max_depth: 3}", ""
            ),
        )
    with pytest.raises(PlanError, match="the class of a model, not 3"):
        cross_validate(3, [], target="late", seed=1)  # type: ignore[arg-type]


@pytest.mark.filterwarnings("always:cross_validate")
def test_a_leak_before_the_folds_is_told(folder: Path) -> None:
    """Features that were chosen by all rows have seen those that are tested on; the clean graph is silent."""
    leaky = CLASS.replace(
        "  folds: {use: random_folds, of: rows, folds: 3}",
        '  numbers: {use: "validation_more:numbers", of: rows}\n'
        '  chosen: {use: [fit, "sklearn.feature_selection:SelectKBest"], of: numbers, target: late, with: {k: 2}}\n'
        "  best: {use: transform, of: [chosen, numbers]}\n"
        "  folds: {use: random_folds, of: best, folds: 3}",
    )
    (folder / "validation_more.py").write_text(
        "import polars as pl\nimport solvent as sv\n\n@sv.step\ndef numbers(rows: pl.DataFrame) -> pl.DataFrame:\n"
        '    return rows.drop("day")\n'
    )
    for one in _items(_run(folder, leaky), "trace_fold"):
        assert one.value() == 1 and "was given rows that it is tested on: chosen" in one.log
    assert [one.value() for one in _items(_run(folder, CLASS), "trace_fold")] == [0, 0, 0]


@pytest.mark.filterwarnings("always:cross_validate")
def test_rows_on_both_sides_are_counted_and_warned_of(folder: Path) -> None:
    """Every row twice: nearly all that is tested on was learnt from."""
    twice = pl.concat([_rows(), _rows()])
    twice.write_csv(folder / "rows.csv")
    for one in _items(_run(folder, CLASS), "open_fold"):
        assert one.logged["rows_of_test_in_train"] > 80
        assert "rows that are tested on are also, value by value, among those that are learnt from" in one.log


def test_a_class_that_a_test_part_lacks_leaves_a_gap_and_one_never_learnt_ends_the_run(folder: Path) -> None:
    """The mean is over the folds where the figure is defined; the class that nobody could learn is named."""
    own = CLASS.replace("{use: random_folds, of: rows, folds: 3}", '{use: "validation_code:parts_by", of: rows}')
    rows = _rows().with_columns(late=pl.when(pl.col("row") % 9 == 0).then(0).otherwise("late"))
    rows.write_csv(folder / "rows.csv")
    made = _run(folder, own).value()
    assert made.scores["roc_auc"].null_count() == 1 and made.report.figures["roc_auc"].value is not None
    summary = {row["figure"]: row["folds"] for row in made.summary.to_dicts()}
    assert summary["roc_auc"] == 2 and summary["accuracy"] == 3
    rare = rows.with_columns(late=pl.when(pl.col("row") == 9).then(7).otherwise("late"))
    rare.write_csv(folder / "rows.csv")
    with pytest.raises(RunFailed, match="the class '7', which the model never saw"):
        _run(folder, own)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (pl.when(pl.col("row") > 3).then("late").alias("late"), "the target 'late' is unknown in 3 of 160 rows"),
        (pl.col("row").alias("fold"), "a column 'fold', which is what a column of the answers is called"),
        (pl.col("row").alias("probability_1"), "a column 'probability_1', which is what a column of the answers"),
    ],
)
def test_rows_that_cannot_be_judged_are_refused(folder: Path, change: pl.Expr, said: str) -> None:
    """A target that is not known, and columns whose names the answers need."""
    _rows().with_columns(change).write_csv(folder / "rows.csv")
    with pytest.raises(RunFailed, match=said):
        _run(folder, CLASS)


def test_numbers_are_judged_as_numbers(folder: Path) -> None:
    """A regression's answers and pictures, and no confusion."""
    text = CLASS.replace("sklearn.tree:DecisionTreeClassifier", "sklearn.tree:DecisionTreeRegressor")
    made = _run(folder, text.replace("target: late", "target: z")).value()
    assert made.report.task == "regression" and {"mae", "rmse", "r2"} <= set(made.report.figures)
    assert "residuals" in made.report.pictures and made.answers["prediction"].null_count() == 0
    assert not [name for name in made.answers.columns if name.startswith("probability")]


def test_the_same_graph_in_python_has_the_same_keys(folder: Path) -> None:
    """What --as-python writes finds everything done."""
    from click.testing import CliRunner

    from solvent.faces.cli import solvent

    _run(folder, GRAPH)
    shown = CliRunner().invoke(solvent, ["--project", str(folder), "plan", str(folder / "cv.yaml"), "--as-python"])
    assert shown.exit_code == 0 and 'learn.cross_validate.named("cv")(candidate, folds, rows)' in shown.output
    (folder / "validation_written.py").write_text(shown.output)
    text = """
pipeline: validation_written:folded
inputs: {rows: {files: rows.csv}}
seed: 3
steps:
  folds: {by: late, folds: 4}
  cv:
    target: late
    steps:
      candidate:
        steps:
          features: {use: "validation_code:Seen", target: late}
          model: {use: "sklearn.tree:DecisionTreeClassifier", target: late, with: {max_depth: 3}}
"""
    assert {one.status for one in _run(folder, text).steps if one.name != "inputs/rows"} == {"reused"}
