"""Fetching: one object is copied here whole and unchanged, however often the connection breaks, or not at all."""

from __future__ import annotations

import hashlib
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from solvent.data.sources.remote.options import RemoteOptions
from solvent.errors import InputError

__all__ = ["Changed", "Failed", "Passing", "Remote", "State", "fetch", "persist"]

_Given = TypeVar("_Given")
_LONGEST = 30.0


@dataclass(frozen=True, slots=True)
class State:
    """What a server says of an object: ``tag`` is one that changes with every byte (a strong ETag), ``weak`` any.

    ``size`` is in bytes, ``modified`` what the server calls its last change, ``md5`` the content's as hexadecimal
    digits where the server promises it, ``maybe`` where it only looks like it.
    """

    size: int | None = None
    tag: str | None = None
    weak: str | None = None
    modified: str | None = None
    md5: str | None = None
    maybe: str | None = None

    @property
    def version(self) -> str | None:
        """A cheap token of the content; None where the server says nothing that tells."""
        mark = self.tag or self.weak or self.modified
        return None if mark is None else f"{mark}/{self.size}"

    def differs(self, other: State) -> bool:
        """Whether these are surely not the same content, by what both of them tell."""
        if self.size is not None and other.size is not None and self.size != other.size:
            return True
        told = [(self.tag, other.tag), (self.weak, other.weak), (self.modified, other.modified)]
        return next((one != two for one, two in told if one is not None and two is not None), False)


class Passing(Exception):
    """Something that may be over in a moment: a busy server, a broken connection. ``after`` is in seconds."""

    def __init__(self, text: str, after: float | None = None) -> None:
        super().__init__(text)
        self.after = after


class Failed(Exception):
    """Something that will not be over: the object is not there, or not for us."""


class Changed(Exception):
    """The object is not the one that was found."""


class Remote(Protocol):
    """One object of a server."""

    @property
    def shown(self) -> str:
        """Where it is, without any secret."""

    def get(self, start: int, state: State) -> AbstractContextManager[tuple[State, int, Iterator[bytes]]]:
        """Its bytes from ``start`` on: what it is now, where the bytes begin, and the bytes.

        Raises :class:`Passing`, :class:`Failed`, or :class:`Changed` where it is not ``state`` any more.
        """


def persist(what: Callable[[], _Given], shown: str, options: RemoteOptions, gone: Callable[[], Any] = bool) -> _Given:
    """Do something again, with longer and longer pauses, while what hinders it may pass. Raises :class:`InputError`.

    ``gone`` tells how far it came: where that grows, the count begins anew.
    """
    tried, before = 0, gone()
    while True:
        try:
            return what()
        except Passing as error:
            now = gone()
            tried = 1 if now > before else tried + 1
            before = now
            if tried >= options.attempts:
                times = "once" if tried == 1 else f"{tried} times"
                raise InputError(
                    options.clean(f"{shown}: {error}, tried {times}. Run again later, or say attempts: {2 * tried}")
                ) from None
            pause = min(_LONGEST, options.pause * 2 ** (tried - 1) * random.uniform(0.75, 1.25))
            time.sleep(min(_LONGEST, max(pause, error.after or 0.0)))
        except Failed as error:
            raise InputError(options.clean(f"{shown}: {error}")) from None


def fetch(remote: Remote, state: State, into: Path, options: RemoteOptions) -> State:
    """Copy an object into a file. What is there is the object that was found, whole: else :class:`InputError`.

    Bytes that came before a connection broke are not asked for again, where the server can say that it is still the
    same object. Returns what the server said of what was read.
    """
    doubtful: list[str] = []
    while True:
        read = _copy(remote, state, into, options)
        if read.md5 is None and read.maybe is None:
            return read
        found = _md5(into)
        if found == (read.md5 or read.maybe):
            return read
        # Some stores give tags that look like a digest and are none: the same bytes twice are the object's.
        if read.md5 is None and found in doubtful:
            return read
        doubtful.append(found)
        if len(doubtful) >= max(2, options.attempts):
            raise InputError(f"{remote.shown}: what came is not what the server says it sent, {len(doubtful)} times")
        into.unlink()


def _copy(remote: Remote, state: State, into: Path, options: RemoteOptions) -> State:
    seen: list[State] = []

    def have() -> int:
        return into.stat().st_size if into.exists() else 0

    def once() -> State:
        start = have()
        known = seen[0] if seen else state
        if start and known.tag is None:
            start = 0  # nothing tells whether it is still the same object
        with remote.get(start, known) as (now, begin, chunks):
            if not seen:
                seen.append(now)
            with open(into, "r+b" if begin and start else "wb") as file:
                file.seek(begin)
                file.truncate()
                for chunk in chunks:
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
        size = have()
        whole = now.size if now.size is not None else known.size
        if whole is not None and size != whole:
            if size > whole:
                into.unlink()
            raise Passing(f"the connection ended after {size} of {whole} bytes")
        return now

    try:
        return persist(once, remote.shown, options, have)
    except Changed:
        raise InputError(
            f"{remote.shown} changed while it was read; wait until it is written whole, and run again"
        ) from None


def _md5(path: Path) -> str:
    made = hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            made.update(piece)
    return made.hexdigest()
