"""What stands before every route: host, origin, token and size are checked, and errors become problem documents."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from solvent.errors import Problem

__all__ = ["Guard", "TooLarge", "is_loopback", "problem", "read_body"]

_ROW = re.compile(r"row (\d+)(?:, (.*))?$", re.S)
_OPEN = ("/healthz", "/v2/health/live", "/v2/health/ready")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself, whatever else it is connected to."""
    import ipaddress

    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def problem(status: int, title: str, detail: str, problems: Sequence[Problem] = ()) -> Response:
    """An error as RFC 9457 has it; ``errors`` names row, column and reason of each fault."""
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": detail[:4000]}
    if problems:
        body["errors"] = [_placed(one) for one in problems]
    return Response(msgspec.json.encode(body), status, media_type="application/problem+json")


def _placed(one: Problem) -> dict[str, Any]:
    found = _ROW.match(one.where)
    if found is None:
        return {"column": one.where, "reason": one.what}
    return {"row": int(found[1]), "column": found[2], "reason": one.what}


class TooLarge(Exception):
    """The body of a request is larger than the server takes."""


async def read_body(receive: Receive, headers: Headers, largest: int) -> bytes:
    """The whole body; raises :class:`TooLarge` as soon as it is known to be more than ``largest`` bytes."""
    said = headers.get("content-length", "")
    if said.isdigit() and int(said) > largest:
        raise TooLarge
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError("the client went away in the middle of its request")
        part = message.get("body", b"")
        size += len(part)
        if size > largest:
            raise TooLarge
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


class Guard:
    """Lets through what comes from where it may: the host that is meant, no foreign page, with the token if any."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str], token: str | None) -> None:
        self._app = app
        self._hosts = hosts
        self._token = None if token is None else _hash(token)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a problem, or hand on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refused = self._refuse(Headers(scope=scope), scope["path"])
        if refused is not None:
            await refused(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except ConnectionError:
            return
        except Exception as error:
            if started:
                raise
            answer = problem(500, "Internal error", f"{type(error).__name__}: the server's log has more")
            await answer(scope, receive, send)
            raise

    def _refuse(self, headers: Headers, path: str) -> Response | None:
        host = urlsplit(f"//{headers.get('host', '')}").hostname or ""
        if not (is_loopback(host) or host in self._hosts):
            return problem(421, "Misdirected request", f"this server does not answer for the host {host!r}")
        origin = headers.get("origin")
        if origin is not None and origin != "null":
            other = urlsplit(origin).hostname or ""
            if other != host:
                return problem(403, "Foreign origin", "pages of other sites may not ask this server")
        elif origin == "null":
            return problem(403, "Foreign origin", "pages without an origin may not ask this server")
        if self._token is not None and path not in _OPEN:
            given = headers.get("authorization", "").partition(" ")
            if given[0].lower() != "bearer" or not hmac.compare_digest(_hash(given[2]), self._token):
                return problem(401, "Token needed", "send the header Authorization: Bearer TOKEN")
        return None


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.strip().encode("utf-8", "surrogatepass")).digest()
