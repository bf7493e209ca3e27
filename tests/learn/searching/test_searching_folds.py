"""A search over folds goes by the mean of each trial's cross-validation, and only the best one learns from all rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import solvent as sv
from solvent.errors import PlanError, SettingsError
from solvent.learn import random_folds, search

GRAPH = """
name: tune
inputs: {rows: {files: rows.csv}}
seed: 3
steps:
  parts: {use: random_split, of: rows, test: 0.2}
  folds: {use: random_folds, of: parts.train, folds: 3}
  best:
    use: search
    of: [folds, parts.train]
    target: late
    goal: {log_loss: min}
    trials: 3
    space: {with.max_depth: {int: [1, 6]}}
    steps:
      candidate: {use: "sklearn.tree:DecisionTreeClassifier", with: {min_samples_leaf: 5}}
  final: {use: evaluate, of: [best.predictor, parts.test], target: late, draws: 0}
"""
DEEP = """
      candidate:
        of: rows
        steps:
          features: {use: fit, of: rows, target: late}
          ready: {use: transform, of: [features, rows]}
          model: {use: "sklearn.tree:DecisionTreeClassifier", of: ready, target: late}
          predictor: {use: assemble, of: [features, model]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    x, z = random.normal(size=300), random.normal(size=300)
    late = (x * z + 0.3 * random.normal(size=300) > 0).astype(int)
    pl.DataFrame({"x": x, "z": z, "late": late}).write_csv(tmp_path / "rows.csv")
    (tmp_path / "solvent.toml").write_text("")
    return tmp_path


def _run(folder: Path, text: str, *sets: str) -> sv.Run[Any]:
    (folder / "tune.yaml").write_text(text)
    return sv.run(folder / "tune.yaml", project=folder, set=list(sets))


def _ran(run: sv.Run[Any], step: str) -> int:
    done = [*run.steps, *(item for one in run.steps for item in one.items.values())]
    return sum(one.status == "ran" and one.name.partition("[")[0].endswith(step) for one in done)


@pytest.mark.slow
def test_the_best_mean_over_the_folds_wins_and_learns_from_all_rows(folder: Path) -> None:
    """What the others reached is recorded; a wider search does the new trials alone; the loser is never finished."""
    run = _run(folder, GRAPH)
    means = [run[f"best/gather-{number}"].value("report")["log_loss"] for number in (1, 2, 3)]
    best = run["best/choose"]
    place = int(best.logged["best"])
    assert best.logged["best_log_loss"] == min(means) == means[place - 1] == best.value("report")["log_loss"]
    assert "Nadeau and Bengio" in best.value("report").method
    model = best.value("predictor").model
    assert model.tree_.n_node_samples[0] == 240 and model.min_samples_leaf == 5
    assert f"max_depth={model.max_depth}" in best.logged["chosen"]
    done = {number: run[f"best/finish-{number}/finish_trial"].status for number in (1, 2, 3)}
    assert done == {number: "ran" if number == place else "skipped" for number in (1, 2, 3)}
    wider = _run(folder, GRAPH, "steps.best.trials=4")
    assert _ran(wider, "/trial-4") == 3 and not any(_ran(wider, f"/trial-{number}") for number in (1, 2, 3))


@pytest.mark.slow
def test_what_is_drawn_reaches_inside_of_a_graph(folder: Path) -> None:
    """A path leads to the step; what no draw touches is prepared once for each fold."""
    text = GRAPH.replace("with.max_depth", "steps.model.with.max_depth")
    before, after = text.split("      candidate:")
    run = _run(folder, before + DEEP.lstrip("\n") + "  final:" + after.split("  final:")[1])
    drawn = run["best/choose"].value("predictor").model.max_depth
    assert f"steps.model.with.max_depth={drawn}" in run["best/choose"].logged["chosen"]
    assert _ran(run, "/trial-1/features") == 3 and _ran(run, "/trial-2/features") == 0


def test_outside_of_a_pipeline_it_gives_the_values(folder: Path) -> None:
    """With the candidate's own settings drawn by their names."""
    from sklearn.tree import DecisionTreeClassifier

    rows = pl.read_csv(folder / "rows.csv")
    folds = random_folds(rows, folds=3, seed=1)
    how: dict[str, Any] = {"space": {"drop": [[], ["x"]]}, "goal": {"accuracy": "max"}, "target": "late", "seed": 1}
    best = search(DecisionTreeClassifier, folds, rows, **how)
    assert best.predictor.model.n_features_in_ == 2 and best.report.rows == 300


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("of: [folds, parts.train]", "of: folds"), "the rows that the best candidate learns from at last"),
        (("    trials: 3", "    method: halving"), "halving takes a part of the rows, and folds are cut already"),
        (("    target: late\n    goal", "    goal"), "the column that is predicted has to be named: target: NAME"),
        (("with.max_depth", "with.max_depht"), "takes no 'max_depht'. Did you mean 'max_depth'?"),
        (("of: [folds, parts.train]", "of: [parts.train, parts.test]"), "has to give a predictor and a report"),
    ],
)
def test_what_cannot_be_searched_is_told_before_anything_runs(folder: Path, change: tuple[str, str], said: str) -> None:
    """Rows that are missing, a method that does not go with folds, no target, a misspelt path."""
    assert change[0] in GRAPH
    with pytest.raises((SettingsError, PlanError)) as raised:
        _run(folder, GRAPH.replace(*change))
    assert said in str(raised.value)
