"""Publishing: a table becomes the next version of a dataset, once its bytes are on the disk for good."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solvent.archive.catalog import datasets, query, write
from solvent.archive.catalog.datasets import About, Actor, NewVersion
from solvent.data import is_table
from solvent.data.family import REFERENCE
from solvent.engine import watch
from solvent.engine.context import current
from solvent.engine.datasets.judging import judge, read_text
from solvent.engine.datasets.resolving import find_dataset_version, names_dataset
from solvent.engine.record.host import here
from solvent.engine.references import artifact_of, find_step
from solvent.errors import NotFound, OutputError, UsageError, did_you_mean

if TYPE_CHECKING:
    from solvent.archive.catalog.connection import Transaction
    from solvent.engine.home import Home

__all__ = ["Publication", "Published", "actor", "prepare", "publish", "said_of"]


_NEAR = 4
"""With so many of the latest versions of its dataset a frame shares what it can."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What is said when a table is published; None leaves what was said of the dataset before.

    ``keys`` are the columns that tell rows apart, ``contract`` is the path of a contract, which this version and all
    later ones have to keep, ``tag`` is pointed at the version.
    """

    description: str | None = None
    owner: str | None = None
    tag: str | None = None
    keys: tuple[str, ...] | None = None
    contract: str | os.PathLike[str] | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """The version that a table is now; ``new`` is false where the latest version was this very table already.

    ``notes`` are what the dataset's contract warns of.
    """

    dataset: str
    version: int
    digest: str
    rows: int
    new: bool
    notes: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """``flights@v3``."""
        return f"{self.dataset}@v{self.version}"


Commit = Callable[["Transaction"], Published]
"""What is left to do of a publication: its part of a transaction."""


def actor(project: Home, run: str | None = None, step: str | None = None) -> Actor:
    """Who acts here and now; inside a running step, on its account."""
    me, inside = here(), current()
    if run is None and inside is not None:
        run, step = inside.run, inside.name
    return Actor(me.user, me.host, str(project.root), time.time(), run, step)


def publish(project: Home, thing: Any, name: str, said: Publication | None = None) -> Published:
    """Publish a table: a reference (``RUN/STEP.OUTPUT``, ``#DIGEST``, ``flights@v2``), or a frame.

    Raises :class:`UsageError` for a bad name or a value that is no table, :class:`NotFound` for a reference to
    nothing, :class:`Rejected` for rows that break the dataset's contract.
    """
    datasets.check_dataset_name(name)
    with watch.exempt():
        digest, run, step = _table(project, thing, name)
        commit = prepare(project, digest, name, said or Publication(), actor(project, run, step))
        with project.catalog.write() as tx:
            made = commit(tx)
        project.catalog.checkpoint()
    return made


def prepare(project: Home, digest: str, name: str, said: Publication, by: Actor) -> Commit:
    """Check that a table can be published, and make it durable; gives the rest, which belongs in a transaction."""
    archive = project.archive
    datasets.check_dataset_name(name)
    if said.tag is not None:
        datasets.check_tag(said.tag)
    artifact = archive.find(digest)
    if artifact.format == REFERENCE:
        raise OutputError(
            f"{name}: the rows of #{digest[:12]} are kept by reference only, and a dataset has rows of its own. Say "
            f"keep: rows in the input, and run again"
        )
    if not artifact.format.startswith("table."):
        raise OutputError(
            f"{name}: datasets are tables, and #{digest[:12]} is of the format {artifact.format}. Publish a frame: "
            f"polars, pandas, pyarrow or a DuckDB relation."
        )
    if not archive.complete(digest):
        raise NotFound(f"{name}: #{digest[:12]} is not all there any more, so it cannot be published. Run again.")
    body = archive.document(digest)["body"]
    columns = [(str(column), kind) for column, kind in body["schema"]]
    _check_keys(name, said.keys, [column for column, _ in columns])
    contract = read_text(said.contract)
    notes = judge(project, name, digest, contract)
    about = About(said.description, said.owner, said.keys, contract)
    new = NewVersion(name, digest, int(body["rows"]), columns, said.message, about)
    shaky = query.undurable(project.catalog, digest, "")
    if shaky:
        archive.store.sync(shaky)

    def commit(tx: Transaction) -> Published:
        write.mark_durable(tx, shaky)
        number, fresh = datasets.add_version(tx, new, by)
        if said.tag is not None:
            datasets.move_tag(tx, name, said.tag, number, by)
        return Published(name, number, digest, new.rows, fresh, notes)

    return commit


def _table(project: Home, thing: Any, name: str) -> tuple[str, str | None, str | None]:
    """The digest of what is to be published, and the run and step that made it, where that is known.

    A frame shares what it can with the latest version of the dataset.
    """
    if is_table(thing):

        def near() -> list[str]:
            return [one.artifact for one in datasets.list_versions(project.catalog, name)[:_NEAR]]

        return project.archive.put(thing, near).digest, None, None
    if not isinstance(thing, str):
        raise UsageError(
            f"a {type(thing).__qualname__} cannot be published: datasets are tables. Give a frame, or a reference "
            f"such as 'last/join'"
        )
    if names_dataset(thing):
        row = find_dataset_version(project, thing)
        return row.artifact, row.run, row.step
    digest = artifact_of(project, thing)
    if thing.startswith("#"):
        return digest, *_maker(project, digest)
    run, step, _ = find_step(project, thing)
    return digest, run.id, step.name


def _maker(project: Home, digest: str) -> tuple[str | None, str | None]:
    from solvent.archive.catalog.lineage import producers

    made = producers(project.catalog, digest)
    if not made:
        return None, None
    row = query.step_by_id(project.catalog, made[-1])
    return query.run_by_id(project.catalog, row.run).name, f"{row.path}[{row.item}]" if row.item else row.path


def _check_keys(name: str, keys: tuple[str, ...] | None, columns: list[str]) -> None:
    for key in keys or ():
        if key not in columns:
            raise UsageError(f"{name}: the key {key!r} is no column of the table.{did_you_mean(key, columns)}")
    if keys is not None and len(set(keys)) != len(keys):
        raise UsageError(f"{name}: a key column is named twice")


def said_of(words: Mapping[str, Any]) -> Publication:
    """A publication from keyword arguments: ``keys`` may be one name or several."""
    keys = words.get("keys")
    chosen = (keys,) if isinstance(keys, str) else None if keys is None else tuple(keys)
    return Publication(**{**words, "keys": chosen})
