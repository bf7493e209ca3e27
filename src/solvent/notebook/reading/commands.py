"""What IPython adds to Python: magics and shell lines become Python, or are set apart as what they ask for.

Shell lines are never carried out. ``!pip install`` is read as a declaration of what the notebook needs.
"""

from __future__ import annotations

import ast
import re
import shlex
from dataclasses import dataclass, replace
from typing import Any, Literal

from solvent.errors import MissingExtra
from solvent.notebook.reading.code import indented

__all__ = ["Command", "Plain", "make_plain"]

Kind = Literal["install", "shell", "display", "environment", "timing", "script", "help", "other"]

_WRAPPERS = frozenset({"time", "timeit", "prun", "memit", "capture"})
_DISPLAY = frozenset({"matplotlib", "pylab", "config"})
_ENVIRONMENT = frozenset({
    "load_ext", "reload_ext", "autoreload", "env", "set_env", "cd", "pwd", "ls", "who", "whos", "reset", "store",
    "precision", "xmode", "pinfo", "pinfo2", "history", "logstart", "debug", "pdb", "alias", "lsmagic", "magic",
})  # fmt: skip
_INSTALLS = re.compile(r"^\s*(?:python3? -m )?(?:pip3?|conda|mamba)\s+install\s+(?P<rest>.*)$")


@dataclass(frozen=True)
class Command:
    """A magic or a shell line: what it is, its text, and its line in the cell."""

    kind: Kind
    text: str
    line: int
    packages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plain:
    """A cell as plain Python: its source with commands set apart, or the error that keeps it from being Python."""

    source: str
    commands: tuple[Command, ...] = ()
    error: tuple[str, int] | None = None


def make_plain(source: str) -> Plain:
    """A cell's source without IPython's syntax; lines keep their places.

    ``%time x = f()`` becomes ``x = f()``; a cell under ``%%time`` its body; all other commands become comments.
    """
    head, _, body = source.lstrip("\n").partition("\n")
    blank = "\n" * (len(source) - len(source.lstrip("\n")))
    commands: list[Command] = []
    if head.startswith("%%"):
        name, _, rest = head[2:].strip().partition(" ")
        said = Command("timing" if name in _WRAPPERS else _kind_of_cell(name), head, 1)
        if name in _WRAPPERS:
            inner = make_plain(body)
            if name == "capture" and inner.error is None:
                inner = replace(inner, source=_captured(inner.source, rest.split()))
            moved = tuple(_moved(one, blank.count("\n") + 1) for one in inner.commands)
            return Plain(f"{blank}# {head}\n{inner.source}", (said, *moved), _later(inner.error, blank.count("\n") + 1))
        lines = "\n".join(f"# {line}" for line in [head, *body.split("\n")])
        return Plain(blank + lines, (_declared(said, body if name in ("bash", "sh", "script") else ""),))
    lines: list[str] = []  # type: ignore[no-redef]
    made, error = _python(source)
    if error is not None:
        return Plain(source, (), error)
    if made == source or "get_ipython()" not in made:
        return Plain(made, tuple(commands), _fault(made))
    return _without_calls(source, made)


def _python(source: str) -> tuple[str, tuple[str, int] | None]:
    """The source as IPython hands it to Python."""
    try:
        from IPython.core.inputtransformer2 import TransformerManager
    except ImportError:
        raise MissingExtra("notebooks need IPython: pip install 'solvent[notebook]'") from None
    try:
        made = str(TransformerManager().transform_cell(source)).removesuffix("\n")  # type: ignore[no-untyped-call]
    except SyntaxError as error:
        return source, (error.msg or "this is no Python", error.lineno or 1)
    # IPython drops empty lines at the top; with them all lines keep their places.
    blank = len(source) - len(source.lstrip()) if source.strip() else 0
    return "\n" * source[:blank].count("\n") + made, None


def _fault(source: str) -> tuple[str, int] | None:
    try:
        compile(source, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST)
    except (SyntaxError, ValueError) as error:
        return getattr(error, "msg", None) or str(error), getattr(error, "lineno", None) or 1
    except RecursionError:
        return "it is nested too deeply", 1
    return None


def _without_calls(source: str, made: str) -> Plain:
    """Calls of IPython's replaced: by what they time, or by nothing."""
    error = _fault(made)
    if error is not None:
        return Plain(made, (), error)
    tree = ast.parse(made)
    commands: list[Command] = []
    lines = made.split("\n")
    for node in reversed(tree.body):
        found = [one for one in ast.walk(node) if isinstance(one, ast.Call) and _is_call(one)]
        if not found:
            continue
        first, last = node.lineno - 1, node.end_lineno or node.lineno
        text = "\n".join(source.split("\n")[first:last]) if made.count("\n") == source.count("\n") else lines[first]
        said = [_command(one, text) for one in found]
        commands[:0] = said
        inner = _timed(node, found[0]) if len(found) == 1 else None
        if inner is not None:
            new = inner.split("\n")
        elif isinstance(node, ast.Expr) and node.value is found[0]:
            new = [f"# {line}" for line in text.split("\n")]
        else:
            new = ast.unparse(_Blank().visit(node)).split("\n")
        new += [""] * (last - first - len(new))
        lines[first:last] = new
    made = "\n".join(lines)
    return Plain(made, tuple(commands), _fault(made))


def _is_call(node: ast.Call) -> bool:
    called = node.func
    return (
        isinstance(called, ast.Attribute)
        and isinstance(called.value, ast.Call)
        and isinstance(called.value.func, ast.Name)
        and called.value.func.id == "get_ipython"
        and called.attr in ("run_line_magic", "run_cell_magic", "system", "getoutput", "magic")
    )


def _arguments(node: ast.Call) -> list[str]:
    return [str(one.value) if isinstance(one, ast.Constant) else "" for one in node.args]


def _command(node: ast.Call, text: str) -> Command:
    attribute = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    given = _arguments(node)
    line = node.lineno
    if attribute in ("system", "getoutput"):
        return _declared(Command("shell", text.strip(), line), given[0] if given else "")
    name = given[0] if given else ""
    rest = given[1] if len(given) > 1 else ""
    if name in ("pip", "conda", "mamba"):
        return _declared(Command("shell", text.strip(), line), f"{name} {rest}")
    if name in ("pinfo", "pinfo2"):
        return Command("help", text.strip(), line)
    if name in ("sx", "system", "bash", "sh"):
        return _declared(Command("shell", text.strip(), line), rest)
    kind: Kind = (
        "timing" if name in _WRAPPERS else "display" if name in _DISPLAY
        else "script" if name in ("run", "load") else "environment" if name in _ENVIRONMENT else "other"
    )  # fmt: skip
    return Command(kind, text.strip(), line)


def _declared(command: Command, shell: str) -> Command:
    """A shell command, with the packages that it would install."""
    names: list[str] = []
    for line in shell.split("\n"):
        for part in re.split(r"&&|;|\|\|", line):
            found = _INSTALLS.match(part)
            if found is None:
                continue
            try:
                words = shlex.split(found["rest"], comments=True)
            except ValueError:
                words = found["rest"].split()
            names += [one for one in words if not one.startswith(("-", "git+", "http", ".", "/"))]
    kind: Kind = "install" if names else command.kind
    return Command(kind, command.text, command.line, tuple(names))


def _timed(node: ast.stmt, call: ast.Call) -> str | None:
    """The statement that a line magic times."""
    given = _arguments(call)
    if not isinstance(node, ast.Expr) or node.value is not call or len(given) < 2 or given[0] not in ("time", "prun"):
        return None
    inner = given[1].strip()
    return inner if inner and _fault(inner) is None else None


def _kind_of_cell(name: str) -> Kind:
    if name in ("bash", "sh", "script", "cmd", "!", "system", "sx"):
        return "shell"
    if name in ("html", "HTML", "javascript", "js", "svg", "latex", "markdown", "SVG"):
        return "display"
    return "script" if name in ("writefile", "file", "run") else "other"


def _captured(source: str, words: list[str]) -> str:
    """The body of a cell under ``%%capture name``, whose output the notebook reads by that name."""
    names = [one for one in words if one.isidentifier()]
    if not names or not source.strip():
        return source
    inner = (
        indented(source)
        if any(line.strip() and not line.lstrip().startswith("#") for line in source.split("\n"))
        else "    pass"
    )
    return f"from IPython.utils.capture import capture_output\nwith capture_output() as {names[0]}:\n{inner}"


def _moved(command: Command, lines: int) -> Command:
    return Command(command.kind, command.text, command.line + lines, command.packages)


def _later(error: tuple[str, int] | None, lines: int) -> tuple[str, int] | None:
    return None if error is None else (error[0], error[1] + lines)


class _Blank(ast.NodeTransformer):
    """Puts an empty list in the place of what a shell line gives, and None in the place of other commands."""

    def visit_Call(self, node: ast.Call) -> Any:
        """Replace one call."""
        if not _is_call(node):
            return self.generic_visit(node)
        shell = isinstance(node.func, ast.Attribute) and node.func.attr == "getoutput"
        return ast.copy_location(ast.List([], ast.Load()) if shell else ast.Constant(None), node)
