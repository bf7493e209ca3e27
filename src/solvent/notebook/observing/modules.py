"""Modules of the notebook's own, which lie beside it or above it, as ``sys.path`` and the working folder found them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from solvent.notebook.observing.kernel import Kernel

__all__ = ["own_modules"]


def own_modules(kernel: Kernel, folder: Path, scratch: Path) -> Mapping[str, Path]:
    """The files under ``folder`` that the kernel imported, by their path in a project from which they are imported."""
    told = scratch / "modules.json"
    kernel.silently(f"__import__('_solvent_probe').PROBE.modules({str(told)!r})")
    top = folder.resolve()
    found: dict[str, Path] = {}
    for name, file in sorted(json.loads(told.read_text(encoding="utf-8")).items()):
        source = Path(file).resolve()
        if name == "__main__" or not source.is_relative_to(top) or not source.is_file():
            continue
        parts = name.split(".")
        package = source.stem == "__init__"
        found[str(PurePosixPath(*(parts if package else parts[:-1]), source.name))] = source
    return found
