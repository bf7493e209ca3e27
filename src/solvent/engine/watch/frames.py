"""Frames: who asked for a file or a variable, the user's own code or a library at its own business."""

from __future__ import annotations

import os
import sysconfig
from types import FrameType
from typing import NamedTuple

__all__ = ["Asker", "find_asker", "site_of"]

_STANDARD = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
_METADATA = os.path.join(_STANDARD, "importlib", "metadata") + os.sep
_SOLVENT = os.path.abspath(os.path.join(os.path.dirname(__file__), os.pardir, os.pardir)) + os.sep
_SCRIPTS = sysconfig.get_path("scripts") + os.sep
_SITES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_IMPORTING = frozenset({"_find_and_load", "_find_spec", "exec_module", "get_code", "_gcd_import", "invalidate_caches"})
_READING_SOURCE = frozenset({"linecache", "tokenize", "inspect", "traceback", "warnings", "pdb", "bdb", "metadata"})

_KINDS: dict[str, str] = {}


class Asker(NamedTuple):
    """Who asked: ``where`` in the user's own code, the ``library`` in between if one is, and how."""

    where: str
    library: str
    """The outermost package or standard module nearest to the question; empty if the user's code asked itself."""
    package: str
    """The installed package nearest to the question, if any is in between."""
    aside: bool
    """Whether modules are being imported, source is being read to be shown, or something unused is cleared away."""
    between: frozenset[str] = frozenset()
    """Everything between the question and the user's code."""


def find_asker(frame: FrameType | None) -> Asker:
    """Walk outwards from ``frame`` to the user's own code."""
    library = package = ""
    aside = False
    between: set[str] = set()
    while frame is not None:
        filename = frame.f_code.co_filename
        site = _KINDS.get(filename)
        if site is None:
            site = _KINDS[filename] = site_of(filename)
        if site == "":
            return Asker(f"{_short(filename)}:{frame.f_lineno}", library, package, aside, frozenset(between))
        if site in ("_collections_abc", "os", "contextlib"):
            pass  # they only hand on what somebody else asks
        elif site == "importlib":
            aside = aside or frame.f_code.co_name in _IMPORTING
        elif site != "solvent":
            # a finalizer runs in whatever happens to go on when the last reference to something is gone
            aside = aside or site in _READING_SOURCE or (frame.f_code.co_name, site) == ("__call__", "weakref")
            aside = aside or frame.f_code.co_name == "__del__"
            name = site.removeprefix(":")
            package = package or (name if name is not site else "")
            library = library or name
            between.add(name)
        frame = frame.f_back
    return Asker("", library, package, aside, frozenset(between))


def site_of(filename: str) -> str:
    """Empty for the user's own files, ``:name`` for an installed package, else the standard library's module."""
    if filename.startswith("<frozen"):
        return "importlib" if "importlib" in filename else filename[8:-1]
    if filename.startswith("<"):
        return ""
    for site in _SITES:
        _, found, rest = filename.rpartition(site)
        if found:
            return ":" + rest.partition(os.sep)[0].removesuffix(".py")
    if filename.startswith((_SOLVENT, _SCRIPTS)):  # the command itself has asked nothing
        return "solvent"
    if filename.startswith(_METADATA):
        return "metadata"
    if filename.startswith(_STANDARD):
        return filename[len(_STANDARD) :].partition(os.sep)[0].removesuffix(".py")
    return ""


def _short(filename: str) -> str:
    here = os.getcwd() + os.sep
    if filename.startswith(here):
        return filename[len(here) :]
    return f"cell {os.path.basename(filename)}" if "ipykernel" in filename else filename
