"""What both kinds of boosted trees share: which classes there are, their settings, and what is refused."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from solvent.archive.formats.refusal import name_of, within
from solvent.errors import Corrupted, MissingExtra, NoFormat

if TYPE_CHECKING:
    from solvent.archive.formats.base import Document, Sink, Source

__all__ = ["booster_of", "check_own", "find_class", "is_of", "read_settings", "write_settings"]

LARGEST = 4_000_000_000
"""Bytes of a model beyond which it is not loaded."""


def is_of(value: Any, package: str) -> bool:
    """Whether a value's class is, or comes from, a class of the package (which is not imported to find out)."""
    return any(kind.__module__.partition(".")[0] == package for kind in type(value).__mro__)


def check_own(value: Any, package: str, names: tuple[str, ...]) -> str:
    """The name of the class, if it is one that is kept; raises :class:`NoFormat` otherwise."""
    kind = type(value)
    if kind.__module__.partition(".")[0] != package:
        raise NoFormat(
            f"{name_of(kind)} is a class of yours on top of {package}'s, and an artifact never carries code. Make it a "
            f"@dataclass that holds the fitted model in a field, or give it to_artifact and from_artifact."
        )
    if kind.__qualname__ not in names:
        raise NoFormat(f"{name_of(kind)} cannot be kept; of {package} these can: {', '.join(names)}")
    return kind.__qualname__


def booster_of(value: Any, name: str) -> Any:
    """The booster of a model; raises :class:`NoFormat` for an estimator that is not fitted."""
    booster = value if name == "Booster" else getattr(value, "_Booster", None)
    if booster is None:
        raise NoFormat(f"{name} is not fitted, so there is no model to keep; hand on its settings instead")
    return booster


def write_settings(settings: Mapping[str, Any], sink: Sink, what: str) -> tuple[Document, str]:
    """Settings of an estimator as a document, and their digest; raises :class:`NoFormat` for code among them."""
    for name, value in settings.items():
        if callable(value):
            raise NoFormat(
                f"{what} cannot be kept: its setting {name!r} is code ({value!r:.60}), which an artifact never carries"
            )
    plain = dict(sorted(settings.items()))
    with within("its settings"):
        written = sink.write(plain)
    return sink.document(plain, written), sink.digest(plain, written)


def read_settings(document: Document, source: Source) -> dict[str, Any]:
    """Settings as they were."""
    found = source.read(document, dict)
    if not isinstance(found, dict):
        raise Corrupted("the settings of an estimator are no mapping; it was not loaded")
    return found


def find_class(package: str, module: str, name: str, names: tuple[str, ...]) -> Any:
    """The class of that name, if it is one of these; imports the package."""
    if name not in names:
        raise Corrupted(f"a record names the class {name!r} of {package}, which is none that is kept")
    try:
        return getattr(importlib.import_module(module), name)
    except ImportError as error:
        raise MissingExtra(f"this model needs {package}: pip install 'solvent[{package}]'") from error
