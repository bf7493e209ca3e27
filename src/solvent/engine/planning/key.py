"""The key of a step's work: fingerprint, settings, input digests, output declaration, outside state."""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from typing import Any

from solvent import digest
from solvent.config import canonical
from solvent.graph.annotation import describe

__all__ = ["KEY", "declared", "derive_seed", "item_key", "key_of", "settings_part"]

KEY = "key.1"


def key_of(fingerprint: str, settings: Mapping[str, Any], inputs: Any, outputs: str, state: str | None) -> str:
    """The identity of one step's work. ``inputs`` is a structure of digests by parameter."""
    return digest.of_structure(KEY, [fingerprint, settings, inputs, outputs, state])


def settings_part(values: Mapping[str, Any], behaviour: Callable[[Any], str]) -> dict[str, Any]:
    """What of the settings counts: plain values as they are, code by its fingerprint, secrets by reference.

    Raises ``TypeError`` for a setting that nothing can identify.
    """
    return {name: canonical(value, behaviour) for name, value in values.items()}


def declared(outputs: Mapping[str, Any], own: Callable[[str], bool]) -> str:
    """The output declaration as text. A class of the user's ``own`` modules is named without where it lies."""
    return ";".join(f"{name}:{_described(kind, own)}" for name, kind in outputs.items())


def _described(kind: Any, own: Callable[[str], bool]) -> str:
    text, waiting = describe(kind), [kind]
    while waiting:
        one = waiting.pop()
        waiting += typing.get_args(one)
        if isinstance(one, type) and own(one.__module__):
            for module in (one.__module__, one.__module__.partition(".")[0]):
                text = text.replace(f"{module}.{one.__qualname__}", one.__qualname__)
    return text


def derive_seed(run_seed: int, path: str, item: str = "") -> int:
    """The seed of a node (of an item) that was not given one: below 2³¹, so that every library takes it."""
    return int(digest.of_structure("seed.1", [run_seed, path, item])[:15], 16) % 2**31


def item_key(labels: list[str], outputs: list[str]) -> str:
    """The key of a mapped node as a whole: its items' names and what they made."""
    return digest.of_structure("map.1", [labels, outputs])
