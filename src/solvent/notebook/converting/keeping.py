"""What of a notebook becomes steps, what becomes views of their values, and what is left out and listed."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from solvent.notebook.flow.chains import Chains, hidden
from solvent.notebook.flow.program import Program, Statement
from solvent.notebook.flow.roles import Role, called_names, role_of

__all__ = ["Kept", "LeftOut", "Sorted", "sort_statements"]

_MODEL = (
    "sklearn.", "xgboost.", "lightgbm.", "catboost.", "torch.nn.", "keras.", "tensorflow.", "statsmodels.", "solvent.learn"
)  # fmt: skip
_FIGURES = ("matplotlib.", "seaborn.", "plotly.", "altair.", "IPython.", "wordcloud.", "missingno.")

Kept = Literal["import", "definition", "constant", "step", "view"]


@dataclass(frozen=True)
class LeftOut:
    """A statement that is not in the pipeline, and why."""

    statement: Statement
    why: str


@dataclass(frozen=True)
class Sorted:
    """The statements of a notebook by what becomes of them.

    ``roles`` are those of the statements that become steps; ``constants`` are names with their literal values;
    ``survivors`` are the names whose values at the end the pipeline has to have too; those that are ``renamed``
    are tables that get names, or cells, that are text. ``unkept`` are names whose values cannot be handed on, and why.
    """

    imports: tuple[Statement, ...]
    definitions: tuple[Statement, ...]
    constants: Mapping[str, Statement]
    steps: tuple[Statement, ...]
    views: tuple[Statement, ...]
    left_out: tuple[LeftOut, ...]
    roles: Mapping[int, Role]
    survivors: tuple[str, ...]
    models: frozenset[str] = field(default_factory=frozenset)
    renamed: frozenset[str] = frozenset()
    unkept: Mapping[str, str] = field(default_factory=dict)


def sort_statements(program: Program, chains: Chains) -> Sorted:
    """Sort the statements of a program that was watched from its top to its end."""
    statements = program.statements
    kinds: dict[str, str] = {}
    models: set[str] = set()
    roles: dict[int, Role] = {}
    for one in statements:
        if one.event is not None:
            kinds.update(one.event.kinds)
            models |= {name for name, kind in one.event.kinds.items() if kind.startswith(_MODEL)}
            models -= {name for name in one.event.bound if not kinds.get(name, "").startswith(_MODEL)}
        roles[one.place] = role_of(one, frozenset(models), program.reads[one.place])
    imports = [one for one in statements if roles[one.place] == "import"]
    definitions = [one for one in statements if roles[one.place] == "definition"]
    constants = _constants(statements)
    code = {one.place for one in (*imports, *definitions)} | {one.place for one in constants.values()}
    work = [one for one in statements if one.place not in code]
    figures = {name for name, kind in kinds.items() if kind.startswith(_FIGURES) or "Axes" in kind or "Figure" in kind}
    roots = _roots(work, roles, chains, figures, frozenset(models))
    kept = chains.above(roots)
    steps = [one for one in work if one.place in kept]
    views, left = _rest([one for one in work if one.place not in kept], roles, figures)
    made = {name for one in steps for name in chains.makes[one.place] if not hidden(name)}
    at = {one.place: one for one in steps}
    last = {name: at[chains.last[name]] for name in made if chains.last.get(name) in at and name not in figures}
    last = {name: one for name, one in last.items() if name not in passing(one.node)}
    why = {name: one.event.unkept.get(name, "") for name, one in last.items() if one.event is not None}
    renamed = frozenset(name for name, said in why.items() if is_made_plain(said))
    survivors = sorted(name for name in last if not why.get(name) or name in renamed)
    unkept = {name: said for name, said in why.items() if name not in survivors and said and not _is_no_value(said)}
    return Sorted(
        tuple(imports), tuple(definitions), constants, tuple(steps), tuple(views), tuple(left),
        {one.place: roles[one.place] for one in steps}, tuple(survivors), frozenset(models), renamed, unkept,
    )  # fmt: skip


def is_made_plain(why: str) -> bool:
    """Whether a table that no format keeps has a plain form to compare: names, or cells, that are text."""
    return why.endswith("is no text") or why.startswith("its nested columns")


def passing(node: ast.stmt) -> set[str]:
    """The names that a loop or a ``with`` only goes through: they are no results."""
    targets: list[ast.expr] = []
    if isinstance(node, (ast.For, ast.AsyncFor)):
        targets = [node.target]
        targets += [one.target for one in ast.walk(node) if isinstance(one, ast.For)]
    elif isinstance(node, (ast.With, ast.AsyncWith)):
        targets = [one.optional_vars for one in node.items if one.optional_vars is not None]
    return {one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)}


def _is_no_value(why: str) -> bool:
    """Whether what cannot be kept is nothing that could be compared: code, or what is gone through only once."""
    return why == "it is code" or why.endswith("only once")


def _constants(statements: list[Statement]) -> dict[str, Statement]:
    """Names that are bound once, to a literal, and never altered: they are settings."""
    bound: dict[str, list[Statement]] = {}
    altered: set[str] = set()
    for one in statements:
        for name in one.bound:
            bound.setdefault(name, []).append(one)
        altered |= one.altered | one.flow.deletes
    return {
        name: makers[0]
        for name, makers in bound.items()
        if len(makers) == 1 and name not in altered and _is_literal(makers[0].node)
    }


def _is_literal(node: ast.stmt) -> bool:
    if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
        return False
    try:
        value = ast.literal_eval(node.value)
    except (ValueError, TypeError, SyntaxError, MemoryError):
        return False
    return _is_setting(value)


def _is_setting(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return bool(value) and all(map(_is_setting, value))
    if isinstance(value, dict):
        return bool(value) and all(isinstance(key, str) and _is_setting(one) for key, one in value.items())
    return isinstance(value, (bool, int, float, str))


def _roots(
    work: list[Statement], roles: Mapping[int, Role], chains: Chains, figures: set[str], models: frozenset[str]
) -> set[int]:
    """The statements for whose sake the others are there: results, and what is written to files.

    Where something is fitted, results are what follows from it; elsewhere they are the last values of all names.
    """
    fits = {one.place for one in work if roles[one.place] == "fit"}
    after = chains.below(fits) if fits else set()
    roots: set[int] = set()
    for one in work:
        role = roles[one.place]
        own = (one.bound | one.altered) - figures - passing(one.node)
        if (
            (role == "export" and not _shows(one))
            or role == "fit"
            or (role == "evaluate" and own)
            or (own and any(chains.last.get(name) == one.place for name in own) and (not fits or one.place in after))
        ):
            roots.add(one.place)
    return roots


def _shows(statement: Statement) -> bool:
    """Whether what is written is a picture of something."""
    return "savefig" in set(called_names(statement.node))


def _rest(rest: list[Statement], roles: Mapping[int, Role], figures: set[str]) -> tuple[list[Statement], list[LeftOut]]:
    """Of what is not kept: what shows something, and what is left out."""
    views: list[Statement] = []
    left: list[LeftOut] = []
    shown = {name for one in rest if roles[one.place] == "view" or _draws(one, figures) for name in one.flow.reads}
    for one in rest:
        if _is_print(one.node):
            left.append(LeftOut(one, "it prints"))
        elif isinstance(one.node, ast.Expr) and isinstance(one.node.value, ast.Constant):
            left.append(LeftOut(one, "it is text"))
        elif roles[one.place] == "view" or _draws(one, figures) or one.bound & shown or roles[one.place] == "export":
            views.append(one)
        else:
            names = ", ".join(sorted(one.bound | one.altered)) or "what it makes"
            left.append(LeftOut(one, f"nothing that lasts uses {names}"))
    return views, left


def _draws(statement: Statement, figures: set[str]) -> bool:
    return bool((statement.bound | statement.altered) & figures) or bool(
        statement.flow.reads & {"plt", "sns", "px", "go", "alt"}
    )


def _is_print(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id in ("print", "display", "help", "type")
    )
