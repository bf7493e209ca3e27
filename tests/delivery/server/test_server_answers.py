"""The server's answers: the Open Inference Protocol, the plain route, and problems that name row and column."""

from __future__ import annotations

import asyncio
import json
import struct
from typing import Any

import httpx
import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier

from solvent.delivery.server.application import Access, Served, make_app
from solvent.learn import assemble, fit, train, transform


class Client:
    """Asks the application itself, without a socket."""

    def __init__(self, app: Any, base_url: str = "http://localhost") -> None:
        self._app, self._base_url = app, base_url

    def request(self, method: str, path: str, **given: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app)
            async with httpx.AsyncClient(transport=transport, base_url=self._base_url) as client:
                return await client.request(method, path, **given)

        return asyncio.run(ask())

    def get(self, path: str, **given: Any) -> httpx.Response:
        return self.request("GET", path, **given)

    def post(self, path: str, **given: Any) -> httpx.Response:
        return self.request("POST", path, **given)


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    random = np.random.default_rng(0)
    x = random.normal(size=300)
    return pl.DataFrame(
        {
            "x": x,
            "n": random.integers(0, 9, 300),
            "kind": random.choice(["a", "b"], 300),
            "maybe": pl.Series(random.normal(size=300)).set(pl.Series(x > 1), None),
            "late": x + random.normal(size=300) > 0,
        }
    )


@pytest.fixture(scope="module")
def served(frame: pl.DataFrame) -> Served:
    features = fit(frame, target="late")
    ready = transform(features, frame)
    model = train(ready, target="late", seed=1, use=HistGradientBoostingClassifier, with_={"max_iter": 5})
    return Served("delays", "v3", "ab" * 32, assemble(features, model))


@pytest.fixture(scope="module")
def client(served: Served) -> Client:
    return Client(make_app(served, Access(largest=100_000)), base_url="http://localhost")


def tensors(frame: pl.DataFrame) -> dict[str, Any]:
    kinds = {pl.Float64: "FP64", pl.Int64: "INT64", pl.String: "BYTES"}
    return {
        "inputs": [
            {"name": one.name, "shape": [len(one)], "datatype": kinds[type(one.dtype)], "data": one.to_list()}
            for one in frame.get_columns()
        ]
    }


def test_tensors_are_answered_with_the_predictors_own_numbers(
    client: Client, served: Served, frame: pl.DataFrame
) -> None:
    """Predictions and probabilities are those of the predictor, bit by bit, with the version that made them."""
    asked = frame.drop("late").head(100)
    answer = client.post("/v2/models/delays/infer", json={**tensors(asked), "id": "q-1"}).json()
    assert (answer["model_name"], answer["model_version"], answer["id"]) == ("delays", "v3", "q-1")
    outputs = {one["name"]: one for one in answer["outputs"]}
    expected = served.predictor.answer(asked)
    assert expected.probability is not None
    assert outputs["probability"]["shape"] == [100, 2]
    assert outputs["probability"]["data"] == expected.probability.ravel().tolist()
    assert outputs["probability"]["parameters"] == {"classes": ["False", "True"]}
    assert outputs["prediction"]["datatype"] == "BOOL"
    assert outputs["prediction"]["data"] == expected.prediction.tolist()


def test_columns_of_one_may_be_matrices_and_outputs_may_be_chosen(client: Client) -> None:
    """The shape [n, 1] is a column too, flat or nested; only the outputs that were asked for come back."""
    asked = {
        "inputs": [
            {"name": "x", "shape": [2, 1], "datatype": "FP32", "data": [0.5, 1.5]},
            {"name": "n", "shape": [2, 1], "datatype": "INT32", "data": [[1], [2]]},
            {"name": "kind", "shape": [2], "datatype": "BYTES", "data": ["a", "new"]},
        ],
        "outputs": [{"name": "prediction"}],
    }
    answer = client.post("/v2/models/delays/versions/3/infer", json=asked).json()
    assert [one["name"] for one in answer["outputs"]] == ["prediction"]
    assert answer["parameters"]["warnings"] == [
        "maybe is missing, taken as null",
        "kind: 'new' was not seen in training",
    ]


@pytest.mark.parametrize(("datatype", "value"), [("INT8", 400), ("UINT8", -1), ("INT32", 2**31)])
def test_a_number_that_its_tensor_cannot_hold_is_refused(client: Client, datatype: str, value: int) -> None:
    """It is no number of that type, whatever the column could take."""
    inputs = [
        {"name": "x", "shape": [1], "datatype": "FP64", "data": [0.5]},
        {"name": "n", "shape": [1], "datatype": datatype, "data": [value]},
        {"name": "kind", "shape": [1], "datatype": "BYTES", "data": ["a"]},
    ]
    answer = client.post("/v2/models/delays/infer", json={"inputs": inputs})
    assert answer.status_code == 422 and f"{value} is no {datatype}" in answer.text


@pytest.mark.parametrize("way", ["json", "companion", "parameter"])
def test_nulls_can_be_said_in_three_ways(client: Client, served: Served, way: str) -> None:
    """A null in JSON, a companion tensor, or a list of places give one and the same answer."""
    asked = tensors(pl.DataFrame({"x": [0.1, 0.2], "n": [1, 2], "kind": ["a", "b"], "maybe": [9.0, 1.0]}))
    tensor = asked["inputs"][3]
    if way == "json":
        tensor["data"][0] = None
    elif way == "companion":
        asked["inputs"].append({"name": "maybe__null", "shape": [2], "datatype": "BOOL", "data": [True, False]})
    else:
        tensor["parameters"] = {"null": [0]}
    answer = client.post("/v2/models/delays/infer", json=asked).json()
    rows = [{"x": 0.1, "n": 1, "kind": "a", "maybe": None}, {"x": 0.2, "n": 2, "kind": "b", "maybe": 1.0}]
    expected = served.predictor.answer(rows).probability
    assert expected is not None and answer["outputs"][1]["data"] == expected.ravel().tolist()


def test_binary_tensors_are_read(client: Client, served: Served) -> None:
    """Tensors as raw bytes behind the JSON, as Triton's client sends them."""
    x, n = np.array([0.5, -0.5]), np.array([3, 4], dtype=np.int32)
    maybe = np.array([np.nan, 1.0], dtype=np.float32)
    text = b"".join(struct.pack("<I", len(one)) + one for one in (b"a", "\N{SNOWMAN}".encode()))
    parts = {"x": ("FP64", x.tobytes()), "n": ("INT32", n.tobytes()), "kind": ("BYTES", text)}
    parts["maybe"] = ("FP32", maybe.tobytes())
    head = json.dumps(
        {
            "inputs": [
                {"name": name, "shape": [2], "datatype": kind, "parameters": {"binary_data_size": len(data)}}
                for name, (kind, data) in parts.items()
            ]
        }
    ).encode()
    answer = client.post(
        "/v2/models/delays/infer",
        content=head + b"".join(data for _, data in parts.values()),
        headers={"Inference-Header-Content-Length": str(len(head)), "Content-Type": "application/octet-stream"},
    )
    rows = [{"x": 0.5, "n": 3, "kind": "a", "maybe": None}, {"x": -0.5, "n": 4, "kind": "\N{SNOWMAN}", "maybe": 1.0}]
    expected = served.predictor.answer(rows).probability
    assert answer.status_code == 200, answer.text
    assert expected is not None and answer.json()["outputs"][1]["data"] == expected.ravel().tolist()


def test_a_record_or_a_list_is_answered_plainly(client: Client) -> None:
    """One record gets one answer, a list gets a list; both name the version."""
    row = {"x": 0.5, "n": 1, "kind": "a", "maybe": None, "extra": [1]}
    one = client.post("/predict", json=row).json()
    assert one["version"] == "v3" and one["warnings"] == ["extra is not used"]
    assert set(one["probability"]) == {"False", "True"}
    many = client.post("/predict", json=[row, row]).json()
    assert [answer["prediction"] for answer in many["predictions"]] == [one["prediction"]] * 2
    assert client.post("/predict", json=[]).json()["predictions"] == []


def test_health_and_metadata(client: Client) -> None:
    """Health says which version answers; metadata has a tensor for each column, with an example that works."""
    said = client.get("/healthz").json()
    assert said.items() >= {"status": "ok", "model": "delays", "version": "v3", "bundle": "ab" * 32}.items()
    assert said["versions"] == {"delays": ["v3"]} and said["runtime"] == "python"
    for path in ("/v2/health/live", "/v2/health/ready", "/v2", "/", "/v2/models/delays/ready"):
        assert client.get(path).status_code == 200
    told = client.get("/v2/models/delays").json()
    assert [(one["name"], one["datatype"]) for one in told["inputs"]] == [
        ("x", "FP64"), ("n", "INT64"), ("kind", "BYTES"), ("maybe", "FP64"),
    ]  # fmt: skip
    example = {one["name"]: one["parameters"]["example"] for one in told["inputs"]}
    assert client.post("/predict", json=example).status_code == 200


@pytest.mark.parametrize(
    ("change", "column", "reason"),
    [
        ({"x": "high"}, "x", "expected float, got text"),
        ({"n": 1.5}, "n", "expected int"),
        ({"kind": None}, "kind", "got null"),
        ({"x": {"deep": [1]}}, "x", "got an object"),
    ],
)
def test_a_wrong_value_is_a_problem_with_row_column_and_reason(
    client: Client, change: dict[str, Any], column: str, reason: str
) -> None:
    """The answer is a problem document, never a server error."""
    row = {"x": 0.5, "n": 1, "kind": "a", "maybe": 1.0}
    answer = client.post("/predict", json=[row, {**row, **change}])
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    fault = answer.json()["errors"][0]
    assert (fault["row"], fault["column"]) == (1, column) and reason in fault["reason"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"NaN", 400),
        (b'{"x": NaN}', 400),
        (b"[" * 100_000, 413),
        (b"[" * 50_000, 400),
        (b"7", 422),
        (b'"text"', 422),
        (b"\xff\xfe", 400),
        (b"", 400),
    ],
)
def test_bodies_that_are_no_request_are_refused(client: Client, body: bytes, status: int) -> None:
    """Broken, deep, endless, empty and foreign bodies each get a problem."""
    extra = b" " if status == 413 else b""
    answer = client.post("/predict", content=body + extra, headers={"Content-Type": "application/json"})
    assert answer.status_code == status and answer.json()["status"] == status


@pytest.mark.parametrize(
    "tensor",
    [
        {"name": "x", "shape": [2], "datatype": "FP64", "data": [1.0]},
        {"name": "x", "shape": [1], "datatype": "FP99", "data": [1.0]},
        {"name": "x", "shape": [1], "datatype": "FP64"},
        {"name": "x", "shape": [], "datatype": "FP64", "data": [1.0]},
        {"name": "x", "shape": [1, 2], "datatype": "FP64", "data": [1.0, 2.0]},
        {"name": "x", "shape": [-1], "datatype": "FP64", "data": [1.0]},
        {"name": "x", "shape": [1], "datatype": "FP64", "data": [[[1.0]]]},
        {"name": "x", "shape": [1], "datatype": "FP64", "data": [1.0], "parameters": {"null": [7]}},
        {"name": "x", "shape": [1], "datatype": "FP64", "parameters": {"binary_data_size": 10**9}},
        {"name": "n", "shape": [1], "datatype": "INT64", "data": [1]},
    ],
)
def test_tensors_that_do_not_fit_are_refused(client: Client, tensor: dict[str, Any]) -> None:
    """Wrong shapes, types, nulls and sizes, and one name twice, are named; none is guessed at."""
    others = tensors(pl.DataFrame({"n": [1], "kind": ["a"], "maybe": [1.0]}))["inputs"]
    answer = client.post("/v2/models/delays/infer", json={"inputs": [*others, tensor]})
    assert answer.status_code == 422 and answer.json()["detail"]


def test_other_names_methods_and_types_are_refused(client: Client) -> None:
    """An unknown model is answered with the known one; a wrong method, version and content type are told apart."""
    assert "Did you mean 'delays'" in client.get("/v2/models/delay").json()["detail"]
    assert client.get("/v2/models/delays/versions/9").status_code == 404
    assert client.get("/predict").status_code == 405
    assert client.get("/nothing").headers["content-type"] == "application/problem+json"
    assert client.post("/predict", content=b"x=1", headers={"Content-Type": "text/plain"}).status_code == 415
    wanted = {"inputs": [], "outputs": [{"name": "soul"}]}
    assert client.post("/v2/models/delays/infer", json=wanted).status_code == 422


def test_only_the_host_that_is_meant_is_answered(served: Served) -> None:
    """A page that rebinds its name to this machine, and a page of another site, get nothing."""
    app = make_app(served, Access(hosts=frozenset({"models.example"})))
    client = Client(app, base_url="http://127.0.0.1:8080")
    assert client.get("/healthz").status_code == 200
    assert client.get("/healthz", headers={"Host": "evil.example"}).status_code == 421
    assert client.get("/healthz", headers={"Host": "models.example:80"}).status_code == 200
    assert client.get("/healthz", headers={"Origin": "http://evil.example"}).status_code == 403
    assert client.get("/healthz", headers={"Origin": "null"}).status_code == 403
    assert client.get("/healthz", headers={"Origin": "http://127.0.0.1:8080"}).status_code == 200


def test_a_token_guards_everything_but_health(served: Served) -> None:
    """Without it, or with another, nothing of the model is told."""
    client = Client(make_app(served, Access(token="s3cret")), base_url="http://localhost")
    assert client.get("/healthz").status_code == 200
    for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic s3cret"}):
        assert client.get("/v2/models/delays", headers=header).status_code == 401
    assert client.get("/v2/models/delays", headers={"Authorization": "Bearer s3cret"}).status_code == 200
    assert "s3cret" not in repr(Access(token="s3cret"))


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["x", "n", "kind", "maybe"]), inner),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(value=_json, name=st.sampled_from(["x", "n", "kind", "maybe"]))
def test_no_input_is_a_server_error(client: Client, value: Any, name: str) -> None:
    """Whatever JSON comes, as a record, a column, a tensor or a whole body, the answer is 2xx or 4xx."""
    row = {"x": 0.5, "n": 1, "kind": "a", "maybe": 1.0}
    bodies = [("/predict", value), ("/predict", {**row, name: value}), ("/predict", [row, value])]
    tensor = {"name": name, "shape": value, "datatype": "FP64", "data": [1.0]}
    bodies += [("/v2/models/delays/infer", one) for one in (value, {"inputs": value}, {"inputs": [tensor]})]
    bodies += [("/v2/models/delays/infer", {"inputs": [{**tensor, "shape": [1], "data": value}]})]
    for path, body in bodies:
        answer = client.post(path, content=json.dumps(body), headers={"Content-Type": "application/json"})
        assert answer.status_code < 500, (path, body, answer.text)
