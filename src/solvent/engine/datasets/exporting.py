"""Exporting: any table of the archive as plain files, for those who have no archive."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from solvent.data import is_table_format
from solvent.data.frames.dumping import dump, format_named, lazy_kind
from solvent.engine.datasets.reading import load_dataset
from solvent.engine.datasets.resolving import is_dataset, names_dataset
from solvent.engine.references import artifact_of
from solvent.errors import OutputError

if TYPE_CHECKING:
    from solvent.data.frames.dumping import Dumped
    from solvent.engine.home import Home

__all__ = ["How", "export"]


@dataclass(frozen=True, slots=True)
class How:
    """How a table is exported: ``kind`` is parquet, csv, arrow or jsonl (None: as the suffix says, else parquet).

    ``rows_per_file`` makes a folder of parts; ``allow_deprecated`` exports a dataset whose time is over.
    """

    kind: str | None = None
    rows_per_file: int | None = None
    overwrite: bool = False
    allow_deprecated: bool = False


def export(project: Home, reference: str, out: Path, how: How | None = None) -> Dumped:
    """Write the table behind a reference to plain files, in bounded memory; of a dataset, this is a recorded read.

    Raises :class:`OutputError` for what is no table, and what :func:`solvent.data.frames.dumping.dump` raises.
    """
    how = how or How()
    kind = format_named(how.kind, out)
    artifact = project.archive.find(artifact_of(project, reference))
    if not is_table_format(artifact.format):
        raise OutputError(f"{reference} is no table, and only tables are exported; its format is {artifact.format}")
    if names_dataset(reference) or is_dataset(project, reference):
        frame = load_dataset(project, reference, lazy_kind(), allow=how.allow_deprecated)
    else:
        frame = project.archive.get(artifact.digest, lazy_kind())
    made = dump(frame, out, kind, rows_per_file=how.rows_per_file, overwrite=how.overwrite)
    if project.archive.document(artifact.digest)["body"].get("extra"):
        made = replace(made, notes=("what pandas knows besides the columns (index, attrs) is left out", *made.notes))
    return made
