"""The server as a process: it announces its address, answers, and ends gracefully when told to."""

from __future__ import annotations

import json
import signal
import socket
import threading
import urllib.request
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import solvent as sv
from solvent.delivery import Deployment, deploy
from solvent.delivery.registry import load_bundle
from solvent.delivery.server.serving import Endpoint, serve
from solvent.engine.project import find_project
from solvent.errors import NotFound, UsageError
from solvent.learn import assemble, evaluate, fit, train, transform


@sv.step
def plain_rows() -> pl.DataFrame:
    return pl.DataFrame({"x": [float(one % 17) for one in range(200)], "late": [one % 17 > 8 for one in range(200)]})


@sv.pipeline
def plain() -> Deployment:
    rows = plain_rows()
    features = fit(rows, target="late")
    predictor = assemble(features, train(transform(features, rows), target="late"))
    return deploy(predictor, evaluate(predictor, rows, target="late", draws=10), rows, model="plain", golden=10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("plain")
    assert sv.run(plain, project=made).value().status == "promoted"
    return made


def ask(address: str, body: Any) -> dict[str, Any]:
    request = urllib.request.Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return dict(json.load(answer))


@pytest.mark.slow
def test_a_served_champion_answers_like_its_bundle_and_ends_when_told(folder: Path, serving: Any) -> None:
    """Started on a free port, asked by several at once, stopped by SIGTERM with nothing left behind."""
    with serving(folder, "plain") as (server, address):
        bundle = load_bundle(find_project(folder), "plain")
        golden = bundle.golden[0]
        answers: list[dict[str, Any]] = []

        def one() -> None:
            answers.append(ask(address + "/predict", golden["row"]))

        threads = [threading.Thread(target=one) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [one["prediction"] for one in answers] == [golden["prediction"]] * 8
        assert list(answers[0]["probability"].values()) == golden["probability"]
        assert answers[0]["version"] == "v1"
    assert server.wait(timeout=30) in (0, -signal.SIGTERM)
    port = int(address.rpartition(":")[2])
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_another_interface_needs_a_token_and_a_taken_port_says_so(folder: Path) -> None:
    """Nothing is opened to the network unasked; what cannot be served is refused before it listens."""
    project = find_project(folder)
    with pytest.raises(UsageError, match="give a token"):
        serve(project, "plain", Endpoint(host="0.0.0.0"))
    with pytest.raises(NotFound, match="Did you mean 'plain'"):
        serve(project, "plane", Endpoint(port=0))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UsageError, match="cannot be listened on"):
            serve(project, "plain", Endpoint(port=taken.getsockname()[1]))
