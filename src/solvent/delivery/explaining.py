"""Explaining an answer: from its id to the version that gave it, what was asked, and what led to the version."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from solvent.archive.catalog import models
from solvent.delivery.server.running.recording import folder_of
from solvent.errors import NotFound, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from solvent.engine.project import Project

__all__ = ["Explanation", "Route", "explain_prediction"]

_ID = re.compile(r"(?P<model>.+)-v(?P<version>\d+)-(?P<own>[0-9a-f]{24})$")


@dataclass(frozen=True)
class Route:
    """One step run that led to the version: what it is, its settings, and the artifacts that it was given."""

    name: str
    run: str
    step: str
    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Explanation:
    """What is known of one answer.

    ``rows`` are the logged rows of the request (empty where it was not logged), ``route`` the step runs that led to the
    bundle, sources first, ``code`` the commit, and whether it was changed, and ``requirements`` the packages with their
    versions.
    """

    id: str
    at: datetime
    model: str
    version: int
    bundle: str
    status: str
    run: str | None
    rows: tuple[Mapping[str, Any], ...]
    route: tuple[Route, ...]
    code: Mapping[str, Any]
    requirements: Mapping[str, str]
    judgement: Mapping[str, Any]


def explain_prediction(project: Project, id: str) -> Explanation:
    """Everything that led to an answer.

    Raises :class:`UsageError` for what is no id of a prediction, :class:`NotFound` for a version that is not here.
    """
    found = _ID.match(id.partition("/")[0])
    if found is None:
        raise UsageError(
            f"{id!r} is no id of a prediction. An answer names its own: prediction_id, such as delays-v3-…"
        )
    row = models.find_version(project.catalog, found["model"], int(found["version"]))
    from solvent.delivery.registry import load_bundle

    at = datetime.fromtimestamp(int(found["own"][:12], 16) / 1000, UTC)
    if not row.created - 86_400 <= at.timestamp() <= time.time() + 86_400:
        raise UsageError(f"{id!r} is no id of a prediction: {row.model} v{row.version} was not there at {at:%Y-%m-%d}")
    bundle = load_bundle(project, f"{row.model}@v{row.version}")
    code: Mapping[str, Any] = {}
    if row.run is not None:
        recorded = project.run(row.run).record
        code = {
            name: recorded[name] for name in ("commit", "branch", "dirty", "folder", "reference") if name in recorded
        }
    rows = tuple(_logged(project.folder, row.model, id, at))
    route = tuple(_route(project, row.bundle))
    return Explanation(
        id, at, row.model, row.version, row.bundle, row.status, row.run, rows, route, code,
        dict(bundle.closure.requirements), row.judgement or {},
    )  # fmt: skip


def _logged(archive: Path, model: str, id: str, at: datetime) -> Iterator[dict[str, Any]]:
    """The rows of a request, from the files that were begun before it and not long before."""
    import polars as pl

    wanted, _, place = id.partition("/")
    folder, least = folder_of(archive, model), int((at - timedelta(minutes=10)).timestamp() * 1000)
    for day in sorted({(at - timedelta(minutes=10)).strftime("%Y-%m-%d"), at.strftime("%Y-%m-%d")}):
        for file in sorted((folder / day).glob("*.parquet")):
            begun = int(file.name.partition("-")[0])
            if least <= begun <= int(at.timestamp() * 1000) + 60_000:
                rows = pl.scan_parquet(file).filter(pl.col("prediction_id") == wanted)
                if place.isdigit():
                    rows = rows.filter(pl.col("row") == int(place))
                yield from rows.collect().iter_rows(named=True)


def _route(project: Project, bundle: str) -> Iterator[Route]:
    """The step runs that led to the bundle, in the order in which they ran."""
    try:
        lineage = project.lineage(f"#{bundle}")
    except NotFound:  # a version that was brought from elsewhere
        return
    given: dict[int, dict[str, Any]] = {}
    for link in lineage.links:
        given.setdefault(link.consumer, {})[link.parameter] = link.digest
    runs: dict[str, Any] = {}
    for number in sorted(lineage.places):
        one = lineage.places[number]
        run = runs.get(one.run)
        if run is None:
            run = runs[one.run] = {step.id: step for step in project.run(one.run).steps}
        step = run.get(number)
        settings = {} if step is None else {name: _shown(value) for name, value in step.settings.items()}
        yield Route(one.name, one.run, one.step, one.kind, settings, given.get(number, {}))


def _shown(value: Any) -> Any:
    return value.get("value", value) if isinstance(value, Mapping) else value
