"""``%solvent``: what the command line says of runs, steps and results, said in the notebook."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.archive.catalog import query
from solvent.engine.project import Project, find_project
from solvent.engine.references import artifact_of, find_step, path_of
from solvent.errors import NotFound, UsageError, did_you_mean
from solvent.notebook.magic.failing import answered

if TYPE_CHECKING:
    from solvent.notebook.magic.tracking import Tracker

__all__ = ["solvent_line"]

_HELP = """%solvent runs [NAME]              the newest runs first
%solvent show [REFERENCE]         a run, a step or cell (RUN/STEP), or a result (RUN/STEP.NAME)
%solvent diff BEFORE AFTER        two tables, or the steps of two runs
%solvent why STEP                 why a step ran, or why it did not
%solvent lineage REFERENCE [--down]
%solvent find TEXT                results by the name of a step, a variable or a column, or by code
%solvent config [FILE]            take the settings of steps from a file; without one, from code again"""


def solvent_line(shell: Any, tracker: Tracker | None) -> Callable[[str], Any]:
    """The magic ``%solvent`` of a session."""

    def solvent(line: str) -> Any:
        """Ask for runs and results: %solvent runs | show | diff | why | lineage | find | config."""
        __tracebackhide__ = True
        return answered(lambda: _answer(line, tracker))

    return solvent


def _answer(line: str, tracker: Tracker | None) -> Any:
    word, _, rest = line.strip().partition(" ")
    if word in ("", "help"):
        sys.stdout.write(f"{_HELP}\n")
        return None
    command = _COMMANDS.get(word)
    if command is None:
        raise UsageError(f"%solvent has no {word!r}.{did_you_mean(word, _COMMANDS)} There are:\n{_HELP}")
    try:
        words = [rest.strip()] if word == "find" else shlex.split(rest)
    except ValueError as error:
        raise UsageError(f"{error} in: {line}") from None
    project = tracker.recorder.project if tracker is not None else find_project()
    assert isinstance(project, Project)
    project.catch_up()
    if not project.begun:
        raise NotFound(f"nothing was recorded in {project.root} yet")
    return command(project, words, tracker)


def _runs(project: Project, words: list[str], _: Any) -> Any:
    from solvent.notebook.showing.lists import Listed

    runs = project.runs(words[0] if words else None, 20)
    return Listed(
        ("run", "status", "started", "took", "steps"),
        [(run.id, run.status, run.started, run.seconds, len(run.steps)) for run in runs],
        "Nothing ran here yet.",
    )


def _show(project: Project, words: list[str], tracker: Tracker | None) -> Any:
    reference = words[0] if words else tracker.recorder.run[1] if tracker is not None else "last"
    if "/" not in reference and not reference.startswith("#") and query.find_run(project.catalog, reference):
        return project.run(reference)
    if reference.startswith("#"):
        return _value(project, reference)
    _, step, output = find_step(project, reference)
    return step if output is None else _value(project, reference)


def _value(project: Project, reference: str) -> Any:
    """A result: a table with its profile, anything else as it is."""
    from solvent.data import is_table
    from solvent.notebook.showing.tables import Shown

    digest = artifact_of(project, reference)
    value = project.load(reference)
    return Shown.of(project, reference, digest, value) if is_table(value) else value


def _diff(project: Project, words: list[str], _: Any) -> Any:
    if len(words) != 2:
        raise UsageError("%solvent diff takes two tables (RUN/STEP.NAME) or two runs")
    runs = [query.find_run(project.catalog, word) if "/" not in word else None for word in words]
    if all(runs):
        return _diff_runs(project, words)
    from solvent.data import is_table
    from solvent.data.diff import diff

    one, two = (project.load(word) for word in words)
    for word, value in zip(words, (one, two), strict=True):
        if not is_table(value):
            raise UsageError(f"{word} is no table, and only tables and runs are compared: {type(value).__name__}")
    return diff(one, two)


def _diff_runs(project: Project, words: list[str]) -> Any:
    from solvent.notebook.showing.lists import Listed

    one, two = (project.run(word) for word in words)
    left, right = ({step.name: step for step in run.steps} for run in (one, two))
    rows = []
    for name in dict.fromkeys([*left, *right]):
        before, after = left.get(name), right.get(name)
        if before is None or after is None:
            rows.append((name, f"only in {(one if before else two).id}", ""))
            continue
        made, now = before.outputs, after.outputs
        other = [key for key in dict.fromkeys([*made, *now]) if made.get(key) != now.get(key)]
        inputs = [key for key, value in after.inputs.items() if before.inputs.get(key) != value]
        if other or inputs:
            rows.append((name, ", ".join(other) or "the same results", ", ".join(inputs)))
    return Listed(("step", "other results", "other data"), rows, "Both runs made the same.")


def _why(project: Project, words: list[str], _: Any) -> Any:
    if len(words) != 1:
        raise UsageError("%solvent why takes the name of a step or cell, such as clean or notebook/clean")
    return project.why(path_of(words[0]) if "[" not in words[0] else words[0])


def _lineage(project: Project, words: list[str], _: Any) -> Any:
    names = [word for word in words if word != "--down"]
    if len(names) != 1:
        raise UsageError("%solvent lineage takes one reference, such as clean.frame, and --down")
    return project.lineage(names[0], "down" if "--down" in words else "up")


def _find(project: Project, words: list[str], _: Any) -> Any:
    from solvent.notebook.showing.lists import Listed

    if not words[0]:
        raise UsageError("%solvent find takes the text that is looked for")
    found = project.find(words[0])
    rows = [(one.reference, one.by, one.text, one.when) for one in found]
    return Listed(("result", "found by", "", "when"), rows, f"Nothing has {words[0]!r} in it.")


def _config(_: Project, words: list[str], tracker: Tracker | None) -> None:
    if tracker is None:
        raise UsageError("this session is not recorded, so no settings are taken from a file")
    named = tracker.recorder.configure(Path(words[0]) if words else None)
    tracker.say(f"settings for {', '.join(named) or 'no step'}" if words else "settings come from code again")


_COMMANDS: dict[str, Callable[[Project, list[str], Any], Any]] = {
    "runs": _runs, "show": _show, "diff": _diff, "why": _why, "lineage": _lineage, "find": _find, "config": _config,
}  # fmt: skip
