"""A chain of trivial steps, each durable with its full record: the whole process, a step more, and the same again.

    python bench/chain.py [ROUNDS] [--no-peers]

Beside it, in the same rounds: redun (the fastest peer that keeps records), and Hamilton with its cache (which
keeps no record of runs). Peers are installed into environments of their own at the first call.
"""

from __future__ import annotations

import itertools
import statistics
import sys
import tempfile
from pathlib import Path

from timing import in_turn, peer, python, report, seconds

SIZES = (50, 200)
RUN = """
import sys, time
begun = time.perf_counter()
import solvent as sv
import chain{n} as chain
made = time.perf_counter()
run = sv.run(chain.flow, inputs={{"start": int(sys.argv[1])}}, project=".")
assert run.value() == int(sys.argv[1]) + {n}
print(time.perf_counter() - made)
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
import sys
from hamilton import driver
import chain{n} as chain
made = driver.Builder().with_modules(chain).with_cache(path="cache").build()
assert made.execute(["s{n:03d}"], inputs={{"start": int(sys.argv[1])}})["s{n:03d}"] == int(sys.argv[1]) + {n}
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


def main() -> None:
    """Measure and report."""
    rounds = next((int(word) for word in sys.argv[1:] if word.isdigit()), 5)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        lay_out(folder)
        contenders = {}
        for n in SIZES:
            contenders[f"solvent {n}"] = lambda k, n=n: seconds(
                [python(), f"run{n}.py", str(k * 10_000)], folder / "ours"
            )
        if "--no-peers" not in sys.argv:
            redun, hamilton = peer("redun", "redun==0.44.1"), peer("hamilton", "apache-hamilton==1.90.0")
            seconds([redun.parent / "redun", "init"], folder / "redun")
            for n in SIZES:
                contenders[f"redun {n}"] = lambda k, n=n: seconds(
                    [redun.parent / "redun", "run", "flow.py", "chain", "--n", n, "--start", k * 10_000],
                    folder / "redun",
                )
                contenders[f"hamilton {n}"] = lambda k, n=n: seconds(
                    [hamilton, f"run{n}.py", k * 10_000], folder / "hamilton", HAMILTON_TELEMETRY_ENABLED="false"
                )
        fresh = in_turn(contenders, rounds)
        again = in_turn({name: lambda k, measure=measure: measure(1) for name, measure in contenders.items()}, rounds)
    report("A chain of 50 and of 200, done anew: whole process", fresh, "solvent 50")
    report("The same again, unchanged: whole process", again, "solvent 50")
    print("One step more, ms: (200 - 50) / 150, medians of whole processes")
    for name in sorted({one.split()[0] for one in contenders}):
        for label, found in (("anew", fresh), ("again", again)):
            small, large = (statistics.median(found[f"{name} {n}"]) for n in SIZES)
            print(f"  {name:12s} {label:6s} {(large - small) / 150 * 1000:8.3f} ms")


if __name__ == "__main__":
    main()
