"""A check of a notebook: run twice from its top in a fresh kernel, and what was read, seen and shown is judged."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from solvent.errors import InputError
from solvent.notebook.checking.environment import declarations, find_other_versions, look_into
from solvent.notebook.checking.findings import Finding, Report
from solvent.notebook.checking.rules.causes import TEXT_TYPE, Case, find_causes, imported, tainted_cells
from solvent.notebook.checking.rules.definitions import find_order, find_redefined, find_undefined
from solvent.notebook.checking.rules.observed import find_mutated, find_unseeded
from solvent.notebook.checking.rules.outputs import find_changed
from solvent.notebook.checking.rules.secrets import find_secrets, mask, secrets_of
from solvent.notebook.checking.rules.texts import find_commands, find_constants, find_paths
from solvent.notebook.flow.program import Program, read_program
from solvent.notebook.observing.kernel import Running
from solvent.notebook.observing.placing import paths_outside
from solvent.notebook.observing.scratch import copy_around
from solvent.notebook.observing.watching import Watched, watching
from solvent.notebook.reading.cells import Notebook
from solvent.notebook.reading.files import read_notebook

__all__ = ["Checking", "check"]

_HASH_SEEDS = ("0", "1")  # so that what hangs on the order of sets is not the same twice


@dataclass(frozen=True)
class Checking:
    """How notebooks are checked: by which interpreter (default: this one), how long a cell may take (seconds).

    Numbers that are shown may differ by ``tolerance``, relative to the larger. Without ``run`` nothing is carried out.
    ``folder`` is the one whose copy it runs in, its own if None.
    """

    python: str | None = None
    cell_seconds: float = 600.0
    tolerance: float = 1e-6
    run: bool = True
    folder: Path | None = None


def check(path: Path, how: Checking | None = None) -> Report:
    """What is wrong with the notebook at ``path``, and what to do about it.

    A notebook is code: it is run as you, in a scratch copy of its folder. Raises :class:`NotFound` if it is not
    there, :class:`UsageError` if the interpreter cannot start a kernel.
    """
    how = how or Checking()
    started = time.perf_counter()
    try:
        notebook = read_notebook(path)
        with tempfile.TemporaryDirectory(prefix="solvent-check-") as place:
            findings, watched = _check(notebook, how, Path(place).resolve())
    except InputError as error:
        said = str(error).removeprefix(f"{path}: ")
        unreadable = Finding(
            "unreadable", "fault", None, None, said, "save it as a notebook in Python, or leave it out"
        )
        return Report(path, (unreadable,), None, time.perf_counter() - started)
    secrets = secrets_of(notebook)
    shown = tuple(replace(one, text=mask(one.text, secrets), remedy=mask(one.remedy, secrets)) for one in findings)
    return Report(path, shown, notebook, time.perf_counter() - started, watched).sorted()


def _check(notebook: Notebook, how: Checking, scratch: Path) -> tuple[list[Finding], Watched | None]:
    program = read_program(notebook)
    found = [*find_order(program), *find_secrets(notebook), *find_commands(program), *find_constants(program)]
    folder = (how.folder or notebook.path.parent).resolve()
    if not how.run or not program.units:
        every = frozenset(unit.cell.number for unit in program.units)
        return [*found, *find_undefined(program, every), *find_paths(program, folder)], None
    runs: list[Watched] = []
    running = Running(folder, cell_seconds=how.cell_seconds)
    running = replace(running, python=how.python or running.python)
    environment = look_into(running.python, folder, imported(program))
    for number, seed in enumerate(_HASH_SEEDS):
        copy = copy_around(folder, scratch / str(number), paths_outside(program))
        with watching(program, replace(running, folder=copy, variables={"PYTHONHASHSEED": seed}), judging=True) as made:
            runs.append(made[0])
        if runs[0].failed is not None and runs[0].failed.status in ("timeout", "dead"):
            runs.append(runs[0])  # a second time it would end as the first
            break
    first, second = runs
    declared = declarations(program, folder)
    found += find_other_versions(declared, environment)
    found += find_causes(Case(first, folder, environment, frozenset(one.package for one in declared)))
    found += _observed(first, second, how)
    found += find_paths(first.program, folder)
    found += _text_type(first.program, environment.versions.get("pandas", ("", "0"))[1], found)
    return _without_twins(found), first


def _observed(first: Watched, second: Watched, how: Checking) -> Iterator[Finding]:
    """What follows from the two runs, without cells that a failure above them spoiled."""
    spoiled = tainted_cells(first)
    yield from find_redefined(first.program)
    yield from find_mutated(first.program)
    changed = list(find_changed(first.program, first.cells, second.cells, how.tolerance))
    shown = {one.cell for one in changed if one.kind == "not-repeatable" and one.cell is not None}
    yield from find_unseeded(first.program, second.program, shown)
    yield from (found for found in changed if found.cell not in spoiled)
    for unit, one, two in zip(first.program.units, first.cells, second.cells, strict=True):
        if one.status == "ok" and two.status not in ("ok", "skipped") and two.error is not None:
            yield Finding(
                "not-repeatable", "fault", unit.cell.number, two.error[2],
                f"it ran once, and the second time it broke off with {two.error[0]}: {two.error[1][:200]}",
                "seed what is random, and sort what has no order (sets, files of a folder)",
            )  # fmt: skip
            break


def _text_type(program: Program, version: str, found: list[Finding]) -> Iterator[Finding]:
    """A hint where pandas 3 answers otherwise and nothing failed for it."""
    told = {(one.cell, one.line) for one in found if one.kind == "version-drift"}
    for one in program.statements if int(version.partition(".")[0] or 0) >= 3 else ():
        if TEXT_TYPE.search(one.text) and (one.cell, one.first) not in told:
            yield Finding(
                "version-drift", "hint", one.cell, one.first,
                f"pandas {version} gives text the type 'str', so this finds no column where older ones found text",
                "ask with pandas.api.types.is_string_dtype, or select_dtypes(include=['object', 'str'])",
            )  # fmt: skip


def _without_twins(found: list[Finding]) -> list[Finding]:
    """A missing file is told once, by its failure or by its path; what differs for want of a seed is told as that."""
    paths = {one.mend[1] for one in found if one.kind == "path" and one.mend}
    return [
        one for one in found
        if not (one.kind == "missing-file" and one.mend and one.mend[1] in paths)
    ]  # fmt: skip
