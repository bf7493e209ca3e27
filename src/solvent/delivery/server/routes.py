"""The plain routes: health, metadata, figures and documentation, which may take their time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from solvent.delivery.server.guard import problem
from solvent.delivery.server.lines.roster import Line, Roster
from solvent.delivery.server.pages import describe_api, draw_page
from solvent.delivery.server.protocol import describe_model
from solvent.delivery.server.running.metrics import Metrics, render
from solvent.errors import did_you_mean

if TYPE_CHECKING:
    from typing import Protocol

    class State(Protocol):
        """What the routes tell of."""

        roster: Roster
        metrics: Metrics
        worker: int | None
        draining: bool

        def tell_places(self) -> None:
            """Let the figures say who takes part."""


__all__ = ["make_routes"]

Handler = Callable[[Request], Awaitable[Response]]


def make_routes(state: State) -> Starlette:
    """The routes that answer no question about rows."""
    routes = _Routes(state)
    model = "/v2/models/{name}"
    both = (model, model + "/versions/{version}")
    post = [
        "/predict", "/invocations", "/models/{name}/predict", "/models/{name}/invocations",
        *(one + "/infer" for one in both),
    ]  # fmt: skip
    return Starlette(
        routes=[
            Route("/", routes.index),
            Route("/healthz", routes.health),
            Route("/ping", routes.health),
            Route("/metrics", routes.metrics),
            Route("/docs", routes.docs),
            Route("/openapi.json", routes.openapi),
            Route("/v2", routes.server),
            Route("/v2/health/live", routes.live),
            Route("/v2/health/ready", routes.ready),
            *(Route(one, routes.metadata) for one in both),
            *(Route(one + "/ready", routes.model_ready) for one in both),
            *(Route(one, routes.metadata, methods=["POST"]) for one in post),  # which the application answers itself
        ],
        exception_handlers={HTTPException: _http_problem},
    )


async def _http_problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    answer = problem(error.status_code, error.detail, f"{error.detail}. GET / lists what there is.")
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    return answer


class _Routes:
    """One method for each route."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def index(self, _: Request) -> Response:
        """What there is to ask."""
        names = list(self._state.roster.lines)
        only = self._state.roster.only
        told: dict[str, Any] = {} if only is None else _names(only)
        plain = ["POST /predict", "POST /invocations"] if only is not None else []
        for name in names:
            plain += [f"GET /v2/models/{name}", f"POST /v2/models/{name}/infer", f"POST /models/{name}/predict"]
        routes = ["GET /healthz", "GET /docs", "GET /openapi.json", "GET /metrics", *plain]
        return _json({**told, "models": names, "routes": routes})

    async def health(self, _: Request) -> Response:
        """The server answers, and for which versions; of several workers, which one this is."""
        only = self._state.roster.only
        told = {} if only is None else _names(only)
        if self._state.worker is not None:
            told["worker"] = self._state.worker
        return _json({"status": "ok", **told, "versions": self._state.roster.versions()})

    async def server(self, _: Request) -> Response:
        """The server's metadata."""
        from importlib.metadata import version

        return _json({"name": "solvent", "version": version("solvent"), "extensions": ["binary_tensor_data"]})

    async def live(self, _: Request) -> Response:
        """The server answers."""
        return _json({"live": True})

    async def ready(self, _: Request) -> Response:
        """Whether requests may be sent here."""
        if self._state.draining:
            return _json({"ready": False}, 503)
        return _json({"ready": True})

    async def model_ready(self, request: Request) -> Response:
        """The model answers."""
        line = self._line(request)
        return line if isinstance(line, Response) else _json({"name": line.name, "ready": not self._state.draining})

    async def metadata(self, request: Request) -> Response:
        """The model's inputs and outputs."""
        line = self._line(request)
        if isinstance(line, Response):
            return line
        served = line.seat.served
        predictor = served.predictor
        versions = [one.served.version for one in line.seats()]
        return _json(
            {**describe_model(line.name, served.version, predictor.columns, predictor.classes), "versions": versions}
        )

    async def metrics(self, _: Request) -> Response:
        """Figures for Prometheus."""
        self._state.tell_places()
        return Response(render(self._state.metrics), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def openapi(self, _: Request) -> Response:
        """The interface as OpenAPI has it, with the columns of each model."""
        return _json(describe_api([one.seat.served for one in self._state.roster.lines.values()]))

    async def docs(self, _: Request) -> Response:
        """A page about each model: its columns, what they may be, and an example to try."""
        page = draw_page([one.seat.served for one in self._state.roster.lines.values()])
        return HTMLResponse(page, headers={"content-security-policy": _POLICY, "x-content-type-options": "nosniff"})

    def _line(self, request: Request) -> Line | Response:
        name, version = request.path_params["name"], request.path_params.get("version")
        line = self._state.roster.lines.get(name)
        if line is None:
            hint = did_you_mean(name, list(self._state.roster.lines))
            return problem(404, "No such model", f"there is no model {name!r} here.{hint}")
        known = [one.served.version for one in line.seats()]
        if version is not None and version.removeprefix("v") not in [one.removeprefix("v") for one in known]:
            return problem(404, "No such version", f"{name} is served as {', '.join(known)}, not {version}")
        return line


_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'"


def _names(line: Line) -> dict[str, Any]:
    served = line.seat.served
    return {"model": served.model, "version": served.version, "bundle": served.bundle, "runtime": served.runtime}


def _json(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
