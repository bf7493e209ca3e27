"""What an interpreter has: its version, and of which packages which version, asked in its own process."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from solvent.errors import UsageError

__all__ = ["Environment", "look_into"]

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


def look_into(python: str, folder: Path, modules: Iterable[str]) -> Environment:
    """Ask an interpreter that is started in the folder; raises :class:`UsageError` where it does not start."""
    command = [python, "-c", _ASKED, json.dumps(sorted(modules))]
    try:
        said = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=True).stdout
        version, missing, versions = json.loads(said.strip().splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        raise UsageError(
            f"{python}: this is no Python interpreter that starts ({type(error).__name__}). Name the python of an "
            f"environment, such as .venv/bin/python"
        ) from None
    return Environment(version, frozenset(missing), {name: (one, two) for name, (one, two) in versions.items()})
