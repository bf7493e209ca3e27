"""Opening what is served: the versions that references mean, or a bundle that lies in a folder, each proved first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from solvent.delivery.bundles import Bundle
from solvent.delivery.proving.opening import open_bundle
from solvent.delivery.registry import find_model
from solvent.delivery.server.running.following import Place
from solvent.delivery.shipping.parcel import LABEL
from solvent.delivery.trust.policy import Trust, open_foreign
from solvent.errors import NotFound, UsageError
from solvent.names import is_name

if TYPE_CHECKING:
    from solvent.archive.catalog.models import VersionRow
    from solvent.delivery.server.lines.roster import Roster
    from solvent.delivery.server.lines.served import Served
    from solvent.delivery.server.running.endpoint import Aside
    from solvent.engine.home import Home

__all__ = ["Places", "Shipped", "check_shipped", "open_places", "open_served", "open_shipped", "open_version"]

Places = dict[Place, str | None]
"""What is followed, with the bundle that has each place now."""


def open_served(project: Home, reference: str) -> Served:
    """Open the version behind ``NAME``, ``NAME@ALIAS`` or ``NAME@v3``, and prove it on its golden rows.

    Raises :class:`Corrupted` if it does not answer as it did when it was packed.
    """
    return open_version(project, find_model(project, reference))


def open_version(project: Home, row: VersionRow) -> Served:
    """Open a version, and prove it."""
    from solvent.delivery.server.lines.served import Served

    bundle: Bundle = project.archive.get(row.bundle, Bundle)
    opened = open_bundle(bundle, f"{row.model} v{row.version}")
    return Served(row.model, f"v{row.version}", row.bundle, opened.predictor, opened.runtime)


def open_places(project: Home, references: Sequence[str], asides: Sequence[Aside]) -> tuple[Roster, Places]:
    """Open all that takes part from the beginning, and say which of it is to be followed."""
    from solvent.delivery.server.lines.roster import Roster

    served = [open_served(project, one) for one in references]
    roster = Roster.of(*served)
    now: Places = {}
    for name, one in zip(references, served, strict=True):
        _note_place(now, name, one)
    for aside in asides:
        _join(project, roster, aside, now)
    return roster, now


def _join(project: Home, roster: Roster, aside: Aside, now: Places) -> None:
    """Let a canary or a shadow take part."""
    if not 0 <= aside.share <= 1:
        raise UsageError(f"{aside.place}: the share of {aside.reference} is from 0 to 100 %, not {aside.share:.0%}")
    served = open_served(project, aside.reference)
    if served.model not in roster.lines:
        raise UsageError(f"{aside.place}: {served.model} is not served here, so nothing can take part beside it")
    roster.put(served, aside.place, aside.share)
    _note_place(now, aside.reference, served, aside.place, aside.share)


def _note_place(now: Places, reference: str, served: Served, name: str = "seat", share: float = 1.0) -> None:
    alias = reference.removeprefix("model:").partition("@")[2] or "champion"
    if not (alias[0] == "v" and alias[1:].isdigit()):  # a version does not move
        now[Place(served.model, alias, name, share)] = served.bundle


@dataclass(frozen=True)
class Shipped:
    """A bundle in a folder that somebody vouches for, by its digest; ``model`` and ``version`` are names to show."""

    folder: str
    digest: str
    model: str
    version: str


def check_shipped(folder: Path, trust: Trust) -> Shipped:
    """What lies in a folder that ``solvent models export`` wrote, or in the folder of the bundle itself.

    Raises :class:`NotFound` where there is no bundle, :class:`Corrupted` for one that is not as it was packed, and
    :class:`Untrusted` for one that nobody who is trusted vouches for.
    """
    inner = next((one for one in (folder, folder / "bundle") if (one / "bundle.json").is_file()), None)
    if inner is None:
        said = "is no folder" if not folder.is_dir() else "has no bundle"
        raise NotFound(f"{folder} {said}. A folder that serves is written by: solvent models export MODEL {folder}")
    bundle = open_foreign(inner, trust)
    return Shipped(str(inner.resolve()), bundle.digest, *_label(inner))


def open_shipped(shipped: Shipped) -> Served:
    """Open the bundle in a folder, if it still is the one that was vouched for, and prove it."""
    from solvent.delivery.server.lines.served import Served

    bundle = open_foreign(Path(shipped.folder), Trust(unsigned=frozenset({shipped.digest})))
    opened = open_bundle(bundle, f"{shipped.model} {shipped.version}")
    return Served(shipped.model, shipped.version, bundle.digest, opened.predictor, opened.runtime)


def _label(folder: Path) -> tuple[str, str]:
    """The model and version that the folder says it is; it is a name to show, and nothing hangs on it."""
    try:
        told = json.loads((folder.resolve().parent / LABEL).read_bytes())
        model, version = str(told["model"]), str(told["version"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        model, version = folder.resolve().name, "v1"
    return (model if is_name(model) else "model"), (version if is_name(version) else "v1")
