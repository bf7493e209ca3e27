"""The written project put in order: formatted, imports sorted, what can be mended mended, and the rest excused."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from solvent.notebook.reading.code import annotated

__all__ = ["tidy"]

_OWN = ("steps", "functions", "views")  # modules that hold the notebook's own code
_NEVER = "F821,F822,F823"  # names that are not there: those are faults of the conversion
_FAULTS = frozenset({"name-defined", "syntax", "used-before-def", "import-not-found"})


def tidy(out: Path, package: str, types: bool = True) -> None:
    """Format the project, sort its imports, and mend what the linter can mend, where ruff is installed.

    Fixes that ruff calls unsafe are taken where they only tidy: the proof that follows shows that nothing changed.
    What is left of the notebook's own habits is excused in the line that has it. What the strict type checker objects
    to is named in the project's settings for the module that has it, because which comments it wants depends on the
    stubs that are installed; ``types`` asks it, if it is installed.
    """
    own = [str(file) for name in _OWN if (file := out / package / f"{name}.py").exists()]
    if _has("ruff"):
        for command in (
            ["check", "--fix", "--select", "I,F401,F541,UP", "."],
            ["check", "--fix", "--unsafe-fixes", "--select", "E731,C408,PIE804", "."],
        ):
            _said(["ruff", *command, "--quiet", "--no-cache"], out)
        for file in map(Path, own):  # a lambda with a name is a function now, and says nothing of its types
            file.write_text(annotated(file.read_text(encoding="utf-8")), encoding="utf-8")
        excuse = ["check", "--add-noqa", "--extend-ignore", _NEVER, *own]
        for command in (
            ["format", "."],
            excuse,
            ["format", "."],  # a line that the excuse made too long is several now, and the excuse stands in another
            excuse,
            ["check", "--fix", "--extend-select", "RUF100", *own],
            ["format", "."],
        ):
            _said(["ruff", *command, "--quiet", "--no-cache"], out)
    if types and _has("mypy"):
        _excuse_types(out, package)


def _has(tool: str) -> bool:
    return importlib.util.find_spec(tool) is not None


def _said(command: Sequence[str], out: Path) -> str:
    done = subprocess.run([sys.executable, "-m", *command], cwd=out, capture_output=True, check=False)
    return done.stdout.decode("utf-8", "replace")


def _excuse_types(out: Path, package: str) -> None:
    told = _said(["mypy", "--no-error-summary", "--hide-error-context", "--no-color-output", package], out)
    found: dict[str, set[str]] = {}
    for path, code in re.findall(r"^([^:\n]+\.py):\d+: error: .*\[([a-z-]+)\]$", told, re.MULTILINE):
        name = Path(path).stem
        if code not in _FAULTS and name in _OWN:
            found.setdefault(name, set()).add(code)
    with (out / "pyproject.toml").open("a", encoding="utf-8") as file:
        for name, codes in sorted(found.items()):
            file.write("\n[[tool.mypy.overrides]]  # what the notebook's own code does\n")
            file.write(f'module = "{package}.{name}"\ndisable_error_code = {json.dumps(sorted(codes))}\n')
