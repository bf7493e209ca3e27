"""Conversion: a notebook that runs becomes a project whose pipeline has the notebook's values, and proves it."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from solvent.errors import InputError
from solvent.notebook.converting.grouping import StepDraft, group_statements
from solvent.notebook.converting.keeping import LeftOut, Sorted, sort_statements
from solvent.notebook.converting.lifting import lift
from solvent.notebook.converting.modules import make_library
from solvent.notebook.converting.proving import Proof, prove
from solvent.notebook.converting.steps import write_step
from solvent.notebook.converting.telling import word_readme
from solvent.notebook.converting.views import View, draw_views, view_module
from solvent.notebook.converting.writing import Project, write_project
from solvent.notebook.flow.chains import DICE, Chains, chain
from solvent.notebook.flow.naming import name_results
from solvent.notebook.flow.program import Program, read_program
from solvent.notebook.observing.kernel import Running
from solvent.notebook.observing.scratch import copy_folder
from solvent.notebook.observing.watching import Watched, take_portraits, watching
from solvent.notebook.reading.cells import Notebook
from solvent.notebook.reading.files import read_notebook

__all__ = ["Conversion", "convert"]

SEED = 0  # of generators that the notebook does not seed


@dataclass(frozen=True)
class Conversion:
    """What became of a notebook: the project, how the notebook ran, and the proof; ``reason`` says why there is none."""

    notebook: Notebook
    watched: Watched
    project: Project | None = None
    sorted: Sorted | None = None
    drafts: Sequence[StepDraft] = ()
    proof: Proof | None = None
    reason: str = ""
    left_out: Sequence[LeftOut] = ()


def convert(path: Path, out: Path, running: Running | None = None) -> Conversion:
    """Convert the notebook at ``path`` into a project in the new folder ``out``, run it, and prove it.

    The notebook is run from its top in a scratch copy of its folder. Raises :class:`InputError` if ``out`` is there
    already and not empty, or the file is no notebook.
    """
    if out.exists() and any(out.iterdir()):
        raise InputError(f"{out}: this folder is not empty; a converted notebook goes to a new one")
    notebook = read_notebook(path)
    program = name_results(read_program(notebook))
    with tempfile.TemporaryDirectory(prefix="solvent-convert-") as place:
        scratch = Path(place)
        copy = copy_folder(path.resolve().parent, scratch / "copy")
        run = replace(running or Running(copy), folder=copy, seed=SEED)
        portraits = scratch / "notebook"
        with watching(program, run) as (watched, kernel):
            failed = watched.failed
            if failed is not None:
                said = f"{failed.error[0]}: {failed.error[1]}" if failed.error else failed.status
                return Conversion(notebook, watched, reason=f"cell {failed.cell} does not run: {said}")
            chains = chain(watched.program)
            sorted_ = sort_statements(watched.program, chains)
            if not sorted_.steps:
                return Conversion(notebook, watched, reason="nothing in it makes anything that lasts")
            take_portraits(kernel, sorted_.survivors, portraits)
        drafts = group_statements(watched.program, sorted_, chains)
        data: dict[str, str] = {}
        views, shown = draw_views(watched.program, sorted_, chains, drafts)
        left = [*sorted_.left_out, *shown]
        while True:  # a plot that cannot be drawn again is left out, and no reason to have no pipeline
            project = _project(path, watched.program, sorted_, chains, drafts, (views, data, run.python))
            shutil.rmtree(out, ignore_errors=True)
            _write(project, out, copy, data)
            tidy(out)
            proof = prove(project, out, portraits, scratch, run.python)
            failed_view = next((one for one in views if proof.failed == one.name), None)
            if failed_view is None:
                break
            views.remove(failed_view)
            left += [LeftOut(one, f"it could not be drawn again: {proof.error[:200]}") for one in failed_view.statements]
        conversion = Conversion(notebook, watched, project, sorted_, drafts, proof, left_out=tuple(left))
        (out / "README.md").write_text(word_readme(conversion, views), encoding="utf-8")
    return conversion


def _project(
    path: Path, program: Program, sorted_: Sorted, chains: Chains, drafts: list[StepDraft],
    more: tuple[Sequence[View], dict[str, str], str],
) -> Project:  # fmt: skip
    library = make_library(program, sorted_)
    lifted = lift(program, sorted_, drafts)
    views, data, python = more
    made = []
    kinds: dict[str, str] = {}
    where = {one.place: number for number, draft in enumerate(drafts) for one in draft.statements}
    latest: dict[int, dict[str, str]] = {}
    for one in program.statements:
        if one.event is not None:
            kinds.update(one.event.kinds)
        if one.place in where:
            latest[where[one.place]] = dict(kinds)
    for number, one in enumerate(lifted):
        for name, file in one.files.items():
            data[name] = file
        unseeded = sorted({
            name.removeprefix(DICE)
            for statement in one.draft.statements
            for name in chains.makes[statement.place]
            if name.startswith(DICE) and name not in chains.takes[statement.place] and not _seeds(statement)
        })  # fmt: skip
        made.append(write_step(one, program, library, latest.get(number, {}), unseeded))
    name = re.sub(r"\W+", "_", path.stem.lower()).strip("_") or "notebook"
    name = name if name[0].isalpha() else f"notebook_{name}"
    title = _title(program.notebook)
    module = view_module(title, views, library, [latest.get(number, {}) for number in range(len(drafts))])
    drawn = (views, module if views else None)
    return write_project(name, title, drafts, made, sorted_, library, data, drawn, python)


def _seeds(statement: object) -> bool:
    from solvent.notebook.flow.chains import _seeds as seeds

    return seeds(statement)  # type: ignore[arg-type]


def _title(notebook: Notebook) -> str:
    for cell in notebook.cells:
        if cell.kind == "markdown":
            hit = re.search(r"^#\s+(.*)$", cell.source, re.MULTILINE)
            if hit:
                return hit[1].strip()
    return notebook.path.stem


def tidy(out: Path) -> None:
    """Format the project and sort its imports, where ruff is installed; what it says of the notebook's code is kept."""
    import importlib.util
    import subprocess
    import sys

    if importlib.util.find_spec("ruff") is None:
        return
    for command in (["check", "--fix", "--select", "I,F401,F541,UP", "--quiet"], ["format", "--quiet"]):
        subprocess.run([sys.executable, "-m", "ruff", *command, str(out)], capture_output=True, check=False, cwd=out)


def _write(project: Project, out: Path, copy: Path, data: Mapping[str, str]) -> None:
    for name, file in data.items():
        source = (copy / file).resolve()
        if not source.is_file():
            raise InputError(f"{file}: the notebook read this file, and it is no file of its folder ({name})")
        target = out / "data" / source.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    for name, text in project.files.items():
        file = out / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".yaml"):
            for path in data.values():
                text = text.replace(f'"{path}"', f'"data/{os.path.basename(path)}"')
        file.write_text(text, encoding="utf-8")
