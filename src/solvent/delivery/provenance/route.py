"""The route to a bundle: sources, splits, rows that were left out, seeds and code, read from the records of its run."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from solvent.archive.catalog import query
from solvent.archive.catalog.query import StepRow
from solvent.data import is_table_format
from solvent.engine.record.setting import setting_value
from solvent.engine.views.lineage import Lineage, trace
from solvent.errors import NotFound, SolventError

if TYPE_CHECKING:
    from solvent.engine.home import Home

__all__ = ["Route", "find_route"]

_SPLITS = "solvent.learn.splits."
_NAMED = ("column", "by", "test", "valid", "gap", "target", "seed", "folds")


@dataclass(frozen=True)
class Route:
    """What led to a bundle.

    ``sources`` are what was read, with rows and digest; ``datasets`` the versions of datasets among them. ``splits``
    are the steps that parted rows, with settings and logged figures. ``left_out`` are the steps that gave fewer rows
    than they were given. ``training`` is the table that the predictor learnt from, as the first of its parts was
    given it. ``seeds`` and ``code`` (fingerprints) are by step.
    """

    sources: tuple[Mapping[str, Any], ...] = ()
    datasets: tuple[str, ...] = ()
    splits: tuple[Mapping[str, Any], ...] = ()
    left_out: tuple[Mapping[str, Any], ...] = ()
    training: Mapping[str, Any] | None = None
    seeds: Mapping[str, int] = field(default_factory=dict)
    code: Mapping[str, str] = field(default_factory=dict)


def find_route(project: Home, bundle: str) -> Route:
    """What led to the bundle of this artifact digest; an empty route for one that no run here made."""
    try:
        traced = trace(project, f"#{bundle}")
    except NotFound:
        return Route()
    walk = _Walk(project, traced)
    steps = [row for row in walk.rows.values() if row.kind != "input"]
    return Route(
        sources=tuple(walk.source(row) for row in walk.rows.values() if row.kind == "input"),
        datasets=tuple(sorted({one.parameter for one in traced.links if "@v" in one.parameter})),
        splits=tuple(walk.split(row) for row in steps if row.step.startswith(_SPLITS)),
        left_out=tuple(made for row in steps if (made := walk.shrunk(row)) is not None),
        training=walk.training(),
        seeds={row.path: seed for row in steps if type(seed := _setting(row, "seed")) is int},
        code={row.path: row.fingerprint for row in steps if row.fingerprint},
    )


class _Walk:
    """The step runs above a bundle, and what is known of what went through them."""

    def __init__(self, project: Home, traced: Lineage) -> None:
        self._project = project
        self._traced = traced
        self.rows = {number: query.step_by_id(project.catalog, number) for number in sorted(traced.places)}

    def source(self, row: StepRow) -> dict[str, Any]:
        outputs = query.step_outputs(self._project.catalog, row.id)
        made = next(iter(outputs.values()), None)
        said = _setting(row, "source")
        return {
            "name": row.path.removeprefix("inputs/"),
            "source": said if isinstance(said, dict) else {},
            "rows": None if made is None else self._count(made),
            "digest": made,
        }

    def split(self, row: StepRow) -> dict[str, Any]:
        origin = row.id if row.reused_from is None else row.reused_from
        figures = query.figures(self._project.catalog, origin)
        logged = {name: _plain(number) if kind == "number" else text for name, _, kind, number, text in figures}
        known = json.loads(row.settings or "{}")
        settings = {name: _plain(self._value(known[name])) for name in _NAMED if name in known}
        return {
            "step": row.path,
            "how": row.step.rpartition(":")[2],
            "settings": {name: value for name, value in settings.items() if value not in (None, "0:00:00")},
            "logged": logged,
        }

    def _value(self, recorded: Mapping[str, Any]) -> Any:
        """A setting as the value that it was; where that cannot be had any more, as it was shown."""
        try:
            return setting_value(recorded, Any, self._project.archive, self._project.file.secret)
        except (SolventError, ValueError):
            return recorded["value"]

    def shrunk(self, row: StepRow) -> dict[str, Any] | None:
        """How many rows a step left out of the largest table that it was given; None if it left out none."""
        given = [self._count(digest) for _, _, digest, _ in query.step_inputs(self._project.catalog, row.id)]
        made = [self._count(one) for one in query.step_outputs(self._project.catalog, row.id).values()]
        before = max((one for one in given if one is not None), default=0)
        after = [one for one in made if one is not None]
        if not after or sum(after) >= before:
            return None
        return {"step": row.path, "rows_in": before, "rows_out": sum(after), "left_out": before - sum(after)}

    def training(self) -> dict[str, Any] | None:
        """The table that the first of the predictor's parts was given; where rows stand first, that is these."""
        catalog = self._project.catalog
        packed = query.step_inputs(catalog, self._traced.start)
        predictor = next((maker for name, _, _, maker in packed if name == "predictor"), None)
        place = predictor
        while place is not None:
            given = query.step_inputs(catalog, place)
            table = next((one for one in given if self._count(one[2]) is not None), None)
            if table is not None:
                return {"digest": table[2], "rows": self._count(table[2]), "step": self._made_by(table)}
            place = next((maker for _, _, _, maker in given if maker is not None), None)
        return None

    def _made_by(self, given: tuple[str, str, str, int | None]) -> str | None:
        if given[3] is None:
            return None
        row = query.step_by_id(self._project.catalog, given[3])
        outputs = query.step_outputs(self._project.catalog, row.id)
        name = next((name for name, made in outputs.items() if made == given[2]), "value")
        return row.path if name == "value" else f"{row.path}.{name}"

    def _count(self, digest: str) -> int | None:
        """The rows of a table; None for what is none."""
        row = query.artifact_row(self._project.catalog, digest)
        if row is None or not is_table_format(row[1]):
            return None
        return int(row[5]["rows"])


def _plain(value: Any) -> Any:
    """A value that JSON can carry: whole numbers as such, times and lengths of time as text."""
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def _setting(row: StepRow, name: str) -> Any:
    return json.loads(row.settings or "{}").get(name, {}).get("value")
