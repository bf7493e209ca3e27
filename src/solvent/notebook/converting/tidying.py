"""The written project put in order: formatted, imports sorted, and habits of the notebook's code excused by name."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["tidy"]

_NEVER = frozenset({"F821", "F822", "F823"})  # names that are not there: those are faults of the conversion
_FAULTS = frozenset({"name-defined", "syntax", "used-before-def", "import-not-found"})


def tidy(out: Path, package: str, types: bool = True) -> None:
    """Format the project and sort its imports, where ruff is installed.

    Habits of the notebook's own code that the linter or the strict type checker object to are named in the project's
    settings for the modules that have them; ``types`` asks the type checker too, if it is installed.
    """
    if _has("ruff"):
        for command in (["check", "--fix", "--select", "I,F401,F541,UP"], ["format"]):
            _said(["ruff", *command, "--quiet", "."], out)
        _excuse_style(out, package)
    if types and _has("mypy"):
        _excuse_types(out, package)


def _has(tool: str) -> bool:
    return importlib.util.find_spec(tool) is not None


def _said(command: Sequence[str], out: Path) -> str:
    done = subprocess.run([sys.executable, "-m", *command], cwd=out, capture_output=True, check=False)
    return done.stdout.decode("utf-8", "replace")


def _excuse_style(out: Path, package: str) -> None:
    try:
        told = json.loads(_said(["ruff", "check", "--no-cache", "--output-format", "json", "."], out) or "[]")
    except ValueError:
        return
    found: dict[str, set[str]] = {}
    for one in told:
        name = Path(one["filename"]).name
        if one.get("code") and one["code"] not in _NEVER and name in ("steps.py", "functions.py", "views.py"):
            found.setdefault(name, set()).add(one["code"])
    if found:
        lines = [f'"{package}/{name}" = {json.dumps(sorted(codes))}' for name, codes in sorted(found.items())]
        _add(
            out, "\n[tool.ruff.lint.per-file-ignores]  # habits of the notebook's own code\n" + "\n".join(lines) + "\n"
        )


def _excuse_types(out: Path, package: str) -> None:
    told = _said(["mypy", "--no-error-summary", "--hide-error-context", "--no-color-output", package], out)
    found: dict[str, set[str]] = {}
    for path, code in re.findall(r"^([^:\n]+\.py):\d+: error: .*\[([a-z-]+)\]$", told, re.MULTILINE):
        name = Path(path).stem
        if code not in _FAULTS and name in ("steps", "functions", "views"):
            found.setdefault(name, set()).add(code)
    for name, codes in sorted(found.items()):
        _add(
            out,
            f'\n[[tool.mypy.overrides]]  # what the notebook\'s own code does\nmodule = "{package}.{name}"\n'
            f"disable_error_code = {json.dumps(sorted(codes))}\n",
        )


def _add(out: Path, text: str) -> None:
    file = out / "pyproject.toml"
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")
