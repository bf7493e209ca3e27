"""Places: whether a file is the user's own code, the standard library, an installed package, or Solvent itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["INSTALLED", "OWN", "ROOM", "SOLVENT", "STANDARD", "Places"]

OWN, ROOM, SOLVENT, STANDARD, INSTALLED = "own", "room", "solvent", "standard", "installed"

_SITES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_ROOMS = ("learn", "data", "delivery")
"""Solvent's own steps count by their code, like the user's; its other rooms are constants."""


class Places:
    """Tells whose code a file or a module is. ``folders`` are the user's own, wherever they lie."""

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        self.folders = tuple(dict.fromkeys(os.path.abspath(one) + os.sep for one in folders))
        self._known: dict[str, str] = {}
        self._modules: dict[str, str] = {}
        self._short: dict[str, str] = {}
        self._roots: list[str] | None = None
        self._solvent = os.path.abspath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 3)) + os.sep
        library = os.path.dirname(os.path.abspath(os.__file__))
        self._standard = tuple({library + os.sep, os.path.realpath(library) + os.sep})

    def of_file(self, filename: str) -> str:
        """Whose code a file is."""
        found = self._known.get(filename)
        if found is None:
            found = self._known[filename] = self._decide(filename)
        return found

    def of_module(self, name: str | None, module: ModuleType | None = None) -> str:
        """Whose code a module is, from its file if it has one."""
        if name is None or name == "__main__":
            return OWN
        found = self._modules.get(name)
        if found is not None:
            return found
        if name.partition(".")[0] in sys.stdlib_module_names:
            found = STANDARD
        else:
            module = module or sys.modules.get(name)
            filename = file_of(module)
            above = name.rpartition(".")[0]
            if filename:
                found = self.of_file(filename)
            elif above and above in sys.modules and not hasattr(module, "__path__"):
                found = self.of_module(above)
            elif module is None or not hasattr(module, "__path__"):
                found = OWN
            else:  # a namespace package: whose are its folders
                found = self.of_file(os.path.join(next(iter(module.__path__), ""), "__init__.py"))
            if module is None:
                return found
        self._modules[name] = found
        return found

    def root_of(self, filename: str) -> str:
        """The folder on the import path that an installed file lies in."""
        for site in _SITES:
            before, found, _ = filename.rpartition(site)
            if found:
                return before + site[:-1]
        return next((root[:-1] for root in self._installed() if filename.startswith(root)), "")

    def short(self, filename: str) -> str:
        """A file's name as it is shown: relative to the user's own folders where it lies in one."""
        found = self._short.get(filename)
        if found is None:
            found = self._short[filename] = self._shorten(filename)
        return found

    def _shorten(self, filename: str) -> str:
        for folder in sorted(self.folders, key=len, reverse=True):
            if filename.startswith(folder):
                return filename[len(folder) :].replace(os.sep, "/")
        if filename.startswith(self._solvent):
            return "solvent/" + filename[len(self._solvent) :].replace(os.sep, "/")
        if "ipykernel" in filename:
            return f"cell {os.path.splitext(os.path.basename(filename))[0]}"
        return filename

    def _decide(self, filename: str) -> str:
        if not filename or filename.startswith("<frozen"):
            return STANDARD
        if filename.startswith("<"):
            return OWN
        full = os.path.abspath(filename)
        if full.startswith(self._solvent):
            room = full[len(self._solvent) :].partition(os.sep)[0]
            return ROOM if room in _ROOMS else SOLVENT
        if any(site in full for site in _SITES):
            return INSTALLED
        if full.startswith(self._standard):
            return OWN if full.startswith(self.folders) else STANDARD
        if any(full.startswith(root) for root in self._installed()):
            return INSTALLED
        return OWN

    def _installed(self) -> list[str]:
        """Folders on the import path that packages were installed into (``pip install --target``)."""
        if self._roots is None:
            self._roots = []
            for entry in sys.path:
                folder = os.path.abspath(entry or os.curdir) + os.sep
                if folder in self.folders or any(site in folder for site in _SITES):
                    continue
                try:
                    if any(name.endswith(".dist-info") for name in os.listdir(folder)):
                        self._roots.append(folder)
                except OSError:
                    continue
        return self._roots


def file_of(module: Any) -> str:
    """The file of a module's source (or of its compiled extension), or an empty text."""
    filename = getattr(module, "__file__", None)
    return filename if isinstance(filename, str) else ""
