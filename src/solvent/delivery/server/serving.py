"""Serving: what was opened answers until it is told to stop, in this process or in several."""

from __future__ import annotations

import gc
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from solvent.delivery.registry import find_model
from solvent.delivery.server.opening import (
    Places,
    Shipped,
    open_places,
    open_served,
    open_shipped,
    open_version,
)
from solvent.delivery.server.running.endpoint import Aside, Endpoint, address_of, check_endpoint, listen
from solvent.delivery.server.running.metrics import Metrics

if TYPE_CHECKING:
    from solvent.delivery.server.application import Application, Served
    from solvent.delivery.server.lines.roster import Roster
    from solvent.delivery.server.running.following import Place
    from solvent.delivery.server.running.recording import Policy
    from solvent.engine.home import Home

__all__ = ["Aside", "Behind", "Endpoint", "answer", "open_served", "serve", "serve_shipped"]

Announce = Callable[[str], None]


@dataclass(frozen=True)
class Behind:
    """What stands behind the answers: the project, the places that are followed, the figures, which worker it is."""

    project: Home | None = None
    now: Places = field(default_factory=dict)
    metrics: Metrics = field(default_factory=Metrics)
    worker: int | None = None


def serve(
    project: Home,
    reference: str | Sequence[str],
    endpoint: Endpoint | None = None,
    announce: Announce = lambda address: None,
) -> None:
    """Serve versions until SIGINT or SIGTERM; requests under way are answered first.

    Of a name or an alias, the version that it means is served: when it moves, the server moves with it. ``announce``
    is called with the address once requests are answered. Raises :class:`UsageError` for another interface than
    loopback without a token, and for a port that is taken.
    """
    endpoint = endpoint or Endpoint()
    check_endpoint(endpoint)
    references = (reference,) if isinstance(reference, str) else tuple(reference)
    if endpoint.workers > 1:
        from solvent.delivery.server.workers.crew import Job, run_crew

        for one in references:
            find_model(project, one)  # so that a wrong name is told before anything starts
        run_crew(Job(endpoint, str(project.root), references), announce)
        return
    roster, now = open_places(project, references, endpoint.asides)
    with listen(endpoint) as listening:
        answer(listening, roster, endpoint, announce, Behind(project, now))


def serve_shipped(
    shipped: Shipped, endpoint: Endpoint | None = None, announce: Announce = lambda address: None
) -> None:
    """Serve the bundle in a folder, which follows nothing and is logged nowhere; the rest is as with :func:`serve`."""
    endpoint = endpoint or Endpoint()
    check_endpoint(endpoint)
    if endpoint.workers > 1:
        from solvent.delivery.server.workers.crew import Job, run_crew

        run_crew(Job(endpoint, shipped=shipped), announce)
        return
    from solvent.delivery.server.lines.roster import Roster

    roster = Roster.of(open_shipped(shipped))
    with listen(endpoint) as listening:
        answer(listening, roster, endpoint, announce, Behind())


def answer(
    listening: socket.socket, roster: Roster, endpoint: Endpoint, announce: Announce, behind: Behind
) -> None:  # fmt: skip
    """Answer on a socket that listens, and follow the aliases meanwhile."""
    from solvent.delivery.server.application import Access, make_app
    from solvent.delivery.server.running.hosting import host

    hosts = frozenset({endpoint.host, *endpoint.hosts})
    access = Access(
        hosts, endpoint.token, endpoint.largest, endpoint.concurrency, endpoint.deadline, rows=endpoint.rows
    )
    project, address = behind.project, address_of(listening)
    follower: list[Any] = []

    def ready() -> None:
        if endpoint.follow > 0 and behind.now and project is not None:
            follower.append(_follow(project, app, endpoint.follow, behind.now))
        gc.freeze()  # what is loaded stays; a collection that looked through all of it would hold up answers for 60 ms
        announce(address)

    def ended() -> None:  # the signal that ends the server ends the process too, right behind it
        for one in follower:
            one.stop()
        if recorder is not None:
            recorder.close()

    recorder = None if endpoint.log is None or project is None else _recorder(project, roster, endpoint.log)
    app = make_app(roster, access, ready, None if recorder is None else recorder.note, ended)
    app.metrics, app.worker = behind.metrics, behind.worker
    host(app, listening, endpoint.drain)


def _recorder(project: Home, roster: Roster, policy: Policy) -> Any:
    """The thread that logs what is asked and answered; raises :class:`UsageError` for columns that there are not."""
    from solvent.delivery.server.running.recording import Recorder

    policy.check([column.name for line in roster.lines.values() for column in line.seat.served.predictor.columns])

    def lost(rows: int, why: str) -> None:
        sys.stderr.write(f"solvent: {rows} rows of the log were lost: {why[:200]}\n")

    return Recorder(project.folder, policy, lost)


def _follow(project: Home, app: Application, seconds: float, now: Places) -> Any:
    """Start to follow; what is put is put by the loop that answers, between two requests."""
    import asyncio

    from solvent.delivery.server.running.following import Follower, Told

    loop = asyncio.get_running_loop()

    def put(served: Served, place: Place) -> None:
        loop.call_soon_threadsafe(app.put, served, place.name, place.share)

    def take_away(place: Place) -> None:
        loop.call_soon_threadsafe(app.take_away, place.model, place.name)

    def event(name: str, text: str) -> None:
        app.metrics.event(name)
        sys.stderr.write(f"solvent: {text}\n")

    follower = Follower(project, Told(lambda row: open_version(project, row), put, take_away, event), seconds)
    follower.start(now)
    return follower
