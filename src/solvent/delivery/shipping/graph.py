"""A model as an ONNX graph alone, where its bundle carries one."""

from __future__ import annotations

from solvent.delivery.bundles import GRAPH
from solvent.delivery.shipping.parcel import Parcel
from solvent.errors import NotFound

__all__ = ["graph_of"]


def graph_of(parcel: Parcel) -> bytes:
    """The bytes of the graph; raises :class:`NotFound` where the bundle has none."""
    found = parcel.bundle.files.get(GRAPH)
    if found is None:
        raise NotFound(
            f"{parcel.model} {parcel.version} has no ONNX form: its parts could not be turned into a graph that gives "
            f"the same answers, or it was packed without. As a folder it goes with its own code: --format folder"
        )
    return found
