"""Real data that others made, from file to endpoint by settings alone; each set with the trap that it is known for."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import solvent as sv
from solvent.delivery.registry import load_bundle
from solvent.delivery.server.lines.served import Served
from solvent.delivery.server.serving import open_served
from solvent.engine.project import find_project

DATA = os.environ.get("SOLVENT_TEST_DATA")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.*are also, value by value"),  # some rows of these sets are alike
    pytest.mark.skipif(DATA is None, reason="SOLVENT_TEST_DATA names no folder with the real data"),
]

GRAPH = """
name: {name}
inputs: {{rows: {source}}}
seed: 7
vars: {{target: "{target}"}}
steps:
  parts: {split}
  features: {{use: fit, of: parts.train, target: "${{vars.target}}", drop: {drop}}}
  ready: {{use: transform, of: [features, parts.train]}}
  model: {{use: "sklearn.ensemble:{model}", of: ready, target: "${{vars.target}}", with: {{max_iter: 60}}}}
  predictor: {{use: assemble, of: [features, model]}}
  report: {{use: evaluate, of: [predictor, parts.test], target: "${{vars.target}}", draws: 200, importance: false}}
  audit:
    use: audit_leaks
    of: [parts.train, parts.test, predictor]
    target: "${{vars.target}}"
    drop: {drop}
    sample: 4000
    {time}
  deployment:
    use: deploy
    of: {{predictor: predictor, report: report, rows: parts.test, audit: audit}}
    model: {name}
    golden: 60
    gates: {gates}
"""
NAMES = (
    "[age, workclass, fnlwgt, education, education_num, marital_status, occupation, relationship, race, sex, "
    "capital_gain, capital_loss, hours_per_week, native_country, income]"
)
CLASSIFIER, REGRESSOR = "HistGradientBoostingClassifier", "HistGradientBoostingRegressor"
STRATIFIED = '{use: stratified_split, of: rows, by: "${vars.target}", test: 0.25}'
CASES: dict[str, dict[str, str]] = {
    "adult": {
        "source": f'{{files: "{{data}}/adult.data.csv.gz", header: {NAMES}, trim: true, "null": "?"}}',
        "target": "income", "split": STRATIFIED, "model": CLASSIFIER, "gates": "{roc_auc: {min: 0.9}}",
    },
    "credit": {
        "source": '{files: "{data}/credit_default.parquet"}', "target": "default.payment.next.month",
        "split": STRATIFIED, "drop": "[ID]", "model": CLASSIFIER, "gates": "{roc_auc: {min: 0.74}}",
    },
    "churn": {
        "source": '{files: "{data}/telco_churn.csv"}', "target": "Churn", "split": STRATIFIED, "drop": "[customerID]",
        "model": CLASSIFIER, "gates": "{roc_auc: {min: 0.8}}",
    },
    "bikes": {
        "source": '{files: "{data}/bike_sharing_hour.csv"}', "target": "cnt",
        "split": "{use: time_split, of: rows, column: dteday, test: 0.2}",
        "drop": "[instant, dteday, casual, registered]", "model": REGRESSOR, "gates": "{r2: {min: 0.8}}",
    },
    "spam": {
        "source": '{files: "{data}/sms_spam.tsv", delimiter: "\\t", quote: "", header: [label, text]}',
        "target": "label", "split": "{use: group_split, of: rows, by: text, test: 0.25}", "model": CLASSIFIER,
        "gates": "{roc_auc: {min: 0.95}}",
    },
    "wine": {
        "source": '{files: "{data}/wine_quality_white.csv"}', "target": "quality",
        "split": '{use: group_split, of: rows, by: [fixed acidity, volatile acidity, citric acid, residual sugar, '
        'chlorides, density, pH, sulphates, alcohol], test: 0.25}',
        "model": REGRESSOR, "gates": "{r2: {min: 0.25}}",
    },
}  # fmt: skip


def _run(folder: Path, name: str, **changes: str) -> sv.Run[Any]:
    case = {"drop": "[]", "time": "", **CASES[name], **changes}
    case["source"] = case["source"].replace("{data}", str(DATA))
    (folder / "real.yaml").write_text(GRAPH.format(name=name, **case))
    return sv.run(folder / "real.yaml", project=folder, check=False)


@pytest.mark.parametrize("name", list(CASES))
def test_a_real_set_goes_from_file_to_endpoint_by_settings_alone(tmp_path: Path, name: str) -> None:
    """Split as its rows ask for, no false alarm of the audit, gates passed, and served as a graph that is equal."""
    run = _run(tmp_path, name)
    assert run.status == "succeeded", run.error
    deployment = run.value()
    assert deployment.status == "promoted", deployment.gates
    assert [one for one in run["audit"].value().findings if one.severity == "leak"] == []
    parity = next(gate for gate in deployment.gates if gate.name == "parity")
    assert parity.passed and parity.measured == 0
    project = find_project(tmp_path)
    bundle, served = load_bundle(project, name), open_served(project, name)
    assert isinstance(served, Served) and served.runtime == "onnx"
    expected = bundle.predictor.answer([one["row"] for one in bundle.golden])
    found = served.answer([one["row"] for one in bundle.golden])
    if expected.probability is None:
        assert found.prediction == pytest.approx(expected.prediction, rel=1e-5)
    else:
        assert found.probability == pytest.approx(expected.probability, abs=1e-5)


def test_three_files_are_joined_cross_validated_and_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example of the spaceflights: a workbook and two files of text, and no company on both sides of a fold."""
    folder = tmp_path / "spaceflights"
    shutil.copytree(Path(__file__).resolve().parents[2] / "examples" / "spaceflights", folder)
    (folder / "solvent.toml").write_text("")
    monkeypatch.chdir(folder)
    run = sv.run(folder / "spaceflights.yaml", project=folder, set=[f"vars.data={DATA}/spaceflights"])
    assert run["table"].value(as_=pl.DataFrame).height == 15_531 and run["audit"].value().findings == ()
    folded = run["checked/gather_folds"]
    assert folded.value("scores").height == 4 and folded.value("report")["r2"] > 0.3
    assert folded.value("answers").group_by("company_id").agg(pl.col("fold").n_unique())["fold"].max() == 1
    deployment = run["deployment/promote"].value()
    assert deployment.status == "promoted"
    assert next(gate for gate in deployment.gates if gate.name == "parity").measured == 0
    project = find_project(folder)
    bundle, served = load_bundle(project, "spaceflights"), open_served(project, "spaceflights")
    assert isinstance(served, Served) and served.runtime == "onnx"
    rows = run["parts"].value("test").drop("price").head(500).to_dicts()
    assert served.answer(rows).prediction == pytest.approx(bundle.predictor.answer(rows).prediction, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("bikes", {"drop": "[instant, dteday]"}, "leak"),
        ("wine", {"split": "{use: random_split, of: rows, test: 0.25}"}, "rows"),
        ("churn", {"drop": "[]"}, "id"),
    ],
)
def test_the_trap_of_a_set_is_refused_by_the_gate(
    tmp_path: Path, name: str, changes: dict[str, str], said: str
) -> None:
    """Parts that make the target, the same rows on both sides, and a name of the row as a feature."""
    run = _run(tmp_path, name, **changes)
    assert run.status == "rejected"
    findings = run["audit"].value().findings
    kinds = {one.kind for one in findings if one.severity == "leak"}
    assert (said in kinds) if said != "leak" else kinds & {"sum", "disguise"}
