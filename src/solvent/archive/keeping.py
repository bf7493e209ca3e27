"""An archive keeps values: formats make bytes of them, the store and the catalog hold the bytes, digests name them."""

from __future__ import annotations

import atexit
import json
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent import digest
from solvent.archive.catalog import query, write
from solvent.archive.catalog.records import ArtifactRow, BlobRow
from solvent.archive.formats.asking import kind_of
from solvent.archive.store.local import BLOB
from solvent.errors import Corrupted, NotFound, Unwritable

if TYPE_CHECKING:
    from solvent.archive.catalog.connection import Catalog
    from solvent.archive.formats import Formats
    from solvent.archive.formats.base import Document, Format, Written
    from solvent.archive.store.local import LocalStore

__all__ = ["INLINE", "Archive", "Artifact", "Pending"]

INLINE = 32 * 1024


@dataclass(frozen=True, slots=True)
class Artifact:
    """A value that a step made or a source delivered: its digest, its format, and small facts about it."""

    digest: str
    format: str
    size: int
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Pending:
    """A value whose digest is settled, and whose bytes may still have to be written.

    ``kind`` is the annotation by which it is read back.
    """

    digest: str
    format: Format
    written: Written
    sink: _Sink
    kind: Any

    @property
    def waits(self) -> bool:
        """Whether there is work left that is worth a thread of its own."""
        return self.written.finish is not None

    def look(self, wanted: Any) -> Any:
        """The value, before it is committed; nothing that is done to what this gives changes it."""
        if self.written.keep is not None:
            return self.written.keep(wanted)
        return self.format.read(self.written.body, self.sink.put_down(), wanted)


class Archive:
    """Store, catalog and formats together: ``put`` and ``get`` values by digest."""

    def __init__(
        self, store: LocalStore, catalog: Catalog, formats: Formats, behaviour: Callable[[type], str], boot: str
    ) -> None:
        self.store = store
        self.catalog = catalog
        self.formats = formats
        self.behaviour = behaviour
        self.boot = boot

    def prepare(self, value: Any, near: Callable[[], Iterable[str]] = tuple) -> Pending:
        """Settle a value's digest. Raises :class:`NoFormat` where nothing can keep it.

        ``near`` gives the digests of artifacts that the value is likely to share blobs with; it is asked when
        something is to be written, if a format wants to know.
        """
        sink = _Sink(self, near)
        with self.store.explained():
            kept, written = self.formats.write(value, sink)
        return Pending(self.formats.identify(kept, written), kept, written, sink, kind_of(value))

    def finish(self, pending: Pending) -> ArtifactRow:
        """Write a value's bytes, and give the row that makes it known once it is committed."""
        written, sink = pending.written, pending.sink
        try:
            with self.store.explained():
                body = written.body if written.finish is None else written.finish(sink)
            text: str | None = json.dumps(body, allow_nan=False, separators=(",", ":"))
            name = None
            if len(text or "") > INLINE:
                name, text = sink.blob((text or "").encode()), None
        finally:
            sink.clean()
        facts = json.dumps(dict(written.facts))
        size = written.size or sink.size or len(text or "")  # a few rows lie in the body itself
        refers = tuple(dict.fromkeys(sink.names))
        return ArtifactRow(pending.digest, pending.format.name, text, name, size, facts, tuple(sink.rows), refers)

    def put(self, value: Any, near: Callable[[], Iterable[str]] = tuple) -> Artifact:
        """Keep a value, and give the artifact that it is now. ``near`` is as in :meth:`prepare`."""
        row = self.finish(self.prepare(value, near))
        with self.catalog.write() as tx:
            write.add_artifact(tx, row, time.time())
        return Artifact(row.digest, row.format, row.size, json.loads(row.facts))

    def inline(self, value: Any) -> Document | None:
        """A small value as a document that is complete in itself, to be read anywhere; None for one that needs blobs.

        Raises :class:`NoFormat` where nothing can keep it.
        """
        made = self.prepare(value)
        made.sink.clean()
        if made.written.finish is not None or made.sink.names:
            return None
        return {"format": made.format.name, "digest": made.digest, "body": made.written.body}

    def find(self, name: str) -> Artifact:
        """The artifact with this digest (or the only one that starts so). Raises :class:`NotFound`."""
        row = query.artifact_row(self.catalog, name)
        if row is None:
            raise NotFound(f"there is no artifact #{name[:12]} here (or more than one starts so)")
        return Artifact(row[0], row[1], row[4], row[5])

    def document(self, name: str) -> Document:
        """The document of an artifact, as its format reads it. Raises :class:`Corrupted` where it is damaged."""
        row = query.artifact_body(self.catalog, name)
        if row is None:
            name = self.find(name).digest
            row = query.artifact_body(self.catalog, name)
            assert row is not None
        format_, text, seal, blob = row
        if text is None:
            if blob is None:
                raise Corrupted(_damaged(name), name)
            text = self.blob(blob).decode()
        elif seal is not None and seal != write.seal_of(text):
            with self.catalog.write() as tx:
                write.drop_body(tx, name)
            raise Corrupted(_damaged(name), name)
        return {"format": format_, "digest": name, "body": json.loads(text)}

    def get(self, name: str, wanted: Any = Any) -> Any:
        """The value of an artifact, as ``wanted`` asks for it; every byte of it has been verified.

        Raises :class:`Corrupted` where bytes are damaged or gone; they are then marked absent, so that the step
        which made them is carried out again by the next run.
        """
        return self.read(self.document(name), wanted)

    def read(self, document: Document, wanted: Any = Any) -> Any:
        """Read a document (this archive is what formats read from)."""
        return self.formats.read(document, self, wanted)

    def blob(self, name: str) -> bytes:
        """The verified bytes of a blob, from the catalog or the store."""
        data = query.inline_blob(self.catalog, name)
        try:
            if data is None:
                return self.store.read(name)
            if digest.of_bytes(BLOB, data) != name:
                raise Corrupted(f"the blob {name[:12]} in the catalog is damaged, and was not loaded.", name)
        except Corrupted:
            self.lose(name)
            raise
        return data

    def path(self, name: str) -> Path:
        """A verified, read-only file with the bytes of a blob."""
        try:
            if not self.store.has(name):
                data = query.inline_blob(self.catalog, name)
                if data is not None:
                    self.store.put(data)
            return self.store.path(name)
        except Corrupted:
            self.lose(name)
            raise

    def scratch(self) -> Path:
        """A new folder on the store's own disk, for what a format lays out; removed when this process ends."""
        folder = self.store.scratch()
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def lose(self, name: str) -> None:
        """Give up a damaged blob: whatever needs it is made anew by the next run."""
        self.store.drop(name)
        with self.catalog.write() as tx:
            write.mark_absent(tx, name)

    def complete(self, name: str) -> bool:
        """Whether an artifact is all there; what an earlier boot left unsynced is verified before it is believed."""
        if query.absent(self.catalog, name):
            return False
        try:
            doubtful = query.undurable(self.catalog, name, self.boot)
            for blob in doubtful:
                self.path(blob)
        except Corrupted:
            return False
        if doubtful:
            with suppress(Unwritable), self.catalog.write() as tx:  # one that may only be looked at is none the worse
                write.mark_durable(tx, doubtful)
        return True


def _damaged(name: str) -> str:
    return (
        f"the artifact #{name[:12]} in the catalog is damaged, and was not loaded. Run the pipeline again: the step "
        f"that made it is carried out once more."
    )


class _Sink:
    """Collects what one value's formats write: small blobs for the catalog, large ones straight to the store."""

    __slots__ = ("_archive", "_near", "_scratch", "names", "rows", "size")

    def __init__(self, archive: Archive, near: Callable[[], Iterable[str]]) -> None:
        self._archive = archive
        self._near = near
        self._scratch: list[Path] = []
        self.rows: list[BlobRow] = []
        self.names: list[str] = []
        self.size = 0

    def blob(self, data: bytes | bytearray | memoryview) -> str:
        size = len(data)
        if size < INLINE:
            kept = bytes(data)
            name = digest.of_bytes(BLOB, kept)
            return self._note(BlobRow(name, size, kept, None))
        return self._note(BlobRow(self._archive.store.put(data), size, None, self._archive.boot))

    def file(self, path: Path) -> str:
        size = path.stat().st_size
        if size < INLINE:
            return self.blob(path.read_bytes())
        return self._note(BlobRow(self._archive.store.adopt(path), size, None, self._archive.boot))

    def scratch(self) -> Path:
        folder = self._archive.store.scratch()
        self._scratch.append(folder)
        return folder

    def near(self, format: str) -> list[Any]:
        archive = self._archive
        fitting = [one for one in dict.fromkeys(self._near()) if query.format_of(archive.catalog, one) == format]
        return [archive.document(one)["body"] for one in fitting if archive.complete(one)]

    def share(self, name: str) -> None:
        self.names.append(name)

    def behaviour(self, kind: type) -> str:
        return self._archive.behaviour(kind)

    def write(self, value: Any) -> Written:
        return self._archive.formats.write(value, self)[1]

    def digest(self, value: Any, written: Written) -> str:
        formats = self._archive.formats
        return formats.identify(formats.find(value), written)

    def document(self, value: Any, written: Written) -> Document:
        formats = self._archive.formats
        kept = formats.find(value)
        body = written.body if written.finish is None else written.finish(self)
        return {"format": kept.name, "digest": formats.identify(kept, written), "body": body}

    def put_down(self) -> Archive:
        for row in self.rows:  # small blobs are in no catalog yet
            if row.data is not None and not self._archive.store.has(row.digest):
                self._archive.store.put(row.data)
        return self._archive

    def clean(self) -> None:
        for folder in self._scratch:
            shutil.rmtree(folder, ignore_errors=True)
        self._scratch.clear()

    def _note(self, row: BlobRow) -> str:
        self.rows.append(row)
        self.names.append(row.digest)
        self.size += row.size
        return row.digest
