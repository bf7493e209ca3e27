"""Timing whole processes in turn, so that a noisy machine is noisy for all; peers in their own environments."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / ".bench"


def peer(name: str, *packages: str) -> Path:
    """The Python of an environment that holds a peer; made at first use."""
    folder = PEERS / name
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *packages], check=True)
        (folder / "ready").touch()
    return python


def environment_of(more: Mapping[str, str]) -> dict[str, str]:
    """This process's environment and more. Bytecode is written, as where software is installed: a start reads it."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **more}


def seconds(command: Sequence[str | Path], folder: Path, **environment: str) -> float:
    """Wall-clock seconds of one process, which must succeed."""
    return seconds_and_output(command, folder, **environment)[0]


def seconds_and_output(command: Sequence[str | Path], folder: Path, **environment: str) -> tuple[float, str]:
    """Wall-clock seconds of one process, which must succeed, and what it printed."""
    begun = time.perf_counter()
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, env=environment_of(environment), capture_output=True, text=True
    )
    taken = time.perf_counter() - begun
    if done.returncode != 0:
        raise SystemExit(f"{command} failed:\n{done.stdout}\n{done.stderr}")
    return taken, done.stdout


@dataclass(frozen=True)
class Spent:
    """What one process took, in seconds: by the clock, and of computing."""

    wall: float
    cpu: float


def run_once(command: Sequence[str | Path], folder: Path, core: int) -> Spent:
    """Run a process on one core; it must succeed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall, _ = seconds_and_output(["taskset", "-c", str(core), *command], folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Spent(wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def in_turn(contenders: Mapping[str, Callable[[int], float]], rounds: int) -> dict[str, list[float]]:
    """Each contender once a round, in turn; the first round warms up and does not count."""
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, measure in contenders.items():
            value = measure(number)
            if number:
                found[name].append(value)
    return found


def report(title: str, found: Mapping[str, Sequence[float]], base: str, unit: str = "s", scale: float = 1.0) -> None:
    """Median, least and most of each, and its ratio to ``base`` (the median of the ratios round by round)."""
    print(title)
    for name, values in found.items():
        ratios = [value / other for value, other in zip(values, found[base], strict=True)]
        spread = f"(min {min(values) * scale:.3f}, max {max(values) * scale:.3f})"
        row = f"{statistics.median(values) * scale:9.3f} {unit}  {spread}"
        print(f"  {name:28s} {row}   {statistics.median(ratios):6.2f} × {base}")


def python() -> str:
    """The Python that runs this benchmark."""
    return sys.executable
