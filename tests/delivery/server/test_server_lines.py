"""Several versions in one server: swaps, canaries and shadows, queues, deadlines and caps."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any

import httpx
import numpy as np
import pytest

from solvent.delivery.server.application import Access, Application, Noted, make_app
from solvent.delivery.server.lines.batching import Batcher, Expired
from solvent.delivery.server.lines.roster import Roster
from solvent.delivery.server.lines.served import Refused, Served
from solvent.errors import InputError, UsageError
from solvent.learn.assembly import Answers, Predictor
from solvent.learn.tables.schema import Column

COLUMNS = (Column("x", "float", False, 1.5, 0.0, 9.0), Column("kind", "text", True, "a", values=("a", "b")))


class Slow(Predictor[Any]):
    """Answers x, adds what it was told to, counts how often it is asked, and takes its time."""

    def __init__(self, add: float = 0.0, seconds: float = 0.0) -> None:
        super().__init__((None,), COLUMNS)
        object.__setattr__(self, "add", add)
        object.__setattr__(self, "seconds", seconds)
        object.__setattr__(self, "asked", [])

    def answer(self, rows: Any) -> Answers:
        mine: Any = self
        prepared = self.prepare(rows)
        mine.asked.append(prepared.frame.height)
        time.sleep(mine.seconds)
        values = prepared.frame["x"].to_numpy()
        if (values == 666).any():
            raise ValueError("666 is no number for me")
        return Answers(values + mine.add, None, (), prepared.warnings)


def served(version: int = 1, model: str = "slow", **given: Any) -> Served:
    return Served(model, f"v{version}", f"{version}" * 64, Slow(**given))


def ask_all(app: Application, bodies: Sequence[Any], path: str = "/predict", **headers: str) -> list[httpx.Response]:
    """Ask all at once, through the application and without a socket."""

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return list(await asyncio.gather(*(client.post(path, json=one, headers=headers or None) for one in bodies)))

    return asyncio.run(ask())


def test_requests_that_wait_together_are_answered_together() -> None:
    """Forty at once take a few calls of the predictor, each gets its own answer, and nobody else's fault or warning."""
    one = served(seconds=0.002)
    bodies: list[Any] = [{"x": float(n), "kind": "a"} for n in range(40)]
    bodies[7] = {"x": "wrong", "kind": "a"}
    bodies[8] = {"x": 666.0, "kind": "a"}
    bodies[9] = {"x": 9.0, "kind": "b", "extra": 1}
    answers = ask_all(make_app(one), bodies)
    for place, answer in enumerate(answers):
        if place in (7, 8):
            assert answer.status_code == 422
        else:
            assert answer.json()["prediction"] == float(place)
            assert ("warnings" in answer.json()) == (place == 9)
    assert "666 is no number for me" in answers[8].json()["detail"]
    asked = one.predictor.asked  # type: ignore[attr-defined]
    assert sum(asked) >= 39 and len(asked) < 25 and max(asked) > 5


def test_a_request_on_its_own_does_not_wait() -> None:
    """One after the other, each is asked at once."""
    one = served()
    batcher = Batcher(one)

    async def ask() -> float:
        started = time.monotonic()
        for _ in range(50):
            await batcher.answer([{"x": 1.0, "kind": "a"}], time.monotonic() + 1)
        return time.monotonic() - started

    asyncio.run(ask())
    assert one.predictor.asked == [1] * 50  # type: ignore[attr-defined]


def test_a_deadline_ends_what_waits_and_many_rows_do_not_stop_others() -> None:
    """A request whose time is over gets a 504; a large one is answered beside the loop."""
    app = make_app(served(seconds=0.05))
    answers = ask_all(app, [{"x": 1.0, "kind": "a"}] * 20, **{"x-deadline-ms": "1"})
    assert {one.status_code for one in answers} <= {200, 504} and any(one.status_code == 504 for one in answers)
    assert ask_all(app, [{"x": 1.0, "kind": "a"}], **{"x-deadline-ms": "soon"})[0].status_code == 422

    async def late() -> None:
        batcher = Batcher(served(seconds=0.2))
        with pytest.raises(Expired):
            await batcher.answer([{"x": 1.0, "kind": "a"}] * 1000, time.monotonic() + 0.02)

    asyncio.run(late())


def test_more_at_a_time_than_may_be_are_told_to_come_again() -> None:
    """A 429 for those beyond the cap, and none of them lost once there is room."""
    app = make_app(served(seconds=0.01), Access(concurrency=3))
    answers = ask_all(app, [[{"x": 1.0, "kind": "a"}] * 100] * 9)  # many rows: answered in a thread
    assert sorted({one.status_code for one in answers}) == [200, 429]
    assert sum(one.status_code == 200 for one in answers) == 3
    assert answers[-1].headers["content-type"] == "application/problem+json"
    assert ask_all(app, [{"x": 1.0, "kind": "a"}])[0].status_code == 200


def test_bodies_that_dribble_in_keep_nobody_out() -> None:
    """However many wait for the rest of theirs, a request that comes whole is answered; what is too many is told so."""
    app = make_app(served(), Access(concurrency=3, patience=1.0))
    head = [(b"host", b"localhost"), (b"content-type", b"application/json"), (b"content-length", b"30")]
    scope = {"type": "http", "method": "POST", "path": "/predict", "query_string": b"", "headers": head, "client": None}

    async def dribble() -> int:
        said: list[Any] = []
        first = iter([{"type": "http.request", "body": b"{", "more_body": True}])

        async def receive() -> Any:
            return next(first, None) or await asyncio.Event().wait()

        async def send(message: Any) -> None:
            said.append(message)

        await app({**scope}, receive, send)
        return int(said[0]["status"])

    async def ask() -> tuple[list[int], list[int]]:
        waiting = [asyncio.ensure_future(dribble()) for _ in range(20)]
        await asyncio.sleep(0.2)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            answers = [(await client.post("/predict", json={"x": 1.0, "kind": "a"})).status_code for _ in range(5)]
        return answers, await asyncio.gather(*waiting)

    answers, told = asyncio.run(ask())
    assert answers == [200] * 5
    assert sorted(set(told)) == [408, 429]


def test_a_swap_is_seen_by_the_next_request_and_by_none_under_way() -> None:
    """Who was asked before answers; who asks after gets the new version."""
    app = make_app(served(1, seconds=0.02))

    async def ask() -> list[Any]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            rows = [{"x": 1.0, "kind": "a"}] * 100
            first = asyncio.ensure_future(client.post("/predict", json=rows))
            await asyncio.sleep(0.005)
            app.roster.put(served(2, add=100.0))
            second = await client.post("/predict", json={"x": 1.0, "kind": "a"})
            return [(await first).json(), second.json()]

    old, new = asyncio.run(ask())
    assert (old["version"], old["predictions"][0]["prediction"]) == ("v1", 1.0)
    assert (new["version"], new["prediction"]) == ("v2", 101.0)


def test_a_canary_answers_its_share_and_a_shadow_is_never_heard() -> None:
    """By the id: of 400 requests about a quarter; what the shadow says is noted only."""
    noted: list[Noted] = []
    app = make_app(served(1), note=noted.append)
    app.roster.put(served(2, add=100.0), "canary", 0.25)
    app.roster.put(served(3, add=500.0), "shadow", 0.5)

    async def ask() -> list[Any]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            found = [(await client.post("/predict", json={"x": 1.0, "kind": "a"})).json() for _ in range(400)]
            await asyncio.sleep(0.05)
            return found

    found = asyncio.run(ask())
    versions = [one["version"] for one in found]
    assert set(versions) == {"v1", "v2"} and 60 < versions.count("v2") < 145
    assert all(one["prediction"] == (101.0 if one["version"] == "v2" else 1.0) for one in found)
    places = [one.place for one in noted]
    assert places.count("canary") == versions.count("v2") and 140 < places.count("shadow") < 260
    ids = [one["prediction_id"] for one in found]
    assert len(set(ids)) == 400 and all(id.startswith(f"slow-{v}-") for id, v in zip(ids, versions, strict=True))
    shadows = [one for one in noted if one.place == "shadow"]
    assert {one.id for one in shadows} <= set(ids) and all(one.answers.prediction[0] == 501.0 for one in shadows)
    app.roster.take_away("slow", "canary")
    assert app.roster.versions() == {"slow": ["v1", "v3"]}


def test_several_models_have_names_and_no_plain_route() -> None:
    """Each under its name, in every form; what is meant without a name is asked for."""
    app = make_app(Roster.of(served(1, "one"), served(2, "two", add=10.0)))
    row = {"x": 1.0, "kind": "a"}
    assert ask_all(app, [row])[0].status_code == 404
    assert "one, two" in ask_all(app, [row])[0].json()["detail"]
    assert ask_all(app, [row], "/models/two/predict")[0].json()["prediction"] == 11.0
    split = {"dataframe_split": {"columns": ["kind", "x"], "data": [["a", 3]]}}
    assert ask_all(app, [split], "/models/one/invocations")[0].json()["predictions"] == [{"prediction": 3.0}]
    assert ask_all(app, [row], "/models/tow/predict")[0].json()["detail"].endswith("Did you mean 'two'?")
    with pytest.raises(UsageError, match="served once only"):
        Roster.of(served(1), served(2))


ROW = {"x": 2.0, "kind": "b"}


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_records": [ROW]},
        {"dataframe_split": {"columns": ["x", "kind"], "data": [[2.0, "b"]], "index": [0]}},
        {"instances": [ROW]},
        {"instances": [[2, "b"]]},
        {"inputs": {"x": [2.0], "kind": ["b"]}},
        {"inputs": {"x": [[2.0]], "kind": [["b"]]}},
        {"inputs": [ROW]},
    ],
)
def test_mlflow_is_spoken_in_all_its_forms(body: Any) -> None:
    """One row in each form has one answer."""
    answer = ask_all(make_app(served()), [body], "/invocations")[0]
    assert answer.json()["predictions"] == [{"prediction": 2.0}], answer.text


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ([ROW], "expected an object with one of"),
        ({}, "it has nothing"),
        ({"instances": [ROW], "inputs": [ROW]}, "it has instances and inputs"),
        ({"dataframe_split": {"columns": ["x", "x"], "data": []}}, "the column 'x' is named twice"),
        ({"dataframe_split": {"columns": ["x"], "data": [[1, 2]]}}, "expected a list of 1 values"),
        ({"dataframe_split": [1]}, "expected {columns"),
        ({"inputs": {"x": [1, 2], "kind": ["a"]}}, "different numbers of values: x 2, kind 1"),
        ({"instances": 3}, "expected a list of rows"),
        ({"instances": [3]}, "expected a list of 2 values"),
    ],
)
def test_what_mlflow_would_not_send_is_told(body: Any, said: str) -> None:
    """With what was expected, as a problem of the rows."""
    answer = ask_all(make_app(served()), [body], "/invocations")[0]
    assert answer.status_code == 422 and said in answer.json()["detail"]


def test_figures_and_pages_tell_of_what_serves() -> None:
    """Prometheus' text, OpenAPI and a page for people, whose example works."""
    app = make_app(served())

    async def ask() -> Any:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            api = (await client.get("/openapi.json")).json()
            example = api["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]["example"]
            assert (await client.post("/predict", json=example)).status_code == 200
            await client.post("/predict", json={"x": "?"})
            return (await client.get("/metrics")).text, (await client.get("/docs")).text, api

    metrics, page, api = asyncio.run(ask())
    assert 'solvent_requests_total{model="slow",status="200"} 1.0' in metrics
    assert 'solvent_requests_total{model="slow",status="422"} 1.0' in metrics
    assert 'solvent_request_seconds_count{model="slow",version="v1"} 1.0' in metrics
    assert 'solvent_serving{model="slow",place="seat",runtime="python",version="v1"} 1.0' in metrics
    assert "never missing in training" in page and "http" not in page.replace("http-equiv", "")
    schema = api["components"]["schemas"]["slow.Record"]
    assert schema["required"] == ["x"] and schema["properties"]["kind"]["type"] == ["string", "null"]
    json.dumps(api, allow_nan=False)


def test_what_a_predictor_cannot_answer_is_no_fault_of_the_server() -> None:
    """A refusal inside of the predictor is told as one of the rows; wrong rows stay wrong rows."""
    one = served()
    with pytest.raises(Refused, match="ValueError: 666"):
        one.answer([{"x": 666.0}])
    with pytest.raises(InputError):
        one.answer([{"x": "?"}])
    assert one.plain([ROW]) and not one.plain([{"x": 1.0}]) and not one.plain([3])  # type: ignore[list-item]
    assert np.array_equal(one.answer([]).prediction, np.empty(0))
