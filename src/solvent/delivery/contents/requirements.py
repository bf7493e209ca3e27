"""The requirements lock: the exact version of everything that serving needs, with all that this needs in turn."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib import metadata

from solvent.delivery.contents.markers import holds, parse_requirement

__all__ = ["FILE", "lock_requirements", "read_lock", "write_lock"]

FILE = "requirements.txt"

# What reading and asking a model of one distribution takes beside it, where that is installed.
_BESIDE = {
    "scikit-learn": ("skops",),
    "lightgbm": ("scikit-learn", "skops"),
    "xgboost": ("scikit-learn", "skops"),
    "xgboost-cpu": ("scikit-learn", "skops"),
    "torch": ("safetensors",),
}


def lock_requirements(roots: Iterable[str], serving: bool = True) -> dict[str, str]:
    """Distributions with their installed versions, by name: these, what serving with Solvent needs, and all below.

    ``roots`` are the distributions that the model and the user's code import. Requirements of requirements are
    followed as far as their markers hold here and their extras are asked for; what is not installed is not needed.
    Without ``serving``, what only Solvent itself needs is left out.
    """
    given = [_plain(one) for one in roots]
    beside = [other for one in given for other in _BESIDE.get(one, ())]
    waiting: list[tuple[str, frozenset[str]]] = [("solvent", frozenset({"serve"}))] if serving else []
    waiting += [(one, frozenset()) for one in (*given, *beside) if one != "solvent"]
    seen: set[tuple[str, frozenset[str]]] = set()
    found: dict[str, str] = {}
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        try:
            installed = metadata.distribution(one[0])
        except metadata.PackageNotFoundError:
            continue
        found[_plain(installed.metadata["Name"])] = installed.version
        for line in installed.requires or ():
            needed = parse_requirement(line)
            if needed is not None and holds(needed.marker, one[1]):
                waiting.append((_plain(needed.name), needed.extras))
    return dict(sorted(found.items()))


def write_lock(versions: Mapping[str, str]) -> str:
    """The lock as pip reads it: one ``name==version`` a line, in order."""
    return "".join(f"{name}=={version}\n" for name, version in sorted(versions.items()))


def read_lock(text: str) -> dict[str, str]:
    """What :func:`write_lock` wrote."""
    pairs = (line.partition("==") for line in text.splitlines() if "==" in line)
    return {name.strip(): version.strip() for name, _, version in pairs}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
