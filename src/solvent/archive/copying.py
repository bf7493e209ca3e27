"""Copying an artifact from one archive to another, byte for byte: its digest, and what versions share, stay."""

from __future__ import annotations

import json
import shutil
import time
from typing import TYPE_CHECKING

from solvent.archive.catalog import query, write
from solvent.archive.catalog.records import ArtifactRow, BlobRow
from solvent.errors import NotFound

if TYPE_CHECKING:
    from solvent.archive.keeping import Archive

__all__ = ["copy_artifact"]


def copy_artifact(name: str, source: Archive, target: Archive) -> int:
    """Copy an artifact with all its blobs; gives the bytes that were copied, since what is there already is not.

    Every byte is verified where it is read and where it is written. Raises :class:`NotFound` where the source does
    not have the artifact, and :class:`Corrupted` where it has damaged bytes.
    """
    if target.complete(name):
        return 0
    row = query.artifact_row(source.catalog, name)
    if row is None:
        raise NotFound(f"there is no artifact #{name[:12]} in {source.catalog.path.parent}")
    _, kind, body, body_blob, size, facts = row
    refers = tuple(query.blobs_of(source.catalog, name))
    blobs, copied = [], 0
    for blob in refers:
        data = query.inline_blob(source.catalog, blob)
        if data is not None:
            kept = source.blob(blob)
            blobs.append(BlobRow(blob, len(kept), kept, None))
            continue
        path = source.path(blob)
        length = path.stat().st_size
        if not target.store.has(blob):
            folder = target.store.scratch()
            try:
                target.store.adopt(shutil.copyfile(path, folder / "blob"))
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            copied += length
        blobs.append(BlobRow(blob, length, None, target.boot))
    artifact = ArtifactRow(name, kind, body, body_blob, size, json.dumps(facts), tuple(blobs), refers)
    target.store.sync()
    with target.catalog.write() as tx:
        write.add_artifact(tx, artifact, time.time())
    return copied
