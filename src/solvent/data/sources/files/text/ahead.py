"""Reading ahead: an iterator is gone through by a thread of its own, a few items before whoever uses them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from typing import TypeVar

__all__ = ["ahead"]

T = TypeVar("T")

_END = object()


def ahead(items: Iterable[T], most: int = 2) -> Generator[T, None, None]:
    """The same items, of which up to ``most`` are made while the one before is being used.

    What is raised while an item is made is raised here in its place. An iterator that is left early stops the thread.
    """
    made: queue.Queue[object] = queue.Queue(most)
    left = threading.Event()
    raised: list[BaseException] = []

    def put(item: object) -> None:
        while not left.is_set():
            try:
                return made.put(item, timeout=0.1)
            except queue.Full:
                continue

    def work() -> None:
        try:
            for item in items:
                put(item)
                if left.is_set():
                    break
        except BaseException as error:
            raised.append(error)
        put(_END)

    thread = threading.Thread(target=work, name="solvent-ahead", daemon=True)
    thread.start()
    try:
        while (item := made.get()) is not _END:
            yield item  # type: ignore[misc]
    finally:
        left.set()
        if threading.current_thread() is not thread:  # which may be the one that clears away what nobody needs
            thread.join()
    if raised:
        raise raised[0]
