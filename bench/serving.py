"""One row a request over HTTP: Solvent beside MLflow, BentoML, FastAPI, a bare ONNX handler and an empty one.

    python bench/serving.py [--rounds N] [--seconds S] [--connections N] [--only NAMES] [--keep FOLDER]

Every server is a fresh process on one core; the load comes from another, over keep-alive connections that each wait
for their answer. All answer with the same pipeline (scaled numbers, one-hot texts, boosted trees; 20,000 rows of a
fixed seed), and every answer is checked: another status than 200, or a probability that differs by more than 1e-5
from the pipeline's, is an error. Contenders take turns, round by round; what is shown are medians, and of ratios the
median of the rounds' ratios. "Start" is from the start of the process to its first answer. "CPU" is what the
server's processes computed, for a request or until the first answer: where others use the cores too, its ratios are
the steadier ones, but they are blind to a server that waits.

``own`` is the same model inside classes of a user's own, for which no converter to ONNX exists. Its start cannot be
faster than a process that imports the module of these classes and nothing else (it imports scikit-learn's parts and
Polars); how much slower it is, is shown too.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from servers.contenders import HERE, SKLEARN, WEB, Contender, Server, all_contenders
from servers.model import write_tables
from timing import Spent, peer, python, run_once, seconds

CLOSE = 1e-5
WARM = 1.0  # seconds of load before what counts


@dataclass(frozen=True)
class Measure:
    """One contender in one round."""

    rate: float
    p50: float
    p99: float
    errors: int
    busy: float
    ready: float
    ready_cpu: float
    cpu: float


def lay_out(folder: Path) -> None:
    """Tables, the pipeline and its ONNX form, and two Solvent models, deployed."""
    if (folder / "ready").exists():
        return
    shutil.copytree(HERE / "project", folder, dirs_exist_ok=True)
    write_tables(folder)
    seconds([peer("serving-web", SKLEARN, *WEB), HERE / "model.py", folder], folder)
    for settings in ("buys.yaml", "own.yaml"):
        seconds([python(), "-m", "solvent", "--project", folder, "run", settings], folder)
    (folder / "ready").touch()


@dataclass(frozen=True)
class Bench:
    """The folder, the rows with their right answers, and how much is asked of whom."""

    folder: Path
    asked: Sequence[Mapping[str, Any]]
    connections: int
    seconds: float
    cores: tuple[int, int]

    def measure(self, name: str, one: Contender) -> Measure | str:
        """Start it, warm it, ask; or the reason why it could not be asked."""
        server = Server(one, self.folder, self.cores[0], self.asked[0]["row"])
        try:
            status, said = server.found
            if status != 200:
                return f"answers {status}: {said.decode('utf-8', 'replace')[:100]}"
            self._load(server.port, one, WARM)
            before = server.cpu()
            found = self._load(server.port, one, self.seconds)
            cpu = server.cpu() - before
        finally:
            server.stop()
        times = sorted(found["times"])
        wrong = sum(not self._right(one, place, text, name != "empty") for place, text in found["answers"])
        p50, p99 = (times[int(len(times) * share)] for share in (0.5, 0.99))
        rate, errors = len(times) / found["seconds"], wrong + found["lost"]
        return Measure(rate, p50, p99, errors, found["busy"], server.ready, server.ready_cpu, cpu / len(times))

    def _load(self, port: int, one: Contender, lasting: float) -> Any:
        requests = json.dumps([one.request(each["row"]) for each in self.asked])
        command = ["taskset", "-c", str(self.cores[1]), sys.executable, str(HERE / "load.py"), str(port)]
        done = subprocess.run(
            [*command, str(self.connections), str(lasting)], input=requests, capture_output=True, text=True
        )
        if done.returncode:
            raise SystemExit(f"{one.path}: the load failed:\n{done.stderr[-3000:]}")
        return json.loads(done.stdout)

    def _right(self, one: Contender, place: int, text: str, model: bool) -> bool:
        """Whether an answer is a 200 and, of a server with a model, the probability the pipeline's."""
        head, _, body = text.partition("\r\n\r\n")
        try:
            off = abs(one.probability(json.loads(body)) - self.asked[place]["right"]) if model else 0.0
            return head.split(" ", 2)[1] == "200" and off <= CLOSE
        except (ValueError, LookupError, TypeError, StopIteration):
            return False


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0, help="of load, for each contender in each round")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--only", help="names of contenders, with commas between")
    parser.add_argument("--keep", type=Path, help="a folder for tables and models, used again if they are there")
    asked = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise SystemExit("this takes two cores: one for the server, one for the load")
    names = None if asked.only is None else {name.strip() for name in asked.only.split(",")}
    with tempfile.TemporaryDirectory() as temporary:
        folder = (asked.keep or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        lay_out(folder)
        rows = json.loads((folder / "asked.json").read_text())
        bench = Bench(folder, rows, asked.connections, asked.seconds, (cores[0], cores[1]))
        found, floors = _rounds(bench, all_contenders(folder, names), asked.rounds)
    _report(found, floors)


def _rounds(
    bench: Bench, contenders: Mapping[str, Contender], rounds: int
) -> tuple[dict[str, list[Measure]], list[Spent]]:
    """The measures of each contender by round, and what the import of the user's own module took in each round."""
    found: dict[str, list[Measure]] = {name: [] for name in contenders}
    floors: list[Spent] = []
    out: set[str] = set()
    for number in range(rounds):
        floors.append(run_once([python(), "-c", "import buys_parts"], bench.folder, bench.cores[0]))
        for name, one in contenders.items():
            if name in out:
                continue
            made = bench.measure(name, one)
            if isinstance(made, str):
                print(f"{name} is left out: it {made}", flush=True)
                out.add(name)
                continue
            found[name].append(made)
            print(f"  {number + 1} {name:22s} {made.rate:9,.0f}/s  {time.strftime('%H:%M:%S')}", file=sys.stderr)
    return {name: measures for name, measures in found.items() if measures}, floors


def _report(found: Mapping[str, Sequence[Measure]], floors: Sequence[Spent]) -> None:
    def middle(name: str, field: str) -> float:
        return float(statistics.median(getattr(one, field) for one in found[name]))

    print(
        f"{'':24s}{'requests/s':>11s} {'(least':>8s}{'most)':>9s} {'p50 ms':>8s} {'p99 ms':>8s} {'CPU ms':>8s}"
        f"{'start s':>8s}{'CPU s':>7s} errors"
    )
    for name, measures in found.items():
        rates = sorted(one.rate for one in measures)
        print(
            f"  {name:22s}{middle(name, 'rate'):11,.0f} {rates[0]:8,.0f}{rates[-1]:9,.0f} "
            f"{middle(name, 'p50') * 1e3:8.2f} {middle(name, 'p99') * 1e3:8.2f} {middle(name, 'cpu') * 1e3:8.3f}"
            f"{middle(name, 'ready'):8.2f}{middle(name, 'ready_cpu'):7.2f} {sum(one.errors for one in measures):6d}"
        )
    busy = max(one.busy for measures in found.values() for one in measures)
    floor, floor_cpu = (statistics.median(getattr(one, field) for one in floors) for field in ("wall", "cpu"))
    said = f"'import buys_parts' takes {floor:.2f} s, {floor_cpu:.2f} of CPU."
    print(f"The load used at most {busy:.0%} of its core. {said}")
    ours = [name for name in found if name.startswith("solvent")]
    for name in ours:
        own = name.startswith("solvent own")
        against = (("fastapi", 3.0), ("bentoml batching", None)) if own else (
            ("mlflow", 50.0), ("bentoml", 50.0), ("bentoml batching", None), ("fastapi", None), ("bare onnx", None)
        )  # fmt: skip
        for other, bar in against:
            if other in found:
                ratios = [one.rate / two.rate for one, two in zip(found[name], found[other], strict=True)]
                spent = [two.cpu / one.cpu for one, two in zip(found[name], found[other], strict=True)]
                by_cpu = f"   by CPU {statistics.median(spent):.2f}"
                _line(f"{name} / {other}", statistics.median(ratios), "×", bar, note=by_cpu)
        if "empty" in found:
            more = [(one.p99 - two.p99) * 1e3 for one, two in zip(found[name], found["empty"], strict=True)]
            _line(f"p99 of {name} over empty", statistics.median(more), "ms", None if own else 3.0, most=True)
        _line(f"start of {name}", middle(name, "ready"), "s", 2.0, most=True)
        if own:
            ratios = [one.ready / two.wall for one, two in zip(found[name], floors, strict=True)]
            spent = [one.ready_cpu / two.cpu for one, two in zip(found[name], floors, strict=True)]
            by_cpu = f"   by CPU {statistics.median(spent):.2f}"
            _line(f"start of {name} / import", statistics.median(ratios), "×", None, note=by_cpu)


def _line(what: str, value: float, unit: str, bar: float | None, most: bool = False, note: str = "") -> None:
    """One figure and its bar, which it reaches or, with ``most``, does not exceed."""
    said = ""
    if bar is not None:
        met = value <= bar if most else value >= bar
        said = f"   bar {'at most' if most else 'at least'} {bar:g}: {'met' if met else 'MISSED'}"
    print(f"  {what:42s} {value:8.2f} {unit}{said}{note}")


if __name__ == "__main__":
    main()
