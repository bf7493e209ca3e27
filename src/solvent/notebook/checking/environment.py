"""What an interpreter has: its version, and of which packages which version, asked in its own process."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from solvent.notebook.checking.findings import Finding
from solvent.notebook.flow.program import Program
from solvent.notebook.observing.kernel import no_interpreter

__all__ = ["Declared", "Environment", "declarations", "find_other_versions", "look_into"]

_ASKED = """
import importlib.util, json, sys
from importlib import metadata
sys.path.insert(0, "")
known = metadata.packages_distributions() if hasattr(metadata, "packages_distributions") else {}
missing, versions = [], {}
for name in json.loads(sys.argv[1]):
    try:
        found = importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        found = name in sys.modules
    if not found:
        missing.append(name)
    for one in known.get(name, [name])[:1]:
        try:
            versions[name] = [one, metadata.version(one)]
        except metadata.PackageNotFoundError:
            pass
print(json.dumps([".".join(map(str, sys.version_info[:3])), missing, versions]))
"""


@dataclass(frozen=True)
class Environment:
    """An interpreter's version, which of the modules that were asked for it lacks, and (package, version) of others."""

    python: str
    missing: frozenset[str] = frozenset()
    versions: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def named(self, module: str) -> str:
        """The package of a module with its version, such as ``pandas 3.0.1``."""
        return " ".join(self.versions.get(module, (module,)))


@dataclass(frozen=True)
class Declared:
    """A package that the notebook asks for, where it says so, and the one version that it names, if it does."""

    package: str
    where: str
    version: str = ""
    cell: int | None = None
    line: int | None = None


def declarations(program: Program, folder: Path) -> list[Declared]:
    """What ``requirements.txt`` beside the notebook and its ``!pip install`` lines ask for; nothing is installed."""
    found = [
        Declared(name, f"cell {unit.cell.number}", version, unit.cell.number, command.line)
        for unit in program.units for command in unit.commands for word in command.packages
        for name, version in _requirement(word)
    ]  # fmt: skip
    file = folder / "requirements.txt"
    if file.is_file():
        text = file.read_text(encoding="utf-8", errors="replace")
        found += [Declared(*one) for line in text.splitlines() for one in
                  ((name, file.name, version) for name, version in _requirement(line))]  # fmt: skip
    return found


def _requirement(text: str) -> Iterator[tuple[str, str]]:
    hit = re.match(r"\s*([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*(?:==\s*([\w.]+))?", text)
    if hit:
        yield re.sub(r"[-_.]+", "-", hit[1]).lower(), hit[2] or ""


def find_other_versions(declared: Iterable[Declared], environment: Environment) -> Iterator[Finding]:
    """Packages of which the notebook names one version, and another is here."""
    here = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in environment.versions.values()}
    for one in declared:
        version = here.get(one.package)
        if one.version and version and f"{version}.".startswith(f"{one.version}.") is False:
            yield Finding(
                "version-drift", "hint", one.cell, one.line,
                f"{one.where} asks for {one.package}=={one.version}, and {version} is here",
                "run it by the interpreter of an environment that has it (--python), or bring the notebook up to date",
            )  # fmt: skip


def look_into(python: str, folder: Path, modules: Iterable[str]) -> Environment:
    """Ask an interpreter that is started in the folder; raises :class:`UsageError` where it does not start."""
    command = [python, "-c", _ASKED, json.dumps(sorted(modules))]
    try:
        said = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=True).stdout
        version, missing, versions = json.loads(said.strip().splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        raise no_interpreter(python, error) from None
    return Environment(version, frozenset(missing), {name: (one, two) for name, (one, two) in versions.items()})
