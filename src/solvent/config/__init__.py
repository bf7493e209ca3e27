"""Settings apart from code: every value knows where it stands, and means what its parameter's annotation says.

The files are read, merged and interpolated by :func:`load_settings`; :func:`bind` gives a step its values.
Nothing here imports a third-party package before it is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from solvent.config.binding import REQUIRED, Bound, Setting, bind, hand_on
from solvent.config.block import Block, Settings
from solvent.config.leaf import Leaf, Origin
from solvent.config.secret import Secret
from solvent.config.typed import validate

if TYPE_CHECKING:
    from solvent.config.keying import canonical
    from solvent.config.loading import load_settings
    from solvent.config.projectfile import ProjectFile, load_project_file

__all__ = [
    "REQUIRED",
    "Block",
    "Bound",
    "Leaf",
    "Origin",
    "ProjectFile",
    "Secret",
    "Setting",
    "Settings",
    "bind",
    "canonical",
    "hand_on",
    "load_project_file",
    "load_settings",
    "validate",
]

_LATER = {
    "canonical": "keying",
    "load_settings": "loading",
    "load_project_file": "projectfile",
    "ProjectFile": "projectfile",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'solvent.config' has no attribute {name!r}")
    import importlib

    found = getattr(importlib.import_module(f"solvent.config.{_LATER[name]}"), name)
    globals()[name] = found
    return found
