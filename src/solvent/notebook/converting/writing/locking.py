"""The lock of a converted notebook: the exact versions of what its code imports, as they were when it was proven."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable
from importlib import metadata

from solvent.delivery.contents.requirements import lock_requirements, write_lock

__all__ = ["imported_packages", "lock_project"]


def imported_packages(sources: Iterable[str]) -> list[str]:
    """The packages that sources import, by the first part of their names; the standard library's are none."""
    found: set[str] = set()
    for text in sources:
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                found |= {one.name.partition(".")[0] for one in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                found.add(node.module.partition(".")[0])
    return sorted(found - set(sys.stdlib_module_names) - {"__future__"})


def lock_project(packages: Iterable[str], python: str) -> tuple[list[str], str]:
    """The distributions of these packages, and the lock of them with all that they need, ``name==version`` a line.

    Of another interpreter than this one everything that is installed there is locked.
    """
    known = metadata.packages_distributions()
    roots = sorted({name for one in packages for name in known.get(one, [])})
    if python == sys.executable:
        versions = lock_requirements([*roots, "solvent"], serving=False)
        versions["solvent"] = metadata.version("solvent")
        return roots, write_lock(versions)
    done = subprocess.run([python, "-m", "pip", "freeze", "--exclude-editable"], capture_output=True, check=False)
    lines = [line for line in done.stdout.decode("utf-8", "replace").splitlines() if "==" in line and " @ " not in line]
    return roots, "\n".join(lines) + "\n"
