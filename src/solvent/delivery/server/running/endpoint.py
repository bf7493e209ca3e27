"""Where a server listens, and how: what its command line says."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field

from solvent.delivery.server.running.needed import missing_to_serve
from solvent.delivery.server.running.recording import Policy
from solvent.errors import MissingExtra, UsageError

__all__ = ["Aside", "Endpoint", "address_of", "check_endpoint", "listen"]


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
    may be asked besides loopback and ``host``. ``concurrency`` is meant for each of the ``workers``, the processes
    that answer. ``follow`` are the seconds between looks at the aliases (0: never). ``drain`` are the seconds for
    which the server says that it is not ready any more, and still answers, before it stops.
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
    workers: int = 1


def check_endpoint(endpoint: Endpoint) -> None:
    """Raise for what could not be served: extras that are missing, a foreign interface without a token, no worker."""
    missing = missing_to_serve()
    if missing:
        raise MissingExtra(f"serving needs {', '.join(missing)}: pip install 'solvent[serve]'")
    from solvent.delivery.server.guard import is_loopback

    if not is_loopback(endpoint.host) and not endpoint.token:
        raise UsageError(
            f"{endpoint.host} can be reached from elsewhere, and nothing would ask who is there. Serve on 127.0.0.1, "
            f"or give a token: --token TEXT, or SOLVENT_TOKEN in the environment."
        )
    if not 1 <= endpoint.workers <= 256:
        raise UsageError(f"--workers is from 1 to 256, not {endpoint.workers}")


def listen(endpoint: Endpoint) -> socket.socket:
    """A socket that listens; raises :class:`UsageError` where that cannot be."""
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


def address_of(listening: socket.socket) -> str:
    """The address by which what listens is asked."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
