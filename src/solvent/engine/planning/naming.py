"""What a name in ``use:`` stands for: ``module:name``, or the short name of what Solvent itself brings."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from solvent.config.typed.structured import load_reference
from solvent.errors import did_you_mean

__all__ = ["find_used"]

SHORT = ("solvent.learn", "solvent.delivery")
"""Named cold: the engine lies below both, and imports them only when a short name asks for it."""


def find_used(text: str) -> Any:
    """The object behind ``module:name``, or behind a name that ``solvent.learn`` or ``solvent.delivery`` exports.

    Raises ``ValueError`` that says what could not be found.
    """
    if ":" in text or not text.isidentifier():
        return load_reference(text)
    known: list[str] = []
    for place in SHORT:
        module = import_module(place)
        if text in module.__all__:
            return getattr(module, text)
        known += module.__all__
    hint = did_you_mean(text, known)
    raise ValueError(
        f"there is no {text!r} in solvent.learn or solvent.delivery.{hint} What is yours is written 'module:name'"
    )
