"""What every kind of shipment has in common: the bundle, its name, its card, its signatures, and its requirements."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from solvent.delivery.bundles import Bundle
from solvent.delivery.contents.requirements import lock_requirements
from solvent.delivery.shipping.wheel import build_wheel
from solvent.delivery.trust.signing import FILE, Signature, write_signatures

__all__ = ["LABEL", "Parcel", "base_files", "from_elsewhere", "locked"]

LABEL = "export.json"


@dataclass(frozen=True)
class Parcel:
    """What is shipped: a bundle, the model and version that it is, its whole card as Markdown, and who vouches."""

    bundle: Bundle
    model: str
    version: str
    card: str
    signatures: tuple[Signature, ...] = ()


def base_files(parcel: Parcel) -> dict[str, bytes]:
    """The bundle, its label and card, its signatures, and a wheel of the installed Solvent with the pinned rest."""
    wheel, data = build_wheel()
    label = {"model": parcel.model, "version": parcel.version, "bundle": parcel.bundle.digest}
    files = {f"bundle/{name}": body for name, body in parcel.bundle.files.items()}
    files |= {
        LABEL: json.dumps(label, indent=1).encode() + b"\n",
        "CARD.md": parcel.card.encode(),
        "requirements.txt": _requirements(_versions(parcel), wheel).encode(),
        f"wheels/{wheel}": data,
    }
    if parcel.signatures:
        files[FILE] = write_signatures(parcel.bundle.digest, parcel.signatures)
    return files


def locked(bundle: Bundle) -> dict[str, str]:
    """The bundle's requirements lock; of a bundle without one, what is installed here of what it names."""
    named: Mapping[str, Any] = bundle.manifest["requirements"]
    if "requirements.txt" in bundle.files:
        return dict(named)
    return {**lock_requirements(named), **{name.lower().replace("_", "-"): one for name, one in named.items()}}


def from_elsewhere(bundle: Bundle) -> list[str]:
    """The locked packages that were installed here from an address or a folder, so that an index may lack them."""
    found = []
    for name in locked(bundle):
        try:
            direct = metadata.distribution(name).read_text("direct_url.json")
        except metadata.PackageNotFoundError:
            continue
        if direct and name != "solvent":
            found.append(name)
    return found


def _versions(parcel: Parcel) -> dict[str, str]:
    """The lock and, where there is a signature to check, what checks it."""
    checking = lock_requirements(["cryptography"], serving=False) if parcel.signatures else {}
    return {**checking, **locked(parcel.bundle)}


def _requirements(versions: Mapping[str, str], wheel: str) -> str:
    lines = [f"./wheels/{wheel}"]
    lines += [f"{name}=={version}" for name, version in sorted(versions.items()) if name != "solvent"]
    return "\n".join(lines) + "\n"
