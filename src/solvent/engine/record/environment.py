"""With what: Python, the platform, and the exact distributions that are installed."""

from __future__ import annotations

import functools
import os
import sys
from typing import Any

__all__ = ["environment"]


@functools.lru_cache(maxsize=1)
def environment() -> dict[str, Any]:
    """Python, platform and distributions (name to version), read from folder names, which takes a millisecond."""
    uname = os.uname()
    return {
        "python": sys.version.split()[0],
        "implementation": sys.implementation.name,
        "platform": f"{uname.sysname} {uname.release} {uname.machine}",
        "cores": os.cpu_count(),
        "executable": sys.executable,
        "timezone": os.environ.get("TZ") or _zone(),
        "locale": os.environ.get("LC_ALL") or os.environ.get("LANG") or "",
        "distributions": _distributions(),
    }


def _distributions() -> dict[str, str]:
    found: dict[str, str] = {}
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for name in names:
            stem, dot, kind = name.rpartition(".")
            if dot and kind in ("dist-info", "egg-info") and "-" in stem:
                project, version = stem.split("-")[:2]
                found.setdefault(project.lower().replace("_", "-"), version)
    return dict(sorted(found.items()))


def _zone() -> str:
    try:
        return os.path.realpath("/etc/localtime").partition("zoneinfo/")[2]
    except OSError:
        return ""
