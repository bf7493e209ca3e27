"""Results that a notebook only shows get names, so that they can be handed on, kept and compared."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace

from solvent.notebook.flow.program import Program, Statement, Unit
from solvent.notebook.flow.statements import flow_of

__all__ = ["name_results"]

_RESULTS = re.compile(
    r"^(score|evaluate|accuracy_score|f1_score|precision_score|recall_score|roc_auc_score|r2_score|log_loss|"
    r"mean_\w+_error|median_absolute_error|root_mean_\w+|explained_variance_score|balanced_accuracy_score|"
    r"confusion_matrix|classification_report|cross_val_score|silhouette_score|brier_score_loss|jaccard_score|"
    r"cohen_kappa_score|matthews_corrcoef|average_precision_score|max_error|adjusted_rand_score)$"
)


def name_results(program: Program) -> Program:
    """The program in which ``model.score(x, y)`` is ``score = model.score(x, y)``.

    A figure inside of a ``print`` gets a name too; what was printed around it is left.
    """
    taken = {name for one in program.statements for name in one.flow.makes | one.flow.reads}
    units: list[Unit] = []
    place = 0
    for unit in program.units:
        made: list[Statement] = []
        for one in unit.statements:
            for text, node in _named(one, taken):
                made.append(replace(one, place=place, index=len(made), node=node, text=text, flow=flow_of(node)))
                place += 1
        units.append(replace(unit, statements=tuple(made)))
    return replace(program, units=tuple(units)).watched(())


def source_of(unit: Unit) -> str:
    """The cell's source as it is to be run: its statements, one after the other."""
    return "\n".join(one.text for one in unit.statements)


def _named(one: Statement, taken: set[str]) -> Iterator[tuple[str, ast.stmt]]:
    node = one.node
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        call = node.value
        name = _last(call)
        if name == "print":
            found = [part for part in ast.walk(call) if isinstance(part, ast.Call) and _RESULTS.match(_last(part))]
            for part in found:
                yield _assigned(ast.unparse(part), _last(part), taken)
            if found:
                return
        elif _RESULTS.match(name):
            above = one.text[: _start(one)]
            text, made = _assigned(one.text[_start(one) :], name, taken)
            yield above + text, made
            return
    yield one.text, node


def _start(one: Statement) -> int:
    """Where the code of a statement's text begins, behind its comments."""
    place = 0
    for line in one.text.splitlines(keepends=True):
        if line.strip() and not line.lstrip().startswith("#"):
            break
        place += len(line)
    return place


def _assigned(text: str, called: str, taken: set[str]) -> tuple[str, ast.stmt]:
    short = re.sub(r"_score$", "", called) or called
    name, number = short, 2
    while name in taken:
        name, number = f"{short}_{number}", number + 1
    taken.add(name)
    made = f"{name} = {text}"
    return made, ast.parse(made.strip()).body[0]


def _last(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
