"""Connections: who says nothing, or never comes to the end of its headers, is not kept waiting for."""

from __future__ import annotations

import asyncio
from typing import Any

__all__ = ["patient_connection"]

_PATIENCE = 10.0  # seconds in which the headers of a request have to arrive
_HEADERS = 65_536  # bytes of headers


def patient_connection() -> Any:
    """The class of uvicorn's connections that are closed if their headers take too long (408), or are too long (431).

    Between two requests uvicorn's own timer runs, and the body has the patience of the application.
    """
    from uvicorn.protocols.http.auto import AutoHTTPProtocol

    return type("Connection", (_Patient, AutoHTTPProtocol), {})


class _Patient(asyncio.Protocol):
    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    cycle: Any  # uvicorn's request under way, or the last one

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._waiting: asyncio.TimerHandle | None = None
        self._size = 0

    def connection_made(self, transport: Any) -> None:
        """Wait for the first request, but not for ever."""
        super().connection_made(transport)
        self._waiting = self.loop.call_later(_PATIENCE, self._give_up)

    def data_received(self, data: bytes) -> None:
        """Take what came; as long as it ends no headers, it counts as a part of them."""
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self._rest()
        elif before is None or before.response_complete:
            self._size += len(data)
            if self._size > _HEADERS:
                self._end(b"431 Request Header Fields Too Large")
            elif self._waiting is None:
                self._waiting = self.loop.call_later(_PATIENCE, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop to wait."""
        self._rest()
        super().connection_lost(exc)

    def _rest(self) -> None:
        self._size = 0
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        self._waiting = None
        if self._size:
            self._end(b"408 Request Timeout")
        else:
            self.transport.close()

    def _end(self, status: bytes) -> None:
        self._rest()
        if not self.transport.is_closing():
            code, _, title = status.partition(b" ")
            body = b'{"type":"about:blank","title":"%s","status":%s}' % (title, code)
            head = b"\r\ncontent-type: application/problem+json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
            self.transport.write(b"HTTP/1.1 " + status + head % len(body) + body)
            self.transport.close()
