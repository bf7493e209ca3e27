"""Settings as they are recorded with a plan and with each step run, and back: what is no plain JSON comes back too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from solvent.config import Secret
from solvent.config.leaf import Text
from solvent.config.typed.structured import load_reference
from solvent.errors import NoFormat, NoValue
from solvent.graph.promise import promises_in
from solvent.graph.wiring import DERIVED
from solvent.names import reference_of

if TYPE_CHECKING:
    from solvent.archive.keeping import Archive

__all__ = ["setting_json", "setting_value"]

_PLAIN = (bool, int, str, Text, type(None))


def setting_json(bound: Any, archive: Archive | None = None) -> dict[str, Any]:
    """A bound setting as it is recorded: its value, where that comes from, and what it beat.

    With an archive, ``exact`` is what :func:`setting_value` makes the very value of, where ``value`` only shows it.
    """
    value = bound.value
    found: dict[str, Any] = {}
    if value is DERIVED:
        found["value"] = "derived"
    elif next(promises_in(value), None) is not None:
        found["value"] = "from a step"
    elif type(value) in _PLAIN or (type(value) is float and value - value == 0):
        found["value"] = value
    else:
        code = reference_of(value) if callable(value) and hasattr(value, "__qualname__") else None
        found["value"] = code or repr(value)
        if archive is not None:
            found["exact"] = {"code": code} if code else _exact(value, archive)
    return {**found, "origin": str(bound.origin), "beat": [[repr(one), str(where)] for one, where in bound.beat]}


def _exact(value: Any, archive: Archive) -> dict[str, Any] | None:
    """A value that is no plain JSON, as JSON; None for one that cannot be, or is not small."""
    if isinstance(value, Secret):
        return {"secret": value.to_reference()}
    with suppress(NoFormat):
        document = archive.inline(value)
        return None if document is None else {"document": document}
    return None


def setting_value(recorded: Mapping[str, Any], wanted: Any, archive: Archive, secrets: Callable[[str], str]) -> Any:
    """The value of a setting that was recorded with a step run, as an annotation wants it.

    ``secrets`` resolves the names of a :class:`Secret`. Raises :class:`NoValue` where only its look was recorded, and
    ``ValueError`` where the code that it was is not there any more. A record is only made of a class that is wanted.
    """
    if "exact" not in recorded:
        return recorded["value"]
    exact = recorded["exact"]
    if exact is None:
        raise NoValue(f"only its look was recorded: {recorded['value']}")
    if "code" in exact:
        return load_reference(exact["code"])
    if "secret" in exact:
        return Secret(exact["secret"], secrets)
    return archive.read(exact["document"], wanted)
