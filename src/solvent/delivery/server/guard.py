"""What stands before every route: host, origin, token and size are checked, and errors become problem documents."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import time
from collections.abc import Awaitable, Generator, Mapping, Sequence
from types import coroutine
from typing import Any
from urllib.parse import urlsplit

import msgspec
from starlette.responses import Response
from starlette.types import Message, Receive

from solvent.errors import Problem

__all__ = ["Guard", "Late", "TooLarge", "check_rows", "is_loopback", "problem", "read_body"]

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
    reason = one.what[:1000]
    if found is None:
        return {"column": one.where[:1000], "reason": reason}
    return {"row": int(found[1]), "column": found[2][:1000] if found[2] else None, "reason": reason}


class TooLarge(Exception):
    """A request is larger than the server takes; the text says in what, if it is not the number of bytes."""


def check_rows(rows: int, most: int) -> None:
    """Raise :class:`TooLarge` for more rows than the server takes."""
    if rows > most:
        raise TooLarge(f"a request has at most {most} rows here, and this one has {rows}; send fewer at a time")


class Late(Exception):
    """The body of a request did not arrive in time."""


async def read_body(receive: Receive, headers: Mapping[bytes, bytes], largest: int, patience: float) -> bytes:
    """The whole body; raises :class:`TooLarge` as soon as it is known to be more than ``largest`` bytes.

    Raises :class:`Late` if it is not there within ``patience`` seconds of its beginning.
    """
    said = headers.get(b"content-length", b"")
    if said.isdigit() and int(said) > largest:
        raise TooLarge
    if said and said.isdigit() and int(said) == 0:
        return b""
    message = await _receive(receive, patience)
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):  # most often all of it comes at once
        if len(body) > largest:
            raise TooLarge
        return body
    return await _read_rest(receive, body, largest, patience)


async def _read_rest(receive: Receive, first: bytes, largest: int, patience: float) -> bytes:
    parts, size, end = [first], len(first), time.monotonic() + patience
    while True:
        if size > largest:
            raise TooLarge
        message = await _receive(receive, end - time.monotonic())
        part = message.get("body", b"")
        size += len(part)
        parts.append(part)
        if not message.get("more_body", False):
            if size > largest:
                raise TooLarge
            return b"".join(parts)


async def _receive(receive: Receive, seconds: float) -> Message:
    """The next message; raises :class:`Late` if it is not there in time."""
    message = await _within(receive(), seconds)
    if message["type"] == "http.disconnect":
        raise ConnectionError("the client went away in the middle of its request")
    return message


@coroutine
def _within(waiting: Awaitable[Message], seconds: float) -> Generator[Any, None, Message]:
    """What is waited for, if it comes in time.

    The clock is set only if there is something to wait for: most bodies are there already, and a timer would cost
    more than reading them.
    """
    steps = waiting.__await__()
    try:
        first = next(steps)
    except StopIteration as done:
        message: Message = done.value
        return message
    task, late = asyncio.current_task(), False

    def end() -> None:
        nonlocal late
        late = True
        if task is not None:
            task.cancel()

    timer = asyncio.get_running_loop().call_later(max(seconds, 0.0), end)
    try:
        return (yield from _go_on(first, steps))
    except asyncio.CancelledError:
        if not late:
            raise
        if task is not None:
            task.uncancel()
        raise Late from None
    finally:
        timer.cancel()


def _go_on(first: Any, steps: Generator[Any, Any, Message]) -> Generator[Any, None, Message]:
    """The rest of an await whose first step was taken already."""
    try:
        yield first
    except BaseException as error:
        steps.throw(error)
        raise
    return (yield from steps)


class Guard:
    """Lets through what comes from where it may: the host that is meant, no foreign page, with the token if any."""

    def __init__(self, hosts: frozenset[str], token: str | None) -> None:
        self._hosts = hosts
        self._token = None if token is None else _hash(token)
        self._seen: dict[bytes, bool] = {}

    def refuse(self, headers: Mapping[bytes, bytes], path: str) -> Response | None:
        """The problem with where a request comes from; None if there is none."""
        host = headers.get(b"host", b"")
        allowed = self._seen.get(host)
        if allowed is None:
            name = _host_of(f"//{host.decode('latin-1')}")
            allowed = is_loopback(name) or name in self._hosts
            if len(self._seen) < 1000:
                self._seen[host] = allowed
        if not allowed:
            shown = _host_of(f"//{host.decode('latin-1')}")[:100]
            return problem(421, "Misdirected request", f"this server does not answer for the host {shown!r}")
        origin = headers.get(b"origin")
        if origin is not None:
            other = "" if origin == b"null" else _host_of(origin.decode("latin-1"))
            if other != _host_of(f"//{host.decode('latin-1')}") or not other:
                said = "pages without an origin" if origin == b"null" else "pages of other sites"
                return problem(403, "Foreign origin", f"{said} may not ask this server")
        if self._token is not None and path not in _OPEN:
            scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
            if scheme.lower() != "bearer" or not hmac.compare_digest(_hash(token), self._token):
                return problem(401, "A token is needed", "send the header Authorization: Bearer TOKEN")
        return None


def _host_of(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.strip().encode("utf-8", "surrogatepass")).digest()
