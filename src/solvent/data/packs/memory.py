"""How much memory is free here: by the machine's own account, the limits of the container, and those of the process."""

from __future__ import annotations

from pathlib import Path

__all__ = ["ROOM", "free_memory"]

_UNKNOWN = 2_000_000_000
ROOM = 3_000_000_000
"""With less memory free, in bytes, what can wait until all steps are done waits, and holds nothing meanwhile."""
_LIMITS = (("RLIMIT_AS", "VmSize:"), ("RLIMIT_DATA", "VmData:"))


def free_memory(root: Path = Path("/")) -> int:
    """Bytes that this process may still take: the least of what the machine, its control group and ulimit leave."""
    found = []
    try:
        lines = (root / "proc/meminfo").read_text().splitlines()
        found.append(next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")))
    except (OSError, StopIteration, ValueError):
        found.append(_UNKNOWN)
    for group, most, used, kept in _groups(root):
        try:
            cached = [line.split() for line in (group / "memory.stat").read_text().splitlines()]
        except OSError:
            cached = []
        try:
            room = int((group / most).read_text()) - int((group / used).read_text())
            # pages of files that nobody looked at lately are given up as soon as somebody needs the room
            found.append(room + sum(int(size) for name, size in cached if name == kept))
        except (OSError, ValueError):
            continue
    return max(0, min(*found, *_left(root)))


def _groups(root: Path) -> list[tuple[Path, str, str, str]]:
    """The control groups that this process is in, inner and outer, with the files that say what each may take and has.

    In a container the path that a process is told need not lead anywhere: its own group is mounted as the outermost.
    """
    try:
        lines = [line.split(":", 2) for line in (root / "proc/self/cgroup").read_text().splitlines()]
    except OSError:
        lines = []
    found = []
    for words, base, files in (
        ("", "sys/fs/cgroup", ("memory.max", "memory.current", "inactive_file")),
        ("memory", "sys/fs/cgroup/memory", ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")),
    ):
        inner = next((Path(path.strip("/")) for _, kinds, path in lines if words in kinds.split(",")), Path())
        found += [(root / base / part, *files) for part in (inner, *inner.parents)]
    return found


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
