"""The card of a registered version, and the commands that show, sign and ship it, on a run of the engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

import solvent as sv
from solvent.delivery import Bundle, Judgement, pack, promote
from solvent.delivery.provenance.registered import registered_card, word_registered
from solvent.delivery.registry import find_model, load_bundle
from solvent.engine.project import Project, find_project
from solvent.faces.cli import solvent
from solvent.learn import assemble, evaluate, fit, random_split, train, transform


@sv.step
def card_rows(table: pl.DataFrame) -> pl.DataFrame:
    """Rows whose outcome is known."""
    return table.drop_nulls("late")


@sv.step
def card_judgement() -> Judgement:
    return Judgement((), {})


@sv.pipeline
def card_shop(table: pl.DataFrame) -> Any:
    parts = random_split(card_rows(table))
    features = fit(parts.train, target="late")
    predictor = assemble(features, train(transform(features, parts.train), target="late"))
    report = evaluate(predictor, parts.test, target="late", draws=10)
    bundle = pack(predictor, report, parts.test, parts.train, golden=10)
    return promote(bundle, card_judgement(), None, model="shop", alias="champion", allow_dirty=True)


CONFIG = {
    "inputs": {"table": {"files": "rows.csv"}},
    "seed": 5,
    "steps": {"random_split": {"test": 0.25, "target": "late"}},
}


def files_in(folder: Path) -> dict[str, bytes]:
    return {one.relative_to(folder).as_posix(): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("card")
    late = [None if one % 10 == 0 else one % 17 > 8 for one in range(400)]
    pl.DataFrame({"x": [one * 7 % 400 for one in range(400)], "late": late}).write_csv(folder / "rows.csv")
    made = sv.run(card_shop, project=folder, config=CONFIG)
    assert made.value().status == "promoted"
    return find_project(folder)


def run(project: Project, *words: str) -> Any:
    done = CliRunner().invoke(solvent, ["--project", str(project.root), *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_route_tells_sources_splits_and_rows_that_were_left_out(project: Project) -> None:
    """Where the rows came from, how many went where, with seeds and code, and who did it."""
    row = find_model(project, "shop")
    told = registered_card(project, row, load_bundle(project, "shop"))
    route = told["route"]
    assert [(one["name"], one["rows"]) for one in route["sources"]] == [("table", 400)]
    assert list(route["left_out"]) == [{"step": "card_rows", "rows_in": 400, "rows_out": 360, "left_out": 40}]
    (split,) = route["splits"]
    assert split["how"] == "random_split" and split["settings"]["test"] == 0.25
    assert split["settings"]["seed"] == route["seeds"]["random_split"]
    assert split["logged"]["rows_train"] == 270 and split["logged"]["rows_test"] == 90
    assert route["training"]["rows"] == 270 and route["training"]["step"] == "random_split.train"
    assert route["code"]["card_rows"] and told["registered"]["seed"] == 5
    assert told["owner"] == row.user and told["aliases"] == ["champion"]
    assert told["card"]["training"] == {"rows": 270}
    text = word_registered(told)
    assert text == word_registered(json.loads(json.dumps(told)))
    assert "| card\\_rows | 400 | 360 | 40 |" in text and "270 rows, made by random\\_split.train" in text


@pytest.mark.slow
def test_a_second_run_of_the_same_makes_the_same_bundle(project: Project, tmp_path: Path) -> None:
    """In another project, by another run: the digest of the bundle is the same, and the card tells of its own run."""
    (tmp_path / "rows.csv").write_bytes((project.root / "rows.csv").read_bytes())
    for _ in range(2):
        sv.run(card_shop, project=tmp_path, config=CONFIG)
    other = find_project(tmp_path)
    assert load_bundle(other, "shop").digest == load_bundle(project, "shop").digest
    assert find_model(other, "shop").version == 1


def test_the_card_is_shown_as_markdown_and_as_json(project: Project) -> None:
    """``models card`` prints what is known, for people and for programs."""
    assert run(project, "models", "card", "shop").startswith("# shop v1\n")
    told = json.loads(run(project, "models", "card", "shop@v1", "--json"))
    assert told["bundle"]["digest"] == load_bundle(project, "shop").digest


def test_what_is_exported_has_the_whole_card_and_the_signature(project: Project, tmp_path: Path, keys: Any) -> None:
    """``models sign`` is kept, and goes along with each export; a second key adds its own."""
    public = run(project, "models", "sign", "shop", "--key", str(keys[0])).splitlines()[-1]
    run(project, "models", "export", "shop", str(tmp_path / "out"), "--key", str(keys[1]))
    signed = json.loads((tmp_path / "out/signature.json").read_bytes())
    assert len(signed["signatures"]) == 2
    assert (tmp_path / "out/CARD.md").read_text() == run(project, "models", "card", "shop")
    from solvent.delivery.trust.policy import make_trust, open_foreign

    assert open_foreign(tmp_path / "out/bundle", make_trust([public])).digest == signed["bundle"]
    again = CliRunner().invoke(
        solvent, ["--project", str(project.root), "models", "export", "shop", str(tmp_path / "out")]
    )
    assert again.exit_code != 0 and "nothing was written" in str(again.exception)


def test_models_go_to_mlflow_and_to_containers(project: Project, tmp_path: Path) -> None:
    """Each kind is a folder of its own; a graph that is not there is an error."""
    run(project, "models", "export", "shop", str(tmp_path / "ml"), "--format", "mlflow")
    assert (tmp_path / "ml/MLmodel").is_file()
    for name in ("one", "two"):
        run(project, "models", "container", "shop", str(tmp_path / name), "--base", "python:3.11-slim")
    first, second = files_in(tmp_path / "one"), files_in(tmp_path / "two")
    assert first == second and {"Dockerfile", ".dockerignore"} <= set(first)
    words = ["--project", str(project.root), "models", "export", "shop", str(tmp_path / "m.onnx"), "--format", "onnx"]
    assert CliRunner().invoke(solvent, words).exit_code == 0
    assert (tmp_path / "m.onnx").stat().st_size > 100


def test_training_rows_that_were_not_packed_are_found_by_lineage(project: Project, small: Any) -> None:
    """A bundle without a reference gets it from the records of its run; one of unknown origin has none."""
    from dataclasses import replace

    from solvent.delivery.provenance.training import find_reference
    from solvent.errors import NotFound

    row, bundle = find_model(project, "shop"), load_bundle(project, "shop")
    manifest = {**bundle.manifest, "files": {**bundle.manifest["files"]}}
    del manifest["files"]["reference.json"]
    files = {name: data for name, data in bundle.files.items() if name != "reference.json"}
    without = Bundle({**files, "bundle.json": json.dumps(manifest).encode()})
    assert without.reference is None and find_reference(project, row, without) == bundle.reference
    with pytest.raises(NotFound, match="no record here"):
        find_reference(project, replace(row, bundle="0" * 64), without)


def test_traffic_is_compared_with_what_a_model_was_trained_on(project: Project, tmp_path: Path) -> None:
    """``data drift model:shop FILE`` needs no training rows: the bundle remembers their profile."""
    pl.DataFrame({"x": [one * 7 % 400 for one in range(400)]}).write_csv(tmp_path / "same.csv")
    pl.DataFrame({"x": [one % 17 + 900 for one in range(300)]}).write_csv(tmp_path / "moved.csv")
    words = ["--project", str(project.root), "data", "drift", "model:shop"]
    codes = [
        CliRunner().invoke(solvent, [*words, str(tmp_path / name)]).exit_code for name in ("same.csv", "moved.csv")
    ]
    assert codes == [0, 1]
