"""Names that are read where nothing made them, names that become something else, and cells run in another order."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise

from solvent.notebook.checking.findings import Finding, listed
from solvent.notebook.flow.program import Program, Statement
from solvent.notebook.flow.statements import BUILTINS

__all__ = ["find_order", "find_redefined", "find_undefined", "makers_of"]

# What everybody calls so, for the remedy.
_USUAL = {
    "np": "import numpy as np", "pd": "import pandas as pd", "plt": "import matplotlib.pyplot as plt",
    "sns": "import seaborn as sns", "pl": "import polars as pl", "tf": "import tensorflow as tf", "os": "import os",
    "re": "import re", "json": "import json", "math": "import math", "random": "import random", "sys": "import sys",
    "time": "import time", "torch": "import torch", "pickle": "import pickle", "datetime": "import datetime",
    "train_test_split": "from sklearn.model_selection import train_test_split", "nn": "from torch import nn",
    "warnings": "import warnings", "Path": "from pathlib import Path", "mpl": "import matplotlib as mpl",
    "defaultdict": "from collections import defaultdict", "Counter": "from collections import Counter",
}  # fmt: skip


def makers_of(program: Program) -> dict[str, list[Statement]]:
    """For each name the statements that bind it, in order."""
    found: dict[str, list[Statement]] = {}
    for one in program.statements:
        for name in one.bound | one.flow.makes:
            found.setdefault(name, []).append(one)
    return found


def find_order(program: Program) -> Iterator[Finding]:
    """Counts that do not rise from cell to cell, and cells that were never run though others were."""
    counted = [(one.number, one.count) for one in program.notebook.code if one.source.strip()]
    known = [(number, count) for number, count in counted if count is not None]
    falls = [
        (number, count, before) for (_, before), (number, count) in pairwise(known)
        if count <= before
    ]  # fmt: skip
    if falls:
        number, count, before = falls[0]
        more = f"; so do cells {listed([one for one, _, _ in falls[1:]])}" if len(falls) > 1 else ""
        yield Finding(
            "order", "fault", number, None,
            f"it was run as [{count}] after the cell above it was run as [{before}]{more}",
            "run the notebook from the top and save it (--fix does), so that it shows what a reader gets",
            ("counts",),
        )  # fmt: skip
    unrun = [number for number, count in counted if count is None]
    if known and unrun:
        yield Finding(
            "order", "hint", unrun[0], None, f"it was saved without being run, as were cells {listed(unrun)}"
            if len(unrun) > 1 else "it was saved without being run, and others were run",
            "run the notebook from the top and save it", ("counts",),
        )  # fmt: skip


def find_undefined(program: Program, broken: frozenset[int]) -> Iterator[Finding]:
    """Names that a cell reads and no cell above makes. Of cells that ran, only what their functions would need."""
    makers = makers_of(program)
    starred = False
    made: set[str] = set()
    told: set[str] = set()
    counts = {one.number: one for one in program.notebook.code}
    for one in program.statements:
        if not starred and one.cell in broken:
            for name in sorted(program.reads[one.place] - made - BUILTINS - told):
                later = [maker for maker in makers.get(name, ()) if maker.place > one.place]
                if one.flow.makes and name in one.flow.makes and not later and name not in one.flow.reads:
                    continue
                told.add(name)
                saved = counts[one.cell]
                ran = saved.count is not None and not any(out.get("output_type") == "error" for out in saved.outputs)
                yield _undefined(one, name, later, ran)
        made |= one.flow.makes | one.bound
        made -= one.flow.deletes
        starred = starred or bool(one.flow.stars)
    if not starred:
        for one in program.statements:
            for name in sorted(one.flow.deferred - set(makers) - BUILTINS - told):
                told.add(name)
                yield Finding(
                    "undefined", "hint", one.cell, _line_of(one, name),
                    f"the function would need {name!r} if it was called, and no cell makes it",
                    f"define it{_usual(name)}, or remove the function",
                )  # fmt: skip


def _undefined(one: Statement, name: str, later: list[Statement], ran: bool) -> Finding:
    line = _line_of(one, name)
    if later:
        first = later[0]
        return Finding(
            "used-before", "fault", one.cell, line, f"it uses {name!r}, which only {first.label} defines",
            f"move cell {first.cell} above cell {one.cell}" if first.cell != one.cell
            else f"move line {first.first} above line {line}",
            ("move", str(first.cell), str(one.cell)) if first.cell != one.cell else (),
        )  # fmt: skip
    if ran and name not in _USUAL:
        return Finding(
            "deleted-cell", "fault", one.cell, line,
            f"it uses {name!r}, which no cell defines: the cell was run when it was saved, so a cell that is deleted "
            f"or changed since made it",
            f"put the cell that makes {name!r} back above cell {one.cell}, or write what it held",
        )  # fmt: skip
    return Finding(
        "undefined", "fault", one.cell, line, f"it uses {name!r}, which no cell defines",
        f"define {name!r} above cell {one.cell}{_usual(name)}",
        ("import", _USUAL[name]) if name in _USUAL else (),
    )  # fmt: skip


def _usual(name: str) -> str:
    return f" (perhaps: {_USUAL[name]})" if name in _USUAL else ""


def _line_of(one: Statement, name: str) -> int:
    """The line on which a statement reads a name; its own first where a function that it calls does."""
    for node in ast.walk(one.node):
        if isinstance(node, ast.Name) and node.id == name:
            return node.lineno
    return one.first


# -- redefinition ----------------------------------------------------------------------------------------------

_FAMILIES = {
    "number": ("int", "float", "complex", "bool", "numpy.int64", "numpy.float64", "numpy.bool", "numpy.float32"),
    "text": ("str", "bytes"),
    "collection": ("list", "tuple", "dict", "set", "frozenset", "collections."),
    "table": ("pandas.", "polars.", "numpy.ndarray", "torch.Tensor", "scipy.sparse"),
    "function": ("function", "builtin_function_or_method", "method"),
    "class": ("type", "abc.ABCMeta"),
    "module": ("module",),
}


def _family(kind: str) -> str | None:
    for name, starts in _FAMILIES.items():
        if any(kind == one or (one.endswith(".") and kind.startswith(one)) for one in starts):
            return name
    if kind.startswith(("pandas.", "numpy.")):
        return "table"
    return None


def find_redefined(program: Program) -> Iterator[Finding]:
    """A name that one cell makes a function, an import, a table or a number of, and another something else."""
    known: dict[str, tuple[Statement, str, str]] = {}
    used: dict[str, set[int]] = {}
    for one in program.statements:
        if one.event is None:
            continue
        for name in sorted(one.flow.makes & set(one.event.kinds)):
            kind = one.event.kinds[name]
            family = "definition" if isinstance(one.node, _DEFINITIONS) else _family(kind)
            before = known.get(name)
            known[name] = (one, family or kind, kind)
            if before is None or before[0].cell == one.cell:
                used[name] = set()
                continue
            found = _redefined(name, before, (one, family or kind, kind), used.get(name, set()))
            used[name] = set()
            if found is not None:
                yield found
        for name in program.reads[one.place]:
            if name in known:
                used.setdefault(name, set()).add(one.cell)


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _redefined(
    name: str, before: tuple[Statement, str, str], now: tuple[Statement, str, str], used: set[int]
) -> Finding | None:
    first, family, kind = before
    one, family_now, kind_now = now
    if family == family_now == "definition":
        if ast.dump(first.node) == ast.dump(one.node):
            return Finding(
                "redefined", "hint", one.cell, one.first, f"{name!r} is defined as in {first.label}, word for word",
                "remove one of the two",
            )  # fmt: skip
        return Finding(
            "redefined", "fault", one.cell, one.first,
            f"{name!r} is defined again, and differently from {first.label}: cells between get the one, cells below "
            f"the other",
            "give one of them another name, or keep only the one that counts",
        )  # fmt: skip
    special = {"definition", "function", "class", "module"}
    if family in special or family_now in special:
        if family == family_now or {family, family_now} == {"function", "class"}:
            return None
    elif (
        family == family_now or name in one.flow.reads or name.startswith("_")
        or (len(name) < 3 and not kind.startswith(("pandas.", "polars.")))  # i and x are anything, df is a table
        or name in one.flow.maybe or name in first.flow.maybe or not used - {first.cell}
        or family not in _FAMILIES or family_now not in _FAMILIES
    ):  # fmt: skip
        return None
    return Finding(
        "redefined", "fault", one.cell, one.first,
        f"{name!r} becomes {_noun(family_now, kind_now)}; {first.label} made it {_noun(family, kind)}",
        "give it another name: a cell above that is run again would get the wrong one",
    )  # fmt: skip


def _noun(family: str, kind: str) -> str:
    if family == "definition":
        return "a function or class"
    return {"function": "a function", "class": "a class", "module": "a module"}.get(
        family, f"{'an' if kind[:1] in 'aeiou' else 'a'} {kind}"
    )
