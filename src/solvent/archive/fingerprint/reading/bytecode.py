"""Code without source (``exec``, standard input, generated methods): its bytecode stands for it."""

from __future__ import annotations

from importlib.util import MAGIC_NUMBER
from types import CodeType
from typing import Any

from solvent.archive.fingerprint.reading.scopes import Path, Shape

__all__ = ["code_shape"]


def code_shape(code: CodeType) -> Shape:
    """The shape of a code object, for this version of Python only; every name that it holds may reach out."""
    parts: list[str] = [MAGIC_NUMBER.hex()]
    names: dict[str, None] = {}
    stack = [code]
    while stack:
        one = stack.pop()
        names |= dict.fromkeys((*one.co_names, *one.co_freevars))
        counts = (one.co_argcount, one.co_posonlyargcount, one.co_kwonlyargcount, one.co_flags & 0x2F)
        parts.append(repr((one.co_code, one.co_names, one.co_varnames, one.co_freevars, one.co_cellvars, counts)))
        for constant in one.co_consts:
            if isinstance(constant, CodeType):
                stack.append(constant)
                parts.append("code")
            else:
                parts.append(_written(constant))
    paths = tuple(Path(name, ()) for name in names)
    size = len(paths)
    return Shape(";".join(parts), paths, tuple(range(size)), (code.co_firstlineno,) * size, (-1,) * size, (), False)


def _written(constant: Any) -> str:
    if isinstance(constant, frozenset):
        return f"{{{','.join(sorted(map(_written, constant)))}}}"
    if isinstance(constant, tuple):
        return f"({','.join(map(_written, constant))})"
    return f"{type(constant).__name__}:{constant!r}"
