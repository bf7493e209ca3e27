"""The application: routes that answer for one version of a model, which every answer names."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from solvent.delivery.server.guard import Guard, TooLarge, problem, read_body
from solvent.delivery.server.protocol import columns_of, describe_model, read_request, tensors_of
from solvent.errors import InputError, did_you_mean
from solvent.learn.assembly import Answers, Predictor
from solvent.learn.tables.schema import Prepared, plain_value, read_records, read_values

__all__ = ["Access", "Served", "make_app"]

_SMALL = 64  # rows that are answered at once; more go to a thread, so that others need not wait


@dataclass(frozen=True)
class Served:
    """What answers: a predictor, and the model, version and bundle that it is."""

    model: str
    version: str
    bundle: str
    predictor: Predictor


@dataclass(frozen=True)
class Access:
    """Who may ask, and how much: host names beside loopback, a token, the largest body in bytes."""

    hosts: frozenset[str] = field(default_factory=frozenset)
    token: str | None = field(default=None, repr=False)
    largest: int = 16_000_000


def make_app(served: Served, access: Access | None = None, ready: Callable[[], None] | None = None) -> Starlette:
    """The application that serves one version; ``ready`` is called once it does."""
    access = access or Access()
    handlers = _Handlers(served, access)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if ready is not None:
            ready()
        yield

    model = "/v2/models/{name}"
    routes = [
        Route("/", handlers.index),
        Route("/healthz", handlers.health),
        Route("/v2", handlers.server),
        Route("/v2/health/live", handlers.live),
        Route("/v2/health/ready", handlers.live),
        *(Route(prefix, handlers.metadata) for prefix in (model, model + "/versions/{version}")),
        *(Route(prefix + "/ready", handlers.model_ready) for prefix in (model, model + "/versions/{version}")),
        *(
            Route(prefix + "/infer", handlers.infer, methods=["POST"])
            for prefix in (model, model + "/versions/{version}")
        ),
        Route("/predict", handlers.predict, methods=["POST"]),
    ]
    guard = Middleware(Guard, hosts=access.hosts, token=access.token)
    return Starlette(
        routes=routes, middleware=[guard], lifespan=lifespan, exception_handlers={HTTPException: _http_problem}
    )


async def _http_problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem(error.status_code, error.detail, f"{error.detail}. GET / lists what there is.")


class _Refused(Exception):
    """A request that gets a problem as its answer."""

    def __init__(self, answer: Response) -> None:
        self.answer = answer


class _Handlers:
    """One method for each route."""

    def __init__(self, served: Served, access: Access) -> None:
        self._served = served
        self._access = access
        predictor = served.predictor
        self._metadata = describe_model(served.model, served.version, predictor.columns, predictor.classes)

    async def index(self, _: Request) -> Response:
        """What there is to ask."""
        name = self._served.model
        return _json(
            {
                **self._names(),
                "routes": [
                    "GET /healthz",
                    f"GET /v2/models/{name}",
                    f"POST /v2/models/{name}/infer",
                    "POST /predict",
                ],
            }
        )

    async def health(self, _: Request) -> Response:
        """The server answers, and for which version."""
        return _json({"status": "ok", **self._names()})

    async def server(self, _: Request) -> Response:
        """The server's metadata."""
        from importlib.metadata import version

        return _json({"name": "solvent", "version": version("solvent"), "extensions": ["binary_tensor_data"]})

    async def live(self, _: Request) -> Response:
        """The server answers."""
        return _json({"live": True, "ready": True})

    async def model_ready(self, request: Request) -> Response:
        """The model answers."""
        refused = self._unknown(request)
        return refused or _json({"name": self._served.model, "ready": True})

    async def metadata(self, request: Request) -> Response:
        """The model's inputs and outputs."""
        return self._unknown(request) or _json(self._metadata)

    async def infer(self, request: Request) -> Response:
        """Answer tensors with tensors."""
        refused = self._unknown(request)
        if refused is not None:
            return refused
        try:
            body = await self._body(request, ("application/json", "application/octet-stream"))
            asked = read_request(body, _header_length(request))
            values, rows = columns_of(asked)
            columns = self._served.predictor.columns
            answers = await self._answer(rows, lambda: read_values(values, rows, columns))
            outputs = tensors_of(answers)
            wanted = None if asked.outputs is None else [one.name for one in asked.outputs]
            for name in wanted or ():
                if name not in [one["name"] for one in outputs]:
                    raise InputError(f"there is no output {name!r}; there are prediction and probability")
        except _Refused as error:
            return error.answer
        except (InputError, UnicodeDecodeError) as error:
            return problem(422, "The rows do not fit", str(error), getattr(error, "problems", ()))
        answer: dict[str, Any] = {
            "model_name": self._served.model,
            "model_version": self._served.version,
            "outputs": [one for one in outputs if wanted is None or one["name"] in wanted],
        }
        if asked.id is not None:
            answer["id"] = asked.id
        if answers.warnings:
            answer["parameters"] = {"warnings": list(answers.warnings)}
        return _json(answer)

    async def predict(self, request: Request) -> Response:
        """Answer one record, or a list of them."""
        try:
            body = await self._body(request, ("application/json",))
            try:
                asked = msgspec.json.decode(body)
            except (msgspec.MsgspecError, RecursionError) as error:
                return problem(400, "No JSON", f"the body is no JSON: {error}")
            records = asked if isinstance(asked, list) else [asked]
            columns = self._served.predictor.columns
            answers = await self._answer(len(records), lambda: read_records(records, columns))
        except _Refused as error:
            return error.answer
        except InputError as error:
            return problem(422, "The rows do not fit", str(error), error.problems)
        made = [_one(answers, place) for place in range(len(records))]
        told: dict[str, Any] = {**self._names(), **({"predictions": made} if asked is records else made[0])}
        if answers.warnings:
            told["warnings"] = list(answers.warnings)
        return _json(told)

    async def _answer(self, rows: int, prepare: Callable[[], Prepared]) -> Answers:
        def work() -> Answers:
            return self._served.predictor.answer_prepared(prepare())

        return work() if rows <= _SMALL else await run_in_threadpool(work)

    async def _body(self, request: Request, kinds: tuple[str, ...]) -> bytes:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in kinds and not kind.endswith("+json"):
            raise _Refused(problem(415, "Wrong content type", f"send {kinds[0]}, not {kind or 'nothing'}"))
        try:
            return await read_body(request.receive, request.headers, self._access.largest)
        except TooLarge:
            said = f"a request has at most {self._access.largest} bytes here; send fewer rows at a time"
            raise _Refused(problem(413, "Too large", said)) from None

    def _unknown(self, request: Request) -> Response | None:
        name, version = request.path_params["name"], request.path_params.get("version")
        if name != self._served.model:
            hint = did_you_mean(name, [self._served.model])
            return problem(404, "No such model", f"there is no model {name!r} here.{hint}")
        if version is not None and version.removeprefix("v") != self._served.version.removeprefix("v"):
            return problem(404, "No such version", f"{name} is served as {self._served.version}, not {version}")
        return None

    def _names(self) -> Mapping[str, Any]:
        return {"model": self._served.model, "version": self._served.version, "bundle": self._served.bundle}


def _one(answers: Answers, place: int) -> dict[str, Any]:
    made: dict[str, Any] = {"prediction": plain_value(answers.prediction[place])}
    if answers.probability is not None:
        names = (str(one) for one in answers.classes)
        made["probability"] = dict(zip(names, answers.probability[place].tolist(), strict=True))
    return made


def _header_length(request: Request) -> int | None:
    said = request.headers.get("inference-header-content-length")
    if said is None:
        return None
    if not said.isdigit():
        raise InputError(f"Inference-Header-Content-Length is a number of bytes, not {said[:40]!r}")
    return int(said)


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
