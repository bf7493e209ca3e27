"""Who reads datasets: every read is recorded, so that nobody depends on one unknown to those who make it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from solvent.archive.catalog.connection import Catalog, Transaction
    from solvent.archive.catalog.datasets import Actor

__all__ = ["Consumer", "list_consumers", "note_read"]

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Consumer:
    """A reader of a version: a pipeline's run, or a person or program outside of runs.

    ``asked`` is the reference as it was written, so a pinned reader is told from one that follows ``latest``;
    ``run``, ``pipeline`` and ``step`` are empty outside of runs. Reads of one day are counted together in ``times``.
    """

    version: int
    asked: str
    user: str
    host: str
    project: str
    pipeline: str
    run: str
    step: str
    times: int
    first: float
    last: float


def note_read(tx: Transaction, version: tuple[str, int], asked: str, by: Actor, pipeline: str = "") -> None:
    """Record that somebody reads a version (dataset and number)."""
    tx.execute(
        "INSERT INTO dataset_reads (dataset, version, asked, user_name, host, project, pipeline, run, step, day, "
        "times, first, last) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?) ON CONFLICT (dataset, version, asked, "
        "user_name, host, project, pipeline, run, step, day) DO UPDATE SET times = dataset_reads.times + 1, "
        "last = excluded.last",
        (
            *(*version, asked, by.user, by.host, by.project, pipeline, by.run or "", by.step or ""),
            *(int(by.at // _DAY), by.at, by.at),
        ),
    )


def list_consumers(
    catalog: Catalog, dataset: str, version: int | None = None, *, limit: int = 1000, each: bool = False
) -> list[Consumer]:
    """Who read a dataset, or one version of it, the latest first.

    The runs of a pipeline count together under the last of them, and so do the days of a reader outside of runs,
    unless ``each`` asks for every entry.
    """
    where = "WHERE dataset = ? AND (? IS NULL OR version = ?)"
    who = "version, asked, user_name, host, project, pipeline"
    if each:
        sql = f"SELECT {who}, run, step, times, first, last FROM dataset_reads {where}"
    else:
        same = f"OVER (PARTITION BY {who}, step)"
        newest = f"OVER (PARTITION BY {who}, step ORDER BY last DESC, id DESC)"
        sql = (
            f"SELECT {who}, run, step, total, since, last FROM (SELECT *, sum(times) {same} AS total, "
            f"min(first) {same} AS since, row_number() {newest} AS place FROM dataset_reads {where}) AS counted "
            "WHERE place = 1"
        )
    rows = catalog.read(f"{sql} ORDER BY last DESC, id DESC LIMIT ?", (dataset, version, version, limit))
    return [Consumer(*row) for row in rows]
