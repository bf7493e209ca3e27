"""Serving: a version is opened, proved on its own golden rows, and answers until it is told to stop."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from solvent.delivery.bundles import Bundle
from solvent.delivery.probe import compare_golden
from solvent.delivery.registry import find_model
from solvent.errors import Corrupted, MissingExtra, UsageError

if TYPE_CHECKING:
    from solvent.delivery.server.application import Served
    from solvent.engine.home import Home

__all__ = ["Endpoint", "open_served", "serve"]


@dataclass(frozen=True)
class Endpoint:
    """Where to listen. Port 0 takes a free one; another interface than loopback needs a token."""

    host: str = "127.0.0.1"
    port: int = 8080
    token: str | None = field(default=None, repr=False)
    largest: int = 16_000_000


def open_served(project: Home, reference: str) -> Served:
    """Open the version behind ``NAME``, ``NAME@ALIAS`` or ``NAME@v3``, and prove it on its golden rows.

    Raises :class:`Corrupted` if it does not answer as it did when it was packed.
    """
    _check_extra()
    from solvent.delivery.server.application import Served

    row = find_model(project, reference)
    bundle: Bundle = project.archive.get(row.bundle, Bundle)
    predictor = bundle.predictor
    _keep_to_one_thread()
    different = compare_golden(predictor, bundle.golden, alone=20)
    if different:
        packed = ", ".join(f"{name} {version}" for name, version in bundle.closure.requirements.items())
        raise Corrupted(
            f"{row.model} v{row.version} answers {len(different)} of {len(bundle.golden)} golden rows otherwise than "
            f"when it was packed, so it does not serve. Packed with: {packed}. Install these versions, or run the "
            f"pipeline again."
        )
    return Served(row.model, f"v{row.version}", row.bundle, predictor)


def serve(
    project: Home,
    reference: str,
    endpoint: Endpoint | None = None,
    announce: Callable[[str], None] = lambda address: None,
) -> None:
    """Serve a version until SIGINT or SIGTERM; requests under way are answered first.

    ``announce`` is called with the address once requests are answered. Raises :class:`UsageError` for another
    interface than loopback without a token, and for a port that is taken.
    """
    _check_extra()
    import uvicorn

    from solvent.delivery.server.application import Access, make_app
    from solvent.delivery.server.guard import is_loopback

    endpoint = endpoint or Endpoint()
    if not is_loopback(endpoint.host) and not endpoint.token:
        raise UsageError(
            f"{endpoint.host} can be reached from elsewhere, and nothing would ask who is there. Serve on 127.0.0.1, "
            f"or give a token."
        )
    served = open_served(project, reference)
    listening = _listen(endpoint)
    host, port = listening.getsockname()[:2]
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    access = Access(frozenset({endpoint.host}), endpoint.token, endpoint.largest)
    config = uvicorn.Config(
        make_app(served, access, lambda: announce(address)),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
        lifespan="on",
    )
    try:
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        listening.close()


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


def _keep_to_one_thread() -> None:
    """Requests are answered side by side already; a model's own threads would only make them wait for each other."""
    from importlib.util import find_spec

    if find_spec("threadpoolctl") is not None:
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        threadpool_limits(limits=1)


def _check_extra() -> None:
    from importlib.util import find_spec

    missing = [name for name in ("starlette", "uvicorn", "msgspec") if find_spec(name) is None]
    if missing:
        raise MissingExtra(f"serving needs {', '.join(missing)}: pip install 'solvent[serve]'")
