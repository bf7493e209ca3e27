"""The code of a cell as a function: what it needs from outside are parameters, what it binds is what it gives."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from solvent.data.family import frames_in
from solvent.errors import UsageError
from solvent.graph.steps import Step
from solvent.notebook.magic.sight import is_code, look_at

__all__ = ["Body", "make_body"]

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, slots=True)
class Body:
    """A cell that is a step: ``before`` is carried out as it stands (imports and definitions), ``function`` is reused.

    Both are texts whose lines are those of the cell. ``frames`` are the kinds of frames that what it takes holds: the
    function says them as annotations, for the same table as another kind of frame is other data to the code.
    """

    before: str
    function: str
    name: str
    takes: tuple[str, ...]
    gives: tuple[str, ...]
    frames: Mapping[str, str | None]


def make_body(name: str, source: str, space: Mapping[str, Any], kept: Any) -> Body:
    """The body of a cell without its first line. ``kept`` says whether a value of the session can be data.

    Raises ``SyntaxError`` for what is no Python, and :class:`UsageError` for what cannot be a step.
    """
    tree = _parsed(source)
    hoisted = _hoisted(tree)
    rest = [one for one in tree.body if one not in hoisted]
    sight = look_at(rest)
    own = {name for one in hoisted for name in look_at([one]).makes}
    needed = sorted(sight.reads - own)
    takes = tuple(one for one in needed if one in space and not _is_global(space[one]) and kept(space[one]))
    made = (sight.makes - sight.deletes) | (sight.alters & set(takes))
    gives = tuple(one for one in _ordered(rest, made) if not one.startswith("_"))
    before = _only(source, tree, hoisted) if hoisted else ""
    inside = _only(source, tree, rest, shown=True) if rest else "pass"
    word = name.replace("-", "_")
    frames = {one: frames_in(space[one]) for one in takes}
    head = f"def {word}({', '.join(f'{one}: {kind!r}' if kind else one for one, kind in frames.items())}):"
    text = f"{head}\n{_indented(inside)}\n    return locals()\n"
    try:
        compile(text, name, "exec", ast.PyCF_ONLY_AST)
    except SyntaxError:
        body = "\n".join(ast.unparse(one) for one in _with_display(rest)) or "pass"
        text = f"{head}\n{_indented(body)}\n    return locals()\n"
    return Body(before, text, word, takes, gives, frames)


def _parsed(source: str) -> ast.Module:
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST
    tree = compile(source, "cell", "exec", flags, dont_inherit=True)
    assert isinstance(tree, ast.Module)
    if not tree.body:
        raise UsageError("%%step stands above the code of a step, and this cell has none")
    try:
        compile(source, "cell", "exec", dont_inherit=True)
    except SyntaxError as error:
        if "await" in str(error) or "asynchronous" in str(error) or "async" in str(error):
            raise UsageError(
                "a step is run and finished before the next, so it cannot wait with await. Leave %%step out here"
            ) from None
        raise
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and any(one.name == "*" for one in node.names):
            raise UsageError(f"from {node.module} import * hides what the step needs. Name what you import")
    if any(isinstance(node, ast.Global) for node in tree.body):
        raise UsageError("the code of a step has no globals of its own: leave the global statement out")
    return tree


def _hoisted(tree: ast.Module) -> list[ast.stmt]:
    """Imports, and definitions that need nothing of what the rest of the cell makes."""
    found: list[ast.stmt] = [one for one in tree.body if isinstance(one, (ast.Import, ast.ImportFrom))]
    made = look_at([one for one in tree.body if not isinstance(one, (*_DEFINITIONS, ast.Import, ast.ImportFrom))]).makes
    waiting = [one for one in tree.body if isinstance(one, _DEFINITIONS)]
    while True:
        own = made | {name for one in waiting for name in look_at([one]).makes}
        free = [one for one in waiting if not look_at([one]).reads & (own - look_at([one]).makes)]
        if not free:
            return [one for one in tree.body if one in found]
        found += free
        waiting = [one for one in waiting if one not in free]


def _is_global(value: Any) -> bool:
    return is_code(value) or isinstance(value, Step)


def _ordered(nodes: Iterable[ast.stmt], names: set[str] | frozenset[str]) -> list[str]:
    """Names in the order in which the code first speaks of them."""
    found: dict[str, None] = {}
    for node in nodes:
        for one in ast.walk(node):
            name = getattr(one, "id", None) or getattr(one, "name", None)
            if isinstance(name, str) and name in names:
                found.setdefault(name)
    return [*found, *sorted(set(names) - set(found))]


def _only(source: str, tree: ast.Module, chosen: list[ast.stmt], shown: bool = False) -> str:
    """The text with nothing but these statements, each on its own lines; written anew where lines are shared."""
    lines = source.split("\n")
    owner: dict[int, bool] = {}
    for node in tree.body:
        start = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
        for line in range(start, (node.end_lineno or start) + 1):
            if owner.setdefault(line, node in chosen) is not (node in chosen):
                return "\n".join(ast.unparse(one) for one in (_with_display(chosen) if shown else chosen))
    kept = [line if owner.get(number, not line.strip().startswith("%")) else "" for number, line in enumerate(lines, 1)]
    last = tree.body[-1]
    if shown and isinstance(last, ast.Expr) and not _silenced(lines, last):
        end = last.end_lineno or last.lineno
        kept[end - 1] = _inserted(kept[end - 1], last.end_col_offset or 0, ")")
        kept[last.lineno - 1] = _inserted(kept[last.lineno - 1], last.col_offset, "_ = (")
        kept += ["if _ is not None:", "    display(_)"]
    return "\n".join(kept)


def _silenced(lines: list[str], node: ast.Expr) -> bool:
    rest = lines[(node.end_lineno or node.lineno) - 1].encode()[node.end_col_offset or 0 :].decode()
    return rest.strip().startswith(";")


def _inserted(line: str, at: int, text: str) -> str:
    data = line.encode()
    return (data[:at] + text.encode() + data[at:]).decode()


def _with_display(nodes: list[ast.stmt]) -> list[ast.stmt]:
    last = nodes[-1] if nodes else None
    if not isinstance(last, ast.Expr):
        return nodes
    shown = f"_ = ({ast.unparse(last.value)})\nif _ is not None:\n    display(_)"
    return [*nodes[:-1], *ast.parse(shown).body]


def _indented(text: str) -> str:
    """The text one level in; the insides of texts over several lines stay where they are."""
    inside: set[int] = set()
    depth: list[int] = []
    opening = {getattr(tokenize, name) for name in ("FSTRING_START", "TSTRING_START") if hasattr(tokenize, name)}
    closing = {getattr(tokenize, name) for name in ("FSTRING_END", "TSTRING_END") if hasattr(tokenize, name)}
    for token in tokenize.generate_tokens(io.StringIO(text + "\n").readline):
        if token.type == tokenize.STRING:
            inside.update(range(token.start[0] + 1, token.end[0] + 1))
        elif token.type in opening:
            depth.append(token.start[0])
        elif token.type in closing:
            inside.update(range(depth.pop() + 1, token.end[0] + 1))
    lines = text.split("\n")
    return "\n".join(line if number in inside else f"    {line}" for number, line in enumerate(lines, 1))
