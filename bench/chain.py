"""A chain of trivial steps, each durable with its full record: the whole process, a step more, and the same again.

"A step more" is measured inside the process, from the call that runs the chain to its return.

    python bench/chain.py [ROUNDS] [--no-peers]

Beside it, in the same rounds: redun (the fastest peer that keeps records), and Hamilton with its cache (which
keeps no record of runs). Peers are installed into environments of their own at the first call.
"""

from __future__ import annotations

import itertools
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from timing import in_turn, peer, python, report, seconds, seconds_and_output

SIZES = (50, 200)
RUN = """
import sys, time
begun = time.perf_counter()
import solvent as sv
import chain{n} as chain
made = time.perf_counter()
run = sv.run(chain.flow, inputs={{"start": int(sys.argv[1])}}, project=".")
taken = time.perf_counter() - made
assert run.value() == int(sys.argv[1]) + {n}
print(taken)
"""
REDUN = """
from redun import Scheduler, task
from redun.config import Config
redun_namespace = "bench"

@task()
def one_more(x: int) -> int:
    return x + 1

@task()
def chain(n: int, start: int) -> int:
    x = start
    for _ in range(n):
        x = one_more(x)
    return x
"""
HAMILTON = """
import sys, time
from hamilton import driver
import chain{n} as chain
begun = time.perf_counter()
made = driver.Builder().with_modules(chain).with_cache(path="cache").build()
result = made.execute(["s{n:03d}"], inputs={{"start": int(sys.argv[1])}})["s{n:03d}"]
taken = time.perf_counter() - begun
assert result == int(sys.argv[1]) + {n}
print(taken)
"""


def ours(n: int) -> str:
    """The chain as a user of Solvent writes it: a step each, of its own."""
    steps = [f"@sv.step\ndef s{i:03d}(x: int) -> int:\n    return x + 1\n" for i in range(1, n + 1)]
    calls = "".join(f"    x = s{i:03d}(x)\n" for i in range(1, n + 1))
    return (
        "import solvent as sv\n\n"
        + "\n".join(steps)
        + f"\n@sv.pipeline\ndef flow(start: int) -> int:\n    x = start\n{calls}    return x\n"
    )


def hamiltons(n: int) -> str:
    """The chain as a user of Hamilton writes it."""
    names = ["start", *(f"s{i:03d}" for i in range(1, n + 1))]
    return "".join(
        f"def {name}({before}: int) -> int:\n    return {before} + 1\n" for before, name in itertools.pairwise(names)
    )


def lay_out(folder: Path) -> None:
    """Write everybody's programs."""
    for name in ("ours", "redun", "hamilton"):
        (folder / name).mkdir()
    for n in SIZES:
        (folder / "ours" / f"chain{n}.py").write_text(ours(n))
        (folder / "ours" / f"run{n}.py").write_text(RUN.format(n=n))
        (folder / "hamilton" / f"chain{n}.py").write_text(hamiltons(n))
        (folder / "hamilton" / f"run{n}.py").write_text(HAMILTON.format(n=n))
    (folder / "redun" / "flow.py").write_text(REDUN)


class Contender:
    """One program: how long its process takes, and how long it says that the chain took inside."""

    def __init__(self, folder: Path, *command: str | Path) -> None:
        self.folder = folder
        self.command = command
        self.inside: list[float] = []

    def __call__(self, start: int) -> float:
        """Run it once."""
        taken, said = seconds_and_output([*self.command, str(start)], self.folder, HAMILTON_TELEMETRY_ENABLED="false")
        try:
            self.inside.append(float(said.split()[-1]))
        except (ValueError, IndexError):
            self.inside.append(taken)
        return taken


def contenders_in(folder: Path, peers: bool) -> dict[str, Contender]:
    """Everybody's programs."""
    made = {f"solvent {n}": Contender(folder / "ours", python(), f"run{n}.py") for n in SIZES}
    if peers:
        redun, hamilton = peer("redun", "redun==0.44.1"), peer("hamilton", "apache-hamilton==1.90.0")
        command = redun.parent / "redun"
        seconds([command, "init"], folder / "redun")
        # A chain of 200 ends redun with a RecursionError, so it is measured at 50 alone.
        made["redun 50"] = Contender(folder / "redun", command, "run", "flow.py", "chain", "--n", "50", "--start")
        for n in SIZES:
            made[f"hamilton {n}"] = Contender(folder / "hamilton", hamilton, f"run{n}.py")
    return made


def _times(one: Contender, more: int) -> Callable[[int], float]:
    """Run it from 10,000 in each round, or from ten thousand more each time."""
    return lambda k: one(10_000 * (k * more + 1))


def main() -> None:
    """Measure and report."""
    rounds = next((int(word) for word in sys.argv[1:] if word.isdigit()), 5)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        lay_out(folder)
        made = contenders_in(folder, "--no-peers" not in sys.argv)
        fresh = in_turn({name: _times(one, 1) for name, one in made.items()}, rounds)
        inside = {name: one.inside[1:] for name, one in made.items()}
        for one in made.values():
            one.inside = []
        again = in_turn({name: _times(one, 0) for name, one in made.items()}, rounds)
        inside_again = {name: one.inside[1:] for name, one in made.items()}
    report("A chain of 50 and of 200, done anew: whole process", fresh, "solvent 50")
    report("The same again, unchanged: whole process", again, "solvent 50")
    print("One step more, ms: (200 - 50) / 150, medians inside the process")
    for name in sorted({one.split()[0] for one in made if one.endswith("200")}):
        for label, found in (("anew", inside), ("again", inside_again)):
            small, large = (statistics.median(found[f"{name} {n}"]) for n in SIZES)
            print(f"  {name:12s} {label:6s} {(large - small) / 150 * 1000:8.3f} ms")


if __name__ == "__main__":
    main()
