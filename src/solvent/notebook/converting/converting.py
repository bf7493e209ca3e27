"""Conversion: a notebook that runs becomes a project whose pipeline has the notebook's values, and proves it."""

from __future__ import annotations

import ast
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from solvent.errors import InputError
from solvent.notebook.converting.conversion import Conversion
from solvent.notebook.converting.deploying import find_serving
from solvent.notebook.converting.grouping import StepDraft, group_statements
from solvent.notebook.converting.keeping import LeftOut, Sorted, sort_statements
from solvent.notebook.converting.lifting import lift
from solvent.notebook.converting.proving import Proof, compared, prove, require_solvent
from solvent.notebook.converting.writing.modules import make_library
from solvent.notebook.converting.writing.project import Blueprint, Project, write_project
from solvent.notebook.converting.writing.steps import write_step
from solvent.notebook.converting.writing.telling import word_readme
from solvent.notebook.converting.writing.tidying import tidy
from solvent.notebook.converting.writing.views import View, draw_views, view_module
from solvent.notebook.flow.chains import DICE, FILE, Chains, chain, seeds
from solvent.notebook.flow.naming import name_results
from solvent.notebook.flow.program import Program, Statement, read_program
from solvent.notebook.flow.roles import called_names
from solvent.notebook.observing.kernel import Ran, Running
from solvent.notebook.observing.likening import Likeness
from solvent.notebook.observing.modules import own_modules
from solvent.notebook.observing.placing import Place, paths_outside, place_of
from solvent.notebook.observing.scratch import copy_around
from solvent.notebook.observing.watching import Watched, take_portraits, watching
from solvent.notebook.reading.cells import Notebook
from solvent.notebook.reading.files import read_notebook

__all__ = ["convert"]

SEED = 0  # of generators that the notebook does not seed


def convert(
    path: Path, out: Path, running: Running | None = None, *, model: str | None = None, types: bool = True
) -> Conversion:
    """Convert the notebook at ``path`` into a project in the new folder ``out``, run it, and prove it.

    The notebook is run from its top in a scratch copy of its folder. With ``model`` the pipeline ends in a deployment
    of the notebook's last model under this name; ``types`` asks the type checker what the code does. Raises
    :class:`InputError` if ``out`` is there already and not empty, or the file is no notebook, or if a deployment is
    asked for and there is nothing to deploy, and :class:`UsageError` if Solvent does not run in the interpreter.
    """
    if out.exists() and any(out.iterdir()):
        raise InputError(f"{out}: this folder is not empty; a converted notebook goes to a new one")
    notebook = read_notebook(path)
    if running is not None:
        require_solvent(running.python)
    try:
        return _converted(notebook, out.absolute(), running, model, types)
    except BaseException:  # nothing stays half-written
        shutil.rmtree(out, ignore_errors=True)
        raise


def _converted(notebook: Notebook, out: Path, running: Running | None, model: str | None, types: bool) -> Conversion:
    path, program = notebook.path, name_results(read_program(notebook))
    with tempfile.TemporaryDirectory(prefix="solvent-convert-") as held:
        scratch = Path(held)
        place = place_of(path, program)
        outside = [os.path.join(place.inside, one) for one in paths_outside(program)]
        copy = copy_around(place.folder, scratch / "copy", outside) / place.inside
        run = replace(running or Running(copy), folder=copy, seed=SEED)
        portraits = scratch / "notebook"
        with watching(program, run) as (watched, kernel):
            failed = watched.failed
            if failed is not None:
                return Conversion(notebook, watched, reason=_told(failed))
            chains = _chains(watched.program, copy)
            sorted_ = sort_statements(watched.program, chains)
            why = _made_by_text(watched.program, sorted_.steps)
            if why is not None:
                return Conversion(notebook, watched, reason=why)
            if not sorted_.steps:
                return Conversion(notebook, watched, reason="nothing in it makes anything that lasts")
            names = (*sorted_.survivors, *sorted_.unkept, *_figures(watched.program))
            take_portraits(kernel, names, portraits)
            modules = own_modules(kernel, scratch / "copy", scratch)
        seen = _Seen(watched, sorted_, chains, group_statements(watched.program, sorted_, chains))
        made = _carry_out(seen, out, _Places(place, copy, scratch, portraits, run.python, types, modules), model)
        if made.proof is not None and any(one.verdict == "different" for one in made.proof.values.values()):
            again = copy_around(place.folder, scratch / "again", outside) / place.inside
            steady = _steady(made.proof, program, replace(run, folder=again), names, portraits)
            made = replace(made, proof=steady)
        if made.project is not None:
            (out / "README.md").write_text(word_readme(made), encoding="utf-8")
        return made


def _told(failed: Ran) -> str:
    """Where a notebook breaks off, and why."""
    if failed.error is None:
        return f"cell {failed.cell} does not run: {failed.status}"
    kind, text, line = failed.error
    return f"cell {failed.cell}{f', line {line}' if line else ''} does not run: {kind}: {text}"


def _steady(proof: Proof, program: Program, run: Running, names: Sequence[str], portraits: Path) -> Proof:
    """The proof without what the notebook itself makes anew each time: it is run once more, from the same seed."""
    second = portraits.with_name("notebook-again")
    with watching(program, run) as (watched, kernel):
        if watched.failed is not None:
            return proof
        take_portraits(kernel, names, second)
    changed = {
        name: Likeness("not compared", f"it is another one in each run of the notebook itself ({one.why})")
        for name, one in compared(portraits, second).items()
        if one.verdict == "different" and name in proof.values
    }
    return replace(proof, values={**proof.values, **changed})


def _made_by_text(program: Program, steps: Iterable[Statement]) -> str | None:
    """Where names come from a text that is carried out, or go into one: no function can be made of that."""
    for one in program.statements:
        called = set(called_names(one.node)) & {"exec", "globals", "run_line_magic"}
        names = sorted(one.bound - one.flow.makes) if one.event is not None else []
        if "exec" in called and names:
            return f"{one.label}: exec makes {', '.join(names)} of a text; write out what it does"
        if "globals" in called and names:
            return f"{one.label}: globals() makes {', '.join(names)}; use a dict of your own"
    known = {name for one in program.statements for name in one.bound}
    for one in steps:
        text = _text_run(one, known)
        if text is not None:
            return f"{one.label}: {text} carries out a text, which sees no names of a function; call what it says"
    return None


def _text_run(one: Statement, known: set[str]) -> str | None:
    """The call of a profiler or a clock in a statement that gives it code as text, which reads the notebook's names."""
    for node in ast.walk(one.node):
        said = ast.unparse(node.func) if isinstance(node, ast.Call) and node.args else ""
        if said not in ("cProfile.run", "profile.run", "timeit.timeit", "timeit.repeat"):
            continue
        first = node.args[0]  # type: ignore[attr-defined]
        if isinstance(first, ast.Constant):
            if set(re.findall(r"[^\W\d]\w*", str(first.value))) & known:
                return said
        elif "run" in said:
            return said
    return None


def _chains(program: Program, copy: Path) -> Chains:
    """The chains of a program, without files that are gone at its end."""
    chains = chain(program)
    gone = [name for name in chains.last if name.startswith(FILE) and not _is_in(copy, name.removeprefix(FILE))]
    return replace(chains, last={name: maker for name, maker in chains.last.items() if name not in gone})


@dataclass(frozen=True)
class _Seen:
    """What is known of a notebook once it was watched."""

    watched: Watched
    sorted: Sorted
    chains: Chains
    drafts: list[StepDraft]


@dataclass(frozen=True)
class _Places:
    """Where the notebook lies, its copy, a folder to work in, its portraits, and the interpreter.

    ``types`` says whether the type checker is asked about what is written; ``modules`` are the notebook's own, by their
    path in the project.
    """

    place: Place
    copy: Path
    scratch: Path
    portraits: Path
    python: str
    types: bool
    modules: Mapping[str, Path]


def _carry_out(seen: _Seen, out: Path, places: _Places, model: str | None) -> Conversion:
    """Write the project and prove it; plots that cannot be drawn again are left out, and tried no more."""
    program = seen.watched.program
    views, shown = draw_views(program, seen.sorted, seen.chains, seen.drafts)
    left = [*seen.sorted.left_out, *shown]
    serving = None
    if model is not None:
        kinds = _kinds(program)
        found = find_serving(seen.sorted, kinds)
        if isinstance(found, str):
            raise InputError(f"{program.notebook.path}: nothing can be deployed: {found}")
        serving = (found, kinds, model)
    data: dict[str, str] = {}
    own = set(places.modules.values())
    while True:
        plan = replace(_blueprint(seen, views, data, places.modules), python=places.python, serving=serving)
        project = write_project(plan)
        shutil.rmtree(out, ignore_errors=True)
        origin = places.place.folder / places.place.inside
        others = {one for one in others_read(program, data) if (places.copy / one).resolve() not in own}
        _write(project, out, (origin, places.copy), data, others)
        for name, source in places.modules.items():
            _copy(source, out / name)
        tidy(out, project.name, places.types)
        proof = prove(project, out, places.portraits, places.scratch, places.python)
        lost = next((one for one in views if proof.failed == one.name), None)
        if lost is None:
            break
        views.remove(lost)
        left += [LeftOut(one, f"it could not be drawn again: {proof.error[:200]}") for one in lost.statements]
    notebook = program.notebook
    return Conversion(
        notebook, seen.watched, project, seen.sorted, seen.drafts, proof, left_out=tuple(left), views=tuple(views)
    )


def _blueprint(seen: _Seen, views: Sequence[View], data: dict[str, str], files: Iterable[str]) -> Blueprint:
    """What the project is written from; ``data`` is filled with the files that it reads, ``files`` are modules."""
    program, sorted_, chains, drafts = seen.watched.program, seen.sorted, seen.chains, seen.drafts
    path = program.notebook.path
    library = make_library(program, sorted_)
    lifted = lift(program, sorted_, drafts)
    made = []
    kinds: dict[str, str] = {}
    where = {one.place: number for number, draft in enumerate(drafts) for one in draft.statements}
    latest: dict[int, dict[str, str]] = {}
    for statement in program.statements:
        if statement.event is not None:
            kinds.update(statement.event.kinds)
        if statement.place in where:
            latest[where[statement.place]] = dict(kinds)
    for number, one in enumerate(lifted):
        # A name that the step binds anew may be of another class when it comes in.
        one.draft.given = {name: latest[source].get(name, "") for name, source in one.draft.inputs.items()}
        for name, file in one.files.items():
            data[name] = file
        unseeded = sorted({
            name.removeprefix(DICE)
            for each in one.draft.statements
            for name in chains.makes[each.place]
            if name.startswith(DICE) and name not in chains.takes[each.place] and not seeds(each)
        })  # fmt: skip
        made.append(write_step(one, program, library, latest.get(number, {}), unseeded))
    name = re.sub(r"\W+", "_", path.stem.lower()).strip("_") or "notebook"
    name = name if name[0].isalpha() else f"notebook_{name}"
    modules = tuple(sorted({one.partition("/")[0].partition(".")[0] for one in files}))
    name = f"{name}_notebook" if name in modules else name
    title = _title(program.notebook)
    behind = [latest.get(number, {}) for number in range(len(drafts))]
    drawn = view_module(title, views, library, behind) if views else ""
    figures = _figures(program)
    inside = {
        name: view.name for view in views for one in view.statements for name in (one.bound | one.altered)
        if name in figures and chains.last.get(name) in {each.place for each in view.statements}
    } | {
        one: draft.name for draft in drafts for each in draft.statements for one in (each.bound | each.altered)
        if one in sorted_.unkept
    }  # fmt: skip
    return Blueprint(name, title, made, sorted_, library, data, views, drawn, inside=inside, modules=modules)


def _kinds(program: Program) -> dict[str, str]:
    """The classes of what the names stand for at the end."""
    return {name: kind for one in program.statements if one.event for name, kind in one.event.kinds.items()}


def _figures(program: Program) -> set[str]:
    """The names that stand for a picture of matplotlib, or an axis of it, at the end."""
    return {
        name for name, kind in _kinds(program).items()
        if kind.startswith("matplotlib.") and kind.endswith((".Figure", ".Axes", ".AxesSubplot", ".Axes3D"))
    }  # fmt: skip


def _is_in(folder: Path, path: str) -> bool:
    """Whether a file that was written is there at the end, and in the notebook's folder."""
    return not os.path.isabs(path) and not path.startswith("..") and (folder / path).is_file()


def _title(notebook: Notebook) -> str:
    for cell in notebook.cells:
        if cell.kind == "markdown":
            hit = re.search(r"^#\s+(.*)$", cell.source, re.MULTILINE)
            if hit:
                return re.sub(r"\[([^\]]*)\]\([^)]*\)|<[^>]*>|[*_`]", r"\1", hit[1]).strip()
    return notebook.path.stem


def others_read(program: Program, data: Mapping[str, str]) -> set[str]:
    """The files of the folder that the notebook read, and that are no inputs of the pipeline: their names are made."""
    read: set[str] = set()
    written: set[str] = set()
    for one in program.statements:
        for path, mode in one.event.files if one.event else ():
            if set(mode) & set("wxa+"):
                written.add(path)
            elif path not in written:
                read.add(path)
    return {path for path in read - set(data.values()) if not os.path.isabs(path) and not path.startswith("..")}


def _write(project: Project, out: Path, folders: tuple[Path, Path], data: Mapping[str, str], others: set[str]) -> None:
    """Write the files; ``folders`` are the notebook's own, and the copy in which it was run."""
    for name, file in data.items():
        source = _found(folders, file)
        if source is None:
            raise InputError(f"{file}: the notebook read this file, and it is no file of its folder ({name})")
        _copy(source, out / target_of(file, data))
    for file in others:
        source = _found(folders, file)
        if source is not None:
            _copy(source, out / file)
    for name, text in project.files.items():
        made = out / name
        made.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".yaml"):
            for path in data.values():
                text = text.replace(f'"{path}"', f'"{target_of(path, data)}"')
        made.write_text(text, encoding="utf-8")


def _found(folders: Sequence[Path], file: str) -> Path | None:
    """A file as it was before the notebook was run, else as the notebook left it."""
    return next((one / file for one in folders if (one / file).is_file()), None)


def target_of(path: str, data: Mapping[str, str]) -> str:
    """Where in the project an input file goes: into ``data``, in folders of its own where names meet."""
    name = os.path.basename(path)
    same = sorted({one for one in data.values() if os.path.basename(one) == name})
    return f"data/{name}" if len(same) < 2 else f"data/{same.index(path) + 1}/{name}"


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
