"""A run and its step runs, as values to ask."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast

from solvent.archive.catalog import query
from solvent.displays import Displayed
from solvent.errors import NotFound, NoValue, did_you_mean

if TYPE_CHECKING:
    from solvent.archive.catalog.query import RunRow, StepRow
    from solvent.engine.home import Home

__all__ = ["Run", "RunStatus", "StepRun", "StepStatus"]

R = TypeVar("R")

RunStatus = Literal["succeeded", "failed", "rejected", "cancelled", "crashed", "running"]
StepStatus = Literal[
    "waiting",
    "running",
    "ran",
    "reused",
    "failed",
    "blocked",
    "skipped",
    "rejected",
    "cancelled",
    "crashed",
]


class StepRun(Displayed):
    """One carrying-out of a step. A mapped step's ``items`` are its step runs by key."""

    __slots__ = ("_kinds", "_project", "_row", "_whole", "items")

    def __init__(self, project: Home, row: StepRow, kinds: Mapping[str, Any], whole: bool) -> None:
        self._project = project
        self._row = row
        self._kinds = kinds
        self._whole = whole
        self.items: dict[str, StepRun] = {}

    @property
    def id(self) -> int:
        """Its number in the catalog."""
        return self._row.id

    @property
    def name(self) -> str:
        """Its path in the pipeline, with the item of a mapped one: ``prep/clean``, ``train[acme]``."""
        return f"{self._row.path}[{self._row.item}]" if self._row.item else self._row.path

    @property
    def status(self) -> StepStatus:
        """What became of it."""
        if self._whole and self._row.status == "ran":
            return "reused"
        return cast("StepStatus", self._row.status)

    @property
    def step(self) -> str:
        """The step that it carried out, as ``module:name``."""
        return self._row.step

    @property
    def kind(self) -> str:
        """``step``, ``map``, or ``input`` where a source was read."""
        return self._row.kind

    @property
    def key(self) -> str | None:
        """The identity of its work."""
        return self._row.key

    @property
    def settings(self) -> dict[str, Any]:
        """Its settings: value and where each came from."""
        return cast("dict[str, Any]", json.loads(self._row.settings or "{}"))

    @property
    def seed(self) -> int | None:
        """The seed that it was given, if it takes one."""
        return cast("int | None", self.settings.get("seed", {}).get("value"))

    @property
    def inputs(self) -> dict[str, Any]:
        """The digests of what went in, by parameter (by parameter and place for lists and dicts)."""
        found: dict[str, Any] = {}
        for name, place, digest, _ in query.step_inputs(self._project.catalog, self._row.id):
            found[f"{name}[{place}]" if place else name] = digest
        return found

    @property
    def outputs(self) -> dict[str, str]:
        """The digests of what it made, by output."""
        return query.step_outputs(self._project.catalog, self._row.id)

    @property
    def logged(self) -> dict[str, Any]:
        """What ``sv.log`` noted: a value, or for a series the values by step."""
        source = self._row.reused_from or self._row.id
        found: dict[str, Any] = {}
        series: dict[str, dict[int, Any]] = {}
        for name, step, kind, number, text in query.figures(self._project.catalog, source):
            value: Any = number if kind == "number" and number is not None else text
            if kind == "number" and number is None:
                value = float(text or "nan")
            found[name] = value
            series.setdefault(name, {})[step] = value
        return {name: series[name] if set(series[name]) != {0} else value for name, value in found.items()}

    @property
    def seconds(self) -> float | None:
        """How long it took, or for a reused one, how long the original took."""
        row = self._origin()
        return None if row.ended is None else row.ended - row.started

    @property
    def cpu(self) -> float | None:
        """CPU seconds of the process while it ran."""
        return self._origin().cpu

    @property
    def peak_mb(self) -> float | None:
        """The peak resident memory of the process while it ran, in MB."""
        return self._origin().peak_mb

    @property
    def started(self) -> float:
        """When it began, in seconds since 1970 (UTC)."""
        return self._row.started

    @property
    def ended(self) -> float | None:
        """When it ended."""
        return self._row.ended

    @property
    def notes(self) -> dict[str, Any]:
        """What was noticed: undeclared inputs, why the result can't be reused, threads left behind."""
        return cast("dict[str, Any]", json.loads(self._origin().notes or "{}"))

    @property
    def error(self) -> dict[str, Any] | None:
        """What went wrong: ``type``, ``message`` and the ``traceback`` with the user's frames first."""
        return json.loads(self._row.error) if self._row.error else None

    @property
    def log(self) -> str:
        """What it wrote to stdout, stderr, logging and warnings."""
        return query.text(self._project.catalog, self._origin().log) or ""

    @property
    def source(self) -> str:
        """The code that it carried out, with what that reaches in the user's own."""
        closure = json.loads(query.text(self._project.catalog, self._row.fingerprint) or "{}")
        return "\n\n".join(str(one.get("source", "")) for one in closure.get("definitions", ()))

    @property
    def reused_from(self) -> str | None:
        """The run whose step it reused."""
        number = self._row.reused_from if not self._whole else self._row.reused_from or self._row.id
        if number is None:
            return None
        return query.run_by_id(self._project.catalog, query.step_by_id(self._project.catalog, number).run).name

    def value(self, name: str | None = None, as_: Any = None) -> Any:
        """The value that it made, as declared or as ``as_`` asks for it. Raises :class:`NoValue` if there is none."""
        outputs = self.outputs
        if not outputs:
            raise NoValue(f"{self.name!r} has no value: it {_FATE.get(self.status, 'has not ended')}")
        if name is None:
            if list(outputs) == ["value"]:
                name = "value"
            else:
                raise NoValue(f"{self.name!r} made {', '.join(outputs)}: say which, as value('{next(iter(outputs))}')")
        if name not in outputs:
            raise NotFound(f"{self.name!r} made no {name!r}.{did_you_mean(name, outputs)}")
        return self._project.archive.get(outputs[name], as_ if as_ is not None else self._kinds.get(name, Any))

    def _origin(self) -> StepRow:
        if self._row.reused_from is None:
            return self._row
        return query.step_by_id(self._project.catalog, self._row.reused_from)

    def __repr__(self) -> str:
        return f"<step run {self.name} {self.status}>"


_FATE = {
    "failed": "failed",
    "blocked": "was blocked by a step that failed",
    "skipped": "was skipped",
    "cancelled": "was cancelled",
    "crashed": "crashed",
    "rejected": "was rejected",
    "waiting": "has not begun",
    "running": "is still running",
}


class Run(Displayed, Generic[R]):
    """One carrying-out of a pipeline, as the catalog records it."""

    __slots__ = ("_kinds", "_project", "_row", "_steps")

    def __init__(self, project: Home, row: RunRow, kinds: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self._project = project
        self._row = row
        self._kinds = kinds or {}
        self._steps: dict[str, StepRun] | None = None

    @property
    def id(self) -> str:
        """Its name: pipeline and number."""
        return self._row.name

    @property
    def pipeline(self) -> str:
        """The pipeline that it carried out."""
        return self._row.pipeline

    @property
    def kind(self) -> str:
        """``pipeline``, or ``exploration`` for steps and cells that were carried out one by one."""
        return self._row.kind

    @property
    def status(self) -> RunStatus:
        """What became of it."""
        return cast("RunStatus", self._row.status)

    @property
    def started(self) -> float:
        """When it began, in seconds since 1970 (UTC)."""
        return self._row.started

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        return None if self._row.ended is None else self._row.ended - self._row.started

    @property
    def user(self) -> str:
        """Who ran it."""
        return self._row.user

    @property
    def host(self) -> str:
        """Where it ran."""
        return self._row.host

    @property
    def seed(self) -> int | None:
        """The seed that the seeds of its steps were derived from."""
        return self._row.seed

    @property
    def error(self) -> str | None:
        """What failed, in one line."""
        return self._row.error

    @property
    def record(self) -> dict[str, Any]:
        """Command, folder, commit, uncommitted changes, environment and merged settings."""
        found = dict(self._row.record)
        for name, kind in (("environment", dict), ("settings", dict), ("diff", str), ("plan", dict)):
            if name in found:
                text = query.text(self._project.catalog, found[name]) or ""
                found[name] = text if kind is str else json.loads(text or "{}")
        return found

    @property
    def steps(self) -> list[StepRun]:
        """Its step runs, inputs first, in the order in which they began (those not reached are not among them)."""
        return list(self._load().values())

    @property
    def reused(self) -> bool:
        """Whether the whole plan was recognised as done before."""
        return self._row.same_as is not None

    def value(self) -> R:
        """What the pipeline returned. Raises :class:`NoValue` if the run did not get so far."""
        if self._row.result is None:
            why = f"it is {self.status}" if self.status != "succeeded" else "it was to stop before its end (to=, --to)"
            raise NoValue(f"the run {self.id} has no value: {why}")
        return cast(R, self._value(json.loads(self._row.result)))

    def _value(self, tree: Any) -> Any:
        kind, body = next(iter(tree.items()))
        if kind == "ref":
            path, output = body
            step = self[path]
            return None if step.status == "skipped" else step.value(output)
        if kind == "const":
            return self._project.archive.get(body)
        if kind == "dict":
            return {name: self._value(part) for name, part in body.items()}
        parts = [self._value(part) for part in body]
        if kind == "list":
            return parts
        record = self._kinds.get("", {}).get("record")
        return record(parts) if record is not None and kind == "record" else tuple(parts)

    def __getitem__(self, name: str) -> StepRun:
        """The step run at a path, or at the end of one; ``train[acme]`` for an item of a mapped step."""
        steps = self._load()
        if name in steps:
            return steps[name]
        ends = [path for path in steps if path.endswith("/" + name)]
        if len(ends) == 1:
            return steps[ends[0]]
        for step in steps.values():
            for item in step.items.values():
                if name == item.name or item.name.endswith("/" + name):
                    return item
        made = self._of_item(name, steps)
        if made is not None:
            return made
        if ends:
            raise NotFound(f"{name!r} is more than one step of {self.id}: {', '.join(ends)}")
        raise NotFound(f"{self.id} has no step {name!r}.{did_you_mean(name, steps)} Its steps: {', '.join(steps)}")

    def last(self, name: str) -> StepRun:
        """The last carrying-out of a step of an exploration: of ``clean``, ``clean-2`` and ``clean-3`` the third."""
        steps = self._load()
        if name not in steps:
            return self[name]
        again = re.compile(re.escape(name) + r"-[0-9]+")
        return [step for path, step in steps.items() if path == name or again.fullmatch(path)][-1]

    def _of_item(self, name: str, steps: Mapping[str, StepRun]) -> StepRun | None:
        """For ``sub[acme]`` of a mapped pipeline, the step run that made the item's result."""
        path, _, item = name.removesuffix("]").partition("[")
        owner = steps.get(path)
        if owner is None or owner.kind != "map":
            return None
        made = query.item_maker(self._project.catalog, owner.id, item)
        inner = [one for one in owner.items.values() if one.id == made or one.name.endswith(f"[{item}]")]
        found = next((one for one in inner if one.id == made), None)
        if found is None and inner:
            names = ", ".join(one.name for one in inner)
            raise NotFound(f"{name!r} of {self.id} made no result of its own. Its steps: {names}")
        return found

    def __iter__(self) -> Iterator[StepRun]:
        return iter(self.steps)

    def __repr__(self) -> str:
        return f"<run {self.id} {self.status}>"

    def _load(self) -> dict[str, StepRun]:
        if self._steps is None:
            rows = query.step_rows(self._project.catalog, self._row.same_as or self._row.id)
            if self.kind == "exploration":  # what cells made is written behind, and may stand after later steps
                rows.sort(key=lambda row: row.started)
            whole, found = self._row.same_as is not None, {}
            loose: list[StepRun] = []
            for row in rows:
                step = StepRun(self._project, row, self._kinds.get(row.path, {}), whole)
                if row.item:
                    loose.append(step)
                else:
                    found[row.path] = step
            for step in loose:
                owner = found.get(_owner(step._row.path, found))
                if owner is None:
                    found[step.name] = step
                else:
                    owner.items[step._row.item if step._row.path == owner._row.path else step.name] = step
            self._steps = found
        return self._steps


def _owner(path: str, known: Mapping[str, Any]) -> str:
    """The mapped node that an item's step run belongs to: the path itself, or the nearest above it."""
    while path and path not in known:
        path = path.rpartition("/")[0]
    return path
