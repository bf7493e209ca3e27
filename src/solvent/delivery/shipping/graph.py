"""A model as an ONNX graph alone, for other people's tools, where its bundle carries one."""

from __future__ import annotations

from solvent.delivery.runtime.exporting import split_inputs
from solvent.delivery.runtime.graphs.writing import NotConvertible
from solvent.delivery.shipping.parcel import Parcel
from solvent.errors import NotFound

__all__ = ["graph_of"]


def graph_of(parcel: Parcel) -> bytes:
    """The bytes of the graph, with an input for each column of a request; raises :class:`NotFound` without one.

    Where the first transform stays in Python, it is as the bundle has it, and begins with what that transform makes.
    """
    found = parcel.bundle.graph
    if found is None:
        raise NotFound(
            f"{parcel.model} {parcel.version} has no ONNX form: its parts could not be turned into a graph that gives "
            f"the same answers, or it was packed without. As a folder it goes with its own code: --format folder"
        )
    try:
        return split_inputs(found, parcel.bundle.columns)
    except NotConvertible:
        return found
