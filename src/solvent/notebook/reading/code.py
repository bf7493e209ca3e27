"""Code as text: moved to the right, with the annotations that it lacks, or as it stands inside of a function."""

from __future__ import annotations

import ast
import io
import tokenize

__all__ = ["annotated", "awaits", "indented", "nested", "waited"]


def indented(text: str, by: str = "    ") -> str:
    """The text moved to the right, but for the inner lines of text over several lines."""
    inside: set[int] = set()
    try:
        for token in tokenize.generate_tokens(io.StringIO(text + "\n").readline):
            if token.type == tokenize.STRING or tokenize.tok_name[token.type].startswith("FSTRING_MIDDLE"):
                inside |= set(range(token.start[0] + 1, token.end[0] + 1))
    except (tokenize.TokenError, IndentationError, SyntaxError):
        pass
    return "\n".join(
        line if number in inside or not line.strip() else by + line for number, line in enumerate(text.split("\n"), 1)
    )


def annotated(text: str) -> str:
    """The source with ``Any`` where functions say nothing, as a strict type checker asks for."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return text
    edits: list[tuple[int, int, str]] = []
    lines = [line.encode() for line in text.split("\n")]
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            edits += _edits(node, lines, _is_method(tree, node))
    for line, column, word in sorted(edits, reverse=True):
        lines[line] = lines[line][:column] + word.encode() + lines[line][column:]
    return b"\n".join(lines).decode()


def nested(text: str) -> str:
    """A function as it stands inside of another one, whose names are no globals any more."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return text
    lines = text.split("\n")
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            line = lines[node.lineno - 1]
            lines[node.lineno - 1] = line.replace("global ", "nonlocal ", 1)
    return "\n".join(lines)


def awaits(node: ast.stmt) -> bool:
    """Whether a statement waits at the top of its cell, as notebooks may and functions may not."""
    waiting: list[ast.AST] = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, (ast.Await, ast.AsyncFor, ast.AsyncWith)):
            return True
        if not isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            waiting += ast.iter_child_nodes(one)
    return False


def waited(text: str, names: list[str]) -> str:
    """A statement that waits, as a function of its own that is carried out to its end."""
    given = ", ".join(names)
    called = f"wait_for_{'_'.join(names)}" if names else "wait"
    back = f"\n    return {given}" if names else ""
    into = f"{given} = " if names else ""
    return f"async def {called}() -> Any:\n{indented(text)}{back}\n\n\n{into}asyncio.run({called}())"


def _is_method(tree: ast.Module, node: ast.AST) -> bool:
    return any(isinstance(one, ast.ClassDef) and node in one.body for one in ast.walk(tree))


def _edits(
    node: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[bytes], method: bool
) -> list[tuple[int, int, str]]:
    made: list[tuple[int, int, str]] = []
    given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    given += [one for one in (node.args.vararg, node.args.kwarg) if one is not None]
    first = (node.args.posonlyargs + node.args.args)[:1]
    for one in given:
        own = method and one in first and not any(isinstance(d, ast.Name) and d.id == "staticmethod"
                                                  for d in node.decorator_list)  # fmt: skip
        if one.annotation is None and not own:
            made.append(((one.end_lineno or one.lineno) - 1, one.end_col_offset or 0, ": Any"))
    if node.returns is None:
        place = _colon(node, lines)
        if place is not None:
            made.append((*place, " -> Any" if _gives(node) else " -> None"))
    return made


def _gives(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    waiting: list[ast.AST] = list(node.body)
    while waiting:
        one = waiting.pop()
        if isinstance(one, (ast.Return, ast.Yield, ast.YieldFrom)) and getattr(one, "value", None) is not None:
            return True
        if isinstance(one, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            waiting += ast.iter_child_nodes(one)
    return False


def _colon(node: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[bytes]) -> tuple[int, int] | None:
    """Where the parenthesis behind the parameters is closed."""
    end = node.body[0]
    text = "\n".join(line.decode() for line in lines[node.lineno - 1 : end.end_lineno])
    depth = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.string in "([{" and token.type == tokenize.OP:
                depth += 1
            elif token.string in ")]}" and token.type == tokenize.OP:
                depth -= 1
                if depth == 0 and token.string == ")":
                    row, column = token.end
                    line = lines[node.lineno - 1 + row - 1].decode()
                    return node.lineno - 1 + row - 1, len(line[:column].encode())
    except (tokenize.TokenError, IndentationError):
        pass
    return None
