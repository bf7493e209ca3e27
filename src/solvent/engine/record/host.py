"""Who and where: user, host, process, and whether another run's process is still alive."""

from __future__ import annotations

import functools
import os
import time
from dataclasses import dataclass
from pathlib import Path

__all__ = ["BEAT", "Here", "alive", "here"]

BEAT = 5.0
"""Seconds between the signs of life of a run; on another host, three missed ones mean that it crashed."""


@dataclass(frozen=True, slots=True)
class Here:
    """This process, so that no other one can be taken for it."""

    user: str
    host: str
    pid: int
    pid_started: str
    boot: str


def here() -> Here:
    """This process."""
    return _here(os.getpid())


@functools.lru_cache(maxsize=2)
def _here(pid: int) -> Here:
    return Here(_user(), os.uname().nodename, pid, _process_start(pid) or "", _boot())


def alive(host: str, pid: int, pid_started: str, boot: str, heartbeat: float) -> bool:
    """Whether the process of a run still lives: at once and surely on this host, by its heartbeat elsewhere."""
    me = here()
    if host == me.host and boot == me.boot:
        return _process_start(pid) == pid_started
    if host == me.host:
        return False  # the machine has been started anew since
    return time.time() - heartbeat < 3 * BEAT


def _user() -> str:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        if value := os.environ.get(name):
            return value
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        return f"uid {os.getuid()}"


def _process_start(pid: int) -> str | None:
    """When a process began, in clock ticks since the boot; None if there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        if os.path.exists("/proc/self/stat"):
            return None
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return None
        except PermissionError:
            return "alive"
        return "alive"
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in ("Z", "X") else fields[19]


@functools.lru_cache(maxsize=1)
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "unknown"
