"""Promotions from several processes at once, and a store that goes away: one order, a whole history, no lost swap."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import solvent as sv
from solvent.archive.catalog import models
from solvent.delivery import Deployment, deploy
from solvent.delivery.registry import promote_version
from solvent.delivery.server.running.following import Follower, Place, Told
from solvent.engine.project import find_project
from solvent.learn import assemble, evaluate, fit, train, transform

pytestmark = pytest.mark.slow

PROMOTE = """
import sys
from solvent.delivery.registry import promote_version
from solvent.engine.project import find_project
project = find_project(sys.argv[1])
print("ready", flush=True)
input()
for version in sys.argv[2:]:
    promote_version(project, f"raced@{version}")
"""
CLAIM = """
import sys, time
from solvent.archive.catalog import models
from solvent.engine.project import find_project
project, version = find_project(sys.argv[1]), int(sys.argv[2])
print("ready", flush=True)
input()
with project.catalog.write() as tx:
    print(models.move_alias(tx, models.Move("raced", "champion", "ada", time.time()), version, expected=1))
"""


@sv.step
def raced_rows(*, shift: int = 0) -> pl.DataFrame:
    numbers = range(200)
    return pl.DataFrame({"x": [float(n % 17) for n in numbers], "late": [(n + shift) % 17 > 8 for n in numbers]})


@sv.pipeline
def raced() -> Deployment:
    rows = raced_rows()
    features = fit(rows, target="late")
    predictor = assemble(features, train(transform(features, rows), target="late"))
    return deploy(predictor, evaluate(predictor, rows, target="late", draws=0), rows, golden=10)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("raced")
    for shift in range(4):
        steps = {"raced_rows": {"shift": shift}, "deploy": {"model": "raced", "alias": None}}
        sv.run(raced, config={"steps": steps}, project=made)
    promote_version(find_project(made), "raced@v1")
    return made


@pytest.fixture
def folder(deployed: Path, tmp_path: Path) -> Path:
    """A project of four versions, the first of them the champion, for one test alone."""
    return Path(shutil.copytree(deployed, tmp_path / "project"))


def together(program: str, folder: Path, *given: list[str]) -> list[str]:
    """What these processes print, all of which go on once every one of them is ready."""
    command = [sys.executable, "-c", program, str(folder)]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    running = [subprocess.Popen([*command, *one], **pipes) for one in given]
    assert [one.stdout.readline() for one in running] == ["ready\n"] * len(running)
    for one in running:
        one.stdin.write("\n")
        one.stdin.flush()
    said = [one.communicate(timeout=120)[0].strip() for one in running]
    assert [one.returncode for one in running] == [0] * len(running)
    return said


def test_people_who_promote_at_once_leave_a_whole_history(folder: Path) -> None:
    """Two processes, thirty promotions: each has its place, each begins where the one before ended."""
    together(PROMOTE, folder, ["v2", "v1"] * 8, ["v3", "v4"] * 7)
    catalog = find_project(folder).catalog
    history = list(reversed(models.alias_history(catalog, "raced", "champion")))
    assert [one.before for one in history] == [None, *(one.version for one in history[:-1])]
    assert {one.version for one in history} == {1, 2, 3, 4} and len(history) <= 31
    now = models.alias_version(catalog, "raced", "champion")
    assert now is not None and now.version == history[-1].version in (1, 4)


def test_of_pipelines_that_saw_the_same_champion_one_wins(folder: Path) -> None:
    """Three processes claim the place at once: one gets it, the others are told, nothing else is logged."""
    said = together(CLAIM, folder, ["2"], ["3"], ["4"])
    assert sorted(said) == ["False", "False", "True"]
    won = said.index("True") + 2
    catalog = find_project(folder).catalog
    assert [(one.version, one.before) for one in models.alias_history(catalog, "raced")] == [(won, 1), (1, None)]


def version_of(address: str) -> str:
    asked: Any = urllib.request.Request(
        address + "/predict", json.dumps({"x": 1.0}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return str(json.load(answer)["version"])


@pytest.mark.parametrize("gone", ["catalog", "archive"])
def test_promotions_are_followed_again_once_what_went_away_is_back(folder: Path, serving: Any, gone: str) -> None:
    """Without its database, or anything, the server goes on with what it has; what is promoted later comes after."""
    archive, away = folder / ".solvent", folder / "away"
    away.mkdir()
    with serving(folder, "raced", follow=0.2) as (_, address):
        assert version_of(address) == "v1"
        paths = [archive] if gone == "archive" else list(archive.glob("catalog.db*"))
        for one in paths:
            one.rename(away / one.name)
        for _ in range(10):
            time.sleep(0.2)
            assert version_of(address) == "v1"
        assert not any(one.exists() for one in paths), "what went away was made anew"
        for one in paths:
            (away / one.name).rename(one)
        promote_version(find_project(folder), "raced@v2")
        end = time.monotonic() + 15
        while version_of(address) != "v2":
            assert time.monotonic() < end, "the promotion was never followed"
            time.sleep(0.2)


def test_a_version_that_cannot_be_opened_is_tried_again(folder: Path) -> None:
    """Soon at first, then less and less often; once it opens, it takes its place."""
    moments: list[float] = []
    placed: list[Any] = []

    def opened(row: models.VersionRow) -> Any:
        moments.append(time.monotonic())
        if len(moments) < 3:
            raise OSError("the bytes are away")
        return row.version

    def put(served: Any, place: Place) -> None:
        placed.append((served, place.alias))

    told = Told(opened, put, lambda place: None, lambda name, text: None)
    follower = Follower(find_project(folder), told, 0.1)
    follower.start({Place("raced", "champion"): "another bundle"})
    end = time.monotonic() + 20
    while not placed and time.monotonic() < end:
        time.sleep(0.1)
    follower.stop()
    assert placed == [(1, "champion")] and len(moments) == 3
    assert 2 <= moments[1] - moments[0] < moments[2] - moments[1]
