"""Taking turns: workers that share a socket accept one connection at a time, and those who have fewer go first.

A loop that is given a socket accepts all that waits there, so that connections which come together, and stay, would
all be one worker's.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable, Collection, Sequence
from typing import Any

from solvent.delivery.server.running.figures import Figures

__all__ = ["OPEN", "Turns"]

OPEN = ("connections",)
_AFTER = 0.001  # seconds that one with more connections leaves to the others
_FULL = 1.0  # seconds after which one that has no more descriptors tries again
_NO_MORE = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Turns:
    """Accepts connections on a shared socket as a server of the loop would; ``close`` and ``wait_closed`` are its own.

    ``connections`` are those that are open here; how many the others have is read in their figures.
    """

    def __init__(
        self,
        listening: socket.socket,
        make: Callable[[], asyncio.Protocol],
        connections: Collection[Any],
        figures: tuple[Figures, Sequence[Figures]],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._listening = listening
        self._make = make
        self._connections = connections
        self._own = figures[0].row(OPEN, 1)
        self._unseen = list(figures[1])
        self._others: list[memoryview[float]] = []
        self._coming: set[asyncio.Task[Any]] = set()
        self._later: asyncio.TimerHandle | None = None
        self._closed = False
        listening.setblocking(False)
        self.count()
        self._loop.add_reader(listening, self._look)

    def close(self) -> None:
        """Accept nothing more."""
        self._closed, self._own[0] = True, -1
        self._loop.remove_reader(self._listening)
        if self._later is not None:
            self._later.cancel()

    async def wait_closed(self) -> None:
        """There is nothing left to wait for."""

    def count(self) -> None:
        """Tell the others how many connections are open here."""
        if not self._closed:
            self._own[0] = len(self._connections) + len(self._coming)

    def _look(self) -> None:
        """Something waits to be accepted: at once, or a moment later if another has fewer connections."""
        self.count()
        if self._own[0] > self._least():
            self._pause(_AFTER)
        else:
            self._accept()

    def _least(self) -> float:
        """The fewest connections that any of the others has; those who take none do not count."""
        for one in list(self._unseen):
            found = one.rows().get(OPEN)
            if found is not None:
                self._unseen.remove(one)
                self._others.append(found)
        return min((one[0] for one in self._others if one[0] >= 0), default=self._own[0])

    def _pause(self, seconds: float) -> None:
        self._loop.remove_reader(self._listening)
        self._later = self._loop.call_later(seconds, self._go_on)

    def _go_on(self) -> None:
        self._later = None
        if not self._closed:
            self._loop.add_reader(self._listening, self._look)
            self._accept()

    def _accept(self) -> None:
        try:
            connection, _ = self._listening.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # another was faster, or who came is gone
        except OSError as error:
            if error.errno not in _NO_MORE:
                raise
            self._pause(_FULL)
            return
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task = self._loop.create_task(self._loop.connect_accepted_socket(self._make, connection))
        self._coming.add(task)
        task.add_done_callback(self._coming.discard)
        self.count()
