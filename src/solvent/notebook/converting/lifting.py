"""Lifting: literals that somebody will want to change become settings, and files that are read become inputs."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from solvent.notebook.converting.grouping import StepDraft
from solvent.notebook.converting.keeping import Sorted
from solvent.notebook.flow.chains import FILE, said_name
from solvent.notebook.flow.program import Program, Statement
from solvent.notebook.flow.roles import called_names

__all__ = ["Lifted", "lift"]

_NEVER = frozenset(
    {"axis", "inplace", "ascending", "sep", "delimiter", "encoding", "header", "names", "columns", "index"}
)
_SHOWS = frozenset(
    {"figsize", "color", "alpha", "bins", "title", "label", "kind", "cmap", "linewidth", "fontsize", "s"}
)


@dataclass
class Lifted:
    """A step with its settings and input files.

    ``texts`` are its statements' sources with names in the place of what was lifted; ``settings`` map names to values,
    ``files`` names to the paths that the notebook read; ``constants`` are those of the notebook that it uses.
    """

    draft: StepDraft
    texts: list[str]
    settings: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


@dataclass
class _Edit:
    line: int  # from 0, in the statement's text
    start: int  # in bytes
    end_line: int
    end: int
    name: str


def lift(program: Program, sorted_: Sorted, drafts: Iterable[StepDraft]) -> list[Lifted]:
    """The steps with their settings and files."""
    names = _file_names(program)
    made: list[Lifted] = []
    for draft in drafts:
        one = Lifted(draft, [])
        taken = {name for s in draft.statements for name in program.reads[s.place] | s.bound} | set(draft.inputs)
        for statement in draft.statements:
            one.texts.append(_lift_one(statement, program, sorted_, one, taken, names))
        made.append(one)
    return made


def _file_names(program: Program) -> dict[str, str]:
    """The files that the notebook read, each with the name of an input."""
    found: dict[str, str] = {}
    written: set[str] = set()
    taken = {name for one in program.statements for name in one.bound | one.flow.reads}
    for one in program.statements:
        for path, mode in one.event.files if one.event else ():
            if set(mode) & set("wx") and path not in found:
                written.add(path)
            if set(mode) & set("wax+") or path in found or path in written or path.endswith((".py", ".so")):
                continue
            stem = re.sub(r"\W+", "_", PurePath(path).stem.lower()).strip("_") or "data"
            name = f"{stem}_file" if not stem[0].isdigit() else f"file_{stem}"
            while name in taken:
                name += "_"
            taken.add(name)
            found[path] = name
    return found


def _lift_one(
    statement: Statement, program: Program, sorted_: Sorted, lifted: Lifted, taken: set[str], files: Mapping[str, str]
) -> str:
    role = sorted_.roles.get(statement.place, "feature")
    text = statement.text
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return text
    own = {name.removeprefix(FILE): said_name(name) for name in lifted.draft.inputs if name.startswith(FILE)}
    made = {name: own[path] for name, path in _paths_of(statement, sorted_).items() if path in own}
    for name in sorted(program.reads[statement.place] - set(made)):
        if name in sorted_.constants:
            _use_constant(name, sorted_, lifted, files, statement)
    edits: list[_Edit] = []
    read = {**files, **own}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            hit = _matches(node.value, read)
            if hit is not None:
                if hit not in own:
                    lifted.files[read[hit]] = hit
                edits.append(_edit(node, read[hit]))
        elif isinstance(node, ast.Name) and node.id in made:
            edits.append(_edit(node, made[node.id]))
        elif isinstance(node, ast.Call) and role in ("split", "fit", "evaluate", "load", "feature"):
            edits += _keywords(node, lifted, taken, role)
    return _edited(text, edits)


def _paths_of(statement: Statement, sorted_: Sorted) -> dict[str, str]:
    """The constants that a statement reads and that hold the path of a file that it opens."""
    opened = [path for path, _ in statement.event.files] if statement.event else []
    found = {}
    for name in statement.flow.reads & set(sorted_.constants):
        node = sorted_.constants[name].node
        value = ast.literal_eval(node.value) if isinstance(node, ast.Assign) else None
        hit = _matches(value, opened) if isinstance(value, str) else None
        if hit is not None:
            found[name] = hit
    return found


def _use_constant(name: str, sorted_: Sorted, lifted: Lifted, files: Mapping[str, str], statement: Statement) -> None:
    node = sorted_.constants[name].node
    assert isinstance(node, ast.Assign)
    value = ast.literal_eval(node.value)
    hit = _matches(value, files) if isinstance(value, str) and statement.event is not None else None
    if hit is not None and statement.event is not None and any(path == hit for path, _ in statement.event.files):
        lifted.files[name] = hit
        return
    lifted.settings[name] = value


def _matches(text: str, files: Iterable[str]) -> str | None:
    """The file that a literal names."""
    if not text or len(text) > 500 or "\n" in text:
        return None
    plain = os.path.normpath(text)
    for path in files:
        if path == text or os.path.normpath(path) == plain:
            return path
    return None


def _keywords(call: ast.Call, lifted: Lifted, taken: set[str], role: str) -> Iterable[_Edit]:
    """Keyword arguments that are plain numbers (and, of what is fitted, text and truths) become settings."""
    called = next(iter(called_names(call)), "")
    for one in call.keywords:
        if one.arg is None or one.arg in _NEVER or one.arg in _SHOWS or one.arg.startswith("_"):
            continue
        try:
            value = ast.literal_eval(one.value)
        except (ValueError, TypeError, SyntaxError):
            continue
        if isinstance(value, (bool, str)):
            if role != "fit" or not called[:1].isupper():
                continue
        elif not isinstance(value, (int, float)) or (role in ("load", "feature") and one.arg != "random_state"):
            continue
        name = _setting_name(one.arg, called, value, lifted, taken)
        lifted.settings[name] = value
        yield _edit(one.value, name)


def _setting_name(argument: str, called: str, value: Any, lifted: Lifted, taken: set[str]) -> str:
    owner = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", called).lower()
    for name in (argument, f"{owner}_{argument}", *(f"{owner}_{argument}_{number}" for number in range(2, 99))):
        known = lifted.settings.get(name)
        if name in lifted.settings and type(known) is type(value) and known == value:
            return name
        if name not in lifted.settings and name not in taken and name.isidentifier():
            return name
    return argument


def _edit(node: ast.expr, name: str) -> _Edit:
    return _Edit(node.lineno - 1, node.col_offset, (node.end_lineno or node.lineno) - 1, node.end_col_offset or 0, name)


def _edited(text: str, edits: list[_Edit]) -> str:
    """The text with names in the places of literals, the last place first."""
    lines = [line.encode() for line in text.split("\n")]
    for one in sorted(edits, key=lambda edit: (edit.line, edit.start), reverse=True):
        head = lines[one.line][: one.start]
        tail = lines[one.end_line][one.end :]
        lines[one.line : one.end_line + 1] = [head + one.name.encode() + tail]
    return b"\n".join(lines).decode()
