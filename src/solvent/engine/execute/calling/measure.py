"""What a step costs (CPU, peak memory), and the ambient generators that it starts with."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

__all__ = ["Meter", "restore_ambient", "save_ambient", "seed_ambient"]


class Meter:
    """CPU seconds of the process and its peak resident memory, from :meth:`start` to :meth:`stop`."""

    def __init__(self) -> None:
        self._cpu = 0.0
        self._reset = _open("/proc/self/clear_refs", os.O_WRONLY)
        self._status = _open("/proc/self/status", os.O_RDONLY)

    def start(self) -> None:
        """Begin to measure. On Linux the kernel's high-water mark is set back, so the peak is this step's own."""
        if self._reset is not None:
            try:
                os.pwrite(self._reset, b"5", 0)
            except OSError:
                self._reset = None
        self._cpu = time.process_time()

    def stop(self) -> tuple[float, float | None]:
        """CPU seconds and peak memory in MB (10⁶ bytes) since the start."""
        return time.process_time() - self._cpu, self._peak()

    def close(self) -> None:
        """Give the files back."""
        for handle in (self._reset, self._status):
            if handle is not None:
                os.close(handle)
        self._reset = self._status = None

    def _peak(self) -> float | None:
        if self._status is None:
            import resource

            unit = 1 if sys.platform == "darwin" else 1024
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
        text = os.pread(self._status, 4096, 0)
        place = text.find(b"VmHWM:")
        return int(text[place + 6 : text.index(b"kB", place)]) * 1024 / 1e6 if place >= 0 else None


def _open(path: str, flags: int) -> int | None:
    try:
        return os.open(path, flags)
    except OSError:
        return None


def seed_ambient(seed: int) -> None:
    """Seed ``random``, NumPy and torch, as far as they are loaded; each takes what of the seed fits its range."""
    loaded = sys.modules
    if (random := loaded.get("random")) is not None:
        random.seed(seed)
    if (numpy := loaded.get("numpy.random")) is not None:
        numpy.seed(seed % 2**32)
    if (torch := loaded.get("torch")) is not None:
        torch.manual_seed(seed % 2**63)


def save_ambient() -> dict[str, Any]:
    """The state of the generators, so that an eager call leaves the caller's own untouched."""
    loaded, state = sys.modules, {}
    if (random := loaded.get("random")) is not None:
        state["random"] = random.getstate()
    if (numpy := loaded.get("numpy.random")) is not None:
        state["numpy"] = numpy.get_state()
    if (torch := loaded.get("torch")) is not None:
        state["torch"] = torch.get_rng_state()
    return state


def restore_ambient(state: dict[str, Any]) -> None:
    """Put the generators back."""
    loaded = sys.modules
    if "random" in state:
        loaded["random"].setstate(state["random"])
    if "numpy" in state:
        loaded["numpy.random"].set_state(state["numpy"])
    if "torch" in state:
        loaded["torch"].set_rng_state(state["torch"])
