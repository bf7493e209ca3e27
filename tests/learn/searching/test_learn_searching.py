"""A search tries settings that are drawn from a seed, each trial with keys of its own, and gives the best."""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import solvent as sv
from solvent.errors import PlanError, RunFailed, SettingsError
from solvent.learn import Trial
from solvent.learn.searching.choosing import take_share
from solvent.learn.searching.drawing import check_space, draw_trials

CODE = """
import polars as pl
import solvent as sv
from solvent.learn import Trial, assemble, evaluate, fit, random_split, search, train, transform

@sv.pipeline
def one(rows: pl.DataFrame, unseen: pl.DataFrame, *, depth: int = 3) -> Trial:
    features = fit(rows, target="late")
    model = train(transform(features, rows), target="late")
    predictor = assemble(features, model)
    return Trial(predictor, evaluate(predictor, unseen, target="late", draws=0))

@sv.pipeline
def tuned(rows: pl.DataFrame) -> Trial:
    parts = random_split(rows)
    return search(one, parts.train, parts.test)

@sv.step
def nothing(rows: pl.DataFrame) -> int:
    return 3

@sv.pipeline
def wrong(rows: pl.DataFrame) -> Trial:
    return search(nothing, rows)

@sv.pipeline
def in_code(rows: pl.DataFrame) -> Trial:
    parts = random_split(rows)
    space = {"steps.train.with.max_depth": [1, 2]}
    return search(one, parts.train, parts.test, space=space, goal={"log_loss": "min"}, trials=5)
"""

GRAPH = """
name: tune
inputs: {rows: {files: rows.csv}}
seed: 3
steps:
  parts: {use: random_split3, of: rows, valid: 0.3, test: 0.2}
  best:
    use: search
    of: [parts.train, parts.valid]
    goal: {roc_auc: max}
    trials: 4
    space:
      steps.model.with.max_depth: {int: [1, 6]}
      steps.model.with.min_samples_leaf: {logint: [1, 100]}
    steps:
      candidate:
        of: [train, valid]
        steps:
          features: {use: fit, of: train, target: late}
          ready: {use: transform, of: [features, train]}
          model: {use: "sklearn.tree:DecisionTreeClassifier", of: ready, target: late}
          predictor: {use: assemble, of: [features, model]}
          report: {use: evaluate, of: [predictor, valid], target: late, draws: 0}
        result: {predictor: predictor, report: report}
  final: {use: evaluate, of: [best.predictor, parts.test], target: late, draws: 0}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    random = np.random.default_rng(0)
    x, z = random.normal(size=600), random.normal(size=600)
    late = (x * z + 0.3 * random.normal(size=600) > 0).astype(int)
    pl.DataFrame({"x": x, "z": z, "late": late}).write_csv(tmp_path / "rows.csv")
    (tmp_path / "search_code.py").write_text(CODE)
    (tmp_path / "solvent.toml").write_text("")
    (tmp_path / "tune.yaml").write_text(GRAPH)
    path = list(sys.path)
    yield tmp_path
    sys.path[:] = path
    sys.modules.pop("search_code", None)
    importlib.invalidate_caches()


def _run(folder: Path, *sets: str) -> sv.Run[Any]:
    return sv.run(folder / "tune.yaml", project=folder, set=list(sets))


def _ran(run: sv.Run[Any], end: str) -> int:
    return sum(one.status == "ran" and one.name.endswith(end) for one in run.steps)


def test_the_best_trial_is_the_one_with_the_best_figure(folder: Path) -> None:
    """What the others reached is recorded, and the winner can be asked."""
    run = _run(folder)
    reports = [run[f"best/trial-{n}/report"].value() for n in (1, 2, 3, 4)]
    scores = [one["roc_auc"] for one in reports]
    best = run["best/choose"]
    assert best.logged["best_roc_auc"] == max(scores) == best.value("report")["roc_auc"]
    assert best.logged["best"] == scores.index(max(scores)) + 1 and best.logged["trials"] == 4
    assert run["final"].value().rows == 120


def test_a_wider_search_repeats_no_trial_and_another_seed_tries_others(folder: Path) -> None:
    """Two trials more are two trainings more; what is prepared alike for all is prepared once."""
    first = _run(folder)
    assert _ran(first, "/model") == 4 and _ran(first, "/features") == 1
    wider = _run(folder, "steps.best.trials=6")
    assert _ran(wider, "/model") == 2 and wider["best/trial-3/model"].status == "reused"
    assert _ran(_run(folder), "/model") == 0
    assert _ran(_run(folder, "steps.best.seed=9"), "/model") > 0


@pytest.mark.slow
def test_halving_goes_on_with_the_best_only(folder: Path) -> None:
    """Nine trials on a ninth of the rows, three on a third, one on all; the next time all is reused."""
    wide = ("steps.best.method=halving", "steps.best.trials=9", "steps.best.smallest=0.11")
    run = _run(folder, *wide)
    done = {f"round-{number}": 0 for number in (1, 2, 3)}
    for one in run.steps:
        if one.name.endswith("/model") and one.status in ("ran", "reused"):
            done[one.name.split("/")[1][:7]] += 1
    assert done == {"round-1": 9, "round-2": 3, "round-3": 1}
    rounds = [run[f"best/rows-{number}"].logged["rows"] for number in (1, 2)]
    assert rounds == [33, 100]
    kept = [n for n in range(1, 10) if run[f"best/round-1-keeps-{n}"].value()]
    scores = {n: run[f"best/round-1-trial-{n}/report"].value()["roc_auc"] for n in range(1, 10)}
    assert sorted(kept) == sorted(sorted(scores, key=lambda n: (-scores[n], n))[:3])
    assert _ran(_run(folder, *wide), "/model") == 0


def test_what_is_tried_may_be_another_model(folder: Path) -> None:
    """A path to use: draws among classes; the winner is read back as what it is."""
    text = GRAPH.replace("{int: [1, 6]}", "[2]").replace(
        "      steps.model.with.min_samples_leaf: {logint: [1, 100]}\n",
        '      steps.model.use: ["sklearn.linear_model:LogisticRegression", "sklearn.tree:DecisionTreeClassifier"]\n',
    )
    text = text.replace("steps.model.with.max_depth", "steps.report.seed").replace("trials: 4", "trials: 20")
    (folder / "tune.yaml").write_text(text)
    run = _run(folder)
    assert run["best/choose"].logged["trials"] == 2
    kinds = {type(run[f"best/trial-{n}/model"].value()).__name__ for n in (1, 2)}
    assert kinds == {"LogisticRegression", "DecisionTreeClassifier"}
    assert type(run["best/choose"].value("predictor").model).__name__ == "DecisionTreeClassifier"


def test_a_pipeline_of_code_is_handed_over_and_its_block_stands_below(folder: Path) -> None:
    """Settings of the candidate, where it has them, are what the drawn ones are laid over."""
    (folder / "tune.yaml").write_text(
        """
pipeline: search_code:tuned
inputs: {rows: {files: rows.csv}}
steps:
  search:
    goal: {roc_auc: max}
    trials: 3
    space: {steps.train.with.max_depth: {int: [2, 8]}, depth: [1, 2]}
    steps:
      candidate:
        steps:
          train: {use: "sklearn.tree:DecisionTreeClassifier", with: {min_samples_leaf: 7}}
"""
    )
    run = _run(folder)
    best = run.value()
    assert isinstance(best, Trial) and best.predictor.model.min_samples_leaf == 7
    depths = {run[f"search/trial-{n}/train"].value().max_depth for n in (1, 2, 3)}
    assert depths <= set(range(2, 9))


def test_a_search_may_be_said_in_code_alone(folder: Path) -> None:
    """Without a block in the settings; a space of two has two trials, whatever is asked for."""
    (folder / "tune.yaml").write_text(
        "pipeline: search_code:in_code\ninputs: {rows: {files: rows.csv}}\nsteps:\n  search:\n    steps:\n"
        '      candidate: {steps: {train: {use: "sklearn.tree:DecisionTreeClassifier"}}}\n'
    )
    assert _run(folder)["search/choose"].logged["trials"] == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ("{int: [1, 6]}", "{int: [6, 1]}"),
            "max_depth.int: expected two numbers, the lower first",
        ),
        (("{int: [1, 6]}", "{itn: [1, 6]}"), "there is no way 'itn' to draw. Did you mean 'int'?"),
        (("{logint: [1, 100]}", "{log: [0, 1]}"), "on a logarithmic scale both are above 0"),
        (("{logint: [1, 100]}", "[]"), "the list of values is empty"),
        (("with.max_depth", "with.max_depht"), "takes no 'max_depht'. Did you mean 'max_depth'?"),
        (
            ("steps.model.with.max_depth", "steps.modle.target"),
            "has no step 'modle'. Did you mean 'model'?",
        ),
        (("trials: 4", "trials: 0"), "trials is at least 1"),
        (("goal: {roc_auc: max}", "goal: {roc_auc: up}"), "goal"),
        (("goal: {roc_auc: max}", "goal: {roc_acu: max}"), "there is no figure 'roc_acu'. Did you mean 'roc_auc'"),
        (("        result: {predictor: predictor, report: report}\n", ""), "has to give a predictor and a report"),
        (("      candidate:", "      candidat:"), "steps.best.steps.candidate: it says what is tried"),
    ],
)
def test_what_cannot_be_searched_is_told_before_anything_runs(folder: Path, change: tuple[str, str], said: str) -> None:
    """The place in the settings, and what there is instead."""
    assert change[0] in GRAPH
    (folder / "tune.yaml").write_text(GRAPH.replace(*change))
    with pytest.raises((SettingsError, PlanError)) as raised:
        _run(folder)
    assert said in str(raised.value)


def test_a_figure_that_the_report_lacks_ends_the_search(folder: Path) -> None:
    """The figures that there are, are named."""
    (folder / "tune.yaml").write_text(GRAPH.replace("{roc_auc: max}", "{mae: min}"))
    with pytest.raises(RunFailed, match=r"no figure 'mae'.* It has: "):
        _run(folder)


def test_a_candidate_that_gives_something_else_is_refused(folder: Path) -> None:
    """A step that gives a number is no candidate."""
    (folder / "tune.yaml").write_text(
        "pipeline: search_code:wrong\ninputs: {rows: {files: rows.csv}}\n"
        "steps: {search: {goal: {roc_auc: max}, space: {x: [1]}}}\n"
    )
    with pytest.raises((PlanError, SettingsError)):
        _run(folder)


def test_draws_keep_to_their_space_and_their_seed() -> None:
    """Ends included, on their scale, with a prefix that does not change; few values come once each."""
    space = {"a": {"log": [0.001, 10]}, "b": {"int": [1, 3]}, "c": {"uniform": [-1, 1]}, "d": {"logint": [1, 1000]}}
    drawn = draw_trials(space, 400, 5)
    assert drawn[:50] == draw_trials(space, 50, 5) != draw_trials(space, 50, 6)
    assert {one["b"] for one in drawn} == {1, 2, 3}
    middle = sorted(math.log10(one["a"]) for one in drawn)[200]
    assert abs(middle + 1) < 0.3 and all(0.001 <= one["a"] <= 10 and -1 <= one["c"] <= 1 for one in drawn)
    assert min(one["d"] for one in drawn) == 1 and 1 <= sorted(one["d"] for one in drawn)[200] <= 100
    few = draw_trials({"a": [1, 2, 3], "b": {"choice": ["x", None]}}, 100, 0)
    assert len(few) == 6 and len({repr(one) for one in few}) == 6
    for wrong in ({}, {"a": 3}, {"a": {"int": [1.5, 2]}}, {"a": {"uniform": [1, math.inf]}}, {"a": {"log": ["x", 2]}}):
        with pytest.raises(SettingsError):
            check_space(wrong)


def test_a_larger_share_holds_the_smaller_one() -> None:
    """So a later round sees the rows of the one before, and more."""
    rows = pl.DataFrame({"x": range(100)})
    small, large = (take_share(rows, share=share, seed=4)["x"].to_list() for share in (0.1, 0.5))
    assert len(small) == 10 and set(small) < set(large) and large == sorted(large)
