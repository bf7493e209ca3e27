"""The rows that a version was trained on: as its bundle remembers them, else as the lineage leads to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from solvent.delivery.bundles import Bundle
from solvent.delivery.contents.reference import Reference, describe_rows
from solvent.delivery.provenance.route import find_route
from solvent.errors import NotFound

if TYPE_CHECKING:
    from solvent.archive.catalog.models import VersionRow
    from solvent.engine.home import Home

__all__ = ["find_reference"]


def find_reference(project: Home, row: VersionRow, bundle: Bundle) -> Reference:
    """What later rows are compared with. Where packing was not given the training rows, they are profiled now.

    Raises :class:`NotFound` where they are not known, or not kept any more.
    """
    held = bundle.reference
    if held is not None:
        return held
    import polars as pl

    training = find_route(project, row.bundle).training
    if training is None:
        raise NotFound(
            f"{row.model} v{row.version} was packed without its training rows, and no record here leads to them. Give "
            f"deploy the rows as train, and run again"
        )
    rows: Any = project.archive.get(training["digest"], pl.DataFrame)
    return describe_rows(bundle.predictor, rows)
