"""Delivery: how a predictor gets out. Packed, judged, promoted, served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from solvent.delivery.bundles import Bundle
    from solvent.delivery.gates import Gate, Judgement, judge
    from solvent.delivery.packing import pack
    from solvent.delivery.promotion import Deployment, deploy, promote
    from solvent.delivery.trust.policy import Trust, make_trust, open_foreign

__all__ = [
    "Bundle",
    "Deployment",
    "Gate",
    "Judgement",
    "Trust",
    "deploy",
    "judge",
    "make_trust",
    "open_foreign",
    "pack",
    "promote",
]

_PLACES = {
    "bundles": ("Bundle",),
    "gates": ("Gate", "Judgement", "judge"),
    "packing": ("pack",),
    "promotion": ("Deployment", "deploy", "promote"),
    "trust.policy": ("Trust", "make_trust", "open_foreign"),
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    for place, names in _PLACES.items():
        if name in names:
            value = getattr(import_module(f"{__name__}.{place}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
