"""Rows of numbers by name in memory that processes share: one writes them, all read them, and a death loses none.

The memory is a sequence of words of eight bytes. The first says how many are in use; each row that follows has its
key's length in bytes, how many numbers it has, the key, and the numbers. A row is whole before it is counted as used.
"""

from __future__ import annotations

import json
import mmap
import threading
from collections.abc import Iterator

__all__ = ["Figures"]

_SIZE = 1 << 20  # some thousand versions; a file has only as many pages as were written
Key = tuple[str, ...]


class Figures:
    """The figures of one process. Another may read them at any time, or go on with them once the process has ended."""

    size = _SIZE

    def __init__(self, file: int | None = None) -> None:
        """With the descriptor of a file of this size they are shared; without one they are this process's own."""
        self._memory = mmap.mmap(-1 if file is None else file, _SIZE)
        self._words = memoryview(self._memory).cast("Q")
        self._numbers = memoryview(self._memory).cast("d")
        self._lock = threading.Lock()
        self._rows = dict(self._read())

    def row(self, key: Key, width: int) -> memoryview[float]:
        """The numbers of this name, to be changed in place; at first they are 0."""
        with self._lock:
            found = self._rows.get(key)
            if found is None:
                found = self._rows[key] = self._add(key, width)
            return found

    def rows(self) -> dict[Key, memoryview[float]]:
        """All that there are by now, whoever wrote them."""
        with self._lock:
            self._rows |= self._read()
            return dict(self._rows)

    def _add(self, key: Key, width: int) -> memoryview[float]:
        text = json.dumps(key).encode()
        start = max(1, self._words[0])
        first = start + 2 + (len(text) + 7) // 8
        if first + width > len(self._words):  # full: what comes now is told by this process only
            return memoryview(bytearray(8 * width)).cast("d")
        self._words[start], self._words[start + 1] = len(text), width
        self._memory[8 * (start + 2) : 8 * (start + 2) + len(text)] = text
        self._words[0] = first + width
        return self._numbers[first : first + width]

    def _read(self) -> Iterator[tuple[Key, memoryview[float]]]:
        place, used = 1, self._words[0]
        while place < used:
            length, width = self._words[place], self._words[place + 1]
            first = place + 2 + (length + 7) // 8
            key: Key = tuple(json.loads(self._memory[8 * (place + 2) : 8 * (place + 2) + length]))
            yield key, self._numbers[first : first + width]
            place = first + width
