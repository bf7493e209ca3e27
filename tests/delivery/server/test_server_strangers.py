"""Clients that know nothing of Solvent: schemathesis over the server's own OpenAPI, Triton's client, raw sockets."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import polars as pl
import pytest

import solvent as sv
from solvent.delivery import Deployment, deploy
from solvent.delivery.registry import load_bundle
from solvent.engine.project import find_project
from solvent.learn import assemble, evaluate, fit, train, transform


@sv.step
def strange_rows() -> pl.DataFrame:
    numbers = range(300)
    return pl.DataFrame(
        {
            "x": [float(n % 17) for n in numbers],
            "count": [n % 5 for n in numbers],
            "kind of": ["äb"[n % 2] for n in numbers],
            "maybe": [None if n % 3 else n / 10 for n in numbers],
            "late": [n % 17 > 8 for n in numbers],
        }
    )


@sv.pipeline
def strange() -> Deployment:
    rows = strange_rows()
    features = fit(rows, target="late")
    predictor = assemble(features, train(transform(features, rows), target="late"))
    return deploy(predictor, evaluate(predictor, rows, target="late", draws=0), rows, model="strange", golden=20)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("strange")
    config = {"steps": {"train": {"use": "sklearn.ensemble:HistGradientBoostingClassifier", "with": {"max_iter": 10}}}}
    assert sv.run(strange, config=config, project=made).value().status == "promoted"
    return made


@pytest.fixture(scope="module")
def address(project: Path, serving: Any) -> Iterator[str]:
    with serving(project, "strange", largest=300_000) as (_, address):
        yield address


@pytest.mark.slow
def test_the_interface_is_as_it_says_of_itself(address: str) -> None:
    """Hundreds of requests made from the server's own description: none is a server error, none breaks the schema."""
    # That a tensor has as many values as its shape says is nothing a schema can say, so such tensors count as right.
    words = ["--max-examples", "30", "--seed", "1", "--phases", "examples,coverage,fuzzing"]
    words += ["--exclude-checks", "positive_data_acceptance"]
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{address}/openapi.json", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert "No issues found" in done.stdout or "passed" in done.stdout


@pytest.mark.slow
def test_tritons_client_works_unmodified(address: str, project: Path) -> None:
    """Health, metadata, and inference with its own binary tensors; the numbers are those of the golden rows."""
    client = pytest.importorskip("tritonclient.http")
    triton = client.InferenceServerClient(address.removeprefix("http://"))
    assert triton.is_server_live() and triton.is_server_ready() and triton.is_model_ready("strange")
    assert triton.get_server_metadata()["name"] == "solvent"
    metadata = triton.get_model_metadata("strange")
    golden = [one for one in load_bundle(find_project(project), "strange").golden if one["row"]["maybe"] is not None]
    inputs = []
    kinds = {"FP64": np.float64, "INT64": np.int64, "BYTES": np.object_}
    for one in metadata["inputs"]:
        values = np.array([row["row"][one["name"]] for row in golden], dtype=kinds[one["datatype"]])
        tensor = client.InferInput(one["name"], list(values.shape), one["datatype"])
        tensor.set_data_from_numpy(values, binary_data=one["name"] != "x")
        inputs.append(tensor)
    outputs = [client.InferRequestedOutput("probability"), client.InferRequestedOutput("prediction", binary_data=False)]
    for asked in (outputs, None):
        answer = triton.infer("strange", inputs, outputs=asked, request_id="mine")
        expected = np.array([one["probability"] for one in golden])
        np.testing.assert_allclose(answer.as_numpy("probability"), expected, atol=1e-5)
        assert answer.get_response()["id"] == "mine"
    with pytest.raises(Exception, match="no model 'strnge'"):
        triton.infer("strnge", inputs)
    triton.close()


@pytest.mark.slow
def test_half_a_body_slow_clients_and_large_ones_harm_nobody(address: str) -> None:
    """What is cut off, dribbles in, or is too large is refused or dropped, and others are answered meanwhile."""
    host, port = address.removeprefix("http://").split(":")
    head = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    row = {"x": 3.0, "count": 1, "kind of": "ä"}
    held = []
    for body in (b"", b'{"x": 3.0, ', b"{" * 99):
        raw = socket.create_connection((host, int(port)))
        raw.sendall(head + body)
        held.append(raw)
    for _ in range(50):
        assert httpx.post(f"{address}/predict", json=row).status_code == 200
    held[0].close()
    held[1].settimeout(30)
    assert b"408" in held[1].recv(1000)
    for raw in held:
        raw.close()
    assert httpx.post(f"{address}/predict", json=[row] * 20_000).status_code == 413
    chunks = (b" " * 50_000 for _ in range(20))
    assert (
        httpx.post(f"{address}/predict", content=chunks, headers={"content-type": "application/json"}).status_code
        == 413
    )
    assert httpx.post(f"{address}/predict", json=[]).json()["predictions"] == []
    assert httpx.post(f"{address}/predict", json=[row] * 3000).status_code == 200
    text = httpx.get(f"{address}/metrics").text
    assert 'status="500"' not in text and 'solvent_requests_total{model="strange",status="408"}' in text
