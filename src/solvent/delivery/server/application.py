"""The application: questions of four forms are answered by the roster, everything else by plain routes."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from solvent.delivery.server.asking import Asked, read
from solvent.delivery.server.guard import Guard, Late, TooLarge, problem, read_body
from solvent.delivery.server.lines.batching import Expired
from solvent.delivery.server.lines.roster import Line, Roster, Seat
from solvent.delivery.server.lines.served import Refused, Served
from solvent.delivery.server.reading import NoJson
from solvent.delivery.server.routes import make_routes
from solvent.delivery.server.running.metrics import Metrics
from solvent.errors import InputError, did_you_mean
from solvent.learn.assembly import Answers

__all__ = ["Access", "Application", "Noted", "Served", "make_app"]

_encode = msgspec.json.Encoder().encode
_JSON = (b"content-type", b"application/json")


@dataclass(frozen=True)
class Access:
    """Who may ask, and how much.

    ``hosts`` are host names beside loopback; ``largest`` the bytes of a body, and ``rows`` its rows at most;
    ``concurrency`` the requests that are answered at a time, beyond which there is a 429; ``deadline`` the seconds that
    a request may take, which the header ``X-Deadline-Ms`` can shorten, and ``patience`` those in which its body has to
    arrive.
    """

    hosts: frozenset[str] = field(default_factory=frozenset)
    token: str | None = field(default=None, repr=False)
    largest: int = 16_000_000
    concurrency: int = 512
    deadline: float = 30.0
    patience: float = 10.0
    rows: int = 100_000


@dataclass(frozen=True)
class Noted:
    """A request that was answered, for the log of predictions."""

    id: str
    at: float
    seconds: float
    served: Served
    records: Any
    answers: Answers
    place: str = "seat"


def make_app(
    served: Served | Roster,
    access: Access | None = None,
    ready: Callable[[], None] | None = None,
    note: Callable[[Noted], None] | None = None,
    ended: Callable[[], None] | None = None,
) -> Application:
    """The application that serves these versions.

    ``ready`` is called once it does, ``note`` after each answer, and ``ended`` when the last was given.
    """
    roster = served if isinstance(served, Roster) else Roster.of(served)
    made = Application(roster, access or Access(), ready, note)
    made.ended = ended
    return made


class Application:
    """Answers requests as an ASGI application.

    ``draining`` tells who balances the load to send no more; ``worker`` is the number of this process among several.
    """

    def __init__(
        self, roster: Roster, access: Access, ready: Callable[[], None] | None, note: Callable[[Noted], None] | None
    ) -> None:
        self.roster = roster
        self.access = access
        self.metrics = Metrics()
        self.worker: int | None = None
        self.draining = False
        self.ended: Callable[[], None] | None = None
        self._ready = ready
        self._note = note
        self._guard = Guard(access.hosts, access.token)
        self._routes = make_routes(self)
        self._busy = self._arriving = 0
        self._random = random.Random(os.urandom(16))  # ids have to differ, not to be a secret
        self._asides: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or start and end with the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            try:
                await self._http(scope, receive, send)
            except ConnectionError:  # the client went away in the middle
                return

    def put(self, served: Served, place: str = "seat", share: float = 1.0) -> None:
        """Let a version take a place from now on."""
        self.roster.put(served, place, share)
        self.tell_places()

    def take_away(self, model: str, place: str) -> None:
        """Let nobody have a place beside the seat."""
        self.roster.take_away(model, place)
        self.tell_places()

    def tell_places(self) -> None:
        """Let the figures say who takes part."""
        self.metrics.serving([one for line in self.roster.lines.values() for one in line.places()])

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.tell_places()
                if self._ready is not None:
                    self._ready()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                for task in list(self._asides):
                    task.cancel()
                if self.ended is not None:
                    self.ended()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        path = scope["path"]
        refused = self._guard.refuse(headers, path)
        if refused is not None:
            await refused(scope, receive, send)
            return
        form, name, version = _form(path) if scope["method"] == "POST" else ("", None, None)
        if not form:
            await self._routes(scope, receive, send)
            return
        line = self.roster.only if name is None else self.roster.lines.get(name)
        if line is None:
            await self._unknown(name)(scope, receive, send)
            return
        answer = await self._answer(line, form, version, headers, receive)
        if isinstance(answer, Response):
            await answer(scope, receive, send)
            return
        body, id = answer
        length = str(len(body)).encode()
        told = [_JSON, (b"content-length", length), (b"x-prediction-id", id.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": told})
        await send({"type": "http.response.body", "body": body})

    async def _answer(
        self, line: Line, form: str, version: str | None, headers: Mapping[bytes, bytes], receive: Receive
    ) -> Response | tuple[bytes, str]:
        """The answer to one question, or the problem with it."""
        started = time.monotonic()
        try:
            until = started + _seconds(headers, self.access.deadline)
            kind = headers.get(b"content-type", b"")
            if kind != b"application/json" and not _is_json(kind, form):
                said = f"send application/json, not {kind[:100].decode('latin-1') or 'nothing'}"
                return self._refuse(line, 415, "Wrong content type", said)
            coding = headers.get(b"content-encoding")
            if coding is not None and coding.lower() not in (b"", b"identity"):
                said = f"send the body as it is, without the content encoding {coding[:40].decode('latin-1')!r}"
                return self._refuse(line, 415, "Wrong content encoding", said)
            body = await self._body(headers, receive)
            id, number = self._new_id()
            seat = line.choose(number)
            if version is not None and version != seat.served.version.removeprefix("v"):
                found = [one for one in line.seats() if one.served.version.removeprefix("v") == version]
                if not found:
                    known = ", ".join(one.served.version for one in line.seats())
                    said = f"{line.name} is served as {known}, not {version}"
                    return self._refuse(line, 404, "No such version", said)
                seat = found[0]
            if self._busy >= self.access.concurrency:
                raise _Full
            self._busy += 1
            try:
                given = (form, body, headers, seat, self.access.rows)
                asked = read(*given) if len(body) < _LONG else await _beside(read, *given)
                answers = await seat.batcher.answer(asked.records, until)
                id = f"{line.name}-{seat.served.version}-{id}"
                many = len(answers.prediction) > _MANY
                made = await _beside(_written, asked, seat, id, answers) if many else _written(asked, seat, id, answers)
            finally:
                self._busy -= 1
        except InputError as error:
            return self._refuse(line, 422, "The rows do not fit", str(error), error.problems)
        except Refused as error:
            return self._refuse(line, 422, "The rows cannot be answered", str(error))
        except NoJson as error:
            return self._refuse(line, 400, "No JSON", str(error))
        except TooLarge as error:
            said = str(error) or f"a request has at most {self.access.largest} bytes here; send fewer rows at a time"
            return self._refuse(line, 413, "Too large", said)
        except _Full:
            return self._refuse(line, 429, "Too many at a time", _TOO_MANY)
        except Late:
            return self._refuse(line, 408, "Too slow", f"the body did not arrive within {self.access.patience:g} s")
        except Expired:
            return self._refuse(line, 504, "Out of time", "the answer was not there in the time that the request had")
        self._after(line, seat, asked, answers, (id, number, time.monotonic() - started))
        return made, id

    async def _body(self, headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
        """The body of a request. Those that arrive slowly are waited for while they are not too many.

        Beyond that a body has to be there with its head, so whoever sends byte by byte keeps nobody else out.
        """
        many = self._arriving >= _ARRIVING * self.access.concurrency
        self._arriving += 1
        try:
            return await read_body(receive, headers, self.access.largest, _AT_ONCE if many else self.access.patience)
        except Late:
            if many:
                raise _Full from None
            raise
        finally:
            self._arriving -= 1

    def _after(self, line: Line, seat: Seat, asked: Asked, answers: Answers, told: tuple[str, int, float]) -> None:
        """Count the answer, note it, and ask the shadow."""
        id, number, seconds = told
        self.metrics.answered(seat.served, len(answers.prediction), seconds, bool(answers.warnings))
        if self._note is not None:
            place = "canary" if seat is not line.seat else "seat"
            self._note(Noted(id, time.time(), seconds, seat.served, asked.records, answers, place))
        shadow = line.follows(number)
        if shadow is not None and len(self._asides) < 64:  # a shadow that cannot follow must not slow the answers
            task = asyncio.ensure_future(self._aside(shadow, asked.records, id))
            self._asides.add(task)
            task.add_done_callback(self._asides.discard)

    async def _aside(self, seat: Seat, records: Any, id: str) -> None:
        started = time.monotonic()
        try:
            answers = await seat.batcher.answer(records, started + self.access.deadline)
        except (InputError, Refused, Expired):
            self.metrics.event("shadow_refused")
            return
        seconds = time.monotonic() - started
        self.metrics.answered(seat.served, len(answers.prediction), seconds, bool(answers.warnings))
        if self._note is not None:
            self._note(Noted(id, time.time(), seconds, seat.served, records, answers, "shadow"))

    def _refuse(self, line: Line, status: int, title: str, detail: str, problems: Any = ()) -> Response:
        self.metrics.refused(line.name, status)
        return problem(status, title, detail, problems)

    def _unknown(self, name: str | None) -> Response:
        known = list(self.roster.lines)
        if name is None:
            return problem(
                404, "Which model?", f"several models are served here: {', '.join(known)}. Ask /models/NAME/predict"
            )
        hint = did_you_mean(name, known) or f" There are: {', '.join(known)}."
        return problem(404, "No such model", f"there is no model {name!r} here.{hint}")

    def _new_id(self) -> tuple[str, int]:
        """The part of an id that is its own: when, in milliseconds, and 48 random bits, of which 32 as a number."""
        chance = self._random.getrandbits(48)
        return f"{int(time.time() * 1000):012x}{chance:012x}", chance & 0xFFFFFFFF


class _Full(Exception):
    """As many requests as may be are being answered, or are arriving."""


_ARRIVING = 2  # bodies that arrive slowly, for each request that may be answered at a time
_AT_ONCE = 0.05  # seconds
_LONG, _MANY = 500_000, 2000  # bytes that are read, and rows that are written, beside the loop, so that others go on


async def _beside(do: Callable[..., Any], *given: Any) -> Any:
    return await asyncio.get_running_loop().run_in_executor(None, do, *given)


def _written(asked: Asked, seat: Seat, id: str, answers: Answers) -> bytes:
    return _encode(asked.write(seat, id, answers))


_TOO_MANY = "as many requests as may be are being answered; try again in a moment"


def _is_json(kind: bytes, form: str) -> bool:
    """Whether a content type is one of JSON; tensors may also come as bytes behind their JSON."""
    plain = kind.partition(b";")[0].strip().lower()
    return (
        plain == b"application/json"
        or plain.endswith(b"+json")
        or (form == "infer" and plain in (b"application/octet-stream", b""))  # Triton's client names none
    )


def _form(path: str) -> tuple[str, str | None, str | None]:
    """Which form of question a path takes, of which model and version: empty if it takes none."""
    if path == "/predict" or path == "/invocations":
        return path[1:], None, None
    parts = path.split("/")
    if parts[1:3] == ["v2", "models"]:
        if len(parts) == 5 and parts[4] == "infer":
            return "infer", parts[3], None
        if len(parts) == 7 and parts[4] == "versions" and parts[6] == "infer":
            return "infer", parts[3], parts[5].removeprefix("v")
    elif len(parts) == 4 and parts[1] == "models" and parts[3] in ("predict", "invocations"):
        return parts[3], parts[2], None
    return "", None, None


def _seconds(headers: Mapping[bytes, bytes], most: float) -> float:
    said = headers.get(b"x-deadline-ms")
    if said is None:
        return most
    if not said.isdigit() or len(said) > 100:
        raise InputError(f"X-Deadline-Ms is a whole number of milliseconds, not {said[:40].decode('latin-1')!r}")
    return min(most, int(said) / 1000)
