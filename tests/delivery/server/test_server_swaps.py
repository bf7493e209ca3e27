"""A server whose champion is changed under load, also to bundles that are broken, loses no request."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

import solvent as sv
from solvent.delivery import Bundle, Deployment, deploy
from solvent.delivery.registry import find_model, promote_version
from solvent.engine.project import find_project
from solvent.learn import assemble, evaluate, fit, train, transform

SECONDS = float(os.environ.get("SOLVENT_SWAP_SECONDS", "20"))
"""How long the load lasts; the benchmark's three minutes are asked for by the variable."""


@sv.step
def swap_rows(*, shift: int = 0) -> pl.DataFrame:
    numbers = range(200)
    return pl.DataFrame({"x": [float(n % 17) for n in numbers], "late": [(n + shift) % 17 > 8 for n in numbers]})


@sv.pipeline
def swapped() -> Deployment:
    rows = swap_rows()
    features = fit(rows, target="late")
    predictor = assemble(features, train(transform(features, rows), target="late"))
    return deploy(predictor, evaluate(predictor, rows, target="late", draws=0), rows, golden=10)


def _settings(shift: int) -> dict[str, Any]:
    return {
        "steps": {
            "swap_rows": {"shift": shift},
            "train": {"use": "sklearn.linear_model:LogisticRegression"},
            "deploy": {"model": "swapped", "alias": None},
        }
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for shift in range(4):
        sv.run(swapped, config=_settings(shift), project=tmp_path)
    project = find_project(tmp_path)
    promote_version(project, "swapped@v1")
    return tmp_path


def _break(folder: Path, version: int) -> None:
    """Let a version's golden rows be answered otherwise than was packed, as another processor might."""
    from dataclasses import replace

    from solvent.archive.catalog import models

    project = find_project(folder)
    row = find_model(project, f"swapped@v{version}")
    bundle: Bundle = project.archive.get(row.bundle, Bundle)
    golden = [{**one, "prediction": not one["prediction"]} for one in bundle.golden]
    from solvent import digest
    from solvent.archive.store.local import BLOB

    files = {name: data for name, data in bundle.files.items() if name != "bundle.json"}
    files["golden.json"] = json.dumps(golden).encode()
    manifest = {**bundle.manifest, "files": {name: digest.of_bytes(BLOB, data) for name, data in files.items()}}
    files["bundle.json"] = json.dumps(manifest).encode()
    broken = Bundle(files)
    name = project.archive.put(broken).digest
    with project.catalog.write() as tx:
        tx.execute("UPDATE versions SET bundle = ? WHERE model = ? AND version = ?", (name, "swapped", version))
    assert replace(row, bundle=name) == models.find_version(project.catalog, "swapped", version)


@pytest.mark.slow
def test_no_request_fails_while_the_champion_changes(folder: Path, serving: Any) -> None:
    """Swapped every second under full load, every third time to a version that does not prove itself."""
    _break(folder, 3)
    project = find_project(folder)
    with serving(folder, "swapped", follow=0.2) as (_, address):
        stop = threading.Event()
        moved: list[int] = []

        def swap() -> None:
            versions = [2, 3, 4, 1]
            while not stop.wait(1.0):
                version = versions[len(moved) % len(versions)]
                promote_version(project, f"swapped@v{version}")
                moved.append(version)

        swapper = threading.Thread(target=swap)
        swapper.start()
        try:
            statuses, versions = asyncio.run(_load(address, time.monotonic() + SECONDS))
        finally:
            stop.set()
            swapper.join()
            metrics = httpx.get(address + "/metrics").text
    assert set(statuses) == {200} and len(statuses) > 100 * SECONDS
    assert set(versions) == {"v1", "v2", "v4"} and len(moved) >= SECONDS / 2
    assert 'solvent_events_total{event="version_refused"}' in metrics
    assert 'solvent_events_total{event="swapped"}' in metrics


async def _load(address: str, until: float) -> tuple[list[int], list[str]]:
    statuses: list[int] = []
    versions: list[str] = []

    async def ask(client: httpx.AsyncClient, number: int) -> None:
        while time.monotonic() < until:
            answer = await client.post("/predict", json={"x": float(number)})
            statuses.append(answer.status_code)
            versions.append(answer.json().get("version", "none"))

    async with httpx.AsyncClient(base_url=address, timeout=30) as client:
        await asyncio.gather(*(ask(client, number) for number in range(8)))
    return statuses, versions
