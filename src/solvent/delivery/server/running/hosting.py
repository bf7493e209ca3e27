"""Hosting: uvicorn with our own way to stop and, among several workers, our own way to accept."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING, Any

from solvent.delivery.server.running.connections import patient_connection
from solvent.delivery.server.workers.turns import Turns

if TYPE_CHECKING:
    from solvent.delivery.server.application import Application

__all__ = ["host"]


def host(app: Application, listening: socket.socket, drain: float) -> None:
    """Answer on a socket until SIGINT or SIGTERM.

    Told to stop, it first says that it is not ready any more for as long as it is to drain.
    """
    import uvicorn

    config = uvicorn.Config(
        app,
        http=patient_connection(),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
        lifespan="on",
        proxy_headers=False,
        ws="none",  # neither is made use of, and each request would pay for the first
    )

    class Server(uvicorn.Server):
        turns: Turns | None = None

        def handle_exit(self, sig: int, frame: Any) -> None:
            if drain <= 0 or app.draining:
                super().handle_exit(sig, frame)
                return
            app.draining = True
            timer = threading.Timer(drain, super().handle_exit, (sig, frame))
            timer.daemon = True
            timer.start()

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            if app.worker is None:
                await super().startup(sockets)
                return
            await super().startup([])
            loop, factory = asyncio.get_running_loop(), self.config.http_protocol_class

            def make() -> asyncio.Protocol:
                told = {"server_state": self.server_state, "app_state": self.lifespan.state, "_loop": loop}
                return factory(config=self.config, **told)  # type: ignore[call-arg]

            self.turns = Turns(listening, make, self.server_state.connections, app.metrics.figures)
            self.servers.append(self.turns)  # type: ignore[arg-type]

        async def on_tick(self, counter: int) -> bool:
            if self.turns is not None:
                self.turns.count()
            return await super().on_tick(counter)

    Server(config).run(sockets=[listening])
