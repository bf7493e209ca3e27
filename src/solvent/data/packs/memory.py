"""How much memory is free here: by the machine's own account, the limits of the container, and those of the process."""

from __future__ import annotations

from pathlib import Path

__all__ = ["free_memory"]

_UNKNOWN = 2_000_000_000
_LIMITS = (("RLIMIT_AS", "VmSize:"), ("RLIMIT_DATA", "VmData:"))


def free_memory(root: Path = Path("/")) -> int:
    """Bytes that this process may still take: the least of what the machine, its control group and ulimit leave."""
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
    return max(0, min(*found, *_left(root)))


def _left(root: Path) -> list[int]:
    """What the limits of this process leave, where it has any."""
    try:
        import resource

        lines = (root / "proc/self/status").read_text().splitlines()
    except (ImportError, OSError):
        return [_UNKNOWN**2]
    left = [_UNKNOWN**2]
    for name, word in _LIMITS:
        limit = resource.getrlimit(getattr(resource, name))[0]
        used = next((int(line.split()[1]) * 1024 for line in lines if line.startswith(word)), 0)
        if limit != resource.RLIM_INFINITY:
            left.append(limit - used)
    return left
