"""Views: plots that a notebook drew of values along its way become steps of their own, whose figures are kept."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from solvent.notebook.converting.grouping import StepDraft, headings_of, made_again, passed_over
from solvent.notebook.converting.keeping import LeftOut, Sorted
from solvent.notebook.converting.writing.declaring import declared
from solvent.notebook.converting.writing.modules import Library, names_in
from solvent.notebook.converting.writing.steps import restoring
from solvent.notebook.flow.chains import DICE, FILE, Chains, said_name
from solvent.notebook.flow.kinds import annotation_of
from solvent.notebook.flow.program import Program, Statement
from solvent.notebook.flow.roles import called_names, draws
from solvent.notebook.reading.code import annotated, indented

__all__ = ["View", "draw_views", "view_module"]

_STYLES = re.compile(r"^(set|set_style|set_theme|set_context|set_palette|use|rc|set_option|switch_backend)$")
_SHOWS = frozenset({"show", "close", "draw", "pause"})


@dataclass
class View:
    """A view to be: the statements that draw, the values that they draw of (name → step), and its heading."""

    name: str
    statements: list[Statement]
    inputs: dict[str, int] = field(default_factory=dict)
    heading: str = ""

    @property
    def after(self) -> int:
        """The step behind which it stands; -1 before all."""
        return max(self.inputs.values(), default=-1)


def draw_views(
    program: Program, sorted_: Sorted, chains: Chains, drafts: Sequence[StepDraft]
) -> tuple[list[View], list[LeftOut]]:
    """The views, in order, and what only showed a value, which needs no view: every output can be looked at."""
    where = {one.place: number for number, draft in enumerate(drafts) for one in draft.statements}
    own = {one.place: one for one in sorted_.views}
    steps = {one.place: one for one in sorted_.steps}
    headings = headings_of(program)
    gone = passed_over(drafts, chains)
    views: list[View] = []
    left: list[LeftOut] = []
    cells: dict[int, list[Statement]] = {}
    for one in sorted_.views:
        cells.setdefault(one.cell, []).append(one)
    used: set[int] = set()
    for cell, statements in cells.items():
        if not any(map(draws, statements)):
            continue
        drawing = _with_makers(statements, own, chains)
        again = made_again(drawing, steps, chains, gone)
        costly = next((one for one in again if sorted_.roles[one.place] in ("load", "fit")), None)
        if costly is not None:
            names = ", ".join(sorted(costly.bound))
            left += [LeftOut(one, f"it draws {names}, which a step cannot hand on") for one in statements]
            used |= {one.place for one in statements}
            continue
        needed = sorted([*drawing, *again], key=lambda one: one.place)
        inside = {one.place for one in again}
        inputs = {
            name: where[maker]
            for one in needed for name, maker in chains.takes[one.place].items()
            if maker in where and maker not in inside
        }  # fmt: skip
        missing = {
            name for one in needed for name, maker in chains.takes[one.place].items()
            if maker not in where and maker not in own and maker in {s.place for s in program.statements}
            and name not in {n for s in (*sorted_.imports, *sorted_.definitions) for n in s.flow.makes}
            and name not in sorted_.constants and not name.startswith("\0")
        }  # fmt: skip
        files = sorted(name.removeprefix(FILE) for name in inputs if name.startswith(FILE))
        if missing or files or not inputs:
            why = "it draws what nothing that lasts uses"
            why = f"it shows {files[0]}, which the notebook writes" if files else why
            left += [LeftOut(one, why) for one in statements]
            used |= {one.place for one in statements}
            continue
        views.append(View(f"view_cell_{cell}", needed, inputs, headings.get(cell, "")))
        used |= {one.place for one in needed}
    left += [
        LeftOut(one, "it shows a value: solvent show shows those of every step")
        for one in sorted_.views
        if one.place not in used
    ]
    return views, left


def view_module(title: str, views: Sequence[View], library: Library, kinds: Sequence[dict[str, str]]) -> str:
    """The module of views; ``kinds`` are the classes of names behind each step."""
    needs = {"import matplotlib.pyplot as plt", "from matplotlib.figure import Figure", "import solvent as sv",
             "from typing import Any"}  # fmt: skip
    parts = []
    for one in views:
        parameters = []
        thrown: list[str] = []
        for name, step in one.inputs.items():
            said = annotation_of(kinds[step].get(name, ""))
            needs.add(said.needs)
            parameters.append(f"{said_name(name)}: {said.text}")
            if name.startswith(DICE):
                restore, line = restoring(name)
                thrown.append(restore)
                needs.add(line)
        body = ['plt.close("all")', *thrown]
        body += [annotated(text) for text in map(_silent, one.statements) if text.strip()]
        body.append("return [plt.figure(number) for number in plt.get_fignums() if plt.figure(number).axes]")
        used = names_in("\n".join(body))
        constants = [library.constants[name].text for name in sorted(used) if name in library.constants]
        inner = [annotated(made.text) for made in library.locals_for(used, one.statements[-1].place)]
        needs |= set(library.lines_for(used - set(one.inputs)))
        heading = one.heading or "What the notebook drew"
        doc = f'"""{" ".join(heading.split())[:80]}.\n\n    Cell {one.statements[-1].cell} of the notebook.\n    """'
        inside = declared("\n".join([*constants, *inner, *body]), [*map(said_name, one.inputs)])
        text = "\n".join([doc.replace("\\", ""), inside])
        parts.append(f"@sv.step\ndef {one.name}({', '.join(parameters)}) -> list[Figure]:\n{indented(text)}\n")
    head = "\n".join(["from __future__ import annotations", "", *sorted(one for one in needs if one)])
    return f'"""What the notebook drew: {title}"""\n\n{head}\n\n\n' + "\n\n".join(parts)


def _with_makers(statements: Sequence[Statement], own: dict[int, Statement], chains: Chains) -> list[Statement]:
    """The statements of a view with those of other views that made what they draw, and the styles before them."""
    found = {one.place: one for one in statements}
    waiting = list(found)
    while waiting:
        for maker in chains.takes[waiting.pop()].values():
            if maker in own and maker not in found:
                found[maker] = own[maker]
                waiting.append(maker)
    first = min(found)
    for place, one in own.items():
        called = list(called_names(one.node))
        if place < first and called and all(_STYLES.match(name) for name in called) and not one.bound:
            found[place] = one
    return [found[place] for place in sorted(found)]


def _silent(one: Statement) -> str:
    """The statement's text without what would show the picture, and forget it; a new figure in loops instead."""
    node = one.node
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        called = node.value.func
        if isinstance(called, ast.Attribute) and called.attr in _SHOWS:
            return ""
        if isinstance(called, ast.Name) and called.id in ("print", "display"):
            return ""
    return re.sub(r"\bplt\.show\(\)", "plt.figure()", one.text)
