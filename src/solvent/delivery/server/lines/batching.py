"""Batching: requests that wait at the same time are answered by one call, and nobody waits who is alone.

A pipeline in Python answers eight rows in the time of one, so a queue pays. It is emptied as soon as as many requests
wait as were answered together the last time (a little fewer each time, so that it follows when they get fewer), and
at the latest after a quarter of the time that an answer takes.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass

from solvent.delivery.server.lines.served import Records, Refused, Served, cut
from solvent.errors import InputError
from solvent.learn.assembly import Answers

__all__ = ["Batcher", "Expired"]

_ROWS = 64  # rows that are answered at once in the loop's own thread
_LONGEST = 0.002  # seconds that a request waits for others at most


class Expired(Exception):
    """The time that a request had is over."""


@dataclass(slots=True)
class _Waiting:
    records: Records
    answer: asyncio.Future[Answers]
    until: float


class Batcher:
    """The queue of one served version, in one event loop."""

    __slots__ = ("_cost", "_queue", "_served", "_soon", "_target", "_timer")

    def __init__(self, served: Served) -> None:
        self._served = served
        self._queue: deque[_Waiting] = deque()
        self._target = 1
        self._cost = 0.002
        self._soon = False
        self._timer: asyncio.TimerHandle | None = None

    async def answer(self, records: Records, until: float) -> Answers:
        """The answers of a request, which has until a moment of the monotonic clock; raises as :class:`Served`."""
        loop = asyncio.get_running_loop()
        if len(records) > _ROWS:
            return await _in_thread(loop, self._served, records, until)
        if self._served.quick is not None:
            return self._served.answer(records)
        if not self._served.plain(records):
            return self._served.answer(records)  # alone, since its warnings are nobody else's
        waiting = _Waiting(records, loop.create_future(), until)
        self._queue.append(waiting)
        self._arrive(loop)
        return await waiting.answer

    def _arrive(self, loop: asyncio.AbstractEventLoop) -> None:
        if len(self._queue) >= self._target:
            if not self._soon:
                self._soon = True
                loop.call_soon(self._flush, loop)
        elif self._timer is None:
            self._timer = loop.call_later(min(0.25 * self._cost, _LONGEST), self._flush, loop)

    def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        self._soon = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        batch: list[_Waiting] = []
        rows = 0
        while self._queue and (not batch or rows + len(self._queue[0].records) <= _ROWS):
            batch.append(self._queue.popleft())
            rows += len(batch[-1].records)
        if not batch:
            return
        self._target = max(len(batch), self._target - 1)
        started = time.monotonic()
        self._answer([one for one in batch if not self._is_over(one, started)])
        self._cost = time.monotonic() - started
        if self._queue:
            self._arrive(loop)

    def _is_over(self, one: _Waiting, now: float) -> bool:
        if one.answer.done():  # its client went away
            return True
        if now <= one.until:
            return False
        one.answer.set_exception(Expired())
        return True

    def _answer(self, batch: list[_Waiting]) -> None:
        """Answer all at once; if that goes wrong, half and half, so that a fault stays with whose it is."""
        if not batch:
            return
        try:
            made = self._served.answer([record for one in batch for record in one.records])
        except (InputError, Refused) as error:
            if len(batch) == 1:
                batch[0].answer.set_exception(error)
                return
            half = len(batch) // 2
            self._answer(batch[:half])
            self._answer(batch[half:])
            return
        start = 0
        for one in batch:
            one.answer.set_result(cut(made, start, start + len(one.records)))
            start += len(one.records)


async def _in_thread(loop: asyncio.AbstractEventLoop, served: Served, records: Records, until: float) -> Answers:
    """Answer many rows beside the loop, so that others need not wait."""
    work = loop.run_in_executor(None, served.answer, records)
    try:
        return await asyncio.wait_for(work, max(0.0, until - time.monotonic()))
    except TimeoutError:
        raise Expired from None
