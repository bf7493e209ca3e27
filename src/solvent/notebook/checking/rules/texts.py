"""What stands in the cells: paths of one machine, shell lines and magics, and constants that could be settings."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

from solvent.notebook.checking.findings import Finding, Severity, listed
from solvent.notebook.flow.program import Program, Statement
from solvent.notebook.flow.roles import called_names
from solvent.notebook.reading.commands import Command

__all__ = ["find_commands", "find_constants", "find_paths", "near_file"]

_WINDOWS = re.compile(r"^[A-Za-z]:[\\/]|^\\\\\w")
_ELSEWHERE = re.compile(
    r"^(?:file://)?(?P<root>/content(?:/|$)|/kaggle/|/home/|/Users/|/root/|/mnt/|/media/|/Volumes/|/dbfs/|/databricks/|"
    r"/workspaces?/|/data/|/opt/|/srv/|/var/|/tf/|/gdrive/|/project(?:s|nb)?/|~/|/usr/|/scratch/|/gpfs/|/nfs/)"
)
_HOSTS = {"/content": "Colab's", "/gdrive": "Colab's", "/kaggle": "Kaggle's", "/dbfs": "Databricks'",
          "/databricks": "Databricks'"}  # fmt: skip
_HARMLESS = re.compile(
    r"^\s*(?:ls|dir|pwd|head|tail|wc|nvidia-smi|date|which|free|df|du|tree|uname|lscpu|file|whoami|"
    r"(?:python3?|pip3?|java|git|conda) (?:--version|-V|list|show|freeze|status|log))\b[^>|;&]*$"
    r"|^\s*(?:echo|cat)\b[^>|;&]*$"
)
_CHANGES = re.compile(r"%(?:cd|env|set_env|reset|store)\b")
_MAGICS: dict[str, tuple[Severity, str, str]] = {
    "script": ("fault", "brings in code that the notebook does not hold",
               "import it as a module, or put it into a cell"),
    "environment": ("hint", "changes what the cells below find, and only IPython knows it",
                    "say it in Python (os.environ, pathlib), or leave it out"),
    "other": ("hint", "is carried out only where its extension is installed", "say it in Python"),
}  # fmt: skip
"""Commands that are a word of IPython's: how much each weighs, what is said of it, and what to do instead."""


# -- paths -----------------------------------------------------------------------------------------------------


def find_paths(program: Program, folder: Path) -> Iterator[Finding]:
    """Literals that are paths of the author's machine, or of a service's."""
    for one in program.statements:
        for node in _literals(one.node):
            text = str(node.value)
            whose = _whose(text)
            if whose is None and not _opened(one, text):
                continue
            near = near_file(text, folder)
            yield Finding(
                "path", "fault", one.cell, node.lineno, f"{_cut(text)} is {whose or 'an absolute'} path: nobody else "
                f"has it",
                f"write {near!r}, which lies beside the notebook" if near
                else "put the file beside the notebook and write its path from there, or make it a setting",
                ("path", text, near) if near else (),
            )  # fmt: skip
    for unit in program.units:
        for command in unit.commands:
            hit = re.match(r"%cd\s+['\"]?(.+?)['\"]?\s*$", command.text)
            if hit and (_whose(hit[1]) or hit[1].startswith("/")):
                yield Finding(
                    "path", "fault", unit.cell.number, command.line, f"it goes to {_cut(hit[1])}, "
                    f"{_whose(hit[1]) or 'an absolute'} path", "work from the notebook's own folder",
                )  # fmt: skip


def _literals(node: ast.AST) -> Iterator[ast.Constant]:
    """Text literals of one line; no docstrings, and no parts of formatted ones but the first."""
    skipped: set[int] = set()
    for one in ast.walk(node):
        if isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant):
            skipped.add(id(one.value))
        elif isinstance(one, ast.JoinedStr):
            skipped |= {id(part) for part in one.values[1:]}
        elif (
            isinstance(one, ast.Constant) and isinstance(one.value, str) and id(one) not in skipped
            and 3 <= len(one.value) <= 500 and "\n" not in one.value and not one.value.strip().startswith("//")
        ):  # fmt: skip
            yield one


def _whose(text: str) -> str | None:
    if _WINDOWS.match(text):
        return "a Windows machine's"
    hit = _ELSEWHERE.match(text)
    if hit is None or re.search(r"[(\[^$|]", text) or (" " in text.strip() and not re.search(r"\.\w{1,5}$", text)):
        return None
    host = next((name for root, name in _HOSTS.items() if hit["root"].startswith(root)), None)
    return host or "one machine's"


def _opened(one: Statement, text: str) -> bool:
    """Whether a statement opened what this absolute path names; what is for all, such as /dev/null, is no matter."""
    if not os.path.isabs(text) or one.event is None or text.startswith(("/tmp", "/dev", "/proc")):
        return False
    return any(os.path.abspath(path) == os.path.abspath(text) for path, _ in one.event.files)


def near_file(text: str, folder: Path) -> str | None:
    """The path, from the notebook's folder, of a file there that ends as this one; the longest end that is there."""
    parts = [one for one in re.split(r"[\\/]+", text.removeprefix("file://")) if one not in ("", "~", ".")]
    for start in range(len(parts)):
        end = "/".join(parts[start:])
        if ".." not in parts[start:] and not re.match(r"^[A-Za-z]:$", parts[start]) and (folder / end).is_file():
            return end
    return None


# -- commands --------------------------------------------------------------------------------------------------


def find_commands(program: Program) -> Iterator[Finding]:
    """Lines for the shell and for IPython: what they ask for, and where that belongs."""
    for unit in program.units:
        for command in unit.commands:
            found = _command(unit.cell.number, command)
            if found is not None:
                yield found


def _command(cell: int, command: Command) -> Finding | None:
    text = _cut(command.text.split("\n")[0])
    if command.kind == "install":
        said = (
            f"it installs {listed(command.packages)} into whatever runs it; that is read as a declaration, and not "
            f"carried out"
        )
        return Finding("shell", "hint", cell, command.line, said,
                       "write the packages with their versions into requirements.txt beside the notebook")  # fmt: skip
    if command.kind == "shell":
        body = re.sub(r"^\s*(?:[\w, ]+=\s*)?(?:!!?|%%?\w+)\s*", "", command.text, count=1)
        harmless = bool(_HARMLESS.match(body)) and "=" not in command.text.partition("!")[0]
        return Finding(
            "shell", "hint" if harmless else "fault", cell, command.line,
            f"{text} is for a shell, and is not carried out here",
            "leave it out: it only looks" if harmless
            else "do it in Python (pathlib, shutil, zipfile, urllib), or before the notebook is run",
        )  # fmt: skip
    if command.kind not in _MAGICS or (command.kind == "environment" and not _CHANGES.match(command.text)):
        return None
    severity, said, way = _MAGICS[command.kind]
    return Finding("magic", severity, cell, command.line, f"{text} {said}", way)


# -- constants -------------------------------------------------------------------------------------------------

_LOADS = re.compile(r"^(?:read_\w+|load|loadtxt|genfromtxt|open|scan_\w+)$")
_MODELS = re.compile(r"^(?:[A-Z]\w*(?:Classifier|Regressor|Regression|SVC|SVR|Ridge|Lasso|KMeans|NB|Net|PCA)|SVC|SVR|"
                     r"Ridge|Lasso|KMeans|PCA|train_test_split|fit)$")  # fmt: skip
_PARTS = frozenset({
    "test_size", "train_size", "random_state", "seed", "n_estimators", "max_depth", "learning_rate", "epochs", "C",
    "batch_size", "alpha", "n_clusters", "n_neighbors", "gamma", "max_iter", "n_splits", "cv", "threshold",
    "n_components", "subsample", "min_samples_leaf", "min_samples_split", "num_leaves", "dropout", "lr", "weight_decay",
})  # fmt: skip


def find_constants(program: Program) -> Iterator[Finding]:
    """Numbers that tune something, and files that are read, written into the middle of a statement."""
    for one in program.statements:
        if isinstance(one.node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)):
            continue
        names: list[str] = []
        for call in ast.walk(one.node):
            if not isinstance(call, ast.Call):
                continue
            called = next(called_names(call), "")
            for key in call.keywords:
                plain = isinstance(key.value, ast.Constant) and type(key.value.value) in (int, float)
                if key.arg and plain and (key.arg in _PARTS or _MODELS.match(called)):
                    names.append(f"{key.arg}={ast.unparse(key.value)}")
            first = call.args[0] if call.args else None
            if _LOADS.match(called) and isinstance(first, ast.Constant) and isinstance(first.value, str):
                names.append(repr(_cut(first.value)))
        if names:
            yield Finding(
                "constant", "hint", one.cell, one.first, f"{listed(list(dict.fromkeys(names)))} could be "
                f"{'a setting' if len(names) == 1 else 'settings'}",
                "give it a name in the first cell, or in a settings file once this is a pipeline",
            )  # fmt: skip


def _cut(text: str, most: int = 90) -> str:
    text = text.strip()
    return text if len(text) <= most else f"{text[: most - 1]}…"
