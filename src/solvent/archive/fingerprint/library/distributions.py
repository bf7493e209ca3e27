"""Installed distributions: which brings a module, in which version, and what it needs without being asked."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field

from solvent import digest

__all__ = ["Distributions"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(slots=True)
class _Installed:
    """One distribution's folder of metadata, read no further than was asked for."""

    name: str
    version: str
    folder: str
    record: bytes | None = None
    needs: list[str] | None = None
    origin: str | None = None
    tops: frozenset[str] = field(default=frozenset())


class Distributions:
    """The distributions of the folders on the import path. A folder is listed once, a record read when needed."""

    def __init__(self) -> None:
        self._listed: dict[str, dict[str, _Installed]] = {}
        self._owners: dict[tuple[str, str], str | None] = {}

    def owner(self, root: str, relative: str) -> str | None:
        """The distribution that brings a file of a folder of installed packages; None where none does."""
        top = relative.partition("/")[0]
        package = f"{top}/__init__.py"
        if relative != package and os.path.exists(os.path.join(root, top, "__init__.py")):
            relative = package  # the whole of an ordinary package comes from one distribution
        known = (root, relative)
        if known not in self._owners:
            self._owners[known] = self._search(root, top.partition(".")[0], relative)
        return self._owners[known]

    def closure(self, names: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Names and versions of distributions with all that they need, extras left out, in order of name.

        Each is given with the folder that it is installed in; what it needs is looked for there first.

        What was installed from an address and not from an index has the digest of its files after its version.
        """
        found: dict[str, tuple[str, str]] = {}
        stack = list(names)
        while stack:
            root, name = stack.pop()
            name = _plain(name)
            one = self._find(root, name)
            if one is None or name in found:
                continue
            origin = self._origin(one)
            found[name] = (one.name, f"{one.version} {origin}".strip())
            stack.extend((root, other) for other in self._needs(one))
        return [found[name] for name in sorted(found)]

    def _find(self, first: str, name: str) -> _Installed | None:
        for root in dict.fromkeys([first, *sys.path]):
            one = self._list(root).get(name)
            if one is not None:
                return one
        return None

    def _list(self, root: str) -> dict[str, _Installed]:
        found = self._listed.get(root)
        if found is None:
            found = self._listed[root] = {}
            try:
                entries = sorted(os.listdir(root or os.curdir))
            except OSError:
                entries = []
            for entry in entries:
                stem, dot, kind = entry.rpartition(".")
                if dot and kind in ("dist-info", "egg-info"):
                    name, _, rest = stem.partition("-")
                    version = rest if kind == "dist-info" else rest.partition("-")[0]
                    found.setdefault(_plain(name), _Installed(name, version, os.path.join(root, entry)))
        return found

    def _search(self, root: str, top: str, relative: str) -> str | None:
        listed = self._list(root)
        likely = _plain(top)
        order = [likely, *(name for name in listed if name != likely and (likely in name or name in likely))]
        needle = f"{relative},".encode()
        for name in dict.fromkeys([*order, *listed]):
            one = listed.get(name)
            if one is not None and self._brings(one, needle, top):
                return name
        return None

    def _brings(self, one: _Installed, needle: bytes, top: str) -> bool:
        if one.record is None:
            one.record = b"\n" + _read(one.folder, "RECORD").replace(b"\r\n", b"\n")
            if len(one.record) == 1:  # no record: a package of the system, which lists its modules at best
                one.tops = frozenset(_read(one.folder, "top_level.txt").decode("utf-8", "replace").split())
                one.tops = one.tops or frozenset({one.name})
        return b"\n" + needle in one.record or top in one.tops

    def _needs(self, one: _Installed) -> list[str]:
        if one.needs is None:
            text = (_read(one.folder, "METADATA") or _read(one.folder, "PKG-INFO")).decode("utf-8", "replace")
            one.needs = []
            for line in text.partition("\n\n")[0].splitlines():
                if line.startswith("Requires-Dist:"):
                    requirement, _, marker = line[14:].partition(";")
                    match = _NAME.search(requirement)
                    if match and "extra" not in marker:
                        one.needs.append(match[0])
                elif line.startswith("Name:"):
                    one.name = line[5:].strip() or one.name
                elif line.startswith("Version:"):
                    one.version = line[8:].strip() or one.version
        return one.needs

    def _origin(self, one: _Installed) -> str:
        """What tells two builds of one version apart, for what came from an address: the digest of its files."""
        if one.origin is None:
            one.origin = ""
            self._needs(one)
            if os.path.exists(os.path.join(one.folder, "direct_url.json")):
                own = os.path.basename(one.folder).encode() + b"/"
                lines = sorted(
                    line
                    for line in _read(one.folder, "RECORD").splitlines()
                    if not line.startswith(own) and b"__pycache__/" not in line
                )
                one.origin = "#" + digest.of_bytes("record.1", b"\n".join(lines))[:16]
        return one.origin


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()


def _read(folder: str, name: str) -> bytes:
    try:
        with open(os.path.join(folder, name), "rb") as file:
            return file.read()
    except OSError:  # an egg-info may be a single file
        if name != "PKG-INFO":
            return b""
    try:
        with open(folder, "rb") as file:
            return file.read()
    except OSError:
        return b""
