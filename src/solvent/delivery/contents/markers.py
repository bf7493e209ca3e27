"""Environment markers: whether a requirement such as ``uvloop>=0.21; sys_platform != "win32"`` counts here."""

from __future__ import annotations

import ast
import operator
import os
import platform
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

__all__ = ["Requirement", "holds", "parse_requirement"]

_HEAD = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?")
_ORDER: Final[Mapping[type[ast.cmpop], Callable[[Any, Any], bool]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


class Requirement:
    """One line of a distribution's ``Requires-Dist``: the name, the extras asked for, and the marker's text."""

    def __init__(self, name: str, extras: Iterable[str], marker: str) -> None:
        self.name = name
        self.extras = frozenset(extras)
        self.marker = marker


def parse_requirement(text: str) -> Requirement | None:
    """The requirement that a line says; None for one that names nothing."""
    found = _HEAD.match(text)
    if found is None:
        return None
    extras = [one.strip() for one in (found[2] or "").split(",") if one.strip()]
    return Requirement(found[1], extras, text.partition(";")[2].strip())


def holds(marker: str, extras: Iterable[str] = ()) -> bool:
    """Whether a marker counts on this machine when these extras are asked for.

    One that cannot be understood counts: what it names is looked for, and left out where it is not installed.
    """
    if not marker:
        return True
    try:
        tree = ast.parse(marker, mode="eval").body
        return any(_truth(tree, {**_environment(), "extra": one}) for one in (*extras, ""))
    except (SyntaxError, KeyError, TypeError, ValueError):
        return True


def _truth(node: ast.expr, names: Mapping[str, str]) -> bool:
    if isinstance(node, ast.BoolOp):
        parts = [_truth(one, names) for one in node.values]
        return all(parts) if isinstance(node.op, ast.And) else any(parts)
    if not isinstance(node, ast.Compare) or len(node.ops) != 1:
        raise ValueError("a marker compares, and puts comparisons together")
    left, right, how = _text(node.left, names), _text(node.comparators[0], names), node.ops[0]
    if isinstance(how, (ast.In, ast.NotIn)):
        return (left in right) == isinstance(how, ast.In)
    versions = [_version(one) for one in (left, right)]
    compare = _ORDER[type(how)]
    if all(versions):
        width = max(len(one) for one in versions)
        return compare(*(one + (0,) * (width - len(one)) for one in versions))
    return compare(_plain(left), _plain(right))


def _text(node: ast.expr, names: Mapping[str, str]) -> str:
    if isinstance(node, ast.Name):
        return names[node.id]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    raise ValueError("a marker compares names and texts")


def _version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split("."))) if re.fullmatch(r"\d+(\.\d+)*", text) else ()


def _plain(text: str) -> str:
    return re.sub(r"[-_.]+", "-", text).lower()


def _environment() -> dict[str, str]:
    return {
        "os_name": os.name,
        "sys_platform": sys.platform,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_version": f"{sys.version_info.major}.{sys.version_info.minor}",
        "python_full_version": platform.python_version(),
        "implementation_name": sys.implementation.name,
        "implementation_version": platform.python_version(),
    }
