"""The audit hook: installed once, silent unless a step is observed, and told first of all which events matter."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from solvent.engine.watch.seeing import MARK, STATE, Seen

__all__ = ["install_hook"]

_DONE: list[bool] = []
_ACCESS = os.O_RDONLY | os.O_WRONLY | os.O_RDWR
_FRESH = os.O_TRUNC | os.O_EXCL

Handler = Callable[[Seen, tuple[Any, ...], FrameType], None]


def install_hook() -> None:
    """Install the hook, which cannot be removed; it does nothing while nobody is observed."""
    if not _DONE:
        _DONE.append(True)
        sys.addaudithook(_hook)


def _hook(event: str, args: tuple[Any, ...]) -> None:
    seen = STATE.seen
    if seen is None:
        return
    handler = _HANDLERS.get(event)
    if handler is None or MARK.depth:
        return
    MARK.depth += 1  # what is done here, is not observed
    try:
        handler(seen, args, sys._getframe(1))
    finally:
        MARK.depth -= 1


def _open(seen: Seen, args: tuple[Any, ...], frame: FrameType) -> None:
    path, _, flags = args
    if isinstance(path, int) or not isinstance(flags, int):
        return
    access = flags & _ACCESS
    if flags & _FRESH and access != os.O_RDONLY:
        seen.made(path)
    elif access == os.O_WRONLY:
        if flags & os.O_CREAT and not os.path.exists(path):
            seen.made(path)
    elif access == os.O_RDWR and flags & os.O_CREAT and not os.path.exists(path):
        seen.made(path)
    else:
        seen.file(path, frame)


def _folder(seen: Seen, args: tuple[Any, ...], frame: FrameType) -> None:
    seen.folder(args[0], frame)


def _made(seen: Seen, args: tuple[Any, ...], frame: FrameType) -> None:
    seen.made(args[0])


def _moved(seen: Seen, args: tuple[Any, ...], frame: FrameType) -> None:
    seen.moved(args[0], args[1])


def _sqlite(seen: Seen, args: tuple[Any, ...], frame: FrameType) -> None:
    name = os.fsdecode(args[0]) if isinstance(args[0], (str, bytes, os.PathLike)) else ""
    if name.startswith("file:"):
        from urllib.parse import parse_qs, unquote

        name, _, query = name[5:].partition("?")
        if "memory" in parse_qs(query).get("mode", ()):
            return
        name = unquote(name.removeprefix("//localhost").removeprefix("//"))
    if name and name != ":memory:":
        if os.path.exists(name):
            seen.file(name, frame)
        else:
            seen.made(name)


def _connect(seen: Seen, args: tuple[Any, ...], frame: FrameType) -> None:
    address = args[-1]
    if isinstance(address, tuple) and address:
        seen.host(str(address[0]), frame)
    elif isinstance(address, (str, bytes)):
        seen.host(os.fsdecode(address), frame)


def _named_host(seen: Seen, args: tuple[Any, ...], frame: FrameType) -> None:
    if args and args[0]:
        seen.host(os.fsdecode(args[0]) if isinstance(args[0], (str, bytes)) else str(args[0]), frame)


def _own_host(seen: Seen, args: tuple[Any, ...], frame: FrameType) -> None:
    seen.other("host", "the name of this machine", frame)


def _process(seen: Seen, args: tuple[Any, ...], frame: FrameType) -> None:
    name = args[0] if args else ""
    if isinstance(name, (list, tuple)):
        name = name[0] if name else ""
    text = os.fsdecode(name) if isinstance(name, (str, bytes, os.PathLike)) else str(name)
    seen.other("process", text.split()[0] if text.split() else "process", frame)


def _fork(seen: Seen, args: tuple[Any, ...], frame: FrameType) -> None:
    seen.other("process", "a fork of this process", frame)


def _input(seen: Seen, args: tuple[Any, ...], frame: FrameType) -> None:
    seen.other("pipe", "the standard input", frame)


_HANDLERS: dict[str, Handler] = {
    "open": _open, "os.listdir": _folder, "os.scandir": _folder, "os.mkdir": _made, "os.rename": _moved,
    "os.link": _moved, "sqlite3.connect": _sqlite, "socket.connect": _connect, "socket.sendto": _connect,
    "socket.getaddrinfo": _named_host, "socket.gethostbyname": _named_host, "socket.gethostbyaddr": _named_host,
    "socket.gethostname": _own_host, "subprocess.Popen": _process, "os.system": _process, "os.exec": _process,
    "os.posix_spawn": _process, "os.spawn": _process, "os.fork": _fork, "os.forkpty": _fork, "pty.spawn": _process,
    "builtins.input": _input,
}  # fmt: skip
