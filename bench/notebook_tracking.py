"""A typical notebook of 25 cells (read, clean, join, features, fit, judge, plot) with %load_ext solvent and without.

python bench/notebook_tracking.py [ROUNDS]

Both ways run in turn, each in a process of its own. Reported: the wall-clock seconds of the cells, their ratio, what
a cell costs more, what looking at values took after a cell, and how long the session took to begin and to end.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from timing import python, seconds_and_output

MAKE = """
import numpy as np, pandas as pd
dice = np.random.default_rng(1)
n = 150_000
pd.DataFrame({
    "id": np.arange(n), "day": dice.integers(0, 365, n), "carrier": dice.choice(list("ABCDEFGH"), n),
    "distance": dice.gamma(2, 400, n), "delay": dice.normal(8, 30, n), "temperature": dice.normal(12, 9, n),
    "note": dice.choice(["", "late crew", "weather", "none"], n),
}).to_csv("flights.csv", index=False)
pd.DataFrame({"carrier": list("ABCDEFGH"), "fleet": range(8)}).to_csv("carriers.csv", index=False)
"""

CELLS = [
    "import numpy as np\nimport pandas as pd",
    "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt",
    "from sklearn.ensemble import RandomForestClassifier\nfrom sklearn.linear_model import LogisticRegression\n"
    "from sklearn.metrics import roc_auc_score\nfrom sklearn.model_selection import train_test_split",
    "SEED = 7\nLATE = 15\ncolumns = ['distance', 'temperature', 'month', 'fleet']",
    "flights = pd.read_csv('flights.csv')",
    "flights.head()",
    "flights.describe()",
    "carriers = pd.read_csv('carriers.csv')",
    "flights['note'] = flights['note'].fillna('none')",
    "clean = flights[flights.distance > 50].copy()",
    "clean['late'] = (clean.delay > LATE).astype(int)",
    "def month_of(day):\n    return day // 31 + 1",
    "clean['month'] = clean.day.map(month_of)",
    "table = clean.merge(carriers, on='carrier')",
    "by_carrier = table.groupby('carrier').agg(late=('late', 'mean'), flights=('id', 'size'))\nby_carrier",
    "fig, axes = plt.subplots()\nby_carrier.late.plot.bar(ax=axes)",
    "X = table[columns].to_numpy()\ny = table.late.to_numpy()",
    "X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=SEED)",
    "base = LogisticRegression(max_iter=200).fit(X_train, y_train)",
    "base_score = roc_auc_score(y_test, base.predict_proba(X_test)[:, 1])\nbase_score",
    "forest = RandomForestClassifier(20, max_depth=8, random_state=SEED, n_jobs=1)\nforest.fit(X_train, y_train)",
    "scores = forest.predict_proba(X_test)[:, 1]",
    "results = {'base': base_score, 'forest': roc_auc_score(y_test, scores)}\nresults",
    "importances = pd.Series(forest.feature_importances_, index=columns).sort_values()\nimportances",
    "by_month = table.pivot_table(index='month', columns='carrier', values='late')\nby_month.tail(3)",
]

RUN = """
import json, sys, time
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

tracked, cells = sys.argv[1] == "with", json.load(open("cells.json"))
shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
looking, begin = [], time.perf_counter()
if tracked:
    shell.run_cell("%load_ext solvent", store_history=True)
    from solvent.notebook.magic import tracker_of
    tracker = tracker_of(shell)
    after = tracker.after
    shell.events.unregister("post_run_cell", after)
    def timed(result):
        start, work = time.perf_counter(), time.thread_time()
        after(result)
        looking.append((time.perf_counter() - start, time.thread_time() - work))
    shell.events.register("post_run_cell", timed)
began = time.perf_counter() - begin
took, sys.stdout = [], open("/dev/null", "w")
spent = time.process_time()
for cell in cells:
    start = time.perf_counter()
    shell.run_cell(cell, store_history=True).raise_error()
    took.append(time.perf_counter() - start)
    time.sleep(PAUSE)
sys.stdout = sys.__stdout__
start = time.perf_counter()
if tracked:
    shell.run_cell("%unload_ext solvent")
spent = time.process_time() - spent
if tracked:
    import solvent as sv
    steps = sv.open().run().steps
    missed = [note for step in steps for note in step.notes.get("not_compared", ())]
else:
    steps, missed = [], []
ended = time.perf_counter() - start
print(json.dumps({"took": took, "looking": looking[1:], "began": began, "ended": ended, "spent": spent,
    "steps": len(steps), "kept": sum(len(step.outputs) for step in steps), "missed": missed}))
"""


def measure(folder: Path, way: str, pause: float) -> dict[str, Any]:
    """One run of the notebook in a new project."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        for name in ("flights.csv", "carriers.csv", "cells.json"):
            (Path(place) / name).symlink_to(folder / name)
        code = RUN.replace("PAUSE", str(pause))
        _, said = seconds_and_output([python(), "-c", code, way], Path(place), OMP_NUM_THREADS="1")
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found


def compare(folder: Path, rounds: int, pause: float) -> None:
    """Both ways in turn; ``pause`` is what somebody takes to read between two cells."""
    found: dict[str, list[dict[str, Any]]] = {"without": [], "with": []}
    for _ in range(rounds):
        for way, runs in found.items():
            runs.append(measure(folder, way, pause))
    totals = {way: [sum(one["took"]) for one in runs] for way, runs in found.items()}
    medians = {way: statistics.median(each) for way, each in totals.items()}
    cells = {
        way: [statistics.median(one["took"][at] for one in runs) for at in range(len(CELLS))]
        for way, runs in found.items()
    }
    more = [1000 * (one - other) for one, other in zip(cells["with"], cells["without"], strict=True)]
    looking = [1000 * wall for run in found["with"] for wall, _ in run["looking"]]
    working = [1000 * cpu for run in found["with"] for _, cpu in run["looking"]]
    spent = {way: statistics.median(one["spent"] for one in runs) for way, runs in found.items()}
    last = found["with"][-1]
    print(f"pause of {pause:g} s between cells, {rounds} rounds")
    print(
        f"  cells: {medians['without']:.2f} s without, {medians['with']:.2f} s with: "
        f"{100 * (medians['with'] / medians['without'] - 1):+.1f} %"
    )
    print(
        f"  best of each: {min(totals['without']):.2f} s, {min(totals['with']):.2f} s: "
        f"{100 * (min(totals['with']) / min(totals['without']) - 1):+.1f} %"
    )
    worst = CELLS[more.index(max(more))].strip().splitlines()[0]
    said = f"mean {statistics.mean(more):.1f} ms, most {max(more):.1f} ms (median of rounds), of {worst}"
    print(f"  a cell takes more: {said}")
    print(
        f"  CPU of the process meanwhile, what is written behind included: {spent['without']:.2f} s without, "
        f"{spent['with']:.2f} s with: {100 * (spent['with'] / spent['without'] - 1):+.1f} %"
    )
    print(
        f"  looking after a cell: median {statistics.median(looking):.2f} ms, most {max(looking):.1f} ms "
        f"(of CPU: median {statistics.median(working):.2f} ms, most {max(working):.1f} ms)"
    )
    began, ended = (statistics.median(one[name] for one in found["with"]) for name in ("began", "ended"))
    print(f"  the session: {began:.2f} s to begin, {ended:.2f} s to end")
    print(f"  recorded: {last['steps']} cells, {last['kept']} values; not compared: {last['missed']}")


def main() -> None:
    """Make the data once, then compare without pauses (as a batch) and with them (as somebody works)."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "cells.json").write_text(json.dumps(CELLS))
        seconds_and_output([python(), "-c", MAKE], folder)
        for pause in (0.0, 0.3):
            compare(folder, rounds, pause)


if __name__ == "__main__":
    main()
