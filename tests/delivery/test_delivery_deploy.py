"""Deploying through the engine: pack, judge, promote, and everything that can speak against it."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import solvent as sv
from solvent.delivery import Bundle, Deployment
from solvent.delivery.registry import find_model, load_bundle, promote_version, roll_back_alias
from solvent.engine.project import Project, find_project
from solvent.errors import Corrupted, NotFound, SettingsError, UsageError

FEATURES = """
from __future__ import annotations
from dataclasses import dataclass, field
import polars as pl

@dataclass
class DeployFeatures:
    factor: float = 1.0
    means: dict[str, float] = field(init=False)

    def fit(self, rows: pl.DataFrame) -> DeployFeatures:
        self.means = {"x": float(rows["x"].mean())}
        return self

    def transform(self, rows: pl.DataFrame) -> pl.DataFrame:
        return rows.select((pl.col("x") - self.means["x"]) * self.factor, pl.col("z").fill_null(0.0))
"""

PIPELINE = """
from __future__ import annotations
import polars as pl
import numpy as np
import solvent as sv
from solvent.delivery import Deployment, deploy
from solvent.learn import assemble, evaluate, fit, random_split, train, transform

@sv.step
def rows(*, noise: float = 1.0, count: int = 400) -> pl.DataFrame:
    random = np.random.default_rng(0)
    x, z = random.normal(size=count), random.normal(size=count)
    z[::7] = np.nan
    late = x + noise * random.normal(size=count) > 0
    return pl.DataFrame({"x": x, "z": z, "late": late}, nan_to_null=True)

@sv.pipeline
def shop() -> Deployment:
    parts = random_split(rows())
    features = fit(parts.train)
    model = train(transform(features, parts.train))
    predictor = assemble(features, model)
    report = evaluate(predictor, parts.test)
    return deploy(predictor, report, parts.test)
"""


pytestmark = pytest.mark.slow  # each judgement starts a process that imports scikit-learn


def config(**changes: Any) -> dict[str, Any]:
    deploy = {"model": "shop", "gates": {"roc_auc": {"min": 0.6}}, "golden": 40, **changes.pop("deploy", {})}
    return {
        "pipeline": "deploy_shop:shop",
        "seed": 3,
        "steps": {
            "rows": changes.pop("rows", {}),
            "random_split": {"test": 0.3},
            "fit": {"use": "deploy_features:DeployFeatures", "target": "late", **changes.pop("fit", {})},
            "train": {
                "use": "sklearn.linear_model:LogisticRegression",
                "target": "late",
                "with": changes.pop("train", {"C": 1.0}),
            },
            "evaluate": {"target": "late", "draws": 50},
            "deploy": deploy,
        },
    }


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Project]:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "deploy_features.py").write_text(FEATURES)
    (folder / "deploy_shop.py").write_text(PIPELINE)
    before = list(sys.path)
    yield find_project(folder)
    sys.path[:] = before
    for name in [name for name in sys.modules if name.startswith("deploy_")]:
        del sys.modules[name]
    importlib.invalidate_caches()


def run(project: Project, **changes: Any) -> Any:
    file = project.root / "shop.yaml"
    file.write_text(json.dumps(config(**changes)))  # JSON is YAML too
    return sv.run(file, project=project)


def statuses(made: Any) -> dict[str, str]:
    return {step.name.rpartition("/")[2]: step.status for step in made.steps}


def test_what_passes_the_gates_is_promoted_and_answers_as_it_was_trained(shop: Project) -> None:
    """The champion that is loaded from its bundle answers bit by bit like the predictor of the run."""
    made = run(shop)
    deployment = made.value()
    assert isinstance(deployment, Deployment)
    assert (deployment.model, deployment.version, deployment.alias) == ("shop", 1, "champion")
    assert deployment.status == "promoted"
    assert {gate.name for gate in deployment.gates} == {"parity", "roc_auc"}
    bundle = load_bundle(shop, "shop")
    assert len(bundle.golden) == 40
    predictor = made["assemble"].value()
    rows = [one["row"] for one in bundle.golden]
    assert (bundle.predictor.answer(rows).probability == predictor.answer(rows).probability).all()
    assert [one.name for one in bundle.columns] == ["x", "z"]
    assert type(bundle.predictor.transforms[0].inner).__name__ == "DeployFeatures"
    assert {"deploy_features"} == set(bundle.closure.sources)


def test_an_unchanged_second_run_reuses_everything(shop: Project) -> None:
    """Pack, judge and promote too: nothing is judged twice, nothing is promoted twice."""
    run(shop)
    again = run(shop)
    assert set(statuses(again).values()) == {"reused"}
    assert again.value().version == 1
    assert find_model(shop, "shop").version == 1


def test_another_model_is_another_version_and_the_old_one_its_rival(shop: Project) -> None:
    """A changed model is judged against the champion on the same rows, and takes its place."""
    run(shop)
    rules = {"roc_auc": {"min": 0.6, "not_below_champion": 0.05}}
    second = run(shop, train={"C": 0.01}, deploy={"gates": rules}).value()
    assert (second.version, second.status) == (2, "promoted")
    compared = next(gate for gate in second.gates if gate.name == "roc_auc not_below_champion")
    assert compared.passed and compared.measured is not None
    assert find_model(shop, "shop@v1").version == 1 and find_model(shop, "shop").version == 2
    assert set(statuses(run(shop, train={"C": 0.01}, deploy={"gates": rules})).values()) == {"reused"}


def test_a_gate_that_says_no_rejects_and_keeps_the_judgement(shop: Project) -> None:
    """The run is rejected, not failed; the version is kept with the reason; the champion stays."""
    run(shop)
    refused = run(shop, train={"C": 1e-9}, deploy={"gates": {"log_loss": {"max": 0.3}}})
    assert refused.status == "rejected"
    assert statuses(refused)["judge"] == "ran" and statuses(refused)["promote"] == "rejected"
    assert find_model(shop, "shop").version == 1
    version = find_model(shop, "shop@v2")
    assert version.status == "refused" and version.judgement is not None
    assert any(not gate["passed"] for gate in version.judgement["gates"])
    assert run(shop, train={"C": 1e-9}, deploy={"gates": {"log_loss": {"max": 0.3}}}).status == "rejected"
    with pytest.raises(UsageError, match=r"shop@v2 was refused by its gates .*, say why: --reason TEXT"):
        promote_version(shop, "shop@v2")
    for alias in ("v2", "", "a b", "../x", "champion@x", "1"):
        with pytest.raises(UsageError, match="cannot name an alias"):
            promote_version(shop, "shop@v1", alias)
    with pytest.raises(NotFound, match=r"no alias 'best'. It has: champion, v2 \(refused\), v1 \(accepted\)"):
        find_model(shop, "shop@best")
    promote_version(shop, "shop@v2", reason="a person wants it")
    assert find_model(shop, "shop").version == 2


def test_a_better_champion_cannot_be_replaced_by_a_worse_one(shop: Project) -> None:
    """The paired difference on the same rows refuses what is below the champion with 95 % confidence."""
    run(shop, rows={"noise": 0.3, "count": 2000})
    worse = {"rows": {"noise": 0.3, "count": 2000}, "train": {"C": 1e-9}}
    rules = {"log_loss": {"not_below_champion": 0.001}}
    assert run(shop, **worse, deploy={"gates": rules}).status == "rejected"
    assert run(shop, **worse, deploy={"gates": {"log_loss": {"better_than_champion": 0.0}}}).status == "rejected"


def test_a_rolled_back_version_is_not_promoted_again_by_a_run(shop: Project) -> None:
    """After a rollback the same run records that it is withdrawn; a person promotes it again."""
    run(shop)
    run(shop, train={"C": 0.01})
    assert roll_back_alias(shop, "shop") == (2, 1)
    again = run(shop, train={"C": 0.01})
    assert again.value().status == "withdrawn"
    assert statuses(again)["judge"] == "reused"
    assert find_model(shop, "shop").version == 1
    promote_version(shop, "shop@v2")
    assert find_model(shop, "shop").version == 2


def test_without_an_alias_nothing_is_promoted(shop: Project) -> None:
    """``alias: null`` judges and records."""
    deployment = run(shop, deploy={"alias": None}).value()
    assert deployment.status == "recorded" and deployment.version == 1
    with pytest.raises(NotFound, match="no alias 'champion'"):
        find_model(shop, "shop")


def test_code_that_is_not_committed_is_held(shop: Project) -> None:
    """In a repository with changes the version waits, until they are committed or allowed."""
    git = ["git", "-C", str(shop.root), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *command], check=True)
    path = shop.root / "deploy_shop.py"
    path.write_text(path.read_text() + "\n# a thought\n")
    assert run(shop).value().status == "held"
    assert run(shop).value().status == "held"
    subprocess.run([*git, "commit", "-q", "-a", "-m", "thought"], check=True)
    assert run(shop).value().status == "promoted"
    path.write_text(path.read_text() + "\n# another\n")
    allowed = run(shop, train={"C": 0.5}, deploy={"allow_dirty": True}).value()
    assert (allowed.version, allowed.status) == (2, "promoted")


def test_budgets_and_gates_are_checked_by_name(shop: Project) -> None:
    """A misspelt figure, rule or budget says which there are."""
    with pytest.raises(sv.RunFailed) as caught:
        run(shop, deploy={"gates": {"auc": {"min": 0.7}}})
    assert isinstance(caught.value.__cause__, SettingsError) and "no figure 'auc'" in str(caught.value.__cause__)
    before = len(shop.runs())
    for deploy, said in (
        ({"gates": {"roc_auc": {"least": 0.7}}}, "steps.deploy.gates.*'least'"),
        ({"budgets": {"p99": 20}}, "steps.deploy.budgets.*'p99'.*'p99_ms'"),
    ):  # these are known before anything is trained
        with pytest.raises(SettingsError, match=said):
            run(shop, deploy=deploy)
    assert len(shop.runs()) == before
    measured = run(shop, deploy={"budgets": {"size_mb": 1, "peak_mb": 5000, "p99_ms": 10_000, "load_seconds": 60}})
    assert measured.value().status == "promoted"
    assert run(shop, deploy={"budgets": {"size_mb": 1e-6}}).status == "rejected"


def test_the_champion_is_an_input_of_another_pipeline(shop: Project) -> None:
    """``{model: shop@champion}`` hands the predictor over, though the project's code has moved on."""
    run(shop)
    (shop.root / "deploy_features.py").write_text(FEATURES.replace("self.factor", "-self.factor"))
    (shop.root / "deploy_scoring.py").write_text(
        "import solvent as sv\nfrom solvent.learn import Predictor\n"
        "@sv.step\ndef score(model: Predictor | None) -> float:\n"
        "    return float(model.predict_proba({'x': 2.0, 'z': 0.0})['True'])\n"
        "@sv.pipeline\ndef scoring(model: Predictor) -> float:\n    return score(model)\n"
        "@sv.pipeline\ndef perhaps(model: Predictor | None = None) -> float:\n    return score(model)\n"
    )
    expected = load_bundle(shop, "shop").predictor.predict_proba({"x": 2.0, "z": 0.0})["True"]
    file = shop.root / "scoring.yaml"
    for name in ("scoring", "perhaps"):
        text = {"pipeline": f"deploy_scoring:{name}", "inputs": {"model": {"model": "shop@champion"}}}
        file.write_text(json.dumps(text))
        assert sv.run(file, project=shop).value() == expected > 0.5


def test_a_damaged_bundle_is_never_opened(shop: Project, tmp_path: Path) -> None:
    """A changed byte, a file too few and a file too many are each named."""
    run(shop)
    bundle = load_bundle(shop, "shop")
    for change, said in ((b"{}", "not what was packed"), (None, "lacks")):
        files = {**bundle.files, "golden.json": change}
        with pytest.raises(Corrupted, match=said):
            Bundle({name: data for name, data in files.items() if data is not None})
    with pytest.raises(Corrupted, match="not what was packed"):
        Bundle({**bundle.files, "source/evil.py": b"print('hello')"})
    bundle.to_artifact(tmp_path / "out")
    assert Bundle.from_artifact(tmp_path / "out").digest == bundle.digest
