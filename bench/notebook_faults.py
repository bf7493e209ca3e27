"""Faults planted into notebooks that run: how many `check` finds, kind by kind, in the cell where they were planted.

    python bench/notebook_faults.py FOLDER [--python INTERPRETER] [--notebooks N] [--seed S] [--only PART] [--kinds K,…]

Of the notebooks in FOLDER a random choice is taken that run from their top within a minute. Each is saved as a run from
the top shows it, and checked; then each fault is planted into a copy of it, alone, at a random place where it can
stand, and the copy is checked. What was told before of the notebook itself does not count.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from solvent.errors import SolventError
from solvent.notebook.checking.checking import Checking, check
from solvent.notebook.checking.findings import Report
from solvent.notebook.checking.mending import mend
from solvent.notebook.flow.program import Program

BAR = 1.0
HOME = "/" + "home"
KEY = "AKIA" + "Q7RZ3M5XK2PLW9TB"
Cells = list[dict[str, Any]]
# A plant changes the code cells, and gives the one where the fault has to be told (from 1); None where it has no place.
Plant = Callable[[Cells, Program, random.Random], int | None]

TEXTS = {
    "syntax": "planted_rows = (1, 2",
    "error": "planted_share = 1 / len([])",
    "undefined": "planted_frame.head()",
    "missing-file": "planted_text = open('planted_and_absent.csv').read()",
    "missing-package": "import planted_and_absent_package",
    "version-drift": "import numpy\nplanted_number = numpy.float(1.5)",
    "network": "import urllib.request\nplanted_page = urllib.request.urlopen('http://no.such.host.invalid/a.csv')",
    "input": "planted_name = input('who? ')",
    "timeout": "while True:\n    pass",
    "dead-kernel": "import os\nos._exit(1)",
    "output-size": "print('a line of output ' * 2_000_000)",
    "not-repeatable": "list({'alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta', 'eta'})",
    "path": f"planted_folder = '{HOME}/ann/projects/planets'",
    "shell": "!wget https://example.org/planets.zip",
    "magic": "%run planted_other.py",
    "secret": f"planted_key = '{KEY}'",
}


def new_cell(text: str, count: int | None) -> dict[str, Any]:
    """A code cell that shows nothing."""
    return {"cell_type": "code", "metadata": {}, "execution_count": count, "outputs": [], "source": text}


def put(kind: str) -> Plant:
    """A new cell with the text of this kind, anywhere but first."""

    def plant(cells: Cells, program: Program, chance: random.Random) -> int | None:
        at = chance.randint(1, len(cells))
        count = None if kind in ("undefined", "shell") else cells[at - 1]["execution_count"]
        cells.insert(at, new_cell(TEXTS[kind], count))
        return at + 1

    return plant


def order(cells: Cells, program: Program, chance: random.Random) -> int | None:
    """The counts of two cells are swapped."""
    counted = [number for number, one in enumerate(cells) if one["execution_count"] is not None]
    if len(counted) < 2:
        return None
    at = chance.randrange(1, len(counted))
    one, other = cells[counted[at - 1]], cells[counted[at]]
    one["execution_count"], other["execution_count"] = other["execution_count"], one["execution_count"]
    return counted[at] + 1


def makers(program: Program) -> list[tuple[int, int]]:
    """Cells that alone make a name, with the first other cell that reads it, where no other makes anything of its."""
    found = []
    for name in sorted({name for one in program.statements for name in one.flow.makes}):
        made = [one for one in program.statements if name in one.flow.makes | one.bound]
        if len(made) != 1 or name.startswith("_"):
            continue
        read = [one.cell for one in program.statements if name in one.flow.reads and one.place > made[0].place]
        if read and read[0] != made[0].cell:
            found.append((made[0].cell, read[0]))
    return found


def moved(cells: Cells, program: Program, chance: random.Random) -> int | None:
    """A cell that makes a name is moved below the one that reads it."""
    pairs = makers(program)
    if not pairs:
        return None
    maker, reader = chance.choice(pairs)
    first = min(read for made, read in pairs if made == maker)
    cells.insert(reader - 1, cells.pop(maker - 1))
    return first - 1


def deleted(cells: Cells, program: Program, chance: random.Random) -> int | None:
    """A cell that makes a name is deleted; the counts keep their gap."""
    pairs = [
        (maker, reader) for maker, reader in makers(program)
        if "import" not in cells[maker - 1]["source"] and cells[reader - 1]["execution_count"] is not None
    ]  # fmt: skip
    if not pairs:
        return None
    maker, _ = chance.choice(pairs)
    del cells[maker - 1]
    return min(read for made, read in pairs if made == maker) - 1


def redefined(cells: Cells, program: Program, chance: random.Random) -> int | None:
    """A name of a table, a list or a dict, which another cell than its own reads, becomes a text."""
    made: dict[str, int] = {}
    read: set[str] = set()
    for one in program.statements:
        read |= {name for name in one.flow.reads if made.get(name, one.cell) != one.cell}
        made.update(dict.fromkeys(one.flow.makes, one.cell))
    kinds = ("pandas.DataFrame", "list", "dict", "numpy.ndarray")
    return last(cells, program, chance, kinds, "{} = 'planted'", read)


def mutated(cells: Cells, program: Program, chance: random.Random) -> int | None:
    """A function changes a table of another cell, and the call does not show it."""
    text = "def planted_change(frame):\n    frame['planted'] = 1\n\nplanted_change({})"
    return last(cells, program, chance, ("pandas.DataFrame", "pandas.core.frame.DataFrame"), text)


def last(
    cells: Cells, program: Program, chance: random.Random, kinds: tuple[str, ...], text: str,
    among: Collection[str] | None = None,
) -> int | None:  # fmt: skip
    """A last cell about a name of one of these classes that another cell made."""
    known: dict[str, str] = {}
    for one in program.statements:
        if one.event is not None:
            known.update({name: kind for name, kind in one.event.kinds.items() if name in one.bound})
    names = sorted(name for name, kind in known.items() if kind in kinds and not name.startswith("_"))
    names = [name for name in names if among is None or name in among]
    if not names:
        return None
    cells.append(new_cell(text.format(chance.choice(names)), len(cells) + 1))
    return len(cells)


def unseeded(cells: Cells, program: Program, chance: random.Random) -> int | None:
    """Numbers of a generator that nobody seeded are shown."""
    text = "import numpy\nplanted_draw = numpy.random.default_rng().normal(size=3)\nplanted_draw"
    cells.append(new_cell(text, len(cells) + 1))
    return len(cells)


def saved(cells: Cells, program: Program, chance: random.Random) -> int | None:
    """A digit in what a cell is saved to have shown is another one."""
    places = []
    for number, cell in enumerate(cells):
        for shown in cell["outputs"]:
            held = shown if shown["output_type"] == "stream" else shown.get("data", {})
            key = "text" if shown["output_type"] == "stream" else "text/plain"
            if shown.get("name") == "stderr" or "text/html" in held or "image/png" in held:
                continue
            text = held.get(key, "")
            text = text if isinstance(text, str) else "".join(text)
            if re.search(r"(?<![\w.])[1-8]\d*\.\d\d", text) and " at 0x" not in text and "<" not in text:
                places.append((number, held, key, text))
    if not places:
        return None
    number, held, key, text = chance.choice(places)
    held[key] = re.sub(r"(?<![\w.])[1-8](?=\d*\.\d\d)", lambda hit: str(int(hit[0]) + 1), text, count=1)
    return number + 1


PLANTS: dict[str, Plant] = {
    **{kind: put(kind) for kind in TEXTS}, "order": order, "used-before": moved, "deleted-cell": deleted,
    "redefined": redefined, "mutated": mutated, "unseeded": unseeded, "saved-output": saved,
}  # fmt: skip


def clean(path: Path, out: Path, how: Checking) -> Report | None:
    """The notebook as a run from the top shows it, and what is told of it; None if it does not run."""
    report = check(path, how)
    if report.notebook is None or report.watched is None or report.watched.failed is not None or report.seconds > 60:
        return None
    if report.notebook.form != "ipynb" or len(report.notebook.code) < 3:
        return None
    shutil.copytree(path.parent, out.parent, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".git"))
    held = json.loads(path.read_text(encoding="utf-8"))
    if held.get("nbformat") != 4:
        return None
    mend(report, how, out)
    report = check(out, how)
    return report if report.watched is not None and report.watched.failed is None else None


def trials(
    base: Path, report: Report, how: Checking, chance: random.Random, kinds: Collection[str] = tuple(PLANTS)
) -> Iterator[tuple[str, bool, str]]:
    """Each kind that has a place in the notebook: whether it was found, and what was told instead."""
    assert report.watched is not None
    before = {(one.kind, one.text) for one in report.findings}
    held = json.loads(base.read_text(encoding="utf-8"))
    for kind in kinds:
        plant = PLANTS[kind]
        made = copy.deepcopy(held)
        cells = [one for one in made["cells"] if one["cell_type"] == "code"]
        others = [one for one in made["cells"] if one["cell_type"] != "code"]
        for cell in cells:
            cell["source"] = "".join(cell["source"])
        cell_number = plant(cells, report.watched.program, chance)
        if cell_number is None:
            continue
        made["cells"] = [*others, *cells]
        target = base.with_name(f"planted_{kind}.ipynb")
        target.write_text(json.dumps(made), encoding="utf-8")
        seconds = 10.0 if kind == "timeout" else how.cell_seconds
        told = check(target, Checking(how.python, seconds))
        target.unlink()
        new = [one for one in told.findings if (one.kind, one.text) not in before]
        found = any(one.kind == kind and one.cell == cell_number for one in new)
        yield kind, found, "" if found else "; ".join(f"{one.where} {one.kind}: {one.text[:90]}" for one in new[:3])


def main() -> None:
    """Plant, check, and count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--notebooks", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", type=lambda text: text.split(","), default=list(PLANTS))
    parser.add_argument("--only", default="", help="part of the path of the notebooks that are meant")
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    paths = [one for one in sorted(asked.folder.rglob("*.ipynb")) if asked.only in str(one)]
    chance.shuffle(paths)
    how = Checking(asked.python, 60.0)
    planted: dict[str, list[bool]] = {kind: [] for kind in asked.kinds}
    used = 0
    for path in paths:
        if used == asked.notebooks:
            break
        with tempfile.TemporaryDirectory() as place, suppress(SolventError):
            base = Path(place) / "held" / path.name
            report = clean(path, base, how)
            if report is None:
                continue
            used += 1
            missed = []
            for kind, found, told in trials(base, report, how, chance, asked.kinds):
                planted[kind].append(found)
                missed += [] if found else [f"    missed {kind}: told {told or 'nothing'}"]
            print("\n".join([f"{path.relative_to(asked.folder)}", *missed]), flush=True)
    print(f"\n{used} notebooks\n{'kind':16s} planted found")
    for kind, each in planted.items():
        print(f"{kind:16s} {len(each):7d} {sum(each):5d}")
    every = [one for each in planted.values() for one in each]
    print(f"found: {sum(every)} of {len(every)} = {sum(every) / max(1, len(every)):.1%} (bar {BAR:.0%})")


if __name__ == "__main__":
    main()
