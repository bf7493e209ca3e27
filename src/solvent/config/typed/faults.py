"""What is wrong with a value, said so that a person can put it right."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from solvent.config.leaf import Text
from solvent.config.typed.grammar import core

__all__ = ["Fault", "Invalid", "dotted", "inside", "shown", "wanted"]

LONGEST = 60


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault in a value: the path to it (keys, fields and positions) and what is expected there."""

    path: tuple[Hashable, ...]
    text: str

    def __str__(self) -> str:
        return f"{dotted(self.path)}: {self.text}" if self.path else self.text


class Invalid(ValueError):
    """A value does not fit its annotation; ``faults`` holds every fault that was found in it."""

    def __init__(self, *faults: Fault | str) -> None:
        """Faults, or the text of the only one."""
        self.faults = tuple(Fault((), one) if isinstance(one, str) else one for one in faults)
        super().__init__("; ".join(str(one) for one in self.faults))


def inside(error: Invalid, key: Hashable) -> tuple[Fault, ...]:
    """The faults of an element, seen from the container."""
    return tuple(Fault((key, *one.path), one.text) for one in error.faults)


def dotted(path: tuple[Hashable, ...]) -> str:
    """A path as it is written: ``rates[2].low``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def shown(value: Any) -> str:
    """A value as an error names it: short, and never a secret."""
    if isinstance(value, Text) and not value.quoted:
        meant = core(value)
        if isinstance(meant, str):
            return f"text {_short(meant)}"
        return f"the number {value[:LONGEST]}" if type(meant) in (int, float) else str(value) or "nothing"
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if type(value) in (int, float):
        return f"the number {_number(value)}"
    if isinstance(value, str):
        return f"text {_short(str(value))} in quotes" if isinstance(value, Text) else f"text {_short(str(value))}"
    if type(value).__qualname__ == "Secret":
        return "a secret"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple, set, frozenset)):
        return f"a {type(value).__name__}"
    if isinstance(value, type):
        return f"the class {value.__qualname__}"
    kind = type(value)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return f"an object of type {name}"


def wanted(expected: str, value: Any, hint: str = "") -> Invalid:
    """The error ``expected …, got …``."""
    return Invalid(f"expected {expected}, got {shown(value)}{hint}")


def _short(text: str) -> str:
    return repr(text) if len(text) <= LONGEST else repr(text[: LONGEST - 1] + "…")


def _number(value: float) -> str:
    if isinstance(value, int) and value.bit_length() > 200:
        return f"of {value.bit_length()} bits"
    return str(value)
