"""Looking after an archive: whether everything that the catalog promises is there, and whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solvent import digest
from solvent.archive.catalog import write
from solvent.archive.store.local import BLOB
from solvent.data.family import REFERENCE
from solvent.errors import Corrupted, InputError

if TYPE_CHECKING:
    from solvent.archive.catalog.connection import Catalog
    from solvent.engine.home import Home

__all__ = ["Checked", "Fault", "verify"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One blob, or table by reference, that is not what it was, and the step runs whose results need it."""

    blob: str
    what: str
    needed_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """What was looked at, and what was found. ``gone`` are tables by reference whose files are others by now.

    That is no fault of the archive: files that go on changing leave such tables behind.
    """

    artifacts: int
    blobs: int
    size: int
    deep: bool
    faults: tuple[Fault, ...]
    gone: tuple[Fault, ...] = ()


def verify(project: Home, *, deep: bool = False) -> Checked:
    """Check that every blob that the catalog calls present is there; ``deep`` reads and hashes each one.

    What is damaged or gone is marked absent, so that the next run makes it anew. A deep check finds every
    flipped bit of every blob, in the store and in the catalog, and of every file that a table refers to. Raises
    :class:`Corrupted` where the catalog's own pages are damaged: nothing that it says can be relied on then.
    """
    archive, catalog = project.archive, project.catalog
    catalog.check(deep=deep)
    faults: list[Fault] = []
    gone: list[Fault] = []
    count = size = 0
    for name, length, data in _portions(catalog, "SELECT digest, size, data FROM blobs WHERE present = 1 AND"):
        count, size = count + 1, size + length
        what = _fault(project, name, data, deep)
        if what is not None:
            faults.append(Fault(name, what, _needed_by(project, name)))
            archive.lose(name)
    faults += _documents(project, deep)
    for (name,) in catalog.read("SELECT digest FROM artifacts WHERE format = ? ORDER BY digest", (REFERENCE,)):
        what = _changed(project, name, deep)
        if what is not None:
            gone.append(Fault(name, what, _made_by(project, "SELECT ?", name)))
    artifacts = catalog.read("SELECT count(*) FROM artifacts")[0][0]
    return Checked(artifacts, count, size, deep, tuple(faults), tuple(gone))


def _fault(project: Home, name: str, data: bytes | None, deep: bool) -> str | None:
    if data is not None:
        return "damaged in the catalog" if deep and digest.of_bytes(BLOB, data) != name else None
    store = project.archive.store
    if not store.has(name):
        return "missing from the store"
    if deep:
        try:
            store.path(name)
        except Corrupted:
            return "damaged in the store"
    return None


def _documents(project: Home, deep: bool) -> list[Fault]:
    """The artifacts whose documents in the catalog are damaged, or were found so before and not made again."""
    faults: list[Fault] = []
    for name, body, seal, blob in _portions(
        project.catalog, "SELECT digest, body, seal, body_blob FROM artifacts WHERE"
    ):
        lost = body is None and blob is None
        if lost or (deep and body is not None and seal is not None and write.seal_of(body) != seal):
            faults.append(Fault(name, "damaged in the catalog", _made_by(project, "SELECT ?", name)))
            if not lost:
                with project.catalog.write() as tx:
                    write.drop_body(tx, name)
    return faults


def _portions(catalog: Catalog, asked: str) -> Iterator[tuple[Any, ...]]:
    """All rows of a query on digests, the first of its columns, in portions: millions of them fit into memory."""
    last = ""
    while rows := catalog.read(f"{asked} digest > ? ORDER BY digest LIMIT 500", (last,)):
        yield from rows
        last = rows[-1][0]


def _changed(project: Home, name: str, deep: bool) -> str | None:
    """What is wrong with the files that a table refers to, if anything is."""
    from solvent.data.referring import check_referred

    try:
        check_referred(project.archive.document(name)["body"], deep=deep)
    except (InputError, Corrupted) as error:
        return str(error)
    return None


def _needed_by(project: Home, name: str) -> tuple[str, ...]:
    return _made_by(project, "SELECT artifact FROM artifact_blobs WHERE blob = ?", name)


def _made_by(project: Home, artifacts: str, name: str) -> tuple[str, ...]:
    """The first step runs and versions of datasets that any of some artifacts, which a query on ``name`` gives, is."""
    rows = project.catalog.read(
        "SELECT DISTINCT r.name || '/' || s.path || CASE s.item WHEN '' THEN '' ELSE '[' || s.item || ']' END "
        "FROM outputs o JOIN step_runs s ON s.id = o.step_run JOIN runs r ON r.id = s.run "
        f"WHERE o.digest IN ({artifacts}) AND s.status = 'ran' "
        f"UNION SELECT dataset || '@v' || version FROM dataset_versions WHERE artifact IN ({artifacts}) "
        "ORDER BY 1 LIMIT 20",
        (name, name),
    )
    return tuple(row[0] for row in rows)
