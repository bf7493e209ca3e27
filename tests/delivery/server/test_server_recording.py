"""The log of predictions: what is kept of requests, what is not, and how an answer is explained from its id."""

from __future__ import annotations

import asyncio
import stat
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
from click.testing import CliRunner

import solvent as sv
from solvent.delivery import Deployment, deploy
from solvent.delivery.explaining import explain_prediction
from solvent.delivery.server.application import make_app
from solvent.delivery.server.running.recording import Policy, Recorder, folder_of
from solvent.delivery.server.serving import open_served
from solvent.engine.project import find_project
from solvent.errors import NotFound, UsageError
from solvent.faces.cli import solvent as command
from solvent.learn import assemble, evaluate, fit, train, transform


@sv.step
def logged_rows() -> pl.DataFrame:
    numbers = range(120)
    return pl.DataFrame(
        {
            "x": [float(n % 17) for n in numbers],
            "who": [f"p{n % 7}" for n in numbers],
            "late": [n % 17 > 8 for n in numbers],
        }
    )


@sv.pipeline
def logged() -> Deployment:
    rows = logged_rows()
    features = fit(rows, target="late")
    predictor = assemble(features, train(transform(features, rows), target="late"))
    return deploy(predictor, evaluate(predictor, rows, target="late", draws=0), rows, model="log-ged", golden=5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("logged")
    assert sv.run(logged, project=made).value().status == "promoted"
    return made


def _ask(folder: Path, policy: Policy, bodies: list[Any]) -> tuple[list[dict[str, Any]], pl.DataFrame]:
    project = find_project(folder)
    recorder = Recorder(project.folder, policy)
    app = make_app(open_served(project, "log-ged"), note=recorder.note, ended=recorder.close)

    async def ask() -> list[dict[str, Any]]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return [(await client.post("/predict", json=one)).json() for one in bodies]

    answers = asyncio.run(ask())
    recorder.close()
    files = sorted(folder_of(project.folder, "log-ged").rglob("*.parquet"))
    return answers, pl.concat([pl.read_parquet(one) for one in files], how="diagonal") if files else pl.DataFrame()


def test_an_answer_is_explained_by_its_id(folder: Path) -> None:
    """What was asked and answered, the version, the steps that led to it with their settings, and the packages."""
    row = {"x": 12.0, "who": "p1"}
    answers, rows = _ask(folder, Policy(), [row, [row, {"x": 1.0, "who": "p2"}]])
    found = explain_prediction(find_project(folder), answers[0]["prediction_id"])
    assert (found.model, found.version, found.bundle) == ("log-ged", 1, answers[0]["bundle"])
    assert found.rows[0]["input_x"] == 12.0 and found.rows[0]["prediction"] == answers[0]["prediction"]
    assert [one.name for one in found.route][:2] == ["logged_rows", "fit"] and found.route[1].settings[
        "target"
    ] == "late"
    assert "solvent" in found.requirements and found.judgement["gates"]
    second = explain_prediction(find_project(folder), answers[1]["prediction_id"] + "/1")
    assert [one["input_x"] for one in second.rows] == [1.0]
    assert rows.filter(pl.col("prediction_id") == answers[1]["prediction_id"])["row"].to_list() == [0, 1]
    shown = CliRunner().invoke(command, ["--project", str(folder), "explain", answers[0]["prediction_id"]])
    assert shown.exit_code == 0 and "log-ged v1" in shown.output and "x=12.0" in shown.output


def test_ids_that_are_none_and_versions_that_are_not_here_are_told_apart(folder: Path) -> None:
    """A text that is no id, and a version that nobody registered."""
    project = find_project(folder)
    with pytest.raises(UsageError, match="is no id of a prediction"):
        explain_prediction(project, "hello")
    with pytest.raises(NotFound):
        explain_prediction(project, f"log-ged-v9-{'0' * 24}")
    unlogged = explain_prediction(project, f"log-ged-v1-{int(time.time() * 1000):012x}{'0' * 12}")
    assert unlogged.rows == () and unlogged.route


def test_columns_are_kept_as_the_policy_says(tmp_path: Path, folder: Path) -> None:
    """Values, keyed hashes by which equal values are found again, or nothing; the key is nobody else's."""
    policy = Policy(columns={"who": "hash", "x": "none"})
    before = set(folder_of(find_project(folder).folder, "log-ged").rglob("*.parquet"))
    answers, _ = _ask(folder, policy, [{"x": 1.0, "who": "p3"}, {"x": 2.0, "who": "p3"}, {"x": 2.0, "who": "p4"}])
    archive = find_project(folder).folder
    (file,) = set(folder_of(archive, "log-ged").rglob("*.parquet")) - before
    rows = pl.read_parquet(file)
    assert "input_x" not in rows.columns and rows["prediction_id"].to_list() == [a["prediction_id"] for a in answers]
    hashes = rows["input_who"].to_list()
    assert hashes[0] == hashes[1] != hashes[2] and b"p3" not in file.read_bytes()
    assert stat.S_IMODE((archive / "predictions" / "key").stat().st_mode) == 0o600
    for wrong in (Policy(2.0), Policy(columns={"whom": "hash"}), Policy(columns={"who": "md5"})):  # type: ignore[dict-item]
        with pytest.raises(UsageError):
            wrong.check(["who", "x"])


def test_a_share_is_drawn_by_the_id(folder: Path) -> None:
    """A tenth of three hundred requests is about thirty; nothing, if the share is nothing."""
    before = len(_ask(folder, Policy(0.0), [])[1])
    _, rows = _ask(folder, Policy(0.1), [{"x": float(n), "who": "p1"} for n in range(300)])
    assert 8 < len(rows) - before < 60


def test_what_cannot_be_written_is_counted_and_stops_nobody(folder: Path, tmp_path: Path) -> None:
    """A folder that is a file, and a queue that is full: rows are lost, and counted; noting never waits."""
    (tmp_path / "predictions").write_text("in the way")
    lost: list[int] = []
    recorder = Recorder(tmp_path, Policy(), lambda rows, why: lost.append(rows))
    app = make_app(open_served(find_project(folder), "log-ged"), note=recorder.note)

    async def ask() -> None:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            for _ in range(20):
                assert (await client.post("/predict", json={"x": 1.0, "who": "p1"})).status_code == 200

    asyncio.run(ask())
    recorder.close()
    assert sum(lost) == 20 and threading.active_count() < 50
