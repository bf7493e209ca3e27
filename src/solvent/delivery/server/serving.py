"""Serving: versions are opened, proved on their own golden rows, and answer until they are told to stop."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from solvent.delivery.bundles import Bundle
from solvent.delivery.proving.opening import open_bundle
from solvent.delivery.registry import find_model
from solvent.delivery.server.needed import missing_to_serve
from solvent.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from solvent.archive.catalog.models import VersionRow
    from solvent.delivery.server.application import Application, Served
    from solvent.delivery.server.running.following import Place
    from solvent.delivery.server.running.recording import Policy
    from solvent.engine.home import Home

__all__ = ["Aside", "Endpoint", "open_served", "serve", "serve_opened"]


@dataclass(frozen=True)
class Aside:
    """A version that takes part beside the one that serves: as ``canary`` or ``shadow``, with a share from 0 to 1."""

    reference: str
    place: str
    share: float


@dataclass(frozen=True)
class Endpoint:
    """Where to listen, and how.

    Port 0 takes a free one; another interface than loopback needs a token. ``hosts`` are names by which the server
    may be asked besides loopback and ``host``. ``follow`` are the seconds between looks at the aliases (0: never).
    ``drain`` are the seconds for which the server says that it is not ready any more, and still answers, before it
    stops.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    token: str | None = field(default=None, repr=False)
    hosts: tuple[str, ...] = ()
    largest: int = 16_000_000
    rows: int = 100_000
    concurrency: int = 512
    deadline: float = 30.0
    follow: float = 1.0
    drain: float = 0.0
    asides: tuple[Aside, ...] = ()
    log: Policy | None = None


def open_served(project: Home, reference: str) -> Served:
    """Open the version behind ``NAME``, ``NAME@ALIAS`` or ``NAME@v3``, and prove it on its golden rows.

    Raises :class:`Corrupted` if it does not answer as it did when it was packed.
    """
    _check_extra()
    return _open(project, find_model(project, reference))


def _open(project: Home, row: VersionRow) -> Served:
    from solvent.delivery.server.application import Served

    bundle: Bundle = project.archive.get(row.bundle, Bundle)
    opened = open_bundle(bundle, f"{row.model} v{row.version}")
    return Served(row.model, f"v{row.version}", row.bundle, opened.predictor, opened.runtime)


def serve(
    project: Home,
    reference: str | Sequence[str],
    endpoint: Endpoint | None = None,
    announce: Callable[[str], None] = lambda address: None,
) -> None:
    """Serve versions until SIGINT or SIGTERM; requests under way are answered first.

    Of a name or an alias, the version that it means is served: when it moves, the server moves with it. ``announce``
    is called with the address once requests are answered. Raises :class:`UsageError` for another interface than
    loopback without a token, and for a port that is taken.
    """
    _check_extra()
    from solvent.delivery.server.lines.roster import Roster

    endpoint = endpoint or Endpoint()
    _check_host(endpoint)
    references = [reference] if isinstance(reference, str) else list(reference)
    served = [open_served(project, one) for one in references]
    roster = Roster.of(*served)
    now: dict[Place, str | None] = {}
    for name, one in zip(references, served, strict=True):
        _note_place(now, name, one)
    for aside in endpoint.asides:
        _join(project, roster, aside, now)
    listening = _listen(endpoint)
    try:
        _run(project, roster, endpoint, listening, (announce, now))
    finally:
        listening.close()


def serve_opened(served: Served, endpoint: Endpoint, announce: Callable[[str], None]) -> None:
    """Serve one version that is open already, and follow nothing; the rest is as with :func:`serve`."""
    from solvent.delivery.server.lines.roster import Roster

    _check_extra()
    _check_host(endpoint)
    listening = _listen(endpoint)
    try:
        _run(None, Roster.of(served), endpoint, listening, (announce, {}))
    finally:
        listening.close()


def _check_host(endpoint: Endpoint) -> None:
    from solvent.delivery.server.guard import is_loopback

    if not is_loopback(endpoint.host) and not endpoint.token:
        raise UsageError(
            f"{endpoint.host} can be reached from elsewhere, and nothing would ask who is there. Serve on 127.0.0.1, "
            f"or give a token: --token TEXT, or SOLVENT_TOKEN in the environment."
        )


def _note_place(
    now: dict[Place, str | None], reference: str, served: Served, name: str = "seat", share: float = 1.0
) -> None:
    from solvent.delivery.server.running.following import Place

    alias = reference.removeprefix("model:").partition("@")[2] or "champion"
    if not (alias[0] == "v" and alias[1:].isdigit()):  # a version does not move
        now[Place(served.model, alias, name, share)] = served.bundle


def _join(project: Home, roster: Any, aside: Aside, now: dict[Place, str | None]) -> None:
    """Let a canary or a shadow take part from the beginning."""
    if not 0 <= aside.share <= 1:
        raise UsageError(f"{aside.place}: the share of {aside.reference} is from 0 to 100 %, not {aside.share:.0%}")
    served = open_served(project, aside.reference)
    if served.model not in roster.lines:
        raise UsageError(f"{aside.place}: {served.model} is not served here, so nothing can take part beside it")
    roster.put(served, aside.place, aside.share)
    _note_place(now, aside.reference, served, aside.place, aside.share)


def _run(
    project: Home | None, roster: Any, endpoint: Endpoint, listening: socket.socket,
    told: tuple[Callable[[str], None], dict[Place, str | None]],
) -> None:  # fmt: skip
    """Answer on a socket that listens, and follow the aliases meanwhile."""
    import uvicorn

    from solvent.delivery.server.application import Access, make_app
    from solvent.delivery.server.running.connections import patient_connection

    announce, now = told
    host, port = listening.getsockname()[:2]
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    hosts = frozenset({endpoint.host, *endpoint.hosts})
    access = Access(
        hosts, endpoint.token, endpoint.largest, endpoint.concurrency, endpoint.deadline, rows=endpoint.rows
    )
    follower: list[Any] = []

    def ready() -> None:
        if endpoint.follow > 0 and now and project is not None:
            follower.append(_follow(project, app, endpoint.follow, now))
        announce(address)

    def ended() -> None:  # the signal that ends the server ends the process too, right behind it
        for one in follower:
            one.stop()
        if recorder is not None:
            recorder.close()

    recorder = None if endpoint.log is None or project is None else _recorder(project, roster, endpoint.log)
    app = make_app(roster, access, ready, None if recorder is None else recorder.note, ended)
    config = uvicorn.Config(
        app, http=patient_connection(), log_level="warning", access_log=False, server_header=False,
        timeout_graceful_shutdown=10, lifespan="on",
    )  # fmt: skip
    _server(config, app, endpoint.drain).run(sockets=[listening])


def _recorder(project: Home, roster: Any, policy: Policy) -> Any:
    """The thread that logs what is asked and answered; raises :class:`UsageError` for columns that there are not."""
    from solvent.delivery.server.running.recording import Recorder

    policy.check([column.name for line in roster.lines.values() for column in line.seat.served.predictor.columns])

    def lost(rows: int, why: str) -> None:
        sys.stderr.write(f"solvent: {rows} rows of the log were lost: {why[:200]}\n")

    return Recorder(project.folder, policy, lost)


def _server(config: Any, app: Application, drain: float) -> Any:
    """A server that, told to stop, first says that it is not ready any more for as long as it is to drain."""
    import uvicorn

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: Any) -> None:
            if drain <= 0 or app.draining:
                super().handle_exit(sig, frame)
                return
            app.draining = True
            timer = threading.Timer(drain, super().handle_exit, (sig, frame))
            timer.daemon = True
            timer.start()

    return Server(config)


def _follow(project: Home, app: Application, seconds: float, now: dict[Place, str | None]) -> Any:
    """Start to follow; what is put is put by the loop that answers, between two requests."""
    import asyncio

    from solvent.delivery.server.running.following import Follower, Told

    loop = asyncio.get_running_loop()

    def put(served: Served, place: Place) -> None:
        loop.call_soon_threadsafe(app.roster.put, served, place.name, place.share)

    def take_away(place: Place) -> None:
        loop.call_soon_threadsafe(app.roster.take_away, place.model, place.name)

    def event(name: str, text: str) -> None:
        app.metrics.event(name)
        sys.stderr.write(f"solvent: {text}\n")

    follower = Follower(project, Told(lambda row: _open(project, row), put, take_away, event), seconds)
    follower.start(now)
    return follower


def _listen(endpoint: Endpoint) -> socket.socket:
    family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((endpoint.host, endpoint.port))
        listening.listen(1024)
    except OSError as error:
        listening.close()
        raise UsageError(f"{endpoint.host}:{endpoint.port} cannot be listened on: {error.strerror or error}") from None
    return listening


def _check_extra() -> None:
    missing = missing_to_serve()
    if missing:
        raise MissingExtra(f"serving needs {', '.join(missing)}: pip install 'solvent[serve]'")
