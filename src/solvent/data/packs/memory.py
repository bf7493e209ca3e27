"""How much memory is free here, by the machine's own account and by the limits of the container."""

from __future__ import annotations

from pathlib import Path

__all__ = ["free_memory"]

_UNKNOWN = 2_000_000_000


def free_memory(root: Path = Path("/")) -> int:
    """Bytes that this process may still take: what the machine has, or what its control group leaves, if less."""
    found = []
    try:
        lines = (root / "proc/meminfo").read_text().splitlines()
        found.append(next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")))
    except (OSError, StopIteration, ValueError):
        found.append(_UNKNOWN)
    for most, used in (
        ("sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory.current"),
        ("sys/fs/cgroup/memory/memory.limit_in_bytes", "sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ):
        try:
            found.append(int((root / most).read_text()) - int((root / used).read_text()))
        except (OSError, ValueError):
            continue
    return max(0, min(found))
