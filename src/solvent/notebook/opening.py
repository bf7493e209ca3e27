"""The other way: a step run becomes a notebook, with its inputs loaded and its code in cells, to look into it."""

from __future__ import annotations

import ast
import inspect
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.engine.project import find_project
from solvent.engine.views.call import Call, find_call
from solvent.errors import InputError, MissingExtra

if TYPE_CHECKING:
    from solvent.engine.project import Project

__all__ = ["load_inputs", "write_notebook"]


def load_inputs(reference: str) -> dict[str, Any]:
    """The data and settings of a step run by the names of its parameters: ``load_inputs("delays-3/fit")``."""
    project = find_project()
    project.put_on_path()
    call = find_call(project, reference)
    return {**call.data, **call.settings}


def write_notebook(project: Project, reference: str, out: Path) -> Path:
    """Write the notebook of a step run to ``out``; raises :class:`InputError` if there is such a file.

    The code is today's, the inputs are those of then. A function that returns in the middle stays whole, since its
    lines cannot be carried out one by one.
    """
    try:
        import nbformat
    except ImportError:
        raise MissingExtra("writing notebooks needs nbformat: pip install 'solvent[notebook]'") from None
    if out.exists():
        raise InputError(f"{out}: there is such a file already")
    project.put_on_path()
    call = find_call(project, reference)
    cells = [nbformat.v4.new_markdown_cell(_head(call, reference))]  # type: ignore[no-untyped-call]
    for source in _sources(call, reference):
        cells.append(nbformat.v4.new_code_cell(source))  # type: ignore[no-untyped-call]
    for place, cell in enumerate(cells):
        cell["id"] = f"cell-{place}"  # so that the same step gives the same file
    notebook = nbformat.v4.new_notebook(cells=cells)  # type: ignore[no-untyped-call]
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")  # type: ignore[no-untyped-call]
    return out


def _head(call: Call, reference: str) -> str:
    found = call.found
    lines = [f"# {call.run.id}/{found.name}", "", f"`{found.step}`: {found.status}."]
    if found.error:
        said = " ".join(str(found.error.get("message", "") if isinstance(found.error, dict) else found.error).split())
        lines += ["", f"It failed: {said[:500]}"]
    for name, why in call.lost.items():
        lines += ["", f"The setting `{name}` cannot be had again, so give it yourself: {why}"]
    return "\n".join(lines)


def _sources(call: Call, reference: str) -> list[str]:
    """The cells: what the module imports, inputs, and the body of the function."""
    raw = call.step.raw
    names = [*call.data, *call.settings]
    first = "from solvent.notebook.opening import load_inputs\n\ninputs = load_inputs(" + repr(reference) + ")"
    given = "\n".join(f"{name} = inputs[{name!r}]" for name in names)
    try:
        text = textwrap.dedent(inspect.getsource(raw))
        module = Path(inspect.getsourcefile(raw) or "").read_text(encoding="utf-8")
    except (OSError, TypeError):
        called = ", ".join(f"{name}={name}" for name in call.settings)
        places = ", ".join(call.data)
        return [first, given, f"from {raw.__module__} import {raw.__name__}\n\n{raw.__name__}({places}, {called})"]
    head = _module_head(module, raw)
    node = ast.parse(text).body[0]
    assert isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    body = _body(node, text)
    return [one for one in (first, head, given, *body) if one]


def _module_head(text: str, raw: Any) -> str:
    """The imports of a step's module, and its other names that the step reads."""
    tree = ast.parse(text)
    lines = [
        ast.get_source_segment(text, one) or ""
        for one in tree.body
        if isinstance(one, (ast.Import, ast.ImportFrom)) and getattr(one, "module", "") != "__future__"
    ]
    read = set(raw.__code__.co_names)
    own = sorted(
        one.name for one in tree.body
        if isinstance(one, (ast.FunctionDef, ast.ClassDef)) and one.name in read and one.name != raw.__name__
    )  # fmt: skip
    own += sorted(
        target.id for one in tree.body if isinstance(one, ast.Assign) for target in one.targets
        if isinstance(target, ast.Name) and target.id in read
    )  # fmt: skip
    if own:
        lines.append(f"from {raw.__module__} import {', '.join(own)}")
    return "\n".join(lines)


def _body(node: ast.FunctionDef | ast.AsyncFunctionDef, text: str) -> list[str]:
    statements = list(node.body)
    first = statements[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        statements = statements[1:]
    returns = [one for one in _own(node) if isinstance(one, (ast.Return, ast.Yield, ast.YieldFrom))]
    last = statements[-1] if statements else None
    if not statements or any(one is not last for one in returns):
        plain = text[text.index("def ") :] if not isinstance(node, ast.AsyncFunctionDef) else text
        names = ", ".join(
            [*(one.arg for one in node.args.args), *(f"{one.arg}={one.arg}" for one in node.args.kwonlyargs)]
        )
        return [plain, f"{node.name}({names})"]
    lines = text.split("\n")
    cells: list[str] = []
    end = (
        (node.body[0].end_lineno or 0)
        if statements is not node.body and statements != node.body
        else node.body[0].lineno - 1
    )
    for one in statements:
        above = lines[end : one.lineno - 1]
        piece = "\n".join([*above, *lines[one.lineno - 1 : one.end_lineno]])
        fresh = any(not line.strip() for line in above)
        if isinstance(one, ast.Return):
            value = ast.get_source_segment(text, one.value) if one.value is not None else "None"
            piece, fresh = f"    {value}", True
        if cells and not fresh:
            cells[-1] += "\n" + piece
        else:
            cells.append(piece)
        end = one.end_lineno or end
    return [textwrap.dedent(one).strip("\n") for one in cells]


def _own(node: ast.AST) -> list[ast.AST]:
    found: list[ast.AST] = []
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            found += [child, *_own(child)]
    return found
